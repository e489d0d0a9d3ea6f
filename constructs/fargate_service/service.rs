//! The service itself, and the way from its load balancer to its tasks.

use super::FargateService;
use crate::{
    cluster,
    ecs::{
        self,
        placement::{self, Placement},
        service::{Balancing, Runs, Service},
        task,
    },
    kernel::prelude::*,
    load_balancer::reached::{Ports, Way, admit},
    targets::Network,
};

/// A service that has been added.
pub(super) struct Added {
    /// The service.
    pub(super) resource: Handle,
    /// The security group of its tasks.
    pub(super) group: Handle,
}

/// Adds the service itself, which runs `task` behind a load balancer.
pub(super) fn add(
    service: &FargateService,
    scope: &mut Scope<'_>,
    network: &Network,
    cluster: &cluster::Exports,
    way: &Way,
    task: &task::Added,
) -> Added {
    let placement = Placement::find(scope, network, service.network.name.span);
    let port = service.reached.port;
    let (deployment, policies) = service.deployment.build(scope, way);
    let name = service.name.as_ref().map(|it| scope.text(it));
    let mut scope = scope.child("Service");
    let group = placement::security_group(&mut scope, network);
    task.granted.open(&mut scope, group);
    admit(&mut scope, &way.balancer, group, Ports(port.value, port.value));
    let parts = Service {
        name,
        cluster: cluster.name.clone(),
        definition: task.definition,
        count: service.count.set(),
        network: Some(placement.configuration(group)),
        balancing: Some(Balancing::new(&service.container, port, way, service.reached.health.grace)),
        deployment,
        runs: Runs::on_fargate(&service.fargate),
        exec: service.runs.exec.value,
    };
    let resource = ecs::service::add(parts, &mut scope);
    // ECS refuses a target group that no listener leads to. A task that starts without its permissions, or
    // without a way to the registry, fails, and counts against the deployment.
    let first = way.waits_for().into_iter().chain(task.policies.iter().copied()).chain(policies);
    scope.depend(resource, first.chain(placement.way_out));
    Added { resource, group }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stack, stack};

    fn with(properties: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nc: {{type: Cluster}}\nweb: {{type: FargateService, network: n, cluster: c, image: 'a:1', port: 8080{properties}}}"
        ))
    }

    fn service(properties: &str) -> Value {
        with(properties).properties("web/Service/Service")
    }

    #[test]
    fn runs_in_private_subnets_and_rolls_back() {
        assert_eq!(
            service(""),
            json!({
                "Cluster": "${c/Resource}",
                "DeploymentConfiguration": {
                    "DeploymentCircuitBreaker": { "Enable": true, "Rollback": true },
                    "MaximumPercent": 200,
                    "MinimumHealthyPercent": 100,
                },
                "DesiredCount": 1,
                "EnableECSManagedTags": true,
                "HealthCheckGracePeriodSeconds": 60,
                "LaunchType": "FARGATE",
                "LoadBalancers": [{
                    "ContainerName": "web",
                    "ContainerPort": 8080,
                    "TargetGroupArn": "${web/LB/PublicListener/ECSGroup/Resource}",
                }],
                "NetworkConfiguration": {
                    "AwsvpcConfiguration": {
                        "AssignPublicIp": "DISABLED",
                        "SecurityGroups": ["${web/Service/SecurityGroup/Resource.GroupId}"],
                        "Subnets": ["${n/PrivateSubnet1/Subnet}", "${n/PrivateSubnet2/Subnet}"],
                    },
                },
                "PropagateTags": "SERVICE",
                "TaskDefinition": "${web/TaskDef/Resource}",
            })
        );
    }

    #[test]
    fn may_have_a_name() {
        assert_eq!(service(", name: '${param.Param}-web'")["ServiceName"], "${Param}-web");
    }

    #[test]
    fn waits_for_what_no_reference_makes_it_wait_for() {
        assert_eq!(
            with(", exec: true").depends_on("web/Service/Service"),
            [
                "n/PrivateSubnet1/RouteTableAssociation",
                "n/PrivateSubnet2/RouteTableAssociation",
                "n/PrivateSubnet1/DefaultRoute",
                "n/PrivateSubnet2/DefaultRoute",
                "web/LB/PublicListener/Resource",
                "web/TaskDef/TaskRole/DefaultPolicy/Resource",
                "web/TaskDef/ExecutionRole/DefaultPolicy/Resource"
            ]
        );
    }

    #[test]
    fn warns_of_a_network_without_a_way_out() {
        let faults = |network: &str| {
            stack(&format!(
                "n: {{type: Network, nat: none{network}}}\n\
                 web: {{type: FargateService, network: n, image: 'a:1', port: 80}}"
            ))
            .faults()
        };
        assert_eq!(
            faults(""),
            ["no-way-out at `n`: its tasks can reach nothing outside of the network, not even their image"]
        );
        assert_eq!(faults(", endpoints: [s3, ecr.api, ecr.dkr, logs]"), [""; 0]);
    }

    #[test]
    fn has_public_addresses_where_there_are_no_private_subnets() {
        let stack = stack(
            "n: {type: Network, nat: none, subnets: {private: []}}\n\
             web: {type: FargateService, network: n, image: 'a:1', port: 80, access: internal}",
        );
        let configuration =
            &stack.properties("web/Service/Service")["NetworkConfiguration"]["AwsvpcConfiguration"];
        assert_eq!(configuration["AssignPublicIp"], "ENABLED");
        assert_eq!(
            configuration["Subnets"],
            json!(["${n/PublicSubnet1/Subnet}", "${n/PublicSubnet2/Subnet}"])
        );
        assert!(stack.depends_on("web/Service/Service").contains(&"n/PublicSubnet1/DefaultRoute".to_owned()));
    }

    #[test]
    fn admits_the_load_balancer_only() {
        let stack = with("");
        let group = "web/Service/SecurityGroup";
        assert_eq!(
            stack.properties(&format!("{group}/Resource")),
            json!({
                "GroupDescription": "Test/web/Service/SecurityGroup",
                "SecurityGroupEgress": [{
                    "CidrIp": "0.0.0.0/0",
                    "Description": "Allow all outbound traffic by default",
                    "IpProtocol": "-1",
                }],
                "VpcId": "${n/Resource}",
            })
        );
        let rules: Vec<(String, String)> = stack
            .resources()
            .into_iter()
            .filter(|(_, kind)| kind.starts_with("AWS::EC2::SecurityGroup"))
            .collect();
        let [_, (egress, _), _, (ingress, _)] = rules.as_slice() else { panic!("{rules:?}") };
        assert_eq!(
            stack.properties(ingress),
            json!({
                "Description": "Load balancer to target",
                "FromPort": 8080,
                "GroupId": "${web/Service/SecurityGroup/Resource.GroupId}",
                "IpProtocol": "tcp",
                "SourceSecurityGroupId": "${web/LB/SecurityGroup/Resource.GroupId}",
                "ToPort": 8080,
            })
        );
        assert_eq!(
            stack.properties(egress),
            json!({
                "Description": "Load balancer to target",
                "DestinationSecurityGroupId": "${web/Service/SecurityGroup/Resource.GroupId}",
                "FromPort": 8080,
                "GroupId": "${web/LB/SecurityGroup/Resource.GroupId}",
                "IpProtocol": "tcp",
                "ToPort": 8080,
            })
        );
    }

    #[test]
    fn may_run_on_spare_capacity() {
        let service = service(", capacity: spot, platform: 1.4.0");
        assert_eq!(service["LaunchType"], json!(null));
        assert_eq!(
            service["CapacityProviderStrategy"],
            json!([{ "CapacityProvider": "FARGATE_SPOT", "Weight": 1 }])
        );
        assert_eq!(service["PlatformVersion"], "1.4.0");
    }

    #[test]
    fn lets_nobody_in_unless_it_is_told_to() {
        assert_eq!(service("")["EnableExecuteCommand"], json!(null));
        assert_eq!(service(", exec: true")["EnableExecuteCommand"], json!(true));
    }

    #[test]
    fn points_at_shares_that_leave_no_room() {
        assert_eq!(
            with(", deployment: {minimum: 120%, maximum: 250%}").faults(),
            [
                "deployment-range at `120%`: no more than 100% of the tasks can be well, not 120%",
                "deployment-range at `250%`: from 100% to 200% of the tasks run, not 250%"
            ]
        );
        assert_eq!(
            with(", deployment: {maximum: 150%}").faults(),
            ["deployment-stuck at `150%`: while 1 of 1 must run and 1 at most may, none can be replaced"]
        );
        assert!(with(", count: 2, deployment: {maximum: 150%}").faults().is_empty());
        assert!(with(", deployment: {minimum: 0%, maximum: 100%}").faults().is_empty());
    }
}
