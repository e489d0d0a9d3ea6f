//! What those who use a system notice of a change, and who says so.

use super::{
    Point, Subject,
    subject::{at, is, is_replaced, number, setting, text, whole},
};
use crate::diff::{Change, Fate, Key, Kind, ResourceChange, Verdict, refers_to};

/// What is noticed of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impact {
    /// What.
    pub effect: Effect,
    /// Whether it is so whatever becomes of the resource; else only if it is replaced, of which nobody is sure.
    pub is_sure: bool,
    /// The document that says so.
    pub source: &'static str,
}

/// What is noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tasks are replaced by new ones, of which at least this percentage of the wanted ones runs all the time.
    Rolling(u64),
    /// New tasks run beside the old ones until the traffic is theirs.
    BesideEachOther,
    /// All tasks stop before new ones start.
    StopsFirst,
    /// There is a new service, with this many tasks if that is written, whatever it was scaled to.
    ServiceAnew(Option<u64>),
    /// No task runs any more.
    NoTasks,
    /// Fewer tasks run at least: from, to.
    FewerTasks(u64, u64),
    /// The tasks that run are checked in a new way before there are others.
    CheckedFirst,
    /// The tasks that run are checked in a new way.
    CheckedAnew,
    /// There is a new load balancer: connections end, and its name is another.
    BalancerAnew,
    /// A listener leads to a new group of targets, which has none until the service has moved there.
    TargetsAnew,
    /// A port is not answered any more, and another one is.
    PortMoves(String, String),
    /// What is reached through it is reached no more.
    NotReached,
    /// A database restarts; one with a second instance elsewhere fails over to it.
    DatabaseRestarts {
        /// Whether there is a second instance.
        fails_over: bool,
    },
    /// A cache restarts.
    CacheRestarts,
    /// A machine stops and starts.
    MachineRestarts,
    /// Machines are replaced, some at a time.
    MachinesRoll,
    /// Machines that run stay what they are.
    MachinesStay,
    /// What goes out of the network is cut for a while.
    OutgoingCut,
    /// Everything in the network is made anew.
    NetworkAnew,
    /// Who has asked for the name has the old answer for so many seconds, if that is written.
    CachedNames(Option<u64>),
    /// A deployment waits until a certificate is issued.
    WaitsForCertificate,
    /// It takes minutes until it is so everywhere.
    Spreads,
    /// Executions that run fail, and have to be started again.
    PipelineStops,
    /// What is stored there is not reached in the meantime.
    MountCut,
    /// Tasks and services move to another cluster.
    ClusterAnew,
    /// What was to run at certain times runs no more.
    ScheduleOff,
}

impl Effect {
    /// How much is noticed: 0 nothing, 1 a little, 2 an interruption.
    pub fn severity(&self) -> u8 {
        match self {
            Self::Rolling(_)
            | Self::BesideEachOther
            | Self::MachinesRoll
            | Self::WaitsForCertificate
            | Self::Spreads => 0,
            Self::CheckedAnew
            | Self::OutgoingCut
            | Self::CachedNames(_)
            | Self::PipelineStops
            | Self::MachinesStay
            | Self::FewerTasks(..)
            | Self::DatabaseRestarts { fails_over: true } => 1,
            Self::StopsFirst
            | Self::ServiceAnew(_)
            | Self::NoTasks
            | Self::CheckedFirst
            | Self::TargetsAnew
            | Self::BalancerAnew
            | Self::PortMoves(..)
            | Self::NotReached
            | Self::DatabaseRestarts { fails_over: false }
            | Self::CacheRestarts
            | Self::MachineRestarts
            | Self::NetworkAnew
            | Self::MountCut
            | Self::ClusterAnew
            | Self::ScheduleOff => 2,
        }
    }
}

impl Impact {
    /// How much is noticed, as of its [`Effect`].
    pub fn severity(&self) -> u8 {
        self.effect.severity()
    }
}

/// When a row applies.
#[derive(Clone, Copy)]
enum When {
    /// The resource is made anew.
    Replaced,
    /// It goes.
    Removed,
    /// It comes, or is made anew.
    Made,
    /// It is changed where it is, in one of these properties; in any, if there are none.
    Changed(&'static [&'static str]),
}

