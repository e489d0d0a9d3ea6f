//! The same of stacks that are deployed, against the model of CloudFormation.

use asi::{
    cli::Exit,
    world::{MemoryFiles, World},
};

use super::{MARK, check};
use crate::support::{
    Run, access,
    cloudformation::{Drift, On, Server},
    run, world,
};

/// A stack with secrets of this generation in all that CloudFormation knows of it.
fn stack(generation: &str) -> String {
    format!(
        "\
app: shop
region: us-east-1
parameters:
  Hidden: {{type: String, noEcho: true, default: {MARK}Hidden{generation}}}
  AdminPassword: {{type: String, default: {MARK}Admin{generation}}}
  Given: {{type: String, noEcho: true}}
resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
      - {{Name: web, Image: 'nginx:1', Memory: 512, Environment: [{{Name: DB_PASSWORD, Value: {MARK}{generation}}}]}}
  Queue: {{Type: AWS::SQS::Queue, Properties: {{QueueName: !Ref Hidden}}}}
  Two: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: !Ref AdminPassword}}}}
  Three: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: !Ref Given}}}}
  Vault: {{Type: AWS::SecretsManager::Secret, Properties: {{SecretString: {MARK}{generation}}}}}
outputs:
  Address: {{value: 'postgres://a:{MARK}{generation}@example.com'}}
  DbPassword: {{value: {MARK}{generation}}}
"
    )
}

fn asi(server: &Server, generation: &str, arguments: &[&str]) -> Run {
    let files = MemoryFiles::with([("asi.yaml", stack(generation).as_bytes())]);
    run(arguments, &World { access: access(&server.url()), ..world(files) })
}

#[test]
fn no_word_about_a_stack_shows_a_secret() {
    let server = Server::start();
    let given = |generation: &str| format!("Given={MARK}Given{generation}");
    let admin = |generation: &str| format!("AdminPassword={MARK}Typed{generation}");
    let (first, second, typed) = (given("Old"), given("New"), admin("New"));
    let commands: [(&str, &[&str]); 12] = [
        ("Old", &["deploy", "--yes", "--parameter", &first]),
        ("Old", &["status"]),
        ("Old", &["status", "--format", "json"]),
        ("Old", &["outputs"]),
        ("New", &["diff", "--parameter", &second, "--parameter", &typed]),
        (
            "New",
            &[
                "diff",
                "--method",
                "change-set",
                "--format",
                "json",
                "--parameter",
                &second,
                "--parameter",
                &typed,
            ],
        ),
        ("New", &["review", "--parameter", &second, "--parameter", &typed, "--all"]),
        ("New", &["review", "--format", "html", "--parameter", &second, "--parameter", &typed]),
        ("New", &["review", "--format", "json"]),
        ("New", &["import", "--resource", "Vault=arn", "--resource", "Task=arn", "--resource", "Queue=a"]),
        ("New", &["deploy", "--parameter", &second, "--parameter", &typed]),
        ("New", &["deploy", "--yes", "--parameter", &second, "--parameter", &typed]),
    ];
    for (generation, arguments) in commands {
        let run = asi(&server, generation, arguments);
        assert!(!run.out.is_empty() || !run.err.is_empty(), "{arguments:?}");
        check(&arguments.join(" ").replace(MARK, ""), &run);
    }
    assert_eq!(server.home(|it| it.stack("shop").unwrap().status.clone()), "UPDATE_COMPLETE");
}

#[test]
fn neither_drift_nor_a_failure_shows_a_secret() {
    let server = Server::start();
    let given = format!("Given={MARK}Given");
    let arguments = ["deploy", "--yes", "--parameter", &given];
    server.home(|it| it.fails("Vault", On::Create, "the service says no"));
    let failed = asi(&server, "Old", &arguments);
    assert_eq!(failed.exit, Exit::No, "{}", failed.err);
    check("a failure", &failed);
    server.home(|it| it.heal("Vault"));
    check("a second deployment", &asi(&server, "Old", &arguments));
    let values = |path: &str, was: &str, is: &str| [path.to_owned(), was.to_owned(), is.to_owned()];
    let (old, new) = (format!("{MARK}Old"), format!("{MARK}New"));
    let environment = |it: &str| format!("[{{\"Name\":\"DB_PASSWORD\",\"Value\":\"{it}\"}}]");
    server.home(|it| {
        let differences = vec![
            values("/ContainerDefinitions/0/Environment/0/Value", &old, &new),
            values("/ContainerDefinitions/0/Environment", &environment(&old), &environment(&new)),
            values("/Memory", "512", "1024"),
        ];
        it.drifts("shop", "Task", Drift::Modified(differences));
        it.drifts("shop", "Vault", Drift::Modified(vec![values("/SecretString", &old, &new)]));
    });
    let drift = asi(&server, "Old", &["drift"]);
    check("drift", &drift);
    assert!(drift.out.contains("****") && drift.out.contains("1024"), "{} {}", drift.out, drift.err);
}
