//! Networks and their subnets as groups, and which of them a card stands in.

use asi_constructs::kernel::node::Node;

use super::{
    Graph, Group, GroupKind, Role,
    cards::Deck,
    facts,
    inventory::{Inventory, Resource},
};

/// The kinds of subnets, in the order they are drawn.
const KINDS: [&str; 4] = ["Public subnets", "Private subnets", "Isolated subnets", "Subnets"];

/// What a network is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Identity {
    /// It is in one of the stacks.
    Resource(usize),
    /// It was there before; this is how a stack names it.
    Named(String),
}

/// The groups of a network, in the stack they are drawn in.
#[derive(Debug)]
struct Known {
    stack: usize,
    identity: Identity,
    group: usize,
    subnets: Vec<(&'static str, usize)>,
}

/// The groups of networks.
#[derive(Debug)]
pub(super) struct Networks<'a> {
    stacks: &'a [Option<usize>],
    known: Vec<Known>,
    /// The constructs the groups are named after.
    names: Vec<(usize, String)>,
}

impl<'a> Networks<'a> {
    /// The networks of the stacks that are drawn.
    pub(super) fn new(
        inventory: &Inventory<'_>,
        drawn: &[bool],
        stacks: &'a [Option<usize>],
        graph: &mut Graph,
    ) -> Self {
        let mut networks = Self { stacks, known: Vec::new(), names: Vec::new() };
        for (at, vpc) in inventory.of_kind("AWS::EC2::VPC").filter(|(_, it)| drawn[it.stack]) {
            let identity = Identity::Resource(at);
            for kind in KINDS {
                let parts: Vec<String> = subnets(at, inventory)
                    .filter(|it| subnet_kind(*it, inventory) == kind)
                    .map(|it| facts::range(&inventory.resources[it]))
                    .collect();
                let group = networks.subnet_group(vpc.stack, &identity, kind, inventory, graph);
                graph.groups[group].parts = parts;
            }
        }
        networks
    }

    /// Whether a group stands for this construct.
    pub(super) fn is_named_after(&self, stack: usize, name: &str) -> bool {
        self.names.iter().any(|(at, it)| *at == stack && it == name)
    }

    /// The group of a network in its own stack.
    pub(super) fn of_vpc(&self, vpc: usize, inventory: &Inventory<'_>) -> Option<usize> {
        let stack = inventory.resources[vpc].stack;
        let mut own = self.known.iter().filter(|it| it.stack == stack);
        own.find(|it| it.identity == Identity::Resource(vpc)).map(|it| it.group)
    }

    /// The group a card stands in, if its resources say so.
    pub(super) fn place(
        &mut self,
        card: usize,
        inventory: &Inventory<'_>,
        deck: &Deck,
        graph: &mut Graph,
    ) -> Option<usize> {
        let chief = deck.chief[card]?;
        let role = graph.cards[card].role;
        if !role.runs_in_network() {
            return None;
        }
        let stack = inventory.resources[chief].stack;
        let others = deck.on(card).filter(|it| *it != chief);
        let all: Vec<&Resource<'_>> =
            [chief].into_iter().chain(others).map(|it| &inventory.resources[it]).collect();
        // What it is about says where it is; otherwise something that comes with it does, or what it runs on.
        let instances = inventory.instances_of(&inventory.resources[chief]);
        let instances = instances.map(|it| &inventory.resources[it]);
        let mut subnets =
            all.iter().copied().chain(instances).map(|it| of_type("AWS::EC2::Subnet", it, inventory));
        let subnets = subnets.find(|it| !it.is_empty());
        if let Some(subnets) = subnets {
            let kinds: Vec<&str> = subnets.iter().map(|it| subnet_kind(*it, inventory)).collect();
            let vpc = inventory.target_of(&inventory.resources[subnets[0]], &["VpcId"], "AWS::EC2::VPC")?;
            let identity = Identity::Resource(vpc);
            return Some(match KINDS.into_iter().find(|it| kinds.iter().all(|kind| kind == it)) {
                Some(kind) => self.subnet_group(stack, &identity, kind, inventory, graph),
                None => self.group(stack, &identity, inventory, graph),
            });
        }
        if role == Role::Other {
            return None;
        }
        let named = all.iter().find_map(|it| it.get(&["VpcId"]).map(|node| (it.stack, node)));
        let identity = match named {
            Some((stack, node)) => identity(stack, node, inventory)?,
            // A gateway is attached by something else.
            None if role == Role::Gateway => {
                let attached = inventory.of_kind("AWS::EC2::VPCGatewayAttachment");
                let fits = |(_, it): &(usize, &Resource<'_>)| {
                    inventory.targets_at(it, &["VpnGatewayId"]).contains(&chief)
                };
                let (_, attachment) = attached.into_iter().find(fits)?;
                identity(attachment.stack, attachment.get(&["VpcId"])?, inventory)?
            }
            None => {
                // The security group of a part that stands apart lies with the rest of its construct.
                let groups = all.iter().flat_map(|it| of_type("AWS::EC2::SecurityGroup", it, inventory));
                let group = groups.map(|it| &inventory.resources[it]).next()?;
                identity(group.stack, group.get(&["VpcId"])?, inventory)?
            }
        };
        match facts::is_public(role, &inventory.resources[chief]) {
            _ if role == Role::Gateway => Some(self.group(stack, &identity, inventory, graph)),
            Some(true) => Some(self.subnet_group(stack, &identity, KINDS[0], inventory, graph)),
            Some(false) => Some(self.subnet_group(stack, &identity, KINDS[1], inventory, graph)),
            None => Some(self.group(stack, &identity, inventory, graph)),
        }
    }

