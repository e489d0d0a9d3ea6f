//! CloudWatch alarms: what they watch, for how long, and what they do.

use super::{
    super::{
        document::Document,
        report::{Found, Report},
        value::Value,
    },
    scaling::steps,
};

/// What Amazon CloudWatch refuses of an alarm, and alarms that never go off. Source: `PutMetricAlarm` in the API
/// reference, and the pages about metrics in the guides of the services.
///
/// - `alarm-window`: periods that are longer together than an alarm may look back.
/// - `alarm-datapoints`: more data points than are looked at.
/// - `alarm-action`: an action that is no ARN.
/// - `alarm-dimension`: a dimension whose value is of another form than the service's metrics have.
/// - `alarm-metric`: a metric the service does not have.
/// - `alarm-steps`: a scaling policy with no step that the alarm ever reaches.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.of_type("AWS::CloudWatch::Alarm") {
        for alarm in document.views(resource) {
            check_window(&alarm, report);
            check_actions(document, &alarm, report);
            check_metric(&alarm, report);
            check_steps(document, &alarm, report);
            let queries = alarm.get("Metrics").into_iter().flat_map(|it| it.items());
            for metric in queries.filter_map(|it| it.at(&["MetricStat", "Metric"])) {
                check_metric(&metric, report);
            }
        }
    }
}

fn check_window<'t>(alarm: &Value<'t>, report: &mut Report<'t>) {
    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;
    let Some(periods) = alarm.get("EvaluationPeriods") else { return };
    let Some(count) = periods.integer() else { return };
    if let Some(period) = alarm.get("Period")
        && let Some(seconds) = period.integer()
    {
        let (longest, name) = if seconds < HOUR { (DAY, "one day") } else { (7 * DAY, "seven days") };
        if seconds.saturating_mul(count) > longest {
            let message = format!("{count} periods of {seconds} seconds are longer than {name}");
            let found = Found::error("alarm-window", periods, message);
            report
                .add(found.help("look at fewer periods, or shorter ones").and(period, "the length of each"));
        }
    }
    if let Some(points) = alarm.get("DatapointsToAlarm")
        && let Some(number) = points.integer()
        && number > count
    {
        let message =
            format!("{number} data points cannot be over the threshold if only {count} are looked at");
        let found = Found::error("alarm-datapoints", points, message);
        report.add(found.help("use at most `EvaluationPeriods`").and(periods, "so many are looked at"));
    }
}

fn check_actions<'t>(document: &'t Document<'t>, alarm: &Value<'t>, report: &mut Report<'t>) {
    /// Resources whose `Ref` is a name.
    const NAMED: &[&str] =
        &["AWS::Lambda::Function", "AWS::SQS::Queue", "AWS::AutoScaling::AutoScalingGroup"];
    let actions = ["AlarmActions", "OKActions", "InsufficientDataActions"];
    for action in actions.iter().filter_map(|it| alarm.get(it)).flat_map(|it| it.items()) {
        if let Some(text) = action.text() {
            if !text.starts_with("arn:") {
                let message = format!("`{text}` is not the ARN of an action");
                report.add(Found::error("alarm-action", action, message).help("write the whole ARN"));
            }
            continue;
        }
        let Some(target) = action.target().filter(|it| it.attribute.is_none()) else { continue };
        let resource = document.resources.get(target.name);
        if resource.is_some_and(|it| NAMED.contains(&it.type_name)) {
            let message = format!("`Ref` of `{}` is not an ARN", target.name);
            let found = Found::error("alarm-action", action, message);
            report.add(found.help(format!("use `!GetAtt {}.Arn`", target.name)));
        }
    }
}

/// How a dimension of a namespace is written for a resource of the template.
struct Dimension {
    namespaces: &'static [&'static str],
    name: &'static str,
    type_name: &'static str,
    /// The attribute that gives its value; `Ref` if there is none.
    attribute: Option<&'static str>,
}

const LOAD_BALANCING: &[&str] = &["AWS/ApplicationELB", "AWS/NetworkELB", "AWS/GatewayELB"];
const DIMENSIONS: &[Dimension] = &[
    Dimension {
        namespaces: LOAD_BALANCING,
        name: "LoadBalancer",
        type_name: "AWS::ElasticLoadBalancingV2::LoadBalancer",
        attribute: Some("LoadBalancerFullName"),
    },
    Dimension {
        namespaces: LOAD_BALANCING,
        name: "TargetGroup",
        type_name: "AWS::ElasticLoadBalancingV2::TargetGroup",
        attribute: Some("TargetGroupFullName"),
    },
    Dimension {
        namespaces: &["AWS/ECS", "ECS/ContainerInsights"],
        name: "ServiceName",
        type_name: "AWS::ECS::Service",
        attribute: Some("Name"),
    },
    Dimension {
        namespaces: &["AWS/ECS", "ECS/ContainerInsights"],
        name: "ClusterName",
        type_name: "AWS::ECS::Cluster",
        attribute: None,
    },
    Dimension {
        namespaces: &["AWS/SQS"],
        name: "QueueName",
        type_name: "AWS::SQS::Queue",
        attribute: Some("QueueName"),
    },
    Dimension {
        namespaces: &["AWS/SNS"],
        name: "TopicName",
        type_name: "AWS::SNS::Topic",
        attribute: Some("TopicName"),
    },
];

