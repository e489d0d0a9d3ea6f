//! Scaling: what is scaled, how far, and in which steps.

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

const TARGET: &str = "AWS::ApplicationAutoScaling::ScalableTarget";

/// What Application Auto Scaling and Amazon EC2 Auto Scaling refuse, and what never scales. Source: the API reference
/// of both, "Step scaling policies" and "Target tracking scaling policies" in their user guides.
///
/// - `scaling-bounds`: a lower bound above the upper.
/// - `scaling-dimension`: a dimension of another service than the namespace says.
/// - `scaling-resource`: a resource id that is not of the form of its service, such as one with an ARN in it.
/// - `scaling-label`: a metric per target of a load balancer without saying which, or the reverse.
/// - `scaling-steps`: steps that overlap or leave a gap.
/// - `desired-count`: a service that starts outside the bounds it is scaled in.
/// - `E3056`: the health check `EC2` together with others.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.of_type(TARGET) {
        for properties in document.views(resource) {
            check_target(&properties, report);
            check_resource_id(&properties, report);
        }
    }
    check_desired_count(document, report);
    for type_name in ["AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::AutoScaling::ScalingPolicy"] {
        for resource in document.of_type(type_name) {
            for properties in document.views(resource) {
                check_label(&properties, report);
                check_steps(&properties, report);
            }
        }
    }
    for resource in document.of_type("AWS::AutoScaling::AutoScalingGroup") {
        for kind in document.views(resource).iter().filter_map(|it| it.get("HealthCheckType")) {
            let Some(text) = kind.text() else { continue };
            let mut kinds = text.split(',').map(str::trim);
            if text.contains(',') && kinds.any(|it| it == "EC2") {
                let message = format!("`{text}` has `EC2` in it, which cannot be combined");
                report.add(Found::error("E3056", kind, message).help("take `EC2` out: it is always checked"));
            }
        }
    }
}

fn check_target<'t>(target: &Value<'t>, report: &mut Report<'t>) {
    if let (Some(least), Some(most)) = (target.get("MinCapacity"), target.get("MaxCapacity"))
        && let (Some(minimum), Some(maximum)) = (least.integer(), most.integer())
        && minimum > maximum
    {
        let message = format!("`MinCapacity` is {minimum}, and `MaxCapacity` only {maximum}");
        let found = Found::error("scaling-bounds", least, message);
        report.add(found.help("raise `MaxCapacity`, or lower `MinCapacity`").and(most, "the upper bound"));
    }
    if let (Some(namespace), Some(dimension)) =
        (target.get("ServiceNamespace"), target.get("ScalableDimension"))
        && let (Some(service), Some(text)) = (namespace.text(), dimension.text())
        && text.split(':').next() != Some(&*service)
    {
        let message = format!("`{text}` is not a dimension of `{service}`");
        let found = Found::error("scaling-dimension", dimension, message);
        let found = found.help(format!("use a dimension that begins with `{service}:`"));
        report.add(found.and(namespace, "the namespace"));
    }
}

fn check_resource_id<'t>(properties: &Value<'t>, report: &mut Report<'t>) {
    const FORM: &str = "write `service/<cluster>/<service>`";
    let Some(id) = properties.get("ResourceId") else { return };
    if properties.get("ServiceNamespace").is_none_or(|it| it.text().as_deref() != Some("ecs")) {
        return;
    }
    if let Some(text) = id.text() {
        let parts: Vec<&str> = text.split('/').collect();
        if parts.len() != 3 || parts[0] != "service" || parts.iter().any(|it| it.is_empty()) {
            let message = format!("`{text}` is not the resource id of a service");
            report.add(Found::error("scaling-resource", id, message).help(FORM));
        }
        return;
    }
    for named in id.pieces().into_iter().filter_map(Result::err) {
        let Some(resource) = id.document.resources.get(named.name) else { continue };
        let (gives_arn, name) = match (resource.type_name, named.attribute) {
            ("AWS::ECS::Service", None | Some("ServiceArn")) => (true, "Name"),
            ("AWS::ECS::Cluster", Some("Arn")) => (true, ""),
            _ => (false, ""),
        };
        if gives_arn {
            let what = named.attribute.unwrap_or("Ref");
            let message =
                format!("the resource id needs the name of `{}`, and `{what}` gives its ARN", named.name);
            let found = Found::error("scaling-resource", id, message);
            report.add(match name {
                "" => found.help(format!("use `!Ref {}`", named.name)),
                _ => found.help(format!("use `!GetAtt {}.{name}`", named.name)),
            });
        }
    }
}

