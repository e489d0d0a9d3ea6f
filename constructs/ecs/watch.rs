//! Alarms on what a service answers, which roll a deployment back.

use crate::{kernel::prelude::*, load_balancer::reached::Way, targets::SnsTopic};

const ALARM: ResourceType = ResourceType::new("AWS::CloudWatch::Alarm");

properties! {
    /// What rolls a deployment back. Each is an alarm of its own, which may also notify somebody.
    pub struct Watch {
        /// So many answers with a status of 500 or above in a minute. If absent, they are not counted.
        errors: Option<Spanned<u32>>,
        /// An average time of the answers in a minute beyond this. If absent, it is not measured.
        response_time: Option<Spanned<Seconds>>,
        /// For how many minutes in a row.
        minutes: Spanned<u32> = "2",
        /// The ARNs of topics that are told when an alarm is raised, such as `${alerts.arn}`. A Topic needs
        /// `publishers: [cloudwatch]` for that.
        notify: Vec<Text>,
    }
}

impl Watch {
    /// Reports what is never measured, or always too much.
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        let zero = |key: &str, span: Span| {
            Diagnostic::error("watch-range", format!("`{key}` is 1 or more")).at(span).help("use `1` or more")
        };
        faults.extend(self.errors.filter(|it| it.value == 0).map(|it| zero("errors", it.span)));
        faults
            .extend(self.response_time.filter(|it| it.value.0 == 0).map(|it| zero("responseTime", it.span)));
        if !(1..=60).contains(&self.minutes.value) {
            faults.push(
                Diagnostic::error("watch-range", "a deployment is watched for 1 to 60 minutes in a row")
                    .at(self.minutes.span)
                    .help(format!("use `{}`", self.minutes.value.clamp(1, 60))),
            );
        }
        if self.errors.is_none() && self.response_time.is_none() {
            let spare = self.notify.first().map(Text::span).or(Some(self.minutes.span));
            faults.extend(spare.filter(|it| it.is_written()).map(|span| {
                Diagnostic::error("no-effect", "nothing is watched")
                    .at(span)
                    .help("add `errors: 10` or `responseTime: 2s`, or remove this")
            }));
        }
    }

    /// Adds the alarms at `scope`, and gives their names.
    pub(super) fn add(&self, scope: &mut Scope<'_>, way: &Way) -> Vec<Expr<Handle>> {
        let notify: Vec<Expr<Handle>> = self.notify.iter().map(|it| scope.text(it)).collect();
        for (text, topic) in self.notify.iter().zip(&notify) {
            check_topic(text, topic, scope);
        }
        let watched = [
            (
                "Errors",
                "HTTPCode_Target_5XX_Count",
                "Sum",
                "Answers with an error: a deployment is rolled back",
                self.errors.map(Expr::from),
            ),
            (
                "ResponseTime",
                "TargetResponseTime",
                "Average",
                "Answers take long: a deployment is rolled back",
                self.response_time.map(|it| it.map(|it| it.0).into()),
            ),
        ];
        let mut names = Vec::new();
        for (id, metric, statistic, description, threshold) in watched {
            let Some(threshold) = threshold else { continue };
            let alarm = scope.child(&format!("{id}Alarm")).resource(
                "Resource",
                ALARM,
                object! {
                    "AlarmActions" => (!notify.is_empty()).then(|| notify.clone()),
                    "AlarmDescription" => description,
                    "ComparisonOperator" => "GreaterThanOrEqualToThreshold",
                    "EvaluationPeriods" => self.minutes,
                    "Metrics" => metrics(way, metric, statistic),
                    "Threshold" => threshold,
                    // Without requests there is nothing to count, and nothing wrong.
                    "TreatMissingData" => "notBreaching",
                },
            );
            names.push(alarm.reference());
        }
        names
    }
}

/// Reports a Topic in which no alarm may publish: it would be raised, and nobody be told.
fn check_topic(text: &Text, arn: &Expr<Handle>, scope: &mut Scope<'_>) {
    let closed = scope.offering::<SnsTopic>().into_iter().find(|name| {
        scope.get::<SnsTopic>(name).is_some_and(|it| it.arn.kind == arn.kind && !it.takes_alarms)
    });
    if let Some(name) = closed {
        scope.report(
            Diagnostic::error("topic-publisher", format!("`{name}` lets no alarm of CloudWatch publish"))
                .at(text.span())
                .help(format!("add `cloudwatch` to the `publishers` of `{name}`")),
        );
    }
}

