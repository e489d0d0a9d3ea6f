//! Parameters of SSM.

use serde_json::{Value, json};

use super::{Aws, signed::Call};
use crate::world::AwsError;

impl Aws {
    /// The value of a parameter of SSM; nothing, if there is none of this name.
    pub async fn parameter(&self, name: &str) -> Result<Option<String>, AwsError> {
        let operation = "GetParameter";
        let body = json!({ "Name": name, "WithDecryption": true }).to_string();
        let headers = vec![
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target", "AmazonSSM.GetParameter".to_owned()),
        ];
        let call = Call {
            operation,
            service: "ssm",
            method: "POST",
            path: "/".to_owned(),
            headers,
            body: body.as_bytes(),
        };
        let answer = self.call(&call).await?;
        if !answer.is_good() {
            let error = answer.refusal(operation);
            return if error.is("ParameterNotFound") { Ok(None) } else { Err(error) };
        }
        let answer: Option<Value> = serde_json::from_slice(&answer.body).ok();
        Ok(answer.and_then(|it| Some(it["Parameter"]["Value"].as_str()?.to_owned())))
    }
}
