//! Names of things in the stack file, and the values that hold them.
//!
//! Two languages are read here. In what a construct is given, `${name.attribute}` in any text refers to
//! something, and `$${` is a literal `${`. In CloudFormation's own sections text is text, and only its
//! functions refer to something. CloudFormation's functions are understood in both.

use std::borrow::Cow;

use super::{
    diagnostic::Diagnostic,
    expr::{Expr, ExprKind},
    map::{Entry, Map},
    node::{Inset, Node, NodeKind, Placed, is_intrinsic, short_form},
    property::Reader,
    span::Span,
};

/// A name that the user wrote, of a construct, a resource or a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Its place.
    pub span: Span,
    /// Whether it can only be a name of this stack; what stands before an image's tag need not be.
    pub is_certain: bool,
}

impl Name {
    /// A name of this stack.
    #[must_use]
    pub fn new(text: impl Into<String>, span: Span) -> Self {
        Self { text: text.into(), span, is_certain: true }
    }
}

/// A value as the user wrote it, its references still names.
pub type Value = Expr<Name>;

/// Reads what a construct is given: `${…}` in text refers to something.
pub fn interpolated(node: &Node, reader: &mut Reader) -> Value {
    Language { interpolates: true, loops: Vec::new() }.value(node, reader)
}

/// Reads a value in one of CloudFormation's own sections.
pub fn cloudformation(node: &Node, reader: &mut Reader) -> Value {
    Language { interpolates: false, loops: Vec::new() }.value(node, reader)
}

struct Language {
    /// Whether `${…}` in text refers to something outside of `Fn::Sub`.
    interpolates: bool,
    /// The variables of the `Fn::ForEach` loops around.
    loops: Vec<String>,
}

impl Language {
    fn value(&mut self, node: &Node, reader: &mut Reader) -> Value {
        if let Some(written) = node.plain.as_deref().filter(|_| !self.interpolates)
            && super::scalar::is_ambiguous(written)
        {
            reader.report(ambiguous(written, node));
        }
        let kind = match &node.kind {
            NodeKind::Null => {
                reader.report(
                    Diagnostic::error("null", "CloudFormation takes no empty values")
                        .at(node.span)
                        .help("give a value, or remove the key; `!Ref AWS::NoValue` leaves a property out"),
                );
                ExprKind::Absent
            }
            NodeKind::Bool(it) => ExprKind::Bool(*it),
            NodeKind::Integer(it) => ExprKind::Integer(*it),
            NodeKind::Float(it) => match node.plain.as_deref() {
                // A whole number too large for an integer, such as a number of a document, keeps its digits.
                Some(written) if written.bytes().all(|it| it.is_ascii_digit()) => {
                    ExprKind::String(Cow::Owned(written.to_owned()))
                }
                _ => ExprKind::Float(*it),
            },
            NodeKind::String(text) if self.interpolates => {
                return interpolate_within(text, node.span, node.inset, reader);
            }
            NodeKind::String(text) => ExprKind::String(text.clone()),
            NodeKind::List(items) => ExprKind::List(items.iter().map(|it| self.value(it, reader)).collect()),
            NodeKind::Map(map) => match node.as_single() {
                Some((key, argument)) if is_intrinsic(key) => {
                    return self.function(key, argument, node, reader);
                }
                _ => ExprKind::Object(self.entries(map, reader)),
            },
        };
        Expr { kind, span: node.span }
    }

    fn entries(&mut self, map: &Map<Node>, reader: &mut Reader) -> Map<Value> {
        map.iter()
            .map(|(key, entry)| {
                let loops = self.loops.len();
                if key.starts_with("Fn::ForEach::")
                    && let Some([variable, ..]) = entry.value.as_list()
                {
                    self.loops.extend(variable.as_str().map(str::to_owned));
                }
                let value = self.value(&entry.value, reader);
                self.loops.truncate(loops);
                (key.clone(), Entry { key: entry.key, value })
            })
            .collect()
    }

    fn function(&mut self, key: &str, argument: &Node, node: &Node, reader: &mut Reader) -> Value {
        let value = match key {
            "Ref" => self.reference(argument, reader),
            "Fn::GetAtt" => self.attribute(argument, reader),
            "Fn::Sub" => self.substitute(argument, reader),
            _ => {
                let map = node.as_map().expect("a function is a mapping");
                ExprKind::Object(self.entries(map, reader)).into()
            }
        };
        value.at(node.span)
    }

