//! The parameters of a template: what each may say of itself, and whether its default is what it takes.

use asi_constructs::kernel::node::{Node, NodeKind};

use super::super::{
    document::{Document, section},
    report::{Found, Place, Report},
    value::scalar,
};

/// What every parameter may say.
const KEYS: &[&str] = &["AllowedValues", "ConstraintDescription", "Default", "Description", "NoEcho", "Type"];
/// What a number may say besides, and what any other parameter.
const OF_NUMBERS: &[&str] = &["MaxValue", "MinValue"];
const OF_TEXTS: &[&str] = &["AllowedPattern", "MaxLength", "MinLength"];

/// The types that stand for one thing or, in `List<…>`, for several.
const TYPES: &[&str] = &[
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::VPC::Id",
    "AWS::EC2::Volume::Id",
    "AWS::Route53::HostedZone::Id",
    "AWS::SSM::Parameter::Name",
    "CommaDelimitedList",
    "Number",
    "String",
];
/// How long a value may be, and a description.
const LONGEST_VALUE: usize = 4096;
const LONGEST_DESCRIPTION: usize = 4000;

/// `E2001`: a parameter that says what it cannot, or in a wrong form, or not its type. `E2002`: a type there is not.
/// `E2011`: a value or a description that is too long. `E2015`: a default that the parameter itself does not take.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for (name, entry) in section(document.root, "Parameters") {
        let node = &entry.value;
        if name.starts_with("Fn::") {
            continue;
        }
        if node.as_map().is_none() {
            let message = format!("a parameter is a mapping, and this is {}", node.describe());
            report.add(Found::error("E2001", node, message).help("give it a `Type`"));
            continue;
        }
        keys(node, report);
        forms(node, report);
        default(node, report);
    }
}

/// What the type of a parameter lets it say.
fn keys<'t>(node: &'t Node, report: &mut Report<'t>) {
    let type_name = node.get("Type");
    match type_name {
        None => {
            let found = Found::error("E2001", Place::Holder(node), "this parameter has no type");
            report.add(found.help("add `Type: String`, or another"));
        }
        Some(it) => match it.as_str() {
            None => {
                let found =
                    Found::error("E2001", it, format!("a type is text, and this is {}", it.describe()));
                report.add(found.help("write `String`, or another type"));
            }
            Some(text) if !is_type(text) => {
                let found = Found::error("E2002", it, format!("there is no type `{text}` of parameters"));
                report.add(found.suggest(text, TYPES.iter().copied()));
            }
            Some(_) => (),
        },
    }
    let own = match type_name.and_then(Node::as_str) {
        Some("Number") => OF_NUMBERS,
        _ => OF_TEXTS,
    };
    for key in node.as_map().into_iter().flat_map(|it| it.keys()) {
        if KEYS.contains(&&**key) || own.contains(&&**key) {
            continue;
        }
        let place = Place::Key(node, (&**key).into());
        let is_other = OF_NUMBERS.contains(&&**key) || OF_TEXTS.contains(&&**key);
        let found = if let Some(type_name) = type_name.and_then(Node::as_str).filter(|_| is_other) {
            let message = format!("a parameter of type `{type_name}` has no `{key}`");
            Found::error("E2001", place, message).help(match own {
                OF_NUMBERS => "use `MinValue` and `MaxValue`",
                _ => "use `AllowedPattern`, `MinLength` and `MaxLength`, or make it a `Number`",
            })
        } else {
            let found = Found::error("E2001", place, format!("a parameter has no key `{key}`"));
            found.suggest(key, KEYS.iter().chain(own).copied())
        };
        report.add(found);
    }
}

fn is_type(text: &str) -> bool {
    // CloudFormation takes more of these than it documents.
    TYPES.contains(&text) || text.starts_with("List<") || text.starts_with("AWS::SSM::Parameter::Value<")
}

