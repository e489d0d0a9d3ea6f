//! What a deployment does: what two templates say, and what CloudFormation says of it.

use std::collections::BTreeSet;

use crate::{
    diff::{self, Becomes, Cause, Fate, Reason, Source, TemplateDiff, Told, Verdict, Word},
    template::{
        Template,
        secrets::{HIDDEN, is_secret_parameter},
    },
    world::cloudformation::{
        Action, Attribute, ChangeSet, Detail, Evaluation, Recreation, Replacing, ResourceChange,
    },
};

/// What a deployment does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What differs. Whether a resource is replaced is what CloudFormation says, and where it does not know, what the
    /// schemas say.
    pub diff: TemplateDiff,
    /// The resources that are written in another way, and that CloudFormation leaves as they are.
    pub untouched: Vec<String>,
    /// The resources that were changed by somebody outside of CloudFormation.
    pub drifted: Vec<String>,
    /// The resources that CloudFormation works on, whatever comes of the others.
    pub steps: Vec<String>,
}

/// What deploying `new` over `old` does, by the change set that CloudFormation made for it.
pub fn plan(old: &Template, new: &Template, change_set: &ChangeSet) -> Plan {
    let staying = staying(&change_set.changes);
    let written = diff::diff(old, new);
    // What is only given other tags of the stack is told by these.
    let is_tagged = |change: &ResourceChange| {
        old.tags != new.tags && is_of_tags(change) && !written.resources.iter().any(|it| it.id == change.id)
    };
    let changing = change_set.changes.iter().filter(|it| !is_idle(it, &staying) && !is_tagged(it));
    let told = Told(
        changing.map(|it| (it.id.clone(), with_secrets_hidden(word(it, &staying), it, [old, new]))).collect(),
    );
    let diff = diff::judged(old, new, Some(&told));
    let untouched = written.resources.into_iter().map(|it| it.id).filter(|it| !told.0.contains_key(it));
    let drifted = change_set.changes.iter().filter(|it| it.has_drifted).map(|it| it.id.clone());
    // What is in a nested stack is done with that.
    let steps = change_set.changes.iter().filter(|it| is_certain(it) && !it.id.contains('/'));
    let steps = steps.map(|it| it.id.clone());
    Plan { untouched: untouched.collect(), drifted: drifted.collect(), steps: steps.collect(), diff }
}

/// Whether CloudFormation knows already that it has something to do for a resource.
fn is_certain(change: &ResourceChange) -> bool {
    let is_open = change.action == Action::Dynamic
        || change.action == Action::Modify && change.replacing != Replacing::Yes;
    let mut details = change.details.iter();
    !is_open || change.details.is_empty() || details.any(|it| it.evaluation == Evaluation::Static)
}

/// The resources that are changed where they are. CloudFormation leaves it open for whatever refers to one that is changed,
/// and would be replaced if it were given another value; but what identifies a resource is the same for as long as that stays.
fn staying(changes: &[ResourceChange]) -> BTreeSet<&str> {
    let modified = || changes.iter().filter(|it| it.action == Action::Modify);
    let stays = modified().filter(|it| it.replacing == Replacing::No);
    let mut staying: BTreeSet<&str> = stays.map(|it| it.id.as_str()).collect();
    loop {
        let is_found = |it: &&ResourceChange| {
            let mut details = it.details.iter().filter(|it| it.recreation != Recreation::Never).peekable();
            let is_open = it.replacing == Replacing::Maybe && !staying.contains(it.id.as_str());
            is_open && details.peek().is_some() && details.all(|it| is_same(it, &staying))
        };
        let found: Vec<&str> = modified().filter(is_found).map(|it| it.id.as_str()).collect();
        if found.is_empty() {
            return staying;
        }
        staying.extend(found);
    }
}

/// Whether a value is that which identifies a resource that stays, so that it stays the same.
fn is_same(detail: &Detail, staying: &BTreeSet<&str>) -> bool {
    let is_of_resource = matches!(detail.source.as_deref(), Some("ResourceReference" | "ResourceAttribute"));
    let Some(cause) = detail.cause.as_deref().filter(|_| is_of_resource) else { return false };
    let (id, attribute) = cause.split_once('.').unwrap_or((cause, "Arn"));
    let is_identity = ["Arn", "Id", "Name"].iter().any(|it| attribute.ends_with(it));
    is_identity && detail.evaluation == Evaluation::Dynamic && staying.contains(id)
}

