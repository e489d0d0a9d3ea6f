//! What two sides say differently: two templates, stack files or assemblies, or a stack file and what it was, or what
//! is deployed of it.

#[cfg(feature = "aws")]
mod deployed;
mod sides;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, has_errors},
    node::Node,
    span::Sources,
};

#[cfg(feature = "aws")]
pub use self::deployed::{Asking, deployed};
use self::sides::{Member, Side, Sides};
use super::{
    selection::{Known, fitting},
    synth::in_order,
};
use crate::{
    diff::{self, Kind, ResourceChange, TemplateDiff},
    refactor::{self, App, Found, Move, Part},
    review::Observed,
    template::{Template, secrets::shown},
    world::{Files, Revisions},
};

/// What to compare.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Both sides.
    pub between: Between<'a>,
    /// The environment to take of stack files; all of them, if none is chosen.
    pub environment: Option<&'a str>,
    /// The stacks to compare, by name; all of them, if there are none.
    pub stacks: &'a [String],
}

/// Both sides of a comparison.
#[derive(Clone, Copy, Debug)]
pub enum Between<'a> {
    /// What there was, and what there is: templates, stack files, or folders with assemblies.
    Paths(&'a Path, &'a Path),
    /// A stack file as it was at a revision, and as it is.
    Revision(&'a str, &'a Path),
}

/// What two sides say differently.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The stacks, in the order of the new side, then those that are gone; none if something is wrong with the input.
    pub stacks: Vec<Compared>,
    /// Faults of both sides, and warnings of the new one.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read.
    pub sources: Sources,
}

/// What two templates of one stack say differently.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The name of the stack, or that of the file.
    pub name: String,
    /// The name it had on the old side, if that is another stack's.
    pub renamed_from: Option<String>,
    /// The environment of the stack file that it is for.
    pub environment: Option<String>,
    /// The account it is bound to.
    pub account: Option<String>,
    /// The region it is bound to.
    pub region: Option<String>,
    /// On which side it is.
    pub presence: Presence,
    /// What there was, and what there is.
    pub templates: Box<[Template; 2]>,
    /// What differs.
    pub diff: TemplateDiff,
    /// The tags that differ, which CloudFormation gives to all that can have some; those of a stack that is new or gone are
    /// not among them.
    pub tags: Vec<TagChange>,
    /// What is to be said beside that of a stack that is deployed.
    pub remarks: Remarks,
}

/// A tag of a stack that is another, or on one side only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagChange {
    /// Its key.
    pub key: String,
    /// Its value before.
    pub was: Option<String>,
    /// Its value after.
    pub is: Option<String>,
}

/// What is to be said of a stack that is deployed, beside what differs.
#[derive(Clone, Debug, Default)]
pub struct Remarks {
    /// Resources that are written in another way, and that CloudFormation leaves as they are.
    pub untouched: Vec<String>,
    /// Resources that were changed by somebody outside of CloudFormation.
    pub drifted: Vec<String>,
    /// Parameters that keep their values, though their defaults have changed: name, value, default.
    pub kept: Vec<(String, String, String)>,
    /// Parameters that are given other values than they have: name, value, new value.
    pub given: Vec<(String, String, String)>,
    /// Parameters that are given values they do not have: name and value, which is hidden where nobody may see it.
    pub fresh: Vec<(String, String)>,
    /// The images that resources which are made or changed are to run, where CloudFormation knows them: resource, image.
    pub images: Vec<(String, String)>,
    /// What only the account tells.
    pub observed: Vec<Observed>,
}

#[cfg(feature = "aws")]
impl Remarks {
    /// What is to be said of the values of parameters.
    pub(in crate::ops) fn of_values(&mut self, values: &crate::deploy::Values) {
        self.kept.clone_from(&values.kept);
        self.given.clone_from(&values.changed);
        self.fresh.clone_from(&values.fresh);
    }
}

/// What a refactoring would move within and between these stacks; nothing, if something is in the way, or not clear.
fn certain_moves(stacks: &[&Compared]) -> Vec<Move> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for it in stacks {
        let [old, new] = it.templates.each_ref().map(|it| Part { body: &it.body, values: None });
        if it.presence == Presence::Both {
            before.push((it.name.clone(), old));
        }
        after.push((it.name.clone(), new));
    }
    let (before, after) = (App::new(before), App::new(after));
    let Found { moves, unclear } = refactor::find(&before, &after, &BTreeMap::new());
    let is_certain = unclear.is_empty() && refactor::apply(&before, &after, &moves).is_ok();
    if is_certain { moves } else { Vec::new() }
}

