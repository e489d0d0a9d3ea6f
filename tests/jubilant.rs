//! The second system: what its authors promised and wished for, checked on the templates of
//! `examples/jubilant-happiness`.
//!
//! Each test is named after its acceptance check. All 25 can be read off the templates, so that none is left out.

mod delivery;

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{
    asi,
    names::fixed_names,
    query::{Query, Resource, many, references, refers},
    read,
};
use asi::{
    cli::Exit,
    world::{MemoryFiles, SystemFiles},
};
use serde_json::{Value, json};

const ENVIRONMENTS: [&str; 4] = ["staging", "prod", "default-vpc", "github"];

fn example() -> String {
    read("examples/jubilant-happiness/asi.yaml")
}

fn readme() -> String {
    read("examples/jubilant-happiness/README.md")
}

#[track_caller]
fn synthesize(text: &str, environment: &str) -> Value {
    let files = MemoryFiles::with([("asi.yaml", text.as_bytes())]);
    let run = asi(&["synth", "--format", "json", "-e", environment], files);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    serde_json::from_str(&run.out).unwrap()
}

/// The template as it stands in the example, for an environment.
#[track_caller]
fn of(environment: &str) -> Value {
    synthesize(&example(), environment)
}

fn prod() -> Value {
    of("prod")
}

/// The example with some of its lines changed.
#[track_caller]
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(example(), |text, (old, new)| {
        assert!(text.contains(old), "the example has no `{old}`");
        text.replace(old, new)
    })
}

fn tasks_group<'a>(query: &Query<'a>) -> Resource<'a> {
    query.target(&placement(query)["SecurityGroups"][0])
}

/// Where the tasks run.
fn placement<'a>(query: &Query<'a>) -> &'a Value {
    query.only("AWS::ECS::Service").get("NetworkConfiguration.AwsvpcConfiguration")
}

fn container<'a>(query: &Query<'a>) -> &'a Value {
    let containers = query.only("AWS::ECS::TaskDefinition").get("ContainerDefinitions");
    assert_eq!(containers.as_array().unwrap().len(), 1);
    &containers[0]
}

fn pipeline<'a>(query: &Query<'a>, name: &str) -> Resource<'a> {
    let mut pipelines = query.of("AWS::CodePipeline::Pipeline").into_iter();
    pipelines.find(|it| it.id.starts_with(name)).unwrap_or_else(|| panic!("no pipeline {name}"))
}

fn stage_names(pipeline: Resource<'_>) -> Vec<&str> {
    pipeline.get("Stages").as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap()).collect()
}

/// The actions of a stage.
fn actions<'a>(pipeline: Resource<'a>, stage: &str) -> &'a Vec<Value> {
    let stages = pipeline.get("Stages").as_array().unwrap();
    let stage = stages.iter().find(|it| it["Name"] == stage).unwrap_or_else(|| panic!("no stage {stage}"));
    stage["Actions"].as_array().unwrap()
}

/// The project that an action runs.
fn project<'a>(query: &Query<'a>, action: &Value) -> Resource<'a> {
    query.target(&action["Configuration"]["ProjectName"])
}

/// What an action's project is told, references shown as `${…}`.
fn buildspec<'a>(query: &Query<'a>, action: &Value) -> &'a str {
    let buildspec = project(query, action).get("Source.BuildSpec");
    buildspec.as_str().or(buildspec["Fn::Sub"].as_str()).expect("a text")
}

/// What a role may do: each action with what it may be done to.
fn rights(query: &Query<'_>, role: &str) -> Vec<(String, Value)> {
    let statements = query.statements(role);
    let pairs = statements.iter().flat_map(|it| {
        assert_eq!(it["Effect"], "Allow");
        many(&it["Action"]).into_iter().flat_map(|action| {
            let action = action.as_str().unwrap().to_owned();
            many(&it["Resource"]).into_iter().map(move |resource| (action.clone(), resource))
        })
    });
    pairs.collect()
}

#[test]
fn jub_01_two_tasks() {
    let template = prod();
    let query = Query::new(&template);
    let service = query.only("AWS::ECS::Service");
    assert_eq!(service.get("DesiredCount"), 2);
    assert!(["REPLICA", ""].contains(&service.get("SchedulingStrategy").as_str().unwrap_or_default()));
}

#[test]
fn jub_02_a_small_task_on_fargate() {
    let template = prod();
    let task = Query::new(&template).only("AWS::ECS::TaskDefinition");
    assert_eq!(*task.get("RequiresCompatibilities"), json!(["FARGATE"]));
    assert_eq!(task.get("NetworkMode"), "awsvpc");
    assert_eq!((task.get("Cpu"), task.get("Memory")), (&json!("256"), &json!("512")));
    assert_eq!(
        *task.get("RuntimePlatform"),
        json!({ "CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX" })
    );
}

