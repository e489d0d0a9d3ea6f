//! A stack that is new, or goes, in short: which constructs it has and what it opens to others; or what is lost with it
//! and what stays.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::{Page, View, plain, security::security, value};
use crate::{
    diff::{
        EntryChange, Fate, Kind, Matches, Rank, Remark, ResourceChange, Row, Security, Statement,
        TemplateDiff,
    },
    ops::{Compared, Presence},
    present::diagnostics::counted,
    render::{Block, Item, Meaning},
};

/// What is told of it, and what its summary counts; nothing, if the view shows all that differs.
pub(super) fn whole(page: &Page<'_>, stack: &Compared) -> Option<(Vec<Block>, TemplateDiff)> {
    let View { all, is_for_review, security_only, .. } = *page.view;
    if all || is_for_review || security_only {
        return None;
    }
    let without_entries = TemplateDiff { entries: Vec::new(), ..stack.diff.clone() };
    match stack.presence {
        Presence::Both | Presence::Removed => None,
        Presence::Added => Some((new(page), without_entries)),
        Presence::Doomed => {
            let counted = TemplateDiff { security: Security::default(), ..without_entries };
            Some((doomed(page), counted))
        }
    }
}

/// Whom it lets in and what it may do elsewhere, its constructs, and the values it needs.
fn new(page: &Page<'_>) -> Vec<Block> {
    let ids: BTreeSet<&str> = page.diff.resources.iter().map(|it| it.id.as_str()).collect();
    let (outward, inside) = outward(&page.diff.security, &ids);
    let mut blocks = security(&outward, page.view.items.max(20));
    if inside > 0 {
        let and = if blocks.is_empty() { "" } else { "and " };
        let what = counted(inside, "permission").unwrap_or_default();
        let text = format!("{and}{what} between its own resources (--all shows each)");
        blocks.push(Block::Paragraph(plain(text)));
    }
    let mut constructs: IndexMap<&str, Vec<&ResourceChange>> = IndexMap::new();
    for it in &page.diff.resources {
        let path = it.construct.as_deref().unwrap_or(&it.id);
        constructs.entry(path.split('/').next().unwrap_or(path)).or_default().push(it);
    }
    let items = constructs.into_iter().map(|(name, made)| match made.as_slice() {
        [one] => page.item(one),
        several => {
            let first = several.iter().map(|it| it.span).filter(|it| it.is_written());
            let first = first.min_by_key(|it| (it.file, it.start)).unwrap_or_default();
            let cells = vec![
                vec![(Meaning::Added, "+".to_owned())],
                plain(format!("{} resources", several.len())),
                value(name),
                plain(""),
                super::aside(page.place(first)),
            ];
            Item { cells, lines: Vec::new() }
        }
    });
    let items: Vec<Item> = items.collect();
    blocks.extend(page.section("Added", items.len(), true, items));
    let needs: Vec<&EntryChange> =
        page.diff.entries.iter().filter(|it| it.remark == Some(Remark::NeedsValue)).collect();
    let items = needs.iter().map(|it| page.entry(it)).collect();
    blocks.extend(page.section("Needs a value", needs.len(), true, items));
    blocks
}

/// What holds data, what stays, and how much else goes.
fn doomed(page: &Page<'_>) -> Vec<Block> {
    let mut blocks = page.of_rank(Rank::Data);
    let is_removed = |it: &&ResourceChange| it.rank() == Rank::Removed;
    let is_told =
        |it: &&ResourceChange| !it.obstacles.is_empty() || !matches!(it.kind, Kind::Removed(Fate::Destroyed));
    let (told, others): (Vec<&ResourceChange>, Vec<&ResourceChange>) =
        page.diff.resources.iter().filter(is_removed).partition(is_told);
    let items = told.iter().map(|it| page.item(it)).collect();
    blocks.extend(page.section("Removed", told.len(), false, items));
    let what = if blocks.is_empty() { "resource" } else { "more resource" };
    if let Some(count) = counted(others.len(), what) {
        let text = format!("{count} without data: destroyed (--all names each)");
        blocks.push(Block::Paragraph(plain(text)));
    }
    let exports = page.diff.entries.iter().filter(|it| it.remark == Some(Remark::ExportGone)).count();
    if let Some(count) = counted(exports, "export") {
        let text = format!("{count}: CloudFormation refuses the deletion while another stack imports one");
        blocks.push(Block::Paragraph(vec![(Meaning::Warning, text)]));
    }
    blocks
}

