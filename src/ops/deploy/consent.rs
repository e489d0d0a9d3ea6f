//! Whether somebody has to say yes.

use super::Ending;
use crate::{
    diff::{Rank, TemplateDiff},
    world::{
        World,
        aws::{Line, Lines},
    },
};

/// When somebody has to say yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Never.
    Never,
    /// Where something goes or is replaced, perhaps with its data.
    Destructive,
    /// There, and where more is allowed than before.
    Broadening,
    /// Wherever something changes.
    AnyChange,
}

/// Why somebody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Something goes or is replaced.
    Destroys,
    /// More is allowed than before.
    Broadens,
    /// Something changes.
    Changes,
    /// The stack is deleted.
    Deletes,
}

impl Approval {
    /// Why somebody has to say yes to what differs; nothing, if nobody has to.
    pub fn of(self, diff: &TemplateDiff) -> Option<Ask> {
        let destroys = diff
            .resources
            .iter()
            .any(|it| matches!(it.rank(), Rank::Data | Rank::Removed | Rank::Replaced | Rank::MaybeReplaced));
        let ask = match () {
            () if destroys => Ask::Destroys,
            () if diff.security.broadens() => Ask::Broadens,
            () => Ask::Changes,
        };
        let is_due = match self {
            Self::Never => false,
            Self::Destructive => ask == Ask::Destroys,
            Self::Broadening => ask != Ask::Changes,
            Self::AnyChange => true,
        };
        is_due.then_some(ask)
    }
}

/// Questions that are put to somebody, one at a time.
#[derive(Debug, Default)]
pub(in crate::ops) struct Questions {
    turn: tokio::sync::Mutex<()>,
    lines: Lines,
}

impl Questions {
    /// Has somebody say yes, where that is asked for; `question` puts the question, once it is sure that somebody is there,
    /// and nobody else asks.
    pub(in crate::ops) async fn agree(
        &self,
        world: &World,
        ask: Option<Ask>,
        question: impl Fn(),
    ) -> Result<(), Ending> {
        // Who asks nobody waits for nobody.
        let Some(ask) = ask else { return Ok(()) };
        if !world.is_interactive {
            return Err(Ending::Undecided(ask));
        }
        let _turn = self.turn.lock().await;
        loop {
            question();
            match self.lines.next(world.read_line).await {
                Line::Typed(answer) if is_yes(&answer) => return Ok(()),
                Line::Typed(_) | Line::Closed => return Err(Ending::Declined),
                Line::Taken => (),
            }
        }
    }

    /// What somebody says who presses Ctrl-C, be it while a question waits for its answer.
    pub(super) async fn urgent(&self, world: &World) -> Option<String> {
        match self.lines.next(world.read_line).await {
            Line::Typed(answer) => Some(answer),
            Line::Closed | Line::Taken => None,
        }
    }
}

/// Whether an answer is a yes.
pub fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::span::Sources;

    use super::*;
    use crate::{
        diff::{Data, Fate, Kind},
        load,
        plan::plan,
        template::Template,
        world::cloudformation::{Action, ChangeSet, ChangeSetStatus, Execution, Replacing, ResourceChange},
    };

    fn removal(id: &str, policy: Option<&str>) -> ResourceChange {
        ResourceChange {
            id: id.to_owned(),
            type_name: "AWS::DynamoDB::Table".to_owned(),
            physical_id: None,
            action: Action::Remove,
            replacing: Replacing::No,
            policy: policy.map(str::to_owned),
            details: Vec::new(),
            before: None,
            after: None,
            has_drifted: false,
            nested: None,
        }
    }

    #[test]
    fn what_goes_by_a_condition_or_in_a_nested_stack_is_asked_about() {
        let text = "Resources: {Table: {Type: AWS::DynamoDB::Table, Condition: IsProd}}";
        let (body, _) = load::template(text, "template.yaml", &mut Sources::default());
        let template = Template::new(body.unwrap());
        let change_set = ChangeSet {
            id: String::new(),
            name: String::new(),
            stack: String::new(),
            status: ChangeSetStatus::Complete,
            execution: Execution::Available,
            reason: None,
            changes: vec![removal("Table", None), removal("Nested/Table", Some("Retain"))],
        };
        let plan = plan(&template, &template, &change_set);
        let found: Vec<_> =
            plan.diff.resources.iter().map(|it| (it.id.as_str(), it.kind.clone(), it.data)).collect();
        let expected = [
            ("Nested/Table", Kind::Removed(Fate::Orphaned), Some(Data::Kept)),
            ("Table", Kind::Removed(Fate::Destroyed), Some(Data::Lost)),
        ];
        assert_eq!(found, expected);
        assert_eq!(Approval::Destructive.of(&plan.diff), Some(Ask::Destroys));
    }
}
