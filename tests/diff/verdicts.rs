//! Does the CDK's own library say the same of a change? What it said of many is kept in `verdicts.json`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use asi::{
    diff::{Fate, Kind, ResourceChange, Row, Security, Sign, TemplateDiff, Verdict, diff},
    template::Template,
};
use serde_json::{Value, json};

use super::parsed;
use crate::support::read;

/// A verdict that differs from the CDK's.
struct Different {
    /// The kind of change; `*` stands for anything.
    kind: &'static str,
    /// Whether it is about the resource that is changed, or about another one that follows.
    is_itself: bool,
    /// The type and the property that are changed, in the same way.
    changed: (&'static str, &'static str),
    ours: &'static str,
    theirs: &'static str,
    /// Why ours is right.
    reason: &'static str,
}

const fn follows(
    kind: &'static str,
    type_name: &'static str,
    [ours, theirs]: [&'static str; 2],
    reason: &'static str,
) -> Different {
    Different { kind, is_itself: false, changed: (type_name, "*"), ours, theirs, reason }
}

const fn itself(
    kind: &'static str,
    changed: (&'static str, &'static str),
    [ours, theirs]: [&'static str; 2],
    reason: &'static str,
) -> Different {
    Different { kind, is_itself: true, changed, ours, theirs, reason }
}

const DIFFERENT: &[Different] = &[
    follows(
        "*",
        "*",
        ["WILL_UPDATE", "NO_CHANGE"],
        "what refers to a resource that is replaced gets another value: CloudFormation updates it",
    ),
    follows(
        "*",
        "AWS::EC2::VPC",
        ["MAY_REPLACE", "NO_CHANGE"],
        "what refers to a resource that may be replaced may be replaced, and a custom resource at any change",
    ),
    follows(
        "*",
        "AWS::DynamoDB::Table",
        ["MAY_REPLACE", "NO_CHANGE"],
        "a custom resource may be replaced at any change, and gets the name of another table",
    ),
    follows(
        "versions of a stack",
        "",
        ["MAY_REPLACE", "NO_CHANGE"],
        "a custom resource may be replaced at any change; the one of the CDK gets another group or another code",
    ),
    follows(
        "mapping",
        "",
        ["MAY_REPLACE", "NO_CHANGE"],
        "what a mapping gives differs, and the property that takes it replaces",
    ),
    follows(
        "condition",
        "",
        ["MAY_REPLACE", "NO_CHANGE"],
        "what a condition chooses may differ, and the property that takes it replaces, or may",
    ),
    follows(
        "create-only",
        "AWS::Lambda::Function",
        ["WILL_REPLACE", "NO_CHANGE"],
        "the `ServiceToken` of a custom resource is the ARN of a function that is replaced; the schema of custom resources says so, and CloudFormation refuses it",
    ),
    follows(
        "reference",
        "AWS::ECS::Service",
        ["WILL_REPLACE", "NO_CHANGE"],
        "the name of a service that is replaced stands in `Fn::Sub`; the CDK follows `Ref` and `Fn::GetAtt` only",
    ),
    itself(
        "*",
        ("Custom::*", "*"),
        ["MAY_REPLACE", "NO_CHANGE"],
        "whoever provides a custom resource decides whether it is another one",
    ),
    itself(
        "*",
        ("Custom::*", "ServiceToken"),
        ["WILL_REPLACE", "NO_CHANGE"],
        "the schema of custom resources says so, and CloudFormation refuses it",
    ),
    itself(
        "*",
        ("AWS::ECS::CapacityProvider", "AutoScalingGroupProvider"),
        ["WILL_REPLACE", "WILL_UPDATE"],
        "the group in it is fixed; the CDK judges properties as a whole",
    ),
    itself(
        "nested",
        ("AWS::Budgets::Budget", "Budget"),
        ["WILL_REPLACE", "WILL_UPDATE"],
        "the name in it is fixed; the CDK judges properties as a whole",
    ),
    itself(
        "list order",
        ("*", "*"),
        ["NO_CHANGE", "WILL_UPDATE"],
        "the order means nothing: the schema says so (`insertionOrder`), or it is a policy",
    ),
    itself(
        "list order",
        ("AWS::EKS::Nodegroup", "Subnets"),
        ["MAY_REPLACE", "WILL_REPLACE"],
        "the order means nothing: the schema says so (`insertionOrder`); CloudFormation has replaced such nevertheless",
    ),
    itself("tag", ("*", "Tags"), ["NO_CHANGE", "WILL_UPDATE"], "the order of tags means nothing"),
    itself(
        "statement",
        ("AWS::IAM::Role", "AssumeRolePolicyDocument"),
        ["NO_CHANGE", "WILL_UPDATE"],
        "in a policy a text is a list of one",
    ),
    itself(
        "written otherwise",
        ("*", "*"),
        ["NO_CHANGE", "WILL_UPDATE"],
        "the order of statements means nothing",
    ),
    itself(
        "written otherwise",
        ("*", "*"),
        ["NO_CHANGE", "WILL_REPLACE"],
        "another function that gives the same text is no change: CloudFormation compares what functions give",
    ),
    follows(
        "written otherwise",
        "*",
        ["NO_CHANGE", "WILL_REPLACE"],
        "nothing follows from a replacement that there is not",
    ),
];

/// Permissions that are counted otherwise than the CDK does: what is changed, and why ours is right.
const OTHER_PERMISSIONS: &[(&str, &str)] = &[
    ("versions of a stack */old.json", "fewer actions and fewer addresses are not more"),
    ("property */PolicyDocument", "`other` is no statement"),
    ("property */AssumeRolePolicyDocument", "`other` is no statement"),
    ("property */Policies", "`other` is no statement"),
    ("property */Roles", "a statement of a policy that several have is one row, not one for each of them"),
    ("property */GroupId", "a group that loses its only rule for what goes out lets everything out"),
    ("removed */ServiceLBSecurityGrouptoWebServiceSecurityGroup7BDF17E3805AB35A46", "the same"),
    ("statement */Policies/0/PolicyDocument/Statement/0/Action", "fewer actions are not more"),
    ("statement */Condition", "what is under a condition was allowed without one"),
    ("rule inline */CidrIp", "fewer addresses are not more"),
    ("rule */Way/Properties/CidrIp", "fewer addresses are not more"),
    ("rule */Out/Properties/CidrIp", "another rule of the group lets everything out anyway"),
    ("rule */IpProtocol", "6 is TCP"),
    ("nested */Effect", "what is no denial is taken for an allowance"),
];

/// Two templates, what the CDK said of them, and what we say.
pub(super) struct Pair {
    said: Value,
    old: Arc<Value>,
    pub(super) found: TemplateDiff,
    /// What we say of the way back.
    pub(super) back: TemplateDiff,
}

/// All pairs; what several tests ask is found once.
pub(super) static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(pairs);

fn pairs() -> Vec<Pair> {
    let mut frozen: Value = serde_json::from_str(&read("tests/diff/verdicts.json")).unwrap();
    let Value::Array(pairs) = frozen["pairs"].take() else { unreachable!("a list of pairs") };
    let mut known: BTreeMap<String, (Arc<Value>, Template)> = BTreeMap::new();
    let mut of_name = |name: &str| {
        let found = known.entry(name.to_owned()).or_insert_with(|| {
            let kept = frozen["templates"].get_mut(name).map(Value::take);
            let template = kept.unwrap_or_else(|| serde_json::from_str(&read(name)).unwrap());
            let parsed = parsed(&template);
            (Arc::new(template), parsed)
        });
        found.clone()
    };
    let pair = |said: Value| {
        let (old, before) = of_name(said["old"].as_str().unwrap());
        let after = match said["new"].as_str() {
            Some(name) => of_name(name).1,
            None => {
                let mut new = Value::clone(&old);
                said["operations"].as_array().unwrap().iter().for_each(|it| apply(it, &mut new));
                parsed(&new)
            }
        };
        Pair { said, old, found: diff(&before, &after), back: diff(&after, &before) }
    };
    pairs.into_iter().map(pair).collect()
}

impl Pair {
    /// The logical id, the type and the property of what is changed, if that is one resource.
    fn changed(&self) -> (&str, &str, &str) {
        let operation = &self.said["operations"][0];
        let pointer = operation["from"].as_str().or(operation["path"].as_str()).unwrap_or_default();
        let Some(rest) = pointer.strip_prefix("/Resources/") else { return ("", "", "") };
        let mut parts = rest.split('/');
        let id = parts.next().unwrap();
        let property = parts.nth(1).unwrap_or_default();
        (id, self.old["Resources"][id]["Type"].as_str().unwrap_or_default(), property)
    }

    /// The kind of change, the template, and what is changed in it.
    pub(super) fn name(&self) -> String {
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let what = &self.said["operations"][0]["path"];
        let what = if what.is_null() { &self.said["new"] } else { what };
        format!("{} {} {}", text(&self.said["kind"]), text(&self.said["old"]), text(what))
    }
}

/// Does to a template what an operation of RFC 6902 says.
fn apply(operation: &Value, template: &mut Value) {
    let pointer = |key: &str| operation[key].as_str().unwrap();
    let value = match pointer("op") {
        "remove" => return drop(take(template, pointer("path"))),
        "move" => take(template, pointer("from")),
        _ => operation["value"].clone(),
    };
    let (holder, key) = pointer("path").rsplit_once('/').unwrap();
    match template.pointer_mut(holder).unwrap() {
        Value::Array(items) if pointer("op") == "add" => items.insert(key.parse().unwrap(), value),
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        holder => drop(holder.as_object_mut().unwrap().insert(key.replace("~1", "/"), value)),
    }
}

fn take(template: &mut Value, pointer: &str) -> Value {
    let (holder, key) = pointer.rsplit_once('/').unwrap();
    match template.pointer_mut(holder).unwrap() {
        Value::Array(items) => items.remove(key.parse().unwrap()),
        holder => holder.as_object_mut().unwrap().shift_remove(&key.replace("~1", "/")).unwrap(),
    }
}

/// Our verdict in the words of the CDK.
fn verdicts(found: &TemplateDiff) -> BTreeMap<String, (String, String)> {
    let gone = |it: &Fate| match it {
        Fate::Orphaned => "WILL_ORPHAN",
        Fate::Destroyed | Fate::Snapshot => "WILL_DESTROY",
    };
    let word = |it: &ResourceChange| match (&it.kind, it.replacement.verdict) {
        (Kind::Added | Kind::Moved { .. }, _) => "WILL_CREATE",
        (Kind::Removed(fate), _) => gone(fate),
        (_, Verdict::Always) => "WILL_REPLACE",
        (_, Verdict::Maybe) => "MAY_REPLACE",
        (_, Verdict::Never) => "WILL_UPDATE",
    };
    let mut all = BTreeMap::new();
    for it in &found.resources {
        all.insert(it.id.clone(), (it.type_name.clone(), word(it).to_owned()));
        // What has moved is two resources to the CDK.
        if let Kind::Moved { from, fate } = &it.kind {
            all.insert(from.clone(), (it.type_name.clone(), gone(fate).to_owned()));
        }
    }
    all
}

/// What comes and goes of permissions, as the CDK counts it.
fn security(found: &Security) -> Value {
    fn count<T>(rows: &[Row<T>]) -> Value {
        let of = |sign| rows.iter().filter(|it| it.sign == sign).count();
        json!([of(Sign::Added), of(Sign::Removed)])
    }
    if found.is_empty() {
        return Value::Null;
    }
    let (statements, policies) = (count(&found.statements), count(&found.attachments));
    json!({"statements": statements, "policies": policies, "rules": count(&found.rules), "broadened": found.broadens()})
}

/// Whether a text is what a pattern says, in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => text.starts_with(start) && text.ends_with(end),
        None => text == pattern,
    }
}

