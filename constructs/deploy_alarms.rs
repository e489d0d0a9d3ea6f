//! Tells a topic when a pipeline, or a deployment of a service, has failed.

use crate::{
    iam::{self, Allow},
    kernel::{expr::ExprKind, map::Entry, prelude::*},
    targets::{CodePipeline, EcsService, SnsTopic},
};

const RULE: ResourceType = ResourceType::new("AWS::Events::Rule");

properties! {
    /// Tells a topic when a pipeline, or a deployment of a service, has failed.
    ///
    /// What it tells is a sentence with the place to look at. Whatever starts a deployment of a service, ECS reports it
    /// when its circuit breaker gives it up.
    pub struct DeployAlarms {
        /// The Topic that is told. It needs no `publishers` for that: the alarms have a role that may publish in it, and
        /// do nothing else.
        topic: Link<SnsTopic>,
        /// The pipelines whose runs are watched.
        pipelines: Vec<Link<CodePipeline>>,
        /// The services whose deployments are watched, such as a `FargateService` or a `Worker`.
        services: Vec<Link<EcsService>>,
    }
}

exports! {
    /// What other constructs may use of [`DeployAlarms`].
    pub struct Exports {
        /// The ARN of the role that publishes in the topic.
        role_arn: Expr<Handle>,
        /// The ARN of the rule that watches pipelines; absent without `pipelines`.
        pipelines_rule_arn: Option<Expr<Handle>>,
        /// The ARN of the rule that watches services; absent without `services`.
        services_rule_arn: Option<Expr<Handle>>,
    }
}

impl Target for Exports {
    const WHAT: &'static str = "DeployAlarms";
}

impl Construct for DeployAlarms {
    const KIND: &'static str = "DeployAlarms";
    const EXAMPLE: &'static str = include_str!("deploy_alarms.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        if self.pipelines.is_empty() && self.services.is_empty() {
            faults.push(
                Diagnostic::error("nothing-watched", "nothing is watched, so that nobody is ever told")
                    .help("name `pipelines`, or `services`"),
            );
        }
        check_twice(&self.pipelines, faults);
        check_twice(&self.services, faults);
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let topic = scope.find(&self.topic)?;
        let pipelines = found(&self.pipelines, scope)?.into_iter().map(|it| it.name).collect();
        let services = found(&self.services, scope)?.into_iter().map(|it| it.service_arn).collect();
        let target = Teller::new(scope, topic);
        let pipelines_rule = target.rule(scope, "Pipelines", pipelines, of_pipelines);
        let services_rule = target.rule(scope, "Services", services, of_services);
        Ok(Exports {
            role_arn: target.role.attribute("Arn"),
            pipelines_rule_arn: pipelines_rule.map(|it| it.attribute("Arn")),
            services_rule_arn: services_rule.map(|it| it.attribute("Arn")),
        })
    }
}

/// Reports names that are there before.
fn check_twice<T>(links: &[Link<T>], faults: &mut Vec<Diagnostic>) {
    for (at, link) in links.iter().enumerate() {
        if links[..at].iter().any(|it| it.name.text == link.name.text) {
            let fault = Diagnostic::error("no-effect", format!("`{}` is there before", link.name.text));
            faults.push(fault.at(link.name.span).help("remove one of the two"));
        }
    }
}

fn found<T: Target>(links: &[Link<T>], scope: &Scope<'_>) -> Result<Vec<T>, Diagnostic> {
    links.iter().map(|it| scope.find(it)).collect()
}

/// What a rule looks for, and what it tells.
struct Watch {
    description: &'static str,
    pattern: Expr<Handle>,
    /// What of an event the text takes, each as a path.
    paths: &'static [(&'static str, &'static str)],
    text: &'static str,
}

/// Runs of these pipelines that fail.
fn of_pipelines(names: Vec<Expr<Handle>>) -> Watch {
    Watch {
        description: "Pipelines that have failed",
        pattern: object! {
            "source" => list!["aws.codepipeline"],
            "detail-type" => list!["CodePipeline Pipeline Execution State Change"],
            "detail" => object! { "pipeline" => names, "state" => list!["FAILED"] },
        },
        paths: &[
            ("execution", "$.detail.execution-id"),
            ("pipeline", "$.detail.pipeline"),
            ("region", "$.region"),
            ("time", "$.time"),
        ],
        text: "The pipeline <pipeline> failed at <time>: \
            https://<region>.console.aws.amazon.com/codesuite/codepipeline/pipelines/<pipeline>/executions/<execution>/timeline?region=<region>",
    }
}

