//! Refactorings: what moves, what happens, and how it ended.

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, one_of},
    span::{Sources, Span},
};

use super::{aside, diagnostics::counted, diff, endings};
use crate::{
    ops::{
        Deployables,
        deploy::Ending,
        refactor::{End, News, Outcome, Plan, Planned},
    },
    refactor::{Fixed, MOST_STACKS, Need, Obstacle, Unclear},
    render::{Block, Doc, Item, Meaning, Text},
    world::cloudformation::{Location, StackEvent},
};

/// What moves in an environment.
pub fn plan(plan: &Plan, sources: &Sources) -> Doc {
    let place = plan.account.as_ref().map_or(plan.region.clone(), |it| format!("{it} {}", plan.region));
    let title = vec![
        (Meaning::Plain, counted(plan.moves.len(), "resource").unwrap_or_default()),
        (
            Meaning::Plain,
            if plan.moves.len() == 1 { " moves as it is" } else { " move as they are" }.to_owned(),
        ),
        (Meaning::Aside, format!("  {place}")),
    ];
    let item = |it: &Planned| Item {
        cells: vec![
            vec![(Meaning::Changed, "→".to_owned())],
            plain(it.type_name.as_str()),
            vec![(Meaning::Removed, it.from.to_string())],
            vec![(Meaning::Added, it.to.to_string())],
            aside(origin(it, sources)),
        ],
        lines: Vec::new(),
    };
    let mut blocks = vec![Block::Heading(title), Block::Items(plan.moves.iter().map(item).collect())];
    let new: Vec<&str> = plan.stacks.iter().filter(|it| it.is_new).map(|it| it.stack.as_str()).collect();
    if !new.is_empty() {
        let named = if new.len() == 1 { "a new stack" } else { "new stacks" };
        blocks.push(Block::Paragraph(plain(format!("{named}: {}", new.join(", ")))));
    }
    Doc(blocks)
}

