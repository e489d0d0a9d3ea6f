//! ECS: what a test has it answer, or else revisions of task definitions and services that run them.

use serde_json::{Value, json};

use super::{account::Account, xml::Refusal};

/// What a service runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running {
    /// The revision, by its ARN.
    pub(crate) revision: String,
    /// How many looks see it being rolled out, each time it is another.
    pub(crate) looks: usize,
    /// Whether another one does not come up.
    pub(crate) is_failing: bool,
    /// How many of these looks are left.
    pub(crate) left: usize,
}

/// Does what a call asks for.
pub(super) fn answer(account: &mut Account, action: &str, body: &[u8]) -> Result<Value, Refusal> {
    if let Some(scripted) = account.ecs.get_mut(action) {
        let next = if scripted.len() > 1 { scripted.pop_front() } else { scripted.front().cloned() };
        return Ok(next.unwrap_or_default());
    }
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    match action {
        "DescribeServices" => {
            let name = text(&asked["services"][0]);
            let services: Vec<Value> =
                account.running.get_mut(&name).map(|it| it.look(&name)).into_iter().collect();
            Ok(json!({ "services": services, "failures": [] }))
        }
        "ListTasks" => Ok(json!({ "taskArns": [] })),
        "DescribeTasks" => Ok(json!({ "tasks": [], "failures": [] })),
        "DescribeTaskDefinition" => {
            let missing = || Refusal::new(400, "ClientException", "Unable to describe task definition.");
            let found = account.revisions.get(&text(&asked["taskDefinition"])).ok_or_else(missing)?;
            let own = json!({ "key": "aws:cloudformation:logical-id", "value": "Task" });
            Ok(json!({ "taskDefinition": found, "tags": [own, { "key": "team", "value": "web" }] }))
        }
        "RegisterTaskDefinition" if asked["tags"].to_string().contains("\"aws:") => Err(Refusal::new(
            400,
            "InvalidParameterException",
            "aws: prefixed tag key names are not allowed.",
        )),
        "RegisterTaskDefinition" => {
            let arn = format!(
                "arn:aws:ecs:{}:{}:task-definition/{}:{}",
                account.place.region,
                account.place.account,
                text(&asked["family"]),
                account.revisions.len() + 1
            );
            account.revisions.insert(arn.clone(), asked);
            Ok(json!({ "taskDefinition": { "taskDefinitionArn": arn } }))
        }
        "UpdateService" => {
            let missing = || Refusal::new(400, "ServiceNotFoundException", "Service not found.");
            let service = account.running.get_mut(&text(&asked["service"])).ok_or_else(missing)?;
            service.revision = text(&asked["taskDefinition"]);
            service.left = service.looks;
            Ok(json!({ "service": { "serviceName": asked["service"] } }))
        }
        _ => Err(Refusal::new(400, "UnknownOperationException", "")),
    }
}

impl Running {
    /// The service as it is seen now.
    fn look(&mut self, name: &str) -> Value {
        let state = match self.left {
            0 => "COMPLETED",
            1 if self.is_failing => "FAILED",
            _ => "IN_PROGRESS",
        };
        self.left = self.left.saturating_sub(usize::from(state == "IN_PROGRESS"));
        let rollout = json!({
            "status": "PRIMARY", "taskDefinition": self.revision, "rolloutState": state,
            "rolloutStateReason": "ECS deployment circuit breaker: tasks failed to start.",
        });
        json!({ "serviceName": name, "events": [], "deployments": [rollout] })
    }
}
