//! What resources wait for by `DependsOn`.

use std::collections::BTreeSet;

use super::super::{
    document::{Document, Resource},
    needs::references,
    report::{Found, Report},
};

/// `E3005`: a resource that waits for one that is not there, or may not be made, or for itself. `W3005`: one that waits
/// for another to which it refers, and for which it would wait anyway.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    /// Among more names none is looked for.
    const MOST: usize = 1001;
    let is_open = document.is_open();
    let makers: Vec<&str> =
        document.resources.values().filter(|it| makes_others(it)).map(|it| it.id).collect();
    for resource in document.resources.values() {
        let mut referred = None;
        for (name, node) in resource.depends_on() {
            if name == resource.id {
                let found = Found::error("E3005", node, format!("`{name}` cannot wait for itself"));
                report.add(found.help("take it out"));
            } else if let Some(needed) = document.resources.get(name) {
                if let Some(condition) = needed.condition
                    && may_be_alone(document, resource, condition)
                {
                    let message = format!("`{name}` is not there when the condition `{condition}` is false");
                    let found = Found::error("E3005", node, message);
                    report.add(found.help(format!("give `{}` the same condition", resource.id)));
                } else if referred.get_or_insert_with(|| referred_by(resource)).contains(name) {
                    let message = format!("`{}` waits for `{name}` anyway: it refers to it", resource.id);
                    report.add(Found::warning("W3005", node, message).help("take it out of `DependsOn`"));
                }
            } else if !is_open && !makers.iter().any(|it| name.starts_with(it)) {
                let found = Found::error("E3005", node, format!("there is no resource `{name}`"));
                let others = document.resources.keys().copied().filter(|it| *it != resource.id);
                report.add(if document.parameters.contains_key(name) {
                    found.help("take it out: that is a parameter, and there from the start")
                } else {
                    found.suggest(name, others.take(MOST))
                });
            }
        }
    }
}

/// Whether SAM or a module makes resources whose names begin with this one's.
fn makes_others(resource: &Resource<'_>) -> bool {
    resource.type_name.ends_with("::MODULE") || resource.type_name.starts_with("AWS::Serverless::")
}

/// Whether `resource` may be made when `condition` is false.
fn may_be_alone(document: &Document<'_>, resource: &Resource<'_>, condition: &str) -> bool {
    let own = resource.condition.map(|it| (it, true));
    let wanted: Vec<_> = own.into_iter().chain([(condition, false)]).collect();
    document.conditions.can_be(&wanted)
}

/// The names a resource refers to.
fn referred_by<'t>(resource: &Resource<'t>) -> BTreeSet<&'t str> {
    let mut found = Vec::new();
    for key in ["Properties", "Metadata", "CreationPolicy", "UpdatePolicy"] {
        if let Some(node) = resource.node.get(key) {
            references(node, &mut found);
        }
    }
    found.into_iter().map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn waiting_for_what_is_not_there() {
        let template = "Parameters: {Size: {Type: String}}\nResources:\n  Topic: {Type: T, DependsOn: [Queu, Topic]}\n  \
                        Queue: {Type: T, DependsOn: Size}\n";
        let expected = "error E3005 Resources/Topic/DependsOn/0 3:32: there is no resource `Queu`\n  \
                        did you mean `Queue`?\n\
                        error E3005 Resources/Topic/DependsOn/1 3:38: `Topic` cannot wait for itself\n  take it out\n\
                        error E3005 Resources/Queue/DependsOn 4:31: there is no resource `Size`\n  \
                        take it out: that is a parameter, and there from the start\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn waiting_for_what_may_not_be_made() {
        let template = "Parameters: {P: {Type: String}}\nConditions: {C: !Equals [!Ref P, a]}\nResources:\n  \
                        A: {Type: T, Condition: C}\n  B: {Type: T, DependsOn: A}\n  \
                        D: {Type: T, DependsOn: A, Condition: C}\n";
        let expected = "error E3005 Resources/B/DependsOn 5:27: `A` is not there when the condition `C` is false\n  \
                        give `B` the same condition\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn waiting_for_what_it_refers_to() {
        let template =
            "Resources:\n  A: {Type: T}\n  B: {Type: T, DependsOn: A, Properties: {C: !Sub '${A.B}'}}\n";
        let expected = "warning W3005 Resources/B/DependsOn 3:27: `B` waits for `A` anyway: it refers to it\n  \
                        take it out of `DependsOn`\n";
        assert_eq!(check(super::check, template), expected);
    }
}
