//! What a template would do once it is deployed: who reaches whom, whether it scales both ways, whether images can be
//! pulled. Asked of all examples, and of templates with a fault put in, which has to be found.

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::CATALOGUE;
use serde_json::{Value, json};

use crate::support::{
    asi, files_below,
    query::{Query, Resource, joined, many, references, refers},
    read, template,
};
use asi::world::MemoryFiles;

/// The templates of all examples, in each environment and with those they import from, and of the examples of all
/// constructs.
fn templates() -> Vec<(String, Value)> {
    let mut all: Vec<(String, Value)> =
        CATALOGUE.iter().map(|it| (it.kind.to_owned(), template(it.example, &[]))).collect();
    for file in files_below("examples").into_iter().filter(|it| it.ends_with("asi.yaml")) {
        let app = app(&read(&file));
        all.extend(app.iter().map(|(stack, _)| (stack.clone(), joined(stack, &app))));
    }
    all
}

/// The templates of all stacks of a stack file, in each environment.
fn app(text: &str) -> Vec<(String, Value)> {
    let listed = asi(&["ls"], MemoryFiles::with([("asi.yaml", text.as_bytes())])).out;
    listed.lines().map(|stack| (stack.to_owned(), template(text, &[stack]))).collect()
}

#[test]
fn nothing_is_wrong_with_any_example() {
    let mut services = 0;
    for (name, template) in templates() {
        assert_eq!(faults(&template), [""; 0], "{name}");
        services += Query::new(&template).of("AWS::ECS::Service").len();
    }
    assert!(services > 2, "there is something to look at");
}

/// The faults of a template.
pub(crate) fn faults(template: &Value) -> Vec<String> {
    let query = Query::new(template);
    let mut faults = Vec::new();
    for listener in query.of("AWS::ElasticLoadBalancingV2::Listener") {
        check_listener(&query, listener, &mut faults);
    }
    for balancer in query.of("AWS::ElasticLoadBalancingV2::LoadBalancer") {
        check_openings(&query, balancer, &mut faults);
    }
    for target in query.of("AWS::ApplicationAutoScaling::ScalableTarget") {
        check_scaling(&query, target, &mut faults);
    }
    for service in query.of("AWS::ECS::Service") {
        check_pull(&query, service, &mut faults);
    }
    check_sharing(&query, &mut faults);
    for pipeline in query.of("AWS::CodePipeline::Pipeline") {
        check_release(&query, pipeline, &mut faults);
    }
    faults
}

/// Requests for one service do not come to another, and a task definition is no revision of another's.
fn check_sharing(query: &Query<'_>, faults: &mut Vec<String>) {
    let mut owners = BTreeMap::new();
    for service in query.of("AWS::ECS::Service") {
        let groups = many(service.get("LoadBalancers"));
        let groups: BTreeSet<&str> = groups.iter().map(|it| query.target(&it["TargetGroupArn"]).id).collect();
        let family = query.target(service.get("TaskDefinition")).get("Family").as_str();
        for shared in groups.into_iter().chain(family) {
            if let Some(other) = owners.insert(shared, service.id) {
                faults.push(format!("{other} and {} share {shared}", service.id));
            }
        }
    }
}

fn port(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Whether a rule is about a port.
fn covers(rule: &Value, wanted: i64) -> bool {
    rule["IpProtocol"] == "-1"
        || rule["IpProtocol"] == "tcp"
            && port(&rule["FromPort"]).is_some_and(|it| it <= wanted)
            && port(&rule["ToPort"]).is_some_and(|it| wanted <= it)
}

/// The security groups that a list names, of those in the template.
fn groups<'a>(query: &Query<'a>, list: &Value) -> Vec<Resource<'a>> {
    let all = query.of("AWS::EC2::SecurityGroup");
    all.into_iter().filter(|it| refers(list, it.id)).collect()
}

