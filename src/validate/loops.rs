//! Writes out what `Fn::ForEach` stands for.
//!
//! It does what the transform `AWS::LanguageExtensions` does, where the collection is known without a deployment. Other
//! loops stay as they are.

use std::borrow::Cow;

use asi_constructs::kernel::{
    map::{Entry, Map},
    node::{Inset, Node, NodeKind},
};

use super::{document::section, value::scalar};

/// The transform that knows loops.
const EXTENSIONS: &str = "AWS::LanguageExtensions";
/// How many times bodies of loops are written out; loops in loops could be anything.
const MOST_BODIES: usize = 10_000;

/// `template` with its loops written out. What a loop makes stands where its body does.
pub(super) fn expand(template: &Node) -> Cow<'_, Node> {
    let transforms = match template.get("Transform") {
        Some(node) => node.as_list().unwrap_or(std::slice::from_ref(node)),
        None => &[],
    };
    let sections = ["Conditions", "Resources", "Outputs"].map(|it| template.get(it));
    let has_loops = sections.into_iter().flatten().any(has_loop);
    if !has_loops || !transforms.iter().any(|it| it.as_str() == Some(EXTENSIONS)) {
        return Cow::Borrowed(template);
    }
    let mut whole = template.clone();
    let mut writer = Writer {
        parameters: section(template, "Parameters"),
        mappings: section(template, "Mappings"),
        bound: Vec::new(),
        bodies: 0,
    };
    if let NodeKind::Map(map) = &mut whole.kind {
        for name in ["Conditions", "Resources", "Outputs"] {
            if let Some(entry) = map.get_mut(name) {
                entry.value = writer.value(&entry.value);
            }
        }
    }
    Cow::Owned(whole)
}

/// Whether a key is that of a loop.
pub(super) fn is_loop(key: &str) -> bool {
    key.starts_with("Fn::ForEach::")
}

fn has_loop(node: &Node) -> bool {
    node.as_map().is_some_and(|it| it.keys().any(|key| is_loop(key))) || node.children().any(has_loop)
}

struct Writer<'t> {
    parameters: &'t Map<Node>,
    mappings: &'t Map<Node>,
    /// The identifiers of the loops around, each with its value, the innermost last.
    bound: Vec<(String, String)>,
    bodies: usize,
}

