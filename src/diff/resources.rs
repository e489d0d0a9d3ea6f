//! The resources of two templates: what becomes of each.

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::kernel::{
    id::LogicalId,
    node::{Node, NodeKind},
    span::Span,
};

use super::{
    Data, Fate, Kind, Obstacle, ResourceChange, Slight, cascade,
    compare::{Change, compare, with_order},
    noise,
    replacement::{Reason, Replacement, Source, Verdict, of_change},
    resource_of, resources_of,
    sections::{self, Differing},
    spec::{Place, Spec, Specs},
    told::{Becomes, Told, Word},
    type_of,
    value::{Moved, Piece, is_identical, pieces, same},
};
use crate::template::Template;

/// Types of which a new one is a revision of what there was: who uses it goes over, and then the old one goes.
const REVISIONS: [&str; 6] = [
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGatewayV2::Deployment",
    "AWS::ECS::TaskDefinition",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Version",
    "AWS::ServiceCatalog::CloudFormationProduct",
];

/// Attributes that count the changes of a resource.
const COUNTING: [(&str, &str); 1] = [("AWS::EC2::LaunchTemplate", "LatestVersionNumber")];

/// What there is on both sides, under one logical id or two.
struct Pair<'t> {
    id: &'t str,
    old: &'t Node,
    new: &'t Node,
    moved_from: Option<&'t str>,
}

/// The resources of which something differs.
/// `values` are mappings and conditions that give other values than before; what is `told` counts more than what the
/// templates say.
pub(super) fn resources(
    old: &Template,
    new: &Template,
    values: &Differing,
    moved: &Moved,
    told: Option<&Told>,
) -> Vec<ResourceChange> {
    let specs = Specs::default();
    let came_from: BTreeMap<&str, &str> = moved.iter().map(|(a, b)| (b.as_str(), a.as_str())).collect();
    let pair = |(id, resource)| {
        let moved_from = came_from.get(id).copied();
        let old = resource_of(&old.body, moved_from.unwrap_or(id))?;
        Some(Pair { id, old, new: resource, moved_from })
    };
    let pairs: Vec<Pair<'_>> = resources_of(&new.body).filter_map(pair).collect();
    let mut changes: BTreeMap<&str, ResourceChange> = BTreeMap::new();
    let mut verdicts: BTreeMap<String, Replacement> = BTreeMap::new();
    for pair in &pairs {
        if let Some(change) = of_pair(pair, [&old.body, &new.body], &specs, moved) {
            verdicts.insert(pair.id.to_owned(), change.replacement.clone());
            changes.insert(pair.id, change);
        }
    }
    let mut values = values.clone();
    values.names.extend(changes.values().flat_map(attributes_that_differ));
    let known: Vec<(&str, &Node)> = pairs.iter().map(|it| (it.id, it.new)).collect();
    cascade::spread(&known, &values, &specs, &mut verdicts);
    let is_told = |id: &str| told.is_none_or(|it| it.0.contains_key(id));
    if let Some(told) = told {
        verdicts.retain(|id, _| is_told(id));
        // What has moved is new to whoever tells.
        for pair in pairs.iter().filter(|it| it.moved_from.is_none()) {
            if let Some(word) = told.0.get(pair.id) {
                word.judge(verdicts.entry(pair.id.to_owned()).or_default());
            }
        }
    }
    let differing: BTreeSet<&str> = changes.keys().copied().collect();
    let follows = cascade::follows(&verdicts, &differing);
    let replaced = verdicts.iter().filter(|(_, it)| it.verdict != Verdict::Never);
    let replaced: BTreeSet<String> = replaced.map(|(id, _)| id.clone()).collect();
    let exported = sections::exported(&old.body, &new.body, moved);
    for pair in &pairs {
        let Some(replacement) = verdicts.remove(pair.id) else { continue };
        let change = changes.entry(pair.id).or_insert_with(|| unchanged(pair));
        change.replacement = replacement;
        if let Some(word) = told.and_then(|it| it.0.get(pair.id)) {
            word.show(change);
        }
        change.follows = follows.get(pair.id).cloned().filter(|_| change.kind == Kind::Changed);
        finish(change, pair, &specs, &replaced, moved);
        let name = exported.get(pair.id).filter(|_| change.replacement.verdict == Verdict::Always);
        change.obstacles.extend(name.map(|it| Obstacle::Exported { name: it.clone() }));
    }
    let gone = resources_of(&old.body)
        .filter(|(id, _)| resource_of(&new.body, id).is_none() && !moved.contains_key(*id) && is_told(id))
        .map(|(id, resource)| removed(id, resource, old, &specs));
    let here = resources_of(&new.body).filter_map(|(id, resource)| {
        let is_new = resource_of(&old.body, came_from.get(id).copied().unwrap_or(id)).is_none();
        let change = if is_new { Some(added(id, resource)) } else { changes.remove(id) };
        let mut change = change.filter(|_| is_told(id))?;
        change.construct = construct(new, id, resource);
        Some(change)
    });
    let mut all: Vec<ResourceChange> = gone.chain(here).collect();
    for (id, word) in told.iter().flat_map(|it| &it.0) {
        if let Some(change) = as_told(id, word, [old, new], &specs) {
            all.retain(|it| it.id != *id);
            all.push(change);
        }
    }
    all
}

