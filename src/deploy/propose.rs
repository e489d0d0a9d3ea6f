//! A change set: made, read, and taken away again.

use crate::world::{
    AwsError, Refusal,
    aws::Aws,
    cloudformation::{
        ChangeSet, ChangeSetRequest, ChangeSetStatus, Deletion, Goal, Known, Made, Objection, ResourceChange,
    },
};

/// What CloudFormation says where there is nothing to do; the second, where a macro has been at work.
const NO_CHANGES: [&str; 2] = ["didn't contain changes", "No updates are to be performed"];

/// How often a change set may be in the way of a new one of its name, which is deleted and takes its time to go.
const MOST_RETRIES: usize = 15;

/// What came of a change set that was asked for.
#[derive(Debug)]
pub enum Proposed {
    /// It is there, and can be executed.
    Ready(Made, ChangeSet),
    /// There is nothing to change.
    Nothing,
    /// CloudFormation refuses to make it.
    Refused {
        /// Why.
        reason: Unmade,
        /// What it found wrong.
        objections: Vec<Objection>,
    },
}

/// Why there is no change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmade {
    /// CloudFormation says this.
    Said(String),
    /// CloudFormation does not say why.
    Unsaid,
    /// Somebody has deleted it meanwhile.
    Deleted,
    /// A stack is not made of nothing.
    Empty,
}

/// Has a change set made, in place of an earlier one of its name, and waits for it. Says which one it is, by its name before
/// it is asked for, and by its ARN once it is there. If none comes of it, nothing is left of it either.
pub async fn propose(
    aws: &Aws,
    request: &ChangeSetRequest<'_>,
    mut hear: impl FnMut(&Made),
) -> Result<Proposed, AwsError> {
    let named = Made { change_set: request.name.to_owned(), stack: request.stack.to_owned() };
    hear(&named);
    let made = match create(aws, request).await {
        Ok(made) => made,
        Err(error) => {
            if matches!(error.reason, Refusal::Silent(_) | Refusal::Unreachable(_) | Refusal::Garbled(_)) {
                // It may be there although nothing was heard of it.
                let _ = clean_up(aws, &named, request.goal).await;
            }
            return Err(error);
        }
    };
    hear(&made);
    let read = read(aws, &made, request.goal).await;
    if read.is_err() {
        // What went wrong says more than that it is still there.
        let _ = clean_up(aws, &made, request.goal).await;
    }
    read
}

/// Waits for a change set, and reads it.
async fn read(aws: &Aws, made: &Made, goal: Goal) -> Result<Proposed, AwsError> {
    let change_set = loop {
        let change_set = aws.change_set(Some(&made.stack), &made.change_set).await?;
        match change_set {
            Some(it) if it.status == ChangeSetStatus::Pending => (),
            other => break other,
        }
        aws.wait().await;
    };
    let reason = match change_set {
        Some(it) if it.status == ChangeSetStatus::Complete => {
            return Ok(Proposed::Ready(made.clone(), whole(aws, it).await?));
        }
        Some(it) => it.reason.map_or(Unmade::Unsaid, Unmade::Said),
        None => Unmade::Deleted,
    };
    let is_of = |said: &String| NO_CHANGES.iter().any(|it| said.contains(it));
    let has_nothing = matches!(&reason, Unmade::Said(said) if is_of(said));
    // What was found wrong says more than the reason, and is no more there when the change set is gone.
    let objections =
        if has_nothing { Vec::new() } else { aws.objections(&made.change_set).await.unwrap_or_default() };
    clean_up(aws, made, goal).await?;
    Ok(if has_nothing { Proposed::Nothing } else { Proposed::Refused { reason, objections } })
}

async fn create(aws: &Aws, request: &ChangeSetRequest<'_>) -> Result<Made, AwsError> {
    let mut retries = 0;
    loop {
        match aws.create_change_set(request).await {
            Err(error) if error.is("AlreadyExistsException") && retries < MOST_RETRIES => {
                if retries > 0 {
                    aws.wait().await;
                }
                retries += 1;
                aws.delete_change_set(request.stack, request.name).await?;
            }
            result => return result,
        }
    }
}

/// A change set with what those of the stacks nested in it do, each resource named below its stack: `Nested/Queue`.
pub async fn whole(aws: &Aws, change_set: ChangeSet) -> Result<ChangeSet, AwsError> {
    let of = |prefix: &str, changes: &[ResourceChange]| -> Vec<(String, String, Option<String>)> {
        let nested = changes.iter().filter_map(|it| {
            Some((format!("{prefix}{}/", it.id), it.nested.clone()?, it.physical_id.clone()))
        });
        nested.collect()
    };
    let mut whole = change_set;
    let mut waiting = of("", &whole.changes);
    while let Some((prefix, id, stack)) = waiting.pop() {
        let Some(nested) = aws.change_set(stack.as_deref(), &id).await? else { continue };
        waiting.extend(of(&prefix, &nested.changes));
        let named =
            nested.changes.into_iter().map(|it| ResourceChange { id: format!("{prefix}{}", it.id), ..it });
        whole.changes.extend(named);
    }
    Ok(whole)
}

/// Takes a change set away, and with it the stack, if that is nothing but a name under which change sets were made.
pub async fn clean_up(aws: &Aws, made: &Made, goal: Goal) -> Result<(), AwsError> {
    aws.delete_change_set(&made.stack, &made.change_set).await?;
    if goal == Goal::Update {
        return Ok(());
    }
    let stack = aws.stack(&made.stack).await?;
    // Somebody may have deployed it in between, or have a change set of it, which would go with the name.
    let is_name = stack.is_some_and(|it| it.status.known() == Some(Known::ReviewInProgress));
    if is_name && !aws.has_change_sets(&made.stack, &made.change_set).await? {
        aws.delete_stack(&made.stack, &[], None, Deletion::Normal).await?;
    }
    Ok(())
}