/// The metrics of a namespace, of those that do not grow every year.
const METRICS: &[(&str, &[&str])] = &[
    (
        "AWS/ECS",
        &[
            "CPUReservation",
            "CPUUtilization",
            "MemoryReservation",
            "MemoryUtilization",
            "EBSFilesystemUtilization",
            "GPUReservation",
            "ActiveConnectionCount",
            "NewConnectionCount",
            "ProcessedBytes",
            "RequestCount",
            "GrpcRequestCount",
            "HTTPCode_Target_2XX_Count",
            "HTTPCode_Target_3XX_Count",
            "HTTPCode_Target_4XX_Count",
            "HTTPCode_Target_5XX_Count",
            "RequestCountPerTarget",
            "TargetProcessedBytes",
            "TargetResponseTime",
            "ClientTLSNegotiationErrorCount",
            "TargetTLSNegotiationErrorCount",
        ],
    ),
    (
        "AWS/SQS",
        &[
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfGroupsWithInflightMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesVisible",
            "ApproximateNumberOfNoisyGroups",
            "ApproximateNumberOfMessagesVisibleInQuietGroups",
            "ApproximateNumberOfMessagesNotVisibleInQuietGroups",
            "ApproximateNumberOfMessagesDelayedInQuietGroups",
            "ApproximateAgeOfOldestMessageInQuietGroups",
            "NumberOfDeduplicatedSentMessages",
            "NumberOfEmptyReceives",
            "NumberOfMessagesDeleted",
            "NumberOfMessagesReceived",
            "NumberOfMessagesSent",
            "SentMessageSize",
        ],
    ),
];

fn check_metric<'t>(metric: &Value<'t>, report: &mut Report<'t>) {
    let Some(namespace) = metric.get("Namespace") else { return };
    let Some(text) = namespace.text() else { return };
    if let (Some((_, known)), Some(name)) =
        (METRICS.iter().find(|(it, _)| *it == text), metric.get("MetricName"))
        && let Some(written) = name.text()
        && !known.contains(&&*written)
    {
        let message = format!("`{text}` has no metric `{written}`");
        let found = Found::warning("alarm-metric", name, message);
        report.add(found.suggest(&written, known.iter().copied()).and(namespace, "the namespace"));
    }
    for dimension in metric.get("Dimensions").into_iter().flat_map(|it| it.items()) {
        let (Some(name), Some(value)) = (dimension.get("Name"), dimension.get("Value")) else { continue };
        let known = DIMENSIONS
            .iter()
            .find(|it| it.namespaces.contains(&&*text) && name.text().as_deref() == Some(it.name));
        if let Some(known) = known {
            check_dimension(value, known, report);
        }
    }
}

fn check_dimension<'t>(value: Value<'t>, dimension: &Dimension, report: &mut Report<'t>) {
    let name = dimension.name;
    if let Some(text) = value.text() {
        if text.starts_with("arn:") {
            let message = format!("the dimension `{name}` is no ARN: the alarm never gets data");
            let found = Found::warning("alarm-dimension", value, message);
            let example = match name {
                "LoadBalancer" => "app/<name>/<id>",
                "TargetGroup" => "targetgroup/<name>/<id>",
                _ => "the name",
            };
            report.add(found.help(format!("use what follows in the ARN: {example}")));
        }
        return;
    }
    let Some(target) = value.target() else { return };
    let resource = value.document.resources.get(target.name);
    if resource.is_none_or(|it| it.type_name != dimension.type_name)
        || target.attribute == dimension.attribute
    {
        return;
    }
    let given = target.attribute.unwrap_or("Ref");
    let message =
        format!("`{given}` of `{}` is not its dimension `{name}`: the alarm never gets data", target.name);
    let found = Found::warning("alarm-dimension", value, message);
    report.add(match dimension.attribute {
        Some(attribute) => found.help(format!("use `!GetAtt {}.{attribute}`", target.name)),
        None => found.help(format!("use `!Ref {}`", target.name)),
    });
}

