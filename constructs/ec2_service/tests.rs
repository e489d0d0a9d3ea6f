//! What an `Ec2Service` makes, and what it says of a stack file that it cannot.

use serde_json::json;

use crate::testing::{Stack, stack};

fn with(properties: &str) -> Stack {
    stack(&format!(
        "n: {{type: Network}}\nc: {{type: Ec2Cluster, network: n, count: {{min: 1, max: 3}}}}\n\
         web: {{type: Ec2Service, cluster: c, image: 'a:1', port: 8080, memory: 500MB{properties}}}"
    ))
}

#[test]
fn is_laid_out_as_the_cdk_lays_it_out() {
    let mut paths: Vec<String> = with("").resources().into_iter().map(|(path, _)| path).collect();
    paths.retain(|it| it.starts_with("web/"));
    assert_eq!(
        paths,
        [
            "web/LB/Resource",
            "web/LB/SecurityGroup/Resource",
            "web/LB/SecurityGroup/to TestcDefaultAutoScalingGroupInstanceSecurityGroupBC041E07:32768-65535",
            "web/LB/PublicListener/Resource",
            "web/LB/PublicListener/ECSGroup/Resource",
            "web/TaskDef/TaskRole/Resource",
            "web/TaskDef/Resource",
            "web/TaskDef/web/LogGroup/Resource",
            "web/TaskDef/ExecutionRole/Resource",
            "web/TaskDef/ExecutionRole/DefaultPolicy/Resource",
            "web/Service/Service",
        ]
    );
}

#[test]
fn the_container_has_the_size_and_a_port_that_ecs_picks() {
    let stack = with(", cpu: 256, reserve: 250MB");
    let definition = stack.properties("web/TaskDef/Resource");
    let container = &definition["ContainerDefinitions"][0];
    assert_eq!(
        (&container["Cpu"], &container["Memory"], &container["MemoryReservation"]),
        (&json!(256), &json!(500), &json!(250))
    );
    assert_eq!(
        container["PortMappings"],
        json!([{ "ContainerPort": 8080, "HostPort": 0, "Protocol": "tcp" }])
    );
    assert_eq!(
        (&definition["NetworkMode"], &definition["RequiresCompatibilities"], &definition["Memory"]),
        (&json!("bridge"), &json!(["EC2"]), &json!(null))
    );
}

#[test]
fn runs_where_the_cluster_has_room_and_rolls_back() {
    let stack = with("");
    let service = stack.properties("web/Service/Service");
    assert_eq!(
        service,
        json!({
            "CapacityProviderStrategy": [{ "CapacityProvider": stack.attribute("c", "capacityProvider"), "Weight": 1 }],
            "Cluster": stack.attribute("c", "name"),
            "DeploymentConfiguration": {
                "DeploymentCircuitBreaker": { "Enable": true, "Rollback": true },
                "MaximumPercent": 200,
                "MinimumHealthyPercent": 100,
            },
            "DesiredCount": 1,
            "EnableECSManagedTags": true,
            "HealthCheckGracePeriodSeconds": 60,
            "LoadBalancers": [{
                "ContainerName": "web",
                "ContainerPort": 8080,
                "TargetGroupArn": "${web/LB/PublicListener/ECSGroup/Resource}",
            }],
            "PlacementStrategies": [
                { "Field": "attribute:ecs.availability-zone", "Type": "spread" },
                { "Field": "instanceId", "Type": "spread" },
            ],
            "PropagateTags": "SERVICE",
            "TaskDefinition": "${web/TaskDef/Resource}",
        })
    );
    let group = stack.properties("web/LB/PublicListener/ECSGroup/Resource");
    assert_eq!(
        (&group["TargetType"], &group["HealthCheckPort"]),
        (&json!("instance"), &json!("traffic-port"))
    );
}

