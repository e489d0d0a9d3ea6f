//! What the providers of actions are told.

use asi_constructs::kernel::diagnostic::nearest;

use super::{
    super::super::{
        report::{Found, Report},
        value::Value,
    },
    Action,
};

/// A provider, the keys its configuration has to have, and those it may have.
type Provider = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

/// By category and name. AWS `CodePipeline` User Guide, "Action structure reference".
const PROVIDERS: &[Provider] = &[
    ("Source", "S3", &["S3Bucket", "S3ObjectKey"], &["PollForSourceChanges", "AllowOverrideForS3ObjectKey"]),
    (
        "Source",
        "CodeCommit",
        &["RepositoryName", "BranchName"],
        &["PollForSourceChanges", "OutputArtifactFormat"],
    ),
    (
        "Source",
        "CodeStarSourceConnection",
        &["ConnectionArn", "FullRepositoryId", "BranchName"],
        &["OutputArtifactFormat", "DetectChanges"],
    ),
    ("Source", "GitHub", &["Owner", "Repo", "Branch", "OAuthToken"], &["PollForSourceChanges"]),
    ("Source", "ECR", &["RepositoryName"], &["ImageTag"]),
    ("Build", "CodeBuild", &["ProjectName"], BUILD),
    ("Test", "CodeBuild", &["ProjectName"], BUILD),
    ("Deploy", "ECS", &["ClusterName", "ServiceName"], &["FileName", "DeploymentTimeout"]),
    ("Deploy", "CodeDeploy", &["ApplicationName", "DeploymentGroupName"], &[]),
    (
        "Deploy",
        "CodeDeployToECS",
        &[
            "ApplicationName",
            "DeploymentGroupName",
            "TaskDefinitionTemplateArtifact",
            "AppSpecTemplateArtifact",
        ],
        &[
            "AppSpecTemplatePath",
            "TaskDefinitionTemplatePath",
            "Image1ArtifactName",
            "Image1ContainerName",
            "Image2ArtifactName",
            "Image2ContainerName",
            "Image3ArtifactName",
            "Image3ContainerName",
            "Image4ArtifactName",
            "Image4ContainerName",
        ],
    ),
    (
        "Deploy",
        "S3",
        &["BucketName", "Extract"],
        &["ObjectKey", "KMSEncryptionKeyARN", "CannedACL", "CacheControl"],
    ),
    (
        "Deploy",
        "CloudFormation",
        &["ActionMode", "StackName"],
        &[
            "ChangeSetName",
            "TemplatePath",
            "TemplateConfiguration",
            "Capabilities",
            "RoleArn",
            "OutputFileName",
            "ParameterOverrides",
        ],
    ),
    ("Deploy", "ElasticBeanstalk", &["ApplicationName", "EnvironmentName"], &[]),
    ("Approval", "Manual", &[], &["NotificationArn", "CustomData", "ExternalEntityLink"]),
    ("Invoke", "Lambda", &["FunctionName"], &["UserParameters"]),
    ("Invoke", "StepFunctions", &["StateMachineArn"], &["ExecutionNamePrefix", "InputType", "Input"]),
];

const BUILD: &[&str] =
    &["PrimarySource", "BatchEnabled", "CombineArtifacts", "BuildspecOverride", "EnvironmentVariables"];

