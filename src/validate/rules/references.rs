//! References to parameters, resources and their attributes: whether these are there.

use asi_constructs::kernel::{name::PSEUDO_PARAMETERS, node::Node};

use super::super::{
    document::Document,
    report::{Found, Place, Report},
    substitution::{Part, parts},
    types::{Given, attributes},
    walk::Site,
};

/// `E1020`: a `Ref` to a name that is not there, or not to be used there. `E1010`: an `Fn::GetAtt` of a resource that
/// is not there, or of an attribute it does not have. `E1019`: one of both in the text of an `Fn::Sub`. `E6101`: a number
/// in such a text of an output. `W1001`: a reference to a resource that may not be made when what refers to it is.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let makers = document
        .resources
        .values()
        .filter(|it| it.type_name.ends_with("::MODULE") || it.type_name.starts_with("AWS::Serverless::"));
    let names = Names { document, is_open: document.is_open(), makers: makers.map(|it| it.id).collect() };
    document.walk(&["Conditions", "Rules", "Resources", "Outputs"], &mut |node, site| {
        if site.is_in_loop() {
            return;
        }
        match node.as_single() {
            Some(("Ref", name)) => names.reference(name, site, report),
            Some(("Fn::GetAtt", argument)) => names.attribute(argument, site, report),
            Some(("Fn::Sub", argument)) => names.substitution(argument, site, report),
            _ => (),
        }
    });
}

/// The names of a template.
struct Names<'t> {
    document: &'t Document<'t>,
    /// Whether something may add to them.
    is_open: bool,
    /// Resources that add others, whose names begin with theirs.
    makers: Vec<&'t str>,
}

/// Why a name cannot be referred to.
struct Fault {
    message: String,
    help: Option<String>,
    /// What was written, if it may be a misspelling.
    written: Option<String>,
}

impl Fault {
    fn mended(message: String, help: &str) -> Self {
        Self { message, help: Some(help.to_owned()), written: None }
    }
}

impl<'t> Names<'t> {
    fn reference(&self, name: &'t Node, site: &Site<'t>, report: &mut Report<'t>) {
        let Some(text) = name.as_str() else { return };
        match self.missing(text, site) {
            Some(fault) => report.add(self.found("E1020", name.into(), fault, site)),
            None => self.availability(text, name.into(), site, report),
        }
    }

    /// What is wrong with `name` as that of a parameter or a resource.
    fn missing(&self, name: &str, site: &Site<'t>) -> Option<Fault> {
        if self.document.parameters.contains_key(name) || PSEUDO_PARAMETERS.contains(&name) {
            return None;
        }
        let has_resources = has_resources(site);
        if self.is_resource(name) {
            if has_resources {
                return None;
            }
            let place = match site.section() {
                "Outputs" => "the name of an export",
                "Rules" => "a rule",
                _ => "a condition",
            };
            let message = format!("{place} cannot use `{name}`, which is a resource");
            return Some(Fault::mended(message, "use a parameter or a pseudo parameter"));
        }
        if self.is_open || self.makers.iter().any(|it| name.starts_with(it)) {
            return None;
        }
        let message = if name.starts_with("AWS::") {
            format!("there is no pseudo parameter `{name}`")
        } else if has_resources {
            format!("there is no parameter or resource `{name}`")
        } else {
            format!("there is no parameter `{name}`")
        };
        Some(Fault { message, help: None, written: Some(name.to_owned()) })
    }

    fn is_resource(&self, name: &str) -> bool {
        self.document.resources.contains_key(name)
    }

    /// An `Fn::GetAtt`, in one text or as a list.
    fn attribute(&self, argument: &'t Node, site: &Site<'t>, report: &mut Report<'t>) {
        if !has_resources(site) {
            return;
        }
        let (name, name_place, attribute, attribute_place) = match (argument.as_list(), argument.as_str()) {
            (Some([name, attribute]), _) => {
                let Some(text) = name.as_str() else { return };
                (text, Place::Value(name), attribute.as_str(), Place::Value(attribute))
            }
            (None, Some(text)) => {
                let Some((name, attribute)) = text.split_once('.') else { return };
                let start = name.len();
                let place = Place::Part(argument, start + 1, text.len());
                (name, Place::Part(argument, 0, start), Some(attribute), place)
            }
            _ => return,
        };
        if let Some(fault) = self.missing_resource(name) {
            report.add(self.found("E1010", name_place, fault, site));
        } else if let Some(attribute) = attribute
            && let Some(found) = self.missing_attribute("E1010", name, attribute, attribute_place)
        {
            report.add(found);
        } else {
            self.availability(name, argument.into(), site, report);
        }
    }

    fn missing_resource(&self, name: &str) -> Option<Fault> {
        if self.is_resource(name) || self.is_open || self.makers.iter().any(|it| name.starts_with(it)) {
            return None;
        }
        if self.document.parameters.contains_key(name) {
            let message = format!("`{name}` is a parameter, and has no attributes");
            return Some(Fault::mended(message, &format!("use `!Ref {name}`")));
        }
        let message = format!("there is no resource `{name}`");
        Some(Fault { message, help: None, written: Some(name.to_owned()) })
    }