    /// The group of a network in a stack.
    fn group(
        &mut self,
        stack: usize,
        identity: &Identity,
        inventory: &Inventory<'_>,
        graph: &mut Graph,
    ) -> usize {
        let known = self.known.iter().find(|it| it.stack == stack && it.identity == *identity);
        if let Some(Known { group, .. }) = known {
            return *group;
        }
        let (name, about, is_guest) = match identity {
            Identity::Resource(vpc) => {
                let resource = &inventory.resources[*vpc];
                let source = &inventory.sources[resource.stack];
                let own = resource.path.split('/').next().unwrap_or_default().to_owned();
                let kind = source.constructs.get(&own).map_or("VPC", |it| it.kind.as_str()).to_owned();
                let about = facts::network(*vpc, kind, inventory);
                let home = source.part.as_ref().filter(|_| resource.stack != stack);
                (home.map_or_else(|| own.clone(), |it| format!("{it}.{own}")), about, resource.stack != stack)
            }
            Identity::Named(id) => {
                let found = inventory.sources.iter().enumerate().find_map(|(at, source)| {
                    let mut empty = source.constructs.iter().filter(|(name, _)| {
                        let owner = |it: &str| it.split('/').next() == Some(name.as_str());
                        !inventory.resources.iter().any(|it| it.stack == at && owner(&it.path))
                    });
                    let (name, construct) = empty.find(|(_, it)| mentions(it.properties, id))?;
                    Some((at, name.clone(), construct.kind.clone()))
                });
                match found {
                    Some((at, name, kind)) => {
                        self.names.push((at, name.clone()));
                        let home = inventory.sources[at].part.as_ref().filter(|_| at != stack);
                        let name = home.map_or_else(|| name.clone(), |it| format!("{it}.{name}"));
                        (name, format!("{kind} · {id}"), true)
                    }
                    None => (id.clone(), "VPC".to_owned(), true),
                }
            }
        };
        let kind = GroupKind::Network { is_guest };
        let (parts, parent, resources) = (Vec::new(), self.stacks[stack], Vec::new());
        graph.groups.push(Group { kind, name, about, parts, parent, resources });
        let group = graph.groups.len() - 1;
        self.known.push(Known { stack, identity: identity.clone(), group, subnets: Vec::new() });
        // In their order, whatever is placed first; those in which nothing is are taken away again.
        for kind in KINDS {
            self.subnet_group(stack, identity, kind, inventory, graph);
        }
        group
    }

