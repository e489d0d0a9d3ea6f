//! A group of properties within another, whose keys are the other's own.

use std::ops::Deref;

use super::{
    name::Name,
    node::Node,
    property::{Fields, Group, Property, Reader},
    shape::{Field, Shape},
};

/// A group of properties that several groups have in common: a field of this type takes up no key of its own, and the
/// keys of `T` stand beside those of the other fields.
#[derive(Clone, Debug)]
pub struct Inline<T>(pub T);

impl<T> Deref for Inline<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Group> Property for Inline<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(Self)
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.0.names(see);
    }

    fn keys(_: &'static str) -> Vec<&'static str> {
        T::group_keys()
    }

    fn read_field(
        fields: &mut Fields<'_>,
        reader: &mut Reader,
        _: &'static str,
        _: Option<&str>,
    ) -> Option<Self> {
        T::read_fields(fields, reader).map(Self)
    }

    fn fields(own: Field) -> Vec<Field> {
        match own.shape {
            Shape::Object(fields, _) => fields,
            _ => vec![own],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kernel::{
            span::Span,
            yaml::{Format, parse},
        },
        properties,
    };

    properties! {
        /// What is done.
        struct Deed {
            /// What.
            what: String,
            /// How often.
            times: u32 = "1",
        }
    }

    properties! {
        /// Who does something.
        struct Actor {
            /// Who.
            who: String,
            /// What he does.
            deed: Inline<Deed>,
            /// When.
            when: Option<String>,
        }
    }

    fn read(text: &str) -> Result<(String, String, u32), Vec<String>> {
        let node = parse(text, Span::NOWHERE.file, Format::Yaml).0.expect("it is YAML");
        let mut reader = Reader::default();
        let actor = Actor::read(&node, &mut reader);
        let faults = reader.diagnostics.into_iter().map(|it| it.message).collect();
        actor.map(|it| (it.who.clone(), it.deed.what.clone(), it.deed.times)).ok_or(faults)
    }

    #[test]
    fn its_keys_stand_in_the_group_around_it() {
        assert_eq!(read("{who: I, what: work}"), Ok(("I".to_owned(), "work".to_owned(), 1)));
        let keys: Vec<&str> = Actor::shape().fields().iter().map(|it| it.key).collect();
        assert_eq!(keys, ["who", "what", "times", "when"]);
    }

    #[test]
    fn faults_of_both_are_found_at_once() {
        assert_eq!(
            read("{times: often, deed: {what: work}}"),
            Err(vec![
                "there is no property `deed` here".to_owned(),
                "expected a whole number, found `often`".to_owned(),
                "the property `who` is missing".to_owned(),
                "the property `what` is missing".to_owned(),
            ])
        );
    }
}
