//! What `asi recover` and `asi rollback` say of the ways on, beside what these are.

use asi_constructs::kernel::diagnostic::{Diagnostic, nearest};

use crate::{deploy::Way, ops::recover::State};

/// What somebody is asked who is to choose a way.
pub const WHICH: &str = "\nWhich way? ";

/// What somebody is asked before something is lost.
pub fn question(way: Way, stack: &str) -> String {
    format!("{} {stack}? [y/N] ", way.name())
}

/// Nobody is there to choose a way.
pub fn not_chosen(state: &State, command: &str) -> Diagnostic {
    let ways = state.ways.iter().filter(|it| it.command().is_none());
    let names: Vec<String> = ways.map(|it| format!("`{command} --way {}`", it.name())).collect();
    Diagnostic::error("no-consent", "nobody is here to choose a way")
        .help(format!("name one: {}", names.join(", ")))
}

/// There is no such way.
pub fn unknown(way: &str, state: &State) -> Diagnostic {
    let names: Vec<&str> = state.ways.iter().map(|it| it.name()).collect();
    let help = nearest(way, &names).map_or_else(|| names.join(", "), |it| format!("did you mean `{it}`?"));
    Diagnostic::error("no-way", format!("there is no way `{way}` on from here")).help(help)
}

/// It is a way that another command goes.
pub fn elsewhere(way: Way, command: &str) -> Diagnostic {
    Diagnostic::error("no-way", format!("`{}` is gone by another command", way.name()))
        .help(format!("run `{command}`"))
}

/// There is nothing to turn back.
pub fn nothing_to_turn_back(state: &State) -> Diagnostic {
    let fault =
        format!("`{}` is in {}, and there is nothing to turn back", state.stack.name, state.stack.status);
    Diagnostic::error("no-way", fault).help("`asi recover` says what can be done")
}

/// Something would be lost, and nobody is there to say yes to that.
pub fn loses(way: Way, command: &str) -> Diagnostic {
    let fault = format!("`{}` loses something, and nobody is here to say yes", way.name());
    Diagnostic::error("no-consent", fault).help(format!("say yes: `{command} --yes`"))
}

/// Resources were named for a way that takes none.
pub fn takes_no_resources(way: Way, resources: &[String]) -> Diagnostic {
    let fault =
        format!("`{}` takes no resources, and these were named: {}", way.name(), resources.join(", "));
    Diagnostic::error("no-way", fault).help("leave them out, or go another way")
}

/// How a stack is that nothing has to be done with.
pub fn already(state: &State) -> String {
    format!("`{}` is in {}", state.stack.name, state.stack.status)
}
