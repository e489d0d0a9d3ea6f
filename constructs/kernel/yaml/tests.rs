//! What is made of a document: values, places, and what is reported of it.

use super::*;
use crate::kernel::span::Sources;

/// What is read, on one line, and each fault as `code at pointed text (second text): message`.
pub(super) fn read_as(text: &str, format: Format) -> (String, Vec<String>) {
    let mut sources = Sources::default();
    let file = sources.add("asi.yaml", text);
    let (node, faults) = parse(text, file, format);
    let at = |span| sources.text(span).unwrap_or("?");
    let faults = faults.iter().map(|it| {
        let mut places = it.labels.iter().map(|it| at(it.span));
        let first = places.next().unwrap_or("?");
        let rest = places.map(|it| format!(" (`{it}`)")).collect::<Vec<_>>().concat();
        format!("{} at `{first}`{rest}: {}", it.code, it.message)
    });
    (node.as_ref().map_or("nothing".to_owned(), show), faults.collect())
}

/// Numbers and words as they are, text in quotes.
fn show(node: &Node) -> String {
    match &node.kind {
        NodeKind::Null => "null".to_owned(),
        NodeKind::Bool(it) => it.to_string(),
        NodeKind::Integer(it) => it.to_string(),
        NodeKind::Float(it) => format!("{it:?}"),
        NodeKind::String(it) => format!("{it:?}"),
        NodeKind::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        NodeKind::Map(map) => {
            let entries = map.iter().map(|(key, it)| format!("{key}: {}", show(&it.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

#[track_caller]
fn check(text: &str, value: &str) {
    assert_eq!(read_as(text, Format::Yaml), (value.to_owned(), vec![]), "{text}");
}

#[track_caller]
fn check_json(text: &str, value: &str) {
    assert_eq!(read_as(text, Format::Json), (value.to_owned(), vec![]), "{text}");
}

#[track_caller]
fn check_faults(text: &str, value: &str, faults: &[&str]) {
    let faults = faults.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(read_as(text, Format::Yaml), (value.to_owned(), faults), "{text}");
}

/// The text at each key and value below the root, in order.
fn places(text: &str) -> Vec<String> {
    fn visit(node: &Node, sources: &Sources, found: &mut Vec<String>) {
        let mut at = |span| found.push(sources.text(span).unwrap_or("?").to_owned());
        at(node.span);
        match &node.kind {
            NodeKind::List(items) => items.iter().for_each(|it| visit(it, sources, found)),
            NodeKind::Map(map) => {
                for entry in map.values() {
                    found.push(sources.text(entry.key).unwrap_or("?").to_owned());
                    visit(&entry.value, sources, found);
                }
            }
            _ => (),
        }
    }
    let mut sources = Sources::default();
    let file = sources.add("asi.yaml", text);
    let (node, faults) = parse(text, file, Format::Yaml);
    assert_eq!(faults, []);
    let mut found = Vec::new();
    visit(&node.unwrap(), &sources, &mut found);
    found.split_off(1)
}

#[test]
fn every_key_and_value_knows_its_place() {
    assert_eq!(places("a: b c # d\n"), ["a", "b c"]);
    assert_eq!(places("\"a\": 'it''s'"), ["\"a\"", "'it''s'"]);
    assert_eq!(places("ä: ö\n€: \"ü€\"\n😀: x"), ["ä", "ö", "€", "\"ü€\"", "😀", "x"]);
    assert_eq!(places("a: one\n  two\nb: \"three\n  four\""), ["a", "one\n  two", "b", "\"three\n  four\""]);
    assert_eq!(places("a:\nb: 1"), ["a", "", "b", "1"]);
}

#[test]
fn a_block_scalar_stands_where_its_first_line_begins() {
    assert_eq!(places("a: |\n  one\n  two\nb: 1"), ["a", "one\n  two\n", "b", "1"]);
    assert_eq!(places("a: >-\n  one\n  two\n"), ["a", "one\n  two\n"]);
}

#[test]
fn a_collection_goes_from_its_first_byte_to_its_last() {
    assert_eq!(
        places("a: {b: c, d: [e, \"f\"] }\nz: 1"),
        ["a", "{b: c, d: [e, \"f\"] }", "b", "c", "d", "[e, \"f\"]", "e", "\"f\"", "z", "1"]
    );
    assert_eq!(
        places("a:\n  b:\n    - c\n    - d: e\n      f: g\n\n# end\nh: i\n"),
        [
            "a",
            "b:\n    - c\n    - d: e\n      f: g",
            "b",
            "- c\n    - d: e\n      f: g",
            "c",
            "d: e\n      f: g",
            "d",
            "e",
            "f",
            "g",
            "h",
            "i"
        ]
    );
    assert_eq!(places("- - b\n  - c\n- {}\n- []"), ["- b\n  - c", "b", "c", "{}", "[]"]);
    assert_eq!(places("a:\n- b\n- c\n"), ["a", "- b\n- c", "b", "c"]);
    assert_eq!(places("? a\n: b\n"), ["a", "b"]);
}

#[test]
fn a_function_goes_from_its_tag_to_its_last_argument() {
    assert_eq!(places("a: !Ref X"), ["a", "!Ref X", "!Ref", "X"]);
    assert_eq!(places("a: !GetAtt X.Y.Z"), ["a", "!GetAtt X.Y.Z", "!GetAtt", "X.Y.Z", "X", "Y.Z"]);
    assert_eq!(places("a: !GetAtt 'X.Y'"), ["a", "!GetAtt 'X.Y'", "!GetAtt", "'X.Y'", "X", "Y"]);
    assert_eq!(places("a: !Sub |\n  x\n  y\n"), ["a", "!Sub |\n  x\n  y\n", "!Sub", "x\n  y\n"]);
    assert_eq!(
        places("a: !Join\n- ','\n- [b]\n"),
        ["a", "!Join\n- ','\n- [b]", "!Join", "- ','\n- [b]", "','", "[b]", "b"]
    );
}

#[test]
fn what_an_alias_repeats_stands_where_it_is_anchored() {
    assert_eq!(places("a: &x {p: 1}\nb: *x"), ["a", "{p: 1}", "p", "1", "b", "{p: 1}", "p", "1"]);
    assert_eq!(
        places("a: &x {p: 1}\nb:\n  q: 2\n  <<: *x\nc: 3"),
        ["a", "{p: 1}", "p", "1", "b", "q: 2\n  <<: *x", "p", "1", "q", "2", "c", "3"]
    );
}

/// The parts of the text under `a` that stand in `${…}`, as their places show them.
fn references(text: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let file = sources.add("asi.yaml", text);
    let (node, _) = parse(text, file, Format::Yaml);
    let node = node.unwrap();
    let node = node.get("a").unwrap();
    let text = node.as_str().unwrap();
    let parts = text.match_indices("${").map(|(at, _)| {
        let end = at + text[at..].find('}').unwrap();
        sources.text(node.inset.part(node.span, text, at + 2, end)).unwrap().to_owned()
    });
    parts.collect()
}

#[test]
fn a_part_of_a_text_can_be_pointed_at() {
    assert_eq!(references("a: ä ${b} ${c}"), ["b", "c"]);
    assert_eq!(references("a: \"ä ${b} ${c}\""), ["b", "c"]);
    assert_eq!(references("a: |\n  x ${b}\n\n    ${c}\n  ${d} ${e}\n"), ["b", "c", "d", "e"]);
    assert_eq!(references("a: |-\n      ${b}\n      ä\n      ${c}\n\n\n"), ["b", "c"]);
}

#[test]
fn a_text_that_was_changed_is_pointed_at_as_a_whole() {
    assert_eq!(references("a: \"x\\t${b}\""), ["\"x\\t${b}\""]);
    assert_eq!(references("a: 'it''s ${b}'"), ["'it''s ${b}'"]);
    // Two bytes longer than what is read, as a text in quotes is.
    assert_eq!(references("a: x\n  ${b}"), ["x\n  ${b}"]);
    assert_eq!(references("a: |\r\n  x\r\n  ${b}\r\n"), ["x\r\n  ${b}\r\n"]);
    assert_eq!(references("a: >\n  x\n  ${b}\n"), ["x\n  ${b}\n"]);
}

#[test]
fn every_short_tag_has_its_long_form() {
    check("!Ref a", r#"{Ref: "a"}"#);
    check("!Condition a", r#"{Condition: "a"}"#);
    check("!GetAtt a.b.c", r#"{Fn::GetAtt: ["a", "b.c"]}"#);
    check("!GetAtt [a, b]", r#"{Fn::GetAtt: ["a", "b"]}"#);
    check("!GetAtt a", r#"{Fn::GetAtt: "a"}"#);
    check("!GetAZs ''", r#"{Fn::GetAZs: ""}"#);
    check("!GetAZs", r#"{Fn::GetAZs: ""}"#);
    check("!Transform {Name: a}", r#"{Fn::Transform: {Name: "a"}}"#);
    check("!Sub\n- ${a}\n- a: !Ref b\n", r#"{Fn::Sub: ["${a}", {a: {Ref: "b"}}]}"#);
    for name in [
        "And",
        "Base64",
        "Cidr",
        "Contains",
        "EachMemberIn",
        "Equals",
        "FindInMap",
        "ForEach",
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
    ] {
        check(&format!("!{name} [a, 1]"), &format!(r#"{{Fn::{name}: ["a", 1]}}"#));
    }
}

#[test]
fn functions_stand_in_functions() {
    check("!If [C, !GetAtt X.Y, !Ref Z]", r#"{Fn::If: ["C", {Fn::GetAtt: ["X", "Y"]}, {Ref: "Z"}]}"#);
    check(
        "!Not [!And [!Condition a, !Not [!Condition b]]]",
        r#"{Fn::Not: [{Fn::And: [{Condition: "a"}, {Fn::Not: [{Condition: "b"}]}]}]}"#,
    );
    check("!Base64\n  Fn::Sub: a", r#"{Fn::Base64: {Fn::Sub: "a"}}"#);
    check_faults(
        "a: !Base64\n  !Sub b",
        "nothing",
        &["yaml-tag at `!Sub`: a tag cannot stand after another tag"],
    );
}

#[test]
fn under_a_tag_a_scalar_is_text() {
    check(
        "[!Ref 123, !Ref yes, ! 12, !!str 012, !<tag:yaml.org,2002:str> 1]",
        r#"[{Ref: "123"}, {Ref: "yes"}, "12", "012", "1"]"#,
    );
    check(
        "[!!int 12, !!bool yes, !!null '', !!float 1.5, !!seq [1], !!map {a: 1}]",
        "[12, true, null, 1.5, [1], {a: 1}]",
    );
    check("!!str 1: a", r#"{1: "a"}"#);
}

#[test]
fn a_tag_nobody_knows_is_reported_with_the_one_that_was_meant() {
    let suggestion = |text: &str| {
        let mut sources = Sources::default();
        let file = sources.add("asi.yaml", text);
        parse(text, file, Format::Yaml).1[0].help.clone().unwrap()
    };
    check_faults("a: !ref X", r#"{a: "X"}"#, &["yaml-tag at `!ref`: CloudFormation has no tag `!ref`"]);
    assert_eq!(suggestion("a: !ref X"), "did you mean `!Ref`?");
    check_faults(
        "a: !GetAttr [X]",
        r#"{a: ["X"]}"#,
        &["yaml-tag at `!GetAttr`: CloudFormation has no tag `!GetAttr`"],
    );
    assert_eq!(suggestion("a: !GetAttr [X]"), "did you mean `!GetAtt`?");
    check_faults(
        "!!binary aGk=",
        r#""aGk=""#,
        &["yaml-tag at `!!binary`: CloudFormation has no tag `!!binary`"],
    );
    check_faults(
        "%TAG !e! tag:example.com,2000:\n---\n!e!foo x\n",
        r#""x""#,
        &["yaml-tag at `!e!foo`: CloudFormation has no tag `tag:example.com,2000:foo`"],
    );
}

#[test]
fn plain_scalars_are_read_as_cloudformation_reads_them() {
    check(
        "[a, 1, 1.5, true, yes, null, ~, 012, 1e5, 1:30, 1_0, 2012-10-17, \"1\", '2']",
        r#"["a", 1, 1.5, true, true, null, null, 10, "1e5", 90, 10, "2012-10-17", "1", "2"]"#,
    );
}

#[test]
fn a_key_that_stands_twice_is_shown_twice() {
    check_faults(
        "a: 1\nb: 2\na: 3\n",
        "{a: 1, b: 2}",
        &["duplicate-key at `a` (`a`): the key `a` stands here twice"],
    );
    check_faults(
        "{a: 1, 'a': 2}",
        "{a: 1}",
        &["duplicate-key at `'a'` (`a`): the key `a` stands here twice"],
    );
    check_faults(
        "&k a: 1\n*k : 2\n",
        "{a: 1}",
        &["duplicate-key at `*k` (`a`): the key `a` stands here twice"],
    );
}

#[test]
fn keys_are_text_however_they_look() {
    check(
        "1: a\nyes: b\nnull: c\n~: d\n1.0: e\n? f\n: g\n? h\n",
        r#"{1: "a", yes: "b", null: "c", ~: "d", 1.0: "e", f: "g", h: null}"#,
    );
    check("'': a\n\"\\0\": b", "{: \"a\", \0: \"b\"}");
    check("&k a: 1\nb: {*k : 2}\n", "{a: 1, b: {a: 2}}");
}

#[test]
fn what_cannot_be_a_key_is_reported_and_its_value_dropped() {
    check_faults("? [a]\n: b\nc: d", r#"{c: "d"}"#, &["yaml-key at `[a]`: a key has to be text, not a list"]);
    check_faults("{{a: b}: c}", "{}", &["yaml-key at `{a: b}`: a key has to be text, not a mapping"]);
    check_faults("!Ref a: b", "{}", &["yaml-key at `!Ref a`: a key has to be text, not `!Ref`"]);
    check_faults(": a", "{}", &["yaml-key at ``: a key has to be text, not nothing"]);
    check_faults(
        "a: &x [1]\n? *x\n: 2\n",
        "{a: [1]}",
        &["yaml-key at `*x`: a key has to be text, not a list"],
    );
    check_faults(
        "? [a]: b\n: c\n",
        "{}",
        &[
            "yaml-key at `[a]`: a key has to be text, not a list",
            "yaml-key at `[a]: b`: a key has to be text, not a mapping",
        ],
    );
}

#[test]
fn an_alias_repeats_the_last_value_of_its_name() {
    check("a: &x 1\nb: *x\nc: &x [2]\nd: *x\n", "{a: 1, b: 1, c: [2], d: [2]}");
    check("a: &x\nb: *x\n", "{a: null, b: null}");
    check("a: &x !Ref y\nb: *x\n", r#"{a: {Ref: "y"}, b: {Ref: "y"}}"#);
    check_faults("a: *nope\n", "nothing", &["yaml-alias at `*nope`: the alias has no anchor above it"]);
    check_faults("a: &x [1, *x]", "nothing", &["yaml-alias at `*x`: an alias stands inside its own anchor"]);
    check_faults("a: &x {b: *x}", "nothing", &["yaml-alias at `*x`: an alias stands inside its own anchor"]);
}

/// PyYAML 6 gives the same values, in the same order; a lone `<<` it does not take.
#[test]
fn what_is_merged_comes_first_and_gives_way() {
    const TWO: &str = "x: &x {p: 1}\ny: &y {p: 2, s: 1}\n";
    let check = |text: &str, value: &str| {
        check(&format!("{TWO}c: {text}"), &format!("{{x: {{p: 1}}, y: {{p: 2, s: 1}}, c: {value}}}"));
    };
    check("{r: 0, <<: *y, p: 9}", "{p: 9, s: 1, r: 0}");
    check("{r: 0, <<: [*x, *y]}", "{p: 1, s: 1, r: 0}");
    check("{r: 0, <<: [*y, *x]}", "{p: 2, s: 1, r: 0}");
    check("{<<: *x, <<: *y}", "{p: 2, s: 1}");
    check("{<<: {p: 3}, q: 4}", "{p: 3, q: 4}");
    check("{'<<': 1}", "{<<: 1}");
    check("<<", r#""<<""#);
}

#[test]
fn only_mappings_can_be_merged() {
    check_faults("{<<: 1}", "{}", &["yaml-merge at `1`: `<<` cannot merge the number 1"]);
    check_faults("{<<: [{b: 1}, 2]}", "{b: 1}", &["yaml-merge at `2`: `<<` cannot merge the number 2"]);
}

#[test]
fn hostile_documents_are_given_up_early() {
    let laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned()
        + &["ab", "bc", "cd", "de", "ef", "fg", "gh"]
            .map(|it| {
                let (from, to) = it.split_at(1);
                format!("{to}: &{to} [{}]\n", vec![format!("*{from}"); 10].join(","))
            })
            .concat();
    let expansion =
        "yaml-expansion at `[*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]`: the document has more than 500000 values";
    check_faults(&laughs, "nothing", &[expansion]);
    let deep = |at: &str| format!("yaml-depth at `{at}`: the document nests more than 100 levels deep");
    for (text, at) in [
        ("[".repeat(50_000), "["),
        ("{a: ".repeat(50_000), "{"),
        ("- ".repeat(50_000), "-"),
        (format!("{}x", "? ".repeat(50_000)), "?"),
    ] {
        check_faults(&text, "nothing", &[&deep(at)]);
    }
    let nested = |levels: usize| format!("a: &a {}{}\nb: [*a]", "[".repeat(levels), "]".repeat(levels));
    check(&nested(98), &format!("{{a: {0}{1}, b: [{0}{1}]}}", "[".repeat(98), "]".repeat(98)));
    check_faults(&nested(99), "nothing", &[&deep(&format!("{}{}", "[".repeat(99), "]".repeat(99)))]);
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let (node, faults) = parse(&" ".repeat(LARGEST_FILE + 1), Span::NOWHERE.file, Format::Yaml);
    assert_eq!(node, None);
    assert_eq!(faults[0].message, "the file has 8388609 bytes");
}

#[test]
fn a_file_holds_one_document() {
    let fault = ["yaml-documents at `---`: the file holds more than one document"];
    check_faults("a: 1\n---\nb: 2\n", "nothing", &fault);
    check_faults("---\n---\n", "nothing", &fault);
    check("---\na: 1\n...\n", "{a: 1}");
    check("%YAML 1.1\n---\na: 1\n", "{a: 1}");
}

#[test]
fn a_file_with_nothing_in_it_is_nothing() {
    for text in ["", "\n\n", "# only\n", "---\n", "\u{feff}", "~"] {
        check(text, "null");
    }
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_part_of_values() {
    check("\u{feff}a: b\n", r#"{a: "b"}"#);
    check("a: b\r\nc: |\r\n  d\r\n  e\r\nf: 'g\r\n  h'\r\n", r#"{a: "b", c: "d\ne\n", f: "g h"}"#);
    assert_eq!(places("\u{feff}a: b\r\nc: d\r\n"), ["a", "b", "c", "d"]);
}

#[test]
fn json_is_read_with_the_numbers_and_keys_of_json() {
    let key = "k".repeat(5000);
    check_json(&format!("{{\"{key}\": 1e5}}"), &format!("{{{key}: 100000.0}}"));
    check_json(
        "{\n\t\"a\": [true, null, -0, 1.0, 1E-2, 123456789012345678901],\r\n\t\"b\":\"\\u00e9\\ud83d\\ude00\\/\"\n}",
        "{a: [true, null, 0, 1.0, 0.01, 1.2345678901234568e20], b: \"é😀/\"}",
    );
    check_json(r#"{"Fn::Sub": "${a}"}"#, r#"{Fn::Sub: "${a}"}"#);
    let twice = vec!["duplicate-key at `\"a\"` (`\"a\"`): the key `a` stands here twice".to_owned()];
    assert_eq!(read_as(r#"{"a": 1, "a": 2}"#, Format::Json), ("{a: 1}".to_owned(), twice));
    assert_eq!(Format::of("cdk.out/Shop.template.JSON"), Format::Json);
    assert_eq!(Format::of("asi.yaml"), Format::Yaml);
}
