//! The tree a stack file expands to: places with paths, resources in some of them, and what names stand for.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use indexmap::IndexMap;

use super::{
    construct::{Built, Catalogued},
    diagnostic::Diagnostic,
    expr::{Expr, ExprKind},
    id::{ConstructPath, LogicalId, ResourceType, construct_id},
    map::Map,
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

impl Resource {
    /// The attributes it may have beside `Type`, `Properties` and `DependsOn`, in the order of the CDK.
    pub const ATTRIBUTES: [&'static str; 8] = [
        "CreationPolicy",
        "UpdatePolicy",
        "UpdateReplacePolicy",
        "DeletionPolicy",
        "Version",
        "Description",
        "Metadata",
        "Condition",
    ];
}

/// What a name in the stack file stands for.
#[derive(Debug)]
pub enum Named {
    /// A construct that is not built yet, or could not be, unless there is none of its type.
    Pending(Option<Catalogued>),
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
    /// What constructs have that no other may have: of what kind, what, and where that is written.
    pub(super) claims: Vec<(&'static str, Expr<Handle>, Span)>,
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

    /// The path of a place.
    pub(super) fn path_of(&self, at: usize) -> &ConstructPath {
        &self.nodes[at].path
    }

    /// The place a resource's place lies in.
    pub(super) fn parent_of(&self, resource: Handle) -> usize {
        let path = self.resource(resource).path.below(self.path()).expect("a resource lies below its stack");
        let at = path.split('/').fold(0, |at, id| self.nodes[at].children[id]);
        self.nodes[at].parent
    }

    /// The resource at the place `id` below another, if there is one.
    pub(super) fn resource_at(&self, at: usize, id: &str) -> Option<Handle> {
        let at = self.nodes[at].children.get(&construct_id(id))?;
        self.nodes[*at].resource
    }

    /// Puts a resource at a place; says whether it is the first there.
    pub(super) fn add(
        &mut self,
        at: usize,
        kind: ResourceType,
        properties: Expr<Handle>,
        origin: Span,
    ) -> (Handle, bool) {
        let handle = Handle(u32::try_from(self.resources.len()).expect("fewer than 2^32 resources"));
        let place = &mut self.nodes[at];
        let is_new = place.resource.replace(handle).is_none();
        self.resources.push(Resource {
            path: place.path.clone(),
            logical_id: None,
            kind,
            properties,
            depends_on: BTreeSet::new(),
            attributes: BTreeMap::new(),
            origin,
        });
        (handle, is_new)
    }

    /// The place `id` below another, opened or made.
    pub(super) fn child(&mut self, parent: usize, id: &str) -> usize {
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
