//! What goes from card to card: traffic, from listeners and security groups; references, from everything else.

use std::collections::BTreeSet;

use asi_constructs::kernel::node::Node;

use super::{
    Arrow, ArrowKind, Card, Graph, Role,
    cards::Deck,
    facts,
    inventory::{Inventory, Resource, text},
    kinds, policies,
};

const BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
const TARGETS: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";
const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";

/// Adds the arrows, and the cards of those outside whom they come from.
pub(super) fn draw(inventory: &Inventory<'_>, deck: &Deck, graph: &mut Graph) {
    let mut pen = Pen { inventory, deck, graph };
    pen.entrances();
    pen.targets();
    pen.security_groups();
    pen.tunnels();
    pen.sources();
    pen.deployments();
    pen.subscriptions();
    pen.starts();
    pen.allowances();
    pen.references();
}

struct Pen<'a, 'g> {
    inventory: &'a Inventory<'a>,
    deck: &'a Deck,
    graph: &'g mut Graph,
}

impl Pen<'_, '_> {
    /// An arrow, unless there is one of the same kind between the two.
    fn arrow(&mut self, from: usize, to: usize, kind: ArrowKind, label: impl Into<String>) {
        let label = label.into();
        if from == to {
            return;
        }
        match self.graph.arrows.iter_mut().find(|it| (it.from, it.to, it.kind) == (from, to, kind)) {
            Some(known) if known.label.is_empty() => known.label = label,
            Some(known) if label.is_empty() || known.label.split(", ").any(|it| it == label) => (),
            Some(known) => known.label = format!("{}, {label}", known.label),
            None => self.graph.arrows.push(Arrow { from, to, kind, label }),
        }
    }

    fn is_joined(&self, a: usize, b: usize) -> bool {
        self.graph.arrows.iter().any(|it| (it.from, it.to) == (a, b) || (it.from, it.to) == (b, a))
    }

    /// Whether requests go from one to the other by way of a third: a name leads to a load balancer through its
    /// firewall.
    fn leads(&self, from: usize, to: usize) -> bool {
        let mut traffic = self.graph.arrows.iter().filter(|it| it.kind == ArrowKind::Traffic);
        traffic.any(|first| first.from == from && self.is_joined(first.to, to))
    }

