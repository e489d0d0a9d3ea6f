//! Resources that miss another one beside them.

use asi_constructs::kernel::node::Node;

use super::{
    super::{
        super::{
            document::Document,
            report::{Found, Report},
            value::Value,
        },
        policy::places::policies,
    },
    is_absent, place, referred,
};

/// A resource that should be named by another.
struct Companion {
    code: &'static str,
    type_name: &'static str,
    other: &'static str,
    /// The property of the other that names it.
    property: &'static str,
    message: &'static str,
    help: &'static str,
}

const COMPANIONS: &[Companion] = &[
    // AwsSolutions-VPC7, CKV2_AWS_11, AVD-AWS-0178.
    Companion {
        code: "vpc-flow-logs",
        type_name: "AWS::EC2::VPC",
        other: "AWS::EC2::FlowLog",
        property: "ResourceId",
        message: "who talks to whom in {} is not logged",
        help: "add an `AWS::EC2::FlowLog`",
    },
    // CKV2_AWS_31.
    Companion {
        code: "web-acl-logs",
        type_name: "AWS::WAFv2::WebACL",
        other: "AWS::WAFv2::LoggingConfiguration",
        property: "ResourceArn",
        message: "what {} blocks is not logged",
        help: "add an `AWS::WAFv2::LoggingConfiguration`",
    },
    // AwsSolutions-SMG4, CKV2_AWS_57.
    Companion {
        code: "secret-rotation",
        type_name: "AWS::SecretsManager::Secret",
        other: "AWS::SecretsManager::RotationSchedule",
        property: "SecretId",
        message: "{} is never changed",
        help: "add an `AWS::SecretsManager::RotationSchedule`",
    },
];

/// Looks for what stands alone. Resources of other templates may be beside it, so that it is worth knowing only.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for companion in COMPANIONS {
        for resource in document.of_type(companion.type_name) {
            if !is_named(document, companion.other, companion.property, resource.id) {
                let message = companion.message.replace("{}", &format!("`{}`", resource.id));
                report.add(Found::info(companion.code, place(resource), message).help(companion.help));
            }
        }
    }
    check_firewalls(document, report);
    check_buckets(document, report);
    check_clusters(document, report);
}

/// Whether a resource of a type names another, or may.
fn is_named(document: &Document<'_>, type_name: &str, property: &str, id: &str) -> bool {
    document.of_type(type_name).any(|it| {
        let value = document.properties(it).and_then(|it| it.get(property));
        value.is_none_or(|it| it.known().is_none() && referred(it).is_none_or(|it| it == id))
    })
}

/// `load-balancer-firewall` (`ALBWAFEnabled` of the NIST and PCI packs of cdk-nag, `CKV2_AWS_28`): no web ACL before a
/// load balancer that faces the internet.
fn check_firewalls<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for balancer in document.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer") {
        let Some(properties) = document.properties(balancer) else { continue };
        let is = |key: &str, wanted: &str| {
            properties.get(key).is_none_or(|it| it.text().is_some_and(|it| it == wanted))
        };
        let is_facing = is("Type", "application") && is("Scheme", "internet-facing");
        let association = ("AWS::WAFv2::WebACLAssociation", "ResourceArn");
        if is_facing && !is_named(document, association.0, association.1, balancer.id) {
            let message = format!("nothing is filtered before it reaches `{}`", balancer.id);
            report.add(
                Found::info("load-balancer-firewall", place(balancer), message)
                    .help("associate an `AWS::WAFv2::WebACL`"),
            );
        }
    }
}

/// `bucket-tls` (AwsSolutions-S10, `CKV_AWS_379`): a bucket whose policy lets in requests that are not encrypted.
fn check_buckets<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let policies = policies(document);
    for bucket in document.of_type("AWS::S3::Bucket") {
        let is_closed =
            policies.iter().filter(|it| it.resource.type_name == "AWS::S3::BucketPolicy").any(|it| {
                let of = document.properties(it.resource).and_then(|it| it.get("Bucket"));
                let is_its = of.is_none_or(|it| referred(it).is_none_or(|it| it == bucket.id));
                let is_known =
                    it.value.opened().and_then(|it| it.get("Statement")).is_some_and(|it| it.is_known());
                is_its && (!is_known || it.statements().iter().any(|it| refuses_plaintext(*it)))
            });
        if !is_closed {
            let message = format!("`{}` answers requests that anybody on the way can read", bucket.id);
            report.add(
                Found::info("bucket-tls", place(bucket), message)
                    .help("deny requests with `aws:SecureTransport: false` in its `AWS::S3::BucketPolicy`"),
            );
        }
    }
}

