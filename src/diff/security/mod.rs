//! Who may do what, and who reaches whom: before and after, a row for each statement and rule that comes or goes.
//!
//! What is compared are rows, not texts: a statement that moves from one policy of a role to another is no change.

mod branches;
mod network;
mod statements;

use std::collections::BTreeMap;

use asi_constructs::kernel::{node::Node, span::Span};

use self::branches::When;
use super::{
    resource_of,
    resources::construct,
    resources_of, type_of,
    value::{Moved, Piece, is_function, is_identical, pieces},
};
use crate::template::Template;

pub use self::{
    network::{Direction, Rule},
    statements::{Attachment, Matches, Statement},
};

/// What comes and goes of permissions.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// Statements of policies, whoever they are of, and permissions of Lambda.
    pub statements: Vec<Row<Statement>>,
    /// Policies that have a name, and whom they are attached to.
    pub attachments: Vec<Row<Attachment>>,
    /// Rules of security groups.
    pub rules: Vec<Row<Rule>>,
}

/// Something that comes or goes.
#[derive(Clone, Debug)]
pub struct Row<T> {
    /// Which of both.
    pub sign: Sign,
    /// What it is.
    pub what: T,
    /// Whether more is allowed with it than without it.
    pub broadens: bool,
    /// The conditions of the template that it depends on, and whether they have to hold.
    pub when: BTreeMap<String, bool>,
    /// The logical id of the resource it is written in.
    pub resource: String,
    /// The construct that made that, by its path below the stack, if that is known.
    pub construct: Option<String>,
    /// Where it is written.
    pub span: Span,
}

/// Whether something comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It comes.
    Added,
    /// It goes.
    Removed,
}

impl Security {
    /// Whether nothing comes or goes.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty() && self.attachments.is_empty() && self.rules.is_empty()
    }

    /// Whether more is allowed than before.
    pub fn broadens(&self) -> bool {
        self.statements.iter().any(|it| it.broadens)
            || self.attachments.iter().any(|it| it.broadens)
            || self.rules.iter().any(|it| it.broadens)
    }
}

/// What comes and goes between two templates.
pub(super) fn security(old: &Template, new: &Template, moved: &Moved) -> Security {
    let stays = Moved::new();
    let (before, after) = (&old.body, &new.body);
    if moved.is_empty() && !is_about_permissions(before, after) && !is_about_permissions(after, before) {
        return Security::default();
    }
    let sides = Sides { old, new, came_from: moved.iter().map(|(old, new)| (&**new, &**old)).collect() };
    let statements =
        sides.rows(statements::all(before, moved), statements::all(after, &stays), statements::broadens);
    let attachments = sides.rows(
        statements::attachments(before, moved),
        statements::attachments(after, &stays),
        |row, _| row.what.is_boundary == (row.sign == Sign::Removed),
    );
    let rules = sides.rows(network::all(before, moved), network::all(after, &stays), |row, others| {
        let was_open = || others.iter().any(|it| it.applies_whenever(&row.when) && it.what.covers(&row.what));
        row.sign == Sign::Added && !was_open()
    });
    Security { statements, attachments, rules }
}

/// Whether anything is said of permissions in the resources of a template that are not written alike in another one.
fn is_about_permissions(body: &Node, other: &Node) -> bool {
    let differs =
        |(id, it): &(&str, &Node)| resource_of(other, id).is_none_or(|other| !is_identical(it, other));
    let differing = resources_of(body).filter(differs).map(|(id, it)| (id.to_owned().into(), it.clone()));
    let differing = Node::from_iter([("Resources".into(), differing.collect())]);
    let stays = Moved::new();
    !statements::all(&differing, &stays).is_empty()
        || !statements::attachments(&differing, &stays).is_empty()
        || !network::all(&differing, &stays).is_empty()
}

/// Something that is written in a template, with the logical id of its resource in the new one.
struct Found<T> {
    what: T,
    when: When,
    resource: String,
    span: Span,
}

impl<T> Found<T> {
    /// Whether it is there under these conditions.
    fn applies_whenever(&self, when: &When) -> bool {
        self.when.iter().all(|(condition, holds)| when.get(condition) == Some(holds))
    }
}

/// Two templates, and the old logical ids of what has moved, by the new ones.
struct Sides<'t> {
    old: &'t Template,
    new: &'t Template,
    came_from: BTreeMap<&'t str, &'t str>,
}

