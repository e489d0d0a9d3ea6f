//! Constructs and their properties, explained.

use asi_constructs::kernel::{
    construct::Catalogued,
    shape::{Field, Shape, prose as flowing},
};

use super::{CODES, Rule, aside, name, prose, rule};
use crate::{
    render::{Block, Doc, Text},
    validate::aliases,
};

/// All constructs, in a table.
pub fn constructs(catalogue: &[Catalogued]) -> Doc {
    let head = vec![prose("Construct"), prose("What it is")];
    let rows = catalogue.iter().map(|it| vec![name(it.kind), prose(&first_sentence(it.docs))]);
    Doc(vec![Block::Table(std::iter::once(head).chain(rows).collect())])
}

/// One construct: what it is, takes and gives, with an example.
pub fn construct(it: &Catalogued) -> Doc {
    let mut blocks = vec![Block::Heading(name(it.kind))];
    blocks.extend(paragraphs(it.docs));
    blocks.push(Block::Heading(prose("Properties")));
    blocks.push(properties((it.shape)().fields()));
    let exports: Vec<_> = it.exports.iter().filter(|it| it.is_attribute).collect();
    if !exports.is_empty() {
        blocks.push(Block::Heading(prose("What others may use of it, as `${name.…}`")));
        let head = vec![prose("Attribute"), prose("What it is")];
        let rows = exports.iter().map(|it| vec![name(it.name), prose(&flowing(it.docs))]);
        blocks.push(Block::Table(std::iter::once(head).chain(rows).collect()));
    }
    blocks.push(Block::Heading(prose("Example")));
    blocks.push(Block::Code("yaml", it.example.to_owned()));
    Doc(blocks)
}

/// One property, of this full name.
pub fn property(full_name: &str, field: &Field) -> Doc {
    let mut blocks = vec![Block::Heading(name(full_name))];
    blocks.extend(paragraphs(field.docs));
    let mut rows = vec![vec![prose("Takes"), prose(&field.shape.summary())]];
    rows.push(vec![prose("Default"), default(field)]);
    blocks.push(Block::Table(rows));
    if let Shape::Choice(choices) = &field.shape {
        let head = vec![prose("Choice"), prose("What it means")];
        let rows = choices.iter().map(|it| vec![name(it.word), prose(&flowing(it.docs))]);
        blocks.push(Block::Table(std::iter::once(head).chain(rows).collect()));
    }
    if !field.shape.fields().is_empty() {
        blocks.push(Block::Heading(prose("Properties")));
        blocks.push(properties(field.shape.fields()));
    }
    Doc(blocks)
}

/// What a code of a diagnostic or of a finding means, and how to mend it where that is always the same.
pub fn code(code: &str) -> Option<Doc> {
    let blocks = match (CODES.iter().find(|(it, _)| *it == code), rule(code)) {
        (Some((code, meaning)), _) => vec![Block::Heading(name(*code)), Block::Paragraph(prose(meaning))],
        (None, Some(Rule { code, meaning, mend })) => {
            let mut blocks = vec![Block::Heading(name(*code))];
            blocks.extend([meaning, mend].map(|it| Block::Paragraph(prose(it))));
            if let Some(theirs) = aliases(code) {
                let others =
                    format!("Others call it {}; it is looked for with `--security`.", theirs.join(", "));
                blocks.push(Block::Paragraph(prose(&others)));
            }
            blocks
        }
        (None, None) => return None,
    };
    Some(Doc(blocks))
}

fn properties(fields: &[Field]) -> Block {
    let head = vec![prose("Property"), prose("Takes"), prose("Default"), prose("What it does")];
    let rows = fields.iter().map(|it| {
        let docs = flowing(it.docs).replace("\n\n", " ");
        vec![name(it.key), prose(&it.shape.summary()), default(it), prose(&docs)]
    });
    Block::Table(std::iter::once(head).chain(rows).collect())
}

fn default(field: &Field) -> Text {
    match field.default {
        Some("{}" | "[]") => aside("-"),
        Some(default) => name(default),
        None if field.required => aside("required"),
        None => aside("-"),
    }
}

fn paragraphs(docs: &str) -> Vec<Block> {
    flowing(docs).split("\n\n").map(|it| Block::Paragraph(prose(it))).collect()
}

fn first_sentence(docs: &str) -> String {
    let text = flowing(docs);
    text.split("\n\n").next().unwrap_or_default().to_owned()
}
