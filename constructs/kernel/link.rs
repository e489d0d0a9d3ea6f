//! A bare name where a construct is meant.

use std::{fmt, marker::PhantomData};

use super::{
    name::Name,
    node::Node,
    property::{Property, Reader, name_expected},
    shape::Shape,
};

/// What a link may lead to: something a construct exports or offers.
pub trait Target: Clone + 'static {
    /// What to call it in a message: "a Network".
    const WHAT: &'static str;
}

/// The name of a construct that gives a `T`.
pub struct Link<T> {
    /// The name.
    pub name: Name,
    target: PhantomData<fn() -> T>,
}

impl<T> From<Name> for Link<T> {
    fn from(name: Name) -> Self {
        Self { name, target: PhantomData }
    }
}

impl<T> Clone for Link<T> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), target: PhantomData }
    }
}

impl<T> fmt::Debug for Link<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.name.text)
    }
}

impl<T: Target> Property for Link<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        name_expected(node, reader, T::WHAT).map(Self::from)
    }

    fn shape() -> Shape {
        Shape::Name(T::WHAT)
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        see(&self.name);
    }
}
