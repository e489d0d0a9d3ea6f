//! What a worker expands to, and what it refuses.

use serde_json::{Value, json};

use crate::testing::{Stack, stack};

fn with(properties: &str) -> Stack {
    stack(&format!(
        "n: {{type: Network}}\nc: {{type: Cluster}}\nw: {{type: Worker, network: n, cluster: c, image: 'a:1'{properties}}}"
    ))
}

fn service(properties: &str) -> Value {
    let stack = with(properties);
    assert_eq!(stack.faults(), [""; 0]);
    stack.properties("w/QueueProcessingFargateService/Service")
}

#[test]
fn is_laid_out_as_the_cdk_lays_it_out() {
    let mut paths: Vec<String> = with("").resources().into_iter().map(|(path, _)| path).collect();
    paths.retain(|it| it.starts_with("w/"));
    assert_eq!(
        paths,
        [
            "w/EcsProcessingDeadLetterQueue/Resource",
            "w/EcsProcessingDeadLetterQueue/Policy/Resource",
            "w/EcsProcessingQueue/Resource",
            "w/EcsProcessingQueue/Policy/Resource",
            "w/QueueProcessingTaskDef/TaskRole/Resource",
            "w/QueueProcessingTaskDef/TaskRole/DefaultPolicy/Resource",
            "w/QueueProcessingTaskDef/Resource",
            "w/QueueProcessingTaskDef/worker/LogGroup/Resource",
            "w/QueueProcessingTaskDef/ExecutionRole/Resource",
            "w/QueueProcessingTaskDef/ExecutionRole/DefaultPolicy/Resource",
            "w/QueueProcessingFargateService/Service",
            "w/QueueProcessingFargateService/SecurityGroup/Resource",
        ]
    );
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
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "AssignPublicIp": "DISABLED",
                    "SecurityGroups": ["${w/QueueProcessingFargateService/SecurityGroup/Resource.GroupId}"],
                    "Subnets": ["${n/PrivateSubnet1/Subnet}", "${n/PrivateSubnet2/Subnet}"],
                },
            },
            "PropagateTags": "SERVICE",
            "TaskDefinition": "${w/QueueProcessingTaskDef/Resource}",
        })
    );
}

#[test]
fn is_run_as_it_is_told() {
    let service = service(
        ", capacity: spot, platform: 1.4.0, exec: true, count: 2, deployment: {minimum: 50%, maximum: 150%}",
    );
    assert_eq!(service["LaunchType"], json!(null));
    assert_eq!(
        service["CapacityProviderStrategy"],
        json!([{ "CapacityProvider": "FARGATE_SPOT", "Weight": 1 }])
    );
    assert_eq!(service["PlatformVersion"], "1.4.0");
    assert_eq!(service["EnableExecuteCommand"], true);
    let deployment = &service["DeploymentConfiguration"];
    assert_eq!((&deployment["MinimumHealthyPercent"], &deployment["MaximumPercent"]), (&json!(50), &json!(150)));
}

#[test]
fn nobody_can_call_it() {
    let stack = with("");
    let group = stack.properties("w/QueueProcessingFargateService/SecurityGroup/Resource");
    assert_eq!(group["SecurityGroupIngress"], json!(null));
    assert!(stack.resources().iter().all(|(_, kind)| kind != "AWS::EC2::SecurityGroupIngress"));
}

#[test]
fn has_a_cluster_of_its_own_unless_it_is_given_one() {
    let stack = stack("n: {type: Network}\nw: {type: Worker, network: n, image: 'a:1'}");
    assert_eq!(stack.attribute("w", "clusterName"), "${w/Cluster/Resource}");
    assert_eq!(with("").attribute("w", "clusterName"), "${c/Resource}");
}

#[test]
fn knows_its_queue_and_may_work_it_off() {
    let stack = with(
        ", variables: {A: '1'}, permissions: [{actions: [s3:GetObject], resources: ['arn:aws:s3:::b/*']}]",
    );
    let container = &stack.properties("w/QueueProcessingTaskDef/Resource")["ContainerDefinitions"][0];
    assert_eq!(
        container["Environment"],
        json!([
            { "Name": "QUEUE_URL", "Value": "${w/EcsProcessingQueue/Resource}" },
            { "Name": "A", "Value": "1" },
        ])
    );
    assert_eq!(container["PortMappings"], json!(null));
    let policy = stack.properties("w/QueueProcessingTaskDef/TaskRole/DefaultPolicy/Resource");
    assert_eq!(
        policy["PolicyDocument"]["Statement"],
        json!([
            {
                "Action": [
                    "sqs:ChangeMessageVisibility",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:GetQueueUrl",
                    "sqs:ReceiveMessage",
                ],
                "Effect": "Allow",
                "Resource": "${w/EcsProcessingQueue/Resource.Arn}",
            },
            { "Action": "s3:GetObject", "Effect": "Allow", "Resource": "arn:aws:s3:::b/*" },
        ])
    );
}