#[test]
fn waits_for_instances() {
    let stack = with("");
    let first = stack.depends_on("web/Service/Service");
    assert!(first.contains(&"web/LB/PublicListener/Resource".to_owned()), "{first:?}");
    assert!(first.iter().any(|it| it.starts_with("c/")), "{first:?}");
}

#[test]
fn services_behind_one_load_balancer_share_the_way_to_the_instances() {
    let stack = stack(
        "n: {type: Network}\nc: {type: Ec2Cluster, network: n}\nlb: {type: LoadBalancer, network: n}\n\
         a: {type: Ec2Service, cluster: c, image: 'a:1', port: 80, memory: 500MB, behind: {balancer: lb, paths: [/a], priority: 1}}\n\
         b: {type: Ec2Service, cluster: c, image: 'a:1', port: 81, memory: 500MB, behind: {balancer: lb, paths: [/b], priority: 2}}",
    );
    assert_eq!(stack.faults(), [""; 0]);
    let rules = stack.resources().into_iter().filter(|(path, _)| path.ends_with(":32768-65535"));
    assert_eq!(rules.count(), 2, "one on each side");
}

#[test]
fn the_load_balancer_may_open_the_way_to_the_instances_itself() {
    let stack = stack(
        "n: {type: Network}\nc: {type: Ec2Cluster, network: n}\nlb: {type: LoadBalancer, network: n, instances: c}\n\
         a: {type: Ec2Service, cluster: c, image: 'a:1', port: 80, memory: 500MB, behind: {balancer: lb, paths: [/a], priority: 1}}\n\
         b: {type: Ec2Service, cluster: c, image: 'a:1', port: 81, hostPort: 81, memory: 500MB, behind: {balancer: lb, paths: [/b], priority: 2}}",
    );
    assert_eq!(stack.faults(), [""; 0]);
    let rules: Vec<String> = stack.resources().into_iter().map(|(path, _)| path).filter(|it| it.contains(':')).collect();
    assert_eq!(rules, [
        "c/DefaultAutoScalingGroup/InstanceSecurityGroup/from TestlbSecurityGroup1D71FEAA:32768-65535",
        "c/DefaultAutoScalingGroup/InstanceSecurityGroup/from TestlbSecurityGroup1D71FEAA:81",
        "lb/SecurityGroup/to TestcDefaultAutoScalingGroupInstanceSecurityGroupBC041E07:32768-65535",
        "lb/SecurityGroup/to TestcDefaultAutoScalingGroupInstanceSecurityGroupBC041E07:81",
    ]);
}

#[test]
fn a_task_may_have_an_address_of_its_own() {
    let stack = with(", networkMode: awsvpc");
    assert_eq!(stack.faults(), [""; 0]);
    let network = &stack.properties("web/Service/Service")["NetworkConfiguration"]["AwsvpcConfiguration"];
    assert_eq!(network["AssignPublicIp"], "DISABLED");
    assert_eq!(network["SecurityGroups"], json!(["${web/Service/SecurityGroup/Resource.GroupId}"]));
    let mappings = &stack.properties("web/TaskDef/Resource")["ContainerDefinitions"][0]["PortMappings"];
    assert_eq!(mappings[0], json!({ "ContainerPort": 8080, "Protocol": "tcp" }));
    assert_eq!(stack.properties("web/LB/PublicListener/ECSGroup/Resource")["TargetType"], "ip");
}

#[test]
fn an_address_of_its_own_takes_private_subnets() {
    let stack = stack(
        "n: {type: Network, nat: none, subnets: {private: []}}\nc: {type: Ec2Cluster, network: n}\n\
         web: {type: Ec2Service, cluster: c, image: 'a:1', port: 80, memory: 500MB, networkMode: awsvpc}",
    );
    let faults = stack.faults();
    assert_eq!(
        faults.last().map(String::as_str),
        Some("no-way-out at `c`: a task on an instance gets no public address, and the network has no private subnets")
    );
}

