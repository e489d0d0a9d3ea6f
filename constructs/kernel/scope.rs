//! The tree a stack file expands to, and the view of it a construct is given.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use indexmap::IndexMap;

use super::{
    construct::{Built, Construct},
    diagnostic::{Diagnostic, nearest},
    expr::{Expr, ExprKind},
    id::{ConstructPath, LogicalId, ResourceType, construct_id, unique_id},
    link::{Link, Target},
    map::Map,
    name::{Name, Value},
    property::Text,
    span::Span,
};

/// A resource that is in the tree. Only a [`Tree`] makes one, so a handle always points at something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(u32);

impl Handle {
    /// What `Ref` gives for it.
    pub fn reference(self) -> Expr<Self> {
        Expr::reference(self)
    }

    /// What `Fn::GetAtt` gives for it.
    pub fn attribute(self, name: &'static str) -> Expr<Self> {
        ExprKind::GetAtt(self, Cow::Borrowed(name)).into()
    }
}

/// A resource before it has a logical id.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its path, from which its logical id is made.
    pub path: ConstructPath,
    /// The logical id the user chose for it; otherwise it follows from the path.
    pub logical_id: Option<LogicalId>,
    /// Its type.
    pub kind: ResourceType,
    /// Its `Properties`.
    pub properties: Expr<Handle>,
    /// The resources that have to be there before it.
    pub depends_on: BTreeSet<Handle>,
    /// Its other attributes by their key, such as `DeletionPolicy`.
    pub attributes: BTreeMap<&'static str, Expr<Handle>>,
    /// The text in the stack file that caused it.
    pub origin: Span,
}

/// What a name in the stack file stands for.
#[derive(Debug)]
pub enum Named {
    /// A construct that is not built yet, or could not be.
    Pending,
    /// The construct that is being built.
    Building,
    /// A construct.
    Construct(Built),
    /// A resource under `resources`.
    Resource(Handle),
    /// A parameter of the template.
    Parameter,
}

/// Where in the app the tree stands.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The stack's name.
    pub stack: String,
    /// The environment that was chosen.
    pub environment: Option<String>,
    /// The region, if the stack is bound to one.
    pub region: Option<String>,
}

/// Everything a stack file expands to.
#[derive(Debug)]
pub struct Tree {
    /// Where it stands.
    pub place: Place,
    /// What the names in the stack file stand for.
    pub names: IndexMap<String, Named>,
    /// Whether the template may refer to what is not in the tree, because CloudFormation makes it at deployment: by
    /// a transform or a loop.
    pub open_names: bool,
    /// The parameters something refers to.
    pub used_parameters: BTreeSet<String>,
    /// Faults and warnings, beyond those that stopped a construct.
    pub diagnostics: Vec<Diagnostic>,
    /// The sections of the template beside its resources.
    pub sections: Sections,
    claims: Vec<(&'static str, Expr<Handle>, Span)>,
    resources: Vec<Resource>,
    nodes: Vec<TreeNode>,
}

/// The sections of a template beside its resources, written as CloudFormation has them.
#[derive(Debug, Default)]
pub struct Sections {
    /// Tags for everything in the stack; the deployment's, and not in the template.
    pub tags: IndexMap<String, String>,
    /// What the stack is, for people.
    pub description: Option<Expr<Handle>>,
    /// Macros that CloudFormation runs over the template.
    pub transform: Option<Expr<Handle>>,
    /// Anything, for programs.
    pub metadata: Map<Expr<Handle>>,
    /// Parameters, given at deployment.
    pub parameters: Map<Expr<Handle>>,
    /// Rules over parameters.
    pub rules: Map<Expr<Handle>>,
    /// Tables of values.
    pub mappings: Map<Expr<Handle>>,
    /// Conditions.
    pub conditions: Map<Expr<Handle>>,
    /// Loops that make resources: `Fn::ForEach::Name` and what it repeats.
    pub resource_loops: Map<Expr<Handle>>,
    /// Outputs.
    pub outputs: Map<Expr<Handle>>,
}

/// A place in the tree. Number 0 is the stack.
#[derive(Debug)]
struct TreeNode {
    path: ConstructPath,
    parent: usize,
    children: IndexMap<String, usize>,
    resource: Option<Handle>,
}

impl Tree {
    /// A tree with nothing in it.
    pub fn new(place: Place) -> Self {
        let path = ConstructPath::default().join(&place.stack);
        let root = TreeNode { path, parent: 0, children: IndexMap::new(), resource: None };
        Self {
            place,
            names: IndexMap::new(),
            open_names: false,
            used_parameters: BTreeSet::new(),
            diagnostics: Vec::new(),
            sections: Sections::default(),
            claims: Vec::new(),
            resources: Vec::new(),
            nodes: vec![root],
        }
    }