#[test]
fn jub_03_one_container_that_the_load_balancer_calls() {
    let template = prod();
    let query = Query::new(&template);
    let container = container(&query);
    assert_eq!((&container["Name"], &container["Essential"]), (&json!("mirelperk"), &json!(true)));
    let ports = container["PortMappings"].as_array().unwrap();
    assert_eq!((ports.len(), &ports[0]["ContainerPort"]), (1, &json!(5000)));
    let behind = query.only("AWS::ECS::Service").get("LoadBalancers").as_array().unwrap();
    assert_eq!(behind.len(), 1);
    assert_eq!(
        (&behind[0]["ContainerName"], &behind[0]["ContainerPort"]),
        (&json!("mirelperk"), &json!(5000))
    );
}

#[test]
fn jub_04_tasks_are_started_by_a_role_of_their_own() {
    let template = prod();
    let query = Query::new(&template);
    let arn = query.only("AWS::ECS::TaskDefinition").get("ExecutionRoleArn");
    assert_eq!(arn["Fn::GetAtt"][1], "Arn");
    let trust = query.target(arn).get("AssumeRolePolicyDocument.Statement").as_array().unwrap();
    let principals: Vec<&Value> = trust.iter().map(|it| &it["Principal"]).collect();
    assert_eq!(principals, [&json!({ "Service": "ecs-tasks.amazonaws.com" })]);
}

#[test]
fn jub_05_the_cluster_runs_on_fargate_by_default() {
    let template = prod();
    let cluster = Query::new(&template).only("AWS::ECS::Cluster");
    assert!(many(cluster.get("CapacityProviders")).contains(&json!("FARGATE")));
    let strategy = many(cluster.get("DefaultCapacityProviderStrategy"));
    assert!(strategy.iter().any(|it| it["CapacityProvider"] == "FARGATE"), "{strategy:?}");
}

#[test]
fn jub_06_the_load_balancer_faces_the_internet() {
    let template = prod();
    let query = Query::new(&template);
    let balancer = query.only("AWS::ElasticLoadBalancingV2::LoadBalancer");
    assert_eq!(
        (balancer.get("Scheme"), balancer.get("Type")),
        (&json!("internet-facing"), &json!("application"))
    );
    let protected = json!({ "Key": "deletion_protection.enabled", "Value": "true" });
    assert!(!many(balancer.get("LoadBalancerAttributes")).contains(&protected));
    let listener = query.only("AWS::ElasticLoadBalancingV2::Listener");
    assert_eq!((listener.get("Port"), listener.get("Protocol")), (&json!(80), &json!("HTTP")));
}

#[test]
fn jub_07_one_network_holds_them_all() {
    for environment in ENVIRONMENTS {
        let template = of(environment);
        let query = Query::new(&template);
        let group = query.only("AWS::ElasticLoadBalancingV2::TargetGroup");
        assert_eq!((group.get("TargetType"), group.get("Protocol")), (&json!("ip"), &json!("HTTP")));
        let vpc = group.get("VpcId");
        assert!(vpc["Ref"].is_string(), "{vpc}");
        assert_ne!(query.balancer_group().id, tasks_group(&query).id);
        assert_eq!((query.balancer_group().get("VpcId"), tasks_group(&query).get("VpcId")), (vpc, vpc));
    }
}

#[test]
fn jub_08_the_load_balancer_admits_http_and_with_a_certificate_https() {
    let certificate = "https: {certificate: \"arn:aws:acm:eu-west-3:111122223333:certificate/1\"}";
    let with_https = changed(&[("    health: /\n", &format!("    health: /\n    {certificate}\n"))]);
    for (text, ports) in [(example(), &[80][..]), (with_https, &[80, 443])] {
        let template = synthesize(&text, "prod");
        let query = Query::new(&template);
        let rules = query.ingress(query.balancer_group().id);
        let admitted = rules.iter().map(|it| {
            assert_eq!((&it["IpProtocol"], &it["CidrIp"]), (&json!("tcp"), &json!("0.0.0.0/0")));
            assert_eq!(it["FromPort"], it["ToPort"]);
            it["FromPort"].as_u64().unwrap()
        });
        assert_eq!(admitted.collect::<BTreeSet<_>>(), ports.iter().copied().collect());
    }
}

