//! A template, its sections taken apart.
//!
//! Whatever has the wrong form is left out here; `sections` reports it.

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::kernel::{
    map::{Entry, Index, Map},
    node::Node,
};

use super::{
    Options,
    conditions::Conditions,
    embedded::{Embedded, Text},
    known::{Known, Resolved},
    needs::{Needs, needs, references},
    scenario::{Kept, Scenario, Scenarios},
    value::Value,
};

/// Something for each of some logical ids, in the order of the template.
pub(super) type ById<'t, T> = Index<&'t str, T>;

/// A template, its sections taken apart.
#[derive(Debug)]
pub(super) struct Document<'t> {
    /// All of it.
    pub root: &'t Node,
    /// All of it before its loops were written out.
    pub written: &'t Node,
    /// The parameters, by name.
    pub parameters: &'t Map<Node>,
    /// The mappings, by name.
    pub mappings: &'t Map<Node>,
    /// The conditions, and what can be said of them.
    pub conditions: Conditions<'t>,
    /// The resources, by logical id.
    pub resources: ById<'t, Resource<'t>>,
    /// What each resource needs of the others.
    pub needs: Needs<'t>,
    /// The outputs, by name.
    pub outputs: &'t Map<Node>,
    /// The transforms it names.
    pub transforms: Vec<&'t str>,
    /// The region it is validated for, if one is known.
    pub region: Option<&'t str>,
    /// The templates of nested stacks, by their paths.
    pub nested: &'t BTreeMap<String, Node>,
    /// The names that its conditions and rules ask for.
    asked_for: BTreeSet<&'t str>,
    known: &'t Known,
    scenarios: BTreeMap<&'t str, Scenarios<'t>>,
    embedded: Embedded,
    nothing: Scenario<'t>,
    kept: Kept,
    of_type: BTreeMap<&'t str, Vec<usize>>,
}

/// A resource of a template.
#[derive(Clone, Debug)]
pub(super) struct Resource<'t> {
    /// Its logical id.
    pub id: &'t str,
    /// All that stands under it.
    pub node: &'t Node,
    /// Its type, such as `AWS::ECS::Service`; empty if it has none.
    pub type_name: &'t str,
    /// Its properties as written, which may be a function.
    pub properties: Option<&'t Node>,
    /// The condition on which it is made.
    pub condition: Option<&'t str>,
}

impl<'t> Document<'t> {
    /// Takes `root` apart, which was `written` with loops; `known` says what its functions give.
    pub(super) fn new(root: &'t Node, written: &'t Node, known: &'t Known, options: &'t Options) -> Self {
        let mut resources = ById::default();
        let mut of_type: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (id, entry) in section(root, "Resources") {
            if let Some(resource) = Resource::new(id, entry) {
                of_type.entry(resource.type_name).or_default().push(resources.len());
                resources.insert(&**id, resource);
            }
        }
        let transforms = match root.get("Transform") {
            Some(node) => node.as_list().unwrap_or(std::slice::from_ref(node)),
            None => &[],
        };
        let conditions = Conditions::new(section(root, "Conditions"), section(root, "Parameters"));
        let scenarios = resources
            .values()
            .map(|it: &Resource<'t>| (it.id, conditions.scenarios(it.node, it.condition)))
            .collect();
        Self {
            root,
            written,
            parameters: section(root, "Parameters"),
            mappings: section(root, "Mappings"),
            conditions,
            needs: needs(&resources),
            resources,
            outputs: section(root, "Outputs"),
            transforms: transforms.iter().filter_map(Node::as_str).collect(),
            region: options.region.as_deref(),
            nested: &options.nested,
            asked_for: asked_for(root),
            known,
            scenarios,
            embedded: Embedded::new(root),
            nothing: Scenario::default(),
            kept: Kept::default(),
            of_type,
        }
    }

    /// The default of a parameter, if it is empty and no condition or rule asks whether it was given.
    pub(super) fn empty_default(&self, parameter: &str) -> Option<&'t Node> {
        let declared = &self.parameters.get(parameter)?.value;
        let default = declared.get("Default").filter(|it| it.as_str() == Some(""))?;
        let kind = declared.get("Type").and_then(Node::as_str)?;
        let is_name = kind.starts_with("AWS::SSM::Parameter::Value");
        (!is_name && !self.asked_for.contains(parameter)).then_some(default)
    }

