//! Reviews of changes to the five systems, as people and programs read them; and what a fingerprint is the same for.

use asi::{
    cli::Exit,
    diff::diff,
    load,
    review::{Approval, Fingerprint, Subject},
    template::Template,
    world::MemoryFiles,
};
use asi_constructs::kernel::span::Sources;
use serde_json::{Map, Value, json};

use crate::support::{Run, asi, files_below, golden, read, template};

/// A change of a system: its name, the system, the environment, and what is written in place of what.
struct Change {
    name: &'static str,
    system: &'static str,
    environment: Option<&'static str>,
    edits: &'static [(&'static str, &'static str)],
}

const fn change(
    name: &'static str,
    system: &'static str,
    environment: Option<&'static str>,
    edits: &'static [(&'static str, &'static str)],
) -> Change {
    Change { name, system, environment, edits }
}

/// A resource beside the constructs, before what an example ends with.
const ALIUS: &str = "outputs:\n  HostName";

const CHANGES: &[Change] = &[
    change(
        "no-change",
        "alius-simplex",
        Some("prod"),
        &[("# A containerized app", "# An app in a container")],
    ),
    change(
        "written-differently",
        "alius-simplex",
        Some("prod"),
        &[(
            "health: {path: /, interval: 30s, timeout: 10s,",
            "health: {timeout: 10s, interval: 30s, path: '/',",
        )],
    ),
    change(
        "data-renamed",
        "alius-simplex",
        Some("prod"),
        &[("{type: Repository, keep: 30}", "{type: Repository, keep: 30, name: testex}")],
    ),
    change(
        "data-removed",
        "pipeline-mini-project",
        Some("prod"),
        &[
            ("artifacts: {keep: 30, removal: delete}", "artifacts: {keep: 30}"),
            (
                "logs: {retention: 30, removal: delete}\n\n  delivery",
                "logs: {retention: 7, removal: delete}\n\n  delivery",
            ),
        ],
    ),
    change("network-replaced", "alius-simplex", Some("prod"), &[("10.77.", "10.78.")]),
    change(
        "allow-list-widened",
        "alius-simplex",
        Some("prod"),
        &[("allow: [203.0.113.10/32]", "allow: [203.0.113.10/32, 198.51.100.0/24]")],
    ),
    change("path-unprotected", "alius-simplex", Some("prod"), &[("paths: [/version]", "paths: [/status]")]),
    change(
        "firewall-removed",
        "alius-simplex",
        Some("prod"),
        &[(
            "  # `/version` answers only to the listed addresses.\n  protection:\n    type: WafWhitelist\n    target: app\n    paths: [/version]\n    allow: [203.0.113.10/32]\n",
            "",
        )],
    ),
    change(
        "port-and-health-check",
        "pipeline-mini-project",
        Some("dev"),
        &[
            ("health: {path: /,", "health: {path: /healthz,"),
            ("cpu: 256\n    memory: 512MB\n    count: 2", "cpu: 512\n    memory: 1GB\n    count: 2"),
        ],
    ),
    change(
        "health-check",
        "pipeline-mini-project",
        Some("dev"),
        &[("health: {path: /,", "health: {path: /healthz,")],
    ),
    change("port", "jubilant-happiness", Some("prod"), &[("port: 5000", "port: 8080")]),
    change("bigger-tasks", "alius-simplex", Some("staging"), &[("cpu: 512", "cpu: 1024")]),
    change(
        "blue-green",
        "pipeline-mini-project",
        Some("prod"),
        &[("cpu: 256\n    memory: 512MB\n    count: 2", "cpu: 512\n    memory: 1GB\n    count: 2")],
    ),
    change(
        "fewer-tasks",
        "alius-simplex",
        Some("prod"),
        &[("count: {min: 2, max: 6}", "count: {min: 1, max: 6}")],
    ),
    change(
        "service-removed",
        "art-service",
        Some("staging"),
        &[
            (
                "      manipulating:\n        <<: *service\n        container: manipulating-data-service\n        image: registries.manipulating:${param.ManipulatingTag}\n        port: 8083\n        behind: {balancer: front, paths: [/manipulating/*], priority: 10}\n",
                "",
            ),
            ("      ManipulatingTag: {default: \"1.0.0\"}\n", ""),
            ("          manipulating: {count: {min: 2, max: 6, cpu: 70%}}\n", ""),
        ],
    ),
    change(
        "open-to-the-world",
        "citrusbyte",
        Some("prod"),
        &[
            ("          CidrIp: 10.0.0.0/8", "          CidrIp: 0.0.0.0/0"),
            ("EndpointPublicAccess: false", "EndpointPublicAccess: true"),
        ],
    ),
    change(
        "permissions-widened",
        "citrusbyte",
        Some("prod"),
        &[
            (
                "Action: [autoscaling:SetDesiredCapacity, autoscaling:TerminateInstanceInAutoScalingGroup]",
                "Action: ['autoscaling:*', 'iam:PassRole', 'iam:PutRolePolicy']",
            ),
            (
                "ManagedPolicyArns: [!Sub 'arn:${AWS::Partition}:iam::aws:policy/AmazonEKSClusterPolicy']",
                "ManagedPolicyArns: [!Sub 'arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess']",
            ),
        ],
    ),
    change(
        "trust-widened",
        "citrusbyte",
        Some("prod"),
        &[(
            "Principal: {Service: eks.amazonaws.com}",
            "Principal: {Service: eks.amazonaws.com, AWS: 'arn:aws:iam::999999999999:root'}",
        )],
    ),
    change(
        "github-trusted",
        "jubilant-happiness",
        Some("github"),
        &[(
            "        repository: MyMirelHub/jubilant-happiness\n        branch: main\n",
            "        repository: MyMirelHub/jubilant-happiness\n        branch: release\n",
        )],
    ),
    change(
        "key-policy",
        "citrusbyte",
        Some("prod"),
        &[(
            "Principal: {AWS: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root'}\n                Action: kms:*",
            "Principal: '*'\n                Action: kms:Decrypt",
        )],
    ),
    change(
        "instances",
        "citrusbyte",
        Some("dev"),
        &[
            ("{default: t2.micro", "{default: t3.small"),
            ("min: 3, max: 12, desired: 6", "min: 3, max: 9, desired: 6"),
        ],
    ),
    change(
        "pipeline-stages",
        "jubilant-happiness",
        Some("prod"),
        &[(
            "      - {name: Promote, promote: main}\n",
            "      - {name: Promote, promote: main}\n      - {name: Approval, approval: {message: Go on}}\n",
        )],
    ),
    change(
        "subscription",
        "jubilant-happiness",
        Some("prod"),
        &[("email: [ops@example.com]", "email: [ops@example.com, cto@example.com]")],
    ),
    change(
        "several-environments",
        "alius-simplex",
        None,
        &[
            ("count: {min: 1, max: 3, cpu: 70%}", "count: {min: 1, max: 4, cpu: 70%}"),
            ("name: www", "name: web"),
        ],
    ),
    change(
        "several-stacks",
        "art-service",
        Some("prod"),
        &[
            ("10.0.0.", "10.1.0."),
            ("10.0.1.", "10.1.1."),
            ("10.0.2.", "10.1.2."),
            ("keepVersions: 90d", "keepVersions: 30d"),
            ("name: art-service-gateway", "name: art-gateway"),
        ],
    ),
    change(
        "secret",
        "alius-simplex",
        Some("prod"),
        &[(
            ALIUS,
            "resources:\n  Database:\n    Type: AWS::RDS::DBInstance\n    Properties: {DBInstanceClass: db.t3.micro, Engine: mysql, AllocatedStorage: '20', MasterUsername: admin, MasterUserPassword: hunter2, StorageEncrypted: true}\n\noutputs:\n  HostName",
        )],
    ),
    change("app-renamed", "alius-simplex", Some("prod"), &[("app: testex", "app: example")]),
];

