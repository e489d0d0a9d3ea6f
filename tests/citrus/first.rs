//! The first version, on instances of EC2.

use super::{
    APP, changed, container, differing, group_of_balancer, group_of_instances, ids, is_world, launch_data,
    leads, of, size, subnets, template_of, v1, v2, with,
};
use crate::support::{
    Run, asi,
    query::{Query, many, refers},
    template,
};
use asi::{cli::Exit, world::MemoryFiles};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn cit_11_three_to_twelve_instances() {
    let template = v1();
    let query = Query::new(&template);
    assert_eq!(size(&query), ["3", "12", "6"]);
    let group = query.only("AWS::AutoScaling::AutoScalingGroup");
    assert_eq!(query.targets(group.get("VPCZoneIdentifier")).len(), 3);
    assert_eq!(group.get("HealthCheckGracePeriod"), 300);
    let launched = &group.get("LaunchTemplate")["LaunchTemplateId"];
    assert_eq!(query.target(launched).kind(), "AWS::EC2::LaunchTemplate");
    assert_eq!(query.of("AWS::AutoScaling::LaunchConfiguration").len(), 0);
    assert_eq!(launch_data(&query)["InstanceType"], json!({"Ref": "InstanceType"}));
    assert_eq!(template["Parameters"]["InstanceType"]["Default"], "t2.micro");

    let grown = template_of("citrus-prod-app");
    let query = Query::new(&grown);
    assert_eq!(size(&query), ["6", "18", "12"]);
    assert_eq!(grown["Parameters"]["InstanceType"]["Default"], "t3.small");
}

#[test]
fn cit_12_instances_join_and_know_no_password() {
    let template = v1();
    let query = Query::new(&template);
    let script = launch_data(&query)["UserData"]["Fn::Base64"]["Fn::Sub"].as_str().unwrap();
    assert!(script.starts_with("#!/bin/bash\n"), "{script}");
    let cluster = query.only("AWS::ECS::Cluster").id;
    assert!(
        script.contains(&format!("\necho ECS_CLUSTER=${{{cluster}}} >> /etc/ecs/ecs.config\n")),
        "{script}"
    );
    for (stack, template) in APP.iter() {
        let text = template.to_string().to_lowercase();
        for secret in ["dockercfg", "engine_auth", "\"auth\"", "@"] {
            assert!(!text.contains(secret), "{stack} has {secret}");
        }
    }
}

#[test]
fn cit_13_the_load_balancer_faces_the_internet() {
    let template = v1();
    let query = Query::new(&template);
    let balancer = query.only("AWS::ElasticLoadBalancingV2::LoadBalancer");
    assert_eq!(
        (balancer.get("Scheme"), balancer.get("Type")),
        (&json!("internet-facing"), &json!("application"))
    );
    assert_eq!(query.targets(balancer.get("Subnets")), ids(&subnets(&query, true)));
    let listener = query.only("AWS::ElasticLoadBalancingV2::Listener");
    assert_eq!((listener.get("Port"), listener.get("Protocol")), (&json!(80), &json!("HTTP")));
    let group = query.target(&listener.get("DefaultActions")[0]["TargetGroupArn"]);
    for (key, value) in [
        ("Port", json!(5555)),
        ("Protocol", json!("HTTP")),
        ("TargetType", json!("instance")),
        ("HealthCheckPath", json!("/testme")),
        ("HealthCheckPort", json!("traffic-port")),
        ("HealthyThresholdCount", json!(2)),
        ("UnhealthyThresholdCount", json!(6)),
        ("HealthCheckTimeoutSeconds", json!(10)),
        ("HealthCheckIntervalSeconds", json!(15)),
    ] {
        assert_eq!(*group.get(key), value, "{key}");
    }
    // An application load balancer goes over all zones, unless a target group is told otherwise.
    assert!(!group.get("TargetGroupAttributes").to_string().contains("cross_zone"));
}

