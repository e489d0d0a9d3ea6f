//! The functions of a template: whether each may stand where it does, and takes what it is given.
//!
//! Whether the names in them are there is asked by `references`, `lookups` and `substitutions`.

mod signatures;
#[cfg(test)]
mod tests;

use asi_constructs::kernel::{
    diagnostic::{nearest, one_of},
    map::Map,
    node::{Node, short_form},
};

use self::signatures::{
    ASSERTION, CONDITION, Form, OF_CONDITIONS, OF_LISTS, OUTPUT, PART, RETENTION, Signature, Slot, VALUE,
    Wants, names, signature,
};
use super::super::{
    document::{Document, section},
    known::is_dynamic,
    loops::is_loop,
    report::{Found, Place, Report},
    types::{Given, attributes},
    value::{scalar, target},
};

/// What is wrong with the form of functions, each function with a code of its own: `E1010` to `E1033`, `E8003` to
/// `E8007`; and with values where none, or another function, may stand: `E8001` in conditions, `E1701` and `E1702` in
/// rules, `E6101` and `E6102` in outputs, `E3012` in properties.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let free = Around::Place("E3012", "a property");
    let mut checker = Checker { document, report, is_open: document.is_open(), free, is_output: false };
    for (key, entry) in section(document.root, "Conditions") {
        if !key.starts_with("Fn::") {
            checker.value(&entry.value, &CONDITION, &Around::Place("E8001", "a condition"));
        }
    }
    for entry in section(document.root, "Rules").values() {
        checker.rule(&entry.value);
    }
    for resource in document.resources.values() {
        for (part, code, name) in [
            ("Properties", "E3012", "a property"),
            ("Metadata", "E3028", "metadata"),
            ("CreationPolicy", "E3055", "a creation policy"),
            ("UpdatePolicy", "E3016", "an update policy"),
        ] {
            if let Some(node) = resource.node.get(part) {
                checker.free = Around::Place(code, name);
                checker.value(node, &VALUE, &Around::Place(code, name));
            }
        }
        checker.free = free;
        for (part, code) in [("DeletionPolicy", "E3035"), ("UpdateReplacePolicy", "E3036")] {
            if let Some(node) = resource.node.get(part) {
                checker.value(node, &RETENTION, &Around::Place(code, part));
            }
        }
    }
    for entry in document.outputs.values() {
        if let Some(value) = entry.value.get("Value") {
            checker.is_output = true;
            checker.value(value, &OUTPUT, &Around::Place("E6101", "the value of an output"));
            checker.is_output = false;
        }
        if let Some(name) = entry.value.get("Export").and_then(|it| it.get("Name")) {
            checker.value(name, &OUTPUT, &Around::Place("E6102", "the name of an export"));
        }
    }
}

/// The code of a fault that a function makes where it stands.
pub(super) fn code(name: &str) -> Option<&'static str> {
    signature(name).map(|it| it.code)
}

/// What a value stands in.
#[derive(Clone, Copy)]
enum Around {
    /// A part of the template: the code of a fault there, and its name.
    Place(&'static str, &'static str),
    /// A function, by its code and how it is written.
    Function(&'static str, &'static str),
}

impl Around {
    fn code(self) -> &'static str {
        match self {
            Self::Place(code, _) | Self::Function(code, _) => code,
        }
    }

    /// What it says it takes, for a message.
    fn takes(self) -> String {
        match self {
            Self::Place(_, name) => format!("{name} is"),
            Self::Function(_, usage) => {
                format!("`{}` takes", usage.split([' ', ':']).next().unwrap_or_default())
            }
        }
    }
}

struct Checker<'t, 'r> {
    document: &'t Document<'t>,
    report: &'r mut Report<'t>,
    is_open: bool,
    /// What values are in whose form is not known here.
    free: Around,
    /// Whether the value of an output is looked at.
    is_output: bool,
}

