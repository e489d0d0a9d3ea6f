//! How many tasks a service runs: a number, or from a number to a number, as load asks.

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
        if node.as_map().is_some() {
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
        levels: Vec<Spanned<Step>>,
        /// What is measured.
        metric: Metric = "cpu",
        /// For how many minutes in a row it has to lie beyond a threshold.
        minutes: Spanned<u32> = "2",
    }
}

properties! {
    /// A threshold, and what happens beyond it.
    pub struct Step {
        /// From this share on, tasks are added.
        above: Option<Spanned<Percent>>,
        /// Up to this share, tasks are removed.
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
        /// The share of its CPU that the busiest task uses.
        Cpu,
        /// The share of its memory that the fullest task uses.
        Memory,
    }
}
