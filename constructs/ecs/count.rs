//! How many tasks a service runs: a number, or from a number to a number, as load asks.

use super::scaling::Range;
use crate::kernel::prelude::*;

/// How many tasks a service runs.
#[derive(Clone, Debug)]
pub enum Count {
    /// So many.
    Fixed(Spanned<u32>),
    /// As many as load asks for.
    Scaled(Box<Scaling>),
}

impl Property for Count {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.is_group() {
            return Scaling::read(node, reader).map(|it| Self::Scaled(Box::new(it)));
        }
        Spanned::read(node, reader).map(Self::Fixed)
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::Integer, Scaling::shape()])
    }
}

properties! {
    /// A number of tasks that follows the load.
    ///
    /// `cpu`, `memory` and `requests` each keep an average near a target; where several are given, the one that
    /// asks for most tasks is followed. `steps` adds and removes tasks at thresholds of your own.
    pub struct Scaling {
        /// The least number of tasks.
        min: Spanned<u32> = "1",
        /// The greatest number of tasks.
        max: Spanned<u32>,
        /// How many tasks there are at first, and again whenever an update changes the service, whatever load has made
        /// of the number by then. If absent, `min`, and updates leave the number to the load.
        desired: Option<Spanned<u32>>,
        /// How much of their CPU the tasks are to use on average.
        cpu: Option<Spanned<Percent>>,
        /// How much of their memory the tasks are to use on average.
        memory: Option<Spanned<Percent>>,
        /// How many requests each task is to get in a minute.
        requests: Option<Spanned<u32>>,
        /// Thresholds, and what happens beyond them.
        steps: Option<Steps>,
        /// How long to wait after tasks were added, before more are.
        scale_out_cooldown: Seconds = "60s",
        /// How long to wait after tasks were removed, before more are.
        scale_in_cooldown: Seconds = "5m",
    }
}

properties! {
    /// Thresholds of a metric, and what happens beyond them.
    pub struct Steps from levels {
        /// The thresholds: `[{above: 70%, add: 1}, {above: 85%, add: 3}, {below: 20%, remove: 1}]`.
        levels: Spanned<Vec<Spanned<Step>>>,
        /// What is measured.
        metric: Metric = "cpu",
        /// Whether the task that uses most of it decides, or all of them together.
        statistic: Statistic = "maximum",
        /// For how many minutes in a row it has to lie beyond a threshold.
        minutes: Spanned<u32> = "2",
    }
}

properties! {
    /// A threshold, and what happens beyond it.
    pub struct Step {
        /// The share from which on tasks are added.
        above: Option<Spanned<Percent>>,
        /// The share up to which tasks are removed.
        below: Option<Spanned<Percent>>,
        /// How many tasks are added.
        add: Option<Spanned<u32>>,
        /// How many tasks are removed.
        remove: Option<Spanned<u32>>,
    }
}

choices! {
    /// What is measured.
    pub enum Metric {
        /// The share of its CPU that a task uses.
        Cpu,
        /// The share of its memory that a task uses.
        Memory,
    }
}

choices! {
    /// Which tasks decide.
    pub enum Statistic {
        /// The one that uses most.
        Maximum,
        /// All of them, on average.
        Average,
    }
}

impl Count {
    /// The least number of tasks, while nothing fails.
    pub(crate) fn least(&self) -> Spanned<u32> {
        match self {
            Self::Fixed(count) => *count,
            Self::Scaled(scaling) => scaling.min,
        }
    }

    /// How many tasks an update of the stack has the service run, if that is not for load to say.
    pub(crate) fn set(&self) -> Option<Spanned<u32>> {
        match self {
            Self::Fixed(count) => Some(*count),
            Self::Scaled(scaling) => scaling.desired,
        }
    }

    /// Reports numbers between which nothing scales, and measures that contradict each other.
    pub(crate) fn check(&self, faults: &mut Vec<Diagnostic>) {
        if let Self::Scaled(scaling) = self {
            scaling.check(faults);
        }
    }
}

