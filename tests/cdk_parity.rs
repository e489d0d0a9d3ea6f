//! Would the CDK say the same? Its stored output, compared with ours; every difference has its reason.

use std::collections::BTreeSet;

use crate::support::{read, template};
use asi_constructs::kernel::id::{LogicalId, construct_id};
use serde_json::{Map, Value, json};

/// A stack of the CDK's app in `snapshots/cdk/app.js`, as a stack file with its constructs named as there, and all
/// that is not the same, each with its reason. `*` stands for any part of an id.
struct Scenario {
    /// The CDK's name of the stack.
    name: &'static str,
    /// The constructs of the stack file.
    constructs: &'static str,
    /// Resources of the CDK that we do not make.
    not_made: &'static [(&'static str, &'static str)],
    /// Resources that we make, and the CDK does not.
    made: &'static [(&'static str, &'static str)],
    /// Attributes and properties that differ from the CDK's.
    different: &'static [(&'static str, &'static str)],
}

const WEB: Scenario = Scenario {
    name: "Web",
    constructs: r"
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
",
    not_made: &[
        (
            "VpcRestrictDefaultSecurityGroupCustomResourceC73DA2BE",
            "emptying the default security group takes a Lambda function; nothing here uses that group",
        ),
        ("CustomVpcRestrictDefaultSGCustomResourceProviderRole26592FE0", "the role of that function"),
        ("CustomVpcRestrictDefaultSGCustomResourceProviderHandlerDC833E5E", "that function"),
    ],
    made: &[],
    different: &[
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
        (
            "ServiceLBPublicListenerECSGroup0CC8688C/Properties.*ThresholdCount",
            "the health check is explicit",
        ),
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
    ],
};

const PIPE: Scenario = Scenario {
    name: "Pipe",
    constructs: r"
  Vpc: {type: Network, zones: [us-east-1a, us-east-1b]}
  Cluster: {type: Cluster}
  Repo: {type: Repository}
  Service: {type: FargateService, network: Vpc, cluster: Cluster, image: 'Repo:1', port: 80}
  Pipeline:
    type: Pipeline
    source:
      github: acme/app
      connection: arn:aws:codeconnections:us-east-1:111122223333:connection/11111111-2222-3333-4444-555555555555
    deploy: {service: Service, timeout: 30m}
",
    not_made: &[
        ("ProjectRole4CCB274E", "the project is below the pipeline"),
        ("ProjectRoleDefaultPolicy7F29461B", "the project is below the pipeline"),
        ("ProjectC78D97AD", "the project is below the pipeline"),
    ],
    made: &[
        ("Vpc*", "the CDK's app has it in another stack"),
        ("Cluster*", "the CDK's app has it in another stack"),
        ("Service*", "the CDK's app has it in another stack"),
        ("Repo*", "the image that is built goes to a repository; the CDK's app pushes none"),
        (
            "PipelineProject*",
            "the project is below the pipeline, and its logs are kept for a time, not for ever",
        ),
    ],
    different: &[
        (
            "PipelineArtifactsBucket22248F97/Properties.BucketEncryption",
            "a bucket key saves most calls of KMS",
        ),
        ("PipelineArtifactsBucket22248F97/Properties.LifecycleConfiguration", "artifacts go after a time"),
        (
            "PipelineRoleDefaultPolicyC7A05455/Properties.PolicyDocument",
            "the actions on the bucket are those CodePipeline takes, without `*`",
        ),
        (
            "PipelineC660917D/Properties.Stages",
            "the project is below the pipeline, and the file the deployment reads is named",
        ),
        (
            "PipelineC660917D/DependsOn",
            "a pipeline runs as soon as it is there: all its policies come before it",
        ),
        (
            "PipelineSourceGitHubCodePipelineActionRoleDefaultPolicy3EDC09EF/Properties.PolicyDocument",
            "`UseConnection` has two names, and newer connections know the other; the actions on the bucket are exact",
        ),
        (
            "PipelineBuildCodePipelineActionRoleDefaultPolicyC9CB73F8/Properties.PolicyDocument",
            "the project is below the pipeline",
        ),
        (
            "PipelineDeployECSCodePipelineActionRoleDefaultPolicy452FD29F/Properties.PolicyDocument",
            "the role changes this service alone, and passes its tasks' two roles alone; the actions on the bucket are exact",
        ),
    ],
};

const DNS: Scenario = Scenario {
    name: "Dns",
    constructs: r"
  Vpc: {type: Network, zones: [us-east-1a, us-east-1b]}
  Cluster: {type: Cluster}
  Service: {type: FargateService, network: Vpc, cluster: Cluster, image: 'public.ecr.aws/nginx/nginx:stable', port: 80}
  Alias: {type: Subdomain, zone: {name: example.com, id: Z0123456789ABCDEFGHIJ}, name: app, target: Service}
",
    not_made: &[],
    made: &[
        ("Vpc*", "the CDK's app has it in another stack"),
        ("Cluster*", "the CDK's app has it in another stack"),
        ("Service*", "the CDK's app has it in another stack"),
    ],
    different: &[],
};

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
    check(&WEB);
}

#[test]
fn a_pipeline_to_a_service_has_the_cdks_resources() {
    check(&PIPE);
}