    fn missing_attribute(
        &self,
        code: &'static str,
        name: &str,
        attribute: &str,
        place: Place<'t>,
    ) -> Option<Found<'t>> {
        let type_name = self.document.resources.get(name)?.type_name;
        if type_name.starts_with("AWS::Serverless::") {
            return None;
        }
        let attributes = attributes(type_name).filter(|it| it.get(attribute).is_none())?;
        let message = format!("`{type_name}` has no attribute `{attribute}`");
        let found = Found::error(code, place, message);
        Some(match attributes.names().next() {
            Some(_) => found.suggest(attribute, attributes.names()),
            None => found.help(format!("use `!Ref {name}`: it has no attributes")),
        })
    }

    /// The names in the text of an `Fn::Sub`.
    fn substitution(&self, argument: &'t Node, site: &Site<'t>, report: &mut Report<'t>) {
        let (text, variables) = match argument.as_list() {
            Some([text, variables]) => (text, variables.as_map()),
            Some(_) => return,
            None => (argument, None),
        };
        for part in parts(text.as_str().unwrap_or_default()) {
            let Part::Name(name, whole) = part else { continue };
            let place = Place::Part(text, whole.start, whole.end);
            if variables.is_some_and(|it| it.contains_key(name)) {
                continue;
            }
            let is_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | ':' | '_' | '-' | '/');
            if name.is_empty() || !name.chars().all(is_name) {
                let message = format!("`{name}` cannot be a name in `!Sub`");
                let found = Found::error("E1019", place, message);
                report.add(found.help(format!("write `${{!{name}}}` for text that stays as it is")));
                continue;
            }
            let found = match name.split_once('.') {
                Some((resource, attribute)) if has_resources(site) => self
                    .missing_resource(resource)
                    .map(|it| self.found("E1019", place.clone(), it, site))
                    .or_else(|| self.missing_attribute("E1019", resource, attribute, place.clone()))
                    .or_else(|| self.list(name, Some((resource, attribute)), place.clone()))
                    .or_else(|| self.number(resource, attribute, site, place.clone())),
                _ => self
                    .missing(name, site)
                    .map(|it| self.found("E1019", place.clone(), it, site))
                    .or_else(|| self.list(name, None, place.clone())),
            };
            match found {
                Some(found) => report.add(found),
                None => self.availability(name.split('.').next().unwrap_or_default(), place, site, report),
            }
        }
    }

    /// A list where a text is put together.
    fn list(&self, name: &str, attribute: Option<(&str, &str)>, place: Place<'t>) -> Option<Found<'t>> {
        let is_list = match attribute {
            Some((resource, attribute)) => {
                let type_name = self.document.resources.get(resource)?.type_name;
                attributes(type_name)?.get(attribute)? == Given::List
            }
            None => match self.document.parameters.get(name) {
                Some(it) => {
                    let kind = it.value.get("Type").and_then(Node::as_str)?;
                    kind == "CommaDelimitedList" || kind.contains("List<") || kind.contains("<CommaDel")
                }
                None => name == "AWS::NotificationARNs",
            },
        };
        let message = format!("`!Sub` makes text, and `{name}` is a list");
        let help = "give it a variable that is made of the list with `!Join`";
        is_list.then(|| Found::error("E1019", place, message).help(help))
    }

    /// A number in the text of an output, which CloudFormation does not make text of.
    fn number(
        &self,
        resource: &str,
        attribute: &str,
        site: &Site<'t>,
        place: Place<'t>,
    ) -> Option<Found<'t>> {
        let type_name = self.document.resources.get(resource)?.type_name;
        let is_number = attributes(type_name)?.get(attribute)? == Given::Number;
        let message =
            format!("an output is text, and `{resource}.{attribute}` is a number, or true or false");
        let found = Found::error("E6101", place, message).help("take it out, or write the value itself");
        (is_number && site.section() == "Outputs").then_some(found)
    }

    /// A reference to a resource that is made in other cases than what refers to it.
    fn availability(&self, name: &str, place: Place<'t>, site: &Site<'t>, report: &mut Report<'t>) {
        let Some(resource) = self.document.resources.get(name) else { return };
        let Some(condition) = resource.condition else { return };
        if site.section() == "Resources" && site.name() == name {
            return;
        }
        let wanted: Vec<_> = site.assumed.iter().copied().chain([(condition, false)]).collect();
        if self.document.conditions.can_be(&wanted) {
            let message = format!("`{name}` is not there when the condition `{condition}` is false");
            let found = Found::warning("W1001", place, message);
            report.add(
                found.help(format!("choose with `!If [{condition}, …, …]`, or give both one condition")),
            );
        }
    }

    fn found(&self, code: &'static str, place: Place<'t>, fault: Fault, site: &Site<'t>) -> Found<'t> {
        let found = Found::error(code, place, fault.message);
        match (fault.help, fault.written) {
            (Some(help), _) => found.help(help),
            (None, Some(written)) => {
                /// Among more names none is looked for.
                const MOST: usize = 1001;
                let resources = self.document.resources.keys().copied();
                let parameters = self.document.parameters.keys().map(|it| &**it);
                let pseudo = PSEUDO_PARAMETERS.iter().copied();
                match (code, has_resources(site)) {
                    ("E1010", _) => found.suggest(&written, resources.take(MOST)),
                    (_, true) => {
                        found.suggest(&written, parameters.chain(resources).chain(pseudo).take(MOST))
                    }
                    (_, false) => found.suggest(&written, parameters.chain(pseudo).take(MOST)),
                }
            }
            (None, None) => found,
        }
    }
}

