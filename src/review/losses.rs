//! What is lost with a resource that goes or is made anew: data, addresses, names.

use asi_constructs::kernel::node::Node;

use super::{
    Danger, Point, Subject,
    subject::{is_replaced, text},
};
use crate::diff::{Change, Kind, Obstacle, Reason, ResourceChange, Verdict, text as text_of};

/// What becomes of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// It goes.
    Removed,
    /// There is a new one in its place.
    Replaced,
    /// There may be a new one in its place.
    PerhapsReplaced,
}

/// What others know a resource by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// The name under which it is reached over the network.
    DnsName,
    /// An address of the internet.
    PublicIp,
    /// The address that others see traffic come from.
    OutgoingIp,
    /// A URL with a generated part.
    Url,
    /// The name that a record gives an address to.
    Record,
    /// The name servers that somebody has delegated a domain to.
    NameServers,
    /// An ARN that others are given.
    Arn,
    /// An id that clients are configured with.
    ClientId,
}

/// What others know resources of a type by, none of which survives the resource.
const ADDRESSES: [(&str, Address); 22] = [
    ("AWS::ApiGateway::DomainName", Address::DnsName),
    ("AWS::ApiGateway::RestApi", Address::Url),
    ("AWS::ApiGatewayV2::Api", Address::Url),
    ("AWS::AppRunner::Service", Address::Url),
    ("AWS::CloudFront::Distribution", Address::DnsName),
    ("AWS::Cognito::UserPoolClient", Address::ClientId),
    ("AWS::EC2::EIP", Address::PublicIp),
    ("AWS::EC2::NatGateway", Address::OutgoingIp),
    ("AWS::ECS::ExpressGatewayService", Address::Url),
    ("AWS::ElastiCache::CacheCluster", Address::DnsName),
    ("AWS::ElastiCache::ReplicationGroup", Address::DnsName),
    ("AWS::ElasticLoadBalancing::LoadBalancer", Address::DnsName),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", Address::DnsName),
    ("AWS::GlobalAccelerator::Accelerator", Address::PublicIp),
    ("AWS::IAM::Role", Address::Arn),
    ("AWS::Lambda::Url", Address::Url),
    ("AWS::RDS::DBProxy", Address::DnsName),
    ("AWS::Route53::HostedZone", Address::NameServers),
    ("AWS::Route53::RecordSet", Address::Record),
    ("AWS::SNS::Topic", Address::Arn),
    ("AWS::SQS::Queue", Address::Url),
    ("AWS::ServiceDiscovery::Service", Address::DnsName),
];

