//! What a call wants a stack to be made from, and what CloudFormation has against it.

use std::collections::BTreeMap;

use super::TAG;
use crate::support::cloudformation::{
    account::Account, form::Form, stack::Source, template::Template, values::text, xml::Refusal,
};

/// How long a template in a call may be, in bytes.
const LARGEST_BODY: usize = 51_200;

impl Account {
    /// What a call wants a stack to be made from; what it leaves out stays as it was.
    pub(super) fn source(&self, form: &Form, previous: Option<&Source>) -> Result<Source, Refusal> {
        let template = self.template(form, previous.map(|it| &it.template))?;
        let parameters = parameters(form, &template, previous)?;
        let resolved = self.resolved(&template, &parameters)?;
        let kept = previous.cloned().unwrap_or_default();
        let list = |name: &str, kept: Vec<String>| if form.has_list(name) { form.list(name) } else { kept };
        Ok(Source {
            template,
            parameters,
            resolved,
            tags: if form.has_list("Tags") { form.pairs("Tags", TAG) } else { kept.tags },
            capabilities: form.list("Capabilities"),
            role_arn: form.maybe("RoleARN").or(kept.role_arn),
            notification_arns: list("NotificationARNs", kept.notification_arns),
        })
    }

    /// The template that a call brings or names.
    pub(super) fn template(&self, form: &Form, previous: Option<&Template>) -> Result<Template, Refusal> {
        if let Some(body) = form.maybe("TemplateBody") {
            if body.len() > LARGEST_BODY {
                return Err(Refusal::validation(format!(
                    "1 validation error detected: Value '{}...' at 'templateBody' failed to satisfy constraint: \
                     Member must have length less than or equal to {LARGEST_BODY}",
                    body.chars().take(40).collect::<String>()
                )));
            }
            return Template::read(&body);
        }
        if let Some(url) = form.maybe("TemplateURL") {
            let bytes = self.object(&url).ok_or_else(|| Refusal::validation("S3 error: Access Denied"))?;
            return Template::read(&String::from_utf8_lossy(bytes));
        }
        let previous = previous.filter(|_| form.is_set("UsePreviousTemplate"));
        let message = "Either Template URL or Template Body must be specified.";
        previous.cloned().ok_or_else(|| Refusal::validation(message))
    }

    /// What lies at the address of an object, whichever way its bucket is named in it.
    pub(in crate::support::cloudformation) fn object(&self, url: &str) -> Option<&Vec<u8>> {
        let (_, rest) = url.split_once("://")?;
        let (host, path) = rest.split_once('/')?;
        let by_host = host.split_once(".s3").map(|(bucket, _)| format!("{bucket}/{path}"));
        self.objects.get(path).or_else(|| self.objects.get(&by_host?))
    }

    /// The values of parameters that name an entry of the parameter store.
    fn resolved(
        &self,
        template: &Template,
        parameters: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, Refusal> {
        let is_stored = |key: &str| {
            let kind = template.body["Parameters"][key]["Type"].as_str().unwrap_or_default();
            kind.starts_with("AWS::SSM::Parameter::Value<")
        };
        let stored = parameters.iter().filter(|it| is_stored(it.0));
        let found = stored.map(|(key, name)| {
            let message =
                format!("Unable to fetch parameters [{name}] from parameter store for this account.");
            let value = self.parameters.get(name).ok_or_else(|| Refusal::validation(message))?;
            Ok((key.clone(), value.clone()))
        });
        found.collect()
    }
}

/// Refuses a template whose capabilities were not acknowledged. Macros are only asked about where nobody can look at
/// what they make before it is carried out.
pub(super) fn check_capabilities(source: &Source, is_direct: bool) -> Result<(), Refusal> {
    let given = &source.capabilities;
    let is_given = |wanted: &str| {
        given.iter().any(|it| it == wanted || (it == "CAPABILITY_NAMED_IAM" && wanted == "CAPABILITY_IAM"))
    };
    let macros = (is_direct && !source.template.transforms().is_empty()).then_some("CAPABILITY_AUTO_EXPAND");
    let wanted = source.template.capability().map(|it| it.0).into_iter().chain(macros);
    let missing: Vec<&str> = wanted.filter(|it| !is_given(it)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("Requires capabilities : [{}]", missing.join(", "));
    Err(Refusal::new(400, "InsufficientCapabilitiesException", message))
}

/// Refuses a template in which a resource has another type than before.
pub(super) fn check_types(old: &Template, new: &Template) -> Result<(), Refusal> {
    let is_other = |id: &str| {
        let types = [old, new].map(|it| it.resource(id)["Type"].as_str());
        types[0].is_some() && types[0] != types[1]
    };
    let others: Vec<&str> = new.resources().map(|it| it.0).filter(|it| is_other(it)).collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(Refusal::validation(format!(
        "Update of resource type is not permitted. The new template modifies resource type of the following \
         resources: [{}]",
        others.join(", ")
    )))
}

fn parameters(
    form: &Form,
    template: &Template,
    previous: Option<&Source>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut given = BTreeMap::new();
    let mut strange = Vec::new();
    for item in form.structures("Parameters") {
        let key = item.text("ParameterKey").to_owned();
        if template.body["Parameters"][&key].is_null() {
            strange.push(key);
        } else if item.is_set("UsePreviousValue") {
            let value = previous.and_then(|it| it.parameters.get(&key)).ok_or_else(|| {
                Refusal::validation(format!(
                    "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter \
                     key not in the previous template"
                ))
            })?;
            given.insert(key, value.clone());
        } else {
            given.insert(key, item.text("ParameterValue").to_owned());
        }
    }
    if !strange.is_empty() {
        let names = strange.join(", ");
        return Err(Refusal::validation(format!("Parameters: [{names}] do not exist in the template")));
    }
    let mut missing = Vec::new();
    for (key, declared) in template.section("Parameters") {
        match (given.get(key), declared.get("Default")) {
            (Some(value), _) => check_value(key, value, declared)?,
            (None, Some(default)) => {
                given.insert(key.to_owned(), text(default));
            }
            (None, None) => missing.push(key),
        }
    }
    if missing.is_empty() {
        return Ok(given);
    }
    Err(Refusal::validation(format!("Parameters: [{}] must have values", missing.join(", "))))
}

fn check_value(key: &str, value: &str, declared: &serde_json::Value) -> Result<(), Refusal> {
    let allowed: Option<Vec<String>> =
        declared["AllowedValues"].as_array().map(|it| it.iter().map(text).collect());
    match allowed {
        Some(allowed) if !allowed.iter().any(|it| it == value) => Err(Refusal::validation(format!(
            "Parameter '{key}' must be one of AllowedValues [{}]",
            allowed.join(", ")
        ))),
        _ => Ok(()),
    }
}
