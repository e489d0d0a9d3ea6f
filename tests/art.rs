//! The third system: services on instances behind one load balancer, checked on the templates of
//! `examples/art-service`.
//!
//! Each test is named after its acceptance check. All 25 can be read off the templates, so that none is left out.

mod changes;

use std::collections::BTreeSet;

use crate::{
    reach,
    support::{
        asi,
        query::{Query, Resource, many, references, refers},
        read, template,
    },
};
use asi::world::MemoryFiles;
use serde_json::{Value, json};

const FILE: &str = "examples/art-service/asi.yaml";

/// The services, with the port of each.
const SERVICES: [(&str, u16); 2] = [("sourcing", 8082), ("manipulating", 8083)];

/// The stacks of an environment.
struct Stacks {
    bootstrap: Value,
    registries: Value,
    services: Value,
}

fn synthesize(text: &str, environment: &str) -> Stacks {
    let stack = |name: &str| template(text, &[&format!("art-{environment}-{name}")]);
    Stacks { bootstrap: stack("bootstrap"), registries: stack("registries"), services: stack("services") }
}

fn staging() -> Stacks {
    synthesize(&read(FILE), "staging")
}

/// The services of `staging`.
fn services() -> Value {
    template(&read(FILE), &["art-staging-services"])
}

/// The stack file with some lines changed.
#[track_caller]
fn changed(changes: &[(&str, &str)]) -> String {
    let mut text = read(FILE);
    for (old, new) in changes {
        assert_eq!(text.matches(old).count(), 1, "`{old}` stands in the example once");
        text = text.replace(old, new);
    }
    text
}

/// The services of `staging` with some lines of the stack file changed.
#[track_caller]
fn with(changes: &[(&str, &str)]) -> Value {
    template(&changed(changes), &["art-staging-services"])
}

/// The services of `staging` with a fault put in: `change` is given each resource with its type.
fn planted(change: impl Fn(&str, &mut Value)) -> Value {
    let mut template = services();
    for resource in template["Resources"].as_object_mut().unwrap().values_mut() {
        let kind = resource["Type"].as_str().unwrap().to_owned();
        change(&kind, &mut resource["Properties"]);
    }
    template
}

fn subnets<'a>(query: &Query<'a>, public: bool) -> BTreeSet<&'a str> {
    let all = query.of("AWS::EC2::Subnet").into_iter();
    all.map(|it| it.id).filter(|it| query.is_public(it) == public).collect()
}

fn launch_data<'a>(query: &Query<'a>) -> &'a Value {
    query.only("AWS::EC2::LaunchTemplate").get("LaunchTemplateData")
}

fn instance_group<'a>(query: &Query<'a>) -> Resource<'a> {
    query.target(&launch_data(query)["NetworkInterfaces"][0]["Groups"][0])
}

/// A service by its container's name, with the definition of its task and its container.
fn service<'a>(query: &Query<'a>, name: &str) -> (Resource<'a>, Resource<'a>, &'a Value) {
    let found = query.of("AWS::ECS::Service").into_iter().find_map(|service| {
        let definition = query.target(service.get("TaskDefinition"));
        let [container] = definition.get("ContainerDefinitions").as_array()?.as_slice() else { return None };
        (container["Name"] == format!("{name}-data-service")).then_some((service, definition, container))
    });
    found.unwrap_or_else(|| panic!("no service {name}"))
}

/// The rule that passes requests to a target group.
#[track_caller]
fn rule_to<'a>(query: &Query<'a>, target_group: &str) -> Resource<'a> {
    let rules = query.of("AWS::ElasticLoadBalancingV2::ListenerRule").into_iter();
    let found: Vec<_> = rules.filter(|it| refers(it.get("Actions"), target_group)).collect();
    assert_eq!(found.len(), 1, "{target_group}: {found:?}");
    found[0]
}

/// The statements of all roles, with the managed policies of each.
fn rights(template: &Value) -> Vec<(String, Vec<Value>, Vec<Value>)> {
    let query = Query::new(template);
    let roles = query.of("AWS::IAM::Role").into_iter();
    roles.map(|it| (it.id.to_owned(), query.statements(it.id), many(it.get("ManagedPolicyArns")))).collect()
}

