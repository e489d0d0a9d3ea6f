//! What can be reached from outside, and could not be before.

use std::collections::BTreeSet;

use asi_constructs::kernel::node::Node;

use super::{
    Danger, Point, Subject, Warning,
    subject::{is, setting, text},
};
use crate::{
    diff::{Direction, Kind, Row, Rule, Sign, Statement},
    template::scalar,
};

/// What can be reached from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A rule of a security group lets everybody in.
    Rule {
        /// The group.
        group: String,
        /// What it lets through.
        traffic: String,
        /// Whom it lets in.
        peer: String,
    },
    /// A load balancer has an address of the internet.
    Balancer,
    /// It has an address of the internet.
    PublicAddress,
    /// What is in it can be read by everybody.
    PublicBucket,
    /// It answers whoever asks.
    Anonymous,
    /// A policy allows something to everybody.
    Everybody {
        /// What it allows.
        actions: String,
        /// The condition under which.
        condition: Option<String>,
    },
}

/// A setting that opens a resource: its types, where it stands, the value that does so, what that means, and whether that
/// is so where it is not written.
type Opener = (&'static [&'static str], &'static str, &'static str, Opening, bool);

/// Settings that open resources.
const OPENERS: [Opener; 15] = [
    (
        &["AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancing::LoadBalancer"],
        "Scheme",
        "internet-facing",
        Opening::Balancer,
        true,
    ),
    (
        &[
            "AWS::RDS::DBInstance",
            "AWS::RDS::DBCluster",
            "AWS::Redshift::Cluster",
            "AWS::RedshiftServerless::Workgroup",
            "AWS::DMS::ReplicationInstance",
            "AWS::AmazonMQ::Broker",
        ],
        "PubliclyAccessible",
        "true",
        Opening::PublicAddress,
        false,
    ),
    (
        &["AWS::ECS::Service"],
        "NetworkConfiguration/AwsvpcConfiguration/AssignPublicIp",
        "ENABLED",
        Opening::PublicAddress,
        false,
    ),
    (&["AWS::EKS::Cluster"], "ResourcesVpcConfig/EndpointPublicAccess", "true", Opening::PublicAddress, true),
    (
        &["AWS::EKS::Cluster"],
        "ResourcesVpcConfig/PublicAccessCidrs/*",
        "0.0.0.0/0|::/0",
        Opening::PublicAddress,
        true,
    ),
    (
        &["AWS::EC2::Instance"],
        "NetworkInterfaces/*/AssociatePublicIpAddress",
        "true",
        Opening::PublicAddress,
        false,
    ),
    (
        &["AWS::MSK::Cluster"],
        "BrokerNodeGroupInfo/ConnectivityInfo/PublicAccess/Type",
        "SERVICE_PROVIDED_EIPS",
        Opening::PublicAddress,
        false,
    ),
    (
        &["AWS::ApiGateway::RestApi"],
        "EndpointConfiguration/Types/*",
        "EDGE|REGIONAL",
        Opening::PublicAddress,
        true,
    ),
    // Whoever has an account of AWS is authenticated.
    (
        &["AWS::S3::Bucket"],
        "AccessControl",
        "PublicRead|AuthenticatedRead|PublicReadWrite",
        Opening::PublicBucket,
        false,
    ),
    (&["AWS::S3::Bucket"], "AccessControl", "PublicReadWrite", Opening::PublicBucket, false),
    (&["AWS::Lambda::Url"], "AuthType", "NONE", Opening::Anonymous, false),
    (&["AWS::ApiGateway::Method"], "AuthorizationType", "NONE", Opening::Anonymous, false),
    (&["AWS::ApiGatewayV2::Route"], "AuthorizationType", "NONE", Opening::Anonymous, true),
    (&["AWS::EC2::Subnet"], "MapPublicIpOnLaunch", "true", Opening::PublicAddress, false),
    (&["AWS::AppSync::GraphQLApi"], "Visibility", "GLOBAL", Opening::PublicAddress, false),
];

