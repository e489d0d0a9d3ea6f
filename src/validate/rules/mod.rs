//! What schemas cannot say: a rule for each matter, in the order in which people read a template.

mod alarms;
mod assertions;
mod bucket_acl;
mod buildspec;
mod cache;
mod capabilities;
mod certificates;
mod cfn_init;
mod conditions;
mod cycles;
mod depends_on;
mod domains;
mod dynamic_references;
mod ecs_service;
mod endpoints;
mod exclusions;
mod functions;
mod identity;
mod images;
mod instances;
mod lambda;
mod lifecycles;
mod limits;
mod listener_order;
mod load_balancing;
mod lookups;
mod loops;
mod mappings;
mod metadata;
mod modules;
mod names;
pub(super) mod nested_stacks;
mod notifications;
mod nulls;
mod origins;
mod outputs;
pub(super) mod packaged;
mod parameters;
mod passwords;
mod pipeline;
pub(super) mod policy;
mod ports;
mod pseudo_parameters;
mod references;
mod resources;
mod retention;
mod routes;
mod runtimes;
mod scaling;
mod schedules;
mod secrets;
mod sections;
mod security;
mod security_groups;
mod service_listener;
mod ssm_document;
mod state_machine;
mod subnets;
mod substitutions;
mod tables;
mod task_definition;
mod unused;
mod update_policies;
mod volumes;
mod web_acl;
mod yaml_aliases;
mod zones;

use super::{document::Document, report::Report};

/// Looks for one kind of fault.
pub(super) type Rule = for<'t> fn(&'t Document<'t>, &mut Report<'t>);

/// All rules.
pub(super) const ALL: &[Rule] = &[
    sections::check,
    yaml_aliases::check,
    limits::check,
    names::check,
    capabilities::check,
    metadata::check,
    parameters::check,
    mappings::check,
    assertions::check,
    conditions::check,
    loops::check,
    resources::check,
    modules::check,
    depends_on::check,
    retention::check,
    update_policies::check,
    outputs::check,
    functions::check,
    references::check,
    lookups::check,
    substitutions::check,
    dynamic_references::check,
    pseudo_parameters::check,
    secrets::check,
    unused::check,
    cycles::check,
    policy::check,
    pipeline::check,
    packaged::check,
    nested_stacks::check,
    bucket_acl::check,
    buildspec::check,
    state_machine::check,
    web_acl::check,
    subnets::check,
    load_balancing::check,
    listener_order::check,
    task_definition::check,
    ecs_service::check,
    service_listener::check,
    ports::check,
    identity::check,
    routes::check,
    endpoints::check,
    security_groups::check,
    scaling::check,
    alarms::check,
    domains::check,
    origins::check,
    lifecycles::check,
    tables::check,
    cache::check,
    schedules::check,
    runtimes::check,
    lambda::check,
    instances::check,
    volumes::check,
    exclusions::check,
    zones::check,
    passwords::check,
    ssm_document::check,
    cfn_init::check,
    images::check,
    nulls::check,
    certificates::check,
    notifications::check,
];

/// Rules about what is allowed, and leaves a door open. They are asked for.
pub(super) const SECURITY: &[Rule] = security::ALL;
