//! The stages of a pipeline and their actions.

mod artifacts;
mod configuration;
mod image_definitions;

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// An action of a pipeline.
#[derive(Clone, Copy)]
struct Action<'t> {
    value: Value<'t>,
    /// The number of its stage.
    stage: usize,
    /// Whether it is there whatever the conditions are.
    is_sure: bool,
}

impl Action<'_> {
    /// A part of its type: `Category`, `Owner`, `Provider`.
    fn kind(&self, key: &str) -> Option<String> {
        Some(self.value.at(&["ActionTypeId", key])?.text()?.into_owned())
    }

    /// When in its stage it is run, if that is known.
    fn run_order(&self) -> Option<i64> {
        self.value.get("RunOrder").map_or(Some(1), |it| it.integer())
    }
}

/// Looks at the pipelines.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for pipeline in document.of_type("AWS::CodePipeline::Pipeline") {
        let Some(properties) = document.properties(pipeline) else { continue };
        for stages in properties.get("Stages").iter().flat_map(Value::branches).filter(Value::is_known) {
            let actions = actions(stages);
            check_names(stages, report);
            check_sources(stages, &actions, report);
            check_variables(&actions, report);
            check_regions(document, properties, &actions, report);
            artifacts::check(&actions, report);
            for action in &actions {
                configuration::check(action, report);
            }
            image_definitions::check(document, &actions, report);
        }
    }
}

fn actions(stages: Value<'_>) -> Vec<Action<'_>> {
    let mut found = Vec::new();
    for (stage, item) in stages.items().enumerate() {
        for branch in item.branches() {
            for list in branch.get("Actions").iter().flat_map(Value::branches) {
                for action in list.items() {
                    let is_sure = item.is_known() && list.is_known() && action.is_known();
                    let branches = action.branches().into_iter().filter(Value::is_known);
                    found.extend(branches.map(|value| Action { value, stage, is_sure }));
                }
            }
        }
    }
    found
}

/// `pipeline-name`: stages of a pipeline, or actions of a stage, with the same name. AWS `CodePipeline` User Guide,
/// "CodePipeline pipeline structure reference": these names are unique.
fn check_names<'t>(stages: Value<'t>, report: &mut Report<'t>) {
    unique(&stages.items().collect::<Vec<_>>(), "stages of this pipeline", report);
    for stage in stages.items() {
        if let Some(actions) = stage.get("Actions") {
            unique(&actions.items().collect::<Vec<_>>(), "actions of this stage", report);
        }
    }
}

fn unique<'t>(items: &[Value<'t>], what: &str, report: &mut Report<'t>) {
    let names: Vec<Value<'t>> = items.iter().filter_map(|it| it.get("Name")).collect();
    for (at, name) in names.iter().enumerate() {
        let Some(text) = name.text() else { continue };
        if let Some(first) = names[..at].iter().find(|it| it.text().as_ref() == Some(&text)) {
            report.add(
                Found::error("pipeline-name", *name, format!("two {what} have the name `{text}`"))
                    .help("give each a name of its own")
                    .and(*first, "the first is here"),
            );
        }
    }
}

/// `E3700`: the first stage has the sources and nothing else. `CodePipeline`: "Pipeline should start with a stage that
/// only contains source actions".
fn check_sources<'t>(stages: Value<'t>, actions: &[Action<'t>], report: &mut Report<'t>) {
    // A stage that depends on a condition may not be there, and another be the first.
    if stages.items().any(|it| !it.is_known()) {
        return;
    }
    for action in actions {
        let Some(category) = action.value.at(&["ActionTypeId", "Category"]) else { continue };
        let Some(text) = category.text() else { continue };
        if action.stage == 0 && text != "Source" {
            let message =
                format!("the first stage fetches sources, and this action is of the category `{text}`");
            report.add(Found::error("E3700", category, message).help("move it to a stage of its own"));
        } else if action.stage > 0 && text == "Source" {
            report.add(
                Found::error("E3700", category, "sources are fetched in the first stage only")
                    .help("move this action to the first stage"),
            );
        }
    }
}

/// `pipeline-variable`: a variable of an action that is not there. AWS `CodePipeline` User Guide, "Variables
/// reference": a namespace has to be that of an action which runs before.
fn check_variables<'t>(actions: &[Action<'t>], report: &mut Report<'t>) {
    const CODE: &str = "pipeline-variable";
    let spaces: Vec<(&Action<'t>, Value<'t>)> =
        actions.iter().filter_map(|it| Some((it, it.value.get("Namespace")?))).collect();
    for (at, (action, space)) in spaces.iter().enumerate() {
        let Some(text) = space.text().filter(|_| action.is_sure) else { continue };
        let is_same = |it: &&(&Action<'t>, Value<'t>)| it.0.is_sure && it.1.text().as_ref() == Some(&text);
        if let Some((_, first)) = spaces[..at].iter().find(is_same) {
            report.add(
                Found::error(CODE, *space, format!("two actions have the namespace `{text}`"))
                    .help("give each a namespace of its own")
                    .and(*first, "the first is here"),
            );
        }
    }
    // A name that is not known may be any.
    let Some(names) = spaces.iter().map(|it| it.1.text()).collect::<Option<Vec<_>>>() else { return };
    for action in actions {
        for (_, _, value) in action.value.get("Configuration").iter().flat_map(Value::entries) {
            let Some(text) = value.text() else { continue };
            for variable in text.split("#{").skip(1).filter_map(|it| it.split_once('}')).map(|it| it.0) {
                let Some((space, _)) = variable.split_once('.') else { continue };
                if !matches!(space, "codepipeline" | "variables") && !names.iter().any(|it| it == space) {
                    let message = format!("no action has the namespace `{space}` of `#{{{variable}}}`");
                    let found = Found::error(CODE, value, message);
                    report.add(if names.is_empty() {
                        found.help(format!("write `Namespace: {space}` at the action whose variable it is"))
                    } else {
                        found.suggest(space, names.iter().map(|it| &**it))
                    });
                }
            }
        }
    }
}

