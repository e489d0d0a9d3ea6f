//! Would the CDK say the same? What it makes of each construct at several settings, and what is made of the stack file
//! that takes that over: every difference has its reason, nothing is replaced, and nothing that holds data or has a
//! name goes.

mod judges;
mod reasons;

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::kernel::id::{LogicalId, construct_id};
use serde_json::{Map, Value, json};

use crate::{
    docs::section,
    support::{files, read, stem, template},
};

/// What the CDK makes of a case in `snapshots/cdk/app.js`, and what is made of its stack file.
struct Case {
    name: String,
    /// The resources of the CDK, with everything that refers to something written in one way.
    theirs: Map<String, Value>,
    /// Ours, likewise.
    ours: Map<String, Value>,
}

/// All cases, by the stack files that take them over.
fn cases() -> Vec<Case> {
    files("tests/cdk_parity/stacks", ".yaml").iter().map(|it| case(&stem(it))).collect()
}

#[track_caller]
fn case(name: &str) -> Case {
    let theirs: Value = serde_json::from_str(&read(&format!("snapshots/cdk/{name}.template.json"))).unwrap();
    let stack = read(&format!("tests/cdk_parity/stacks/{name}.yaml"));
    let ours = template(&format!("app: {name}\nregion: us-east-1\naccount: \"111122223333\"\n{stack}"), &[]);
    let resources = |template: &Value| {
        let resources = template["Resources"].as_object().unwrap();
        resources.iter().map(|(id, it)| (id.clone(), in_one_form(it))).collect()
    };
    Case { name: name.to_owned(), theirs: resources(&theirs), ours: resources(&ours) }
}

/// Something that one of the two says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// `- Id` for a resource that only the CDK makes, `+ Id` for one it does not, or `Id/Properties.Name`.
    text: String,
    /// The type of the resource, with the sign.
    of_type: String,
    /// The attribute or property, if both make the resource.
    part: Option<String>,
}

/// What differs in some resources: for each type, with its sign, the attributes and properties.
type Parts = BTreeMap<String, BTreeSet<String>>;

impl Case {
    /// All that differs.
    fn findings(&self) -> BTreeSet<Finding> {
        let kind = |it: &Value| it["Type"].as_str().unwrap().trim_start_matches("AWS::").to_owned();
        let only = |sign: &'static str, these: &Map<String, Value>, those: &Map<String, Value>| {
            let alone = these.iter().filter(|(id, _)| !those.contains_key(*id));
            let found = alone.map(|(id, it)| Finding {
                text: format!("{sign} {id}"),
                of_type: format!("{sign} `{}`", kind(it)),
                part: None,
            });
            found.collect::<Vec<_>>()
        };
        let mut found = BTreeSet::new();
        found.extend(only("-", &self.theirs, &self.ours));
        found.extend(only("+", &self.ours, &self.theirs));
        for (id, theirs) in &self.theirs {
            let Some(ours) = self.ours.get(id) else { continue };
            assert_eq!(theirs["Type"], ours["Type"], "{}: {id}", self.name);
            found.extend(differences(theirs, ours).into_iter().map(|what| Finding {
                text: format!("{id}/{what}"),
                of_type: format!("`{}`", kind(theirs)),
                part: Some(what.trim_start_matches("Properties.").to_owned()),
            }));
        }
        found
    }
}

/// What differs in all cases, by the construct and the reason, in the order of the reasons.
fn explained() -> Vec<(&'static str, &'static str, Parts)> {
    let mut found: BTreeMap<usize, Parts> = BTreeMap::new();
    let rows: Vec<(&str, &str, &[&str])> = reasons::REASONS
        .iter()
        .flat_map(|(kind, rows)| rows.iter().map(move |(what, why)| (*kind, *why, *what)))
        .collect();
    let mut unexplained = Vec::new();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for case in cases() {
        for finding in case.findings() {
            let mut is_explained = false;
            for (at, (_, _, patterns)) in rows.iter().enumerate() {
                for pattern in patterns.iter().filter(|it| matches(it, &finding.text)) {
                    used.insert(pattern);
                    let parts = found.entry(at).or_default().entry(finding.of_type.clone()).or_default();
                    parts.extend(finding.part.clone());
                    is_explained = true;
                }
            }
            if !is_explained {
                unexplained.push(format!("{}: {}", case.name, finding.text));
            }
        }
    }
    assert!(unexplained.is_empty(), "without a reason: {unexplained:#?}");
    let patterns = rows.iter().flat_map(|it| it.2);
    let unused: Vec<&&str> = patterns.filter(|it| !used.contains(**it)).collect();
    assert!(unused.is_empty(), "reasons for nothing: {unused:#?}");
    found.into_iter().map(|(at, what)| (rows[at].0, rows[at].1, what)).collect()
}

#[test]
fn every_logical_id_is_the_cdks() {
    let pairs: Value = serde_json::from_str(&read("snapshots/cdk/logical-ids.json")).unwrap();
    let pairs = pairs.as_array().unwrap();
    for pair in pairs {
        let path = pair["path"].as_str().unwrap();
        // One path holds quoted text with no slash in it; all others are plain.
        let id = LogicalId::for_path(path.split('/')).unwrap();
        assert_eq!(id.as_str(), pair["logicalId"].as_str().unwrap(), "{path}");
    }
    assert_eq!(pairs.len(), 31);
}

