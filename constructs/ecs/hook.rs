//! What is asked between the stages of a deployment: a function, or a person.

use crate::{
    iam::{self, Allow},
    kernel::prelude::*,
};

/// Where the role stands with which functions are called.
pub(super) const ROLE: &str = "HookRole";

properties! {
    /// Something that is asked at some stages of a deployment: a Lambda function, or whoever continues a deployment
    /// that `pause`s.
    pub struct Hook {
        /// At which stages.
        at: AtLeastOne<Stage>,
        /// The ARN of the Lambda function, such as `${Check.Arn}`. It answers with `{"hookStatus": "SUCCEEDED"}`, with
        /// `IN_PROGRESS` to be asked again, or with `FAILED`, which rolls the deployment back.
        lambda: Option<Text>,
        /// For how long to wait for `aws ecs continue-service-deployment`, up to 14 days; after that the deployment is
        /// rolled back.
        pause: Option<Spanned<Seconds>>,
    }
}

choices! {
    /// A stage of a deployment.
    pub enum Stage {
        /// Before it begins, if another is not over.
        ReconcileService,
        /// Before the new version is started.
        PreScaleUp,
        /// Once the new version runs.
        PostScaleUp,
        /// While requests with the header of `preview` are moved to the new version.
        TestTrafficShift,
        /// Once they are moved.
        PostTestTrafficShift,
        /// Before the first of the other requests are moved.
        PreProductionTrafficShift,
        /// While they are moved.
        ProductionTrafficShift,
        /// Once all are moved.
        PostProductionTrafficShift,
    }
}

impl Stage {
    fn value(self) -> &'static str {
        match self {
            Self::ReconcileService => "RECONCILE_SERVICE",
            Self::PreScaleUp => "PRE_SCALE_UP",
            Self::PostScaleUp => "POST_SCALE_UP",
            Self::TestTrafficShift => "TEST_TRAFFIC_SHIFT",
            Self::PostTestTrafficShift => "POST_TEST_TRAFFIC_SHIFT",
            Self::PreProductionTrafficShift => "PRE_PRODUCTION_TRAFFIC_SHIFT",
            Self::ProductionTrafficShift => "PRODUCTION_TRAFFIC_SHIFT",
            Self::PostProductionTrafficShift => "POST_PRODUCTION_TRAFFIC_SHIFT",
        }
    }
}

impl Hook {
    /// Whether it is asked about the requests that come to the new version first.
    pub(super) fn is_about_preview(&self) -> bool {
        let about = [Stage::TestTrafficShift, Stage::PostTestTrafficShift];
        self.at.0.iter().any(|it| about.contains(it))
    }

    /// Reports a hook that asks nobody, or two, or is never asked.
    pub(super) fn check(&self, whole: Span, has_stages: bool, faults: &mut Vec<Diagnostic>) {
        match (&self.lambda, self.pause) {
            (None, None) => faults.push(
                Diagnostic::error("deployment-hook", "the hook asks nobody")
                    .at(whole)
                    .help("add `lambda:` with the ARN of a function, or `pause: 1h`"),
            ),
            (Some(lambda), Some(pause)) => faults.push(
                Diagnostic::error("deployment-hook", "a hook asks a function or waits, not both")
                    .label(pause.span, "")
                    .label(lambda.span(), "the function")
                    .help("make two hooks of it"),
            ),
            (None, Some(Spanned { value: Seconds(seconds), span }))
                if seconds % 60 != 0 || !(1..=20_160).contains(&(seconds / 60)) =>
            {
                faults.push(
                    Diagnostic::error(
                        "deployment-hook",
                        format!("a deployment pauses for whole minutes, up to 14 days, not for {seconds}s"),
                    )
                    .at(span)
                    .help(format!("use `{}m`", seconds.div_ceil(60).clamp(1, 20_160))),
                );
            }
            (Some(_), None) | (None, Some(_)) => (),
        }
        if !has_stages {
            faults.push(
                Diagnostic::error(
                    "no-effect",
                    "a deployment with the strategy `rolling` has no stages to ask at",
                )
                .at(whole)
                .help("remove it, or choose `strategy:` `blueGreen`, `linear` or `canary`"),
            );
        }
    }
}

