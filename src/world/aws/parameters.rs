//! Parameters of SSM.

use serde_json::json;

use super::{Aws, signed::Target};
use crate::world::AwsError;

impl Aws {
    /// The value of a parameter of SSM; nothing, if there is none of this name.
    pub async fn parameter(&self, name: &str) -> Result<Option<String>, AwsError> {
        let target = Target { service: "ssm", prefix: "AmazonSSM", operation: "GetParameter" };
        match self.ask(target, &json!({ "Name": name, "WithDecryption": true })).await {
            Ok(answer) => Ok(answer["Parameter"]["Value"].as_str().map(str::to_owned)),
            Err(error) if error.is("ParameterNotFound") => Ok(None),
            Err(error) => Err(error),
        }
    }
}
