//! What a template says is right as it is, and why.
//!
//! Our own form is `Metadata: {asi: {acknowledge: {CODE: reason}}}`, on a resource or on the template. What other
//! tools take is honoured, so that nobody writes it twice: cfn-lint's `ignore_checks`, Checkov's `skip`, and
//! cdk-nag's `rules_to_suppress`.

use std::collections::BTreeSet;

use asi_constructs::kernel::{diagnostic::Diagnostic, node::Node, span::Span};

use super::{Finding, Options, aliases};

/// Something that is right as it is.
#[derive(Debug)]
struct Acknowledgement<'t> {
    /// The resource that says so, if it is not the template.
    resource: Option<&'t str>,
    code: Code<'t>,
    reason: &'t str,
}

/// Which findings are meant.
#[derive(Debug)]
enum Code<'t> {
    /// Those of our code, which stands at this place.
    Ours(&'t str, Span),
    /// Those whose codes begin so.
    Prefix(&'t str),
    /// Those another tool calls so.
    Theirs(&'t str),
}

/// Marks those of `findings` that are acknowledged in `template`, and adds what is wrong with acknowledgements:
/// one without a reason, and one of ours that nothing was found for.
pub(super) fn apply(template: &Node, options: &Options, findings: &mut Vec<Finding>) {
    let mut all = Vec::new();
    let mut faults = Vec::new();
    if let Some(metadata) = template.get("Metadata") {
        read(metadata, None, &mut all, &mut faults);
    }
    for (id, entry) in template.get("Resources").and_then(Node::as_map).into_iter().flatten() {
        if let Some(metadata) = entry.value.get("Metadata") {
            read(metadata, Some(id), &mut all, &mut faults);
        }
    }
    let mut used = BTreeSet::new();
    for finding in findings.iter_mut() {
        // Every one that fits is used, and the first gives the reason.
        let fitting: Vec<usize> = (0..all.len()).filter(|at| all[*at].fits(finding)).collect();
        finding.acknowledged = fitting.first().map(|at| all[*at].reason.to_owned());
        used.extend(fitting);
    }
    for (_, it) in all.iter().enumerate().filter(|(at, _)| !used.contains(at)) {
        if let Code::Ours(code, key) = it.code
            && options.looks_for(code)
        {
            faults.push(fault(unused(code).at(key), it.resource, code));
        }
    }
    findings.extend(faults);
}

/// Says that nothing was found that `code` stands for.
pub fn unused(code: &str) -> Diagnostic {
    Diagnostic::warning(
        "unused-acknowledgement",
        format!("`{code}` is acknowledged, and nothing of it is found"),
    )
    .help("remove it, or mend the code")
}

fn read<'t>(
    metadata: &'t Node,
    resource: Option<&'t str>,
    all: &mut Vec<Acknowledgement<'t>>,
    faults: &mut Vec<Finding>,
) {
    let ours = metadata.get("asi").and_then(|it| it.get("acknowledge")).and_then(Node::as_map);
    for (code, entry) in ours.into_iter().flatten() {
        match entry.value.as_str().filter(|it| !it.trim().is_empty()) {
            Some(reason) => {
                all.push(Acknowledgement { resource, code: Code::Ours(code, entry.key), reason });
            }
            None => {
                let missing = format!("the acknowledgement of `{code}` has no reason");
                let missing = Diagnostic::warning("missing-reason", missing).at(entry.key);
                faults.push(fault(missing.help("say why it is right as it is"), resource, code));
            }
        }
    }
    let mut add = |code, reason: Option<&'t str>| {
        let reason = reason.unwrap_or("no reason is given");
        all.push(Acknowledgement { resource, code, reason });
    };
    let config = metadata.get("cfn-lint").and_then(|it| it.get("config"));
    for code in items(config, "ignore_checks").filter_map(Node::as_str) {
        add(Code::Prefix(code), Some("cfn-lint's `ignore_checks`"));
    }
    for (tool, list, reason) in [("checkov", "skip", "comment"), ("cdk_nag", "rules_to_suppress", "reason")] {
        for it in items(metadata.get(tool), list) {
            if let Some(id) = it.get("id").and_then(Node::as_str) {
                add(Code::Theirs(id), it.get(reason).and_then(Node::as_str));
            }
        }
    }
}

