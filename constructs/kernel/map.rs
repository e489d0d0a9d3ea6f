//! An ordered map whose keys know where they were written.

use std::borrow::Cow;

use foldhash::fast::RandomState;
use indexmap::IndexMap;

use super::span::Span;

/// Keys and values, in the order they were given.
pub type Map<V> = Index<Cow<'static, str>, Entry<V>>;

/// A map in the order its keys were given, with a hash that is fast on short ones.
pub type Index<K, V> = IndexMap<K, V, RandomState>;

/// A value under a key. Two entries are equal if their values are.
#[derive(Clone, Debug)]
pub struct Entry<V> {
    /// Where the key stands.
    pub key: Span,
    /// The value.
    pub value: V,
}

impl<V: PartialEq> PartialEq for Entry<V> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<V> From<V> for Entry<V> {
    fn from(value: V) -> Self {
        Self { key: Span::default(), value }
    }
}
