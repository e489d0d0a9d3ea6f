//! What every construct is written in: properties, expressions, scopes, diagnostics.
//!
//! Knows nothing of any one construct, of files, or of CloudFormation beyond its expressions.
//! In reading order: [`span`] and [`node`] are the stack file as it was read, by [`yaml`] and [`scalar`];
//! [`property`] and [`declare`] make typed properties of it, which [`shape`] describes; [`name`], [`expr`] and
//! [`link`] are what properties refer to; [`tree`] is what a stack expands to, and [`scope`] the view of it that a
//! [`construct`] fills; [`references`] says what names stand for, [`id`] names what is in the tree, [`part_id`] is an
//! id that a stack file says itself, [`lookup`] is what only AWS knows, and [`asset`] what is made of files.

pub mod asset;
pub mod collate;
pub mod construct;
pub mod declare;
pub mod diagnostic;
pub mod expr;
pub mod id;
pub mod inline;
pub mod link;
pub mod lookup;
pub mod map;
pub mod name;
pub mod node;
pub mod part_id;
pub mod property;
pub mod quantity;
pub mod references;
pub mod scalar;
pub mod scope;
pub mod shape;
pub mod span;
pub mod switch;
pub mod tree;
pub mod yaml;

/// Everything a construct's file imports.
pub mod prelude {
    pub use indexmap::IndexMap;

    pub use super::{
        construct::{Construct, Export},
        diagnostic::Diagnostic,
        expr::Expr,
        id::ResourceType,
        inline::Inline,
        link::{Link, Target},
        name::{Name, Value},
        node::Node,
        part_id::PartId,
        property::{AtLeastOne, Property, Reader, Text},
        quantity::{Days, Mebibytes, Percent, Seconds},
        scope::Scope,
        shape::Shape,
        span::{Span, Spanned},
        switch::Switch,
        tree::Handle,
    };
    pub use crate::{choices, exports, list, object, properties, text};
}
