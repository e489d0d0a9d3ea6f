//! How a service is reached: through a load balancer of its own, or behind one that others stand behind, too.

use ipnet::IpNet;

use super::{
    balancer::{self, Access},
    health::Health,
    https::Https,
    not_found,
    rule::Behind,
    shift::{self, Preview, Shift, forward_to_one_of},
    target_group::{self, By, TargetGroup, forward},
};
use crate::{
    kernel::prelude::*,
    targets::{Instances, LoadBalancer, Network},
};

const SECURITY_GROUP_EGRESS: ResourceType = ResourceType::new("AWS::EC2::SecurityGroupEgress");
const SECURITY_GROUP_INGRESS: ResourceType = ResourceType::new("AWS::EC2::SecurityGroupIngress");

properties! {
    /// How a service is reached.
    pub struct Reached {
        /// The port the container listens on.
        port: Spanned<u16>,
        /// How the load balancer tells which tasks are healthy: the path it asks for, such as `/_health`, or more.
        health: Health = "/",
        /// The `LoadBalancer` it stands behind with others, and which requests are its:
        /// `{balancer: front, paths: ["/api/*"], priority: 10}`. If absent, it has a load balancer of its own.
        behind: Option<Behind>,
        /// From where it is reached.
        access: Spanned<Access> = "public",
        /// The IPv4 addresses that may call the load balancer. If absent, all of the internet, or with
        /// `access: internal` all of the network.
        allow: Vec<Spanned<IpNet>>,
        /// How it is called over HTTPS: `{domain: shop.example.com, zone: {name: example.com, id: Z0123456789ABC}}`,
        /// or with a `certificate` that is there already. If absent, it is called over HTTP, which is not encrypted.
        https: Option<Https>,
        /// Settings of the load balancer, such as when it closes an idle connection.
        balancer: Balancer = "{}",
    }
}

properties! {
    /// Settings of the load balancer.
    pub struct Balancer {
        /// Its name. If absent, CloudFormation makes one that is unique. With another name it is another load balancer.
        name: Option<Text>,
        /// After how long without a byte it closes a connection, from `1s` to `4000s`.
        idle_timeout: Spanned<Seconds> = "60s",
        /// How long a task that is to be stopped may go on with the requests it has, up to `1h`.
        drain: Spanned<Seconds> = "30s",
        /// Whether it refuses to be deleted; a stack cannot be deleted then either.
        deletion_protection: Spanned<bool> = "false",
        /// For how long it sends a client to the same task, by a cookie, from `1s` to `7d`. If absent, any task
        /// gets any request.
        sticky: Option<Spanned<Seconds>>,
        /// What identifies the target group, for one that is deployed under another id, such as by the CDK:
        /// `{id: ECSPrivateGroup, port: 80}`.
        target_group: TargetGroup = "{}",
    }
}

/// The way from a load balancer to a target group, once it is added.
pub(crate) struct Way {
    /// The load balancer.
    pub(crate) balancer: LoadBalancer,
    /// What passes requests on: its listener, or a rule of it.
    pub(crate) route: Handle,
    /// What requests are passed to.
    pub(crate) target_group: Handle,
    /// What moves requests to another target group and back, if they move when the service is deployed.
    pub(crate) shift: Option<Shift>,
    /// The URL at which requests come.
    pub(crate) url: Expr<Handle>,
}

impl Way {
    /// What a service has to wait for, though it does not refer to it: ECS takes no target group that requests are not
    /// passed to. Where requests move, a service names the rules that move them.
    pub(crate) fn waits_for(&self) -> Option<Handle> {
        self.shift.is_none().then_some(self.route)
    }
}

