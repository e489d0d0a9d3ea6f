//! What adds and removes instances as their CPU asks.

use super::Count;
use crate::kernel::prelude::*;

const SCALING_POLICY: ResourceType = ResourceType::new("AWS::AutoScaling::ScalingPolicy");
const ALARM: ResourceType = ResourceType::new("AWS::CloudWatch::Alarm");

/// For how many minutes instances are idle before some are removed: as long as AWS's own target tracking waits.
const IDLE_MINUTES: u32 = 15;

properties! {
    /// When instances are added and removed, by the CPU they use on average.
    ///
    /// ECS counts what tasks reserve, and knows of those that find no room; what is given here does not. The two would
    /// work against each other, so this is in place of that.
    pub struct Scaling {
        /// The share of their CPU from which on instances are added.
        above: Spanned<Percent>,
        /// How many are added.
        add: Spanned<u32> = "1",
        /// The share of their CPU up to which instances are removed, after 15 minutes.
        below: Spanned<Percent>,
        /// How many are removed.
        remove: Spanned<u32> = "1",
        /// For how many minutes in a row the CPU has to lie above its threshold.
        minutes: Spanned<u32> = "2",
        /// How long to wait after instances were added or removed, before more are.
        cooldown: Seconds = "5m",
    }
}

impl Scaling {
    /// Reports thresholds that work against each other, and steps that lead nowhere.
    pub(super) fn check(&self, span: Span, count: &Count, faults: &mut Vec<Diagnostic>) {
        let mut fault = |code, message: String, at: Span, help: &str| {
            faults.push(Diagnostic::error(code, message).at(at).help(help));
        };
        for share in [self.above, self.below] {
            let Percent(percent) = share.value;
            if !(1..=100).contains(&percent) {
                let message = format!("instances use from 1% to 100% of their CPU, not {percent}%");
                fault("count-share", message, share.span, "use a share such as `70%`");
            }
        }
        if self.below.value.0 >= self.above.value.0 {
            let (above, below) = (self.above.value.0, self.below.value.0);
            let message = format!("at {above}% instances are added, and up to {below}% removed");
            fault("count-step", message, self.below.span, "leave a gap between them, in which the number stays");
        }
        for step in [self.add, self.remove].into_iter().filter(|it| it.value == 0) {
            fault("count-step", "a step of 0 instances does nothing".to_owned(), step.span, "use 1 or more");
        }
        if self.minutes.value == 0 {
            let message = "a threshold is measured over 1 minute or more, not 0".to_owned();
            fault("count-step", message, self.minutes.span, "use 1 or more");
        }
        let (min, max) = (count.min().value, count.max().value);
        if min == max {
            let message = format!("there is nothing between {min} and {max} instances to scale");
            fault("count-range", message, span, "write `count: {min: 1, max: 10}`, or remove `scaling`");
        }
        if min == 0 {
            let message = "from 0 instances nothing scales: load is measured on instances".to_owned();
            fault("count-range", message, count.min().span, "use 1 or more, or remove `scaling`");
        }
    }

    /// Adds its policies and alarms for `group`, which stands in `scope`.
    pub(super) fn add(&self, scope: &mut Scope<'_>, group: Handle) {
        let mut scope = scope.child("CpuScaling");
        self.side(&mut scope, group, &Side {
            id: "Lower",
            description: "Instances are idle: some are removed",
            operator: "LessThanOrEqualToThreshold",
            threshold: self.below,
            minutes: IDLE_MINUTES.into(),
            change: Expr::from(-i64::from(self.remove.value)).at(self.remove.span),
        });
        self.side(&mut scope, group, &Side {
            id: "Upper",
            description: "Instances are busy: more are added",
            operator: "GreaterThanOrEqualToThreshold",
            threshold: self.above,
            minutes: self.minutes.into(),
            change: self.add.into(),
        });
    }

    fn side(&self, scope: &mut Scope<'_>, group: Handle, side: &Side) {
        let policy = scope.child(&format!("{}Policy", side.id)).resource("Resource", SCALING_POLICY, object! {
            "AdjustmentType" => "ChangeInCapacity",
            "AutoScalingGroupName" => group.reference(),
            "Cooldown" => self.cooldown.0.to_string(),
            "PolicyType" => "SimpleScaling",
            "ScalingAdjustment" => side.change.clone(),
        });
        scope.child(&format!("{}Alarm", side.id)).resource("Resource", ALARM, object! {
            "AlarmActions" => list![policy.reference()],
            "AlarmDescription" => side.description,
            "ComparisonOperator" => side.operator,
            "Dimensions" => list![object! { "Name" => "AutoScalingGroupName", "Value" => group.reference() }],
            "EvaluationPeriods" => side.minutes.clone(),
            "MetricName" => "CPUUtilization",
            "Namespace" => "AWS/EC2",
            "Period" => 60,
            "Statistic" => "Average",
            "Threshold" => side.threshold.map(|it| it.0),
        });
    }
}

/// What happens on one side of the load that is right.
struct Side {
    id: &'static str,
    description: &'static str,
    operator: &'static str,
    threshold: Spanned<Percent>,
    minutes: Expr<Handle>,
    change: Expr<Handle>,
}
