//! Services of ECS, and their tasks. Nothing here changes anything.

use serde_json::{Value, json};

use super::{Aws, signed::Target};
use crate::world::{
    AwsError, Refusal, Timestamp,
    ecs::{Rollout, Service, ServiceEvent, StoppedContainer, StoppedTask},
};

/// The most tasks that can be listed, and described, at once.
const MOST_TASKS: usize = 100;

impl Aws {
    /// A service, by its name or ARN; nothing, if there is none.
    pub async fn service(&self, cluster: &str, service: &str) -> Result<Option<Service>, AwsError> {
        let asked = json!({ "cluster": cluster, "services": [service] });
        let answer = self.ask_soon("DescribeServices", &asked).await?;
        let mut services = answer["services"].as_array().into_iter().flatten();
        Ok(services.next().map(read))
    }

    /// The tasks of a service that have stopped of late: ECS knows them for an hour.
    pub async fn stopped_tasks(&self, cluster: &str, service: &str) -> Result<Vec<StoppedTask>, AwsError> {
        let asked = json!({
            "cluster": cluster, "serviceName": service, "desiredStatus": "STOPPED", "maxResults": MOST_TASKS
        });
        let listed = self.ask_soon("ListTasks", &asked).await?;
        let tasks = listed["taskArns"].as_array().cloned().unwrap_or_default();
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        let asked = json!({ "cluster": cluster, "tasks": tasks });
        let answer = self.ask_soon("DescribeTasks", &asked).await?;
        let mut tasks: Vec<StoppedTask> = list(&answer["tasks"]).map(task).collect();
        tasks.sort_by_key(|it| it.time);
        Ok(tasks)
    }

    /// Asks ECS, but no longer than one answer may take: while it does, nobody watches the stack.
    async fn ask_soon(&self, operation: &'static str, body: &Value) -> Result<Value, AwsError> {
        let target = Target { service: "ecs", prefix: "AmazonEC2ContainerServiceV20141113", operation };
        let time = self.patience.answer;
        let silent = Err(AwsError { operation, reason: Refusal::Silent(time) });
        tokio::time::timeout(time, self.ask(target, body)).await.unwrap_or(silent)
    }
}

fn read(service: &Value) -> Service {
    let mut events: Vec<ServiceEvent> = list(&service["events"])
        .map(|it| ServiceEvent { time: time(&it["createdAt"]), message: text(&it["message"]) })
        .collect();
    events.sort_by_key(|it| it.time);
    let rollout = |it: &Value| Rollout {
        state: text(&it["rolloutState"]),
        reason: it["rolloutStateReason"].as_str().map(str::to_owned),
    };
    let rollouts = list(&service["deployments"]).map(rollout).collect();
    Service { name: text(&service["serviceName"]), events, rollouts }
}

fn task(task: &Value) -> StoppedTask {
    let container = |it: &Value| StoppedContainer {
        name: text(&it["name"]),
        exit_code: it["exitCode"].as_i64(),
        reason: it["reason"].as_str().map(str::to_owned),
    };
    StoppedTask {
        time: time(&task["stoppedAt"]),
        code: text(&task["stopCode"]),
        reason: text(&task["stoppedReason"]),
        containers: list(&task["containers"]).map(container).collect(),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A moment, which this protocol writes in seconds since 1970 began.
fn time(value: &Value) -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is beyond is no time of this world, and is cut off"
    )]
    Timestamp((value.as_f64().unwrap_or_default() * 1000.0) as i64)
}
