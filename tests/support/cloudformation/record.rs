//! What was asked of the endpoint, for tests to read.

use super::form::Form;

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The service the call was signed for.
    pub(crate) service: String,
    /// What was to be done; for S3 the method.
    pub(crate) action: String,
    /// The parameters as they were sent.
    pub(crate) parameters: Form,
    /// The status of the answer; none if none was sent.
    pub(crate) http: Option<u16>,
}

/// What has no place in a transcript: what is random, long, or in all of them.
const LEFT_OUT: &[&str] =
    &["Action", "Version", "ClientToken", "ClientRequestToken", "TemplateBody", "StackPolicyBody"];

/// Calls as lines, without random tokens; the same line many times over is one line.
pub(crate) fn transcript(calls: &[Call]) -> String {
    let lines: Vec<String> = calls.iter().map(line).collect();
    let runs = lines.chunk_by(|a, b| a == b);
    let lines = runs.map(|it| if it.len() == 1 { it[0].clone() } else { format!("{} ×{}", it[0], it.len()) });
    lines.map(|it| it + "\n").collect()
}

fn line(call: &Call) -> String {
    let shown = call.parameters.0.iter().filter(|(key, value)| {
        !LEFT_OUT.contains(&key.as_str()) && !key.ends_with("Token") && !value.is_empty()
    });
    let shown = shown.map(|(key, value)| format!(" {}={}", key.replace(".member.", "."), short(value)));
    let outcome = match call.http {
        Some(200) => String::new(),
        Some(status) => format!(" → {status}"),
        None => " → nothing".to_owned(),
    };
    let service = if call.service == "cloudformation" { "" } else { &format!("{}:", call.service) };
    format!("{service}{}{}{outcome}", call.action, shown.collect::<String>())
}

/// A value on one line, and an ARN by its name: what else is in it only this run knows.
fn short(value: &str) -> String {
    let name = value.strip_prefix("arn:aws:cloudformation:").and_then(|it| it.split('/').nth(1));
    name.map_or_else(|| value.replace('\n', "\\n"), |it| format!("arn({it})"))
}
