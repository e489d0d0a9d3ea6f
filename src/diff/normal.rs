//! Values in a form in which those that are the same for CloudFormation are the same text.

use std::borrow::Cow;

use asi_constructs::kernel::node::{Node, NodeKind};

use super::{
    noise::ACTING,
    spec::{Place, Specs},
    type_of,
    value::{Piece, is_function, pieces, scalar},
};

/// A resource as a text: the same one however it is written, another one if it says something else. Metadata that
/// CloudFormation does not act upon is not in it.
pub fn normal(resource: &Node) -> String {
    let specs = Specs::default();
    let spec = specs.of(type_of(resource));
    let mut out = String::new();
    let map = resource.as_map().into_iter().flatten();
    let mut entries: Vec<(&str, String)> = map
        .filter(|(key, _)| key.as_ref() != "Metadata")
        .map(|(key, entry)| {
            let place = match key.as_ref() {
                "Properties" => spec.as_ref().map_or(Place::UNKNOWN, |it| it.place()),
                _ => Place::UNKNOWN,
            };
            (
                key.as_ref(),
                if key == "DependsOn" { waiting(&entry.value) } else { value(&entry.value, place) },
            )
        })
        .collect();
    let metadata = resource.get("Metadata");
    let acting = ACTING.iter().filter_map(|key| Some((*key, value(metadata?.get(key)?, Place::UNKNOWN))));
    entries.extend(acting);
    entries.sort_unstable();
    entries.iter().for_each(|(key, it)| out.extend([*key, "=", it, "\n"]));
    out
}

/// Any other value as a text.
pub fn normal_value(node: &Node) -> String {
    value(node, Place::UNKNOWN)
}

/// What a resource waits for, which has no order.
fn waiting(node: &Node) -> String {
    let one = std::slice::from_ref(node);
    let mut texts: Vec<String> =
        node.as_list().unwrap_or(one).iter().map(|it| value(it, Place::UNKNOWN)).collect();
    texts.sort_unstable();
    texts.join(",")
}

fn value(node: &Node, place: Place<'_>) -> String {
    if is_function(node) {
        return pieces(node).iter().map(piece).collect::<Vec<_>>().join("+");
    }
    match &node.kind {
        NodeKind::Map(map) => {
            let mut entries: Vec<(&str, String)> =
                map.iter().map(|(key, it)| (key.as_ref(), value(&it.value, place.key(key)))).collect();
            entries.sort_unstable();
            let entries: Vec<String> = entries.iter().map(|(key, it)| format!("{key:?}:{it}")).collect();
            format!("{{{}}}", entries.join(","))
        }
        NodeKind::List(items) if place.is_policy && items.len() == 1 => value(&items[0], place.item()),
        NodeKind::List(items) => {
            let mut texts: Vec<String> = items.iter().map(|it| value(it, place.item())).collect();
            if place.is_set() {
                texts.sort_unstable();
            }
            format!("[{}]", texts.join(","))
        }
        _ => format!("{:?}", scalar(node).unwrap_or(Cow::Borrowed(""))),
    }
}

fn piece(piece: &Piece<'_>) -> String {
    match piece {
        Piece::Text(text) => format!("{text:?}"),
        Piece::Of(name, None) => format!("${name}"),
        Piece::Of(name, Some(attribute)) => format!("${name}.{attribute}"),
        Piece::Other(node) => match node.as_single() {
            Some((function, argument)) if is_function(node) => {
                format!("{function}({})", value(argument, Place::UNKNOWN))
            }
            _ => value(node, Place::UNKNOWN),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::testing::parsed;

    #[track_caller]
    fn check(a: &str, b: &str, is_same: bool) {
        let normal = |it: &str| normal(&parsed(it));
        assert_eq!(normal(a) == normal(b), is_same, "{}\n{}", normal(a), normal(b));
    }

    #[test]
    fn what_is_written_in_another_way_is_one_text() {
        check(
            "{Type: AWS::SQS::Queue, DependsOn: [A, B], Properties: {DelaySeconds: 10, QueueName: !Sub 'a-${B}'}}",
            "{Properties: {QueueName: !Join ['-', [a, !Ref B]], DelaySeconds: '10'}, DependsOn: [B, A], Type: AWS::SQS::Queue, Metadata: {a: b}}",
            true,
        );
        let role = |statement: &str| {
            format!(
                "{{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{Statement: {statement}}}}}}}"
            )
        };
        check(&role("{Effect: Allow, Action: [a, b]}"), &role("[{Action: [b, a], Effect: Allow}]"), true);
        check(&role("{Effect: Allow, Action: [a, b]}"), &role("{Effect: Allow, Action: [a, c]}"), false);
    }

    #[test]
    fn what_says_something_else_is_another_text() {
        let queue = |it: &str| format!("{{Type: AWS::SQS::Queue, Properties: {{QueueName: {it}}}}}");
        check(&queue("a"), &queue("b"), false);
        check(&queue("!Ref A"), &queue("A"), false);
        check(&queue("!Ref A"), &queue("'$A'"), false);
        check(&queue("!Sub 'a${!B}'"), &queue("'a${B}'"), true);
        check(&queue("!Select [0, [a, b]]"), &queue("!Select [1, [a, b]]"), false);
        check("{Type: A::B::C, Properties: {a: [1, 2]}}", "{Type: A::B::C, Properties: {a: [2, 1]}}", false);
    }
}