#[test]
fn cit_14_only_the_load_balancer_is_open() {
    let template = v1();
    let query = Query::new(&template);
    let (outer, inner) = (group_of_balancer(&query), group_of_instances(&query));
    assert_ne!(outer.id, inner.id);
    let rules = query.ingress(outer.id);
    let ports: Vec<_> = rules.iter().map(|it| (&it["IpProtocol"], &it["FromPort"], &it["ToPort"])).collect();
    assert_eq!(ports, [(&json!("tcp"), &json!(80), &json!(80))]);
    let rules = query.ingress(inner.id);
    let [rule] = rules.as_slice() else { panic!("{rules:?}") };
    assert!(refers(&rule["SourceSecurityGroupId"], outer.id));
    assert!(rule["CidrIp"].is_null() && rule["CidrIpv6"].is_null());

    let environments = ["citrus-dev", "citrus-prod"]
        .into_iter()
        .flat_map(|it| ["infra", "app", "appv2", "eks"].map(|stack| template_of(&format!("{it}-{stack}"))));
    let mut open = BTreeSet::new();
    for template in environments {
        let query = Query::new(&template);
        let inline = query.of("AWS::EC2::SecurityGroup").into_iter();
        let inline = inline.flat_map(|it| many(it.get("SecurityGroupIngress")));
        let apart = query.of("AWS::EC2::SecurityGroupIngress").into_iter();
        for rule in inline.chain(apart.map(|it| it.value["Properties"].clone())).filter(is_world) {
            assert_eq!((&rule["IpProtocol"], &rule["FromPort"]), (&json!("tcp"), &rule["ToPort"]));
            open.insert(rule["FromPort"].as_u64().unwrap());
        }
    }
    assert_eq!(open, BTreeSet::from([80, 443]));
}

#[test]
fn cit_15_instances_are_private() {
    let place = |template: &Value| {
        let query = Query::new(template);
        let ids = query.targets(query.only("AWS::AutoScaling::AutoScalingGroup").get("VPCZoneIdentifier"));
        let public: BTreeSet<bool> = ids.iter().map(|it| query.is_public(it)).collect();
        (public, launch_data(&query)["NetworkInterfaces"][0]["AssociatePublicIpAddress"].clone())
    };
    assert_eq!(place(&v1()), (BTreeSet::from([false]), json!(false)));
    let change =
        ("instance: ${param.InstanceType}", "instance: ${param.InstanceType}\n        subnets: public");
    assert_eq!(place(&with("citrus-app", &[change])), (BTreeSet::from([true]), json!(true)));
    let said =
        asi(&["synth", "citrus-app"], MemoryFiles::with([("asi.yaml", changed(&[change]).as_bytes())]));
    assert!(said.err.starts_with("warning[public-instances]"), "{}", said.err);
}

#[test]
fn cit_16_six_tasks_that_listen_on_5555() {
    let template = v1();
    let query = Query::new(&template);
    let container = container(&query);
    assert_eq!((&container["Cpu"], &container["Memory"]), (&json!(1000), &json!(512)));
    assert_eq!(many(&container["PortMappings"]).len(), 1);
    assert_eq!(container["PortMappings"][0]["ContainerPort"], 5555);
    let service = query.only("AWS::ECS::Service");
    assert_eq!(service.get("DesiredCount"), 6);
    let behind = many(service.get("LoadBalancers"));
    let [behind] = behind.as_slice() else { panic!("{behind:?}") };
    assert_eq!((&behind["ContainerName"], &behind["ContainerPort"]), (&container["Name"], &json!(5555)));
    assert_eq!(query.target(&behind["TargetGroupArn"]).kind(), "AWS::ElasticLoadBalancingV2::TargetGroup");
    assert_eq!(query.target(service.get("TaskDefinition")).kind(), "AWS::ECS::TaskDefinition");
}

