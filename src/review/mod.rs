//! What a reviewer should know of a change: what hurts, what those who use the system will notice, what to see to.
//!
//! ```text
//! TemplateDiff, both Templates ──▶ Subject ─┬─ losses, exposure, guards, firewall, permissions ──▶ dangers
//!                                           ├─ impact ──▶ impacts
//!                                           └─ warnings
//! TemplateDiff, both Templates ── fingerprint ──▶ Fingerprint ── record ──▶ what a comment says to programs
//! ```
//!
//! All of it is facts, with places; the sentences are in `present`.

mod exposure;
mod fingerprint;
mod firewall;
mod guards;
mod impact;
mod losses;
mod permissions;
mod record;
mod subject;
#[cfg(test)]
mod testing;
mod warnings;

use asi_constructs::kernel::span::Span;

pub use self::{
    exposure::Opening,
    fingerprint::{Approval, Fingerprint},
    guards::Guard,
    impact::{Effect, Impact},
    losses::{Address, Going},
    permissions::Power,
    record::{About, Record},
    subject::{Subject, Tag},
    warnings::{Observed, Pending, Warning},
};
use crate::diff::{Data, Followers};

/// What a reviewer should know of the change of a stack.
#[derive(Clone, Debug, Default)]
pub struct Review {
    /// What hurts if it is not meant, the worst first.
    pub dangers: Vec<Point<Danger>>,
    /// What those who use the system notice, the worst first.
    pub impacts: Vec<Point<Impact>>,
    /// What to see to.
    pub warnings: Vec<Point<Warning>>,
}

/// Something to know, and what it is about.
#[derive(Clone, Debug)]
pub struct Point<T> {
    /// What there is to know.
    pub what: T,
    /// The logical id of the resource, or the name of what else it is about.
    pub id: String,
    /// The type of the resource; nothing, if it is about none.
    pub type_name: String,
    /// The construct that made it, by its path below the stack, if that is known.
    pub construct: Option<String>,
    /// The resource, or what else, that it follows from.
    pub follows: Option<String>,
    /// What follows from it.
    pub followers: Followers,
    /// Whether it is so whatever a deployment is given; else it may be.
    pub is_sure: bool,
    /// Where what leads to it is written.
    pub span: Span,
}

/// What hurts if it is not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Danger {
    /// Data is gone with what holds it, or may be.
    Data {
        /// What becomes of the data.
        data: Data,
        /// What becomes of what holds it.
        going: Going,
    },
    /// More can reach it from outside.
    Open(Opening),
    /// Somebody may do what is worth to be asked about.
    Power(Power),
    /// What protected it does so no more.
    Guard(Guard),
    /// What others know it by is another, or gone.
    Address {
        /// What they know it by.
        address: Address,
        /// What becomes of what has it.
        going: Going,
    },
    /// It has another name.
    Renamed {
        /// The property with the name.
        property: String,
        /// The name it had.
        from: String,
        /// The name it gets.
        to: String,
    },
    /// The stack has another name: a new one is made, and the old one stays as it is.
    StackRenamed {
        /// The name it had.
        from: String,
    },
}

impl Danger {
    /// How bad it is: the smaller, the worse.
    pub fn order(&self) -> u8 {
        match self {
            Self::Data { data: Data::Lost, going } if *going != Going::PerhapsReplaced => 0,
            Self::StackRenamed { .. } => 0,
            Self::Open(_) => 1,
            Self::Power(_) => 2,
            Self::Data { data: Data::Lost, .. } => 3,
            Self::Guard(_) => 4,
            Self::Data { data: Data::Snapshot, .. } => 5,
            Self::Data { data: Data::Kept, .. } => 6,
            Self::Address { .. } => 7,
            Self::Renamed { .. } => 8,
        }
    }

    /// Its stable name, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Data { .. } => "data",
            Self::Open(_) => "exposure",
            Self::Power(_) => "permissions",
            Self::Guard(_) => "protection",
            Self::Address { .. } => "address",
            Self::Renamed { .. } | Self::StackRenamed { .. } => "name",
        }
    }
}

/// What is to be known of a change.
pub fn review(subject: &Subject<'_>) -> Review {
    let mut dangers = losses::dangers(subject);
    let mut warnings = warnings::warnings(subject);
    exposure::add(subject, &mut dangers, &mut warnings);
    guards::add(subject, &mut dangers);
    firewall::add(subject, &mut dangers, &mut warnings);
    permissions::add(subject, &mut dangers, &mut warnings);
    let renamed = subject.renamed_from.map(|it| Danger::StackRenamed { from: it.to_owned() });
    dangers.extend(renamed.map(Point::of_stack));
    let mut impacts = impact::impacts(subject);
    dangers.sort_by_key(|it| it.what.order());
    impacts.sort_by_key(|it| std::cmp::Reverse(it.what.severity()));
    warnings.sort_by_key(|it| it.what.order());
    Review { dangers, impacts, warnings }
}

impl<T> Point<T> {
    /// Something to know of the stack as a whole.
    fn of_stack(what: T) -> Self {
        let (id, type_name) = (String::new(), String::new());
        let followers = Followers::default();
        Self {
            what,
            id,
            type_name,
            construct: None,
            follows: None,
            followers,
            is_sure: true,
            span: Span::default(),
        }
    }
}
