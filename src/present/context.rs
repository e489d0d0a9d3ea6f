//! What was looked up in AWS, and is kept.

use super::{aside, diagnostics::counted, name};
use crate::{
    ops::context::Context,
    render::{Block, Doc, Meaning, Text},
    template::secrets,
};

/// How much of a value is shown, in characters.
const LONGEST_VALUE: usize = 60;

/// What a file keeps, a line for each key, with the number by which it can be taken out.
pub fn context(context: &Context) -> Doc {
    let path = context.path.display();
    if context.entries.is_empty() {
        let nothing = format!("`{path}` keeps nothing: nothing was looked up.");
        return Doc(vec![Block::Paragraph(super::prose(&nothing))]);
    }
    let row = |(number, key): (usize, &str)| {
        let value = context.entries[key].to_string();
        vec![aside(number.to_string()), name(key), short(&secrets::shown(key, &value))]
    };
    let head = ["#", "Key", "Value"].map(aside).into_iter().collect();
    let rows = (1..).zip(context.keys()).map(row);
    Doc(vec![Block::Table(std::iter::once(head).chain(rows).collect())])
}

/// That these keys are taken out.
pub fn taken_out(keys: &[String]) -> String {
    match (keys, counted(keys.len(), "value")) {
        ([only], _) => format!("took out `{only}`: it is looked up again when it is needed"),
        (_, Some(count)) => format!("took out {count}: they are looked up again when they are needed"),
        (_, None) => "there was nothing to take out".to_owned(),
    }
}

/// That these keys were looked up.
pub fn looked_up(keys: &[String]) -> String {
    format!("looked up in AWS, and kept in `cdk.context.json`: {}", keys.join(", "))
}

fn short(value: &str) -> Text {
    let shown = match value.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    };
    vec![(Meaning::Value, shown)]
}
