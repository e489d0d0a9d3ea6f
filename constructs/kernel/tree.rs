//! The tree a stack file expands to: places with paths, resources in some of them, and what names stand for.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    mem,
};

use indexmap::IndexMap;

use super::{
    asset::{ImageAsset, ImageBuild},
    construct::{Built, Catalogued},
    diagnostic::Diagnostic,
    expr::{Expr, ExprKind},
    id::{ConstructPath, LogicalId, ResourceType, construct_id},
    lookup::Unanswered,
    map::Map,
    node::Node,
    span::Span,
};
use crate::choices;

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

/// Where in the app a stack stands.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The stack's name, as CloudFormation knows it.
    pub stack: String,
    /// Its name among the stacks of the app, if that is made of several.
    pub part: Option<String>,
    /// The environment that was chosen.
    pub environment: Option<String>,
    /// The account, if the stack is bound to one.
    pub account: Option<String>,
    /// The region, if the stack is bound to one.
    pub region: Option<String>,
    /// How other stacks of the app refer to what is in it.
    pub references: References,
}

choices! {
    /// How one stack refers to what is in another.
    pub enum References {
        /// By an export: CloudFormation keeps what is imported from changing, and from being deleted.
        Strong,
        /// By an output of the other stack, read when this one is deployed: each can change alone.
        Weak,
        /// By an output, while the exports stay: the step between `strong` and `weak`, deployed once.
        Both,
    }
}

impl Default for References {
    /// As the CDK does it.
    fn default() -> Self {
        Self::Strong
    }
}

