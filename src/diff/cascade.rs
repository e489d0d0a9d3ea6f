//! What follows from a replacement: what refers to the resource gets another value, and may be replaced itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use asi_constructs::kernel::node::Node;

use super::{
    replacement::{Cause, Reason, Replacement, Source, Verdict, at_or_above, settled},
    sections::Differing,
    spec::Specs,
    type_of,
    value::references,
};

/// A place in a resource that refers to another one.
struct Reference {
    from: String,
    /// The way there as people write it, and as schemas do.
    path: String,
    pointer: String,
}

/// Adds to the verdicts what follows from them, and from the mappings, conditions and attributes that are `differing`.
/// `resources` are those of the new template that were there before.
pub(super) fn spread(
    resources: &[(&str, &Node)],
    differing: &Differing,
    specs: &Specs,
    verdicts: &mut BTreeMap<String, Replacement>,
) {
    if differing.names.is_empty() && verdicts.is_empty() {
        return;
    }
    let known: BTreeMap<&str, &Node> = resources.iter().copied().collect();
    let referring = referring(resources, &known, differing);
    let mut roots: BTreeMap<String, String> = BTreeMap::new();
    let mut queue: VecDeque<(String, Verdict)> = VecDeque::new();
    // What is certain goes first, so that it is the cause of what might follow from either.
    for strength in [Verdict::Always, Verdict::Maybe] {
        let begin = verdicts.iter().filter(|(_, it)| it.verdict == strength);
        for (id, _) in begin {
            roots.entry(id.clone()).or_insert_with(|| id.clone());
            queue.push_back((id.clone(), strength));
        }
        if strength == Verdict::Maybe {
            // What these give depends on where the stack is deployed, and with which parameters.
            for name in &differing.names {
                roots.insert(name.clone(), name.clone());
                queue.push_back((name.clone(), strength));
            }
        }
        while let Some((id, strength)) = queue.pop_front() {
            for reference in referring.get(&id).into_iter().flatten() {
                let root = roots.get(&id).cloned().unwrap_or_else(|| id.clone());
                let cause = Cause { root: root.clone(), through: id.clone() };
                let Some(resource) = known.get(reference.from.as_str()) else { continue };
                let (verdict, source) = effect(resource, &reference.pointer, strength, specs);
                let is_told = strength == Verdict::Always || differing.names.contains(&id);
                // What perhaps changes where it is, because something is perhaps replaced, is not worth telling.
                if verdict == Verdict::Never && !is_told {
                    continue;
                }
                let affected = verdicts.entry(reference.from.clone()).or_default();
                let before = affected.verdict;
                let path = reference.path.clone();
                // What is written in another way there has been judged, and refers to what is replaced besides.
                let is_known = affected.because.iter().any(|it| it.path == path && it.cause.is_none());
                if !is_known {
                    affected.add(Reason { path, verdict, source, cause: Some(cause) });
                }
                if affected.verdict > before {
                    roots.entry(reference.from.clone()).or_insert(root);
                    queue.push_back((reference.from.clone(), affected.verdict));
                }
            }
        }
    }
}

/// Of what follows from something else, what that is in the end. `differing` is what is written in another way itself:
/// that follows only if it would be replaced anyway.
pub(super) fn follows(
    verdicts: &BTreeMap<String, Replacement>,
    differing: &BTreeSet<&str>,
) -> BTreeMap<String, String> {
    // One step: the resource that one is replaced with.
    let leader = |id: &str| -> Option<&str> {
        let replacement = verdicts.get(id)?;
        let differs = differing.contains(id);
        let leads =
            |it: &&Reason| it.verdict == replacement.verdict && !(differs && it.verdict == Verdict::Never);
        let mut causes = replacement.because.iter().filter(leads).filter_map(|it| it.cause.as_ref());
        causes.find(|it| it.root != id).map(|it| it.root.as_str())
    };
    let mut found = BTreeMap::new();
    for id in verdicts.keys() {
        let mut way: Vec<&str> = vec![id];
        while let Some(next) = way.last().and_then(|it| leader(it)) {
            if way.contains(&next) {
                // In a circle each would hide the other.
                way.clear();
                break;
            }
            way.push(next);
        }
        if way.len() > 1 {
            found.extend(way.last().map(|root| (id.clone(), (*root).to_owned())));
        }
    }
    found
}

/// What another value at `pointer` does to a resource, if it is as sure as `strength` that there is one.
fn effect(resource: &Node, pointer: &str, strength: Verdict, specs: &Specs) -> (Verdict, Source) {
    let spec = specs.of(type_of(resource));
    let by_schema = spec.as_deref().and_then(|it| at_or_above(it, pointer));
    let by_schema = by_schema.map(|(verdict, at)| (settled(verdict, resource), at));
    if let Some((verdict, at)) = by_schema.filter(|it| it.0 != Verdict::Never) {
        return (verdict.min(strength), Source::Schema(format!("/properties{at}")));
    }
    if spec.is_none_or(|it| it.is_custom) {
        return (Verdict::Maybe, Source::Provider);
    }
    (Verdict::Never, Source::Reference)
}

