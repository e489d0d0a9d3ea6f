//! HTTP/1.1 as far as clients of AWS speak it: one request after the other, each with its length.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Read, Write},
};

/// A request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path, without what follows a question mark.
    pub(crate) path: String,
    /// What follows the question mark.
    pub(crate) query: String,
    /// By name in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads the next request; nothing if the client has closed the connection.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut request = Self { method, path: path.to_owned(), query: query.to_owned(), ..Self::default() };
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                request.headers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
            }
        }
        let length = request.header("content-length").parse().unwrap_or(0);
        from.take(length).read_to_end(&mut request.body)?;
        Ok(Some(request))
    }

    /// A header; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The credential of the signature: access key, day, region, service.
    fn credential(&self) -> impl Iterator<Item = &str> {
        let (_, credential) = self.header("authorization").split_once("Credential=").unwrap_or_default();
        credential.split([',', ' ']).next().unwrap_or_default().split('/')
    }

    /// The access key the request was signed with.
    pub(crate) fn access_key(&self) -> &str {
        self.credential().next().unwrap_or_default()
    }

    /// The region the request was signed for.
    pub(crate) fn region(&self) -> Option<&str> {
        self.credential().nth(2)
    }

    /// The service the request was signed for.
    pub(crate) fn service(&self) -> Option<&str> {
        self.credential().nth(3)
    }
}

impl Response {
    /// An answer of this type of content.
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    /// An answer in XML.
    pub(crate) fn xml(status: u16, body: String) -> Self {
        Self::new(status, "text/xml", body)
    }

    /// An answer in the JSON of AWS.
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, "application/x-amz-json-1.1", body.to_string())
    }

    /// Writes the head and `sent` bytes of the body, of which the head announces all.
    pub(crate) fn write(&self, to: &mut impl Write, sent: usize) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} Answer\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        // The answer to HEAD says the length of what GET would bring.
        if !self.headers.iter().any(|it| it.0 == "content-length") {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        // At once: a client that has all of a head may look for the body before it is there.
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend(&self.body[..sent.min(self.body.len())]);
        to.write_all(&bytes)?;
        to.flush()
    }
}