#[test]
fn jub_09_tasks_admit_only_the_load_balancer() {
    for environment in ENVIRONMENTS {
        let template = of(environment);
        let query = Query::new(&template);
        query.assert_admits_only(tasks_group(&query), 5000, query.balancer_group());
    }
}

#[test]
fn jub_10_an_existing_network_is_given_at_deployment() {
    let template = of("default-vpc");
    let query = Query::new(&template);
    let made = ["AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::RouteTable", "AWS::EC2::NatGateway"];
    for kind in made {
        assert!(query.of(kind).is_empty(), "{kind}");
    }
    let parameter = |value: &Value| {
        let name = value["Ref"].as_str().unwrap_or_else(|| panic!("no parameter: {value}"));
        template["Parameters"][name]["Type"].as_str().unwrap().to_owned()
    };
    let balancer = query.only("AWS::ElasticLoadBalancingV2::LoadBalancer");
    assert_eq!(parameter(balancer.get("Subnets")), "List<AWS::EC2::Subnet::Id>");
    assert_eq!(parameter(&placement(&query)["Subnets"]), "List<AWS::EC2::Subnet::Id>");
    let group = query.only("AWS::ElasticLoadBalancingV2::TargetGroup");
    assert_eq!(parameter(group.get("VpcId")), "AWS::EC2::VPC::Id");
}

#[test]
fn jub_11_tasks_run_in_private_subnets_and_leave_through_a_nat() {
    let template = prod();
    let query = Query::new(&template);
    let tasks = query.targets(&placement(&query)["Subnets"]);
    assert_eq!((tasks.len(), &placement(&query)["AssignPublicIp"]), (2, &json!("DISABLED")));
    for subnet in &tasks {
        assert!(!query.is_public(subnet), "{subnet}");
        let routes = query.routes(query.route_table(subnet).id);
        let [route] = routes.as_slice() else { panic!("{routes:?}") };
        assert_eq!(route.get("DestinationCidrBlock"), "0.0.0.0/0");
        let nat = query.target(route.get("NatGatewayId"));
        assert!(query.is_public(query.target(nat.get("SubnetId")).id));
    }
    let balancer = query.targets(query.only("AWS::ElasticLoadBalancingV2::LoadBalancer").get("Subnets"));
    assert_eq!(balancer.len(), 2);
    assert!(balancer.iter().all(|it| query.is_public(it)));
}

#[test]
fn jub_12_tasks_have_public_addresses_where_there_is_no_other_way_out() {
    let assigned = |template: &Value| placement(&Query::new(template))["AssignPublicIp"].clone();
    assert_eq!(assigned(&prod()), "DISABLED");
    assert_eq!(assigned(&of("default-vpc")), "ENABLED");
    let with_private = changed(&[
        (
            "subnets: {public: \"${param.Subnets}\"}",
            "subnets: {public: \"${param.Subnets}\", private: \"${param.Own}\"}",
        ),
        ("      Subnets: {", "      Own: {type: \"List<AWS::EC2::Subnet::Id>\"}\n      Subnets: {"),
    ]);
    let template = synthesize(&with_private, "default-vpc");
    assert_eq!(assigned(&template), "DISABLED");
    assert_eq!(placement(&Query::new(&template))["Subnets"], json!({ "Ref": "Own" }));
}

#[test]
fn jub_13_the_registry_goes_with_its_images() {
    let template = prod();
    let repository = Query::new(&template).only("AWS::ECR::Repository");
    assert_eq!(
        (repository.get("RepositoryName"), repository.get("EmptyOnDelete")),
        (&json!("mirelperk"), &json!(true))
    );
    assert_eq!(repository.value["DeletionPolicy"], "Delete");
}

#[test]
fn jub_14_which_image_runs_is_said_by_a_parameter() {
    for environment in ENVIRONMENTS {
        let template = of(environment);
        let query = Query::new(&template);
        let image = &container(&query)["Image"];
        assert_eq!(query.target(image).kind(), "AWS::ECR::Repository");
        assert!(references(image).contains("ImageTag"), "{image}");
        let tag = &template["Parameters"]["ImageTag"];
        assert_eq!(tag["Type"], "String");
        assert!(!["latest", "main", "rc"].iter().any(|it| tag["Default"] == **it), "{tag}");
    }
}

