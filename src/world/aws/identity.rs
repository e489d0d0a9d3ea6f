//! Who calls AWS, and what that one may do.

use std::fmt::Write as _;

use aws_credential_types::provider::ProvideCredentials as _;

use super::{Aws, signed::Call};
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
            Ok(text) => Ok(values(&text, "Arn").next().map(str::to_owned)),
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
            let text = self.iam("SimulatePrincipalPolicy", &parameters).await?;
            let verdicts = values(&text, "EvalActionName").zip(values(&text, "EvalDecision"));
            denied.extend(verdicts.filter(|(_, it)| *it != "allowed").map(|(action, _)| action.to_owned()));
            let next = values(&text, "Marker").next().map(str::to_owned);
            parameters.retain(|(name, _)| name != "Marker");
            match next.filter(|_| values(&text, "IsTruncated").any(|it| it == "true")) {
                Some(marker) => parameters.push(("Marker".to_owned(), marker)),
                None => return Ok(denied),
            }
        }
    }

    async fn iam(
        &self,
        operation: &'static str,
        parameters: &[(String, String)],
    ) -> Result<String, AwsError> {
        let mut body = format!("Action={operation}&Version=2010-05-08");
        for (name, value) in parameters {
            body += &format!("&{name}={}", encoded(value));
        }
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        let path = "/".to_owned();
        let call = Call { operation, service: "iam", method: "POST", path, headers, body: body.as_bytes() };
        let answer = self.call(&call).await?;
        if answer.is_good() {
            Ok(String::from_utf8_lossy(&answer.body).into_owned())
        } else {
            Err(answer.refusal(operation))
        }
    }
}

/// A value as a form has it.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => write!(out, "%{byte:02X}").expect("a text takes everything"),
        }
    }
    out
}

/// What stands in the elements of a name, in order.
fn values<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, behind) = rest.split_once(&start)?;
        let (value, behind) = behind.split_once(&end)?;
        rest = behind;
        Some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_takes_every_text() {
        assert_eq!(encoded("arn:aws:iam::1:role/a b+é"), "arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%20b%2B%C3%A9");
    }

    #[test]
    fn values_are_read_in_order_and_half_ones_are_none() {
        let text = "<a>1</a><b>x</b><a>2</a><a>3";
        assert_eq!(values(text, "a").collect::<Vec<_>>(), ["1", "2"]);
    }
}