fn check_desired_count<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for scaled in document.of_type(TARGET) {
        let id = document.properties(scaled).and_then(|it| it.get("ResourceId"));
        let named = id.iter().flat_map(Value::pieces).filter_map(Result::err);
        let service = named.filter_map(|it| document.resources.get(it.name));
        let Some(service) = service.into_iter().find(|it| it.type_name == "AWS::ECS::Service") else {
            continue;
        };
        for [properties, bounds] in document.together([service, scaled]) {
            let Some(count) = properties.get("DesiredCount") else { continue };
            let Some(number) = count.integer() else { continue };
            let bound = |key: &str| bounds.get(key).and_then(|it| Some((it, it.integer()?)));
            let least = bound("MinCapacity").filter(|(_, it)| number < *it);
            let most = bound("MaxCapacity").filter(|(_, it)| number > *it);
            let Some((place, limit)) = least.or(most) else { continue };
            let side = if number < limit { "least" } else { "most" };
            let message =
                format!("the service starts with {number} tasks, and scaling allows at {side} {limit}");
            let found = Found::warning("desired-count", count, message);
            report.add(found.help("start within the bounds").and(place, "the bound"));
        }
    }
}

fn check_label<'t>(policy: &Value<'t>, report: &mut Report<'t>) {
    const PER_TARGET: &str = "ALBRequestCountPerTarget";
    let application =
        policy.at(&["TargetTrackingScalingPolicyConfiguration", "PredefinedMetricSpecification"]);
    let fleet = policy.at(&["TargetTrackingConfiguration", "PredefinedMetricSpecification"]);
    let Some(metric) = application.or(fleet) else { return };
    let Some(kind) = metric.get("PredefinedMetricType") else { return };
    let Some(name) = kind.text() else { return };
    let help = "set `ResourceLabel` to `<LoadBalancerFullName>/<TargetGroupFullName>`";
    match metric.get("ResourceLabel") {
        None if name == PER_TARGET && metric.lacks("ResourceLabel") => {
            let message = format!("`{PER_TARGET}` needs to know which target group");
            report.add(Found::error("scaling-label", kind, message).help(help));
        }
        Some(label) if name == PER_TARGET => {
            let Some(text) = label.text() else { return };
            let parts: Vec<&str> = text.split('/').collect();
            let is_right = matches!(parts.as_slice(), ["app", _, _, "targetgroup", _, _]);
            if !is_right {
                let message = format!("`{text}` does not name a target group of a load balancer");
                report.add(Found::error("scaling-label", label, message).help(help));
            }
        }
        Some(_) | None => (),
    }
}

/// The difference from the alarm's threshold where a step begins and where it ends.
#[derive(Clone, Copy)]
pub(super) struct Step<'t> {
    pub place: Value<'t>,
    pub from: f64,
    pub to: f64,
}

/// The steps of a policy, from below to above, if all of them are known.
pub(super) fn steps<'t>(policy: &Value<'t>) -> Option<Vec<Step<'t>>> {
    let application = policy.at(&["StepScalingPolicyConfiguration", "StepAdjustments"]);
    let steps = application.or_else(|| policy.get("StepAdjustments"))?.known_items()?;
    let bound = |step: &Value<'t>, key: &str, open: f64| match step.get(key) {
        Some(it) => it.number(),
        None => Some(open),
    };
    let step = |place: Value<'t>| {
        let from = bound(&place, "MetricIntervalLowerBound", f64::NEG_INFINITY)?;
        let to = bound(&place, "MetricIntervalUpperBound", f64::INFINITY)?;
        Some(Step { place, from, to })
    };
    let mut steps: Vec<_> = steps.into_iter().map(step).collect::<Option<_>>()?;
    steps.sort_by(|one, other| one.from.total_cmp(&other.from));
    Some(steps)
}

