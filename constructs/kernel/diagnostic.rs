//! What we tell the user about what they wrote.

use super::{id::ConstructPath, span::Span};

/// A fault in the user's input: what, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable name, such as `fargate-size`, by which the fault can be looked up.
    pub code: &'static str,
    /// Whether it stops the work.
    pub severity: Severity,
    /// One lowercase sentence without a period.
    pub message: String,
    /// The places it is about, the chief one first.
    pub labels: Vec<Label>,
    /// What to do instead; begins with a verb.
    pub help: Option<String>,
    /// The construct it was found in.
    pub path: Option<ConstructPath>,
}

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing, and often right.
    Info,
    /// Worth mending; the work goes on.
    Warning,
    /// The work cannot go on.
    Error,
}

/// A place a [`Diagnostic`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What there is to see there; empty if the message says it.
    pub text: String,
}

impl Diagnostic {
    /// An error at no known place.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        let message = shortened(message.into());
        Self { code, severity: Severity::Error, message, labels: Vec::new(), help: None, path: None }
    }

    /// A warning at no known place.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Something worth knowing, at no known place.
    #[must_use]
    pub fn info(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Info, ..Self::error(code, message) }
    }

    /// Points the fault at `span`, unless it already points somewhere more exact.
    #[must_use]
    pub fn at(self, span: Span) -> Self {
        if self.labels.is_empty() { self.label(span, "") } else { self }
    }

    /// Points out a place, and says what there is to see.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        if span.is_written() {
            self.labels.push(Label { span, text: text.into() });
        }
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds "did you mean …" if one of `known` is close to `written`, or else lists what there is.
    #[must_use]
    pub fn suggest<'a>(self, written: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        match nearest(written, &known) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None if known.is_empty() => self.help("take it out: there is nothing of the kind here"),
            None => self.help(format!("use {}", one_of(&known))),
        }
    }

    /// Says which construct it was found in, unless that is known more exactly already.
    #[must_use]
    pub fn within(mut self, path: &ConstructPath) -> Self {
        self.path.get_or_insert_with(|| path.clone());
        self
    }

    /// Where it chiefly points.
    pub fn span(&self) -> Span {
        self.labels.first().map_or(Span::default(), |it| it.span)
    }
}

/// A message that quotes a text of the user's stays readable, however long that is.
fn shortened(message: String) -> String {
    const LONGEST: usize = 600;
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}

/// Whether any of `diagnostics` stops the work.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|it| it.severity == Severity::Error)
}

/// The one of `known` that somebody who wrote `written` most likely meant.
pub fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    /// Nobody means a name by a longer word, and comparing takes the square of its length.
    const LONGEST: usize = 100;
    /// CloudFormation takes 500 resources; among more names than this, each fault would take too long.
    const MOST: usize = 1000;
    if written.len() > LONGEST || known.len() > MOST {
        return None;
    }
    let lower = written.to_ascii_lowercase();
    let tolerance = (written.chars().count() / 3).max(1);
    known
        .iter()
        .filter(|it| it.len().abs_diff(written.len()) <= tolerance)
        .map(|it| (strsim::damerau_levenshtein(&lower, &it.to_ascii_lowercase()), *it))
        .filter(|(distance, _)| *distance <= tolerance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, it)| it)
}

/// `names` in backticks, with commas and an `or`; a long list is cut.
pub fn one_of(names: &[&str]) -> String {
    const MOST: usize = 12;
    let quoted: Vec<String> = names.iter().take(MOST).map(|it| format!("`{it}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        _ if names.len() > MOST => format!("{}, …", quoted.join(", ")),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let known = ["image", "cpu", "memory", "desiredCount"];
        assert_eq!(nearest("cpus", &known), Some("cpu"));
        assert_eq!(nearest("Memory", &known), Some("memory"));
        assert_eq!(nearest("desierdCount", &known), Some("desiredCount"));
        assert_eq!(nearest("banana", &known), None);
    }

    #[test]
    fn lists_names_as_a_person_would() {
        assert_eq!(one_of(&["a"]), "`a`");
        assert_eq!(one_of(&["a", "b"]), "`a` or `b`");
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