    fn resource(&self, at: usize) -> &Resource<'_> {
        &self.inventory.resources[at]
    }

    /// A card of somebody outside.
    fn outside(&mut self, role: Role, name: &str) -> usize {
        let known = self.graph.cards.iter().position(|it| it.role == role && it.name == name);
        known.unwrap_or_else(|| {
            let (name, kind, facts) = (name.to_owned(), role.noun().to_owned(), Vec::new());
            let resources = Vec::new();
            self.graph.cards.push(Card { role, name, kind, facts, group: None, is_quiet: false, resources });
            self.graph.cards.len() - 1
        })
    }

    /// From the internet to load balancers: by their names in the DNS, and through their firewalls.
    fn entrances(&mut self) {
        let inventory = self.inventory;
        let mut entered: BTreeSet<(usize, String)> = BTreeSet::new();
        for (at, balancer) in inventory.of_kind(BALANCER) {
            let Some(card) = self.deck.of[at] else { continue };
            let listeners: Vec<&Resource<'_>> = inventory
                .of_kind(LISTENER)
                .filter(|(_, it)| inventory.targets_at(it, &["LoadBalancerArn"]).contains(&at))
                .map(|(_, it)| it)
                .collect();
            let ports = facts::ports(&listeners);
            let associations = inventory.of_kind("AWS::WAFv2::WebACLAssociation");
            let of_this =
                associations.filter(|(_, it)| inventory.targets_at(it, &["ResourceArn"]).contains(&at));
            let firewall = of_this
                .map(|(_, it)| inventory.targets_at(it, &["WebACLArn"]))
                .find_map(|it| it.into_iter().find_map(|acl| self.deck.of[acl]));
            if let Some(firewall) = firewall {
                self.arrow(firewall, card, ArrowKind::Traffic, ports.clone());
            }
            let entrance = firewall.unwrap_or(card);
            let label = if firewall.is_some() { String::new() } else { ports };
            let mut names: Vec<usize> = Vec::new();
            for (record, it) in inventory.of_kind("AWS::Route53::RecordSet") {
                let aims = it.properties().map_or_else(Vec::new, |all| inventory.targets(it.stack, all));
                if let Some(name) = self.deck.of[record].filter(|_| aims.contains(&at)) {
                    self.arrow(name, entrance, ArrowKind::Traffic, label.clone());
                    names.push(name);
                }
            }
            if facts::is_internet_facing(balancer) {
                let direct = names.is_empty().then_some((entrance, label));
                entered.extend(names.into_iter().map(|it| (it, String::new())).chain(direct));
            }
        }
        if !entered.is_empty() {
            let internet = self.outside(Role::Internet, "Internet");
            entered.into_iter().for_each(|(it, label)| self.arrow(internet, it, ArrowKind::Traffic, label));
        }
    }

    /// From load balancers to what works for them.
    fn targets(&mut self) {
        let inventory = self.inventory;
        for (group, targets) in inventory.of_kind(TARGETS) {
            let mut balancers: BTreeSet<usize> = BTreeSet::new();
            for it in inventory.resources.iter().filter(|it| it.kind.starts_with(LISTENER)) {
                let actions =
                    ["DefaultActions", "Actions"].map(|key| inventory.targets_at(it, &[key])).concat();
                if actions.contains(&group) {
                    let of_rule =
                        inventory.target_of(it, &["ListenerArn"], LISTENER).map(|at| self.resource(at));
                    balancers.extend(inventory.target_of(
                        of_rule.unwrap_or(it),
                        &["LoadBalancerArn"],
                        BALANCER,
                    ));
                }
            }
            let mut workers: Vec<(usize, Option<String>)> = Vec::new();
            for (at, it) in inventory.of_kind("AWS::ECS::Service") {
                let attached = it.list("LoadBalancers").iter().find(|entry| {
                    let aims = entry.get("TargetGroupArn").map(|arn| inventory.targets(it.stack, arn));
                    aims.is_some_and(|it| it.contains(&group))
                });
                workers.extend(attached.map(|it| (at, it.get("ContainerPort").and_then(text))));
            }
            for (at, it) in inventory.of_kind("AWS::AutoScaling::AutoScalingGroup") {
                if inventory.targets_at(it, &["TargetGroupARNs"]).contains(&group) {
                    workers.push((at, None));
                }
            }
            workers.extend(inventory.targets_at(targets, &["Targets"]).into_iter().map(|it| (it, None)));
            for balancer in balancers.iter().filter_map(|it| self.deck.of[*it]) {
                for (worker, port) in &workers {
                    let Some(worker) = self.deck.of[*worker] else { continue };
                    let port = port.clone().or_else(|| targets.text("Port"));
                    let label = port.map_or_else(String::new, |it| format!(":{it}"));
                    self.arrow(balancer, worker, ArrowKind::Traffic, label);
                }
            }
        }
    }

    /// What security groups let in from each other, where no load balancer has said so.
    fn security_groups(&mut self) {
        let inventory = self.inventory;
        let mut allowed: Vec<(usize, usize, String)> = Vec::new();
        let port = |it: &Node| match (it.get("FromPort").and_then(text), it.get("ToPort").and_then(text)) {
            (Some(from), Some(to)) if from == to => format!(":{from}"),
            (Some(from), Some(to)) => format!(":{from}–{to}"),
            _ => String::new(),
        };
        for (at, it) in inventory.resources.iter().enumerate() {
            let rules: Vec<(&Node, Vec<usize>)> = match it.kind {
                "AWS::EC2::SecurityGroupIngress" => {
                    let into = inventory.targets_at(it, &["GroupId"]);
                    it.properties().into_iter().map(|rule| (rule, into.clone())).collect()
                }
                "AWS::EC2::SecurityGroup" => {
                    it.list("SecurityGroupIngress").iter().map(|rule| (rule, vec![at])).collect()
                }
                _ => continue,
            };
            for (rule, into) in rules {
                let source = rule.get("SourceSecurityGroupId");
                let from = source.map_or_else(Vec::new, |source| inventory.targets(it.stack, source));
                for (from, to) in from.iter().flat_map(|from| into.iter().map(move |to| (*from, *to))) {
                    allowed.push((from, to, port(rule)));
                }
            }
        }
        for (from, to, label) in allowed {
            for from in self.deck.holders(inventory, from) {
                for to in self.deck.holders(inventory, to) {
                    if !self.is_joined(from, to) && !self.works_on(from, to) {
                        self.arrow(from, to, ArrowKind::Traffic, label.clone());
                    }
                }
            }
        }
    }

    /// Whether what is let into the instances `to` comes to a service that runs there, which is drawn.
    fn works_on(&self, from: usize, to: usize) -> bool {
        self.inventory.of_kind("AWS::ECS::Service").any(|(at, it)| {
            let on = self.inventory.instances_of(it).and_then(|it| self.deck.of[it]);
            on == Some(to) && self.deck.of[at].is_some_and(|it| self.is_joined(from, it))
        })
    }

    /// From the other end of a VPN to its gateway.
    fn tunnels(&mut self) {
        let inventory = self.inventory;
        for (_, it) in inventory.of_kind("AWS::EC2::VPNConnection") {
            let gateway =
                inventory.targets_at(it, &["VpnGatewayId"]).into_iter().find_map(|it| self.deck.of[it]);
            let peer = inventory.target_of(it, &["CustomerGatewayId"], "AWS::EC2::CustomerGateway");
            let address = peer.and_then(|it| self.resource(it).text("IpAddress"));
            if let (Some(gateway), Some(address)) = (gateway, address) {
                let peer = self.outside(Role::Peer, &address);
                self.arrow(peer, gateway, ArrowKind::Traffic, "IPsec");
            }
        }
    }

    /// From where pipelines take what they build.
    fn sources(&mut self) {
        let inventory = self.inventory;
        for (at, action) in actions(inventory) {
            let Some(pipeline) = self.deck.of[at] else { continue };
            let Some(settings) = action.get("Configuration") else { continue };
            let setting = |key: &str| settings.get(key).and_then(text);
            if let Some(name) = setting("FullRepositoryId") {
                let branch = setting("BranchName");
                let source = self.outside(Role::Git, &name);
                self.arrow(source, pipeline, ArrowKind::Reference, branch.unwrap_or_default());
            } else if is_category(action, "Source") {
                for from in inventory.targets(self.resource(at).stack, settings) {
                    if let Some(from) = self.deck.of[from] {
                        self.arrow(from, pipeline, ArrowKind::Reference, "starts");
                    }
                }
            }
        }
    }

    /// What pipelines deploy.
    fn deployments(&mut self) {
        let inventory = self.inventory;
        for (at, action) in actions(inventory).into_iter().filter(|(_, it)| is_category(it, "Deploy")) {
            let Some(pipeline) = self.deck.of[at] else { continue };
            let settings = action.get("Configuration");
            // What is deployed may be named with the cluster it runs in, which is not.
            let service = settings.and_then(|it| it.get("ServiceName")).or(settings);
            let targets = service.map_or_else(Vec::new, |it| inventory.targets(self.resource(at).stack, it));
            for to in targets.into_iter().filter_map(|it| self.deck.of[it]) {
                self.arrow(pipeline, to, ArrowKind::Reference, "deploys");
            }
        }
    }

    fn subscriptions(&mut self) {
        let inventory = self.inventory;
        for (_, it) in inventory.of_kind("AWS::SNS::Subscription") {
            let topic = inventory.targets_at(it, &["TopicArn"]).into_iter().find_map(|it| self.deck.of[it]);
            let whom = inventory.targets_at(it, &["Endpoint"]).into_iter().find_map(|it| self.deck.of[it]);
            if let (Some(topic), Some(whom)) = (topic, whom) {
                self.arrow(topic, whom, ArrowKind::Reference, "notifies");
            }
        }
    }

    /// What schedules and rules begin.
    fn starts(&mut self) {
        let inventory = self.inventory;
        for (at, it) in inventory.resources.iter().enumerate() {
            let targets = match it.kind {
                "AWS::Events::Rule" => inventory.targets_at(it, &["Targets"]),
                "AWS::Scheduler::Schedule" => inventory.targets_at(it, &["Target"]),
                _ => continue,
            };
            let Some(rule) = self.deck.of[at].filter(|it| self.graph.cards[*it].role == Role::Schedule)
            else {
                continue;
            };
            for target in targets {
                let verb =
                    if self.resource(target).kind == "AWS::SNS::Topic" { "notifies" } else { "starts" };
                if let Some(to) = self.deck.of[target] {
                    self.arrow(rule, to, ArrowKind::Reference, verb);
                }
            }
        }
    }

    fn allowances(&mut self) {
        for (who, whom, verb) in policies::allowances(self.inventory, self.deck) {
            let known = self.graph.arrows.iter().any(|it| (it.from, it.to) == (whom, who));
            if !known {
                self.arrow(who, whom, ArrowKind::Reference, verb);
            }
        }
    }

    /// All other references between cards that no arrow joins.
    fn references(&mut self) {
        let inventory = self.inventory;
        for (at, it) in inventory.resources.iter().enumerate() {
            let (Some(from), Some(all)) = (self.deck.of[at], it.properties()) else { continue };
            if it.kind.starts_with("AWS::EC2::SecurityGroup") {
                continue;
            }
            for target in inventory.targets(it.stack, all) {
                let is_group = self.resource(target).kind == "AWS::EC2::SecurityGroup";
                let Some(to) = self.deck.of[target].filter(|it| *it != from && !is_group) else { continue };
                // A policy of a resource says who makes use of it.
                let (from, to) = if kinds::admits(it.kind) { (to, from) } else { (from, to) };
                // In which cluster something runs stands on its card.
                let is_told = self.resource(target).kind == "AWS::ECS::Cluster" || self.leads(from, to);
                if !is_told && !self.is_joined(from, to) {
                    let roles = [from, to].map(|it| self.graph.cards[it].role);
                    let label = match roles {
                        [Role::Alarm, _] => "watches",
                        [Role::Service | Role::Task, Role::Instances] => "runs on",
                        _ => "",
                    };
                    self.arrow(from, to, ArrowKind::Reference, label);
                }
            }
        }
    }
}

