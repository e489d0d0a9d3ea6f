//! What of a document nobody may see, and what is shown in its place.
//!
//! Known is what stands under a name that only a secret has, the default of a parameter with `NoEcho`, and the password in
//! an address. What a secret is kept by (a reference, an ARN) is none.

use std::borrow::Cow;

use asi_constructs::kernel::{
    map::Entry,
    node::{Node, NodeKind},
    span::{Sources, Span},
    yaml::{self, Format},
};

use super::{Indent, to_json};

/// What stands for a text that nobody may see.
pub const HIDDEN: &str = "****";
/// What the name of a property or a variable has in it whose value nobody may see, in lower case without `_` and `-`.
const WITHIN: [&str; 11] = [
    "password",
    "passphrase",
    "passwd",
    "secretstring",
    "authtoken",
    "privatekey",
    "secretkey",
    "secretaccesskey",
    "apikey",
    "accesstoken",
    "connectionstring",
];
/// What such a name ends in.
const AT_END: [&str; 4] = ["token", "secret", "dbpass", "credentials"];
/// What is called a token, and tells nothing of a secret: what provides a custom resource, what makes a call the same.
const NO_SECRETS: [&str; 4] = ["servicetoken", "clienttoken", "requesttoken", "nexttoken"];
/// What the name of a setting about a secret ends in.
const ABOUT_ONE: [&str; 13] = [
    "arn", "name", "id", "length", "enabled", "policy", "version", "days", "age", "type", "validity",
    "source", "file",
];

/// Whether what has this name is a secret.
pub fn is_secret(name: &str) -> bool {
    /// Longer names are no names.
    const LONGEST: usize = 128;
    let mut plain = [0; LONGEST];
    let mut length = 0;
    for byte in name.bytes().filter(u8::is_ascii_alphanumeric).take(LONGEST) {
        plain[length] = byte.to_ascii_lowercase();
        length += 1;
    }
    let Ok(plain) = std::str::from_utf8(&plain[..length]) else { return false };
    let is_named = WITHIN.iter().any(|it| plain.contains(it))
        || (AT_END.iter().any(|it| plain.ends_with(it)) && !NO_SECRETS.iter().any(|it| plain.ends_with(it)));
    is_named && !ABOUT_ONE.iter().any(|it| plain.ends_with(it))
}

/// A value as it may be shown that has this name; it may be a document in JSON.
pub fn shown<'v>(name: &str, value: &'v str) -> Cow<'v, str> {
    if value.starts_with(['{', '['])
        && let (Some(document), _) = yaml::parse(value, Sources::default().add("", value), Format::Json)
    {
        let is_known = !is_secret(name) && places(&document).is_empty();
        return if is_known {
            Cow::Borrowed(value)
        } else {
            to_json(&hidden(&document, is_secret(name)), Indent::Cdk).into()
        };
    }
    text(value, is_secret(name))
}

/// Whether nobody may see the value of a parameter of a template.
pub fn is_secret_parameter(template: &Node, name: &str) -> bool {
    let parameter = template.get("Parameters").and_then(|it| it.get(name));
    is_secret(name) || parameter.is_some_and(has_no_echo)
}

/// Whether a parameter says that nobody may see its value.
fn has_no_echo(parameter: &Node) -> bool {
    let is_on = |it: &Node| match &it.kind {
        NodeKind::Bool(it) => *it,
        _ => it.as_str().is_some_and(|it| it.eq_ignore_ascii_case("true")),
    };
    parameter.get("NoEcho").or(parameter.get("noEcho")).is_some_and(is_on)
}

/// A text as it may be shown; nothing of it but references, if it is known to be secret.
fn text(text: &str, is_secret: bool) -> Cow<'_, str> {
    if !is_secret || text.starts_with("arn:") {
        return without_password(text);
    }
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let next = [("{{resolve:", "}}"), ("${", "}")].iter().filter_map(|(start, end)| {
            let at = rest.find(start)?;
            Some((at, at + rest[at..].find(end)? + end.len()))
        });
        let (start, end) = next.min().unwrap_or((rest.len(), rest.len()));
        out.push_str(if start > 0 { HIDDEN } else { "" });
        out.push_str(&rest[start..end]);
        rest = &rest[end..];
    }
    Cow::Owned(out)
}

/// An address without the password in it: `postgres://shop:****@db.example.com`.
fn without_password(text: &str) -> Cow<'_, str> {
    match password(text) {
        Some((start, end)) => Cow::Owned([&text[..start], HIDDEN, &without_password(&text[end..])].concat()),
        None => Cow::Borrowed(text),
    }
}