/// The forms of what a parameter says.
fn forms<'t>(node: &'t Node, report: &mut Report<'t>) {
    for key in ["AllowedPattern", "ConstraintDescription", "Default", "Description"] {
        let Some(value) = node.get(key) else { continue };
        let longest = if key == "Description" { LONGEST_DESCRIPTION } else { LONGEST_VALUE };
        text(key, value, longest, report);
    }
    for key in ["MaxLength", "MinLength", "MaxValue", "MinValue"] {
        let Some(value) = node.get(key) else { continue };
        let written = scalar(value).filter(|_| !matches!(value.kind, NodeKind::Bool(_)));
        let number = written.and_then(|it| it.trim().parse::<f64>().ok());
        let is_length = key.ends_with("Length");
        let message = match number {
            None => format!("`{key}` is a number, and this is {}", value.describe()),
            Some(it) if is_length && it.fract() != 0.0 => {
                format!("`{key}` is a whole number, and this is {it}")
            }
            Some(it) if key == "MaxLength" && it > 4096.0 => {
                format!("a parameter takes 4096 characters, not {it}")
            }
            Some(_) => continue,
        };
        report.add(Found::error("E2001", value, message).help("write a number"));
    }
    if let Some(value) = node.get("NoEcho")
        && !matches!(scalar(value).as_deref(), Some("true" | "True" | "TRUE" | "false" | "False" | "FALSE"))
    {
        let message = format!("`NoEcho` is true or false, and this is {}", value.describe());
        report.add(Found::error("E2001", value, message).help("write `true` or `false`"));
    }
    match node.get("AllowedValues") {
        Some(Node { kind: NodeKind::List(items), .. }) => {
            items.iter().for_each(|it| text("AllowedValues", it, LONGEST_VALUE, report));
        }
        Some(value) => {
            let message = format!("`AllowedValues` is a list, and this is {}", value.describe());
            report.add(Found::error("E2001", value, message).help("write the values in brackets"));
        }
        None => (),
    }
}

fn text<'t>(key: &str, value: &'t Node, longest: usize, report: &mut Report<'t>) {
    let Some(text) = scalar(value) else {
        let message = match value.as_single() {
            Some((name, _)) if name == "Ref" || name.starts_with("Fn::") => {
                format!("a parameter takes no function, and `{key}` is {}", value.describe())
            }
            _ => format!("`{key}` is text, and this is {}", value.describe()),
        };
        let help = match value.kind {
            NodeKind::List(_) => "write one text, with commas between its parts",
            _ => "write it out",
        };
        return report.add(Found::error("E2001", value, message).help(help));
    };
    let length = text.chars().count();
    if length > longest {
        let message = format!("`{key}` takes {longest} characters, and this has {length}");
        report.add(Found::error("E2011", value, message).help("shorten it"));
    }
}

/// Whether a parameter takes its own default.
fn default<'t>(node: &'t Node, report: &mut Report<'t>) {
    let (Some(value), Some(type_name)) = (node.get("Default"), node.get("Type").and_then(Node::as_str))
    else {
        return;
    };
    let Some(whole) = scalar(value) else { return };
    let is_list =
        type_name == "CommaDelimitedList" || type_name.contains("List<") || type_name.contains("<Comma");
    let items: Vec<&str> = if is_list { whole.split(',').map(str::trim).collect() } else { vec![&whole] };
    let Some(fault) = items.iter().find_map(|it| refused(node, type_name, it)) else { return };
    // What a list as a whole may be is asked of the whole, too.
    if is_list && refused(node, type_name, &whole).is_none() {
        return;
    }
    report.add(Found::error("E2015", value, fault.0).help(fault.1));
}