#[test]
fn a_slash_in_an_id_is_written_as_two_dashes() {
    assert_eq!(construct_id("with/slash"), "with--slash");
}

#[test]
fn every_difference_has_its_reason() {
    assert!(!explained().is_empty(), "there are differences");
}

#[test]
fn the_readme_has_every_difference() {
    let mut table = String::from("| Construct | What differs | Why |\n| --- | --- | --- |\n");
    for (kind, why, what) in explained() {
        let of_type = |(of_type, parts): (String, BTreeSet<String>)| {
            let parts: Vec<String> = parts.into_iter().collect();
            format!("{of_type} {}", parts.join(", ")).trim_end().to_owned()
        };
        let what: Vec<String> = what.into_iter().map(of_type).collect();
        table.push_str(&format!("| `{kind}` | {} | {why} |\n", what.join("; ")));
    }
    section("taking over", &table);
}

#[test]
fn resources_of_constructs_stand_in_the_order_of_the_tree() {
    for case in cases() {
        // What stands under `resources` comes last.
        if read(&format!("tests/cdk_parity/stacks/{}.yaml", case.name)).contains("\nresources:") {
            continue;
        }
        let order = |these: &Map<String, Value>, those: &Map<String, Value>| -> Vec<String> {
            these.keys().filter(|it| those.contains_key(*it)).cloned().collect()
        };
        assert_eq!(order(&case.ours, &case.theirs), order(&case.theirs, &case.ours), "{}", case.name);
    }
}

#[test]
fn references_are_compared_however_they_are_written() {
    let join = json!({ "Fn::Join": ["", ["a-", { "Fn::GetAtt": ["B", "C.D"] }, "/${e}", { "Ref": "F" }]] });
    assert_eq!(in_one_form(&join), in_one_form(&json!({ "Fn::Sub": "a-${B.C.D}/${!e}${F}" })));
    assert_ne!(in_one_form(&join), in_one_form(&json!({ "Fn::Sub": "a-${B.C.D}/${e}${F}" })));
    let place = json!({ "Fn::Sub": "arn:${AWS::Partition}:s3:${AWS::Region}:${AWS::AccountId}:${!x}" });
    assert_eq!(in_one_form(&place), "arn:aws:s3:us-east-1:111122223333:${x}");
    assert_eq!(in_one_form(&json!({ "Ref": "AWS::Region" })), "us-east-1");
}

/// A value in which everything that refers to something is written in one way, with the same meaning in the region and
/// the account of the cases.
fn in_one_form(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(in_one_form).collect(),
        Value::Object(map) => match text(value) {
            // What refers to nothing is text.
            Some(text) if !text.replace("${!", "").contains("${") => json!(text.replace("${!", "${")),
            Some(text) => json!({ "Fn::Sub": text }),
            None => Value::Object(map.iter().map(|(key, it)| (key.clone(), in_one_form(it))).collect()),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Text that refers to something, as `Fn::Sub` takes it.
fn text(value: &Value) -> Option<String> {
    let (name, inner) = value.as_object().filter(|it| it.len() == 1)?.iter().next()?;
    match name.as_str() {
        "Ref" => inner.as_str().map(reference),
        "Fn::GetAtt" => Some(reference(&format!("{}.{}", inner[0].as_str()?, inner[1].as_str()?))),
        "Fn::Sub" => {
            let mut parts = inner.as_str()?.split("${");
            let mut text = parts.next()?.to_owned();
            for part in parts {
                let (name, rest) = part.split_once('}')?;
                text.push_str(&reference(name));
                text.push_str(rest);
            }
            Some(text)
        }
        "Fn::Join" if inner[0] == "" => {
            let part = |it: &Value| it.as_str().map(|it| it.replace("${", "${!")).or_else(|| text(it));
            inner[1].as_array()?.iter().map(part).collect()
        }
        _ => None,
    }
}

/// A reference to `name`, or what that is where the cases are.
fn reference(name: &str) -> String {
    match name {
        "AWS::Region" => "us-east-1".to_owned(),
        "AWS::AccountId" => "111122223333".to_owned(),
        "AWS::Partition" => "aws".to_owned(),
        "AWS::URLSuffix" => "amazonaws.com".to_owned(),
        name => format!("${{{name}}}"),
    }
}

/// The attributes, and the properties, in which two resources differ.
fn differences(theirs: &Value, ours: &Value) -> Vec<String> {
    let keys = |a: &Value, b: &Value| -> BTreeSet<String> {
        [a, b].into_iter().filter_map(Value::as_object).flat_map(|it| it.keys().cloned()).collect()
    };
    let mut found = Vec::new();
    for key in keys(theirs, ours) {
        let (theirs, ours) = (&theirs[&key], &ours[&key]);
        if key == "Properties" {
            let properties = keys(theirs, ours).into_iter().filter(|it| theirs[it] != ours[it]);
            found.extend(properties.map(|it| format!("Properties.{it}")));
        } else if key != "Metadata" && theirs != ours {
            found.push(key);
        }
    }
    found
}

/// Whether `text` is as `pattern` says, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
