//! What stacks refer to in each other: an output in the one, a look-up in the other.
//!
//! Ids and names are those of the CDK (`cdk-contract`: an export is the construct `Exports/Output{…}`, a weak output
//! `Publish/Output{…}`), so that an app of the CDK's can be taken over while others import from it.

use std::{borrow::Cow, collections::BTreeMap};

use asi_constructs::kernel::{
    expr::{Expr, ExprKind},
    id::LogicalId,
    map::{Entry, Map},
    node::{Node, NodeKind},
    span::Span,
    tree::{Finished, Handle, References, Tree},
};

use super::{Ids, function};

/// A resource, or an attribute of one.
type Subject = (Handle, Option<Cow<'static, str>>);

/// What the stacks of a tree refer to in each other.
pub(super) struct Imports {
    stacks: Vec<Stack>,
    home: BTreeMap<Handle, usize>,
    exports: BTreeMap<Subject, Export>,
}

struct Stack {
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
    condition: Option<Node>,
    /// Who refers to it first.
    span: Span,
}

impl Imports {
    pub(super) fn new(tree: &Tree, ids: &Ids) -> Self {
        let stack = |it: &Finished| Stack {
            name: it.place.stack.clone(),
            references: it.place.references,
            region: it.place.region.clone(),
            exported: Vec::new(),
            needs: Vec::new(),
        };
        let homes = tree.finished.iter().enumerate();
        let mut imports = Self {
            stacks: tree.finished.iter().map(stack).collect(),
            home: homes.flat_map(|(at, it)| it.handles.iter().map(move |handle| (*handle, at))).collect(),
            exports: BTreeMap::new(),
        };
        for (at, stack) in tree.finished.iter().enumerate() {
            each_value(tree, stack, &mut |value| imports.collect(value, at, tree, ids));
        }
        imports
    }

    fn collect(&mut self, value: &Expr<Handle>, from: usize, tree: &Tree, ids: &Ids) {
        each_subject(value, &mut |subject, span| {
            let home = self.home[&subject.0];
            if home == from {
                return;
            }
            if !self.stacks[from].needs.contains(&home) {
                self.stacks[from].needs.push(home);
            }
            if !self.exports.contains_key(&subject) {
                self.exports.insert(subject.clone(), Export::new(&subject, span, tree, ids));
                self.stacks[home].exported.push(subject);
            }
        });
    }

    /// The stacks a stack refers to.
    pub(super) fn needs(&self, stack: usize) -> impl Iterator<Item = usize> {
        self.stacks[stack].needs.iter().copied()
    }

    /// Whether a resource is in a stack.
    pub(super) fn is_in(&self, target: Handle, stack: usize) -> bool {
        self.home.get(&target) == Some(&stack)
    }

    /// What a reference in the stack `from` becomes, if it is to another stack.
    pub(super) fn import(
        &self,
        from: usize,
        target: Handle,
        attribute: Option<&Cow<'static, str>>,
        span: Span,
    ) -> Option<Node> {
        let home = *self.home.get(&target).filter(|it| **it != from)?;
        let export = &self.exports[&(target, attribute.cloned())];
        let stack = &self.stacks[home];
        let text = |it: &str| Node::text(it.to_owned(), span);
        if stack.references == References::Strong {
            return Some(function("Fn::ImportValue", text(&export_name(&stack.name, &export.strong)), span));
        }
        let entries = [
            ("StackName", Some(text(&stack.name))),
            ("Region", stack.region.as_deref().map(text)),
            ("OutputName", Some(text(export.weak.as_str()))),
        ];
        let arguments = entries.into_iter().filter_map(|(key, it)| Some((Cow::Borrowed(key), it?))).collect();
        Some(function("Fn::GetStackOutput", arguments, span))
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
    fn new((handle, attribute): &Subject, span: Span, tree: &Tree, ids: &Ids) -> Self {
        let id = ids[handle].as_str();
        let text = |it: &str| Node::text(it.to_owned(), span);
        let (written, value) = match attribute {
            None => (format!("{{\"Ref\":\"{id}\"}}"), function("Ref", text(id), span)),
            Some(attribute) => {
                let parts = Node::new(NodeKind::List(vec![text(id), text(attribute)]), span);
                (
                    format!("{{\"Fn::GetAtt\":[\"{id}\",\"{attribute}\"]}}"),
                    function("Fn::GetAtt", parts, span),
                )
            }
        };
        let output = |scope: &str| {
            LogicalId::for_path([scope, &format!("Output{written}")]).expect("the path has letters")
        };
        let condition = tree.resource(*handle).attributes.get("Condition");
        Self {
            strong: output("Exports"),
            weak: output("Publish"),
            value,
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

/// An export's name has 255 characters at most, and keeps its end, which tells it apart.
fn export_name(stack: &str, id: &LogicalId) -> String {
    const LONGEST: usize = 255;
    let name = format!("{stack}:{id}");
    name[name.len().saturating_sub(LONGEST)..].to_owned()
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
        ExprKind::Ref(target) => see((*target, None), value.span),
        ExprKind::GetAtt(target, attribute) => see((*target, Some(attribute.clone())), value.span),
        ExprKind::List(items) | ExprKind::Concat(items) => items.iter().for_each(|it| each_subject(it, see)),
        ExprKind::Object(map) => map.values().for_each(|it| each_subject(&it.value, see)),
        ExprKind::Absent
        | ExprKind::Bool(_)
        | ExprKind::Integer(_)
        | ExprKind::Float(_)
        | ExprKind::String(_)
        | ExprKind::Id(_)
        | ExprKind::Parameter(_) => (),
    }
}
