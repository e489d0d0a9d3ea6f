//! What those who use a system notice, in words.

use super::{Page, alike, aside, plain};
use crate::{
    ops::Compared,
    render::{Block, Meaning},
    review::{Effect, Impact, Point},
};

impl Page<'_> {
    /// What is noticed of all stacks, the worst first.
    pub(super) fn impacts(&self) -> Vec<Block> {
        let each = self.reviewed.each();
        let mut all: Vec<(&Point<Impact>, &Compared)> = each
            .flat_map(|(compared, it)| it.review.impacts.iter().map(move |point| (point, compared)))
            .collect();
        all.sort_by_key(|(point, _)| std::cmp::Reverse(point.what.severity()));
        let groups = alike(all.into_iter(), |a, b| a.what == b.what);
        groups.into_iter().map(|(points, stack)| self.impact(&points, stack)).collect()
    }

    pub(super) fn impact(&self, points: &[&Point<Impact>], stack: &Compared) -> Block {
        let Impact { effect, is_sure, source } = &points[0].what;
        let mut text = self::effect(effect);
        if !is_sure {
            text = format!("perhaps: {text}");
        }
        let what = if effect.severity() == 2 { vec![(Meaning::Warning, text)] } else { plain(text) };
        self.item(points, stack, what, vec![aside(*source)])
    }
}

/// What is noticed, in a sentence.
pub(crate) fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Rolling(least) if *least >= 100 => {
            "new tasks start before old ones stop: no interruption".to_owned()
        }
        Effect::Rolling(least) => {
            format!("tasks are replaced in turn, at least {least} % of them run: slower, but no interruption")
        }
        Effect::BesideEachOther => {
            "new tasks run beside the old ones until the traffic is theirs: no interruption".to_owned()
        }
        Effect::StopsFirst => "old tasks may all stop before new ones run: an interruption".to_owned(),
        Effect::ServiceAnew(Some(count)) => {
            let tasks = if *count == 1 { "one task".to_owned() } else { format!("{count} tasks") };
            format!("the service is replaced: it starts with {tasks}, whatever it was scaled to")
        }
        Effect::ServiceAnew(None) => {
            "the service is replaced: it starts with one task, whatever it was scaled to".to_owned()
        }
        Effect::NoTasks => "no task runs any more".to_owned(),
        Effect::FewerTasks(was, 0) => format!("there may be no task at all, where {was} ran at least"),
        Effect::FewerTasks(was, 1) => format!("there may be only one task, where {was} ran at least"),
        Effect::FewerTasks(was, is) => format!("there may be only {is} tasks, where {was} ran at least"),
        Effect::CheckedFirst => "tasks that run are checked the new way before there are new ones: if they do not \
                                 answer to it, they are taken out; an automatic rollback would leave them unhealthy"
            .to_owned(),
        Effect::CheckedAnew => {
            "tasks that run are checked in a new way: if they do not answer to it, they are replaced".to_owned()
        }
        Effect::BalancerAnew => {
            "the load balancer is replaced: its DNS name changes, and open connections end".to_owned()
        }
        Effect::TargetsAnew => "the listener leads to a new target group before there are tasks in it: until they have \
                                registered, requests fail with 503"
            .to_owned(),
        Effect::PortMoves(was, is) => format!("port {was} is not answered any more, port {is} is"),
        Effect::NotReached => "what was reached through it cannot be reached any more".to_owned(),
        Effect::DatabaseRestarts { fails_over: true } => {
            "the database fails over to its second instance: about one to two minutes without it".to_owned()
        }
        Effect::DatabaseRestarts { fails_over: false } => {
            "the database restarts, at once or in its maintenance window: minutes without it".to_owned()
        }
        Effect::CacheRestarts => "the cache restarts: what is in it may be gone, minutes without it".to_owned(),
        Effect::MachineRestarts => "the instance stops and starts: minutes without it".to_owned(),
        Effect::MachinesRoll => "instances are replaced, some at a time".to_owned(),
        Effect::MachinesStay => {
            "running instances keep the old configuration; only new ones get the new one".to_owned()
        }
        Effect::OutgoingCut => "traffic that leaves the network is cut for a while".to_owned(),
        Effect::NetworkAnew => {
            "the network is replaced, and everything in it".to_owned()
        }
        Effect::CachedNames(Some(seconds)) => {
            format!("clients may use the old answer for up to {seconds} seconds (TTL)")
        }
        Effect::CachedNames(None) => "clients may use the old answer for about a minute".to_owned(),
        Effect::WaitsForCertificate => {
            "the deployment waits until the certificate is issued: minutes, if its DNS records are made".to_owned()
        }
        Effect::Spreads => "it takes minutes until this is so everywhere".to_owned(),
        Effect::PipelineStops => {
            "actions that run are finished, then their executions fail: start the pipeline again".to_owned()
        }
        Effect::MountCut => "what is stored there is not reached in the meantime".to_owned(),
        Effect::ClusterAnew => "the cluster is replaced, and every service in it".to_owned(),
        Effect::ScheduleOff => "the schedule or rule no longer runs anything".to_owned(),
    }
}
