//! Deployments: what would be done, what happens, and how it ended.

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, one_of},
    id::LogicalId,
    span::Sources,
};

use super::{View, aside, diagnostics::counted, diff, name};
use crate::{
    deploy::Progress,
    ops::{
        Deployable, Presence,
        contents::{Holder, HolderKind},
        deploy::{Ending, News, Proposal, Step, Unswappable},
    },
    render::{Block, Doc, Item, Meaning, Text},
    template::secrets,
    world::{
        AwsError,
        cloudformation::{DeployedStack, Imported, ResourceStatus, StackEvent, StackOutput},
    },
};

/// The most resources that are shown as being under way.
const MOST_RUNNING: usize = 12;
/// The longest name in a table, in characters.
const LONGEST_NAME: usize = 40;
/// The room for a status, and for a type.
const STATUS: usize = 20;
const TYPE: usize = 28;

/// Where resources come from.
#[derive(Clone, Copy, Debug)]
pub struct Origins<'a> {
    /// The stacks, as they were synthesized.
    pub stacks: &'a [Deployable],
    /// Their files.
    pub sources: &'a Sources,
}

/// An option has no effect with a method, but would have one with others.
pub fn idle_option(option: &str, method: &str, methods: &[String]) -> Diagnostic {
    let fault = format!("`{option}` has no effect with `--method {method}`");
    let methods: Vec<&str> = methods.iter().map(String::as_str).collect();
    Diagnostic::error("idle-option", fault)
        .help(format!("leave it out, or choose a method that it belongs to: {}", one_of(&methods)))
}

/// What deploying a stack would do.
pub fn proposal(proposal: &Proposal, view: &View) -> Doc {
    let title = vec![
        (Meaning::Plain, proposal.compared.name.clone()),
        (Meaning::Aside, format!("  {}", proposal.region)),
    ];
    let mut doc = Doc(vec![Block::Heading(title)]);
    doc.0.extend(diff::stack(&proposal.compared, &proposal.sources, view).0);
    doc
}

/// What is worth a line by itself.
pub fn notice(stack: &str, news: &News<'_>) -> Option<String> {
    let text = match news {
        News::Busy(it) => format!("`{stack}` is in {}: it is watched to its end first", it.status),
        News::Own(error) => {
            format!("`{stack}`: its role cannot be taken on, and your own credentials are used: {error}")
        }
        News::Leftover => format!(
            "`{stack}` never came up, and only its name is left (ROLLBACK_COMPLETE): that is deleted first"
        ),
        News::Emptying(it) => format!("`{stack}`: {} is emptied", holder(it)),
        News::Unseen(it, error) if error.is_denied() => format!(
            "`{stack}`: whether {} holds anything is not known, because you may not call `{}`; the deletion fails if it does",
            holder(it),
            action(it, error)
        ),
        News::Unseen(it, error) => {
            format!("`{stack}`: whether {} holds anything is not known: {error}", holder(it))
        }
        News::Publishing(asset, Step::Made) => format!("`{stack}`: `{asset}` is made"),
        News::Publishing(asset, Step::Sent) => format!("`{stack}`: `{asset}` is sent to where it is read"),
        News::Whole(why) => format!("`{stack}` is deployed as a whole, because {}", unswappable(why)),
        News::Swapping(service, revision) => {
            let revision = revision.rsplit('/').next().unwrap_or(revision);
            format!("`{stack}`: `{service}` takes {revision} into use")
        }
        News::Preparing => format!("`{stack}`: CloudFormation is asked what would change"),
        News::Cancelled(None) => format!("`{stack}` is turned back to what it was"),
        News::Cancelled(Some(error)) => format!("`{stack}` goes on: {error}"),
        _ => return None,
    };
    Some(text)
}

/// Why containers alone cannot be exchanged, as the end of a sentence.
pub(super) fn unswappable(why: &Unswappable) -> String {
    /// How many of the things that differ are named.
    const MOST: usize = 5;
    match why {
        Unswappable::Absent => "it is not deployed yet".to_owned(),
        Unswappable::Others(names) => {
            let more = match names.len().saturating_sub(MOST) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let names = names[..names.len().min(MOST)].join(", ");
            format!("more differs than the containers of ECS: {names}{more}")
        }
        Unswappable::Used { task, by } => format!("`{by}` takes the revision of `{task}`, and is no service"),
        Unswappable::Unused(task) => format!("no service runs `{task}`"),
        Unswappable::Unknown { task, value } => {
            format!("only CloudFormation knows the value of `{value}`, which `{task}` has")
        }
    }
}