/// The properties with the names by which others know resources of a type.
const NAMES: [(&str, &str); 17] = [
    ("AWS::CodeBuild::Project", "Name"),
    ("AWS::CodePipeline::Pipeline", "Name"),
    ("AWS::ECS::Cluster", "ClusterName"),
    ("AWS::ECS::Service", "ServiceName"),
    ("AWS::EKS::Cluster", "Name"),
    ("AWS::Events::EventBus", "Name"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::Lambda::Function", "FunctionName"),
    ("AWS::Route53::HostedZone", "Name"),
    ("AWS::Route53::RecordSet", "Name"),
    ("AWS::SNS::Topic", "TopicName"),
    ("AWS::SSM::Parameter", "Name"),
    ("AWS::ServiceDiscovery::PrivateDnsNamespace", "Name"),
    ("AWS::ServiceDiscovery::Service", "Name"),
    ("AWS::StepFunctions::StateMachine", "StateMachineName"),
];

/// What is lost, a danger for each resource.
pub(super) fn dangers(subject: &Subject<'_>) -> Vec<Point<Danger>> {
    let found = subject.diff.resources.iter().filter_map(|it| Some((it, danger(subject, it)?)));
    found.map(|(it, danger)| subject.point(it, danger)).collect()
}

fn danger(subject: &Subject<'_>, change: &ResourceChange) -> Option<Danger> {
    let going = going(change)?;
    if let Some(data) = change.data {
        return Some(Danger::Data { data, going });
    }
    if let Some(renamed) = renamed(change) {
        return Some(renamed);
    }
    let (_, address) = ADDRESSES.iter().find(|(type_name, _)| *type_name == change.type_name)?;
    // A record that stays what it says is reached as before.
    let [old, new] = subject.properties(change);
    let name = |it| text(it, "Name");
    if *address == Address::Record && going != Going::Removed && name(old).is_some() && name(old) == name(new)
    {
        return None;
    }
    // With the address it is given, a gateway is known by what it was.
    let allocation = |it: Option<&Node>| it.and_then(|it| it.get("AllocationId")).map(text_of);
    let keeps = |it: &str| {
        !subject
            .diff
            .resources
            .iter()
            .any(|change| it.starts_with(&format!("${{{}", change.id)) && is_replaced(change))
    };
    if *address == Address::OutgoingIp
        && going != Going::Removed
        && allocation(old) == allocation(new)
        && allocation(new).is_some_and(|it| keeps(&it))
    {
        return None;
    }
    // A role whose name is generated is known to its own stack only.
    if change.type_name == "AWS::IAM::Role" && old.and_then(|it| it.get("RoleName")).is_none() {
        return None;
    }
    // What is written is the same in whatever comes in its place, and it is refused while the old one is there.
    if *address == Address::Arn && change.obstacles.iter().any(|it| matches!(it, Obstacle::NameTaken { .. }))
    {
        return None;
    }
    Some(Danger::Address { address: *address, going })
}

fn going(change: &ResourceChange) -> Option<Going> {
    match &change.kind {
        Kind::Added => None,
        Kind::Removed(_) => Some(Going::Removed),
        Kind::Changed | Kind::TypeChanged { .. } | Kind::Moved { .. } if !is_replaced(change) => None,
        _ if change.replacement.verdict == Verdict::Maybe => Some(Going::PerhapsReplaced),
        Kind::Changed | Kind::TypeChanged { .. } | Kind::Moved { .. } => Some(Going::Replaced),
    }
}

/// What is made anew because its name is another.
fn renamed(change: &ResourceChange) -> Option<Danger> {
    let (_, property) = NAMES.iter().find(|(type_name, _)| *type_name == change.type_name)?;
    let replaces = |it: &Reason| it.path == *property && it.verdict == Verdict::Always;
    let leaves = change.properties.iter().flat_map(Change::leaves);
    let leaf = leaves.into_iter().find(|it| it.name() == *property)?;
    let [from, to] = [leaf.change.was()?, leaf.change.now()?].map(text_of);
    let property = (*property).to_owned();
    change.replacement.because.iter().any(replaces).then_some(Danger::Renamed { property, from, to })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::testing::{check, is_property, of};

    #[test]
    fn all_that_is_named_is_in_the_schemas() {
        NAMES.iter().for_each(|(type_name, property)| is_property(type_name, property));
        for (type_name, _) in ADDRESSES {
            assert!(asi_schemas::find(type_name).is_some(), "there is no type {type_name}");
        }
    }

    #[test]
    fn data_goes_or_stays_as_its_policies_say() {
        let table = |key: &str, policy: &str| {
            format!(
                "Resources: {{T: {{Type: AWS::DynamoDB::Table, UpdateReplacePolicy: {policy}, Properties: {{KeySchema: [{{AttributeName: {key}, KeyType: HASH}}]}}}}}}"
            )
        };
        let of = |policy: &str| check(&table("a", policy), &table("b", policy));
        assert_eq!(of("Delete"), "danger T: Data { data: Lost, going: Replaced }\n");
        assert_eq!(of("Retain"), "danger T: Data { data: Kept, going: Replaced }\n");
        assert_eq!(of("Snapshot"), "danger T: Data { data: Snapshot, going: Replaced }\n");
    }

    #[test]
    fn a_name_or_an_address_becomes_another() {
        let run = of("AWS::SNS::Topic", "TopicName: a", "TopicName: b");
        assert_eq!(run, "danger R: Renamed { property: \"TopicName\", from: \"a\", to: \"b\" }\n");
        let run = of(
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "Scheme: internal, Subnets: [a, b]",
            "Scheme: internet-facing, Subnets: [a, b]",
        );
        let expected = "\
danger R: Open(Balancer)
danger R: Address { address: DnsName, going: Replaced }
impact R: BalancerAnew
";
        assert_eq!(run, expected);
    }

    #[test]
    fn a_gateway_that_keeps_its_address_is_known_by_it() {
        let gateway = |subnet: &str, address: &str| {
            format!(
                "Resources: {{E: {{Type: AWS::EC2::EIP}}, N: {{Type: AWS::EC2::NatGateway, Properties: {{SubnetId: {subnet}, AllocationId: {address}}}}}}}"
            )
        };
        let run = check(&gateway("a", "!GetAtt E.AllocationId"), &gateway("b", "!GetAtt E.AllocationId"));
        assert_eq!(run, "impact N: OutgoingCut\n");
        let run = check(&gateway("a", "one"), &gateway("a", "two"));
        assert!(run.starts_with("danger N: Address { address: OutgoingIp, going: Replaced }\n"), "{run}");
    }

    #[test]
    fn a_role_whose_name_is_generated_is_known_to_its_own_stack_only() {
        let role = |name: &str| {
            format!(
                "Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{{name}AssumeRolePolicyDocument: {{}}}}}}}}"
            )
        };
        assert_eq!(check(&role(""), "Resources: {}"), "");
        let run = check(&role("RoleName: deployer, "), "Resources: {}");
        assert_eq!(run, "danger R: Address { address: Arn, going: Removed }\n");
    }
}
