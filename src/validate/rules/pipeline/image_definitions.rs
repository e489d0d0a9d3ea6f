//! The file that tells a deployment to ECS which images to run.

use super::{
    super::super::{
        document::Document,
        report::{Found, Report},
        value::Value,
    },
    Action,
};

/// `pipeline-image-definitions`: the artifact that is deployed to ECS comes from a build whose buildspec does not put
/// the file into it. The action fails: "Did not find the image definition file imagedefinitions.json". AWS
/// `CodePipeline` User Guide, "Image definitions file reference".
pub(super) fn check<'t>(document: &'t Document<'t>, actions: &[Action<'t>], report: &mut Report<'t>) {
    for action in actions {
        let is_ecs = action.kind("Provider").as_deref() == Some("ECS");
        if action.kind("Category").as_deref() != Some("Deploy") || !is_ecs {
            continue;
        }
        let name = action.value.at(&["Configuration", "FileName"]);
        let wanted = match name {
            Some(name) => name.text(),
            None => Some("imagedefinitions.json".into()),
        };
        let input = action.value.get("InputArtifacts").and_then(|it| it.items().next());
        let artifact = input.and_then(|it| it.get("Name"));
        let (Some(wanted), Some(artifact)) = (wanted, artifact) else { continue };
        let Some(files) = files(document, actions, artifact) else { continue };
        let names: Option<Vec<String>> =
            files.each().iter().map(|it| Some(it.text()?.into_owned())).collect();
        let has_it =
            |it: &String| it.contains('*') || it.contains('$') || it.rsplit('/').next() == Some(&wanted);
        if let Some(names) = names.filter(|it| !it.iter().any(has_it)) {
            let shown = artifact.text().unwrap_or_default();
            let message =
                format!("the build puts no `{wanted}` into `{shown}`, and ECS is told by it what to run");
            let found = Found::error("pipeline-image-definitions", artifact, message);
            let is_json = |it: &&String| it.rsplit_once('.').is_some_and(|it| it.1 == "json");
            let found = match names.iter().find(is_json) {
                Some(other) => {
                    found.help(format!("write `FileName: {other}` into the configuration of this action"))
                }
                None => {
                    found.help(format!("add `{wanted}` to the `files` of the artifacts in the buildspec"))
                }
            };
            report.add(found.and(files, "the files of the artifact"));
        }
    }
}

/// The files of an artifact, if it is the only one of a build in this template.
fn files<'t>(document: &'t Document<'t>, actions: &[Action<'t>], artifact: Value<'t>) -> Option<Value<'t>> {
    let name = artifact.text()?;
    let output = |it: &Action<'t>| {
        let outputs = it.value.get("OutputArtifacts")?;
        let mut items = outputs.items();
        let only = items.next().filter(|_| items.next().is_none())?;
        only.get("Name")?.text()
    };
    let build = actions.iter().find(|it| output(it).is_some_and(|it| it == name))?;
    let configuration = build.value.get("Configuration")?;
    if build.kind("Provider")? != "CodeBuild" || configuration.get("BuildspecOverride").is_some() {
        return None;
    }
    let project = configuration.get("ProjectName")?.target()?;
    let project =
        document.resources.get(project.name).filter(|it| it.type_name == "AWS::CodeBuild::Project")?;
    let written = document.properties(project)?.at(&["Source", "BuildSpec"])?;
    written.embedded()?;
    let artifacts = written.opened()?.get("artifacts")?;
    if artifacts.get("secondary-artifacts").is_some() || artifacts.get("name").is_some() {
        return None;
    }
    artifacts.get("files")
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    fn template(file: &str, configuration: &str) -> String {
        let kind = |category: &str, provider: &str| {
            format!("ActionTypeId: {{Category: {category}, Owner: AWS, Provider: {provider}, Version: '1'}}")
        };
        format!(
            "Resources:\n  B:\n    Type: AWS::CodeBuild::Project\n    Properties:\n      Source:\n        BuildSpec: \
             |\n          version: 0.2\n          artifacts:\n            files: [{file}]\n  P:\n    Type: \
             AWS::CodePipeline::Pipeline\n    Properties:\n      Stages:\n        - Name: S\n          Actions:\n            - \
             {{Name: a, {}, Configuration: {{RepositoryName: r}}, OutputArtifacts: [{{Name: Code}}]}}\n        - Name: B\n          \
             Actions:\n            - {{Name: a, {}, Configuration: {{ProjectName: !Ref B}}, InputArtifacts: [{{Name: Code}}], \
             OutputArtifacts: [{{Name: Built}}]}}\n        - Name: D\n          Actions:\n            - Name: a\n              \
             {}\n              InputArtifacts: [{{Name: Built}}]\n              Configuration: {{ClusterName: c, ServiceName: \
             s{configuration}}}\n",
            kind("Source", "ECR"),
            kind("Build", "CodeBuild"),
            kind("Deploy", "ECS"),
        )
    }

    #[test]
    fn the_build_makes_the_file_that_is_deployed() {
        let expected = "error pipeline-image-definitions \
                        Resources/P/Properties/Stages/2/Actions/0/InputArtifacts/0/Name 24:39: the build puts no \
                        `imagedefinitions.json` into `Built`, and ECS is told by it what to run\n  write `FileName: images.json` \
                        into the configuration of this action\n";
        assert_eq!(check(super::super::check, &template("images.json", "")), expected);
        assert_eq!(check(super::super::check, &template("images.json", ", FileName: images.json")), "");
        assert_eq!(check(super::super::check, &template("out/imagedefinitions.json", "")), "");
        assert_eq!(check(super::super::check, &template("'**/*'", "")), "");
    }
}
