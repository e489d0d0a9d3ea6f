//! The first system: what its author promised, checked on the template of `examples/alius-simplex`.
//!
//! Each test is named after its acceptance check. All 30 can be read off the template, so that none is left out.

use std::collections::BTreeSet;

use crate::support::{
    asi,
    query::{Query, Resource, many, references, refers},
    read,
};
use asi::{cli::Exit, world::MemoryFiles};
use serde_json::{Value, json};

/// The template as it stands in the example, for `staging`.
fn staging() -> Value {
    synthesize(&read("examples/alius-simplex/asi.yaml"))
}

#[track_caller]
fn synthesize(text: &str) -> Value {
    let files = MemoryFiles::with([("asi.yaml", text.as_bytes())]);
    let run = asi(&["synth", "--format", "json", "-e", "staging"], files);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    serde_json::from_str(&run.out).unwrap()
}

/// The template with some lines of the stack file changed.
#[track_caller]
fn with(changes: &[(&str, &str)]) -> Value {
    let mut text = read("examples/alius-simplex/asi.yaml");
    for (old, new) in changes {
        assert!(text.contains(old), "the example has no `{old}`");
        text = text.replace(old, new);
    }
    synthesize(&text)
}

fn subnets<'a>(query: &Query<'a>, public: bool) -> Vec<Resource<'a>> {
    query.of("AWS::EC2::Subnet").into_iter().filter(|it| query.is_public(it.id) == public).collect()
}

fn ids<'a>(resources: &[Resource<'a>]) -> BTreeSet<&'a str> {
    resources.iter().map(|it| it.id).collect()
}

fn tasks_group<'a>(query: &Query<'a>) -> Resource<'a> {
    let groups =
        query.only("AWS::ECS::Service").get("NetworkConfiguration.AwsvpcConfiguration.SecurityGroups");
    query.target(&groups[0])
}

fn container(query: &Query<'_>) -> Value {
    let containers =
        query.only("AWS::ECS::TaskDefinition").get("ContainerDefinitions").as_array().unwrap().clone();
    assert_eq!(containers.len(), 1);
    containers[0].clone()
}

fn stage<'a>(query: &Query<'a>, name: &str) -> &'a Value {
    let stages = query.only("AWS::CodePipeline::Pipeline").get("Stages").as_array().unwrap();
    stages.iter().find(|it| it["Name"] == name).unwrap_or_else(|| panic!("no stage {name}"))
}

fn stage_names(query: &Query<'_>) -> Vec<String> {
    let stages = query.only("AWS::CodePipeline::Pipeline").get("Stages").as_array().unwrap();
    stages.iter().map(|it| it["Name"].as_str().unwrap().to_owned()).collect()
}

fn artifacts(stage: &Value, key: &str) -> BTreeSet<String> {
    let actions = stage["Actions"].as_array().unwrap();
    let names =
        actions.iter().flat_map(|it| many(&it[key])).map(|it| it["Name"].as_str().unwrap().to_owned());
    names.collect()
}

/// The text of a value, references shown as `${…}`.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other["Fn::Sub"].as_str().unwrap_or_else(|| panic!("no text: {other}")).to_owned(),
    }
}

#[test]
fn alius_01_one_network() {
    let template = staging();
    let vpc = Query::new(&template).only("AWS::EC2::VPC");
    assert_eq!(vpc.get("CidrBlock"), "10.77.0.0/16");
    assert_eq!((vpc.get("EnableDnsHostnames"), vpc.get("EnableDnsSupport")), (&json!(true), &json!(true)));
}

#[test]
fn alius_02_a_public_and_a_private_subnet_in_each_of_two_zones() {
    let template = staging();
    let query = Query::new(&template);
    let ranges = |public| {
        let ranges: BTreeSet<String> = subnets(&query, public)
            .iter()
            .map(|it| it.get("CidrBlock").as_str().unwrap().to_owned())
            .collect();
        ranges.into_iter().collect::<Vec<_>>()
    };
    let zones = |public| -> BTreeSet<String> {
        subnets(&query, public).iter().map(|it| it.get("AvailabilityZone").to_string()).collect()
    };
    assert_eq!(ranges(false), ["10.77.0.0/24", "10.77.1.0/24"]);
    assert_eq!(ranges(true), ["10.77.2.0/24", "10.77.3.0/24"]);
    assert_eq!(zones(true).len(), 2);
    assert_eq!(zones(true), zones(false));
}

