//! Walks along references: what comes first, and where they lead in a circle.

/// What a walk along references finds.
pub(super) struct Walk {
    /// Everything, each after what it refers to; but for circles, in the order given.
    pub(super) order: Vec<usize>,
    /// Circles, each as the way around it: who refers, and by which of its references.
    pub(super) circles: Vec<Vec<(usize, usize)>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Entered,
    Done,
}

/// Walks from each of `references.len()` things along the references it has, in order. Not by recursion: a chain of
/// references may be as long as a file.
pub(super) fn walk<T>(references: &[Vec<(usize, T)>]) -> Walk {
    let mut marks = vec![Mark::New; references.len()];
    let mut found = Walk { order: Vec::new(), circles: Vec::new() };
    for from in 0..references.len() {
        // Who was entered, and how many of its references have been followed.
        let mut way: Vec<(usize, usize)> = Vec::new();
        let mut next = Some(from);
        while let Some(at) = next {
            match marks[at] {
                Mark::Done => (),
                Mark::Entered => {
                    let start = way.iter().position(|(it, _)| *it == at).expect("it was entered on this way");
                    found
                        .circles
                        .push(way[start..].iter().map(|(it, followed)| (*it, followed - 1)).collect());
                }
                Mark::New => {
                    marks[at] = Mark::Entered;
                    way.push((at, 0));
                }
            }
            next = None;
            while let Some((at, followed)) = way.last_mut() {
                if let Some((to, _)) = references[*at].get(*followed) {
                    *followed += 1;
                    next = Some(*to);
                    break;
                }
                marks[*at] = Mark::Done;
                found.order.push(*at);
                way.pop();
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(of: &[&[usize]]) -> Vec<Vec<(usize, ())>> {
        of.iter().map(|it| it.iter().map(|to| (*to, ())).collect()).collect()
    }

    #[test]
    fn what_is_referred_to_comes_first() {
        let walk = walk(&references(&[&[2, 1], &[], &[1], &[]]));
        assert_eq!(walk.order, [1, 2, 0, 3]);
        assert!(walk.circles.is_empty());
    }

    #[test]
    fn a_circle_is_told_by_the_way_around_it() {
        let walk = walk(&references(&[&[1], &[3, 2], &[1], &[3]]));
        assert_eq!(walk.circles, [vec![(3, 0)], vec![(1, 1), (2, 0)]]);
        assert_eq!(walk.order.len(), 4);
    }

    #[test]
    fn a_chain_may_be_long() {
        let chain: Vec<Vec<(usize, ())>> =
            (1..=100_000).map(|it| vec![(it, ())]).chain([Vec::new()]).collect();
        assert_eq!(walk(&chain).order.first(), Some(&100_000));
    }
}