impl<'t> Checker<'t, '_> {
    fn rule(&mut self, rule: &'t Node) {
        if let Some(condition) = rule.get("RuleCondition") {
            self.value(condition, &ASSERTION, &Around::Place("E1702", "the condition of a rule"));
        }
        for assertion in rule.get("Assertions").and_then(Node::as_list).unwrap_or_default() {
            if let Some(it) = assertion.get("Assert") {
                self.value(it, &ASSERTION, &Around::Place("E1701", "an assertion"));
            }
        }
    }

    /// Checks a value in a place.
    fn value(&mut self, node: &'t Node, slot: &Slot, around: &Around) {
        let function = node.as_single().filter(|(key, _)| {
            *key == "Ref" || key.starts_with("Fn::") || slot.wants == Wants::Truth && *key == "Condition"
        });
        match function {
            Some((name, _)) if is_loop(name) => self.inside(node),
            Some((name, argument)) => self.function(node, name, argument, slot, around),
            None => self.written(node, slot, around),
        }
    }

    fn function(&mut self, node: &'t Node, name: &'t str, argument: &'t Node, slot: &Slot, around: &Around) {
        let Some(signature) = signature(name) else {
            if !self.is_open {
                self.unknown(node, name, *around);
            }
            return;
        };
        let is_extended = self.document.transforms.contains(&"AWS::LanguageExtensions");
        if signature.is_extension && !is_extended && !self.is_open {
            let message = format!("`{name}` needs the transform `AWS::LanguageExtensions`");
            let found = Found::error(signature.code, Place::Key(node, name.into()), message);
            self.report.add(found.help("add `Transform: AWS::LanguageExtensions` to the template"));
        } else if name != "Fn::Transform"
            && !slot.functions.contains(&name)
            && !(is_extended && slot.extended.contains(&name))
        {
            self.misplaced(node, name, slot, around, is_extended);
            if matches!(signature.form, Form::Choice) {
                // What is due in its branches is not known.
                return;
            }
        } else {
            self.reference(node, slot, around);
        }
        self.argument(node, argument, &signature, slot, around);
    }

    fn unknown(&mut self, node: &'t Node, name: &'t str, around: Around) {
        let place = Place::Key(node, name.into());
        let found = Found::error(around.code(), place, format!("there is no function `{name}`"));
        let known: Vec<&str> = names().filter_map(|it| it.strip_prefix("Fn::")).collect();
        self.report.add(match nearest(name.trim_start_matches("Fn::"), &known) {
            Some(near) => found.help(format!("did you mean `Fn::{near}`?")),
            None => found.help("use a function of CloudFormation, such as `Fn::Sub`"),
        });
    }

    /// A function where another value is due.
    fn misplaced(&mut self, node: &'t Node, name: &'t str, slot: &Slot, around: &Around, is_extended: bool) {
        let short = short_form(name);
        // The value is wrong as a whole, and its function says why.
        let key = node.as_map().and_then(|it| it.get(name)).map_or(node.span, |it| it.key);
        let place = Place::Within(node, key);
        let code = around.code();
        if slot.extended.contains(&name) {
            let message =
                format!("`{short}` may stand here only with the transform `AWS::LanguageExtensions`");
            let found = Found::error(code, place, message);
            self.report.add(found.help("add `Transform: AWS::LanguageExtensions` to the template"));
            return;
        }
        let due = format!("{} {}", around.takes(), slot.wants.describe());
        let message = match name {
            _ if OF_LISTS.contains(&name) => format!("{due} here, and `{short}` gives a list"),
            _ if slot.wants == Wants::Anything => format!("`{short}` is true or false, and no value"),
            _ if OF_CONDITIONS.contains(&name) => format!("{due} here, and `{short}` is true or false"),
            _ => format!("{due} here, and `{short}` cannot give it"),
        };
        let mut allowed: Vec<String> = slot.functions.iter().map(|it| short_form(it)).collect();
        if is_extended {
            allowed.extend(slot.extended.iter().map(|it| short_form(it)));
        }
        let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
        let found = Found::error(code, place, message);
        self.report.add(match name {
            _ if OF_LISTS.contains(&name) && slot.wants == Wants::Text => {
                found.help("take one item with `!Select`, or make text of them with `!Join`")
            }
            _ if OF_CONDITIONS.contains(&name) => {
                found.help("move it to `Conditions`, and choose by its name with `!If`")
            }
            _ if allowed.is_empty() => found.help(format!("write {}", slot.wants.describe())),
            _ => found.help(format!("use {}", one_of(&allowed))),
        });
    }

    /// A reference to a list where text is due, or the other way round.
    fn reference(&mut self, node: &'t Node, slot: &Slot, around: &Around) {
        let is_due = match slot.wants {
            Wants::Text | Wants::Whole(..) | Wants::Region | Wants::Range => Given::Text,
            Wants::List | Wants::Texts => Given::List,
            Wants::Anything
            | Wants::Truth
            | Wants::Condition
            | Wants::Structure
            | Wants::Variables
            | Wants::Default => return,
        };
        let Some(("Ref" | "Fn::GetAtt", _)) = node.as_single() else { return };
        let Some(target) = target(node) else { return };
        let (given, code) = match target.attribute {
            None => (self.referred(target.name), "E1020"),
            Some(attribute) => {
                let resource = self.document.resources.get(target.name);
                let attributes = resource.and_then(|it| attributes(it.type_name));
                (attributes.and_then(|it| it.get(attribute)), "E1010")
            }
        };
        let code = if let Around::Place(code, _) = around { code } else { code };
        let name = target.attribute.map_or(target.name.to_owned(), |it| format!("{}.{it}", target.name));
        match (is_due, given) {
            (Given::Text, Some(Given::List)) => {
                let message = format!("{} text here, and `{name}` is a list", around.takes());
                let found = Found::error(code, node, message);
                self.report
                    .add(found.help("take one item with `!Select`, or make text of them with `!Join`"));
            }
            (Given::Text, Some(Given::Number))
                if self.is_output && matches!(around.code(), "E1019" | "E1022" | "E6101") =>
            {
                let message = format!("an output is text, and `{name}` is a number, or true or false");
                let found = Found::error("E6101", node, message);
                self.report.add(found.help("take it out, or write the value itself"));
            }
            (Given::List, Some(Given::Text | Given::Number)) => {
                let message = format!("{} a list here, and `{name}` is text", around.takes());
                let found = Found::error(code, node, message);
                self.report.add(found.help(format!("put it in a list: `[{}]`", written(node, &name))));
            }
            _ => (),
        }
    }

    /// What `Ref` gives of a name.
    fn referred(&self, name: &str) -> Option<Given> {
        if let Some(parameter) = self.document.parameters.get(name) {
            let kind = parameter.value.get("Type").and_then(Node::as_str)?;
            let is_list =
                kind == "CommaDelimitedList" || kind.contains("List<") || kind.contains("<CommaDel");
            return Some(if is_list { Given::List } else { Given::Text });
        }
        match name {
            "AWS::NoValue" => None,
            "AWS::NotificationARNs" => Some(Given::List),
            _ if name.starts_with("AWS::") || self.document.resources.contains_key(name) => Some(Given::Text),
            _ => None,
        }
    }

    /// Checks what a function is given.
    fn argument(
        &mut self,
        node: &'t Node,
        argument: &'t Node,
        signature: &Signature,
        slot: &Slot,
        around: &Around,
    ) {
        if argument.as_single().is_some_and(|(key, _)| key == "Fn::Transform" || is_loop(key)) {
            // A macro makes the argument.
            return self.inside(argument);
        }
        let own = Around::Function(signature.code, signature.usage);
        match signature.form {
            Form::One(inner) => self.value(argument, &inner, &own),
            Form::TextOr(_) if argument.as_str().is_some() => {
                let is_whole = argument.as_str().is_some_and(|it| it.contains('.'));
                if signature.code == "E1010" && !is_whole {
                    self.malformed(argument, signature, "names no attribute");
                }
            }
            Form::TextOr(_) if argument.as_list().is_none() => {
                self.malformed(
                    argument,
                    signature,
                    &format!("takes text or a list, and this is {}", argument.describe()),
                );
            }
            Form::TextOr(slots) => {
                if let Some(items) = self.items(argument, signature, slots.len(), slots.len()) {
                    items.iter().zip(slots).for_each(|(it, slot)| self.value(it, slot, &own));
                }
            }
            Form::Items(slots, least) => {
                if let Some(items) = self.items(argument, signature, least, slots.len()) {
                    items.iter().zip(slots).for_each(|(it, slot)| self.value(it, slot, &own));
                    self.more(node, items);
                }
            }
            Form::Each(inner, least, most) => {
                // Rules have functions of their own, wherever conditions have theirs.
                let inner =
                    if slot.wants == Wants::Truth && inner.wants == Wants::Truth { *slot } else { inner };
                if let Some(items) = self.items(argument, signature, least, most) {
                    items.iter().for_each(|it| self.value(it, &inner, &own));
                }
            }
            Form::Choice => {
                if let Some([condition, then, otherwise]) = self.items(argument, signature, 3, 3) {
                    let name = Slot { wants: Wants::Condition, functions: &[], extended: &[] };
                    self.value(condition, &name, &own);
                    self.value(then, slot, around);
                    self.value(otherwise, slot, around);
                }
            }
            Form::Fields(fields) => self.fields(argument, signature, fields),
            Form::Anything => self.inside(argument),
        }
    }

    /// What only some functions ask for.
    fn more(&mut self, node: &'t Node, items: &'t [Node]) {
        match (node.as_single(), items) {
            (Some(("Fn::Split", _)), [_, text]) if text.as_str().is_some_and(is_dynamic) => {
                let message = "a dynamic reference is not resolved before `!Split` takes the text apart";
                let found = Found::error("E1018", text, message);
                self.report.add(found.help("take it out of `!Split`, or pass the text by a parameter"));
            }
            (Some(("Fn::Select", _)), [index, list]) => {
                let (Some(at), Some(items)) =
                    (scalar(index).and_then(|it| it.parse::<usize>().ok()), list.as_list())
                else {
                    return;
                };
                if at >= items.len() {
                    let message =
                        format!("there is no item {at}: the list has {}", plural(items.len(), "item"));
                    let found = Found::error("E1017", index, message);
                    self.report.add(found.help("count from 0"));
                }
            }
            _ => (),
        }
    }

    /// The items of an argument, if it is a list of so many.
    fn items(
        &mut self,
        argument: &'t Node,
        signature: &Signature,
        least: usize,
        most: usize,
    ) -> Option<&'t [Node]> {
        let Some(items) = argument.as_list() else {
            self.malformed(
                argument,
                signature,
                &format!("takes a list, and this is {}", argument.describe()),
            );
            return None;
        };
        if (least..=most).contains(&items.len()) {
            return Some(items);
        }
        let due = match (least, most) {
            _ if least == most => plural(least, "item"),
            _ if items.len() < least => format!("{} or more", plural(least, "item")),
            _ => format!("at most {}", plural(most, "item")),
        };
        self.malformed(argument, signature, &format!("takes {due}, and has {}", items.len()));
        None
    }

    fn fields(&mut self, argument: &'t Node, signature: &Signature, fields: &[(&'static str, bool, Slot)]) {
        let Some(map) = argument.as_map() else {
            return self.malformed(
                argument,
                signature,
                &format!("takes a mapping, and this is {}", argument.describe()),
            );
        };
        for (key, entry) in map {
            match fields.iter().find(|(name, ..)| name == key) {
                Some((_, _, slot)) => {
                    self.value(&entry.value, slot, &Around::Function(signature.code, signature.usage));
                }
                None => {
                    let message = format!("`{}` has no key `{key}`", named(signature));
                    let found = Found::error(signature.code, Place::Key(argument, (&**key).into()), message);
                    self.report.add(found.suggest(key, fields.iter().map(|(name, ..)| *name)));
                }
            }
        }
        for (name, ..) in
            fields.iter().filter(|(name, is_required, _)| *is_required && !map.contains_key(*name))
        {
            self.malformed(argument, signature, &format!("needs the key `{name}`"));
        }
    }

    fn malformed(&mut self, argument: &'t Node, signature: &Signature, what: &str) {
        let found = Found::error(signature.code, argument, format!("`{}` {what}", named(signature)));
        self.report.add(found.help(format!("write it as `{}`", signature.usage)));
    }

    /// Checks a value that is no function.
    fn written(&mut self, node: &'t Node, slot: &Slot, around: &Around) {
        let text = scalar(node);
        let number = || text.as_deref().and_then(|it| it.trim().parse::<i64>().ok());
        let is_right = match slot.wants {
            Wants::Anything => {
                self.inside(node);
                true
            }
            Wants::Text => text.is_some(),
            Wants::Whole(least, most) => number().is_some_and(|it| (least..=most).contains(&it)),
            Wants::Truth => is_truth(node),
            Wants::Condition => match node.as_str() {
                Some(name) => return self.condition(node, name, around),
                None => false,
            },
            Wants::Region => text.as_deref().is_some_and(is_region),
            Wants::Range => text.as_deref().is_some_and(is_range),
            Wants::Texts => match node.as_list() {
                Some(items) => return items.iter().for_each(|it| self.value(it, &PART, around)),
                None => false,
            },
            Wants::List => match node.as_list() {
                Some(items) => return items.iter().for_each(|it| self.inside(it)),
                None => false,
            },
            Wants::Structure => {
                self.inside(node);
                node.as_map().is_some_and(|it| !it.is_empty())
                    || node.as_list().is_some_and(|it| !it.is_empty())
            }
            Wants::Variables => match node.as_map() {
                Some(map) => return self.variables(node, map, around),
                None => false,
            },
            Wants::Default => return self.default(node, around),
        };
        if !is_right {
            let due = slot.wants.describe();
            let message = format!("{} {due} here, and this is {}", around.takes(), node.describe());
            let found = Found::error(around.code(), node, message);
            self.report.add(match around {
                Around::Function(_, usage) => found.help(format!("write it as `{usage}`")),
                Around::Place(..) if slot.wants == Wants::Truth => {
                    found.help("use `!Equals`, `!And`, `!Or` or `!Not`")
                }
                Around::Place(..) => found.help(format!("write {due}")),
            });
        }
    }

    fn condition(&mut self, node: &'t Node, name: &str, around: &Around) {
        let conditions = section(self.document.root, "Conditions");
        if !conditions.contains_key(name) && !self.is_open {
            let found = Found::error(around.code(), node, format!("there is no condition `{name}`"));
            self.report.add(found.suggest(name, conditions.keys().take(1001).map(|it| &**it)));
        }
    }

    fn variables(&mut self, node: &'t Node, map: &'t Map<Node>, around: &Around) {
        for (key, entry) in map {
            if key.chars().any(|it| it.is_ascii_alphanumeric()) {
                self.value(&entry.value, &PART, around);
            } else {
                let message = format!("`{key}` cannot be the name of a variable");
                let found = Found::error(around.code(), Place::Key(node, (&**key).into()), message);
                self.report.add(found.help("use letters and digits"));
            }
        }
    }

    fn default(&mut self, node: &'t Node, around: &Around) {
        let keys: Vec<&str> = node.as_map().into_iter().flat_map(Map::keys).map(|it| &**it).collect();
        if keys != ["DefaultValue"] {
            let message = "the fourth item of `!FindInMap` has the one key `DefaultValue`";
            let found = Found::error(around.code(), node, message);
            self.report.add(found.help("write it as `DefaultValue: value`"));
        } else if !self.document.transforms.contains(&"AWS::LanguageExtensions") && !self.is_open {
            let message = "`DefaultValue` needs the transform `AWS::LanguageExtensions`";
            let found = Found::error(around.code(), Place::Key(node, "DefaultValue".into()), message);
            self.report.add(found.help("add `Transform: AWS::LanguageExtensions` to the template"));
        }
        self.inside(node);
    }

    /// Checks the values in a value, in which any function may stand.
    fn inside(&mut self, node: &'t Node) {
        let around = self.free;
        node.children().for_each(|it| self.value(it, &VALUE, &around));
    }
}