#[test]
fn cit_17_a_deployment_interrupts_nothing() {
    /// CPU units of a `t2.micro`.
    const UNITS: u64 = 1024;
    let template = v1();
    let query = Query::new(&template);
    let service = query.only("AWS::ECS::Service");
    let deployment = service.get("DeploymentConfiguration");
    assert!(deployment["MinimumHealthyPercent"].as_u64().unwrap() >= 50);
    assert!(deployment["MaximumPercent"].as_u64().unwrap() > 100);
    assert_eq!(deployment["DeploymentCircuitBreaker"], json!({"Enable": true, "Rollback": true}));
    assert_eq!(container(&query)["PortMappings"][0]["HostPort"], 0);
    // There is room for one task more, and for it ECS starts an instance.
    let [_, most, _] = size(&query).map(|it| it.as_str().unwrap().parse::<u64>().unwrap());
    let tasks = most * (UNITS / container(&query)["Cpu"].as_u64().unwrap());
    assert!(tasks > service.get("DesiredCount").as_u64().unwrap());
    let provider = query.only("AWS::ECS::CapacityProvider").get("AutoScalingGroupProvider");
    assert_eq!(provider["ManagedScaling"]["Status"], "ENABLED");

    // Where tasks take a port of their instance, the same holds, or it is refused.
    let fixed = ("port: 5555\n        cpu: 1000", "port: 5555\n        hostPort: 5555\n        cpu: 1000");
    let template = with("citrus-app", &[fixed]);
    let query = Query::new(&template);
    assert_eq!(container(&query)["PortMappings"][0]["HostPort"], 5555);
    let rules = query.ingress(group_of_instances(&query).id);
    assert_eq!((&rules[0]["FromPort"], &rules[0]["ToPort"]), (&json!(5555), &json!(5555)));
    let full = ("count: {min: 3, max: 12, desired: 6}", "count: 1");
    let Run { exit, err, .. } =
        asi(&["synth", "citrus-app"], MemoryFiles::with([("asi.yaml", changed(&[fixed, full]).as_bytes())]));
    assert_eq!(exit, Exit::Input);
    assert!(err.starts_with("error[host-port-room]"), "{err}");
}

#[test]
fn cit_18_19_tasks_are_added_and_removed_by_steps() {
    let template = v1();
    let query = Query::new(&template);
    let target = query.only("AWS::ApplicationAutoScaling::ScalableTarget");
    assert_eq!((target.get("MinCapacity"), target.get("MaxCapacity")), (&json!(1), &json!(20)));
    let (cluster, service) = (query.only("AWS::ECS::Cluster"), query.only("AWS::ECS::Service"));
    let expected = format!("service/${{{}}}/${{{}.Name}}", cluster.id, service.id);
    assert_eq!(*target.get("ResourceId"), json!({"Fn::Sub": expected}));
    let mut taken = BTreeMap::new();
    for alarm in query.of("AWS::CloudWatch::Alarm") {
        let dimensions = json!([
            {"Name": "ClusterName", "Value": {"Ref": cluster.id}},
            {"Name": "ServiceName", "Value": {"Fn::GetAtt": [service.id, "Name"]}},
        ]);
        for (key, value) in [
            ("Namespace", json!("AWS/ECS")),
            ("MetricName", json!("CPUUtilization")),
            ("Statistic", json!("Average")),
            ("EvaluationPeriods", json!(1)),
            ("Period", json!(60)),
            ("Dimensions", dimensions),
        ] {
            assert_eq!(*alarm.get(key), value, "{key}");
        }
        let policy = query.target(&alarm.get("AlarmActions")[0]);
        assert!(refers(policy.get("ScalingTargetId"), target.id));
        let steps = policy.get("StepScalingPolicyConfiguration");
        assert_eq!((&steps["AdjustmentType"], &steps["Cooldown"]), (&json!("ChangeInCapacity"), &json!(60)));
        taken.insert(
            alarm.get("ComparisonOperator").as_str().unwrap(),
            (alarm.get("Threshold").clone(), steps["StepAdjustments"].clone()),
        );
    }
    let expected = BTreeMap::from([
        (
            "GreaterThanOrEqualToThreshold",
            (json!(60), json!([{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}])),
        ),
        (
            "LessThanOrEqualToThreshold",
            (json!(15), json!([{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1}])),
        ),
    ]);
    assert_eq!(taken, expected);
}