/// Where the first password in an address is.
fn password(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(at) = text[from..].find("://") {
        let start = from + at + 3;
        let end = text[start..].find(|it: char| it.is_whitespace() || "/?#\"'<>`".contains(it));
        let authority = &text[start..end.map_or(text.len(), |it| start + it)];
        from = start;
        let Some((user, _)) = authority.rsplit_once('@') else { continue };
        let Some((name, password)) = user.split_once(':') else { continue };
        // A reference to a secret tells nothing of it.
        if password.is_empty() || password.starts_with("${") || password.starts_with("{{resolve") {
            continue;
        }
        let start = start + name.len() + 1;
        return Some((start, start + password.len()));
    }
    None
}

/// A value with the texts in it hidden that nobody may see; all of them, if it is known to be secret.
pub fn hidden(node: &Node, is_secret: bool) -> Node {
    let kind = match &node.kind {
        NodeKind::String(it) => match text(it, is_secret) {
            Cow::Borrowed(_) => return node.clone(),
            Cow::Owned(it) => NodeKind::String(it.into()),
        },
        NodeKind::Integer(_) | NodeKind::Float(_) if is_secret => NodeKind::String(HIDDEN.into()),
        NodeKind::List(items) => NodeKind::List(items.iter().map(|it| hidden(it, is_secret)).collect()),
        NodeKind::Map(map) => {
            let entries = map.iter().map(|(key, entry)| {
                let value = match child(node, key, is_secret) {
                    Child::Whole(is_secret) => hidden(&entry.value, is_secret),
                    Child::Behind(count) => behind(&entry.value, count, is_secret),
                    Child::Seen => entry.value.clone(),
                };
                (key.clone(), Entry { key: entry.key, value })
            });
            NodeKind::Map(entries.collect())
        }
        _ => return node.clone(),
    };
    Node { kind, ..Node::new(NodeKind::Null, node.span) }
}

/// The items of a list, of which the first say how to take the others.
fn behind(node: &Node, count: usize, is_secret: bool) -> Node {
    let Some(items) = node.as_list() else { return node.clone() };
    let items = items.iter().enumerate();
    let items = items.map(|(at, it)| if at < count { it.clone() } else { hidden(it, is_secret) });
    Node { kind: NodeKind::List(items.collect()), ..Node::new(NodeKind::Null, node.span) }
}

/// What may be seen of what stands under a key.
enum Child {
    /// It is secret, or not.
    Whole(bool),
    /// A list is as secret as the whole, but for its first items.
    Behind(usize),
    /// All of it.
    Seen,
}

/// What may be seen of what stands under `key` in a mapping.
fn child(map: &Node, key: &str, is_secret: bool) -> Child {
    match key {
        "Ref" | "Condition" | "Fn::GetAtt" | "Fn::ImportValue" | "Fn::FindInMap" | "Fn::GetStackOutput" => {
            Child::Seen
        }
        "Fn::If" | "Fn::Join" | "Fn::Split" | "Fn::Select" => Child::Behind(1),
        _ if key.starts_with("Fn::") => Child::Whole(is_secret),
        "Value" | "value" => {
            let name = map.get("Name").or(map.get("name")).and_then(Node::as_str);
            Child::Whole(is_secret || name.is_some_and(self::is_secret))
        }
        "Default" | "default" => Child::Whole(is_secret || has_no_echo(map)),
        // What a secret is described by is none.
        _ => Child::Whole(self::is_secret(key)),
    }
}

/// The places of a document that nobody may see, in order.
pub fn places(document: &Node) -> Vec<Span> {
    let mut found = Vec::new();
    collect(document, false, &mut found);
    found
}