/// What is known: of which types, when, what is noticed, and who says so.
type Row = (&'static [&'static str], When, Effect, &'static str);

const SERVICE: &str = "AWS::ECS::Service";
const TARGETS: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

/// What is noticed of resources that change by themselves.
const KNOWLEDGE: &[Row] = &[
    (
        &["AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancing::LoadBalancer"],
        When::Replaced,
        Effect::BalancerAnew,
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html",
    ),
    (
        &[
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "AWS::ElasticLoadBalancing::LoadBalancer",
            "AWS::ElasticLoadBalancingV2::Listener",
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            SERVICE,
            "AWS::Lambda::Url",
            "AWS::CloudFront::Distribution",
            "AWS::ApiGateway::RestApi",
            "AWS::ApiGatewayV2::Api",
        ],
        When::Removed,
        Effect::NotReached,
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks.html",
    ),
    (
        &[TARGETS],
        When::Replaced,
        Effect::TargetsAnew,
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html",
    ),
    (
        &["AWS::ElastiCache::CacheCluster"],
        When::Changed(&["CacheNodeType", "EngineVersion"]),
        Effect::CacheRestarts,
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticache-cachecluster.html",
    ),
    (
        &["AWS::EC2::Instance"],
        When::Changed(&["InstanceType", "UserData", "EbsOptimized"]),
        Effect::MachineRestarts,
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-instance.html",
    ),
    (
        &[
            "AWS::EC2::NatGateway",
            "AWS::EC2::Route",
            "AWS::EC2::InternetGateway",
            "AWS::EC2::VPCGatewayAttachment",
        ],
        When::Replaced,
        Effect::OutgoingCut,
        "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
    ),
    (
        &[
            "AWS::EC2::NatGateway",
            "AWS::EC2::Route",
            "AWS::EC2::InternetGateway",
            "AWS::EC2::VPCGatewayAttachment",
        ],
        When::Removed,
        Effect::OutgoingCut,
        "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
    ),
    (
        &["AWS::EC2::VPC"],
        When::Replaced,
        Effect::NetworkAnew,
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpc.html",
    ),
    (
        &["AWS::CertificateManager::Certificate"],
        When::Made,
        Effect::WaitsForCertificate,
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-certificatemanager-certificate.html",
    ),
    (
        &["AWS::CloudFront::Distribution"],
        When::Changed(&[]),
        Effect::Spreads,
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HowToUpdateDistribution.html",
    ),
    (
        &["AWS::WAFv2::WebACL", "AWS::WAFv2::IPSet"],
        When::Changed(&[]),
        Effect::Spreads,
        "https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-editing.html",
    ),
    (
        &["AWS::CodePipeline::Pipeline"],
        When::Changed(&["Stages", "RoleArn", "ArtifactStore", "ArtifactStores", "Variables", "Triggers"]),
        Effect::PipelineStops,
        "https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-edit.html",
    ),
    (
        &["AWS::EFS::MountTarget"],
        When::Replaced,
        Effect::MountCut,
        "https://docs.aws.amazon.com/efs/latest/ug/accessing-fs.html",
    ),
    (
        &["AWS::ECS::Cluster"],
        When::Replaced,
        Effect::ClusterAnew,
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/clusters.html",
    ),
    (
        &["AWS::Events::Rule", "AWS::Scheduler::Schedule"],
        When::Removed,
        Effect::ScheduleOff,
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-delete-rule.html",
    ),
];

const DEPLOYMENTS: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html";
const BLUE_GREEN: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html";
const SERVICE_PROPERTIES: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html";
const HEALTH_CHECKS: &str =
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html";
const CHECKED_FIRST: &str = "https://github.com/aws/copilot-cli/issues/4838";
const LISTENER: &str = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-listener.html";
const SCALING: &str = "https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html";
const DATABASE: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html";
const RECORDS: &str =
    "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-basic.html";
const UPDATE_POLICY: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html";
const SCHEDULES: &str = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-disable-rule.html";

