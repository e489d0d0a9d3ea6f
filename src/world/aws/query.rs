//! Services that are asked with a form and answer in XML: the Query protocol, and Route 53.

use std::fmt::Write as _;

use super::{Aws, signed::Call, xml::Element};
use crate::world::{AwsError, Refusal};

/// A service that is asked with a form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queried {
    /// The service, as a host and a signature name it: `ec2`.
    pub(super) service: &'static str,
    /// The version of what it can be asked.
    pub(super) version: &'static str,
}

impl Aws {
    /// Asks a service with a form, as often as it takes.
    pub(super) async fn query(
        &self,
        Queried { service, version }: Queried,
        operation: &'static str,
        form: &[(String, String)],
    ) -> Result<Element, AwsError> {
        let body = format!("Action={operation}&Version={version}&{}", encoded_form(form));
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        let body = body.trim_end_matches('&').as_bytes();
        let call = Call { operation, service, method: "POST", path: "/".to_owned(), headers, body };
        self.document(&call, &format!("{operation}Response")).await
    }

    /// Asks for what stands at a path, with what is asked behind it, as often as it takes.
    pub(super) async fn get(
        &self,
        service: &'static str,
        operation: &'static str,
        path: &str,
        asked: &[(String, String)],
    ) -> Result<Element, AwsError> {
        let path = format!("{path}?{}", encoded_form(asked)).trim_end_matches('?').to_owned();
        let call = Call { operation, service, method: "GET", path, headers: Vec::new(), body: &[] };
        self.document(&call, &format!("{operation}Response")).await
    }

    /// Makes a call that is answered with a document of this name, as often as it takes.
    pub(super) async fn document(&self, call: &Call<'_>, name: &str) -> Result<Element, AwsError> {
        let operation = call.operation;
        let answer = self.call(call).await?;
        if !answer.is_good() {
            return Err(answer.refusal(operation));
        }
        let garbled = |why: String| AwsError { operation, reason: Refusal::Garbled(why) };
        let document = Element::read(answer.text(operation)?).map_err(garbled)?;
        // Who stands between here and AWS answers in XML, too, with a page that wants a login.
        match document.name() {
            it if it == name => Ok(document),
            it => Err(garbled(format!("it is a document of the kind `{it}`"))),
        }
    }
}

fn encoded_form(form: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        form.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

/// A value as a form has it.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => write!(out, "%{byte:02X}").expect("a text takes everything"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_takes_every_text() {
        assert_eq!(encoded("arn:aws:iam::1:role/a b+é"), "arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%20b%2B%C3%A9");
        let form = [("A.1".to_owned(), "&".to_owned()), ("B".to_owned(), String::new())];
        assert_eq!(encoded_form(&form), "A.1=%26&B=");
    }
}