#[test]
fn points_at_a_variable_that_hides_its_queue() {
    let message = "`QUEUE_URL` is the URL of the worker's own queue";
    assert_eq!(
        with(", variables: {QUEUE_URL: other}").faults(),
        [format!("reserved-variable at `other`: {message}")]
    );
    assert_eq!(
        with(", secrets: {QUEUE_URL: 'ssm:/other'}").faults(),
        [format!("reserved-variable at `'ssm:/other'`: {message}")]
    );
}

#[test]
fn points_at_what_a_service_could_not_do_either() {
    assert_eq!(
        with(", cpu: 300, deployment: {maximum: 100%}").faults(),
        [
            "fargate-cpu at `300`: Fargate has no size with 300 CPU units",
            "deployment-stuck at `100%`: while 1 of 1 must run and 1 at most may, none can be replaced",
        ]
    );
    assert_eq!(
        with(", count: {min: 2, max: 4, backlog: 10}, deployment: {maximum: 120%}").faults(),
        ["deployment-stuck at `120%`: while 2 of 2 must run and 2 at most may, none can be replaced"]
    );
}

#[test]
fn waits_for_what_no_reference_makes_it_wait_for() {
    assert_eq!(
        with("").depends_on("w/QueueProcessingFargateService/Service"),
        [
            "n/PrivateSubnet1/RouteTableAssociation",
            "n/PrivateSubnet2/RouteTableAssociation",
            "n/PrivateSubnet1/DefaultRoute",
            "n/PrivateSubnet2/DefaultRoute",
            "w/QueueProcessingTaskDef/TaskRole/DefaultPolicy/Resource",
            "w/QueueProcessingTaskDef/ExecutionRole/DefaultPolicy/Resource",
        ]
    );
}

#[test]
fn warns_of_a_network_without_a_way_out() {
    assert_eq!(
        stack("n: {type: Network, nat: none}\nw: {type: Worker, network: n, image: 'a:1'}").faults(),
        ["no-way-out at `n`: its tasks can reach nothing outside of the network, not even their image"]
    );
}

#[test]
fn a_pipeline_may_deploy_to_it() {
    let stack = stack(
        "n: {type: Network}\nrepo: {type: Repository}\n\
         w: {type: Worker, network: n, image: 'repo:1'}\n\
         delivery: {type: Pipeline, source: {github: acme/shop, branch: main, connection: 'arn:aws:codeconnections:eu-west-1:111122223333:connection/11111111-2222-3333-4444-555555555555'}, deploy: w}",
    );
    assert_eq!(stack.faults(), [""; 0]);
    let pipeline = stack.properties("delivery/Resource");
    let stages = pipeline["Stages"].as_array().expect("stages");
    let deploy = &stages[stages.len() - 1]["Actions"][0]["Configuration"];
    assert_eq!(deploy["ServiceName"], "${w/QueueProcessingFargateService/Service.Name}");
}

#[test]
fn gives_what_others_need() {
    let stack = with("");
    let (task, service) = ("w/QueueProcessingTaskDef", "w/QueueProcessingFargateService");
    let (queue, dead) = ("w/EcsProcessingQueue/Resource", "w/EcsProcessingDeadLetterQueue/Resource");
    for (attribute, value) in [
        ("arn", format!("${{{service}/Service}}")),
        ("queueUrl", format!("${{{queue}}}")),
        ("queueArn", format!("${{{queue}.Arn}}")),
        ("queueName", format!("${{{queue}.QueueName}}")),
        ("deadLetterQueueUrl", format!("${{{dead}}}")),
        ("deadLetterQueueArn", format!("${{{dead}.Arn}}")),
        ("deadLetterQueueName", format!("${{{dead}.QueueName}}")),
        ("serviceName", format!("${{{service}/Service.Name}}")),
        ("clusterName", "${c/Resource}".to_owned()),
        ("taskDefinitionArn", format!("${{{task}/Resource}}")),
        ("taskRoleArn", format!("${{{task}/TaskRole/Resource.Arn}}")),
        ("taskRoleName", format!("${{{task}/TaskRole/Resource}}")),
        ("executionRoleArn", format!("${{{task}/ExecutionRole/Resource.Arn}}")),
        ("logGroupName", format!("${{{task}/worker/LogGroup/Resource}}")),
        ("logGroupArn", format!("${{{task}/worker/LogGroup/Resource.Arn}}")),
        ("securityGroupId", format!("${{{service}/SecurityGroup/Resource.GroupId}}")),
    ] {
        assert_eq!(stack.attribute("w", attribute), json!(value), "{attribute}");
    }
}
