//! A service behind a load balancer that others stand behind, too: what of its requests are the service's.

use super::shift::Preview;
use crate::{kernel::prelude::*, targets::LoadBalancer};

/// A rule of a listener.
pub(super) const LISTENER_RULE: ResourceType = ResourceType::new("AWS::ElasticLoadBalancingV2::ListenerRule");

/// A load balancer compares a request with no more values than this for one rule.
const MOST_VALUES: usize = 5;

properties! {
    /// The requests to a load balancer that a service gets: those for one of `hosts` and one of `paths`.
    pub struct Behind {
        /// The load balancer: a `LoadBalancer`, or a service that has one.
        balancer: Link<LoadBalancer>,
        /// The hosts requests are for, such as `api.example.com` or `*.example.com`. If absent, any.
        hosts: Spanned<Vec<Text>>,
        /// The paths requests are for, such as `/api/*`. If absent, any.
        paths: Spanned<Vec<Text>>,
        /// When this is tried, from 1 to 50000: of what is behind the load balancer, the least number gets the
        /// request. It stays what it is when services come and go.
        priority: Spanned<u32>,
    }
}

impl Behind {
    /// Reports conditions a rule does not take.
    pub(crate) fn check(&self, faults: &mut Vec<Diagnostic>) {
        let Self { hosts, paths, priority, balancer } = self;
        if !(1..=50_000).contains(&priority.value) {
            faults.push(
                Diagnostic::error(
                    "rule-priority",
                    format!("a priority is from 1 to 50000, not {}", priority.value),
                )
                .at(priority.span)
                .help(format!("use `{}`", priority.value.clamp(1, 50_000))),
            );
        }
        match hosts.value.len() + paths.value.len() {
            0 => faults.push(
                Diagnostic::error("rule-conditions", "nothing says which requests the service gets")
                    .at(balancer.name.span)
                    .help("add `hosts:` or `paths:`; `paths: [\"/*\"]` with the greatest number gets what is left"),
            ),
            1..=MOST_VALUES => (),
            many => faults.push(
                Diagnostic::error(
                    "rule-conditions",
                    format!("a rule compares with {MOST_VALUES} hosts and paths at most, and here are {many}"),
                )
                .at(if paths.value.len() > hosts.value.len() { paths.span } else { hosts.span })
                .help("join some of them with `*`"),
            ),
        }
        faults.extend(hosts.value.iter().filter_map(host_fault).chain(paths.value.iter().filter_map(path_fault)));
    }

    /// The load balancer.
    pub(crate) fn find(&self, scope: &Scope<'_>) -> Result<LoadBalancer, Diagnostic> {
        scope.find(&self.balancer)
    }

    /// Adds the rule at `ListenerRule`, which does `action`.
    pub(crate) fn add(&self, scope: &mut Scope<'_>, balancer: &LoadBalancer, action: Expr<Handle>) -> Handle {
        let conditions = self.conditions(scope);
        self.add_rule(scope, balancer, "ListenerRule", self.priority.value, action, conditions)
    }

    /// Adds the rule at `PreviewRule`, which does `action` with requests that have the header of `preview` besides. It
    /// is tried just before the other.
    pub(super) fn add_preview(
        &self,
        scope: &mut Scope<'_>,
        balancer: &LoadBalancer,
        action: Expr<Handle>,
        preview: &Spanned<Preview>,
    ) -> Handle {
        if self.priority.value < 2 {
            scope.report(
                Diagnostic::error("rule-priority", "the rule of `preview` stands before this one")
                    .at(self.priority.span)
                    .label(preview.span, "")
                    .help("make `priority` 2 or more, with the number before it free"),
            );
        }
        if self.hosts.value.len() + self.paths.value.len() == MOST_VALUES {
            let fault =
                format!("a rule compares with {MOST_VALUES} values at most, and the header of `preview` is one");
            scope.report(
                Diagnostic::error("rule-conditions", fault)
                    .at(preview.span)
                    .help("join some of the hosts and paths with `*`, or remove `preview`"),
            );
        }
        let mut conditions = self.conditions(scope);
        conditions.push(preview.value.condition());
        let priority = self.priority.value.saturating_sub(1);
        self.add_rule(scope, balancer, "PreviewRule", priority, action, conditions)
    }