/// The actions of all pipelines, each with the pipeline.
fn actions<'a>(inventory: &Inventory<'a>) -> Vec<(usize, &'a Node)> {
    let pipelines = inventory.of_kind("AWS::CodePipeline::Pipeline");
    pipelines
        .flat_map(|(at, it)| {
            let stages = it.list("Stages").iter().filter_map(|it| it.get("Actions")?.as_list());
            stages.flatten().map(move |action| (at, action))
        })
        .collect()
}

fn is_category(action: &Node, category: &str) -> bool {
    action.get("ActionTypeId").and_then(|it| it.get("Category")?.as_str()) == Some(category)
}

#[cfg(test)]
mod tests {
    use crate::graph::testing::{arrows, graph};

    #[test]
    fn requests_go_through_name_and_firewall_to_what_works_for_a_load_balancer() {
        let graph = graph(
            "Resources:
  Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Scheme: internet-facing}}
  Http:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 80
      DefaultActions: [{Type: redirect, RedirectConfig: {Port: '443', StatusCode: HTTP_301}}]
  Https:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 443
      Protocol: HTTPS
      DefaultActions: [{Type: forward, TargetGroupArn: !Ref Web}]
  Rule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties: {ListenerArn: !Ref Https, Actions: [{Type: forward, TargetGroupArn: !Ref Fleet}]}
  Web: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Port: 8080}}
  Fleet: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Port: 9000}}
  Service:
    Type: AWS::ECS::Service
    Properties: {LoadBalancers: [{ContainerName: web, ContainerPort: 8080, TargetGroupArn: !Ref Web}]}
  Machines: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {TargetGroupARNs: [!Ref Fleet]}}
  Acl: {Type: AWS::WAFv2::WebACL, Properties: {Rules: []}}
  Guard:
    Type: AWS::WAFv2::WebACLAssociation
    Properties: {ResourceArn: !Ref Balancer, WebACLArn: !GetAtt Acl.Arn}
  Name:
    Type: AWS::Route53::RecordSet
    Properties: {Name: shop.example.com., AliasTarget: {DNSName: !GetAtt Balancer.DNSName}}
