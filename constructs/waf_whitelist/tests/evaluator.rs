//! What a web ACL does with a request, worked out from its properties as CloudFormation gets them.
//!
//! Knows the statements and transformations a `WafWhitelist` uses, by AWS's documentation of them, and stops at
//! any other. Groups of managed rules and limits of rate let everything pass.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;
use serde_json::Value;

use crate::testing::Stack;

/// A web ACL and its sets of addresses.
pub(super) struct WebAcl {
    rules: Vec<Value>,
    sets: BTreeMap<String, Vec<IpNet>>,
    /// Whether `/../` at the very beginning of a path is kept, which the documentation leaves open.
    pub(super) keeps_above_root: bool,
}

/// A request to the load balancer.
#[derive(Clone)]
pub(super) struct Request<'a> {
    pub(super) address: &'a str,
    pub(super) path: &'a str,
    /// The header `X-Forwarded-For`.
    pub(super) forwarded: Option<&'a str>,
}

impl WebAcl {
    /// The one of the construct `name`.
    pub(super) fn of(stack: &Stack, name: &str) -> Self {
        let acl = stack.properties(&format!("{name}/WebAcl"));
        assert_eq!(acl["DefaultAction"], serde_json::json!({ "Allow": {} }));
        let mut rules = list(&acl["Rules"]).to_vec();
        rules.sort_by_key(|it| it["Priority"].as_u64().unwrap());
        let mut sets = BTreeMap::new();
        for (path, kind) in stack.resources() {
            if kind == "AWS::WAFv2::IPSet" {
                let set = stack.properties(&path);
                let ranges: Vec<IpNet> =
                    list(&set["Addresses"]).iter().map(|it| text(it).parse().unwrap()).collect();
                let family = if text(&set["IPAddressVersion"]) == "IPV4" { 32 } else { 128 };
                assert!(ranges.iter().all(|it| it.max_prefix_len() == family), "a set holds one family");
                sets.insert(format!("${{{path}.Arn}}"), ranges);
            }
        }
        Self { rules, sets, keeps_above_root: false }
    }

    /// Whether it lets a request pass.
    pub(super) fn admits(&self, request: &Request<'_>) -> bool {
        for rule in &self.rules {
            let asks_for_a_header = rule["Statement"].to_string().contains("IPSetForwardedIPConfig");
            if asks_for_a_header && request.forwarded.is_none() {
                continue;
            }
            if self.holds(&rule["Statement"], request) {
                return rule["Action"].get("Allow").is_some();
            }
        }
        true
    }

    fn holds(&self, statement: &Value, request: &Request<'_>) -> bool {
        let (kind, of) =
            statement.as_object().and_then(|it| it.iter().next()).expect("a statement of one kind");
        match kind.as_str() {
            "AndStatement" => list(&of["Statements"]).iter().all(|it| self.holds(it, request)),
            "OrStatement" => list(&of["Statements"]).iter().any(|it| self.holds(it, request)),
            "NotStatement" => !self.holds(&of["Statement"], request),
            "IPSetReferenceStatement" => {
                let addresses = addresses(of.get("IPSetForwardedIPConfig"), request);
                let set = &self.sets[text(&of["Arn"])];
                addresses.iter().any(|address| set.iter().any(|it| it.contains(address)))
            }
            "ByteMatchStatement" => {
                assert_eq!(of["PositionalConstraint"], "STARTS_WITH");
                self.path(of, request).starts_with(text(&of["SearchString"]).as_bytes())
            }
            "RegexMatchStatement" => is_match(text(&of["RegexString"]), &self.path(of, request)),
            "SizeConstraintStatement" => {
                assert_eq!(of["FieldToMatch"]["SingleHeader"]["Name"], "x-forwarded-for");
                assert_eq!((text(&of["ComparisonOperator"]), &of["Size"]), ("GE", &Value::from(1)));
                request.forwarded.is_some_and(|it| !it.is_empty())
            }
            "ManagedRuleGroupStatement" | "RateBasedStatement" => false,
            other => panic!("`{other}` is not known here"),
        }
    }

