//! How many instances a cluster has.

use crate::kernel::prelude::*;

/// How many instances a cluster has.
#[derive(Clone, Debug)]
pub enum Count {
    /// So many.
    Fixed(Spanned<u32>),
    /// From so many to so many.
    Range(Range),
}

impl Property for Count {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.is_group() {
            return Range::read(node, reader).map(Self::Range);
        }
        Spanned::read(node, reader).map(Self::Fixed)
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::Integer, Range::shape()])
    }
}

properties! {
    /// From how many instances to how many.
    pub struct Range {
        /// The least number of instances.
        min: Spanned<u32> = "1",
        /// The greatest number of instances.
        max: Spanned<u32>,
        /// How many there are at first, and again when this number is changed. If absent, the least number.
        desired: Option<Spanned<u32>>,
    }
}

impl Count {
    /// The least number of instances.
    pub(super) fn min(&self) -> Spanned<u32> {
        match self {
            Self::Fixed(count) => *count,
            Self::Range(range) => range.min,
        }
    }

    /// The greatest number of instances.
    pub(super) fn max(&self) -> Spanned<u32> {
        match self {
            Self::Fixed(count) => *count,
            Self::Range(range) => range.max,
        }
    }

    /// How many there are at first, if that was said.
    pub(super) fn desired(&self) -> Option<Spanned<u32>> {
        match self {
            Self::Fixed(_) => None,
            Self::Range(range) => range.desired,
        }
    }

    /// Reports numbers that do not fit together.
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        let (min, max) = (self.min().value, self.max().value);
        let mut fault = |message: String, at: Span, help: String| {
            faults.push(Diagnostic::error("count-range", message).at(at).help(help));
        };
        if max == 0 {
            return fault("on 0 instances nothing runs".to_owned(), self.max().span, "use 1 or more".to_owned());
        }
        if min > max {
            let message = format!("there cannot be {min} instances or more, and {max} at most");
            return fault(message, self.max().span, format!("make `max` {min} or more, or `min` less"));
        }
        if let Some(desired) = self.desired().filter(|it| !(min..=max).contains(&it.value)) {
            let message = format!("{} instances are not between {min} and {max}", desired.value);
            fault(message, desired.span, "use a number between them, or remove `desired`".to_owned());
        }
    }
}
