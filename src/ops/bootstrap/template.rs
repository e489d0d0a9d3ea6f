//! The template of the bootstrap stack, ours or one of the user's.
//!
//! Its logical ids and the names of its resources are the CDK's, and do not change: bucket, repository and roles of every
//! account that was bootstrapped, by whichever tool, would be replaced, and whatever refers to them by name would fail.

use std::path::Path;

use asi_constructs::kernel::{diagnostic::Diagnostic, span::Sources};

use crate::{
    load,
    template::{Template, scalar},
    world::Files,
};

/// Our template, as it is written.
const TEXT: &str = include_str!("template.yaml");

/// The template of a bootstrap stack.
#[derive(Clone, Debug)]
pub struct Blueprint {
    /// The template.
    pub template: Template,
    /// The same as it is written.
    pub text: String,
    /// Its file, for the places of what is in it.
    pub sources: Sources,
}

impl Default for Blueprint {
    /// Ours.
    fn default() -> Self {
        let mut sources = Sources::default();
        let (body, _) = load::template(TEXT, "bootstrap.yaml", &mut sources);
        Self { template: Template::new(body.expect("a test reads it")), text: TEXT.to_owned(), sources }
    }
}

impl Blueprint {
    /// The template in a file; or what is wrong with it, and the file for that.
    pub fn read(files: &dyn Files, path: &Path) -> Result<Self, (Vec<Diagnostic>, Sources)> {
        let mut sources = Sources::default();
        let missing = "name a template; `asi bootstrap --show-template` prints one to begin with";
        let text = match load::text(files, path) {
            Ok(text) => text,
            Err(why) => return Err((vec![why.diagnostic(path, missing, &mut sources)], sources)),
        };
        match load::template(&text, &path.display().to_string(), &mut sources) {
            (Some(body), faults) if faults.is_empty() => {
                Ok(Self { template: Template::new(body), text, sources })
            }
            (_, faults) => Err((faults, sources)),
        }
    }
}

/// The version of a template; nothing, if it does not say.
pub fn version(template: &Template) -> Option<u64> {
    let output = || template.body.get("Outputs")?.get("BootstrapVersion")?.get("Value");
    let resource = || {
        let parameter = template.body.get("Resources")?.get("CdkBootstrapVersion")?;
        parameter.get("Properties")?.get("Value")
    };
    [output(), resource()].into_iter().flatten().find_map(|it| scalar(it)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Comments left out, it is what our emitter makes of it.
    #[test]
    fn is_written_as_we_write_templates() {
        let is_comment = |it: &&str| it.trim_start().starts_with("# ");
        let written: String = TEXT.lines().filter(|it| !is_comment(it)).flat_map(|it| [it, "\n"]).collect();
        assert_eq!(Blueprint::default().template.to_yaml(), written);
    }

    #[test]
    fn says_the_same_version_twice() {
        let template = Blueprint::default().template;
        let (without_output, _) = TEXT.split_once("Outputs:").unwrap();
        let (body, _) = load::template(without_output, "resources.yaml", &mut Sources::default());
        let resources = Template::new(body.unwrap());
        assert_eq!((version(&template), version(&resources)), (Some(33), Some(33)));
    }
}
