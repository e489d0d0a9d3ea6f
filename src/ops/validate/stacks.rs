//! What is wrong with the stacks of a stack file: in the file itself, and in the templates it becomes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Severity},
    id::{ConstructPath, LogicalId},
    map::Map,
    node::Node,
    span::Span,
};

use super::{Checked, Request, in_order};
use crate::{
    load::{Stack, stack::Reason},
    ops::{
        list::environments,
        synth::{Synthesis, Synthesized},
    },
    validate::{Finding, Options, unused_acknowledgement, validate},
    world::Files,
};

/// Validates the stacks of the stack file `root`, which stands at `path`.
pub(super) fn check(
    root: &Node,
    faults: Vec<Diagnostic>,
    (files, path): (&dyn Files, &Path),
    request: &Request<'_>,
    checked: &mut Checked,
) {
    let sources = std::mem::take(&mut checked.sources);
    let mut synthesis = Synthesis { diagnostics: faults, sources, ..Synthesis::default() };
    synthesis.read_context(files, path);
    for environment in environments(root, request.environment) {
        synthesis.add(files, path, root, environment.as_deref());
    }
    synthesis.finish();
    let settings = synthesis.stacks.first().and_then(|it| it.stack.validate.as_ref());
    checked.fail_on = settings.and_then(|it| it.fail_on);
    checked.resources = synthesis.stacks.iter().map(|it| it.template.size()).sum();
    checked.findings = judge(&synthesis, request).findings;
    checked.sources = synthesis.sources;
}

/// What is wrong with a stack file and the templates of its stacks.
#[derive(Debug, Default)]
pub struct Judgement {
    /// All of it in the order of the file. What is wrong in two environments is wrong once.
    pub findings: Vec<Finding>,
    /// What is wrong with each stack, or nobody wants, whether or not others have the same.
    pub of_stacks: Vec<Vec<Finding>>,
}

impl Judgement {
    /// What synthesis alone found.
    pub fn of(synthesis: &Synthesis) -> Self {
        let findings = |of: &[Diagnostic]| of.iter().cloned().map(Finding::from).collect();
        Self {
            findings: findings(&synthesis.diagnostics),
            of_stacks: synthesis.stacks.iter().map(|it| findings(&it.remarks)).collect(),
        }
    }
}

/// What is wrong with a stack file and the templates of its stacks.
pub fn judge(synthesis: &Synthesis, request: &Request<'_>) -> Judgement {
    let mut judgement = Judgement::of(synthesis);
    let mut said = Said::default();
    // What was said of the stack file need not be said of what became of it.
    let told: BTreeSet<Span> = synthesis.diagnostics.iter().map(Diagnostic::span).collect();
    for (synthesized, own) in synthesis.stacks.iter().zip(&mut judgement.of_stacks) {
        let mut found = of_stack(synthesized, request, &mut said);
        found.retain(|it| it.path.is_empty() || !told.contains(&it.diagnostic.span()));
        own.extend(found.iter().filter(|it| it.diagnostic.severity >= Severity::Warning).cloned());
        judgement.findings.extend(found);
    }
    // What one environment has no use for, another may need.
    let is_whole = request.environment.is_none()
        && synthesis.stacks.iter().all(|it| it.stack.environment.is_some() || it.stack.elsewhere.is_empty());
    if is_whole {
        let options = Options { security: request.security, ..Options::default() };
        judgement.findings.extend(said.unused(&options));
    }
    judgement.findings = in_order(judgement.findings);
    judgement
}

fn of_stack(of: &Synthesized, request: &Request<'_>, said: &mut Said) -> Vec<Finding> {
    let Synthesized { stack, template, .. } = of;
    let settings = stack.validate.as_ref().and_then(|it| it.region.as_ref());
    let region = request.region.or(settings.map(|it| it.value.as_str())).or(stack.region.as_deref());
    let options =
        Options { region: region.map(str::to_owned), security: request.security, ..Options::default() };
    let mut findings = validate(&template.body, &options);
    said.hear(stack);
    for finding in &mut findings {
        let id = finding.resource.as_deref().and_then(|it| LogicalId::checked(it).ok());
        // The path begins with the name that a construct was deployed under.
        let path = id.and_then(|it| template.paths.get(&it)).map(|it| {
            let (id, below) = it.split_at(it.find('/').unwrap_or(it.len()));
            (stack.name_of(id), below)
        });
        let construct = path.map(|(name, _)| name);
        if let Some(reason) = said.acknowledgement(stack, construct, finding.diagnostic.code) {
            finding.acknowledged.get_or_insert_with(|| reason.0.clone());
        }
        if let Some((name, below)) = path {
            finding.diagnostic.path.get_or_insert_with(|| ConstructPath::of(&format!("{name}{below}")));
        }
    }
    findings
}

/// What a stack file acknowledges, and what of that was of use.
#[derive(Default)]
struct Said {
    all: BTreeMap<Span, String>,
    used: BTreeSet<Span>,
}

impl Said {
    fn hear(&mut self, stack: &Stack) {
        let own = stack.constructs.iter().flat_map(|it| &it.acknowledge);
        let all = own.chain(stack.validate.iter().flat_map(|it| &it.ignore.0));
        self.all.extend(all.map(|(code, it)| (it.key, code.to_string())));
    }

    /// Why a finding with this code in a resource of `construct` is right, if the stack file says that it is.
    fn acknowledgement<'a>(
        &mut self,
        stack: &'a Stack,
        construct: Option<&str>,
        code: &str,
    ) -> Option<&'a Reason> {
        let of_construct = stack.constructs.iter().filter(|it| Some(it.name.text.as_str()) == construct);
        let own = of_construct.flat_map(|it| it.acknowledge.iter()).filter(|(it, _)| **it == *code);
        let ignored: Option<&Map<Reason>> = stack.validate.as_ref().map(|it| &it.ignore.0);
        let ignored = ignored.into_iter().flatten().filter(|(it, _)| code.starts_with(&***it));
        let fitting: Vec<_> = own.chain(ignored).collect();
        self.used.extend(fitting.iter().map(|(_, it)| it.key));
        fitting.first().map(|(_, it)| &it.value)
    }

    fn unused(&self, options: &Options) -> impl Iterator<Item = Finding> {
        let unused =
            self.all.iter().filter(|(key, code)| !self.used.contains(*key) && options.looks_for(code));
        unused.map(|(key, code)| unused_acknowledgement(code).at(*key).into())
    }
}
