//! What is written as YAML is read back as it was, by our own reader and by PyYAML.

use std::{
    borrow::Cow,
    io::Write,
    process::{Command, Stdio},
};

use asi::template::{Indent, Template};
use asi_constructs::kernel::{
    node::{Node, NodeKind},
    span::Span,
    yaml::{self, Format},
};

/// Pieces of text that mean something to a reader of YAML, or to one of them.
const PIECES: [&str; 112] = [
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    ": ",
    ":",
    " #",
    "#",
    "- ",
    "-",
    "--",
    "---",
    "...",
    "? ",
    "?",
    ",",
    "[",
    "]",
    "{",
    "}",
    "&",
    "&a",
    "*",
    "*a",
    "!",
    "!Ref a",
    "!!str",
    "|",
    "|-",
    ">",
    "'",
    "''",
    "\"",
    "\\",
    "\\n",
    "%",
    "%YAML 1.1",
    "@",
    "`",
    "=",
    "<<",
    "~",
    "null",
    "Null",
    "true",
    "True",
    "yes",
    "Yes",
    "no",
    "on",
    "Off",
    "y",
    "N",
    "0",
    "1",
    "-1",
    "+1",
    "012",
    "0o14",
    "0x1F",
    "0b11",
    "1_000",
    "1e3",
    "1.5e+3",
    "1E5",
    ".5",
    "5.",
    ".inf",
    "-.INF",
    ".nan",
    "1:30",
    "22:22:22",
    "1:30.5",
    "2012-10-17",
    "2001-12-14t21:59:43.10-05:00",
    "2001-1-1 1:1:1",
    "1.2.3",
    "10.0.0.0/16",
    "0.0",
    "111122223333",
    "012345678901",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{0}",
    "\u{7}",
    "\u{1b}",
    "\u{7f}",
    "\u{9f}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{e000}",
    "\u{10ffff}",
    "é",
    "日本",
    "😀",
    "a",
    "b c",
    "AWS::Region",
    "${x}",
    "${!x}",
    "arn:aws:s3:::x/*",
    "x.y",
    "x-y",
    "key",
    "word word",
    "_",
];

const FUNCTIONS: [&str; 25] = [
    "Ref",
    "Condition",
    "Fn::GetAtt",
    "Fn::Sub",
    "Fn::Join",
    "Fn::If",
    "Fn::Select",
    "Fn::Split",
    "Fn::Equals",
    "Fn::And",
    "Fn::Or",
    "Fn::Not",
    "Fn::GetAZs",
    "Fn::Cidr",
    "Fn::Base64",
    "Fn::FindInMap",
    "Fn::ImportValue",
    "Fn::Transform",
    "Fn::Length",
    "Fn::ToJsonString",
    "Fn::GetStackOutput",
    "Fn::ForEach::Loop",
    "Fn::Unknown",
    "Fn::",
    "Fn",
];

/// Pseudo-random numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("it is less than `sides`")
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.roll(items.len())]
    }

    fn text(&mut self) -> String {
        let pieces = self.pick(&[0, 1, 1, 1, 2, 2, 3, 4, 6, 9]);
        let text: String = (0..pieces).map(|_| self.pick(&PIECES)).collect();
        if self.roll(50) == 0 { text.repeat(40) } else { text }
    }

    fn key(&mut self) -> Cow<'static, str> {
        if self.roll(4) == 0 { self.pick(&FUNCTIONS).into() } else { self.text().into() }
    }

    fn value(&mut self, depth: usize) -> Node {
        let kind = match self.roll(if depth == 0 { 12 } else { 20 }) {
            0 => NodeKind::Null,
            1 => NodeKind::Bool(self.roll(2) == 0),
            2 => NodeKind::Integer(self.pick(&[
                0,
                1,
                -1,
                8080,
                1_000_000,
                i64::MAX,
                i64::MIN,
                12,
                1_700_000_000,
            ])),
            3 => NodeKind::Float(self.pick(&[
                0.5,
                -1.5,
                1.0,
                1e100,
                1.5e-9,
                -0.0,
                1e16,
                123_456.789,
                f64::MAX,
                f64::MIN_POSITIVE,
            ])),
            4..12 => NodeKind::String(self.text().into()),
            12..14 => NodeKind::List((0..self.roll(4)).map(|_| self.value(depth - 1)).collect()),
            14..17 => return (0..self.roll(4)).map(|_| (self.key(), self.value(depth - 1))).collect(),
            _ => return self.function(depth),
        };
        Node::new(kind, Span::NOWHERE)
    }

    fn function(&mut self, depth: usize) -> Node {
        let text = |it: &mut Self| Node::text(it.text(), Span::NOWHERE);
        let list = |items| Node::new(NodeKind::List(items), Span::NOWHERE);
        let name = self.pick(&FUNCTIONS);
        let argument = match (name, self.roll(4)) {
            ("Ref" | "Condition" | "Fn::Sub" | "Fn::ImportValue", 1..) => text(self),
            ("Fn::GetAtt", 1) => list(vec![text(self), self.value(depth - 1)]),
            ("Fn::GetAtt", 2..) => list(vec![text(self), text(self)]),
            (_, 0) => self.value(depth - 1),
            _ => list((0..self.roll(4)).map(|_| self.value(depth - 1)).collect()),
        };
        Node::from_iter([(name.into(), argument)])
    }
}