",
        );
        let expected = [
            "Acl => Balancer :443",
            "Name => Acl",
            "Internet => Name",
            "Balancer => Service :8080",
            "Balancer => Machines :9000",
        ];
        assert_eq!(arrows(&graph), expected);
        let facts = &graph.cards.iter().find(|it| it.name == "Balancer").unwrap().facts;
        assert_eq!(*facts, [":80 → :443", ":443 TLS → :8080"]);
    }

    #[test]
    fn nobody_outside_reaches_an_internal_load_balancer() {
        let graph = graph(
            "Resources: {B: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Scheme: internal}}}",
        );
        assert_eq!(arrows(&graph), [""; 0]);
        assert_eq!(graph.cards.len(), 1);
    }

    #[test]
    fn security_groups_let_traffic_through_to_who_has_them() {
        let graph = graph(
            "Resources:
  Web: {Type: AWS::ECS::Service, Properties: {NetworkConfiguration: {AwsvpcConfiguration: {SecurityGroups: [!Ref A]}}}}
  Data: {Type: AWS::RDS::DBInstance, Properties: {VPCSecurityGroups: [!Ref B]}}
  A: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: a}}
  B: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: b}}
  Rule:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !Ref B, SourceSecurityGroupId: !Ref A, IpProtocol: tcp, FromPort: 5432, ToPort: 5432}
