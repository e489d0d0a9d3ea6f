//! Calls of services that are asked so little that their own clients would not be worth the time it takes to compile them.
//!
//! A request is signed, sent, and read; what is safe to repeat is repeated as the SDK does it.

use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::{
    http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use aws_smithy_runtime_api::{client::http::HttpConnector as _, http::Request};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};

use serde_json::Value;

use super::{Aws, failure::refusal};
use crate::world::{AwsError, Refusal};

/// The most that is read of an answer, in bytes: no service has that much to say at once.
const LARGEST_ANSWER: usize = 64 << 20;

/// A call to be made.
#[derive(Clone, Debug)]
pub(super) struct Call<'a> {
    /// What is asked, as AWS calls it.
    pub(super) operation: &'static str,
    /// The service, as a host and a signature name it: `s3`.
    pub(super) service: &'static str,
    pub(super) method: &'static str,
    /// What comes after the host; nothing in it needs to be encoded.
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: &'a [u8],
}

/// What is asked of a service that speaks JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    /// The service, as a host and a signature name it: `ecs`.
    pub(super) service: &'static str,
    /// What it calls its protocol: `AmazonSSM`.
    pub(super) prefix: &'static str,
    /// What is asked, as AWS calls it.
    pub(super) operation: &'static str,
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Whether it is what was asked for.
    pub(super) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it says that there is too much to do; some services do so with the status of a mistake.
    fn is_worth_a_retry(&self) -> bool {
        let is_busy = || matches!(self.refusal("").reason, Refusal::Busy(_));
        self.status == 429 || self.status >= 500 || !self.is_good() && is_busy()
    }

    /// What it says, where that is a text.
    pub(super) fn text(&self, operation: &'static str) -> Result<&str, AwsError> {
        let garbled = |it: std::str::Utf8Error| Refusal::Garbled(it.to_string());
        std::str::from_utf8(&self.body).map_err(|it| AwsError { operation, reason: garbled(it) })
    }

    /// Why it is not.
    pub(super) fn refusal(&self, operation: &'static str) -> AwsError {
        let text = String::from_utf8_lossy(&self.body);
        let between = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
        };
        let json: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        let field = |names: [&str; 2]| {
            let json = json.as_ref()?;
            names.iter().find_map(|it| json.get(it)?.as_str()).map(str::to_owned)
        };
        // A type may come with the namespace it is of.
        let code = field(["__type", "code"]).map(|it| it.rsplit('#').next().unwrap_or_default().to_owned());
        let code = code.or_else(|| between("Code")).unwrap_or_else(|| match self.status {
            403 => "AccessDenied".to_owned(),
            404 => "NotFound".to_owned(),
            status => status.to_string(),
        });
        let message = field(["message", "Message"]).or_else(|| between("Message"));
        let message = message.unwrap_or_else(|| format!("the answer has the status {}", self.status));
        AwsError { operation, reason: refusal(&code, &message) }
    }
}

impl Aws {
    /// Where a service is: in its region, or at the endpoint that stands for all of them.
    pub(super) fn host(&self, service: &str) -> String {
        match self.config.endpoint_url() {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => {
                let domain =
                    if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
                match (service, self.region.as_str()) {
                    ("iam" | "route53", it) if it.starts_with("us-gov-") => {
                        format!("https://{service}.us-gov.{domain}")
                    }
                    ("route53", _) => format!("https://route53.{domain}"),
                    ("iam", it) if !it.starts_with("cn-") => format!("https://iam.{domain}"),
                    // Where images are kept, their registries have the plain name.
                    ("ecr", it) => format!("https://api.ecr.{it}.{domain}"),
                    _ => format!("https://{service}.{}.{domain}", self.region_of(service)),
                }
            }
        }
    }

    /// The region that a call of a service is signed for: what is the same everywhere is in one of each partition.
    fn region_of(&self, service: &str) -> &str {
        match (service, self.region.as_str()) {
            ("iam", it) if it.starts_with("cn-") => "cn-north-1",
            ("route53", it) if it.starts_with("cn-") => "cn-northwest-1",
            ("iam" | "route53", it) if it.starts_with("us-gov-") => "us-gov-west-1",
            ("iam" | "route53", _) => "us-east-1",
            (_, region) => region,
        }
    }

