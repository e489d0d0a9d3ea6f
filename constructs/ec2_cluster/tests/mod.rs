//! What a cluster with instances expands to, and what it refuses.

mod count;

use serde_json::{Value, json};

use crate::{
    kernel::{id::LogicalId, tree::Place},
    testing::{Stack, stack, stack_at},
};

const GROUP: &str = "c/DefaultAutoScalingGroup";

/// A cluster with these properties.
fn with(properties: &str) -> Stack {
    stack(&format!("n: {{type: Network}}\nc: {{type: Ec2Cluster, network: n{properties}}}"))
}

/// The faults of one with these properties, which has no others.
fn faults(properties: &str) -> Vec<String> {
    with(properties).faults()
}

fn below_group(stack: &Stack, path: &str) -> Value {
    stack.properties(&format!("{GROUP}/{path}"))
}

/// What an instance of `stack` is made from.
fn launched(stack: &Stack) -> Value {
    below_group(stack, "LaunchTemplate/Resource")["LaunchTemplateData"].clone()
}

/// The script of an instance of `stack`.
fn script(stack: &Stack) -> String {
    launched(stack)["UserData"]["Fn::Base64"].as_str().expect("a text").to_owned()
}

#[test]
fn is_laid_out_as_the_cdks() {
    let stack = with("");
    let resources = stack.resources();
    let own: Vec<(&str, &str)> =
        resources.iter().filter(|(path, _)| path.starts_with("c/")).map(|(path, kind)| (&**path, &**kind)).collect();
    assert_eq!(own, [
        ("c/Resource", "AWS::ECS::Cluster"),
        ("c/DefaultAutoScalingGroup/InstanceSecurityGroup/Resource", "AWS::EC2::SecurityGroup"),
        ("c/DefaultAutoScalingGroup/InstanceRole/Resource", "AWS::IAM::Role"),
        ("c/DefaultAutoScalingGroup/InstanceRole/DefaultPolicy/Resource", "AWS::IAM::Policy"),
        ("c/DefaultAutoScalingGroup/InstanceProfile", "AWS::IAM::InstanceProfile"),
        ("c/DefaultAutoScalingGroup/LaunchTemplate/Resource", "AWS::EC2::LaunchTemplate"),
        ("c/DefaultAutoScalingGroup/ASG", "AWS::AutoScaling::AutoScalingGroup"),
        ("c/AsgCapacityProvider/AsgCapacityProvider", "AWS::ECS::CapacityProvider"),
        ("c/c", "AWS::ECS::ClusterCapacityProviderAssociations"),
    ]);
    assert_eq!(stack.faults(), [""; 0]);
}

/// The ids are those in the CDK's own tests of `Cluster` and `AsgCapacityProvider`.
#[test]
fn has_the_ids_of_the_cdks() {
    for (path, id) in [
        ("EcsCluster/Resource", "EcsCluster97242B84"),
        (
            "EcsCluster/DefaultAutoScalingGroup/InstanceSecurityGroup/Resource",
            "EcsClusterDefaultAutoScalingGroupInstanceSecurityGroup912E1231",
        ),
        (
            "EcsCluster/DefaultAutoScalingGroup/InstanceRole/Resource",
            "EcsClusterDefaultAutoScalingGroupInstanceRole3C026863",
        ),
        (
            "EcsCluster/DefaultAutoScalingGroup/InstanceRole/DefaultPolicy/Resource",
            "EcsClusterDefaultAutoScalingGroupInstanceRoleDefaultPolicy04DC6C80",
        ),
        (
            "EcsCluster/DefaultAutoScalingGroup/InstanceProfile",
            "EcsClusterDefaultAutoScalingGroupInstanceProfile2CE606B3",
        ),
        (
            "EcsCluster/DefaultAutoScalingGroup/LaunchTemplate/Resource",
            "EcsClusterDefaultAutoScalingGroupLaunchTemplate3719972A",
        ),
        ("EcsCluster/DefaultAutoScalingGroup/ASG", "EcsClusterDefaultAutoScalingGroupASGC1A785DB"),
        ("EC2CPCluster/EC2CPCluster", "EC2CPCluster4CFED4DD"),
        ("EC2CapacityProvider/EC2CapacityProvider", "EC2CapacityProvider5A2E35CD"),
    ] {
        let found = LogicalId::for_path(path.split('/')).map(|it| it.to_string());
        assert_eq!(found.as_deref(), Some(id), "{path}");
    }
}

