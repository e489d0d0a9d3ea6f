//! What differs outside of the resources: parameters, outputs, conditions and the like.

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::kernel::{
    map::Map,
    node::{Node, NodeKind},
    span::Span,
};

use super::{
    compare::{Change, Key, compare},
    noise::hidden,
    resource_of, resources_of,
    spec::Place,
    value::{Moved, references, text},
};
use crate::template::secrets;

/// Something in a section of a template that differs.
#[derive(Clone, Debug)]
pub struct EntryChange {
    /// The section.
    pub section: Section,
    /// Its name there; nothing, if it is the section as a whole.
    pub name: String,
    /// What differs.
    pub change: Change,
    /// What has to be known of it.
    pub remark: Option<Remark>,
    /// The resources that are there or not as this condition says.
    pub decides: Vec<String>,
    /// Where it is written: in the new template's source, or in the old one's if it is gone.
    pub span: Span,
}

/// A section of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// `Parameters`.
    Parameters,
    /// `Outputs`.
    Outputs,
    /// `Mappings`.
    Mappings,
    /// `Conditions`.
    Conditions,
    /// `Rules`.
    Rules,
    /// `Transform`.
    Transform,
    /// Loops under `Resources`.
    Loops,
    /// `Metadata`.
    Metadata,
    /// `Description`, `AWSTemplateFormatVersion`, and what else there may be.
    Other,
}

/// What has to be known of a change outside of the resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The name under which other stacks import it is gone: while one does, CloudFormation refuses this.
    ExportGone,
    /// What other stacks import by the same name is something else: while one does, CloudFormation refuses this.
    ExportChanged,
    /// A stack that has the parameter keeps its value.
    DefaultOnly,
    /// A deployment has to give it a value.
    NeedsValue,
    /// The CDK adds it for itself.
    Tooling,
}

/// Sections with entries that have names.
const NAMED: [(&str, Section); 6] = [
    ("Parameters", Section::Parameters),
    ("Outputs", Section::Outputs),
    ("Mappings", Section::Mappings),
    ("Conditions", Section::Conditions),
    ("Rules", Section::Rules),
    ("Metadata", Section::Metadata),
];

/// What differs outside of the resources.
pub(super) fn entries(old: &Node, new: &Node, moved: &Moved) -> Vec<EntryChange> {
    let mut entries = Vec::new();
    for (name, section) in NAMED {
        let side = |of: &Node| of.get(name).and_then(Node::as_map).cloned().unwrap_or_default();
        of_section(section, &side(old), &side(new), moved, &mut entries);
    }
    for it in entries.iter_mut().filter(|it: &&mut EntryChange| it.section == Section::Conditions) {
        it.decides = decided(&it.name, old, new);
    }
    let loops = |of: &Node| -> Map<Node> {
        let all = of.get("Resources").and_then(Node::as_map).into_iter().flatten();
        all.filter(|(key, _)| key.starts_with("Fn::")).map(|(key, it)| (key.clone(), it.clone())).collect()
    };
    of_section(Section::Loops, &loops(old), &loops(new), moved, &mut entries);
    let keys = |of: &Node| -> BTreeSet<String> {
        of.as_map().into_iter().flatten().map(|(key, _)| key.clone().into_owned()).collect()
    };
    for key in &(&keys(old) | &keys(new)) {
        if key == "Resources" || NAMED.iter().any(|(name, _)| name == key) {
            continue;
        }
        let section = if key == "Transform" { Section::Transform } else { Section::Other };
        let change = compare(old.get(key), new.get(key), Place::UNKNOWN, moved);
        let name = if section == Section::Other { key.clone() } else { String::new() };
        entries.extend(change.map(|it| entry(section, name, it, None)));
    }
    entries
}

/// What gives other values than before: mappings, conditions, and attributes of resources.
#[derive(Clone, Debug, Default)]
pub(super) struct Differing {
    /// Their names: `Mappings/Images`, `Conditions/IsLarge`, `Template.LatestVersionNumber`.
    pub(super) names: BTreeSet<String>,
    /// The keys of mappings under which that is so: `Mappings/Images/eu-west-1/*`, `*` being all.
    keys: BTreeSet<String>,
}

impl Differing {
    /// What differs of something that a value refers to, by its name.
    pub(super) fn named<'d>(&'d self, reference: &str) -> Option<&'d str> {
        let is_same = |(a, b): (&str, &str)| a == b || a == "*" || b == "*";
        let holds = |it: &&String| it.split('/').zip(reference.split('/')).all(is_same);
        let name = match reference.strip_prefix("Mappings/") {
            Some(rest) if self.keys.iter().any(|it| holds(&it)) => {
                &reference[..reference.len() - rest.len() + rest.find('/')?]
            }
            Some(_) => return None,
            None => reference,
        };
        self.names.get(name).map(String::as_str)
    }
}

