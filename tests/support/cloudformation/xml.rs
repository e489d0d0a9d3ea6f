//! Answers of the AWS Query protocol: elements, lists of `member`, and refusals.

use std::fmt::Display;

/// What an action gives back.
pub(crate) type Answer = Result<Xml, Refusal>;

/// The content of an element.
#[derive(Clone, Debug, Default)]
pub(crate) struct Xml(String);

impl Xml {
    /// Nothing.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds an element that holds text.
    pub(crate) fn text(self, name: &str, value: impl Display) -> Self {
        let value = escaped(&value.to_string());
        self.element(name, &value)
    }

    /// Adds an element that holds text, if there is one.
    pub(crate) fn maybe(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds an element that holds others.
    pub(crate) fn group(self, name: &str, content: &Self) -> Self {
        self.element(name, &content.0)
    }

    /// Adds a list of elements.
    pub(crate) fn list(self, name: &str, items: impl IntoIterator<Item = Self>) -> Self {
        let members = items.into_iter().fold(Self::new(), |all, it| all.group("member", &it));
        self.group(name, &members)
    }

    /// Adds a list of texts.
    pub(crate) fn texts(self, name: &str, items: impl IntoIterator<Item = impl Display>) -> Self {
        let members = items.into_iter().fold(Self::new(), |all, it| all.text("member", it));
        self.group(name, &members)
    }

    /// Adds a list of pairs, such as tags.
    pub(crate) fn pairs<'a>(
        self,
        name: &str,
        [key, value]: [&str; 2],
        items: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) -> Self {
        self.list(name, items.into_iter().map(|it| Self::new().text(key, it.0).text(value, it.1)))
    }

    /// The whole answer to an action.
    pub(crate) fn response(&self, action: &str, namespace: &str) -> String {
        let Self(content) = self;
        format!(
            "<{action}Response xmlns=\"{namespace}\"><{action}Result>{content}</{action}Result>\
             <ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></{action}Response>"
        )
    }

    /// A document of this element alone, as S3 has them.
    pub(crate) fn document(&self, root: &str) -> String {
        Self::new().group(root, self).0
    }

    fn element(mut self, name: &str, content: &str) -> Self {
        self.0.push_str(&format!("<{name}>{content}</{name}>"));
        self
    }
}

const REQUEST_ID: &str = "00000000-0000-0000-0000-000000000000";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
}

/// Why an action is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) http: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    /// A refusal with a code of its own.
    pub(crate) fn new(http: u16, code: &str, message: impl Into<String>) -> Self {
        Self { http, code: code.to_owned(), message: message.into() }
    }

    /// What CloudFormation says of most that is wrong.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// The whole answer.
    pub(crate) fn response(&self, namespace: &str) -> String {
        let kind = if self.http < 500 { "Sender" } else { "Receiver" };
        let error = Xml::new().text("Type", kind).text("Code", &self.code).text("Message", &self.message);
        let Xml(content) = Xml::new().group("Error", &error).text("RequestId", REQUEST_ID);
        format!("<ErrorResponse xmlns=\"{namespace}\">{content}</ErrorResponse>")
    }
}
