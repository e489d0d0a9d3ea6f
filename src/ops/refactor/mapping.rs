//! The file that says what has moved, in the form of the CDK: `{"environments": [{"account": …, "region": …, "resources":
//! {"Stack.Old": "Stack.New"}}]}`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    node::Node,
    span::{Sources, Span, Spanned},
};

use crate::{
    load::{self, is_account},
    world::{Files, cloudformation::Location},
};

/// What somebody says has moved in an environment.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The account; any, if it is not said.
    pub account: Option<String>,
    /// The region; any, if it is not said.
    pub region: Option<String>,
    /// Where each resource was, and where it is.
    pub moves: Vec<(Spanned<Location>, Spanned<Location>)>,
    /// Where it is written.
    pub span: Span,
}

impl Mapping {
    /// The same the other way round.
    #[must_use]
    pub fn reverted(mut self) -> Self {
        self.moves = self.moves.into_iter().map(|(from, to)| (to, from)).collect();
        self
    }

    /// Whether it is about this environment.
    pub(super) fn is_of(&self, account: Option<&str>, region: &str) -> bool {
        let fits = |wanted: &Option<String>, it: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| it.is_none_or(|it| it == wanted))
        };
        fits(&self.account, account) && fits(&self.region, Some(region))
    }
}

/// Reads the file, and keeps its text in `sources`.
pub fn read(files: &dyn Files, path: &Path, sources: &mut Sources) -> (Vec<Mapping>, Vec<Diagnostic>) {
    let text = match load::text(files, path) {
        Ok(text) => text,
        Err(why) => {
            return (Vec::new(), vec![why.diagnostic(path, "name it with `--override-file`", sources)]);
        }
    };
    let (document, mut faults) = load::template(&text, &path.display().to_string(), sources);
    let Some(document) = document else { return (Vec::new(), faults) };
    // The documentation of the CDK has the one name, and its program the other.
    let list = document.get("environments").or_else(|| document.get("mappings"));
    let Some(list) = list.and_then(Node::as_list) else {
        faults.push(fault("the file has no list `environments`", document.span));
        return (Vec::new(), faults);
    };
    let mappings = list.iter().filter_map(|it| mapping(it, &mut faults)).collect();
    (mappings, faults)
}

fn fault(message: impl Into<String>, at: Span) -> Diagnostic {
    Diagnostic::error("override-file", message).at(at).help(
        "write `{\"environments\": [{\"account\": \"…\", \"region\": \"…\", \"resources\": {\"Stack.OldId\": \"Stack.NewId\"}}]}`",
    )
}

fn mapping(node: &Node, faults: &mut Vec<Diagnostic>) -> Option<Mapping> {
    let known = ["account", "region", "resources"];
    let strange = node.as_map().into_iter().flatten().find(|(key, _)| !known.contains(&&***key));
    if let Some((key, entry)) = strange {
        faults.push(fault(format!("an environment has no `{key}`"), entry.key));
    }
    let mut text = |key: &str, is_sound: fn(&str) -> bool| {
        let value = node.get(key)?;
        let text = value.as_str().filter(|it| is_sound(it));
        if text.is_none() {
            faults.push(fault(format!("{} is no {key}", value.describe()), value.span));
        }
        text.map(str::to_owned)
    };
    let account = text("account", is_account);
    let region = text("region", |it| !it.is_empty());
    let Some(resources) = node.get("resources").and_then(Node::as_map) else {
        faults.push(fault("an environment has no `resources`", node.span));
        return None;
    };
    let mut moves = Vec::new();
    let mut ends: BTreeMap<Location, Span> = BTreeMap::new();
    for (from, entry) in resources {
        let ends = &mut ends;
        let from = location(from, entry.key);
        let to = match entry.value.as_str() {
            Some(to) => location(to, entry.value.span),
            None => Err(fault(format!("{} is no place", entry.value.describe()), entry.value.span)),
        };
        match (from, to) {
            (Ok(from), Ok(to)) => {
                if let Some(first) = ends.insert(to.value.clone(), to.span) {
                    let second =
                        Diagnostic::error("override-file", format!("two resources go to `{}`", to.value));
                    faults
                        .push(second.label(to.span, "").label(first, "the first").help("remove one of them"));
                } else {
                    moves.push((from, to));
                }
            }
            (from, to) => faults.extend([from.err(), to.err()].into_iter().flatten()),
        }
    }
    Some(Mapping { account, region, moves, span: node.span })
}

