//! A container that runs on Fargate behind a load balancer.
//!
//! Laid out as the CDK's `ApplicationLoadBalancedFargateService`, path for path, so that one made by the CDK
//! can be taken over.

mod service;

use crate::{
    cluster,
    ecs::{
        Container, Count, OnFargate, Rollout, load,
        task::{self, Given, On, Task},
    },
    grants::Grantable,
    kernel::prelude::*,
    load_balancer::{
        Reached,
        reached::{Tasks, Way},
        target_group::By,
    },
    targets::{EcsService, LoadBalancer, Network},
};

properties! {
    /// A container that runs on Fargate behind a load balancer.
    ///
    /// Tasks run in the private subnets of the network if it has any, and are reached by nobody but the load
    /// balancer. A deployment starts new tasks before it stops old ones, and rolls back if the new ones do not
    /// become healthy.
    pub struct FargateService {
        /// The name of the service in ECS; with another one it is another service. If absent, CloudFormation makes one
        /// that is unique: with a name of your own, a change that replaces the service fails, for the old one still has it.
        name: Option<Text>,
        /// The network it runs in.
        network: Link<Network>,
        /// The cluster it runs in. If absent, it has one of its own.
        cluster: Option<Link<cluster::Exports>>,
        /// How it is reached.
        reached: Inline<Reached>,
        /// How many tasks run: `2`, or `{min: 2, max: 10, cpu: 70%}`. With two or more the service outlives a zone that fails.
        count: Count = "1",
        /// How it is deployed: how requests get from the old version to the new one, how many tasks run meanwhile, and
        /// what rolls it back.
        deployment: Rollout = "{}",
        /// What it runs on.
        fargate: Inline<OnFargate>,
        /// The name of the container.
        container: Spanned<String> = "web",
        /// What it runs.
        runs: Inline<Container>,
    }
}

exports! {
    /// What other constructs may use of a [`FargateService`].
    pub struct Exports {
        /// The ARN of the service.
        arn: Expr<Handle>,
        /// The URL it is called at: with the domain of its certificate, or else the load balancer's own name.
        url: Expr<Handle>,
        /// The host name AWS gave its load balancer.
        hostname: Expr<Handle>,
        /// The name of the service.
        service_name: Expr<Handle>,
        /// The name of the cluster it runs in.
        cluster_name: Expr<Handle>,
        /// The ARN of the task definition it runs.
        task_definition_arn: Expr<Handle>,
        /// The ARN of the role the container calls AWS with.
        task_role_arn: Expr<Handle>,
        /// The name of that role.
        task_role_name: Expr<Handle>,
        /// The ARN of the role ECS starts tasks with.
        execution_role_arn: Expr<Handle>,
        /// The name of its log group.
        log_group_name: Expr<Handle>,
        /// The ARN of its log group.
        log_group_arn: Expr<Handle>,
        /// The ARN of the load balancer.
        load_balancer_arn: Expr<Handle>,
        /// The name of the load balancer in CloudWatch's metrics.
        load_balancer_full_name: Expr<Handle>,
        /// The id of the load balancer's security group.
        load_balancer_security_group_id: Expr<Handle>,
        /// The ARN of the listener that passes requests on.
        listener_arn: Expr<Handle>,
        /// The ARN of the target group.
        target_group_arn: Expr<Handle>,
        /// The name of the target group in CloudWatch's metrics.
        target_group_full_name: Expr<Handle>,
        /// The id of the tasks' security group: let it into your database.
        security_group_id: Expr<Handle>,
        /// Its load balancer, for what stands before it.
        load_balancer: LoadBalancer,
        /// Itself, for what deploys to it.
        service: EcsService,
        /// What others may do with it.
        grantable: Grantable,
    }
}

impl Target for Exports {
    const WHAT: &'static str = "a FargateService";
}

impl Construct for FargateService {
    const KIND: &'static str = "FargateService";
    const EXAMPLE: &'static str = include_str!("fargate_service.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        task::check(&self.task(), faults);
        self.count.check(faults);
        self.deployment.check(self.count.least(), faults);
        self.reached.check(faults);
        self.deployment.check_scaling(&self.count, faults);
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let network = scope.find(&self.network)?;
        self.reached.arrange(scope);
        scope.arrange(&["TaskDef"]);
        scope.child("Service").arrange(&["Service", "SecurityGroup"]);
        let cluster = cluster::find_or_add(scope, self.cluster.as_ref())?;
        let tasks = Tasks {
            network: &network,
            network_name: &self.network.name,
            by: By::Address,
            shift: self.deployment.shifts(),
            preview: self.deployment.preview(),
        };
        let way = self.reached.add(scope, &tasks)?;
        let architecture = self.fargate.architecture;
        let task = task::add(&self.task(), scope, "TaskDef", architecture, Given::default())?;
        let service::Added { resource: service, group } =
            service::add(self, scope, &network, &cluster, &way, &task);
        if let Count::Scaled(scaling) = &self.count {
            load::add(scaling, scope, &cluster.name, service, &way);
        }

