//! `asi bootstrap`

use std::{collections::BTreeMap, io, path::PathBuf};

use asi_constructs::kernel::diagnostic::Diagnostic;

use super::{
    Exit, Global, Output,
    deploy::{exit_of_one, pair},
    progress::Printer,
    stacks::{failed, reach},
};
use crate::{
    ops::{
        self, Target,
        bootstrap::{Blueprint, STACK, Settings, Verdict},
    },
    present::{self, deploy::Origins},
    template::Indent,
    world::{World, aws},
};

/// Prepare an account and a region for deployments
///
/// Makes a stack with a bucket for files, a repository for images, and roles, by the names that the AWS CDK has for them:
/// `cdk deploy` and `asi deploy -a` need all of it, `asi deploy` of a stack file only the bucket, for a template over
/// 51,200 bytes. A stack that `cdk bootstrap` made is updated in place; what is given no value keeps the one it has. Shows
/// what changes, and asks.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Calls of AWS: sts:GetCallerIdentity, and those of `asi deploy`; CloudFormation itself makes a bucket, a repository, roles and policies, a parameter of SSM and, if asked for, a key.\n\nExit codes: 0 done, or nothing to do; 1 it failed, or nobody said yes; 2 an input is wrong; 3 AWS cannot be asked, or the stack is stuck."
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub(super) struct Args {
    /// Where; if absent, where the stacks of the stack file go, or if there is none, where the credentials are for
    #[arg(value_name = "ACCOUNT/REGION")]
    places: Vec<String>,
    /// Print the template, and ask nothing of AWS
    #[arg(long)]
    show_template: bool,
    /// Print it as JSON
    #[arg(short, long, requires = "show_template")]
    json: bool,
    /// A template to take in place of the one there is
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// What CloudFormation may do with its role when it deploys, as ARNs of managed policies; `AdministratorAccess`, if
    /// nobody has said so yet
    #[arg(long, value_name = "ARN", value_delimiter = ',', num_args = 1)]
    cloudformation_execution_policies: Option<Vec<String>>,
    /// An account that may publish files and images here, and deploy; all that may, where one is named
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',')]
    trust: Vec<String>,
    /// An account that may look up what is here; all that may, where one is named
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',')]
    trust_for_lookup: Vec<String>,
    /// An account that may do so no longer
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',')]
    untrust: Vec<String>,
    /// What tells the names of these resources from others; `asi deploy` of a stack file knows the bucket by the CDK's own
    #[arg(long, value_name = "NAME")]
    qualifier: Option<String>,
    /// The name of the stack
    #[arg(long, value_name = "NAME", default_value = STACK)]
    toolkit_stack_name: String,
    /// The name of the bucket, in place of one made of qualifier, account and region
    #[arg(short, long, visible_alias = "bootstrap-bucket-name", value_name = "NAME")]
    bucket_name: Option<String>,
    /// The id of the key that encrypts the bucket, in place of the one that S3 has
    #[arg(long, visible_alias = "bootstrap-kms-key-id", value_name = "ID", conflicts_with = "customer_key")]
    kms_key_id: Option<String>,
    /// Make a key that encrypts the bucket, which is charged for
    #[arg(long, visible_alias = "bootstrap-customer-key")]
    customer_key: bool,
    /// The name of the repository, in place of one made of qualifier, account and region
    #[arg(long, value_name = "NAME")]
    repository_name: Option<String>,
    /// Whether the bucket itself keeps the public out
    #[arg(long, value_name = "WHETHER", num_args = 0..=1, default_missing_value = "true")]
    public_access_block_configuration: Option<bool>,
    /// A managed policy that limits what CloudFormation may do
    #[arg(long, visible_alias = "cpb", value_name = "NAME", conflicts_with = "example_permissions_boundary")]
    custom_permissions_boundary: Option<String>,
    /// Make such a policy, which keeps roles and users from being made without it
    #[arg(long, visible_alias = "epb")]
    example_permissions_boundary: bool,
    /// Limit the other roles with it, too
    #[arg(long, value_name = "WHETHER", num_args = 0..=1, default_missing_value = "true")]
    apply_permissions_boundary_to_all_roles: Option<bool>,
    /// Whether the roles are kept from those who take on roles for others, and say so with an external id
    #[arg(long, value_name = "WHETHER", num_args = 0..=1, default_missing_value = "true")]
    deny_external_id: Option<bool>,
    /// A tag; if there are none, the stack keeps those it has
    #[arg(short, long = "tag", visible_alias = "tags", value_name = "KEY=VALUE")]
    tags: Vec<String>,
    /// Keep the stack from being deleted, or not
    #[arg(long, value_name = "WHETHER", num_args = 0..=1, default_missing_value = "true")]
    termination_protection: Option<bool>,
    /// Make the change set, show it, and leave it to be executed
    #[arg(long)]
    no_execute: bool,
    /// Do it even where nothing differs, where something newer is, or what somebody else has made
    #[arg(long)]
    force: bool,
    /// Say yes
    #[arg(short, long)]
    yes: bool,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let blueprint = match &args.template {
        Some(path) => match Blueprint::read(world.files.as_ref(), path) {
            Ok(it) => it,
            Err((faults, sources)) => return output.diagnostics(&faults, &sources),
        },
        None => Blueprint::default(),
    };
    if args.show_template {
        let text = if args.json { blueprint.template.to_json(Indent::Readable) } else { blueprint.text };
        output.out.write_all(text.as_bytes())?;
        return Ok(Exit::Done);
    }
    let settings = match settings(args, global) {
        Ok(it) => it,
        Err(fault) => return output.fault(fault),
    };
    let targets = match targets(&args.places, global, world, output)? {
        Ok(it) => it,
        Err(exit) => return Ok(exit),
    };
    let mut exit = Exit::Done;
    for target in &targets {
        let ended = one(target, &blueprint, &settings, world, output)?;
        exit = super::stacks::worst(exit, ended);
    }
    Ok(exit)
}

