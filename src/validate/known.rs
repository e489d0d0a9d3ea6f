//! What the functions of a template give, as far as that can be known before it is deployed.

use std::{borrow::Cow, collections::BTreeMap};

use asi_constructs::kernel::{
    map::Map,
    node::{Node, NodeKind},
    span::Span,
};

use super::{
    cidr::Range,
    document::section,
    substitution::{Part, parts},
    value::{scalar, target},
};

/// How many values of one function are kept.
const MOST_VALUES: usize = 24;

/// What a function gives.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    /// The values it can give: one, or those of a parameter that takes several.
    pub values: Vec<Node>,
    /// Whether it gives this value whatever the parameters and wherever it is deployed.
    pub is_certain: bool,
    /// Whether nobody may see the values.
    pub is_secret: bool,
}

/// The functions of a template of which something is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By the address of the function's node. The template is not changed as long as this is used.
    of: BTreeMap<usize, Resolved>,
}

impl Known {
    /// Evaluates the functions of `root` for a deployment to `region`, or to any.
    pub(super) fn new(root: &Node, region: Option<&str>) -> Self {
        let mut evaluator = Evaluator {
            parameters: section(root, "Parameters"),
            mappings: section(root, "Mappings"),
            resources: section(root, "Resources"),
            region,
            known: Self::default(),
        };
        for name in ["Conditions", "Resources", "Outputs"] {
            if let Some(section) = root.get(name) {
                evaluator.visit(section);
            }
        }
        evaluator.known
    }

    /// What `function` gives, if that is known.
    pub(super) fn of(&self, function: &Node) -> Option<&Resolved> {
        self.of.get(&address(function))
    }
}

fn address(node: &Node) -> usize {
    std::ptr::from_ref(node).addr()
}

struct Evaluator<'t> {
    parameters: &'t Map<Node>,
    mappings: &'t Map<Node>,
    resources: &'t Map<Node>,
    region: Option<&'t str>,
    known: Known,
}