/// `pipeline-configuration`: a key is absent that the provider needs, or is misspelt. `CodePipeline`: "Action
/// configuration for action … is missing required configuration", "… contains unknown configuration". A key that is
/// like none we know may be a new one.
pub(super) fn check<'t>(action: &Action<'t>, report: &mut Report<'t>) {
    const CODE: &str = "pipeline-configuration";
    let (category, provider) = (action.kind("Category"), action.kind("Provider"));
    let is_custom = action.kind("Owner").is_none_or(|it| it == "Custom");
    let is_it = |it: &&Provider| category.as_deref() == Some(it.0) && provider.as_deref() == Some(it.1);
    let Some((_, name, needed, others)) = PROVIDERS.iter().find(is_it).filter(|_| !is_custom) else { return };
    let Some(configuration) = action.value.get("Configuration") else {
        if let Some(first) = needed.first() {
            let message = format!("`{name}` needs a `Configuration`, with `{first}` in it");
            report.add(Found::error(CODE, action.value.holder(), message).help("add it"));
        }
        return;
    };
    for configuration in configuration.branches() {
        for key in needed.iter().filter(|it| configuration.lacks(it)) {
            report.add(
                Found::error(CODE, configuration.holder(), format!("`{name}` needs to know `{key}`"))
                    .help(format!("add `{key}`")),
            );
        }
        let known: Vec<&str> = needed.iter().chain(*others).copied().collect();
        for (key, _, _) in configuration.entries().filter(|it| !known.contains(&it.0)) {
            if let Some(near) = nearest(key, &known) {
                report.add(
                    Found::warning(CODE, configuration.key(key), format!("`{name}` knows no `{key}`"))
                        .help(format!("did you mean `{near}`?")),
                );
            }
        }
        match *name {
            "CodeBuild" => check_build(action, configuration, report),
            "CloudFormation" => check_stack(configuration, report),
            "S3" if category.as_deref() == Some("Deploy") => check_copy(configuration, report),
            _ => (),
        }
    }
    check_template(action, report);
    check_role(action, report);
}

/// AWS `CodePipeline` User Guide, "AWS CodeBuild build and test action reference": `PrimarySource` "is required if
/// there are multiple input artifacts".
fn check_build<'t>(action: &Action<'t>, configuration: Value<'t>, report: &mut Report<'t>) {
    let Some(inputs) = action.value.get("InputArtifacts") else { return };
    if inputs.items().filter(Value::is_known).count() > 1 && configuration.lacks("PrimarySource") {
        report.add(
            Found::error(
                "pipeline-configuration",
                configuration.holder(),
                "of several artifacts one has the buildspec, and which one is not said",
            )
            .help("add `PrimarySource` with its name")
            .and(inputs.holder(), "the artifacts"),
        );
    }
    let names: Option<Vec<String>> =
        inputs.items().map(|it| Some(it.get("Name")?.text()?.into_owned())).collect();
    if let Some(source) = configuration.get("PrimarySource")
        && let Some(text) = source.text()
        && let Some(names) = names.filter(|it| inputs.is_known() && !it.iter().any(|it| *it == text))
    {
        report.add(
            Found::error(
                "pipeline-configuration",
                source,
                format!("`{text}` is none of the input artifacts"),
            )
            .suggest(&text, names.iter().map(String::as_str)),
        );
    }
}

/// What each way to change a stack needs besides. AWS `CodePipeline` User Guide, "AWS CloudFormation deploy action
/// reference".
fn check_stack<'t>(configuration: Value<'t>, report: &mut Report<'t>) {
    let Some(mode) = configuration.get("ActionMode") else { return };
    let Some(text) = mode.text() else { return };
    let needed: &[&str] = match &*text {
        "CREATE_UPDATE" | "REPLACE_ON_FAILURE" => &["TemplatePath", "RoleArn"],
        "CHANGE_SET_REPLACE" => &["TemplatePath", "RoleArn", "ChangeSetName"],
        "CHANGE_SET_EXECUTE" => &["ChangeSetName"],
        "DELETE_ONLY" => &["RoleArn"],
        _ => {
            let known = [
                "CREATE_UPDATE",
                "REPLACE_ON_FAILURE",
                "CHANGE_SET_REPLACE",
                "CHANGE_SET_EXECUTE",
                "DELETE_ONLY",
            ];
            report.add(
                Found::error("pipeline-configuration", mode, format!("there is no action mode `{text}`"))
                    .suggest(&text, known),
            );
            return;
        }
    };
    for key in needed.iter().filter(|it| configuration.lacks(it)) {
        report.add(
            Found::error(
                "pipeline-configuration",
                configuration.holder(),
                format!("`{text}` needs to know `{key}`"),
            )
            .help(format!("add `{key}`"))
            .and(mode, "the mode"),
        );
    }
}

/// AWS `CodePipeline` User Guide, "Amazon S3 deploy action reference": `ObjectKey` is required if `Extract` is false.
fn check_copy<'t>(configuration: Value<'t>, report: &mut Report<'t>) {
    let Some(extract) = configuration.get("Extract") else { return };
    if extract.boolean() == Some(false) && configuration.lacks("ObjectKey") {
        report.add(
            Found::error(
                "pipeline-configuration",
                configuration.holder(),
                "what is not extracted is put under one key, and which one is not said",
            )
            .help("add `ObjectKey`")
            .and(extract, "not extracted"),
        );
    }
}