fn template(body: Node) -> Template {
    Template::new(body)
}

fn json(node: &Node) -> String {
    template(node.clone()).to_json(Indent::Cdk)
}

/// What our reader makes of `text` by the rules of YAML 1.1, or those of 1.2, which JSON is read by.
fn read(text: &str, rules: Format) -> Result<Node, String> {
    match yaml::parse(text, Span::NOWHERE.file, rules) {
        (Some(node), faults) if faults.is_empty() => Ok(node),
        (_, faults) => Err(format!("{faults:?}")),
    }
}

/// Values of all kinds, with the YAML they are written as.
fn samples(count: usize) -> Vec<(Node, String)> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let singles = PIECES.iter().chain(&FUNCTIONS).map(|it| Node::text(*it, Span::NOWHERE));
    let singles = singles.flat_map(|it| {
        let list = Node::new(NodeKind::List(vec![it.clone(), it.clone()]), Span::NOWHERE);
        let key = it.as_str().unwrap_or_default().to_owned();
        [Node::from_iter([("a".into(), list)]), Node::from_iter([(key.into(), it)])]
    });
    let mut values: Vec<Node> = singles.collect();
    let body = |dice: &mut Dice| (0..=dice.roll(3)).map(|_| (dice.key(), dice.value(4))).collect();
    values.extend((0..count).map(|at| if at % 20 == 0 { dice.value(4) } else { body(&mut dice) }));
    values.into_iter().map(|it| (it.clone(), template(it).to_yaml())).collect()
}

#[test]
fn our_reader_reads_what_was_written() {
    let mut faults = Vec::new();
    for (value, text) in samples(20_000) {
        for rules in [Format::Yaml, Format::Json] {
            let back = read(&text, rules).map(|it| json(&it));
            if back.as_deref() != Ok(&json(&value)) {
                faults.push(format!("{text}\n{}\n{back:?}\n", json(&value)));
            }
        }
    }
    faults.sort_by_key(String::len);
    assert!(
        faults.is_empty(),
        "{} faults, such as\n{}",
        faults.len(),
        faults[..faults.len().min(10)].join("\n")
    );
}

#[test]
fn pyyaml_reads_what_was_written() {
    #[expect(clippy::disallowed_methods, reason = "only who runs the tests knows where there is a Python")]
    let Ok(python) = std::env::var("ASI_TEST_PYTHON") else {
        println!("skipped: set ASI_TEST_PYTHON to a Python with PyYAML");
        return;
    };
    let pairs: Vec<[String; 2]> =
        samples(20_000).into_iter().map(|(value, text)| [text, json(&value)]).collect();
    let mut child = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/read_yaml.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(&pairs).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let mut faults: Vec<&str> = said.split("\n\n").filter(|it| !it.is_empty()).collect();
    faults.sort_by_key(|it| it.len());
    assert!(
        faults.is_empty(),
        "{} faults, such as\n{}",
        faults.len(),
        faults[..faults.len().min(10)].join("\n\n")
    );
    assert!(output.status.success());
}

#[test]
fn what_a_reader_would_take_for_something_else_is_written_otherwise() {
    let check = |json: &str, expected: &str| {
        let (node, _) = yaml::parse(json, Span::NOWHERE.file, Format::Json);
        assert_eq!(template(node.unwrap()).to_yaml(), expected);
    };
    // `!GetAtt a.b.c` is the attribute `b.c` of `a`.
    check(r#"{"x": {"Fn::GetAtt": ["a", "b.c"]}}"#, "x: !GetAtt a.b.c\n");
    check(r#"{"x": {"Fn::GetAtt": ["a.b", "c"]}}"#, "x: !GetAtt [a.b, c]\n");
    check(r#"{"x": {"Fn::GetAtt": "a.b"}}"#, "x:\n  Fn::GetAtt: a.b\n");
    check(r#"{"x": {"Fn::Mine": "a"}}"#, "x:\n  Fn::Mine: a\n");
    check(r#"{"x": {"Fn::Split": [",", "a?\u0085"]}}"#, "x: !Split [',', \"a?\\x85\"]\n");
    check(r#"{"...": "---"}"#, "'...': '---'\n");
}
