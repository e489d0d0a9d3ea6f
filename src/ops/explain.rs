//! What a name given to `asi explain` means.

use asi_constructs::{
    CATALOGUE,
    kernel::{construct::Catalogued, diagnostic::Diagnostic, property::Property as _, shape::Field},
};

use crate::load::stack::{Frame, construct_fields};

/// Something that can be explained.
#[derive(Debug)]
pub enum Explained {
    /// A construct.
    Construct(&'static Catalogued),
    /// A property of a construct, or of the stack file itself, and its full name.
    Property(String, Field),
}

/// Finds a construct by its kind, or a property by its path below a construct or the stack file. `also` are names that
/// can be explained elsewhere.
///
/// # Errors
///
/// A [`Diagnostic`] if there is no such thing.
pub fn explain(name: &str, also: &[&str]) -> Result<Explained, Diagnostic> {
    let path: Vec<&str> = name.split('.').collect();
    if let Some(construct) = CATALOGUE.iter().find(|it| it.kind.eq_ignore_ascii_case(path[0])) {
        return match &path[1..] {
            [] => Ok(Explained::Construct(construct)),
            below => {
                let field = property(&construct_fields(construct), below)?;
                Ok(Explained::Property(format!("{}.{}", construct.kind, below.join(".")), field))
            }
        };
    }
    let frame = Frame::shape();
    if frame.fields().iter().any(|it| it.key == path[0]) {
        return Ok(Explained::Property(name.to_owned(), property(frame.fields(), &path)?));
    }
    let known = CATALOGUE.iter().map(|it| it.kind).chain(frame.fields().iter().map(|it| it.key));
    Err(Diagnostic::error("unknown-type", format!("there is nothing to explain of the name `{name}`"))
        .suggest(name, known.chain(also.iter().copied())))
}

fn property(fields: &[Field], path: &[&str]) -> Result<Field, Diagnostic> {
    let (key, below) = path.split_first().expect("a path has a step");
    let Some(field) = fields.iter().find(|it| it.key == *key) else {
        let known = fields.iter().map(|it| it.key);
        return Err(Diagnostic::error("unknown-property", format!("there is no property `{key}` here"))
            .suggest(key, known));
    };
    if below.is_empty() { Ok(field.clone()) } else { property(field.shape.fields(), below) }
}