#[test]
fn cit_20_instances_come_and_go() {
    // ECS starts and stops them.
    let template = v1();
    let query = Query::new(&template);
    let provider = query.only("AWS::ECS::CapacityProvider");
    let scaling = &provider.get("AutoScalingGroupProvider")["ManagedScaling"];
    assert_eq!(*scaling, json!({"Status": "ENABLED", "TargetCapacity": 100}));
    let associations = query.only("AWS::ECS::ClusterCapacityProviderAssociations");
    assert!(refers(associations.get("CapacityProviders"), provider.id));
    let strategy = many(query.only("AWS::ECS::Service").get("CapacityProviderStrategy"));
    assert_eq!(strategy.len(), 1);
    assert_eq!(query.target(&strategy[0]["CapacityProvider"]).id, provider.id);

    // Or their CPU does, as the authors had it, and with a way back.
    let template = with(
        "citrus-app",
        &[(
            "count: {min: 3, max: 12, desired: 6}",
            "count: {min: 3, max: 12, desired: 6}\n        scaling: {above: 80%, add: 4, below: 30%, remove: 1}",
        )],
    );
    let query = Query::new(&template);
    let provider = query.only("AWS::ECS::CapacityProvider").get("AutoScalingGroupProvider");
    assert_eq!(provider["ManagedScaling"]["Status"], "DISABLED");
    let group = query.only("AWS::AutoScaling::AutoScalingGroup");
    let mut changes = BTreeMap::new();
    for policy in query.of("AWS::AutoScaling::ScalingPolicy") {
        let alarms = query.of("AWS::CloudWatch::Alarm").into_iter();
        let alarms: Vec<_> = alarms.filter(|it| refers(it.get("AlarmActions"), policy.id)).collect();
        let [alarm] = alarms.as_slice() else { panic!("{alarms:?}") };
        assert_eq!(
            (alarm.get("Namespace"), alarm.get("MetricName")),
            (&json!("AWS/EC2"), &json!("CPUUtilization"))
        );
        assert_eq!(
            *alarm.get("Dimensions"),
            json!([{"Name": "AutoScalingGroupName", "Value": {"Ref": group.id}}])
        );
        assert_eq!(
            (policy.get("AdjustmentType"), policy.get("Cooldown")),
            (&json!("ChangeInCapacity"), &json!("300"))
        );
        let keys = ["ComparisonOperator", "Threshold", "Statistic", "EvaluationPeriods", "Period"];
        let when = keys.map(|it| alarm.get(it).to_string().replace('"', ""));
        changes.insert(policy.get("ScalingAdjustment").as_i64().unwrap(), when.join(" "));
    }
    let expected = BTreeMap::from([
        (-1, "LessThanOrEqualToThreshold 30 Average 15 60".to_owned()),
        (4, "GreaterThanOrEqualToThreshold 80 Average 2 60".to_owned()),
    ]);
    assert_eq!(changes, expected);
}

#[test]
fn cit_21_a_name_leads_to_the_load_balancer() {
    leads(&v1(), "cb.example.com");
}

#[test]
fn cit_22_a_version_is_one_value() {
    for (stack, at) in [("citrus-app", "prototype-4-cb"), ("citrus-appv2", "k8s-cbv2")] {
        let one = of(&APP, stack);
        let query = Query::new(one);
        let [task, service] =
            ["AWS::ECS::TaskDefinition", "AWS::ECS::Service"].map(|it| query.only(it).id.to_owned());
        let referring = |id: &str| -> BTreeSet<String> {
            query
                .resources()
                .into_iter()
                .filter(|it| refers(it.value, id))
                .map(|it| it.id.to_owned())
                .collect()
        };
        assert_eq!(one["Parameters"]["ImageTag"]["Default"], "v0.0.1");
        assert_eq!(referring("ImageTag"), BTreeSet::from([task.clone()]));
        assert_eq!(referring(&task), BTreeSet::from([service]));

        let text = changed(&[("{default: v0.0.1,", "{default: v0.0.2,")]);
        let mut other = template(&text, &[stack]);
        assert_eq!(differing(one, &other), BTreeSet::new());
        other["Parameters"]["ImageTag"]["Default"] = json!("v0.0.1");
        assert_eq!(other, *one);
        // What a change set sees, which knows the value of the parameter.
        let text = changed(&[(&format!("{at}:${{param.ImageTag}}"), &format!("{at}:${{param.ImageTag}}-1"))]);
        assert_eq!(differing(one, &template(&text, &[stack])), BTreeSet::from([task]));
    }
}

