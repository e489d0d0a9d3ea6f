//! What is told of templates.

use serde_json::Value;

use crate::support::cloudformation::{
    account::Account,
    form::Form,
    template::Template,
    values::text,
    xml::{Answer, Refusal, Xml},
};

/// Gives the template of a stack, as it was sent.
pub(super) fn get_template(account: &mut Account, form: &Form) -> Answer {
    let template = match form.maybe("ChangeSetName") {
        Some(name) => {
            let at = account.position(form.text("StackName"));
            let stack_id = at.map(|at| account.stacks[at].id.as_str());
            let found = account.change_sets.iter().find(|it| it.is_called(&name, stack_id));
            let message = format!("ChangeSet [{name}] does not exist");
            &found.ok_or_else(|| Refusal::new(404, "ChangeSetNotFound", message))?.target.template
        }
        None => &account.stacks[account.identified(form)?].source.template,
    };
    Ok(Xml::new().text("TemplateBody", &template.text).texts("StagesAvailable", ["Original", "Processed"]))
}

/// Tells what a template has and asks for.
pub(super) fn get_template_summary(account: &mut Account, form: &Form) -> Answer {
    let template = match form.maybe("StackName") {
        Some(_) => account.stacks[account.identified(form)?].source.template.clone(),
        None => account.template(form, None)?,
    };
    let declared = template.section("Parameters").map(|(key, it)| {
        let allowed = it["AllowedValues"].as_array().into_iter().flatten().map(text);
        parameter(key, it)
            .text("ParameterType", text(&it["Type"]))
            .group("ParameterConstraints", &Xml::new().texts("AllowedValues", allowed))
    });
    let identifiers = template.types().into_iter().filter_map(|kind| {
        let of_kind = template.resources().filter(|it| it.1["Type"] == *kind).map(|it| it.0);
        let summary = Xml::new().text("ResourceType", kind).texts("LogicalResourceIds", of_kind);
        Some(summary.texts("ResourceIdentifiers", identifiers(kind)?))
    });
    let answer = Xml::new()
        .list("Parameters", declared)
        .texts("ResourceTypes", template.types())
        .text("Version", text(&template.body["AWSTemplateFormatVersion"]))
        .list("ResourceIdentifierSummaries", identifiers.collect::<Vec<_>>());
    Ok(common(answer, &template))
}

/// Tells whether a template can be read.
pub(super) fn validate_template(account: &mut Account, form: &Form) -> Answer {
    let template = account.template(form, None)?;
    let declared = template.section("Parameters").map(|(key, it)| parameter(key, it));
    Ok(common(Xml::new().list("Parameters", declared), &template))
}

fn parameter(key: &str, declared: &Value) -> Xml {
    Xml::new()
        .text("ParameterKey", key)
        .maybe("DefaultValue", declared.get("Default").map(text))
        .text("NoEcho", text(&declared["NoEcho"]) == "true")
        .maybe("Description", declared["Description"].as_str())
}

fn common(answer: Xml, template: &Template) -> Xml {
    let capability = template.capability();
    let reason = capability.as_ref().map(|(_, types)| {
        let types = types.iter().copied().collect::<Vec<_>>().join(", ");
        format!("The following resource(s) require capabilities: [{types}]")
    });
    answer
        .maybe("Description", template.description())
        .texts("Capabilities", capability.map(|it| it.0))
        .maybe("CapabilitiesReason", reason)
        .texts("DeclaredTransforms", template.transforms())
}

/// The properties that tell one resource of a type from another.
fn identifiers(kind: &str) -> Option<Vec<String>> {
    let schema: Value = serde_json::from_str(&asi_schemas::find(kind)?).ok()?;
    let pointers = schema["primaryIdentifier"].as_array()?;
    Some(pointers.iter().map(|it| text(it).replace("/properties/", "")).collect())
}