/// The construct and the line that a resource comes from, as far as these are known.
fn origin(it: &Planned, sources: &Sources) -> String {
    let at = sources.file(it.span).zip(sources.line_and_column(it.span));
    let at = at.map(|(file, (line, column))| format!("{}:{line}:{column}", file.name));
    let path = it.construct.as_deref().map(|it| diff::construct(it).to_owned());
    let path = path.filter(|path| *path != it.to.id);
    [path, at].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What somebody is asked, up to where the answer is typed.
pub fn question(plan: &Plan) -> String {
    format!("\nMove {} in {}? [y/N] ", if plan.moves.len() == 1 { "it" } else { "them" }, plan.region)
}

/// What is worth a line by itself.
pub fn notice(news: &News<'_>) -> Option<String> {
    match news {
        News::Planned(_) | News::Question(_) | News::Event(..) => None,
        News::Resumed(id) => {
            Some(format!("the refactoring {id} is under way: it is watched to its end first"))
        }
        News::Preparing => Some("CloudFormation is asked what it would do".to_owned()),
        News::Began(id) => Some(format!("the refactoring {id} is executed")),
        News::Finished(it) => Some(format!("the refactoring {} is in {}", it.id, it.status)),
    }
}

/// Something that happened in a stack, in a line.
pub fn event(stack: &str, event: &StackEvent) -> Doc {
    let meaning = match () {
        () if event.status.is_failure() => Meaning::Warning,
        () if event.status.is_rollback() => Meaning::Changed,
        () if event.status.is_done() => Meaning::Added,
        () => Meaning::Plain,
    };
    let mut cells = vec![
        aside(event.time.to_string()),
        super::name(stack),
        vec![(meaning, format!("{:<20}", event.status.as_str()))],
        plain(event.type_name.as_str()),
        vec![(Meaning::Value, event.logical_id.clone())],
    ];
    cells.extend(event.reason.as_ref().map(|it| plain(it.as_str())));
    Doc(vec![Block::Items(vec![Item { cells, lines: Vec::new() }])])
}

/// How it ended, if that is well.
pub fn ending(outcome: &Outcome) -> Option<String> {
    let count = outcome.plan.as_ref().map_or(0, |it| it.moves.len());
    let resources = counted(count, "resource").unwrap_or_default();
    match &outcome.end {
        End::Nothing if outcome.id.is_some() => Some("nothing else has moved".to_owned()),
        End::Nothing => Some("nothing has moved".to_owned()),
        End::Done => Some(format!("{resources} moved; what else differs is left to `asi deploy`")),
        End::Shown
        | End::Unclear(_)
        | End::Blocked(_)
        | End::Busy(..)
        | End::Policy(_)
        | End::Refused { .. }
        | End::Differs { .. }
        | End::Failed { .. }
        | End::Left
        | End::Ended(..) => None,
    }
}

/// What is wrong; nothing, if it ended well. `command` is what was run, as one would type it again.
pub fn faults(outcome: &Outcome, all: &Deployables, command: &str) -> Vec<Diagnostic> {
    let id = outcome.id.as_deref().unwrap_or("of no id");
    let one = match &outcome.end {
        End::Nothing | End::Shown | End::Done => return Vec::new(),
        End::Unclear(unclear) => return unclear.iter().map(|it| ambiguous(it, all)).collect(),
        End::Blocked(obstacles) => return obstacles.iter().map(|it| obstacle(it, all)).collect(),
        End::Busy(stack, status) => {
            let fault = format!("`{stack}` is in {status}, and nothing can move before that ends");
            Diagnostic::error("stack-stuck", fault).help(format!(
                "wait for it with `asi recover {stack} --way wait`, and run the same command again"
            ))
        }
        End::Policy(stack) => {
            let fault = format!(
                "`{stack}` has a stack policy, and CloudFormation moves nothing into or out of such stacks"
            );
            Diagnostic::error("refactor-blocked", fault)
                .help("leave them where they are: a stack policy can be replaced, but not taken away")
        }
        End::Refused { status, reason } => return refused(outcome, all, status, reason.as_deref()),
        End::Differs { added, missing } => {
            let added = added.iter().map(|it| format!("it would {it}"));
            let missing = missing.iter().map(|it| format!("it would not {it}"));
            let lines: Vec<String> = added.chain(missing).collect();
            let fault = format!("the refactoring {id} would not do what was asked for: {}", lines.join("; "));
            Diagnostic::error("refactor-refused", fault)
                .help("nothing was executed: say with `--override-file` which resource is which")
        }
        End::Failed { status, reason, causes, stuck } => {
            let mut faults: Vec<Diagnostic> = causes
                .iter()
                .map(|(stack, it)| {
                    let of = all.stacks.iter().find(|of| of.target.name == *stack);
                    endings::cause(of, it)
                })
                .collect();
            let why = reason.as_ref().map_or(String::new(), |it| format!(": {it}"));
            let fault =
                Diagnostic::error("refactor-failed", format!("the refactoring {id} is in {status}{why}"));
            faults.push(match stuck.first() {
                Some((stack, status)) => fault
                    .help(format!("`{stack}` is in {status}: `asi recover {stack}` says what can be done")),
                None => {
                    fault.help("everything is where it was: mend what failed, and run the same command again")
                }
            });
            return faults;
        }
        End::Left => {
            let fault = format!("nobody watches the refactoring {id} any more; CloudFormation goes on");
            Diagnostic::error("left-running", fault).help("run the same command again to watch it to its end")
        }
        End::Ended(_, Ending::Declined) => {
            Diagnostic::error("no-consent", "nothing has moved: nobody said yes")
        }
        End::Ended(_, Ending::Stopped) => {
            Diagnostic::error("no-consent", "nothing has moved: the run was stopped")
        }
        End::Ended(_, Ending::Undecided(_)) => {
            Diagnostic::error("no-consent", "nothing has moved: nobody is here to say yes")
                .help(format!("say yes: `{command} --yes`"))
        }
        End::Ended(name, ending) => return endings::faults(ending, name, None, command),
    };
    vec![one]
}

/// What CloudFormation does not do, at the line of the first resource that it names, or whose type it names.
fn refused(outcome: &Outcome, all: &Deployables, status: &str, reason: Option<&str>) -> Vec<Diagnostic> {
    let why = reason.unwrap_or("it does not say why");
    let fault = Diagnostic::error(
        "refactor-refused",
        format!("CloudFormation makes no refactoring of this ({status}): {why}"),
    );
    let is_word = |it: char| it.is_ascii_alphanumeric() || it == ':';
    let words: Vec<&str> = why.split(|it| !is_word(it)).map(|it| it.trim_matches(':')).collect();
    let moves = outcome.plan.iter().flat_map(|it| &it.moves);
    let is_named =
        |it: &&Planned| [&it.to.id, &it.from.id, &it.type_name].iter().any(|it| words.contains(&it.as_str()));
    let named: Vec<&Planned> = moves.filter(is_named).collect();
    if named.is_empty() {
        return vec![fault];
    }
    named.iter().map(|it| at(fault.clone(), all, &it.to)).collect()
}

/// Resources of which nothing says which is which.
fn ambiguous(it: &Unclear, all: &Deployables) -> Diagnostic {
    let names = |of: &[Location]| of.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    let fault =
        format!("{} may have become {}: they are alike ({})", names(&it.from), or(&it.to), it.type_name);
    let mut fault = Diagnostic::error("refactor-unclear", fault);
    for to in &it.to {
        let span = span_of(all, to);
        if span.is_written() {
            fault = fault.label(span, format!("`{to}`"));
        }
    }
    let example = format!("{{\"{}\": \"{}\"}}", it.from[0], it.to[0]);
    fault.help(format!(
        "say which is which: `--override-file FILE`, under `environments`, `resources`, such as `{example}`; in a stack file also with `moved`"
    ))
}

fn or(of: &[Location]) -> String {
    let names: Vec<String> = of.iter().map(ToString::to_string).collect();
    one_of(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What is in the way of a move.
fn obstacle(it: &Obstacle, all: &Deployables) -> Diagnostic {
    let blocked = |message: String| Diagnostic::error("refactor-blocked", message);
    match it {
        Obstacle::Fixed { to, type_name, why } => {
            let why = match why {
                Fixed::Custom => "somebody's code makes them",
                Fixed::Tags => "their tags cannot be changed, and by tags CloudFormation marks what is whose",
                Fixed::Unread => "CloudFormation cannot read them",
            };
            let fault = blocked(format!("`{to}` stays where it is: CloudFormation moves no {type_name}, as {why}"));
            at(fault, all, to).help("leave it where it is, under the name it has")
        }
        Obstacle::Taken { from, to } => {
            let fault = blocked(format!("`{from}` cannot become `{to}`: what is deployed there is another resource"));
            at(fault, all, to).help("give it another name, or deploy first what takes the other one away")
        }
        Obstacle::Lacks { to, need, is_new } => lacks(to, need, *is_new, all),
        Obstacle::NoImport { of, to, target } => {
            let fault = blocked(format!("`{of}` refers to what would be `{target}`, and what is synthesized has no such reference"));
            at(fault, all, to).help("deploy that change first, or leave out the reference after the move")
        }
        Obstacle::Empty(stack) => {
            blocked(format!("nothing would be left of `{stack}`, and CloudFormation has no stack without resources"))
                .help("leave something in it, such as an `AWS::CloudFormation::WaitConditionHandle` that is deployed before, and delete the stack afterwards")
        }
        Obstacle::Expanded(stack) => {
            blocked(format!("what is in `{stack}` is made by a transform or a loop, and where that goes cannot be said"))
                .help("write out what is to move, and deploy that first")
        }
        Obstacle::TooMany(stacks) => {
            blocked(format!("{} stacks would take part, and CloudFormation refactors {MOST_STACKS} at once: {}", stacks.len(), stacks.join(", ")))
                .help("name some of them, and the others afterwards")
        }
    }
}

fn lacks(to: &Location, need: &Need, is_new: bool, all: &Deployables) -> Diagnostic {
    let (what, name) = match need {
        Need::Condition(it) => ("the condition", it),
        Need::Mapping(it) => ("the mapping", it),
        Need::Parameter(it) => ("the parameter", it),
        Need::OfStack(it) => ("the pseudo parameter", it),
    };
    let stack = &to.stack;
    let why = match need {
        Need::OfStack(_) => format!("which is another one in `{stack}`"),
        _ if is_new => format!("and CloudFormation makes `{stack}` without any"),
        Need::Condition(_) | Need::Mapping(_) => {
            format!("which `{stack}` does not have as it is deployed, or has another of")
        }
        Need::Parameter(_) => {
            format!("which `{stack}` does not have as it is deployed, or not with the same value")
        }
    };
    let fault = Diagnostic::error("refactor-blocked", format!("`{to}` needs {what} `{name}`, {why}"));
    let help = match need {
        Need::OfStack(_) => "write what it stands for instead, and deploy that first".to_owned(),
        _ if is_new => format!("deploy `{stack}` first, with something in it"),
        _ => format!("deploy `{stack}` with it first"),
    };
    at(fault, all, to).help(help)
}

/// Points at what made a resource.
fn at(fault: Diagnostic, all: &Deployables, to: &Location) -> Diagnostic {
    let of = all.stacks.iter().find(|it| it.target.name == to.stack);
    endings::placed(fault, of, &to.id, None)
}

fn span_of(all: &Deployables, to: &Location) -> Span {
    at(Diagnostic::error("refactor-unclear", ""), all, to).span()
}

fn plain(text: impl Into<String>) -> Text {
    vec![(Meaning::Plain, text.into())]
}
