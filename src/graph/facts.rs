//! The two or three things that matter about a card.

use asi_constructs::kernel::node::Node;

use super::{
    Graph, Role,
    cards::Deck,
    inventory::{Inventory, Resource, text},
    networks::subnets,
};

/// Whether a resource of this type belongs to the part of a construct that stands apart as `role`.
pub(super) fn belongs(kind: &str, role: Role) -> bool {
    match role {
        Role::Balancer => {
            kind.starts_with("AWS::ElasticLoadBalancingV2::")
                && kind != "AWS::ElasticLoadBalancingV2::TargetGroup"
        }
        Role::Queue => kind.starts_with("AWS::SQS::"),
        Role::Gateway => kind.starts_with("AWS::EC2::VPN") || kind == "AWS::EC2::CustomerGateway",
        _ => false,
    }
}

/// What to say on a card.
pub(super) fn facts(card: usize, graph: &Graph, inventory: &Inventory<'_>, deck: &Deck) -> Vec<String> {
    let role = graph.cards[card].role;
    let Some(chief) = deck.chief[card] else { return Vec::new() };
    let chief = &inventory.resources[chief];
    let on: Vec<&Resource<'_>> = deck.on(card).map(|it| &inventory.resources[it]).collect();
    let of = |kind: &str| on.iter().copied().filter(move |it| it.kind == kind).collect::<Vec<_>>();
    let facts = match role {
        Role::Service => {
            let mut facts = service(chief, inventory, &on);
            facts.extend(cluster(card, graph, inventory, deck));
            facts
        }
        Role::Task => {
            let mut facts: Vec<String> = schedules(&on);
            facts.extend(size(chief));
            facts.extend(image(chief, inventory));
            facts.extend(cluster(card, graph, inventory, deck));
            facts
        }
        Role::Instances => instances(chief, inventory),
        Role::Balancer => balancer(chief, inventory, &of("AWS::ElasticLoadBalancingV2::Listener")),
        Role::Domain => {
            chief.text("Name").map(|it| it.trim_end_matches('.').to_owned()).into_iter().collect()
        }
        Role::Firewall => firewall(chief, &of("AWS::WAFv2::IPSet")),
        Role::Pipeline => pipeline(chief),
        Role::Registry => registry(chief),
        Role::Bucket => bucket(chief),
        Role::Queue => queue(chief),
        Role::Topic => of("AWS::SNS::Subscription").into_iter().filter_map(subscription).collect(),
        Role::Schedule => schedules(&on),
        Role::Gateway => gateway(inventory, &on),
        Role::Function => {
            let memory = chief.text("MemorySize").map(|it| format!("{it} MB"));
            chief.text("Runtime").into_iter().chain(memory).collect()
        }
        Role::Database => {
            let class =
                ["DBInstanceClass", "CacheNodeType", "BillingMode"].iter().find_map(|it| chief.text(it));
            chief.text("Engine").into_iter().chain(class).collect()
        }
        Role::Alarm => match on.iter().filter(|it| it.kind == "AWS::CloudWatch::Alarm").count() {
            0 | 1 => chief.text("MetricName").into_iter().collect(),
            several => vec![format!("{several} alarms")],
        },
        Role::Other if on.len() > 1 => vec![format!("{} resources", on.len())],
        Role::Cluster
        | Role::Secret
        | Role::Identity
        | Role::Network
        | Role::Other
        | Role::Internet
        | Role::Git
        | Role::Peer => Vec::new(),
    };
    facts.into_iter().take(4).collect()
}