#[test]
fn jub_15_another_image_changes_the_task_definition_and_nothing_else() {
    let literal = |tag: &str| {
        let text = changed(&[
            ("  ImageTag: {type: String, default: none, description: Tag of the image that runs}\n", ""),
            ("registry:${param.ImageTag}", &format!("registry:{tag}")),
            ("deploy: {service: app, parameter: ImageTag}", "deploy: app"),
        ]);
        synthesize(&text, "prod")
    };
    let (mut old, new) = (literal("0123456789ab"), literal("ba9876543210"));
    let query = Query::new(&new);
    let definition = query.only("AWS::ECS::TaskDefinition").id;
    assert!(refers(query.only("AWS::ECS::Service").get("TaskDefinition"), definition));
    let image = |template: &mut Value, image: Value| {
        let containers = &mut template["Resources"][definition]["Properties"]["ContainerDefinitions"];
        std::mem::replace(&mut containers[0]["Image"], image)
    };
    let wanted = container(&query)["Image"].clone();
    assert_ne!(image(&mut old, wanted), container(&query)["Image"]);
    assert_eq!(old, new);
    // CloudFormation makes a new revision, because it cannot change one.
    let schema = asi_schemas::find("AWS::ECS::TaskDefinition").unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert!(many(&schema["createOnlyProperties"]).contains(&json!("/properties/ContainerDefinitions")));

    // Through the parameter, the template stays as it is.
    let mut old = prod();
    let new = synthesize(&changed(&[("default: none", "default: ba9876543210")]), "prod");
    assert_ne!(old, new);
    old["Parameters"]["ImageTag"]["Default"] = json!("ba9876543210");
    assert_eq!(old, new);
}

#[test]
fn jub_20_github_actions_takes_on_roles_and_has_no_keys() {
    for environment in ENVIRONMENTS {
        let template = of(environment);
        let query = Query::new(&template);
        assert!(query.of("AWS::IAM::AccessKey").is_empty() && query.of("AWS::IAM::User").is_empty());
    }
    let template = of("github");
    let query = Query::new(&template);
    assert!(query.of("AWS::CodePipeline::Pipeline").is_empty(), "one of the two delivers");
    let provider = query.only("AWS::IAM::OIDCProvider");
    assert_eq!(provider.get("Url"), "https://token.actions.githubusercontent.com");
    assert_eq!(*provider.get("ClientIdList"), json!(["sts.amazonaws.com"]));
    let roles: Vec<(&str, Value)> = query
        .of("AWS::IAM::Role")
        .into_iter()
        .flat_map(|role| {
            many(role.get("AssumeRolePolicyDocument.Statement")).into_iter().map(move |it| (role.id, it))
        })
        .filter(|(_, it)| !it["Principal"]["Federated"].is_null())
        .collect();
    let subjects: Vec<&Value> = roles
        .iter()
        .map(|(_, it)| {
            assert!(refers(&it["Principal"]["Federated"], provider.id));
            assert_eq!(it["Action"], "sts:AssumeRoleWithWebIdentity");
            let equal = &it["Condition"]["StringEquals"];
            assert_eq!(equal["token.actions.githubusercontent.com:aud"], "sts.amazonaws.com");
            &equal["token.actions.githubusercontent.com:sub"]
        })
        .collect();
    assert_eq!(
        subjects,
        [
            "repo:MyMirelHub/jubilant-happiness:ref:refs/heads/main",
            "repo:MyMirelHub/jubilant-happiness:environment:production"
        ]
    );

    // Whoever pushes may do nothing but that, in this registry.
    let repository = json!({ "Fn::GetAtt": [query.only("AWS::ECR::Repository").id, "Arn"] });
    for (action, resource) in rights(&query, roles[0].0) {
        let is_login = action == "ecr:GetAuthorizationToken";
        assert!(action.starts_with("ecr:"), "{action}");
        assert_eq!(resource, if is_login { json!("*") } else { repository.clone() }, "{action}");
    }
    // Whoever deploys takes on roles of the CDK, of this account and region.
    let deployed = rights(&query, roles[1].0);
    assert_eq!(deployed.len(), 2);
    for (action, resource) in deployed {
        assert_eq!(action, "sts:AssumeRole");
        let arn = resource["Fn::Sub"].as_str().unwrap();
        assert!(arn.ends_with("-role-${AWS::AccountId}-${AWS::Region}") && !arn.contains('*'), "{arn}");
    }
}

#[test]
fn jub_21_the_service_waits_for_the_listener() {
    let template = prod();
    let query = Query::new(&template);
    let listener = query.only("AWS::ElasticLoadBalancingV2::Listener");
    assert!(query.depends(query.only("AWS::ECS::Service").id, listener.id));
}

#[test]
fn jub_22_what_the_container_says_is_kept_for_some_time() {
    let template = prod();
    let query = Query::new(&template);
    let log = &container(&query)["LogConfiguration"];
    assert_eq!(log["LogDriver"], "awslogs");
    let group = query.target(&log["Options"]["awslogs-group"]);
    assert_eq!((group.kind(), group.get("RetentionInDays")), ("AWS::Logs::LogGroup", &json!(30)));
}

