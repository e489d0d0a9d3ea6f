//! What was looked up in AWS, for programs.

use serde::Serialize;
use serde_json::Value;

use super::{VERSION, text};
use crate::{ops::context::Context, template::secrets};

#[derive(Serialize)]
struct Kept<'a> {
    version: u32,
    file: String,
    entries: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    number: usize,
    key: &'a str,
    value: Value,
}

/// What a file keeps, as `asi context --format json` prints it.
pub fn context(context: &Context) -> String {
    let entry = |(number, key)| {
        let value = match &context.entries[key] {
            Value::String(text) => Value::from(secrets::shown(key, text)),
            other => other.clone(),
        };
        Entry { number, key, value }
    };
    let entries = (1..).zip(context.keys()).map(entry).collect();
    text(&Kept { version: VERSION, file: context.path.display().to_string(), entries })
}
