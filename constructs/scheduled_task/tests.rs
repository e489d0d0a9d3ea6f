//! What a scheduled task expands to, and what it refuses.

use serde_json::{Value, json};

use crate::testing::{Stack, stack};

fn with(properties: &str) -> Stack {
    stack(&format!(
        "n: {{type: Network}}\nc: {{type: Cluster}}\njob: {{type: ScheduledTask, network: n, cluster: c, image: 'a:1', schedule: rate(1 hour){properties}}}"
    ))
}

fn schedule(properties: &str) -> Value {
    let stack = with(properties);
    assert_eq!(stack.faults(), [""; 0]);
    stack.properties("job/Schedule/Resource")
}

#[test]
fn is_a_task_and_what_starts_it() {
    let mut paths: Vec<String> = with("").resources().into_iter().map(|(path, _)| path).collect();
    paths.retain(|it| it.starts_with("job/"));
    assert_eq!(
        paths,
        [
            "job/ScheduledTaskDef/TaskRole/Resource",
            "job/ScheduledTaskDef/Resource",
            "job/ScheduledTaskDef/task/LogGroup/Resource",
            "job/ScheduledTaskDef/ExecutionRole/Resource",
            "job/ScheduledTaskDef/ExecutionRole/DefaultPolicy/Resource",
            "job/ScheduledTaskDef/SecurityGroup/Resource",
            "job/Schedule/Resource",
            "job/Schedule/DeadLetterQueue/Resource",
            "job/Schedule/DeadLetterQueue/Policy/Resource",
            "job/Schedule/Role/Resource",
            "job/Schedule/Role/DefaultPolicy/Resource",
        ]
    );
}

