//! Reads YAML and JSON into a [`Node`].
//!
//! CloudFormation's short tags become their long form, anchors and merge keys are expanded, and plain
//! scalars are read by the rules of YAML 1.1, as CloudFormation reads them; how they were written is kept.
//! Input is hostile: size, depth, and the number of values after expansion are limited.

mod fault;
mod json;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap, rc::Rc};

use granit_parser::{Event, Parser, ScalarStyle};

use super::{
    diagnostic::Diagnostic,
    map::{Entry, Map},
    node::{Inset, Node, NodeKind},
    scalar::{self, Rules, Scalar},
    span::{FileId, Span},
};
use fault::Progress;

/// The largest file that is read, in bytes.
pub const LARGEST_FILE: usize = 8 << 20;
/// The deepest nesting, aliases expanded.
const DEEPEST: usize = 100;
/// The most values a document may have, aliases expanded.
const MOST_VALUES: usize = 500_000;
/// How many bytes of text weigh as much as a value.
const TEXT: usize = 64;

/// Everything CloudFormation has a short form of besides `Ref` and `Condition`, and the CDK's `GetStackOutput`.
const FUNCTIONS: [&str; 20] = [
    "And",
    "Base64",
    "Cidr",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "GetStackOutput",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
    "ForEach",
];

/// The functions of `Rules`. That they have short tags is written nowhere, but templates use them.
const RULE_FUNCTIONS: [&str; 6] =
    ["Contains", "EachMemberEquals", "EachMemberIn", "RefAll", "ValueOf", "ValueOfAll"];

/// How the text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML, or JSON that is read as YAML.
    Yaml,
    /// JSON, whose numbers have JSON's forms and whose keys may be long.
    Json,
}

impl Format {
    /// The format of a file of this name.
    pub fn of(name: &str) -> Self {
        let is_json = name.rsplit_once('.').is_some_and(|(_, it)| it.eq_ignore_ascii_case("json"));
        if is_json { Self::Json } else { Self::Yaml }
    }
}

/// Whether the function `Fn::name` is written as `!name`.
pub fn has_short_tag(name: &str) -> bool {
    FUNCTIONS.contains(&name)
}

/// Reads a document. Without a node, it could not be read at all; faults that leave the rest readable are
/// reported beside it.
pub fn parse(text: &str, file: FileId, format: Format) -> (Option<Node>, Vec<Diagnostic>) {
    if text.len() > LARGEST_FILE {
        let fault = Diagnostic::error("file-size", format!("the file has {} bytes", text.len()))
            .at(Span { file, start: 0, end: 0 })
            .help(format!("keep it under {LARGEST_FILE} bytes; long texts belong in files of their own"));
        return (None, vec![fault]);
    }
    if format == Format::Json
        && let Some(node) = json::read(text, file)
    {
        return (Some(node), Vec::new());
    }
    Builder::read(text, file, format)
}

/// A collection that has begun and not ended.
struct Open {
    /// From its first byte to the last that is known to belong to it.
    span: Span,
    tag: Option<Tag>,
    anchor: usize,
    content: Content,
    /// Levels of nesting below it so far.
    height: usize,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Map<Node>, merges: Vec<Node>, key: Option<Key> },
}

struct Key {
    text: Cow<'static, str>,
    span: Span,
    role: Role,
}

/// What becomes of the value under a key.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Entry,
    /// `<<`: its entries are entries of the mapping.
    Merge,
    /// It is dropped, because the key is none.
    Refused,
}

struct Tag {
    name: String,
    span: Span,
}

impl Tag {
    /// Whether it says that a scalar is text, whatever it looks like.
    fn is_text(&self) -> bool {
        matches!(self.name.as_str(), "!" | "tag:yaml.org,2002:str")
    }
}

/// A scalar as it stands in the file.
struct Written<'a> {
    text: &'a str,
    style: ScalarStyle,
    span: Span,
}

