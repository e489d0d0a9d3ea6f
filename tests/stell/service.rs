//! The service, the network it runs in, and how it is deployed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    ENVIRONMENTS, actions, awsvpc, balancer, changed, container, dev, environment, of_subnets, project,
    public, set, trusted, variable, with,
};
use crate::{
    pipeline::buildspec,
    support::{
        query::{Query, many, refers},
        template,
    },
};

#[test]
fn stell_01_three_subnets_with_a_way_to_the_internet() {
    let ranges = set(&["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]);
    for (template, has_others) in [(dev(), true), (public(), false)] {
        let query = Query::new(&template);
        assert_eq!(query.only("AWS::EC2::VPC").get("CidrBlock"), "10.0.0.0/16");
        let subnets = query.of("AWS::EC2::Subnet");
        let own: BTreeSet<String> =
            subnets.iter().map(|it| it.get("CidrBlock").as_str().unwrap().to_owned()).collect();
        assert!(own.is_superset(&ranges), "{own:?}");
        assert_eq!(own != ranges, has_others);
        for subnet in subnets {
            let routes = query.routes(query.route_table(subnet.id).id);
            let out = routes.iter().find(|it| it.get("DestinationCidrBlock") == "0.0.0.0/0");
            let out = out.unwrap_or_else(|| panic!("{} has no way out", subnet.id));
            assert_eq!(query.is_public(subnet.id), out.get("NatGatewayId").is_null(), "{}", subnet.id);
        }
    }
    let template = public();
    let query = Query::new(&template);
    assert!(query.of("AWS::EC2::Subnet").iter().all(|it| query.is_public(it.id)));
}

#[test]
fn stell_02_the_load_balancer_and_the_tasks_are_in_several_zones() {
    let template = dev();
    let query = Query::new(&template);
    let of_balancer = |property| of_subnets(&query, balancer(&query).get("Subnets"), property);
    assert_eq!(of_balancer("CidrBlock"), set(&["10.0.2.0/24", "10.0.3.0/24"]));
    assert_eq!(of_balancer("AvailabilityZone").len(), 2);
    assert_eq!(of_subnets(&query, &awsvpc(&query)["Subnets"], "AvailabilityZone").len(), 2);

    let template = public();
    let query = Query::new(&template);
    for subnets in [balancer(&query).get("Subnets"), &awsvpc(&query)["Subnets"]] {
        assert_eq!(of_subnets(&query, subnets, "AvailabilityZone").len(), 3);
    }
}

#[test]
fn stell_03_the_world_reaches_the_load_balancer_and_that_the_tasks() {
    let template = dev();
    let query = Query::new(&template);
    let outside = query.target(&balancer(&query).get("SecurityGroups")[0]);
    let inside = query.target(&awsvpc(&query)["SecurityGroups"][0]);
    let ports = |rule: &Value| {
        (rule["IpProtocol"].clone(), rule["FromPort"].clone(), rule["ToPort"].clone(), rule["CidrIp"].clone())
    };
    let (lb, ecs) = (query.ingress(outside.id), query.ingress(inside.id));
    assert_eq!(
        lb.iter().map(ports).collect::<Vec<_>>(),
        [(json!("tcp"), json!(80), json!(80), json!("0.0.0.0/0"))]
    );
    assert_eq!(
        ecs.iter().map(ports).collect::<Vec<_>>(),
        [(json!("tcp"), json!(80), json!(80), json!(null))]
    );
    assert!(refers(&ecs[0]["SourceSecurityGroupId"], outside.id));
}

#[test]
fn stell_04_health_is_checked_as_said() {
    let template = dev();
    let query = Query::new(&template);
    let group = query.only("AWS::ElasticLoadBalancingV2::TargetGroup");
    for (key, value) in [
        ("TargetType", json!("ip")),
        ("Protocol", json!("HTTP")),
        ("Port", json!(80)),
        ("HealthCheckPath", json!("/")),
        ("HealthCheckIntervalSeconds", json!(30)),
        ("HealthCheckTimeoutSeconds", json!(3)),
        ("HealthyThresholdCount", json!(3)),
        ("UnhealthyThresholdCount", json!(2)),
        ("Matcher", json!({ "HttpCode": "200" })),
    ] {
        assert_eq!(*group.get(key), value, "{key}");
    }
}

#[test]
fn stell_05_the_task_is_small() {
    let template = dev();
    let query = Query::new(&template);
    let task = query.only("AWS::ECS::TaskDefinition");
    assert_eq!((task.get("Cpu"), task.get("Memory")), (&json!("256"), &json!("512")));
    assert_eq!(
        (task.get("NetworkMode"), task.get("RequiresCompatibilities")),
        (&json!("awsvpc"), &json!(["FARGATE"]))
    );
    assert_eq!(container(&query)["Name"], "flask");
    let ports = many(&container(&query)["PortMappings"]);
    assert_eq!(ports.iter().map(|it| it["ContainerPort"].clone()).collect::<Vec<_>>(), [80]);
}

#[test]
fn stell_06_two_tasks_run_behind_the_load_balancer() {
    let template = dev();
    let query = Query::new(&template);
    let service = query.only("AWS::ECS::Service");
    assert_eq!((service.get("DesiredCount"), service.get("LaunchType")), (&json!(2), &json!("FARGATE")));
    let behind = many(service.get("LoadBalancers"));
    let [behind] = behind.as_slice() else { panic!("{behind:?}") };
    assert_eq!(query.target(&behind["TargetGroupArn"]).kind(), "AWS::ElasticLoadBalancingV2::TargetGroup");
    assert_eq!((&behind["ContainerName"], &behind["ContainerPort"]), (&json!("flask"), &json!(80)));
    assert!(query.depends(service.id, query.only("AWS::ElasticLoadBalancingV2::Listener").id));
}

#[test]
fn stell_07_tasks_have_public_addresses_only_in_public_subnets() {
    for (template, expected) in [(dev(), "DISABLED"), (public(), "ENABLED")] {
        let query = Query::new(&template);
        assert_eq!(awsvpc(&query)["AssignPublicIp"], expected);
        let subnets = query.targets(&awsvpc(&query)["Subnets"]);
        assert!(subnets.iter().all(|it| query.is_public(it) == (expected == "ENABLED")));
    }
}

#[test]
fn stell_08_the_first_deployment_needs_no_image_of_its_own() {
    let template = dev();
    let query = Query::new(&template);
    let image = template["Parameters"]["Image"]["Default"].as_str().unwrap();
    let (repository, tag) = image.rsplit_once(':').unwrap();
    // It answers `/` on port 80 with 200.
    assert!(repository.starts_with("public.ecr.aws/") && repository.ends_with("/nginx"), "{image}");
    assert!(tag.starts_with(|it: char| it.is_ascii_digit()), "{image}");
    let group = query.only("AWS::ElasticLoadBalancingV2::TargetGroup");
    assert!(group.get("HealthCheckPort").is_null());
    assert_eq!((group.get("Port"), group.get("HealthCheckPath")), (&json!(80), &json!("/")));
}

#[test]
fn stell_09_an_update_keeps_the_image_that_the_pipeline_deployed() {
    for name in ENVIRONMENTS {
        let template = environment(name);
        let query = Query::new(&template);
        assert_eq!(container(&query)["Image"], json!({ "Ref": "Image" }));
        assert_eq!(template["Parameters"]["Image"]["Type"], "String");
        let release = project(&query, "Deploy");
        assert_eq!(*variable(release, "PARAMETER"), "Image");
        assert_eq!(*variable(release, "STACK"), json!({ "Ref": "AWS::StackId" }));
        let commands = buildspec(&query, release.id);
        for needed in
            ["update-stack", "--use-previous-template", "ParameterKey=$PARAMETER,ParameterValue=$IMAGE"]
        {
            assert!(commands.contains(needed), "{commands}");
        }
        // What is built can be pulled: the parameter does not say from where.
        let registry = query.only("AWS::ECR::Repository");
        let role = query.target(query.only("AWS::ECS::TaskDefinition").get("ExecutionRoleArn"));
        let pulls = query.statements(role.id).into_iter().any(|it| {
            actions(&it).contains(&"ecr:BatchGetImage".to_owned()) && refers(&it["Resource"], registry.id)
        });
        assert!(pulls);
        assert!(refers(variable(project(&query, "BuildDocker"), "REPOSITORY_URI"), registry.id));
    }
}

#[test]
fn stell_14_the_new_version_starts_beside_the_old_one() {
    let template = environment("prod");
    let query = Query::new(&template);
    let service = query.only("AWS::ECS::Service");
    assert_eq!(service.get("DeploymentConfiguration.Strategy"), "BLUE_GREEN");
    assert_eq!(service.get("DeploymentConfiguration.BakeTimeInMinutes"), 10);
    let behind = &service.get("LoadBalancers")[0];
    let advanced = &behind["AdvancedConfiguration"];
    let groups =
        [&behind["TargetGroupArn"], &advanced["AlternateTargetGroupArn"]].map(|it| query.target(it).id);
    assert_ne!(groups[0], groups[1]);
    assert_eq!(query.of("AWS::ElasticLoadBalancingV2::TargetGroup").len(), 2);
    let rules =
        [&advanced["ProductionListenerRule"], &advanced["TestListenerRule"]].map(|it| query.target(it));
    assert_ne!(rules[0].id, rules[1].id);
    for rule in rules {
        assert_eq!(rule.kind(), "AWS::ElasticLoadBalancingV2::ListenerRule");
        assert!(groups.iter().all(|it| refers(rule.get("Actions"), it)), "{}", rule.id);
    }
    let role = query.target(&advanced["RoleArn"]);
    assert_eq!(trusted(role), [json!({ "Service": "ecs.amazonaws.com" })]);
    // An alarm on errors of both versions rolls it back, and somebody is told.
    let alarms = service.get("DeploymentConfiguration.Alarms");
    assert_eq!((&alarms["Enable"], &alarms["Rollback"]), (&json!(true), &json!(true)));
    let alarm = query.target(&alarms["AlarmNames"][0]);
    assert!(groups.iter().all(|it| refers(alarm.get("Metrics"), it)));
    assert_eq!(query.target(alarm.get("AlarmActions")).kind(), "AWS::SNS::Topic");
    // The pipeline updates the service with the roles that it has.
    let release = query.target(project(&query, "Deploy").get("ServiceRole"));
    let passes = query.statements(release.id).into_iter().any(|it| {
        actions(&it) == ["iam:PassRole"]
            && refers(&it["Resource"], role.id)
            && it["Condition"]["StringEquals"]["iam:PassedToService"] == "ecs.amazonaws.com"
    });
    assert!(passes);

    let template = dev();
    assert!(
        Query::new(&template).only("AWS::ECS::Service").get("DeploymentConfiguration.Strategy").is_null()
    );
}

#[test]
fn stell_15_a_function_is_asked_and_ecs_may_call_no_other() {
    let text = changed(&[("# hooks: [{", "hooks: [{")]);
    let text = format!(
        "{text}\nresources:\n  CheckRole: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{Version: '2012-10-17', \
         Statement: [{{Effect: Allow, Action: 'sts:AssumeRole', Principal: {{Service: lambda.amazonaws.com}}}}]}}}}}}\n  \
         Check: {{Type: AWS::Lambda::Function, Properties: {{Runtime: python3.13, Handler: index.handler, Timeout: 30, \
         Role: !GetAtt CheckRole.Arn, Code: {{ZipFile: \"def handler(event, context):\\n    return {{'hookStatus': 'SUCCEEDED'}}\\n\"}}}}}}\n"
    );
    let template = template(&text, &["-e", "prod"]);
    let query = Query::new(&template);
    let hooks = many(query.only("AWS::ECS::Service").get("DeploymentConfiguration.LifecycleHooks"));
    let [hook] = hooks.as_slice() else { panic!("{hooks:?}") };
    assert_eq!(hook["LifecycleStages"], json!(["POST_TEST_TRAFFIC_SHIFT"]));
    assert_eq!(hook["HookTargetArn"], json!({ "Fn::GetAtt": ["Check", "Arn"] }));
    let role = query.target(&hook["RoleArn"]);
    assert_eq!(trusted(role), [json!({ "Service": "ecs.amazonaws.com" })]);
    let statements = query.statements(role.id);
    assert_eq!(
        statements,
        [
            json!({ "Action": "lambda:InvokeFunction", "Effect": "Allow", "Resource": { "Fn::GetAtt": ["Check", "Arn"] } })
        ]
    );
}

#[test]
fn stell_24_production_scales() {
    let template = environment("prod");
    let query = Query::new(&template);
    let target = query.only("AWS::ApplicationAutoScaling::ScalableTarget");
    assert_eq!((target.get("MinCapacity"), target.get("MaxCapacity")), (&json!(2), &json!(6)));
    assert!(refers(target.get("ResourceId"), query.only("AWS::ECS::Service").id));
    let policy = query.only("AWS::ApplicationAutoScaling::ScalingPolicy");
    assert!(refers(policy.get("ScalingTargetId"), target.id));
    assert_eq!(policy.get("PolicyType"), "TargetTrackingScaling");
    assert_eq!(policy.get("TargetTrackingScalingPolicyConfiguration.TargetValue"), 70);
    assert!(query.only("AWS::ECS::Service").get("DesiredCount").is_null());

    let template = dev();
    assert!(Query::new(&template).of("AWS::ApplicationAutoScaling::ScalableTarget").is_empty());
}

#[test]
fn stell_25_with_a_zone_it_has_a_name() {
    assert!(Query::new(&dev()).of("AWS::Route53::RecordSet").is_empty());
    let template = with(&[("  # site: {", "  site: {")]);
    let query = Query::new(&template);
    let record = query.only("AWS::Route53::RecordSet");
    assert_eq!(record.get("Name").as_str().unwrap().trim_end_matches('.'), "flask-dev.example.com");
    assert_eq!(record.get("HostedZoneName"), "example.com.");
    assert_eq!(query.target(&record.get("AliasTarget")["DNSName"]).id, balancer(&query).id);
}

#[test]
fn stell_26_what_a_task_says_is_kept() {
    let template = dev();
    let query = Query::new(&template);
    let logs = &container(&query)["LogConfiguration"];
    assert_eq!(logs["LogDriver"], "awslogs");
    let group = query.target(&logs["Options"]["awslogs-group"]);
    assert_eq!(group.kind(), "AWS::Logs::LogGroup");
    let role = query.target(query.only("AWS::ECS::TaskDefinition").get("ExecutionRoleArn"));
    let writes = query.statements(role.id).into_iter().any(|it| {
        let actions = actions(&it);
        let needed = ["logs:CreateLogStream", "logs:PutLogEvents"];
        needed.iter().all(|it| actions.iter().any(|own| own == it)) && refers(&it["Resource"], group.id)
    });
    assert!(writes);
}
