//! What the template is as a whole: in which accounts, beside which others, and whether it can be deleted.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{ENVIRONMENTS, actions, balancer, dev, environment, file, project, set, with};
use crate::support::{
    names::fixed_names,
    query::{Query, many, references},
    read, template,
};

#[test]
fn stell_17_environments_share_nothing() {
    let all = ENVIRONMENTS.map(|it| (it, environment(it)));
    for (name, template) in &all {
        let query = Query::new(template);
        for kind in ["AWS::S3::Bucket", "AWS::ECS::Cluster", "AWS::CodePipeline::Pipeline"] {
            assert_eq!(query.of(kind).len(), 1, "{kind} of {name}");
        }
        for (other, another) in all.iter().filter(|it| it.0 != *name) {
            let both: Vec<String> =
                fixed_names(template).intersection(&fixed_names(another)).cloned().collect();
            assert_eq!(both, [""; 0], "{name} and {other}");
        }
    }
    assert!(!fixed_names(&all[0].1).is_empty(), "there is something to compare");
}

/// What a deletion of the stack would fail at, or leave behind.
fn left_behind(template: &Value) -> Vec<String> {
    let query = Query::new(template);
    let mut left = Vec::new();
    for resource in query.resources() {
        let kept = ["DeletionPolicy", "UpdateReplacePolicy"].map(|it| &resource.value[it]);
        if kept.iter().any(|it| *it == "Retain") {
            left.push(format!("{} stays", resource.id));
        }
        let is_full = match resource.kind() {
            "AWS::S3::Bucket" => resource.value["Metadata"]["asi"]["emptyOnDelete"] != true,
            "AWS::ECR::Repository" => *resource.get("EmptyOnDelete") != true,
            _ => false,
        };
        if is_full {
            left.push(format!("{} may not be emptied", resource.id));
        }
        if *resource.get("DeletionProtection") == true {
            left.push(format!("{} refuses to go", resource.id));
        }
        let attributes = ["LoadBalancerAttributes", "TargetGroupAttributes"].map(|it| many(resource.get(it)));
        for attribute in attributes.concat() {
            let number = attribute["Value"].as_str().and_then(|it| it.parse::<u32>().ok());
            match attribute["Key"].as_str().unwrap() {
                "deletion_protection.enabled" if attribute["Value"] == "true" => {
                    left.push(format!("{} refuses to go", resource.id));
                }
                "deregistration_delay.timeout_seconds" if number.is_none_or(|it| it > 60) => {
                    left.push(format!("{} takes long", resource.id));
                }
                _ => (),
            }
        }
    }
    for group in query.of("AWS::ElasticLoadBalancingV2::TargetGroup") {
        let attributes = many(group.get("TargetGroupAttributes"));
        assert!(
            attributes.iter().any(|it| it["Key"] == "deregistration_delay.timeout_seconds"),
            "{}",
            group.id
        );
    }
    left
}

#[test]
fn stell_18_nothing_keeps_the_stack_from_being_deleted() {
    for name in ENVIRONMENTS {
        assert_eq!(left_behind(&environment(name)), [""; 0], "{name}");
    }
    let faults = |old: &str, new: &str| left_behind(&with(&[(old, new)])).join(", ");
    assert!(faults("artifacts: {keep: 30, removal: delete}", "artifacts: 30").contains("ArtifactsBucket"));
    assert!(faults("keep: 30, removal: delete}\n\n  app", "keep: 30}\n\n  app").contains("registry"));
    assert!(faults("logs: {retention: 30, removal: delete}", "logs: 30").contains("LogGroup"));
    let balancer = "balancer: {drain: 5m, deletionProtection: true}";
    let found = faults("    count: 2\n", &format!("    count: 2\n    {balancer}\n"));
    assert!(found.contains("takes long") && found.contains("refuses to go"), "{found}");
}

/// What binds the text of a template to an account, a region or a partition.
fn bound(text: &str) -> Vec<String> {
    let words = text.split(|it: char| !it.is_ascii_alphanumeric() && it != '-');
    let is_id = |word: &str| {
        let id = ["ami-", "vpc-", "subnet-", "sg-"].iter().find_map(|it| word.strip_prefix(it));
        id.is_some_and(|it| it.len() >= 8 && it.bytes().all(|it| it.is_ascii_hexdigit()))
    };
    let is_account = |word: &str| word.len() == 12 && word.bytes().all(|it| it.is_ascii_digit());
    let is_region = |word: &str| word.starts_with("us-west-2");
    let mut found: Vec<String> =
        words.filter(|it| is_id(it) || is_account(it) || is_region(it)).map(str::to_owned).collect();
    for (at, _) in text.match_indices("arn:") {
        let arn: String = text[at..].chars().take(60).collect();
        if !arn.starts_with("arn:${AWS::Partition}:") {
            found.push(arn);
        }
    }
    found
}