/// A finished value that aliases may repeat.
struct Anchored {
    node: Node,
    values: usize,
    height: usize,
}

struct Builder<'a> {
    file: FileId,
    text: &'a str,
    format: Format,
    budget: usize,
    stack: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Anchored>>,
    root: Option<Node>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    fn read(text: &'a str, file: FileId, format: Format) -> (Option<Node>, Vec<Diagnostic>) {
        let mut builder = Self {
            file,
            text,
            format,
            budget: MOST_VALUES,
            stack: Vec::new(),
            anchors: BTreeMap::new(),
            root: None,
            diagnostics: Vec::new(),
        };
        match builder.run() {
            Ok(()) => {
                let nothing = || Node::new(NodeKind::Null, Span { file, start: 0, end: 0 });
                (Some(builder.root.take().unwrap_or_else(nothing)), builder.diagnostics)
            }
            Err(fault) => {
                builder.diagnostics.push(fault);
                (None, builder.diagnostics)
            }
        }
    }

    fn run(&mut self) -> Result<(), Diagnostic> {
        let mut options = granit_parser::options! {
            emit_comments: false,
            block_nesting_limit: DEEPEST,
            flow_nesting_limit: DEEPEST,
        };
        if self.format == Format::Json {
            options.simple_key_max_lookahead = LARGEST_FILE;
        }
        let mut documents = 0;
        let mut read = 0;
        for event in Parser::new_from_str_with_options(self.text, options) {
            let (event, at) = event.map_err(|it| self.progress(read).fault(&it))?;
            let span = self.span(at.byte_range().unwrap_or_default());
            read = span.end as usize;
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(Diagnostic::error(
                            "yaml-documents",
                            "the file holds more than one document",
                        )
                        .at(span)
                        .help("keep one, and remove the line `---`"));
                    }
                }
                Event::Scalar(value, style, anchor, tag) => {
                    let tag = tag.map(|it| self.tag(&it, &at, span));
                    let written = Written { text: &value, style, span };
                    if self.is_key() && tag.as_ref().is_none_or(Tag::is_text) {
                        self.key(&written, anchor, tag.is_some());
                        continue;
                    }
                    let node = self.scalar(&written, tag);
                    let values = if anchor == 0 { 1 } else { count(&node) };
                    self.take(node, anchor, values, 0)?;
                }
                Event::SequenceStart(_, anchor, tag) => {
                    let span = self.with_its_dash(span);
                    self.open(
                        span,
                        tag.map(|it| self.tag(&it, &at, span)),
                        anchor,
                        Content::List(Vec::new()),
                    );
                }
                Event::MappingStart(_, anchor, tag) => {
                    let content = Content::Map { entries: Map::default(), merges: Vec::new(), key: None };
                    self.open(span, tag.map(|it| self.tag(&it, &at, span)), anchor, content);
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
                Event::Alias(anchor) => self.alias(anchor, span)?,
                _ => (),
            }
        }
        Ok(())
    }

    fn progress(&self, read: usize) -> Progress<'_> {
        let innermost = self.stack.last().map(|it| it.span.start as usize);
        let bracket = innermost.filter(|it| self.text[*it..].starts_with(['[', '{']));
        Progress { file: self.file, text: self.text, read, bracket }
    }

    /// A list that is indented no deeper than its key is reported to begin after its first dash.
    fn with_its_dash(&self, span: Span) -> Span {
        let start = span.start as usize;
        if self.text[start..].starts_with(['[', '-']) {
            return span;
        }
        let dash = self.text[..start].trim_end().strip_suffix('-').map(str::len);
        Span { start: dash.map_or(span.start, |it| u32::try_from(it).expect("the size is limited")), ..span }
    }

    fn span(&self, range: std::ops::Range<usize>) -> Span {
        let at = |it: usize| u32::try_from(it).expect("the size is limited");
        Span { file: self.file, start: at(range.start), end: at(range.end) }
    }

    fn tag(&self, tag: &granit_parser::Tag, at: &granit_parser::Span, span: Span) -> Tag {
        let name = format!("{}{}", tag.handle(), tag.suffix());
        let span = at.tag_span().and_then(|it| it.byte_range()).map_or(span, |it| self.span(it));
        Tag { name, span }
    }

    /// A scalar in the place of a key.
    fn key(&mut self, written: &Written<'_>, anchor: usize, is_tagged: bool) {
        let Written { text, style, span } = *written;
        let is_plain = style == ScalarStyle::Plain && !is_tagged;
        if anchor != 0 {
            self.keep(anchor, &Node::text(text.to_owned(), span), 1, 0);
        }
        if is_plain && span.start == span.end {
            return self.refuse_key("nothing", span);
        }
        let role = if is_plain && text == "<<" { Role::Merge } else { Role::Entry };
        self.take_key(Key { text: Cow::Owned(text.to_owned()), span, role });
    }

    fn refuse_key(&mut self, what: &str, span: Span) {
        self.diagnostics.push(
            Diagnostic::error("yaml-key", format!("a key has to be text, not {what}"))
                .at(span)
                .help("write a text before the `:`"),
        );
        self.take_key(Key { text: Cow::Borrowed(""), span, role: Role::Refused });
    }

    fn scalar(&mut self, written: &Written<'_>, tag: Option<Tag>) -> Node {
        let Written { text, style, span } = *written;
        let rules = if self.format == Format::Json { Rules::Yaml12 } else { Rules::Yaml11 };
        let inset = self.inset(written);
        let resolved = || Node { inset, ..plain_scalar(text, rules, span) };
        let as_text = || Node { inset, ..Node::text(text.to_owned(), span) };
        let Some(tag) = tag else { return if style == ScalarStyle::Plain { resolved() } else { as_text() } };
        match tag.name.strip_prefix("tag:yaml.org,2002:") {
            Some("bool" | "int" | "float" | "null") => resolved(),
            _ if tag.is_text() => as_text(),
            Some(_) => self.unknown_tag(&tag, as_text()),
            None => self.tagged(&tag, as_text()),
        }
    }

    /// How a scalar's text lies in the file.
    fn inset(&self, written: &Written<'_>) -> Inset {
        let source = &self.text[written.span.start as usize..written.span.end as usize];
        match written.style {
            ScalarStyle::Plain if source == written.text => Inset::After(0),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted
                if source.get(1..source.len() - 1) == Some(written.text) =>
            {
                Inset::After(1)
            }
            ScalarStyle::Literal => {
                let before = &self.text[..written.span.start as usize];
                let spaces = before.len() - before.trim_end_matches(' ').len();
                let spaces = u32::try_from(spaces).expect("the size is limited");
                if is_indented(source, written.text, spaces) {
                    Inset::Indented(spaces)
                } else {
                    Inset::Changed
                }
            }
            _ => Inset::Changed,
        }
    }

    fn open(&mut self, span: Span, tag: Option<Tag>, anchor: usize, content: Content) {
        self.stack.push(Open { span, tag, anchor, content, height: 0 });
    }

    fn close(&mut self, end: Span) -> Result<(), Diagnostic> {
        let mut open = self.stack.pop().expect("the parser ends only what it began");
        // A block collection is reported to end where the next thing begins.
        if end.end > end.start {
            open.span.end = end.end;
        }
        let kind = match open.content {
            Content::List(items) => NodeKind::List(items),
            Content::Map { entries, merges, .. } => NodeKind::Map(self.merge(entries, merges)),
        };
        let node = Node::new(kind, open.span);
        let node = match open.tag {
            Some(tag) if tag.name.starts_with('!') && tag.name.len() > 1 => self.tagged(&tag, node),
            Some(tag)
                if !matches!(tag.name.as_str(), "!" | "tag:yaml.org,2002:seq" | "tag:yaml.org,2002:map") =>
            {
                self.unknown_tag(&tag, node)
            }
            _ => node,
        };
        let values = if open.anchor == 0 { 1 } else { count(&node) };
        self.take(node, open.anchor, values, open.height + 1)
    }

    /// The long form of a short tag.
    fn tagged(&mut self, tag: &Tag, value: Node) -> Node {
        let name = &tag.name[1..];
        let span = Span { start: tag.span.start.min(value.span.start), ..value.span };
        let (key, value) = match name {
            "Ref" | "Condition" => (Cow::Owned(name.to_owned()), value),
            "GetAtt" => (Cow::Borrowed("Fn::GetAtt"), get_att(value)),
            _ if has_short_tag(name) || RULE_FUNCTIONS.contains(&name) => {
                (Cow::Owned(format!("Fn::{name}")), value)
            }
            _ => return self.unknown_tag(tag, value),
        };
        Node::new(NodeKind::Map(Map::from_iter([(key, Entry { key: tag.span, value })])), span)
    }

    fn unknown_tag(&mut self, tag: &Tag, value: Node) -> Node {
        let shown = tag.name.replacen("tag:yaml.org,2002:", "!!", 1);
        let known =
            ["!Ref", "!Sub", "!GetAtt", "!If", "!Join", "!Select", "!Split", "!FindInMap", "!ImportValue"];
        let fault =
            Diagnostic::error("yaml-tag", format!("CloudFormation has no tag `{shown}`")).at(tag.span);
        self.diagnostics.push(fault.suggest(&shown, known));
        value
    }

    /// Whether the next value is the key of a mapping.
    fn is_key(&self) -> bool {
        matches!(self.stack.last(), Some(Open { content: Content::Map { key: None, .. }, .. }))
    }

    fn take_key(&mut self, new: Key) {
        if let Some(Open { span, content: Content::Map { key, .. }, .. }) = self.stack.last_mut() {
            span.end = span.end.max(new.span.end);
            *key = Some(new);
        }
    }

    fn keep(&mut self, anchor: usize, node: &Node, values: usize, height: usize) {
        self.anchors.insert(anchor, Rc::new(Anchored { node: node.clone(), values, height }));
    }

    /// Puts a finished value where it belongs.
    fn take(&mut self, node: Node, anchor: usize, values: usize, height: usize) -> Result<(), Diagnostic> {
        if let Some(open) = self.stack.last_mut() {
            open.span.end = open.span.end.max(node.span.end);
        }
        self.budget = self.budget.checked_sub(if anchor == 0 { 1 } else { values }).ok_or_else(|| {
            Diagnostic::error("yaml-expansion", format!("the document has more than {MOST_VALUES} values"))
                .at(node.span)
                .help("repeat less by anchors and aliases")
        })?;
        if self.stack.len() + height > DEEPEST {
            return Err(too_deep(node.span));
        }
        if anchor != 0 {
            self.keep(anchor, &node, values, height);
        }
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.height = open.height.max(height);
        match &mut open.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, merges, key } => match key.take() {
                None => self.refuse_key(&node.describe(), node.span),
                Some(Key { role: Role::Refused, .. }) => (),
                Some(Key { role: Role::Merge, .. }) => merges.push(node),
                Some(key) => match entries.get(&key.text) {
                    Some(first) => self.diagnostics.push(
                        Diagnostic::error(
                            "duplicate-key",
                            format!("the key `{}` stands here twice", key.text),
                        )
                        .label(key.span, "again here")
                        .label(first.key, "first here")
                        .help("remove one of them, or merge what they hold"),
                    ),
                    None => drop(entries.insert(key.text, Entry { key: key.span, value: node })),
                },
            },
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Diagnostic> {
        let Some(target) = self.anchors.get(&anchor).cloned() else {
            return Err(Diagnostic::error("yaml-alias", "an alias stands inside its own anchor")
                .at(span)
                .help("write the value out"));
        };
        if self.is_key() {
            match target.node.as_written() {
                Some(text) => {
                    self.take_key(Key { text: Cow::Owned(text.to_owned()), span, role: Role::Entry });
                }
                None => self.refuse_key(&target.node.describe(), span),
            }
            return Ok(());
        }
        if let Some(open) = self.stack.last_mut() {
            open.span.end = open.span.end.max(span.end);
        }
        self.budget = self.budget.saturating_sub(target.values);
        self.take(target.node.clone(), 0, 1, target.height)
    }

    /// What is merged comes first, and gives way to what is written out, as in PyYAML.
    fn merge(&mut self, entries: Map<Node>, merges: Vec<Node>) -> Map<Node> {
        if merges.is_empty() {
            return entries;
        }
        let mut whole = Map::default();
        for source in merges {
            let span = source.span;
            let sources = match source.kind {
                NodeKind::List(items) => items.into_iter().rev().collect(),
                kind => vec![Node::new(kind, span)],
            };
            for source in sources {
                match source.kind {
                    NodeKind::Map(map) => whole.extend(map),
                    _ => self.diagnostics.push(
                        Diagnostic::error("yaml-merge", format!("`<<` cannot merge {}", source.describe()))
                            .at(source.span)
                            .help("give it an alias of a mapping, or a list of them"),
                    ),
                }
            }
        }
        whole.extend(entries);
        whole
    }
}