    fn reference(&self, argument: &Node, reader: &mut Reader) -> Value {
        match argument.as_written() {
            Some(text) => self.named(text, argument.span, reader),
            None => malformed(reader, "Ref", argument, "the name of a resource, construct or parameter"),
        }
    }

    fn attribute(&mut self, argument: &Node, reader: &mut Reader) -> Value {
        const EXPECTED: &str = "a name and an attribute, as in `!GetAtt name.attribute`";
        match argument.as_list() {
            Some([resource, attribute]) => match (resource.as_str(), attribute.as_str()) {
                (Some(name), Some(attribute)) => {
                    let name = Name::new(name, resource.span);
                    ExprKind::GetAtt(name, Cow::Owned(attribute.to_owned())).into()
                }
                // With CloudFormation's language extensions, the attribute may itself be worked out.
                (Some(name), None) => Expr::function(
                    "Fn::GetAtt",
                    vec![ExprKind::Id(Name::new(name, resource.span)).into(), self.value(attribute, reader)],
                ),
                (None, _) => malformed(reader, "Fn::GetAtt", resource, EXPECTED),
            },
            _ => malformed(reader, "Fn::GetAtt", argument, EXPECTED),
        }
    }

    fn substitute(&mut self, argument: &Node, reader: &mut Reader) -> Value {
        const EXPECTED: &str = "a text, or a list of a text and a mapping";
        let nothing = Map::default();
        let (template, variables) = match argument.as_list() {
            None => (argument, &nothing),
            Some([template, variables]) => match variables.as_map() {
                Some(map) => (template, map),
                None => return malformed(reader, "Fn::Sub", variables, EXPECTED),
            },
            Some(_) => return malformed(reader, "Fn::Sub", argument, EXPECTED),
        };
        let Some(text) = template.as_str() else { return malformed(reader, "Fn::Sub", template, EXPECTED) };
        let mut unused: Vec<&str> = variables.keys().map(|it| &**it).collect();
        let mut parts = Vec::new();
        for piece in pieces(text, template.span, template.inset, "${!") {
            parts.push(match piece {
                Piece::Text(text) => text.into(),
                Piece::Open(span) => {
                    reader.report(unclosed(span));
                    "".into()
                }
                Piece::Name(name, span) => match variables.get(name) {
                    Some(variable) => {
                        unused.retain(|it| *it != name);
                        self.value(&variable.value, reader)
                    }
                    None => self.named(name, span, reader),
                },
            });
        }
        for name in unused {
            reader.report(
                Diagnostic::error("no-effect", format!("the text of this `!Sub` has no `${{{name}}}`"))
                    .at(variables[name].key)
                    .help("use the variable, or remove it"),
            );
        }
        Expr::concat(parts)
    }

    /// What a name in `Ref` or `${…}` stands for.
    fn named(&self, text: &str, span: Span, reader: &mut Reader) -> Value {
        if self.loops.iter().any(|it| it == text) {
            return Expr { kind: ExprKind::Parameter(Cow::Owned(text.to_owned())), span };
        }
        named(text, span, reader)
    }
}

/// The parameters that CloudFormation sets, by the AWS document "Pseudo parameters reference".
pub const PSEUDO_PARAMETERS: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// A reference by name: a pseudo parameter, `name`, or `name.attribute`.
fn named(text: &str, span: Span, reader: &mut Reader) -> Value {
    let kind = match text.split_once('.') {
        _ if text.starts_with("AWS::") => {
            if !PSEUDO_PARAMETERS.contains(&text) {
                let fault = Diagnostic::error(
                    "unknown-name",
                    format!("CloudFormation has no pseudo parameter `{text}`"),
                );
                reader.report(fault.at(span).suggest(text, PSEUDO_PARAMETERS));
            }
            ExprKind::Parameter(Cow::Owned(text.to_owned()))
        }
        Some((name, attribute)) => {
            let name = Name::new(name, span);
            ExprKind::GetAtt(name, Cow::Owned(attribute.to_owned()))
        }
        None => ExprKind::Ref(Name::new(text, span)),
    };
    Expr { kind, span }
}