#[test]
fn art_01_one_network_with_two_subnets() {
    let template = services();
    let query = Query::new(&template);
    let vpc = query.only("AWS::EC2::VPC");
    assert_eq!(vpc.get("CidrBlock"), "10.0.0.0/16");
    let subnets = query.of("AWS::EC2::Subnet");
    let ranges: Vec<&Value> = subnets.iter().map(|it| it.get("CidrBlock")).collect();
    assert_eq!(ranges, ["10.0.0.0/25", "10.0.0.128/25"]);
    assert_ne!(subnets[0].get("AvailabilityZone"), subnets[1].get("AvailabilityZone"));
    assert!(subnets.iter().all(|it| query.target(it.get("VpcId")).id == vpc.id));
}

#[test]
fn art_02_both_subnets_are_public() {
    let template = services();
    let query = Query::new(&template);
    assert_eq!((subnets(&query, true).len(), subnets(&query, false).len()), (2, 0));
}

#[test]
fn art_02_instances_may_be_in_private_subnets() {
    let template = template(&read(FILE), &["art-prod-services"]);
    let query = Query::new(&template);
    let group = query.only("AWS::AutoScaling::AutoScalingGroup");
    assert_eq!(subnets(&query, false).len(), 2);
    assert_eq!(query.targets(group.get("VPCZoneIdentifier")), subnets(&query, false));
    assert_eq!(launch_data(&query)["NetworkInterfaces"][0]["AssociatePublicIpAddress"], false);
    let balancer = query.only("AWS::ElasticLoadBalancingV2::LoadBalancer");
    assert_eq!(query.targets(balancer.get("Subnets")), subnets(&query, true));
    for target in query.of("AWS::ApplicationAutoScaling::ScalableTarget") {
        assert_eq!((target.get("MinCapacity"), target.get("MaxCapacity")), (&json!(2), &json!(6)));
    }
    assert_eq!(query.of("AWS::ApplicationAutoScaling::ScalableTarget").len(), 2);
}

#[test]
fn art_03_five_repositories() {
    let template = staging().registries;
    let repositories = Query::new(&template).of("AWS::ECR::Repository");
    let names: BTreeSet<&str> =
        repositories.iter().map(|it| it.get("RepositoryName").as_str().unwrap()).collect();
    let expected =
        ["eureka-server", "front-end", "gateway", "manipulating-data-service", "sourcing-data-service"];
    assert_eq!(names, expected.map(|it| format!("art-service-{it}")).iter().map(String::as_str).collect());
    assert_eq!(repositories.len(), 5);
}

#[test]
fn art_04_instances_join_the_cluster() {
    let template = services();
    let query = Query::new(&template);
    let script = launch_data(&query)["UserData"]["Fn::Base64"]["Fn::Sub"].as_str().unwrap();
    let cluster = query.only("AWS::ECS::Cluster").id;
    let lines: Vec<&str> = script.lines().collect();
    assert_eq!(lines[0], "#!/bin/bash");
    assert_eq!(lines[1], format!("echo ECS_CLUSTER=${{{cluster}}} >> /etc/ecs/ecs.config"));
}

#[test]
fn art_05_one_to_ten_instances_over_both_subnets() {
    let template = services();
    let query = Query::new(&template);
    let group = query.only("AWS::AutoScaling::AutoScalingGroup");
    assert_eq!((group.get("MinSize"), group.get("MaxSize")), (&json!("1"), &json!("10")));
    assert!(group.get("DesiredCapacity").is_null());
    assert_eq!(query.targets(group.get("VPCZoneIdentifier")), subnets(&query, true));
    let version = &group.get("LaunchTemplate")["Version"]["Fn::GetAtt"];
    assert_eq!(*version, json!([query.only("AWS::EC2::LaunchTemplate").id, "LatestVersionNumber"]));
}

#[test]
fn art_06_no_launch_configuration() {
    let template = services();
    let query = Query::new(&template);
    assert!(query.of("AWS::AutoScaling::LaunchConfiguration").is_empty());
    let group = query.only("AWS::AutoScaling::AutoScalingGroup");
    assert!(group.get("LaunchConfigurationName").is_null() && !group.get("LaunchTemplate").is_null());
}

