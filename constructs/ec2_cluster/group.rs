//! The instances: what each is made from, and the group that starts and stops them.

use super::{Ec2Cluster, image, instance, role::Identity, subnets::Found, user_data};
use crate::{kernel::prelude::*, targets::Network};

const SECURITY_GROUP: ResourceType = ResourceType::new("AWS::EC2::SecurityGroup");
const LAUNCH_TEMPLATE: ResourceType = ResourceType::new("AWS::EC2::LaunchTemplate");
const GROUP: ResourceType = ResourceType::new("AWS::AutoScaling::AutoScalingGroup");

/// The place of the group, and of all that belongs to it.
pub(super) const ID: &str = "DefaultAutoScalingGroup";

/// The disk that Amazon Linux starts from.
const ROOT: &str = "/dev/xvda";

/// How long a new instance may take to start before its health counts.
const GRACE_SECONDS: u32 = 300;

/// What is not to happen to the group while its instances are replaced: what would start or stop others on its own,
/// which the update takes for a failure. Those that start and stop instances have to go on.
const SUSPENDED: [&str; 5] =
    ["AZRebalance", "AlarmNotification", "HealthCheck", "ReplaceUnhealthy", "ScheduledActions"];

/// What was added.
pub(super) struct Added {
    pub(super) group: Handle,
    pub(super) security_group: Handle,
}

/// Reports a disk that the image does not fit on, or EC2 does not sell.
pub(super) fn check_storage(storage: Spanned<Mebibytes>, faults: &mut Vec<Diagnostic>) {
    const LEAST: Mebibytes = Mebibytes(30 * 1024);
    const MOST: Mebibytes = Mebibytes(16 * 1024 * 1024);
    let fault = |message: String, help: String| Diagnostic::error("instance-storage", message).at(storage.span).help(help);
    let size = storage.value;
    if !(LEAST..=MOST).contains(&size) {
        faults.push(fault(
            format!("an instance cannot have a disk of {size}"),
            format!("use from `{LEAST}`, which the image for ECS takes, to `{MOST}`"),
        ));
    } else if !size.0.is_multiple_of(1024) {
        let help = format!("use `{}`", Mebibytes(size.0.next_multiple_of(1024)));
        faults.push(fault(format!("a disk has whole gigabytes, not {size}"), help));
    }
}

/// Adds the group of the instances of `cluster`.
pub(super) fn add(
    this: &Ec2Cluster,
    scope: &mut Scope<'_>,
    network: &Network,
    subnets: &Found,
    identity: &Identity,
    cluster: Handle,
) -> Added {
    let name = scope.path().to_string();
    let mut scope = scope.child(ID);
    let security_group = security_group(&mut scope, network);
    let data = template_data(this, &mut scope, &name, subnets, security_group, identity, cluster);
    let template = scope.child("LaunchTemplate").resource("Resource", LAUNCH_TEMPLATE, object! {
        "LaunchTemplateData" => data,
        "TagSpecifications" => list![tags("launch-template", &name)],
    });
    let group = scope.resource("ASG", GROUP, object! {
        "DesiredCapacity" => this.count.desired().map(size),
        "HealthCheckGracePeriod" => GRACE_SECONDS,
        "HealthCheckType" => "EC2",
        "LaunchTemplate" => object! {
            "LaunchTemplateId" => template.reference(),
            "Version" => template.attribute("LatestVersionNumber"),
        },
        "MaxSize" => size(this.count.max()),
        "MinSize" => size(this.count.min()),
        "Tags" => list![object! { "Key" => "Name", "PropagateAtLaunch" => true, "Value" => name }],
        "VPCZoneIdentifier" => subnets.ids.clone(),
    });
    scope.edit(group).attributes.insert("UpdatePolicy", update_policy(this));
    // An instance that starts without its permissions, or without a way to ECS, does not join.
    scope.depend(group, subnets.way_out.iter().copied().chain(identity.policy));
    Added { group, security_group }
}