#[test]
fn alius_03_private_subnets_leave_through_the_nat_of_their_zone() {
    let template = staging();
    let query = Query::new(&template);
    for subnet in subnets(&query, false) {
        let routes = query.routes(query.route_table(subnet.id).id);
        let [route] = routes.as_slice() else { panic!("{routes:?}") };
        assert_eq!(route.get("DestinationCidrBlock"), "0.0.0.0/0");
        assert!(route.get("GatewayId").is_null());
        let nat_subnet = query.target(query.target(route.get("NatGatewayId")).get("SubnetId"));
        assert!(query.is_public(nat_subnet.id));
        assert_eq!(nat_subnet.get("AvailabilityZone"), subnet.get("AvailabilityZone"));
    }
}

#[test]
fn alius_04_each_nat_has_an_address_of_its_own() {
    let template = staging();
    let query = Query::new(&template);
    let (nats, addresses) = (query.of("AWS::EC2::NatGateway"), query.of("AWS::EC2::EIP"));
    assert_eq!((nats.len(), addresses.len()), (2, 2));
    let attachment = query.only("AWS::EC2::VPCGatewayAttachment");
    let mut used = BTreeSet::new();
    for nat in nats {
        let allocation = nat.get("AllocationId");
        assert_eq!(allocation["Fn::GetAtt"][1], "AllocationId");
        let address = query.target(allocation);
        assert!(used.insert(address.id));
        assert_eq!(address.get("Domain"), "vpc");
        assert!(query.depends(address.id, attachment.id));
    }
}

#[test]
fn alius_05_every_subnet_has_one_route_table() {
    let template = staging();
    let query = Query::new(&template);
    // `route_table` fails for none and for several.
    let tables: BTreeSet<&str> =
        query.of("AWS::EC2::Subnet").iter().map(|it| query.route_table(it.id).id).collect();
    assert_eq!(tables.len(), 4);
}

#[test]
fn alius_06_the_load_balancer_faces_the_internet_in_the_public_subnets() {
    let template = staging();
    let query = Query::new(&template);
    let balancer = query.only("AWS::ElasticLoadBalancingV2::LoadBalancer");
    assert_eq!(balancer.get("Scheme"), "internet-facing");
    assert_eq!(query.targets(balancer.get("Subnets")), ids(&subnets(&query, true)));
    assert_eq!(query.targets(balancer.get("SecurityGroups")), BTreeSet::from([query.balancer_group().id]));
}

#[test]
fn alius_07_the_load_balancer_admits_only_http() {
    let template = staging();
    let query = Query::new(&template);
    let rules = query.ingress(query.balancer_group().id);
    let [rule] = rules.as_slice() else { panic!("{rules:?}") };
    assert_eq!(
        (&rule["IpProtocol"], &rule["FromPort"], &rule["ToPort"], &rule["CidrIp"]),
        (&json!("tcp"), &json!(80), &json!(80), &json!("0.0.0.0/0"))
    );
}

#[test]
fn alius_08_tasks_admit_only_the_load_balancer() {
    let template = staging();
    let query = Query::new(&template);
    query.assert_admits_only(tasks_group(&query), 5000, query.balancer_group());
}

#[test]
fn alius_09_the_target_group_checks_health_as_said() {
    let template = staging();
    let query = Query::new(&template);
    let group = query.only("AWS::ElasticLoadBalancingV2::TargetGroup");
    for (key, value) in [
        ("TargetType", json!("ip")),
        ("Port", json!(5000)),
        ("Protocol", json!("HTTP")),
        ("HealthCheckPath", json!("/")),
        ("HealthCheckIntervalSeconds", json!(30)),
        ("HealthCheckTimeoutSeconds", json!(10)),
        ("HealthyThresholdCount", json!(5)),
        ("UnhealthyThresholdCount", json!(5)),
    ] {
        assert_eq!(*group.get(key), value, "{key}");
    }
    assert_eq!(query.target(group.get("VpcId")).kind(), "AWS::EC2::VPC");
}

