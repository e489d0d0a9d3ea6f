//! What the stacks of an account need of what was published for them, as far as their templates tell.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{AT_ONCE, Hindrance};
use crate::{
    ops::deploy::Ending,
    world::{
        AwsError, Refusal,
        aws::Aws,
        cloudformation::{DeployedStack, Known, StackStatus},
    },
};

/// How many digits a hash has.
pub(super) const HASH: usize = 64;

/// What the stacks of an account use in a region.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// How many stacks there are.
    pub stacks: usize,
    /// How many change sets wait to be executed.
    pub change_sets: usize,
    /// The stacks that something is under way on, so that what they need now is not all they may need.
    pub busy: Vec<(String, StackStatus)>,
    hashes: BTreeSet<String>,
}

impl Usage {
    /// Reads the templates and parameters of all stacks, and those of the change sets that wait.
    pub(super) async fn read(aws: &Aws) -> Result<Self, Hindrance> {
        let stacks = aws.stacks().await.map_err(|it| Hindrance::Ending(Ending::Aws(it)))?;
        let busy = stacks.iter().filter(|it| it.status.is_busy());
        let mut usage = Self {
            stacks: stacks.len(),
            busy: busy.map(|it| (it.name.clone(), it.status.clone())).collect(),
            ..Self::default()
        };
        let reading = stream::iter(&stacks).map(|it| async {
            read(aws, it).await.map_err(|error| Hindrance::Unread { stack: it.name.clone(), error })
        });
        let mut reading = reading.buffered(AT_ONCE);
        while let Some(found) = reading.try_next().await? {
            usage.change_sets += found.change_sets;
            usage.hashes.extend(found.hashes);
        }
        Ok(usage)
    }

    /// Whether one of these hashes occurs anywhere.
    pub(super) fn has_any(&self, hashes: &[String]) -> bool {
        hashes.iter().any(|it| self.hashes.contains(it))
    }
}

/// What one stack uses.
#[derive(Default)]
struct OfStack {
    change_sets: usize,
    hashes: BTreeSet<String>,
}

async fn read(aws: &Aws, stack: &DeployedStack) -> Result<OfStack, AwsError> {
    let mut found = OfStack::default();
    for value in stack.parameters.values() {
        hashes(value, &mut found.hashes);
    }
    // One that was never made has no template but those of its change sets.
    if stack.status.known() != Some(Known::ReviewInProgress) {
        match aws.template(&stack.id).await? {
            Some(template) => {
                hashes(&template, &mut found.hashes);
                // A macro may bring in what stands elsewhere.
                if template.contains("Transform") {
                    let processed = aws.processed_template(&stack.id).await?;
                    hashes(&processed.unwrap_or_default(), &mut found.hashes);
                }
            }
            None => check_gone(aws, stack).await?,
        }
    }
    for change_set in aws.waiting_change_sets(&stack.id).await? {
        match aws.template_of(&change_set).await {
            Ok(template) => {
                found.change_sets += 1;
                hashes(&template.unwrap_or_default(), &mut found.hashes);
            }
            // Somebody has executed or deleted it meanwhile.
            Err(error) if error.is("ChangeSetNotFound") || error.is_missing_stack() => (),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Makes sure that a stack without a template is none any more.
async fn check_gone(aws: &Aws, stack: &DeployedStack) -> Result<(), AwsError> {
    match aws.stack(&stack.id).await? {
        Some(it) if it.status.known() != Some(Known::DeleteComplete) => {
            let reason = Refusal::Garbled("the stack is there, and its template is not".to_owned());
            Err(AwsError { operation: "GetTemplate", reason })
        }
        _ => Ok(()),
    }
}

/// Adds what may be a hash in a text: as many hexadecimal digits in a row, wherever they begin.
pub(super) fn hashes(text: &str, found: &mut BTreeSet<String>) {
    for digits in text.split(|it| !matches!(it, '0'..='9' | 'a'..='f')).filter(|it| it.len() >= HASH) {
        found.extend((0..=digits.len() - HASH).map(|at| digits[at..at + HASH].to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_found_wherever_it_stands() {
        let hash = "ab".repeat(32);
        let found = |text: &str| {
            let mut found = BTreeSet::new();
            hashes(text, &mut found);
            found
        };
        assert_eq!(found(&format!("s3://bucket/{hash}.zip")), BTreeSet::from([hash.clone()]));
        assert!(
            found(&format!("prefix-fa{hash}")).contains(&hash),
            "what stands before it may be digits, too"
        );
        assert_eq!(found(&hash[1..]), BTreeSet::new());
        assert_eq!(found(&hash.to_uppercase()), BTreeSet::new());
    }
}
