//! What stacks refer to in each other: an output in the one, a look-up in the other.
//!
//! Ids and names are those of the CDK (`cdk-contract`: an export is the construct `Exports/Output{…}`, a weak output
//! `Publish/Output{…}`), so that an app of the CDK's can be taken over while others import from it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use asi_constructs::kernel::{
    expr::{Expr, ExprKind},
    id::LogicalId,
    map::{Entry, Map},
    node::{Node, NodeKind},
    span::Span,
    tree::{Finished, Handle, References, Tree},
};

use super::{Ids, function};

/// What a stack may refer to in another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// A resource, or an attribute of one.
    Resource(Handle, Option<Cow<'static, str>>),
    /// A parameter. One of the same name in both stacks is taken for the same.
    Parameter(Cow<'static, str>),
}

/// What the stacks of a tree refer to in each other.
pub(super) struct Imports {
    stacks: Vec<Stack>,
    home: BTreeMap<Subject, usize>,
    exports: BTreeMap<Subject, Export>,
}

struct Stack {
    parameters: BTreeSet<Cow<'static, str>>,
    name: String,
    references: References,
    region: Option<String>,
    /// What others refer to in it, in the order they do.
    exported: Vec<Subject>,
    /// The stacks that it refers to.
    needs: Vec<usize>,
}

struct Export {
    /// The outputs, by which references are strong and weak.
    strong: LogicalId,
    weak: LogicalId,
    value: Node,
    /// Whether it is a list, which an output is not.
    is_list: bool,
    condition: Option<Node>,
    /// Who refers to it first.
    span: Span,
}

impl Imports {
    pub(super) fn new(tree: &Tree, ids: &Ids) -> Self {
        let stack = |it: &Finished| Stack {
            parameters: it.sections.parameters.keys().cloned().collect(),
            name: it.place.stack.clone(),
            references: it.place.references,
            region: it.place.region.clone(),
            exported: Vec::new(),
            needs: Vec::new(),
        };
        let homes = tree.finished.iter().enumerate();
        let mut imports = Self {
            stacks: tree.finished.iter().map(stack).collect(),
            home: homes.flat_map(|(at, it)| subjects(it).map(move |it| (it, at))).collect(),
            exports: BTreeMap::new(),
        };
        for (at, stack) in tree.finished.iter().enumerate() {
            each_value(tree, stack, &mut |value| imports.collect(value, at, tree, ids));
        }
        imports
    }

    fn collect(&mut self, value: &Expr<Handle>, from: usize, tree: &Tree, ids: &Ids) {
        each_subject(value, &mut |subject, span| {
            let Some(home) = self.home_of(&subject, from) else { return };
            if !self.stacks[from].needs.contains(&home) {
                self.stacks[from].needs.push(home);
            }
            if !self.exports.contains_key(&subject) {
                self.exports
                    .insert(subject.clone(), Export::new(&subject, span, &tree.finished[home], tree, ids));
                self.stacks[home].exported.push(subject);
            }
        });
    }

    /// The stacks a stack refers to.
    pub(super) fn needs(&self, stack: usize) -> impl Iterator<Item = usize> {
        self.stacks[stack].needs.iter().copied()
    }

    /// The stack that `subject` is in, if the stack `from` is another.
    fn home_of(&self, subject: &Subject, from: usize) -> Option<usize> {
        let home = match subject {
            Subject::Resource(handle, _) => self.home.get(&Subject::Resource(*handle, None)),
            Subject::Parameter(name) if self.stacks[from].parameters.contains(name) => None,
            Subject::Parameter(_) => self.home.get(subject),
        };
        home.copied().filter(|it| *it != from)
    }

    /// Whether a reference in the stack `from` is to another stack.
    pub(super) fn is_import(&self, from: usize, subject: &Subject) -> bool {
        self.home_of(subject, from).is_some()
    }

    /// What a reference in the stack `from` becomes, if it is to another stack.
    pub(super) fn import(&self, from: usize, subject: &Subject, span: Span) -> Option<Node> {
        let stack = &self.stacks[self.home_of(subject, from)?];
        let export = &self.exports[subject];
        let value = look_up(stack, export, span);
        Some(if export.is_list { function("Fn::Split", joined(value, span), span) } else { value })
    }

    /// The outputs by which others refer to what is in `stack`.
    pub(super) fn outputs(&self, stack: usize) -> Map<Node> {
        let of = &self.stacks[stack];
        let mut outputs = Map::default();
        let (is_strong, is_weak) = (of.references != References::Weak, of.references != References::Strong);
        for export in of.exported.iter().map(|it| &self.exports[it]) {
            if is_strong {
                let name = Node::text(export_name(&of.name, &export.strong), export.span);
                let exported = Node::from_iter([(Cow::Borrowed("Name"), name)]);
                export.write(&export.strong, Some(exported), &mut outputs);
            }
            if is_weak {
                export.write(&export.weak, None, &mut outputs);
            }
        }
        outputs
    }
}

impl Export {
    fn new(subject: &Subject, span: Span, home: &Finished, tree: &Tree, ids: &Ids) -> Self {
        let text = |it: &str| Node::text(it.to_owned(), span);
        let reference = |id: &str| (format!("{{\"Ref\":\"{id}\"}}"), function("Ref", text(id), span));
        let (written, value) = match subject {
            Subject::Resource(handle, None) => reference(ids[handle].as_str()),
            Subject::Resource(handle, Some(attribute)) => {
                let id = ids[handle].as_str();
                let parts = Node::new(NodeKind::List(vec![text(id), text(attribute)]), span);
                (
                    format!("{{\"Fn::GetAtt\":[\"{id}\",\"{attribute}\"]}}"),
                    function("Fn::GetAtt", parts, span),
                )
            }
            Subject::Parameter(name) => reference(name),
        };
        let output = |scope: &str| {
            LogicalId::for_path([scope, &format!("Output{written}")]).expect("the path has letters")
        };
        let is_list = matches!(subject, Subject::Parameter(name) if is_list(home, name));
        let condition = match subject {
            Subject::Resource(handle, _) => tree.resource(*handle).attributes.get("Condition"),
            Subject::Parameter(_) => None,
        };
        Self {
            strong: output("Exports"),
            weak: output("Publish"),
            value: if is_list { function("Fn::Join", joined(value, span), span) } else { value },
            is_list,
            condition: condition.and_then(|it| it.as_str()).map(text),
            span,
        }
    }

    fn write(&self, id: &LogicalId, export: Option<Node>, outputs: &mut Map<Node>) {
        let entries =
            [("Value", Some(self.value.clone())), ("Export", export), ("Condition", self.condition.clone())];
        let output = entries.into_iter().filter_map(|(key, it)| Some((Cow::Borrowed(key), it?))).collect();
        outputs.insert(Cow::Owned(id.to_string()), Entry { key: self.span, value: output });
    }
}

/// What stands for an export in another stack.
fn look_up(stack: &Stack, export: &Export, span: Span) -> Node {
    let text = |it: &str| Node::text(it.to_owned(), span);
    if stack.references == References::Strong {
        return function("Fn::ImportValue", text(&export_name(&stack.name, &export.strong)), span);
    }
    let entries = [
        ("StackName", Some(text(&stack.name))),
        ("Region", stack.region.as_deref().map(text)),
        ("OutputName", Some(text(export.weak.as_str()))),
    ];
    let arguments = entries.into_iter().filter_map(|(key, it)| Some((Cow::Borrowed(key), it?))).collect();
    function("Fn::GetStackOutput", arguments, span)
}

/// The arguments by which a list becomes one text, and a text that list again.
fn joined(value: Node, span: Span) -> Node {
    Node::new(NodeKind::List(vec![Node::text("||", span), value]), span)
}

/// An export's name has 255 characters at most, and keeps its end, which tells it apart.
fn export_name(stack: &str, id: &LogicalId) -> String {
    const LONGEST: usize = 255;
    let name = format!("{stack}:{id}");
    name[name.len().saturating_sub(LONGEST)..].to_owned()
}

/// What others may refer to in a stack: resources, and parameters.
fn subjects(stack: &Finished) -> impl Iterator<Item = Subject> {
    let resources = stack.handles.iter().map(|it| Subject::Resource(*it, None));
    resources.chain(stack.sections.parameters.keys().map(|it| Subject::Parameter(it.clone())))
}

/// Whether a parameter of a stack is a list.
fn is_list(stack: &Finished, parameter: &str) -> bool {
    let kind = match stack.sections.parameters.get(parameter).map(|it| &it.value.kind) {
        Some(ExprKind::Object(entries)) => entries.get("Type").and_then(|it| it.value.as_str()),
        _ => None,
    };
    kind.is_some_and(|it| it == "CommaDelimitedList" || it.contains("List<"))
}

fn each_value(tree: &Tree, stack: &Finished, see: &mut dyn FnMut(&Expr<Handle>)) {
    for resource in stack.handles.iter().map(|it| tree.resource(*it)) {
        see(&resource.properties);
        resource.attributes.values().for_each(&mut *see);
    }
    let sections = &stack.sections;
    sections.description.iter().chain(&sections.transform).for_each(&mut *see);
    let maps = [
        &sections.metadata,
        &sections.parameters,
        &sections.rules,
        &sections.mappings,
        &sections.conditions,
        &sections.resource_loops,
        &sections.outputs,
    ];
    maps.into_iter().flat_map(|it| it.values()).for_each(|it| see(&it.value));
}

fn each_subject(value: &Expr<Handle>, see: &mut dyn FnMut(Subject, Span)) {
    match &value.kind {
        ExprKind::Ref(target) => see(Subject::Resource(*target, None), value.span),
        ExprKind::GetAtt(target, attribute) => {
            see(Subject::Resource(*target, Some(attribute.clone())), value.span);
        }
        ExprKind::Parameter(name) => see(Subject::Parameter(name.clone()), value.span),
        ExprKind::List(items) | ExprKind::Concat(items) => items.iter().for_each(|it| each_subject(it, see)),
        ExprKind::Object(map) => map.values().for_each(|it| each_subject(&it.value, see)),
        ExprKind::Absent
        | ExprKind::Bool(_)
        | ExprKind::Integer(_)
        | ExprKind::Float(_)
        | ExprKind::String(_)
        | ExprKind::Id(_) => (),
    }
}