/// The mappings and conditions that give other values than before, conditions that refer to one of these among them.
pub(super) fn changed_values(new: &Node, entries: &[EntryChange]) -> Differing {
    let mut changed = Differing::default();
    for it in entries.iter().filter(|it| !matches!(it.change, Change::Added(_) | Change::Removed(_))) {
        match it.section {
            Section::Mappings => {
                changed.keys.extend(changed_keys(it));
                changed.names.insert(format!("Mappings/{}", it.name));
            }
            Section::Conditions => drop(changed.names.insert(format!("Conditions/{}", it.name))),
            _ => (),
        }
    }
    let conditions = new.get("Conditions").and_then(Node::as_map);
    loop {
        let before = changed.names.len();
        for (name, entry) in conditions.into_iter().flatten() {
            let mut is_changed = false;
            references(&entry.value, &mut Vec::new(), &mut |_, it| is_changed |= changed.named(it).is_some());
            if is_changed {
                changed.names.insert(format!("Conditions/{name}"));
            }
        }
        if changed.names.len() == before {
            return changed;
        }
    }
}

/// The keys under which a mapping gives something else; what is new there gave nothing before.
fn changed_keys(mapping: &EntryChange) -> Vec<String> {
    let mut keys = Vec::new();
    for leaf in mapping.change.leaves() {
        let names: Vec<&str> = leaf
            .path
            .iter()
            .map_while(|it| if let Key::Name(name) = it { Some(name.as_str()) } else { None })
            .collect();
        let key = |at: usize| names.get(at).copied().unwrap_or("*");
        if leaf.path.len() > 2 || !matches!(leaf.change, Change::Added(_)) {
            keys.push(format!("Mappings/{}/{}/{}", mapping.name, key(0), key(1)));
        }
    }
    keys
}

/// The resources of either template that are there or not as a condition says.
fn decided(condition: &str, old: &Node, new: &Node) -> Vec<String> {
    let has = |it: &Node| it.get("Condition").and_then(Node::as_str) == Some(condition);
    let there = resources_of(new).filter(|(_, it)| has(it)).map(|(id, _)| id);
    let gone =
        resources_of(old).filter(|(id, it)| has(it) && resource_of(new, id).is_none()).map(|(id, _)| id);
    there.chain(gone).map(str::to_owned).collect()
}

fn of_section(
    section: Section,
    old: &Map<Node>,
    new: &Map<Node>,
    moved: &Moved,
    entries: &mut Vec<EntryChange>,
) {
    let mut exports: Vec<String> = Vec::new();
    if section == Section::Outputs {
        exports.extend(new.values().filter_map(|it| export(&it.value, &Moved::new())));
    }
    let fresh = new.keys().filter(|it| !old.contains_key(&***it));
    for key in old.keys().chain(fresh) {
        let (before, after) = (old.get(key).map(|it| &it.value), new.get(key).map(|it| &it.value));
        let Some(change) = compare(before, after, Place::UNKNOWN, moved) else { continue };
        let remark = match section {
            _ if is_tooling(section, key) => Some(Remark::Tooling),
            Section::Outputs => of_output(before, after, &exports, moved),
            Section::Parameters => of_parameter(before, after, &change),
            _ => None,
        };
        let is_secret = |it: &Node| it.get("NoEcho").is_some_and(is_true);
        let is_secret =
            section == Section::Parameters && [before, after].into_iter().flatten().any(is_secret);
        let change = if is_secret { without_default(change) } else { hidden(key, change) };
        let mut found = entry(section, key.clone().into_owned(), change, remark);
        found.span = found.span.or(after.or(before).map(|it| it.span).unwrap_or_default());
        entries.push(found);
    }
}

fn entry(section: Section, name: String, change: Change, remark: Option<Remark>) -> EntryChange {
    let span = change.span();
    EntryChange { section, name, change, remark, decides: Vec::new(), span }
}

/// The name under which an output is imported.
fn export(output: &Node, moved: &Moved) -> Option<String> {
    Some(text(output.get("Export")?.get("Name")?, moved))
}

fn of_output(
    before: Option<&Node>,
    after: Option<&Node>,
    exports: &[String],
    moved: &Moved,
) -> Option<Remark> {
    let exported = before.and_then(|it| export(it, moved))?;
    if !exports.contains(&exported) {
        return Some(Remark::ExportGone);
    }
    let (old, new) = (before?.get("Value"), after?.get("Value"));
    let differs = compare(old, new, Place::UNKNOWN, moved).is_some();
    let is_same_name = after.and_then(|it| export(it, &Moved::new())) == Some(exported);
    (differs && is_same_name).then_some(Remark::ExportChanged)
}

