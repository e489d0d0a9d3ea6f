//! An id in the tree that a stack file says itself, so that what is deployed under it stays what it is.

use super::{
    diagnostic::Diagnostic,
    node::Node,
    property::{Property, Reader},
    shape::Shape,
    span::{Span, Spanned},
};

/// The id of a part of a construct, where the stack file says it: the logical ids of what is in that part follow from it.
#[derive(Clone, Debug)]
pub struct PartId(Spanned<String>);

impl PartId {
    /// The id.
    pub fn id(&self) -> &str {
        &self.0.value
    }

    /// Where it is written.
    pub fn span(&self) -> Span {
        self.0.span
    }
}

impl Property for PartId {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let id = Spanned::<String>::read(node, reader)?;
        // The CDK leaves these two out of logical ids: something else in the construct may have the place that is left.
        let is_seen = !matches!(id.value.as_str(), "Default" | "Resource");
        let is_plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.');
        if is_seen
            && id.value.starts_with(|it: char| it.is_ascii_alphabetic())
            && id.value.bytes().all(is_plain)
        {
            return Some(Self(id));
        }
        let fault = format!("`{}` cannot be the id of a part of a construct", id.value);
        reader.reject(
            Diagnostic::error("bad-name", fault)
                .at(id.span)
                .help("begin with a letter, and use letters, digits, `-`, `_` and `.`; `Default` and `Resource` are no ids"),
        )
    }

    fn shape() -> Shape {
        Shape::Text("an id in the tree, such as `S3Endpoint`", Some("^[A-Za-z][A-Za-z0-9._-]*$"))
    }
}
