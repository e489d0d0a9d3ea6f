//! Which resources make one card: those of a construct, or one with all that only serves it.

use std::collections::BTreeMap;

use super::{
    inventory::{Inventory, Resource},
    kinds,
};

/// A construct, or what stands for itself.
#[derive(Debug)]
pub(super) struct Unit<'a> {
    /// The stack it is in.
    pub stack: usize,
    /// Its name.
    pub name: &'a str,
    /// What belongs to it.
    pub resources: Vec<usize>,
}

/// The first part of a path.
pub(super) fn head(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

/// The resources by what made them. What is alone and only serves something else goes to that.
pub(super) fn units<'a>(inventory: &'a Inventory<'_>) -> Vec<Unit<'a>> {
    let mut units: Vec<Unit<'_>> = Vec::new();
    let mut known: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for (at, resource) in inventory.resources.iter().enumerate().filter(|(_, it)| !kinds::is_hidden(it.kind))
    {
        let (stack, name) = (resource.stack, head(&resource.path));
        let unit = *known.entry((stack, name)).or_insert_with(|| {
            units.push(Unit { stack, name, resources: Vec::new() });
            units.len() - 1
        });
        units[unit].resources.push(at);
    }
    Adoption::new(inventory, units).run()
}

/// How what serves something comes to it.
struct Adoption<'a> {
    inventory: &'a Inventory<'a>,
    units: Vec<Unit<'a>>,
    /// The unit of each resource.
    unit_of: Vec<Option<usize>>,
    /// What each resource refers to.
    below: Vec<Vec<usize>>,
    /// What refers to each resource.
    above: Vec<Vec<usize>>,
}

impl<'a> Adoption<'a> {
    fn new(inventory: &'a Inventory<'a>, units: Vec<Unit<'a>>) -> Self {
        let targets =
            |it: &Resource<'a>| it.properties().map_or_else(Vec::new, |all| inventory.targets(it.stack, all));
        let below: Vec<Vec<usize>> = inventory.resources.iter().map(targets).collect();
        let mut above = vec![Vec::new(); below.len()];
        for (at, targets) in below.iter().enumerate() {
            targets.iter().for_each(|it| above[*it].push(at));
        }
        let mut unit_of = vec![None; below.len()];
        for (unit, it) in units.iter().enumerate() {
            it.resources.iter().for_each(|at| unit_of[*at] = Some(unit));
        }
        Self { inventory, units, unit_of, below, above }
    }

    fn run(mut self) -> Vec<Unit<'a>> {
        // What serves something may itself be served: first goes what depends on nothing undecided, then the rest.
        for is_decided in [true, true, true, true, false, false, false] {
            for unit in 0..self.units.len() {
                if !self.serves(unit) {
                    continue;
                }
                let only = self.units[unit].resources[0];
                if let Some(master) = self.master(only, is_decided) {
                    self.units[unit].resources.clear();
                    self.units[master].resources.push(only);
                    self.unit_of[only] = Some(master);
                }
            }
        }
        self.units.retain(|it| !it.resources.is_empty());
        self.units
    }

    /// Whether a unit is a single resource, of no construct, that only serves something else.
    fn serves(&self, unit: usize) -> bool {
        let Unit { stack, name, resources } = &self.units[unit];
        let [only] = resources.as_slice() else { return false };
        let is_declared = self.inventory.sources[*stack].constructs.contains_key(*name);
        !is_declared && kinds::serves(self.inventory.resources[*only].kind)
    }

    /// The unit that a resource serves: what it says, or what says most of those that refer to it, or that it refers
    /// to. With `is_decided`, nothing is said while one of these is still to be decided.
    fn master(&self, resource: usize, is_decided: bool) -> Option<usize> {
        let this = &self.inventory.resources[resource];
        if kinds::makes_network(this.kind) {
            let mut networks =
                self.inventory.of_kind("AWS::EC2::VPC").filter(|(_, it)| it.stack == this.stack);
            if let Some((network, _)) = networks.next() {
                return self.unit_of[network];
            }
        }
        let named = kinds::master_key(this.kind).map(|key| self.inventory.targets_at(this, &[key]));
        let candidates = match &named {
            Some(named) => [named.as_slice(), &[]],
            None => [self.above[resource].as_slice(), self.below[resource].as_slice()],
        };
        for candidates in candidates {
            let units = candidates.iter().filter_map(|it| Some((*it, self.unit_of[*it]?)));
            let foreign = units.filter(|(_, unit)| {
                Some(*unit) != self.unit_of[resource] && self.units[*unit].stack == this.stack
            });
            let (open, settled): (Vec<_>, Vec<_>) = foreign.partition(|(_, unit)| self.serves(*unit));
            if is_decided && !open.is_empty() {
                return None;
            }
            let rank =
                |at: usize| kinds::role(self.inventory.resources[at].kind).map_or(usize::MAX, |it| it.0);
            let rank_of_unit = |unit: usize| self.units[unit].resources.iter().map(|it| rank(*it)).min();
            let best = settled.into_iter().min_by_key(|(_, unit)| rank_of_unit(*unit));
            if let Some((_, unit)) = best {
                return Some(unit);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Source, testing::document};

    #[test]
    fn what_serves_something_goes_to_it() {
        let template = document(
            "Resources:
  Vpc: {Type: AWS::EC2::VPC}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc}}
  Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Subnets: [!Ref Subnet]}}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties: {LoadBalancerArn: !Ref Balancer, DefaultActions: [{TargetGroupArn: !Ref Group}]}
  Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {VpcId: !Ref Vpc}}
  Policy: {Type: AWS::IAM::Policy, Properties: {Roles: [!Ref Role], PolicyDocument: {Resource: !GetAtt Images.Arn}}}
  Role: {Type: AWS::IAM::Role}
  Task: {Type: AWS::ECS::TaskDefinition, Properties: {TaskRoleArn: !GetAtt Role.Arn}}
  Cluster: {Type: AWS::ECS::Cluster}
  Service:
    Type: AWS::ECS::Service
    Properties: {Cluster: !Ref Cluster, TaskDefinition: !Ref Task, LoadBalancers: [{TargetGroupArn: !Ref Group}]}
  Scaling: {Type: AWS::ApplicationAutoScaling::ScalableTarget, Properties: {ResourceId: !Sub '${Cluster}/${Service.Name}'}}
  Images: {Type: AWS::ECR::Repository}
  Alone: {Type: AWS::IAM::Role}
",
        );
        let source = Source {
            name: "a".to_owned(),
            part: None,
            template: &template,
            paths: indexmap::IndexMap::new(),
            constructs: indexmap::IndexMap::new(),
        };
        let sources = [source];
        let inventory = Inventory::new(&sources);
        let lines: Vec<String> = units(&inventory)
            .iter()
            .map(|unit| {
                let names = unit.resources.iter().map(|it| inventory.resources[*it].path.as_ref());
                names.collect::<Vec<_>>().join(" ")
            })
            .collect();
        let expected = [
            "Vpc Subnet",
            "Balancer Listener",
            "Cluster",
            "Service Group Task Scaling Role Policy",
            "Images",
            "Alone",
        ];
        assert_eq!(lines, expected);
    }
}