/// Deployments of these services that fail.
fn of_services(arns: Vec<Expr<Handle>>) -> Watch {
    Watch {
        description: "Deployments of services that have failed",
        pattern: object! {
            "source" => list!["aws.ecs"],
            "detail-type" => list!["ECS Deployment State Change"],
            "detail" => object! { "eventName" => list!["SERVICE_DEPLOYMENT_FAILED"] },
            "resources" => arns,
        },
        paths: &[
            ("deployment", "$.detail.deploymentId"),
            ("reason", "$.detail.reason"),
            ("service", "$.resources[0]"),
            ("time", "$.time"),
        ],
        text: "The deployment <deployment> of <service> failed at <time>: <reason>",
    }
}

/// The topic as the target of rules.
struct Teller {
    topic: SnsTopic,
    role: Handle,
    policy: Option<Handle>,
}

impl Teller {
    /// The topic, and a role that may publish in it. Without one, the policy of the topic would have to let in every rule
    /// of EventBridge in the world: it can put no condition on a service that does not say for whom it publishes. And
    /// AWS's own key for SNS, which lets no service in, does a role.
    fn new(scope: &mut Scope<'_>, topic: SnsTopic) -> Self {
        // The rules need the role, so that the role cannot name the rules.
        let rules = Expr::arn("events", ["rule/*".into()]);
        let role = iam::service_role_for(scope, "EventsRole", "events.amazonaws.com", rules);
        let allow = Allow::new(&["sns:Publish"], [topic.arn.clone()]);
        let policy = iam::allow(scope, "EventsRole", role, &[allow]);
        Self { topic, role, policy }
    }

    /// Adds the rule at `id` that watches `things`, if there are any.
    fn rule(
        &self,
        scope: &mut Scope<'_>,
        id: &str,
        things: Vec<Expr<Handle>>,
        watch: fn(Vec<Expr<Handle>>) -> Watch,
    ) -> Option<Handle> {
        if things.is_empty() {
            return None;
        }
        let Watch { description, pattern, paths, text } = watch(things);
        let paths = paths.iter().map(|(name, path)| ((*name).into(), Entry::from(Expr::from(*path))));
        let rule = scope.child(id).resource(
            "Resource",
            RULE,
            object! {
                "Description" => description,
                "EventPattern" => pattern,
                "State" => "ENABLED",
                "Targets" => list![object! {
                    "Arn" => self.topic.arn.clone(),
                    "Id" => "Target0",
                    "InputTransformer" => object! {
                        "InputPathsMap" => Expr::from(ExprKind::Object(paths.collect())),
                        // A text is one of JSON's.
                        "InputTemplate" => format!("\"{text}\""),
                    },
                    "RoleArn" => self.role.attribute("Arn"),
                }],
            },
        );
        scope.depend(rule, self.policy);
        Some(rule)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Stack, stack};