/// Reads text in which `${…}` refers to something.
pub fn interpolate(text: &str, span: Span, reader: &mut Reader) -> Value {
    interpolate_within(text, span, Inset::Changed, reader)
}

fn interpolate_within(text: &str, span: Span, inset: Inset, reader: &mut Reader) -> Value {
    if !text.contains("${") {
        return Expr::from(text.to_owned()).at(span);
    }
    let parts = pieces(text, span, inset, "$${").into_iter().map(|piece| match piece {
        Piece::Text(text) => text.into(),
        Piece::Name(name, span) => named(name, span, reader),
        Piece::Open(span) => {
            reader.report(unclosed(span));
            "".into()
        }
    });
    Expr::concat(parts.collect::<Vec<_>>()).at(span)
}

/// A part of a text with references in it.
enum Piece<'a> {
    Text(String),
    Name(&'a str, Span),
    /// A `${` without its `}`.
    Open(Span),
}

/// Splits `text` at its references; `escape` is what stands for a literal `${`.
fn pieces<'a>(text: &'a str, span: Span, inset: Inset, escape: &str) -> Vec<Piece<'a>> {
    let placed = Placed::new(inset, span, text);
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(escape) {
            literal.push_str("${");
            at += escape.len();
        } else if let Some(inner) = rest.strip_prefix("${") {
            if !literal.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
            }
            let Some(length) = inner.find('}') else {
                pieces.push(Piece::Open(placed.part(at, text.len())));
                return pieces;
            };
            let name = inner[..length].trim();
            pieces.push(Piece::Name(name, placed.part(at + 2, at + 2 + length)));
            at += length + 3;
        } else {
            let next = rest.char_indices().nth(1).map_or(rest.len(), |(it, _)| it);
            literal.push_str(&rest[..next]);
            at += next;
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    pieces
}

fn unclosed(span: Span) -> Diagnostic {
    Diagnostic::error("reference-syntax", "a `${` is opened and not closed")
        .at(span)
        .help("close it with `}`, or write `$${` for a literal `${`")
}

fn malformed(reader: &mut Reader, function: &str, found: &Node, expected: &str) -> Value {
    reader.report(
        Diagnostic::error("function", format!("`{}` cannot take {}", short_form(function), found.describe()))
            .at(found.span)
            .help(format!("give it {expected}")),
    );
    Expr::ABSENT
}

/// What to say of a plain scalar that YAML 1.1 and 1.2 read differently.
fn ambiguous(written: &str, node: &Node) -> Diagnostic {
    let help = match &node.kind {
        NodeKind::Bool(it) => format!("write `{it}`, or quote it: \"{written}\""),
        NodeKind::Integer(it) => format!("write `{it}`, or quote it: \"{written}\""),
        NodeKind::Float(it) => format!("write `{it}`, or quote it: \"{written}\""),
        _ => format!("quote it: \"{written}\""),
    };
    let reading = match &node.kind {
        NodeKind::String(_) => "text".to_owned(),
        _ => node.describe(),
    };
    Diagnostic::warning(
        "yaml-ambiguous",
        format!("CloudFormation reads `{written}` as {reading}, other YAML readers do not"),
    )
    .at(node.span)
    .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{
        span::Sources,
        yaml::{Format, parse},
    };

    /// The names a value refers to, as the file has them at their places.
    fn names(text: &str) -> Vec<String> {
        let mut sources = Sources::default();
        let file = sources.add("asi.yaml", text);
        let node = parse(text, file, Format::Yaml).0.expect("it is YAML");
        let mut reader = Reader::default();
        let value = interpolated(&node, &mut reader);
        assert_eq!(reader.diagnostics, []);
        let mut names = Vec::new();
        value.each_ref(&mut |name| names.push(sources.text(name.span).unwrap_or("?").to_owned()));
        names
    }

    #[test]
    fn a_name_inside_of_a_text_is_pointed_at() {
        assert_eq!(names("https://${site.domain}/${ env2 }"), ["site.domain", " env2 "]);
        assert_eq!(names("|\n  on:\n    ${repo.uri}\n\n    ${other}\n"), ["repo.uri", "other"]);
        assert_eq!(names("!Sub |\n  a\n  ${repo.uri}\n"), ["repo.uri"]);
        assert_eq!(names("!GetAtt 'site.domain'"), ["site"]);
    }
}
