//! Stacks that are deployed: which ones a run is about, and how they are reached.

use std::path::Path;

use asi_constructs::kernel::diagnostic::has_errors;

use super::{Listing, deploy::Ending, list::list};
use crate::{
    load::Stack,
    world::{Choice, Files, World, aws::Aws},
};

/// A stack of CloudFormation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// The region it is bound to.
    pub region: Option<String>,
    /// The account it is bound to.
    pub account: Option<String>,
}

/// How AWS is reached, where a stack leaves that open.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reach<'a> {
    /// A profile of the configuration files of AWS.
    pub profile: Option<&'a str>,
    /// A region.
    pub region: Option<&'a str>,
}

impl Target {
    /// A stack of a stack file.
    pub fn of(stack: &Stack) -> Self {
        Self { name: stack.name(), region: stack.region.clone(), account: stack.account.clone() }
    }

    /// AWS, where the stack belongs.
    pub(in crate::ops) async fn connect(&self, world: &World, reach: &Reach<'_>) -> Result<Aws, Ending> {
        self.check_region(reach)?;
        let choice = Choice { profile: reach.profile, region: self.region.as_deref().or(reach.region) };
        let aws = Aws::connect(&world.access, choice).await.map_err(Ending::Aws)?;
        self.check_account(&aws).await?;
        Ok(aws)
    }

    /// Says no to a region other than the one it is bound to.
    pub(in crate::ops) fn check_region(&self, reach: &Reach<'_>) -> Result<(), Ending> {
        match (&self.region, reach.region) {
            (Some(bound), Some(given)) if bound != given => {
                Err(Ending::WrongRegion { bound: bound.clone(), given: given.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Says no to an account other than the one it is bound to.
    pub(in crate::ops) async fn check_account(&self, aws: &Aws) -> Result<(), Ending> {
        let Some(bound) = &self.account else { return Ok(()) };
        let given = aws.caller().await.map_err(Ending::Aws)?.account;
        if given == *bound { Ok(()) } else { Err(Ending::WrongAccount { bound: bound.clone(), given }) }
    }
}

/// The stacks of these names; those of the stack file, where none is named. A name that the stack file does not have is
/// that of any stack in the account. Without targets the stack file is wrong, and the listing says how.
pub fn targets(
    files: &dyn Files,
    path: &Path,
    environment: Option<&str>,
    names: &[String],
) -> (Vec<Target>, Listing) {
    let listing = list(files, path, environment);
    if names.is_empty() {
        return (listing.stacks.iter().map(Target::of).collect(), listing);
    }
    let known = listing.stacks.iter().map(Target::of);
    let known: Vec<Target> = known.collect();
    let target = |name: &String| {
        let bare = || Target { name: name.clone(), region: None, account: None };
        known.iter().find(|it| it.name == *name).cloned().unwrap_or_else(bare)
    };
    let mut listing = listing;
    if has_errors(&listing.diagnostics) {
        // What stack files say is no matter where stacks are named.
        listing.diagnostics.clear();
    }
    (names.iter().map(target).collect(), listing)
}
