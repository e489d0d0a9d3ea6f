//! What actions hand on to each other.

use super::{
    super::super::{
        report::{Found, Report},
        value::Value,
    },
    Action,
};

/// Looks at the artifacts of all actions of a pipeline.
pub(super) fn check<'t>(actions: &[Action<'t>], report: &mut Report<'t>) {
    check_outputs(actions, report);
    check_inputs(actions, report);
    for action in actions {
        check_counts(action, report);
    }
}

/// The names of the artifacts under a key of an action.
fn names<'t>(action: &Action<'t>, key: &str) -> Vec<Value<'t>> {
    action.value.get(key).iter().flat_map(Value::each).filter_map(|it| it.get("Name")).collect()
}

/// `E3701`: an artifact that two actions make. AWS `CodePipeline` User Guide, "Input and output artifacts": the name of
/// an output artifact is unique in its pipeline.
fn check_outputs<'t>(actions: &[Action<'t>], report: &mut Report<'t>) {
    let mut seen: Vec<Value<'t>> = Vec::new();
    for action in actions.iter().filter(|it| it.is_sure) {
        for name in names(action, "OutputArtifacts") {
            let Some(text) = name.text() else { continue };
            if let Some(first) = seen.iter().find(|it| it.text().as_ref() == Some(&text)) {
                report.add(
                    Found::error(
                        "E3701",
                        name,
                        format!("another action makes the artifact `{text}` already"),
                    )
                    .help("give it another name")
                    .and(*first, "made here"),
                );
            }
            seen.push(name);
        }
    }
}

/// `E3701`: an artifact that no action makes before. AWS `CodePipeline` User Guide, "Input and output artifacts": an
/// input artifact is the output of an action that runs before, in an earlier stage or with a lower `RunOrder`.
fn check_inputs<'t>(actions: &[Action<'t>], report: &mut Report<'t>) {
    for action in actions {
        for name in names(action, "InputArtifacts") {
            let Some(text) = name.text() else { continue };
            let makes = |it: &&Action<'t>| {
                names(it, "OutputArtifacts").iter().any(|it| it.text().is_none_or(|it| it == text))
            };
            let runs_before = |it: &&Action<'t>| {
                let comes_first = match (it.run_order(), action.run_order()) {
                    (Some(its), Some(own)) => its < own,
                    _ => true,
                };
                it.stage < action.stage || it.stage == action.stage && comes_first
            };
            if actions.iter().filter(runs_before).any(|it| makes(&it)) {
                continue;
            }
            let found =
                Found::error("E3701", name, format!("no action before this one makes the artifact `{text}`"));
            report.add(match actions.iter().find(makes) {
                Some(later) => {
                    let place = later.value.holder();
                    found
                        .help("run this action later: in a later stage, or with a higher `RunOrder`")
                        .and(place, "made here")
                }
                None => {
                    let known: Vec<String> = actions
                        .iter()
                        .filter(runs_before)
                        .flat_map(|it| names(it, "OutputArtifacts"))
                        .filter_map(|it| Some(it.text()?.into_owned()))
                        .collect();
                    found.suggest(&text, known.iter().map(String::as_str))
                }
            });
        }
    }
}