/// What is noticed of all that changes. Of a new stack, nobody notices anything.
pub(super) fn impacts(subject: &Subject<'_>) -> Vec<Point<Impact>> {
    let mut found = Vec::new();
    if subject.is_new {
        return found;
    }
    for change in &subject.diff.resources {
        let is_sure = change.replacement.verdict != Verdict::Maybe || !is_replaced(change);
        let mut add = |effect: Effect, source| {
            found.push(subject.point(change, Impact { effect, is_sure, source }));
        };
        for (types, when, effect, source) in KNOWLEDGE {
            if types.contains(&change.type_name.as_str()) && applies(*when, change) {
                add(effect.clone(), source);
            }
        }
        match change.type_name.as_str() {
            SERVICE => of_service(subject, change, &mut add),
            TARGETS => of_targets(subject, change, &mut add),
            "AWS::ElasticLoadBalancingV2::Listener" => of_listener(subject, change, &mut add),
            "AWS::ApplicationAutoScaling::ScalableTarget" => of_scaling(subject, change, &mut add),
            "AWS::RDS::DBInstance" => of_database(subject, change, &mut add),
            "AWS::Route53::RecordSet" if is_changed(change, &["ResourceRecords", "AliasTarget", "TTL"]) => {
                let [old, _] = subject.properties(change);
                add(Effect::CachedNames(number(old, "TTL").and_then(whole)), RECORDS);
            }
            "AWS::AutoScaling::AutoScalingGroup" => of_machines(subject, change, &mut add),
            "AWS::Events::Rule" | "AWS::Scheduler::Schedule" => {
                let is_off = |it| setting(it, "State", false, &is("DISABLED"));
                let [was, is] = subject.properties(change).map(is_off);
                if change.kind == Kind::Changed && was == Some(false) && is == Some(true) {
                    add(Effect::ScheduleOff, SCHEDULES);
                }
            }
            _ => (),
        }
    }
    found
}

fn applies(when: When, change: &ResourceChange) -> bool {
    match when {
        When::Replaced => is_remade(change),
        When::Removed => matches!(change.kind, Kind::Removed(Fate::Destroyed | Fate::Snapshot)),
        When::Made => change.kind == Kind::Added || is_remade(change),
        When::Changed(properties) => !is_replaced(change) && is_changed(change, properties),
    }
}

/// Whether what was there is made anew, or may be.
fn is_remade(change: &ResourceChange) -> bool {
    !matches!(change.kind, Kind::Added | Kind::Removed(_)) && is_replaced(change)
}

/// Whether one of these properties differs, or is given another value; any, if there are none.
fn is_changed(change: &ResourceChange, properties: &[&str]) -> bool {
    if change.kind != Kind::Changed || change.slight == Some(crate::diff::Slight::Tags) {
        return false;
    }
    let leaves = change.properties.iter().flat_map(Change::leaves);
    let written = leaves.filter_map(|it| match it.path.first() {
        Some(Key::Name(name)) => Some(name.clone()),
        _ => None,
    });
    let given = change
        .replacement
        .because
        .iter()
        .filter_map(|it| it.path.split(['.', '[']).next().map(str::to_owned));
    let mut names = written.chain(given).filter(|it| it != "Tags");
    names.any(|it| properties.is_empty() || properties.contains(&it.as_str()))
}

fn of_service(subject: &Subject<'_>, change: &ResourceChange, add: &mut impl FnMut(Effect, &'static str)) {
    let [old, new] = subject.properties(change);
    let count = |side| number(side, "DesiredCount").and_then(whole);
    if is_remade(change) {
        return add(Effect::ServiceAnew(count(new)), SERVICE_PROPERTIES);
    }
    if change.kind != Kind::Changed {
        return;
    }
    if count(new) == Some(0) && count(old) != Some(0) {
        return add(Effect::NoTasks, SERVICE_PROPERTIES);
    }
    let rolls = [
        "TaskDefinition",
        "NetworkConfiguration",
        "LoadBalancers",
        "PlatformVersion",
        "ServiceConnectConfiguration",
        "VolumeConfigurations",
        "CapacityProviderStrategy",
    ];
    if !is_changed(change, &rolls) {
        return;
    }
    let configuration = new.and_then(|it| it.get("DeploymentConfiguration"));
    if text(configuration, "Strategy").is_some_and(|it| it != "ROLLING") {
        return add(Effect::BesideEachOther, BLUE_GREEN);
    }
    // What it stands behind tells whether it stays reachable.
    let of_way = ["AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup", TARGETS];
    let mut remade = subject.diff.resources.iter().filter(|it| is_remade(it));
    let is_moved = |it: &ResourceChange| {
        of_way.contains(&it.type_name.as_str()) && new.is_some_and(|new| refers_to(new, &it.id))
    };
    if remade.any(is_moved) {
        return;
    }
    let least = number(configuration, "MinimumHealthyPercent").and_then(whole).unwrap_or(100);
    add(if least == 0 { Effect::StopsFirst } else { Effect::Rolling(least) }, DEPLOYMENTS);
}