fn check_steps<'t>(policy: &Value<'t>, report: &mut Report<'t>) {
    let Some(steps) = steps(policy) else { return };
    for step in steps.iter().filter(|it| it.from >= it.to) {
        let message = format!("the step ends at {} and begins at {}", step.to, step.from);
        let found = Found::error("scaling-steps", step.place, message);
        report.add(found.help("make `MetricIntervalUpperBound` the greater one"));
    }
    for pair in steps.windows(2) {
        let [first, second] = pair else { continue };
        let (message, help) = if second.from < first.to {
            let message = format!(
                "the step from {} overlaps with the one before, which ends at {}",
                second.from, first.to
            );
            (message, "begin each step where the one before ends")
        } else if second.from > first.to {
            let message = format!("no step is for {} to {}", first.to, second.from);
            (message, "begin each step where the one before ends")
        } else {
            continue;
        };
        let found = Found::error("scaling-steps", second.place, message).help(help);
        report.add(found.and(first.place, "the step before"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn what_is_scaled_has_bounds_and_a_dimension() {
        let template = "\
Resources:
  Service: {Type: AWS::ECS::Service, Properties: {DesiredCount: 9}}
  A:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      MinCapacity: 4
      MaxCapacity: '2'
      ServiceNamespace: ecs
      ScalableDimension: dynamodb:table:ReadCapacityUnits
      ResourceId: !Sub 'service/${Cluster}/${Service}'
  B:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      MinCapacity: 4
      MaxCapacity: 10
      ServiceNamespace: ecs
      ScalableDimension: ecs:service:DesiredCount
      ResourceId: !Join ['/', [service, !Ref Cluster, !GetAtt Service.Name]]
  C:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties: {ServiceNamespace: ecs, ScalableDimension: ecs:service:DesiredCount, ResourceId: web}
";
        let expected = "\
warning desired-count Resources/Service/Properties/DesiredCount 2:65: the service starts with 9 tasks, and scaling allows at most 2
  start within the bounds
error scaling-bounds Resources/A/Properties/MinCapacity 6:20: `MinCapacity` is 4, and `MaxCapacity` only 2
  raise `MaxCapacity`, or lower `MinCapacity`
error scaling-dimension Resources/A/Properties/ScalableDimension 9:26: `dynamodb:table:ReadCapacityUnits` is not a dimension of `ecs`
  use a dimension that begins with `ecs:`
error scaling-resource Resources/A/Properties/ResourceId 10:19: the resource id needs the name of `Service`, and `Ref` gives its ARN
  use `!GetAtt Service.Name`
error scaling-resource Resources/C/Properties/ResourceId 21:98: `web` is not the resource id of a service
  write `service/<cluster>/<service>`
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn steps_follow_each_other() {
        let template = "\
Resources:
  A:
    Type: AWS::AutoScaling::ScalingPolicy
    Properties:
      StepAdjustments:
        - {MetricIntervalLowerBound: 20, ScalingAdjustment: 2}
        - {MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 10, ScalingAdjustment: 1}
  B:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      StepScalingPolicyConfiguration:
        StepAdjustments:
          - {MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 10, ScalingAdjustment: 1}
          - {MetricIntervalLowerBound: 5, ScalingAdjustment: 2}
  C:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      StepScalingPolicyConfiguration:
        StepAdjustments:
          - {MetricIntervalUpperBound: 0, ScalingAdjustment: -1}
          - {MetricIntervalLowerBound: 0, ScalingAdjustment: 2}
";
        let expected = "\
error scaling-steps Resources/A/Properties/StepAdjustments/0 6:11: no step is for 10 to 20
  begin each step where the one before ends
error scaling-steps Resources/B/Properties/StepScalingPolicyConfiguration/StepAdjustments/1 14:13: the step from 5 overlaps with the one before, which ends at 10
  begin each step where the one before ends
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_metric_of_a_load_balancer_says_which() {
        let template = "\
Resources:
  A:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      TargetTrackingScalingPolicyConfiguration:
        PredefinedMetricSpecification: {PredefinedMetricType: ALBRequestCountPerTarget}
  B:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      TargetTrackingScalingPolicyConfiguration:
        PredefinedMetricSpecification: {PredefinedMetricType: ALBRequestCountPerTarget, ResourceLabel: app/web}
  C:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      TargetTrackingScalingPolicyConfiguration:
        PredefinedMetricSpecification: {PredefinedMetricType: ECSServiceAverageCPUUtilization}
";
        let expected = "\
error scaling-label Resources/A/Properties/TargetTrackingScalingPolicyConfiguration/PredefinedMetricSpecification/PredefinedMetricType 6:63: `ALBRequestCountPerTarget` needs to know which target group
  set `ResourceLabel` to `<LoadBalancerFullName>/<TargetGroupFullName>`
error scaling-label Resources/B/Properties/TargetTrackingScalingPolicyConfiguration/PredefinedMetricSpecification/ResourceLabel 11:104: `app/web` does not name a target group of a load balancer
  set `ResourceLabel` to `<LoadBalancerFullName>/<TargetGroupFullName>`
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn health_of_instances_is_not_combined() {
        let template = "\
Resources:
  A: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {HealthCheckType: 'EC2,ELB'}}
  B: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {HealthCheckType: 'ELB,EBS'}}
";
        let expected = "\
error E3056 Resources/A/Properties/HealthCheckType 2:79: `EC2,ELB` has `EC2` in it, which cannot be combined
  take `EC2` out: it is always checked
";
        assert_eq!(check(super::check, template), expected);
    }
}