/// How many artifacts an action takes and makes: owner, category, provider, and the least and most of each.
type Count = (&'static str, &'static str, &'static str, [usize; 2], [usize; 2]);

/// AWS `CodePipeline` User Guide, "Valid number of input and output artifacts for each action type".
const COUNTS: &[Count] = &[
    ("AWS", "Source", "S3", [0, 0], [1, 1]),
    ("AWS", "Source", "CodeCommit", [0, 0], [1, 1]),
    ("AWS", "Source", "CodeStarSourceConnection", [0, 0], [1, 1]),
    ("AWS", "Source", "ECR", [0, 0], [1, 1]),
    ("ThirdParty", "Source", "GitHub", [0, 0], [1, 1]),
    ("AWS", "Test", "CodeBuild", [1, 5], [0, 5]),
    ("AWS", "Test", "DeviceFarm", [1, 1], [0, 0]),
    ("AWS", "Build", "CodeBuild", [1, 5], [0, 5]),
    ("AWS", "Approval", "Manual", [0, 0], [0, 0]),
    ("AWS", "Deploy", "S3", [1, 1], [0, 0]),
    ("AWS", "Deploy", "CloudFormation", [0, 10], [0, 1]),
    ("AWS", "Deploy", "CodeDeploy", [1, 1], [0, 0]),
    ("AWS", "Deploy", "CodeDeployToECS", [1, 5], [0, 0]),
    ("AWS", "Deploy", "ElasticBeanstalk", [1, 1], [0, 0]),
    ("AWS", "Deploy", "OpsWorks", [1, 1], [0, 0]),
    ("AWS", "Deploy", "ECS", [1, 1], [0, 0]),
    ("AWS", "Deploy", "ServiceCatalog", [1, 1], [0, 0]),
    ("AWS", "Invoke", "Lambda", [0, 5], [0, 5]),
    ("AWS", "Invoke", "StepFunctions", [0, 1], [0, 1]),
    ("ThirdParty", "Deploy", "AlexaSkillsKit", [0, 2], [0, 0]),
    ("Custom", "Build", "Jenkins", [0, 5], [0, 5]),
    ("Custom", "Test", "Jenkins", [0, 5], [0, 5]),
];

/// `E3702`: an action with more or fewer artifacts than its provider takes or makes.
fn check_counts<'t>(action: &Action<'t>, report: &mut Report<'t>) {
    let (owner, category, provider) =
        (action.kind("Owner"), action.kind("Category"), action.kind("Provider"));
    let is_it = |it: &&Count| {
        owner.as_deref() == Some(it.0)
            && category.as_deref() == Some(it.1)
            && provider.as_deref() == Some(it.2)
    };
    let Some((_, _, provider, inputs, outputs)) = COUNTS.iter().find(is_it) else { return };
    for (key, what, [least, most]) in
        [("InputArtifacts", "takes", *inputs), ("OutputArtifacts", "makes", *outputs)]
    {
        let list = action.value.get(key);
        let Some((sure, possible)) = list.map_or(Some((0, 0)), count) else { continue };
        if possible >= least && sure <= most {
            continue;
        }
        let wanted = match (least, most) {
            (0, 0) => "no artifact".to_owned(),
            (1, 1) => "one artifact".to_owned(),
            (0, most) => format!("{most} artifacts at most"),
            (least, most) => format!("{least} to {most} artifacts"),
        };
        let message = format!("`{provider}` {what} {wanted}, and here are {possible}");
        let help = if possible < least {
            format!("add one to `{key}`")
        } else {
            format!("take some out of `{key}`")
        };
        let place = list.map_or(action.value.holder(), |it| it.holder());
        report.add(Found::error("E3702", place, message).help(help));
    }
}

/// How many artifacts are there at least and at most, if that is known.
fn count(list: Value<'_>) -> Option<(usize, usize)> {
    list.known()?.as_list()?;
    Some((list.items().filter(Value::is_known).count(), list.items().count()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SOURCE, stages};

    fn build(rest: &str) -> String {
        let kind = "{Category: Build, Owner: AWS, Provider: CodeBuild, Version: '1'}";
        stages(&format!(
            "{SOURCE}- Name: Build\n  Actions:\n    - Name: B\n      ActionTypeId: {kind}\n      Configuration: {{ProjectName: \
             p}}\n      {rest}\n"
        ))
    }

    #[test]
    fn an_artifact_is_made_before_it_is_taken() {
        assert_eq!(build("InputArtifacts: [{Name: Code}]"), "");
        let expected = "error E3701 …/1/Actions/0/InputArtifacts/0/Name 18:39: no action before this one makes the artifact \
                        `Coda`\n  did you mean `Code`?\n";
        assert_eq!(build("InputArtifacts: [{Name: Coda}]"), expected);
        let found = build("InputArtifacts: [{Name: Built}]\n      OutputArtifacts: [{Name: Built}]");
        assert!(found.contains("run this action later"), "{found}");
    }

    #[test]
    fn an_artifact_is_made_once() {
        let expected = "error E3701 …/1/Actions/0/OutputArtifacts/0/Name 19:40: another action makes the artifact `Code` \
                        already\n  give it another name\n";
        assert_eq!(build("InputArtifacts: [{Name: Code}]\n      OutputArtifacts: [{Name: Code}]"), expected);
    }

    #[test]
    fn a_provider_takes_so_many_artifacts() {
        let expected = "error E3702 …/1/Actions/0 15:15: `CodeBuild` takes 1 to 5 artifacts, and here are 0\n  add one to \
                        `InputArtifacts`\n";
        assert_eq!(build("RunOrder: 2"), expected);
        assert_eq!(build("InputArtifacts: !Ref X"), "");
        assert_eq!(build("InputArtifacts: [!If [C, {Name: Code}, !Ref AWS::NoValue]]"), "");
    }
}