/// The place that is written as `Stack.LogicalId`.
fn location(text: &str, at: Span) -> Result<Spanned<Location>, Diagnostic> {
    match text.split_once('.') {
        Some((stack, id)) if !stack.is_empty() && !id.is_empty() => {
            Ok(Spanned::new(Location::new(stack, id), at))
        }
        _ => Err(fault(format!("`{text}` is no place"), at)),
    }
}

/// What these mappings decide of what is deployed and what is to be, and what is wrong with them. What has moved already is
/// done.
pub(super) fn decided(
    mappings: &[&Mapping],
    deployed: impl Fn(&Location) -> Option<String>,
    wanted: impl Fn(&Location) -> Option<String>,
) -> (BTreeMap<Location, Location>, Vec<Diagnostic>) {
    let mut decided = BTreeMap::new();
    let mut faults = Vec::new();
    let moves: Vec<_> = mappings.iter().flat_map(|it| &it.moves).collect();
    let leaving: BTreeSet<&Location> = moves.iter().map(|(from, _)| &from.value).collect();
    for (from, to) in moves {
        match (deployed(&from.value), wanted(&to.value)) {
            (Some(one), Some(other)) if one == other => {
                decided.insert(from.value.clone(), to.value.clone());
            }
            (Some(one), Some(other)) => {
                let message =
                    format!("`{}` is of type {one}, and `{}` of type {other}", from.value, to.value);
                let fault = Diagnostic::error("override-file", message);
                faults.push(
                    fault.label(from.span, "").label(to.span, "").help("name two that are of one type"),
                );
            }
            (Some(_), None) => {
                let message = format!("`{}` is not in what is synthesized", to.value);
                faults.push(Diagnostic::error("override-file", message).at(to.span).help(
                    "the next deployment would delete what goes there: name a resource that there is, or synthesize what has it",
                ));
            }
            (None, _) if deployed(&to.value).is_some() && !leaving.contains(&to.value) => (),
            (None, _) => {
                let message = format!("`{}` is not deployed", from.value);
                faults.push(Diagnostic::error("override-file", message).at(from.span).help(
                    "name a resource by its stack and its logical id; stacks that are not of this app are named with `--additional-stack-name`",
                ));
            }
        }
    }
    (decided, faults)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::MemoryFiles;

    fn read(text: &str) -> (Vec<Mapping>, Vec<String>) {
        let files = MemoryFiles::with([("moves.json", text.as_bytes())]);
        let (mappings, faults) = super::read(&files, Path::new("moves.json"), &mut Sources::default());
        (mappings, faults.into_iter().map(|it| it.message).collect())
    }

    #[test]
    fn both_names_that_the_cdk_has_for_the_list_are_read() {
        for name in ["environments", "mappings"] {
            let text = format!(
                r#"{{"{name}": [{{"account": "111111111111", "region": "eu-west-1", "resources": {{"A.X": "B.Y"}}}}]}}"#
            );
            let (mappings, faults) = read(&text);
            assert_eq!((mappings.len(), faults), (1, vec![]));
            let Mapping { account, region, moves, .. } = &mappings[0];
            assert_eq!((account.as_deref(), region.as_deref()), (Some("111111111111"), Some("eu-west-1")));
            let shown: Vec<String> = moves.iter().map(|(a, b)| format!("{} {}", a.value, b.value)).collect();
            assert_eq!(shown, ["A.X B.Y"]);
            assert_eq!(mappings[0].clone().reverted().moves[0].0.value, Location::new("B", "Y"));
        }
    }

    #[test]
    fn every_fault_of_the_file_is_told() {
        let faults = |text: &str| read(text).1;
        assert_eq!(faults("{}"), ["the file has no list `environments`"]);
        assert_eq!(
            faults(
                r#"{"environments": [{"account": 1, "stage": "x"}, {"resources": {"A": "B.Y", "A.X": 1, "A.Z": "B.W", "A.V": "B.W"}}]}"#
            ),
            [
                "an environment has no `stage`",
                "the number 1 is no account",
                "an environment has no `resources`",
                "`A` is no place",
                "the number 1 is no place",
                "two resources go to `B.W`"
            ]
        );
    }
}
