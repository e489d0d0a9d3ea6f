//! State machines: whether their states lead to each other, and to an end.

use std::collections::BTreeSet;

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

const CODE: &str = "E3601";

const TYPES: &[&str] = &["Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"];

/// `E3601`: a definition that Step Functions refuses with `InvalidDefinition`, for example as
/// `MISSING_TRANSITION_TARGET`; and `state-unreachable`. Amazon States Language specification,
/// <https://states-language.net/spec.html>.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for machine in document.of_type("AWS::StepFunctions::StateMachine") {
        let Some(properties) = document.properties(machine) else { continue };
        for key in ["Definition", "DefinitionString"] {
            for definition in properties.get(key).iter().flat_map(Value::branches) {
                match definition.opened() {
                    Some(opened) if opened.text().is_none() => check_machine(opened, report),
                    // A text that no document was read from is no object.
                    Some(_) => (),
                    None => {
                        let fault = definition.embedded().and_then(|it| it.fault.as_ref());
                        if let Some(fault) = fault {
                            let message = format!("this definition is no JSON: {}", fault.message);
                            report.add(Found::error(CODE, definition, message).help("mend the text"));
                        }
                    }
                }
            }
        }
    }
}

/// A whole machine, or one in a branch or an iteration.
fn check_machine<'t>(machine: Value<'t>, report: &mut Report<'t>) {
    for key in ["StartAt", "States"].into_iter().filter(|it| machine.lacks(it)) {
        report.add(
            Found::error(CODE, machine.holder(), format!("this state machine has no `{key}`"))
                .help(format!("add `{key}`")),
        );
    }
    let Some(states) = machine.get("States").filter(|it| it.known().is_some_and(|it| it.as_map().is_some()))
    else {
        return;
    };
    let names: Vec<&str> = states.entries().map(|it| it.0).collect();
    let mut reached = BTreeSet::new();
    // With a target that is not known any state may be reached.
    let mut is_open = states.entries().any(|it| leads_anywhere(it.2));
    let mut go = |target: Option<Value<'t>>, report: &mut Report<'t>| {
        let Some(target) = target else { return };
        match target.text().filter(|it| !it.contains("${")) {
            Some(text) if names.contains(&&*text) => drop(reached.insert(text.into_owned())),
            Some(text) => {
                is_open = true;
                report.add(
                    Found::error(CODE, target, format!("there is no state `{text}`"))
                        .suggest(&text, names.iter().copied()),
                );
            }
            None => is_open = true,
        }
    };
    go(machine.get("StartAt"), report);
    for (_, _, state) in states.entries() {
        go(state.get("Next"), report);
        go(state.get("Default"), report);
        for list in ["Choices", "Catch"] {
            for item in state.get(list).iter().flat_map(Value::each) {
                go(item.get("Next"), report);
            }
        }
    }
    for (name, _, state) in states.entries() {
        check_state(name, state, report);
    }
    if is_open || machine.lacks("StartAt") {
        return;
    }
    for name in names.iter().filter(|it| !reached.contains(**it)) {
        report.add(
            Found::warning("state-unreachable", states.key(name), format!("no state leads to `{name}`"))
                .help("lead to it by `Next` of another state, or take it out"),
        );
    }
}

/// Whether a state, or a part of it that names others, is not known.
fn leads_anywhere(state: Value<'_>) -> bool {
    let lists = ["Choices", "Catch"].into_iter().filter_map(|it| state.get(it));
    !state.is_known() || lists.flat_map(|it| it.each()).any(|it| !it.is_known())
}