/// What somebody is asked, up to where the answer is typed.
pub fn question(stack: &str, news: &News<'_>) -> Option<String> {
    let text = match news {
        News::Question(it) if it.compared.presence == Presence::Doomed => {
            format!("Delete {stack} in {}? [y/N] ", it.region)
        }
        News::Question(it) => format!("Deploy {stack} to {}? [y/N] ", it.region),
        News::MayEmpty(it) => format!("Delete all that {} holds, for good? [y/N] ", holder(it)),
        News::MayImport => format!("\nTake them into {stack}? [y/N] "),
        News::Interrupted(stacks) => format!(
            "\nCloudFormation works on {}. [l]eave it to that, [c]ancel the update, or go on [w]atching? [l/c/w] ",
            stacks.join(", ")
        ),
        _ => return None,
    };
    Some(text)
}

/// "the bucket `shop-uploads`, `Uploads`"
pub(super) fn holder(it: &Holder) -> String {
    let kind = match it.kind {
        HolderKind::Bucket => "bucket",
        HolderKind::Repository => "repository",
    };
    format!("the {kind} `{}` (`{}`)", it.name, it.id)
}

/// The action of IAM that a call takes.
fn action(it: &Holder, error: &AwsError) -> String {
    match it.kind {
        HolderKind::Bucket => "s3:ListBucketVersions".to_owned(),
        HolderKind::Repository => format!("ecr:{}", error.operation),
    }
}

/// What would be taken into a stack.
pub fn imports(stack: &str, resources: &[Imported]) -> Doc {
    let item = |it: &Imported| {
        let identifier: Vec<String> =
            it.identifier.iter().map(|(key, value)| format!("{key} {value}")).collect();
        let cells = vec![
            vec![(Meaning::Added, "←".to_owned())],
            vec![(Meaning::Plain, it.type_name.clone())],
            vec![(Meaning::Value, it.id.clone())],
            aside(identifier.join(", ")),
        ];
        Item { cells, lines: Vec::new() }
    };
    let title = vec![(Meaning::Plain, format!("{stack}: resources that it takes in as they are"))];
    Doc(vec![Block::Heading(title), Block::Items(resources.iter().map(item).collect())])
}

/// Something that happened to a resource, in a line.
pub fn event(stack: &str, event: &StackEvent, progress: &Progress, origins: Origins<'_>) -> Doc {
    let far = progress.planned().map_or(String::new(), |it| {
        let all = it.to_string();
        format!("{:>2$}/{}", progress.done(), all, all.len())
    });
    let meaning = match () {
        () if event.status.is_failure() => Meaning::Warning,
        () if event.status.is_rollback() => Meaning::Changed,
        () if event.status.is_done() => Meaning::Added,
        () => Meaning::Plain,
    };
    let mut cells = vec![
        aside(event.time.to_string()),
        name(stack),
        aside(far),
        vec![(meaning, format!("{:<STATUS$}", event.status.as_str()))],
        vec![(Meaning::Plain, format!("{:<TYPE$}", event.type_name))],
        vec![(Meaning::Value, progress.path(event))],
        aside(origins.place(stack, event, progress)),
    ];
    cells.extend(event.reason.as_ref().map(|it| vec![(Meaning::Plain, it.clone())]));
    Doc(vec![Block::Items(vec![Item { cells, lines: Vec::new() }])])
}

/// A failure, in a line above a table: where there is little room, why something failed matters most.
pub fn failure(event: &StackEvent, progress: &Progress) -> Doc {
    let mut cells = vec![
        aside(event.time.to_string()),
        vec![(Meaning::Warning, event.status.to_string())],
        vec![(Meaning::Value, short(&progress.path(event)))],
    ];
    cells.extend(event.reason.as_ref().map(|it| vec![(Meaning::Plain, it.clone())]));
    Doc(vec![Block::Items(vec![Item { cells, lines: Vec::new() }])])
}

/// A name that leaves room for others in its line.
fn short(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME - 1) {
        Some((end, last)) if name.len() > end + last.len_utf8() => format!("{}…", &name[..end]),
        _ => name.to_owned(),
    }
}

