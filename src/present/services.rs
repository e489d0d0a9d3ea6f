//! Why a service of ECS did not come up, in plain words, with the line that says so and what to do.

use asi_constructs::kernel::{diagnostic::Diagnostic, node::Node, span::Span};

use super::endings::placed;
use crate::{
    deploy::{Stop, Trouble, Why},
    ops::Deployable,
    world::{AwsError, Refusal},
};

/// What there is to say of a service beside that CloudFormation could not bring it up.
pub(super) fn trouble(of: Option<&Deployable>, it: &Trouble) -> Vec<Diagnostic> {
    let mut faults: Vec<Diagnostic> = it.stops.iter().map(|stop| stopped(of, it, stop)).collect();
    let events = it.events.iter().map(|it| format!("{} {}", it.time, it.message));
    let rollout = it.rollout.iter().filter(|reason| !it.events.iter().any(|it| it.message.contains(*reason)));
    let said = events.chain(rollout.cloned());
    faults.extend(said.map(|said| {
        let said = said.trim_end_matches('.');
        Diagnostic::info("service-event", format!("ECS says of `{}`: {said}", it.name))
    }));
    faults.extend(it.unread.as_ref().map(|error| unread(&it.name, error)));
    faults
}

fn stopped(of: Option<&Deployable>, trouble: &Trouble, stop: &Stop) -> Diagnostic {
    let tasks = if stop.count == 1 { "a task".to_owned() } else { format!("{} tasks", stop.count) };
    let container = stop.container.as_ref().map_or("a container".to_owned(), |it| format!("`{it}`"));
    let (what, help) = match stop.why {
        Why::NoImage => (
            format!("could not begin, because there is no such image for {container}"),
            "push the image first, or name one that is there",
        ),
        Why::ImageDenied => (
            format!("could not begin, because the image of {container} may not be pulled"),
            "let the service pull from this repository with `repository:`, or log in to the registry with `credentials:`",
        ),
        Why::ImageUnreachable => (
            format!("could not begin, because the registry of {container} cannot be reached"),
            "look at the way out of its subnets: a NAT gateway, public addresses, or endpoints for ECR and S3",
        ),
        Why::Secrets => (
            "could not begin, because secrets cannot be read".to_owned(),
            "look at whether each of `secrets:` is there, and at the way out of the subnets",
        ),
        Why::Logs => (
            "could not begin, because there is nowhere to log to".to_owned(),
            "look at the log group, at who may write to it, and at the way out of the subnets",
        ),
        Why::NotStarted => (
            format!("could not begin, because {container} cannot be started"),
            "look at `command:`, at `entrypoint:`, and at the processor that the image is built for",
        ),
        Why::OutOfMemory => (
            format!("stopped, because {container} ran out of memory"),
            "give it more `memory:`, or have the program take less",
        ),
        Why::Killed => (
            format!("stopped, because {container} was killed (exit code 137), as what runs out of memory is"),
            "give it more `memory:`; or a longer `stopTimeout:`, if it was told to stop and did not",
        ),
        Why::Exited(0) => (
            format!("stopped, because {container} ended by itself (exit code 0)"),
            "have the program run for as long as the service does; what runs once is a `ScheduledTask`",
        ),
        Why::Exited(code) => (
            format!("stopped, because {container} ended with exit code {code}"),
            "read what it printed last in its log group; often a variable, a secret or a database is missing",
        ),
        Why::UnhealthyBehindBalancer => (
            "stopped, because the load balancer found it unhealthy".to_owned(),
            "have the program answer the path of `health:` on its `port:`, or give it more time with `health: {grace: …}`",
        ),
        Why::UnhealthyContainer => (
            "stopped, because the check of its container found it unhealthy".to_owned(),
            "run the command of that check in the container, and read its log group",
        ),
        Why::Other => ("stopped".to_owned(), "read the events of the service in the console of ECS"),
    };
    let says = stop.says.trim_end_matches('.');
    let says = if says.is_empty() { String::new() } else { format!(": {says}") };
    let fault = Diagnostic::error("task-stopped", format!("{tasks} of `{}` {what}{says}", trouble.name));
    let span = of.map(|it| cause(it, &trouble.event.logical_id, stop)).unwrap_or_default();
    placed(fault.at(span).help(help), of, &trouble.event.logical_id, None)
}

/// Why it is not known what happened to the tasks.
fn unread(name: &str, error: &AwsError) -> Diagnostic {
    let action = format!("ecs:{}", error.operation);
    match error.reason {
        Refusal::Denied(_) => {
            let fault = format!("not all is known of what became of `{name}`: you may not call `{action}`");
            Diagnostic::warning("service-unread", fault)
                .help(format!("have somebody allow `{action}`, or look at the service in the console of ECS"))
        }
        _ => {
            let fault = format!("not all is known of what became of `{name}`: {error}");
            Diagnostic::warning("service-unread", fault).help("look at the service in the console of ECS")
        }
    }
}

/// The part of the template that a task stopped because of: of its container, of its task, of its target group.
fn cause(of: &Deployable, service: &str, stop: &Stop) -> Span {
    let properties = |id: &str| of.template.body.get("Resources")?.get(id)?.get("Properties");
    let refers = |node: &Node| node.get("Ref").and_then(Node::as_str).map(str::to_owned);
    let find = || -> Option<Span> {
        let service = properties(service)?;
        if stop.why == Why::UnhealthyBehindBalancer {
            let balancer = service.get("LoadBalancers")?.as_list()?.first()?;
            return written(properties(&refers(balancer.get("TargetGroupArn")?)?)?.get("HealthCheckPath"));
        }
        let task = properties(&refers(service.get("TaskDefinition")?)?)?;
        let containers = task.get("ContainerDefinitions")?.as_list()?;
        let is_it = |it: &&Node| it.get("Name").and_then(Node::as_str) == stop.container.as_deref();
        let container = containers.iter().find(is_it).or(containers.first())?;
        let keys: &[&str] = match stop.why {
            Why::NoImage | Why::ImageDenied | Why::ImageUnreachable => &["Image"],
            Why::Secrets => &["Secrets"],
            Why::Logs => &["LogConfiguration"],
            Why::OutOfMemory | Why::Killed => &["Memory", "MemoryReservation"],
            Why::NotStarted | Why::Exited(_) => &["Command", "EntryPoint", "Image"],
            Why::UnhealthyContainer => &["HealthCheck"],
            Why::UnhealthyBehindBalancer | Why::Other => &[],
        };
        let own = keys.iter().find_map(|key| written(container.get(key)));
        own.or_else(|| keys.iter().find_map(|key| written(task.get(key)))).or(written(Some(container)))
    };
    find().unwrap_or_default()
}

/// Where something is written, if it is.
fn written(node: Option<&Node>) -> Option<Span> {
    node.map(Node::written).filter(|it| it.is_written())
}