/// What is told of a resource of which the templates say something else, or nothing: a condition decides whether it is
/// there, a macro has made it, or it is in a nested stack.
fn as_told(id: &str, word: &Word, [old, new]: [&Template; 2], specs: &Specs) -> Option<ResourceChange> {
    let (was, is) = (resource_of(&old.body, id), resource_of(&new.body, id));
    let typed = || Node::from_iter([("Type".into(), Node::text(word.type_name.clone(), Span::default()))]);
    match word.becomes {
        Some(Becomes::Removed(told)) if is.is_some() || was.is_none() => {
            let resource = was.cloned().unwrap_or_else(typed);
            Some(removed_as(told.unwrap_or_else(|| fate(&resource)), id, &resource, old, specs))
        }
        Some(Becomes::Added) if was.is_some() || is.is_none() => {
            Some(ResourceChange { kind: Kind::Added, ..blank(id, is.unwrap_or(&typed())) })
        }
        None if was.is_none() && is.is_none() => {
            let mut change = ResourceChange { kind: Kind::Changed, ..blank(id, &typed()) };
            word.judge(&mut change.replacement);
            word.show(&mut change);
            let is_stateful = specs.of(&word.type_name).is_some_and(|it| it.is_stateful());
            let may_go = is_stateful && change.replacement.verdict != Verdict::Never;
            change.data = may_go.then_some(Data::Lost);
            Some(change)
        }
        Some(_) | None => None,
    }
}

/// The attributes of a resource that are others once it is changed, as `Template.LatestVersionNumber`.
fn attributes_that_differ(change: &ResourceChange) -> impl Iterator<Item = String> {
    let differing = COUNTING.iter().filter(|(type_name, _)| {
        change.type_name == *type_name && change.properties.is_some() && change.slight.is_none()
    });
    differing.map(|(_, attribute)| format!("{}.{attribute}", change.id))
}

/// What differs in what there is on both sides; what only follows from other changes is told later.
fn of_pair(pair: &Pair<'_>, templates: [&Node; 2], specs: &Specs, moved: &Moved) -> Option<ResourceChange> {
    let Pair { old, new, moved_from, .. } = *pair;
    // What is written alike says the same, unless something it names has moved.
    if moved.is_empty() && is_identical(old, new) {
        return None;
    }
    let spec = specs.of(type_of(new));
    let place = spec.as_ref().map_or(Place::UNKNOWN, |it| it.place());
    let none = Node::from_iter([]);
    let (before, after) = (properties_of(old).unwrap_or(&none), properties_of(new).unwrap_or(&none));
    let mut properties = compare(Some(before), Some(after), place, moved);
    if let Some(spec) = &spec {
        properties = with_order(properties, [before, after], spec, moved);
    }
    let attributes = attributes(old, new, moved);
    let is_another_type = type_of(old) != type_of(new);
    let mut change = unchanged(pair);
    let whole = |source| Reason { path: String::new(), verdict: Verdict::Always, source, cause: None };
    if is_another_type {
        change.kind = Kind::TypeChanged { from: type_of(old).to_owned() };
        change.replacement.add(whole(Source::Type));
    } else if let Some(from) = moved_from {
        change.kind = Kind::Moved { from: from.to_owned(), fate: fate(old) };
        change.replacement.add(whole(Source::LogicalId));
    } else if properties.is_none() && attributes.is_none() {
        return None;
    } else if let Some(properties) = &properties {
        change.replacement = of_change(properties, new, templates, spec.as_deref());
    }
    let written = properties.as_ref().or(attributes.as_ref()).map(Change::span).unwrap_or_default();
    change.span = written.or(new.span);
    change.slight = noise::slight(type_of(new), properties.as_ref(), attributes.as_ref());
    change.properties = properties.map(|it| noise::hidden("", it));
    change.attributes = attributes.map(|it| noise::hidden("", it));
    Some(change)
}