    fn subnet_group(
        &mut self,
        stack: usize,
        identity: &Identity,
        kind: &'static str,
        inventory: &Inventory<'_>,
        graph: &mut Graph,
    ) -> usize {
        let parent = self.group(stack, identity, inventory, graph);
        let known = self.known.iter_mut().find(|it| it.group == parent);
        let Known { subnets, .. } = known.expect("the group was found or made");
        if let Some((_, group)) = subnets.iter().find(|(it, _)| *it == kind) {
            return *group;
        }
        let group = graph.groups.len();
        subnets.push((kind, group));
        graph.groups.push(Group {
            kind: GroupKind::Subnets,
            name: kind.to_owned(),
            about: String::new(),
            parts: Vec::new(),
            parent: Some(parent),
            resources: Vec::new(),
        });
        group
    }
}

/// Takes away the groups in which nothing is, and which say nothing of themselves.
pub(super) fn drop_empty(graph: &mut Graph) {
    let is_used = |graph: &Graph, at: usize| {
        !graph.groups[at].parts.is_empty()
            || matches!(graph.groups[at].kind, GroupKind::Network { is_guest: false })
            || graph.cards.iter().any(|it| it.group == Some(at))
            || graph.groups.iter().any(|it| it.parent == Some(at))
    };
    while let Some(at) = (0..graph.groups.len()).find(|at| !is_used(graph, *at)) {
        graph.groups.remove(at);
        let move_up = |it: &mut Option<usize>| *it = it.map(|it| if it > at { it - 1 } else { it });
        graph.groups.iter_mut().for_each(|it| move_up(&mut it.parent));
        graph.cards.iter_mut().for_each(|it| move_up(&mut it.group));
    }
}

/// What of this type the properties of a resource refer to.
fn of_type(kind: &str, resource: &Resource<'_>, inventory: &Inventory<'_>) -> Vec<usize> {
    let all = resource.properties().map_or_else(Vec::new, |it| inventory.targets(resource.stack, it));
    all.into_iter().filter(|it| inventory.resources[*it].kind == kind).collect()
}

/// The subnets of a network.
pub(super) fn subnets(vpc: usize, inventory: &Inventory<'_>) -> impl Iterator<Item = usize> {
    let all = inventory.of_kind("AWS::EC2::Subnet");
    all.filter(move |(_, it)| inventory.targets_at(it, &["VpcId"]).contains(&vpc)).map(|(at, _)| at)
}

/// What kind a subnet is, by where it sends what is for the internet.
fn subnet_kind(subnet: usize, inventory: &Inventory<'_>) -> &'static str {
    let associations = inventory.of_kind("AWS::EC2::SubnetRouteTableAssociation");
    let mut own = associations.filter(|(_, it)| inventory.targets_at(it, &["SubnetId"]).contains(&subnet));
    let Some(table) = own.find_map(|(_, it)| inventory.targets_at(it, &["RouteTableId"]).first().copied())
    else {
        // The network's own table sends nothing, unless somebody says otherwise elsewhere.
        return match inventory.resources[subnet].text("MapPublicIpOnLaunch").as_deref() {
            Some("true") => KINDS[0],
            _ => KINDS[3],
        };
    };
    let routes = inventory.of_kind("AWS::EC2::Route");
    let mut default = routes.filter(|(_, it)| {
        inventory.targets_at(it, &["RouteTableId"]).contains(&table)
            && it.text("DestinationCidrBlock").as_deref() == Some("0.0.0.0/0")
    });
    match default.next() {
        Some((_, route)) if route.get(&["GatewayId"]).is_some() => KINDS[0],
        Some(_) => KINDS[1],
        None => KINDS[2],
    }
}

/// The network that a value stands for.
fn identity(stack: usize, node: &Node, inventory: &Inventory<'_>) -> Option<Identity> {
    let vpc = inventory
        .targets(stack, node)
        .into_iter()
        .find(|it| inventory.resources[*it].kind == "AWS::EC2::VPC");
    if let Some(vpc) = vpc {
        return Some(Identity::Resource(vpc));
    }
    inventory.literal(node).map(Identity::Named)
}

/// Whether a text stands somewhere in a value.
fn mentions(node: &Node, text: &str) -> bool {
    node.as_str() == Some(text) || node.children().any(|it| mentions(it, text))
}
