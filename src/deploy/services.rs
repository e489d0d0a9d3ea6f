//! Why a service of ECS does not come up: what stopped its tasks, and what ECS says of it.
//!
//! CloudFormation only knows that it does not.

use std::collections::BTreeSet;

use crate::world::{
    AwsError, Timestamp,
    cloudformation::StackEvent,
    ecs::{Service, ServiceEvent, StoppedContainer, StoppedTask},
};

/// How many of the events of a service are told, the latest.
const MOST_EVENTS: usize = 3;

/// The type of a service.
const SERVICE: &str = "AWS::ECS::Service";

/// A service that did not come up.
#[derive(Debug)]
pub struct Trouble {
    /// What CloudFormation said of it.
    pub event: StackEvent,
    /// Its name in ECS.
    pub name: String,
    /// Why its tasks stopped, each reason once, the most frequent first.
    pub stops: Vec<Stop>,
    /// What ECS says of it that is out of the ordinary, each once, the oldest first.
    pub events: Vec<ServiceEvent>,
    /// Why its roll-out failed.
    pub rollout: Option<String>,
    /// Why ECS could not be asked for some of that.
    pub unread: Option<AwsError>,
}

/// A reason for which tasks stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// What kind of reason it is.
    pub why: Why,
    /// The container it lies in, if it lies in one.
    pub container: Option<String>,
    /// What ECS says of it.
    pub says: String,
    /// How many tasks stopped for it.
    pub count: usize,
}

/// What kind of reason a task stops for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its image is not there.
    NoImage,
    /// Its image may not be pulled.
    ImageDenied,
    /// Its image cannot be reached.
    ImageUnreachable,
    /// Its secrets cannot be read.
    Secrets,
    /// It has nowhere to log to.
    Logs,
    /// It cannot be started.
    NotStarted,
    /// It took more memory than it has.
    OutOfMemory,
    /// It was killed, perhaps because it took more memory than it has.
    Killed,
    /// It ended by itself, with this exit code.
    Exited(i64),
    /// The load balancer found it unhealthy.
    UnhealthyBehindBalancer,
    /// The check of its container found it unhealthy.
    UnhealthyContainer,
    /// Something else.
    Other,
}

/// The services among these events that could not be brought up, or were broken off while they came up, with how to ask
/// ECS for them.
pub(super) fn troubled(events: &[StackEvent]) -> impl Iterator<Item = (&StackEvent, Place)> {
    let is_failure = |it: &StackEvent| it.status.is_failure() && !it.status.as_str().starts_with("DELETE");
    let failed = events.iter().filter(move |it| it.type_name == SERVICE && is_failure(it));
    failed.filter_map(|it| Some((it, Place::of(it)?)))
}

/// Where ECS has a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The cluster, by its name or ARN.
    pub cluster: String,
    /// The name of the service.
    pub service: String,
}

impl Place {
    /// Where the service of this ARN is; nothing, if it names no cluster.
    pub fn named(arn: &str) -> Option<Self> {
        let (_, way) = arn.rsplit_once(":service/").unwrap_or(("", arn));
        let (cluster, service) = way.split_once('/')?;
        Some(Self { cluster: cluster.to_owned(), service: service.to_owned() })
    }

    /// Where the service is that an event is about; nothing, if it was never made. Its ARN names the cluster; where it is
    /// one of an old kind that does not, its properties do.
    fn of(event: &StackEvent) -> Option<Self> {
        let id = event.physical_id.as_deref()?;
        if let Some(place) = Self::named(id) {
            return Some(place);
        }
        let (_, way) = id.rsplit_once(":service/").unwrap_or(("", id));
        let properties = event.properties.as_deref().unwrap_or_default();
        let properties: serde_json::Value = serde_json::from_str(properties).unwrap_or_default();
        let cluster = properties["Cluster"].as_str().unwrap_or("default").to_owned();
        Some(Self { cluster, service: way.to_owned() })
    }
}

