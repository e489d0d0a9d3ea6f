//! Where in a network tasks run, and the security group they run in.

use crate::{kernel::prelude::*, targets::Network};

const SECURITY_GROUP: ResourceType = ResourceType::new("AWS::EC2::SecurityGroup");

/// Where in a network tasks run.
pub(crate) struct Placement {
    subnets: Expr<Handle>,
    public_ip: &'static str,
    /// What has to be there before a task reaches the registry of its image.
    pub(crate) way_out: Vec<Handle>,
}

impl Placement {
    /// The private subnets of `network` if it has any; warns, at its name, if tasks can reach nothing from there.
    pub(crate) fn find(scope: &mut Scope<'_>, network: &Network, name: Span) -> Self {
        // Where there are no private subnets, a task pulls its image with a public address of its own.
        let (subnets, public_ip, way_out) = if network.private_subnet_ids.is_empty() {
            (&network.public_subnet_ids, "ENABLED", Some(&network.internet))
        } else {
            (&network.private_subnet_ids, "DISABLED", network.outbound.as_ref())
        };
        if way_out.is_none() {
            scope.report(
                Diagnostic::warning("no-way-out", "its tasks can reach nothing outside of the network, not even their image")
                    .at(name)
                    .help("give the network `nat: single`, or `endpoints: [s3, ecr.api, ecr.dkr, logs]` for images in ECR"),
            );
        }
        Self { subnets: subnets.0.clone(), public_ip, way_out: way_out.cloned().unwrap_or_default() }
    }

    /// The private subnets of `network`, for tasks on instances, which ECS gives no public addresses.
    pub(crate) fn of_instances(network: &Network, name: &Name) -> Result<Self, Diagnostic> {
        if network.private_subnet_ids.is_empty() {
            let fault =
                "a task on an instance gets no public address, and the network has no private subnets";
            return Err(Diagnostic::error("no-way-out", fault)
                .at(name.span)
                .help("use `networkMode: bridge`, or give the network private subnets"));
        }
        let way_out = network.outbound.clone().unwrap_or_default();
        Ok(Self { subnets: network.private_subnet_ids.0.clone(), public_ip: "DISABLED", way_out })
    }

    /// What ECS is told of it, for tasks in the security group `group`.
    pub(crate) fn configuration(&self, group: Handle) -> Expr<Handle> {
        object! {
            "AwsvpcConfiguration" => object! {
                "AssignPublicIp" => self.public_ip,
                "SecurityGroups" => list![group.attribute("GroupId")],
                "Subnets" => self.subnets.clone(),
            },
        }
    }
}

/// Adds the security group of tasks at `SecurityGroup`; it lets nobody in.
pub(crate) fn security_group(scope: &mut Scope<'_>, network: &Network) -> Handle {
    let mut scope = scope.child("SecurityGroup");
    let path = scope.path().to_string();
    scope.resource(
        "Resource",
        SECURITY_GROUP,
        object! {
            // The description of a group cannot change without replacing it: the CDK's is kept so that the group
            // of a service that the CDK made may stay.
            "GroupDescription" => path,
            "SecurityGroupEgress" => list![object! {
                "CidrIp" => "0.0.0.0/0",
                "Description" => "Allow all outbound traffic by default",
                "IpProtocol" => "-1",
            }],
            "VpcId" => network.vpc_id.clone(),
        },
    )
}