fn check_state<'t>(name: &str, state: Value<'t>, report: &mut Report<'t>) {
    if state.known().is_none_or(|it| it.as_map().is_none()) {
        return;
    }
    let Some(kind) = state.get("Type") else {
        report.add(
            Found::error(CODE, state.holder(), format!("the state `{name}` has no `Type`"))
                .help("write `Type: Task`, or another"),
        );
        return;
    };
    let Some(text) = kind.text().filter(|it| !it.contains("${")) else { return };
    let needed: &[&str] = match &*text {
        "Task" => &["Resource"],
        "Choice" => &["Choices"],
        "Parallel" => &["Branches"],
        "Pass" | "Wait" | "Succeed" | "Fail" | "Map" => &[],
        _ => {
            report.add(
                Found::error(CODE, kind, format!("there are no states of the type `{text}`"))
                    .suggest(&text, TYPES.iter().copied()),
            );
            return;
        }
    };
    for key in needed.iter().filter(|it| state.lacks(it)) {
        report.add(
            Found::error(CODE, state.holder(), format!("the state `{name}` has no `{key}`"))
                .help(format!("add `{key}`, which a state of the type `{text}` needs")),
        );
    }
    if text == "Map" && state.lacks("ItemProcessor") && state.lacks("Iterator") {
        report.add(
            Found::error(CODE, state.holder(), format!("the state `{name}` has no `ItemProcessor`"))
                .help("add the states that each item goes through"),
        );
    }
    if matches!(&*text, "Task" | "Pass" | "Wait" | "Parallel" | "Map") {
        check_end(name, state, report);
    }
    for branch in state.get("Branches").iter().flat_map(Value::each) {
        check_machine(branch, report);
    }
    for processor in ["ItemProcessor", "Iterator"].into_iter().filter_map(|it| state.get(it)) {
        check_machine(processor, report);
    }
}

/// A state leads to another, or ends the machine.
fn check_end<'t>(name: &str, state: Value<'t>, report: &mut Report<'t>) {
    match (state.get("Next"), state.get("End")) {
        (None, None) => report.add(
            Found::error(CODE, state.holder(), format!("the state `{name}` has neither `Next` nor `End`"))
                .help("write `End: true`, or name the state that is next"),
        ),
        (Some(_), Some(end)) if end.boolean() == Some(true) => report.add(
            Found::error(
                CODE,
                state.within_key("End"),
                format!("the state `{name}` is the last, and has a next one"),
            )
            .help("keep `End` or `Next`")
            .and(state.key("Next"), "the next"),
        ),
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    fn machine(definition: &str) -> String {
        let definition = definition.replace('\n', "\n        ");
        let template = format!(
            "Resources:\n  M:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      Definition:\n        \
             {definition}\n"
        );
        check(super::check, &template).replace("Resources/M/Properties/Definition", "…")
    }

    #[test]
    fn a_right_machine_is_right() {
        let definition = "StartAt: A\nStates:\n  A: {Type: Choice, Choices: [{Variable: $.a, IsNull: true, Next: B}], Default: \
                          C}\n  B: {Type: Task, Resource: !Ref F, Next: C, Catch: [{ErrorEquals: [States.ALL], Next: \
                          D}]}\n  C: {Type: Map, End: true, ItemProcessor: {StartAt: E, States: {E: {Type: Pass, End: \
                          true}}}}\n  D: {Type: Fail}";
        assert_eq!(machine(definition), "");
        assert_eq!(machine("!Ref Definition"), "");
        assert_eq!(machine("StartAt: !Ref A\nStates: {A: {Type: Succeed}, B: !Ref C}"), "");
    }

    #[test]
    fn states_lead_to_states() {
        let definition =
            "StartAt: a\nStates:\n  A: {Type: Pass, Next: Bb}\n  B: {Type: Pas}\n  C: {Type: Task}";
        let expected = "\
error E3601 …/StartAt 6:18: there is no state `a`
  did you mean `A`?
error E3601 …/States/A/Next 8:33: there is no state `Bb`
  did you mean `B`?
error E3601 …/States/B/Type 9:21: there are no states of the type `Pas`
  did you mean `Pass`?
error E3601 …/States/C 10:11: the state `C` has no `Resource`
  add `Resource`, which a state of the type `Task` needs
error E3601 …/States/C 10:11: the state `C` has neither `Next` nor `End`
  write `End: true`, or name the state that is next
";
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.replace("\n  ", "|").lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&machine(definition)), sorted(expected));
    }

    #[test]
    fn every_state_is_reached() {
        let definition = "StartAt: A\nStates:\n  A: {Type: Succeed}\n  B: {Type: Fail}";
        let expected = "warning state-unreachable …/States/B 9:11: no state leads to `B`\n  lead to it by `Next` of another state, or \
                        take it out\n";
        assert_eq!(machine(definition), expected);
    }

    #[test]
    fn a_definition_in_a_text_is_read() {
        let template = "Resources:\n  M:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      DefinitionString: !Sub \
                        |\n        {\"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Task\", \"Resource\": \"${F.Arn}\",\n          \
                        \"Next\": \"B\"}}}\n";
        let expected = "error E3601 Resources/M/Properties/DefinitionString/States/A/Next 7:19: there is no state `B`\n  did you \
                        mean `A`?\n";
        assert_eq!(check(super::check, template), expected);
    }
}