impl Comparison {
    /// The resources that have gone to another stack, and that a refactoring would keep as they are, where that is sure.
    pub fn refactorable(&self) -> Vec<Move> {
        let has = |is: fn(&Kind) -> bool| {
            let has = |it: &Compared| it.diff.resources.iter().any(|it| is(&it.kind));
            self.stacks.iter().any(has)
        };
        let may_have = has(|it| matches!(it, Kind::Removed(_))) && has(|it| matches!(it, Kind::Added));
        if self.stacks.len() < 2 || !may_have {
            return Vec::new();
        }
        let place = |it: &Compared| (it.environment.clone(), it.account.clone(), it.region.clone());
        let mut groups: Vec<Vec<&Compared>> = Vec::new();
        for stack in self.stacks.iter().filter(|it| matches!(it.presence, Presence::Both | Presence::Added)) {
            match groups.iter_mut().find(|group| place(group[0]) == place(stack)) {
                Some(group) => group.push(stack),
                None => groups.push(vec![stack]),
            }
        }
        let mut moves: Vec<Move> = groups.iter().flat_map(|it| certain_moves(it)).collect();
        moves.retain(|it| it.from.stack != it.to.stack);
        moves
    }
}

impl Compared {
    /// What the templates say.
    pub(in crate::ops) fn new(name: String, presence: Presence, templates: [Template; 2]) -> Self {
        let diff = diff::diff(&templates[0], &templates[1]);
        Self {
            name,
            renamed_from: None,
            environment: None,
            account: None,
            region: None,
            presence,
            templates: templates.into(),
            diff,
            tags: Vec::new(),
            remarks: Remarks::default(),
        }
    }

    /// The resources that have another logical id, and that a refactoring would keep as they are, where that is sure.
    pub fn refactorable(&self) -> Vec<&str> {
        let is_other = |it: &&ResourceChange| matches!(it.kind, Kind::Moved { .. });
        if self.presence != Presence::Both || !self.diff.resources.iter().any(|it| is_other(&it)) {
            return Vec::new();
        }
        let moves = certain_moves(&[self]);
        let is_sure = |it: &&ResourceChange| moves.iter().any(|sure| sure.to.id == it.id);
        let sure = self.diff.resources.iter().filter(is_other).filter(is_sure);
        sure.map(|it| it.id.as_str()).collect()
    }

    /// The same with the tags that differ.
    pub(in crate::ops) fn with_tags(self) -> Self {
        let [old, new] = &*self.templates;
        let keys: BTreeSet<&String> = old.tags.keys().chain(new.tags.keys()).collect();
        let of = |key: &String| {
            let [was, is] = [old, new].map(|it| it.tags.get(key).map(|value| shown(key, value).into_owned()));
            TagChange { key: key.clone(), was, is }
        };
        let differs =
            |key: &&String| self.presence == Presence::Both && old.tags.get(*key) != new.tags.get(*key);
        Self { tags: keys.into_iter().filter(differs).map(of).collect(), ..self }
    }

    /// The same by what the templates say, whatever CloudFormation says of it.
    #[cfg(feature = "aws")]
    pub(in crate::ops) fn as_written(&self) -> Self {
        let [old, new] = &*self.templates;
        Self { diff: diff::diff(old, new), ..self.clone() }
    }

    /// Forgets all that differs but of these resources, parameters and outputs.
    #[cfg(feature = "aws")]
    pub(in crate::ops) fn keep(&mut self, names: &[String]) {
        let TemplateDiff { resources, entries, security } = &mut self.diff;
        resources.retain(|it| names.contains(&it.id));
        entries.retain(|it| names.contains(&it.name));
        security.statements.retain(|it| names.contains(&it.resource));
        security.attachments.retain(|it| names.contains(&it.resource));
        security.rules.retain(|it| names.contains(&it.resource));
        self.remarks.given.retain(|(name, ..)| names.contains(name));
        self.tags.retain(|it| names.contains(&it.key));
    }

    /// Whether anything differs.
    pub fn differs(&self) -> bool {
        self.presence != Presence::Both
            || !self.diff.is_empty()
            || !self.tags.is_empty()
            || !self.remarks.given.is_empty()
    }
}

/// On which side a stack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// On both.
    Both,
    /// On the new one only.
    Added,
    /// On the old one only.
    Removed,
    /// On the old one, and it is to be deleted.
    Doomed,
}