/// By their logical ids, the resources whose values both templates export, each with the name.
pub(super) fn exported(old: &Node, new: &Node, moved: &Moved) -> BTreeMap<String, String> {
    let outputs = |of: &'_ Node| of.get("Outputs").and_then(Node::as_map).cloned().unwrap_or_default();
    let before: BTreeSet<String> = outputs(old).values().filter_map(|it| export(&it.value, moved)).collect();
    let mut found = BTreeMap::new();
    for output in outputs(new).values() {
        let Some(name) = export(&output.value, &Moved::new()).filter(|it| before.contains(it)) else {
            continue;
        };
        let Some(value) = output.value.get("Value") else { continue };
        references(value, &mut Vec::new(), &mut |_, id| {
            found.entry(id.to_owned()).or_insert_with(|| name.clone());
        });
    }
    found
}

fn of_parameter(before: Option<&Node>, after: Option<&Node>, change: &Change) -> Option<Remark> {
    let after = after?;
    if after.get("Default").is_none() {
        let had_none = before.is_some_and(|it| it.get("Default").is_none());
        return (!had_none && before.is_none()).then_some(Remark::NeedsValue);
    }
    let is_default =
        |it: &super::Leaf<'_>| matches!(it.path.first(), Some(Key::Name(name)) if name == "Default");
    (before.is_some() && change.leaves().iter().all(is_default)).then_some(Remark::DefaultOnly)
}

/// What the CDK adds to each template.
fn is_tooling(section: Section, name: &str) -> bool {
    match section {
        Section::Parameters => name == "BootstrapVersion",
        Section::Conditions => name == "CDKMetadataAvailable",
        Section::Rules => name == "CheckBootstrapVersion",
        _ => false,
    }
}