fn of_targets(subject: &Subject<'_>, change: &ResourceChange, add: &mut impl FnMut(Effect, &'static str)) {
    let checks = ["HealthCheckPath", "HealthCheckPort", "HealthCheckProtocol", "Matcher"];
    if is_replaced(change) || !is_changed(change, &checks) {
        return;
    }
    // The services whose tasks are these targets.
    let is_of_group = |it: &ResourceChange| {
        let [_, new] = subject.properties(it);
        new.and_then(|it| it.get("LoadBalancers")).is_some_and(|it| refers_to(it, &change.id))
    };
    let mut services = subject.diff.resources.iter().filter(|it| it.type_name == SERVICE && is_of_group(it));
    if services.any(|it| is_changed(it, &["TaskDefinition", "LoadBalancers"])) {
        add(Effect::CheckedFirst, CHECKED_FIRST);
    } else {
        add(Effect::CheckedAnew, HEALTH_CHECKS);
    }
}

fn of_listener(subject: &Subject<'_>, change: &ResourceChange, add: &mut impl FnMut(Effect, &'static str)) {
    let [old, new] = subject.properties(change);
    if let (Some(was), Some(is)) = (text(old, "Port"), text(new, "Port"))
        && was != is
    {
        add(Effect::PortMoves(was.into_owned(), is.into_owned()), LISTENER);
    }
}

fn of_scaling(subject: &Subject<'_>, change: &ResourceChange, add: &mut impl FnMut(Effect, &'static str)) {
    let [_, new] = subject.properties(change);
    if text(new, "ServiceNamespace").is_some_and(|it| it != "ecs") {
        return;
    }
    let [was, is] = subject.properties(change).map(|it| number(it, "MinCapacity").and_then(whole));
    if let (Some(was), Some(is)) = (was, is)
        && is < was
    {
        add(Effect::FewerTasks(was, is), SCALING);
    }
}

fn of_database(subject: &Subject<'_>, change: &ResourceChange, add: &mut impl FnMut(Effect, &'static str)) {
    // What the settings of an instance say of downtime.
    let restarting =
        ["DBInstanceClass", "EngineVersion", "Port", "OptionGroupName", "CACertificateIdentifier"];
    if change.replacement.verdict == Verdict::Always || !is_changed(change, &restarting) {
        return;
    }
    let [_, new] = subject.properties(change);
    let is_doubled = setting(new, "MultiAZ", false, &is("true")) == Some(true);
    // A new version is given to both at once.
    let fails_over = is_doubled && !is_changed(change, &["EngineVersion"]);
    add(Effect::DatabaseRestarts { fails_over }, DATABASE);
}