/// A size of a group, which CloudFormation takes as text.
fn size(it: Spanned<u32>) -> Expr<Handle> {
    Expr::from(it.value.to_string()).at(it.span)
}

fn tags(of: &'static str, name: &str) -> Expr<Handle> {
    let name = object! { "Key" => "Name", "Value" => name.to_owned() };
    object! { "ResourceType" => of, "Tags" => list![name] }
}

/// Adds the security group of the instances; it lets nobody in.
fn security_group(scope: &mut Scope<'_>, network: &Network) -> Handle {
    let mut scope = scope.child("InstanceSecurityGroup");
    let path = scope.path().to_string();
    scope.resource("Resource", SECURITY_GROUP, object! {
        // As the CDK's, because a group whose description changes is replaced.
        "GroupDescription" => path,
        "SecurityGroupEgress" => list![object! {
            "CidrIp" => "0.0.0.0/0",
            "Description" => "Allow all outbound traffic by default",
            "IpProtocol" => "-1",
        }],
        "VpcId" => network.vpc_id.clone(),
    })
}

fn template_data(
    this: &Ec2Cluster,
    scope: &mut Scope<'_>,
    name: &str,
    subnets: &Found,
    security_group: Handle,
    identity: &Identity,
    cluster: Handle,
) -> Expr<Handle> {
    let processor = this.processor();
    let image = image::find(scope, this.ami.as_ref(), processor);
    let instance = match &this.instance {
        Some(instance) => scope.checked_text(instance, instance::fault),
        None => instance::default(processor).into(),
    };
    let key = this.key.as_ref().map(|it| scope.text(it));
    let script = user_data::script(scope, cluster, &this.user_data);
    object! {
        "BlockDeviceMappings" => list![object! {
            "DeviceName" => ROOT,
            "Ebs" => object! {
                "DeleteOnTermination" => true,
                "Encrypted" => true,
                "VolumeSize" => this.storage.map(|it| it.0 / 1024),
                "VolumeType" => "gp3",
            },
        }],
        "IamInstanceProfile" => object! { "Arn" => identity.profile.attribute("Arn") },
        "ImageId" => image,
        "InstanceType" => instance,
        "KeyName" => key,
        "MetadataOptions" => object! {
            "HttpEndpoint" => "enabled",
            // A container on the bridge is one hop further away than the instance, and is kept from the instance's
            // role by that. No task needs more: its own role comes from the agent, at another address.
            "HttpPutResponseHopLimit" => 1,
            "HttpTokens" => "required",
        },
        // Alarms look at each minute, and without this EC2 measures every five.
        "Monitoring" => object! { "Enabled" => this.scaling.is_some() },
        // Written out, for else it is the subnets that say whether instances get public addresses.
        "NetworkInterfaces" => list![object! {
            "AssociatePublicIpAddress" => subnets.is_public,
            "DeviceIndex" => 0,
            "Groups" => list![security_group.attribute("GroupId")],
        }],
        "TagSpecifications" => list![tags("instance", name), tags("volume", name)],
        "UserData" => script,
    }
}

/// What becomes of running instances when what they are made from changes: they are replaced one by one. Where the
/// group may have one more than the least, a new one comes before an old one goes; what runs on that is drained first.
fn update_policy(this: &Ec2Cluster) -> Expr<Handle> {
    let (min, max) = (this.count.min().value, this.count.max().value);
    object! {
        "AutoScalingRollingUpdate" => object! {
            "MaxBatchSize" => 1,
            "MinInstancesInService" => min.min(max.saturating_sub(1)),
            // Time for a new instance to join, so that there is room for what ran on the next that goes. The image has
            // no program on it that could signal when it has.
            "PauseTime" => "PT2M",
            "SuspendProcesses" => SUSPENDED.to_vec(),
        },
        // How many instances there are is for ECS to say: an update does not set it back.
        "AutoScalingScheduledAction" => object! { "IgnoreUnmodifiedGroupSizeProperties" => true },
    }
}