/// What a security group lets out; nothing, if it lets out everything.
fn egress(query: &Query<'_>, group: Resource<'_>) -> Option<Vec<Value>> {
    let apart = query.of("AWS::EC2::SecurityGroupEgress").into_iter();
    let apart =
        apart.filter(|it| refers(it.get("GroupId"), group.id)).map(|it| it.value["Properties"].clone());
    let rules: Vec<Value> = many(group.get("SecurityGroupEgress")).into_iter().chain(apart).collect();
    (!rules.is_empty()).then_some(rules)
}

/// The security groups the tasks of a service are in: their own, or those of the instances they run on.
fn runs_in(query: &Query<'_>, service: Resource<'_>) -> Value {
    let own = service.get("NetworkConfiguration.AwsvpcConfiguration.SecurityGroups");
    if !own.is_null() {
        return own.clone();
    }
    let template = launch_template(query, service).get("LaunchTemplateData");
    template["NetworkInterfaces"][0]["Groups"].clone()
}

/// The group of the instances that a service runs on.
fn instances<'a>(query: &Query<'a>, service: Resource<'_>) -> Resource<'a> {
    let provider = query.target(&service.get("CapacityProviderStrategy")[0]["CapacityProvider"]);
    query.target(&provider.get("AutoScalingGroupProvider")["AutoScalingGroupArn"])
}

/// What the instances start from that a service runs on.
fn launch_template<'a>(query: &Query<'a>, service: Resource<'_>) -> Resource<'a> {
    query.target(&instances(query, service).get("LaunchTemplate")["LaunchTemplateId"])
}

/// The ports at which the tasks of a service are reached: the first and last, if ECS picks one.
fn host_ports(query: &Query<'_>, service: Resource<'_>, behind: &Value) -> Vec<i64> {
    let definition = query.target(service.get("TaskDefinition"));
    let containers = many(definition.get("ContainerDefinitions"));
    let container =
        containers.iter().find(|it| it["Name"] == behind["ContainerName"]).expect("its container");
    let mappings = many(&container["PortMappings"]);
    let mapping =
        mappings.iter().find(|it| it["ContainerPort"] == behind["ContainerPort"]).expect("its port");
    match (definition.get("NetworkMode").as_str(), port(&mapping["HostPort"])) {
        (Some("awsvpc"), _) => vec![port(&mapping["ContainerPort"]).expect("a container has a port")],
        (_, None | Some(0)) => vec![32_768, 60_999],
        (_, Some(fixed)) => vec![fixed],
    }
}

/// A listener is reached, and reaches the tasks behind it.
fn check_listener(query: &Query<'_>, listener: Resource<'_>, faults: &mut Vec<String>) {
    let balancer = query.target(listener.get("LoadBalancerArn"));
    let outside = groups(query, balancer.get("SecurityGroups"));
    let own = port(listener.get("Port")).expect("a listener has a port");
    if !outside.iter().any(|group| query.ingress(group.id).iter().any(|rule| covers(rule, own))) {
        faults.push(format!("nobody reaches port {own} of {}", balancer.id));
    }
    let rules = query.of("AWS::ElasticLoadBalancingV2::ListenerRule").into_iter();
    let rules = rules.filter(|it| refers(it.get("ListenerArn"), listener.id));
    let actions = rules.flat_map(|it| many(it.get("Actions"))).chain(many(listener.get("DefaultActions")));
    let actions: Value = actions.collect();
    for service in query.of("AWS::ECS::Service") {
        let inside = groups(query, &runs_in(query, service));
        for behind in many(service.get("LoadBalancers")) {
            let group = query.target(&behind["TargetGroupArn"]);
            if !refers(&actions, group.id) {
                continue;
            }
            let wanted = host_ports(query, service, &behind);
            let is_wanted = |rule: &Value| wanted.iter().all(|it| covers(rule, *it));
            let lets_in = |task: &Resource<'_>, from: &Resource<'_>| {
                let rules = query.ingress(task.id);
                rules.iter().any(|rule| is_wanted(rule) && refers(&rule["SourceSecurityGroupId"], from.id))
            };
            let lets_out = |from: &Resource<'_>, task: &Resource<'_>| {
                egress(query, *from).is_none_or(|rules| {
                    rules.iter().any(|rule| {
                        let to = &rule["DestinationSecurityGroupId"];
                        is_wanted(rule) && (refers(to, task.id) || rule["CidrIp"] == "0.0.0.0/0")
                    })
                })
            };
            let is_reached = outside
                .iter()
                .any(|from| inside.iter().any(|task| lets_in(task, from) && lets_out(from, task)));
            if !is_reached {
                faults.push(format!("{} does not reach port {} of {}", balancer.id, wanted[0], service.id));
            }
            for rule in inside.iter().flat_map(|it| query.ingress(it.id)) {
                if rule["SourceSecurityGroupId"].is_null() {
                    faults.push(format!("{} is open to more than its load balancer", service.id));
                }
            }
        }
    }
}

