//! Containers exchanged by ECS alone: what that does, when it is refused, and how it is taken back.

use serde_json::{Value, json};

use super::{Server, Story, at, codes, executed, on, status, template_of};
use crate::support::{cloudformation::Running, golden, redact::redact, run};
use asi::{cli::Exit, world::World};

/// A service beside a queue; its task logs, and is told of the queue.
const WEB: &str = "\
app: shop
region: us-east-1
resources:
  Cluster: {Type: AWS::ECS::Cluster}
  Jobs: {Type: AWS::SQS::Queue}
  Logs: {Type: AWS::Logs::LogGroup, DeletionPolicy: Delete}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Memory: '512'
      ContainerDefinitions:
        - Name: web
          Image: shop:1
          Essential: 'true'
          Environment: [{Name: QUEUE, Value: !GetAtt Jobs.Arn}]
          LogConfiguration: {LogDriver: awslogs, Options: {awslogs-group: !Ref Logs, awslogs-region: !Ref AWS::Region}}
  Web:
    Type: AWS::ECS::Service
    Properties: {Cluster: !Ref Cluster, TaskDefinition: !Ref Task, DesiredCount: 1}
";

/// What resources of the stack are called outside of it.
fn physical(server: &Server, id: &str) -> String {
    let of = |it: &mut crate::support::cloudformation::Account| {
        let stack = it.stack("shop").unwrap();
        stack.resources.iter().find(|it| it.id == id).and_then(|it| it.physical_id.clone()).unwrap()
    };
    server.home(of)
}

/// The name of its service.
fn service(server: &Server) -> String {
    physical(server, "Web").rsplit('/').next().unwrap().to_owned()
}

/// A server with the stack, and its service as it runs.
fn deployed(running: &Running) -> Server {
    let server = Server::start();
    server.put_stack("shop", &template_of(WEB), "CREATE_COMPLETE");
    let (task, web) = (physical(&server, "Task"), service(&server));
    let live = json!({
        "taskDefinitionArn": task, "revision": 1, "status": "ACTIVE", "family": "shop-Task", "memory": "512",
        "containerDefinitions": [{
            "name": "web", "image": "shop:1", "essential": true, "cpu": 0, "mountPoints": [],
            "environment": [{ "name": "QUEUE", "value": "arn:aws:sqs:us-east-1:123456789012:jobs" }],
            "logConfiguration": { "logDriver": "awslogs", "options": { "awslogs-group": "logs" } },
        }],
    });
    server.home(|it| {
        it.revisions.insert(task.clone(), live);
        it.running.insert(web, Running { revision: task, ..running.clone() });
    });
    server
}

/// What the service runs.
fn running(server: &Server) -> String {
    let web = service(server);
    server.home(|it| it.running[&web].revision.clone())
}

#[test]
fn containers_are_exchanged_by_ecs_and_taken_back() {
    let server = deployed(&Running { looks: 2, ..Running::default() });
    let own = running(&server);
    let mut story = Story::default();
    let other = WEB.replace("shop:1", "shop:2").replace(
        "Value: !GetAtt Jobs.Arn}",
        "Value: !GetAtt Jobs.Arn}, {Name: STACK, Value: !Ref AWS::StackName}",
    );
    let run = story.run("another image, and a variable more", &server, &other, &["deploy", "--hotswap"]);
    assert_eq!((run.exit, status(&server).as_str()), (Exit::Done, "CREATE_COMPLETE"), "{}", run.err);
    let swapped = running(&server);
    assert_ne!(swapped, own);
    let registered: Value = server.home(|it| it.revisions[&swapped].clone());
    story.0 += &format!("registered: {registered:#}\n\n");
    story.run("the image of the stack again", &server, WEB, &["deploy", "--hotswap"]);
    assert_eq!(running(&server), own);
    story.run("and once more", &server, WEB, &["deploy", "--hotswap"]);
    assert_eq!(executed(&server), 0);
    golden("deploy/hotswap.txt", &redact(&story.0));
}

#[test]
fn what_else_differs_is_not_hotswapped() {
    let mut story = Story::default();
    let both = WEB
        .replace("shop:1", "shop:2")
        .replace("AWS::SQS::Queue", "AWS::SQS::Queue, Properties: {DelaySeconds: 1}");
    let unknown = WEB.replace("Image: shop:1", "Image: !Sub 'shop:${Jobs.QueueName}'");
    let tagged = format!("{}tags: {{team: a}}\n", WEB.replace("shop:1", "shop:2"));
    for (title, file) in
        [("a queue, too", &both), ("a value of another resource", &unknown), ("tags, too", &tagged)]
    {
        let server = deployed(&Running::default());
        let own = running(&server);
        let run = story.run(title, &server, file, &["deploy", "--hotswap"]);
        assert_eq!((run.exit, running(&server)), (Exit::No, own), "{}", run.err);
        assert_eq!((executed(&server), server.count("RegisterTaskDefinition")), (0, 0));
    }
    story.run("it is not there yet", &Server::start(), WEB, &["deploy", "--hotswap"]);
    let server = deployed(&Running::default());
    let run = on(&server, &both, &["deploy", "--hotswap-fallback", "-y"]);
    assert_eq!((run.exit, executed(&server)), (Exit::Done, 1), "{}", run.err);
    let sentence = "`shop` is deployed as a whole, because more differs than the containers of ECS: Jobs (AWS::SQS::Queue)\n";
    assert!(run.err.contains(sentence), "{}", run.err);
    story.run("without a change set", &server, &both, &["deploy", "--hotswap", "--method", "direct"]);
    golden("deploy/not-swappable.txt", &story.0);
}

#[test]
fn a_service_that_does_not_come_up_is_told_with_its_reasons() {
    let server = deployed(&Running { looks: 2, is_failing: true, ..Running::default() });
    let pull = "CannotPullContainerError: docker.io/library/shop:2: not found";
    let task = json!({
        "stopCode": "TaskFailedToStart", "stoppedReason": "Task failed to start", "stoppedAt": 4_000_000_000.5,
        "containers": [{ "name": "web", "reason": pull }],
    });
    server.home(|it| {
        it.ecs.insert("ListTasks".to_owned(), [json!({ "taskArns": ["arn:task"] })].into());
        it.ecs.insert("DescribeTasks".to_owned(), [json!({ "tasks": [task] })].into());
    });
    let mut story = Story::default();
    let run = story.run("no image", &server, &WEB.replace("shop:1", "shop:2"), &["deploy", "--hotswap"]);
    assert_eq!((run.exit, codes(&run)), (Exit::No, vec!["task-stopped", "hotswap-failed"]), "{}", run.err);
    let web = service(&server);
    golden("deploy/hotswap-failed.txt", &story.0.replace(&web, "shop-Web-…"));
}

#[test]
fn who_leaves_meanwhile_leaves_it_to_ecs() {
    let server = deployed(&Running { looks: usize::MAX, ..Running::default() });
    let mut world: World = at(&server, &WEB.replace("shop:1", "shop:2"));
    world.access.interrupted_after = Some(std::time::Duration::from_millis(900));
    let run = run(&["deploy", "--hotswap"], &world);
    assert_eq!((run.exit, codes(&run)), (Exit::No, vec!["left-running"]), "{}", run.err);
    assert!(run.err.contains("nobody watches the services of `shop` any more; ECS goes on"), "{}", run.err);
}