/// How far the deployments under way are.
pub fn progress<'a>(all: impl IntoIterator<Item = (&'a String, &'a Progress)>, origins: Origins<'_>) -> Doc {
    let mut blocks = Vec::new();
    for (stack, progress) in all {
        let status = progress.status.as_ref();
        let is_turned = status.is_some_and(ResourceStatus::is_rollback);
        let doing = match status.map(ResourceStatus::as_str) {
            _ if is_turned => "is turned back",
            Some(it) if it.starts_with("DELETE") => "is deleted",
            Some(it) if it.starts_with("CREATE") => "is made",
            Some(it) if it.contains("CLEANUP") => "is cleaned up",
            Some(_) | None => "is changed",
        };
        let far =
            progress.planned().map_or(String::new(), |it| format!("{} of {it} done, ", progress.done()));
        let mut title = name(stack.as_str());
        let meaning = if is_turned { Meaning::Warning } else { Meaning::Plain };
        title.push((meaning, format!(" {doing}: ")));
        title.push((Meaning::Plain, format!("{far}{}", duration(progress.seconds()))));
        blocks.push(Block::Paragraph(title));
        let running = progress.running();
        let mut items: Vec<Item> = running
            .iter()
            .take(MOST_RUNNING)
            .map(|(event, seconds)| Item {
                cells: vec![
                    // First, as what does not fit is cut off.
                    aside(duration(*seconds)),
                    vec![(Meaning::Changed, event.status.as_str().to_owned())],
                    vec![(Meaning::Plain, event.type_name.clone())],
                    vec![(Meaning::Value, short(&progress.path(event)))],
                    aside(origins.place(stack, event, progress)),
                ],
                lines: Vec::new(),
            })
            .collect();
        if running.len() > MOST_RUNNING {
            let more = format!("and {} more", running.len() - MOST_RUNNING);
            items.push(Item { cells: vec![aside(more)], lines: Vec::new() });
        }
        blocks.push(Block::Items(items));
    }
    Doc(blocks)
}

/// How a deployment ended that ended well; nothing, if it did not.
pub fn ending(stack: &str, ending: &Ending, seconds: Option<u64>) -> Option<Doc> {
    let text = match ending {
        Ending::Unchanged(_) => " is as it should be: nothing to do".to_owned(),
        Ending::Prepared(made) => format!(" waits for its change set to be executed: {}", made.change_set),
        Ending::Done(_) => {
            seconds.map_or(" is deployed".to_owned(), |it| format!(" is deployed, in {}", duration(it)))
        }
        Ending::Swapped(_) => {
            " runs these containers, of which CloudFormation does not know before `asi deploy`; what you take back before \
             that, take back with `--hotswap`, too"
                .to_owned()
        }
        Ending::Recovered(it) => format!(" is in {}", it.status),
        Ending::Gone => " is gone".to_owned(),
        _ => return None,
    };
    let mut line: Text = name(stack);
    line.push((Meaning::Plain, text));
    Some(Doc(vec![Block::Paragraph(line)]))
}

/// What a stack gives, each as `stack.Key = value`, which programs read, too. What it gives to other stacks of its file
/// is left out.
pub fn outputs(stack: &DeployedStack) -> String {
    let is_told = |it: &&StackOutput| it.export.is_none() || !it.key.starts_with("ExportsOutput");
    let told = stack.outputs.iter().filter(is_told);
    let line =
        |it: &StackOutput| format!("{}.{} = {}\n", stack.name, it.key, secrets::shown(&it.key, &it.value));
    told.map(line).collect()
}

/// "1 min 4 s"
pub(super) fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, min, s) => format!("{min} min {s} s"),
        (h, min, _) => format!("{h} h {min} min"),
    }
}

/// "2 stacks deployed, 1 failed"; nothing where there was one.
pub fn deployed(endings: &[(String, Ending)]) -> Option<String> {
    if endings.len() < 2 {
        return None;
    }
    let count = |is: fn(&Ending) -> bool| endings.iter().filter(|(_, it)| is(it)).count();
    let done = count(|it| matches!(it, Ending::Done(_) | Ending::Swapped(_)));
    let same = count(|it| matches!(it, Ending::Unchanged(_)));
    let prepared = count(|it| matches!(it, Ending::Prepared(_)));
    let parts = [
        counted(done, "stack").map(|it| format!("{it} deployed")),
        counted(prepared, "stack").map(|it| format!("{it} prepared")),
        counted(same, "stack").map(|it| format!("{it} unchanged")),
        counted(endings.len() - done - same - prepared, "stack").map(|it| format!("{it} not deployed")),
    ];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

impl Origins<'_> {
    /// The construct and the line that a resource comes from; nothing, if that is not known.
    fn place(&self, stack: &str, event: &StackEvent, progress: &Progress) -> String {
        let Some(of) = self.stacks.iter().find(|it| it.target.name == stack) else { return String::new() };
        let is_nested = progress.path(event) != event.logical_id;
        let resource = of.template.body.get("Resources").and_then(|it| it.get(&event.logical_id));
        let Some(resource) = resource.filter(|_| !is_nested) else { return String::new() };
        let path = LogicalId::checked(&event.logical_id).ok().and_then(|it| of.template.paths.get(&it));
        let span = resource.written();
        let at = self.sources.file(span).zip(self.sources.line_and_column(span));
        let at = at.map(|(file, (line, column))| format!("{}:{line}:{column}", file.name));
        let path = path.map(|it| diff::construct(it).to_owned()).filter(|it| *it != event.logical_id);
        [path, at].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}
