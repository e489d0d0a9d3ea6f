//! A deployment by CloudFormation: a parameter of the stack gets the new image, and nothing else changes.
//!
//! Not CodePipeline's own action for CloudFormation, for two reasons. It has to be given a role, which the stack then
//! keeps for whatever comes later: the next update of the infrastructure would have the rights of a release, and a
//! deletion would take away the role it works with. And it deploys a template of the source, with all that changed in it
//! since. Here the stack is updated with the template and the parameters it has, and, unless it has a role already, with
//! the rights of the project that asks for it.

use super::{
    action::{Slot, Stages},
    buildspec,
    deploy::{self, Deploy, STAGE},
    project::{self, Project},
};
use crate::{
    iam::Allow,
    kernel::{diagnostic::nearest, expr::ExprKind, prelude::*},
    targets::EcsService,
};

/// The name of the action.
const ACTION: &str = "CloudFormation";

/// A parameter that is left out would fall back to its default. The pipeline starts as soon as it is there, when its
/// stack is not yet. Whoever deployed the template has acknowledged its capabilities. That the image is deployed already
/// is no failure: the pipeline may run again.
const SCRIPT: &str = r#"
keys=$(aws cloudformation describe-stacks --stack-name "$STACK" --query 'Stacks[0].Parameters[].ParameterKey' --output text)
parameters="ParameterKey=$PARAMETER,ParameterValue=NEW_VALUE"
for key in $keys; do
  if [ "$key" != "$PARAMETER" ]; then parameters="$parameters ParameterKey=$key,UsePreviousValue=true"; fi
done
until aws cloudformation describe-stacks --stack-name "$STACK" --query 'Stacks[0].StackStatus' --output text | grep -v IN_PROGRESS; do
  sleep 15
done
if answer=$(aws cloudformation update-stack --stack-name "$STACK" --use-previous-template --parameters $parameters --capabilities CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND 2>&1); then
  aws cloudformation wait stack-update-complete --stack-name "$STACK" || {
    aws cloudformation describe-stack-events --stack-name "$STACK" --max-items 20 --query "StackEvents[?ends_with(ResourceStatus, 'FAILED')].[LogicalResourceId, ResourceStatusReason]" --output text
    exit 1
  }
else
  echo "$answer"
  case $answer in *"No updates are to be performed"*) ;; *) exit 1 ;; esac
fi
"#;

/// Adds the action.
///
/// # Errors
///
/// If the image of the service is not what the parameter says.
pub(super) fn add(
    deploy: &Deploy,
    parameter: &Spanned<String>,
    scope: &mut Scope<'_>,
    stages: &mut Stages<'_>,
    service: &EcsService,
) -> Result<(), Diagnostic> {
    check_stack(scope, deploy, parameter)?;
    let value = match part_of(&service.image, &parameter.value) {
        Part::Whole => "$IMAGE",
        Part::Tag if is_in_its_repository(service) => "${IMAGE##*:}",
        part => return Err(unfit(part, deploy, parameter, service)),
    };
    let stack = Expr::pseudo("AWS::StackId");
    let update = Allow::new(
        &["cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks", "cloudformation:UpdateStack"],
        [stack.clone()],
    );
    let asked = project::asked(&deploy.permissions.value, scope);
    let project = Project {
        timeout: Expr::from(deploy.timeout.value.minutes()).at(deploy.timeout.span),
        variables: vec![
            ("STACK".to_owned(), stack),
            ("PARAMETER".to_owned(), Expr::from(parameter.value.clone()).at(parameter.span)),
        ],
        allow: [stages.bucket.read(), vec![update], allow(service), asked].concat(),
        ..Project::small(buildspec::of_script(&SCRIPT.replace("NEW_VALUE", value)), stages.logs)
    };
    let slot = Slot { stage: STAGE, action: ACTION, order: Spanned::from(1), is_whole: false };
    stages.run(scope, slot, project, true);
    Ok(())
}

