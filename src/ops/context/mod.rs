//! What was looked up in AWS: kept in `cdk.context.json` as the CDK keeps it, listed, and taken out of there.

#[cfg(feature = "aws")]
mod fetch;
#[cfg(feature = "aws")]
mod lookups;
mod pattern;

use std::path::{Path, PathBuf};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, has_errors},
    span::Sources,
};
use serde_json::{Map, Value};

use crate::{
    load, template,
    world::{FileError, Files},
};

#[cfg(feature = "aws")]
pub use fetch::{Fetched, fetch};
#[cfg(feature = "aws")]
pub use lookups::{Answer, Failure, look_up};

/// The key that says of a value that it is not to be kept.
const TRANSIENT: &str = "$dontSaveContext";

/// What a file keeps of what was looked up.
#[derive(Debug, Default)]
pub struct Context {
    /// The file.
    pub path: PathBuf,
    /// The values by their keys, in the order of the file.
    pub entries: Map<String, Value>,
    /// What is wrong with the file.
    pub diagnostics: Vec<Diagnostic>,
    /// Its text, for excerpts.
    pub sources: Sources,
}

impl Context {
    /// Reads the file at `path`; one that is not there keeps nothing.
    pub fn read(files: &dyn Files, path: &Path) -> Self {
        let mut context = Self { path: path.to_owned(), ..Self::default() };
        let (root, diagnostics) = load::context(files, path, &mut context.sources);
        context.diagnostics = diagnostics;
        let Some(root) = root.filter(|_| !has_errors(&context.diagnostics)) else { return context };
        match template::to_value(&root) {
            Value::Object(entries) => context.entries = entries,
            _ => {
                let fault = Diagnostic::error("context-file", "what was looked up is kept by its keys");
                let fault = fault.at(root.span).help("remove the file: what is needed is looked up again");
                context.diagnostics.push(fault);
            }
        }
        context
    }

    /// The keys with their numbers, in order.
    pub fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = self.entries.keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys
    }

    /// Keeps these values, but for those that say they are not to be kept. A key that is there stays where it is.
    pub fn keep(&mut self, values: impl IntoIterator<Item = (String, Value)>) {
        self.entries.extend(values.into_iter().filter(|(_, value)| !is_transient(value)));
    }

    /// Takes out what has this number or key, or fits this pattern, and gives the keys; none, if there is no such thing.
    pub fn reset(&mut self, which: &str) -> Vec<String> {
        let keys = self.keys();
        let numbered = which.parse::<usize>().ok().and_then(|it| keys.get(it.checked_sub(1)?).copied());
        let meant: Vec<String> = match numbered {
            Some(key) => vec![key.to_owned()],
            None => keys
                .into_iter()
                .filter(|it| *it == which || pattern::fits(which, it))
                .map(str::to_owned)
                .collect(),
        };
        self.entries.retain(|key, _| !meant.contains(key));
        meant
    }

    /// Writes the file, whole.
    ///
    /// # Errors
    ///
    /// A [`FileError`] if it cannot be written.
    pub fn write(&self, files: &dyn Files) -> Result<(), FileError> {
        let mut text = serde_json::to_string_pretty(&self.entries).expect("its keys are text");
        text.push('\n');
        files.write(&self.path, text.as_bytes())
    }
}

fn is_transient(value: &Value) -> bool {
    value.get(TRANSIENT).is_some_and(|it| *it == Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::world::MemoryFiles;

    fn context(text: &str) -> Context {
        let files = MemoryFiles::with([("a/cdk.context.json", text.as_bytes())]);
        Context::read(&files, Path::new("a/cdk.context.json"))
    }

    fn written(context: &Context) -> String {
        let files = MemoryFiles::default();
        context.write(&files).expect("memory takes it");
        String::from_utf8(files.all()[&context.path].clone()).expect("text")
    }

    #[test]
    fn a_file_is_written_as_the_cdk_writes_it() {
        let mut context = context("{\"b\": 1, \"a\": {\"x\": [\"é\", null, 1.5]}}");
        context.keep([
            ("c".to_owned(), json!([])),
            ("b".to_owned(), json!({})),
            ("gone".to_owned(), json!({ "$providerError": "no", "$dontSaveContext": true })),
        ]);
        assert_eq!(
            written(&context),
            "{\n  \"b\": {},\n  \"a\": {\n    \"x\": [\n      \"é\",\n      null,\n      1.5\n    ]\n  },\n  \"c\": []\n}\n"
        );
    }

    #[test]
    fn entries_are_taken_out_by_number_by_key_and_by_pattern() {
        let text = r#"{"ssm:b": 1, "ami:x": 2, "ssm:a/b": 3, "3": 4}"#;
        let reset = |which: &str| {
            let mut context = context(text);
            let taken = context.reset(which);
            (taken, context.keys().join(" "))
        };
        assert_eq!(reset("2"), (vec!["ami:x".to_owned()], "3 ssm:a/b ssm:b".to_owned()));
        assert_eq!(reset("ssm:b"), (vec!["ssm:b".to_owned()], "3 ami:x ssm:a/b".to_owned()));
        assert_eq!(reset("ssm:*"), (vec!["ssm:a/b".to_owned(), "ssm:b".to_owned()], "3 ami:x".to_owned()));
        assert_eq!(reset("9").0, [""; 0]);
        assert_eq!(reset("0").0, [""; 0]);
    }

    #[test]
    fn a_file_that_is_no_such_file_is_told_of() {
        let told = |text: &str| {
            let context = context(text);
            let told = |it: &Diagnostic| {
                format!("{} at `{}`: {}", it.code, context.sources.text(it.span()).unwrap_or("?"), it.message)
            };
            context.diagnostics.iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(told("[]"), ["context-file at `[]`: what was looked up is kept by its keys"]);
        assert_eq!(context("{\"a\": ").entries.len(), 0);
        let none = Context::read(&MemoryFiles::default(), Path::new("cdk.context.json"));
        assert!(none.diagnostics.is_empty() && none.entries.is_empty());
    }
}
