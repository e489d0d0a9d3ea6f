//! Resources that would be one and the same.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    conditions::identity as same_text,
    document::{Document, Resource},
    report::{Found, Place, Report},
    schema::find,
    value::Value,
};

/// `E3019`: two resources of one type with the same values in the properties by which AWS knows them, so that the
/// second is refused because it "already exists". Source: `primaryIdentifier` of the resource type's schema.
///
/// `duplicate-name`: the same of names that are unique though they do not identify.
///
/// Names that AWS gives are not compared, and neither are resources that are never made together.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for type_name in document.types() {
        if document.of_type(type_name).nth(1).is_none() {
            continue;
        }
        if let Some(keys) = identifiers(type_name) {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            for pair in alike(document, type_name, &keys) {
                check_pair(document, pair, &keys, "E3019", report);
            }
        }
        for (_, keys) in NAMES.iter().filter(|(it, _)| *it == type_name) {
            for pair in alike(document, type_name, keys) {
                check_pair(document, pair, keys, "duplicate-name", report);
            }
        }
    }
}

/// Names that are unique in an account and a region, or together with what else is named here, though AWS knows the
/// resource by something else. What stands after `?` may be left out; what else is left out, AWS makes up.
const NAMES: &[(&str, &[&str])] = &[
    ("AWS::ECS::Service", &["?Cluster", "ServiceName"]),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", &["Name"]),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", &["Name"]),
    ("AWS::SQS::Queue", &["QueueName"]),
    ("AWS::SNS::Topic", &["TopicName"]),
    ("AWS::StepFunctions::StateMachine", &["StateMachineName"]),
    ("AWS::IAM::ManagedPolicy", &["ManagedPolicyName"]),
    ("AWS::SecretsManager::Secret", &["Name"]),
    ("AWS::EC2::SecurityGroup", &["GroupName", "VpcId"]),
    ("AWS::Route53::RecordSet", &["HostedZoneId", "Name", "Type", "?SetIdentifier"]),
    ("AWS::Route53::RecordSet", &["HostedZoneName", "Name", "Type", "?SetIdentifier"]),
];

/// The properties that identify a resource of a type, if all of them are the user's to choose.
fn identifiers(type_name: &str) -> Option<Vec<String>> {
    // AWS knows a project by its ARN, which is made of the name.
    if type_name == "AWS::CodeBuild::Project" {
        return Some(vec!["Name".to_owned()]);
    }
    let schema = find(type_name)?;
    let keys = schema.identifiers().iter().map(|path| match path.as_slice() {
        [key] if !schema.read_only().contains(path) => Some(key.clone()),
        _ => None,
    });
    keys.collect::<Option<Vec<_>>>().filter(|it| !it.is_empty())
}

/// A text that is the same for values under `key` that are the same for certain.
fn fingerprint(properties: &Value<'_>, key: &str) -> Option<String> {
    let optional = key.strip_prefix('?');
    if optional.is_some_and(|it| properties.lacks(it)) {
        return Some(String::new());
    }
    let value = properties.get(optional.unwrap_or(key))?;
    if let Some(text) = value.text() {
        return Some(format!("={text}"));
    }
    match (value.target(), value.function()) {
        (Some(target), _) => Some(format!("{target:?}")),
        (None, Some(_)) => Some(same_text(value.site)),
        (None, None) => None,
    }
}

/// Pairs of resources of a type that may have the same under all of `keys`: all others need not be compared.
pub(super) fn alike<'t>(
    document: &'t Document<'t>,
    type_name: &str,
    keys: &[&str],
) -> Vec<[&'t Resource<'t>; 2]> {
    let mut known: BTreeMap<Vec<String>, Vec<&Resource<'t>>> = BTreeMap::new();
    let (mut pairs, mut seen) = (Vec::new(), BTreeSet::new());
    for resource in document.of_type(type_name) {
        for properties in document.views(resource) {
            let print: Option<Vec<_>> = keys.iter().map(|key| fingerprint(&properties, key)).collect();
            let Some(print) = print else { continue };
            let others = known.entry(print).or_default();
            if others.iter().any(|it| it.id == resource.id) {
                continue;
            }
            let new = others.iter().filter(|it| seen.insert((it.id, resource.id)));
            pairs.extend(new.map(|it| [*it, resource]));
            others.push(resource);
        }
    }
    pairs
}