#[test]
fn art_07_the_type_can_be_changed_and_the_image_is_looked_up() {
    let template = services();
    let data = launch_data(&Query::new(&template)).clone();
    assert_eq!(data["InstanceType"], "t2.small");
    let parameter = &template["Parameters"][data["ImageId"]["Ref"].as_str().unwrap()];
    assert_eq!(
        *parameter,
        json!({
            "Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
            "Default": "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
        })
    );

    let template = with(&[("instance: t2.small", "instance: m7i.large, ami: ami-0123456789abcdef0")]);
    let data = launch_data(&Query::new(&template)).clone();
    assert_eq!(
        (&data["InstanceType"], &data["ImageId"]),
        (&json!("m7i.large"), &json!("ami-0123456789abcdef0"))
    );
}

#[test]
fn art_08_the_disk_is_encrypted_and_goes_with_its_instance() {
    let template = services();
    let disks = launch_data(&Query::new(&template))["BlockDeviceMappings"].clone();
    let expected =
        json!({ "DeleteOnTermination": true, "Encrypted": true, "VolumeSize": 30, "VolumeType": "gp3" });
    assert_eq!(disks, json!([{ "DeviceName": "/dev/xvda", "Ebs": expected }]));
}

#[test]
fn art_09_instances_have_a_role_of_their_own() {
    let template = services();
    let query = Query::new(&template);
    let profile = query.target(&launch_data(&query)["IamInstanceProfile"]["Arn"]);
    assert_eq!(profile.kind(), "AWS::IAM::InstanceProfile");
    let role = query.target(&profile.get("Roles")[0]);
    let trust = many(role.get("AssumeRolePolicyDocument.Statement"));
    let principals: Vec<&Value> = trust.iter().map(|it| &it["Principal"]).collect();
    assert_eq!(principals, [&json!({ "Service": "ec2.amazonaws.com" })]);
    let policies = role.get("ManagedPolicyArns").to_string();
    assert!(policies.contains("service-role/AmazonEC2ContainerServiceforEC2Role"), "{policies}");
}

#[test]
fn art_10_metadata_takes_a_token() {
    let template = services();
    let query = Query::new(&template);
    assert_eq!(launch_data(&query)["MetadataOptions"]["HttpTokens"], "required");
}

#[test]
fn art_11_every_listener_is_reached() {
    let template = services();
    assert_eq!(reach::faults(&template), [""; 0]);
    let query = Query::new(&template);
    assert_eq!(query.only("AWS::ElasticLoadBalancingV2::Listener").get("Port"), 80);

    // As the system's README has it: the listener is on port 80, and its security group admits 22 and 8082.
    let original = planted(|kind, it| {
        if kind == "AWS::EC2::SecurityGroup" && it["SecurityGroupIngress"].is_array() {
            let rule = |port: u16| json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "0.0.0.0/0" });
            it["SecurityGroupIngress"] = json!([rule(22), rule(8082)]);
        }
    });
    let balancer = query.only("AWS::ElasticLoadBalancingV2::LoadBalancer").id;
    let open = format!("{balancer} is open where it does not listen");
    assert_eq!(
        reach::faults(&original),
        [format!("nobody reaches port 80 of {balancer}"), open.clone(), open]
    );
}

#[test]
fn art_11_what_keeps_requests_or_images_from_a_task_is_found() {
    // The port of the container, where ECS picks the port of the instance.
    let narrow = planted(|kind, it| {
        if kind == "AWS::EC2::SecurityGroupIngress" {
            it["FromPort"] = json!(8082);
            it["ToPort"] = json!(8083);
        }
    });
    // Subnets without a NAT gateway, and instances without addresses.
    let cut_off = planted(|kind, it| {
        if kind == "AWS::EC2::LaunchTemplate" {
            it["LaunchTemplateData"]["NetworkInterfaces"][0]["AssociatePublicIpAddress"] = json!(false);
        }
    });
    for (template, expected) in
        [(narrow, "does not reach port 32768 of"), (cut_off, "cannot pull its image from")]
    {
        let found = reach::faults(&template);
        assert!(!found.is_empty() && found.iter().all(|it| it.contains(expected)), "{expected} in {found:?}");
        for (name, _) in SERVICES {
            assert!(found.iter().any(|it| it.contains(name)), "{name} in {found:?}");
        }
    }
}