impl Scaling {
    /// From how many tasks to how many.
    pub(crate) fn range(&self) -> Range {
        Range { min: self.min, max: self.max }
    }

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        self.range().check(faults);
        let (min, max) = (self.min.value, self.max.value);
        if let Some(desired) = self.desired.filter(|it| min < max && !(min..=max).contains(&it.value)) {
            faults.push(
                Diagnostic::error(
                    "count-range",
                    format!("{} tasks are not between {min} and {max}", desired.value),
                )
                .at(desired.span)
                .help("use a number between them, or remove `desired`"),
            );
        }
        for share in [self.cpu, self.memory].into_iter().flatten() {
            faults.extend(check_share(share));
        }
        if let Some(requests) = self.requests.filter(|it| it.value == 0) {
            faults.push(
                Diagnostic::error("count-target", "tasks cannot get 0 requests each")
                    .at(requests.span)
                    .help("say how many requests a task can serve in a minute"),
            );
        }
        let Some(steps) = &self.steps else {
            if self.cpu.is_none() && self.memory.is_none() && self.requests.is_none() {
                faults.push(
                    Diagnostic::error("count-target", "nothing says when tasks are added and removed")
                        .at(self.max.span)
                        .help("add `cpu: 70%`, `memory:`, `requests:` or `steps:`"),
                );
            }
            return;
        };
        let (same, name) = match steps.metric {
            Metric::Cpu => (self.cpu, "cpu"),
            Metric::Memory => (self.memory, "memory"),
        };
        if let Some(same) = same {
            faults.push(
                Diagnostic::error(
                    "count-target",
                    format!("both `{name}` and `steps` follow the {name}, against each other"),
                )
                .at(same.span)
                .help(format!("remove `{name}`, or `steps`")),
            );
        }
        steps.check(faults);
    }
}

impl Steps {
    fn check(&self, faults: &mut Vec<Diagnostic>) {
        if self.minutes.value == 0 {
            let fault =
                Diagnostic::error("count-step", "a threshold is measured over 1 minute or more, not 0");
            faults.push(fault.at(self.minutes.span).help("use 1 or more"));
        }
        let before = faults.len();
        faults.extend(
            self.levels.value.iter().filter_map(|it| it.value.check().map(|fault| fault.at(it.span))),
        );
        if faults.len() > before {
            return;
        }
        let (additions, removals) = (self.additions(), self.removals());
        let one_way = |what: &str, help: &str| {
            Diagnostic::error("count-step", format!("no step ever {what} tasks"))
                .at(self.levels.span)
                .help(help)
        };
        match (additions.first(), removals.first()) {
            (None, _) => faults.push(one_way("adds", "add one such as `{above: 70%, add: 1}`")),
            (_, None) => faults.push(one_way("removes", "add one such as `{below: 20%, remove: 1}`")),
            (Some((above, _)), Some((below, _))) if below >= above => faults.push(
                Diagnostic::error(
                    "count-step",
                    format!("at {above}% tasks are added, and up to {below}% removed"),
                )
                .at(self.levels.span)
                .help("leave a gap between them, in which the number stays"),
            ),
            _ => (),
        }
        for sorted in [additions, removals] {
            faults.extend(sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| {
                Diagnostic::error("count-step", format!("two steps begin at {}%", pair[0].0))
                    .at(self.levels.span)
                    .help("remove one of them")
            }));
        }
    }

    /// Thresholds and how many tasks are added from each on, the lowest first.
    pub(crate) fn additions(&self) -> Vec<(u32, u32)> {
        let steps = self.levels.value.iter().map(|it| &it.value);
        let mut found: Vec<(u32, u32)> =
            steps.filter_map(|it| Some((it.above?.value.0, it.add?.value))).collect();
        found.sort_unstable();
        found
    }

    /// Thresholds and how many tasks are removed up to each, the highest first.
    pub(crate) fn removals(&self) -> Vec<(u32, u32)> {
        let steps = self.levels.value.iter().map(|it| &it.value);
        let mut found: Vec<(u32, u32)> =
            steps.filter_map(|it| Some((it.below?.value.0, it.remove?.value))).collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found
    }
}

impl Step {
    fn check(&self) -> Option<Diagnostic> {
        let ends = (self.above, self.below, self.add, self.remove);
        let ((Some(share), None, Some(tasks), None) | (None, Some(share), None, Some(tasks))) = ends else {
            let fault = Diagnostic::error(
                "count-step",
                "a step adds tasks above a share, or removes tasks below one",
            );
            return Some(fault.help("write `{above: 70%, add: 1}` or `{below: 20%, remove: 1}`"));
        };
        if tasks.value == 0 {
            let fault = Diagnostic::error("count-step", "a step of 0 tasks does nothing").at(tasks.span);
            return Some(fault.help("use 1 or more"));
        }
        check_share(share)
    }
}