/// By the resource they refer to, the places that do.
fn referring(
    resources: &[(&str, &Node)],
    known: &BTreeMap<&str, &Node>,
    differing: &Differing,
) -> BTreeMap<String, Vec<Reference>> {
    let mut all: BTreeMap<String, Vec<Reference>> = BTreeMap::new();
    for (id, resource) in resources {
        let Some(properties) = resource.get("Properties") else { continue };
        let mut found = |path: &[String], name: &str| {
            let known = known.contains_key(name).then_some(name);
            let Some(name) = known.or_else(|| differing.named(name)).filter(|it| *it != *id) else { return };
            let pointer = format!("/{}", path.join("/"));
            let path = path.join(".").replace(".*", "[]");
            let places = all.entry(name.to_owned()).or_default();
            if !places.iter().any(|it| it.from == **id && it.path == path) {
                places.push(Reference { from: (*id).to_owned(), path, pointer });
            }
        };
        references(properties, &mut Vec::new(), &mut found);
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::diff::testing::{check, differences};

    fn network(cidr: &str) -> String {
        format!(
            "
Resources:
  Net: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: {cidr}}}}}
  A: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref Net, CidrBlock: {cidr}}}}}
  B: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Sub '${{Net}}', CidrBlock: 10.9.0.0/24}}}}
  LB:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {{Subnets: [!Ref A, !Ref B]}}
  Name: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Value: !GetAtt Net.CidrBlock}}}}
  Other: {{Type: AWS::SNS::Topic}}
"
        )
    }

    #[test]
    fn what_refers_to_what_is_replaced_names_its_cause() {
        let expected = "\
~ Net AWS::EC2::VPC Always (CidrBlock /properties/CidrBlock)
    CidrBlock: 10.0.0.0/16 → 10.1.0.0/16
~ A AWS::EC2::Subnet Always (CidrBlock /properties/CidrBlock; VpcId /properties/VpcId by Net)
    CidrBlock: 10.0.0.0/16 → 10.1.0.0/16
~ B AWS::EC2::Subnet Always (VpcId /properties/VpcId by Net)
~ LB AWS::ElasticLoadBalancingV2::LoadBalancer Never (Subnets[] Reference by A; Subnets[] Reference by Net through B)
~ Name AWS::SSM::Parameter Never (Value Reference by Net)
";
        assert_eq!(check(&network("10.0.0.0/16"), &network("10.1.0.0/16")), expected);
    }

    #[test]
    fn what_might_be_replaced_might_replace_what_refers_to_it() {
        let template = |tenancy: &str| {
            format!(
                "
Resources:
  Net: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: 10.0.0.0/16, InstanceTenancy: {tenancy}}}}}
  A: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref Net, CidrBlock: 10.0.0.0/24}}}}
  Name: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Value: !Ref Net}}}}
"
            )
        };
        let expected = "\
~ Net AWS::EC2::VPC Maybe (InstanceTenancy /properties/InstanceTenancy)
    InstanceTenancy: default → dedicated
~ A AWS::EC2::Subnet Maybe (VpcId /properties/VpcId by Net)
";
        assert_eq!(check(&template("default"), &template("dedicated")), expected);
    }

    #[test]
    fn what_would_be_replaced_anyway_follows_whatever_differs_in_it() {
        let found = differences(&network("10.0.0.0/16"), &network("10.1.0.0/16"));
        let follows: Vec<_> =
            found.resources.iter().map(|it| (it.id.as_str(), it.follows.as_deref())).collect();
        let net = Some("Net");
        assert_eq!(follows, [("Net", None), ("A", net), ("B", net), ("LB", net), ("Name", net)]);
        let circle = |of: &str| {
            format!(
                "
Resources:
  A: {{Type: AWS::EC2::SecurityGroup, Properties: {{GroupDescription: {of}, VpcId: !Ref B}}}}
  B: {{Type: AWS::EC2::SecurityGroup, Properties: {{GroupDescription: {of}, VpcId: !Ref A}}}}
"
            )
        };
        let found = differences(&circle("a"), &circle("b"));
        assert!(found.resources.iter().all(|it| it.follows.is_none()), "each would hide the other");
    }

    #[test]
    fn circles_come_to_an_end() {
        let template = |name: &str| {
            format!(
                "
Resources:
  A: {{Type: AWS::EC2::SecurityGroup, Properties: {{GroupDescription: {name}, VpcId: !Ref B}}}}
  B: {{Type: AWS::EC2::SecurityGroup, Properties: {{GroupDescription: b, VpcId: !Ref A}}}}
"
            )
        };
        let expected = "\
~ A AWS::EC2::SecurityGroup Always (GroupDescription /properties/GroupDescription; VpcId /properties/VpcId by A through B)
    GroupDescription: a → b
~ B AWS::EC2::SecurityGroup Always (VpcId /properties/VpcId by A)
";
        assert_eq!(check(&template("a"), &template("b")), expected);
    }
}