fn check_pair<'t>(
    document: &'t Document<'t>,
    [one, other]: [&Resource<'t>; 2],
    keys: &[&str],
    code: &'static str,
    report: &mut Report<'t>,
) {
    let is_same = |[first, second]: &[Value<'t>; 2]| {
        keys.iter().all(|key| {
            let name = key.trim_start_matches('?');
            match (first.get(name), second.get(name)) {
                (Some(left), Some(right)) => left.is_same(&right),
                (None, None) => first.lacks(name) && second.lacks(name),
                _ => false,
            }
        })
    };
    let Some([first, second]) = document.together([one, other]).into_iter().find(is_same) else { return };
    let names = keys
        .iter()
        .filter(|it| !it.starts_with('?'))
        .map(|it| format!("`{it}`"))
        .collect::<Vec<_>>()
        .join(" and ");
    for (here, there, id) in [(&first, &second, other.id), (&second, &first, one.id)] {
        let place = |of: &Value<'t>| match keys {
            [only] => match of.known().and_then(|it| it.get(only)) {
                Some(node) => Place::Value(node),
                None => of.holder(),
            },
            _ => of.holder(),
        };
        let value = keys.first().filter(|_| keys.len() == 1).and_then(|it| here.get(it)?.text());
        let message = match value {
            Some(value) => format!("`{id}` has the same {names}, `{value}`"),
            None => format!("`{id}` has the same {names}"),
        };
        let found = Found::error(code, place(here), message);
        report.add(found.help("give each a name of its own").and(place(there), "the same"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn two_resources_cannot_be_one() {
        let template = "\
Parameters: {P: {Type: String}}
Conditions: {C: !Equals [!Ref P, a], D: !Not [!Condition C]}
Resources:
  A: {Type: AWS::S3::Bucket, Properties: {BucketName: one}}
  B: {Type: AWS::S3::Bucket, Properties: {BucketName: one}}
  E: {Type: AWS::S3::Bucket, Condition: C, Properties: {BucketName: !Sub '${AWS::StackName}-x'}}
  F: {Type: AWS::S3::Bucket, Condition: D, Properties: {BucketName: !Sub '${AWS::StackName}-x'}}
  G: {Type: AWS::S3::Bucket, Properties: {BucketName: !If [C, !Ref AWS::NoValue, !Sub '${AWS::StackName}-x']}}
  H: {Type: AWS::S3::Bucket}
  I: {Type: AWS::S3::Bucket}
";
        let expected = "\
error E3019 Resources/A/Properties/BucketName 4:55: `B` has the same `BucketName`, `one`
  give each a name of its own
error E3019 Resources/B/Properties/BucketName 5:55: `A` has the same `BucketName`, `one`
  give each a name of its own
error E3019 Resources/F/Properties/BucketName 7:69: `G` has the same `BucketName`
  give each a name of its own
error E3019 Resources/G/Properties/BucketName 8:55: `F` has the same `BucketName`
  give each a name of its own
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn names_are_unique_though_they_do_not_identify() {
        let template = "\
Resources:
  A: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  B: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  C: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Z, Name: a.example.com, Type: A}}
  D: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Z, Name: a.example.com, Type: A}}
  E: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Z, Name: a.example.com, Type: AAAA}}
  F:
    Type: AWS::Route53::RecordSet
    Properties: {HostedZoneId: !Ref Z, Name: a.example.com, Type: A, SetIdentifier: f}
";
        let expected = "\
error duplicate-name Resources/A/Properties/QueueName 2:54: `B` has the same `QueueName`, `jobs`
  give each a name of its own
error duplicate-name Resources/B/Properties/QueueName 3:54: `A` has the same `QueueName`, `jobs`
  give each a name of its own
error duplicate-name Resources/C/Properties 4:38: `D` has the same `HostedZoneId` and `Name` and `Type`
  give each a name of its own
error duplicate-name Resources/D/Properties 5:38: `C` has the same `HostedZoneId` and `Name` and `Type`
  give each a name of its own
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn all_of_what_identifies_must_be_the_same() {
        let template = "\
Resources:
  A: {Type: AWS::ECS::PrimaryTaskSet, Properties: {Cluster: a, Service: b, TaskSetId: c}}
  B: {Type: AWS::ECS::PrimaryTaskSet, Properties: {Cluster: a, Service: b, TaskSetId: d}}
  C: {Type: AWS::ECS::PrimaryTaskSet, Properties: {Cluster: a, Service: x, TaskSetId: c}}
";
        let expected = "\
error E3019 Resources/A/Properties 2:39: `B` has the same `Cluster` and `Service`
  give each a name of its own
error E3019 Resources/B/Properties 3:39: `A` has the same `Cluster` and `Service`
  give each a name of its own
";
        assert_eq!(check(super::check, template), expected);
    }
}
