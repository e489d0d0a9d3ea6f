//! What policies allow the cards to do with each other.

use asi_constructs::kernel::node::Node;

use super::{cards::Deck, inventory::Inventory, kinds};

/// Who may do what with which card, in the order of the templates.
pub(super) fn allowances(inventory: &Inventory<'_>, deck: &Deck) -> Vec<(usize, usize, &'static str)> {
    let mut found = Vec::new();
    for (at, resource) in inventory.resources.iter().enumerate() {
        // A policy of its own, or those within a role.
        let documents: Vec<&Node> = match resource.kind {
            "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" => {
                resource.get(&["PolicyDocument"]).into_iter().collect()
            }
            "AWS::IAM::Role" => {
                resource.list("Policies").iter().filter_map(|it| it.get("PolicyDocument")).collect()
            }
            _ => continue,
        };
        let Some(who) = deck.of[at] else { continue };
        let statements = documents.into_iter().filter_map(|it| it.get("Statement"));
        for statement in statements.flat_map(items) {
            if statement.get("Effect").and_then(Node::as_str) == Some("Deny") {
                continue;
            }
            let actions = statement.get("Action").map(items).unwrap_or_default();
            let verbs: Vec<&str> =
                actions.iter().filter_map(|it| kinds::verb(it.as_str().unwrap_or_default())).collect();
            let Some(subject) = statement.get("Resource") else { continue };
            for target in inventory.targets(resource.stack, subject) {
                let Some(whom) = deck.of[target].filter(|it| *it != who) else { continue };
                // Who pushes has to look at what is there.
                let pushes = verbs.contains(&"pushes");
                let verbs = verbs.iter().filter(|it| !pushes || **it != "pulls");
                found.extend(verbs.map(|verb| (who, whom, *verb)));
            }
        }
    }
    found
}

/// The items of what may be one or a list.
fn items(node: &Node) -> Vec<&Node> {
    node.as_list().map_or_else(|| vec![node], |it| it.iter().collect())
}
