//! What every construct is written in: properties, expressions, scopes, diagnostics.
//!
//! Knows nothing of any one construct, of files, or of CloudFormation beyond its expressions.
//! In reading order: [`span`] and [`node`] are the stack file as it was read, by [`yaml`] and [`scalar`];
//! [`property`] and [`declare`] make typed properties of it; [`name`], [`expr`] and [`link`] are what
//! properties refer to; [`scope`] is the tree that a [`construct`] fills; [`id`] names what is in it.

pub mod collate;
pub mod construct;
pub mod declare;
pub mod diagnostic;
pub mod expr;
pub mod id;
pub mod link;
pub mod map;
pub mod name;
pub mod node;
pub mod property;
pub mod quantity;
pub mod scalar;
pub mod scope;
pub mod shape;
pub mod span;
pub mod switch;
pub mod yaml;

/// Everything a construct's file imports.
pub mod prelude {
    pub use indexmap::IndexMap;

    pub use super::{
        construct::{Construct, Export},
        diagnostic::Diagnostic,
        expr::Expr,
        id::ResourceType,
        link::{Link, Target},
        name::{Name, Value},
        node::Node,
        property::{AtLeastOne, Property, Reader, Text},
        quantity::{Days, Mebibytes, Percent, Seconds},
        scope::{Handle, Scope},
        shape::Shape,
        span::{Span, Spanned},
        switch::Switch,
    };
    pub use crate::{choices, exports, list, object, properties, text};
}
