//! From a file to a [`Stack`]: what the user wrote, with the chosen environment laid over it.
//!
//! Knows the frame of the stack file. What stands in a construct, and CloudFormation's own sections, it
//! carries along unread.

pub mod stack;

use std::path::Path;

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    node::Node,
    span::{Sources, Span},
    yaml::{self, Format, LARGEST_FILE},
};

pub use stack::{Declared, Output, Parameter, Stack, app, environments, is_app_name, stack, stack_name};

use crate::world::{FileError, Files, Reason};

/// Reads the file at `path`, and keeps its text in `sources`. Without a node, it could not be read at all.
pub fn read(files: &dyn Files, path: &Path, sources: &mut Sources) -> (Option<Node>, Vec<Diagnostic>) {
    let name = path.display().to_string();
    let contents = match files.read(path, LARGEST_FILE) {
        Ok(contents) => contents,
        Err(error) => return (None, vec![unreadable(&error)]),
    };
    match String::from_utf8(contents) {
        Ok(text) => document(&text, &name, sources),
        Err(error) => (None, vec![not_utf8(&name, error, sources)]),
    }
}

/// Reads a document, and keeps its text in `sources`.
pub fn document(text: &str, name: &str, sources: &mut Sources) -> (Option<Node>, Vec<Diagnostic>) {
    let file = sources.add(name, text);
    yaml::parse(text, file, Format::of(name))
}

fn unreadable(error: &FileError) -> Diagnostic {
    let fault = Diagnostic::error("file", error.to_string());
    match error.reason {
        Reason::Missing => fault.help("name the stack file with `-f`, or make one with `asi init`"),
        Reason::Folder => {
            fault.help(format!("name the file in it: `-f {}`", error.path.join("asi.yaml").display()))
        }
        Reason::TooLarge(_) => fault.help(format!("keep it under {LARGEST_FILE} bytes")),
        Reason::System(_) => fault,
    }
}

/// Points at the first byte that is not UTF-8, in the text with such bytes replaced.
fn not_utf8(name: &str, error: std::string::FromUtf8Error, sources: &mut Sources) -> Diagnostic {
    let valid = error.utf8_error().valid_up_to();
    let bytes = error.into_bytes();
    let byte = bytes[valid];
    let file = sources.add(name, String::from_utf8_lossy(&bytes).into_owned());
    let start = u32::try_from(valid).expect("the size is limited");
    let mark = u32::try_from(char::REPLACEMENT_CHARACTER.len_utf8()).expect("a few bytes");
    Diagnostic::error("not-utf8", format!("the byte 0x{byte:02x} is not UTF-8"))
        .at(Span { file, start, end: start + mark })
        .help("save the file as UTF-8")
}