    /// Asks a service that speaks JSON, as often as it takes.
    pub(super) async fn ask(&self, target: Target, body: &Value) -> Result<Value, AwsError> {
        let Target { service, prefix, operation } = target;
        let body = body.to_string();
        let version = match service {
            "cloudcontrolapi" | "codeconnections" | "codestar-connections" => "1.0",
            _ => "1.1",
        };
        let headers = vec![
            ("content-type", format!("application/x-amz-json-{version}")),
            ("x-amz-target", format!("{prefix}.{operation}")),
        ];
        let path = "/".to_owned();
        let call = Call { operation, service, method: "POST", path, headers, body: body.as_bytes() };
        let answer = self.call(&call).await?;
        if !answer.is_good() {
            return Err(answer.refusal(operation));
        }
        let garbled =
            |it: serde_json::Error| AwsError { operation, reason: Refusal::Garbled(it.to_string()) };
        serde_json::from_slice(&answer.body).map_err(garbled)
    }

    /// Makes a call that may be made more than once.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Answer, AwsError> {
        let mut pause = self.patience.backoff;
        for _ in 1..self.patience.attempts {
            match self.attempt(call).await {
                Ok(answer) if answer.is_worth_a_retry() => (),
                Err(error) if matches!(error.reason, Refusal::Silent(_) | Refusal::Unreachable(_)) => (),
                result => return result,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(self.patience.backoff * 20);
        }
        self.attempt(call).await
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<Answer, AwsError> {
        let failed = |reason| AwsError { operation: call.operation, reason };
        let request = self.signed(call).await.map_err(failed)?;
        let exchange = async {
            let response = self.http.call(request).await;
            let response = response.map_err(|it| Refusal::Unreachable(it.to_string()))?;
            let status = response.status().as_u16();
            let mut parts = ByteStream::new(response.into_body());
            let mut body = Vec::new();
            while let Some(part) = parts.next().await {
                body.extend(part.map_err(|it| Refusal::Unreachable(it.to_string()))?);
                if body.len() > LARGEST_ANSWER {
                    return Err(Refusal::Garbled(format!("it has more than {LARGEST_ANSWER} bytes")));
                }
            }
            Ok(Answer { status, body })
        };
        let answer = tokio::time::timeout(self.patience.answer, exchange).await;
        answer.unwrap_or(Err(Refusal::Silent(self.patience.answer))).map_err(failed)
    }

    /// The request of a call, signed with the caller's credentials.
    #[expect(clippy::disallowed_methods, reason = "this is the World")]
    async fn signed(&self, call: &Call<'_>) -> Result<Request<SdkBody>, Refusal> {
        let none = |why: String| Refusal::NoCredentials(why);
        let provider =
            self.config.credentials_provider().ok_or_else(|| none("nobody gives them".to_owned()))?;
        let credentials = provider.provide_credentials().await.map_err(|it| none(it.to_string()))?;
        let identity = credentials.into();
        let mut settings = SigningSettings::default();
        if call.service == "s3" {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            settings.percent_encoding_mode = aws_sigv4::http_request::PercentEncodingMode::Single;
        }
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(self.region_of(call.service))
            .name(call.service)
            .time(SystemTime::now())
            .settings(settings)
            .build();
        let parameters = parameters.map_err(|it| none(it.to_string()))?.into();
        let url = format!("{}{}", self.host(call.service), call.path);
        let headers = call.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let signable =
            SignableRequest::new(call.method, &url, headers.clone(), SignableBody::Bytes(call.body));
        let unreadable = |why: String| Refusal::Unreachable(why);
        let signable = signable.map_err(|it| unreadable(it.to_string()))?;
        let (instructions, _) =
            sign(signable, &parameters).map_err(|it| unreadable(it.to_string()))?.into_parts();
        let mut request = Request::new(SdkBody::from(call.body));
        request.set_method(call.method).map_err(|it| unreadable(it.to_string()))?;
        request.set_uri(url.as_str()).map_err(|it| unreadable(it.to_string()))?;
        for (name, value) in headers.chain(instructions.headers()) {
            request.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        Ok(request)
    }
}
