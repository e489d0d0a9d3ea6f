//! A first stack file.

use std::path::{Path, PathBuf};

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    scalar::{self, Rules, Scalar},
};

use super::schema;
use crate::{
    load::is_app_name,
    world::{FileError, Files},
};

/// The stack that `asi init` writes, `APP` standing for the name of the app.
pub const TEMPLATE: &str = include_str!("init.yaml");
/// The file editors complete and check by.
const SCHEMA: &str = "asi.schema.json";

/// What keeps a stack file from being made.
#[derive(Debug)]
pub enum Error {
    /// The input is wrong.
    Input(Diagnostic),
    /// A file could not be written.
    Files(FileError),
}

/// Writes a stack file at `path`, and its schema beside it; returns what it wrote.
///
/// # Errors
///
/// If there is a file already, the name cannot name a stack, or a file cannot be written.
pub fn init(files: &dyn Files, path: &Path, app: &str) -> Result<Vec<PathBuf>, Error> {
    // Without quotes, `null` and `on` are no text.
    let is_text = scalar::resolve(app, Rules::Yaml11) == Scalar::Text;
    if !is_app_name(app) || !is_text {
        return Err(Error::Input(
            Diagnostic::error("app-name", format!("`{app}` cannot name a stack")).help(format!(
                "begin with a letter, and use letters, digits and `-`: `asi init {}`",
                app_name(app)
            )),
        ));
    }
    let schema_path = path.with_file_name(SCHEMA);
    check_free(files, &[path, &schema_path]).map_err(Error::Input)?;
    files.write(&schema_path, schema::schema().as_bytes()).map_err(Error::Files)?;
    files.write(path, TEMPLATE.replace("APP", app).as_bytes()).map_err(Error::Files)?;
    Ok(vec![path.to_owned(), schema_path])
}

/// Says no to a stack file that would be written over, or to standard output.
pub fn check_free(files: &dyn Files, paths: &[&Path]) -> Result<(), Diagnostic> {
    if paths.contains(&Path::new("-")) {
        return Err(Diagnostic::error("file", "a stack file is written to a file, not to standard output")
            .help("name it with `-f`, or leave that out for `asi.yaml`"));
    }
    match paths.iter().find(|it| files.exists(it)) {
        Some(there) => {
            Err(Diagnostic::error("file-exists", format!("there is already `{}`", there.display()))
                .help("name a file in another folder with `-f`; nothing is written over"))
        }
        None => Ok(()),
    }
}

/// The nearest to `text` that may name an app.
pub fn app_name(text: &str) -> String {
    let name: String = text.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect();
    let name = name.trim_start_matches(|it: char| !it.is_ascii_alphabetic()).trim_end_matches('-');
    let name = &name[..name.len().min(100)];
    if name.is_empty() { "app".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_a_legal_name() {
        assert_eq!(app_name("my_shop.v2"), "my-shop-v2");
        assert_eq!(app_name("2048"), "app");
        assert_eq!(app_name("_x_"), "x");
    }
}