/// Only what runs in the pipeline's own stack comes from a parameter of that.
fn check_stack(scope: &Scope<'_>, deploy: &Deploy, parameter: &Spanned<String>) -> Result<(), Diagnostic> {
    let name = &deploy.service.name;
    let own = scope.place().part.as_deref();
    if name.text.split_once('.').is_none_or(|(part, _)| own == Some(part)) {
        return Ok(());
    }
    let fault = format!("`{}` stands in another stack, and the pipeline updates its own", name.text);
    Err(Diagnostic::error("deploy-parameter", fault)
        .label(parameter.span, "")
        .label(name.span, "the service")
        .help("remove `parameter`, or move the Pipeline into the stack of the service"))
}

/// To run a new revision of the task definition in the service, by CloudFormation: what the handlers of the two types
/// say they call in their schemas, but for tags of the service, which stay.
fn allow(service: &EcsService) -> Vec<Allow> {
    let EcsService { cluster_name, service_name, .. } = service;
    let deployments = ["service-deployment/".into(), cluster_name.clone(), "/".into(), service_name.clone(), "/*".into()];
    let by_cloudformation = [
        // The revision that is no longer used is taken back. AWS lets nobody limit that to a task definition.
        Allow::anywhere(&["ecs:DeregisterTaskDefinition"]),
        Allow::new(&["ecs:ListServiceDeployments", "ecs:ListTagsForResource"], [service.service_arn.clone()]),
        Allow::new(
            &["ecs:DescribeServiceDeployments", "ecs:StopServiceDeployment"],
            [Expr::arn("ecs", deployments)],
        ),
        Allow::new(&["iam:GetRole"], service.task_roles.clone()),
    ];
    // CloudFormation tells ECS all of a service, its roles too, whatever of it has changed.
    let to_ecs = object! { "StringEquals" => object! { "iam:PassedToService" => "ecs.amazonaws.com" } };
    let roles = &service.deployment_roles;
    let pass = (!roles.is_empty()).then(|| Allow::new(&["iam:PassRole"], roles.clone()).when(to_ecs));
    deploy::allow(service).into_iter().chain(by_cloudformation).chain(pass).collect()
}

/// What of an image a parameter says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Whole,
    Tag,
    Other,
    Nothing,
}

fn part_of(image: &Expr<Handle>, parameter: &str) -> Part {
    let is_it = |it: &Expr<Handle>| matches!(&it.kind, ExprKind::Parameter(name) if name == parameter);
    match &image.kind {
        _ if is_it(image) => Part::Whole,
        ExprKind::Concat(parts) => match parts.as_slice() {
            [.., colon, last] if is_it(last) && colon.as_str().is_some_and(|it| it.ends_with(':')) => Part::Tag,
            parts if parts.iter().any(is_it) => Part::Other,
            _ => Part::Nothing,
        },
        _ => Part::Nothing,
    }
}

/// Whether the image of a service begins with the address of its Repository.
fn is_in_its_repository(service: &EcsService) -> bool {
    let ExprKind::Concat(parts) = &service.image.kind else { return false };
    service.repository.as_ref().is_some_and(|it| parts.first() == Some(&it.uri))
}

/// The names of the template's parameters in an image.
fn parameters(image: &Expr<Handle>) -> Vec<&str> {
    let parts = match &image.kind {
        ExprKind::Concat(parts) => parts.as_slice(),
        _ => std::slice::from_ref(image),
    };
    let names = parts.iter().filter_map(|it| match &it.kind {
        ExprKind::Parameter(name) if !name.starts_with("AWS::") => Some(&**name),
        _ => None,
    });
    names.collect()
}