    /// The path of the stack.
    pub fn path(&self) -> &ConstructPath {
        &self.nodes[0].path
    }

    /// The resource a handle points at.
    pub fn resource(&self, handle: Handle) -> &Resource {
        &self.resources[handle.0 as usize]
    }

    /// The resource a handle points at, to change it.
    pub fn resource_mut(&mut self, handle: Handle) -> &mut Resource {
        &mut self.resources[handle.0 as usize]
    }

    /// All resources, in the order of the tree: each place before what is below it, neighbours in the
    /// order they came.
    pub fn handles(&self) -> Vec<Handle> {
        self.handles_below(0)
    }

    /// The resources at or below the place `path` leads to from the stack, if there is one.
    pub fn handles_at(&self, path: &str) -> Option<Vec<Handle>> {
        let place = path.split('/').try_fold(0, |at, id| self.nodes[at].children.get(id).copied())?;
        Some(self.handles_below(place))
    }

    /// The paths of all resources below the construct `id`, as seen from it.
    pub fn paths_below(&self, id: &str) -> Vec<String> {
        let base = self.path().join(&construct_id(id));
        let handles = self.handles_at(&construct_id(id)).unwrap_or_default();
        handles.iter().filter_map(|it| self.resource(*it).path.below(&base)).collect()
    }

    fn handles_below(&self, place: usize) -> Vec<Handle> {
        let mut found = Vec::new();
        let mut rest = vec![place];
        while let Some(at) = rest.pop() {
            found.extend(self.nodes[at].resource);
            rest.extend(self.nodes[at].children.values().rev());
        }
        found
    }

    /// Opens the place of a construct of the stack file, written at `origin`.
    pub fn open(&mut self, id: &str, origin: Span) -> Scope<'_> {
        let at = self.child(0, id);
        Scope { tree: self, at, origin }
    }

    /// Replaces the names in `value` by what they stand for.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] for each name that stands for nothing.
    pub fn resolve(&mut self, value: Value) -> Result<Expr<Handle>, Vec<Diagnostic>> {
        let mut faults = Vec::new();
        let mut used = Vec::new();
        let resolved = value.map_refs(&mut |name, attribute, span| {
            self.lookup(&name, attribute, &mut used).unwrap_or_else(|fault| {
                faults.push(fault.at(name.span.or(span)));
                Expr::ABSENT
            })
        });
        self.used_parameters.extend(used);
        check_parts(&resolved, &mut faults);
        if faults.is_empty() { Ok(resolved) } else { Err(faults) }
    }

    fn lookup(
        &self,
        name: &Name,
        attribute: Option<Cow<'static, str>>,
        used: &mut Vec<String>,
    ) -> Result<Expr<Handle>, Diagnostic> {
        let is_parameter = |it: &str| matches!(self.names.get(it), Some(Named::Parameter));
        match (name.text.as_str(), attribute) {
            ("env", None) => match &self.place.environment {
                Some(environment) => Ok(environment.clone().into()),
                None => Err(Diagnostic::error(
                    "no-environment",
                    "`${env}` stands for nothing: no environment is chosen",
                )
                .help("choose one with `-e`")),
            },
            ("param", Some(parameter)) => {
                if !is_parameter(&parameter) {
                    let known = self.names.keys().map(String::as_str).filter(|it| is_parameter(it));
                    let fault = Diagnostic::error(
                        "unknown-parameter",
                        format!("there is no parameter `{parameter}`"),
                    );
                    return Err(fault.suggest(&parameter, known));
                }
                used.push(parameter.to_string());
                Ok(ExprKind::Parameter(parameter).into())
            }
            (text, attribute) => match (self.names.get(text), attribute) {
                (None, attribute) if self.open_names => Ok(match attribute {
                    None => ExprKind::Parameter(Cow::Owned(text.to_owned())).into(),
                    Some(attribute) => Expr::function(
                        "Fn::GetAtt",
                        vec![Expr::from(text.to_owned()), ExprKind::String(attribute).into()],
                    ),
                }),
                (None, attribute) => Err(self.unknown(text, attribute.as_deref())),
                (Some(Named::Parameter), None) => {
                    used.push(text.to_owned());
                    Ok(ExprKind::Parameter(Cow::Owned(text.to_owned())).into())
                }
                (Some(Named::Parameter), Some(attribute)) => Err(Diagnostic::error(
                    "unknown-attribute",
                    format!("`{text}` is a parameter and has no attribute `{attribute}`"),
                )
                .help(format!("use `${{param.{text}}}`"))),
                (Some(Named::Resource(handle)), None) => Ok(handle.reference()),
                (Some(Named::Resource(handle)), Some(attribute)) => {
                    Ok(ExprKind::GetAtt(*handle, attribute).into())
                }
                (Some(Named::Construct(built)), attribute) => {
                    built_attribute(text, built, attribute.as_deref())
                }
                // Its own faults have been reported.
                (Some(Named::Pending), _) => Ok(Expr::ABSENT),
                (Some(Named::Building), _) => Err(refers_to_itself(text)),
            },
        }
    }