/// The formats of reviews, and how their files end.
const FORMATS: [(&str, &str); 3] = [("markdown", "md"), ("json", "json"), ("html", "html")];

/// A page without its styles and its script, which are the same in each.
fn without_looks(text: &str) -> String {
    let mut out = text.to_owned();
    for tag in ["style", "script"] {
        let mut from = 0;
        while let Some(start) = out[from..].find(&format!("<{tag}>")).map(|it| from + it + tag.len() + 2) {
            let end = start + out[start..].find(&format!("</{tag}>")).expect("what is opened is closed");
            out.replace_range(start..end, "");
            from = start;
        }
    }
    out
}

/// Both sides of a change, as files.
#[track_caller]
fn sides(change: &Change) -> [String; 2] {
    let old = read(&format!("examples/{}/asi.yaml", change.system));
    let mut new = old.clone();
    for (from, to) in change.edits {
        assert!(new.contains(from), "{}: there is no {from:?}", change.name);
        new = new.replace(from, to);
    }
    [old, new]
}

/// Resources beside the constructs of a system, before and after, and what the review of that is called.
const RESOURCES: &[(&str, &str, &str)] = &[
    (
        "guards-gone",
        "
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      DeletionProtectionEnabled: true
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
  Uploads:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      VersioningConfiguration: {Status: Enabled}
      PublicAccessBlockConfiguration:
        {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}
",
        "
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Delete
    UpdateReplacePolicy: Delete
    Properties:
      BillingMode: PAY_PER_REQUEST
      DeletionProtectionEnabled: false
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
  Uploads:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      VersioningConfiguration: {Status: Suspended}
",
    ),
    (
        "database",
        "
  Data:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Snapshot
    UpdateReplacePolicy: Snapshot
    Properties:
      {DBInstanceClass: db.t3.micro, Engine: mysql, AllocatedStorage: '20', StorageEncrypted: true, MultiAZ: true,
       ManageMasterUserPassword: true, MasterUsername: root, BackupRetentionPeriod: 7, DeletionProtection: true}
  Old: {Type: AWS::SQS::Queue, DeletionPolicy: Delete, UpdateReplacePolicy: Delete}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties: {ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, MetricName: CPUUtilization, Namespace: AWS/RDS, Period: 60, Statistic: Average, Threshold: 90}
",
        "
  Data:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Snapshot
    UpdateReplacePolicy: Snapshot
    Properties:
      {DBInstanceClass: db.t3.small, Engine: mysql, AllocatedStorage: '20', StorageEncrypted: true, MultiAZ: false,
       ManageMasterUserPassword: true, MasterUsername: root, BackupRetentionPeriod: 1, DeletionProtection: true,
       PubliclyAccessible: true}
",
    ),
    (
        "secret-changed",
        "
  Web:
    Type: AWS::Lambda::Function
    Properties:
      {Handler: a.b, Runtime: python3.13, Role: 'arn:aws:iam::111122223333:role/a', Code: {ZipFile: pass},
       Environment: {Variables: {API_KEY: hunter2, MODE: a}}}
",
        "
  Web:
    Type: AWS::Lambda::Function
    Properties:
      {Handler: a.b, Runtime: python3.13, Role: 'arn:aws:iam::111122223333:role/a', Code: {ZipFile: pass},
       Environment: {Variables: {API_KEY: hunter3, MODE: b}}}
",
    ),
    (
        "perhaps-replaced",
        "
  Site: {Type: Acme::Web::Site, Properties: {Name: a}}
  Stream: {Type: AWS::ElastiCache::ServerlessCache, Properties: {Engine: redis, ServerlessCacheName: a, MajorEngineVersion: '7'}}
",
        "
  Site: {Type: Acme::Web::Site, Properties: {Name: b}}
  Stream: {Type: AWS::ElastiCache::ServerlessCache, Properties: {Engine: valkey, ServerlessCacheName: a, MajorEngineVersion: '8'}}
",
    ),
];