impl Evaluator<'_> {
    /// Evaluates what stands in `node`, the innermost first.
    fn visit(&mut self, node: &Node) {
        node.children().for_each(|it| self.visit(it));
        if let Some((function, argument)) = node.as_single()
            && let Some(mut resolved) = self.evaluate(function, argument)
        {
            resolved.values.truncate(MOST_VALUES);
            if !resolved.values.is_empty() {
                self.known.of.insert(address(node), resolved);
            }
        }
    }

    fn evaluate(&self, function: &str, argument: &Node) -> Option<Resolved> {
        let items = argument.as_list().unwrap_or_default();
        match (function, items) {
            ("Ref", _) => self.reference(argument.as_str()?),
            ("Fn::Sub", [text, variables]) => self.substitute(text.as_str()?, variables.as_map()),
            ("Fn::Sub", _) => self.substitute(argument.as_str()?, None),
            ("Fn::Join", [delimiter, list]) => {
                let delimiter = delimiter.as_str()?;
                self.list(list)?.map(|it| Some(text(&texts(it)?.join(delimiter))))
            }
            ("Fn::Split", [delimiter, source]) => {
                let delimiter = delimiter.as_str().filter(|it| !it.is_empty())?;
                self.value(source)?.map(|it| Some(list(scalar(it)?.split(delimiter).map(text))))
            }
            ("Fn::Select", [index, source]) => {
                let index = scalar(self.value(index)?.only()?)?.parse::<usize>().ok()?;
                self.list(source)?.map(|it| it.as_list()?.get(index).cloned())
            }
            ("Fn::FindInMap", [map, first, second, ..]) => self.find_in_map(map, first, second),
            ("Fn::Length", _) => {
                let length = |it: &Node| i64::try_from(it.as_list()?.len()).ok();
                self.list(argument)?.map(|it| Some(Node::new(NodeKind::Integer(length(it)?), Span::NOWHERE)))
            }
            ("Fn::GetAZs", _) => Some(self.zones(argument)),
            ("Fn::Cidr", [block, count, bits]) => self.ranges(block, count, bits),
            _ => None,
        }
    }

    fn reference(&self, name: &str) -> Option<Resolved> {
        if let Some(value) = self.pseudo_parameter(name) {
            return Some(value);
        }
        let declared = &self.parameters.get(name)?.value;
        let kind = declared.get("Type").and_then(Node::as_str)?;
        if kind.starts_with("AWS::SSM::Parameter::Value") {
            return None;
        }
        let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
        let allowed = declared.get("AllowedValues").and_then(Node::as_list).unwrap_or_default();
        let default = declared.get("Default").filter(|it| !allowed.contains(it));
        let values = default.into_iter().chain(allowed).filter_map(|it| {
            // Nothing is what stands for "not given", and is asked for by conditions.
            let written = scalar(it).filter(|it| !it.is_empty())?;
            Some(if is_list { list(written.split(',').map(|it| text(it.trim()))) } else { it.clone() })
        });
        let is_secret =
            declared.get("NoEcho").and_then(scalar).is_some_and(|it| it.eq_ignore_ascii_case("true"));
        Some(Resolved { values: values.collect(), is_certain: false, is_secret })
    }

    /// A pseudo parameter, with an example where its value depends on the deployment.
    fn pseudo_parameter(&self, name: &str) -> Option<Resolved> {
        let example = match name {
            "AWS::Region" => self.region.unwrap_or("us-east-1"),
            "AWS::AccountId" => "123456789012",
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => "stack",
            "AWS::StackId" => {
                "arn:aws:cloudformation:us-east-1:123456789012:stack/stack/51af3dc0-da77-11e4-872e-1234567db123"
            }
            _ => return None,
        };
        let is_certain = name == "AWS::Region" && self.region.is_some();
        Some(Resolved { values: vec![text(example)], is_certain, is_secret: false })
    }

    fn substitute(&self, template: &str, variables: Option<&Map<Node>>) -> Option<Resolved> {
        let mut result = Resolved::certain("");
        for part in parts(template) {
            let next = match part {
                Part::Text(it) => Resolved::certain(it),
                Part::Literal(it) => Resolved::certain(&format!("${{{it}}}")),
                Part::Name(name, _) => match variables.and_then(|it| it.get(name)) {
                    Some(entry) => self.value(&entry.value)?,
                    None => self.reference(name)?,
                },
            };
            result = result
                .with(&next, |start, end| Some(text(&format!("{}{}", scalar(start)?, scalar(end)?))))?;
        }
        Some(result)
    }

    fn find_in_map(&self, map: &Node, first: &Node, second: &Node) -> Option<Resolved> {
        let map = self.mappings.get(self.value(map)?.only()?.as_str()?)?;
        let (first, second) = (self.keys(first)?, self.keys(second)?);
        let map = map.value.as_map()?;
        let mut values: Vec<Node> = Vec::new();
        let is_open = |keys: &Option<Resolved>| keys.as_ref().is_none_or(|it| !it.is_certain);
        let fits = |keys: &Option<Resolved>, key: &str| {
            keys.as_ref().is_none_or(|it| it.values.iter().any(|it| scalar(it).as_deref() == Some(key)))
        };
        for (_, entry) in map.iter().filter(|(key, _)| fits(&first, key)) {
            for (_, entry) in entry.value.as_map()?.iter().filter(|(key, _)| fits(&second, key)) {
                if !values.contains(&entry.value) {
                    values.push(entry.value.clone());
                }
            }
        }
        let is_certain = !is_open(&first) && !is_open(&second);
        Some(Resolved { values, is_certain, is_secret: false })
    }

    /// The keys a lookup may use; none where that is not known, so that any may be.
    #[expect(clippy::option_option, reason = "a key that is no text makes the lookup unknown")]
    fn keys(&self, node: &Node) -> Option<Option<Resolved>> {
        let is_free = |name: &str| self.region.is_none() && name == "AWS::Region" || name == "AWS::AccountId";
        match node.as_single() {
            Some(("Ref", name)) if name.as_str().is_some_and(is_free) => Some(None),
            // A default is not all a parameter can be.
            Some(_) => Some(self.value(node).filter(|it| it.is_certain || it.values.len() > 1)),
            None => self.value(node).map(Some),
        }
    }

    /// The zones of a region, by example: how many there are, the account decides.
    fn zones(&self, region: &Node) -> Resolved {
        let region =
            self.value(region).and_then(|it| it.only().and_then(|it| it.as_str().map(str::to_owned)));
        let region = region.filter(|it| !it.is_empty());
        let region = region.as_deref().or(self.region).unwrap_or("us-east-1");
        let zones = ["a", "b", "c"].map(|it| text(&format!("{region}{it}")));
        Resolved { values: vec![list(zones)], is_certain: false, is_secret: false }
    }

    /// What `Fn::Cidr` gives: ranges of equal size, one after the other.
    fn ranges(&self, block: &Node, count: &Node, bits: &Node) -> Option<Resolved> {
        let number = |it: &Node| scalar(self.value(it)?.only()?)?.parse::<u32>().ok();
        let (count, bits) = (number(count)?, number(bits)?);
        self.block(block)?.map(|it| {
            let ranges = Range::parse(&scalar(it)?)?.split(count, bits)?;
            Some(list(ranges.iter().map(|it| text(&it.to_string()))))
        })
    }

    /// A range of addresses, which may be that of a VPC.
    fn block(&self, node: &Node) -> Option<Resolved> {
        let vpc = target(node).filter(|it| it.attribute == Some("CidrBlock"));
        match vpc.and_then(|it| self.resources.get(it.name)) {
            Some(vpc) if vpc.value.get("Type").and_then(Node::as_str) == Some("AWS::EC2::VPC") => {
                self.value(vpc.value.get("Properties")?.get("CidrBlock")?)
            }
            _ => self.value(node),
        }
    }

    /// The values of a list, each of whose items may be a function.
    fn list(&self, node: &Node) -> Option<Resolved> {
        let Some(items) = node.as_list() else { return self.value(node) };
        let mut result = Resolved { values: vec![list([])], is_certain: true, is_secret: false };
        for item in items {
            result = result.with(&self.value(item)?, |start, item| {
                Some(list(start.as_list()?.iter().chain([item]).cloned()))
            })?;
        }
        Some(result)
    }

    /// What a value is: a scalar itself, a function what it gives.
    fn value(&self, node: &Node) -> Option<Resolved> {
        match &node.kind {
            NodeKind::Map(_) => self.known.of(node).cloned(),
            NodeKind::String(it) if is_dynamic(it) => None,
            NodeKind::Null | NodeKind::List(_) => None,
            NodeKind::Bool(_) | NodeKind::Integer(_) | NodeKind::Float(_) | NodeKind::String(_) => {
                Some(Resolved { values: vec![node.clone()], is_certain: true, is_secret: false })
            }
        }
    }
}

