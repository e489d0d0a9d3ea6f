//! A walk over the values of a template that knows what surrounds each.

use asi_constructs::kernel::node::{Node, NodeKind};

use super::{document::Document, scenario::choice};

/// Where a value stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Site<'t> {
    /// The keys that lead there, the section first; `*` for an item of a list.
    pub path: Vec<&'t str>,
    /// What has to be so for the value to count: the condition of its resource or output, and those of each `Fn::If`
    /// around it.
    pub assumed: Vec<(&'t str, bool)>,
}

impl<'t> Site<'t> {
    /// The section.
    pub(super) fn section(&self) -> &'t str {
        self.path.first().copied().unwrap_or_default()
    }

    /// The logical id of the resource, or the name of what else it belongs to.
    pub(super) fn name(&self) -> &'t str {
        self.path.get(1).copied().unwrap_or_default()
    }

    /// The part of the resource or output, such as `Properties`.
    pub(super) fn part(&self) -> &'t str {
        self.path.get(2).copied().unwrap_or_default()
    }

    /// Whether a function other than `Fn::If` is around it.
    pub(super) fn is_in_function(&self) -> bool {
        self.path.iter().any(|it| *it != "Fn::If" && (it.starts_with("Fn::") || *it == "Ref"))
    }

    /// Whether it stands in a loop that was not written out, where names are not known.
    pub(super) fn is_in_loop(&self) -> bool {
        self.path.iter().any(|it| it.starts_with("Fn::ForEach"))
    }
}

impl<'t> Document<'t> {
    /// Shows each value in the sections to `visit`, what is around before what is inside.
    pub(super) fn walk(&'t self, sections: &[&'static str], visit: &mut dyn FnMut(&'t Node, &Site<'t>)) {
        walk(self.root, sections, visit);
    }
}

/// Shows each value in the sections of `root` to `visit`, what is around before what is inside.
pub(super) fn walk<'t>(
    root: &'t Node,
    sections: &[&'static str],
    visit: &mut dyn FnMut(&'t Node, &Site<'t>),
) {
    for name in sections {
        if let Some(section) = root.get(name) {
            let site = Site { path: vec![name], assumed: Vec::new() };
            Walk { site, visit: &mut *visit }.value(section);
        }
    }
}

struct Walk<'t, 'v> {
    site: Site<'t>,
    visit: &'v mut dyn FnMut(&'t Node, &Site<'t>),
}

impl<'t> Walk<'t, '_> {
    fn value(&mut self, node: &'t Node) {
        (self.visit)(node, &self.site);
        match &node.kind {
            NodeKind::List(items) => items.iter().for_each(|it| self.inside("*", it)),
            NodeKind::Map(map) => {
                if let Some((condition, then, otherwise)) = choice(node) {
                    self.site.path.push("Fn::If");
                    for (truth, branch) in [(true, then), (false, otherwise)] {
                        self.site.assumed.push((condition, truth));
                        self.inside("*", branch);
                        self.site.assumed.pop();
                    }
                    self.site.path.pop();
                    return;
                }
                let condition = match self.site.path.as_slice() {
                    ["Resources" | "Outputs", _] => node.get("Condition").and_then(Node::as_str),
                    _ => None,
                };
                self.site.assumed.extend(condition.map(|it| (it, true)));
                map.iter().for_each(|(key, it)| self.inside(key, &it.value));
                if condition.is_some() {
                    self.site.assumed.pop();
                }
            }
            NodeKind::Null
            | NodeKind::Bool(_)
            | NodeKind::Integer(_)
            | NodeKind::Float(_)
            | NodeKind::String(_) => (),
        }
    }

    fn inside(&mut self, key: &'t str, node: &'t Node) {
        self.site.path.push(key);
        self.value(node);
        self.site.path.pop();
    }
}