fn properties_of(resource: &Node) -> Option<&Node> {
    resource.get("Properties").filter(|it| it.kind != NodeKind::Null)
}

/// A resource of which nothing differs by itself.
fn unchanged(pair: &Pair<'_>) -> ResourceChange {
    ResourceChange { kind: Kind::Changed, ..blank(pair.id, pair.new) }
}

fn blank(id: &str, resource: &Node) -> ResourceChange {
    ResourceChange {
        id: id.to_owned(),
        type_name: type_of(resource).to_owned(),
        construct: None,
        kind: Kind::Added,
        properties: None,
        attributes: None,
        replacement: Replacement::default(),
        follows: None,
        data: None,
        obstacles: Vec::new(),
        slight: None,
        is_revision: REVISIONS.contains(&type_of(resource)),
        span: resource.span,
    }
}

fn added(id: &str, resource: &Node) -> ResourceChange {
    let is_tooling = type_of(resource) == noise::TOOLING;
    ResourceChange { slight: is_tooling.then_some(Slight::Tooling), ..blank(id, resource) }
}

fn removed(id: &str, resource: &Node, old: &Template, specs: &Specs) -> ResourceChange {
    removed_as(fate(resource), id, resource, old, specs)
}

fn removed_as(fate: Fate, id: &str, resource: &Node, old: &Template, specs: &Specs) -> ResourceChange {
    let spec = specs.of(type_of(resource));
    let is_stateful = spec.as_ref().is_some_and(|it| it.is_stateful());
    let mut change = ResourceChange { kind: Kind::Removed(fate), ..added(id, resource) };
    change.data = is_stateful.then_some(match fate {
        Fate::Destroyed => Data::Lost,
        Fate::Snapshot => Data::Snapshot,
        Fate::Orphaned => Data::Kept,
    });
    if fate == Fate::Destroyed && spec.is_some_and(|it| it.is_deleted_only_empty()) {
        change.obstacles.push(Obstacle::NotEmpty);
    }
    change.construct = construct(old, id, resource);
    change
}

/// Says what becomes of the data, and what stands in the way, once it is known whether the resource is replaced.
fn finish(
    change: &mut ResourceChange,
    pair: &Pair<'_>,
    specs: &Specs,
    replaced: &BTreeSet<String>,
    moved: &Moved,
) {
    let Pair { old, new, .. } = *pair;
    if change.replacement.verdict == Verdict::Never {
        // What follows from elsewhere is no matter of tags.
        if !change.replacement.because.is_empty() {
            change.slight = None;
        }
        return;
    }
    if !change.is_revision {
        change.slight = None;
    }
    let spec = specs.of(type_of(old));
    if spec.as_ref().is_some_and(|it| it.is_stateful()) {
        change.data = Some(match &change.kind {
            Kind::Moved { fate: Fate::Snapshot, .. } => Data::Snapshot,
            Kind::Moved { fate: Fate::Orphaned, .. } => Data::Kept,
            Kind::Moved { fate: Fate::Destroyed, .. } => Data::Lost,
            Kind::Added | Kind::Removed(_) | Kind::Changed | Kind::TypeChanged { .. } => kept(new),
        });
    }
    if change.replacement.verdict != Verdict::Always {
        return;
    }
    let is_of_token = |it: &Reason| it.path == "ServiceToken" && it.verdict == Verdict::Always;
    if type_of(old) != type_of(new) {
        change.obstacles.push(Obstacle::Type);
    } else if spec.as_ref().is_some_and(|it| it.is_custom)
        && change.replacement.because.iter().any(is_of_token)
    {
        change.obstacles.push(Obstacle::ServiceToken);
    } else if let Some(property) = spec.and_then(|it| name_that_stays(&it, pair, replaced, moved)) {
        change.obstacles.push(Obstacle::NameTaken { property });
    }
}