    fn with(properties: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nrepo: {{type: Repository}}\n\
             web: {{type: FargateService, network: n, image: 'repo:1', port: 80}}\n\
             job: {{type: Worker, network: n, image: 'repo:1'}}\n\
             d: {{type: Pipeline, source: {{github: acme/shop, connection: '${{Param}}'}}, deploy: web}}\n\
             alerts: {{type: Topic}}\n\
             a: {{type: DeployAlarms, topic: alerts{properties}}}"
        ))
    }

    #[test]
    fn tells_of_runs_of_pipelines_that_fail() {
        let stack = with(", pipelines: [d]");
        assert_eq!(stack.faults(), [""; 0]);
        assert_eq!(stack.properties("a/Pipelines/Resource"), json!({
            "Description": "Pipelines that have failed",
            "EventPattern": {
                "source": ["aws.codepipeline"],
                "detail-type": ["CodePipeline Pipeline Execution State Change"],
                "detail": { "pipeline": ["${d/Resource}"], "state": ["FAILED"] },
            },
            "State": "ENABLED",
            "Targets": [{
                "Arn": "${alerts/Resource}",
                "Id": "Target0",
                "InputTransformer": {
                    "InputPathsMap": {
                        "execution": "$.detail.execution-id",
                        "pipeline": "$.detail.pipeline",
                        "region": "$.region",
                        "time": "$.time",
                    },
                    "InputTemplate": "\"The pipeline <pipeline> failed at <time>: https://<region>.console.aws.amazon.com/\
                        codesuite/codepipeline/pipelines/<pipeline>/executions/<execution>/timeline?region=<region>\"",
                },
                "RoleArn": "${a/EventsRole/Resource.Arn}",
            }],
        }));
        assert_eq!(stack.depends_on("a/Pipelines/Resource"), ["a/EventsRole/DefaultPolicy/Resource"]);
        assert!(!stack.resources().iter().any(|(path, _)| path.starts_with("a/Services")));
    }

    #[test]
    fn tells_of_deployments_of_services_that_fail() {
        let stack = with(", services: [web, job]");
        assert_eq!(stack.faults(), [""; 0]);
        let rule = stack.properties("a/Services/Resource");
        assert_eq!(rule["EventPattern"], json!({
            "source": ["aws.ecs"],
            "detail-type": ["ECS Deployment State Change"],
            "detail": { "eventName": ["SERVICE_DEPLOYMENT_FAILED"] },
            "resources": ["${web/Service/Service}", "${job/QueueProcessingFargateService/Service}"],
        }));
        assert_eq!(rule["Targets"][0]["InputTransformer"], json!({
            "InputPathsMap": {
                "deployment": "$.detail.deploymentId",
                "reason": "$.detail.reason",
                "service": "$.resources[0]",
                "time": "$.time",
            },
            "InputTemplate": "\"The deployment <deployment> of <service> failed at <time>: <reason>\"",
        }));
    }

    #[test]
    fn nothing_but_its_rules_may_publish_and_that_in_the_topic_only() {
        let stack = with(", services: [web]");
        let role = &stack.properties("a/EventsRole/Resource")["AssumeRolePolicyDocument"]["Statement"];
        assert_eq!(role, &json!([{
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnLike": { "aws:SourceArn": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/*" },
                "StringEquals": { "aws:SourceAccount": "${AWS::AccountId}" },
            },
            "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" },
        }]));
        let policy = &stack.properties("a/EventsRole/DefaultPolicy/Resource")["PolicyDocument"]["Statement"];
        assert_eq!(policy, &json!([{ "Action": "sns:Publish", "Effect": "Allow", "Resource": "${alerts/Resource}" }]));
    }

    #[test]
    fn exports_its_rules() {
        let stack = with(", pipelines: [d]");
        assert_eq!(stack.attribute("a", "roleArn"), "${a/EventsRole/Resource.Arn}");
        assert_eq!(stack.attribute("a", "pipelinesRuleArn"), "${a/Pipelines/Resource.Arn}");
        assert_eq!(stack.attribute("a", "servicesRuleArn"), json!(null));
    }

    #[test]
    fn points_at_what_is_watched_twice_or_not_at_all() {
        assert_eq!(with("").faults(), ["nothing-watched at `a`: nothing is watched, so that nobody is ever told"]);
        assert_eq!(
            with(", pipelines: [d, d], services: [web, web]").faults(),
            ["no-effect at `d`: `d` is there before", "no-effect at `web`: `web` is there before"]
        );
    }

    #[test]
    fn points_at_what_it_cannot_watch_or_tell() {
        assert_eq!(with(", pipelines: [web]").faults(), ["wrong-kind at `web`: `web` is a FargateService; a Pipeline is needed here"]);
        assert_eq!(with(", services: [d]").faults(), ["wrong-kind at `d`: `d` is a Pipeline; a service on ECS is needed here"]);
        let told = stack("repo: {type: Repository}\na: {type: DeployAlarms, topic: repo, pipelines: [d]}");
        assert_eq!(told.faults(), ["wrong-kind at `repo`: `repo` is a Repository; a Topic is needed here"]);
    }
}