#[test]
fn art_12_only_the_load_balancer_reaches_instances() {
    let template = services();
    let query = Query::new(&template);
    let (balancer, instances) = (query.balancer_group(), instance_group(&query));
    assert_ne!(balancer.id, instances.id);
    let rules = query.ingress(instances.id);
    let [rule] = rules.as_slice() else { panic!("{rules:?}") };
    assert!(refers(&rule["SourceSecurityGroupId"], balancer.id));
    assert!(rule["CidrIp"].is_null() && rule["CidrIpv6"].is_null());
    assert_eq!(
        (&rule["IpProtocol"], &rule["FromPort"], &rule["ToPort"]),
        (&json!("tcp"), &json!(32768), &json!(65535))
    );
    let all: Vec<Value> =
        query.of("AWS::EC2::SecurityGroup").iter().flat_map(|it| query.ingress(it.id)).collect();
    assert_eq!(all.len(), 2, "there is one for each group: {all:?}");
    let covers = |rule: &Value, port: i64| {
        rule["IpProtocol"] == "-1"
            || rule["FromPort"].as_i64().unwrap() <= port && port <= rule["ToPort"].as_i64().unwrap()
    };
    assert!(!all.iter().any(|it| covers(it, 22) || covers(it, 0)), "{all:?}");
    assert!(launch_data(&query)["KeyName"].is_null());
}

#[test]
fn art_13_target_groups_check_health_as_said() {
    let template = services();
    let query = Query::new(&template);
    let groups = query.of("AWS::ElasticLoadBalancingV2::TargetGroup");
    assert_eq!(groups.len(), 2);
    for group in groups {
        for (key, value) in [
            ("HealthCheckPath", json!("/")),
            ("Matcher", json!({ "HttpCode": "200" })),
            ("HealthyThresholdCount", json!(5)),
            ("UnhealthyThresholdCount", json!(2)),
            ("HealthCheckIntervalSeconds", json!(30)),
            ("HealthCheckTimeoutSeconds", json!(5)),
            ("HealthCheckPort", json!("traffic-port")),
            ("Protocol", json!("HTTP")),
            ("TargetType", json!("instance")),
        ] {
            assert_eq!(*group.get(key), value, "{key}");
        }
        // Health is asked for as requests are sent, unless it is said otherwise.
        assert!(group.get("HealthCheckProtocol").is_null());
    }
}

#[test]
fn art_14_each_task_is_its_own_and_runs_the_image_of_its_repository() {
    let Stacks { registries, services, .. } = staging();
    let query = Query::new(&services);
    let families: BTreeSet<String> =
        SERVICES.iter().map(|(name, _)| service(&query, name).1.get("Family").to_string()).collect();
    assert_eq!(families.len(), 2);
    for (name, port) in SERVICES {
        let (_, _, container) = service(&query, name);
        assert_eq!(container["PortMappings"].as_array().unwrap().len(), 1);
        assert_eq!(container["PortMappings"][0]["ContainerPort"], port);
        assert_eq!(
            (&container["Memory"], &container["Cpu"], &container["Essential"]),
            (&json!(500), &json!(256), &json!(true))
        );
        let [uri, _, tag] = container["Image"]["Fn::Join"][1].as_array().unwrap().as_slice() else {
            panic!("{container}")
        };
        let exported = exported(&registries, uri["Fn::ImportValue"].as_str().unwrap());
        assert_eq!(exported["Fn::GetAtt"][1], "RepositoryUri");
        let repository = Query::new(&registries).target(exported);
        assert_eq!(repository.get("RepositoryName"), &json!(format!("art-service-{name}-data-service")));
        let parameter = &services["Parameters"][tag["Ref"].as_str().unwrap()];
        assert_eq!(parameter["Type"], "String");
    }
}