",
        );
        assert_eq!(arrows(&graph), ["Web => Data :5432"]);
    }

    #[test]
    fn policies_say_what_is_done() {
        let graph = graph(
            "Resources:
  Fn: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
  Policy:
    Type: AWS::IAM::Policy
    Properties:
      Roles: [!Ref Role]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Action: 's3:GetObject', Resource: !Sub '${Files.Arn}/*'}
          - {Effect: Allow, Action: ['s3:PutObject', 's3:AbortMultipartUpload'], Resource: !Sub '${Files.Arn}/*'}
          - {Effect: Deny, Action: 'sqs:SendMessage', Resource: !GetAtt Jobs.Arn}
          - {Effect: Allow, Action: 'sqs:ReceiveMessage', Resource: !GetAtt Jobs.Arn}
  Files: {Type: AWS::S3::Bucket}
  Jobs: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}}}
  Dead: {Type: AWS::SQS::Queue}
  Told: {Type: AWS::SNS::Topic}
  Tell: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Told, Protocol: sqs, Endpoint: !GetAtt Jobs.Arn}}
  Daily:
    Type: AWS::Events::Rule
    Properties: {ScheduleExpression: rate(1 day), Targets: [{Id: a, Arn: !GetAtt Fn.Arn}]}
",
        );
        let expected = [
            "Told -> Jobs notifies",
            "Daily -> Fn starts",
            "Fn -> Files reads, writes",
            "Fn -> Jobs reads",
            "Jobs -> Dead",
        ];
        assert_eq!(arrows(&graph), expected);
        let names: Vec<&str> = graph.cards.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["Fn", "Files", "Jobs", "Dead", "Told", "Daily"], "what only serves has no card");
    }

    #[test]
    fn services_run_on_instances_that_alarms_watch() {
        let graph = graph(
            "Resources:
  Fleet: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {MinSize: '1', MaxSize: '4'}}
  Capacity:
    Type: AWS::ECS::CapacityProvider
    Properties: {AutoScalingGroupProvider: {AutoScalingGroupArn: !Ref Fleet}}
  Web: {Type: AWS::ECS::Service, Properties: {CapacityProviderStrategy: [{CapacityProvider: !Ref Capacity}]}}
  Busy:
    Type: AWS::CloudWatch::Alarm
    Properties: {MetricName: CPUUtilization, Dimensions: [{Name: AutoScalingGroupName, Value: !Ref Fleet}]}
",
        );
        assert_eq!(arrows(&graph), ["Web -> Fleet runs on", "Busy -> Fleet watches"]);
        let facts: Vec<String> = graph.cards.iter().map(|it| it.facts.join("; ")).collect();
        assert_eq!(facts, ["1–4 instances", "1 task", "CPUUtilization"]);
    }

    #[test]
    fn a_pipeline_takes_deploys_and_is_started() {
        let graph = graph(
            "Resources:
  Pipe:
    Type: AWS::CodePipeline::Pipeline
    Properties:
      Stages:
        - Name: Source
          Actions:
            - {Name: Code, ActionTypeId: {Category: Source}, Configuration: {FullRepositoryId: a/b, BranchName: main}}
            - {Name: Image, ActionTypeId: {Category: Source}, Configuration: {RepositoryName: !Ref Images}}
        - Name: Deploy
          Actions:
            - Name: Roll
              ActionTypeId: {Category: Deploy}
              Configuration: {ClusterName: !Ref Cluster, ServiceName: !GetAtt Web.Name}
  Images: {Type: AWS::ECR::Repository}
  Cluster: {Type: AWS::ECS::Cluster}
  Web: {Type: AWS::ECS::Service, Properties: {Cluster: !Ref Cluster, DesiredCount: 2}}
",
        );
        assert_eq!(arrows(&graph), ["a/b -> Pipe main", "Images -> Pipe starts", "Pipe -> Web deploys"]);
        let facts: Vec<String> = graph.cards.iter().map(|it| it.facts.join("; ")).collect();
        assert_eq!(facts, ["Source → Deploy", "", "", "2 tasks; in Cluster", ""]);
    }
}
