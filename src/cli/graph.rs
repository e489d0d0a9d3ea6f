//! `asi graph`

use std::{io, path::PathBuf};

use clap::ValueEnum;

use super::{
    Exit, Global, Output,
    app::{For, assembly},
};
use crate::{graph, ops, render, world::World};

/// Draw the stack for people
///
/// One card for each construct, in the network and the subnets it runs in, with what matters
/// of it: how many tasks of which size, which port leads where. Solid arrows are traffic, as
/// listeners and security groups let it through; dashed ones say who makes use of whom. All
/// stacks of an app come into one picture.
///
/// The SVG shows itself in light and dark surroundings, and needs nothing but itself:
///
///   asi graph -e prod -o docs/prod.svg
///
/// For a pull request, GitHub draws Mermaid in a code block of the language `mermaid`:
///
///   asi graph --format mermaid
///
/// With -f it takes any template and the folder of any cloud assembly, too:
///
///   asi graph -f cdk.out -o stacks.svg
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// The stacks, by the names `asi ls` prints; if absent, those of the chosen environment
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    /// How to write the picture
    #[arg(long, value_name = "FORMAT", default_value = "svg")]
    format: Format,
    /// Write into this file, and print nothing
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How to write a picture.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For browsers, wikis and READMEs
    Svg,
    /// As text that GitHub and others draw
    Mermaid,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let files = world.files.as_ref();
    let folder = match assembly(For::Use, global, world, output)? {
        Ok(folder) => folder,
        Err(exit) => return Ok(exit),
    };
    let path = folder.unwrap_or(&global.file);
    let drawing = ops::graph(files, path, global.env.as_deref(), &args.stacks);
    let exit = output.diagnostics(&drawing.diagnostics, &drawing.sources)?;
    let Some(graph) = drawing.graph.filter(|_| exit == Exit::Done) else { return Ok(exit) };
    let text = match args.format {
        Format::Svg => render::svg(&graph::picture(&graph, &graph::layout(&graph))),
        Format::Mermaid => graph::mermaid(&graph),
    };
    output.text(&text, args.output.as_deref(), files)
}