fn review(old: &str, new: &str, environment: Option<&str>, options: &[&str]) -> Run {
    let files = MemoryFiles::with([("old.yaml", old.as_bytes()), ("asi.yaml", new.as_bytes())]);
    let environment: Vec<&str> = environment.into_iter().flat_map(|it| ["-e", it]).collect();
    asi(&[&["review", "old.yaml", "asi.yaml"], environment.as_slice(), options].concat(), files)
}

#[test]
fn each_change_is_reviewed() {
    for change in CHANGES {
        let [old, new] = sides(change);
        for (format, ending) in FORMATS {
            let run = review(&old, &new, change.environment, &["--format", format]);
            assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""), "{}", change.name);
            golden(&format!("review/{}.{ending}", change.name), &without_looks(&run.out));
        }
    }
}

/// What a review prints; nothing may be wrong with it.
#[track_caller]
fn reviewed(files: &[(&str, &str)], arguments: &[&str]) -> String {
    let files = MemoryFiles::with(files.iter().map(|(name, text)| (*name, text.as_bytes())));
    let run = asi(arguments, files);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""), "{arguments:?}");
    run.out
}

#[test]
fn resources_beside_the_constructs_are_reviewed_too() {
    let base = read("examples/pipeline-mini-project/asi.yaml");
    let with = |resources: &str| base.replace("outputs:\n", &format!("resources:{resources}\noutputs:\n"));
    for (name, old, new) in RESOURCES {
        for (format, ending) in FORMATS {
            let run = review(&with(old), &with(new), Some("prod"), &["--format", format]);
            assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""), "{name}");
            assert!(!run.out.contains("hunter"), "{name} tells a secret: {}", run.out);
            golden(&format!("review/{name}.{ending}"), &without_looks(&run.out));
        }
    }
}

