//! The change of each app to its second state: both tools name the same resources, and what becomes of each.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;

use super::Copy;

/// What a change does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    Added,
    Updated,
    MayBeReplaced,
    Replaced,
    Destroyed,
    Orphaned,
}

/// What a change does to the resources of a stack, by their logical ids.
type Effects = BTreeMap<String, Effect>;

const FOLLOWS: &str =
    "it refers to what is replaced, and is updated with that; the CDK leaves out what is not replaced itself";
const MARK: &str = "the CDK hides what it adds to a template for itself";

/// What `asi` names and the CDK does not: the app, the stack, the logical id, and why.
const BESIDES: &[(&str, &str, &str, &str)] = &[
    ("names", "Named/X", "CDKMetadata", MARK),
    ("names", "Prod/Group/Db", "CDKMetadata", MARK),
    ("names", "Prod/Net", "CDKMetadata", MARK),
    ("names", "Prod/Sub/Deep", "CDKMetadata", MARK),
    ("names", "Team/Api", "CDKMetadata", MARK),
    ("names", "with-dash", "CDKMetadata", MARK),
    ("nested", "Shop", "CDKMetadata", MARK),
    ("python", "Alarms", "Failing258FD00C", FOLLOWS),
    ("references", "Late", "CDKMetadata", MARK),
    ("web", "Web", "CDKMetadata", MARK),
    ("web", "Web", "Service9571FDD8", FOLLOWS),
    ("web", "Web", "ServiceTaskDefTaskRoleDefaultPolicy9CCB4F8E", FOLLOWS),
];

/// Both say the same of the change of an app, but for what is listed.
pub(super) fn check(copy: &Copy, app: &str) {
    copy.asi(&["synth", "-q", "-c", "later=true", "--output", "after"]);
    let compared: Value =
        serde_json::from_str(&copy.asi(&["diff", "ours", "after", "--format", "json"])).unwrap();
    let mut besides = BTreeSet::new();
    let mut changes = 0;
    for (stack, template) in copy.stacks(Path::new("ours")) {
        let now = Path::new("after").join(template.strip_prefix("ours").unwrap());
        if copy.read(&template) == copy.read(&now) {
            continue;
        }
        let template = template.to_str().unwrap();
        let theirs = told_by_cdk(&copy.cdk(&["diff", &stack, "-e", "-a", "after", "--template", template]).1);
        let mut ours = told_by_asi(&compared, &stack);
        changes += theirs.len();
        ours.retain(|id, effect| {
            let is_besides = !theirs.contains_key(id) && *effect == Effect::Updated;
            if is_besides {
                besides.insert((stack.clone(), id.clone()));
            }
            !is_besides
        });
        assert_eq!(ours, theirs, "{stack} of {app}");
    }
    let listed = BESIDES.iter().filter(|it| it.0 == app).map(|it| (it.1.to_owned(), it.2.to_owned()));
    assert_eq!(besides, listed.collect(), "what only `asi` names in {app} has its reason");
    assert!(changes > 0, "{app} has a second state");
}

/// What the CDK says, by lines such as `[~] AWS::SQS::Queue Jobs Jobs1 replace`: what no construct has made has no path.
fn told_by_cdk(text: &str) -> Effects {
    let line = |line: &str| {
        let (sign, rest) = line.strip_prefix('[')?.split_once("] ")?;
        let (type_name, rest) = rest.split_once(' ')?;
        // Parameters, conditions and outputs are marked likewise.
        type_name.split_once("::")?;
        let endings = [
            (" may be replaced", Effect::MayBeReplaced),
            (" replace", Effect::Replaced),
            (" destroy", Effect::Destroyed),
            (" orphan", Effect::Orphaned),
        ];
        let ended = endings.iter().find_map(|(ending, effect)| Some((rest.strip_suffix(ending)?, *effect)));
        let plain = if sign == "+" { Effect::Added } else { Effect::Updated };
        let (names, effect) = ended.unwrap_or((rest, plain));
        Some((names.rsplit(' ').next()?.to_owned(), effect))
    };
    text.lines().filter_map(line).collect()
}

/// What `asi` says of a stack: what has another id is removed and added to the CDK.
fn told_by_asi(compared: &Value, stack: &str) -> Effects {
    let stacks = compared["stacks"].as_array().unwrap();
    let stack = stacks.iter().find(|it| it["name"] == stack).unwrap();
    let resources = stack["resources"].as_array().unwrap().iter();
    let gone = |it: &Value| match it["fate"].as_str().unwrap() {
        "orphaned" => Effect::Orphaned,
        _ => Effect::Destroyed,
    };
    let named = |it: &Value, effect| (it.as_str().unwrap().to_owned(), effect);
    let of = |it: &Value| match it["action"].as_str().unwrap() {
        "add" => vec![named(&it["id"], Effect::Added)],
        "remove" => vec![named(&it["id"], gone(it))],
        "move" => vec![named(&it["from"], gone(it)), named(&it["id"], Effect::Added)],
        _ => vec![named(
            &it["id"],
            match it["replacement"].as_str().unwrap() {
                "never" => Effect::Updated,
                "maybe" => Effect::MayBeReplaced,
                _ => Effect::Replaced,
            },
        )],
    };
    resources.flat_map(of).collect()
}
