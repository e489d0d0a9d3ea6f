//! An ECS service, its task definition, and its target groups.

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// What Amazon ECS refuses when it makes a service, or cannot deploy. Source: "Amazon ECS service definition
/// parameters" in the Amazon ECS Developer Guide, and the errors of `CreateService`.
///
/// - `service-container`: a load balancer for a container or a port that the task definition does not have.
/// - `service-target-type`: a target group for instances where tasks have addresses of their own, or the reverse.
/// - `grace-period`: a grace period without a load balancer.
/// - `deployment-percents`: limits that leave no room for a deployment.
/// - `deployment-controller`: a circuit breaker where Amazon ECS is not the one that deploys.
/// - `service-launch-type`: both a launch type and a strategy of capacity providers.
/// - `service-role`: a role for the load balancer where Amazon ECS takes its own, or commands in containers whose
///   task has no role.
/// - `E3049`: a fixed port for health checks where the port of the host changes.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.of_type("AWS::ECS::Service") {
        for service in document.views(resource) {
            check_grace_period(&service, report);
            check_deployment(&service, report);
            check_launch_type(&service, report);
        }
        let definition = document.views(resource).into_iter().find_map(|it| {
            let task = it.get("TaskDefinition")?;
            document.named(task, "AWS::ECS::TaskDefinition")
        });
        let Some(definition) = definition else { continue };
        for [service, task] in document.together([resource, definition]) {
            let is_used = |it: Value<'t>| it.target().is_some_and(|it| it.name == definition.id);
            if !service.get("TaskDefinition").is_some_and(is_used) {
                continue;
            }
            check_roles(&service, &task, report);
            for balancer in service.get("LoadBalancers").into_iter().flat_map(|it| it.items()) {
                check_container(&balancer, &task, report);
            }
        }
        for group in document.of_type("AWS::ElasticLoadBalancingV2::TargetGroup") {
            for [service, task, target_group] in document.together([resource, definition, group]) {
                for balancer in service.get("LoadBalancers").into_iter().flat_map(|it| it.items()) {
                    let Some(arn) = balancer.get("TargetGroupArn") else { continue };
                    if arn.target().is_some_and(|it| it.name == group.id) {
                        check_target_type(arn, &task, &target_group, report);
                        check_dynamic_port(&balancer, &task, &target_group, report);
                    }
                }
            }
        }
    }
}

fn check_grace_period<'t>(service: &Value<'t>, report: &mut Report<'t>) {
    let Some(period) = service.get("HealthCheckGracePeriodSeconds") else { return };
    let is_empty = |it: Value<'t>| it.known_items().is_some_and(|it| it.is_empty());
    let no_balancer = service.lacks("LoadBalancers") || service.get("LoadBalancers").is_some_and(is_empty);
    if no_balancer && service.lacks("VpcLatticeConfigurations") && period.integer().is_some_and(|it| it > 0) {
        let found = Found::warning(
            "grace-period",
            period,
            "a grace period is only for services with a load balancer",
        );
        report.add(found.help("take it out; `StartPeriod` of the container's health check does the same"));
    }
}