/// The property with a name that the old and the new one would have at once.
fn name_that_stays(
    spec: &Spec,
    pair: &Pair<'_>,
    replaced: &BTreeSet<String>,
    moved: &Moved,
) -> Option<String> {
    // What moves is made before anything is deleted, whatever its type.
    if spec.is_deleted_first() && pair.moved_from.is_none() {
        return None;
    }
    // What a resource gives that is replaced itself is another name.
    let is_certain = |it: &Node| {
        pieces(it).iter().all(|it| match it {
            Piece::Text(_) => true,
            Piece::Of(name, _) => !replaced.contains(&**name),
            Piece::Other(_) => false,
        })
    };
    let mut taken = None;
    for property in spec.names() {
        let name = |it: &'_ Node| it.get("Properties").and_then(|it| it.get(&property)).cloned();
        match (name(pair.old), name(pair.new)) {
            (None, None) => (),
            (Some(a), Some(b)) if is_certain(&b) && same(&a, &b, Place::UNKNOWN, moved) => {
                taken.get_or_insert(property);
            }
            _ => return None,
        }
    }
    taken
}

/// What becomes of the data of a resource that is replaced.
fn kept(new: &Node) -> Data {
    match new.get("UpdateReplacePolicy").and_then(Node::as_str) {
        Some("Retain") => Data::Kept,
        Some("Snapshot") => Data::Snapshot,
        _ => Data::Lost,
    }
}

/// What becomes of a resource that goes.
fn fate(old: &Node) -> Fate {
    match old.get("DeletionPolicy").and_then(Node::as_str) {
        Some("Retain" | "RetainExceptOnCreate") => Fate::Orphaned,
        Some("Snapshot") => Fate::Snapshot,
        Some(_) => Fate::Destroyed,
        // Databases are worth a snapshot to CloudFormation, unless it is told otherwise.
        None => match type_of(old) {
            "AWS::RDS::DBCluster" => Fate::Snapshot,
            "AWS::RDS::DBInstance" => {
                let cluster = old.get("Properties").and_then(|it| it.get("DBClusterIdentifier"));
                if cluster.is_none() { Fate::Snapshot } else { Fate::Destroyed }
            }
            _ => Fate::Destroyed,
        },
    }
}

/// What differs in a resource beside its type and its properties.
fn attributes(old: &Node, new: &Node, moved: &Moved) -> Option<Change> {
    let (old, new) = (others(old, moved), others(new, &Moved::new()));
    compare(Some(&old), Some(&new), Place::UNKNOWN, moved)
}

fn others(resource: &Node, moved: &Moved) -> Node {
    let entries = resource.as_map().into_iter().flatten();
    let others = entries.filter_map(|(key, entry)| match &**key {
        "Type" | "Properties" => None,
        "DependsOn" => Some((key.clone(), waits_for(&entry.value, moved)?)),
        _ => Some((key.clone(), entry.value.clone())),
    });
    others.collect()
}

/// The resources that one waits for, in order of name: CloudFormation waits for all of them.
fn waits_for(node: &Node, moved: &Moved) -> Option<Node> {
    let items = node.as_list().unwrap_or(std::slice::from_ref(node));
    let name = |it: &Node| {
        let name = it.as_str()?;
        Some(Node::text(moved.get(name).map_or(name, String::as_str).to_owned(), it.span))
    };
    let mut items: Vec<Node> = items.iter().map(|it| name(it).unwrap_or_else(|| it.clone())).collect();
    items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    items.dedup();
    (!items.is_empty()).then(|| Node::new(NodeKind::List(items), node.span))
}