fn check_steps<'t>(document: &'t Document<'t>, alarm: &Value<'t>, report: &mut Report<'t>) {
    let Some(comparison) = alarm.get("ComparisonOperator") else { return };
    let Some(operator) = comparison.text() else { return };
    let is_above = match &*operator {
        "GreaterThanOrEqualToThreshold" | "GreaterThanThreshold" => true,
        "LessThanOrEqualToThreshold" | "LessThanThreshold" => false,
        _ => return,
    };
    for action in alarm.get("AlarmActions").into_iter().flat_map(|it| it.items()) {
        let types = ["AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::AutoScaling::ScalingPolicy"];
        let Some(policy) = types.iter().find_map(|it| document.named(action, it)) else { continue };
        for steps in document.views(policy).iter().filter_map(steps) {
            // Another alarm may take the other steps.
            let is_taken = steps.iter().any(|it| if is_above { it.to > 0.0 } else { it.from < 0.0 });
            if is_taken || steps.is_empty() {
                continue;
            }
            let side = if is_above { "above" } else { "below" };
            let message = format!("`{}` has no step for what is {side} the threshold", policy.id);
            let mut found = Found::warning("alarm-steps", action, message)
                .help("turn the bounds of the steps round, or the comparison of the alarm")
                .and(comparison, format!("the alarm goes off {side} its threshold"));
            for step in steps {
                found = found.and(step.place, "this step is never taken");
            }
            report.add(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn an_alarm_looks_back_so_far() {
        let template = "\
Resources:
  A: {Type: AWS::CloudWatch::Alarm, Properties: {Period: 300, EvaluationPeriods: 289, DatapointsToAlarm: 290}}
  B: {Type: AWS::CloudWatch::Alarm, Properties: {Period: 3600, EvaluationPeriods: 100}}
";
        let expected = "\
error alarm-window Resources/A/Properties/EvaluationPeriods 2:82: 289 periods of 300 seconds are longer than one day
  look at fewer periods, or shorter ones
error alarm-datapoints Resources/A/Properties/DatapointsToAlarm 2:106: 290 data points cannot be over the threshold if only 289 are looked at
  use at most `EvaluationPeriods`
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn an_alarm_watches_what_there_is() {
        let template = "\
Resources:
  Web: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}
  Queue: {Type: AWS::SQS::Queue}
  Function: {Type: AWS::Lambda::Function}
  A:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/ApplicationELB
      MetricName: AnyThing
      Dimensions:
        - {Name: LoadBalancer, Value: !Ref Web}
        - {Name: LoadBalancer, Value: !GetAtt Web.LoadBalancerFullName}
        - {Name: TargetGroup, Value: 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/a/b'}
  B:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/SQS
      MetricName: NumberOfMessageSent
      AlarmActions: [!Ref Function, scale, !Ref Topic]
      Dimensions: [{Name: QueueName, Value: !Ref Queue}]
";
        let expected = "\
warning alarm-dimension Resources/A/Properties/Dimensions/0/Value 11:39: `Ref` of `Web` is not its dimension `LoadBalancer`: the alarm never gets data
  use `!GetAtt Web.LoadBalancerFullName`
warning alarm-dimension Resources/A/Properties/Dimensions/2/Value 13:38: the dimension `TargetGroup` is no ARN: the alarm never gets data
  use what follows in the ARN: targetgroup/<name>/<id>
warning alarm-metric Resources/B/Properties/MetricName 18:19: `AWS/SQS` has no metric `NumberOfMessageSent`
  did you mean `NumberOfMessagesSent`?
error alarm-action Resources/B/Properties/AlarmActions/0 19:22: `Ref` of `Function` is not an ARN
  use `!GetAtt Function.Arn`
error alarm-action Resources/B/Properties/AlarmActions/1 19:37: `scale` is not the ARN of an action
  write the whole ARN
warning alarm-dimension Resources/B/Properties/Dimensions/0/Value 20:45: `Ref` of `Queue` is not its dimension `QueueName`: the alarm never gets data
  use `!GetAtt Queue.QueueName`
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn an_alarm_reaches_the_steps() {
        let template = "\
Resources:
  Out:
    Type: AWS::AutoScaling::ScalingPolicy
    Properties:
      StepAdjustments: [{MetricIntervalUpperBound: 0, ScalingAdjustment: 1}]
  High:
    Type: AWS::CloudWatch::Alarm
    Properties: {ComparisonOperator: GreaterThanThreshold, AlarmActions: [!Ref Out]}
  Low:
    Type: AWS::CloudWatch::Alarm
    Properties: {ComparisonOperator: LessThanThreshold, AlarmActions: [!Ref Out]}
";
        let expected = "\
warning alarm-steps Resources/High/Properties/AlarmActions/0 8:75: `Out` has no step for what is above the threshold
  turn the bounds of the steps round, or the comparison of the alarm
";
        assert_eq!(check(super::check, template), expected);
    }
}