/// The measure of all target groups of a service together: requests go from one to the other while it is deployed.
fn metrics(way: &Way, metric: &'static str, statistic: &'static str) -> Expr<Handle> {
    let of = |id: &'static str, group: Handle, is_result: bool| {
        object! {
            "Id" => id,
            "MetricStat" => object! {
                "Metric" => object! {
                    "Dimensions" => list![
                        object! {
                            "Name" => "LoadBalancer",
                            "Value" => way.balancer.resource.attribute("LoadBalancerFullName"),
                        },
                        object! { "Name" => "TargetGroup", "Value" => group.attribute("TargetGroupFullName") },
                    ],
                    "MetricName" => metric,
                    "Namespace" => "AWS/ApplicationELB",
                },
                "Period" => 60,
                "Stat" => statistic,
            },
            "ReturnData" => is_result,
        }
    };
    let Some(shift) = &way.shift else { return list![of("one", way.target_group, true)] };
    let expression = if statistic == "Sum" { "SUM(METRICS())" } else { "MAX(METRICS())" };
    list![
        of("blue", way.target_group, false),
        of("green", shift.alternate, false),
        object! { "Expression" => expression, "Id" => "both", "ReturnData" => true },
    ]
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

    fn watched(deployment: &str) -> Value {
        with(deployment).properties("web/Service/Service")["DeploymentConfiguration"].clone()
    }

    #[test]
    fn an_alarm_rolls_a_deployment_back() {
        let stack = with("{watch: {errors: 10, responseTime: 2s, minutes: 3, notify: ['arn:t']}}");
        assert_eq!(
            watched("{watch: {errors: 10, responseTime: 2s}}")["Alarms"],
            json!({
                "AlarmNames": ["${web/ErrorsAlarm/Resource}", "${web/ResponseTimeAlarm/Resource}"],
                "Enable": true,
                "Rollback": true,
            })
        );
        assert_eq!(
            stack.properties("web/ErrorsAlarm/Resource"),
            json!({
                "AlarmActions": ["arn:t"],
                "AlarmDescription": "Answers with an error: a deployment is rolled back",
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "EvaluationPeriods": 3,
                "Metrics": [{
                    "Id": "one",
                    "MetricStat": {
                        "Metric": {
                            "Dimensions": [
                                { "Name": "LoadBalancer", "Value": "${web/LB/Resource.LoadBalancerFullName}" },
                                {
                                    "Name": "TargetGroup",
                                    "Value": "${web/LB/PublicListener/ECSGroup/Resource.TargetGroupFullName}",
                                },
                            ],
                            "MetricName": "HTTPCode_Target_5XX_Count",
                            "Namespace": "AWS/ApplicationELB",
                        },
                        "Period": 60,
                        "Stat": "Sum",
                    },
                    "ReturnData": true,
                }],
                "Threshold": 10,
                "TreatMissingData": "notBreaching",
            })
        );
    }

    #[test]
    fn both_versions_are_watched_together() {
        let stack = with("{strategy: blueGreen, watch: {errors: 10, responseTime: 2s}}");
        let expression = |id: &str| {
            let metrics = &stack.properties(&format!("web/{id}/Resource"))["Metrics"];
            let returned = metrics.as_array().unwrap().iter().map(|it| it["ReturnData"].clone());
            (metrics[2]["Expression"].clone(), returned.collect::<Vec<_>>())
        };
        let returned = || vec![json!(false), json!(false), json!(true)];
        assert_eq!(expression("ErrorsAlarm"), (json!("SUM(METRICS())"), returned()));
        assert_eq!(expression("ResponseTimeAlarm"), (json!("MAX(METRICS())"), returned()));
    }

    #[test]
    fn points_at_a_topic_that_would_not_be_told() {
        let faults = |publishers: &str| {
            stack(&format!(
                "n: {{type: Network}}\nt: {{type: Topic{publishers}}}\n\
                 web: {{type: FargateService, network: n, image: 'a:1', port: 80, \
                 deployment: {{watch: {{errors: 1, notify: ['${{t.arn}}']}}}}}}"
            ))
            .faults()
        };
        let fault = "topic-publisher at `'${t.arn}'`: `t` lets no alarm of CloudWatch publish";
        assert_eq!(faults(""), [fault]);
        assert_eq!(faults(", publishers: [events]"), [fault]);
        assert_eq!(faults(", publishers: [events, cloudwatch]"), [""; 0]);
    }

    #[test]
    fn points_at_what_is_never_measured() {
        assert_eq!(
            with("{watch: {errors: 0, responseTime: 0s, minutes: 0}}").faults(),
            [
                "watch-range at `0`: `errors` is 1 or more",
                "watch-range at `0s`: `responseTime` is 1 or more",
                "watch-range at `0`: a deployment is watched for 1 to 60 minutes in a row",
            ]
        );
        assert_eq!(with("{watch: {minutes: 3}}").faults(), ["no-effect at `3`: nothing is watched"]);
    }
}