fn check_share(share: Spanned<Percent>) -> Option<Diagnostic> {
    let Percent(percent) = share.value;
    (!(1..=100).contains(&percent)).then(|| {
        Diagnostic::error("count-share", format!("tasks use from 1% to 100%, not {percent}%"))
            .at(share.span)
            .help("use a share such as `70%`")
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::stack;

    fn faults(count: &str) -> Vec<String> {
        let web =
            "n: {type: Network}\nweb: {type: FargateService, network: n, image: 'a:1', port: 80, count: ";
        stack(&format!("{web}{count}}}")).faults()
    }

    #[test]
    fn points_at_a_number_that_is_known_too_late() {
        let text = "n: {type: Network}\nweb: {type: FargateService, network: n, image: 'a:1', port: 80, count: !Ref Param}";
        assert_eq!(
            stack(text).faults(),
            ["wrong-type at `!Ref Param`: expected a whole number, found `!Ref`"]
        );
    }

    #[test]
    fn points_at_numbers_between_which_nothing_scales() {
        assert_eq!(
            faults("{min: 3, max: 2, cpu: 70%}"),
            ["count-range at `2`: there is nothing between 3 and 2 tasks to scale"]
        );
        assert_eq!(
            faults("{min: 0, max: 2, cpu: 70%}"),
            ["count-range at `0`: from 0 tasks nothing scales: load is measured on tasks"]
        );
    }

    #[test]
    fn points_at_a_beginning_outside_of_the_range() {
        for desired in ["1", "4"] {
            assert_eq!(
                faults(&format!("{{min: 2, max: 3, desired: {desired}, cpu: 70%}}")),
                [format!("count-range at `{desired}`: {desired} tasks are not between 2 and 3")]
            );
        }
        assert_eq!(faults("{min: 2, max: 3, desired: 3, cpu: 70%}"), [""; 0]);
    }

    #[test]
    fn points_at_targets_that_cannot_be() {
        assert_eq!(
            faults("{max: 3, cpu: 120%}"),
            ["count-share at `120%`: tasks use from 1% to 100%, not 120%"]
        );
        assert_eq!(
            faults("{max: 3, requests: 0}"),
            ["count-target at `0`: tasks cannot get 0 requests each"]
        );
        assert_eq!(
            faults("{max: 3}"),
            ["count-target at `3`: nothing says when tasks are added and removed"]
        );
        assert_eq!(
            faults("{max: 3, cpu: 70%, steps: [{above: 70%, add: 1}, {below: 20%, remove: 1}]}"),
            ["count-target at `70%`: both `cpu` and `steps` follow the cpu, against each other"]
        );
    }

    #[test]
    fn points_at_steps_that_cannot_be() {
        let steps = |levels: &str| faults(&format!("{{max: 3, steps: {levels}}}"));
        let all = |levels: &str, message: &str| {
            assert_eq!(steps(levels), [format!("count-step at `{levels}`: {message}")]);
        };
        all("[{above: 70%, add: 1}]", "no step ever removes tasks");
        all("[{below: 20%, remove: 1}]", "no step ever adds tasks");
        all(
            "[{above: 20%, add: 1}, {below: 20%, remove: 1}]",
            "at 20% tasks are added, and up to 20% removed",
        );
        all(
            "[{above: 70%, add: 1}, {above: 70%, add: 2}, {below: 20%, remove: 1}]",
            "two steps begin at 70%",
        );
        assert_eq!(
            steps("[{above: 70%, remove: 1}]"),
            [
                "count-step at `{above: 70%, remove: 1}`: a step adds tasks above a share, or removes tasks below one"
            ]
        );
        assert_eq!(steps("[{above: 70%, add: 0}]"), ["count-step at `0`: a step of 0 tasks does nothing"]);
        assert_eq!(
            steps("{levels: [{above: 70%, add: 1}, {below: 20%, remove: 1}], minutes: 0}"),
            ["count-step at `0`: a threshold is measured over 1 minute or more, not 0"]
        );
    }
}