impl Comparison {
    /// Whether more is allowed than before.
    pub fn broadens(&self) -> bool {
        self.stacks.iter().any(|it| it.diff.security.broadens())
    }

    /// Whether anything differs.
    pub fn differs(&self) -> bool {
        self.stacks.iter().any(Compared::differs)
    }
}

/// Compares what the request says.
pub fn diff(files: &dyn Files, revisions: &dyn Revisions, request: &Request<'_>) -> Comparison {
    if let Some(fault) = twice_from_standard_input(request.between) {
        return Comparison { diagnostics: vec![fault], ..Comparison::default() };
    }
    let mut sides = Sides::new(request.environment);
    let both = match request.between {
        Between::Paths(old, new) => [sides.at(files, old), sides.at(files, new)],
        Between::Revision(reference, path) => {
            [sides.at_revision(revisions, reference, path), sides.at(files, path)]
        }
    };
    let Sides { mut diagnostics, sources, .. } = sides;
    let [Some(old), Some(new)] = both else {
        in_order(&mut diagnostics);
        return Comparison { diagnostics, sources, ..Comparison::default() };
    };
    let mut stacks = Vec::new();
    match chosen(old, new, request.stacks) {
        _ if has_errors(&diagnostics) => (),
        Ok((old, new)) => stacks = compare(old, new),
        Err(faults) => diagnostics.extend(faults),
    }
    in_order(&mut diagnostics);
    Comparison { stacks, diagnostics, sources }
}

/// Standard input is read once, and is nowhere in a repository.
fn twice_from_standard_input(between: Between<'_>) -> Option<Diagnostic> {
    let is_input = |it: &Path| it == Path::new("-");
    match between {
        Between::Paths(old, new) if is_input(old) && is_input(new) => Some(
            Diagnostic::error("nothing-to-compare", "standard input can be one side, and not both")
                .help("name a file for the other one"),
        ),
        Between::Revision(_, path) if is_input(path) => Some(
            Diagnostic::error("nothing-to-compare", "standard input has no revisions")
                .help("name the stack file with `-f`"),
        ),
        Between::Paths(..) | Between::Revision(..) => None,
    }
}

/// The stacks of these names; those of a template that stands for itself have none.
fn chosen(mut old: Side, mut new: Side, names: &[String]) -> Result<(Side, Side), Vec<Diagnostic>> {
    let sides = || [&old, &new].into_iter().filter(|it| it.is_named);
    let known: Vec<Known<'_>> = sides().flat_map(Side::known).collect();
    let missing = names.iter().filter(|it| fitting(it, &known).is_empty());
    let faults: Vec<Diagnostic> = missing
        .map(|name| {
            let fault =
                Diagnostic::error("unknown-stack", format!("there is no stack `{name}` on either side"));
            fault.suggest(name, known.iter().map(|it| it.name))
        })
        .collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    for side in [&mut old, &mut new].into_iter().filter(|it| it.is_named && !names.is_empty()) {
        let known: Vec<Known<'_>> = side.known().collect();
        let chosen: Vec<usize> = names.iter().flat_map(|it| fitting(it, &known)).collect();
        let chosen: Vec<String> = chosen.into_iter().map(|at| known[at].name.to_owned()).collect();
        // With a stack go those nested in it.
        let is_chosen = |name: &str| {
            let mut parents = name.match_indices('/').map(|(at, _)| &name[..at]).chain([name]);
            parents.any(|it| chosen.iter().any(|chosen| chosen == it))
        };
        side.stacks.retain(|it| is_chosen(&it.name));
    }
    match (old.is_named, new.is_named) {
        (false, true) => only(&mut new, &old)?,
        (true, false) => only(&mut old, &new)?,
        (false, false) | (true, true) => (),
    }
    Ok((old, new))
}

/// Leaves the one stack of `several` that can be meant where the other side is one template.
fn only(several: &mut Side, one: &Side) -> Result<(), Vec<Diagnostic>> {
    if several.stacks.len() > 1 {
        let name = one.names().next().unwrap_or_default().to_owned();
        if several.names().any(|it| it == name) {
            several.stacks.retain(|it| it.name == name);
            return Ok(());
        }
        let names: Vec<&str> = several.names().collect();
        let fault = format!(
            "one side is one template, and the other has {} stacks: {}",
            names.len(),
            names.join(", ")
        );
        return Err(vec![
            Diagnostic::error("several-stacks", fault)
                .help("name the stack that is meant: `asi diff OLD NEW STACK`"),
        ]);
    }
    Ok(())
}

