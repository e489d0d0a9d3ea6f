//! Services of ECS, their tasks, and what these are made of.

use serde_json::{Value, json};

use super::{Aws, signed::Target};
use crate::world::{
    AwsError, Refusal, Timestamp,
    ecs::{Rollout, Service, ServiceEvent, StoppedContainer, StoppedTask},
};

/// The most tasks that can be listed, and described, at once.
const MOST_TASKS: usize = 100;

/// What a revision of a task definition has that nobody gives it.
const OF_REVISION: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

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

    /// A revision of a task definition by its ARN, as the next one is registered.
    pub async fn task_definition(&self, arn: &str) -> Result<Value, AwsError> {
        let asked = json!({ "taskDefinition": arn, "include": ["TAGS"] });
        let mut answer = self.ask_soon("DescribeTaskDefinition", &asked).await?;
        let mut body = answer["taskDefinition"].take();
        if let Some(fields) = body.as_object_mut() {
            fields.retain(|name, _| !OF_REVISION.contains(&name.as_str()));
            // What begins so is AWS's own to give.
            let is_own = |it: &&Value| !text(&it["key"]).starts_with("aws:");
            let tags: Vec<Value> = list(&answer["tags"]).filter(is_own).cloned().collect();
            if !tags.is_empty() {
                fields.insert("tags".to_owned(), Value::Array(tags));
            }
        }
        Ok(body)
    }

    /// Registers a revision of a task definition, and gives its ARN. Where the answer is lost, there may be two of them.
    pub async fn register_task_definition(&self, body: &Value) -> Result<String, AwsError> {
        let answer = self.ask_soon("RegisterTaskDefinition", body).await?;
        Ok(text(&answer["taskDefinition"]["taskDefinitionArn"]))
    }

    /// Has a service run this revision of a task definition.
    pub async fn update_service(&self, cluster: &str, service: &str, revision: &str) -> Result<(), AwsError> {
        let asked = json!({ "cluster": cluster, "service": service, "taskDefinition": revision });
        self.ask_soon("UpdateService", &asked).await.map(|_| ())
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
        is_primary: it["status"] == "PRIMARY",
        task_definition: text(&it["taskDefinition"]),
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
