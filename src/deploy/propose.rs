//! A change set: made, read, and taken away again.

use crate::world::{
    AwsError,
    aws::Aws,
    cloudformation::{ChangeSet, ChangeSetRequest, ChangeSetStatus, Deletion, Goal, Known, Made, Objection},
};

/// What CloudFormation says where there is nothing to do; the second, where a macro has been at work.
const NO_CHANGES: [&str; 2] = ["didn't contain changes", "No updates are to be performed"];

/// How often a change set that somebody deletes may be in the way of a new one of its name.
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
        /// What it says of that.
        reason: String,
        /// What it found wrong.
        objections: Vec<Objection>,
    },
}

/// Has a change set made, in place of an earlier one of its name, and waits for it. If none comes of it, nothing is left
/// of it either.
pub async fn propose(aws: &Aws, request: &ChangeSetRequest<'_>) -> Result<Proposed, AwsError> {
    let was_there = request.goal == Goal::Update || aws.stack(request.stack).await?.is_some();
    if was_there {
        aws.delete_change_set(request.stack, request.name).await?;
    }
    let made = create(aws, request).await?;
    let change_set = loop {
        let change_set = aws.change_set(&made.stack, &made.change_set).await?;
        match change_set {
            Some(it) if it.status == ChangeSetStatus::Pending => (),
            other => break other,
        }
        aws.wait().await;
    };
    let reason = match change_set {
        Some(it) if it.status == ChangeSetStatus::Complete => return Ok(Proposed::Ready(made, it)),
        Some(it) => it.reason.unwrap_or_else(|| "CloudFormation does not say why".to_owned()),
        None => "somebody has deleted the change set".to_owned(),
    };
    let has_nothing = NO_CHANGES.iter().any(|it| reason.contains(it));
    // What was found wrong says more than the reason, and is no more there when the change set is gone.
    let objections =
        if has_nothing { Vec::new() } else { aws.objections(&made.change_set).await.unwrap_or_default() };
    clean_up(aws, &made, !was_there).await?;
    Ok(if has_nothing { Proposed::Nothing } else { Proposed::Refused { reason, objections } })
}

async fn create(aws: &Aws, request: &ChangeSetRequest<'_>) -> Result<Made, AwsError> {
    let mut retries = 0;
    loop {
        match aws.create_change_set(request).await {
            // One of this name was deleted just now, and is not gone yet.
            Err(error) if error.is("AlreadyExistsException") && retries < MOST_RETRIES => {
                retries += 1;
                aws.wait().await;
            }
            result => return result,
        }
    }
}

/// Takes a change set away, and with it the stack that CloudFormation made for it, if there was none before.
pub async fn clean_up(aws: &Aws, made: &Made, has_made_stack: bool) -> Result<(), AwsError> {
    aws.delete_change_set(&made.stack, &made.change_set).await?;
    if has_made_stack {
        let stack = aws.stack(&made.stack).await?;
        // Nobody may have deployed it in between.
        if stack.is_some_and(|it| it.status.known() == Some(Known::ReviewInProgress)) {
            aws.delete_stack(&made.stack, &[], None, Deletion::Normal).await?;
        }
    }
    Ok(())
}