#[test]
fn stacks_that_come_and_go_are_reviewed() {
    let whole = read("examples/citrusbyte/asi.yaml");
    let start = whole.find("  # The second version, without instances").unwrap();
    let end = whole.find("  # The second version as its authors ran it").unwrap();
    let without = whole[..start].to_owned()
        + &whole[end..].replace("      appv2: {constructs: {site: {name: cbv2-dev}}}\n", "");
    let without = without.replace(
        "      appv2:\n        constructs:\n          web:\n            https: {domain: cbv2.example.com, zone: {name: example.com, id: Z0123456789ABCDEFGHIJ}}\n",
        "",
    );
    for (name, old, new) in [("first-deployment", &without, &whole), ("deletion", &whole, &without)] {
        for (format, ending) in FORMATS {
            let text = reviewed(
                &[("old.yaml", old), ("asi.yaml", new)],
                &["review", "old.yaml", "asi.yaml", "-e", "dev", "--format", format],
            );
            golden(&format!("review/{name}.{ending}"), &without_looks(&text));
        }
    }
}

#[test]
fn many_changes_are_cut_and_counted() {
    let queues = |delay: u32| -> String {
        let queue = |at: u32| {
            format!(
                "  Q{at}: {{Type: AWS::SQS::Queue, Properties: {{DelaySeconds: {delay}, FifoQueue: {}}}}}\n",
                !at.is_multiple_of(3)
            )
        };
        (0..300).map(queue).collect::<String>()
    };
    let old = format!("Resources:\n{}", queues(1));
    let new = format!("Resources:\n{}", queues(2).replace("FifoQueue: false", "FifoQueue: true"));
    let text = reviewed(
        &[("old.yaml", &old), ("new.yaml", &new)],
        &["review", "old.yaml", "new.yaml", "--format", "markdown"],
    );
    assert!(text.len() <= 65_000, "{}", text.len());
    golden("review/many-changes.md", &text);
}

#[test]
fn nested_stacks_are_reviewed_with_their_parents() {
    let manifest = r#"{"version": "36.0.0", "artifacts": {"Shop": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "Shop.template.json"}}}}"#;
    let parent = r#"{"Resources": {"Data": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "x"}, "Metadata": {"aws:asset:path": "Data.nested.template.json"}}}}"#;
    let nested = |keys: &str| {
        format!(
            r#"{{"Resources": {{"Table": {{"Type": "AWS::DynamoDB::Table", "Properties": {{"KeySchema": [{{"AttributeName": "{keys}", "KeyType": "HASH"}}]}}}}}}}}"#
        )
    };
    let files = [
        ("old/manifest.json", manifest),
        ("old/Shop.template.json", parent),
        ("old/Data.nested.template.json", &nested("a")),
        ("new/manifest.json", manifest),
        ("new/Shop.template.json", parent),
        ("new/Data.nested.template.json", &nested("b")),
    ];
    let text = reviewed(&files, &["review", "old", "new", "--format", "markdown"]);
    golden("review/nested.md", &text);
}

fn parsed(value: &Value) -> Template {
    let (node, faults) = load::template(&value.to_string(), "t.json", &mut Sources::default());
    assert_eq!(faults, []);
    Template::new(node.unwrap())
}

