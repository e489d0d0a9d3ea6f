//! Why what is made is not what the CDK makes, wherever it is not.

/// A construct, and for each reason what differs by it: `- Id` for a resource that only the CDK makes, `+ Id` for one it
/// does not make, `Id/Properties.Name` for what has another value. `*` stands for any text.
type Reasons = (&'static str, &'static [(&'static [&'static str], &'static str)]);

/// What is replaced whenever it changes, and why that is no loss.
pub(super) const REVISIONS: &[(&str, &str)] = &[(
    "AWS::ECS::TaskDefinition",
    "each change is a new revision, and a deployment has its tasks take the place of those of the old one",
)];

/// All reasons.
pub(super) const REASONS: &[Reasons] = &[
    ("Network", NETWORK),
    ("Cluster", CLUSTER),
    ("FargateService", FARGATE_SERVICE),
    ("LoadBalancer", LOAD_BALANCER),
    ("Repository", REPOSITORY),
    ("Pipeline", PIPELINE),
    ("Subdomain", SUBDOMAIN),
    ("WafWhitelist", WAF_WHITELIST),
    ("Worker", WORKER),
    ("ScheduledTask", SCHEDULED_TASK),
    ("Bucket", BUCKET),
    ("Topic", TOPIC),
];

const NETWORK: &[(&[&str], &str)] = &[
    (
        &["- VpcRestrictDefaultSecurityGroup*", "- CustomVpcRestrictDefaultSG*"],
        "emptying the default security group takes a Lambda function; nothing here uses that group",
    ),
    (&["Vpc*EIP*/DependsOn"], "an address waits for the gateway's attachment, or a deletion may fail"),
    (
        &["Vpc*EndpointSecurityGroup*/Properties.SecurityGroupEgress"],
        "an endpoint only answers, so that it may call nobody",
    ),
    (
        &["VpcFlowLogIAMRole*/Properties.AssumeRolePolicyDocument"],
        "the role is for flow logs of this account alone",
    ),
    (
        &["VpcFlowLogLogGroup*/Properties.RetentionInDays"],
        "records are kept for 90 days unless `retention` says otherwise; the CDK keeps them for two years",
    ),
    (
        &["VpcFlowLogIAMRole*/Properties.Tags", "VpcFlowLogLogGroup*/Properties.Tags"],
        "a role and a log group have names, and need no tag for that",
    ),
    (&["VpcFlowLog*/DependsOn"], "a flow log waits for its permissions, or its first records are lost"),
];

const CLUSTER: &[(&[&str], &str)] = &[(
    &["ClusterEB0386A7/Properties*", "EcsDefaultCluster*/Properties*"],
    "a cluster can run Fargate and Fargate Spot tasks, and a task that does not say runs on Fargate",
)];

const FARGATE_SERVICE: &[(&[&str], &str)] = &[
    (
        &["ServiceLBE9A1ADBC/Properties.LoadBalancerAttributes"],
        "malformed headers are dropped, and the idle timeout is explicit",
    ),
    (
        &[
            "ServiceLBPublicListenerECS*Group*/Properties.HealthCheck*",
            "ServiceLBPublicListenerECS*Group*/Properties.*ThresholdCount",
            "ServiceLBPublicListenerECS*Group*/Properties.Matcher",
        ],
        "the health check is explicit",
    ),
    (
        &["ServiceLBPublicListenerECS*Group*/Properties.TargetGroupAttributes"],
        "a deployment waits 30 seconds for the requests of old tasks, not 300; `balancer: {drain: 5m}` keeps that",
    ),
    (
        &["+ ServiceLBPublicRedirectListener*", "ServiceLBSecurityGroup*/Properties.SecurityGroupIngress"],
        "with `https`, who calls without TLS is sent to call with it; with `access: internal`, only the network may call",
    ),
    (&["ServiceLBPublicRedirectListener*/DependsOn"], "a listener needs no other"),
    (
        &["ServiceLBPublicListener46709EAA/Properties.SslPolicy"],
        "TLS before 1.2 is refused unless `policy` says otherwise",
    ),
    (
        &["ServiceTaskDef1922A00F/Properties.ContainerDefinitions"],
        "the log goes to a group of the construct's own, and with `exec` a container has an init process",
    ),
    (
        &["ServiceTaskDef1922A00F/Properties.RuntimePlatform"],
        "the platform is explicit, so that another architecture is one word away",
    ),
    (
        &["ServiceTaskDef*LogGroup*/Properties.RetentionInDays"],
        "logs are kept for 30 days unless `logs` says otherwise, not for ever",
    ),
    (
        &["+ ServiceTaskDefordersLogGroup*"],
        "the log group beside the service stays as it is, under `resources`, and new logs go to the construct's own",
    ),
    (
        &["ServiceTaskDefExecutionRoleDefaultPolicy*/Properties.PolicyDocument"],
        "ECS may read the values of secrets, and nothing about them",
    ),
    (
        &["Service9571FDD8/Properties.DeploymentConfiguration"],
        "a failing deployment rolls back, and no task stops before its successor is healthy",
    ),
    (
        &["Service9571FDD8/Properties.DesiredCount"],
        "the number of tasks is said: write the one that runs as `count` before taking over, for `1` is the default",
    ),
    (
        &["Service9571FDD8/Properties.EnableECSManagedTags", "Service9571FDD8/Properties.PropagateTags"],
        "tasks carry the tags of their service, so that costs can be told apart",
    ),
    (
        &["Service9571FDD8/DependsOn"],
        "a listener waits for its target group itself; what the tasks need to start comes first",
    ),
    (
        &["ServiceSecurityGroup*/DependsOn", "ServiceTaskCountTarget*/DependsOn"],
        "neither a security group nor scaling needs a role",
    ),
    (
        &["ServiceTaskCountTarget*/Properties.RoleARN"],
        "scaling has the role that AWS made for it, and takes no other",
    ),
    (
        &["ServiceTaskCountTarget*/Properties.TargetTrackingScalingPolicyConfiguration"],
        "tasks are added after one minute, and removed after five",
    ),
];

const LOAD_BALANCER: &[(&[&str], &str)] = &[
    (
        &["Front0087DB4F/Properties.LoadBalancerAttributes"],
        "malformed headers are dropped, and what else can be set is explicit",
    ),
    (
        &["FrontListener*/Properties.DefaultActions", "FrontHttp*/Properties.DefaultActions"],
        "who calls what is no service's is told so in words",
    ),
    (
        &["FrontSecurityGroup*/Properties.SecurityGroupEgress"],
        "what it may call is not limited, for services of other stacks may stand behind it",
    ),
    (
        &["FrontSecurityGroup*/Properties.SecurityGroupIngress"],
        "with `access: internal`, only the network may call",
    ),
];

const REPOSITORY: &[(&[&str], &str)] = &[
    (
        &["Images2D38C313/Properties.LifecyclePolicy"],
        "images go: those without a tag after 7 days, and the oldest beyond 100; say more with `untagged` and `keep` \
         before taking over",
    ),
    (
        &["Images2D38C313/Properties.ImageScanningConfiguration"],
        "images are scanned unless `scan: false` says otherwise",
    ),
    (
        &["Images2D38C313/Properties.ImageTagMutability"],
        "a tag stays what it is unless `tags: mutable` says otherwise",
    ),
];

const PIPELINE: &[(&[&str], &str)] = &[
    (
        &["- Project*", "+ PipelineProject*"],
        "the project of the build is below the pipeline, and its log is kept for a time; the old one goes after the new \
         one is there",
    ),
    (
        &["PipelineArtifactsBucket22248F97/Properties.BucketEncryption"],
        "a bucket key saves most calls of KMS",
    ),
    (
        &["PipelineArtifactsBucket22248F97/Properties.LifecycleConfiguration"],
        "artifacts go after 30 days unless `artifacts` says otherwise",
    ),
    (
        &[
            "PipelineRoleDefaultPolicy*/Properties.PolicyDocument",
            "PipelineSource*RoleDefaultPolicy*/Properties.PolicyDocument",
            "PipelineBuild*RoleDefaultPolicy*/Properties.PolicyDocument",
            "PipelineDeploy*RoleDefaultPolicy*/Properties.PolicyDocument",
        ],
        "each action is allowed what it does, without `*`: the deployment changes this service alone, and passes its tasks' \
         two roles alone",
    ),
    (
        &["PipelineC660917D/Properties.Stages"],
        "the project is below the pipeline, and the file that the deployment reads is named",
    ),
    (
        &["PipelineC660917D/Properties.RestartExecutionOnUpdate"],
        "a pipeline that changes does not run for that",
    ),
    (
        &["PipelineC660917D/DependsOn"],
        "a pipeline runs as soon as it is there: all its policies come before it",
    ),
];

const SUBDOMAIN: &[(&[&str], &str)] = &[(
    &["Site*/Properties.AliasTarget"],
    "the zone of CloudFront's names is written, where the CDK has a mapping with that of China, too",
)];

const WAF_WHITELIST: &[(&[&str], &str)] = &[
    (
        &["FirewallWebAcl*/Properties.Rules"],
        "the rules are the construct's: a path is compared however it is written, and what is no rule of its own goes under \
         `rules`",
    ),
    (&["FirewallWebAcl*/Properties.VisibilityConfig"], "metrics are named after the construct"),
];

const WORKER: &[(&[&str], &str)] = &[
    (
        &["- JobsQueueProcessingFargateServiceTaskCountTarget*", "+ JobsQueueProcessing*BacklogScaling*"],
        "tasks follow the messages for each of them, in place of their CPU and steps of messages; the old policies go after \
         the new one is there",
    ),
    (&["+ Jobs*QueuePolicy*"], "messages are taken over TLS only"),
    (
        &["JobsEcsProcessing*/DeletionPolicy", "JobsEcsProcessing*/UpdateReplacePolicy"],
        "queues stay with their messages when they leave the stack, unless `queue` says otherwise",
    ),
    (
        &[
            "JobsEcsProcessing*/Properties.MessageRetentionPeriod",
            "JobsEcsProcessing*/Properties.VisibilityTimeout",
        ],
        "how long messages are kept and worked on is explicit, and in the dead-letter queue as long as SQS can",
    ),
    (&["JobsEcsProcessing*/Properties.SqsManagedSseEnabled"], "messages are encrypted, and that is explicit"),
    (
        &[
            "JobsQueueProcessingFargateService*/DependsOn",
            "JobsQueueProcessingFargateService*/Properties.DeploymentConfiguration",
            "JobsQueueProcessingFargateService*/Properties.EnableECSManagedTags",
            "JobsQueueProcessingFargateService*/Properties.LoadBalancers",
            "JobsQueueProcessingFargateService*/Properties.PropagateTags",
            "JobsQueueProcessingFargateService*/Properties.RoleARN",
            "JobsQueueProcessingTaskDefExecutionRoleDefaultPolicy*/Properties.PolicyDocument",
            "JobsQueueProcessingTaskDef*LogGroup*/Properties.RetentionInDays",
            "JobsQueueProcessingTaskDef*/Properties.RuntimePlatform",
        ],
        "as with a `FargateService`",
    ),
    (
        &["JobsQueueProcessingTaskDef*/Properties.ContainerDefinitions"],
        "the container finds its queue by `QUEUE_URL`, where the CDK gives it `QUEUE_NAME`: have the program take either \
         before taking over",
    ),
];

const SCHEDULED_TASK: &[(&[&str], &str)] = &[
    (
        &["- NightlyScheduled*", "+ NightlySchedule*"],
        "EventBridge Scheduler starts it, which knows time zones and keeps what could not be started, in place of a rule \
         with a role; for a moment there are both",
    ),
    (
        &[
            "NightlyScheduledTaskDefExecutionRoleDefaultPolicy*/Properties.PolicyDocument",
            "NightlyScheduledTaskDef*LogGroup*/Properties.RetentionInDays",
            "NightlyScheduledTaskDef*/Properties.RuntimePlatform",
        ],
        "as with a `FargateService`",
    ),
];

const BUCKET: &[(&[&str], &str)] = &[
    (
        &[
            "Files8E6940B8/Properties.LifecycleConfiguration",
            "Artifacts82DD59A1/Properties.LifecycleConfiguration",
        ],
        "the parts of an upload that was never finished go after 7 days",
    ),
    (
        &["Files8E6940B8/Properties.OwnershipControls", "Artifacts82DD59A1/Properties.OwnershipControls"],
        "access control lists are switched off: who relied on one has to be allowed by a policy",
    ),
    (&["Files8E6940B8/Properties.PublicAccessBlockConfiguration"], "it is closed to the public"),
    (&["Files8E6940B8/Properties.BucketEncryption"], "a bucket key saves most calls of KMS"),
    (&["+ FilesPolicy*"], "it is reached over TLS only"),
];

const TOPIC: &[(&[&str], &str)] = &[
    (
        &["+ AlertsPolicy*", "+ ApprovalsPolicy*", "AlertsPolicy*/Properties.PolicyDocument"],
        "messages are taken over TLS only, and from services of AWS only for this account",
    ),
    (
        &["Alerts91F83244/Properties.KmsMasterKeyId"],
        "AWS's key is named by its alias, where the CDK writes its ARN",
    ),
];