impl Resolved {
    fn certain(value: &str) -> Self {
        Self { values: vec![text(value)], is_certain: true, is_secret: false }
    }

    /// The value, if there is but one.
    pub(super) fn only(&self) -> Option<&Node> {
        match self.values.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    fn map(&self, change: impl Fn(&Node) -> Option<Node>) -> Option<Self> {
        let values = self.values.iter().map(change).collect::<Option<_>>()?;
        Some(Self { values, is_certain: self.is_certain, is_secret: self.is_secret })
    }

    /// Each of its values with each of another's.
    fn with(&self, other: &Self, join: impl Fn(&Node, &Node) -> Option<Node>) -> Option<Self> {
        let pairs = self.values.iter().flat_map(|left| other.values.iter().map(move |right| (left, right)));
        let values = pairs.take(MOST_VALUES).map(|(left, right)| join(left, right)).collect::<Option<_>>()?;
        Some(Self {
            values,
            is_certain: self.is_certain && other.is_certain,
            is_secret: self.is_secret || other.is_secret,
        })
    }
}

/// Whether a text has a dynamic reference, which is replaced when it is deployed.
pub(super) fn is_dynamic(text: &str) -> bool {
    // Nearly no text has one, and a single character is found in a fraction of the time.
    text.contains('{') && (text.contains("{{resolve:") || text.contains("{{ resolve:"))
}

fn text(it: &str) -> Node {
    Node::text(it.to_owned(), Span::NOWHERE)
}

fn list(items: impl IntoIterator<Item = Node>) -> Node {
    Node::new(NodeKind::List(items.into_iter().collect()), Span::NOWHERE)
}

fn texts(node: &Node) -> Option<Vec<Cow<'_, str>>> {
    node.as_list()?.iter().map(scalar).collect()
}