/// The value that a stack exports by this name.
fn exported<'a>(template: &'a Value, name: &str) -> &'a Value {
    let outputs = template["Outputs"].as_object().unwrap();
    let output = outputs.values().find(|it| it["Export"]["Name"] == name);
    &output.unwrap_or_else(|| panic!("{name} is not exported"))["Value"]
}

#[test]
fn art_15_one_task_each_reached_at_its_port() {
    let template = services();
    let query = Query::new(&template);
    for (name, port) in SERVICES {
        let (service, _, container) = service(&query, name);
        assert_eq!(service.get("DesiredCount"), 1);
        let [balancer] = service.get("LoadBalancers").as_array().unwrap().as_slice() else {
            panic!("{service:?}")
        };
        assert_eq!(
            (&balancer["ContainerName"], &balancer["ContainerPort"]),
            (&container["Name"], &json!(port))
        );
    }
}

#[test]
fn art_16_no_two_services_share_a_target_group() {
    let template = services();
    let query = Query::new(&template);
    let registered: Vec<Value> =
        query.of("AWS::ECS::Service").iter().flat_map(|it| many(it.get("LoadBalancers"))).collect();
    let groups: BTreeSet<&str> = registered.iter().map(|it| query.target(&it["TargetGroupArn"]).id).collect();
    assert_eq!((registered.len(), groups.len()), (2, 2));

    // As the system's author had it: one target group and one family for both.
    let first = groups.first().unwrap();
    let original = planted(|kind, it| match kind {
        "AWS::ECS::Service" => it["LoadBalancers"][0]["TargetGroupArn"] = json!({ "Ref": first }),
        "AWS::ECS::TaskDefinition" => it["Family"] = json!("art-service"),
        _ => (),
    });
    let found = reach::faults(&original);
    for shared in [first, "art-service"] {
        assert!(found.iter().any(|it| it.ends_with(&format!(" share {shared}"))), "{shared} in {found:?}");
    }
}

#[test]
fn art_17_each_target_group_has_a_rule() {
    let template = services();
    let query = Query::new(&template);
    let listener = query.only("AWS::ElasticLoadBalancingV2::Listener");
    let groups = query.of("AWS::ElasticLoadBalancingV2::TargetGroup");
    let rules: Vec<Resource<'_>> = groups.iter().map(|it| rule_to(&query, it.id)).collect();
    let priorities: BTreeSet<String> = rules.iter().map(|it| it.get("Priority").to_string()).collect();
    assert_eq!((groups.len(), priorities.len()), (2, 2));
    assert!(rules.iter().all(|it| refers(it.get("ListenerArn"), listener.id)));
    // What has the paths of all others comes last.
    let priority_of = |path: &str| {
        let rule =
            rules.iter().find(|it| it.get("Conditions")[0]["PathPatternConfig"]["Values"] == json!([path]));
        rule.unwrap_or_else(|| panic!("no rule for {path}")).get("Priority").as_u64().unwrap()
    };
    assert!(priority_of("/manipulating/*") < priority_of("/*"));
}

#[test]
fn art_18_ecs_picks_the_port_of_the_instance() {
    let template = services();
    let query = Query::new(&template);
    for (name, _) in SERVICES {
        let (_, definition, container) = service(&query, name);
        assert_eq!(definition.get("NetworkMode"), "bridge");
        assert_eq!(container["PortMappings"][0]["HostPort"], 0);
    }
}

#[test]
fn art_18_a_port_of_the_instance_needs_a_spare_instance() {
    let fixed = |count: &str| {
        let text = changed(&[
            ("        port: 8082\n", "        port: 8082\n        hostPort: 8082\n"),
            ("count: 1", count),
        ]);
        let files = MemoryFiles::with([("asi.yaml", text.as_bytes())]);
        asi(&["synth", "art-staging-services"], files).err
    };
    assert_eq!(fixed("count: 9"), "");
    let error = fixed("count: 10");
    assert!(error.starts_with("error[host-port-room]"), "{error}");
}

