//! How requests get from the old version of a service to the new one when it is deployed.

use super::{
    count::Count,
    deployment::{Deployment, RolloutTerms},
    hook::{self, Hook},
    watch::Watch,
};
use crate::{
    kernel::prelude::*,
    load_balancer::{
        reached::Way,
        shift::{Preview, Shift},
    },
};

properties! {
    /// How a service is deployed.
    pub struct Rollout {
        /// How requests get from the old version to the new one.
        strategy: Strategy = "rolling",
        /// How many tasks run meanwhile, and which alarms roll it back.
        shares: Inline<Deployment>,
        /// For how long both versions run once all requests go to the new one, up to a day: until then a rollback takes
        /// seconds. If absent, with every strategy but `rolling`, `5m`.
        bake: Option<Spanned<Seconds>>,
        /// How many requests are moved at a time, with `linear` (`{share: 10%, wait: 6m}`) and `canary`
        /// (`{share: 5%, wait: 10m}`).
        step: Option<Spanned<Step>>,
        /// A header with which a request comes to the new version before all others do, with every strategy but
        /// `rolling`: `x-preview`, or `{header: x-preview, value: "7f3a"}`.
        preview: Option<Spanned<Preview>>,
        /// What is asked between the stages of a deployment, and may stop it.
        hooks: Vec<Spanned<Hook>>,
        /// What rolls a deployment back: answers with an error, or slow ones.
        watch: Watch = "{}",
    }
}

choices! {
    /// How requests get from the old version of a service to the new one.
    pub enum Strategy {
        /// New tasks replace old ones, one after the other.
        Rolling,
        /// All tasks of the new version are started, and get all requests at once.
        BlueGreen,
        /// All tasks of the new version are started, and get the requests in equal steps.
        Linear,
        /// All tasks of the new version are started, and get a few requests, later all.
        Canary,
    }
}

properties! {
    /// How many requests are moved at a time.
    pub struct Step {
        /// The share of the requests that is moved: from `3%` with `linear`, from `1%` with `canary`.
        share: Spanned<Percent>,
        /// How long to wait before the next step, up to a day.
        wait: Spanned<Seconds>,
    }
}

/// The most minutes ECS waits: a day.
const MOST_MINUTES: u32 = 1440;

impl Rollout {
    /// Whether old and new version run side by side.
    pub(crate) fn shifts(&self) -> bool {
        self.strategy != Strategy::Rolling
    }

    /// The header that leads to the new version.
    pub(crate) fn preview(&self) -> Option<&Spanned<Preview>> {
        self.preview.as_ref()
    }

    /// Reports what the strategy does not have, for a service of `count` tasks.
    pub(crate) fn check(&self, count: Spanned<u32>, faults: &mut Vec<Diagnostic>) {
        let word = crate::kernel::property::Word::word(self.strategy);
        self.shares.check(count, faults);
        self.watch.check(faults);
        self.hooks.iter().for_each(|it| it.value.check(it.span, self.shifts(), faults));
        if self.preview.is_none() && self.shifts() {
            self.hooks.iter().filter(|it| it.value.is_about_preview()).for_each(|hook| {
                let fault = "without `preview` no request comes to the new version before all others do";
                faults.push(
                    Diagnostic::warning("deployment-hook", fault)
                        .at(hook.span)
                        .help("add `preview: x-preview`, or ask at another stage"),
                );
            });
        }
        if let Some(bake) = self.bake {
            check_wait("bake", bake, faults);
        }
        if let Some(preview) = &self.preview {
            preview.value.check(preview.span, faults);
        }
        if let Some(step) = &self.step {
            check_wait("wait", step.value.wait, faults);
            let Spanned { value: Percent(share), span } = step.value.share;
            let range = if self.strategy == Strategy::Linear { 3..=100 } else { 1..=99 };
            if !range.contains(&share) {
                let (least, most) = (range.start(), range.end());
                faults.push(
                    Diagnostic::error(
                        "rollout-step",
                        format!("a step moves from {least}% to {most}% of the requests, not {share}%"),
                    )
                    .at(span)
                    .help(format!("use `{}%`", share.clamp(*least, *most))),
                );
            }
        }
        let (both, stepwise) = match self.strategy {
            Strategy::Rolling => (false, false),
            Strategy::BlueGreen => (true, false),
            Strategy::Linear | Strategy::Canary => (true, true),
        };
        let written = [
            (self.bake.map(|it| it.span), both, "bake", "`blueGreen`, `linear` or `canary`"),
            (self.preview.as_ref().map(|it| it.span), both, "preview", "`blueGreen`, `linear` or `canary`"),
            (self.step.as_ref().map(|it| it.span), stepwise, "step", "`linear` or `canary`"),
        ];
        for (span, has, key, strategies) in written {
            if let Some(span) = span.filter(|_| !has) {
                faults.push(
                    Diagnostic::error("no-effect", format!("the strategy `{word}` has no `{key}`"))
                        .at(span)
                        .help(format!("remove it, or choose `strategy:` {strategies}")),
                );
            }
        }
    }