/// What reaches beyond the resources of the stack, and how much does not. What is denied, or allowed to a service of AWS
/// or to another resource of the stack, on resources of the stack alone, stays inside of it.
fn outward(security: &Security, ids: &BTreeSet<&str>) -> (Security, usize) {
    let is_own = |it: &String| {
        let name = it.strip_prefix("${").map(|it| it.split(['}', '.']).next().unwrap_or(it));
        name.is_some_and(|it| ids.contains(it))
    };
    let all = |it: &Matches, is: &dyn Fn(&String) -> bool| !it.but && it.values.iter().all(is);
    let is_service = |it: &String| it.ends_with(".amazonaws.com") && !it.contains('*');
    let is_inside = |it: &Row<Statement>| {
        let Statement { effect, resources, principals, .. } = &it.what;
        effect == "Deny" || all(resources, &is_own) && all(principals, &|it| is_own(it) || is_service(it))
    };
    let statements = security.statements.iter().filter(|it| !is_inside(it)).cloned().collect();
    let rules = security.rules.iter().filter(|it| !is_own(&it.what.peer)).cloned().collect();
    let shown = Security { statements, rules, attachments: security.attachments.clone() };
    let count = |it: &Security| it.statements.len() + it.rules.len();
    let inside = count(security) - count(&shown);
    (shown, inside)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        ops::diff::{Between, Request},
        render,
        world::{MemoryFiles, MemoryRevisions},
    };

    const TEMPLATE: &str = "
Parameters: {Size: {Type: String}, Name: {Type: String, Default: a}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: ec2.amazonaws.com}}]
      Policies:
        - PolicyName: p
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Jobs.Arn}
              - {Effect: Allow, Action: sqs:SendMessage, Resource: 'arn:aws:sqs:eu-west-1:1:other'}
  Jobs: {Type: AWS::SQS::Queue, DeletionPolicy: Retain}
  News: {Type: AWS::SNS::Topic}
Outputs: {Arn: {Value: !GetAtt Jobs.Arn, Export: {Name: jobs}}}
";

    #[track_caller]
    fn check(presence: Presence, expected: &str) {
        let files = MemoryFiles::with([
            ("shop.yaml", TEMPLATE.as_bytes()),
            ("none.yaml", b"Resources: {}".as_slice()),
        ]);
        let (shop, none) = (Path::new("shop.yaml"), Path::new("none.yaml"));
        let (old, new) = if presence == Presence::Added { (none, shop) } else { (shop, none) };
        let request = Request { between: Between::Paths(old, new), environment: None, stacks: &[] };
        let mut comparison = crate::ops::diff(&files, &MemoryRevisions::default(), &request);
        comparison.stacks[0].presence = presence;
        let view = View::terminal(false, false);
        let doc = super::super::stack(&comparison.stacks[0], &comparison.sources, &view);
        let text = anstream::adapter::strip_str(&render::terminal(&doc)).to_string();
        assert_eq!(text, expected);
    }

    #[test]
    fn of_a_new_stack_what_reaches_beyond_it_is_shown_and_what_it_needs() {
        let expected = "\
This stack is new.

Allows more

          Effect  Actions          Resources                      Principals  In
+  wider  Allow   sqs:SendMessage  arn:aws:sqs:eu-west-1:1:other  ${Role}     Role

and 2 permissions between its own resources (--all shows each)

Added

  +  AWS::IAM::Role   Role  shop.yaml:5:5
  +  AWS::SQS::Queue  Jobs  shop.yaml:15:9
  +  AWS::SNS::Topic  News  shop.yaml:16:9

Needs a value

  +  parameter  Size  shop.yaml:2:20
       a deployment has to give it a value
       Type: String

3 to add; more is allowed than before
";
        check(Presence::Added, expected);
    }

    #[test]
    fn of_a_stack_that_goes_what_stays_is_shown() {
        let expected = "\
This stack is to be deleted.

Holds data

  -  AWS::SQS::Queue  Jobs  shop.yaml:15:9
       stays with its data, and no stack has it any more

2 more resources without data: destroyed (--all names each)

1 export: CloudFormation refuses the deletion while another stack imports one

3 to remove; 1 resource with data
";
        check(Presence::Doomed, expected);
    }
}