impl Trouble {
    /// What ECS says of a service that CloudFormation has said this of, as far as it does.
    pub fn read(
        event: &StackEvent,
        place: Place,
        since: Timestamp,
        service: Result<Option<Service>, AwsError>,
        tasks: Result<Vec<StoppedTask>, AwsError>,
    ) -> Self {
        let mut trouble = Self {
            event: event.clone(),
            name: place.service,
            stops: Vec::new(),
            events: Vec::new(),
            rollout: None,
            unread: None,
        };
        match service {
            Ok(service) => {
                let service = service.unwrap_or_default();
                trouble.events = worth_telling(&service.events, since);
                let mut failed = service.rollouts.into_iter().filter(|it| it.state == "FAILED");
                trouble.rollout = failed.find_map(|it| it.reason);
            }
            Err(error) => trouble.unread = Some(error),
        }
        match tasks {
            Ok(tasks) => trouble.stops = stops(&tasks, since),
            Err(error) => trouble.unread = trouble.unread.or(Some(error)),
        }
        trouble
    }
}

/// The latest events that are not in the ordinary course of things, each message once.
fn worth_telling(events: &[ServiceEvent], since: Timestamp) -> Vec<ServiceEvent> {
    const ORDINARY: &[&str] = &[
        "has reached a steady state",
        "has started ",
        "has stopped ",
        "has begun draining",
        "deployment completed",
        " registered ",
        "deregistered ",
    ];
    let is_ordinary = |it: &ServiceEvent| ORDINARY.iter().any(|part| it.message.contains(part));
    let mut told = BTreeSet::new();
    let fresh = events.iter().rev().take_while(|it| it.time >= since).filter(|it| !is_ordinary(it));
    let once = fresh.filter(|it| told.insert(without_ids(&it.message)));
    let mut latest: Vec<ServiceEvent> = once.take(MOST_EVENTS).cloned().collect();
    latest.reverse();
    latest
}

/// The reasons for which these tasks stopped since then, each once.
fn stops(tasks: &[StoppedTask], since: Timestamp) -> Vec<Stop> {
    let mut stops: Vec<Stop> = Vec::new();
    for stop in tasks.iter().filter(|it| it.time >= since).filter_map(Stop::of) {
        let is_same =
            |it: &&mut Stop| (it.why, &it.container, &it.says) == (stop.why, &stop.container, &stop.says);
        match stops.iter_mut().find(is_same) {
            Some(it) => it.count += 1,
            None => stops.push(stop),
        }
    }
    stops.sort_by_key(|it| std::cmp::Reverse(it.count));
    stops
}

impl Stop {
    /// Why a task stopped; nothing, if it only made room for another.
    ///
    /// From "Stopped tasks error messages" and "`CannotPullContainer` task errors" in the developer guide of ECS.
    fn of(task: &StoppedTask) -> Option<Self> {
        let is_ordinary =
            task.code == "ServiceSchedulerInitiated" && task.reason.contains("Scaling activity");
        if is_ordinary {
            return None;
        }
        // Of several containers, the one that failed says more than those that were stopped with it.
        let ended =
            |it: &&StoppedContainer| it.exit_code.is_some_and(|code| code != 0) || it.reason.is_some();
        let by_itself = task.code == "EssentialContainerExited";
        let failed = task.containers.iter().find(ended);
        let failed = failed.or(task.containers.first().filter(|it| by_itself && it.exit_code.is_some()));
        let reason = failed.and_then(|it| it.reason.as_deref()).unwrap_or_default();
        let said = if reason.is_empty() { task.reason.as_str() } else { reason };
        let code = failed.and_then(|it| it.exit_code);
        let why = why(task, said, code);
        let in_container = !matches!(why, Why::UnhealthyBehindBalancer | Why::Other);
        let container = failed.filter(|_| in_container).map(|it| it.name.clone());
        Some(Self { why, container, says: without_ids(said), count: 1 })
    }
}