/// Prepares one account and region.
fn one(
    target: &Target,
    blueprint: &Blueprint,
    settings: &Settings<'_>,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Exit> {
    let looked = aws::block_on(ops::bootstrap::look(world, target, &blueprint.template, settings));
    let prospect = match looked {
        Ok(it) => it,
        Err(ending) => return failed(settings.stack, &ending, output),
    };
    let doc = present::bootstrap::prospect(&prospect, settings);
    output.err.write_all(super::colored(&doc, output.colors_err).as_bytes())?;
    if prospect.verdict != Verdict::Deploys {
        return Ok(Exit::Done);
    }
    // No resource comes from a line that is worth a look at each event.
    let origins = Origins { stacks: &[], sources: &blueprint.sources };
    let mut printer = Printer::new(output, world, origins, false);
    let work = ops::bootstrap::bootstrap(world, &prospect, blueprint, settings, &mut printer);
    let ending = aws::block_on(work);
    printer.finish()?;
    Ok(exit_of_one(&ending))
}

/// The accounts and regions that are named, or those of the stack file, or those of the credentials.
pub(super) fn targets(
    places: &[String],
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Result<Vec<Target>, Exit>> {
    let mut targets: Vec<Target> = Vec::new();
    for place in places {
        match ops::bootstrap::place(place) {
            Ok(target) => targets.push(target),
            Err(fault) => return output.fault(fault).map(Err),
        }
    }
    let has_stacks = global.app.is_some() || world.files.exists(&global.file);
    if targets.is_empty() && has_stacks {
        let known = match super::stacks::targets(&[], global, world, output)? {
            Ok(known) => known,
            Err(exit) => return Ok(Err(exit)),
        };
        for it in known {
            let target = Target { region: it.region, account: it.account, ..Target::any(STACK) };
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    if targets.is_empty() {
        targets.push(Target::any(STACK));
    }
    Ok(Ok(targets))
}

fn settings<'a>(args: &'a Args, global: &'a Global) -> Result<Settings<'a>, Diagnostic> {
    let mut tags = BTreeMap::new();
    for given in &args.tags {
        let (key, value) = pair(given, "--tag", "KEY=VALUE")?;
        tags.insert(key.to_owned(), value.to_owned());
    }
    Ok(Settings {
        reach: reach(global),
        stack: &args.toolkit_stack_name,
        parameters: parameters(args),
        untrusted: args.untrust.clone(),
        tags,
        protects: args.termination_protection,
        is_forced: args.force,
        prepares: args.no_execute,
        yes: args.yes,
    })
}

/// The values that are given, by the parameters they are for.
fn parameters(args: &Args) -> BTreeMap<String, String> {
    let list = |it: &[String]| (!it.is_empty()).then(|| it.join(","));
    let choice = |it: Option<bool>| it.map(|it| it.to_string());
    let key = args.kms_key_id.clone().or_else(|| args.customer_key.then(String::new));
    let given = [
        ("ApplyPermissionsBoundaryToAllRoles", choice(args.apply_permissions_boundary_to_all_roles)),
        (
            "CloudFormationExecutionPolicies",
            args.cloudformation_execution_policies.as_ref().map(|it| it.join(",")),
        ),
        ("ContainerAssetsRepositoryName", args.repository_name.clone()),
        ("DenyExternalId", choice(args.deny_external_id)),
        ("FileAssetsBucketKmsKeyId", key),
        ("FileAssetsBucketName", args.bucket_name.clone()),
        ("InputPermissionsBoundary", args.custom_permissions_boundary.clone()),
        ("PublicAccessBlockConfiguration", choice(args.public_access_block_configuration)),
        ("Qualifier", args.qualifier.clone()),
        ("TrustedAccounts", list(&args.trust)),
        ("TrustedAccountsForLookup", list(&args.trust_for_lookup)),
        ("UseExamplePermissionsBoundary", choice(args.example_permissions_boundary.then_some(true))),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    given.collect()
}