    fn add_rule(
        &self,
        scope: &mut Scope<'_>,
        balancer: &LoadBalancer,
        id: &str,
        priority: u32,
        action: Expr<Handle>,
        conditions: Vec<Expr<Handle>>,
    ) -> Handle {
        let span = self.priority.span;
        if let Err(before) = claim(scope, balancer, priority, span) {
            scope.report(
                Diagnostic::error(
                    "duplicate-priority",
                    format!("two rules of `{}` have the priority {priority}", self.balancer.name.text),
                )
                .label(span, "")
                .label(before, "the other")
                .help("give one of them another number"),
            );
        }
        scope.child(id).resource(
            "Resource",
            LISTENER_RULE,
            object! {
                "Actions" => list![action],
                "Conditions" => conditions,
                "ListenerArn" => balancer.listener.reference(),
                "Priority" => Expr::from(priority).at(span),
            },
        )
    }

    fn conditions(&self, scope: &mut Scope<'_>) -> Vec<Expr<Handle>> {
        let mut values = |texts: &[Text]| -> Option<Expr<Handle>> {
            let values: Vec<Expr<Handle>> = texts.iter().map(|it| scope.text(it)).collect();
            (!values.is_empty()).then(|| object! { "Values" => values })
        };
        let hosts = values(&self.hosts.value);
        let paths = values(&self.paths.value);
        let hosts = hosts.map(|it| object! { "Field" => "host-header", "HostHeaderConfig" => it });
        let paths = paths.map(|it| object! { "Field" => "path-pattern", "PathPatternConfig" => it });
        hosts.into_iter().chain(paths).collect()
    }

    /// The host it is called by: the first that is one, and not a pattern.
    pub(crate) fn host(&self, scope: &mut Scope<'_>) -> Option<Expr<Handle>> {
        let host = self.hosts.value.iter().find(|it| it.literal().is_none_or(|it| !it.contains(['*', '?'])))?;
        Some(scope.text(host))
    }
}

/// Claims a priority of a load balancer's rules, which belongs to one rule.
pub(super) fn claim(
    scope: &mut Scope<'_>,
    balancer: &LoadBalancer,
    priority: u32,
    span: Span,
) -> Result<(), Span> {
    scope.claim("priority", text![balancer.listener.reference(), ":", priority.to_string()], span)
}

fn host_fault(host: &Text) -> Option<Diagnostic> {
    let text = host.literal()?;
    let is_legal = |it: char| it.is_ascii_alphanumeric() || "-.*?".contains(it);
    let is_host = !text.is_empty() && text.len() <= 128 && text.chars().all(is_legal);
    (!is_host).then(|| {
        Diagnostic::error("rule-host", format!("`{text}` is no host"))
            .at(host.span())
            .help("write a name such as `api.example.com`, without `https://`, port and path")
    })
}