fn items<'t>(node: Option<&'t Node>, key: &str) -> impl Iterator<Item = &'t Node> {
    node.and_then(|it| it.get(key)).and_then(Node::as_list).into_iter().flatten()
}

fn fault(diagnostic: Diagnostic, resource: Option<&str>, code: &str) -> Finding {
    let path = ["Metadata", "asi", "acknowledge", code];
    let within = resource.into_iter().flat_map(|it| ["Resources", it]);
    Finding {
        path: within.chain(path).map(str::to_owned).collect(),
        resource: resource.map(str::to_owned),
        ..Finding::from(diagnostic)
    }
}

impl Acknowledgement<'_> {
    fn fits(&self, finding: &Finding) -> bool {
        let code = finding.diagnostic.code;
        let is_here = self.resource.is_none() || self.resource == finding.resource.as_deref();
        is_here
            && match self.code {
                Code::Ours(it, _) => it == code,
                Code::Prefix(it) => !it.is_empty() && code.starts_with(it),
                Code::Theirs(it) => it == code || aliases(code).is_some_and(|theirs| theirs.contains(&it)),
            }
    }
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::{span::Sources, yaml};

    use crate::validate::{Options, validate};

    /// Every finding: its code, place, and reason if it is acknowledged, else its message.
    fn check(metadata: &str, on_template: &str) -> Vec<String> {
        let text = format!(
            "{on_template}Resources:\n  A:\n    Type: AWS::CloudFormation::WaitConditionHandle\n    DependsOn: B\n\
             {metadata}  B:\n    Type: AWS::CloudFormation::WaitConditionHandle\n    DependsOn: A\n"
        );
        let mut sources = Sources::default();
        let (template, faults) = yaml::parse(&text, sources.add("t.yaml", &*text), yaml::Format::Yaml);
        assert_eq!(faults, []);
        let findings = validate(&template.unwrap(), &Options::default());
        let relevant = findings.iter().filter(|it| it.diagnostic.code == "E3004" || it.path.len() != 3);
        relevant
            .map(|it| {
                let said = it.acknowledged.clone().unwrap_or_else(|| it.diagnostic.message.clone());
                format!("{} at `{}`: {said}", it.diagnostic.code, sources.text(it.diagnostic.span()).unwrap())
            })
            .collect()
    }

    #[test]
    fn a_resource_says_why_it_is_right() {
        let metadata = "    Metadata: {asi: {acknowledge: {E3004: made by hand}}}\n";
        assert_eq!(check(metadata, ""), ["E3004 at `B`: made by hand"]);
    }

    #[test]
    fn a_template_says_so_for_all_its_resources() {
        let template = "Metadata: {asi: {acknowledge: {E3004: made by hand}}}\n";
        assert_eq!(check("", template), ["E3004 at `B`: made by hand"]);
    }

    #[test]
    fn a_reason_is_due() {
        let metadata = "    Metadata: {asi: {acknowledge: {E3004: ''}}}\n";
        assert_eq!(
            check(metadata, ""),
            [
                "E3004 at `B`: these resources wait for each other: A → B → A",
                "missing-reason at `E3004`: the acknowledgement of `E3004` has no reason",
            ]
        );
    }

    #[test]
    fn what_is_not_found_need_not_be_acknowledged() {
        let metadata = "    Metadata: {asi: {acknowledge: {E3004: by hand, E9999: never}}}\n";
        assert_eq!(
            check(metadata, ""),
            [
                "E3004 at `B`: by hand",
                "unused-acknowledgement at `E9999`: `E9999` is acknowledged, and nothing of it is found",
            ]
        );
    }

    #[test]
    fn what_other_tools_take_is_honoured() {
        let cfn_lint = "    Metadata: {cfn-lint: {config: {ignore_checks: [E30, W]}}}\n";
        assert_eq!(check(cfn_lint, ""), ["E3004 at `B`: cfn-lint's `ignore_checks`"]);
        let checkov = "    Metadata: {checkov: {skip: [{id: E3004, comment: we know}, 1]}}\n";
        assert_eq!(check(checkov, ""), ["E3004 at `B`: we know"]);
        let nag = "Metadata: {cdk_nag: {rules_to_suppress: [{id: E3004, reason: we know}]}}\n";
        assert_eq!(check("", nag), ["E3004 at `B`: we know"]);
    }
}