#[test]
fn a_port_of_the_instance_needs_a_spare_one() {
    let stack = with(", hostPort: 5555, count: 2");
    assert_eq!(stack.faults(), [""; 0]);
    let rules = stack.resources().into_iter().filter(|(path, _)| path.ends_with(":5555"));
    assert_eq!(rules.count(), 2, "one on each side");
    assert_eq!(
        with(", hostPort: 5555, count: 3").faults(),
        [
            "host-port-room at `5555`: with a port of its own each task needs an instance: 3 tasks, and one more to deploy, of at most 3"
        ]
    );
    assert_eq!(with(", hostPort: 5555, count: 3, deployment: {minimum: 50%}").faults(), [""; 0]);
    assert_eq!(
        with(", hostPort: 5555, count: 2, deployment: {strategy: blueGreen}").faults(),
        [
            "host-port-room at `5555`: with a port of its own each task needs an instance: 2 tasks, and as many again to deploy, of at most 3"
        ]
    );
}

#[test]
fn a_task_has_to_fit_on_an_instance() {
    let faults = |cluster: &str, task: &str| {
        stack(&format!(
            "n: {{type: Network}}\nc: {{type: Ec2Cluster, network: n{cluster}}}\n\
             web: {{type: Ec2Service, cluster: c, image: 'a:1', port: 80, {task}}}"
        ))
        .faults()
    };
    assert_eq!(
        faults("", "memory: 2GB, cpu: 2049"),
        [
            "instance-room at `2GB`: a task of 2GB does not fit on a `t3.small` of 2GB",
            "instance-room at `2049`: a task with 2049 CPU units does not fit on a `t3.small`, which has 2048",
        ]
    );
    // What is reserved is what ECS looks for.
    assert_eq!(faults("", "memory: 2GB, reserve: 1GB, cpu: 2048"), [""; 0]);
    assert_eq!(
        faults(", instance: t2.small", "memory: 4GB, reserve: 3GB"),
        ["instance-room at `3GB`: a task of 3GB does not fit on a `t2.small` of 2GB"]
    );
    // Nobody knows how large it is.
    assert_eq!(faults(", instance: '${Param}'", "memory: 900GB"), [""; 0]);
}

#[test]
fn points_at_what_an_instance_cannot_give() {
    assert_eq!(
        with(", reserve: 500MB, hostPort: 0").faults(),
        [
            "instance-memory at `500MB`: 500MB are reserved of 500MB",
            "port at `0`: no task has port 0",
        ]
    );
    assert_eq!(
        with(", networkMode: awsvpc, hostPort: 80").faults(),
        ["no-effect at `80`: a task with an address of its own takes no port of its instance"]
    );
    let tiny = stack(
        "n: {type: Network}\nc: {type: Ec2Cluster, network: n}\n\
         web: {type: Ec2Service, cluster: c, image: 'a:1', port: 80, memory: 5MB}",
    );
    assert_eq!(
        tiny.faults(),
        ["instance-memory at `5MB`: a container has 6MB of memory or more"]
    );
}

#[test]
fn scales_as_a_service_on_fargate_does() {
    let stack = with(", count: {min: 1, max: 3, cpu: 70%}");
    assert_eq!(
        stack.properties("web/Service/TaskCount/Target/Resource")["ResourceId"],
        format!("service/{}/${{web/Service/Service.Name}}", stack.attribute("c", "name").as_str().unwrap())
    );
}

#[test]
fn a_pipeline_may_deploy_to_it() {
    let stack = stack(
        "n: {type: Network}\nr: {type: Repository}\nc: {type: Ec2Cluster, network: n}\n\
         web: {type: Ec2Service, cluster: c, image: 'r:1', port: 80, memory: 500MB}\n\
         d: {type: Pipeline, source: {github: a/b, connection: '${Param}'}, deploy: web}",
    );
    assert_eq!(stack.faults(), [""; 0]);
}