fn check_deployment<'t>(service: &Value<'t>, report: &mut Report<'t>) {
    let Some(deployment) = service.get("DeploymentConfiguration") else { return };
    let controller = service.at(&["DeploymentController", "Type"]);
    let is_default = |value: Option<Value<'t>>, holder: &Value<'t>, key: &str, default: &str| match value {
        Some(it) => it.text().as_deref() == Some(default),
        None => holder.lacks(key),
    };
    let is_rolling = is_default(controller, service, "DeploymentController", "ECS")
        && is_default(deployment.get("Strategy"), &deployment, "Strategy", "ROLLING");
    let breaker = deployment.at(&["DeploymentCircuitBreaker", "Enable"]);
    if let (Some(breaker), Some(controller)) = (breaker, controller)
        && let Some(kind) = controller.text().filter(|it| it != "ECS")
        && breaker.boolean() == Some(true)
    {
        let message = format!("a circuit breaker works with the controller `ECS`, not with `{kind}`");
        let found = Found::error("deployment-controller", breaker, message);
        report.add(found.help("take the circuit breaker out").and(controller, "the controller"));
    }
    let (minimum, maximum) = (deployment.get("MinimumHealthyPercent"), deployment.get("MaximumPercent"));
    let (Some(minimum), Some(maximum)) = (minimum, maximum) else { return };
    let (Some(least), Some(most)) = (minimum.integer(), maximum.integer()) else { return };
    let strategy = service.get("SchedulingStrategy");
    let is_replica = is_default(strategy, service, "SchedulingStrategy", "REPLICA");
    if !is_rolling || !is_replica || !(0..=200).contains(&least) || !(0..=1000).contains(&most) {
        return;
    }
    let count =
        service.get("DesiredCount").and_then(|it| it.integer()).filter(|it| (1..1_000_000).contains(it));
    let found = if least >= 100 && most <= 100 {
        let message =
            format!("{least} % of the tasks must run and {most} % may run: no task can be replaced");
        Found::error("deployment-percents", maximum, message)
    } else if let Some(count) = count
        && (count * least).div_euclid(100) + i64::from(count * least % 100 > 0) >= count
        && count * most / 100 <= count
    {
        let message =
            format!("{most} % of {count} tasks leaves no room to replace one while {least} % must run");
        Found::warning("deployment-percents", maximum, message)
    } else {
        return;
    };
    let help = "raise `MaximumPercent` to 200, or lower `MinimumHealthyPercent`";
    report.add(found.help(help).and(minimum, "what must run"));
}

fn check_launch_type<'t>(service: &Value<'t>, report: &mut Report<'t>) {
    let strategy = service.get("CapacityProviderStrategy").filter(|it| it.items().next().is_some());
    if let (Some(kind), Some(strategy)) = (service.get("LaunchType"), strategy) {
        let message =
            "a service has either a launch type or a strategy of capacity providers, and this one has both";
        let found = Found::error("service-launch-type", kind, message);
        report.add(found.help("take one of them out").and(strategy.holder(), "the strategy"));
    }
}

fn check_roles<'t>(service: &Value<'t>, task: &Value<'t>, report: &mut Report<'t>) {
    let mode = task.get("NetworkMode").filter(|it| it.text().as_deref() == Some("awsvpc"));
    if let (Some(role), Some(mode)) = (service.get("Role"), mode) {
        let message =
            "a service whose tasks have addresses of their own takes the role that Amazon ECS has for it";
        let found = Found::error("service-role", role, message);
        report.add(found.help("take `Role` out").and(mode, "the network mode of the tasks"));
    }
    let commands = service.get("EnableExecuteCommand").filter(|it| it.boolean() == Some(true));
    if let Some(commands) = commands.filter(|_| task.lacks("TaskRoleArn")) {
        let message = "commands cannot be run in a task without a role";
        let found = Found::error("service-role", commands, message);
        report.add(
            found.help("set `TaskRoleArn` on the task definition").and(task.holder(), "the task definition"),
        );
    }
}

/// The container of a task definition that `balancer` names.
fn container<'t>(balancer: &Value<'t>, task: &Value<'t>) -> Option<Value<'t>> {
    let name = balancer.get("ContainerName")?;
    let containers = task.get("ContainerDefinitions")?.known_items()?;
    containers.into_iter().find(|it| it.get("Name").is_some_and(|it| it.is_same(&name)))
}