impl Writer<'_> {
    fn value(&mut self, node: &Node) -> Node {
        let kind = match &node.kind {
            NodeKind::String(text) => match self.text(text) {
                Some(changed) => return Node { inset: Inset::Changed, ..Node::text(changed, node.span) },
                None => return node.clone(),
            },
            NodeKind::List(items) => NodeKind::List(items.iter().map(|it| self.value(it)).collect()),
            NodeKind::Map(map) => match node.as_single() {
                Some(("Ref", name)) => match name.as_str().and_then(|it| self.bound(it)) {
                    Some(value) => return Node::text(value.to_owned(), node.span),
                    None => NodeKind::Map(self.entries(map)),
                },
                Some(("Fn::Sub", argument)) if !self.bound.is_empty() => {
                    let written = self.value(argument);
                    let text = written.as_list().and_then(|it| it.first()).unwrap_or(&written);
                    // What has no other name in it is text now.
                    if text.as_str().is_some_and(|it| !it.contains("${")) {
                        return Node { span: node.span, ..text.clone() };
                    }
                    NodeKind::Map(self.entries(map))
                }
                // CloudFormation leaves the name of a condition as it is.
                Some(("Fn::If", argument)) if argument.as_list().is_some() => NodeKind::Map(self.choice(map)),
                _ => NodeKind::Map(self.entries(map)),
            },
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Integer(_) | NodeKind::Float(_) => {
                return node.clone();
            }
        };
        Node { kind, span: node.span, plain: None, inset: Inset::Changed }
    }

    fn choice(&mut self, map: &Map<Node>) -> Map<Node> {
        let mut changed = self.entries(map);
        for (key, entry) in &mut changed {
            if let (NodeKind::List(items), Some(old)) = (&mut entry.value.kind, map.get(key))
                && let Some(old) = old.value.as_list()
            {
                items[0] = old[0].clone();
            }
        }
        changed
    }

    fn entries(&mut self, map: &Map<Node>) -> Map<Node> {
        let mut written = Map::default();
        for (key, entry) in map {
            let body = is_loop(key).then(|| self.unrolled(&entry.value)).flatten();
            match body {
                Some(entries) => {
                    for (key, entry) in entries {
                        // A name that is made twice is the transform's to refuse.
                        written.entry(key).or_insert(entry);
                    }
                }
                None => {
                    let name = self.text(key).map_or_else(|| key.clone(), Cow::Owned);
                    written.insert(name, Entry { key: entry.key, value: self.value(&entry.value) });
                }
            }
        }
        written
    }

    /// What a loop makes, if that is known.
    fn unrolled(&mut self, argument: &Node) -> Option<Vec<(Cow<'static, str>, Entry<Node>)>> {
        let [identifier, collection, body] = argument.as_list()? else { return None };
        let (identifier, body) = (identifier.as_str()?, body.as_map()?);
        let values = self.collection(collection)?;
        let mut made = Vec::new();
        for value in values {
            self.bodies += 1;
            if self.bodies > MOST_BODIES {
                return None;
            }
            self.bound.push((identifier.to_owned(), value));
            made.extend(self.entries(body));
            self.bound.pop();
        }
        Some(made)
    }

    /// The values of a collection.
    fn collection(&self, node: &Node) -> Option<Vec<String>> {
        if let Some(items) = node.as_list() {
            return items.iter().map(|it| self.item(it)).collect();
        }
        match node.as_single()? {
            ("Ref", name) => {
                let parameter = &self.parameters.get(name.as_str()?)?.value;
                let type_name = parameter.get("Type").and_then(Node::as_str)?;
                let is_list = type_name == "CommaDelimitedList" || type_name.starts_with("List<");
                let default = scalar(parameter.get("Default").filter(|_| is_list)?)?;
                Some(default.split(',').map(|it| it.trim().to_owned()).collect())
            }
            ("Fn::FindInMap", argument) => {
                let [map, first, second, ..] = argument.as_list()? else { return None };
                let map = &self.mappings.get(&*self.item(map)?)?.value;
                let second = self.item(second)?;
                let found = match self.item(first) {
                    Some(first) => map.get(&first)?.get(&second)?,
                    // Whichever key it is, the list is the same.
                    None if argument.as_list().is_some_and(|it| it.len() == 3) => {
                        let mut lists = map.as_map()?.values().map(|it| it.value.get(&second));
                        let list = lists.next()??;
                        if lists.any(|it| it != Some(list)) {
                            return None;
                        }
                        list
                    }
                    None => return None,
                };
                found.as_list()?.iter().map(|it| scalar(it).map(Cow::into_owned)).collect()
            }
            _ => None,
        }
    }

    /// A scalar, or what a `Ref` to a loop around gives.
    fn item(&self, node: &Node) -> Option<String> {
        match node.as_single() {
            Some(("Ref", name)) => {
                let name = name.as_str()?;
                let default =
                    || scalar(self.parameters.get(name)?.value.get("Default")?).map(Cow::into_owned);
                self.bound(name).map(str::to_owned).or_else(default)
            }
            Some(_) => None,
            None => scalar(node).map(|it| self.text(&it).unwrap_or_else(|| it.into_owned())),
        }
    }

    fn bound(&self, name: &str) -> Option<&str> {
        self.bound.iter().rev().find(|(it, _)| it == name).map(|(_, value)| &**value)
    }

    /// `text` with the identifiers replaced; nothing if there are none in it.
    fn text(&self, text: &str) -> Option<String> {
        if self.bound.is_empty() || !text.contains('{') {
            return None;
        }
        let mut changed = text.to_owned();
        for (name, value) in self.bound.iter().rev() {
            let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
            changed =
                changed.replace(&format!("${{{name}}}"), value).replace(&format!("&{{{name}}}"), &plain);
        }
        (changed != text).then_some(changed)
    }
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::{span::Sources, yaml};

    use super::*;
    use crate::template::Template;

    fn expanded(yaml: &str) -> String {
        let frame = "Transform: AWS::LanguageExtensions\nParameters:\n  Names: {Type: CommaDelimitedList, Default: 'a, b-c'}\n  \
                     Others: {Type: CommaDelimitedList}\nMappings: {M: {k: {names: [x]}}}\n";
        let text = format!("{frame}{yaml}");
        let file = Sources::default().add("template.yaml", &*text);
        let (node, _) = yaml::parse(&text, file, yaml::Format::Yaml);
        let whole = expand(&node.unwrap()).into_owned();
        let yaml = Template::new(whole).to_yaml();
        yaml.split_once("Resources:").unwrap().1.to_owned()
    }

    #[test]
    fn a_loop_over_a_list_and_one_over_a_parameter() {
        let template = "Resources:\n  Fn::ForEach::Topics:\n    - Name\n    - !Ref Names\n    - 'Topic&{Name}':\n        \
                        Type: AWS::SNS::Topic\n        Properties: {TopicName: !Ref Name, DisplayName: !Sub '${Name}-${AWS::Region}'}\n";
        let expected = "\n  Topica:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicName: a\n      DisplayName: !Sub \
                        a-${AWS::Region}\n  Topicbc:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicName: b-c\n      \
                        DisplayName: !Sub b-c-${AWS::Region}\n";
        assert_eq!(expanded(template), expected);
    }

    #[test]
    fn a_loop_over_the_only_list_there_is() {
        let template = "Resources:\n  Fn::ForEach::A: [X, !FindInMap [M, !Ref AWS::Region, names], {'R${X}': {Type: T}}]\n";
        assert_eq!(expanded(template), "\n  Rx:\n    Type: T\n");
    }

    #[test]
    fn loops_in_loops_and_in_properties() {
        let template = "Resources:\n  Fn::ForEach::A:\n    - X\n    - [p, q]\n    - 'R${X}':\n        Type: T\n        \
                        Properties:\n          Fn::ForEach::B: [Y, !FindInMap [M, k, names], {'K${X}${Y}': 1}]\n";
        let expected = "\n  Rp:\n    Type: T\n    Properties:\n      Kpx: 1\n  Rq:\n    Type: T\n    Properties:\n      Kqx: 1\n";
        assert_eq!(expanded(template), expected);
    }

    #[test]
    fn a_loop_over_what_is_not_known_stays() {
        let template = "Resources:\n  Fn::ForEach::A: [X, !Ref Others, {'R${X}': {Type: T}}]\n";
        assert!(expanded(template).contains("Fn::ForEach::A"));
    }
}