fn why(task: &StoppedTask, said: &str, code: Option<i64>) -> Why {
    let says = |parts: &[&str]| parts.iter().any(|it| said.contains(it) || task.reason.contains(it));
    match () {
        () if says(&["CannotPull", "pull image"]) => match () {
            () if says(&["not found", "manifest unknown", "does not exist", "no such image"]) => Why::NoImage,
            () if says(&["denied", "not authorized", "unauthorized", "no basic auth", "403 Forbidden"]) => {
                Why::ImageDenied
            }
            () => Why::ImageUnreachable,
        },
        () if says(&["unable to pull secrets", "unable to retrieve secret", "secretsmanager"]) => {
            Why::Secrets
        }
        () if says(&["log group", "log stream", "logger args", "logging driver"]) => Why::Logs,
        () if says(&["OutOfMemory"]) => Why::OutOfMemory,
        () if says(&["ELB health checks"]) => Why::UnhealthyBehindBalancer,
        () if says(&["container health checks"]) => Why::UnhealthyContainer,
        () if says(&["CannotStart", "CannotCreate", "ResourceInitializationError"]) => Why::NotStarted,
        () if task.code != "EssentialContainerExited" => Why::Other,
        () => match code {
            Some(137) => Why::Killed,
            Some(code) => Why::Exited(code),
            None => Why::Other,
        },
    }
}