/// Why a parameter does not take `text`, and what it takes.
fn refused(node: &Node, type_name: &str, text: &str) -> Option<(String, String)> {
    let limit = |key: &str| scalar(node.get(key)?)?.trim().parse::<f64>().ok();
    if let Some(allowed) = node.get("AllowedValues").and_then(Node::as_list) {
        let allowed: Vec<_> = allowed.iter().filter_map(scalar).collect();
        if !allowed.is_empty() && !allowed.iter().any(|it| it == text) {
            let names: Vec<&str> = allowed.iter().map(|it| &**it).collect();
            let help = format!("use {}", asi_constructs::kernel::diagnostic::one_of(&names));
            return Some((format!("the default `{text}` is not among the allowed values"), help));
        }
    }
    if type_name.ends_with("Number") || type_name == "List<Number>" {
        let Ok(number) = text.trim().parse::<f64>() else {
            return Some((format!("the default `{text}` is no number"), "write a number".to_owned()));
        };
        if let Some(least) = limit("MinValue").filter(|it| number < *it) {
            return Some((
                format!("the default {text} is less than {least}"),
                format!("use {least} or more"),
            ));
        }
        if let Some(most) = limit("MaxValue").filter(|it| number > *it) {
            return Some((format!("the default {text} is more than {most}"), format!("use {most} or less")));
        }
        return None;
    }
    let count = text.chars().count();
    #[expect(clippy::cast_precision_loss, reason = "no text has 2^53 characters")]
    let length = count as f64;
    if let Some(least) = limit("MinLength").filter(|it| length < *it) {
        let message = format!("the default `{text}` has {count} characters, and {least} are the least");
        return Some((message, "take a longer one, or none".to_owned()));
    }
    if let Some(most) = limit("MaxLength").filter(|it| length > *it) {
        let message = format!("the default `{text}` has {count} characters, and {most} are the most");
        return Some((message, "shorten it".to_owned()));
    }
    let pattern = node.get("AllowedPattern").and_then(Node::as_str)?;
    // A pattern that is none in our syntax may be one in that of Java, which CloudFormation uses.
    let expression = fancy_regex::Regex::new(&format!("^(?:{pattern})")).ok()?;
    let is_refused = !expression.is_match(text).unwrap_or(true);
    is_refused.then(|| {
        (format!("the default `{text}` is not as `{pattern}` asks"), "mend one of the two".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    fn parameter(text: &str) -> String {
        check(super::check, &format!("Parameters:\n  P: {text}\n"))
    }

    #[test]
    fn a_parameter_without_a_type_or_with_a_wrong_one() {
        assert_eq!(
            parameter("{Default: a}"),
            "error E2001 Parameters/P 2:3: this parameter has no type\n  add `Type: String`, or another\n"
        );
        assert_eq!(
            parameter("{Type: Strin}"),
            "error E2002 Parameters/P/Type 2:13: there is no type `Strin` of parameters\n  \
             did you mean `String`?\n"
        );
        assert_eq!(parameter("{Type: AWS::SSM::Parameter::Value<List<String>>}"), "");
        assert!(parameter("String").starts_with("error E2001 Parameters/P 2:6: a parameter is a mapping"));
    }

    #[test]
    fn a_key_that_its_type_does_not_have() {
        assert_eq!(
            parameter("{Type: Number, AllowedPattern: a, Defualt: 1}"),
            "error E2001 Parameters/P/AllowedPattern 2:21: a parameter of type `Number` has no \
             `AllowedPattern`\n  use `MinValue` and `MaxValue`\n\
             error E2001 Parameters/P/Defualt 2:40: a parameter has no key `Defualt`\n  \
             did you mean `Default`?\n"
        );
    }

    #[test]
    fn a_value_of_a_wrong_form() {
        assert_eq!(
            parameter("{Type: String, Default: [a], NoEcho: 1, MaxLength: 5000, AllowedValues: a}"),
            "error E2001 Parameters/P/Default 2:30: `Default` is text, and this is a list\n  \
             write one text, with commas between its parts\n\
             error E2001 Parameters/P/NoEcho 2:43: `NoEcho` is true or false, and this is the number 1\n  \
             write `true` or `false`\n\
             error E2001 Parameters/P/MaxLength 2:57: a parameter takes 4096 characters, not 5000\n  \
             write a number\n\
             error E2001 Parameters/P/AllowedValues 2:78: `AllowedValues` is a list, and this is `a`\n  \
             write the values in brackets\n"
        );
        assert!(
            parameter("{Type: String, Default: !Ref AWS::Region}").contains("a parameter takes no function")
        );
    }

    #[test]
    fn a_default_that_it_does_not_take() {
        let fault = |rest: &str| parameter(&format!("{{Type: {rest}}}"));
        assert_eq!(
            fault("String, Default: c, AllowedValues: [a, b]"),
            "error E2015 Parameters/P/Default 2:30: the default `c` is not among the allowed values\n  \
             use `a` or `b`\n"
        );
        assert!(
            fault("Number, Default: 1, MinValue: 2")
                .contains("the default 1 is less than 2\n  use 2 or more")
        );
        assert!(fault("Number, Default: a").contains("the default `a` is no number"));
        assert!(fault("String, Default: a, MinLength: 2").contains("has 1 characters, and 2 are the least"));
        assert!(fault("String, Default: a, AllowedPattern: '[0-9]+'").contains("is not as `[0-9]+` asks"));
        assert_eq!(fault("CommaDelimitedList, Default: 'a, b', AllowedValues: [a, b]"), "");
        assert_eq!(fault("String, Default: 1, AllowedValues: ['1']"), "");
    }
}
