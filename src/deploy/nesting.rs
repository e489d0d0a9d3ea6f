//! Which stack an event is of, where stacks are nested in each other: a fold over events.

use std::collections::BTreeMap;

use crate::world::cloudformation::StackEvent;

/// The ways to nested stacks, by their ARNs: `Parent/Child/`.
#[derive(Clone, Debug, Default)]
pub struct Nesting(BTreeMap<String, String>);

impl Nesting {
    /// What these events say of it. That a stack is nested in another is said before anything that happens in it.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a StackEvent>) -> Self {
        let mut nesting = Self::default();
        events.into_iter().for_each(|it| nesting.hear(it));
        nesting
    }

    /// Takes an event in.
    pub fn hear(&mut self, event: &StackEvent) {
        let is_nested = event.type_name == "AWS::CloudFormation::Stack" && !event.is_of_stack();
        let id = event.physical_id.as_ref().filter(|_| is_nested);
        if let Some(id) = id.filter(|it| !self.0.contains_key(*it)) {
            let way = format!("{}/", self.path(event));
            self.0.insert(id.clone(), way);
        }
    }

    /// The way to what an event is about, from the stack that is watched: `Parent/Child/Queue`, or only its logical id. An
    /// event of a nested stack itself is about what it is called there.
    pub fn path(&self, event: &StackEvent) -> String {
        match self.0.get(&event.stack) {
            Some(way) if event.is_of_stack() => way.trim_end_matches('/').to_owned(),
            Some(way) => format!("{way}{}", event.logical_id),
            None => event.logical_id.clone(),
        }
    }

    /// Whether an event is of a stack that is nested in the one that is watched.
    pub fn is_inside(&self, event: &StackEvent) -> bool {
        self.0.contains_key(&event.stack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Timestamp, cloudformation::ResourceStatus};

    #[test]
    fn what_is_in_a_nested_stack_is_named_by_its_way() {
        let event = |stack: &str, logical_id: &str, physical: &str| StackEvent {
            id: String::new(),
            stack: format!("arn:{stack}"),
            logical_id: logical_id.to_owned(),
            physical_id: Some(format!("arn:{physical}")),
            type_name: "AWS::CloudFormation::Stack".to_owned(),
            time: Timestamp(0),
            status: ResourceStatus::new("CREATE_IN_PROGRESS"),
            reason: None,
            token: None,
            properties: None,
        };
        let events = [
            event("shop", "shop", "shop"),
            event("shop", "Parent", "shop-Parent-X"),
            event("shop-Parent-X", "shop-Parent-X", "shop-Parent-X"),
            event("shop-Parent-X", "Child", "shop-Parent-X-Child-Y"),
            event("shop-Parent-X-Child-Y", "Queue", "queue"),
        ];
        let nesting = Nesting::of(&events);
        let paths: Vec<String> = events.iter().map(|it| nesting.path(it)).collect();
        assert_eq!(paths, ["shop", "Parent", "Parent", "Parent/Child", "Parent/Child/Queue"]);
        let inside: Vec<bool> = events.iter().map(|it| nesting.is_inside(it)).collect();
        assert_eq!(inside, [false, false, true, true, true]);
    }
}
