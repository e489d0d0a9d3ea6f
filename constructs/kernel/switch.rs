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
                let defaults = Node::new(NodeKind::Map(Map::new()), node.span);
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
    use super::*;
    use crate::kernel::{
        span::Span,
        yaml::{Format, parse},
    };

    crate::properties! {
        /// What is written down.
        pub struct Logs from level {
            /// How much of it.
            level: String = "info",
        }
    }

    fn read(text: &str) -> Result<Option<String>, String> {
        let node = parse(text, Span::NOWHERE.file, Format::Yaml).0.expect("it is YAML");
        let mut reader = Reader::default();
        let switch = Switch::<Logs>::read(&node, &mut reader);
        match reader.diagnostics.first() {
            Some(fault) => Err(fault.message.clone()),
            None => Ok(switch.expect("without a fault there is a value").0.map(|it| it.level)),
        }
    }

    #[test]
    fn is_a_word_or_the_group() {
        assert_eq!(read("true"), Ok(Some("info".to_owned())));
        assert_eq!(read("false"), Ok(None));
        assert_eq!(read("{level: debug}"), Ok(Some("debug".to_owned())));
        assert_eq!(read("debug"), Ok(Some("debug".to_owned())));
        assert_eq!(read("[debug]"), Err("expected text, found a list".to_owned()));
        assert_eq!(read("{levle: debug}"), Err("there is no property `levle` here".to_owned()));
    }
}