    fn unknown(&self, text: &str, attribute: Option<&str>) -> Diagnostic {
        let known: Vec<&str> = self.names.keys().map(String::as_str).collect();
        let whole = attribute.map_or_else(|| text.to_owned(), |it| format!("{text}.{it}"));
        let fault = Diagnostic::error("unknown-name", format!("`{whole}` refers to nothing in this stack"));
        if is_shell_variable(text) && nearest(text, &known).is_none() {
            return fault.help(format!(
                "if a variable of the shell is meant, write `$${{{whole}}}`, and inside of `!Sub` `${{!{whole}}}`"
            ));
        }
        fault.suggest(text, known)
    }

    fn child(&mut self, parent: usize, id: &str) -> usize {
        let id = construct_id(id);
        if let Some(at) = self.nodes[parent].children.get(&id) {
            return *at;
        }
        let at = self.nodes.len();
        let path = self.nodes[parent].path.join(&id);
        self.nodes.push(TreeNode { path, parent, children: IndexMap::new(), resource: None });
        self.nodes[parent].children.insert(id, at);
        at
    }
}

fn built_attribute(text: &str, built: &Built, attribute: Option<&str>) -> Result<Expr<Handle>, Diagnostic> {
    let found = match attribute {
        None => built.attributes.first(),
        Some(attribute) => built.attributes.iter().find(|(name, _)| *name == attribute),
    };
    match found {
        Some((_, value)) if !value.is_absent() => Ok(value.clone()),
        Some((name, _)) => {
            Err(Diagnostic::error("unknown-attribute", format!("this `{text}` has no `{name}`"))
                .help(format!("look at its properties: `asi explain {}`", built.kind)))
        }
        None => {
            let attribute = attribute.unwrap_or_default();
            let known =
                built.attributes.iter().filter(|(_, value)| !value.is_absent()).map(|(name, _)| *name);
            let fault = format!("`{text}` is a {} and has no attribute `{attribute}`", built.kind);
            Err(Diagnostic::error("unknown-attribute", fault).suggest(attribute, known))
        }
    }
}

/// Whether it begins with a name such as shells write: `HOME`, or `TAG:-latest`.
fn is_shell_variable(text: &str) -> bool {
    let end = text.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(text.len());
    end > 0 && !text[..end].contains(|it: char| it.is_ascii_lowercase())
}

fn refers_to_itself(name: &str) -> Diagnostic {
    Diagnostic::error("reference-cycle", format!("`{name}` refers to itself"))
        .help("take the reference out, or write its value out")
}

fn list_in_text(span: Span) -> Diagnostic {
    Diagnostic::error("list-in-text", "a list cannot stand where text is due")
        .at(span)
        .help("join it first, as in `!Join [\",\", \"${net.publicSubnetIds}\"]`")
}