/// Adds what opens, as a danger; what is there to be reached, and is new, as something to see to.
pub(super) fn add(
    subject: &Subject<'_>,
    dangers: &mut Vec<Point<Danger>>,
    warnings: &mut Vec<Point<Warning>>,
) {
    for change in &subject.diff.resources {
        if matches!(change.kind, Kind::Removed(_)) {
            continue;
        }
        let [old, new] = subject.properties(change);
        for (types, path, value, opening, default) in &OPENERS {
            if !types.contains(&change.type_name.as_str()) {
                continue;
            }
            let is_open = is(value);
            let state = |side: Option<&Node>| setting(side, path, *default, &is_open);
            let is_new = change.kind == Kind::Added;
            let was = if is_new { Some(false) } else { state(old) };
            let is = state(new);
            if was != Some(false) || is == Some(false) {
                continue;
            }
            // What only a deployment knows may open it.
            let is_sure = is == Some(true);
            // What is made for it may be public: a load balancer, the subnets it stands in, an API.
            let is_meant = matches!(opening, Opening::Balancer | Opening::Anonymous)
                || matches!(change.type_name.as_str(), "AWS::EC2::Subnet" | "AWS::ApiGateway::RestApi");
            if is_new && is_meant {
                let entrance = subject.point(change, Warning::Entrance(opening.clone()));
                let is_entrance = change.type_name != "AWS::EC2::Subnet";
                warnings.extend(is_entrance.then_some(Point { is_sure, ..entrance }));
                continue;
            }
            let danger = Danger::Open(opening.clone());
            let is_known = dangers.iter().any(|it| it.id == change.id && it.what == danger);
            dangers.extend((!is_known).then(|| Point { is_sure, ..subject.point(change, danger) }));
        }
    }
    let entrances = entrances(subject);
    for row in &subject.diff.security.rules {
        let Some((opening, is_sure)) = of_rule(subject, row) else { continue };
        if is_of_entrance(subject, row, &entrances) {
            warnings.push(Point { is_sure, ..subject.of_row(row, Warning::Entrance(opening)) });
        } else {
            dangers.push(Point { is_sure, ..subject.of_row(row, Danger::Open(opening)) });
        }
    }
    for row in &subject.diff.security.statements {
        dangers.extend(of_statement(row).map(|it| subject.of_row(row, Danger::Open(it))));
    }
}

/// What a rule lets in that nobody kept out before, and whether that is sure: a parameter may have another value than its
/// default.
fn of_rule(subject: &Subject<'_>, row: &Row<Rule>) -> Option<(Opening, bool)> {
    let Rule { group, direction, traffic, peer, .. } = &row.what;
    let parameter = peer.strip_prefix("${").and_then(|it| it.strip_suffix('}'));
    let parameters = subject.templates[1].body.get("Parameters");
    let default = parameter.and_then(|it| scalar(parameters?.get(it)?.get("Default")?));
    let opens = is_everybody(default.as_deref().unwrap_or(peer));
    let lets_in = row.broadens && *direction == Direction::In && opens;
    let is_sure = default.is_none();
    let peer = default.map_or_else(|| peer.clone(), |it| format!("{peer}, by default {it}"));
    lets_in.then(|| (Opening::Rule { group: group.clone(), traffic: traffic.clone(), peer }, is_sure))
}

/// Whether a peer is everybody, or so many that it comes to that.
fn is_everybody(peer: &str) -> bool {
    /// A range of more than a 256th of all addresses is nobody's own.
    const WIDEST: u32 = 8;
    let length = || peer.rsplit_once('/')?.1.parse::<u32>().ok();
    peer.starts_with("everyone") || length().is_some_and(|it| it < WIDEST)
}

/// The security groups that are new, and of load balancers that are reached from the internet.
fn entrances(subject: &Subject<'_>) -> BTreeSet<String> {
    let balancers = subject.resources().filter(|(_, type_name, properties)| {
        *type_name == "AWS::ElasticLoadBalancingV2::LoadBalancer"
            && text(*properties, "Scheme").is_none_or(|it| it == "internet-facing")
    });
    let groups = balancers.filter_map(|(_, _, properties)| properties?.get("SecurityGroups")?.as_list());
    let named = |it: &Node| crate::diff::text(it).replace(".GroupId}", "}");
    groups.flatten().map(named).collect()
}

/// Whether a rule lets everybody in where that is what it is for: to the web ports of a load balancer that is as new as
/// its group.
fn is_of_entrance(subject: &Subject<'_>, row: &Row<Rule>, entrances: &BTreeSet<String>) -> bool {
    let is_new = |it: &str| {
        subject
            .diff
            .resources
            .iter()
            .any(|change| format!("${{{}}}", change.id) == it && change.kind == Kind::Added)
    };
    let is_web = matches!(row.what.traffic.as_str(), "TCP 80" | "TCP 443" | "UDP 443");
    is_web && entrances.contains(&row.what.group) && is_new(&row.what.group)
}

/// What a policy of a resource allows to everybody.
pub(super) fn of_statement(row: &Row<Statement>) -> Option<Opening> {
    let Statement { actions, principals, condition, .. } = &row.what;
    let is_open = row.broadens && row.sign == Sign::Added && row.what.effect != "Deny";
    let everybody = principals.values.iter().any(|it| matches!(it.as_str(), "*" | "AWS:*")) || principals.but;
    let is_limited = condition.as_deref().is_some_and(limits);
    (is_open && everybody && !is_limited).then(|| Opening::Everybody {
        actions: if actions.but {
            format!("all but {}", actions.values.join(", "))
        } else {
            actions.values.join(", ")
        },
        condition: condition.clone(),
    })
}

