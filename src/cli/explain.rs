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
/// `asi explain subnet-overlap` a message.
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
    if let Some(doc) = present::code(name) {
        output.doc(&doc)?;
        return Ok(Exit::Done);
    }
    let codes: Vec<&str> = present::CODES.iter().map(|(code, _)| *code).collect();
    match ops::explain(name, &codes) {
        Ok(Explained::Construct(it)) => output.doc(&present::construct(it))?,
        Ok(Explained::Property(name, field)) => output.doc(&present::property(&name, &field))?,
        Err(fault) => return output.fault(fault),
    }
    Ok(Exit::Done)
}
