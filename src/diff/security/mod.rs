//! Who may do what, and who reaches whom: before and after, a row for each statement and rule that comes or goes.
//!
//! What is compared are rows, not texts: a statement that moves from one policy of a role to another is no change.

mod network;
mod statements;

use asi_constructs::kernel::{node::Node, span::Span};

use super::{
    resources_of, type_of,
    value::{Moved, Piece, is_function, pieces},
};

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
    /// The logical id of the resource it is written in.
    pub resource: String,
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
pub(super) fn security(old: &Node, new: &Node, moved: &Moved) -> Security {
    let stays = Moved::new();
    let statements = rows(&statements::all(old, moved), &statements::all(new, &stays));
    let attachments = rows(&statements::attachments(old, moved), &statements::attachments(new, &stays));
    let rules = rows(&network::all(old, moved), &network::all(new, &stays));
    let mut security = Security { statements, attachments, rules };
    statements::judge(&mut security.statements);
    for row in &mut security.attachments {
        row.broadens = row.what.is_boundary == (row.sign == Sign::Removed);
    }
    for row in &mut security.rules {
        row.broadens = row.sign == Sign::Added;
    }
    security
}

/// Something that is written in a template, with the logical id of its resource.
struct Found<T> {
    what: T,
    resource: String,
    span: Span,
}

/// What is on one side only, and in each of them once.
fn rows<T: PartialEq + Clone>(old: &[Found<T>], new: &[Found<T>]) -> Vec<Row<T>> {
    let row = |sign, it: &Found<T>| Row {
        sign,
        what: it.what.clone(),
        broadens: false,
        resource: it.resource.clone(),
        span: it.span,
    };
    let missing = |from: &[Found<T>], it: &Found<T>| !from.iter().any(|other| other.what == it.what);
    let gone = old.iter().filter(|it| missing(new, it)).map(|it| row(Sign::Removed, it));
    let come = new.iter().filter(|it| missing(old, it)).map(|it| row(Sign::Added, it));
    let mut rows: Vec<Row<T>> = Vec::new();
    for row in gone.chain(come) {
        if !rows.iter().any(|it| it.sign == row.sign && it.what == row.what) {
            rows.push(row);
        }
    }
    rows
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
        format!("{sign}{} {text}\n", if row.broadens { "!" } else { "" })
    }
}
