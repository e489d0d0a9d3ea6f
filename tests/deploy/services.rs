//! Services of ECS that do not come up: what stopped their tasks is told under what failed, however much ECS says.

use serde_json::{Value, json};

use super::{Fault, Server, Story, codes, on};
use crate::support::{
    cloudformation::{Account, On},
    golden,
};
use asi::cli::Exit;

/// A service beside what it needs; its container is written in two places.
const WEB: &str = "\
app: shop
region: us-east-1
resources:
  Cluster: {Type: AWS::ECS::Cluster}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Memory: '512'
      ContainerDefinitions:
        - Name: web
          Image: shop:2
          Command: [serve]
  Web:
    Type: AWS::ECS::Service
    Properties: {Cluster: !Ref Cluster, TaskDefinition: !Ref Task, DesiredCount: 1}
";

/// When the tasks stopped, in seconds since 1970 began: a while after everything else that happens in these tests.
const LATER: f64 = 1_767_229_300.5;

/// What CloudFormation says of every service that does not come up.
const BREAKER: &str = "Resource handler returned message: \"Error occurred during operation 'ECS Deployment Circuit \
                       Breaker was triggered'.\" (HandlerErrorCode: GeneralServiceException)";

/// A task that stopped.
fn task(code: &str, reason: &str, container: &Value) -> Value {
    json!({ "stopCode": code, "stoppedReason": reason, "stoppedAt": LATER, "containers": [container] })
}

/// A server on which the service fails, whose tasks stopped so, and of which ECS says these sentences.
fn failing(tasks: &[Value], events: &[&str]) -> Server {
    let server = Server::start();
    server.home(|it| {
        it.fails("Web", On::Create, BREAKER);
        say(it, tasks, events);
    });
    server
}

fn say(account: &mut Account, tasks: &[Value], events: &[&str]) {
    let events: Vec<Value> =
        events.iter().rev().map(|it| json!({ "createdAt": LATER, "message": it })).collect();
    let rollout = json!({ "rolloutState": "FAILED", "rolloutStateReason": "ECS deployment circuit breaker: tasks failed to start." });
    let service = json!({ "serviceName": "shop-Web-1", "events": events, "deployments": [rollout] });
    let arns: Vec<String> = (0..tasks.len()).map(|it| format!("arn:aws:ecs:::task/{it}")).collect();
    for (action, answer) in [
        ("DescribeServices", json!({ "services": [service] })),
        ("ListTasks", json!({ "taskArns": arns })),
        ("DescribeTasks", json!({ "tasks": tasks })),
    ] {
        account.ecs.insert(action.to_owned(), [answer].into());
    }
}

#[test]
fn what_stopped_tasks_is_told_with_its_line_and_what_to_do() {
    let ended = "Essential container in task exited";
    let exited = |code: u8, reason: Option<&str>| {
        task("EssentialContainerExited", ended, &json!({ "name": "web", "exitCode": code, "reason": reason }))
    };
    let pull = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref \
                docker.io/library/shop:2: docker.io/library/shop:2: not found";
    let mut story = Story::default();
    for (title, tasks, events) in [
        (
            "no image, three times, and an event for each",
            vec![
                task("TaskFailedToStart", "Task failed to start", &json!({ "name": "web", "reason": pull }));
                3
            ],
            vec![
                "(service shop-Web-1) has started 1 tasks: (task 6e2a1f4c9b0d4e5fa1b2c3d4e5f60718).",
                "(service shop-Web-1) was unable to start a task (task 6e2a1f4c9b0d4e5fa1b2c3d4e5f60718).",
                "(service shop-Web-1) was unable to start a task (task 0718e5f6c3d4a1b24e5f9b0d1f4c6e2a).",
            ],
        ),
        (
            "the program ends, and once for lack of memory",
            vec![
                exited(1, None),
                exited(137, Some("OutOfMemoryError: Container killed due to memory usage")),
                exited(1, None),
                task(
                    "ServiceSchedulerInitiated",
                    "Scaling activity initiated by (deployment ecs-svc/1)",
                    &json!({}),
                ),
            ],
            vec![],
        ),
        (
            "unhealthy",
            vec![task(
                "ServiceSchedulerInitiated",
                "Task failed ELB health checks in (target-group \
                 arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/shop/1)",
                &json!({ "name": "web", "exitCode": 143 }),
            )],
            vec![
                "(service shop-Web-1) (port 80) is unhealthy in (target-group shop) due to (reason Health checks failed).",
            ],
        ),
    ] {
        let run = story.run(title, &failing(&tasks, &events), WEB, &["deploy", "-y", "-q"]);
        assert_eq!(run.exit, Exit::No, "{}", run.err);
    }
    golden("deploy/services.txt", &story.0);
}

#[test]
fn a_service_that_was_only_broken_off_is_asked_about_too() {
    let file = WEB.replace(
        "  Web:\n",
        "  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Cluster}, DependsOn: Task}\n  Web:\n",
    );
    let server = Server::start();
    let pull = json!({ "name": "web", "reason": "CannotPullContainerError: dial tcp: i/o timeout" });
    server.home(|it| {
        it.fails("Jobs", On::Create, "jobs is taken");
        say(it, &[task("TaskFailedToStart", "Task failed to start", &pull)], &[]);
    });
    // It has too much to do at first.
    server.fault(Fault::throttling(), "DescribeServices", 1, 2);
    let run = on(&server, &file, &["deploy", "-y", "-q"]);
    assert_eq!(codes(&run), ["resource-failed", "task-stopped", "deployment-failed"], "{}", run.err);
}

#[test]
fn what_ecs_does_not_tell_hides_nothing() {
    let mut story = Story::default();
    let tasks = [task("TaskFailedToStart", "Task failed to start", &json!({ "name": "web" }))];
    for (title, action, fault) in [
        ("may not ask for the service", "DescribeServices", Fault::access_denied()),
        ("may not ask for tasks", "ListTasks", Fault::access_denied()),
        ("may not ask what a task is", "DescribeTasks", Fault::access_denied()),
        ("too busy", "DescribeServices", Fault::throttling()),
        ("a page of a proxy", "DescribeServices", Fault::Garbage),
        ("no answer", "ListTasks", Fault::ResetBefore),
    ] {
        let server = failing(&tasks, &[]);
        server.fault(fault, action, 1, usize::MAX);
        let run = on(&server, WEB, &["deploy", "-y", "-q"]);
        assert_eq!((run.exit, codes(&run)[0]), (Exit::No, "resource-failed"), "{title}: {}", run.err);
        assert!(run.err.contains("`shop` is in ROLLBACK_COMPLETE"), "{title}: {}", run.err);
        let said = run.err.split("\n\n").filter(|it| it.contains("[service-unread]"));
        story.0 += &format!("### {title}\n{}\n\n", said.collect::<Vec<_>>().join("\n\n"));
    }
    golden("deploy/services-unread.txt", &story.0);
}