    /// The path as a statement sees it.
    fn path(&self, statement: &Value, request: &Request<'_>) -> Vec<u8> {
        assert_eq!(statement["FieldToMatch"], serde_json::json!({ "UriPath": {} }));
        let mut steps = list(&statement["TextTransformations"]).to_vec();
        assert!((1..=10).contains(&steps.len()), "WAF takes 1 to 10 transformations");
        steps.sort_by_key(|it| it["Priority"].as_u64().unwrap());
        let path = request.path.split('?').next().unwrap_or_default().as_bytes().to_vec();
        steps.iter().fold(path, |path, step| match text(&step["Type"]) {
            "URL_DECODE" => url_decode(&path, false),
            "URL_DECODE_UNI" => url_decode(&path, true),
            "NORMALIZE_PATH" => normalize(&path, self.keeps_above_root),
            "NORMALIZE_PATH_WIN" => {
                let slashed: Vec<u8> = path.iter().map(|it| if *it == b'\\' { b'/' } else { *it }).collect();
                normalize(&slashed, self.keeps_above_root)
            }
            "LOWERCASE" => path.to_ascii_lowercase(),
            "NONE" => path,
            other => panic!("`{other}` is not known here"),
        })
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// The addresses that count for a set.
fn addresses(forwarded: Option<&Value>, request: &Request<'_>) -> Vec<IpAddr> {
    let Some(config) = forwarded else { return vec![request.address.parse().unwrap()] };
    assert_eq!(
        (&config["HeaderName"], &config["FallbackBehavior"]),
        (&"X-Forwarded-For".into(), &"NO_MATCH".into())
    );
    let all: Vec<&str> = request.forwarded.unwrap_or_default().split(',').map(str::trim).collect();
    let counting: Vec<&str> = match text(&config["Position"]) {
        "FIRST" => all.into_iter().take(1).collect(),
        "LAST" => all.into_iter().next_back().into_iter().collect(),
        "ANY" => all,
        other => panic!("`{other}` is not known here"),
    };
    counting.iter().filter_map(|it| it.parse().ok()).collect()
}

/// Decodes `%61`, and with `unicode` also `%u0061`, of which the lower byte is kept.
pub(super) fn url_decode(path: &[u8], unicode: bool) -> Vec<u8> {
    let hex = |from: usize, to: usize| {
        let digits = path.get(from..to).filter(|it| it.iter().all(u8::is_ascii_hexdigit))?;
        u16::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).ok()
    };
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < path.len() {
        let is_unicode = unicode && matches!(path.get(at + 1), Some(b'u' | b'U'));
        let (value, length) = match path[at] {
            b'%' if is_unicode => (hex(at + 2, at + 6), 6),
            b'%' => (hex(at + 1, at + 3), 3),
            b'+' => (Some(0x20), 1),
            _ => (None, 1),
        };
        let Some(value) = value else {
            decoded.push(path[at]);
            at += 1;
            continue;
        };
        let full_width = if (0xff01..=0xff5e).contains(&value) { 0x20 } else { 0 };
        decoded.push((value & 0xff) as u8 + full_width);
        at += length;
    }
    decoded
}

/// Removes `//`, `/./`, and `/x/../`.
pub(super) fn normalize(path: &[u8], keeps_above_root: bool) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut ends_open = true;
    for part in path.split(|it| *it == b'/') {
        ends_open = matches!(part, b"" | b"." | b"..");
        match part {
            b"" | b"." => (),
            b".." if kept.last().is_some_and(|it| *it != b"..") => drop(kept.pop()),
            b".." if !keeps_above_root => (),
            _ => kept.push(part),
        }
    }
    let mut normal = Vec::new();
    for part in &kept {
        normal.push(b'/');
        normal.extend_from_slice(part);
    }
    if ends_open && kept.last() != Some(&&b".."[..]) || normal.is_empty() {
        normal.push(b'/');
    }
    normal
}

/// Whether a regular expression of letters, `[…]`, `[^…]`, `*` and `{0,n}` matches anywhere in `text`.
fn is_match(pattern: &str, text: &[u8]) -> bool {
    (0..=text.len()).any(|at| matches_here(pattern.as_bytes(), &text[at..]))
}

fn matches_here(pattern: &[u8], text: &[u8]) -> bool {
    let Some(first) = pattern.first() else { return true };
    let length = if *first == b'[' { pattern.iter().position(|it| *it == b']').unwrap() + 1 } else { 1 };
    let (atom, rest) = pattern.split_at(length);
    let fits = |byte: u8| match atom {
        [b'[', b'^', set @ .., b']'] => !set.contains(&byte),
        [b'[', set @ .., b']'] => set.contains(&byte),
        _ => atom[0] == byte,
    };
    let (most, rest) = match rest {
        [b'*', rest @ ..] => (usize::MAX, rest),
        [b'{', b'0', b',', most, b'}', rest @ ..] => (usize::from(most - b'0'), rest),
        _ => return text.first().is_some_and(|it| fits(*it)) && matches_here(rest, &text[1..]),
    };
    let run = text.iter().take_while(|it| fits(**it)).count().min(most);
    (0..=run).any(|it| matches_here(rest, &text[it..]))
}