/// Adds the role with which ECS calls the functions of `hooks`, and says what ECS is told of them; with the policy that
/// has to be there first.
pub(super) fn add(hooks: &[Spanned<Hook>], scope: &mut Scope<'_>) -> (Option<Expr<Handle>>, Option<Handle>) {
    let mut functions: Vec<Expr<Handle>> = Vec::new();
    let resolved: Vec<(&Hook, Option<Expr<Handle>>)> = hooks
        .iter()
        .map(|it| {
            let function = it.value.lambda.as_ref().map(|it| scope.text(it));
            functions.extend(function.clone().filter(|it| !functions.contains(it)));
            (&it.value, function)
        })
        .collect();
    let role = (!functions.is_empty()).then(|| iam::service_role(scope, ROLE, "ecs.amazonaws.com"));
    let policy = role
        .and_then(|role| iam::allow(scope, ROLE, role, &[Allow::new(&["lambda:InvokeFunction"], functions)]));
    let told = resolved.into_iter().map(|(hook, function)| {
        let stages: Vec<&'static str> = hook.at.0.iter().map(|it| it.value()).collect();
        let timeout = hook.pause.map(|it| {
            object! { "Action" => "ROLLBACK", "TimeoutInMinutes" => Expr::from(it.value.minutes()).at(it.span) }
        });
        object! {
            "HookTargetArn" => function.clone(),
            "LifecycleStages" => stages,
            "RoleArn" => function.and(role).map(|it| it.attribute("Arn")),
            "TargetType" => if hook.pause.is_some() { "PAUSE" } else { "AWS_LAMBDA" },
            "TimeoutConfiguration" => timeout,
        }
    });
    let told: Vec<Expr<Handle>> = told.collect();
    ((!told.is_empty()).then(|| told.into()), policy)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stack, stack};

    fn with(deployment: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nc: {{type: Cluster}}\n\
             web: {{type: FargateService, network: n, cluster: c, image: 'a:1', port: 80, deployment: {deployment}}}"
        ))
    }

    fn configuration(deployment: &str) -> Value {
        with(deployment).properties("web/Service/Service")["DeploymentConfiguration"].clone()
    }

    #[test]
    fn a_function_is_called_with_a_role_that_may_call_nothing_else() {
        let hooks =
            "[{at: [postTestTrafficShift], lambda: '${Param}'}, {at: [preScaleUp], lambda: '${Param}'}]";
        let stack = with(&format!("{{strategy: blueGreen, hooks: {hooks}}}"));
        assert_eq!(
            stack.properties("web/Service/Service")["DeploymentConfiguration"]["LifecycleHooks"][0],
            json!({
                "HookTargetArn": "${Param}",
                "LifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
                "RoleArn": "${web/HookRole/Resource.Arn}",
                "TargetType": "AWS_LAMBDA",
            })
        );
        let policy = stack.properties("web/HookRole/DefaultPolicy/Resource");
        assert_eq!(
            policy["PolicyDocument"]["Statement"],
            json!([{ "Action": "lambda:InvokeFunction", "Effect": "Allow", "Resource": "${Param}" }])
        );
        let first = stack.depends_on("web/Service/Service");
        assert!(first.contains(&"web/HookRole/DefaultPolicy/Resource".to_owned()), "{first:?}");
    }

    #[test]
    fn a_pause_waits_for_somebody_and_then_rolls_back() {
        let deployment = "{strategy: canary, hooks: [{at: [preProductionTrafficShift], pause: 2h}]}";
        assert_eq!(
            configuration(deployment)["LifecycleHooks"],
            json!([{
                "LifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"],
                "TargetType": "PAUSE",
                "TimeoutConfiguration": { "Action": "ROLLBACK", "TimeoutInMinutes": 120 },
            }])
        );
        assert!(!with(deployment).resources().iter().any(|(path, _)| path.contains("HookRole")));
    }

    #[test]
    fn every_stage_has_the_name_ecs_has_for_it() {
        let stages = "[reconcileService, preScaleUp, postScaleUp, testTrafficShift, postTestTrafficShift, \
                      preProductionTrafficShift, productionTrafficShift, postProductionTrafficShift]";
        let told = configuration(&format!("{{strategy: linear, hooks: [{{at: {stages}, pause: 1m}}]}}"));
        assert_eq!(
            told["LifecycleHooks"][0]["LifecycleStages"],
            json!([
                "RECONCILE_SERVICE",
                "PRE_SCALE_UP",
                "POST_SCALE_UP",
                "TEST_TRAFFIC_SHIFT",
                "POST_TEST_TRAFFIC_SHIFT",
                "PRE_PRODUCTION_TRAFFIC_SHIFT",
                "PRODUCTION_TRAFFIC_SHIFT",
                "POST_PRODUCTION_TRAFFIC_SHIFT",
            ])
        );
    }

    #[test]
    fn points_at_a_hook_about_requests_that_nobody_sends() {
        let faults = |stage: &str, more: &str| {
            with(&format!("{{strategy: blueGreen, hooks: [{{at: [{stage}], pause: 1h}}]{more}}}")).faults()
        };
        for stage in ["testTrafficShift", "postTestTrafficShift"] {
            let fault = "without `preview` no request comes to the new version before all others do";
            assert_eq!(
                faults(stage, ""),
                [format!("deployment-hook at `{{at: [{stage}], pause: 1h}}`: {fault}")]
            );
            assert_eq!(faults(stage, ", preview: x-preview"), [""; 0]);
        }
        assert_eq!(faults("postScaleUp", ""), [""; 0]);
    }

    #[test]
    fn points_at_a_hook_that_asks_nobody() {
        let faults = |hook: &str| with(&format!("{{strategy: blueGreen, hooks: [{hook}]}}")).faults();
        assert_eq!(
            faults("{at: [preScaleUp]}"),
            ["deployment-hook at `{at: [preScaleUp]}`: the hook asks nobody"]
        );
        assert_eq!(
            faults("{at: [preScaleUp], lambda: 'arn:a', pause: 1h}"),
            ["deployment-hook at `1h`: a hook asks a function or waits, not both"]
        );
        assert_eq!(
            faults("{at: [preScaleUp], pause: 15d}"),
            [
                "deployment-hook at `15d`: a deployment pauses for whole minutes, up to 14 days, not for 1296000s"
            ]
        );
        assert_eq!(
            with("{hooks: [{at: [preScaleUp], pause: 1h}]}").faults(),
            [
                "no-effect at `{at: [preScaleUp], pause: 1h}`: a deployment with the strategy `rolling` has no stages to ask at"
            ]
        );
    }
}