/// A list cannot stand inside a text.
fn check_parts(value: &Expr<Handle>, faults: &mut Vec<Diagnostic>) {
    match &value.kind {
        ExprKind::Concat(parts) if parts.iter().any(|it| matches!(it.kind, ExprKind::List(_))) => {
            faults.push(list_in_text(value.span));
        }
        ExprKind::List(items) => items.iter().for_each(|it| check_parts(it, faults)),
        ExprKind::Object(map) => map.values().for_each(|it| check_parts(&it.value, faults)),
        _ => (),
    }
}

/// One place in the tree, open for a construct to fill.
#[derive(Debug)]
pub struct Scope<'tree> {
    tree: &'tree mut Tree,
    at: usize,
    origin: Span,
}

impl Scope<'_> {
    /// Its path.
    pub fn path(&self) -> &ConstructPath {
        &self.tree.nodes[self.at].path
    }

    /// Where the stack stands.
    pub fn place(&self) -> &Place {
        &self.tree.place
    }

    /// The name that is unique in the app, and stable: what the CDK calls `Names.uniqueId`.
    pub fn unique_id(&self) -> String {
        unique_id(self.path())
    }

    /// Adds a resource under this place. The id has to be new here.
    pub fn resource(&mut self, id: &str, kind: ResourceType, properties: Expr<Handle>) -> Handle {
        let handle = Handle(u32::try_from(self.tree.resources.len()).expect("fewer than 2^32 resources"));
        let at = self.tree.child(self.at, id);
        let path = self.tree.nodes[at].path.clone();
        if self.tree.nodes[at].resource.replace(handle).is_some() {
            let fault = format!("there is already a resource at `{path}`");
            self.report(
                Diagnostic::error("duplicate-id", fault).at(self.origin).help("rename one of the two"),
            );
        }
        self.tree.resources.push(Resource {
            path,
            logical_id: None,
            kind,
            properties,
            depends_on: BTreeSet::new(),
            attributes: BTreeMap::new(),
            origin: self.origin,
        });
        handle
    }

    /// The place `id` below this one, opened or made.
    pub fn child(&mut self, id: &str) -> Scope<'_> {
        let at = self.tree.child(self.at, id);
        Scope { tree: self.tree, at, origin: self.origin }
    }

    /// The resource `id` at this place, if it has been added.
    pub fn handle(&self, id: &str) -> Option<Handle> {
        let at = self.tree.nodes[self.at].children.get(&construct_id(id))?;
        self.tree.nodes[*at].resource
    }

    /// The place `resource` stands in, for what belongs beside it; still caused by this construct.
    pub fn beside(&mut self, resource: Handle) -> Scope<'_> {
        let stack = self.tree.path().clone();
        let path = self.tree.resource(resource).path.below(&stack).expect("a resource lies below its stack");
        let at = path.split('/').fold(0, |at, id| self.tree.nodes[at].children[id]);
        let at = self.tree.nodes[at].parent;
        Scope { tree: self.tree, at, origin: self.origin }
    }

    /// Fixes the order of what comes below this place, whatever is added first: a template has its resources in
    /// the order of the tree, and the CDK often makes first what it needs last.
    pub fn arrange(&mut self, ids: &[&str]) {
        for id in ids {
            self.tree.child(self.at, id);
        }
    }

    /// Says that what is added now was caused by the text at `span`.
    #[must_use]
    pub fn caused_by(mut self, span: Span) -> Self {
        self.origin = span.or(self.origin);
        self
    }

    /// Expands another construct at the place `id` below this one.
    pub fn expand<C: Construct>(&mut self, id: &str, construct: &C) -> Result<C::Exports, Diagnostic> {
        construct.build(&mut self.child(id))
    }

    /// A resource that was added, to change it.
    pub fn edit(&mut self, resource: Handle) -> &mut Resource {
        self.tree.resource_mut(resource)
    }

    /// Makes `resource` wait for `others`.
    pub fn depend(&mut self, resource: Handle, others: impl IntoIterator<Item = Handle>) {
        self.edit(resource).depends_on.extend(others);
    }

    /// Says what becomes of `resource` when it is deleted or replaced: `Retain`, `Delete`, or `Snapshot`.
    pub fn removal_policy(&mut self, resource: Handle, policy: &'static str) {
        let attributes = &mut self.edit(resource).attributes;
        attributes.insert("DeletionPolicy", policy.into());
        attributes.insert("UpdateReplacePolicy", policy.into());
    }

    /// What a construct elsewhere in the stack exports, or offers.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] if there is no such construct, or it is of another kind.
    pub fn find<T: Target>(&self, link: &Link<T>) -> Result<T, Diagnostic> {
        let text = &link.name.text;
        let advise = |fault: Diagnostic| match self.offering::<T>().as_slice() {
            [] => fault.help(format!("add {} to the stack", T::WHAT)),
            known => fault.suggest(text, known.iter().copied()),
        };
        let wrong = |what: &str| {
            let fault = format!("`{text}` is {what}; {} is needed here", T::WHAT);
            advise(Diagnostic::error("wrong-kind", fault).at(link.name.span))
        };
        match self.tree.names.get(text) {
            Some(named @ Named::Construct(built)) => {
                offered::<T>(named).cloned().ok_or_else(|| wrong(&format!("a {}", built.kind)))
            }
            Some(Named::Resource(_)) => Err(wrong("a resource")),
            Some(Named::Parameter) => Err(wrong("a parameter")),
            Some(Named::Building) => Err(refers_to_itself(text).at(link.name.span)),
            Some(Named::Pending) | None => {
                let fault = Diagnostic::error("unknown-name", format!("there is no construct `{text}`"));
                Err(advise(fault.at(link.name.span)))
            }
        }
    }

    /// Whether `name` is a construct that gives a `T`.
    pub fn get<T: Target>(&self, name: &str) -> Option<T> {
        offered::<T>(self.tree.names.get(name)?).cloned()
    }

    /// The names of the constructs that give a `T`.
    pub fn offering<T: Target>(&self) -> Vec<&str> {
        let names = self.tree.names.iter().filter(|(_, it)| offered::<T>(it).is_some());
        names.map(|(name, _)| name.as_str()).collect()
    }

    /// Claims `subject` for one `what`, such as a load balancer for its firewall, by the text at `span`.
    ///
    /// # Errors
    ///
    /// The place of the text that has claimed it before.
    pub fn claim(&mut self, what: &'static str, subject: Expr<Handle>, span: Span) -> Result<(), Span> {
        let mut claims = self.tree.claims.iter();
        if let Some((.., before)) = claims.find(|(kind, it, _)| *kind == what && *it == subject) {
            return Err(*before);
        }
        self.tree.claims.push((what, subject, span));
        Ok(())
    }

    /// The value of a text, its references resolved. A reference to nothing is reported, and gives nothing.
    pub fn text(&mut self, text: &Text) -> Expr<Handle> {
        let value = self.value(&text.0);
        if matches!(value.kind, ExprKind::List(_)) {
            self.report(list_in_text(text.span()));
            return Expr::ABSENT;
        }
        value
    }

    /// A value, its references resolved. A reference to nothing is reported, and gives nothing.
    pub fn value(&mut self, value: &Value) -> Expr<Handle> {
        match self.tree.resolve(value.clone()) {
            Ok(value) => value,
            Err(faults) => {
                faults.into_iter().for_each(|it| self.report(it));
                Expr::ABSENT
            }
        }
    }

    /// Reports a fault or a warning, and goes on.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        let path = self.path().clone();
        self.tree.diagnostics.push(diagnostic.at(self.origin).within(&path));
    }
}

fn offered<T: Target>(named: &Named) -> Option<&T> {
    match named {
        Named::Construct(built) => built.offers.iter().find_map(|it| it.downcast_ref::<T>()),
        Named::Pending | Named::Building | Named::Resource(_) | Named::Parameter => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{name::interpolate, property::Reader};

    #[test]
    fn knows_a_variable_of_the_shell_from_a_misspelt_name() {
        let help = |text: &str| {
            let mut tree = Tree::new(Place::default());
            tree.names.insert("site".to_owned(), Named::Pending);
            let value = interpolate(text, Span::NOWHERE, &mut Reader::default());
            tree.resolve(value).unwrap_err().remove(0).help.unwrap_or_default()
        };
        let escaped = |name| {
            format!(
                "if a variable of the shell is meant, write `$${{{name}}}`, and inside of `!Sub` `${{!{name}}}`"
            )
        };
        assert_eq!(help("${HOME}"), escaped("HOME"));
        assert_eq!(help("${TAG:-1.0}"), escaped("TAG:-1.0"));
        assert_eq!(help("${sit}"), "did you mean `site`?");
        assert_eq!(help("${home}"), "use `site`");
    }
}