fn is_true(it: &Node) -> bool {
    match &it.kind {
        NodeKind::Bool(it) => *it,
        NodeKind::String(it) => it.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// A change of a parameter whose value nobody may see.
fn without_default(change: Change) -> Change {
    let hide = |it: Node| -> Node {
        if it.as_map().is_none() {
            return secrets::hidden(&it, true);
        }
        let entries = it.as_map().into_iter().flatten();
        entries.map(|(key, it)| (key.clone(), secrets::hidden(&it.value, key == "Default"))).collect()
    };
    match change {
        Change::Added(it) => Change::Added(hide(it)),
        Change::Removed(it) => Change::Removed(hide(it)),
        Change::Within(changes) => {
            let hide_in = |(key, it): (Key, Change)| match &key {
                Key::Name(name) if name == "Default" => {
                    let it = match it {
                        Change::Added(it) => Change::Added(hide(it)),
                        Change::Removed(it) => Change::Removed(hide(it)),
                        Change::Replaced(old, new) => Change::Replaced(hide(old), hide(new)),
                        other => other,
                    };
                    (key, it)
                }
                _ => (key, it),
            };
            Change::Within(changes.into_iter().map(hide_in).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use crate::diff::testing::{check, differences};

    #[test]
    fn every_section_is_compared() {
        let old = "
AWSTemplateFormatVersion: '2010-09-09'
Description: one
Conditions: {C: !Equals [a, b]}
Mappings: {M: {a: {b: 1}}}
Rules: {CheckBootstrapVersion: {Assertions: []}}
Metadata: {a: 1}
";
        let new = "
AWSTemplateFormatVersion: '2010-09-09'
Description: two
Transform: AWS::LanguageExtensions
Conditions: {C: !Equals [a, c]}
Mappings: {M: {a: {b: 2}}}
Metadata: {b: 1}
Hooks: {H: {Type: x}}
";
        let expected = r#"* Mappings M
    a.b: 1 → 2
* Conditions C
    : { "Fn::Equals": [ "a", "b" ] } → { "Fn::Equals": [ "a", "c" ] }
* Rules CheckBootstrapVersion (Tooling)
    : - { "Assertions": [] }
* Metadata a
    : - 1
* Metadata b
    : + 1
* Other Description
    : one → two
* Other Hooks
    : + { "H": { "Type": "x" } }
* Transform 
    : + AWS::LanguageExtensions
"#;
        assert_eq!(check(old, new), expected);
    }

    #[test]
    fn what_uses_a_mapping_or_a_condition_that_differs_may_differ() {
        let template = |image: &str, word: &str| {
            format!(
                "
Mappings: {{Images: {{eu: {{id: {image}}}}}, Same: {{a: {{b: 1}}}}}}
Conditions:
  C: !Equals [a, {word}]
  D: !Not [{{Condition: C}}]
Resources:
  I: {{Type: AWS::EC2::Instance, Properties: {{ImageId: !FindInMap [Images, eu, id], KeyName: !FindInMap [Same, a, b]}}}}
  T: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: !If [D, a, b]}}}}
  U: {{Type: AWS::SNS::Topic, Condition: C}}
"
            )
        };
        let expected = "\
~ I AWS::EC2::Instance Maybe (ImageId /properties/ImageId by Mappings/Images)
~ T AWS::SNS::Topic Never (DisplayName Reference by Conditions/D)
* Mappings Images
    eu.id: one → two
* Conditions C
    : { \"Fn::Equals\": [ \"a\", \"b\" ] } → { \"Fn::Equals\": [ \"a\", \"c\" ] }
";
        let (old, new) = (template("one", "b"), template("two", "c"));
        assert_eq!(check(&old, &new), expected);
        let found = differences(&old, &new);
        assert_eq!(found.entries[1].decides, ["U"]);
        assert_eq!(found.followers("Mappings/Images").maybe_replaced, 1);
    }

    #[test]
    fn what_takes_another_value_of_a_mapping_does_not_differ() {
        let template = |eu: &str, others: &str| {
            format!(
                "
Mappings: {{Images: {{eu: {{id: {eu}, name: n}}, us: {{id: u, name: n}}{others}}}}}
Resources:
  Here: {{Type: AWS::EC2::Instance, Properties: {{ImageId: !FindInMap [Images, !Ref AWS::Region, id]}}}}
  Eu: {{Type: AWS::EC2::Instance, Properties: {{ImageId: !FindInMap [Images, eu, id]}}}}
  Us: {{Type: AWS::EC2::Instance, Properties: {{ImageId: !FindInMap [Images, us, id]}}}}
  Name: {{Type: AWS::EC2::Instance, Properties: {{ImageId: !FindInMap [Images, !Ref AWS::Region, name]}}}}
"
            )
        };
        let ids = |old: &str, new: &str| {
            let found = differences(old, new).resources;
            found.iter().map(|it| it.id.clone()).collect::<Vec<_>>().join(" ")
        };
        let old = template("a", "");
        assert_eq!(ids(&old, &template("b", "")), "Here Eu");
        assert_eq!(
            ids(&old, &template("a", ", ap: {id: c, name: n}")),
            "",
            "what is new gave nothing before"
        );
        assert_eq!(ids(&template("a", ", ap: {id: c, name: n}"), &old), "Here Name");
    }

    #[test]
    fn an_export_that_goes_is_told() {
        let old = "Outputs: {A: {Value: x, Export: {Name: a}}, B: {Value: y, Export: {Name: b}}, C: {Value: z, Export: {Name: c}}}";
        let new = "Outputs: {A: {Value: x2, Export: {Name: a}}, B: {Value: y, Export: {Name: b2}}, D: {Value: z, Export: {Name: c}}}";
        let expected = r#"* Outputs A (ExportChanged)
    Value: x → x2
* Outputs B (ExportGone)
    Export.Name: b → b2
* Outputs C
    : - { "Value": "z", "Export": { "Name": "c" } }
* Outputs D
    : + { "Value": "z", "Export": { "Name": "c" } }
"#;
        assert_eq!(check(old, new), expected);
    }

    #[test]
    fn what_is_exported_cannot_be_replaced_while_it_is_imported() {
        let template = |cidr: &str| {
            format!(
                "
Resources:
  N: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: {cidr}}}}}
  S: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref N, CidrBlock: 10.0.0.0/24}}}}
Outputs:
  A: {{Value: !Join [',', [!Ref S]], Export: {{Name: !Sub '${{AWS::StackName}}-subnets'}}}}
"
            )
        };
        let expected = "\
~ N AWS::EC2::VPC Always (CidrBlock /properties/CidrBlock)
    CidrBlock: 10.0.0.0/16 → 10.1.0.0/16
~ S AWS::EC2::Subnet Always (VpcId /properties/VpcId by N); refused: Exported ${AWS::StackName}-subnets
";
        assert_eq!(check(&template("10.0.0.0/16"), &template("10.1.0.0/16")), expected);
    }

    #[test]
    fn a_parameter_keeps_its_value_and_its_secret() {
        let old =
            "Parameters: {A: {Type: String, Default: one}, S: {Type: String, NoEcho: true, Default: one}}";
        let new = "Parameters: {A: {Type: String, Default: two}, S: {Type: String, NoEcho: true, Default: two}, N: {Type: String}}";
        let expected = r#"* Parameters A (DefaultOnly)
    Default: one → two
* Parameters S (DefaultOnly)
    Default: **** → ****
* Parameters N (NeedsValue)
    : + { "Type": "String" }
"#;
        assert_eq!(check(old, new), expected);
    }
}