        let deployment_roles = self.deployment.roles(scope, &way);
        let Way { balancer, target_group, url, .. } = way;
        Ok(Exports {
            arn: service.reference(),
            url,
            hostname: balancer.dns_name.clone(),
            service_name: service.attribute("Name"),
            cluster_name: cluster.name.clone(),
            task_definition_arn: task.definition.reference(),
            task_role_arn: task.task_role.attribute("Arn"),
            task_role_name: task.task_role.reference(),
            execution_role_arn: task.execution_role.attribute("Arn"),
            log_group_name: task.log_group.reference(),
            log_group_arn: task.log_group.attribute("Arn"),
            load_balancer_arn: balancer.arn.clone(),
            load_balancer_full_name: balancer.resource.attribute("LoadBalancerFullName"),
            load_balancer_security_group_id: balancer.group.attribute("GroupId"),
            listener_arn: balancer.listener.reference(),
            target_group_arn: target_group.reference(),
            target_group_full_name: target_group.attribute("TargetGroupFullName"),
            security_group_id: group.attribute("GroupId"),
            grantable: balancer.grantable(),
            load_balancer: balancer,
            service: task.offer(service, cluster.name, deployment_roles),
        })
    }
}

impl FargateService {
    fn task(&self) -> Task<'_> {
        Task { container: &self.runs, name: &self.container, port: Some(self.reached.port), on: On::Fargate(&self.fargate) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::stack;

    const WEB: &str = "net: {type: Network}\n\
                       cluster: {type: Cluster}\n\
                       web: {type: FargateService, network: net, cluster: cluster, image: 'a:1', port: 80}\n";

    #[test]
    fn is_laid_out_as_the_cdk_lays_it_out() {
        let mut paths: Vec<String> = stack(WEB).resources().into_iter().map(|(path, _)| path).collect();
        paths.retain(|it| it.starts_with("web/"));
        assert_eq!(
            paths,
            [
                "web/LB/Resource",
                "web/LB/SecurityGroup/Resource",
                "web/LB/SecurityGroup/to TestwebServiceSecurityGroup5EC8099F:80",
                "web/LB/PublicListener/Resource",
                "web/LB/PublicListener/ECSGroup/Resource",
                "web/TaskDef/TaskRole/Resource",
                "web/TaskDef/Resource",
                "web/TaskDef/web/LogGroup/Resource",
                "web/TaskDef/ExecutionRole/Resource",
                "web/TaskDef/ExecutionRole/DefaultPolicy/Resource",
                "web/Service/Service",
                "web/Service/SecurityGroup/Resource",
                "web/Service/SecurityGroup/from TestwebLBSecurityGroup60BF4B82:80",
            ]
        );
    }

    #[test]
    fn has_a_cluster_of_its_own_unless_it_is_given_one() {
        let stack =
            stack("net: {type: Network}\nweb: {type: FargateService, network: net, image: 'a:1', port: 80}");
        assert_eq!(stack.properties("web/Service/Service")["Cluster"], "${web/Cluster/Resource}");
        assert_eq!(stack.attribute("web", "clusterName"), "${web/Cluster/Resource}");
    }

    #[test]
    fn gives_what_others_need() {
        let stack = stack(WEB);
        for (attribute, value) in [
            ("arn", "${web/Service/Service}"),
            ("url", "http://${web/LB/Resource.DNSName}"),
            ("hostname", "${web/LB/Resource.DNSName}"),
            ("serviceName", "${web/Service/Service.Name}"),
            ("clusterName", "${cluster/Resource}"),
            ("taskDefinitionArn", "${web/TaskDef/Resource}"),
            ("taskRoleArn", "${web/TaskDef/TaskRole/Resource.Arn}"),
            ("taskRoleName", "${web/TaskDef/TaskRole/Resource}"),
            ("executionRoleArn", "${web/TaskDef/ExecutionRole/Resource.Arn}"),
            ("logGroupName", "${web/TaskDef/web/LogGroup/Resource}"),
            ("logGroupArn", "${web/TaskDef/web/LogGroup/Resource.Arn}"),
            ("loadBalancerArn", "${web/LB/Resource}"),
            ("loadBalancerFullName", "${web/LB/Resource.LoadBalancerFullName}"),
            ("loadBalancerSecurityGroupId", "${web/LB/SecurityGroup/Resource.GroupId}"),
            ("listenerArn", "${web/LB/PublicListener/Resource}"),
            ("targetGroupArn", "${web/LB/PublicListener/ECSGroup/Resource}"),
            ("targetGroupFullName", "${web/LB/PublicListener/ECSGroup/Resource.TargetGroupFullName}"),
            ("securityGroupId", "${web/Service/SecurityGroup/Resource.GroupId}"),
        ] {
            assert_eq!(stack.attribute("web", attribute), json!(value), "{attribute}");
        }
    }

    #[test]
    fn points_at_a_port_nobody_can_listen_on() {
        assert_eq!(
            stack(&WEB.replace("port: 80", "port: 0")).faults(),
            ["port at `0`: a container cannot listen on port 0"]
        );
    }

    #[test]
    fn points_at_a_network_that_is_none() {
        assert_eq!(
            stack(&WEB.replace("network: net", "network: cluster")).faults(),
            ["wrong-kind at `cluster`: `cluster` is a Cluster; a Network or ImportedNetwork is needed here"]
        );
    }
}