    /// Reports scaling that does not see all requests while they move.
    pub(crate) fn check_scaling(&self, count: &Count, faults: &mut Vec<Diagnostic>) {
        if let Count::Scaled(scaling) = count
            && let Some(requests) = scaling.requests.filter(|_| self.shifts())
        {
            let fault = "requests are counted for one target group, and a deployment moves them to another";
            faults.push(
                Diagnostic::error("count-target", fault)
                    .at(requests.span)
                    .help("use `cpu`, or `strategy: rolling`"),
            );
        }
    }

    /// Of `count` tasks, how many may be missing while it is deployed.
    pub(crate) fn spare(&self, count: u32) -> u32 {
        let least = u64::from(count) * u64::from(self.shares.minimum.value.0);
        count - u32::try_from(least.div_ceil(100)).map_or(count, |it| it.min(count))
    }

    /// The ARNs of the roles with which ECS deploys the service at `scope`, once they are there.
    pub(crate) fn roles(&self, scope: &mut Scope<'_>, way: &Way) -> Vec<Expr<Handle>> {
        let asks = self.hooks.iter().any(|it| it.value.lambda.is_some());
        let asking = asks.then(|| scope.child(hook::ROLE).handle("Resource")).flatten();
        let moving = way.shift.as_ref().map(Shift::role_arn);
        moving.into_iter().chain(asking.map(|it| it.attribute("Arn"))).collect()
    }

    /// Adds what it takes besides the service at `scope`, and says what ECS is told, and what the service has to wait
    /// for.
    pub(crate) fn build(&self, scope: &mut Scope<'_>, way: &Way) -> (Expr<Handle>, Vec<Handle>) {
        let minutes = |it: Spanned<Seconds>| Expr::from(it.value.minutes()).at(it.span);
        let step = |default: (u32, u32)| match &self.step {
            Some(it) => (it.value.share.map(|it| it.0).into(), minutes(it.value.wait)),
            None => (Expr::from(default.0), Expr::from(default.1)),
        };
        let canary = || {
            let (share, wait) = step((5, 10));
            object! { "CanaryBakeTimeInMinutes" => wait, "CanaryPercent" => share }
        };
        let linear = || {
            let (share, wait) = step((10, 6));
            object! { "StepBakeTimeInMinutes" => wait, "StepPercent" => share }
        };
        let (hooks, policy) = hook::add(&self.hooks, scope);
        let terms = RolloutTerms {
            alarms: self.watch.add(scope, way),
            bake: self.shifts().then(|| self.bake.map_or_else(|| 5.into(), minutes)),
            canary: (self.strategy == Strategy::Canary).then(canary),
            hooks,
            linear: (self.strategy == Strategy::Linear).then(linear),
            strategy: match self.strategy {
                Strategy::Rolling => None,
                Strategy::BlueGreen => Some("BLUE_GREEN".into()),
                Strategy::Linear => Some("LINEAR".into()),
                Strategy::Canary => Some("CANARY".into()),
            },
        };
        (self.shares.configuration(scope, terms), policy.into_iter().collect())
    }
}