impl Reached {
    /// Reports what no load balancer takes, and what one that is shared is not told here.
    pub(crate) fn check(&self, faults: &mut Vec<Diagnostic>) {
        let Self { behind, access, allow, https, balancer, .. } = self;
        self.health.check(faults);
        balancer::check_range("drain", balancer.drain, 0, 3600, faults);
        if let Some(sticky) = balancer.sticky {
            balancer::check_range("sticky", sticky, 1, 604_800, faults);
        }
        let Some(behind) = behind else {
            balancer::check_idle_timeout(balancer.idle_timeout, faults);
            balancer::check_allowed(allow, faults);
            https.iter().for_each(|it| it.check(faults));
            return;
        };
        behind.check(faults);
        let name = &behind.balancer.name;
        let own_name = balancer.name.as_ref().map(Text::span).unwrap_or_default();
        let settings = [own_name, balancer.idle_timeout.span, balancer.deletion_protection.span];
        let spans = [Some(access.span), allow.first().map(|it| it.span), https.as_ref().map(Https::span)];
        for span in spans.into_iter().flatten().chain(settings).filter(|it| it.is_written()) {
            let fault = format!("the service stands behind `{}`, which is told this itself", name.text);
            faults.push(
                Diagnostic::error("no-effect", fault)
                    .at(span)
                    .label(name.span, "")
                    .help("remove it here"),
            );
        }
    }

    /// Has what it adds come first.
    pub(crate) fn arrange(&self, scope: &mut Scope<'_>) {
        if self.behind.is_none() {
            let mut at_balancer = scope.child("LB");
            at_balancer.arrange(&["Resource", "SecurityGroup", "PublicListener"]);
            let target_group = self.balancer.target_group.id.as_ref().map_or("ECSGroup", PartId::id);
            at_balancer.child("PublicListener").arrange(&["Resource", target_group]);
            scope.arrange(&["Certificate", "DNS"]);
        }
    }

    /// Adds the way to the tasks of a service: a load balancer at `LB`, or a rule of one that is shared.
    pub(crate) fn add(&self, scope: &mut Scope<'_>, tasks: &Tasks<'_>) -> Result<Way, Diagnostic> {
        match &self.behind {
            Some(behind) => self.add_behind(behind, scope, tasks),
            None => self.add_own(scope, tasks),
        }
    }

    fn add_behind(&self, behind: &Behind, scope: &mut Scope<'_>, tasks: &Tasks<'_>) -> Result<Way, Diagnostic> {
        let balancer = behind.find(scope)?;
        let targets = self.targets(tasks);
        let target_group = targets.add(scope, "TargetGroup");
        let url = behind.host(scope);
        let url = balancer.url(url);
        if !tasks.shift {
            let route = behind.add(scope, &balancer, forward(target_group));
            return Ok(Way { balancer, route, target_group, shift: None, url });
        }
        let alternate = targets.add_alternate(scope, "GreenTargetGroup");
        let action = || forward_to_one_of(target_group, alternate);
        let production = behind.add(scope, &balancer, action());
        let preview = tasks.preview.map(|it| behind.add_preview(scope, &balancer, action(), it));
        let role = shift::role(scope);
        let shift = Some(Shift { alternate, production, preview, role });
        Ok(Way { balancer, route: production, target_group, shift, url })
    }

    fn add_own(&self, scope: &mut Scope<'_>, tasks: &Tasks<'_>) -> Result<Way, Diagnostic> {
        let parts = balancer::Parts {
            network: tasks.network,
            network_name: tasks.network_name,
            access: self.access,
            allow: &self.allow,
            https: self.https.as_ref().map(|it| it.build(scope)),
            name: self.balancer.name.as_ref().map(|it| scope.text(it)),
            idle_timeout: self.balancer.idle_timeout,
            deletion_protection: self.balancer.deletion_protection.value,
            listeners: ["PublicListener", "PublicRedirectListener"],
        };
        let targets = self.targets(tasks);
        let mut at_balancer = scope.child("LB");
        let mut target_group = None;
        let balancer = balancer::add(parts, &mut at_balancer, |at_listener| {
            let added = targets.add(at_listener, "ECSGroup");
            target_group = Some(added);
            if tasks.shift { not_found() } else { forward(added) }
        })?;
        let target_group = target_group.expect("a listener has a default action");
        if let Some(https) = &self.https {
            https.add_record(scope, &balancer)?;
        }
        let url = balancer.url(None);
        if !tasks.shift {
            return Ok(Way { route: balancer.listener, balancer, target_group, shift: None, url });
        }
        // ECS moves requests by changing a rule, and the default action of a listener is none that it could name.
        let mut at_balancer = scope.child("LB");
        let mut at_listener = at_balancer.child("PublicListener");
        let alternate = targets.add_alternate(&mut at_listener, "GreenGroup");
        let preview = tasks.preview.map(|it| &it.value);
        let groups = [target_group, alternate];
        let (production, preview) = shift::add_rules(&mut at_listener, &balancer, groups, preview);
        let role = shift::role(scope);
        let shift = Some(Shift { alternate, production, preview, role });
        Ok(Way { route: production, balancer, target_group, shift, url })
    }