fn path_fault(path: &Text) -> Option<Diagnostic> {
    let text = path.literal()?;
    let fault = if !text.starts_with(['/', '*']) {
        format!("the path `{text}` does not begin with `/`")
    } else if text.len() > 128 {
        format!("a path has 128 characters at most, not {}", text.len())
    } else {
        return None;
    };
    Some(Diagnostic::error("rule-path", fault).at(path.span()).help("write a path such as `/api/*`"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stack, stack};

    fn with(behind: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nc: {{type: Cluster}}\nlb: {{type: LoadBalancer, network: n}}\n\
             web: {{type: FargateService, network: n, cluster: c, image: 'a:1', port: 8080, behind: {behind}}}"
        ))
    }

    fn rule(behind: &str) -> Value {
        with(behind).properties("web/ListenerRule/Resource")
    }

    #[test]
    fn gets_its_requests_by_host_and_path() {
        assert_eq!(
            rule("{balancer: lb, hosts: [a.example.com], paths: [/api/*, /v1], priority: 10}"),
            json!({
                "Actions": [{ "TargetGroupArn": "${web/TargetGroup/Resource}", "Type": "forward" }],
                "Conditions": [
                    { "Field": "host-header", "HostHeaderConfig": { "Values": ["a.example.com"] } },
                    { "Field": "path-pattern", "PathPatternConfig": { "Values": ["/api/*", "/v1"] } },
                ],
                "ListenerArn": "${lb/Listener/Resource}",
                "Priority": 10,
            })
        );
        let only_paths = rule("{balancer: lb, paths: [/*], priority: 10}");
        assert_eq!(only_paths["Conditions"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn the_service_waits_for_its_rule_and_has_no_load_balancer_of_its_own() {
        let stack = with("{balancer: lb, paths: [/*], priority: 10}");
        assert_eq!(stack.faults(), [""; 0]);
        assert!(stack.depends_on("web/Service/Service").contains(&"web/ListenerRule/Resource".to_owned()));
        let own = stack.resources().into_iter().filter(|(path, _)| path.starts_with("web/LB")).count();
        assert_eq!(own, 0);
        assert_eq!(stack.attribute("web", "hostname"), "${lb/Resource.DNSName}");
        assert_eq!(stack.attribute("web", "url"), "http://${lb/Resource.DNSName}");
        let rule = stack.properties("lb/SecurityGroup/to TestwebServiceSecurityGroup5EC8099F:8080");
        assert_eq!(rule["DestinationSecurityGroupId"], "${web/Service/SecurityGroup/Resource.GroupId}");
    }

    #[test]
    fn is_called_by_its_host() {
        let stack = with("{balancer: lb, hosts: ['*.example.com', a.example.com], priority: 10}");
        assert_eq!(stack.attribute("web", "url"), "http://a.example.com");
    }

    #[test]
    fn points_at_conditions_a_rule_does_not_take() {
        assert_eq!(
            with("{balancer: lb, hosts: ['https://a.example.com'], paths: [api], priority: 0}").faults(),
            [
                "rule-priority at `0`: a priority is from 1 to 50000, not 0",
                "rule-host at `'https://a.example.com'`: `https://a.example.com` is no host",
                "rule-path at `api`: the path `api` does not begin with `/`",
            ]
        );
        assert_eq!(
            with("{balancer: lb, priority: 1}").faults(),
            ["rule-conditions at `lb`: nothing says which requests the service gets"]
        );
        assert_eq!(
            with("{balancer: lb, paths: [/a, /b, /c, /d, /e, /f], priority: 1}").faults(),
            [
                "rule-conditions at `[/a, /b, /c, /d, /e, /f]`: a rule compares with 5 hosts and paths at most, and here are 6"
            ]
        );
    }

    #[test]
    fn points_at_a_priority_that_is_taken() {
        let stack = stack(
            "n: {type: Network}\nc: {type: Cluster}\nlb: {type: LoadBalancer, network: n}\n\
             a: {type: FargateService, network: n, cluster: c, image: 'a:1', port: 80, behind: {balancer: lb, paths: [/a], priority: 7}}\n\
             b: {type: FargateService, network: n, cluster: c, image: 'a:1', port: 80, behind: {balancer: lb, paths: [/b], priority: 7}}",
        );
        assert_eq!(
            stack.faults(),
            ["duplicate-priority at `7`: two rules of `lb` have the priority 7"]
        );
    }

    #[test]
    fn points_at_what_belongs_to_the_load_balancer() {
        let stack = stack(
            "n: {type: Network}\nlb: {type: LoadBalancer, network: n}\n\
             a: {type: FargateService, network: n, image: 'a:1', port: 80, access: public, allow: [10.0.0.0/8], \
             balancer: {idleTimeout: 5m, deletionProtection: true, drain: 5s}, behind: {balancer: lb, paths: [/a], priority: 7}}",
        );
        let fault = "the service stands behind `lb`, which is told this itself";
        assert_eq!(
            stack.faults(),
            ["public", "10.0.0.0/8", "5m", "true"].map(|it| format!("no-effect at `{it}`: {fault}"))
        );
    }
}
