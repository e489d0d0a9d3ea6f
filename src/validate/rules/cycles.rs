//! Resources that wait for each other, so that none can be the first.

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::kernel::node::Node;

use super::super::{
    document::Document,
    needs::{Needs, references},
    report::{Found, Place, Report},
};

/// Resources that need each other in turn, each with the value by which it needs the next.
type Circle<'t> = Vec<(&'t str, &'t Node)>;

/// `E3004`: a circle of references or of `DependsOn`, shown once with its steps.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    /// Nobody follows more.
    const MOST_STEPS: usize = 12;
    for circle in circles(&document.needs) {
        let mut names: Vec<&str> = circle.iter().map(|(id, _)| *id).chain([circle[0].0]).collect();
        if names.len() > MOST_STEPS {
            names.splice(MOST_STEPS - 1..names.len() - 1, ["…"]);
        }
        let message = format!("these resources wait for each other: {}", names.join(" → "));
        let mut found = Found::error("E3004", circle[0].1, message)
            .help("take one of these references out, or move what needs both into a resource of its own");
        for (at, (id, step)) in circle.iter().enumerate().take(MOST_STEPS).skip(1) {
            let next = circle[(at + 1) % circle.len()].0;
            found = found.and(Place::Value(step), format!("`{id}` needs `{next}`"));
        }
        report.add(found);
    }
}

/// Circles of which no two have a resource in common, so that none is shown twice. The way that is searched is kept in
/// a list, as it may lead over every resource there is.
fn circles<'t>(needs: &Needs<'t>) -> Vec<Circle<'t>> {
    let mut circles: Vec<Circle<'t>> = Vec::new();
    let mut in_circles = BTreeSet::new();
    let mut done = BTreeSet::new();
    for start in needs.keys() {
        // Each resource on the way, with how many of those it needs were looked at; and where each is on it.
        let mut way: Vec<(&'t str, usize)> = Vec::new();
        let mut places: BTreeMap<&'t str, usize> = BTreeMap::new();
        let mut next = Some(*start);
        loop {
            if let Some(id) = next.take().filter(|it| !done.contains(it)) {
                if let Some(place) = places.get(id) {
                    let circle = &way[*place..];
                    if circle.iter().all(|(id, _)| !in_circles.contains(id)) {
                        in_circles.extend(circle.iter().map(|(id, _)| *id));
                        circles
                            .push(circle.iter().map(|(id, taken)| (*id, needs[id][taken - 1].1)).collect());
                    }
                } else {
                    places.insert(id, way.len());
                    way.push((id, 0));
                }
            }
            let Some((id, taken)) = way.last_mut() else { break };
            if let Some((needed, _)) = needs[*id].get(*taken) {
                *taken += 1;
                next = Some(needed);
            } else {
                done.insert(*id);
                places.remove(id);
                way.pop();
            }
        }
    }
    circles
}

/// Whether an output refers to a resource, so that another stack may have something to do with it.
pub(super) fn is_output<'t>(document: &'t Document<'t>, id: &str) -> bool {
    let mut found = Vec::new();
    document.outputs.values().for_each(|it| references(&it.value, &mut found));
    found.iter().any(|(name, _)| *name == id)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_circle_is_shown_once_with_its_steps() {
        let template = "Resources:\n  A: {Type: T, DependsOn: B}\n  B: {Type: T, Properties: {Name: !Ref C}}\n  \
                        C: {Type: T, Properties: {Name: !Sub 'x-${A.Arn}'}}\n  D: {Type: T, DependsOn: A}\n";
        let expected = "error E3004 Resources/A/DependsOn 2:27: these resources wait for each other: \
                        A → B → C → A\n  take one of these references out, or move what needs both into a \
                        resource of its own\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn what_a_transform_sets_apart_needs_nothing() {
        let template = "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    \
                        Properties: {DeploymentPreference: {Alarms: [!Ref A]}, Events: {E: {Type: S3, Properties: \
                        {Bucket: !Ref A}}}}\n  A: {Type: T, Properties: {Name: !Ref F}}\n";
        assert_eq!(check(super::check, template), "");
        let circle = template.replace("{DeploymentPreference", "{Role: !Ref A, DeploymentPreference");
        assert!(check(super::check, &circle).contains("F → A → F"));
    }

    #[test]
    fn every_circle_is_shown_and_a_long_one_cut_short() {
        let template = "Resources:\n  A: {Type: T, DependsOn: [B, D]}\n  B: {Type: T, DependsOn: C}\n  \
                        C: {Type: T, DependsOn: B}\n  D: {Type: T, DependsOn: A}\n";
        let found = check(super::check, template);
        assert_eq!(found.matches("E3004").count(), 2, "{found}");
        let count = 20_000;
        let step = |at: usize| format!("  R{at}: {{Type: T, DependsOn: R{}}}\n", (at + 1) % count);
        let template = format!("Resources:\n{}", (0..count).map(step).collect::<String>());
        let found = check(super::check, &template);
        assert!(found.contains("R0 → R1 → R2 → R3 → R4 → R5 → R6 → R7 → R8 → R9 → R10 → … → R0"), "{found}");
    }
}