fn check_container<'t>(balancer: &Value<'t>, task: &Value<'t>, report: &mut Report<'t>) {
    let Some(name) = balancer.get("ContainerName") else { return };
    let Some(containers) = task.get("ContainerDefinitions").and_then(|it| it.known_items()) else { return };
    let Some(container) = container(balancer, task) else {
        let names: Option<Vec<_>> = containers.iter().map(|it| it.get("Name")?.text()).collect();
        if let (Some(text), Some(names)) = (name.text(), names) {
            let message = format!("the task definition has no container `{text}`");
            let found = Found::error("service-container", name, message);
            report.add(found.suggest(&text, names.iter().map(|it| &**it)));
        }
        return;
    };
    let Some(port) = balancer.get("ContainerPort") else { return };
    let Some(number) = port.integer() else { return };
    let mappings = match container.get("PortMappings") {
        Some(it) => it.known_items(),
        None => container.lacks("PortMappings").then(Vec::new),
    };
    let Some(mappings) = mappings else { return };
    // A range of ports cannot be registered, but leaves what is meant open.
    if mappings.iter().any(|it| it.get("ContainerPortRange").is_some()) {
        return;
    }
    let ports: Option<Vec<i64>> = mappings.iter().map(|it| it.get("ContainerPort")?.integer()).collect();
    let Some(ports) = ports.filter(|it| !it.contains(&number)) else { return };
    let text = name.text().map_or_else(|| "this container".to_owned(), |it| format!("`{it}`"));
    let found =
        Found::error("service-container", port, format!("{text} has no port mapping for port {number}"));
    let ports: Vec<String> = ports.iter().map(i64::to_string).collect();
    report.add(if ports.is_empty() {
        found.help(format!("add `ContainerPort: {number}` to its `PortMappings`"))
    } else {
        found.help(format!("use {}, or add a mapping", ports.join(" or ")))
    });
}

fn check_target_type<'t>(
    arn: Value<'t>,
    task: &Value<'t>,
    target_group: &Value<'t>,
    report: &mut Report<'t>,
) {
    let mode = match task.get("NetworkMode") {
        Some(it) => it.text(),
        None if task.lacks("NetworkMode") && task.lacks("RequiresCompatibilities") => Some("bridge".into()),
        None => None,
    };
    let kind = match target_group.get("TargetType") {
        Some(it) => it.text(),
        None => target_group.lacks("TargetType").then(|| "instance".into()),
    };
    let (Some(mode), Some(kind)) = (mode, kind) else { return };
    let wanted = if mode == "awsvpc" { "ip" } else { "instance" };
    if kind == wanted {
        return;
    }
    let message = format!(
        "the target group takes `{kind}` targets, and tasks in the network mode `{mode}` are `{wanted}` targets"
    );
    let found = Found::error("service-target-type", arn, message);
    let found = found.help(format!("set `TargetType: {wanted}` on the target group"));
    report.add(match target_group.get("TargetType") {
        Some(it) => found.and(it, "the type of its targets"),
        None => found.and(target_group.holder(), "the target group"),
    });
}