#[test]
fn the_cdk_gives_the_same_verdicts() {
    let mut faults = Vec::new();
    let mut unused: BTreeSet<usize> = (0..DIFFERENT.len()).collect();
    for pair in PAIRS.iter() {
        let ours = verdicts(&pair.found);
        let theirs = pair.said["verdicts"].as_object().unwrap();
        let (changed, type_name, property) = pair.changed();
        let ids: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        for id in ids {
            let (of, ours) = ours.get(id).map_or(("", "NO_CHANGE"), |(of, it)| (of.as_str(), it.as_str()));
            let theirs = theirs.get(id).and_then(Value::as_str).unwrap_or("NO_CHANGE");
            if ours == theirs {
                continue;
            }
            let reason = DIFFERENT.iter().position(|it| {
                it.is_itself == (id == changed)
                    && fits(it.kind, pair.said["kind"].as_str().unwrap())
                    && fits(it.changed.0, type_name)
                    && fits(it.changed.1, property)
                    && (it.ours, it.theirs) == (ours, theirs)
            });
            match reason {
                Some(at) => drop(unused.remove(&at)),
                None => faults.push(format!(
                    "{}: {type_name} {property} → {id} {of}: ours {ours}, theirs {theirs}",
                    pair.name()
                )),
            }
        }
    }
    assert!(faults.is_empty(), "{} {faults:#?}", faults.len());
    let gone: Vec<&str> = unused.iter().map(|it| DIFFERENT[*it].reason).collect();
    assert!(gone.is_empty(), "these differences are gone: {gone:?}");
    assert!(PAIRS.len() > 500, "{} pairs", PAIRS.len());
}

#[test]
fn the_cdk_counts_the_same_permissions() {
    let mut faults = Vec::new();
    let mut unused: BTreeSet<usize> = (0..OTHER_PERMISSIONS.len()).collect();
    for pair in PAIRS.iter() {
        let (ours, theirs) = (security(&pair.found.security), &pair.said["security"]);
        if ours == *theirs {
            continue;
        }
        match OTHER_PERMISSIONS.iter().position(|(what, _)| fits(what, &pair.name())) {
            Some(at) => drop(unused.remove(&at)),
            None => faults.push(format!("{}: ours {ours}, theirs {theirs}", pair.name())),
        }
    }
    assert!(faults.is_empty(), "{} {faults:#?}", faults.len());
    let gone: Vec<&str> = unused.iter().map(|it| OTHER_PERMISSIONS[*it].0).collect();
    assert!(gone.is_empty(), "these differences are gone: {gone:?}");
}
