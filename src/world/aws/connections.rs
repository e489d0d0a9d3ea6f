//! Connections to where source code is kept.

use serde_json::{Value, json};

use super::{Aws, signed::Call};
use crate::world::AwsError;

impl Aws {
    /// How a connection of `CodeConnections` is: `PENDING`, `AVAILABLE`, `ERROR`; nothing, if there is none of this ARN.
    pub async fn connection(&self, arn: &str) -> Result<Option<String>, AwsError> {
        let operation = "GetConnection";
        // Those that were made under the earlier name of the service answer to that.
        let (service, target) = if arn.contains(":codestar-connections:") {
            ("codestar-connections", "com.amazonaws.codestar.connections.CodeStar_connections_20191201")
        } else {
            ("codeconnections", "com.amazonaws.codeconnections.CodeConnections_20231201")
        };
        let aws = match arn.split(':').nth(3) {
            Some(region) if region != self.region() => &self.in_region(region)?,
            _ => self,
        };
        let body = json!({ "ConnectionArn": arn }).to_string();
        let headers = vec![
            ("content-type", "application/x-amz-json-1.0".to_owned()),
            ("x-amz-target", format!("{target}.{operation}")),
        ];
        let path = "/".to_owned();
        let call = Call { operation, service, method: "POST", path, headers, body: body.as_bytes() };
        let answer = aws.call(&call).await?;
        if !answer.is_good() {
            let error = answer.refusal(operation);
            return if error.is("ResourceNotFoundException") { Ok(None) } else { Err(error) };
        }
        let answer: Option<Value> = serde_json::from_slice(&answer.body).ok();
        Ok(answer.and_then(|it| Some(it["Connection"]["ConnectionStatus"].as_str()?.to_owned())))
    }
}
