//! What the tests of constructs have in common: a stack of them, built from text.

use serde_json::{Map, Value, json};

use crate::{
    CATALOGUE,
    kernel::{
        diagnostic::{Diagnostic, has_errors},
        expr::{Expr, ExprKind},
        property::Reader,
        span::Sources,
        tree::{Handle, Named, Place, Tree},
        yaml::{self, Format},
    },
};

/// Constructs that were built, and what was said of them.
pub(crate) struct Stack {
    tree: Tree,
    diagnostics: Vec<Diagnostic>,
    sources: Sources,
}

/// Builds the constructs of `text`, each under its name, in the order written.
pub(crate) fn stack(text: &str) -> Stack {
    stack_at(Place::default(), text)
}

/// The same, in a stack that stands at `place`.
pub(crate) fn stack_at(place: Place, text: &str) -> Stack {
    let mut sources = Sources::default();
    let file = sources.add("asi.yaml", text);
    let (node, faults) = yaml::parse(text, file, Format::Yaml);
    let mut reader = Reader::new(faults);
    let mut tree = Tree::new(Place { stack: "Test".to_owned(), ..place });
    tree.names.insert("Param".to_owned(), Named::Parameter);
    for (name, entry) in node.as_ref().and_then(|it| it.as_map()).expect("constructs by name") {
        let kind = entry.value.get("type").and_then(|it| it.as_str()).expect("a type");
        let catalogued = CATALOGUE.iter().find(|it| it.kind == kind).expect("a kind of the catalogue");
        let mut properties = entry.value.clone();
        if let crate::kernel::node::NodeKind::Map(map) = &mut properties.kind {
            map.shift_remove("type");
        }
        tree.names.insert(name.to_string(), Named::Pending(Some(*catalogued)));
        let before = reader.diagnostics.len();
        let construct = (catalogued.read)(&properties, &mut reader);
        for fault in reader.diagnostics[before..].iter_mut().filter(|it| !it.span().is_written()) {
            *fault = fault.clone().at(entry.key);
        }
        let Some(construct) = construct else { continue };
        let mut faults = Vec::new();
        construct.check(&mut faults);
        reader.diagnostics.extend(faults.into_iter().map(|it| it.at(entry.key)));
        if has_errors(&reader.diagnostics) {
            continue;
        }
        match construct.build(&mut tree.open(name, entry.key)) {
            Ok(built) => drop(tree.names.insert(name.to_string(), Named::Construct(built))),
            Err(fault) => reader.report(fault.at(entry.key)),
        }
    }
    let mut diagnostics = reader.diagnostics;
    diagnostics.append(&mut tree.diagnostics);
    Stack { tree, diagnostics, sources }
}

impl Stack {
    /// Each fault and warning as `code at pointed text: message`.
    pub(crate) fn faults(&self) -> Vec<String> {
        let show = |it: &Diagnostic| {
            let at = self.sources.text(it.span()).unwrap_or("?").lines().next().unwrap_or_default();
            format!("{} at `{at}`: {}", it.code, it.message)
        };
        self.diagnostics.iter().map(show).collect()
    }

    /// The paths of all resources below the stack, with their types.
    pub(crate) fn resources(&self) -> Vec<(String, String)> {
        self.tree
            .handles()
            .into_iter()
            .map(|it| (self.path(it), self.tree.resource(it).kind.as_str().to_owned()))
            .collect()
    }

    /// The properties of the resource at `path`; a reference is shown as `${path}` or `${path.Attribute}`.
    #[track_caller]
    pub(crate) fn properties(&self, path: &str) -> Value {
        let handle = self.find(path);
        self.show(&self.tree.resource(handle).properties)
    }

    /// The attributes of the resource at `path` beside its properties, such as `DeletionPolicy`.
    #[track_caller]
    pub(crate) fn attributes(&self, path: &str) -> Value {
        let attributes = &self.tree.resource(self.find(path)).attributes;
        Value::Object(attributes.iter().map(|(key, it)| ((*key).to_owned(), self.show(it))).collect())
    }

    /// The paths of what the resource at `path` waits for.
    #[track_caller]
    pub(crate) fn depends_on(&self, path: &str) -> Vec<String> {
        self.tree.resource(self.find(path)).depends_on.iter().map(|it| self.path(*it)).collect()
    }

    /// The parameters that constructs have added.
    pub(crate) fn parameters(&self) -> Value {
        let parameters = self.tree.sections.parameters.iter();
        Value::Object(parameters.map(|(name, it)| (name.to_string(), self.show(&it.value))).collect())
    }

    /// What an attribute of a construct gives.
    #[track_caller]
    pub(crate) fn attribute(&self, construct: &str, name: &str) -> Value {
        let Some(Named::Construct(built)) = self.tree.names.get(construct) else {
            panic!("`{construct}` is not built: {:?}", self.faults())
        };
        let (_, value) = built.attributes.iter().find(|(it, _)| *it == name).expect("an attribute");
        self.show(value)
    }

    #[track_caller]
    fn find(&self, path: &str) -> Handle {
        let mut handles = self.tree.handles().into_iter();
        let found = handles.find(|it| self.path(*it) == path);
        found.unwrap_or_else(|| {
            panic!("no resource at `{path}`: {:#?} {:#?}", self.resources(), self.faults())
        })
    }

    fn path(&self, handle: Handle) -> String {
        self.tree.resource(handle).path.below(self.tree.path()).expect("it is in the stack")
    }

    fn show(&self, expr: &Expr<Handle>) -> Value {
        match &expr.kind {
            ExprKind::Absent => Value::Null,
            ExprKind::Bool(it) => json!(it),
            ExprKind::Integer(it) => json!(it),
            ExprKind::Float(it) => json!(it),
            ExprKind::String(it) => json!(it),
            ExprKind::List(items) => {
                items.iter().filter(|it| !it.is_absent()).map(|it| self.show(it)).collect()
            }
            ExprKind::Object(map) => {
                let entries = map.iter().filter(|(_, it)| !it.value.is_absent());
                Value::Object(
                    entries.map(|(key, it)| (key.to_string(), self.show(&it.value))).collect::<Map<_, _>>(),
                )
            }
            ExprKind::Ref(target) => json!(format!("${{{}}}", self.path(*target))),
            ExprKind::Id(target) => json!(self.path(*target)),
            ExprKind::GetAtt(target, name) => json!(format!("${{{}.{name}}}", self.path(*target))),
            ExprKind::Parameter(name) => json!(format!("${{{name}}}")),
            ExprKind::Concat(parts) => {
                let parts = parts.iter().map(|it| match self.show(it) {
                    Value::String(text) => text,
                    other => other.to_string(),
                });
                json!(parts.collect::<String>())
            }
        }
    }
}