/// What is said of a network: its range, and how it reaches the internet.
pub(super) fn network(vpc: usize, kind: String, inventory: &Inventory<'_>) -> String {
    let own: Vec<usize> = subnets(vpc, inventory).collect();
    let gateways = inventory.of_kind("AWS::EC2::NatGateway");
    let within =
        |it: &Resource<'_>| inventory.targets_at(it, &["SubnetId"]).iter().any(|it| own.contains(it));
    let nat = gateways.filter(|(_, it)| within(it)).count();
    let mut zones: Vec<String> = own.iter().map(|it| zone(&inventory.resources[*it])).collect();
    zones.sort();
    zones.dedup();
    let nat = match nat {
        0 => "no NAT".to_owned(),
        1 if zones.len() > 1 => "one NAT gateway".to_owned(),
        it if it == zones.len() => "NAT per zone".to_owned(),
        it => format!("{it} NAT gateways"),
    };
    let range = inventory.resources[vpc].text("CidrBlock");
    [Some(kind), range, Some(nat)].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// A subnet, by its zone and range.
pub(super) fn range(subnet: &Resource<'_>) -> String {
    let range = subnet.text("CidrBlock");
    [Some(zone(subnet)), range].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn zone(subnet: &Resource<'_>) -> String {
    let Some(zone) = subnet.get(&["AvailabilityZone"]) else { return "any zone".to_owned() };
    let select = zone.get("Fn::Select").and_then(Node::as_list);
    let position = select.and_then(|it| text(it.first()?)?.parse::<usize>().ok());
    position
        .map_or_else(|| text(zone).unwrap_or_else(|| "a zone".to_owned()), |it| format!("zone {}", it + 1))
}

/// Whether it is reached from the internet, where only the resource itself can say.
pub(super) fn is_public(role: Role, chief: &Resource<'_>) -> Option<bool> {
    match role {
        Role::Balancer => Some(is_internet_facing(chief)),
        Role::Service => {
            let assigned = chief.get(&["NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp"]);
            Some(assigned.and_then(Node::as_str) == Some("ENABLED"))
        }
        _ => None,
    }
}

/// Whether a load balancer takes requests from everywhere.
pub(super) fn is_internet_facing(balancer: &Resource<'_>) -> bool {
    balancer.text("Scheme").as_deref() != Some("internal")
}

fn service(chief: &Resource<'_>, inventory: &Inventory<'_>, on: &[&Resource<'_>]) -> Vec<String> {
    let target = on.iter().find(|it| it.kind == "AWS::ApplicationAutoScaling::ScalableTarget");
    let range = target.and_then(|it| Some((it.text("MinCapacity")?, it.text("MaxCapacity")?)));
    let policies = on.iter().filter(|it| it.kind == "AWS::ApplicationAutoScaling::ScalingPolicy");
    let goals: Vec<String> = policies.filter_map(|it| goal(it)).collect();
    let daemon = chief.text("SchedulingStrategy").as_deref() == Some("DAEMON");
    let tasks = match range {
        Some((min, max)) if min != max => format!("{min}–{max} tasks"),
        Some((_, count)) => counted(&count, "task"),
        None if daemon => "a task per instance".to_owned(),
        None => counted(&chief.text("DesiredCount").unwrap_or_else(|| "1".to_owned()), "task"),
    };
    let goals = if goals.is_empty() { String::new() } else { format!(" at {}", goals.join(", ")) };
    let mut facts = vec![tasks + &goals];
    let task = inventory.target_of(chief, &["TaskDefinition"], "AWS::ECS::TaskDefinition");
    if let Some(task) = task.map(|it| &inventory.resources[it]) {
        facts.extend(size(task));
        facts.extend(image(task, inventory));
    }
    facts
}

/// The cluster it runs in, if that is not its own.
fn cluster(card: usize, graph: &Graph, inventory: &Inventory<'_>, deck: &Deck) -> Option<String> {
    let named = deck.on(card).filter_map(|it| inventory.resources[it].properties().map(|all| (it, all)));
    let mut all = named.flat_map(|(it, all)| inventory.targets(inventory.resources[it].stack, all));
    let cluster = all.find_map(|it| {
        let is_cluster = inventory.resources[it].kind == "AWS::ECS::Cluster";
        deck.of[it].filter(|own| is_cluster && *own != card)
    });
    cluster.map(|it| format!("in {}", graph.cards[it].name))
}

/// What a scaling policy keeps to.
fn goal(policy: &Resource<'_>) -> Option<String> {
    let target = policy.get(&["TargetTrackingScalingPolicyConfiguration"])?;
    let value = text(target.get("TargetValue")?)?;
    let metric =
        target.get("PredefinedMetricSpecification").and_then(|it| it.get("PredefinedMetricType")?.as_str());
    Some(match metric {
        Some("ECSServiceAverageCPUUtilization" | "ASGAverageCPUUtilization") => format!("{value}% CPU"),
        Some("ECSServiceAverageMemoryUtilization") => format!("{value}% memory"),
        Some("ALBRequestCountPerTarget") => format!("{value} requests each"),
        _ => return None,
    })
}

fn counted(count: &str, noun: &str) -> String {
    if count == "1" { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// What a task gets.
fn size(task: &Resource<'_>) -> Option<String> {
    let part = |key: &str, of: f64, unit: &str| {
        let number: f64 = task.text(key)?.parse().ok()?;
        Some(format!("{} {unit}", (number / of * 100.0).round() / 100.0))
    };
    match (part("Cpu", 1024.0, "vCPU"), part("Memory", 1024.0, "GB")) {
        (Some(cpu), Some(memory)) => Some(format!("{cpu}, {memory}")),
        (one, other) => one.or(other),
    }
}

/// The first image of a task, if it comes from elsewhere.
fn image(task: &Resource<'_>, inventory: &Inventory<'_>) -> Option<String> {
    let image = task.list("ContainerDefinitions").first()?.get("Image")?;
    if !inventory.targets(task.stack, image).is_empty() {
        return None;
    }
    let image = image.as_str()?;
    Some(image.rsplit('/').next().unwrap_or(image).to_owned())
}

fn instances(chief: &Resource<'_>, inventory: &Inventory<'_>) -> Vec<String> {
    let range = match (chief.text("MinSize"), chief.text("MaxSize")) {
        (Some(min), Some(max)) if min == max => Some(counted(&max, "instance")),
        (Some(min), Some(max)) => Some(format!("{min}–{max} instances")),
        _ => None,
    };
    let template =
        ["LaunchTemplate", "MixedInstancesPolicy"].map(|it| inventory.targets_at(chief, &[it])).concat();
    let of_template =
        template.iter().find_map(|it| inventory.resources[*it].get(&["LaunchTemplateData", "InstanceType"]));
    let kind = chief.text("InstanceType").or_else(|| of_template.and_then(text));
    range.into_iter().chain(kind).collect()
}

fn balancer(chief: &Resource<'_>, inventory: &Inventory<'_>, listeners: &[&Resource<'_>]) -> Vec<String> {
    let mut facts: Vec<String> = Vec::new();
    if !is_internet_facing(chief) {
        facts.push("internal".to_owned());
    }
    for listener in listeners {
        let Some(port) = listener.text("Port") else { continue };
        let action = listener.list("DefaultActions").last();
        let target = action.and_then(|it| it.get("RedirectConfig")).map(|it| {
            let port = it.get("Port").and_then(text);
            port.map_or_else(|| "redirect".to_owned(), |it| format!(":{it}"))
        });
        let group = action.map_or_else(Vec::new, |it| inventory.targets(listener.stack, it));
        let group = group.iter().find_map(|it| inventory.resources[*it].text("Port"));
        let scheme = match listener.text("Protocol").as_deref() {
            Some("HTTPS" | "TLS") => " TLS",
            _ => "",
        };
        facts.push(match target.or_else(|| group.map(|it| format!(":{it}"))) {
            Some(target) => format!(":{port}{scheme} → {target}"),
            None => format!(":{port}{scheme}"),
        });
    }
    facts
}

/// The ports on which a load balancer takes requests, but for those where it only tells to ask at another.
pub(super) fn ports(listeners: &[&Resource<'_>]) -> String {
    let is_redirect =
        |it: &&&Resource<'_>| it.list("DefaultActions").iter().any(|it| it.get("RedirectConfig").is_some());
    let real = listeners.iter().filter(|it| !is_redirect(it));
    let ports: Vec<String> = real.filter_map(|it| Some(format!(":{}", it.text("Port")?))).collect();
    if ports.len() > 2 { format!("{} ports", ports.len()) } else { ports.join(" ") }
}

fn firewall(chief: &Resource<'_>, sets: &[&Resource<'_>]) -> Vec<String> {
    let rules = chief.list("Rules").len();
    let addresses: usize = sets.iter().map(|it| it.list("Addresses").len()).sum();
    let listed = match addresses {
        0 => None,
        1 => Some("1 address listed".to_owned()),
        it => Some(format!("{it} addresses listed")),
    };
    [Some(counted(&rules.to_string(), "rule"))].into_iter().chain([listed]).flatten().collect()
}

fn pipeline(chief: &Resource<'_>) -> Vec<String> {
    let stages: Vec<String> = chief.list("Stages").iter().filter_map(|it| text(it.get("Name")?)).collect();
    // Longer chains are cut where a line ends, not within a name.
    let mut lines: Vec<String> = Vec::new();
    for (at, stage) in stages.iter().enumerate() {
        let piece = if at == 0 { stage.clone() } else { format!("→ {stage}") };
        match lines.last_mut() {
            Some(line) if line.chars().count() + piece.chars().count() < 24 => {
                line.push_str(&format!(" {piece}"));
            }
            _ => lines.push(piece),
        }
    }
    lines
}

fn registry(chief: &Resource<'_>) -> Vec<String> {
    let policy = chief.get(&["LifecyclePolicy", "LifecyclePolicyText"]).and_then(Node::as_str);
    let policy: Option<serde_json::Value> = policy.and_then(|it| serde_json::from_str(it).ok());
    let rules = policy.as_ref().and_then(|it| it["rules"].as_array());
    let kept = rules.into_iter().flatten().find_map(|it| {
        let selection = &it["selection"];
        // Others are about images with some tag only.
        let is_of_all = selection["tagStatus"] == "any" && selection["countType"] == "imageCountMoreThan";
        is_of_all.then(|| selection["countNumber"].as_u64()).flatten()
    });
    kept.map(|it| format!("keeps {it} images")).into_iter().collect()
}

fn bucket(chief: &Resource<'_>) -> Vec<String> {
    let versions = chief.get(&["VersioningConfiguration", "Status"]).and_then(Node::as_str);
    let mut facts: Vec<String> = Vec::new();
    facts.extend((versions == Some("Enabled")).then(|| "keeps versions".to_owned()));
    let rules = chief.get(&["LifecycleConfiguration", "Rules"]).and_then(Node::as_list).unwrap_or_default();
    let expiry = rules.iter().find_map(|it| text(it.get("ExpirationInDays")?));
    facts.extend(expiry.map(|it| format!("deletes after {}", counted(&it, "day"))));
    facts
}

fn queue(chief: &Resource<'_>) -> Vec<String> {
    let tries = chief.get(&["RedrivePolicy", "maxReceiveCount"]).and_then(text);
    let fifo = (chief.text("FifoQueue").as_deref() == Some("true")).then(|| "in order".to_owned());
    let tries = tries.map(|it| if it == "1" { "1 try".to_owned() } else { format!("{it} tries") });
    fifo.into_iter().chain(tries.map(|it| format!("{it}, then aside"))).collect()
}

fn subscription(it: &Resource<'_>) -> Option<String> {
    let endpoint = it.text("Endpoint")?;
    Some(format!("{} {endpoint}", it.text("Protocol")?))
}

fn schedules(on: &[&Resource<'_>]) -> Vec<String> {
    let rules = on.iter().filter(|it| matches!(it.kind, "AWS::Scheduler::Schedule" | "AWS::Events::Rule"));
    rules.filter_map(|it| it.text("ScheduleExpression")).collect()
}

fn gateway(inventory: &Inventory<'_>, on: &[&Resource<'_>]) -> Vec<String> {
    let own = on.iter().filter(|it| it.kind == "AWS::EC2::VPNConnection");
    let peers = own.flat_map(|it| inventory.targets_at(it, &["CustomerGatewayId"]));
    let peers = peers.filter_map(|it| inventory.resources[it].text("IpAddress"));
    peers.map(|it| format!("to {it}")).collect()
}