#[test]
fn alius_10_listeners_forward_or_redirect() {
    let template = staging();
    let query = Query::new(&template);
    let listener = query.only("AWS::ElasticLoadBalancingV2::Listener");
    assert_eq!((listener.get("Port"), listener.get("Protocol")), (&json!(80), &json!("HTTP")));
    assert_eq!(listener.get("DefaultActions")[0]["Type"], "forward");
    let group = query.only("AWS::ElasticLoadBalancingV2::TargetGroup");
    assert!(refers(listener.get("DefaultActions"), group.id));

    let certificate = "arn:aws:acm:us-west-2:111122223333:certificate/1";
    let template =
        with(&[("port: 5000", &format!("port: 5000\n    https: {{certificate: \"{certificate}\"}}"))]);
    let query = Query::new(&template);
    let listeners = query.of("AWS::ElasticLoadBalancingV2::Listener");
    let on = |port: u16| *listeners.iter().find(|it| *it.get("Port") == json!(port)).expect("a listener");
    assert_eq!(on(443).get("Protocol"), "HTTPS");
    assert_eq!(on(443).get("Certificates")[0]["CertificateArn"], certificate);
    assert!(on(443).get("SslPolicy").as_str().unwrap().starts_with("ELBSecurityPolicy-TLS13-"));
    let redirect = &on(80).get("DefaultActions")[0];
    assert_eq!(redirect["Type"], "redirect");
    assert_eq!(
        (&redirect["RedirectConfig"]["Port"], &redirect["RedirectConfig"]["StatusCode"]),
        (&json!("443"), &json!("HTTP_301"))
    );
    let ports: BTreeSet<u64> =
        query.ingress(query.balancer_group().id).iter().map(|it| it["FromPort"].as_u64().unwrap()).collect();
    assert_eq!(ports, BTreeSet::from([80, 443]));
}

#[test]
fn alius_11_the_task_is_as_said() {
    let template = staging();
    let query = Query::new(&template);
    let task = query.only("AWS::ECS::TaskDefinition");
    assert_eq!(task.get("NetworkMode"), "awsvpc");
    assert_eq!(*task.get("RequiresCompatibilities"), json!(["FARGATE"]));
    assert_eq!((task.get("Cpu"), task.get("Memory")), (&json!("512"), &json!("2048")));
    let container = container(&query);
    assert_eq!(container["PortMappings"].as_array().unwrap().len(), 1);
    assert_eq!(container["PortMappings"][0]["ContainerPort"], 5000);
    assert_eq!(container["LogConfiguration"]["LogDriver"], "awslogs");
    let group = query.target(&container["LogConfiguration"]["Options"]["awslogs-group"]);
    assert_eq!(group.kind(), "AWS::Logs::LogGroup");
    assert_eq!(
        container["Ulimits"],
        json!([{ "HardLimit": 1_000_000, "Name": "nofile", "SoftLimit": 1_000_000 }])
    );
}

#[test]
fn alius_12_the_service_runs_in_private_subnets() {
    let template = staging();
    let query = Query::new(&template);
    let service = query.only("AWS::ECS::Service");
    assert_eq!(service.get("LaunchType"), "FARGATE");
    let network = service.get("NetworkConfiguration.AwsvpcConfiguration");
    assert_eq!(query.targets(&network["Subnets"]), ids(&subnets(&query, false)));
    assert_eq!(network["AssignPublicIp"], "DISABLED");
    assert_eq!(query.targets(&network["SecurityGroups"]).len(), 1);
    let balancer = &service.get("LoadBalancers")[0];
    assert_eq!(
        (&balancer["ContainerName"], &balancer["ContainerPort"]),
        (&container(&query)["Name"], &json!(5000))
    );
    assert_eq!(service.get("DeploymentConfiguration.MinimumHealthyPercent"), 100);
    assert_eq!(service.get("DeploymentConfiguration.MaximumPercent"), 200);
}

#[test]
fn alius_13_the_service_waits_for_the_listener() {
    let template = staging();
    let query = Query::new(&template);
    let listener = query.only("AWS::ElasticLoadBalancingV2::Listener");
    assert!(query.depends(query.only("AWS::ECS::Service").id, listener.id));
}

#[test]
fn alius_14_a_failing_deployment_rolls_back() {
    let template = staging();
    let query = Query::new(&template);
    let breaker = query.only("AWS::ECS::Service").get("DeploymentConfiguration.DeploymentCircuitBreaker");
    assert_eq!(*breaker, json!({ "Enable": true, "Rollback": true }));
}

#[test]
fn alius_15_the_service_scales_from_1_to_3() {
    let template = staging();
    let query = Query::new(&template);
    let target = query.only("AWS::ApplicationAutoScaling::ScalableTarget");
    assert_eq!((target.get("MinCapacity"), target.get("MaxCapacity")), (&json!(1), &json!(3)));
    let service = query.only("AWS::ECS::Service");
    let cluster = query.only("AWS::ECS::Cluster");
    let expected = format!("service/${{{}}}/${{{}.Name}}", cluster.id, service.id);
    assert_eq!(text(target.get("ResourceId")), expected);
    assert!(service.get("DesiredCount").is_null());
}