/// Whether all that may be another value in a resource is the same: nothing happens to it.
fn is_idle(change: &ResourceChange, staying: &BTreeSet<&str>) -> bool {
    change.action == Action::Modify
        && change.replacing != Replacing::Yes
        && !change.details.is_empty()
        && change.details.iter().all(|it| is_same(it, staying))
}

/// Whether nothing but the tags of a resource become others.
fn is_of_tags(change: &ResourceChange) -> bool {
    let is_tags = |it: &Detail| it.attribute == Attribute::Other("Tags".to_owned());
    change.action == Action::Modify
        && change.replacing == Replacing::No
        && !change.details.is_empty()
        && change.details.iter().all(is_tags)
}

/// What a change set says of a resource.
fn word(change: &ResourceChange, staying: &BTreeSet<&str>) -> Word {
    let verdict = match (&change.action, change.replacing) {
        (Action::Modify, Replacing::Maybe) if staying.contains(change.id.as_str()) => Verdict::Never,
        (Action::Dynamic, _) | (_, Replacing::Maybe) => Verdict::Maybe,
        (_, Replacing::Yes) => Verdict::Always,
        (_, Replacing::No) => Verdict::Never,
    };
    let values = change.details.iter().filter(|it| it.before != it.after);
    let values = values.map(|it| (path(it), it.before.clone(), it.after.clone())).collect();
    let because = change.details.iter().filter(|it| !is_same(it, staying)).filter_map(reason);
    let becomes = match change.action {
        Action::Add => Some(Becomes::Added),
        Action::Remove => Some(Becomes::Removed(change.policy.as_deref().and_then(fate))),
        _ => None,
    };
    Word { verdict, because: because.collect(), values, type_name: change.type_name.clone(), becomes }
}

/// The same without the values of parameters that nobody may see.
fn with_secrets_hidden(mut word: Word, change: &ResourceChange, templates: [&Template; 2]) -> Word {
    let is_secret = |name: &str| templates.iter().any(|it| is_secret_parameter(&it.body, name));
    let details = change.details.iter().filter(|it| it.cause.as_deref().is_some_and(is_secret));
    let hidden: BTreeSet<String> = details.map(path).collect();
    for (_, before, after) in word.values.iter_mut().filter(|(path, ..)| hidden.contains(path)) {
        before.iter_mut().chain(after).for_each(|it| HIDDEN.clone_into(it));
    }
    word
}

/// What a policy makes of a resource that goes.
fn fate(policy: &str) -> Option<Fate> {
    match policy {
        "Delete" => Some(Fate::Destroyed),
        "Retain" => Some(Fate::Orphaned),
        "Snapshot" => Some(Fate::Snapshot),
        _ => None,
    }
}

/// What a detail leads to; nothing, if it replaces nothing.
fn reason(detail: &Detail) -> Option<Reason> {
    let verdict = match (detail.recreation, detail.evaluation) {
        (Recreation::Always, Evaluation::Static) => Verdict::Always,
        (Recreation::Always, Evaluation::Dynamic) | (Recreation::Conditionally, _) => Verdict::Maybe,
        (Recreation::Never, _) => return None,
    };
    // What it refers to is only worked on then.
    let through = detail.cause.as_ref().filter(|_| detail.evaluation == Evaluation::Dynamic);
    let cause = through.map(|it| Cause { through: it.clone(), root: it.clone() });
    Some(Reason { path: path(detail), verdict, source: Source::ChangeSet, cause })
}