/// Whether a condition names who may ask: it has to hold, and names somebody.
fn limits(condition: &str) -> bool {
    const KEYS: [&str; 8] = [
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalOrgID",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceIp",
        "aws:SourceVpc",
        "aws:SourceVpce",
    ];
    // Those of Lambda's permissions stand without an operator.
    const OWN: [&str; 3] = ["SourceArn", "SourceAccount", "PrincipalOrgID"];
    condition.split("; ").any(|part| {
        let Some((test, values)) = part.split_once(": ") else { return false };
        let (operator, key) = test.split_once(' ').unwrap_or(("", test));
        let has_to_hold = !["Not", "IfExists", "Null"].iter().any(|it| operator.contains(it));
        let is_about_who = KEYS.iter().any(|it| it.eq_ignore_ascii_case(key));
        let is_own = operator.is_empty() && OWN.contains(&key);
        let is_anybody = |it: &str| it.chars().all(|it| it == '*') || is_everybody(it);
        has_to_hold && (is_about_who || is_own) && !values.split(", ").any(is_anybody)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::testing::{check, is_property, of, written};

    #[test]
    fn each_setting_that_opens_is_in_the_schema_of_its_types_and_is_found() {
        for (types, path, value, opening, default) in &OPENERS {
            for type_name in *types {
                is_property(type_name, path);
                for value in value.split('|') {
                    let run = of(type_name, &written(path, "other"), &written(path, value));
                    assert!(run.contains(&format!("danger R: Open({opening:?})")), "{type_name}: {run}");
                }
                let run = of(type_name, &written(path, "other"), "");
                assert_eq!(run.contains("danger R: Open("), *default, "{type_name}: {run}");
            }
        }
    }

    const GROUP: &str = "Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: g, SecurityGroupEgress: [{IpProtocol: '-1', CidrIp: 10.0.0.0/8}], SecurityGroupIngress:";

    #[test]
    fn a_rule_for_everybody_is_a_danger_but_where_it_is_made_for_that() {
        let with = |rule: &str| format!("Resources: {{G: {{{GROUP} [{rule}]}}}}}}");
        let own = "{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8}";
        let all = "{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}";
        let wide = "{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/1}";
        let opens = |it: &str| check(&with(own), &with(it)).contains("danger G: Open(Rule");
        assert!(
            opens(all)
                && opens(wide)
                && !opens("{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 192.0.2.0/24}")
        );
        let balancer = |port: u16| {
            format!(
                "Resources: {{L: {{Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {{SecurityGroups: [!GetAtt G.GroupId]}}}}, \
                 G: {{{GROUP} [{{IpProtocol: tcp, FromPort: {port}, ToPort: {port}, CidrIp: 0.0.0.0/0}}]}}}}}}"
            )
        };
        let run = check("Resources: {}", &balancer(443));
        assert!(!run.contains("danger") && run.contains("warning G: Entrance(Rule"), "{run}");
        assert!(check("Resources: {}", &balancer(22)).contains("danger G: Open(Rule"));
    }

    #[test]
    fn a_policy_for_everybody_is_a_danger_unless_its_condition_names_somebody() {
        let policy = |principal: &str, condition: &str| {
            format!(
                "Resources: {{P: {{Type: AWS::S3::BucketPolicy, Properties: {{Bucket: b, PolicyDocument: {{Statement: [{{Effect: Allow, Action: 's3:GetObject', Resource: '*', Principal: {principal}{condition}}}]}}}}}}}}"
            )
        };
        let opens = |principal: &str, condition: &str| {
            check("Resources: {}", &policy(principal, condition)).contains("Open(Everybody")
        };
        assert!(
            opens("'*'", "")
                && opens("{AWS: '*'}", "")
                && opens("'*'", ", Condition: {Bool: {'aws:SecureTransport': true}}")
        );
        assert!(!opens("'*'", ", Condition: {StringEquals: {'aws:PrincipalOrgID': o-1}}"));
        assert!(opens("'*'", ", Condition: {StringNotEquals: {'aws:SourceIp': 192.0.2.1}}"));
        assert!(opens("'*'", ", Condition: {IpAddress: {'aws:SourceIp': 0.0.0.0/0}}"));
        assert!(opens("'*'", ", Condition: {StringLike: {'aws:PrincipalArn': '*'}}"));
        assert!(!opens("'*'", ", Condition: {IpAddress: {'aws:SourceIp': 192.0.2.0/24}}"));
        assert!(!opens("{Service: cloudfront.amazonaws.com}", ""));
    }
}