fn collect(node: &Node, is_secret: bool, found: &mut Vec<Span>) {
    match &node.kind {
        NodeKind::String(it) => {
            if matches!(text(it, is_secret), Cow::Owned(it) if it.contains(HIDDEN)) {
                found.push(node.span);
            }
        }
        NodeKind::Integer(_) | NodeKind::Float(_) if is_secret => found.push(node.span),
        NodeKind::List(items) => items.iter().for_each(|it| collect(it, is_secret, found)),
        NodeKind::Map(map) => {
            for (key, entry) in map {
                match child(node, key, is_secret) {
                    Child::Whole(is_secret) => collect(&entry.value, is_secret, found),
                    Child::Behind(count) => {
                        let items = entry.value.as_list().unwrap_or_default();
                        items.iter().skip(count).for_each(|it| collect(it, is_secret, found));
                    }
                    Child::Seen => (),
                }
            }
        }
        NodeKind::Integer(_) | NodeKind::Float(_) | NodeKind::Null | NodeKind::Bool(_) => (),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document as it may be shown, on a line; then what of it is hidden where it is written.
    fn check(yaml: &str, expected: &str, places: &[&str]) {
        let mut sources = Sources::default();
        let (document, faults) = yaml::parse(yaml, sources.add("a.yaml", yaml), Format::Yaml);
        assert_eq!(faults, []);
        let document = document.unwrap();
        let json = to_json(&hidden(&document, false), Indent::Cdk);
        assert_eq!(json.split_whitespace().collect::<Vec<_>>().join(" "), expected);
        let hidden = super::places(&document);
        assert_eq!(hidden.iter().map(|it| sources.text(*it).unwrap()).collect::<Vec<_>>(), places);
    }

    #[test]
    fn a_name_tells_a_secret_and_a_setting_about_one_is_none() {
        for name in [
            "MasterUserPassword",
            "API_TOKEN",
            "api-key",
            "CLIENT_SECRET",
            "SecretString",
            "AWS_SECRET_ACCESS_KEY",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "ServiceToken",
            "PasswordLength",
            "SecretArn",
            "AccessTokenValidity",
            "HttpTokens",
            "Secrets",
            "Name",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn what_is_a_secret_is_hidden_and_what_it_is_kept_by_is_shown() {
        check(
            "{Password: a, Key: b, Token: !Ref B, Secret: 'arn:aws:x', ApiKey: 12}",
            r#"{ "Password": "****", "Key": "b", "Token": { "Ref": "B" }, "Secret": "arn:aws:x", "ApiKey": "****" }"#,
            &["a", "12"],
        );
        check(
            "Password: 'x{{resolve:ssm-secure:/a:1}}y'",
            r#"{ "Password": "****{{resolve:ssm-secure:/a:1}}****" }"#,
            &["'x{{resolve:ssm-secure:/a:1}}y'"],
        );
        check(
            "Environment: [{Name: DB_PASSWORD, Value: a}]",
            r#"{ "Environment": [ { "Name": "DB_PASSWORD", "Value": "****" } ] }"#,
            &["a"],
        );
        check(
            "S: {NoEcho: true, Default: a, Type: String}",
            r#"{ "S": { "NoEcho": true, "Default": "****", "Type": "String" } }"#,
            &["a"],
        );
        check(
            "DbPassword: {Type: String, Default: a}",
            r#"{ "DbPassword": { "Type": "String", "Default": "****" } }"#,
            &["a"],
        );
    }

    #[test]
    fn in_functions_what_is_written_out_is_hidden() {
        check(
            "Password: !If [C, a, !Ref B]",
            r#"{ "Password": { "Fn::If": [ "C", "****", { "Ref": "B" } ] } }"#,
            &["a"],
        );
        check(
            "Password: !Join ['-', [a, !Ref B]]",
            r#"{ "Password": { "Fn::Join": [ "-", [ "****", { "Ref": "B" } ] ] } }"#,
            &["a"],
        );
        check("Password: !Sub 'a${B}'", r#"{ "Password": { "Fn::Sub": "****${B}" } }"#, &["'a${B}'"]);
    }

    #[test]
    fn an_address_keeps_all_but_its_password() {
        check(
            "Url: 'postgres://a:b@c:5432/d?e=f'",
            r#"{ "Url": "postgres://a:****@c:5432/d?e=f" }"#,
            &["'postgres://a:b@c:5432/d?e=f'"],
        );
        let same =
            ["https://a.example:443/@b", "https://a@b", "postgres://a:${B}@c", "a:b@c", "https://a:@b"];
        same.iter().for_each(|it| assert_eq!(without_password(it), *it));
        assert_eq!(without_password("x://a:b@c y://d:e@f"), "x://a:****@c y://d:****@f");
    }

    #[test]
    fn a_document_in_a_value_is_looked_into() {
        assert_eq!(
            shown("a", r#"{"password": "b"}"#).split_whitespace().collect::<String>(),
            r#"{"password":"****"}"#
        );
        assert_eq!(shown("a", r#"{"b": "c"}"#), r#"{"b": "c"}"#);
        assert_eq!(
            (shown("password", "b"), shown("a", "b"), shown("a", "{b")),
            (HIDDEN.into(), "b".into(), "{b".into())
        );
    }
}
