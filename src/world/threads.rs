//! Work on all cores of this machine.

use std::{
    num::NonZero,
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// As much as the first thread of a process commonly has: what recurses must not depend on where it runs.
const STACK: usize = 8 << 20;

/// What `work` makes of each of `items`, in their order.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    if workers <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        while let at = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = items.get(at)
        {
            done.push((at, work(item)));
        }
        done
    };
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        // Where no further thread can be had, this one does the work.
        let start = || thread::Builder::new().stack_size(STACK).spawn_scoped(scope, take).ok();
        let threads: Vec<_> = (1..workers).filter_map(|_| start()).collect();
        let own = take();
        let others =
            threads.into_iter().flat_map(|it| it.join().unwrap_or_else(|panic| resume_unwind(panic)));
        others.chain(own).collect()
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, it)| it).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_what_they_were_made_of() {
        let numbers: Vec<usize> = (0..1000).collect();
        let squares: Vec<usize> = numbers.iter().map(|it| it * it).collect();
        assert_eq!(in_parallel(&numbers, |it| it * it), squares);
        assert_eq!(in_parallel(&[] as &[usize], |it| *it), [0; 0]);
    }
}
