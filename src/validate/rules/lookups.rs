//! `Fn::FindInMap`: whether the mapping and its keys are there.

use asi_constructs::kernel::{map::Map, node::Node};

use super::super::{
    document::{Document, section},
    report::{Found, Report},
    value::scalar,
};

/// `E1011`: a lookup in a mapping that is not there, or of a key that it does not have.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let mappings = section(document.root, "Mappings");
    if document.is_open() || mappings.contains_key("Fn::Transform") {
        return;
    }
    document.walk(&["Conditions", "Resources", "Outputs"], &mut |node, site| {
        let Some(("Fn::FindInMap", argument)) = node.as_single() else { return };
        let Some([map, first, second]) = argument.as_list() else { return };
        if site.is_in_loop() {
            return;
        }
        let Some(name) = map.as_str() else { return };
        let Some(entry) = mappings.get(name) else {
            let found = Found::error("E1011", map, format!("there is no mapping `{name}`"));
            return report.add(found.suggest(name, mappings.keys().map(|it| &**it)));
        };
        let Some(keys) = entry.value.as_map().filter(|it| !has_macro(it)) else { return };
        look_up(name, keys, first, second, report);
    });
}

fn look_up<'t>(name: &str, keys: &'t Map<Node>, first: &'t Node, second: &'t Node, report: &mut Report<'t>) {
    let wanted = scalar(first);
    let inner = match &wanted {
        Some(key) => match keys.get(&**key) {
            Some(entry) => vec![&entry.value],
            None => {
                let found = Found::error("E1011", first, format!("the mapping `{name}` has no key `{key}`"));
                return report.add(found.suggest(key, keys.keys().map(|it| &**it)));
            }
        },
        // It may be any of them.
        None => keys.values().map(|it| &it.value).collect(),
    };
    let Some(key) = scalar(second) else { return };
    let inner: Vec<&Map<Node>> = inner.into_iter().filter_map(Node::as_map).collect();
    if inner.is_empty() || inner.iter().any(|it| has_macro(it) || it.contains_key(&*key)) {
        return;
    }
    let message = match &wanted {
        Some(first) => format!("`{first}` of the mapping `{name}` has no key `{key}`"),
        None => format!("nothing in the mapping `{name}` has a key `{key}`"),
    };
    let mut known: Vec<&str> = inner.iter().flat_map(|it| it.keys()).map(|it| &**it).collect();
    known.sort_unstable();
    known.dedup();
    report.add(Found::error("E1011", second, message).suggest(&key, known));
}

fn has_macro(map: &Map<Node>) -> bool {
    map.contains_key("Fn::Transform")
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_mapping_or_a_key_that_is_not_there() {
        let template = "Mappings: {Sizes: {dev: {cpu: 1}, prod: {cpu: 2, memory: 3}}}\nOutputs:\n  \
                        A: {Value: !FindInMap [Size, dev, cpu]}\n  B: {Value: !FindInMap [Sizes, de, cpu]}\n  \
                        C: {Value: !FindInMap [Sizes, dev, memory]}\n  \
                        D: {Value: !FindInMap [Sizes, !Ref AWS::Region, disk]}\n  \
                        E: {Value: !FindInMap [Sizes, !Ref AWS::Region, memory]}\n";
        let expected = "error E1011 Outputs/A/Value/Fn::FindInMap/0 3:26: there is no mapping `Size`\n  \
                        did you mean `Sizes`?\n\
                        error E1011 Outputs/B/Value/Fn::FindInMap/1 4:33: the mapping `Sizes` has no key `de`\n  \
                        did you mean `dev`?\n\
                        error E1011 Outputs/C/Value/Fn::FindInMap/2 5:38: `dev` of the mapping `Sizes` has no key \
                        `memory`\n  use `cpu`\n\
                        error E1011 Outputs/D/Value/Fn::FindInMap/2 6:51: nothing in the mapping `Sizes` has a key \
                        `disk`\n  use `cpu` or `memory`\n";
        assert_eq!(check(super::check, template), expected);
    }
}