fn of_machines(subject: &Subject<'_>, change: &ResourceChange, add: &mut impl FnMut(Effect, &'static str)) {
    if is_replaced(change)
        || !is_changed(change, &["LaunchTemplate", "LaunchConfigurationName", "MixedInstancesPolicy"])
    {
        return;
    }
    let [_, new] = subject.sides(change);
    let rolls = new.is_some_and(|it| at(it, "UpdatePolicy/AutoScalingRollingUpdate").is_some());
    add(if rolls { Effect::MachinesRoll } else { Effect::MachinesStay }, UPDATE_POLICY);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::testing;

    #[test]
    fn all_that_is_known_says_who_says_so() {
        for (types, _, _, source) in KNOWLEDGE {
            assert!(source.starts_with("https://"), "{types:?}");
            for it in *types {
                assert!(asi_schemas::find(it).is_some(), "there is no type {it}");
            }
        }
    }

    /// What is noticed of a change of one resource.
    fn of(type_name: &str, old: &str, new: &str) -> Vec<String> {
        let run = testing::of(type_name, old, new);
        run.lines().filter_map(|it| it.strip_prefix("impact R: ")).map(str::to_owned).collect()
    }

    #[test]
    fn a_service_is_noticed_by_how_it_is_deployed() {
        let service = |more: &str| {
            of(
                SERVICE,
                &format!("TaskDefinition: 'a:1', DesiredCount: 2{more}"),
                &format!("TaskDefinition: 'a:2', DesiredCount: 2{more}"),
            )
        };
        assert_eq!(service(""), ["Rolling(100)"]);
        assert_eq!(service(", DeploymentConfiguration: {MinimumHealthyPercent: 50}"), ["Rolling(50)"]);
        assert_eq!(service(", DeploymentConfiguration: {MinimumHealthyPercent: 0}"), ["StopsFirst"]);
        assert_eq!(service(", DeploymentConfiguration: {Strategy: BLUE_GREEN}"), ["BesideEachOther"]);
        assert_eq!(of(SERVICE, "DesiredCount: 2", "DesiredCount: 0"), ["NoTasks"]);
        assert_eq!(
            of(SERVICE, "Cluster: a, DesiredCount: 1", "Cluster: b, DesiredCount: 1"),
            ["ServiceAnew(Some(1))"]
        );
        assert_eq!(of(SERVICE, "EnableExecuteCommand: true", "EnableExecuteCommand: false"), [""; 0]);
    }

    #[test]
    fn a_health_check_that_changes_with_the_tasks_comes_before_them() {
        let template = |path: &str, task: u8| {
            format!(
                "
Resources:
  T: {{Type: {TARGETS}, Properties: {{HealthCheckPath: {path}}}}}
  S: {{Type: {SERVICE}, Properties: {{TaskDefinition: 'a:{task}', LoadBalancers: [{{TargetGroupArn: !Ref T}}]}}}}
"
            )
        };
        let run = |path: &str, task: u8| testing::check(&template("/a", 1), &template(path, task));
        assert_eq!(run("/b", 2), "impact T: CheckedFirst\nimpact S: Rolling(100)\n");
        assert_eq!(run("/b", 1), "impact T: CheckedAnew\n");
        assert_eq!(run("/a", 2), "impact S: Rolling(100)\n");
    }

    #[test]
    fn what_runs_is_noticed_when_it_restarts() {
        let database = |more: &str| {
            of(
                "AWS::RDS::DBInstance",
                &format!("DBInstanceClass: a{more}"),
                &format!("DBInstanceClass: b{more}"),
            )
        };
        assert_eq!(database(""), ["DatabaseRestarts { fails_over: false }"]);
        assert_eq!(database(", MultiAZ: true"), ["DatabaseRestarts { fails_over: true }"]);
        let group = "AWS::AutoScaling::AutoScalingGroup";
        assert_eq!(
            of(group, "LaunchTemplate: {Version: '1'}", "LaunchTemplate: {Version: '2'}"),
            ["MachinesStay"]
        );
        let listener = "AWS::ElasticLoadBalancingV2::Listener";
        assert_eq!(of(listener, "Port: 80", "Port: 8080"), ["PortMoves(\"80\", \"8080\")"]);
        assert_eq!(
            of(
                "AWS::Route53::RecordSet",
                "Name: a, TTL: '300', ResourceRecords: [a]",
                "Name: a, TTL: '60', ResourceRecords: [b]"
            ),
            ["CachedNames(Some(300))"]
        );
        assert_eq!(
            of("AWS::Events::Rule", "ScheduleExpression: a", "ScheduleExpression: a, State: DISABLED"),
            ["ScheduleOff"]
        );
        let target = "AWS::ApplicationAutoScaling::ScalableTarget";
        assert_eq!(of(target, "MinCapacity: 2", "MinCapacity: 1"), ["FewerTasks(2, 1)"]);
    }

    #[test]
    fn each_property_that_is_noticed_is_in_a_schema() {
        for (types, when, ..) in KNOWLEDGE {
            let When::Changed(properties) = when else { continue };
            for property in *properties {
                let is_known = |it: &&&str| {
                    asi_schemas::find(it).is_some_and(|it| it.contains(&format!("\"{property}\"")))
                };
                assert!(types.iter().any(|it| is_known(&it)), "none of {types:?} has {property}");
            }
        }
    }
}
