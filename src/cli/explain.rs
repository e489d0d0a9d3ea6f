//! `asi explain`

use std::io;

use asi_constructs::CATALOGUE;

use super::{Exit, Output};
use crate::{
    ops::{self, Explained},
    present,
};

/// Explain a construct, a property, or the code of a message
///
/// `asi explain` lists the constructs; `asi explain FargateService` tells what one takes and gives;
/// `asi explain FargateService.count.cpu` explains a property, `asi explain outputs` a section of the stack file, and
/// `asi explain subnet-overlap` or `asi explain E3004` a message.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to explain: a KIND, KIND.property, a section of the stack file, or a code
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

pub(super) fn run(args: &Args, output: &mut Output<'_>) -> io::Result<Exit> {
    let Some(name) = &args.name else {
        output.doc(&present::constructs(CATALOGUE))?;
        return Ok(Exit::Done);
    };
    let codes = present::CODES.iter().map(|(code, _)| *code).chain(present::RULES.iter().map(|it| it.code));
    let codes: Vec<&str> = codes.collect();
    let thing = ops::explain(name, &codes).map(|it| match it {
        Explained::Construct(it) => present::construct(it),
        Explained::Property(name, field) => present::property(&name, &field),
    });
    // `region` is a section of the stack file, and the code of a message about it.
    match (thing, present::code(name)) {
        (Ok(mut doc), Some(code)) => {
            doc.0.extend(code.0);
            output.doc(&doc)?;
        }
        (Ok(doc), None) | (Err(_), Some(doc)) => output.doc(&doc)?,
        (Err(fault), None) => return output.fault(fault),
    }
    Ok(Exit::Done)
}