/// A load balancer is open on the ports it listens on, and on no other.
fn check_openings(query: &Query<'_>, balancer: Resource<'_>, faults: &mut Vec<String>) {
    let listeners = query.of("AWS::ElasticLoadBalancingV2::Listener").into_iter();
    let listeners = listeners.filter(|it| refers(it.get("LoadBalancerArn"), balancer.id));
    let ports: Vec<i64> = listeners.filter_map(|it| port(it.get("Port"))).collect();
    for rule in groups(query, balancer.get("SecurityGroups")).iter().flat_map(|it| query.ingress(it.id)) {
        let range = (port(&rule["FromPort"]), port(&rule["ToPort"]));
        if !ports.iter().any(|it| range == (Some(*it), Some(*it))) {
            faults.push(format!("{} is open where it does not listen", balancer.id));
        }
    }
}

/// What scales out scales in, and each policy runs when its alarm calls it.
fn check_scaling(query: &Query<'_>, target: Resource<'_>, faults: &mut Vec<String>) {
    if target.get("MinCapacity") == target.get("MaxCapacity") {
        return;
    }
    let policies = query.of("AWS::ApplicationAutoScaling::ScalingPolicy").into_iter();
    let policies: Vec<_> = policies.filter(|it| refers(it.get("ScalingTargetId"), target.id)).collect();
    let (mut grows, mut shrinks) = (false, false);
    for policy in &policies {
        if policy.get("PolicyType") == "TargetTrackingScaling" {
            grows = true;
            let configuration = policy.get("TargetTrackingScalingPolicyConfiguration");
            shrinks |= configuration["DisableScaleIn"] != true;
            continue;
        }
        for step in many(&policy.get("StepScalingPolicyConfiguration")["StepAdjustments"]) {
            let change = step["ScalingAdjustment"].as_i64().expect("a step changes something");
            let runs = query.of("AWS::CloudWatch::Alarm").into_iter().any(|alarm| {
                let above =
                    alarm.get("ComparisonOperator").as_str().unwrap_or_default().starts_with("Greater");
                refers(alarm.get("AlarmActions"), policy.id) && is_reached(&step, above)
            });
            if !runs {
                faults.push(format!("{} has a step of {change} that no alarm takes", policy.id));
            }
            grows |= runs && change > 0;
            shrinks |= runs && change < 0;
        }
    }
    if !(grows && shrinks) {
        faults.push(format!("{} scales one way only", target.id));
    }
}

/// Whether a step is taken by an alarm that is raised above its threshold, or below it.
fn is_reached(step: &Value, above: bool) -> bool {
    let bound = |key: &str| step[key].as_f64();
    if above {
        bound("MetricIntervalUpperBound").is_none_or(|it| it > 0.0)
    } else {
        bound("MetricIntervalLowerBound").is_none_or(|it| it < 0.0)
    }
}