/// The name of a function, as in its usage.
fn named(signature: &Signature) -> &'static str {
    signature.usage.split([' ', ':']).next().unwrap_or_default()
}

/// How a reference is written.
fn written(node: &Node, name: &str) -> String {
    node.as_single().map_or_else(String::new, |(function, _)| format!("{} {name}", short_form(function)))
}

fn plural(count: usize, name: &str) -> String {
    if count == 1 { format!("{count} {name}") } else { format!("{count} {name}s") }
}

fn is_truth(node: &Node) -> bool {
    matches!(scalar(node).as_deref(), Some("true" | "True" | "TRUE" | "false" | "False" | "FALSE"))
}

/// Whether a text is a region, or nothing. Of regions of which nothing else is known, the form is enough.
fn is_region(text: &str) -> bool {
    const SECLUDED: &[&str] = &["us-iso", "eu-iso", "eusc-"];
    text.is_empty()
        || SECLUDED.iter().any(|it| text.starts_with(it))
        || asi_schemas::regions("AWS::CloudFormation::Stack").any(|it| it == text)
}

/// Whether a text is a range of IPv4 addresses.
fn is_range(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    address.parse::<std::net::Ipv4Addr>().is_ok() && bits.parse::<u8>().is_ok_and(|it| it <= 32)
}