#[test]
fn starts_a_task_in_private_subnets() {
    assert_eq!(
        schedule(""),
        json!({
            "FlexibleTimeWindow": { "Mode": "OFF" },
            "ScheduleExpression": "rate(1 hour)",
            "State": "ENABLED",
            "Target": {
                "Arn": "${c/Resource.Arn}",
                "DeadLetterConfig": { "Arn": "${job/Schedule/DeadLetterQueue/Resource.Arn}" },
                "EcsParameters": {
                    "EnableECSManagedTags": true,
                    "LaunchType": "FARGATE",
                    "NetworkConfiguration": {
                        "AwsvpcConfiguration": {
                            "AssignPublicIp": "DISABLED",
                            "SecurityGroups": ["${job/ScheduledTaskDef/SecurityGroup/Resource.GroupId}"],
                            "Subnets": ["${n/PrivateSubnet1/Subnet}", "${n/PrivateSubnet2/Subnet}"],
                        },
                    },
                    "PropagateTags": "TASK_DEFINITION",
                    "TaskDefinitionArn": "${job/ScheduledTaskDef/Resource}",
                },
                "RetryPolicy": { "MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3 },
                "RoleArn": "${job/Schedule/Role/Resource.Arn}",
            },
        })
    );
}

#[test]
fn runs_when_and_how_it_is_told() {
    let schedule = schedule(
        ", retries: {attempts: 10, within: 2h}, enabled: false, exec: true, capacity: spot, platform: 1.4.0",
    );
    assert_eq!(schedule["State"], "DISABLED");
    let target = &schedule["Target"];
    assert_eq!(
        target["RetryPolicy"],
        json!({ "MaximumEventAgeInSeconds": 7200, "MaximumRetryAttempts": 10 })
    );
    let parameters = &target["EcsParameters"];
    assert_eq!(parameters["EnableExecuteCommand"], true);
    assert_eq!(parameters["LaunchType"], json!(null));
    assert_eq!(
        parameters["CapacityProviderStrategy"],
        json!([{ "CapacityProvider": "FARGATE_SPOT", "Weight": 1 }])
    );
    assert_eq!(parameters["PlatformVersion"], "1.4.0");
}

#[test]
fn a_time_of_day_may_be_meant_in_a_time_zone() {
    let stack = stack(
        "n: {type: Network}\njob: {type: ScheduledTask, network: n, image: 'a:1', schedule: 'cron(0 3 * * ? *)', timezone: Europe/Berlin}",
    );
    assert_eq!(stack.faults(), [""; 0]);
    let schedule = stack.properties("job/Schedule/Resource");
    assert_eq!(schedule["ScheduleExpression"], "cron(0 3 * * ? *)");
    assert_eq!(schedule["ScheduleExpressionTimezone"], "Europe/Berlin");
    assert_eq!(schedule["Target"]["Arn"], "${job/Cluster/Resource.Arn}");
}

#[test]
fn points_at_a_time_zone_that_is_none() {
    let faults = |zone: &str| {
        stack(&format!(
            "n: {{type: Network}}\njob: {{type: ScheduledTask, network: n, image: 'a:1', schedule: 'cron(0 3 * * ? *)', timezone: {zone}}}"
        ))
        .faults()
    };
    assert_eq!(
        faults("Central European Time"),
        ["time-zone at `Central European Time`: `Central European Time` cannot be the name of a time zone"]
    );
    assert_eq!(
        faults("Europe/Berlim"),
        ["time-zone at `Europe/Berlim`: there was no time zone `Europe/Berlim` when `asi` was made"]
    );
}

#[test]
fn points_at_a_time_zone_without_effect() {
    assert_eq!(
        with(", timezone: UTC").faults(),
        ["no-effect at `UTC`: a rate has no time of day, so that no time zone changes it"]
    );
}

#[test]
fn runs_what_a_service_would_run_without_a_port() {
    let stack = with(
        ", command: [bin/report], variables: {A: '1'}, secrets: {B: 'ssm:/b'}, cpu: 512, memory: 2GB, architecture: arm64, \
         permissions: [{actions: [s3:GetObject], resources: ['arn:aws:s3:::b/*']}]",
    );
    assert_eq!(
        stack.properties("job/ScheduledTaskDef/Resource"),
        json!({
            "ContainerDefinitions": [{
                "Command": ["bin/report"],
                "Environment": [{ "Name": "A", "Value": "1" }],
                "Essential": true,
                "Image": "a:1",
                "LogConfiguration": {
                    "LogDriver": "awslogs",
                    "Options": {
                        "awslogs-group": "${job/ScheduledTaskDef/task/LogGroup/Resource}",
                        "awslogs-stream-prefix": "job",
                        "awslogs-region": "${AWS::Region}",
                    },
                },
                "Name": "task",
                "Secrets": [{
                    "Name": "B",
                    "ValueFrom": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/b",
                }],
            }],
            "Cpu": "512",
            "ExecutionRoleArn": "${job/ScheduledTaskDef/ExecutionRole/Resource.Arn}",
            "Family": "TestjobScheduledTaskDef165E72BC",
            "Memory": "2048",
            "NetworkMode": "awsvpc",
            "RequiresCompatibilities": ["FARGATE"],
            "RuntimePlatform": { "CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX" },
            "TaskRoleArn": "${job/ScheduledTaskDef/TaskRole/Resource.Arn}",
        })
    );
    let policy = stack.properties("job/ScheduledTaskDef/TaskRole/DefaultPolicy/Resource");
    assert_eq!(
        policy["PolicyDocument"]["Statement"],
        json!([{ "Action": "s3:GetObject", "Effect": "Allow", "Resource": "arn:aws:s3:::b/*" }])
    );
}

#[test]
fn the_scheduler_may_start_this_task_and_no_other() {
    let stack = with("");
    let policy = stack.properties("job/Schedule/Role/DefaultPolicy/Resource");
    assert_eq!(
        policy["PolicyDocument"]["Statement"],
        json!([
            {
                "Action": "ecs:RunTask",
                "Condition": { "ArnEquals": { "ecs:cluster": "${c/Resource.Arn}" } },
                "Effect": "Allow",
                "Resource": "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task-definition/TestjobScheduledTaskDef165E72BC:*",
            },
            {
                "Action": "ecs:TagResource",
                "Condition": { "StringEquals": { "ecs:CreateAction": "RunTask" } },
                "Effect": "Allow",
                "Resource": "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task/${c/Resource}/*",
            },
            {
                "Action": "iam:PassRole",
                "Condition": { "StringEquals": { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
                "Effect": "Allow",
                "Resource": [
                    "${job/ScheduledTaskDef/ExecutionRole/Resource.Arn}",
                    "${job/ScheduledTaskDef/TaskRole/Resource.Arn}",
                ],
            },
            {
                "Action": "sqs:SendMessage",
                "Effect": "Allow",
                "Resource": "${job/Schedule/DeadLetterQueue/Resource.Arn}",
            },
        ])
    );
    let trust = stack.properties("job/Schedule/Role/Resource")["AssumeRolePolicyDocument"]["Statement"].clone();
    assert_eq!(
        trust,
        json!([{
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnLike": {
                    "aws:SourceArn": "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/default",
                },
                "StringEquals": { "aws:SourceAccount": "${AWS::AccountId}" },
            },
            "Effect": "Allow",
            "Principal": { "Service": "scheduler.amazonaws.com" },
        }])
    );
}

#[test]
fn runs_that_could_not_start_are_kept_safely() {
    let stack = with("");
    let queue = "job/Schedule/DeadLetterQueue";
    assert_eq!(
        stack.properties(&format!("{queue}/Resource")),
        json!({ "MessageRetentionPeriod": 1_209_600, "SqsManagedSseEnabled": true })
    );
    assert_eq!(
        stack.attributes(&format!("{queue}/Resource")),
        json!({ "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete" })
    );
    assert_eq!(
        stack.properties(&format!("{queue}/Policy/Resource")),
        json!({
            "PolicyDocument": {
                "Statement": [{
                    "Action": "sqs:*",
                    "Condition": { "Bool": { "aws:SecureTransport": "false" } },
                    "Effect": "Deny",
                    "Principal": { "AWS": "*" },
                    "Resource": "${job/Schedule/DeadLetterQueue/Resource.Arn}",
                }],
                "Version": "2012-10-17",
            },
            "Queues": ["${job/Schedule/DeadLetterQueue/Resource}"],
        })
    );
}

#[test]
fn nobody_can_call_it() {
    let stack = with("");
    let group = stack.properties("job/ScheduledTaskDef/SecurityGroup/Resource");
    assert_eq!(
        group,
        json!({
            "GroupDescription": "Test/job/ScheduledTaskDef/SecurityGroup",
            "SecurityGroupEgress": [{
                "CidrIp": "0.0.0.0/0",
                "Description": "Allow all outbound traffic by default",
                "IpProtocol": "-1",
            }],
            "VpcId": "${n/Resource}",
        })
    );
    assert!(stack.resources().iter().all(|(_, kind)| kind != "AWS::EC2::SecurityGroupIngress"));
}

#[test]
fn waits_for_what_no_reference_makes_it_wait_for() {
    assert_eq!(
        with(", exec: true").depends_on("job/Schedule/Resource"),
        [
            "n/PrivateSubnet1/RouteTableAssociation",
            "n/PrivateSubnet2/RouteTableAssociation",
            "n/PrivateSubnet1/DefaultRoute",
            "n/PrivateSubnet2/DefaultRoute",
            "job/ScheduledTaskDef/TaskRole/DefaultPolicy/Resource",
            "job/ScheduledTaskDef/ExecutionRole/DefaultPolicy/Resource",
            "job/Schedule/Role/DefaultPolicy/Resource",
        ]
    );
}

#[test]
fn has_public_addresses_where_there_are_no_private_subnets() {
    let stack = stack(
        "n: {type: Network, nat: none, subnets: {private: []}}\n\
         job: {type: ScheduledTask, network: n, image: 'a:1', schedule: rate(1 hour)}",
    );
    let target = &stack.properties("job/Schedule/Resource")["Target"];
    let configuration = &target["EcsParameters"]["NetworkConfiguration"]["AwsvpcConfiguration"];
    assert_eq!(configuration["AssignPublicIp"], "ENABLED");
    assert_eq!(configuration["Subnets"], json!(["${n/PublicSubnet1/Subnet}", "${n/PublicSubnet2/Subnet}"]));
}

#[test]
fn warns_of_a_network_without_a_way_out() {
    assert_eq!(
        stack(
            "n: {type: Network, nat: none}\n\
             job: {type: ScheduledTask, network: n, image: 'a:1', schedule: rate(1 hour)}"
        )
        .faults(),
        ["no-way-out at `n`: its tasks can reach nothing outside of the network, not even their image"]
    );
}

#[test]
fn points_at_what_fargate_cannot_run() {
    assert_eq!(
        with(", cpu: 300, container: my job").faults(),
        [
            "container-name at `my job`: `my job` cannot be the name of a container",
            "fargate-cpu at `300`: Fargate has no size with 300 CPU units",
        ]
    );
}

#[test]
fn points_at_attempts_aws_does_not_make() {
    assert_eq!(
        with(", retries: 186").faults(),
        ["retry-range at `186`: nothing is tried again 186 times"]
    );
    assert_eq!(
        with(", retries: {within: 30s}").faults(),
        ["retry-range at `30s`: starting is tried for 60s to 24h, not for 30s"]
    );
    assert_eq!(
        with(", retries: {within: 2d}").faults(),
        ["retry-range at `2d`: starting is tried for 60s to 24h, not for 172800s"]
    );
    assert_eq!(
        with(", retries: {attempts: 0, within: 2h}").faults(),
        ["no-effect at `2h`: nothing is tried again with `attempts: 0`"]
    );
    assert_eq!(schedule(", retries: 0")["Target"]["RetryPolicy"]["MaximumRetryAttempts"], 0);
}

#[test]
fn gives_what_others_need() {
    let stack = with("");
    let (task, queue) = ("job/ScheduledTaskDef", "job/Schedule/DeadLetterQueue/Resource");
    for (attribute, value) in [
        ("arn", "${job/Schedule/Resource.Arn}".to_owned()),
        ("scheduleName", "${job/Schedule/Resource}".to_owned()),
        ("clusterName", "${c/Resource}".to_owned()),
        ("taskDefinitionArn", format!("${{{task}/Resource}}")),
        ("taskRoleArn", format!("${{{task}/TaskRole/Resource.Arn}}")),
        ("taskRoleName", format!("${{{task}/TaskRole/Resource}}")),
        ("executionRoleArn", format!("${{{task}/ExecutionRole/Resource.Arn}}")),
        ("logGroupName", format!("${{{task}/task/LogGroup/Resource}}")),
        ("logGroupArn", format!("${{{task}/task/LogGroup/Resource.Arn}}")),
        ("securityGroupId", format!("${{{task}/SecurityGroup/Resource.GroupId}}")),
        ("deadLetterQueueUrl", format!("${{{queue}}}")),
        ("deadLetterQueueArn", format!("${{{queue}.Arn}}")),
        ("deadLetterQueueName", format!("${{{queue}.QueueName}}")),
    ] {
        assert_eq!(stack.attribute("job", attribute), json!(value), "{attribute}");
    }
}
