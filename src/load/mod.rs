//! From a file to a [`Stack`]: what the user wrote, with the chosen environment laid over it.
//!
//! Knows the frame of the stack file. What stands in a construct, and CloudFormation's own sections, it
//! carries along unread.

pub mod cdk;
mod fields;
pub mod layers;
pub mod moves;
pub mod stack;

use std::{path::Path, string::FromUtf8Error};

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    node::Node,
    span::{Sources, Span},
    yaml::{self, Format, LARGEST_FILE},
};

pub use fields::Fields;
pub use layers::{app, environments, merged, parts};
pub use stack::{Declared, FailOn, Output, Parameter, Stack, is_account, is_app_name, stack_name, stacks};

use crate::{
    template::secrets,
    world::{FileError, Files, Reason},
};

/// Reads the stack file at `path`, and keeps its text in `sources`. Without a node, it could not be read at all.
pub fn read(files: &dyn Files, path: &Path, sources: &mut Sources) -> (Option<Node>, Vec<Diagnostic>) {
    match text(files, path) {
        Ok(text) => document(&text, &path.display().to_string(), sources),
        Err(why) => {
            let missing = "name the stack file with `-f`, or make one with `asi init`";
            (None, vec![why.diagnostic(path, missing, sources)])
        }
    }
}

/// The file beside the stack file in which the CDK keeps what it has looked up in AWS.
pub const CONTEXT: &str = "cdk.context.json";

/// Reads what was looked up in AWS, if there is such a file beside the stack file at `path`.
pub fn context(files: &dyn Files, path: &Path, sources: &mut Sources) -> (Option<Node>, Vec<Diagnostic>) {
    let path = path.with_file_name(CONTEXT);
    match text(files, &path) {
        Ok(text) => template(&text, &path.display().to_string(), sources),
        Err(Unreadable::File(FileError { reason: Reason::Missing, .. })) => (None, Vec::new()),
        Err(why) => (None, vec![why.diagnostic(&path, "", sources)]),
    }
}

/// The text of the file at `path`.
///
/// # Errors
///
/// If the file cannot be read, or is no text.
pub fn text(files: &dyn Files, path: &Path) -> Result<String, Unreadable> {
    let contents = files.read(path, LARGEST_FILE).map_err(Unreadable::File)?;
    String::from_utf8(contents).map_err(Unreadable::NotUtf8)
}

/// Why a file has no text.
#[derive(Debug)]
pub enum Unreadable {
    /// It cannot be read.
    File(FileError),
    /// It is not UTF-8.
    NotUtf8(FromUtf8Error),
}

impl Unreadable {
    /// Whether what is there is too large or no text, and so nothing anybody wrote to be read here.
    pub fn is_unlike_a_template(&self) -> bool {
        match self {
            Self::NotUtf8(_) => true,
            Self::File(error) => matches!(error.reason, Reason::TooLarge(_)),
        }
    }

    /// What to say of it; `missing` is what to do if there is no file.
    pub fn diagnostic(self, path: &Path, missing: &str, sources: &mut Sources) -> Diagnostic {
        match self {
            Self::File(error) => unreadable(&error, missing),
            Self::NotUtf8(error) => not_utf8(&path.display().to_string(), error, sources),
        }
    }
}

/// Reads a document, and keeps its text in `sources`.
pub fn document(text: &str, name: &str, sources: &mut Sources) -> (Option<Node>, Vec<Diagnostic>) {
    parsed(text, name, Format::of(name), sources)
}

/// Reads a template, and keeps its text in `sources`. Where the name of the file leaves it open, what begins with a
/// brace is JSON.
pub fn template(text: &str, name: &str, sources: &mut Sources) -> (Option<Node>, Vec<Diagnostic>) {
    let is_yaml = Path::new(name).extension().is_some_and(|it| it == "yaml" || it == "yml");
    let is_json = !is_yaml && text.trim_start().starts_with('{');
    parsed(text, name, if is_json { Format::Json } else { Format::of(name) }, sources)
}

/// Reads a document, and keeps its text, but for what nobody may see.
fn parsed(text: &str, name: &str, format: Format, sources: &mut Sources) -> (Option<Node>, Vec<Diagnostic>) {
    let file = sources.add(name, text);
    let (document, faults) = yaml::parse(text, file, format);
    if let Some(document) = &document {
        sources.cover(secrets::places(document));
    }
    (document, faults)
}

fn unreadable(error: &FileError, missing: &str) -> Diagnostic {
    let fault = Diagnostic::error("file", error.to_string());
    match error.reason {
        Reason::Missing => fault.help(missing),
        Reason::Folder => {
            fault.help(format!("name the file in it: `-f {}`", error.path.join("asi.yaml").display()))
        }
        Reason::Revision(_) => {
            fault.help("name a branch, a tag or a commit; a shallow clone may not have it")
        }
        Reason::TooLarge(_) => fault.help(format!("keep it under {LARGEST_FILE} bytes")),
        Reason::System(_) => fault,
    }
}

/// Points at the first byte that is not UTF-8, in the text with such bytes replaced.
fn not_utf8(name: &str, error: FromUtf8Error, sources: &mut Sources) -> Diagnostic {
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
