//! What of a change is hardly worth a line, and what of it nobody may see.

use std::borrow::Cow;

use asi_constructs::kernel::node::{Node, NodeKind};

use super::{
    Slight,
    compare::{Change, Key},
    value::{is_function, line, scalar},
};
use crate::template::secrets;

/// The type of the resource that the CDK adds to count its users.
pub(super) const TOOLING: &str = "AWS::CDK::Metadata";
/// Metadata that something on an instance reads.
pub(super) const ACTING: [&str; 2] = ["AWS::CloudFormation::Authentication", "AWS::CloudFormation::Init"];
/// The shortest run of hexadecimal digits that is taken for a hash.
const SHORTEST_HASH: usize = 32;
/// What makes the change of a resource hardly worth a line.
pub(super) fn slight(
    type_name: &str,
    properties: Option<&Change>,
    attributes: Option<&Change>,
) -> Option<Slight> {
    if type_name == TOOLING {
        return Some(Slight::Tooling);
    }
    let all =
        properties.iter().map(|it| of_properties(it)).chain(attributes.iter().map(|it| of_attributes(it)));
    // Of several kinds, the least slight one is what the change is.
    all.collect::<Option<Vec<Slight>>>()?.into_iter().min()
}

fn of_properties(change: &Change) -> Option<Slight> {
    let leaves = change.leaves();
    let is_tag =
        |key: Option<&&Key>| matches!(key, Some(Key::Name(name)) if name == "Tags" || name == "TagSet");
    let slight = leaves.iter().map(|it| match it.change {
        _ if is_tag(it.path.first()) => Some(Slight::Tags),
        Change::Replaced(old, new) if is_another_hash(old, new) => Some(Slight::Assets),
        _ => None,
    });
    slight.collect::<Option<Vec<_>>>()?.into_iter().min()
}

fn of_attributes(change: &Change) -> Option<Slight> {
    let slight = change.leaves().into_iter().map(|it| match it.path.as_slice() {
        [Key::Name(metadata), Key::Name(key), ..] if metadata == "Metadata" => Some(match key.as_str() {
            "aws:cdk:path" => Slight::Tooling,
            _ if key.starts_with("aws:asset:") => Slight::Assets,
            acting if ACTING.contains(&acting) => return None,
            _ => Slight::Metadata,
        }),
        // Its keys were not told apart: it came or went as a whole.
        [Key::Name(metadata)] if metadata == "Metadata" => {
            let whole = it.change.was().or(it.change.now())?;
            let acts = ACTING.iter().any(|key| whole.get(key).is_some());
            (!acts).then_some(Slight::Metadata)
        }
        _ => None,
    });
    slight.collect::<Option<Vec<_>>>()?.into_iter().min()
}

/// Whether two values differ in nothing but a hash.
fn is_another_hash(old: &Node, new: &Node) -> bool {
    let text = |it: &Node| scalar(it).map_or_else(|| line(it), Cow::into_owned);
    if !matches!(old.kind, NodeKind::String(_)) && !is_function(old) {
        return false;
    }
    without_hashes(&text(old)).is_some_and(|old| without_hashes(&text(new)) == Some(old))
}

/// A text without the hashes in it; nothing, if it has none.
fn without_hashes(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut found = false;
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|it: char| !it.is_ascii_hexdigit()).unwrap_or(rest.len());
        if run >= SHORTEST_HASH {
            found = true;
            out.push('#');
        } else {
            out.push_str(&rest[..run]);
        }
        let next = rest[run..].chars().next().map_or(0, char::len_utf8);
        out.push_str(&rest[run..run + next]);
        rest = &rest[run + next..];
    }
    found.then_some(out)
}

/// A change of what has this name with the texts hidden that nobody may see.
pub(super) fn hidden(name: &str, change: Change) -> Change {
    hide(change, secrets::is_secret(name))
}