fn check_dynamic_port<'t>(
    balancer: &Value<'t>,
    task: &Value<'t>,
    target_group: &Value<'t>,
    report: &mut Report<'t>,
) {
    let Some(container) = container(balancer, task) else { return };
    let Some(port) = balancer.get("ContainerPort") else { return };
    let mappings = container.get("PortMappings").into_iter().flat_map(|it| it.items());
    let mut of_port = mappings.filter(|it| it.get("ContainerPort").is_some_and(|it| it.is_same(&port)));
    let dynamic = of_port.find_map(|it| it.get("HostPort").filter(|it| it.integer() == Some(0)));
    let health = target_group.get("HealthCheckPort").and_then(|it| Some((it, it.text()?)));
    if let (Some(host), Some((place, number))) = (dynamic, health)
        && number != "traffic-port"
    {
        let message =
            format!("health checks go to port {number}, and each task has another port of the host");
        let found = Found::error("E3049", place, message).help("use `traffic-port`");
        report.add(found.and(host, "0 means any port that is free"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_service_names_a_container_and_a_port_of_its_task() {
        let template = "\
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      NetworkMode: awsvpc
      ContainerDefinitions: [{Name: web, PortMappings: [{ContainerPort: 80}]}, {Name: !Ref Other}]
  Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Port: 80}}
  A:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Task
      LoadBalancers: [{ContainerName: web, ContainerPort: 8080, TargetGroupArn: !Ref Group}]
  B:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Task
      LoadBalancers: [{ContainerName: wep, ContainerPort: 80}, {ContainerName: web, ContainerPort: 80}]
";
        let expected = "\
error service-container Resources/A/Properties/LoadBalancers/0/ContainerPort 12:59: `web` has no port mapping for port 8080
  use 80, or add a mapping
error service-target-type Resources/A/Properties/LoadBalancers/0/TargetGroupArn 12:81: the target group takes `instance` targets, and tasks in the network mode `awsvpc` are `ip` targets
  set `TargetType: ip` on the target group
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_container_the_task_does_not_have() {
        let template = "\
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions: [{Name: web, PortMappings: [{ContainerPort: 80, HostPort: 0}]}]
  Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Port: 80, HealthCheckPort: '80'}}
  A:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Task
      LoadBalancers:
        - {ContainerName: wep, ContainerPort: 80}
        - {ContainerName: web, ContainerPort: 80, TargetGroupArn: !Ref Group}
";
        let expected = "\
error E3049 Resources/Group/Properties/HealthCheckPort 6:99: health checks go to port 80, and each task has another port of the host
  use `traffic-port`
error service-container Resources/A/Properties/LoadBalancers/0/ContainerName 12:27: the task definition has no container `wep`
  did you mean `web`?
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_service_has_the_roles_it_needs_and_one_way_to_run() {
        let template = "\
Resources:
  Task: {Type: AWS::ECS::TaskDefinition, Properties: {NetworkMode: awsvpc}}
  A:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Task
      Role: ecsServiceRole
      EnableExecuteCommand: true
      LaunchType: FARGATE
      CapacityProviderStrategy: [{CapacityProvider: FARGATE_SPOT}]
";
        let expected = "\
error service-role Resources/A/Properties/Role 7:13: a service whose tasks have addresses of their own takes the role that Amazon ECS has for it
  take `Role` out
error service-role Resources/A/Properties/EnableExecuteCommand 8:29: commands cannot be run in a task without a role
  set `TaskRoleArn` on the task definition
error service-launch-type Resources/A/Properties/LaunchType 9:19: a service has either a launch type or a strategy of capacity providers, and this one has both
  take one of them out
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn conditions_choose_the_pair() {
        let template = "\
Parameters: {Where: {Type: String}}
Conditions: {Fargate: !Equals [!Ref Where, fargate]}
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      NetworkMode: !If [Fargate, awsvpc, bridge]
      ContainerDefinitions: [{Name: web, PortMappings: [{ContainerPort: 80}]}]
  Group:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {Port: 80, TargetType: !If [Fargate, ip, instance]}
  A:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Task
      LoadBalancers: [{ContainerName: web, ContainerPort: 80, TargetGroupArn: !Ref Group}]
";
        assert_eq!(check(super::check, template), "");
    }

    #[test]
    fn a_deployment_needs_room() {
        let template = "\
Resources:
  A:
    Type: AWS::ECS::Service
    Properties:
      HealthCheckGracePeriodSeconds: 60
      DeploymentController: {Type: CODE_DEPLOY}
      DeploymentConfiguration: {DeploymentCircuitBreaker: {Enable: true, Rollback: true}}
  B:
    Type: AWS::ECS::Service
    Properties: {DeploymentConfiguration: {MinimumHealthyPercent: 100, MaximumPercent: 100}}
  C:
    Type: AWS::ECS::Service
    Properties: {DesiredCount: 1, DeploymentConfiguration: {MinimumHealthyPercent: 50, MaximumPercent: 150}}
  D:
    Type: AWS::ECS::Service
    Properties: {DesiredCount: 2, DeploymentConfiguration: {MinimumHealthyPercent: 50, MaximumPercent: 100}}
";
        let expected = "\
warning grace-period Resources/A/Properties/HealthCheckGracePeriodSeconds 5:38: a grace period is only for services with a load balancer
  take it out; `StartPeriod` of the container's health check does the same
error deployment-controller Resources/A/Properties/DeploymentConfiguration/DeploymentCircuitBreaker/Enable 7:68: a circuit breaker works with the controller `ECS`, not with `CODE_DEPLOY`
  take the circuit breaker out
error deployment-percents Resources/B/Properties/DeploymentConfiguration/MaximumPercent 10:88: 100 % of the tasks must run and 100 % may run: no task can be replaced
  raise `MaximumPercent` to 200, or lower `MinimumHealthyPercent`
warning deployment-percents Resources/C/Properties/DeploymentConfiguration/MaximumPercent 13:104: 150 % of 1 tasks leaves no room to replace one while 50 % must run
  raise `MaximumPercent` to 200, or lower `MinimumHealthyPercent`
";
        assert_eq!(check(super::check, template), expected);
    }
}
