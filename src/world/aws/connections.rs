//! Connections to where source code is kept.

use serde_json::json;

use super::{Aws, signed::Target};
use crate::world::AwsError;

impl Aws {
    /// How a connection of `CodeConnections` is: `PENDING`, `AVAILABLE`, `ERROR`; nothing, if there is none of this ARN.
    pub async fn connection(&self, arn: &str) -> Result<Option<String>, AwsError> {
        // Those that were made under the earlier name of the service answer to that.
        let (service, prefix) = if arn.contains(":codestar-connections:") {
            ("codestar-connections", "com.amazonaws.codestar.connections.CodeStar_connections_20191201")
        } else {
            ("codeconnections", "com.amazonaws.codeconnections.CodeConnections_20231201")
        };
        let aws = match arn.split(':').nth(3) {
            Some(region) if region != self.region() => &self.in_region(region)?,
            _ => self,
        };
        match aws
            .ask(Target { service, prefix, operation: "GetConnection" }, &json!({ "ConnectionArn": arn }))
            .await
        {
            Ok(answer) => Ok(answer["Connection"]["ConnectionStatus"].as_str().map(str::to_owned)),
            Err(error) if error.is("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}