#[test]
fn art_19_services_wait_for_their_rule_and_for_instances() {
    let template = services();
    let query = Query::new(&template);
    for (name, _) in SERVICES {
        let (service, ..) = service(&query, name);
        let group = query.target(&service.get("LoadBalancers")[0]["TargetGroupArn"]);
        for needed in [
            rule_to(&query, group.id).id,
            query.only("AWS::ECS::CapacityProvider").id,
            query.only("AWS::AutoScaling::AutoScalingGroup").id,
            query.only("AWS::ECS::ClusterCapacityProviderAssociations").id,
        ] {
            assert!(query.depends(service.id, needed), "{name} does not wait for {needed}");
        }
    }
}

#[test]
fn art_20_services_follow_the_definition_of_their_stack() {
    let template = services();
    let query = Query::new(&template);
    for (name, _) in SERVICES {
        let (service, definition, container) = service(&query, name);
        assert_eq!(*service.get("TaskDefinition"), json!({ "Ref": definition.id }));
        let parameters: Vec<String> = references(&container["Image"])
            .into_iter()
            .filter(|it| template["Parameters"].get(it).is_some())
            .collect();
        assert_eq!(parameters.len(), 1, "{name}: {parameters:?}");
    }
}

#[test]
fn art_21_ecs_starts_and_stops_instances() {
    let template = services();
    let query = Query::new(&template);
    let provider = query.only("AWS::ECS::CapacityProvider");
    assert_eq!(provider.get("AutoScalingGroupProvider")["ManagedScaling"]["Status"], "ENABLED");
    let group = query.only("AWS::AutoScaling::AutoScalingGroup");
    assert!(refers(&provider.get("AutoScalingGroupProvider")["AutoScalingGroupArn"], group.id));
    let associations = query.only("AWS::ECS::ClusterCapacityProviderAssociations");
    assert!(refers(associations.get("Cluster"), query.only("AWS::ECS::Cluster").id));
    assert!(refers(associations.get("CapacityProviders"), provider.id));
}

#[test]
fn art_22_services_take_no_role_for_the_load_balancer() {
    let template = services();
    let query = Query::new(&template);
    assert!(query.of("AWS::ECS::Service").iter().all(|it| it.get("Role").is_null()));
    // `AmazonEC2ContainerServiceforEC2Role` is that of the instances.
    assert!(!template.to_string().contains("AmazonEC2ContainerServiceRole"));
}

#[test]
fn art_23_nobody_is_an_administrator() {
    /// What AWS lets nobody limit to a resource.
    const ANYWHERE: [&str; 2] = ["ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint"];
    let Stacks { bootstrap, registries, services } = staging();
    for template in [bootstrap, registries, services] {
        let query = Query::new(&template);
        for kind in ["AWS::IAM::User", "AWS::IAM::AccessKey", "AWS::IAM::Group"] {
            assert!(query.of(kind).is_empty(), "{kind}");
        }
        for (role, statements, managed) in rights(&template) {
            assert!(!managed.iter().any(|it| it.to_string().contains("Admin")), "{role}: {managed:?}");
            for statement in statements {
                for action in many(&statement["Action"]) {
                    let action = action.as_str().unwrap();
                    assert!(!action.contains('*'), "{role}: {action}");
                    let is_limited = statement["Condition"]["ArnEquals"].is_object();
                    assert!(
                        !many(&statement["Resource"]).contains(&json!("*"))
                            || is_limited
                            || ANYWHERE.contains(&action),
                        "{role}: {action} on *"
                    );
                }
            }
        }
    }
}

#[test]
fn art_25_the_bucket_for_templates_is_safe() {
    let template = staging().bootstrap;
    let query = Query::new(&template);
    let bucket = query.only("AWS::S3::Bucket");
    assert_eq!(bucket.get("VersioningConfiguration.Status"), "Enabled");
    let encryption = bucket.get("BucketEncryption.ServerSideEncryptionConfiguration");
    assert_eq!(encryption[0]["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256");
    let block = bucket.get("PublicAccessBlockConfiguration").as_object().unwrap();
    assert_eq!((block.len(), block.values().all(|it| *it == json!(true))), (4, true));
    assert_eq!(
        (&bucket.value["DeletionPolicy"], &bucket.value["UpdateReplacePolicy"]),
        (&json!("Retain"), &json!("Retain"))
    );
}