    fn targets<'a>(&'a self, tasks: &Tasks<'a>) -> target_group::Parts<'a> {
        let Self { port, health, balancer: Balancer { drain, sticky, target_group: fixed, .. }, .. } = self;
        let Tasks { network, by, .. } = *tasks;
        target_group::Parts { network, health, port: *port, by, drain: *drain, sticky: *sticky, fixed }
    }
}

/// The tasks to which a way leads.
pub(crate) struct Tasks<'a> {
    /// The network they run in.
    pub(crate) network: &'a Network,
    /// Its name, as it is written.
    pub(crate) network_name: &'a Name,
    /// How they are reached.
    pub(crate) by: By,
    /// Whether requests move from one target group to another when the service is deployed.
    pub(crate) shift: bool,
    /// The header with which requests come to the new version first.
    pub(crate) preview: Option<&'a Spanned<Preview>>,
}

/// Ports of something that is let in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports(pub(crate) u16, pub(crate) u16);

impl Ports {
    /// The ports of an instance that ECS picks from.
    ///
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html>
    pub(crate) const DYNAMIC: Self = Self(32_768, 65_535);
}

impl std::fmt::Display for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(first, last) = self;
        if first == last { write!(f, "{first}") } else { write!(f, "{first}-{last}") }
    }
}

/// Opens the way from `balancer` to `ports` of instances, once for all services that share both: EC2 takes no rule twice.
/// `cluster` is the name by which the instances are meant, and who means them.
pub(crate) fn admit_to_instances(
    scope: &mut Scope<'_>,
    balancer: &LoadBalancer,
    instances: &Instances,
    ports: Ports,
    cluster: &Name,
) {
    let group = instances.security_group;
    if balancer.reaches == Some(group) && ports == Ports::DYNAMIC {
        return;
    }
    let rule = text![balancer.group.reference(), " to ", group.reference(), format!(":{ports}")];
    let in_stack = text![scope.place().stack.clone(), ": ", rule.clone()];
    let is_first_of_stack = scope.claim("way to instances from a stack", in_stack, cluster.span).is_ok();
    match scope.claim("way to instances", rule, cluster.span) {
        Ok(()) => admit(scope, balancer, group, ports),
        // Nothing says that the other stack is there before this one, and stays as long.
        Err(before) if is_first_of_stack => scope.report(
            Diagnostic::error(
                "shared-way",
                format!("the way from the load balancer to ports {ports} of the instances is in another stack"),
            )
            .at(cluster.span)
            .label(before, "opened for this")
            .help("name the cluster in `instances` of the `LoadBalancer`, or write `networkMode: awsvpc` here"),
        ),
        Err(_) => (),
    }
}

/// Opens the way from `balancer` to `ports` in the security group `group`, on both sides.
pub(crate) fn admit(scope: &mut Scope<'_>, balancer: &LoadBalancer, group: Handle, ports: Ports) {
    let mut at_group = scope.beside(group);
    let group_id = at_group.unique_id();
    let rule = |mine: Handle, source: Option<Handle>, destination: Option<Handle>| {
        object! {
            "Description" => "Load balancer to target",
            "DestinationSecurityGroupId" => destination.map(|it| it.attribute("GroupId")),
            "FromPort" => ports.0,
            "GroupId" => mine.attribute("GroupId"),
            "IpProtocol" => "tcp",
            "SourceSecurityGroupId" => source.map(|it| it.attribute("GroupId")),
            "ToPort" => ports.1,
        }
    };
    at_group.resource(
        &format!("from {}:{ports}", balancer.group_id),
        SECURITY_GROUP_INGRESS,
        rule(group, Some(balancer.group), None),
    );
    scope.beside(balancer.group).resource(
        &format!("to {group_id}:{ports}"),
        SECURITY_GROUP_EGRESS,
        rule(balancer.group, None, Some(group)),
    );
}
