//! A group of properties that is switched on or off as a whole.

use super::{
    map::Map,
    name::Name,
    node::{Node, NodeKind},
    property::{Property, Reader},
    shape::Shape,
};

/// A group of properties, or `true` for the group with all its defaults, or `false` for none of it.
///
/// Give it the default `false` or `true`, so that the documentation shows what happens without it.
#[derive(Clone, Debug)]
pub struct Switch<T>(pub Option<T>);

impl<T: Property> Property for Switch<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match (&node.kind, node.as_str()) {
            (NodeKind::Bool(false), _) | (_, Some("false")) => Some(Self(None)),
            (NodeKind::Bool(true), _) | (_, Some("true")) => {
                let defaults = Node::new(NodeKind::Map(Map::default()), node.span);
                T::read(&defaults, reader).map(|it| Self(Some(it)))
            }
            _ => T::read(node, reader).map(|it| Self(Some(it))),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::Bool, T::shape()])
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.0.names(see);
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;
    use crate::kernel::{
        span::Span,
        yaml::{Format, parse},
    };

    type Levels = IndexMap<String, u8>;

    fn read(text: &str) -> Result<Option<Levels>, String> {
        let node = parse(text, Span::NOWHERE.file, Format::Yaml).0.expect("it is YAML");
        let mut reader = Reader::default();
        let switch = Switch::<Levels>::read(&node, &mut reader);
        switch.map(|it| it.0).ok_or_else(|| reader.diagnostics[0].message.clone())
    }

    #[test]
    fn is_a_word_or_the_group() {
        assert_eq!(read("true"), Ok(Some(Levels::new())));
        assert_eq!(read("\"true\""), Ok(Some(Levels::new())));
        assert_eq!(read("false"), Ok(None));
        assert_eq!(read("{net: 2}"), Ok(Some(Levels::from_iter([("net".to_owned(), 2)]))));
        assert_eq!(read("2"), Err("expected a mapping, found the number 2".to_owned()));
        assert_eq!(read("{net: high}"), Err("expected a whole number, found `high`".to_owned()));
    }
}
