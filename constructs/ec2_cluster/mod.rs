//! A cluster of ECS with instances of EC2 that containers run on.
//!
//! Laid out as the CDK's `Cluster` with an `AutoScalingGroup` at `DefaultAutoScalingGroup`, where its `addCapacity`
//! puts one, and an `AsgCapacityProvider`. The paths within a group are those of the CDK's stored templates (a test
//! has their ids); the two names are the ones its documentation uses.

mod count;
mod group;
mod image;
mod instance;
mod role;
mod scaling;
mod subnets;
mod user_data;

use crate::{
    cluster::{self, Insights},
    kernel::prelude::*,
    permission::Permission,
    targets::{Architecture, Instances, Network, Room},
};

pub use count::{Count, Range};
pub use scaling::Scaling;
pub use subnets::Subnets;

const CAPACITY_PROVIDER: ResourceType = ResourceType::new("AWS::ECS::CapacityProvider");
const ASSOCIATIONS: ResourceType = ResourceType::new("AWS::ECS::ClusterCapacityProviderAssociations");

properties! {
    /// A cluster of ECS with instances of EC2 that containers run on.
    ///
    /// ECS starts instances as tasks need room, and drains those it stops. They run in the private subnets of the
    /// network if it has any, let nobody in by themselves, and are reached by Session Manager instead of SSH. Where the
    /// instances change, as with a new image, an update of the stack replaces them one by one. Services may also run
    /// on Fargate in this cluster.
    pub struct Ec2Cluster {
        /// The network its instances run in.
        network: Link<Network>,
        /// The name of the cluster. If absent, CloudFormation makes one that is unique; with a name, two
        /// environments in one account need two names.
        name: Option<Text>,
        /// The type of its instances, such as `t3.small`. If absent, `t3.small`, or `t4g.small` where `architecture` is
        /// `arm64`.
        instance: Option<Text>,
        /// The processor of its instances. If absent, that of their type, as far as its name tells; else `x86_64`.
        architecture: Option<Spanned<Architecture>>,
        /// How many instances there are: `2`, or `{min: 1, max: 10}` for as many as tasks need. With one more than
        /// `min` allowed, an update starts a new instance before it stops an old one; with `1` there is none for a
        /// while.
        count: Count = "{min: 1, max: 10}",
        /// Disk space of an instance, for the system, images and containers.
        storage: Spanned<Mebibytes> = "30GB",
        /// What instances start from: the id of an image, such as `ami-0123456789abcdef0`, or `ssm:` and the name of a
        /// parameter in SSM that holds one. It has to be made for ECS on Amazon Linux. If absent, the newest one that
        /// AWS makes, looked up at each deployment: one that finds a newer image replaces the instances.
        ami: Option<Text>,
        /// Lines of a shell script that each instance runs as `root` when it first starts, before ECS uses it.
        user_data: Vec<Text>,
        /// The name of a key pair of EC2, for SSH. If absent, nobody can log in by SSH; Session Manager needs no key.
        key: Option<Text>,
        /// In which subnets instances run. If absent, in private ones if the network has any.
        subnets: Option<Spanned<Subnets>>,
        /// How much of the instances tasks are to take up: `90%` keeps a tenth free, so that new tasks need not wait
        /// for an instance to start. If absent, all.
        target_capacity: Option<Spanned<Percent>>,
        /// Adds and removes instances as their CPU asks, in place of ECS: `{above: 80%, add: 4, below: 30%, remove: 1}`.
        /// If absent, ECS does as tasks need room, which is what knows of tasks that wait.
        scaling: Option<Spanned<Scaling>>,
        /// Whether CloudWatch collects metrics of each task, at its prices: `true`; `enhanced` for each container
        /// besides; or `false`. If absent, as the account is set.
        insights: Option<Insights>,
        /// What instances themselves may do in AWS, such as what their `userData` calls:
        /// `[{actions: ["s3:GetObject"], resources: ["${Files.Arn}/*"]}]`. Tasks have roles of their own.
        permissions: Vec<Spanned<Permission>>,
        /// Policies that AWS keeps, by their names, for programs on the instances: `[CloudWatchAgentServerPolicy]`. To
        /// join the cluster and for Session Manager they need none of these.
        managed_policies: Vec<Spanned<String>>,
    }
}

exports! {
    /// What other constructs may use of an [`Ec2Cluster`].
    pub struct Exports {
        /// Its name.
        name: Expr<Handle>,
        /// Its ARN.
        arn: Expr<Handle>,
        /// The name of the group that starts and stops its instances.
        auto_scaling_group_name: Expr<Handle>,
        /// The name of the capacity provider that places tasks on them.
        capacity_provider: Expr<Handle>,
        /// The ARN of the role of its instances.
        instance_role_arn: Expr<Handle>,
        /// The name of that role.
        instance_role_name: Expr<Handle>,
        /// The id of the security group of its instances: let it into your database.
        security_group_id: Expr<Handle>,
        /// Itself, for services that run on Fargate.
        cluster: cluster::Exports,
        /// Its instances, for services that run on them.
        instances: Instances,
    }
}