#[test]
fn alius_16_17_it_scales_out_at_70_percent_and_back_in() {
    let template = staging();
    let query = Query::new(&template);
    let policy = query.only("AWS::ApplicationAutoScaling::ScalingPolicy");
    assert_eq!(policy.get("PolicyType"), "TargetTrackingScaling");
    let tracking = policy.get("TargetTrackingScalingPolicyConfiguration");
    assert_eq!(
        tracking["PredefinedMetricSpecification"]["PredefinedMetricType"],
        "ECSServiceAverageCPUUtilization"
    );
    assert_eq!(tracking["TargetValue"], 70);
    assert_ne!(tracking["DisableScaleIn"], true);
}

#[test]
fn alius_18_stages_hand_on_their_artifacts() {
    let template = staging();
    let query = Query::new(&template);
    assert_eq!(stage_names(&query), ["Source", "Build", "Deploy"]);
    let outputs = |name| artifacts(stage(&query, name), "OutputArtifacts");
    let inputs = |name| artifacts(stage(&query, name), "InputArtifacts");
    assert!(!inputs("Build").is_empty() && inputs("Build").is_subset(&outputs("Source")));
    assert!(!inputs("Deploy").is_empty() && inputs("Deploy").is_subset(&outputs("Build")));
}

#[test]
fn alius_19_the_source_is_a_connection_and_no_token() {
    let template = staging();
    let query = Query::new(&template);
    let action = &stage(&query, "Source")["Actions"][0];
    assert_eq!(
        action["ActionTypeId"],
        json!({ "Category": "Source", "Owner": "AWS", "Provider": "CodeStarSourceConnection", "Version": "1" })
    );
    assert_eq!(action["Configuration"]["FullRepositoryId"], "paoloo/st");
    assert_eq!(action["Configuration"]["BranchName"], "master");
    assert!(!template.to_string().contains("OAuthToken"));
}

#[test]
fn alius_20_the_build_may_run_docker_for_ten_minutes() {
    let template = staging();
    let query = Query::new(&template);
    let action = &stage(&query, "Build")["Actions"][0];
    let project = query.target(&action["Configuration"]["ProjectName"]);
    assert_eq!(project.kind(), "AWS::CodeBuild::Project");
    assert_eq!(project.get("Environment.PrivilegedMode"), true);
    assert_eq!(
        (project.get("Source.Type"), project.get("Artifacts.Type")),
        (&json!("CODEPIPELINE"), &json!("CODEPIPELINE"))
    );
    assert_eq!(project.get("TimeoutInMinutes"), 10);
    assert!(!project.get("Environment.Image").as_str().unwrap().contains("docker:17"));
}

#[test]
fn alius_21_the_image_is_tagged_by_its_commit() {
    let template = staging();
    let query = Query::new(&template);
    let project = query.target(&stage(&query, "Build")["Actions"][0]["Configuration"]["ProjectName"]);
    let buildspec = text(project.get("Source.BuildSpec"));
    assert!(buildspec.contains("CODEBUILD_RESOLVED_SOURCE_VERSION"));
    assert!(buildspec.contains("docker push"));
    assert!(buildspec.contains("get-login-password") && !buildspec.contains("get-login "));
    assert!(buildspec.contains("imagedefinitions.json"));
    let name = container(&query)["Name"].as_str().unwrap().to_owned();
    assert!(buildspec.contains(&name), "the definitions name the container `{name}`");
    assert!(!buildspec.contains(":latest"));
}

#[test]
fn alius_22_the_deployment_is_of_this_stack() {
    let template = staging();
    let query = Query::new(&template);
    let action = &stage(&query, "Deploy")["Actions"][0];
    assert_eq!(action["ActionTypeId"]["Provider"], "ECS");
    assert_eq!(query.target(&action["Configuration"]["ClusterName"]).kind(), "AWS::ECS::Cluster");
    assert_eq!(query.target(&action["Configuration"]["ServiceName"]).kind(), "AWS::ECS::Service");
    let file = action["Configuration"]["FileName"].as_str().unwrap_or("imagedefinitions.json");
    assert_eq!(file, "imagedefinitions.json");
}