fn compare(mut old: Side, new: Side) -> Vec<Compared> {
    let is_pair = old.stacks.len() == 1 && new.stacks.len() == 1;
    let nothing = || Template::new(Node::from_iter([]));
    let mut stacks = Vec::new();
    let is_named = new.is_named;
    for Member { name, environment, account, region, template, .. } in new.stacks {
        let at = old.stacks.iter().position(|it| is_pair || it.name == name);
        let was = at.map(|at| old.stacks.remove(at));
        let presence = if was.is_some() { Presence::Both } else { Presence::Added };
        // What is one template on one side has the name of the stack on the other.
        let mut renamed_from = None;
        let (name, was) = match was {
            Some(it) if old.is_named && !is_named => (it.name, it.template),
            Some(it) => {
                let is_renamed = old.is_named && is_named && it.name != name;
                renamed_from = is_renamed.then_some(it.name);
                (name, it.template)
            }
            None => (name, nothing()),
        };
        let compared = Compared::new(name, presence, [was, template]);
        // One template says nothing of tags.
        let compared = if is_named && old.is_named { compared.with_tags() } else { compared };
        stacks.push(Compared { renamed_from, environment, account, region, ..compared });
    }
    for Member { name, environment, account, region, template, .. } in old.stacks {
        let compared = Compared::new(name, Presence::Removed, [template, nothing()]);
        stacks.push(Compared { environment, account, region, ..compared });
    }
    stacks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{MemoryFiles, MemoryRevisions};

    const OLD: &str = "app: shop\nresources:\n  Jobs: {Type: AWS::SQS::Queue}\n";
    const NEW: &str = "app: shop\nresources:\n  Jobs: {Type: AWS::SQS::Queue}\n  News: {Type: AWS::SNS::Topic}\nenvironments: {prod: {}}\n";
    const QUEUE: &str = "Resources: {Jobs: {Type: AWS::SQS::Queue}}";
    const BOTH: &str = "Resources: {Jobs: {Type: AWS::SQS::Queue}, News: {Type: AWS::SNS::Topic}}";

    fn files() -> MemoryFiles {
        let manifest = r#"{"version": "36.0.0", "artifacts": {
            "shop": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "shop.template.json"}},
            "other": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "other.template.json"}}}}"#;
        let template = r#"{"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}"#;
        MemoryFiles::with([
            ("asi.yaml", NEW.as_bytes()),
            ("old.yaml", QUEUE.as_bytes()),
            ("new.yaml", BOTH.as_bytes()),
            ("shop.yaml", BOTH.as_bytes()),
            ("list.yaml", b"[a]"),
            ("broken.yaml", b"Resources: ["),
            ("out/manifest.json", manifest.as_bytes()),
            ("out/shop.template.json", template.as_bytes()),
            ("out/other.template.json", template.as_bytes()),
            ("docs/a.md", b""),
            (
                "nested/manifest.json",
                br#"{"version": "36.0.0", "artifacts": {
                "S": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "S.json"}}}}"#,
            ),
            (
                "nested/S.json",
                br#"{"Resources": {"N": {"Type": "AWS::CloudFormation::Stack",
                "Properties": {"TemplateURL": "x"}, "Metadata": {"aws:asset:path": "N.nested.json"}}}}"#,
            ),
            (
                "nested/N.nested.json",
                br#"{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}, "N": {"Type":
                "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": "N.nested.json"}}}}"#,
            ),
        ])
    }

    /// A line for each stack, and for each diagnostic.
    fn check(between: Between<'_>, names: &[&str]) -> String {
        let revisions = MemoryRevisions::with([
            ("main", "asi.yaml", OLD.as_bytes()),
            ("bad", "asi.yaml", b"app: [".as_slice()),
            ("empty", "x", b"".as_slice()),
        ]);
        let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
        let request = Request { between, environment: None, stacks: &names };
        let found = diff(&files(), &revisions, &request);
        let mut out = String::new();
        for it in &found.stacks {
            let ids: Vec<&str> = it.diff.resources.iter().map(|it| it.id.as_str()).collect();
            out += &format!("{} {:?} [{}]\n", it.name, it.presence, ids.join(", "));
        }
        for it in &found.diagnostics {
            let at = found.sources.text(it.span()).unwrap_or("-");
            out += &format!("{} at {at}: {}\n  {}\n", it.code, it.message, it.help.as_deref().unwrap_or("-"));
        }
        out
    }

    fn paths(old: &str, new: &str, names: &[&str]) -> String {
        check(Between::Paths(Path::new(old), Path::new(new)), names)
    }

    #[test]
    fn two_templates_are_two_sides_of_one_stack() {
        assert_eq!(paths("old.yaml", "new.yaml", &[]), "new Both [News]\n");
        assert_eq!(paths("old.yaml", "old.yaml", &[]), "old Both []\n");
    }

    #[test]
    fn a_stack_file_is_compared_with_what_it_was() {
        let at =
            |reference, names: &[&str]| check(Between::Revision(reference, Path::new("asi.yaml")), names);
        assert_eq!(at("main", &[]), "shop-prod Both [News]\n", "one stack each, whatever its name");
        assert_eq!(at("empty", &[]), "shop-prod Added [Jobs, News]\n");
        assert_eq!(at("main", &["shop"]), "shop Removed [Jobs]\n");
        assert_eq!(
            at("v1", &[]),
            "file at -: there is no revision `v1`\n  name a branch, a tag or a commit; a shallow clone may not have it\n"
        );
        assert!(at("bad", &[]).contains(" at ["), "{}", at("bad", &[]));
    }

    #[test]
    fn an_assembly_is_compared_stack_by_stack() {
        assert_eq!(paths("out", "out", &[]), "shop Both []\nother Both []\n");
        assert_eq!(paths("out", "new.yaml", &["shop"]), "shop Both [News]\n");
        assert_eq!(paths("out", "shop.yaml", &[]), "shop Both [News]\n");
        assert_eq!(paths("out", "asi.yaml", &["shop", "shop-prod"]), "shop-prod Both [News]\n");
        assert_eq!(
            paths("out", "new.yaml", &[]),
            "several-stacks at -: one side is one template, and the other has 2 stacks: shop, other\n  name the stack that is meant: `asi diff OLD NEW STACK`\n"
        );
        assert_eq!(
            paths("out", "out", &["shp"]),
            "unknown-stack at -: there is no stack `shp` on either side\n  did you mean `shop`?\n"
        );
    }

    #[test]
    fn nested_stacks_are_compared_too_however_deep_they_say_they_are() {
        let found = paths("nested", "nested", &["S"]);
        assert_eq!(found, "S Both []\nS/N Both []\nS/N/N Both []\nS/N/N/N Both []\nS/N/N/N/N Both []\n");
        assert_eq!(paths("nested", "nested", &["S/N/N/N/N"]), "S/N/N/N/N Both []\n");
    }

    #[test]
    fn files_that_name_each_other_come_to_an_end() {
        let stack = |at: usize| {
            format!(
                r#""N{at}": {{"Type": "AWS::CloudFormation::Stack", "Metadata": {{"aws:asset:path": "S.json"}}}}"#
            )
        };
        let stacks: Vec<String> = (0..40).map(stack).collect();
        let template = format!(r#"{{"Resources": {{{}}}}}"#, stacks.join(", "));
        let manifest = br#"{"version": "36.0.0", "artifacts": {"S": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "S.json"}}}}"#;
        let files =
            MemoryFiles::with([("a/manifest.json", manifest.as_slice()), ("a/S.json", template.as_bytes())]);
        let between = Between::Paths(Path::new("a"), Path::new("a"));
        let request = Request { between, environment: None, stacks: &[] };
        let found = diff(&files, &MemoryRevisions::default(), &request);
        let found: Vec<String> =
            found.diagnostics.iter().map(|it| format!("{} at -: {}", it.code, it.message)).collect();
        assert_eq!(found, ["too-many-stacks at -: `a` has more than 1000 stacks"]);
    }

    #[test]
    fn what_cannot_be_compared_is_told() {
        assert_eq!(
            paths("docs", "list.yaml", &[]),
            "no-template at -: there is no cloud assembly in `docs`\n  name a template, a stack file, or a folder with a `manifest.json`\n\
             no-template at [a]: `list.yaml` is a list, and no template\n  name a template, a stack file, or a folder with a `manifest.json`\n"
        );
        assert_eq!(
            paths("-", "-", &[]),
            "nothing-to-compare at -: standard input can be one side, and not both\n  name a file for the other one\n"
        );
        assert_eq!(
            check(Between::Revision("main", Path::new("-")), &[]),
            "nothing-to-compare at -: standard input has no revisions\n  name the stack file with `-f`\n"
        );
        assert!(
            paths("none.yaml", "broken.yaml", &[]).starts_with("file at -: there is no file `none.yaml`\n")
        );
    }
}