impl Sides<'_> {
    /// What is on one side only, and in each of them once. `broadens` says of a row whether more is allowed with it, or
    /// without it, by what is on the other side.
    fn rows<T: PartialEq + Clone>(
        &self,
        mut old: Vec<Found<T>>,
        mut new: Vec<Found<T>>,
        broadens: impl Fn(&Row<T>, &[Found<T>]) -> bool,
    ) -> Vec<Row<T>> {
        branches::merge(&mut old);
        branches::merge(&mut new);
        let mut rows: Vec<Row<T>> = Vec::new();
        for (sign, own, others) in [(Sign::Removed, &old, &new), (Sign::Added, &new, &old)] {
            for it in own {
                let is_same = |what: &T, when: &When| *what == it.what && *when == it.when;
                let is_there = others.iter().any(|other| is_same(&other.what, &other.when))
                    || rows.iter().any(|row| row.sign == sign && is_same(&row.what, &row.when));
                if !is_there {
                    let mut row = self.row(sign, it);
                    row.broadens = broadens(&row, others);
                    rows.push(row);
                }
            }
        }
        rows
    }

    fn row<T: Clone>(&self, sign: Sign, it: &Found<T>) -> Row<T> {
        let (template, id) = match sign {
            Sign::Added => (self.new, it.resource.as_str()),
            Sign::Removed => (self.old, self.came_from.get(&*it.resource).copied().unwrap_or(&it.resource)),
        };
        Row {
            sign,
            what: it.what.clone(),
            broadens: false,
            when: it.when.clone(),
            resource: it.resource.clone(),
            construct: resource_of(&template.body, id).and_then(|it| construct(template, id, it)),
            span: it.span,
        }
    }
}

/// The items of a value that may be one of them.
fn items(node: Option<&Node>) -> &[Node] {
    match node {
        Some(node) => node.as_list().unwrap_or(std::slice::from_ref(node)),
        None => &[],
    }
}

/// A value as text. References have the logical ids of the new template; the ARN of a resource reads like the resource.
fn named(node: &Node, moved: &Moved) -> String {
    super::value::text(node, moved)
}

/// The logical id of the resource that a value refers to, and to nothing else.
fn target(node: &Node) -> Option<String> {
    if !is_function(node) {
        return None;
    }
    match pieces(node).as_slice() {
        [Piece::Of(name, _)] if !name.starts_with("AWS::") => Some(name.clone().into_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::diff::testing::differences;

    #[test]
    fn a_row_names_the_construct_of_its_resource_on_its_own_side() {
        let template = |id: &str, action: &str| {
            format!(
                "Resources: {{{id}: {{Type: AWS::IAM::ManagedPolicy, Metadata: {{'aws:cdk:path': S/{id}/Resource}}, Properties: {{PolicyDocument: {{Statement: {{Effect: Allow, Action: {action}, Resource: b}}}}}}}}}}"
            )
        };
        let found = differences(&template("A", "a"), &template("B", "b")).security.statements;
        let rows: Vec<_> = found.iter().map(|it| (it.resource.as_str(), it.construct.as_deref())).collect();
        assert_eq!(rows, [("A", Some("A/Resource")), ("B", Some("B/Resource"))]);
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::{Row, Sign};
    use crate::diff::testing::differences;

    /// What comes and goes, a line each; `!` is what broadens.
    pub(super) fn check(old: &str, new: &str) -> String {
        let found = differences(old, new).security;
        let mut out = String::new();
        for it in &found.statements {
            let but = |it: &super::Matches| {
                format!("{}{}", if it.but { "all but " } else { "" }, it.values.join(", "))
            };
            let condition = it.what.condition.as_ref().map_or(String::new(), |it| format!(" if {it}"));
            out += &line(
                it,
                &format!(
                    "{} {} on {} by {}{condition}",
                    it.what.effect,
                    but(&it.what.actions),
                    but(&it.what.resources),
                    but(&it.what.principals)
                ),
            );
        }
        for it in &found.attachments {
            let boundary = if it.what.is_boundary { " as boundary" } else { "" };
            out += &line(it, &format!("{} to {}{boundary}", it.what.policy, it.what.holder));
        }
        for it in &found.rules {
            out += &line(
                it,
                &format!("{:?} {} {} {}", it.what.direction, it.what.group, it.what.traffic, it.what.peer),
            );
        }
        out
    }

    fn line<T>(row: &Row<T>, text: &str) -> String {
        let sign = if row.sign == Sign::Added { "+" } else { "-" };
        let when = row.when.iter().map(|(it, holds)| format!("{}{it}", if *holds { "" } else { "not " }));
        let when: Vec<String> = when.collect();
        let when = if when.is_empty() { String::new() } else { format!(" where {}", when.join(", ")) };
        format!("{sign}{} {text}{when}\n", if row.broadens { "!" } else { "" })
    }
}