/// A sentence without the ids that make it another for each task.
fn without_ids(text: &str) -> String {
    let is_id = |it: &str| it.len() >= 32 && it.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
    let part = |it: &str| if is_id(it) { "…".to_owned() } else { it.to_owned() };
    let is_edge = |it: char| !(it.is_ascii_alphanumeric() || it == '-');
    text.split_inclusive(is_edge)
        .map(|it| match it.char_indices().next_back() {
            Some((at, edge)) if is_edge(edge) => part(&it[..at]) + &it[at..],
            _ => part(it),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A task that stopped so, with a container that ended with this code, or of this.
    fn task(code: &str, reason: &str, exit_code: Option<i64>, of: &str) -> StoppedTask {
        let container = StoppedContainer {
            name: "web".to_owned(),
            exit_code,
            reason: (!of.is_empty()).then(|| of.to_owned()),
        };
        let (code, reason) = (code.to_owned(), reason.to_owned());
        StoppedTask { time: Timestamp(5), code, reason, containers: vec![container] }
    }

    #[track_caller]
    fn check(task: &StoppedTask, expected: Option<(Why, Option<&str>)>) {
        let stop = Stop::of(task);
        assert_eq!(stop.as_ref().map(|it| (it.why, it.container.as_deref())), expected, "{task:?}");
    }

    #[test]
    fn what_stopped_a_task_is_known_by_what_ecs_says() {
        let (failed, exited) = ("TaskFailedToStart", "EssentialContainerExited");
        let web = Some("web");
        for (said, why) in [
            (
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref \
                 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:2: not found",
                Why::NoImage,
            ),
            (
                "CannotPullContainerError: Error response from daemon: pull access denied for shop, repository does not \
                 exist or may require 'docker login'",
                Why::NoImage,
            ),
            (
                "CannotPullContainerError: User: arn:aws:sts::1:assumed-role/a is not authorized to perform: \
                 ecr:BatchGetImage",
                Why::ImageDenied,
            ),
            ("CannotPullContainerError: dial tcp 10.0.0.1:443: i/o timeout", Why::ImageUnreachable),
            (
                "CannotStartContainerError: exec: \"server\": executable file not found in $PATH",
                Why::NotStarted,
            ),
        ] {
            check(&task(failed, "Task failed to start", None, said), Some((why, web)));
        }
        let secrets = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource \
                       retrieval failed: unable to retrieve secret from asm";
        check(&task(failed, secrets, None, ""), Some((Why::Secrets, None)));
        let logs = "ResourceInitializationError: failed to validate logger args: create stream has been retried: The \
                    specified log group does not exist";
        check(&task(failed, logs, None, ""), Some((Why::Logs, None)));
        let ended = "Essential container in task exited";
        let memory = "OutOfMemoryError: Container killed due to memory usage";
        check(&task(exited, ended, Some(137), memory), Some((Why::OutOfMemory, web)));
        check(&task(exited, ended, Some(137), ""), Some((Why::Killed, web)));
        check(&task(exited, ended, Some(1), ""), Some((Why::Exited(1), web)));
        check(&task(exited, ended, Some(0), ""), Some((Why::Exited(0), web)));
        let scheduler = "ServiceSchedulerInitiated";
        let balancer = "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:a:1:targetgroup/t/1)";
        check(&task(scheduler, balancer, Some(0), ""), Some((Why::UnhealthyBehindBalancer, None)));
        check(
            &task(scheduler, "Task failed container health checks", Some(143), ""),
            Some((Why::UnhealthyContainer, web)),
        );
        check(&task(scheduler, "Scaling activity initiated by (deployment ecs-svc/1)", Some(0), ""), None);
        check(
            &task("SpotInterruption", "Your Spot Task was interrupted.", Some(0), ""),
            Some((Why::Other, None)),
        );
    }

    #[test]
    fn each_reason_is_told_once_and_what_was_before_is_not() {
        let unhealthy = |id| {
            task("ServiceSchedulerInitiated", &format!("Task failed ELB health checks ({id})"), None, "")
        };
        let [one, two] =
            ["6e2a1f4c9b0d4e5fa1b2c3d4e5f60718", "0718e5f6c3d4a1b24e5f9b0d1f4c6e2a"].map(unhealthy);
        let ended = task("EssentialContainerExited", "Essential container in task exited", Some(1), "");
        let before = StoppedTask { time: Timestamp(1), ..ended.clone() };
        let found = stops(&[before, ended, one, two], Timestamp(2));
        let found: Vec<_> = found.iter().map(|it| (it.count, it.says.as_str())).collect();
        assert_eq!(
            found,
            [(2, "Task failed ELB health checks (…)"), (1, "Essential container in task exited")]
        );
    }

    #[test]
    fn the_latest_events_are_told_that_are_out_of_the_ordinary() {
        let events: Vec<ServiceEvent> = [
            "(service web) is unable to place a task: before",
            "(service web) has started 1 tasks: (task 6e2a1f4c9b0d4e5fa1b2c3d4e5f60718).",
            "(service web) is unable to place a task: no instance",
            "(service web) (task 6e2a1f4c9b0d4e5fa1b2c3d4e5f60718) failed container health checks.",
            "(service web) (task 0718e5f6c3d4a1b24e5f9b0d1f4c6e2a) failed container health checks.",
            "(service web) deployment ecs-svc/1 deployment failed: tasks failed to start.",
        ]
        .into_iter()
        .enumerate()
        .map(|(at, it)| ServiceEvent { time: Timestamp(i64::try_from(at).unwrap()), message: it.to_owned() })
        .collect();
        let told: Vec<String> =
            worth_telling(&events, Timestamp(1)).into_iter().map(|it| it.message).collect();
        assert_eq!(told, [events[2].message.as_str(), &events[4].message, &events[5].message]);
    }

    #[test]
    fn the_cluster_stands_in_the_arn_or_in_the_properties() {
        let event = |physical: &str, properties: Option<&str>| StackEvent {
            id: String::new(),
            stack: String::new(),
            logical_id: "web".to_owned(),
            physical_id: Some(physical.to_owned()),
            type_name: SERVICE.to_owned(),
            time: Timestamp(0),
            status: crate::world::cloudformation::ResourceStatus::new("CREATE_FAILED"),
            reason: None,
            token: None,
            properties: properties.map(str::to_owned),
        };
        let place = |event: &StackEvent| Place::of(event).map(|it| [it.cluster, it.service].join(" "));
        let arn = "arn:aws:ecs:eu-west-1:1:service/shop/web";
        assert_eq!(place(&event(arn, None)).as_deref(), Some("shop web"));
        let old = "arn:aws:ecs:eu-west-1:1:service/web";
        assert_eq!(place(&event(old, Some(r#"{"Cluster": "shop"}"#))).as_deref(), Some("shop web"));
        assert_eq!(place(&event(old, None)).as_deref(), Some("default web"));
    }
}