fn refuses_plaintext(statement: Value<'_>) -> bool {
    let is_denied = statement.get("Effect").is_some_and(|it| it.text().as_deref() == Some("Deny"));
    let condition = statement.get("Condition");
    is_denied && condition.is_some_and(|it| it.known().is_none_or(|it| has_key(it, "aws:SecureTransport")))
}

fn has_key(condition: &Node, key: &str) -> bool {
    let operators = condition.as_map().into_iter().flatten();
    operators
        .filter_map(|(_, it)| it.value.as_map())
        .flatten()
        .any(|(name, _)| name.eq_ignore_ascii_case(key))
}

/// `container-insights` (AwsSolutions-ECS4, `CKV_AWS_65`, AVD-AWS-0034).
fn check_clusters<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for cluster in document.of_type("AWS::ECS::Cluster") {
        let settings = document.properties(cluster).and_then(|it| it.get("ClusterSettings"));
        let is_it = |it: &Value<'t>| {
            it.get("Name").is_none_or(|it| it.text().is_none_or(|it| it == "containerInsights"))
        };
        let setting = settings.iter().flat_map(Value::each).find(is_it);
        let value = setting.and_then(|it| it.get("Value"));
        let found = match value {
            Some(value) if value.text().is_some_and(|it| it == "disabled") => value.into(),
            None if setting.is_none()
                && (settings.is_some() || is_absent(document, cluster, "ClusterSettings")) =>
            {
                place(cluster)
            }
            _ => continue,
        };
        report.add(
            Found::info(
                "container-insights",
                found,
                format!("what the tasks of `{}` use is not measured", cluster.id),
            )
            .help("write `ClusterSettings: [{Name: containerInsights, Value: enhanced}]`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    fn codes(resources: &str) -> Vec<String> {
        let found = check(super::check, &format!("Resources:\n  {resources}\n"));
        let lines = found.lines().filter(|it| !it.starts_with("  "));
        lines.map(|it| it.split(": ").next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn a_network_has_flow_logs() {
        assert_eq!(codes("V: {Type: AWS::EC2::VPC}"), ["info vpc-flow-logs Resources/V 2:3"]);
        let log =
            "V: {Type: AWS::EC2::VPC}\n  L: {Type: AWS::EC2::FlowLog, Properties: {ResourceId: !Ref V}}";
        assert_eq!(codes(log), Vec::<String>::new());
    }

    #[test]
    fn a_bucket_refuses_what_is_not_encrypted() {
        assert_eq!(codes("B: {Type: AWS::S3::Bucket}"), ["info bucket-tls Resources/B 2:3"]);
        let policy = "B: {Type: AWS::S3::Bucket}\n  P: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref B, \
                      PolicyDocument: {Statement: [{Effect: Deny, Condition: {Bool: {'aws:SecureTransport': false}}}]}}}";
        assert_eq!(codes(policy), Vec::<String>::new());
    }

    #[test]
    fn a_cluster_is_measured() {
        assert_eq!(codes("C: {Type: AWS::ECS::Cluster}"), ["info container-insights Resources/C 2:3"]);
        let set = |value: &str| {
            codes(&format!(
                "C: {{Type: AWS::ECS::Cluster, Properties: {{ClusterSettings: [{{Name: containerInsights, Value: {value}}}]}}}}"
            ))
        };
        assert_eq!(set("enabled"), Vec::<String>::new());
        assert_eq!(set("!Ref V"), Vec::<String>::new());
        assert_eq!(set("disabled").len(), 1);
    }

    #[test]
    fn an_open_load_balancer_has_a_firewall() {
        let balancer =
            "B: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Scheme: internet-facing}}";
        assert_eq!(codes(balancer), ["info load-balancer-firewall Resources/B 2:3"]);
        let both = format!(
            "{balancer}\n  A: {{Type: AWS::WAFv2::WebACLAssociation, Properties: {{ResourceArn: !Ref B, WebACLArn: a}}}}"
        );
        assert_eq!(codes(&both), Vec::<String>::new());
    }
}
