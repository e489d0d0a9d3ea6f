//! Requests and answers in JSON, with a token. What is safe to repeat is repeated.

use std::time::Duration;

use aws_smithy_runtime_api::{
    client::http::{HttpConnector as _, SharedHttpConnector},
    http::{Headers, Request},
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use serde_json::Value;

use super::{Fault, ForgeError, Job, Kind, Token};
use crate::world::{Access, Patience, aws};

/// The most bytes of an answer that are read: a hundred comments of GitHub, each character of them escaped, have fewer.
const LARGEST_ANSWER: usize = 64 << 20;
/// How often an answer may send on.
const MOST_REDIRECTIONS: usize = 3;
/// How many times the pause before a further attempt is waited where that is asked for: a minute.
const LONGEST_WAIT: u32 = 60;

/// What asks, of one address.
pub(super) struct Rest {
    http: SharedHttpConnector,
    patience: Patience,
    kind: Kind,
    /// Where the interface is.
    pub(super) api: String,
    token: Token,
}

/// A call to be made.
pub(super) struct Call<'a> {
    /// What it does: `list the comments`.
    pub(super) operation: &'static str,
    pub(super) method: &'static str,
    /// The whole address.
    pub(super) url: String,
    pub(super) body: Option<&'a Value>,
    /// Whether it may be made more than once.
    pub(super) is_safe: bool,
}

/// What came back.
pub(super) struct Answer {
    pub(super) json: Value,
    headers: Headers,
}

/// Why an attempt failed.
struct Failed {
    fault: Fault,
    /// How long to wait before another; nothing, if that is of no use.
    wait: Option<Duration>,
    /// Whether it may have been done all the same.
    is_in_doubt: bool,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }
}

impl Rest {
    pub(super) fn new(access: &Access, job: &Job) -> Self {
        let Job { kind, api, token, .. } = job.clone();
        Self { http: aws::http(), patience: access.patience, kind, api, token }
    }

    /// An error of a call.
    pub(super) fn error(&self, operation: &'static str, fault: Fault) -> ForgeError {
        ForgeError { kind: self.kind, operation, fault, is_in_doubt: false }
    }

    pub(super) async fn wait(&self) {
        tokio::time::sleep(self.patience.backoff).await;
    }

    /// Whether an address is where the interface is, so that the token may go there.
    pub(super) fn is_here(&self, url: &str) -> bool {
        origin(url) == origin(&self.api)
    }

    /// Makes a call, again if it failed and that may help, but nothing twice that is not safe to be.
    pub(super) async fn ask(&self, call: &Call<'_>) -> Result<Answer, ForgeError> {
        let mut pause = self.patience.backoff;
        let mut left = self.patience.attempts;
        loop {
            left = left.saturating_sub(1);
            let Failed { fault, wait, is_in_doubt } = match self.attempt(call).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let wait = wait.filter(|it| left > 0 && *it <= self.patience.backoff * LONGEST_WAIT);
            match wait.filter(|_| call.is_safe || !is_in_doubt) {
                Some(wait) => tokio::time::sleep(wait.max(pause)).await,
                None => return Err(ForgeError { is_in_doubt, ..self.error(call.operation, fault) }),
            }
            pause = (pause * 2).min(self.patience.backoff * 20);
        }
    }

    /// Makes a call once; follows where it is sent on within the same address.
    async fn attempt(&self, call: &Call<'_>) -> Result<Answer, Failed> {
        let mut url = call.url.clone();
        for _ in 0..=MOST_REDIRECTIONS {
            let exchange = tokio::time::timeout(self.patience.answer, self.exchange(call, &url));
            let exchange = exchange.await.unwrap_or(Err(Fault::Silent(self.patience.answer)));
            let doubtful = |fault| Failed { fault, wait: Some(Duration::ZERO), is_in_doubt: true };
            let (status, headers, body) = exchange.map_err(doubtful)?;
            // A call of another method would become one that reads.
            let is_moved = matches!(status, 307 | 308) || matches!(status, 301 | 302) && call.method == "GET";
            let Some(location) = headers.get("location").filter(|_| (300..400).contains(&status)) else {
                return self.read(status, headers, &body);
            };
            if !is_moved || !self.is_here(location) {
                let host = origin(location).unwrap_or("another address").to_owned();
                return Err(Failed::for_good(Fault::Elsewhere(self.token.kept_out_of(&host))));
            }
            location.clone_into(&mut url);
        }
        Err(Failed::for_good(Fault::Garbled("it sends on and on".to_owned())))
    }

