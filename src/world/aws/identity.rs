//! Who calls AWS, and what that one may do.

use aws_credential_types::provider::ProvideCredentials as _;

use super::{Aws, query::Queried, xml::Element};
use crate::world::AwsError;

/// How many actions are asked about at once.
const MOST_ACTIONS: usize = 100;

impl Aws {
    /// Where the credentials come from, as the SDK calls it: `EnvironmentVariable`, `SSO`; nothing, if it does not say.
    pub async fn source(&self) -> Option<String> {
        let credentials = self.config.credentials_provider()?.provide_credentials().await.ok()?;
        // It is shown nowhere else; secrets are left out of this text.
        let shown = format!("{credentials:?}");
        let (_, rest) = shown.split_once("provider_name: \"")?;
        Some(rest.split_once('"')?.0.to_owned())
    }

    /// The ARN of a role of this account, by its name.
    pub async fn role(&self, name: &str) -> Result<Option<String>, AwsError> {
        let operation = "GetRole";
        match self.iam(operation, &[("RoleName".to_owned(), name.to_owned())]).await {
            Ok(answer) => Ok(answer.child("Role").and_then(|it| it.text("Arn")).map(str::to_owned)),
            Err(error) if error.is("NoSuchEntity") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Those of these actions that a user or role may not do with these resources; with all, if none is named.
    ///
    /// `through_cloudformation` asks for the case that CloudFormation does it for the one who called that.
    pub async fn denied(
        &self,
        principal: &str,
        actions: &[&str],
        resources: &[String],
        through_cloudformation: bool,
    ) -> Result<Vec<String>, AwsError> {
        let mut denied = Vec::new();
        for some in actions.chunks(MOST_ACTIONS) {
            let mut parameters = vec![("PolicySourceArn".to_owned(), principal.to_owned())];
            let mut list = |name: &str, items: &mut dyn Iterator<Item = String>| {
                let numbered = items.enumerate();
                parameters.extend(numbered.map(|(at, it)| (format!("{name}.member.{}", at + 1), it)));
            };
            list("ActionNames", &mut some.iter().map(|it| (*it).to_owned()));
            list("ResourceArns", &mut resources.iter().cloned());
            if through_cloudformation {
                let entry = |name: &str| format!("ContextEntries.member.1.{name}");
                parameters.extend([
                    (entry("ContextKeyName"), "aws:CalledVia".to_owned()),
                    (entry("ContextKeyType"), "stringList".to_owned()),
                    (entry("ContextKeyValues.member.1"), "cloudformation.amazonaws.com".to_owned()),
                ]);
            }
            denied.extend(self.simulated(parameters).await?);
        }
        Ok(denied)
    }

    /// The actions that a simulation denies, page by page.
    async fn simulated(&self, mut parameters: Vec<(String, String)>) -> Result<Vec<String>, AwsError> {
        let mut denied = Vec::new();
        loop {
            let answer = self.iam("SimulatePrincipalPolicy", &parameters).await?;
            let refused =
                answer.items("EvaluationResults").filter(|it| it.text("EvalDecision") != Some("allowed"));
            denied.extend(refused.filter_map(|it| it.text("EvalActionName")).map(str::to_owned));
            parameters.retain(|(name, _)| name != "Marker");
            match answer.text("Marker").filter(|_| answer.is_set("IsTruncated")) {
                Some(marker) => parameters.push(("Marker".to_owned(), marker.to_owned())),
                None => return Ok(denied),
            }
        }
    }

    /// Asks IAM, and gives the result.
    async fn iam(
        &self,
        operation: &'static str,
        parameters: &[(String, String)],
    ) -> Result<Element, AwsError> {
        let iam = Queried { service: "iam", version: "2010-05-08" };
        let answer = self.query(iam, operation, parameters).await?;
        Ok(answer.into_child(&format!("{operation}Result")))
    }
}
