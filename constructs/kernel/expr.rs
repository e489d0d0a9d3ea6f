//! Values in a template: plain data, and expressions CloudFormation works out when it deploys.

use std::borrow::Cow;

use super::{
    map::{Entry, Map},
    span::{Span, Spanned},
};

/// A value whose references are of type `R`, and the place that caused it.
///
/// As it is read from a stack file `R` is [`Name`](super::name::Name); in the tree it is
/// [`Handle`](super::tree::Handle). The type says which stage a value has reached, so a template cannot
/// hold an unresolved reference. Two expressions are equal if they say the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Expr<R> {
    /// What it says.
    pub kind: ExprKind<R>,
    /// The text that caused it; not written for what a construct adds of itself.
    pub span: Span,
}

/// What an [`Expr`] says.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind<R> {
    /// No value: an object or list leaves it out.
    Absent,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// Text.
    String(Cow<'static, str>),
    /// A list.
    List(Vec<Expr<R>>),
    /// An object, in the order its keys were given.
    Object(Map<Expr<R>>),
    /// `Ref` to a resource.
    Ref(R),
    /// The logical id of a resource, as text.
    Id(R),
    /// `Fn::GetAtt` of a resource.
    GetAtt(R, Cow<'static, str>),
    /// `Ref` to a parameter: one of the template's, or a pseudo parameter such as `AWS::Region`.
    Parameter(Cow<'static, str>),
    /// Text put together from parts, none of which is itself put together.
    Concat(Vec<Expr<R>>),
}

impl<R> Expr<R> {
    /// No value.
    pub const ABSENT: Self = Self { kind: ExprKind::Absent, span: Span::NOWHERE };

    /// `Ref` to `target`.
    pub fn reference(target: R) -> Self {
        ExprKind::Ref(target).into()
    }

    /// `Ref` to a pseudo parameter, such as `AWS::Region`.
    pub fn pseudo(name: &'static str) -> Self {
        ExprKind::Parameter(Cow::Borrowed(name)).into()
    }

    /// An intrinsic function, such as `Fn::Select`, of `argument`.
    pub fn function(name: &'static str, argument: impl Into<Self>) -> Self {
        ExprKind::Object(Map::from_iter([(Cow::Borrowed(name), Entry::from(argument.into()))])).into()
    }

    /// Text put together from `parts`; neighbouring literals become one.
    pub fn concat(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut merged: Vec<Self> = Vec::new();
        for part in parts {
            match part.kind {
                ExprKind::Concat(inner) => inner.into_iter().for_each(|it| push_part(&mut merged, it)),
                kind => push_part(&mut merged, Self { kind, span: part.span }),
            }
        }
        match merged.len() {
            0 => "".into(),
            1 => merged.remove(0),
            _ => ExprKind::Concat(merged).into(),
        }
    }

    /// The ARN of `resource` of `service`, in the partition, region and account of the stack.
    pub fn arn(service: &'static str, resource: impl IntoIterator<Item = Self>) -> Self {
        let head = [
            "arn:".into(),
            Self::pseudo("AWS::Partition"),
            format!(":{service}:").into(),
            Self::pseudo("AWS::Region"),
            ":".into(),
            Self::pseudo("AWS::AccountId"),
            ":".into(),
        ];
        Self::concat(head.into_iter().chain(resource))
    }

    /// The same, as caused by `span`.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = span;
        self
    }

    /// Whether it is no value.
    pub fn is_absent(&self) -> bool {
        matches!(self.kind, ExprKind::Absent)
    }

    /// The text, if it is nothing but text.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text it begins with, if it begins with text.
    pub fn first_text(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Concat(parts) => parts.first()?.as_str(),
            _ => self.as_str(),
        }
    }

    /// The same without the first `length` bytes, which are text.
    #[must_use]
    pub fn without_first(self, length: usize) -> Self {
        let span = self.span;
        let rest = match self.kind {
            ExprKind::String(text) => text[length..].to_owned().into(),
            ExprKind::Concat(mut parts) => {
                let first = parts.remove(0).without_first(length);
                Self::concat([first].into_iter().chain(parts))
            }
            kind => kind.into(),
        };
        rest.at(span)
    }

    /// Replaces every reference, keeping the shape. `f` is given the target, the attribute if one is asked
    /// for, and the place.
    pub fn map_refs<S>(self, f: &mut impl FnMut(R, Option<Cow<'static, str>>, Span) -> Expr<S>) -> Expr<S> {
        let span = self.span;
        let kind = match self.kind {
            ExprKind::Absent => ExprKind::Absent,
            ExprKind::Bool(it) => ExprKind::Bool(it),
            ExprKind::Integer(it) => ExprKind::Integer(it),
            ExprKind::Float(it) => ExprKind::Float(it),
            ExprKind::String(it) => ExprKind::String(it),
            ExprKind::Parameter(it) => ExprKind::Parameter(it),
            ExprKind::List(items) => ExprKind::List(items.into_iter().map(|it| it.map_refs(f)).collect()),
            ExprKind::Object(map) => ExprKind::Object(
                map.into_iter()
                    .map(|(name, it)| (name, Entry { key: it.key, value: it.value.map_refs(f) }))
                    .collect(),
            ),
            ExprKind::Ref(target) => f(target, None, span).kind,
            ExprKind::Id(target) => match f(target, None, span).kind {
                ExprKind::Ref(it) => ExprKind::Id(it),
                other => other,
            },
            ExprKind::GetAtt(target, attribute) => f(target, Some(attribute), span).kind,
            ExprKind::Concat(parts) => Expr::concat(parts.into_iter().map(|it| it.map_refs(f))).kind,
        };
        Expr { kind, span }
    }

    /// Shows every reference to `see`, in order.
    pub fn each_ref<'a>(&'a self, see: &mut impl FnMut(&'a R)) {
        match &self.kind {
            ExprKind::Ref(target) | ExprKind::Id(target) | ExprKind::GetAtt(target, _) => see(target),
            ExprKind::List(items) | ExprKind::Concat(items) => items.iter().for_each(|it| it.each_ref(see)),
            ExprKind::Object(map) => map.values().for_each(|it| it.value.each_ref(see)),
            ExprKind::Absent
            | ExprKind::Bool(_)
            | ExprKind::Integer(_)
            | ExprKind::Float(_)
            | ExprKind::String(_)
            | ExprKind::Parameter(_) => (),
        }
    }

    /// Lays `other` over it: objects merge deeply, an absent value removes, all else replaces.
    pub fn overlay(&mut self, other: Self) {
        let is_function = |it: &Self| match &it.kind {
            ExprKind::Object(map) => map.len() == 1 && map.keys().all(|key| super::node::is_intrinsic(key)),
            _ => false,
        };
        let merges = !is_function(self) && !is_function(&other);
        match (&mut self.kind, other.kind) {
            (ExprKind::Object(mine), ExprKind::Object(theirs)) if merges => {
                for (name, entry) in theirs {
                    match mine.get_mut(&name) {
                        _ if entry.value.is_absent() => drop(mine.shift_remove(&name)),
                        Some(old) => old.value.overlay(entry.value),
                        None => drop(mine.insert(name, entry)),
                    }
                }
            }
            (_, theirs) => *self = Self { kind: theirs, span: other.span },
        }
    }
}

fn push_part<R>(parts: &mut Vec<Expr<R>>, part: Expr<R>) {
    let ExprKind::String(text) = &part.kind else { return parts.push(part) };
    match parts.last_mut() {
        _ if text.is_empty() => (),
        Some(Expr { kind: ExprKind::String(before), .. }) => before.to_mut().push_str(text),
        _ => parts.push(part),
    }
}

impl<R: PartialEq> PartialEq for Expr<R> {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl<R> From<ExprKind<R>> for Expr<R> {
    fn from(kind: ExprKind<R>) -> Self {
        Self { kind, span: Span::default() }
    }
}
impl<R> From<&'static str> for Expr<R> {
    fn from(it: &'static str) -> Self {
        ExprKind::String(Cow::Borrowed(it)).into()
    }
}
impl<R> From<String> for Expr<R> {
    fn from(it: String) -> Self {
        ExprKind::String(Cow::Owned(it)).into()
    }
}
impl<R> From<i64> for Expr<R> {
    fn from(it: i64) -> Self {
        ExprKind::Integer(it).into()
    }
}
impl<R> From<u32> for Expr<R> {
    fn from(it: u32) -> Self {
        ExprKind::Integer(it.into()).into()
    }
}
impl<R> From<u16> for Expr<R> {
    fn from(it: u16) -> Self {
        ExprKind::Integer(it.into()).into()
    }
}
impl<R> From<i32> for Expr<R> {
    fn from(it: i32) -> Self {
        ExprKind::Integer(it.into()).into()
    }
}
impl<R> From<f64> for Expr<R> {
    fn from(it: f64) -> Self {
        // A whole number is written without a fraction.
        it.to_string().parse::<i64>().map_or(ExprKind::Float(it), ExprKind::Integer).into()
    }
}
impl<R> From<bool> for Expr<R> {
    fn from(it: bool) -> Self {
        ExprKind::Bool(it).into()
    }
}
impl<R, T: Into<Self>> From<Vec<T>> for Expr<R> {
    fn from(it: Vec<T>) -> Self {
        ExprKind::List(it.into_iter().map(Into::into).collect()).into()
    }
}
impl<R, T: Into<Self>> From<Option<T>> for Expr<R> {
    /// `None` is no value: the property is left out.
    fn from(it: Option<T>) -> Self {
        it.map_or(Self::ABSENT, Into::into)
    }
}
impl<R, T: Into<Self>> From<Spanned<T>> for Expr<R> {
    /// Remembers the place, so that a fault AWS finds in the value can be shown there.
    fn from(it: Spanned<T>) -> Self {
        let span = it.span;
        it.value.into().at(span)
    }
}

/// Builds an [`Expr`] object: `object! { "Cpu" => 256, "Role" => role.attribute("Arn") }`.
#[macro_export]
macro_rules! object {
    ($($key:literal => $value:expr),* $(,)?) => {
        $crate::kernel::expr::Expr::from($crate::kernel::expr::ExprKind::Object(
            $crate::kernel::map::Map::from_iter([$((
                ::std::borrow::Cow::Borrowed($key),
                $crate::kernel::map::Entry::from($crate::kernel::expr::Expr::from($value)),
            )),*]),
        ))
    };
}

/// Builds an [`Expr`] list.
#[macro_export]
macro_rules! list {
    ($($value:expr),* $(,)?) => {
        $crate::kernel::expr::Expr::from($crate::kernel::expr::ExprKind::List(
            vec![$($crate::kernel::expr::Expr::from($value)),*],
        ))
    };
}

/// Builds an [`Expr`] text from parts: `text!["http://", balancer.attribute("DNSName")]`.
#[macro_export]
macro_rules! text {
    ($($part:expr),* $(,)?) => {
        $crate::kernel::expr::Expr::concat([$($crate::kernel::expr::Expr::from($part)),*])
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    type Value = Expr<u8>;

    #[test]
    fn neighbouring_literals_become_one() {
        let value: Value = text!["a", text!["b", Value::reference(1), "c"], "d", ""];
        let expected = vec!["ab".into(), Value::reference(1), "cd".into()];
        assert_eq!(value, ExprKind::Concat(expected).into());
        assert_eq!(text!["a", "b"], Value::from("ab"));
        assert_eq!(text![Value::reference(1)], Value::reference(1));
    }

    #[test]
    fn the_beginning_of_a_text_can_be_taken_off() {
        let value: Value = text!["ssm:/a/", Value::reference(1)];
        assert_eq!(value.first_text(), Some("ssm:/a/"));
        assert_eq!(value.clone().without_first(4), text!["/a/", Value::reference(1)]);
        assert_eq!(value.without_first(7), Value::reference(1));
        assert_eq!(Value::reference(1).first_text(), None);
    }

    #[test]
    fn a_reference_may_become_any_expression() {
        let value: Value = text!["see ", Value::reference(1)];
        let mapped: Value = value.map_refs(&mut |_, _, _| text!["http://", Value::reference(2)]);
        assert_eq!(mapped, text!["see http://", Value::reference(2)]);
    }

    #[test]
    fn an_overlay_merges_objects_and_replaces_all_else() {
        let mut value: Value = object! { "A" => object! { "X" => 1, "Y" => 2 }, "B" => list![1, 2] };
        value.overlay(
            object! { "A" => object! { "Y" => 3, "X" => Value::ABSENT }, "B" => list![4], "C" => true },
        );
        assert_eq!(value, object! { "A" => object! { "Y" => 3 }, "B" => list![4], "C" => true });
    }
}