#[test]
fn cit_23_the_registry_is_logged_in_to_with_a_secret() {
    for template in [v1(), v2()] {
        let query = Query::new(&template);
        let parameter = container(&query)["RepositoryCredentials"]["CredentialsParameter"].clone();
        let secret = query.target(&parameter);
        assert_eq!(secret.kind(), "AWS::SecretsManager::Secret");
        assert!(secret.get("SecretString").is_null(), "a secret in a template is none");
        let role = query.target(query.only("AWS::ECS::TaskDefinition").get("ExecutionRoleArn"));
        let mut reading = Vec::new();
        for resource in query.of("AWS::IAM::Role") {
            for statement in query.statements(resource.id) {
                if statement["Action"].to_string().contains("secretsmanager") {
                    reading.push((resource.id, statement));
                }
            }
        }
        let expected = json!({"Action": "secretsmanager:GetSecretValue", "Effect": "Allow", "Resource": {"Ref": secret.id}});
        assert_eq!(reading, [(role.id, expected)]);
    }
}

#[test]
fn cit_24_over_https_if_asked_for() {
    for (stack, domain) in [("citrus-prod-app", "cb.example.com"), ("citrus-prod-appv2", "cbv2.example.com")]
    {
        let template = template_of(stack);
        let query = Query::new(&template);
        let listeners = query.of("AWS::ElasticLoadBalancingV2::Listener");
        let on = |port: u16| *listeners.iter().find(|it| *it.get("Port") == json!(port)).expect("a listener");
        assert_eq!(on(443).get("Protocol"), "HTTPS");
        assert!(on(443).get("SslPolicy").as_str().unwrap().starts_with("ELBSecurityPolicy-TLS13-"));
        let certificate = query.target(&on(443).get("Certificates")[0]["CertificateArn"]);
        assert_eq!(
            (certificate.get("DomainName"), certificate.get("ValidationMethod")),
            (&json!(domain), &json!("DNS"))
        );
        assert_eq!(on(80).get("DefaultActions")[0]["RedirectConfig"]["Protocol"], "HTTPS");
        let ports: BTreeSet<u64> = query
            .ingress(group_of_balancer(&query).id)
            .iter()
            .map(|it| it["FromPort"].as_u64().unwrap())
            .collect();
        assert_eq!(ports, BTreeSet::from([80, 443]));
    }
    assert_eq!(Query::new(&v1()).of("AWS::CertificateManager::Certificate").len(), 0);
}

#[test]
fn cit_25_instances_may_join_and_no_more() {
    let template = v1();
    let query = Query::new(&template);
    let data = launch_data(&query);
    let profile = query.target(&data["IamInstanceProfile"]["Arn"]);
    let role = query.target(&profile.get("Roles")[0]);
    let trust = many(role.get("AssumeRolePolicyDocument.Statement"));
    let trusted: Vec<&Value> = trust.iter().map(|it| &it["Principal"]).collect();
    assert_eq!(trusted, [&json!({"Service": "ec2.amazonaws.com"})]);
    // The policy AWS has for it lets instances make clusters, too.
    let managed = json!([{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"}]);
    assert_eq!(*role.get("ManagedPolicyArns"), managed);
    let cluster = query.only("AWS::ECS::Cluster");
    let arn = json!({"Fn::GetAtt": [cluster.id, "Arn"]});
    for statement in query.statements(role.id) {
        let actions = many(&statement["Action"]);
        let is_of_cluster = statement["Resource"] == arn
            || statement["Condition"] == json!({"ArnEquals": {"ecs:cluster": arn}});
        assert!(is_of_cluster || actions == [json!("ecs:DiscoverPollEndpoint")], "{statement}");
        for action in actions {
            let action = action.as_str().unwrap();
            assert!(!["ecs:CreateCluster", "ecs:StartTask", "ecs:*", "*"].contains(&action), "{action}");
        }
    }
    // The service takes the role that ECS has in the account, and no other.
    assert!(query.only("AWS::ECS::Service").get("Role").is_null());
    assert!(query.only("AWS::ApplicationAutoScaling::ScalableTarget").get("RoleARN").is_null());

    assert_eq!(data["MetadataOptions"]["HttpTokens"], "required");
    let disks = many(&data["BlockDeviceMappings"]);
    assert!(!disks.is_empty() && disks.iter().all(|it| it["Ebs"]["Encrypted"] == true));
    assert!(data["KeyName"].is_null());
    let with_key =
        ("instance: ${param.InstanceType}", "instance: ${param.InstanceType}\n        key: operations");
    let template = with("citrus-app", &[with_key]);
    assert_eq!(launch_data(&Query::new(&template))["KeyName"], "operations");
}