#[test]
fn alius_23_a_name_in_the_zone_leads_to_the_load_balancer() {
    let template = staging();
    let query = Query::new(&template);
    let record = query.only("AWS::Route53::RecordSet");
    assert_eq!(record.get("Name").as_str().unwrap().trim_end_matches('.'), "testex.example.com");
    assert_eq!(
        query.target(&record.get("AliasTarget")["DNSName"]).kind(),
        "AWS::ElasticLoadBalancingV2::LoadBalancer"
    );
    assert_eq!(record.get("HostedZoneName"), "example.com.");
    assert!(record.get("HostedZoneId").is_null());
}

#[test]
fn alius_24_25_the_path_is_closed_to_all_but_the_office() {
    let template = staging();
    let query = Query::new(&template);
    let acl = query.only("AWS::WAFv2::WebACL");
    assert_eq!(acl.get("Scope"), "REGIONAL");
    assert_eq!(*acl.get("DefaultAction"), json!({ "Allow": {} }));
    let rules = acl.get("Rules").as_array().unwrap();
    let [rule] = rules.as_slice() else { panic!("{rules:?}") };
    assert_eq!(rule["Action"], json!({ "Block": {} }));
    let both = rule["Statement"]["AndStatement"]["Statements"].as_array().unwrap();
    let set = query.target(&both[0]["NotStatement"]["Statement"]["IPSetReferenceStatement"]["Arn"]);
    assert_eq!(*set.get("Addresses"), json!(["203.0.113.10/32"]));
    let path = &both[1]["ByteMatchStatement"];
    assert_eq!(
        (&path["PositionalConstraint"], &path["SearchString"]),
        (&json!("STARTS_WITH"), &json!("/version"))
    );
    assert_eq!(path["FieldToMatch"], json!({ "UriPath": {} }));
    let association = query.only("AWS::WAFv2::WebACLAssociation");
    assert_eq!(
        query.target(association.get("ResourceArn")).kind(),
        "AWS::ElasticLoadBalancingV2::LoadBalancer"
    );
    // What the rule lets through and what it blocks (ALIUS-25) is tested beside the construct, by an evaluator of
    // web ACLs that runs on every obfuscation of a path it can think of.
    let transformations: BTreeSet<&str> =
        path["TextTransformations"].as_array().unwrap().iter().filter_map(|it| it["Type"].as_str()).collect();
    for needed in ["URL_DECODE", "LOWERCASE"] {
        assert!(transformations.contains(needed), "{transformations:?}");
    }
    assert!(transformations.iter().any(|it| it.starts_with("NORMALIZE_PATH")));
}

#[test]
fn alius_26_nobody_may_more_than_needed() {
    /// What AWS lets nobody limit to a resource.
    const ANYWHERE: [&str; 3] =
        ["ecr:GetAuthorizationToken", "ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition"];
    let template = staging();
    let query = Query::new(&template);
    for role in query.of("AWS::IAM::Role") {
        for statement in query.statements(role.id) {
            let actions: Vec<String> =
                many(&statement["Action"]).iter().map(|it| it.as_str().unwrap().to_owned()).collect();
            for action in &actions {
                assert!(action != "*" && !action.ends_with(":*"), "{}: {action}", role.id);
            }
            if many(&statement["Resource"]).iter().any(|it| it == "*") {
                assert!(
                    actions.iter().all(|it| ANYWHERE.contains(&it.as_str())),
                    "{}: {actions:?} on *",
                    role.id
                );
            }
            if actions.iter().any(|it| it == "iam:PassRole") {
                let roles = query.only("AWS::ECS::TaskDefinition");
                let allowed: BTreeSet<String> = [roles.get("TaskRoleArn"), roles.get("ExecutionRoleArn")]
                    .into_iter()
                    .flat_map(references)
                    .collect();
                assert_eq!(references(&statement["Resource"]), allowed);
                let condition = statement["Condition"].to_string();
                assert!(
                    condition.contains("iam:PassedToService")
                        && condition.contains("ecs-tasks.amazonaws.com"),
                    "{condition}"
                );
                assert!(!condition.contains("ec2.amazonaws.com"), "{condition}");
            }
        }
    }
}

#[test]
fn alius_27_each_role_is_taken_by_one() {
    let template = staging();
    let query = Query::new(&template);
    let task = query.only("AWS::ECS::TaskDefinition");
    let pipeline = query.only("AWS::CodePipeline::Pipeline");
    let project = query.only("AWS::CodeBuild::Project");
    let roles: BTreeSet<&str> = [
        task.get("TaskRoleArn"),
        task.get("ExecutionRoleArn"),
        pipeline.get("RoleArn"),
        project.get("ServiceRole"),
    ]
    .into_iter()
    .map(|it| query.target(it).id)
    .collect();
    assert_eq!(roles.len(), 4);
    for role in query.of("AWS::IAM::Role") {
        let trust = many(role.get("AssumeRolePolicyDocument.Statement"));
        let principals: Vec<Value> = trust
            .iter()
            .flat_map(|it| it["Principal"].as_object().unwrap().values().flat_map(many).collect::<Vec<_>>())
            .collect();
        assert_eq!(principals.len(), 1, "{}: {principals:?}", role.id);
    }
}

