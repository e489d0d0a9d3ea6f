//! Who may do what, and who reaches whom: tables of what comes and goes.

use super::{construct, plain, value, values::shortened};
use crate::{
    diff::{Direction, Matches, Row, Security, Sign, Statement},
    present::aside,
    render::{Block, Meaning, Text},
};

/// Tables of at most `most` rows, under a title that says whether more is allowed than before.
pub(in crate::present) fn security(security: &Security, most: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !security.statements.is_empty() {
        let rows = security.statements.iter().map(statement);
        blocks.push(table(
            &["", "", "Effect", "Actions", "Resources", "Principals", "Condition", "Where", "In"],
            rows,
            most,
        ));
    }
    if !security.attachments.is_empty() {
        let rows = security.attachments.iter().map(|row| {
            let policy = if row.what.is_boundary {
                format!("boundary {}", row.what.policy)
            } else {
                row.what.policy.clone()
            };
            cells(row, [policy, row.what.holder.clone()])
        });
        blocks.push(table(&["", "", "Policy", "Attached to", "Where", "In"], rows, most));
    }
    if !security.rules.is_empty() {
        let rows = security.rules.iter().map(|row| {
            let direction = match row.what.direction {
                Direction::In => "in".to_owned(),
                Direction::Out => "out".to_owned(),
            };
            cells(row, [row.what.group.clone(), direction, row.what.traffic.clone(), row.what.peer.clone()])
        });
        blocks.push(table(&["", "", "Group", "Way", "Traffic", "Peer", "Where", "In"], rows, most));
    }
    if !blocks.is_empty() {
        let title = if security.broadens() { "Allows more" } else { "Permissions" };
        blocks.insert(0, Block::Heading(plain(title)));
    }
    blocks
}

fn statement(row: &Row<Statement>) -> Vec<Text> {
    let all = |it: &Matches| {
        let values: Vec<String> = it.values.iter().map(|it| shortened(it, 0)).collect();
        format!("{}{}", if it.but { "all but " } else { "" }, values.join(", "))
    };
    let Statement { effect, actions, resources, principals, condition } = &row.what;
    let condition = condition.clone().unwrap_or_default();
    cells(row, [effect.clone(), all(actions), all(resources), all(principals), condition])
}

/// The cells of a row: whether it comes or goes, whether more is allowed with it, what it is, under which conditions of
/// the template it is there, and the construct and the resource it is written in.
fn cells<T, const N: usize>(row: &Row<T>, columns: [String; N]) -> Vec<Text> {
    let sign = match row.sign {
        Sign::Added => (Meaning::Added, "+".to_owned()),
        Sign::Removed => (Meaning::Removed, "-".to_owned()),
    };
    let wider = if row.broadens { "wider" } else { "" };
    let head = [vec![sign], vec![(Meaning::Warning, wider.to_owned())]];
    let when = row.when.iter().map(|(it, holds)| if *holds { it.clone() } else { format!("not {it}") });
    let mut place = value(row.resource.as_str());
    if let Some(path) = row.construct.as_deref().map(construct).filter(|it| *it != row.resource) {
        place.splice(0..0, [(Meaning::Value, path.to_owned()), (Meaning::Plain, " ".to_owned())]);
    }
    let tail = [value(when.collect::<Vec<_>>().join(", ")), place];
    head.into_iter().chain(columns.into_iter().map(value)).chain(tail).collect()
}

/// A table without the columns in which nothing stands.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<Text>>, most: usize) -> Block {
    let mut rows: Vec<Vec<Text>> = rows.collect();
    let more = rows.len().saturating_sub(most);
    rows.truncate(most);
    if more > 0 {
        let cell = |at: usize| if at == 2 { plain(format!("and {more} more")) } else { plain("") };
        rows.push((0..head.len()).map(cell).collect());
    }
    let is_used = |column: usize| rows.iter().any(|row| row[column].iter().any(|(_, it)| !it.is_empty()));
    let used: Vec<usize> = (0..head.len()).filter(|it| is_used(*it)).collect();
    let head: Vec<Text> = head.iter().map(|it| aside(*it)).collect();
    let rows = std::iter::once(head).chain(rows);
    Block::Table(rows.map(|row| used.iter().map(|at| row[*at].clone()).collect()).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{diff::Attachment, render};

    #[test]
    fn a_row_says_where_it_is_written_and_under_which_conditions() {
        let row = |when: &[(&str, bool)], resource: &str, construct: Option<&str>| Row {
            sign: Sign::Added,
            what: Attachment { policy: "p".to_owned(), holder: "h".to_owned(), is_boundary: false },
            broadens: true,
            when: when.iter().map(|(it, holds)| ((*it).to_owned(), *holds)).collect::<BTreeMap<_, _>>(),
            resource: resource.to_owned(),
            construct: construct.map(str::to_owned),
            span: asi_constructs::kernel::span::Span::default(),
        };
        let attachments = vec![
            row(&[("IsLarge", true), ("IsOld", false)], "webRole1A2B", Some("web/Role/Resource")),
            row(&[], "Office", Some("Office/Default")),
        ];
        let security = Security { attachments, ..Security::default() };
        let expected = "\
### Allows more

|  |  | Policy | Attached to | Where | In |
|---|---|---|---|---|---|
| `+` | **wider** | `p` | `h` | `IsLarge, not IsOld` | `web/Role` `webRole1A2B` |
| `+` | **wider** | `p` | `h` |  | `Office` |
";
        assert_eq!(render::markdown(&crate::render::Doc(super::security(&security, 20))), expected);
    }
}