fn check_wait(key: &str, wait: Spanned<Seconds>, faults: &mut Vec<Diagnostic>) {
    let Spanned { value: Seconds(seconds), span } = wait;
    if seconds % 60 != 0 || seconds / 60 > MOST_MINUTES {
        faults.push(
            Diagnostic::error(
                "rollout-wait",
                format!("`{key}` is whole minutes up to a day, not {seconds}s"),
            )
            .at(span)
            .help(format!("use `{}m`", seconds.div_ceil(60).min(MOST_MINUTES))),
        );
    }
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
    fn each_strategy_has_its_times() {
        let strategy = |text: &str| {
            let Value::Object(mut told) = configuration(text) else { panic!("an object") };
            for key in ["DeploymentCircuitBreaker", "MaximumPercent", "MinimumHealthyPercent"] {
                told.remove(key);
            }
            Value::Object(told)
        };
        assert_eq!(strategy("{}"), json!({}));
        assert_eq!(
            strategy("{strategy: blueGreen, bake: 10m}"),
            json!({ "BakeTimeInMinutes": 10, "Strategy": "BLUE_GREEN" })
        );
        assert_eq!(
            strategy("{strategy: linear}"),
            json!({
                "BakeTimeInMinutes": 5,
                "LinearConfiguration": { "StepBakeTimeInMinutes": 6, "StepPercent": 10 },
                "Strategy": "LINEAR",
            })
        );
        assert_eq!(
            strategy("{strategy: canary, step: {share: 20%, wait: 1h}}"),
            json!({
                "BakeTimeInMinutes": 5,
                "CanaryConfiguration": { "CanaryBakeTimeInMinutes": 60, "CanaryPercent": 20 },
                "Strategy": "CANARY",
            })
        );
    }

    #[test]
    fn requests_move_between_two_target_groups() {
        let stack = with("{strategy: blueGreen, preview: x-preview}");
        assert_eq!(stack.faults(), [""; 0]);
        let target = stack.properties("web/Service/Service")["LoadBalancers"][0].clone();
        assert_eq!(
            target,
            json!({
                "AdvancedConfiguration": {
                    "AlternateTargetGroupArn": "${web/LB/PublicListener/GreenGroup/Resource}",
                    "ProductionListenerRule": "${web/LB/PublicListener/ProductionRule/Resource}",
                    "RoleArn": "${web/InfrastructureRole/Resource.Arn}",
                    "TestListenerRule": "${web/LB/PublicListener/PreviewRule/Resource}",
                },
                "ContainerName": "web",
                "ContainerPort": 80,
                "TargetGroupArn": "${web/LB/PublicListener/ECSGroup/Resource}",
            })
        );
        let rule = stack.properties("web/LB/PublicListener/ProductionRule/Resource");
        assert_eq!(
            rule,
            json!({
                "Actions": [{
                    "ForwardConfig": {
                        "TargetGroups": [
                            { "TargetGroupArn": "${web/LB/PublicListener/ECSGroup/Resource}", "Weight": 100 },
                            { "TargetGroupArn": "${web/LB/PublicListener/GreenGroup/Resource}", "Weight": 0 },
                        ],
                    },
                    "Type": "forward",
                }],
                "Conditions": [{ "Field": "path-pattern", "PathPatternConfig": { "Values": ["/*"] } }],
                "ListenerArn": "${web/LB/PublicListener/Resource}",
                "Priority": 50_000,
            })
        );
        let preview = stack.properties("web/LB/PublicListener/PreviewRule/Resource");
        assert_eq!(preview["Priority"], 49_999);
        assert_eq!(
            preview["Conditions"],
            json!([{
                "Field": "http-header",
                "HttpHeaderConfig": { "HttpHeaderName": "x-preview", "Values": ["true"] },
            }])
        );
        let listener = stack.properties("web/LB/PublicListener/Resource");
        assert_eq!(listener["DefaultActions"][0]["Type"], "fixed-response");
        assert_eq!(
            stack.properties("web/InfrastructureRole/Resource")["ManagedPolicyArns"],
            json!([
                "arn:${AWS::Partition}:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
            ])
        );
        // It waits for the rules by naming them.
        let first = stack.depends_on("web/Service/Service");
        assert!(!first.iter().any(|it| it.starts_with("web/LB/")), "{first:?}");
    }

    #[test]
    fn others_may_stand_behind_the_load_balancer_of_a_service_whose_requests_move() {
        let faults = |priority: u32| {
            stack(&format!(
                "n: {{type: Network}}\n\
                 web: {{type: FargateService, network: n, image: 'a:1', port: 80, \
                 deployment: {{strategy: blueGreen, preview: x-preview}}}}\n\
                 api: {{type: FargateService, network: n, image: 'a:1', port: 80, \
                 behind: {{balancer: web, paths: [/api], priority: {priority}}}}}"
            ))
            .faults()
        };
        assert_eq!(faults(49_998), [""; 0]);
        for taken in [49_999, 50_000] {
            assert_eq!(
                faults(taken),
                [format!("duplicate-priority at `{taken}`: two rules of `web` have the priority {taken}")]
            );
        }
    }

    #[test]
    fn the_rules_of_a_shared_load_balancer_have_priorities_of_their_own() {
        let behind = |priority: u32| {
            stack(&format!(
                "n: {{type: Network}}\nlb: {{type: LoadBalancer, network: n}}\n\
                 web: {{type: FargateService, network: n, image: 'a:1', port: 80, \
                 behind: {{balancer: lb, paths: [/a], priority: {priority}}}, \
                 deployment: {{strategy: canary, preview: x-preview}}}}"
            ))
        };
        let stack = behind(10);
        assert_eq!(stack.properties("web/ListenerRule/Resource")["Priority"], 10);
        let preview = stack.properties("web/PreviewRule/Resource");
        assert_eq!(
            (&preview["Priority"], preview["Conditions"].as_array().map(Vec::len)),
            (&json!(9), Some(2))
        );
        assert_eq!(
            behind(1).faults(),
            ["rule-priority at `1`: the rule of `preview` stands before this one"]
        );
    }

    #[test]
    fn the_header_of_a_shared_load_balancer_is_one_of_five_values() {
        let behind = |paths: &str, deployment: &str| {
            stack(&format!(
                "n: {{type: Network}}\nlb: {{type: LoadBalancer, network: n}}\n\
                 web: {{type: FargateService, network: n, image: 'a:1', port: 80, \
                 behind: {{balancer: lb, paths: [{paths}], priority: 10}}, \
                 deployment: {{strategy: blueGreen{deployment}}}}}"
            ))
            .faults()
        };
        assert_eq!(behind("/a, /b, /c, /d", ", preview: x-preview"), [""; 0]);
        assert_eq!(behind("/a, /b, /c, /d, /e", ""), [""; 0]);
        assert_eq!(
            behind("/a, /b, /c, /d, /e", ", preview: x-preview"),
            [
                "rule-conditions at `x-preview`: a rule compares with 5 values at most, and the header of `preview` is one"
            ]
        );
    }

    #[test]
    fn alarms_of_others_roll_it_back() {
        assert_eq!(
            configuration("{alarms: ['${Param}']}")["Alarms"],
            json!({ "AlarmNames": ["${Param}"], "Enable": true, "Rollback": true })
        );
    }

    #[test]
    fn points_at_what_its_strategy_does_not_have() {
        assert_eq!(
            with("{bake: 5m, preview: x, step: {share: 10%, wait: 1m}}").faults(),
            [
                "no-effect at `5m`: the strategy `rolling` has no `bake`",
                "no-effect at `x`: the strategy `rolling` has no `preview`",
                "no-effect at `{share: 10%, wait: 1m}`: the strategy `rolling` has no `step`",
            ]
        );
        assert_eq!(
            with("{strategy: blueGreen, step: {share: 10%, wait: 1m}}").faults(),
            ["no-effect at `{share: 10%, wait: 1m}`: the strategy `blueGreen` has no `step`"]
        );
    }

    #[test]
    fn points_at_times_and_shares_ecs_does_not_take() {
        assert_eq!(
            with("{strategy: linear, bake: 90s, step: {share: 1%, wait: 2d}}").faults(),
            [
                "rollout-wait at `90s`: `bake` is whole minutes up to a day, not 90s",
                "rollout-wait at `2d`: `wait` is whole minutes up to a day, not 172800s",
                "rollout-step at `1%`: a step moves from 3% to 100% of the requests, not 1%",
            ]
        );
        assert_eq!(
            with("{strategy: blueGreen, preview: 'X Preview'}").faults(),
            ["preview-header at `'X Preview'`: a load balancer compares no header `X Preview`"]
        );
        assert_eq!(
            with("{strategy: blueGreen, preview: {header: x-preview, value: ''}}").faults(),
            ["preview-header at `''`: the value of a header has 1 to 128 characters, not 0"]
        );
    }

    #[test]
    fn points_at_scaling_that_would_lose_sight() {
        let stack = stack(
            "n: {type: Network}\nweb: {type: FargateService, network: n, image: 'a:1', port: 80, \
             count: {max: 3, requests: 100}, deployment: {strategy: blueGreen}}",
        );
        assert_eq!(
            stack.faults(),
            [
                "count-target at `100`: requests are counted for one target group, and a deployment moves them to another"
            ]
        );
    }
}
