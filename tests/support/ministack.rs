//! `MiniStack`, an emulator of AWS, as a process of its own for each test (see `tests/ministack/launcher.py`).

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

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
