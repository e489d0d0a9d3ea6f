//! What a construct is.

use std::any::Any;

use super::{
    diagnostic::Diagnostic,
    expr::{Expr, ExprKind},
    name::Name,
    node::Node,
    property::{Property, Reader},
    scope::Scope,
    shape::Shape,
    tree::Handle,
};

/// A thing a stack file may name, which expands into resources.
///
/// The implementing type *is* its properties: its fields are what the user writes, its doc comments are
/// the reference documentation, and its shape drives editors.
pub trait Construct: Property + Documented + 'static {
    /// Its name in a stack file.
    const KIND: &'static str;

    /// The smallest stack worth showing it in; synthesized by a test and printed in the docs.
    const EXAMPLE: &'static str;

    /// What other constructs may use of it.
    type Exports: Exports;

    /// Reports what is wrong with the properties in themselves, whatever else is in the stack.
    fn check(&self, faults: &mut Vec<Diagnostic>) {
        let _ = faults;
    }

    /// Adds its resources under `scope`. Only called when [`check`](Self::check) finds no error.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] if it does not fit into the stack. Further faults go to [`Scope::report`].
    fn build(&self, scope: &mut Scope<'_>) -> Result<Self::Exports, Diagnostic>;
}

/// A type with documentation for the user of the stack file.
pub trait Documented {
    /// The documentation, as in the source.
    const DOCS: &'static str;
}

/// What other constructs may use of a construct; made by [`exports!`](crate::exports).
pub trait Exports: Clone + Any {
    /// The exports, in order.
    const DOCS: &'static [ExportDocs];

    /// Their values, in the same order; absent for those only Rust can use.
    fn attributes(&self) -> Vec<Expr<Handle>>;

    /// Everything a [`Link`](super::link::Link) may find: itself, and what its fields offer.
    fn offers(&self) -> Vec<Box<dyn Any>>;
}

/// What an export is called and means.
#[derive(Clone, Copy, Debug)]
pub struct ExportDocs {
    /// Its name.
    pub name: &'static str,
    /// Its documentation, as in the source.
    pub docs: &'static str,
    /// Whether `${construct.name}` gives it; otherwise only Rust can use it.
    pub is_attribute: bool,
}

/// A field of [`Exports`].
pub trait Export {
    /// Whether `${name.attribute}` gives it.
    const IS_ATTRIBUTE: bool = false;

    /// What `${name.attribute}` gives for it; absent for what only Rust can use.
    fn value(&self) -> Expr<Handle> {
        Expr::ABSENT
    }

    /// What a [`Link`](super::link::Link) may find in it.
    fn offer(&self) -> Option<Box<dyn Any>> {
        None
    }
}

impl Export for Handle {}
impl Export for Vec<Handle> {}

impl<T: Export> Export for Option<T> {
    const IS_ATTRIBUTE: bool = T::IS_ATTRIBUTE;

    fn value(&self) -> Expr<Handle> {
        self.as_ref().map_or(Expr::ABSENT, Export::value)
    }

    fn offer(&self) -> Option<Box<dyn Any>> {
        self.as_ref().and_then(Export::offer)
    }
}

impl Export for Expr<Handle> {
    const IS_ATTRIBUTE: bool = true;

    fn value(&self) -> Expr<Handle> {
        self.clone()
    }
}

impl Export for Vec<Expr<Handle>> {
    const IS_ATTRIBUTE: bool = true;

    fn value(&self) -> Expr<Handle> {
        ExprKind::List(self.clone()).into()
    }
}

/// A construct in the catalogue, its type forgotten.
#[derive(Clone, Copy, Debug)]
pub struct Catalogued {
    /// Its name in a stack file.
    pub kind: &'static str,
    /// Its example.
    pub example: &'static str,
    /// Its documentation.
    pub docs: &'static str,
    /// What it takes.
    pub shape: fn() -> Shape,
    /// Names and documentation of what it gives.
    pub exports: &'static [ExportDocs],
    /// Reads its properties.
    pub read: fn(&Node, &mut Reader) -> Option<Box<dyn AnyConstruct>>,
}

impl Catalogued {
    /// The entry for `C`.
    #[must_use]
    pub const fn of<C: Construct>() -> Self {
        Self {
            kind: C::KIND,
            example: C::EXAMPLE,
            docs: C::DOCS,
            shape: C::shape,
            exports: C::Exports::DOCS,
            read: |node, reader| {
                let construct = C::read(node, reader)?;
                Some(Box::new(construct))
            },
        }
    }
}

/// A construct whose properties have been read, its type forgotten.
pub trait AnyConstruct {
    /// Its name in a stack file.
    fn kind(&self) -> &'static str;
    /// Shows every name its properties hold.
    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name));
    /// See [`Construct::check`].
    fn check(&self, faults: &mut Vec<Diagnostic>);
    /// See [`Construct::build`].
    fn build(&self, scope: &mut Scope<'_>) -> Result<Built, Diagnostic>;
}

impl<C: Construct> AnyConstruct for C {
    fn kind(&self) -> &'static str {
        C::KIND
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        Property::names(self, see);
    }

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        Construct::check(self, faults);
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Built, Diagnostic> {
        let exports = Construct::build(self, scope)?;
        let attributes = C::Exports::DOCS.iter().map(|it| it.name).zip(exports.attributes()).collect();
        Ok(Built { kind: C::KIND, attributes, offers: exports.offers() })
    }
}

/// What a construct gives, once it is built.
#[derive(Debug)]
pub struct Built {
    /// Its kind.
    pub kind: &'static str,
    /// What `${name.attribute}` gives.
    pub attributes: Vec<(&'static str, Expr<Handle>)>,
    /// What a [`Link`](super::link::Link) may find.
    pub offers: Vec<Box<dyn Any>>,
}