    async fn exchange(&self, call: &Call<'_>, url: &str) -> Result<(u16, Headers, Vec<u8>), Fault> {
        let unreachable = |why: String| Fault::Unreachable(self.token.kept_out_of(&why));
        let request = self.request(call, url).map_err(unreachable)?;
        let response = self.http.call(request).await;
        let response = response.map_err(|it| unreachable(aws::causes(&it)))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut stream = ByteStream::new(response.into_body());
        let mut body = Vec::new();
        while let Some(part) = stream.next().await {
            body.extend(part.map_err(|it| unreachable(aws::causes(&it)))?);
            if body.len() > LARGEST_ANSWER {
                return Err(Fault::Garbled(format!("it has more than {LARGEST_ANSWER} bytes")));
            }
        }
        Ok((status, headers, body))
    }

    fn request(&self, call: &Call<'_>, url: &str) -> Result<Request<SdkBody>, String> {
        let body = call.body.map(Value::to_string);
        let mut request = Request::new(body.map_or_else(SdkBody::empty, SdkBody::from));
        request.set_method(call.method).map_err(|it| it.to_string())?;
        request.set_uri(url).map_err(|it| it.to_string())?;
        let headers = request.headers_mut();
        headers.insert("user-agent", concat!("asi/", env!("CARGO_PKG_VERSION")));
        if call.body.is_some() {
            headers.insert("content-type", "application/json");
        }
        match self.kind {
            Kind::GitHub => {
                headers.insert("accept", "application/vnd.github+json");
                headers.insert("x-github-api-version", "2022-11-28");
                headers.insert("authorization", format!("Bearer {}", self.token.reveal()));
            }
            Kind::GitLab => {
                headers.insert("accept", "application/json");
                headers.insert("private-token", self.token.reveal().to_owned());
            }
        }
        Ok(request)
    }

    /// What an answer says.
    fn read(&self, status: u16, headers: Headers, body: &[u8]) -> Result<Answer, Failed> {
        let json = serde_json::from_slice::<Value>(body);
        if (200..300).contains(&status) {
            return match json {
                Ok(json) => Ok(Answer { json, headers }),
                Err(error) => {
                    let fault = Fault::Garbled(format!("it is no JSON: {error}"));
                    Err(Failed { fault, wait: None, is_in_doubt: true })
                }
            };
        }
        let message = json.ok().and_then(|it| said(&it)).unwrap_or_else(|| "it does not say why".to_owned());
        let message = self.token.kept_out_of(&message);
        let number = |name: &str| headers.get(name).and_then(|it| it.trim().parse::<u64>().ok());
        let seconds = number("retry-after").map(Duration::from_secs);
        // GitHub says so, too, that it was asked too often.
        let is_exhausted = number("x-ratelimit-remaining") == Some(0);
        let is_too_often = status == 429 || status == 403 && (seconds.is_some() || is_exhausted);
        Err(match status {
            _ if is_too_often => {
                let after = seconds.map(|it| format!("; it wants to be left alone for {} s", it.as_secs()));
                let fault = Fault::Busy(message + &after.unwrap_or_default());
                // The end of an hour is nothing to wait for.
                let wait = seconds.or_else(|| (!is_exhausted).then_some(Duration::ZERO));
                Failed { fault, wait, is_in_doubt: false }
            }
            401 => Failed::for_good(Fault::Unknown(message)),
            403 => Failed::for_good(Fault::Denied(message)),
            404 => Failed::for_good(Fault::Missing(message)),
            500.. => {
                let fault = Fault::Busy(format!("{message} ({status})"));
                Failed { fault, wait: Some(seconds.unwrap_or_default()), is_in_doubt: true }
            }
            _ => Failed::for_good(Fault::Refused { status, message }),
        })
    }
}

impl Failed {
    fn for_good(fault: Fault) -> Self {
        Self { fault, wait: None, is_in_doubt: false }
    }
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    Some(&url[..scheme.len() + "://".len() + host])
}

/// The reason in the body of a refusal: GitHub has `message` and details in `errors`, GitLab a text or a map in `message`,
/// or a text in `error`.
fn said(json: &Value) -> Option<String> {
    let message = json.get("message").or_else(|| json.get("error"))?;
    let mut message = message.as_str().map_or_else(|| message.to_string(), str::to_owned);
    for error in json.get("errors").and_then(Value::as_array).into_iter().flatten() {
        let detail = error.as_str().or_else(|| error.get("message")?.as_str());
        message.extend(detail.map(|it| format!("; {it}")));
    }
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_port_or_scheme_is_another_place() {
        assert_eq!(origin("https://api.github.com/user?page=2"), Some("https://api.github.com"));
        assert_eq!(origin("https://api.github.com"), Some("https://api.github.com"));
        assert_eq!(origin("https://api.github.com:444/"), Some("https://api.github.com:444"));
        assert_eq!(
            origin("https://api.github.com@evil.example/"),
            Some("https://api.github.com@evil.example")
        );
        assert_eq!(origin("/user"), None);
    }
}
