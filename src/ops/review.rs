//! What a reviewer should know of a change, of all stacks and environments it touches.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use asi_constructs::kernel::diagnostic::Severity;
use indexmap::IndexMap;

use super::{Checked, Compared, Comparison, Presence, validate};
#[cfg(feature = "aws")]
use crate::{diff::ResourceChange, review::Approval};
use crate::{
    review::{self, Danger, Fingerprint, Review, Subject, Tag, Warning},
    validate::{Finding, Options},
    world::Files,
};

/// What a reviewer should know.
#[derive(Debug, Default)]
pub struct Reviewed {
    /// What differs, of stacks in which something does.
    pub comparison: Comparison,
    /// What is to be known of each of these stacks, in their order.
    pub stacks: Vec<OfStack>,
    /// Those in which nothing differs: others may refer to what is in them.
    pub same: Vec<Compared>,
    /// What is wrong with the new side, and was not with the old one.
    pub checked: Vec<Checked>,
    /// What was wrong with the old side: codes, and places in its templates.
    known: BTreeSet<(&'static str, Vec<String>)>,
    /// Who was asked.
    pub basis: Basis,
}

/// What is to be known of a stack.
#[derive(Debug)]
pub struct OfStack {
    /// What hurts, what is noticed, what to see to.
    pub review: Review,
    /// The identity of what is to be done; none, if nothing is.
    pub fingerprint: Option<Fingerprint>,
}

/// Who was asked what a deployment changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basis {
    /// Nobody: two templates, and the schemas.
    #[default]
    Templates,
    /// Nobody, but the old template is the one that is deployed.
    Deployed,
    /// CloudFormation, by change sets.
    ChangeSets,
}

/// How bad something has to be for a review to say no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Threshold {
    /// There is a danger.
    Danger,
    /// A resource is replaced, or may be.
    Replacement,
    /// More is allowed than before.
    Broadening,
    /// Anything differs.
    AnyChange,
}

/// What is wrong with the file at `path`; nothing of what can be read only once.
pub fn check(files: &dyn Files, path: &Path, environment: Option<&str>) -> Vec<Checked> {
    if path == Path::new("-") {
        return Vec::new();
    }
    let paths = [PathBuf::from(path)];
    validate(files, &validate::Request { paths: &paths, environment, ..validate::Request::default() })
}

/// What a comparison comes to; what is wrong with its new side is told later.
pub fn reviewed(mut comparison: Comparison, basis: Basis) -> Reviewed {
    let known = known(&comparison.stacks);
    let (differing, same) = comparison.stacks.into_iter().partition(Compared::differs);
    comparison.stacks = differing;
    let stacks = comparison.stacks.iter().map(of_stack).collect();
    Reviewed { comparison, stacks, same, checked: Vec::new(), known, basis }
}

/// What is to be known of one stack.
fn of_stack(compared: &Compared) -> OfStack {
    let [old, new] = &*compared.templates;
    let tags: Vec<Tag<'_>> =
        compared.tags.iter().map(|it| (&*it.key, it.was.as_deref(), it.is.as_deref())).collect();
    let subject = Subject {
        diff: &compared.diff,
        templates: [old, new],
        is_new: compared.presence == Presence::Added,
        account: compared.account.as_deref(),
        renamed_from: compared.renamed_from.as_deref(),
        drifted: &compared.remarks.drifted,
        observed: &compared.remarks.observed,
        tags: &tags,
    };
    let place = [Some(&compared.name), compared.account.as_ref(), compared.region.as_ref()];
    let place = place.map(|it| it.map_or("", String::as_str));
    let fingerprint = Fingerprint::new(&place, &subject, &compared.remarks.fresh);
    OfStack { review: review::review(&subject), fingerprint }
}

/// Whether what is to be done to a stack was approved by one of these fingerprints: of this plan, or of what the templates
/// say, if CloudFormation does nothing besides, and nothing worse.
#[cfg(feature = "aws")]
pub(in crate::ops) fn approval(compared: &Compared, approved: &[Fingerprint]) -> Approval {
    let of = |it: &Compared| of_stack(it).fingerprint.map(|it| it.approval(approved));
    let given = of(compared).unwrap_or(Approval::Given);
    if given == Approval::Given {
        return given;
    }
    let written = compared.as_written();
    let is_written = |it: &ResourceChange| {
        let mut same = written.diff.resources.iter().filter(|other| other.id == it.id);
        same.any(|other| other.kind == it.kind && it.replacement.verdict <= other.replacement.verdict)
    };
    let is_no_worse = compared.diff.resources.iter().all(is_written);
    if is_no_worse && of(&written) == Some(Approval::Given) { Approval::Given } else { given }
}