impl Construct for Ec2Cluster {
    const KIND: &'static str = "Ec2Cluster";
    const EXAMPLE: &'static str = include_str!("ec2_cluster.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        instance::check(self.instance.as_ref(), self.architecture, faults);
        self.count.check(faults);
        group::check_storage(self.storage, faults);
        image::check(self.ami.as_ref(), faults);
        user_data::check(&self.user_data, faults);
        if let Some(scaling) = &self.scaling {
            scaling.value.check(scaling.span, &self.count, faults);
        }
        if let Some(target) = self.target_capacity {
            self.check_target(target, faults);
        }
        for permission in &self.permissions {
            permission.value.check(permission.span, faults);
        }
        role::check(&self.managed_policies, faults);
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let network = scope.find(&self.network)?;
        let subnets = subnets::find(scope, &network, self.subnets, self.network.name.span)?;
        // What it runs on is said by its associations, which name the capacity provider that is made of its instances.
        let cluster = cluster::add(scope, self.name.as_ref(), self.insights, None);
        let identity = role::add(self, scope, cluster);
        let added = group::add(self, scope, &network, &subnets, &identity, cluster);
        if let Some(scaling) = &self.scaling {
            scaling.value.add(&mut scope.child(group::ID), added.group);
        }
        let provider = self.add_provider(scope, added.group);
        let associations = associate(scope, cluster, provider);

        let exports = cluster::Exports { name: cluster.reference(), arn: cluster.attribute("Arn") };
        Ok(Exports {
            name: exports.name.clone(),
            arn: exports.arn.clone(),
            auto_scaling_group_name: added.group.reference(),
            capacity_provider: provider.reference(),
            instance_role_arn: identity.role.attribute("Arn"),
            instance_role_name: identity.role.reference(),
            security_group_id: added.security_group.attribute("GroupId"),
            // `Ref` of the associations is the name of the cluster too, and makes a service on Fargate's spare capacity
            // wait until the cluster has that.
            cluster: cluster::Exports { name: associations.reference(), arn: exports.arn.clone() },
            instances: Instances {
                cluster: exports,
                capacity_provider: provider.reference(),
                ready: vec![associations, added.group],
                security_group: added.security_group,
                network,
                architecture: self.processor(),
                most: Some(self.count.max().value),
                room: self.room(),
            },
        })
    }
}

impl Ec2Cluster {
    /// The processor of its instances.
    fn processor(&self) -> Architecture {
        let of_type = || self.instance.as_ref().and_then(Text::literal).and_then(instance::architecture);
        self.architecture.map(|it| it.value).or_else(of_type).unwrap_or(Architecture::X86_64)
    }

    /// What each instance has, as far as its type tells.
    fn room(&self) -> Option<Room> {
        let instance = match &self.instance {
            Some(instance) => instance.literal()?,
            None => instance::default(self.processor()),
        };
        instance::room(instance)
    }

    fn check_target(&self, target: Spanned<Percent>, faults: &mut Vec<Diagnostic>) {
        let Percent(percent) = target.value;
        if !(1..=100).contains(&percent) {
            faults.push(
                Diagnostic::error("target-capacity", format!("tasks take up from 1% to 100% of the instances, not {percent}%"))
                    .at(target.span)
                    .help("use `100%`, or less to keep room for tasks to come"),
            );
        }
        if self.scaling.is_some() {
            faults.push(
                Diagnostic::error("no-effect", "with `scaling` ECS does not say how many instances there are")
                    .at(target.span)
                    .help("remove `targetCapacity`, or `scaling`"),
            );
        }
    }

    /// Adds the capacity provider that starts instances of `group`, and places tasks on them.
    fn add_provider(&self, scope: &mut Scope<'_>, group: Handle) -> Handle {
        const ID: &str = "AsgCapacityProvider";
        let managed = match self.scaling {
            None => object! {
                "Status" => "ENABLED",
                "TargetCapacity" => self.target_capacity.map_or_else(|| 100.into(), |it| Expr::from(it.map(|it| it.0))),
            },
            Some(_) => object! { "Status" => "DISABLED" },
        };
        let name = is_reserved(&scope.place().stack).then(|| format!("cp-{}", scope.unique_id()));
        scope.child(ID).resource(ID, CAPACITY_PROVIDER, object! {
            "AutoScalingGroupProvider" => object! {
                "AutoScalingGroupArn" => group.reference(),
                "ManagedDraining" => "ENABLED",
                "ManagedScaling" => managed,
                // It would keep instances with tasks from being stopped by anybody but ECS: a stack could not delete
                // them. Draining lets their tasks end as well.
                "ManagedTerminationProtection" => "DISABLED",
            },
            "Name" => name,
        })
    }
}

/// Whether ECS refuses the name that CloudFormation would make for a capacity provider of the stack `name`.
fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["aws", "ecs", "fargate"].iter().any(|it| name.starts_with(it))
}

/// Has the cluster run tasks on its instances unless they say otherwise, and on Fargate if they do. The CDK puts this at
/// the id of the cluster, below it.
fn associate(scope: &mut Scope<'_>, cluster: Handle, provider: Handle) -> Handle {
    let id = scope.path().components().next_back().unwrap_or_default().to_owned();
    scope.resource(&id, ASSOCIATIONS, object! {
        "CapacityProviders" => list![cluster::FARGATE, cluster::FARGATE_SPOT, provider.reference()],
        "Cluster" => cluster.reference(),
        "DefaultCapacityProviderStrategy" => list![object! { "CapacityProvider" => provider.reference(), "Weight" => 1 }],
    })
}

#[cfg(test)]
mod tests;