#[test]
fn ecs_starts_instances_as_tasks_need_room() {
    let stack = with("");
    assert_eq!(
        stack.properties("c/AsgCapacityProvider/AsgCapacityProvider"),
        json!({
            "AutoScalingGroupProvider": {
                "AutoScalingGroupArn": "${c/DefaultAutoScalingGroup/ASG}",
                "ManagedDraining": "ENABLED",
                "ManagedScaling": { "Status": "ENABLED", "TargetCapacity": 100 },
                "ManagedTerminationProtection": "DISABLED",
            },
        })
    );
    assert_eq!(
        stack.properties("c/c"),
        json!({
            "CapacityProviders": ["FARGATE", "FARGATE_SPOT", "${c/AsgCapacityProvider/AsgCapacityProvider}"],
            "Cluster": "${c/Resource}",
            "DefaultCapacityProviderStrategy":
                [{ "CapacityProvider": "${c/AsgCapacityProvider/AsgCapacityProvider}", "Weight": 1 }],
        })
    );
    assert_eq!(stack.properties("c/Resource"), json!({}));
    let provider = with(", targetCapacity: 90%").properties("c/AsgCapacityProvider/AsgCapacityProvider");
    assert_eq!(provider["AutoScalingGroupProvider"]["ManagedScaling"]["TargetCapacity"], 90);
}

