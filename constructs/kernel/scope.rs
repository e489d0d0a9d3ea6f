//! The view of the tree that a construct is given: one place, open to be filled.

use super::{
    asset::{ImageAsset, ImageBuild},
    construct::Construct,
    diagnostic::Diagnostic,
    expr::{Expr, ExprKind},
    id::{ConstructPath, LogicalId, ResourceType, construct_id, unique_id},
    link::{Link, Target},
    lookup::{Missing, Unanswered},
    map::Entry,
    name::{Name, Value},
    node::Node,
    property::Text,
    references::{list_in_text, refers_to_itself},
    span::Span,
    tree::{Handle, Named, Place, Resource, Tree},
};

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
        self.tree.path_of(self.at)
    }

    /// Where the stack stands.
    pub fn place(&self) -> &Place {
        &self.tree.place
    }

    /// What was looked up in AWS under this key of the CDK's `cdk.context.json`.
    pub fn looked_up(&self, key: &str) -> Option<&Node> {
        self.tree.context.as_ref()?.get(key)
    }

    /// Keeps in mind that nobody has looked this up.
    pub(super) fn miss(&mut self, missing: Missing, span: Span) {
        let path = self.tree.as_named(self.path());
        self.tree.missing.push(Unanswered { missing, span, path });
    }

    /// The name under which the environment of the stack was bootstrapped, which the CDK keeps in its context.
    pub fn qualifier(&self) -> String {
        let chosen = self.looked_up("@aws-cdk/core:bootstrapQualifier").and_then(Node::as_str);
        chosen.unwrap_or("hnb659fds").to_owned()
    }

    /// The tag of an image that is built for the stack, as somebody asks for it at `span`.
    pub fn image(&mut self, build: ImageBuild, span: Span) -> String {
        if let Some(known) = self.tree.images.iter().find(|it| it.build == build) {
            return known.tag();
        }
        let hash = self.tree.fingerprints.get(&build).cloned();
        let path = self.path().components().skip(1).collect::<Vec<_>>().join("/");
        let image = ImageAsset { build, hash, qualifier: self.qualifier(), path, span };
        let tag = image.tag();
        self.tree.images.push(image);
        tag
    }

    /// The name that is unique in the app, and stable: what the CDK calls `Names.uniqueId`.
    pub fn unique_id(&self) -> String {
        unique_id(self.path())
    }

    /// What is made of the name of another construct, and stays when that is renamed.
    pub fn id_of(&self, name: &Name) -> String {
        self.tree.id_of(&name.text)
    }

    /// Adds a resource under this place. The id has to be new here.
    pub fn resource(&mut self, id: &str, kind: ResourceType, properties: Expr<Handle>) -> Handle {
        let at = self.tree.child(self.at, id);
        let (handle, is_new) = self.tree.add(at, kind, properties, self.origin);
        if !is_new {
            let fault =
                format!("there is already a resource at `{}`", self.tree.as_named(self.tree.path_of(at)));
            self.report(
                Diagnostic::error("duplicate-id", fault).at(self.origin).help("rename one of the two"),
            );
        }
        handle
    }

    /// What a parameter of the template gives: that at `id` below the stack, which is added unless it is there. All
    /// of a stack who ask for the same share it; so do they with a parameter of the user's own of the same name.
    ///
    /// # Panics
    ///
    /// If nothing of `id` may stand in the name of a parameter.
    pub fn parameter(&mut self, id: &str, parameter: Expr<Handle>) -> Expr<Handle> {
        let name = LogicalId::for_path([construct_id(id).as_str()]).expect("an id has letters").to_string();
        let parameters = &mut self.tree.sections.parameters;
        if !parameters.contains_key(name.as_str()) {
            parameters.insert(name.clone().into(), Entry { key: self.origin, value: parameter });
        }
        self.tree.used_parameters.insert(name.clone());
        ExprKind::Parameter(name.into()).into()
    }

    /// The place `id` below this one, opened or made.
    pub fn child(&mut self, id: &str) -> Scope<'_> {
        let at = self.tree.child(self.at, id);
        Scope { tree: self.tree, at, origin: self.origin }
    }

    /// The resource `id` at this place, if it has been added.
    pub fn handle(&self, id: &str) -> Option<Handle> {
        self.tree.resource_at(self.at, id)
    }

    /// The place `resource` stands in, for what belongs beside it; still caused by this construct. For a resource of
    /// another stack, this place: what that stack is does not depend on who uses it.
    pub fn beside(&mut self, resource: Handle) -> Scope<'_> {
        let at = self.tree.parent_of(resource).unwrap_or(self.at);
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
            known => fault.suggest(text, known.iter().map(String::as_str)),
        };
        let wrong = |what: &str| {
            let fault = format!("`{text}` is {what}; {} is needed here", T::WHAT);
            advise(Diagnostic::error("wrong-kind", fault).at(link.name.span))
        };
        match self.tree.named(text) {
            Some(named @ Named::Construct(built)) => {
                offered::<T>(named).cloned().ok_or_else(|| wrong(&format!("a {}", built.kind)))
            }
            Some(Named::Resource(_)) => Err(wrong("a resource")),
            Some(Named::Parameter) => Err(wrong("a parameter")),
            Some(Named::Building) => Err(refers_to_itself(text).at(link.name.span)),
            Some(Named::Pending(_)) | None => {
                let fault = Diagnostic::error("unknown-name", format!("there is no construct `{text}`"));
                Err(advise(fault.at(link.name.span)))
            }
        }
    }

    /// Whether `name` is a construct that gives a `T`.
    pub fn get<T: Target>(&self, name: &str) -> Option<T> {
        offered::<T>(self.tree.named(name)?).cloned()
    }

    /// The names of the constructs that give a `T`.
    pub fn offering<T: Target>(&self) -> Vec<String> {
        let offers = |(_, named): &(&String, &Named)| offered::<T>(named).is_some();
        let own = self.tree.names.iter().filter(offers).map(|(name, _)| name.clone());
        let others = self.tree.finished.iter().flat_map(|stack| {
            let part = stack.place.part.as_deref().unwrap_or_default();
            stack.names.iter().filter(offers).map(move |(name, _)| format!("{part}.{name}"))
        });
        own.chain(others).collect()
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

    /// The same of a text that something may be wrong with. A literal has been looked at before; what is put together of
    /// `${env}` and the like is known only now.
    pub fn checked_text(&mut self, text: &Text, fault: fn(&str) -> Option<Diagnostic>) -> Expr<Handle> {
        let value = self.text(text);
        if let Some(fault) = value.as_str().filter(|_| text.literal().is_none()).and_then(fault) {
            self.report(fault.at(text.span()));
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
        let path = self.tree.as_named(self.path());
        self.tree.diagnostics.push(diagnostic.at(self.origin).within(&path));
    }
}

impl Tree {
    /// Opens the place of what the stack file calls `name`, written at `origin`.
    pub fn open(&mut self, name: &str, origin: Span) -> Scope<'_> {
        let at = self.child(self.root, &self.id_of(name));
        Scope { tree: self, at, origin }
    }
}

fn offered<T: Target>(named: &Named) -> Option<&T> {
    match named {
        Named::Construct(built) => built.offers.iter().find_map(|it| it.downcast_ref::<T>()),
        Named::Pending(_) | Named::Building | Named::Resource(_) | Named::Parameter => None,
    }
}
