//! Would the CDK say the same? Its stored output, compared with ours; every difference has its reason.

use std::collections::BTreeSet;

use crate::support::{read, template};
use asi_constructs::kernel::id::{LogicalId, construct_id};
use serde_json::Value;

/// The CDK's app of `snapshots/cdk/app.js` as a stack file: its constructs, named as there.
const WEB: &str = r"
app: Web
constructs:
  Vpc: {type: Network, zones: [us-east-1a, us-east-1b]}
  Cluster: {type: Cluster}
  Service:
    type: FargateService
    network: Vpc
    cluster: Cluster
    image: public.ecr.aws/nginx/nginx:stable
    port: 80
    cpu: 256
    memory: 512MB
    count: 2
    variables: {STAGE: prod}
";

/// Resources of the CDK that we do not make, and why.
const NOT_MADE: &[(&str, &str)] = &[
    (
        "VpcRestrictDefaultSecurityGroupCustomResourceC73DA2BE",
        "emptying the default security group takes a Lambda function; nothing here uses that group",
    ),
    ("CustomVpcRestrictDefaultSGCustomResourceProviderRole26592FE0", "the role of that function"),
    ("CustomVpcRestrictDefaultSGCustomResourceProviderHandlerDC833E5E", "that function"),
];

/// Properties that differ from the CDK's, and why. `*` stands for any part of an id.
const DIFFERENT: &[(&str, &str)] = &[
    ("Vpc*EIP*/DependsOn", "an address waits for the gateway's attachment, or a deletion may fail"),
    (
        "ClusterEB0386A7/Properties",
        "a cluster can run Fargate and Fargate Spot tasks, and a task that does not say runs on Fargate",
    ),
    (
        "ServiceLBE9A1ADBC/Properties.LoadBalancerAttributes",
        "malformed headers are dropped, and the idle timeout is explicit",
    ),
    ("ServiceLBPublicListenerECSGroup0CC8688C/Properties.HealthCheck*", "the health check is explicit"),
    ("ServiceLBPublicListenerECSGroup0CC8688C/Properties.*ThresholdCount", "the health check is explicit"),
    ("ServiceLBPublicListenerECSGroup0CC8688C/Properties.Matcher", "the health check is explicit"),
    (
        "ServiceLBPublicListenerECSGroup0CC8688C/Properties.TargetGroupAttributes",
        "a deployment waits 30 seconds for old tasks, not 300",
    ),
    (
        "ServiceTaskDef1922A00F/Properties.ContainerDefinitions",
        "the region of the logs is a pseudo parameter",
    ),
    (
        "ServiceTaskDef1922A00F/Properties.RuntimePlatform",
        "the platform is explicit, so that another architecture is one word away",
    ),
    ("ServiceTaskDefwebLogGroup2A898F61/Properties", "logs are kept for a time, not for ever"),
    (
        "Service9571FDD8/Properties.DeploymentConfiguration",
        "a failing deployment rolls back, and no task stops before its successor is healthy",
    ),
    (
        "Service9571FDD8/Properties.EnableECSManagedTags",
        "tasks carry the tags of their service, so that costs can be told apart",
    ),
    (
        "Service9571FDD8/Properties.PropagateTags",
        "tasks carry the tags of their service, so that costs can be told apart",
    ),
    (
        "Service9571FDD8/DependsOn",
        "the listener waits for its target group itself; what the tasks need to start comes first",
    ),
    ("ServiceSecurityGroup*/DependsOn", "a security group needs no role"),
];

#[test]
fn every_logical_id_is_the_cdks() {
    let pairs: Value = serde_json::from_str(&read("snapshots/cdk/logical-ids.json")).unwrap();
    let pairs = pairs.as_array().unwrap();
    for pair in pairs {
        let path = pair["path"].as_str().unwrap();
        // One path holds quoted text with no slash in it; all others are plain.
        let id = LogicalId::for_path(path.split('/')).unwrap();
        assert_eq!(id.as_str(), pair["logicalId"].as_str().unwrap(), "{path}");
    }
    assert_eq!(pairs.len(), 31);
}

#[test]
fn a_slash_in_an_id_is_written_as_two_dashes() {
    assert_eq!(construct_id("with/slash"), "with--slash");
}

#[test]
fn a_service_in_a_network_has_the_cdks_resources() {
    let theirs: Value = serde_json::from_str(&read("snapshots/cdk/Web.template.json")).unwrap();
    let ours = template(WEB, &[]);
    let (theirs, ours) = (theirs["Resources"].as_object().unwrap(), ours["Resources"].as_object().unwrap());
    let mut not_made = BTreeSet::new();
    let mut different = BTreeSet::new();
    for (id, theirs) in theirs {
        match ours.get(id) {
            None => drop(not_made.insert(id.clone())),
            Some(ours) => {
                assert_eq!(theirs["Type"], ours["Type"], "{id}");
                different.extend(differences(theirs, ours).into_iter().map(|it| format!("{id}/{it}")));
            }
        }
    }
    let listed: BTreeSet<String> = NOT_MADE.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(not_made, listed);
    let unlisted: Vec<&String> =
        different.iter().filter(|it| !DIFFERENT.iter().any(|(pattern, _)| matches(pattern, it))).collect();
    assert!(unlisted.is_empty(), "differences without a reason: {unlisted:#?}");
    let unused: Vec<&str> = DIFFERENT
        .iter()
        .map(|(pattern, _)| *pattern)
        .filter(|it| !different.iter().any(|found| matches(it, found)))
        .collect();
    assert!(unused.is_empty(), "reasons without a difference: {unused:#?}");
    let order = |of: &serde_json::Map<String, Value>, also: &serde_json::Map<String, Value>| -> Vec<String> {
        of.keys().filter(|it| also.contains_key(*it)).cloned().collect()
    };
    assert_eq!(order(ours, theirs), order(theirs, ours), "the order of the tree");
    let more: Vec<&String> = ours.keys().filter(|it| !theirs.contains_key(*it)).collect();
    assert!(more.is_empty(), "resources the CDK does not make: {more:?}");
}

/// The attributes, and the properties, in which two resources differ.
fn differences(theirs: &Value, ours: &Value) -> Vec<String> {
    let keys = |a: &Value, b: &Value| -> BTreeSet<String> {
        [a, b].into_iter().filter_map(Value::as_object).flat_map(|it| it.keys().cloned()).collect()
    };
    let mut found = Vec::new();
    for key in keys(theirs, ours) {
        let (theirs, ours) = (&theirs[&key], &ours[&key]);
        if key == "Metadata" || theirs == ours {
            continue;
        }
        if key == "Properties" && theirs.is_object() && ours.is_object() {
            found.extend(
                keys(theirs, ours)
                    .into_iter()
                    .filter(|it| theirs[it] != ours[it])
                    .map(|it| format!("Properties.{it}")),
            );
        } else {
            found.push(key);
        }
    }
    found
}

/// Whether `text` is as `pattern` says, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