/// `E3703`: a template in an artifact that the action does not take. AWS `CodePipeline` User Guide, "AWS CloudFormation
/// deploy action reference": `TemplatePath` is `ArtifactName::TemplateFileName`.
fn check_template<'t>(action: &Action<'t>, report: &mut Report<'t>) {
    let Some(path) = action.value.at(&["Configuration", "TemplatePath"]) else { return };
    let Some(text) = path.text() else { return };
    let inputs = action.value.get("InputArtifacts");
    let names: Option<Vec<String>> =
        inputs.iter().flat_map(Value::items).map(|it| Some(it.get("Name")?.text()?.into_owned())).collect();
    let Some(names) = names.filter(|_| inputs.is_none_or(|it| it.is_known())) else { return };
    let artifact = text.split_once("::").map_or(&*text, |it| it.0);
    if !(text.contains("::") && names.iter().any(|it| it == artifact)) {
        let found = Found::error("E3703", path, format!("`{artifact}` is none of the input artifacts"));
        report.add(if names.is_empty() {
            found.help("add the artifact that has the template to `InputArtifacts`")
        } else {
            found.help(format!("write the artifact first: `{}::template.json`", names[0]))
        });
    }
}

/// `E3703`: a role that is given by its name.
fn check_role<'t>(action: &Action<'t>, report: &mut Report<'t>) {
    let Some(role) = action.value.at(&["Configuration", "RoleArn"]) else { return };
    let is_name = match role.target() {
        Some(target) => {
            let named = role.document.resources.get(target.name);
            target.attribute.is_none() && named.is_some_and(|it| it.type_name == "AWS::IAM::Role")
        }
        None => role.text().is_some_and(|it| !it.starts_with("arn:") && !it.contains("${")),
    };
    if is_name {
        let help = "write `!GetAtt Role.Arn`";
        report.add(
            Found::error("E3703", role, "a role is named by its ARN here, and this is its name").help(help),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SOURCE, stages};

    fn deploy(provider: &str, configuration: &str) -> String {
        let kind = format!("{{Category: Deploy, Owner: AWS, Provider: {provider}, Version: '1'}}");
        stages(&format!(
            "{SOURCE}- Name: Deploy\n  Actions:\n    - Name: D\n      ActionTypeId: {kind}\n      InputArtifacts: [{{Name: \
             Code}}]\n      Configuration: {configuration}\n"
        ))
        .replace("…/1/Actions/0/Configuration", "…")
    }

    #[test]
    fn a_provider_needs_its_keys() {
        let expected = "error pipeline-configuration … 18:15: `ECS` needs to know `ServiceName`\n  add `ServiceName`\nwarning \
                        pipeline-configuration …/Servicename 18:47: `ECS` knows no `Servicename`\n  did you mean \
                        `ServiceName`?\n";
        assert_eq!(deploy("ECS", "{ClusterName: c, Servicename: s}"), expected);
        assert_eq!(deploy("ECS", "{ClusterName: !Ref C, ServiceName: s, SomethingNew: x}"), "");
        assert_eq!(deploy("ECS", "!Ref Configuration"), "");
    }

    #[test]
    fn a_stack_needs_what_its_mode_does() {
        let found = deploy("CloudFormation", "{ActionMode: CREATE_UPDATE, StackName: s, RoleArn: !Ref R}");
        let expected = "error pipeline-configuration … 18:15: `CREATE_UPDATE` needs to know `TemplatePath`\n  add \
                        `TemplatePath`\n";
        assert_eq!(found, expected);
        let found = deploy(
            "CloudFormation",
            "{ActionMode: CREATE_UPDATE, StackName: s, RoleArn: r, TemplatePath: 'Cod::t.json'}",
        );
        let expected = "error E3703 …/RoleArn 18:81: a role is named by its ARN here, and this is its name\n  write `!GetAtt \
                        Role.Arn`\nerror E3703 …/TemplatePath 18:98: `Cod` is none of the input artifacts\n  write the artifact \
                        first: `Code::template.json`\n";
        assert_eq!(found, expected);
    }
}