/// Whether resources can be referred to there.
fn has_resources(site: &Site<'_>) -> bool {
    match site.section() {
        "Resources" => true,
        "Outputs" => site.part() != "Export",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    fn found(rest: &str) -> String {
        let frame = "Parameters:\n  Size: {Type: String}\n  Zones: {Type: CommaDelimitedList}\nConditions:\n  \
                     Big: !Equals [!Ref Size, big]\n";
        check(super::check, &format!("{frame}{rest}"))
    }

    #[test]
    fn a_ref_to_what_is_not_there() {
        let template = "Resources:\n  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Sizes}}\n";
        let expected = "error E1020 Resources/Topic/Properties/TopicName/Ref 7:63: there is no parameter or \
                        resource `Sizes`\n  did you mean `Size`?\n";
        assert_eq!(found(template), expected);
    }

    #[test]
    fn conditions_know_parameters_only() {
        let template = "  Small: !Equals [!Ref Topic, !Ref AWS::Regio]\nResources:\n  \
                        Topic: {Type: AWS::SNS::Topic}\n";
        let expected = "error E1020 Conditions/Small/Fn::Equals/0/Ref 6:24: a condition cannot use `Topic`, \
                        which is a resource\n  use a parameter or a pseudo parameter\n\
                        error E1020 Conditions/Small/Fn::Equals/1/Ref 6:36: there is no pseudo parameter \
                        `AWS::Regio`\n  did you mean `AWS::Region`?\n";
        assert_eq!(found(template), expected);
    }

    #[test]
    fn an_attribute_that_a_type_does_not_have() {
        let template = "Resources:\n  Bucket: {Type: AWS::S3::Bucket}\n  Topic:\n    Type: AWS::SNS::Topic\n    \
                        Properties:\n      TopicName: !GetAtt Bucket.Arm\n      \
                        DisplayName: !Sub 'a ${Bucket.Nam} ${Buckt.Arn} ${Zones}'\n";
        let expected = "error E1010 Resources/Topic/Properties/TopicName/Fn::GetAtt/1 11:33: \
                        `AWS::S3::Bucket` has no attribute `Arm`\n  did you mean `Arn`?\n\
                        error E1019 Resources/Topic/Properties/DisplayName/Fn::Sub 12:28: `AWS::S3::Bucket` has \
                        no attribute `Nam`\n";
        assert!(found(template).starts_with(expected), "{}", found(template));
        assert!(found(template).contains("12:42: there is no resource `Buckt`"));
        assert!(found(template).contains("12:55: `!Sub` makes text, and `Zones` is a list"));
    }

    #[test]
    fn an_output_of_a_number_in_a_text() {
        let template = "Resources:\n  V: {Type: AWS::EC2::VPC}\n  D: {Type: AWS::DocDB::DBCluster}\n  \
                        T: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub '${V.EnableDnsSupport}'}}\n\
                        Outputs:\n  A: {Value: !Sub '${V.EnableDnsSupport} ${D.Port} ${V.VpcId}'}\n";
        let expected = "error E6101 Outputs/A/Value/Fn::Sub 11:20: an output is text, and `V.EnableDnsSupport` is a \
                        number, or true or false\n  take it out, or write the value itself\n";
        assert_eq!(found(template), expected);
    }

    #[test]
    fn a_resource_that_is_not_always_there() {
        let template = "Resources:\n  Bucket: {Type: AWS::S3::Bucket, Condition: Big}\nOutputs:\n  \
                        A: {Value: !Ref Bucket}\n  B: {Value: !If [Big, !Ref Bucket, none]}\n  \
                        C: {Condition: Big, Value: !GetAtt Bucket.Arn}\n";
        let expected = "warning W1001 Outputs/A/Value/Ref 9:19: `Bucket` is not there when the condition `Big` is \
                        false\n  choose with `!If [Big, …, …]`, or give both one condition\n";
        assert_eq!(found(template), expected);
    }

    #[test]
    fn a_macro_may_add_anything() {
        let template = "Transform: Mine\nResources:\n  Topic: {Type: AWS::SNS::Topic, Properties: \
                        {TopicName: !Ref Sizes}}\n";
        assert_eq!(found(template), "");
    }
}
