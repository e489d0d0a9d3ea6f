//! `asi explain`

use std::io;

use asi_constructs::{CATALOGUE, kernel::diagnostic::Diagnostic};

use super::{Exit, Output};
use crate::present;

/// Explain a construct, a property, or the code of a message
///
/// `asi explain` lists the constructs; `asi explain FargateService` tells what one takes and gives;
/// `asi explain FargateService.count.cpu` explains a property, and `asi explain subnet-overlap` a message.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to explain: KIND, KIND.property, or a code
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

pub(super) fn run(args: &Args, output: &mut Output<'_>) -> io::Result<Exit> {
    let Some(name) = &args.name else {
        output.doc(&present::constructs(CATALOGUE))?;
        return Ok(Exit::Done);
    };
    let path: Vec<&str> = name.split('.').collect();
    let construct = CATALOGUE.iter().find(|it| it.kind.eq_ignore_ascii_case(path[0]));
    let doc = match construct {
        Some(construct) if path.len() == 1 => present::construct(construct),
        Some(construct) => match present::property(construct, &path[1..]) {
            Ok(doc) => doc,
            Err((key, known)) => {
                let fault = Diagnostic::error(
                    "unknown-property",
                    format!("there is no property `{key}` in `{name}`"),
                );
                return output.fault(fault.suggest(&key, known));
            }
        },
        None => match present::code(name) {
            Some(doc) => doc,
            None => {
                let known =
                    CATALOGUE.iter().map(|it| it.kind).chain(present::CODES.iter().map(|(code, _)| *code));
                let fault =
                    Diagnostic::error("unknown-type", format!("there is no construct and no code `{name}`"));
                return output.fault(fault.suggest(name, known));
            }
        },
    };
    output.doc(&doc)?;
    Ok(Exit::Done)
}