fn unfit(part: Part, deploy: &Deploy, parameter: &Spanned<String>, service: &EcsService) -> Diagnostic {
    let (name, service_name) = (&parameter.value, &deploy.service.name.text);
    let fault = |message| {
        let fault = Diagnostic::error("deploy-parameter", message).label(parameter.span, "");
        fault.label(deploy.service.name.span, "the service")
    };
    match part {
        Part::Tag => fault(format!("`{name}` is the tag of an image that is in no Repository of this stack"))
            .help(format!("give `{service_name}` an image such as `repo:${{param.{name}}}`")),
        Part::Whole | Part::Other => fault(format!("`{name}` is neither the image of `{service_name}` nor its tag"))
            .help(format!("give `{service_name}` an image such as `repo:${{param.{name}}}`")),
        Part::Nothing => {
            let fault = fault(format!("the image of `{service_name}` does not come from the parameter `{name}`"));
            let known = parameters(&service.image);
            match (nearest(name, &known), known.as_slice()) {
                (Some(near), _) => fault.help(format!("did you mean `{near}`?")),
                (None, [one, ..]) => fault.help(format!("write `{one}`, which it does come from")),
                (None, []) => fault.help(format!("give it an image such as `repo:${{param.{name}}}`")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        pipeline::tests::{SOURCE, allowed},
        testing::{Stack, stack},
    };

    fn with(image: &str, deploy: &str, build: &str) -> Stack {
        let beside = if image.contains("repo") { "" } else { ", repository: repo" };
        stack(&format!(
            "n: {{type: Network}}\nrepo: {{type: Repository}}\n\
             web: {{type: FargateService, network: n, image: '{image}'{beside}, port: 80}}\n\
             d: {{type: Pipeline, source: {{{SOURCE}}}, build: {{{build}}}, deploy: {{service: web, {deploy}}}}}"
        ))
    }

    /// What the parameter gets.
    fn value(image: &str, build: &str) -> String {
        let stack = with(image, "parameter: Param", build);
        assert_eq!(stack.faults(), [""; 0]);
        let project = stack.properties("d/Deploy/CloudFormation/Project/Resource");
        let buildspec = project["Source"]["BuildSpec"].as_str().unwrap().to_owned();
        let line = buildspec.lines().find(|it| it.contains("ParameterValue=")).unwrap();
        line.rsplit_once("ParameterValue=").unwrap().1.trim_end_matches('"').to_owned()
    }

    #[test]
    fn the_parameter_gets_what_it_stands_for() {
        assert_eq!(value("repo:${param.Param}", ""), "${IMAGE##*:}");
        assert_eq!(value("${repo.uri}:${Param}", ""), "${IMAGE##*:}");
        assert_eq!(value("${Param}", ""), "$IMAGE");
    }

    #[test]
    fn updates_the_stack_it_is_in_with_the_image_that_was_built() {
        let stack = with("repo:${Param}", "parameter: Param, timeout: 20m", "");
        let stages = &stack.properties("d/Resource")["Stages"];
        assert_eq!(stages[1]["Actions"][0]["Namespace"], "Build");
        assert_eq!(stages[1]["Actions"][0]["OutputArtifacts"], json!(null));
        assert_eq!(stages[2], json!({
            "Actions": [{
                "ActionTypeId": { "Category": "Build", "Owner": "AWS", "Provider": "CodeBuild", "Version": "1" },
                "Configuration": {
                    "ProjectName": "${d/Deploy/CloudFormation/Project/Resource}",
                    "EnvironmentVariables": r##"[{"name":"IMAGE","type":"PLAINTEXT","value":"#{Build.IMAGE}"}]"##,
                },
                "InputArtifacts": [{ "Name": "Source" }],
                "Name": "CloudFormation",
                "RoleArn": "${d/Deploy/CloudFormation/CodePipelineActionRole/Resource.Arn}",
                "RunOrder": 1,
            }],
            "Name": "Deploy",
        }));
        let project = stack.properties("d/Deploy/CloudFormation/Project/Resource");
        assert_eq!(project["TimeoutInMinutes"], 20);
        assert_eq!(project["Environment"]["PrivilegedMode"], false);
        assert_eq!(project["Environment"]["EnvironmentVariables"], json!([
            { "Name": "STACK", "Type": "PLAINTEXT", "Value": "${AWS::StackId}" },
            { "Name": "PARAMETER", "Type": "PLAINTEXT", "Value": "Param" },
        ]));
    }

    #[test]
    fn may_change_nothing_but_the_service() {
        let permissions = "permissions: [{actions: ['ssm:GetParameters'], resources: ['arn:x']}]";
        let stack = with("repo:${Param}", &format!("parameter: Param, {permissions}"), "");
        assert_eq!(allowed(&stack, "d/Deploy/CloudFormation/Project/Role")[3..], [
            "cloudformation:DescribeStackEvents cloudformation:DescribeStacks cloudformation:UpdateStack on ${AWS::StackId}",
            "ecs:DescribeTaskDefinition ecs:RegisterTaskDefinition on *",
            "ecs:DescribeServices ecs:UpdateService on ${web/Service/Service}",
            "ecs:TagResource on arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task-definition/TestwebTaskDef811AACDE:*",
            "iam:PassRole on ${web/TaskDef/TaskRole/Resource.Arn} ${web/TaskDef/ExecutionRole/Resource.Arn}",
            "ecs:DeregisterTaskDefinition on *",
            "ecs:ListServiceDeployments ecs:ListTagsForResource on ${web/Service/Service}",
            "ecs:DescribeServiceDeployments ecs:StopServiceDeployment on \
             arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:service-deployment/${web/Cluster/Resource}/${web/Service/Service.Name}/*",
            "iam:GetRole on ${web/TaskDef/TaskRole/Resource.Arn} ${web/TaskDef/ExecutionRole/Resource.Arn}",
            "ssm:GetParameters on arn:x",
        ]);
    }

    #[test]
    fn may_leave_a_service_the_roles_it_is_deployed_with() {
        let stack = stack(&format!(
            "n: {{type: Network}}\nrepo: {{type: Repository}}\n\
             web: {{type: FargateService, network: n, image: 'repo:${{Param}}', port: 80, \
             deployment: {{strategy: canary, hooks: [{{at: [preScaleUp], lambda: 'arn:a'}}]}}}}\n\
             d: {{type: Pipeline, source: {{{SOURCE}}}, deploy: {{service: web, parameter: Param}}}}"
        ));
        assert_eq!(stack.faults(), [""; 0]);
        let role = "d/Deploy/CloudFormation/Project/Role";
        assert_eq!(
            allowed(&stack, role).last().unwrap(),
            "iam:PassRole on ${web/InfrastructureRole/Resource.Arn} ${web/HookRole/Resource.Arn}"
        );
        let policy = &stack.properties(&format!("{role}/DefaultPolicy/Resource"))["PolicyDocument"];
        assert_eq!(
            policy["Statement"].as_array().unwrap().last().unwrap()["Condition"],
            json!({ "StringEquals": { "iam:PassedToService": "ecs.amazonaws.com" } })
        );
    }

    #[test]
    fn points_at_a_parameter_that_is_not_the_image() {
        let faults = |image: &str, parameter: &str, build: &str| with(image, &format!("parameter: {parameter}"), build).faults();
        assert_eq!(
            faults("repo:${Param}", "Parm", ""),
            ["deploy-parameter at `Parm`: the image of `web` does not come from the parameter `Parm`"]
        );
        assert_eq!(
            faults("repo:1.0.0", "Param", ""),
            ["deploy-parameter at `Param`: the image of `web` does not come from the parameter `Param`"]
        );
        assert_eq!(
            faults("repo:${Param}-slim", "Param", ""),
            ["deploy-parameter at `Param`: `Param` is neither the image of `web` nor its tag"]
        );
        assert_eq!(
            faults("public.ecr.aws/nginx/nginx:${Param}", "Param", ""),
            ["deploy-parameter at `Param`: `Param` is the tag of an image that is in no Repository of this stack"]
        );
    }

    #[test]
    fn points_at_an_image_nobody_knows_and_a_time_nobody_waits() {
        assert_eq!(
            with("repo:${Param}", "parameter: Param, timeout: 2m", "buildspec: a.yml").faults(),
            [
                "deploy-timeout at `2m`: a deployment may take from 5 minutes to 60 minutes",
                "no-image at `Param`: the parameter needs the image, and a buildspec of your own does not say which it made",
            ]
        );
    }
}