/// The construct that made a resource: as we know, or as the CDK wrote into the template.
pub(super) fn construct(template: &Template, id: &str, resource: &Node) -> Option<String> {
    let known = LogicalId::checked(id).ok().and_then(|it| template.paths.get(&it).cloned());
    known.or_else(|| {
        let path = resource.get("Metadata")?.get("aws:cdk:path")?.as_str()?;
        Some(path.split_once('/')?.1.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use crate::diff::testing::check;

    fn of(old: &str, new: &str) -> String {
        let template = |it: &str| format!("Resources: {{R: {{{it}}}}}");
        check(&template(old), &template(new))
    }

    #[test]
    fn what_replaces_may_leave_the_old_one() {
        let table = |key: &str, policy: &str| {
            format!(
                "Type: AWS::DynamoDB::Table, UpdateReplacePolicy: {policy}, Properties: {{KeySchema: [{{AttributeName: {key}, KeyType: HASH}}]}}"
            )
        };
        let run = of(&table("a", "Delete"), &table("b", "Retain"));
        assert!(run.starts_with("~ R AWS::DynamoDB::Table Always (KeySchema[a] /properties/KeySchema; KeySchema[b] /properties/KeySchema); data Kept\n"), "{run}");
    }

    #[test]
    fn what_is_waited_for_has_no_order() {
        let expected = "~ R AWS::SNS::Topic\n    @DependsOn[1]: + C\n";
        assert_eq!(
            of("Type: AWS::SNS::Topic, DependsOn: B", "Type: AWS::SNS::Topic, DependsOn: [C, B]"),
            expected
        );
        assert_eq!(of("Type: AWS::SNS::Topic, DependsOn: []", "Type: AWS::SNS::Topic"), "");
    }

    #[test]
    fn a_new_revision_is_a_replacement_that_hurts_nobody() {
        let task = |image: &str| {
            format!(
                "Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{Name: web, Image: 'r:{image}'}}]}}"
            )
        };
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        let run = of(&task(&a), &task(&b));
        assert!(run.starts_with("~ R AWS::ECS::TaskDefinition Always (ContainerDefinitions[web].Image /properties/ContainerDefinitions) revision (Assets)\n"), "{run}");
    }

    #[test]
    fn a_name_that_a_replaced_resource_gives_is_another_name() {
        let template = |name: &str, fifo: &str, cidr: &str| {
            format!(
                "
Parameters: {{Name: {{Type: String}}}}
Resources:
  N: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: {cidr}}}}}
  Q: {{Type: AWS::SQS::Queue, Properties: {{QueueName: {name}, FifoQueue: {fifo}}}}}
"
            )
        };
        let refused = |name: &str, cidr: &str| {
            check(&template(name, "true", "10.0.0.0/16"), &template(name, "false", cidr))
                .contains("refused: NameTaken QueueName")
        };
        assert!(refused("!Sub 'a-${AWS::Region}'", "10.1.0.0/16") && refused("!Ref Name", "10.1.0.0/16"));
        assert!(refused("!Ref N", "10.0.0.0/16"), "the network stays what it is");
        assert!(!refused("!Ref N", "10.1.0.0/16"));
    }

    #[test]
    fn what_runs_the_latest_version_changes_with_it() {
        let template = |image: &str| {
            format!(
                "
Resources:
  T: {{Type: AWS::EC2::LaunchTemplate, Properties: {{LaunchTemplateData: {{ImageId: {image}}}}}}}
  G:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties: {{LaunchTemplate: {{LaunchTemplateId: !Ref T, Version: !GetAtt T.LatestVersionNumber}}}}
"
            )
        };
        let expected = "\
~ T AWS::EC2::LaunchTemplate
    LaunchTemplateData.ImageId: a → b
~ G AWS::AutoScaling::AutoScalingGroup Never (LaunchTemplate.Version Reference by T.LatestVersionNumber)
";
        assert_eq!(check(&template("a"), &template("b")), expected);
    }

    #[test]
    fn a_record_that_moves_is_in_its_own_way() {
        let template = |id: &str| {
            format!(
                "Resources: {{{id}: {{Type: AWS::Route53::RecordSet, Properties: {{Name: a.example.com, Type: A, HostedZoneId: Z1}}}}}}"
            )
        };
        let expected = "~ B AWS::Route53::RecordSet moved from A Destroyed Always (LogicalId); refused: NameTaken Name\n";
        assert_eq!(check(&template("A"), &template("B")), expected);
    }

    #[test]
    fn what_is_deleted_first_is_in_nobodys_way() {
        let template = |version: u8| {
            format!(
                "Resources: {{R: {{Type: AWS::ECS::CapacityProvider, Properties: {{Name: a, AutoScalingGroupProvider: {{AutoScalingGroupArn: a{version}}}}}}}}}"
            )
        };
        let run = check(&template(1), &template(2));
        assert!(run.starts_with("~ R AWS::ECS::CapacityProvider Always"), "{run}");
    }

    #[test]
    fn a_parameter_with_the_same_default_may_be_no_change() {
        let template = |cidr: &str| {
            format!(
                "Parameters: {{Cidr: {{Type: String, Default: 10.0.0.0/16}}}}\nResources: {{N: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: {cidr}}}}}}}"
            )
        };
        let run = check(&template("10.0.0.0/16"), &template("!Ref Cidr"));
        assert!(run.starts_with("~ N AWS::EC2::VPC Maybe (CidrBlock /properties/CidrBlock)\n"), "{run}");
        let run = check(&template("10.1.0.0/16"), &template("!Ref Cidr"));
        assert!(run.starts_with("~ N AWS::EC2::VPC Always (CidrBlock /properties/CidrBlock)\n"), "{run}");
    }
}