/// The tasks of a service reach the registry of their image.
fn check_pull(query: &Query<'_>, service: Resource<'_>, faults: &mut Vec<String>) {
    let network = service.get("NetworkConfiguration.AwsvpcConfiguration");
    // With an address of its own or not, a task's image is pulled by the instance it runs on.
    let (subnets, has_address) = if service.get("LaunchType") == "FARGATE" || is_spot(service) {
        (&network["Subnets"], network["AssignPublicIp"] == "ENABLED")
    } else {
        let template = launch_template(query, service).get("LaunchTemplateData");
        let has_address = template["NetworkInterfaces"][0]["AssociatePublicIpAddress"] == true;
        (instances(query, service).get("VPCZoneIdentifier"), has_address)
    };
    let parameters = query.parameters();
    for subnet in many(subnets) {
        let is_known =
            |id: &String| parameters.contains(&id.as_str()) || query.kind_of(id) == "AWS::EC2::Subnet";
        if !subnet.is_string() && !references(&subnet).iter().any(is_known) {
            faults.push(format!("nobody knows what {} reaches from {subnet}", service.id));
        }
    }
    let own = query.of("AWS::EC2::Subnet").into_iter().filter(|it| refers(subnets, it.id));
    for subnet in own {
        let routes = query.routes(query.route_table(subnet.id).id);
        let everywhere = |key: &str| {
            routes.iter().any(|it| it.get("DestinationCidrBlock") == "0.0.0.0/0" && !it.get(key).is_null())
        };
        let is_public = everywhere("GatewayId") && has_address;
        let endpoints = query.of("AWS::EC2::VPCEndpoint");
        let has = |name: &str| endpoints.iter().any(|it| it.get("ServiceName").to_string().contains(name));
        if !(is_public
            || everywhere("NatGatewayId")
            || ["ecr.api", "ecr.dkr", ".s3", ".logs"].into_iter().all(has))
        {
            faults.push(format!("{} cannot pull its image from {}", service.id, subnet.id));
        }
    }
}

/// What a pipeline deploys can be pulled: some task of the template may pull from where its builds push.
fn check_release(query: &Query<'_>, pipeline: Resource<'_>, faults: &mut Vec<String>) {
    let stages = many(pipeline.get("Stages"));
    let projects = query.of("AWS::CodeBuild::Project");
    for project in projects.into_iter().filter(|it| refers(pipeline.get("Stages"), it.id)) {
        let variables = many(project.get("Environment.EnvironmentVariables"));
        let pushed = variables.iter().find(|it| it["Name"] == "REPOSITORY_URI").map(|it| &it["Value"]);
        let repositories = query.of("AWS::ECR::Repository").into_iter();
        for repository in repositories.filter(|it| pushed.is_some_and(|uri| refers(uri, it.id))) {
            let is_pulled = query.of("AWS::ECS::TaskDefinition").into_iter().any(|task| {
                query.statements(query.target(task.get("ExecutionRoleArn")).id).into_iter().any(|it| {
                    many(&it["Action"]).contains(&json!("ecr:BatchGetImage"))
                        && refers(&it["Resource"], repository.id)
                })
            });
            if stages.iter().any(|it| it["Name"] == "Deploy") && !is_pulled {
                faults.push(format!("nobody may pull what {} deploys", pipeline.id));
            }
        }
    }
}

/// Whether a service runs on Fargate's spare capacity.
fn is_spot(service: Resource<'_>) -> bool {
    service.get("CapacityProviderStrategy")[0]["CapacityProvider"] == "FARGATE_SPOT"
}

/// The first example with a fault put in: `change` is given its resources.
#[track_caller]
fn planted(expected: &str, change: impl Fn(&str, &mut Value)) {
    let mut template = template(&read("examples/alius-simplex/asi.yaml"), &["testex-staging"]);
    let resources = template["Resources"].as_object_mut().unwrap();
    for resource in resources.values_mut() {
        let kind = resource["Type"].as_str().unwrap().to_owned();
        change(&kind, resource);
    }
    resources.retain(|_, it| !it.is_null());
    let found = faults(&template);
    assert!(found.iter().any(|it| it.contains(expected)), "{expected} in {found:#?}");
}