fn hide(change: Change, is_secret: bool) -> Change {
    let value = |it: Node| secrets::hidden(&it, is_secret);
    match change {
        Change::Added(it) => Change::Added(value(it)),
        Change::Removed(it) => Change::Removed(value(it)),
        Change::Replaced(old, new) => Change::Replaced(value(old), value(new)),
        Change::Reordered(old, new) => Change::Reordered(value(old), value(new)),
        Change::Within(changes) => {
            let hide = |(key, change): (Key, Change)| {
                let is_secret = match &key {
                    // What belongs to a secret is one, and what is in a function is what that is.
                    Key::Name(name) if matches!(name.as_str(), "Value" | "Default") => is_secret,
                    Key::Name(name) if name.starts_with("Fn::") => is_secret,
                    Key::Name(name) | Key::Named(name) => secrets::is_secret(name),
                    Key::Item(_) => is_secret,
                };
                let change = hide(change, is_secret);
                (key, change)
            };
            Change::Within(changes.into_iter().map(hide).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::diff::testing::check;

    fn of(type_name: &str, old: &str, new: &str) -> String {
        let template = |it: &str| format!("Resources: {{R: {{Type: '{type_name}', {it}}}}}");
        check(&template(old), &template(new))
    }

    #[test]
    fn tags_alone_are_slight() {
        let tags = |it: &str| format!("Properties: {{Tags: [{{Key: team, Value: {it}}}]}}");
        assert_eq!(
            of("AWS::SNS::Topic", &tags("a"), &tags("b")),
            "~ R AWS::SNS::Topic (Tags)\n    Tags[team].Value: a → b\n"
        );
    }

    #[test]
    fn a_hash_alone_is_slight_and_another_name_is_not() {
        let code = |key: &str| format!("Properties: {{Code: {{S3Key: '{key}.zip', S3Bucket: b}}}}");
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        assert!(
            of("AWS::Lambda::Function", &code(&a), &code(&b))
                .starts_with("~ R AWS::Lambda::Function (Assets)\n")
        );
        assert!(
            of("AWS::Lambda::Function", &code("one"), &code("two"))
                .starts_with("~ R AWS::Lambda::Function\n")
        );
        assert!(
            of("AWS::Lambda::Function", &code(&a), &code(&format!("x{b}")))
                .starts_with("~ R AWS::Lambda::Function\n")
        );
    }

    #[test]
    fn metadata_alone_is_slight_unless_an_instance_acts_upon_it() {
        assert!(of("AWS::SNS::Topic", "Metadata: {a: 1}", "Metadata: {a: 2}").contains("(Metadata)"));
        let init =
            |it: &str| format!("Metadata: {{'AWS::CloudFormation::Init': {{config: {{packages: {it}}}}}}}");
        assert!(!of("AWS::EC2::Instance", &init("a"), &init("b")).contains("(Metadata)"));
    }

    #[test]
    fn what_nobody_may_see_is_hidden() {
        let database = |it: &str| format!("Properties: {{MasterUserPassword: {it}, DBName: a}}");
        assert!(
            of("AWS::RDS::DBInstance", &database("one"), &database("two"))
                .ends_with("    MasterUserPassword: **** → ****\n")
        );
        assert!(
            of("AWS::RDS::DBInstance", &database("one"), &database("'{{resolve:ssm-secure:a}}'"))
                .ends_with("    MasterUserPassword: **** → {{resolve:ssm-secure:a}}\n")
        );
        let variables = |it: &str| {
            format!(
                "Properties: {{ContainerDefinitions: [{{Name: web, Environment: [{{Name: DB_PASSWORD, Value: {it}}}, {{Name: A, Value: {it}}}]}}]}}"
            )
        };
        let expected = "    ContainerDefinitions[web].Environment[DB_PASSWORD].Value: **** → ****\n    ContainerDefinitions[web].Environment[A].Value: one → two\n";
        assert!(of("AWS::ECS::TaskDefinition", &variables("one"), &variables("two")).ends_with(expected));
    }
}
