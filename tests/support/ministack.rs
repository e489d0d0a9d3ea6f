//! `MiniStack`, an emulator of AWS, as a process of its own for each test (see `tests/ministack/launcher.py`).

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use aws_sdk_cloudformation::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region},
};
use aws_smithy_http_client::Builder;

use super::{peer::peer, root};

/// A running `MiniStack`, which ends when this is dropped, and also if the test is killed.
pub(crate) struct Ministack {
    process: Child,
    port: u16,
}

impl Ministack {
    /// Starts one, or says that the test is skipped.
    #[track_caller]
    pub(crate) fn start(test: &str) -> Option<Self> {
        Self::start_slow(test, Duration::ZERO)
    }

    /// Starts one in which each resource takes this long, or says that the test is skipped.
    #[track_caller]
    pub(crate) fn start_slow(test: &str, delay: Duration) -> Option<Self> {
        let python = peer("ASI_TEST_MINISTACK", test)?;
        let mut process = Command::new(python)
            .arg(root().join("tests/ministack/launcher.py"))
            .args(["--delay", &delay.as_secs_f64().to_string()])
            // What functions leave behind.
            .env("TMPDIR", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("listening on ").and_then(|it| it.parse().ok());
        Some(Self { process, port: port.unwrap_or_else(|| panic!("MiniStack did not start: `{line}`")) })
    }

    /// Has a service of an account do something, and gives its answer: `scope` is `ACCOUNT/REGION/SERVICE`, `request` a
    /// method and a path, and `target` what is to be done, of a service that speaks JSON.
    #[track_caller]
    pub(crate) fn ask(&self, scope: &str, request: &str, target: Option<&str>, body: &str) -> String {
        let (account, place) = scope.split_once('/').unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let what = match target {
            Some(target) => {
                format!("X-Amz-Target: {target}\r\nContent-Type: application/x-amz-json-1.1")
            }
            None => "Content-Type: application/x-www-form-urlencoded".to_owned(),
        };
        let credential = format!("Credential={account}/20260101/{place}/aws4_request");
        let lines = [
            &format!("{request} HTTP/1.1"),
            "Host: 127.0.0.1",
            "Connection: close",
            &format!("Authorization: AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"),
            &format!("Content-Length: {}", body.len()),
            &what,
        ];
        write!(stream, "{}\r\n\r\n{body}", lines.join("\r\n")).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{request} {body}: {answer}");
        answer
    }

    /// CloudFormation in a region of an account.
    pub(crate) fn cloudformation(&self, account: &str, region: &str) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.endpoint())
            .http_client(Builder::new().build_http())
            .region(Region::new(region.to_owned()))
            .credentials_provider(Credentials::new(account, "test", None, None, "tests"))
            .build();
        Client::from_conf(config)
    }

    /// Where its services are, all of them.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        // It ends with its standard input, and takes along what it started.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