/// A plain scalar by `rules`, with how it was written where that could matter.
pub fn plain_scalar(text: &str, rules: Rules, span: Span) -> Node {
    let kind = match scalar::resolve(text, rules) {
        Scalar::Null => NodeKind::Null,
        Scalar::Bool(it) => NodeKind::Bool(it),
        Scalar::Integer(it) => NodeKind::Integer(it),
        Scalar::Float(it) => NodeKind::Float(it),
        Scalar::Text => NodeKind::String(Cow::Owned(text.to_owned())),
    };
    let doubtful = !matches!(kind, NodeKind::String(_)) || scalar::is_ambiguous(text);
    Node { plain: doubtful.then(|| text.into()), ..Node::new(kind, span) }
}

/// `Fn::GetAtt` in its long form: `a.b.c` is the attribute `b.c` of `a`.
fn get_att(value: Node) -> Node {
    let Some((resource, attribute)) = value.as_str().and_then(|it| it.split_once('.')) else { return value };
    let dot = resource.len();
    let end = dot + 1 + attribute.len();
    let place = |start, end| value.inset.part(value.span, value.as_str().unwrap_or_default(), start, end);
    let parts = vec![
        Node::text(resource.to_owned(), place(0, dot)),
        Node::text(attribute.to_owned(), place(dot + 1, end)),
    ];
    Node::new(NodeKind::List(parts), value.span)
}

/// Whether `source` is `text` with so many spaces before each line but the first and the empty ones.
fn is_indented(source: &str, text: &str, spaces: u32) -> bool {
    let indentation = " ".repeat(spaces as usize);
    let rest = text.split('\n').enumerate().try_fold(source, |rest, (at, line)| {
        let rest = if at == 0 { rest } else { rest.strip_prefix('\n')? };
        let rest = if at == 0 || line.is_empty() { rest } else { rest.strip_prefix(indentation.as_str())? };
        rest.strip_prefix(line)
    });
    rest.is_some_and(|it| it.trim().is_empty())
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error("yaml-depth", format!("the document nests more than {DEEPEST} levels deep"))
        .at(span)
        .help("flatten it")
}

/// How many values a node holds, itself included; a long text counts for several.
fn count(node: &Node) -> usize {
    match &node.kind {
        NodeKind::List(items) => 1 + items.iter().map(count).sum::<usize>(),
        NodeKind::Map(map) => {
            1 + map.iter().map(|(key, it)| key.len() / TEXT + count(&it.value)).sum::<usize>()
        }
        NodeKind::String(text) => 1 + text.len() / TEXT,
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Integer(_) | NodeKind::Float(_) => 1,
    }
}