    /// The resources of a type, in the order of the template.
    pub(super) fn of_type(&self, type_name: &str) -> impl Iterator<Item = &Resource<'t>> {
        self.of_type.get(type_name).into_iter().flatten().map(|at| &self.resources[*at])
    }

    /// The types of its resources, each once, sorted.
    pub(super) fn types(&self) -> impl Iterator<Item = &'t str> {
        self.of_type.keys().copied()
    }

    /// Whether a transform or a loop that is not known may add names to it.
    pub(super) fn is_open(&self) -> bool {
        /// What the language extensions do is known.
        const KNOWN: &str = "AWS::LanguageExtensions";
        let is_made = |key: &str| key == "Fn::Transform" || key.starts_with("Fn::ForEach");
        let has_macro = |name: &str| section(self.root, name).keys().any(|key| is_made(key));
        let is_transformed = self.root.get("Transform").is_some()
            && (self.transforms.is_empty() || self.transforms.iter().any(|it| *it != KNOWN));
        is_transformed
            || self.root.get("Fn::Transform").is_some()
            || has_macro("Resources")
            || has_macro("Conditions")
    }

    /// What a function gives, if that is known.
    pub(super) fn resolved(&self, function: &Node) -> Option<&'t Resolved> {
        self.known.of(function)
    }

    /// The document that is written in a text.
    pub(super) fn embedded(&self, text: &Node) -> Option<&Text> {
        self.embedded.of(text)
    }

    /// The scenario in which nothing is assumed.
    pub(super) fn nothing_assumed(&self) -> &Scenario<'t> {
        &self.nothing
    }

    /// The properties of a resource in the one scenario in which nothing is assumed: what depends on a condition
    /// is unknown.
    pub(super) fn properties(&'t self, resource: &Resource<'t>) -> Option<Value<'t>> {
        Value::new(self, self.nothing_assumed(), resource.properties?)
    }

    /// The scenarios in which what stands under `resource` differs, each with its conditions assumed.
    pub(super) fn scenarios(&self, resource: &Resource<'t>) -> &Scenarios<'t> {
        &self.scenarios[resource.id]
    }

    /// The properties of a resource in each of its scenarios.
    pub(super) fn views(&'t self, resource: &Resource<'t>) -> Vec<Value<'t>> {
        let properties = |it| Value::new(self, it, resource.properties?);
        self.scenarios(resource).list.iter().filter_map(properties).collect()
    }

    /// The properties of some resources in each of the scenarios in which all of them are made; none if there is
    /// no such scenario, or if one has no properties.
    pub(super) fn together<'a, const N: usize>(&'a self, resources: [&Resource<'t>; N]) -> Vec<[Value<'a>; N]>
    where
        't: 'a,
    {
        let nodes: Vec<&'t Node> = resources.iter().filter_map(|it| it.properties).collect();
        let assumed: Vec<&'t str> = resources.iter().filter_map(|it| it.condition).collect();
        let view = |scenario: &'a Scenario<'_>| {
            let values: Vec<_> = nodes.iter().filter_map(|it| Value::new(self, scenario, it)).collect();
            values.try_into().ok()
        };
        let are_few = resources.iter().all(|it| self.scenarios(it).is_complete);
        match are_few.then(|| self.conditions.together(&nodes, &assumed)).flatten() {
            Some(list) => list.iter().filter_map(|it| view(self.kept.keep(it))).collect(),
            // What is too much to tell apart is unknown.
            None => {
                let assumed: Vec<_> = assumed.iter().map(|it| (*it, true)).collect();
                let can_meet = self.conditions.can_be(&assumed);
                can_meet.then(|| view(self.nothing_assumed())).flatten().into_iter().collect()
            }
        }
    }

    /// Whether there can be a deployment with both.
    pub(super) fn can_meet(&self, one: &Resource<'t>, other: &Resource<'t>) -> bool {
        let wanted: Vec<_> = [one, other].iter().filter_map(|it| Some((it.condition?, true))).collect();
        self.conditions.can_be(&wanted)
    }

    /// The resource of a type that a value names by `Ref` or by one of its attributes.
    pub(super) fn named<'a>(&'a self, value: Value<'a>, type_name: &str) -> Option<&'a Resource<'t>> {
        self.resources.get(value.target()?.name).filter(|it| it.type_name == type_name)
    }
}

impl<'t> Resource<'t> {
    fn new(id: &'t str, entry: &'t Entry<Node>) -> Option<Self> {
        let node = &entry.value;
        node.as_map().filter(|_| !id.starts_with("Fn::"))?;
        let text = |key: &str| node.get(key).and_then(Node::as_str);
        Some(Self {
            id,
            node,
            type_name: text("Type").unwrap_or_default(),
            properties: node.get("Properties"),
            condition: text("Condition"),
        })
    }

    /// The logical ids it waits for by `DependsOn`.
    pub(super) fn depends_on(&self) -> impl Iterator<Item = (&'t str, &'t Node)> + use<'t> {
        let node = self.node.get("DependsOn");
        let items = node.map(|it| it.as_list().unwrap_or(std::slice::from_ref(it)));
        items.into_iter().flatten().filter_map(|it| Some((it.as_str()?, it)))
    }
}

/// The names in conditions and rules.
fn asked_for(root: &Node) -> BTreeSet<&str> {
    let mut found = Vec::new();
    for section in ["Conditions", "Rules"].into_iter().filter_map(|it| root.get(it)) {
        references(section, &mut found);
    }
    found.into_iter().map(|(name, _)| name).collect()
}

/// The entries of a section; none if it is absent or no mapping.
pub(super) fn section<'t>(root: &'t Node, name: &str) -> &'t Map<Node> {
    static NONE: std::sync::LazyLock<Map<Node>> = std::sync::LazyLock::new(Map::default);
    root.get(name).and_then(Node::as_map).unwrap_or(&NONE)
}