#[test]
fn a_name_for_a_load_balancer_has_the_cdks_resources() {
    check(&DNS);
}

#[test]
fn references_are_compared_however_they_are_written() {
    let join = json!({ "Fn::Join": ["", ["a-", { "Fn::GetAtt": ["B", "C.D"] }, "/${e}", { "Ref": "F" }]] });
    assert_eq!(in_one_form(&join), in_one_form(&json!({ "Fn::Sub": "a-${B.C.D}/${!e}${F}" })));
    assert_ne!(in_one_form(&join), in_one_form(&json!({ "Fn::Sub": "a-${B.C.D}/${e}${F}" })));
    let output = json!({ "Fn::GetStackOutput": { "StackName": "Web", "OutputName": "PublishOutputFnGetAttBC12345678" } });
    assert_eq!(in_one_form(&output), in_one_form(&json!({ "Fn::GetAtt": ["B", "C"] })));
    assert_ne!(in_one_form(&output), in_one_form(&json!({ "Fn::GetAtt": ["B", "D"] })));
}

#[track_caller]
fn check(scenario: &Scenario) {
    let theirs: Value =
        serde_json::from_str(&read(&format!("snapshots/cdk/{}.template.json", scenario.name))).unwrap();
    let ours = template(&format!("app: {}\nconstructs:{}", scenario.name, scenario.constructs), &[]);
    let (theirs, ours) = (theirs["Resources"].as_object().unwrap(), ours["Resources"].as_object().unwrap());
    let mut different = BTreeSet::new();
    for (id, theirs) in theirs {
        if let Some(ours) = ours.get(id) {
            assert_eq!(theirs["Type"], ours["Type"], "{id}");
            let found = differences(&in_one_form(theirs), &in_one_form(ours));
            different.extend(found.into_iter().map(|it| format!("{id}/{it}")));
        }
    }
    let only = |these: &Map<String, Value>, those: &Map<String, Value>| -> BTreeSet<String> {
        these.keys().filter(|it| !those.contains_key(*it)).cloned().collect()
    };
    each_has_its_reason("resources of the CDK that are not made", &only(theirs, ours), scenario.not_made);
    each_has_its_reason("resources the CDK does not make", &only(ours, theirs), scenario.made);
    each_has_its_reason("differences", &different, scenario.different);
    let order = |these: &Map<String, Value>, those: &Map<String, Value>| -> Vec<String> {
        these.keys().filter(|it| those.contains_key(*it)).cloned().collect()
    };
    assert_eq!(order(ours, theirs), order(theirs, ours), "the order of the tree");
}

#[track_caller]
fn each_has_its_reason(what: &str, found: &BTreeSet<String>, reasons: &[(&str, &str)]) {
    let unlisted: Vec<&String> =
        found.iter().filter(|it| !reasons.iter().any(|(pattern, _)| matches(pattern, it))).collect();
    assert!(unlisted.is_empty(), "{what}, without a reason: {unlisted:#?}");
    let unused: Vec<&str> = reasons
        .iter()
        .map(|(pattern, _)| *pattern)
        .filter(|pattern| !found.iter().any(|it| matches(pattern, it)))
        .collect();
    assert!(unused.is_empty(), "{what}: reasons for nothing: {unused:#?}");
}

/// A value in which everything that refers to something is written in one way, with the same meaning.
fn in_one_form(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(in_one_form).collect(),
        Value::Object(map) => match text(value) {
            Some(text) => json!({ "Fn::Sub": text }),
            None => Value::Object(map.iter().map(|(key, it)| (key.clone(), in_one_form(it))).collect()),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Text that refers to something, as `Fn::Sub` takes it, but `${IdAttribute}` for an attribute: so the CDK names
/// the outputs by which one of its stacks refers to another, with a hash at the end.
fn text(value: &Value) -> Option<String> {
    let (name, inner) = value.as_object().filter(|it| it.len() == 1)?.iter().next()?;
    let reference = |it: &str| format!("${{{}}}", it.replace('.', ""));
    match name.as_str() {
        "Ref" => inner.as_str().map(reference),
        "Fn::GetAtt" => Some(reference(&format!("{}{}", inner[0].as_str()?, inner[1].as_str()?))),
        "Fn::GetStackOutput" => {
            let name = inner["OutputName"].as_str()?.strip_prefix("PublishOutput")?;
            let name = name.strip_prefix("FnGetAtt").or_else(|| name.strip_prefix("Ref"))?;
            Some(reference(&name[..name.len().checked_sub(8)?]))
        }
        "Fn::Sub" => {
            let mut parts = inner.as_str()?.split("${");
            let mut text = parts.next()?.to_owned();
            for part in parts {
                let (name, rest) = part.split_once('}')?;
                let name = if name.starts_with('!') { name.to_owned() } else { name.replace('.', "") };
                text.push_str(&format!("${{{name}}}{rest}"));
            }
            Some(text)
        }
        "Fn::Join" if inner[0] == "" => {
            let part = |it: &Value| it.as_str().map(|it| it.replace("${", "${!")).or_else(|| text(it));
            inner[1].as_array()?.iter().map(part).collect()
        }
        _ => None,
    }
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