/// The identity of a change of a stack; nothing, if nothing changes.
fn fingerprint(old: &Value, new: &Value) -> Option<Fingerprint> {
    let templates = [parsed(old), parsed(new)];
    let diff = diff(&templates[0], &templates[1]);
    let subject = Subject {
        diff: &diff,
        templates: [&templates[0], &templates[1]],
        is_new: false,
        account: None,
        renamed_from: None,
        observed: &[],
        tags: &[],
        drifted: &[],
    };
    Fingerprint::new(&["shop"], &subject, &[])
}

/// The same in another order, wherever order means nothing.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.iter().rev().map(|(key, it)| (key.clone(), reversed(it))).collect())
        }
        Value::Array(items) => items.iter().map(reversed).collect(),
        other => other.clone(),
    }
}

/// Each text in the properties of a resource, one after the other with another one in its place.
fn mutations(properties: &Value) -> Vec<Value> {
    match properties {
        Value::String(text) => vec![json!(format!("{text}x"))],
        Value::Number(number) => vec![json!(number.as_i64().unwrap_or_default() + 1)],
        Value::Bool(it) => vec![json!(!it)],
        Value::Array(items) => {
            let each = items.iter().enumerate().flat_map(|(at, it)| {
                let with = move |new: Value| {
                    let mut items = items.clone();
                    items[at] = new;
                    Value::Array(items)
                };
                mutations(it).into_iter().map(with)
            });
            each.collect()
        }
        Value::Object(map) => {
            let is_function = |key: &str| key == "Ref" || key.starts_with("Fn::");
            let each = map.iter().filter(|(key, _)| !is_function(key)).flat_map(|(key, it)| {
                let with = move |new: Value| {
                    let mut map: Map<String, Value> = map.clone();
                    map[key] = new;
                    Value::Object(map)
                };
                mutations(it).into_iter().map(with)
            });
            each.collect()
        }
        Value::Null => Vec::new(),
    }
}

/// The templates of the examples, of the first stack each.
fn examples() -> Vec<Value> {
    let files = files_below("examples").into_iter().filter(|it| it.ends_with("asi.yaml"));
    let each = files.flat_map(|file| {
        let text = read(&file);
        let listed = asi(&["ls"], MemoryFiles::with([("asi.yaml", text.as_bytes())])).out;
        listed.lines().take(1).map(|stack| template(&text, &[stack])).collect::<Vec<_>>()
    });
    each.collect()
}

#[test]
fn a_fingerprint_does_not_depend_on_how_templates_are_written() {
    for old in examples() {
        assert_eq!(fingerprint(&old, &reversed(&old)), None, "nothing changes");
        let mut new = old.clone();
        let resources = new["Resources"].as_object_mut().unwrap();
        for (_, it) in resources.iter_mut().step_by(3) {
            it["Properties"] = mutations(&it["Properties"]).pop().unwrap_or_else(|| it["Properties"].clone());
        }
        let last = resources.keys().next_back().cloned().unwrap();
        resources.remove(&last);
        let found = fingerprint(&old, &new).expect("they differ");
        assert_eq!(found.text(), fingerprint(&old, &new).unwrap().text(), "twice");
        let other = fingerprint(&reversed(&old), &reversed(&new)).unwrap();
        assert_eq!(found.text(), other.text(), "in another order");
        let read = Fingerprint::read(&found.text()).expect("it reads what it writes");
        assert_eq!(found.approval(&read), Approval::Given);
    }
}

#[test]
fn another_meaning_has_another_fingerprint() {
    let mut compared = 0;
    for template in examples() {
        let resources = template["Resources"].as_object().unwrap();
        let mut seen: Vec<(String, String)> = Vec::new();
        for (id, resource) in resources {
            for properties in mutations(&resource["Properties"]).into_iter().take(3) {
                let mut new = template.clone();
                new["Resources"][id]["Properties"] = properties.clone();
                let Some(found) = fingerprint(&template, &new) else { continue };
                let place = format!("{id} {properties}");
                let same = seen.iter().find(|(_, it)| *it == found.text());
                assert!(same.is_none(), "{place} has the fingerprint of {same:?}");
                seen.push((place, found.text()));
                compared += 1;
            }
        }
    }
    assert!(compared > 200, "{compared} changes");
}
