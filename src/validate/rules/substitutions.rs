//! `Fn::Sub`: variables without use, and names in texts that nothing puts values in.

use asi_constructs::kernel::{name::PSEUDO_PARAMETERS, node::Node};

use super::super::{
    document::Document,
    report::{Found, Place, Report},
    substitution::{Part, parts},
    types::attributes,
    walk::Site,
};

/// `W1019`: a variable of an `Fn::Sub` that its text does not use. `W1020`: an `Fn::Sub` of a text without names.
/// `E1029`: a name in `${…}` in a text that is in no `Fn::Sub`.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let is_serverless = document.transforms.contains(&"AWS::Serverless-2016-10-31");
    document.walk(&["Conditions", "Resources", "Outputs"], &mut |node, site| {
        if let Some(("Fn::Sub", argument)) = node.as_single() {
            let (text, variables) = match argument.as_list() {
                Some([text, variables]) => (text, Some(variables)),
                _ => (argument, None),
            };
            used(text, variables, is_serverless, report);
        } else if let Some(text) = node.as_str().filter(|it| it.contains('$'))
            && !site.path.contains(&"Fn::Sub")
            && site.path.last() != Some(&"TemplateBody")
        {
            unsubstituted(document, node, text, site, report);
        }
    });
}

fn used<'t>(text: &'t Node, variables: Option<&'t Node>, is_serverless: bool, report: &mut Report<'t>) {
    let Some(template) = text.as_str() else { return };
    let names: Vec<&str> = parts(template)
        .into_iter()
        .filter_map(|it| match it {
            Part::Name(name, _) => Some(name),
            Part::Text(_) | Part::Literal(_) => None,
        })
        .collect();
    if names.is_empty() && !is_serverless {
        let found = Found::warning("W1020", text, "this text has no name to put a value in");
        report.add(found.help("write it without `!Sub`"));
    }
    let Some(variables) = variables else { return };
    for key in variables.as_map().into_iter().flat_map(|it| it.keys()) {
        if !names.contains(&&**key) && !key.starts_with("Fn::") {
            let message = format!("the text does not use `{key}`");
            let found = Found::warning("W1019", Place::Key(variables, (&**key).into()), message);
            report.add(found.help(format!("take it out, or put `${{{key}}}` in the text")));
        }
    }
}

fn unsubstituted<'t>(
    document: &Document<'t>,
    node: &'t Node,
    text: &'t str,
    site: &Site<'t>,
    report: &mut Report<'t>,
) {
    for part in parts(text) {
        let Part::Name(name, place) = part else { continue };
        let is_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | ':' | '.');
        if name.len() + 3 != place.len() || !name.chars().all(is_name) || name.is_empty() {
            continue;
        }
        let is_definition = site.path.get(3) == Some(&"DefinitionString");
        if (is_known(document, name) || is_definition) && !is_substituted_elsewhere(document, name, site) {
            let message = format!("`${{{name}}}` stays as it is: this text is in no `!Sub`");
            let found = Found::error("E1029", Place::Part(node, place.start, place.end), message);
            report.add(found.help("put `!Sub` before the text"));
            return;
        }
    }
}

/// Whether a template has something of this name.
fn is_known(document: &Document<'_>, name: &str) -> bool {
    if let Some((resource, attribute)) = name.split_once('.') {
        let resource = document.resources.get(resource);
        return resource
            .and_then(|it| attributes(it.type_name))
            .is_some_and(|it| it.get(attribute).is_some());
    }
    document.parameters.contains_key(name)
        || document.resources.contains_key(name)
        || PSEUDO_PARAMETERS.contains(&name)
}

/// Whether the resource puts values in the text itself, as a state machine does in its definition.
fn is_substituted_elsewhere(document: &Document<'_>, name: &str, site: &Site<'_>) -> bool {
    let is_definition = matches!(site.path.get(3), Some(&"DefinitionString" | &"Definition"));
    let resource = document.resources.get(site.name());
    let substitutions = resource.and_then(|it| it.properties?.get("DefinitionSubstitutions"));
    is_definition && substitutions.is_some_and(|it| it.get(name).is_some() || !it.is_group())
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_substitution_without_use() {
        let template = "Outputs:\n  A: {Value: !Sub plain}\n  B: {Value: !Sub ['${X}', {X: a, Y: b}]}\n";
        let expected = "warning W1020 Outputs/A/Value/Fn::Sub 2:19: this text has no name to put a value in\n  \
                        write it without `!Sub`\n\
                        warning W1019 Outputs/B/Value/Fn::Sub/1/Y 3:35: the text does not use `Y`\n  \
                        take it out, or put `${Y}` in the text\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_name_in_a_text_that_nothing_is_put_in() {
        let template = "Parameters: {P: {Type: String}}\nResources:\n  A:\n    Type: AWS::S3::Bucket\n    \
                        Properties:\n      BucketName: a-${P}-b\n      Other: ['${A.Arn}', '${Q}', '${!P}', '${A.X}']\n";
        let expected = "error E1029 Resources/A/Properties/BucketName 6:21: `${P}` stays as it is: this text is in no \
                        `!Sub`\n  put `!Sub` before the text\n\
                        error E1029 Resources/A/Properties/Other/0 7:16: `${A.Arn}` stays as it is: this text is in \
                        no `!Sub`\n  put `!Sub` before the text\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_state_machine_puts_in_its_own() {
        let template = |text: &str| {
            let frame = "Resources:\n  A:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:";
            let substitutions = "DefinitionSubstitutions: {P: a}";
            check(super::check, &format!("{frame} {{DefinitionString: '{text}', {substitutions}}}\n"))
        };
        assert_eq!(template("${P}"), "");
        assert!(
            template("${Q}").starts_with("error E1029 Resources/A/Properties/DefinitionString 4:37: `${Q}`")
        );
    }
}
