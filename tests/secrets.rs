//! What nobody may see: whatever is printed of a template or a stack, no secret is in it, but where the template itself is
//! what was asked for.

#[cfg(feature = "aws")]
mod deployed;

use asi::world::MemoryFiles;

use crate::support::{Run, asi};

/// What is in each secret, with a number behind it that says which.
const MARK: &str = "Hush";

/// Where secrets stand in templates: resources, of which each is given a number.
const PLACES: &[(&str, &str)] = &[
    (
        "Db",
        "Type: AWS::RDS::DBInstance, Properties: {Engine: postgres, DBInstanceClass: db.t4g.micro, AllocatedStorage: '20', MasterUsername: root, MasterUserPassword: @@}",
    ),
    ("Vault", "Type: AWS::SecretsManager::Secret, Properties: {SecretString: @@}"),
    ("Json", "Type: AWS::SecretsManager::Secret, Properties: {SecretString: '{\"password\": \"@@\"}'}"),
    (
        "Task",
        "Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: web, Image: 'nginx:1', Memory: 512, Environment: [{Name: DB_PASSWORD, Value: @@}]}]}",
    ),
    (
        "Token",
        "Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: web, Image: 'nginx:1', Memory: 512, Environment: [{Name: API_TOKEN, Value: @@}]}]}",
    ),
    (
        "Address",
        "Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: web, Image: 'nginx:1', Memory: 512, Environment: [{Name: DATABASE_URL, Value: 'postgres://shop:@@@db.example.com:5432/shop'}]}]}",
    ),
    (
        "Sub",
        "Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: web, Image: 'nginx:1', Memory: 512, Environment: [{Name: DATABASE_URL, Value: !Sub 'postgres://shop:@@@${Db.Endpoint.Address}/shop'}]}]}",
    ),
    (
        "Join",
        "Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: web, Image: 'nginx:1', Memory: 512, Environment: [{Name: DB_PASSWORD, Value: !Join ['', [@@, !Ref 'AWS::Region']]}]}]}",
    ),
    (
        "Code",
        "Type: AWS::Lambda::Function, Properties: {Code: {ZipFile: x}, Handler: index.handler, Runtime: python3.13, Role: 'arn:aws:iam::111122223333:role/a', Environment: {Variables: {API_KEY: @@}}}",
    ),
    (
        "Choice",
        "Type: AWS::Lambda::Function, Properties: {Code: {ZipFile: x}, Handler: index.handler, Runtime: python3.13, Role: 'arn:aws:iam::111122223333:role/a', Environment: {Variables: {CLIENT_SECRET: !If [C, @@, none]}}}",
    ),
    (
        "Cache",
        "Type: AWS::ElastiCache::ReplicationGroup, Properties: {ReplicationGroupDescription: a, AuthToken: @@}",
    ),
    (
        "Hook",
        "Type: AWS::CodePipeline::Webhook, Properties: {Authentication: GITHUB_HMAC, AuthenticationConfiguration: {SecretToken: @@}, Filters: [{JsonPath: $.ref}], TargetAction: Source, TargetPipeline: shop, TargetPipelineVersion: 1}",
    ),
    ("User", "Type: AWS::IAM::User, Properties: {LoginProfile: {Password: @@}}"),
    (
        "Odd",
        "Type: Custom::Thing, Properties: {ServiceToken: 'arn:aws:lambda:eu-west-1:111122223333:function:a', Passphrase: @@, Credentials: {password: @@}}",
    ),
    (
        "Meta",
        "Type: AWS::SQS::Queue, Metadata: {AWS::CloudFormation::Authentication: {a: {type: basic, username: a, password: @@}}}",
    ),
];

/// A template with a secret at each place; of another `generation`, each is another one.
fn template(generation: &str) -> String {
    let resource = |(at, (id, text)): (usize, &(&str, &str))| {
        format!("  {id}: {{{}}}\n", text.replace("@@", &format!("{MARK}{at}{generation}")))
    };
    let resources: String = PLACES.iter().enumerate().map(resource).collect();
    format!(
        "Parameters:
  Hidden: {{Type: String, NoEcho: true, Default: {MARK}Hidden{generation}}}
  AdminPassword: {{Type: String, Default: {MARK}Admin{generation}}}
  Plain: {{Type: String, Default: shown{generation}}}
Conditions: {{C: !Equals [!Ref Plain, a]}}
Mappings: {{Of: {{prod: {{password: {MARK}Mapping{generation}}}}}}}
Resources:
{resources}  Ref: {{Type: AWS::RDS::DBCluster, Properties: {{Engine: aurora-postgresql, MasterUserPassword: '{{{{resolve:ssm-secure:/shop/{generation}:1}}}}'}}}}
  Shown: {{Type: AWS::SQS::Queue, Properties: {{QueueName: shown{generation}}}}}
Outputs:
  DbPassword: {{Value: {MARK}Output{generation}}}
  Address: {{Value: 'mongodb+srv://a:{MARK}Uri{generation}@example.com'}}
"
    )
}

/// That nothing of a run shows a secret.
#[track_caller]
fn check(what: &str, run: &Run) {
    for text in [&run.out, &run.err] {
        let found: Vec<&str> = text.lines().filter(|it| it.contains(MARK)).collect();
        assert!(found.is_empty(), "{what} shows secrets:\n{}", found.join("\n"));
    }
}

fn files() -> MemoryFiles {
    let (old, new) = (template("Old"), template("New"));
    MemoryFiles::with([
        ("old.yaml", old.as_bytes()),
        ("new.yaml", new.as_bytes()),
        ("empty.yaml", b"Resources: {Q: {Type: AWS::SQS::Queue}}"),
    ])
}

#[test]
fn no_difference_shows_a_secret() {
    for (old, new) in [("old.yaml", "new.yaml"), ("empty.yaml", "new.yaml"), ("old.yaml", "empty.yaml")] {
        for format in ["text", "markdown", "json"] {
            let run = asi(&["diff", old, new, "--all", "--format", format], files());
            check(&format!("diff {format}"), &run);
            assert!(run.out.contains("Shown"), "{}", run.err);
        }
        for format in ["text", "markdown", "html", "json", "sarif"] {
            let run = asi(&["review", old, new, "--all", "--format", format], files());
            check(&format!("review {old} {new} {format}"), &run);
            assert!(format == "sarif" || run.out.contains("Shown"), "{}", run.err);
        }
    }
    let run = asi(&["diff", "old.yaml", "new.yaml"], files());
    for shown in ["shownOld", "shownNew", "{{resolve:ssm-secure:/shop/New:1}}", "****"] {
        assert!(run.out.contains(shown), "{shown} is no secret: {}", run.out);
    }
}

#[test]
fn no_finding_shows_a_secret() {
    for format in ["text", "short", "json", "sarif", "junit", "github"] {
        check(
            &format!("validate {format}"),
            &asi(&["validate", "new.yaml", "--all", "--security", "--format", format], files()),
        );
    }
    check("graph", &asi(&["graph", "-f", "new.yaml"], files()));
}