/// The way to what changes, as people write it: `Tags[0].Value`.
fn path(detail: &Detail) -> String {
    let name = match &detail.attribute {
        Attribute::Property(name) | Attribute::Other(name) => name.clone(),
    };
    let Some(pointer) = detail.path.as_deref().and_then(|it| it.strip_prefix("/Properties/")) else {
        return name;
    };
    let mut path = String::new();
    for part in pointer.split('/') {
        let part = part.replace("~1", "/").replace("~0", "~");
        match part.parse::<usize>() {
            Ok(at) => path.push_str(&format!("[{at}]")),
            Err(_) if path.is_empty() => path.push_str(&part),
            Err(_) => path.extend([".", &part]),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: Action, replacing: Replacing, details: &[Evaluation]) -> ResourceChange {
        let detail = |evaluation: &Evaluation| Detail {
            attribute: Attribute::Property("Name".to_owned()),
            recreation: Recreation::Always,
            path: None,
            before: None,
            after: None,
            evaluation: *evaluation,
            source: None,
            cause: Some("Other.Name".to_owned()),
        };
        ResourceChange {
            id: "It".to_owned(),
            type_name: "AWS::SQS::Queue".to_owned(),
            physical_id: None,
            action,
            replacing,
            policy: None,
            details: details.iter().map(detail).collect(),
            before: None,
            after: None,
            has_drifted: false,
            nested: None,
        }
    }

    #[test]
    fn what_only_refers_to_something_that_may_differ_is_not_certain() {
        let check =
            |action, replacing, details: &[Evaluation]| is_certain(&change(action, replacing, details));
        assert!(check(Action::Add, Replacing::No, &[]));
        assert!(check(Action::Modify, Replacing::No, &[Evaluation::Dynamic, Evaluation::Static]));
        assert!(check(Action::Modify, Replacing::Yes, &[Evaluation::Dynamic]));
        assert!(!check(Action::Modify, Replacing::Maybe, &[Evaluation::Dynamic]));
        assert!(!check(Action::Dynamic, Replacing::Maybe, &[Evaluation::Dynamic]));
    }

    #[test]
    fn what_may_be_replaced_because_of_a_reference_says_of_which() {
        let may = change(Action::Modify, Replacing::Maybe, &[Evaluation::Dynamic]);
        let [reason] = word(&may, &BTreeSet::new()).because.try_into().unwrap();
        assert_eq!(
            (reason.verdict, reason.cause.unwrap().through),
            (Verdict::Maybe, "Other.Name".to_owned())
        );
        let is = change(Action::Modify, Replacing::Yes, &[Evaluation::Static]);
        assert_eq!(word(&is, &BTreeSet::new()).because[0].cause, None);
    }

    /// Resources of a change set: the id, whether it is replaced, and what each detail refers to.
    fn changes(lines: &[(&str, Replacing, &[&str])]) -> Vec<ResourceChange> {
        let detail = |cause: &&str| {
            let source = if *cause == "Image" { "ParameterReference" } else { "ResourceAttribute" };
            Detail {
                attribute: Attribute::Property("ResourceId".to_owned()),
                recreation: Recreation::Always,
                path: None,
                before: None,
                after: None,
                evaluation: Evaluation::Dynamic,
                source: Some(source.to_owned()),
                cause: Some((*cause).to_owned()),
            }
        };
        let of = |(id, replacing, causes): &(&str, Replacing, &[&str])| ResourceChange {
            id: (*id).to_owned(),
            details: causes.iter().map(detail).collect(),
            ..change(Action::Modify, *replacing, &[])
        };
        lines.iter().map(of).collect()
    }

    #[test]
    fn what_refers_to_the_identity_of_a_resource_that_stays_stays_too() {
        let all = changes(&[
            ("Service", Replacing::No, &[]),
            ("Target", Replacing::Maybe, &["Service.Name"]),
            ("Policy", Replacing::Maybe, &["Target.Id", "Service"]),
            ("Group", Replacing::Maybe, &["Service.Version"]),
            ("Follows", Replacing::Maybe, &["Group.Arn"]),
            ("Given", Replacing::Maybe, &["Image"]),
            ("Other", Replacing::Maybe, &["Elsewhere.Arn"]),
            ("Sure", Replacing::Yes, &["Service.Name"]),
        ]);
        let staying = staying(&all);
        assert_eq!(staying, BTreeSet::from(["Service", "Target", "Policy"]));
        let word = word(&all[1], &staying);
        assert_eq!((word.verdict, word.because.len()), (Verdict::Never, 0));
        let idle: Vec<&str> =
            all.iter().filter(|it| is_idle(it, &staying)).map(|it| it.id.as_str()).collect();
        assert_eq!(idle, ["Target", "Policy"]);
    }
}