/// `pipeline-region`: an action in a region that has no artifact store. AWS `CodePipeline` User Guide, "Add a
/// cross-Region action in CodePipeline": there is a bucket for each region that has an action.
fn check_regions<'t>(
    document: &'t Document<'t>,
    properties: Value<'t>,
    actions: &[Action<'t>],
    report: &mut Report<'t>,
) {
    let stores = match (properties.get("ArtifactStores"), properties.get("ArtifactStore")) {
        (Some(stores), _) => {
            let regions = stores.items().map(|it| Some(it.get("Region")?.text()?.into_owned()));
            match regions.collect::<Option<Vec<String>>>() {
                Some(regions) if stores.is_known() => regions,
                _ => return,
            }
        }
        (None, Some(_)) => match document.region {
            Some(region) => vec![region.to_owned()],
            None => return,
        },
        (None, None) => return,
    };
    for action in actions {
        let Some(region) = action.value.get("Region") else { continue };
        if let Some(text) = region.text().filter(|it| !stores.iter().any(|store| store == it)) {
            report.add(
                Found::error("pipeline-region", region, format!("the pipeline has no artifact store in `{text}`"))
                    .help("add a bucket in that region to `ArtifactStores`, which stands in place of `ArtifactStore`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    /// What is found in the stages of a pipeline, with `…` for their path.
    pub(super) fn stages(yaml: &str) -> String {
        let indented = yaml.replace('\n', "\n        ");
        let template = format!(
            "Resources:\n  P:\n    Type: AWS::CodePipeline::Pipeline\n    Properties:\n      ArtifactStores: [{{Region: \
             us-east-1}}]\n      Stages:\n        {indented}\n"
        );
        check(super::check, &template).replace("Resources/P/Properties/Stages", "…")
    }

    pub(super) const SOURCE: &str = "\
- Name: Source
  Actions:
    - Name: Fetch
      ActionTypeId: {Category: Source, Owner: AWS, Provider: S3, Version: '1'}
      Configuration: {S3Bucket: b, S3ObjectKey: k}
      OutputArtifacts: [{Name: Code}]
";

    #[test]
    fn the_first_stage_fetches_sources() {
        let build = "- Name: Build\n  Actions:\n    - Name: B\n      ActionTypeId: {Category: Approval, Owner: AWS, Provider: \
                     Manual, Version: '1'}\n";
        assert_eq!(stages(&format!("{SOURCE}{build}")), "");
        let expected = "error E3700 …/0/Actions/0/ActionTypeId/Category 10:40: the first stage fetches sources, and this action \
                        is of the category `Approval`\n  move it to a stage of its own\nerror E3700 \
                        …/1/Actions/0/ActionTypeId/Category 14:40: sources are fetched in the first stage only\n  move this \
                        action to the first stage\n";
        assert_eq!(stages(&format!("{build}{SOURCE}")), expected);
    }

    #[test]
    fn names_are_different() {
        let again = SOURCE.replace("Code", "Other").replace("Category: Source", "Category: !Ref C");
        let expected = "error pipeline-name …/1/Name 13:17: two stages of this pipeline have the name `Source`\n  give each a \
                        name of its own\n";
        assert_eq!(stages(&format!("{SOURCE}{again}")), expected);
    }

    #[test]
    fn a_variable_is_of_an_action() {
        let approve = |variable: &str| {
            format!(
                "{SOURCE}      Namespace: Sources\n- Name: Approve\n  Actions:\n    - Name: A\n      ActionTypeId: {{Category: \
                 Approval, Owner: AWS, Provider: Manual, Version: '1'}}\n      Configuration: {{CustomData: \
                 'x #{{{variable}}}'}}\n"
            )
        };
        let expected = "error pipeline-variable …/1/Actions/0/Configuration/CustomData 18:43: no action has the namespace \
                        `Source` of `#{Source.CommitId}`\n  did you mean `Sources`?\n";
        assert_eq!(stages(&approve("Source.CommitId")), expected);
        assert_eq!(stages(&approve("Sources.CommitId")), "");
        assert_eq!(stages(&approve("codepipeline.PipelineExecutionId")), "");
    }

    #[test]
    fn an_action_has_an_artifact_store_in_its_region() {
        let found = stages(&format!("{SOURCE}      Region: eu-west-1"));
        let expected = "error pipeline-region …/0/Actions/0/Region 13:23: the pipeline has no artifact store in `eu-west-1`\n  \
                        add a bucket in that region to `ArtifactStores`, which stands in place of `ArtifactStore`\n";
        assert_eq!(found, expected);
        assert_eq!(stages(&format!("{SOURCE}      Region: us-east-1")), "");
    }
}