#[test]
fn alius_28_what_is_kept_is_kept_safe() {
    let template = staging();
    let query = Query::new(&template);
    let bucket = query.only("AWS::S3::Bucket");
    assert!(!bucket.get("BucketEncryption.ServerSideEncryptionConfiguration").is_null());
    let block = bucket.get("PublicAccessBlockConfiguration").as_object().unwrap();
    assert_eq!((block.len(), block.values().all(|it| *it == json!(true))), (4, true));
    let policy = query.only("AWS::S3::BucketPolicy");
    assert!(refers(policy.get("Bucket"), bucket.id));
    let denied = many(policy.get("PolicyDocument.Statement"))
        .into_iter()
        .any(|it| it["Effect"] == "Deny" && it["Condition"]["Bool"]["aws:SecureTransport"] == "false");
    assert!(denied);
    let repository = query.only("AWS::ECR::Repository");
    assert_eq!(repository.get("ImageScanningConfiguration.ScanOnPush"), true);
    assert!(!repository.get("LifecyclePolicy").is_null());
    assert_eq!(repository.value["DeletionPolicy"], "Retain");
    for group in query.of("AWS::Logs::LogGroup") {
        assert!(group.get("RetentionInDays").is_u64(), "{}", group.id);
    }
}

#[test]
fn alius_29_the_stack_tells_where_everything_is() {
    let template = staging();
    let outputs = template["Outputs"].as_object().unwrap();
    let names: Vec<&String> = outputs.keys().collect();
    assert_eq!(names, ["HostName", "Url", "LoadBalancerDns", "ClusterName", "ServiceName", "RepositoryUri"]);
    assert_eq!(outputs["HostName"]["Value"], "testex.example.com");
    let query = Query::new(&template);
    assert_eq!(
        query.target(&outputs["LoadBalancerDns"]["Value"]).kind(),
        "AWS::ElasticLoadBalancingV2::LoadBalancer"
    );
    assert_eq!(query.target(&outputs["RepositoryUri"]["Value"]).kind(), "AWS::ECR::Repository");
}

#[test]
fn alius_30_a_stage_of_ones_own_stands_between_build_and_deploy() {
    let template =
        with(&[("deploy: app\n", "deploy: app\n    stages:\n      - {name: Test, commands: [make test]}\n")]);
    let query = Query::new(&template);
    assert_eq!(stage_names(&query), ["Source", "Build", "Test", "Deploy"]);
    let inputs = |name| artifacts(stage(&query, name), "InputArtifacts");
    assert!(inputs("Deploy").is_subset(&artifacts(stage(&query, "Build"), "OutputArtifacts")));
}

#[test]
fn its_readme_says_what_is_true() {
    let text = read("examples/alius-simplex/asi.yaml");
    let is_said = |it: &&str| !it.trim().is_empty() && !it.trim().starts_with('#');
    let lines = text.lines().filter(is_said).count();
    let resources = Query::new(&staging()).resources().len();
    let readme = read("examples/alius-simplex/README.md");
    assert!(readme.contains(&format!("\n{lines} lines of `asi.yaml`")), "it has {lines} lines");
    assert!(readme.contains(&format!("a template of {resources} resources")), "it has {resources} resources");

    // What it calls one line: TLS, and deploying by a parameter.
    let https = readme.split("HTTPS is one line (`").nth(1).and_then(|it| it.split('`').next()).unwrap();
    let template = with(&[("    port: 5000\n", &format!("    port: 5000\n    {https}\n"))]);
    assert_eq!(Query::new(&template).of("AWS::CertificateManager::Certificate").len(), 1);
    let template = with(&[
        ("parameters:\n", "parameters:\n  ImageTag: {type: String}\n"),
        ("image: registry:bootstrap", "image: \"registry:${param.ImageTag}\""),
        ("deploy: app", "deploy: {service: app, parameter: ImageTag}"),
    ]);
    assert_eq!(stage_names(&Query::new(&template)), ["Source", "Build", "Deploy"]);
}
