//! In which column each thing stands that lies in a group: what leads to something stands left of it.

/// The columns of `count` things, given who leads to whom. In a circle, the thing named first stands first.
pub(super) fn columns(count: usize, leads: &[(usize, usize)]) -> Vec<usize> {
    let mut column = vec![0; count];
    let mut is_placed = vec![false; count];
    let mut order = Vec::with_capacity(count);
    while order.len() < count {
        let waits = |it: &usize| leads.iter().any(|(from, to)| to == it && !is_placed[*from]);
        let free = (0..count).find(|it| !is_placed[*it] && !waits(it));
        let Some(next) = free.or_else(|| (0..count).find(|it| !is_placed[*it])) else { break };
        let before = leads.iter().filter(|(from, to)| *to == next && is_placed[*from]);
        column[next] = before.map(|(from, _)| column[*from] + 1).max().unwrap_or_default();
        is_placed[next] = true;
        order.push(next);
    }
    // What nothing leads to stands next to what it leads to.
    for at in order.into_iter().rev() {
        let has_before = leads.iter().any(|(from, to)| *to == at && column[*from] < column[at]);
        let after = leads.iter().filter(|(from, to)| *from == at && column[*to] > column[at]);
        if let Some(nearest) = after.map(|(_, to)| column[*to]).min().filter(|_| !has_before) {
            column[at] = nearest - 1;
        }
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_something_stands_left_of_it() {
        assert_eq!(columns(3, &[(0, 1), (1, 2)]), [0, 1, 2]);
        assert_eq!(columns(4, &[(0, 1), (1, 2), (3, 2)]), [0, 1, 2, 1], "as near as it can");
        assert_eq!(columns(2, &[(0, 1), (1, 0)]), [0, 1], "a circle begins somewhere");
        assert_eq!(columns(2, &[]), [0, 0]);
    }
}