#[test]
fn stell_19_it_runs_in_any_account() {
    for name in ENVIRONMENTS {
        assert_eq!(bound(&environment(name).to_string()), [""; 0], "{name}");
    }
    let other = template(&read("examples/alius-simplex/asi.yaml"), &["-e", "staging"]).to_string();
    let found = bound(&other);
    assert!(found.contains(&"111122223333".to_owned()), "{found:?}");
    assert!(found.iter().any(|it| it.starts_with("arn:aws:codeconnections:us-west-2:")), "{found:?}");
    assert_eq!(bound("ami-0123456789abcdef0 vpc-01234567"), ["ami-0123456789abcdef0", "vpc-01234567"]);
}

#[test]
fn stell_20_the_stack_tells_its_url() {
    for name in ENVIRONMENTS {
        let template = environment(name);
        let query = Query::new(&template);
        let outputs = template["Outputs"].as_object().unwrap();
        let expected = format!("http://${{{}.DNSName}}", balancer(&query).id);
        assert_eq!(outputs["FlaskAlbUrl"]["Value"], json!({ "Fn::Sub": expected }));
        assert!(outputs.keys().all(|it| it.bytes().all(|it| it.is_ascii_alphanumeric())));
    }
}

#[test]
fn stell_21_nobody_may_more_than_needed() {
    for name in ENVIRONMENTS {
        let template = environment(name);
        let query = Query::new(&template);
        for role in query.of("AWS::IAM::Role") {
            for action in query.statements(role.id).iter().flat_map(actions) {
                assert!(action != "*" && !action.ends_with(":*"), "{}: {action}", role.id);
            }
        }
        let bucket = query.only("AWS::S3::Bucket");
        let pipeline = query.target(query.only("AWS::CodePipeline::Pipeline").get("RoleArn"));
        let statements = query.statements(pipeline.id);
        for statement in &statements {
            let services: BTreeSet<String> =
                actions(statement).iter().map(|it| it.split(':').next().unwrap().to_owned()).collect();
            assert!(services.len() == 1 && !services.contains("ecs"), "{statement}");
            if services.contains("s3") {
                assert_eq!(references(&statement["Resource"]), set(&[bucket.id]), "{statement}");
            }
        }
        assert!(statements.iter().any(|it| actions(it).contains(&"s3:GetObject".to_owned())));
        let build = query.target(project(&query, "BuildDocker").get("ServiceRole"));
        for action in query.statements(build.id).iter().flat_map(actions) {
            assert!(!action.starts_with("ecs:") && action != "iam:PassRole", "{action}");
        }
    }
}

/// Where two templates differ.
fn differences(old: &Value, new: &Value, path: &str, found: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let [old, new] = [old, new].map(|it| it.get(key).unwrap_or(&Value::Null));
                differences(old, new, &format!("{path}/{key}"), found);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (at, (old, new)) in old.iter().zip(new).enumerate() {
                differences(old, new, &format!("{path}/{at}"), found);
            }
        }
        _ if old == new => (),
        _ => found.push(path.to_owned()),
    }
}

#[test]
fn its_readme_counts_lines_and_resources() {
    let text = file();
    let is_line = |it: &&str| !it.trim_start().starts_with('#') && !it.trim().is_empty();
    let lines = text.lines().filter(is_line).count();
    let [dev, stage, prod] = ENVIRONMENTS.map(|it| Query::new(&environment(it)).resources().len());
    assert_eq!(dev, stage);
    let expected = format!(
        "The {lines} lines of `asi.yaml` that are neither empty nor comments give {dev} resources in `dev` and `stage`, \
         and {prod} in `prod`."
    );
    let readme = read("examples/pipeline-mini-project/README.md");
    assert!(readme.contains(&expected), "{expected}");
}

#[test]
fn a_new_image_tag_changes_the_image_and_nothing_else() {
    let between = |old: &Value, new: &Value| {
        let mut found = Vec::new();
        differences(old, new, "", &mut found);
        found
    };
    let tag = ("nginx:1.29-alpine", "nginx:1.30-alpine");
    assert_eq!(between(&dev(), &with(&[tag])), ["/Parameters/Image/Default"]);

    // Written out, in place of a parameter.
    let literal = |tag: &str| {
        let text = file();
        let (head, rest) = text.split_once("  # What runs until").unwrap();
        let (_, rest) = rest.split_once("  Connection:").unwrap();
        let text = format!("{head}  Connection:{rest}")
            .replace("image: ${param.Image}\n    repository: registry", &format!("image: registry:{tag}"))
            .replace("deploy: {service: app, parameter: Image}", "deploy: app");
        template(&text, &["-e", "dev"])
    };
    let (old, new) = (literal("1.0.0"), literal("1.1.0"));
    let task = Query::new(&old).only("AWS::ECS::TaskDefinition").id.to_owned();
    assert_eq!(
        between(&old, &new),
        [format!("/Resources/{task}/Properties/ContainerDefinitions/0/Image/Fn::Sub")]
    );
}