#[test]
fn jub_23_a_failing_deployment_rolls_back_and_takes_no_task_away() {
    let template = prod();
    let deployment = Query::new(&template).only("AWS::ECS::Service").get("DeploymentConfiguration");
    assert_eq!(deployment["DeploymentCircuitBreaker"], json!({ "Enable": true, "Rollback": true }));
    assert!(deployment["MinimumHealthyPercent"].as_u64().unwrap() >= 100);
    assert!(deployment["MaximumPercent"].as_u64().unwrap() >= 200);
}

#[test]
fn jub_24_the_stack_tells_where_everything_is() {
    let template = prod();
    let query = Query::new(&template);
    let outputs = &template["Outputs"];
    let url = &outputs["Url"]["Value"];
    assert!(url["Fn::Sub"].as_str().is_some_and(|it| it.starts_with("http://")), "{url}");
    assert_eq!(query.target(url).kind(), "AWS::ElasticLoadBalancingV2::LoadBalancer");
    let uri = &outputs["RepositoryUri"]["Value"];
    assert_eq!(
        (query.target(uri).kind(), &uri["Fn::GetAtt"][1]),
        ("AWS::ECR::Repository", &json!("RepositoryUri"))
    );
}

#[test]
fn jub_25_two_environments_share_no_name() {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for environment in ENVIRONMENTS {
        let names = fixed_names(&of(environment));
        for kind in ["AWS::ECR::Repository ", "AWS::ECS::TaskDefinition "] {
            assert!(names.iter().any(|it| it.starts_with(kind)), "{names:?}");
        }
        for name in names {
            if let Some(other) = seen.insert(name.clone(), environment) {
                panic!("{name} in {other} and {environment}");
            }
        }
    }
}

#[test]
fn somebody_is_told_of_a_failed_deployment() {
    let template = prod();
    let query = Query::new(&template);
    let topic = query.only("AWS::SNS::Topic");
    assert!(refers(query.only("AWS::SNS::Subscription").get("TopicArn"), topic.id));
    let rules = query.of("AWS::Events::Rule");
    let told = |what: Resource<'_>| {
        let mut rules = rules.iter().filter(|it| refers(it.get("EventPattern"), what.id));
        rules.any(|it| refers(it.get("Targets"), topic.id))
    };
    assert!(told(pipeline(&query, "delivery")));
    assert!(told(query.only("AWS::ECS::Service")));
}

#[test]
fn it_is_first_deployed_without_tasks_and_otherwise_as_it_will_be() {
    let mut first = synthesize(&changed(&[("count: 2", "count: 0")]), "staging");
    assert!(readme().contains("sed 's/count: 2/count: 0/' examples/jubilant-happiness/asi.yaml | asi synth"));
    let whole = of("staging");
    let service = Query::new(&whole).only("AWS::ECS::Service").id;
    let count = &mut first["Resources"][service]["Properties"]["DesiredCount"];
    assert_eq!(*count, 0);
    *count = json!(2);
    assert_eq!(first, whole);
}

#[test]
fn nothing_is_found_that_is_worth_a_warning() {
    let arguments = ["validate", "-f", "examples/jubilant-happiness/asi.yaml", "--fail-on", "warning"];
    let run = asi(&arguments, SystemFiles);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""), "{}", run.out);
}

#[test]
fn what_its_readme_calls_a_line_away_is_one() {
    let readme = readme();
    let (_, rest) = readme.split_once("one line away: ").unwrap();
    let lines: Vec<&str> =
        rest.lines().next().unwrap().split('`').skip(1).step_by(2).filter(|it| *it != "app").collect();
    assert_eq!(lines.len(), 4);
    for line in lines {
        let (after, indent) = if line.starts_with("- ") {
            ("      - {name: Promote, promote: main}\n", "      ")
        } else {
            ("    health: /\n", "    ")
        };
        synthesize(&changed(&[(after, &format!("{after}{indent}{line}\n"))]), "prod");
    }
}

#[test]
fn the_numbers_of_its_readme_are_right() {
    let text = example();
    let is_said = |it: &&str| !it.trim().is_empty() && !it.trim().starts_with('#');
    let lines = text.lines().filter(is_said).count();
    let resources = Query::new(&prod()).resources().len();
    let readme = readme();
    assert!(readme.contains(&format!("\n{lines} lines of `asi.yaml`")), "it has {lines} lines");
    assert!(readme.contains(&format!("a template of {resources} resources")), "it has {resources} resources");
}