#[test]
fn instances_are_made_from_what_aws_recommends() {
    let stack = with("");
    assert_eq!(
        below_group(&stack, "LaunchTemplate/Resource"),
        json!({
            "LaunchTemplateData": {
                "BlockDeviceMappings": [{
                    "DeviceName": "/dev/xvda",
                    "Ebs": {
                        "DeleteOnTermination": true,
                        "Encrypted": true,
                        "VolumeSize": 30,
                        "VolumeType": "gp3",
                    },
                }],
                "IamInstanceProfile": { "Arn": "${c/DefaultAutoScalingGroup/InstanceProfile.Arn}" },
                "ImageId": "${SsmParameterValueawsserviceecsoptimizedamiamazonlinux2023recommendedimageidC96584B6F00A464EAD1953AFF4B05118Parameter}",
                "InstanceType": "t3.small",
                "MetadataOptions":
                    { "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 1, "HttpTokens": "required" },
                "Monitoring": { "Enabled": false },
                "NetworkInterfaces": [{
                    "AssociatePublicIpAddress": false,
                    "DeviceIndex": 0,
                    "Groups": ["${c/DefaultAutoScalingGroup/InstanceSecurityGroup/Resource.GroupId}"],
                }],
                "TagSpecifications": [
                    { "ResourceType": "instance", "Tags": [{ "Key": "Name", "Value": "Test/c" }] },
                    { "ResourceType": "volume", "Tags": [{ "Key": "Name", "Value": "Test/c" }] },
                ],
                "UserData": { "Fn::Base64": script(&stack) },
            },
            "TagSpecifications":
                [{ "ResourceType": "launch-template", "Tags": [{ "Key": "Name", "Value": "Test/c" }] }],
        })
    );
}

#[test]
fn instances_join_the_cluster() {
    assert_eq!(
        script(&with(", userData: ['echo ${Param} $${HOME}', dnf install -y jq]")),
        "#!/bin/bash\n\
         echo ECS_CLUSTER=${c/Resource} >> /etc/ecs/ecs.config\n\
         echo ECS_ENABLE_TASK_IAM_ROLE=true >> /etc/ecs/ecs.config\n\
         echo ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST=true >> /etc/ecs/ecs.config\n\
         echo ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true >> /etc/ecs/ecs.config\n\
         echo ECS_AWSVPC_BLOCK_IMDS=true >> /etc/ecs/ecs.config\n\
         echo ${Param} ${HOME}\n\
         dnf install -y jq\n"
    );
}

#[test]
fn the_group_spreads_over_private_subnets_and_waits_for_what_instances_need_to_join() {
    let stack = with(", count: {min: 3, max: 12, desired: 6}");
    assert_eq!(
        below_group(&stack, "ASG"),
        json!({
            "DesiredCapacity": "6",
            "HealthCheckGracePeriod": 300,
            "HealthCheckType": "EC2",
            "LaunchTemplate": {
                "LaunchTemplateId": "${c/DefaultAutoScalingGroup/LaunchTemplate/Resource}",
                "Version": "${c/DefaultAutoScalingGroup/LaunchTemplate/Resource.LatestVersionNumber}",
            },
            "MaxSize": "12",
            "MinSize": "3",
            "Tags": [{ "Key": "Name", "PropagateAtLaunch": true, "Value": "Test/c" }],
            "VPCZoneIdentifier": ["${n/PrivateSubnet1/Subnet}", "${n/PrivateSubnet2/Subnet}"],
        })
    );
    assert_eq!(
        stack.depends_on("c/DefaultAutoScalingGroup/ASG"),
        [
            "n/PrivateSubnet1/RouteTableAssociation",
            "n/PrivateSubnet2/RouteTableAssociation",
            "n/PrivateSubnet1/DefaultRoute",
            "n/PrivateSubnet2/DefaultRoute",
            "c/DefaultAutoScalingGroup/InstanceRole/DefaultPolicy/Resource",
        ]
    );
}

#[test]
fn an_update_replaces_instances_one_by_one() {
    let in_service = |count: &str| {
        let stack = with(&format!(", count: {count}"));
        let attributes = stack.attributes("c/DefaultAutoScalingGroup/ASG");
        attributes["UpdatePolicy"]["AutoScalingRollingUpdate"]["MinInstancesInService"].clone()
    };
    assert_eq!(in_service("{min: 3, max: 12}"), 3);
    assert_eq!(in_service("{min: 3, max: 3}"), 2);
    assert_eq!(in_service("4"), 3);
    assert_eq!(in_service("1"), 0);
    assert_eq!(in_service("{min: 0, max: 4}"), 0);
    assert_eq!(
        with("").attributes("c/DefaultAutoScalingGroup/ASG"),
        json!({
            "UpdatePolicy": {
                "AutoScalingRollingUpdate": {
                    "MaxBatchSize": 1,
                    "MinInstancesInService": 1,
                    "PauseTime": "PT2M",
                    "SuspendProcesses":
                        ["AZRebalance", "AlarmNotification", "HealthCheck", "ReplaceUnhealthy", "ScheduledActions"],
                },
                "AutoScalingScheduledAction": { "IgnoreUnmodifiedGroupSizeProperties": true },
            },
        })
    );
}

#[test]
fn instances_let_nobody_in() {
    assert_eq!(
        below_group(&with(""), "InstanceSecurityGroup/Resource"),
        json!({
            "GroupDescription": "Test/c/DefaultAutoScalingGroup/InstanceSecurityGroup",
            "SecurityGroupEgress": [{
                "CidrIp": "0.0.0.0/0",
                "Description": "Allow all outbound traffic by default",
                "IpProtocol": "-1",
            }],
            "VpcId": "${n/Resource}",
        })
    );
}

#[test]
fn instances_may_join_and_be_reached_by_session_manager_and_no_more() {
    assert_eq!(
        below_group(&with(""), "InstanceRole/Resource"),
        json!({
            "AssumeRolePolicyDocument": {
                "Statement": [{
                    "Action": "sts:AssumeRole",
                    "Effect": "Allow",
                    "Principal": { "Service": "ec2.amazonaws.com" },
                }],
                "Version": "2012-10-17",
            },
            "ManagedPolicyArns": [
                "arn:${AWS::Partition}:iam::aws:policy/AmazonSSMManagedInstanceCore",
            ],
        })
    );
    let stack = with(", permissions: [{actions: [s3:GetObject], resources: ['arn:aws:s3:::b/*']}]");
    let policy = below_group(&stack, "InstanceRole/DefaultPolicy/Resource");
    assert_eq!(
        policy["PolicyDocument"]["Statement"],
        json!([
            {
                "Action": [
                    "ecs:DeregisterContainerInstance",
                    "ecs:RegisterContainerInstance",
                    "ecs:SubmitAttachmentStateChanges",
                    "ecs:SubmitContainerStateChange",
                    "ecs:SubmitTaskStateChange",
                ],
                "Effect": "Allow",
                "Resource": "${c/Resource.Arn}",
            },
            {
                "Action": ["ecs:Poll", "ecs:StartTelemetrySession"],
                "Condition": { "ArnEquals": { "ecs:cluster": "${c/Resource.Arn}" } },
                "Effect": "Allow",
                "Resource": "*",
            },
            { "Action": "ecs:DiscoverPollEndpoint", "Effect": "Allow", "Resource": "*" },
            { "Action": "s3:GetObject", "Effect": "Allow", "Resource": "arn:aws:s3:::b/*" },
        ])
    );
    let waits = stack.depends_on("c/DefaultAutoScalingGroup/ASG");
    assert!(waits.contains(&"c/DefaultAutoScalingGroup/InstanceRole/DefaultPolicy/Resource".to_owned()), "{waits:?}");
}

#[test]
fn instances_may_have_policies_that_aws_keeps() {
    let arn = |name: &str| format!("arn:${{AWS::Partition}}:iam::aws:policy/{name}");
    let stack = with(", managedPolicies: [CloudWatchAgentServerPolicy, service-role/AmazonEC2ContainerServiceforEC2Role]");
    assert_eq!(stack.faults(), [""; 0]);
    assert_eq!(
        below_group(&stack, "InstanceRole/Resource")["ManagedPolicyArns"],
        json!([
            arn("AmazonSSMManagedInstanceCore"),
            arn("CloudWatchAgentServerPolicy"),
            arn("service-role/AmazonEC2ContainerServiceforEC2Role"),
        ])
    );
    assert_eq!(
        with(", managedPolicies: ['arn:aws:iam::aws:policy/A', B, B, AmazonSSMManagedInstanceCore, AdministratorAccess]").faults(),
        [
            "managed-policy at `'arn:aws:iam::aws:policy/A'`: `arn:aws:iam::aws:policy/A` is no policy that AWS keeps",
            "managed-policy at `B`: instances have `B` already",
            "managed-policy at `AmazonSSMManagedInstanceCore`: instances have `AmazonSSMManagedInstanceCore` already",
            "wide-permission at `AdministratorAccess`: `AdministratorAccess` gives every program on an instance the account",
        ]
    );
}

#[test]
fn a_key_is_there_only_if_it_is_asked_for() {
    assert_eq!(launched(&with(""))["KeyName"], json!(null));
    assert_eq!(launched(&with(", key: ops"))["KeyName"], "ops");
}

#[test]
fn the_processor_follows_from_the_type_and_the_type_from_the_processor() {
    let of = |properties: &str| {
        let stack = with(properties);
        let image = launched(&stack)["ImageId"].as_str().expect("a parameter").contains("2023arm64recommended");
        (launched(&stack)["InstanceType"].as_str().expect("a type").to_owned(), image)
    };
    assert_eq!(of(""), ("t3.small".to_owned(), false));
    assert_eq!(of(", architecture: arm64"), ("t4g.small".to_owned(), true));
    assert_eq!(of(", instance: m7g.large"), ("m7g.large".to_owned(), true));
    assert_eq!(of(", instance: m7i.large, architecture: x86_64"), ("m7i.large".to_owned(), false));
    assert_eq!(of(", instance: '${Param}', architecture: arm64"), ("${Param}".to_owned(), true));
}

#[test]
fn an_image_is_looked_up_unless_it_is_pinned() {
    let of = |ami: &str| {
        let stack = with(&format!(", ami: {ami}"));
        assert_eq!(stack.faults(), [""; 0], "{ami}");
        (launched(&stack)["ImageId"].clone(), stack.parameters())
    };
    assert_eq!(of("ami-0123456789abcdef0"), (json!("ami-0123456789abcdef0"), json!({})));
    assert_eq!(of("'${Param}'"), (json!("${Param}"), json!({})));
    let id = "SsmParameterValueopsimageC96584B6F00A464EAD1953AFF4B05118Parameter";
    assert_eq!(
        of("ssm:/ops/image"),
        (
            json!(format!("${{{id}}}")),
            json!({ id: { "Default": "/ops/image", "Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>" } })
        )
    );
}

#[test]
fn the_name_of_an_image_may_hold_what_is_known_at_synthesis() {
    let place = Place { environment: Some("prod".to_owned()), ..Place::default() };
    let text = |ami: &str| format!("n: {{type: Network}}\nc: {{type: Ec2Cluster, network: n, ami: '{ami}'}}");
    let stack = stack_at(place.clone(), &text("ssm:/${env}/image"));
    let id = "SsmParameterValueprodimageC96584B6F00A464EAD1953AFF4B05118Parameter";
    assert_eq!(stack.parameters()[id]["Default"], "/prod/image");
    assert_eq!(
        stack_at(place.clone(), &text("ssm:/${Param}/image")).faults(),
        ["not-literal at `'ssm:/${Param}/image'`: the name of a parameter in SSM is known at synthesis"]
    );
    assert_eq!(
        stack_at(place, &text("ami-${env}")).faults(),
        ["image-id at `'ami-${env}'`: `ami-prod` is no image of EC2, and no parameter that holds one"]
    );
}

#[test]
fn all_of_a_stack_look_an_image_up_once() {
    let stack = stack(
        "n: {type: Network}\na: {type: Ec2Cluster, network: n}\nb: {type: Ec2Cluster, network: n}\nc: {type: Ec2Cluster, network: n, architecture: arm64}",
    );
    assert_eq!(stack.parameters().as_object().map(serde_json::Map::len), Some(2));
}

#[test]
fn instances_are_public_where_nothing_else_is_or_it_is_asked_for() {
    let place = |network: &str, properties: &str| {
        let stack = stack(&format!("n: {{type: Network{network}}}\nc: {{type: Ec2Cluster, network: n{properties}}}"));
        let address = launched(&stack)["NetworkInterfaces"][0]["AssociatePublicIpAddress"].clone();
        let subnets = below_group(&stack, "ASG")["VPCZoneIdentifier"][0].clone();
        (address, subnets, stack.faults())
    };
    let public = |faults: Vec<String>| (json!(true), json!("${n/PublicSubnet1/Subnet}"), faults);
    assert_eq!(place(", cidr: 10.0.0.0/24, subnets: {public: [10.0.0.0/25, 10.0.0.128/25], private: []}", ""), public(Vec::new()));
    assert_eq!(
        place("", ", subnets: public"),
        public(vec!["public-instances at `public`: instances get public addresses, and the network has private subnets".to_owned()])
    );
    assert_eq!(
        place(", nat: none", ", subnets: private"),
        (
            json!(false),
            json!("${n/PrivateSubnet1/Subnet}"),
            vec!["no-way-out at `n`: its instances can reach nothing outside of the network, not even ECS".to_owned()]
        )
    );
}

#[test]
fn points_at_subnets_that_are_not_there() {
    let stack = stack(
        "n: {type: Network, cidr: 10.0.0.0/24, subnets: {public: [10.0.0.0/25, 10.0.0.128/25], private: []}}\nc: {type: Ec2Cluster, network: n, subnets: private}",
    );
    assert_eq!(stack.faults(), ["no-subnets at `private`: the network has no private subnets"]);
}

#[test]
fn a_provider_has_a_name_that_ecs_takes() {
    assert!(["ecs-shop", "AwsShop", "fargate"].into_iter().all(super::is_reserved));
    assert!(!super::is_reserved("shop-ecs"));
    assert_eq!(with("").properties("c/AsgCapacityProvider/AsgCapacityProvider")["Name"], json!(null));
}

#[test]
fn services_on_fargate_run_in_it_too() {
    let stack = stack(
        "n: {type: Network}\nc: {type: Ec2Cluster, network: n}\nweb: {type: FargateService, network: n, cluster: c, image: 'a:1', port: 80, capacity: spot}",
    );
    assert_eq!(stack.faults(), [""; 0]);
    // By these it waits until the cluster has Fargate's spare capacity.
    assert_eq!(stack.properties("web/Service/Service")["Cluster"], "${c/c}");
}

#[test]
fn gives_what_others_need() {
    let stack = with("");
    for (name, value) in [
        ("name", "${c/Resource}"),
        ("arn", "${c/Resource.Arn}"),
        ("autoScalingGroupName", "${c/DefaultAutoScalingGroup/ASG}"),
        ("capacityProvider", "${c/AsgCapacityProvider/AsgCapacityProvider}"),
        ("instanceRoleArn", "${c/DefaultAutoScalingGroup/InstanceRole/Resource.Arn}"),
        ("instanceRoleName", "${c/DefaultAutoScalingGroup/InstanceRole/Resource}"),
        ("securityGroupId", "${c/DefaultAutoScalingGroup/InstanceSecurityGroup/Resource.GroupId}"),
    ] {
        assert_eq!(stack.attribute("c", name), value, "{name}");
    }
}

#[test]
fn collects_metrics_as_a_cluster_does() {
    assert_eq!(
        with(", name: shop, insights: enhanced").properties("c/Resource"),
        json!({
            "ClusterName": "shop",
            "ClusterSettings": [{ "Name": "containerInsights", "Value": "enhanced" }],
        })
    );
}

#[test]
fn points_at_a_type_that_is_none_or_has_another_processor() {
    assert_eq!(faults(", instance: small"), ["instance-type at `small`: `small` is no type of instance"]);
    assert_eq!(
        faults(", instance: t3.small, architecture: arm64"),
        ["instance-architecture at `arm64`: `t3.small` is x86_64, not arm64"]
    );
}

#[test]
fn points_at_an_image_that_is_none() {
    assert_eq!(
        faults(", ami: /ops/image"),
        ["image-id at `/ops/image`: `/ops/image` is no image of EC2, and no parameter that holds one"]
    );
    assert_eq!(
        faults(", ami: ami-12"),
        ["image-id at `ami-12`: `ami-12` is no image of EC2, and no parameter that holds one"]
    );
}

#[test]
fn points_at_a_disk_that_is_too_small() {
    assert_eq!(
        faults(", storage: 8GB"),
        ["instance-storage at `8GB`: an instance cannot have a disk of 8GB"]
    );
    assert_eq!(
        faults(", storage: 30.5GB"),
        ["instance-storage at `30.5GB`: a disk has whole gigabytes, not 31232MB"]
    );
}

#[test]
fn points_at_lines_that_keep_an_instance_from_joining() {
    let of = |line: &str| faults(&format!(", userData: ['{line}']"));
    assert_eq!(of("#!/bin/sh"), ["user-data at `'#!/bin/sh'`: the script has its first line already"]);
    assert_eq!(
        of("systemctl restart ecs"),
        ["user-data at `'systemctl restart ecs'`: the agent of ECS starts when the script has ended, and the script would wait for it for ever"]
    );
    assert_eq!(of("systemctl restart --no-block ecs"), [""; 0]);
    assert_eq!(
        of("echo ECS_ENGINE_AUTH_DATA={} >> /etc/ecs/ecs.config"),
        ["user-data at `'echo ECS_ENGINE_AUTH_DATA={} >> /etc/ecs/ecs.config'`: whoever may read the template could read the password of the registry"]
    );
    let long = "x".repeat(16 * 1024);
    assert_eq!(of(&long), [format!("user-data at `'{long}'`: a script of 16385 bytes is longer than EC2 takes: 16384")]);
}