/// Everything a stack file expands to: stacks, filled one after the other.
#[derive(Debug, Default)]
pub struct Tree {
    /// What was looked up in AWS, by the keys of the CDK's `cdk.context.json`.
    pub(super) context: Option<Node>,
    /// What nobody has looked up there.
    pub missing: Vec<Unanswered>,
    /// Which images are built, by how they are: what tells them from others.
    pub fingerprints: BTreeMap<ImageBuild, String>,
    /// The images of the stack that is being filled.
    pub(super) images: Vec<ImageAsset>,
    /// Where the stack stands that is being filled.
    pub place: Place,
    /// What the names in it stand for.
    pub names: IndexMap<String, Named>,
    /// What has another id in the tree than its name: by the name, the id, which is the name it was deployed under.
    pub moved: BTreeMap<String, String>,
    /// Whether the template may refer to what is not in the tree, because CloudFormation makes it at deployment: by
    /// a transform or a loop.
    pub open_names: bool,
    /// The parameters something refers to.
    pub used_parameters: BTreeSet<String>,
    /// Faults and warnings, beyond those that stopped a construct.
    pub diagnostics: Vec<Diagnostic>,
    /// The sections of its template beside its resources.
    pub sections: Sections,
    /// The stacks that are filled.
    pub finished: Vec<Finished>,
    /// What constructs have that no other may have: of what kind, what, and where that is written.
    pub(super) claims: Vec<(&'static str, Expr<Handle>, Span)>,
    resources: Vec<Resource>,
    nodes: Vec<TreeNode>,
    pub(super) root: usize,
}

/// A stack that is filled.
#[derive(Debug)]
pub struct Finished {
    /// Where it stands.
    pub place: Place,
    /// The sections of its template beside its resources.
    pub sections: Sections,
    /// Its resources, in the order of the tree.
    pub handles: Vec<Handle>,
    /// The images that are built for it.
    pub images: Vec<ImageAsset>,
    pub(super) names: IndexMap<String, Named>,
    pub(super) moved: BTreeMap<String, String>,
}

impl Finished {
    /// See [`Tree::as_named`].
    pub fn as_named(&self, path: &ConstructPath) -> ConstructPath {
        as_named(path, &self.moved)
    }
}

fn as_named(path: &ConstructPath, moved: &BTreeMap<String, String>) -> ConstructPath {
    let mut ids: Vec<&str> = path.components().collect();
    if let Some(id) = ids.get_mut(1)
        && let Some((name, _)) = moved.iter().find(|(_, it)| it == id)
    {
        *id = name;
        return ids.into_iter().fold(ConstructPath::default(), |path, id| path.join(id));
    }
    path.clone()
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

/// A place in the tree.
#[derive(Debug)]
struct TreeNode {
    path: ConstructPath,
    parent: usize,
    children: IndexMap<String, usize>,
    resource: Option<Handle>,
}

impl Tree {
    /// A tree with one stack, in which nothing is.
    pub fn new(place: Place) -> Self {
        let mut tree = Self::default();
        tree.begin(place);
        tree
    }

    /// A tree without stacks, in which what was looked up in AWS is known.
    pub fn knowing(context: Option<Node>) -> Self {
        Self { context, ..Self::default() }
    }

    /// Begins a stack, which may refer to those that are finished.
    pub fn begin(&mut self, place: Place) {
        let path = ConstructPath::default().join(&place.stack);
        self.root = self.nodes.len();
        self.nodes.push(TreeNode { path, parent: self.root, children: IndexMap::new(), resource: None });
        self.place = place;
    }

    /// Ends the stack that is being filled.
    pub fn end(&mut self) {
        let handles = self.handles();
        self.open_names = false;
        self.used_parameters.clear();
        self.finished.push(Finished {
            place: mem::take(&mut self.place),
            sections: mem::take(&mut self.sections),
            handles,
            images: mem::take(&mut self.images),
            names: mem::take(&mut self.names),
            moved: mem::take(&mut self.moved),
        });
    }

    /// What a name stands for: in the stack that is being filled, or, after the name of another and a point, in that.
    pub fn named(&self, text: &str) -> Option<&Named> {
        self.names.get(text).or_else(|| {
            let (part, name) = text.split_once('.')?;
            self.finished_part(part)?.names.get(name)
        })
    }

    /// The id in the tree of what is named `text`, and what else is made of its name; of something in another stack,
    /// after the name of that and a point.
    pub fn id_of(&self, text: &str) -> String {
        if let Some((part, name)) = text.split_once('.')
            && let Some(stack) = self.finished_part(part)
        {
            let id = stack.moved.get(name).map_or(name, String::as_str);
            return format!("{part}.{id}");
        }
        self.moved.get(text).map_or(text, String::as_str).to_owned()
    }

    /// A path in the stack that is being filled as its user knows it, who calls by another name what has moved.
    pub fn as_named(&self, path: &ConstructPath) -> ConstructPath {
        as_named(path, &self.moved)
    }

    /// The finished stack of this name among those of the app.
    pub(super) fn finished_part(&self, part: &str) -> Option<&Finished> {
        self.finished.iter().find(|it| it.place.part.as_deref() == Some(part))
    }

    /// The path of the stack.
    pub fn path(&self) -> &ConstructPath {
        &self.nodes[self.root].path
    }

    /// The resource a handle points at.
    pub fn resource(&self, handle: Handle) -> &Resource {
        &self.resources[handle.0 as usize]
    }

    /// The resource a handle points at, to change it.
    pub fn resource_mut(&mut self, handle: Handle) -> &mut Resource {
        &mut self.resources[handle.0 as usize]
    }

    /// All resources of the stack, in the order of the tree: each place before what is below it, neighbours in the
    /// order they came.
    pub fn handles(&self) -> Vec<Handle> {
        self.handles_below(self.root)
    }

    /// The resources at or below the place `path` leads to from the stack, if there is one. It begins with a name.
    pub fn handles_at(&self, path: &str) -> Option<Vec<Handle>> {
        let (name, below) = path.split_once('/').map_or((path, None), |(name, below)| (name, Some(below)));
        let place = *self.nodes[self.root].children.get(&construct_id(&self.id_of(name)))?;
        let mut below = below.into_iter().flat_map(|it| it.split('/'));
        let place = below.try_fold(place, |at, id| self.nodes[at].children.get(id).copied())?;
        Some(self.handles_below(place))
    }

    /// The paths of all resources below the construct `name`, as seen from it, and the resources.
    pub fn paths_below(&self, name: &str) -> Vec<(String, Handle)> {
        let base = self.path().join(&construct_id(&self.id_of(name)));
        let handles = self.handles_at(name).unwrap_or_default();
        handles.into_iter().filter_map(|it| Some((self.resource(it).path.below(&base)?, it))).collect()
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

    /// The place a resource's place lies in; nothing if that is in another stack.
    pub(super) fn parent_of(&self, resource: Handle) -> Option<usize> {
        let path = self.resource(resource).path.below(self.path())?;
        let at = path.split('/').fold(self.root, |at, id| self.nodes[at].children[id]);
        Some(self.nodes[at].parent)
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