/// What was wrong with the old side: codes and places in the template.
fn known(stacks: &[Compared]) -> BTreeSet<(&'static str, Vec<String>)> {
    let olds = stacks.iter().filter(|it| it.presence == Presence::Both).map(|it| &it.templates[0]);
    let options = Options::default();
    let findings = olds.flat_map(|it| crate::validate::validate(&it.body, &options));
    findings.map(|it| (it.diagnostic.code, it.path)).collect()
}

/// Whether a finding is worth a word in a review: nobody has acknowledged it, and it is not older than the change.
fn is_new(it: &Finding, known: &BTreeSet<(&'static str, Vec<String>)>) -> bool {
    it.diagnostic.severity >= Severity::Warning
        && it.acknowledged.is_none()
        && (it.path.is_empty() || !known.contains(&(it.diagnostic.code, it.path.clone())))
}

impl Reviewed {
    /// Takes note of what is wrong with the new side, and was not with the old one.
    pub fn hear(&mut self, mut checked: Vec<Checked>) {
        for file in &mut checked {
            file.findings.retain(|it| is_new(it, &self.known));
        }
        self.checked = checked;
    }

    /// The stacks, each with what is to be known of it.
    pub fn each(&self) -> impl Iterator<Item = (&Compared, &OfStack)> {
        self.comparison.stacks.iter().zip(&self.stacks)
    }

    /// The dangers of all stacks.
    pub fn dangers(&self) -> usize {
        self.stacks.iter().map(|it| it.review.dangers.len()).sum()
    }

    /// What is to be seen to in all stacks, and what is wrong with their templates.
    pub fn warnings(&self) -> usize {
        let findings: usize = self.checked.iter().map(|it| it.findings.len()).sum();
        self.stacks.iter().map(|it| it.review.warnings.len()).sum::<usize>() + findings
    }

    /// Whether the answer is no, for who says so at `threshold`.
    pub fn reaches(&self, threshold: Threshold) -> bool {
        let counts = || self.comparison.stacks.iter().map(|it| it.diff.counts());
        match threshold {
            Threshold::Danger => self.dangers() > 0,
            Threshold::Replacement => counts().any(|it| it.replaced + it.maybe_replaced > 0),
            Threshold::Broadening => {
                let is_open = |it: &OfStack| {
                    it.review.dangers.iter().any(|it| matches!(it.what, Danger::Open(_) | Danger::Power(_)))
                        || it.review.warnings.iter().any(|it| matches!(it.what, Warning::Entrance(_)))
                };
                self.comparison.broadens() || self.stacks.iter().any(is_open)
            }
            Threshold::AnyChange => self.comparison.differs(),
        }
    }

    /// A review of each environment by itself, in order; of a file without environments, one of all there is. `check`
    /// tells what is wrong with the new side in one of them.
    pub fn by_environment(self, check: impl Fn(Option<&str>) -> Vec<Checked>) -> Vec<(Option<String>, Self)> {
        let Self { comparison, stacks, same, known, basis, .. } = self;
        let Comparison { stacks: compared, diagnostics, sources } = comparison;
        let mut all: IndexMap<Option<String>, Self> = IndexMap::new();
        let blank = || {
            let comparison =
                Comparison { stacks: Vec::new(), diagnostics: diagnostics.clone(), sources: sources.clone() };
            Self { comparison, basis, known: known.clone(), ..Self::default() }
        };
        for (compared, of_stack) in compared.into_iter().zip(stacks) {
            let of = all.entry(compared.environment.clone()).or_insert_with(blank);
            of.comparison.stacks.push(compared);
            of.stacks.push(of_stack);
        }
        for it in same {
            all.entry(it.environment.clone()).or_insert_with(blank).same.push(it);
        }
        if all.is_empty() {
            all.insert(None, blank());
        }
        for (environment, it) in &mut all {
            it.hear(check(environment.as_deref()));
        }
        all.into_iter().collect()
    }

    /// The fingerprint of all that is to be done; nothing, if nothing is.
    pub fn fingerprint(&self) -> Option<String> {
        let texts: Vec<String> =
            self.stacks.iter().filter_map(|it| Some(it.fingerprint.as_ref()?.text())).collect();
        (!texts.is_empty()).then(|| texts.join("+"))
    }
}
