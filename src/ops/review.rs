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
    review::{self, Danger, Fingerprint, Review, Subject, Warning},
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
    /// How many stacks there are, those in which nothing differs among them.
    pub count: usize,
    /// Those in which nothing differs: others may refer to what is in them.
    pub same: Vec<Compared>,
    /// What is wrong with the new side, and was not with the old one.
    pub checked: Vec<Checked>,
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

/// What a comparison comes to, and what is wrong with its new side besides.
pub fn reviewed(mut comparison: Comparison, mut checked: Vec<Checked>, basis: Basis) -> Reviewed {
    let count = comparison.stacks.len();
    let known = known(&comparison.stacks);
    for file in &mut checked {
        file.findings.retain(|it| is_new(it, &known));
    }
    let (differing, same) = comparison.stacks.into_iter().partition(Compared::differs);
    comparison.stacks = differing;
    let stacks = comparison.stacks.iter().map(of_stack).collect();
    Reviewed { comparison, stacks, count, same, checked, basis }
}

/// What is to be known of one stack.
fn of_stack(compared: &Compared) -> OfStack {
    let [old, new] = &*compared.templates;
    let subject = Subject {
        diff: &compared.diff,
        templates: [old, new],
        is_new: compared.presence == Presence::Added,
        account: compared.account.as_deref(),
        drifted: &compared.remarks.drifted,
    };
    let fingerprint = Fingerprint::new(&compared.name, &subject, &compared.remarks.given);
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
    let [old, new] = (*compared.templates).clone();
    let written = Compared::new(compared.name.clone(), compared.presence, [old, new]);
    let written = Compared { remarks: compared.remarks.clone(), ..written };
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

    /// A review of each environment by itself, in order; of a file without environments, one of all there is.
    pub fn by_environment(self) -> Vec<(Option<String>, Self)> {
        let Self { comparison, stacks, count, mut same, checked, basis } = self;
        let Comparison { stacks: compared, diagnostics, sources } = comparison;
        let mut all: IndexMap<Option<String>, (Vec<Compared>, Vec<OfStack>)> = IndexMap::new();
        for (compared, of_stack) in compared.into_iter().zip(stacks) {
            let of = all.entry(compared.environment.clone()).or_default();
            of.0.push(compared);
            of.1.push(of_stack);
        }
        if all.is_empty() {
            all.insert(None, Default::default());
        }
        let one = all.len() == 1;
        let each = all.into_iter().map(|(environment, (compared, stacks))| {
            let comparison =
                Comparison { stacks: compared, diagnostics: diagnostics.clone(), sources: sources.clone() };
            let count = if one { count } else { stacks.len() };
            let checked = checked.clone();
            let same = same.extract_if(.., |it| one || it.environment == environment).collect();
            (environment, Self { comparison, stacks, count, same, checked, basis })
        });
        each.collect()
    }

    /// The fingerprint of all that is to be done; nothing, if nothing is.
    pub fn fingerprint(&self) -> Option<String> {
        let texts: Vec<String> =
            self.stacks.iter().filter_map(|it| Some(it.fingerprint.as_ref()?.text())).collect();
        (!texts.is_empty()).then(|| texts.join("+"))
    }
}
