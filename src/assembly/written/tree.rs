//! The constructs of an app as a tree, for whoever shows them.

use std::borrow::Cow;

use asi_constructs::kernel::id::LogicalId;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{Entry, construct_info};
use crate::template::{Indent, resource_of, to_json};

/// A construct in a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Construct<'a> {
    /// Its path below the stack.
    pub path: Cow<'a, str>,
    /// The id in the template that it stands for.
    pub logical_id: &'a str,
    /// The section of the template in which that is.
    pub section: &'static str,
}

/// The sections whose entries are constructs, each with what such a construct is, in the order in which they come.
const SECTIONS: [(&str, &str); 5] = [
    ("Parameters", "Parameter"),
    ("Rules", "Rule"),
    ("Mappings", "Mapping"),
    ("Conditions", "Condition"),
    ("Outputs", "Output"),
];

/// What stands in a template, in the order of the tree.
pub(super) fn constructs<'a>(of: &Entry<'a>) -> Vec<Construct<'a>> {
    let resources = of.template.paths.iter().map(|(id, path)| Construct {
        path: resource_path(of, path),
        logical_id: id.as_str(),
        section: "Resources",
    });
    let others = SECTIONS.iter().flat_map(|(section, _)| {
        let entries = of.template.body.get(section).and_then(|it| it.as_map());
        entries.into_iter().flatten().map(|(name, entry)| {
            let exported = if *section == "Outputs" { entry.value.get("Value") } else { None };
            let path = exported.and_then(|it| export_path(name, &to_json(it, Indent::Dense)));
            let path = path.map_or(Cow::Borrowed(&**name), Cow::Owned);
            Construct { path, logical_id: name, section }
        })
    });
    resources.chain(others).collect()
}

/// The path of a resource. What was written as a resource is one itself, and not a construct around one.
pub(super) fn resource_path<'a>(of: &Entry<'_>, path: &'a str) -> Cow<'a, str> {
    match path.strip_suffix("/Default") {
        Some(name) if of.stack.resources.contains_key(of.stack.name_of(name)) => name.into(),
        _ => path.into(),
    }
}

/// The path of the output `name`, if it is one of those by which other stacks refer to what is in this one: their names
/// follow from it.
fn export_path(name: &str, value: &str) -> Option<String> {
    let output = format!("Output{value}");
    let scopes = ["Exports", "Publish"].into_iter();
    let mut fitting = scopes
        .filter(|it| LogicalId::for_path([*it, &output]).is_some_and(|it| it.as_str() == name))
        .map(|it| format!("{it}/{output}"));
    fitting.next()
}

/// A place in the tree.
#[derive(Default)]
struct Place {
    path: String,
    is: String,
    attributes: Option<String>,
    children: IndexMap<String, Place>,
}

impl Place {
    fn new(path: String, is: &str) -> Self {
        Self { path, is: is.to_owned(), ..Self::default() }
    }

    /// The place this path leads to, made with all on the way to it.
    fn at(&mut self, path: &str) -> &mut Self {
        path.split('/').fold(self, |at, id| {
            let path = format!("{}/{id}", at.path);
            at.children.entry(id.to_owned()).or_insert_with(|| Self::new(path, "Construct"))
        })
    }

    fn write(&self, id: &str, out: &mut String) {
        let text = |it: &str| Value::from(it).to_string();
        let (name, path, info) = (text(id), text(&self.path), construct_info(&self.is));
        out.push_str(&format!(r#"{{"id":{name},"path":{path},"constructInfo":{info}"#));
        if let Some(attributes) = &self.attributes {
            out.push_str(&format!(r#","attributes":{attributes}"#));
        }
        if !self.children.is_empty() {
            out.push_str(r#","children":{"#);
            for (at, (id, child)) in self.children.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                out.push_str(&format!("{}:", text(id)));
                child.write(id, out);
            }
            out.push('}');
        }
        out.push('}');
    }
}

/// The tree of these stacks.
pub(super) fn tree(stacks: &[Entry<'_>]) -> String {
    let mut app = Place::new(String::new(), "App");
    for entry in stacks {
        app.children.insert(entry.stack.name(), stack(entry));
    }
    app.children.insert("Tree".to_owned(), Place::new("Tree".to_owned(), "Construct"));
    let mut out = r#"{"version":"tree-0.1","tree":"#.to_owned();
    app.write("App", &mut out);
    out.push('}');
    out
}

fn stack(of: &Entry<'_>) -> Place {
    let mut stack = Place::new(of.stack.name(), "Stack");
    for construct in constructs(of) {
        let place = stack.at(&construct.path);
        // An output may have the name of a construct.
        if place.attributes.is_some() || !place.children.is_empty() {
            continue;
        }
        if construct.section == "Resources" {
            "Resource".clone_into(&mut place.is);
            place.attributes = attributes(of, construct.logical_id);
        } else if let Some((_, is)) = SECTIONS.iter().find(|(it, _)| *it == construct.section) {
            (*is).clone_into(&mut place.is);
        }
    }
    for declared in &of.stack.constructs {
        let id = of.stack.moved.get(&declared.name.text).unwrap_or(&declared.name.text);
        if let Some(place) = stack.children.get_mut(id) {
            place.is.clone_from(&declared.kind.value);
        }
    }
    stack
}

/// What is said of a resource.
fn attributes(of: &Entry<'_>, id: &str) -> Option<String> {
    let resource = resource_of(&of.template.body, id)?;
    let kind = json!(resource.get("Type")?.as_str()?);
    let properties =
        resource.get("Properties").map_or_else(|| "{}".to_owned(), |it| to_json(it, Indent::Dense));
    let prefix = "aws:cdk:cloudformation";
    Some(format!(
        r#"{{"{prefix}:type":{kind},"{prefix}:logicalId":{},"{prefix}:props":{properties}}}"#,
        json!(id)
    ))
}