#[test]
fn a_port_that_nobody_reaches_is_found() {
    planted("nobody reaches port 80", |kind, it| {
        if kind == "AWS::EC2::SecurityGroup" && it["Properties"]["SecurityGroupIngress"].is_array() {
            it["Properties"]["SecurityGroupIngress"][0]["FromPort"] = json!(81);
            it["Properties"]["SecurityGroupIngress"][0]["ToPort"] = json!(81);
        }
    });
}

#[test]
fn an_opening_too_wide_is_found() {
    planted("is open where it does not listen", |kind, it| {
        if kind == "AWS::EC2::SecurityGroup" && it["Properties"]["SecurityGroupIngress"].is_array() {
            it["Properties"]["SecurityGroupIngress"][0]["ToPort"] = json!(8080);
        }
    });
    planted("is open to more than its load balancer", |kind, it| {
        if kind == "AWS::EC2::SecurityGroupIngress" {
            let properties = it["Properties"].as_object_mut().unwrap();
            properties.remove("SourceSecurityGroupId");
            properties.insert("CidrIp".to_owned(), json!("0.0.0.0/0"));
        }
    });
}

#[test]
fn a_path_that_is_cut_on_either_side_is_found() {
    for side in ["AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"] {
        planted("does not reach port 5000", |kind, it| {
            if kind == side {
                it["Properties"]["FromPort"] = json!(5001);
                it["Properties"]["ToPort"] = json!(5001);
            }
        });
    }
}

#[test]
fn scaling_one_way_is_found() {
    planted("scales one way only", |kind, it| {
        if kind == "AWS::ApplicationAutoScaling::ScalingPolicy" {
            it["Properties"]["TargetTrackingScalingPolicyConfiguration"]["DisableScaleIn"] = json!(true);
        }
    });
    // As the system's author had it: a step down above the bound, called when the alarm is over.
    planted("that no alarm takes", |kind, it| {
        if kind == "AWS::ApplicationAutoScaling::ScalingPolicy" {
            let properties = &mut it["Properties"];
            properties["PolicyType"] = json!("StepScaling");
            properties["StepScalingPolicyConfiguration"] =
                json!({"StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": -1}]});
        }
    });
}

#[test]
fn an_image_out_of_reach_is_found_in_another_stack() {
    let mut app = app(&read("examples/citrusbyte/asi.yaml"));
    let stacks = ["citrus-dev-app", "citrus-dev-appv2"];
    for stack in stacks {
        assert_eq!(faults(&joined(stack, &app)), [""; 0]);
        // By itself a template does not tell, and that is not taken for an answer.
        let alone = &app.iter().find(|it| it.0 == stack).unwrap().1;
        let found = faults(alone);
        assert!(found.iter().any(|it| it.starts_with("nobody knows what web")), "{found:#?}");
    }
    let infra = app.iter_mut().find(|it| it.0 == "citrus-dev-infra").unwrap();
    let resources = infra.1["Resources"].as_object_mut().unwrap();
    resources.retain(|_, it| it["Properties"]["NatGatewayId"].is_null());
    for stack in stacks {
        let found = faults(&joined(stack, &app));
        assert_eq!(
            found.iter().filter(|it| it.contains("cannot pull its image from netPrivateSubnet")).count(),
            3
        );
    }
}

#[test]
fn an_image_that_nobody_may_pull_is_found() {
    planted("nobody may pull what", |kind, it| {
        if kind == "AWS::IAM::Policy" && it["Properties"]["Roles"].to_string().contains("ExecutionRole") {
            it["Properties"]["PolicyDocument"]["Statement"][0]["Action"] = json!("ecr:DescribeImages");
        }
    });
}

#[test]
fn an_image_out_of_reach_is_found() {
    planted("cannot pull its image", |kind, it| {
        if kind == "AWS::EC2::Route" && !it["Properties"]["NatGatewayId"].is_null() {
            *it = Value::Null;
        }
    });
}
