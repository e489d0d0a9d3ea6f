// Writes one template for each construct of the table below, with the options people set: `node app.js FOLDER`.
// Each would deploy as it stands (names of connections, zones and certificates are made up, but well formed).
process.env.CDK_VALIDATION = 'false';
const fs = require('fs');
const path = require('path');
const cdk = require('aws-cdk-lib');

const lib = (name) => require(`aws-cdk-lib/aws-${name}`);
const { Duration, RemovalPolicy, Size, SecretValue } = cdk;
const ACCOUNT = '123456789012';
const CERTIFICATE = `arn:aws:acm:us-east-1:${ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555`;
const CONNECTION = `arn:aws:codeconnections:us-east-1:${ACCOUNT}:connection/11111111-2222-3333-4444-555555555555`;

const code = () => lib('lambda').Code.fromInline('exports.handler = async () => 1');
const vpc = (stack) =>
  new (lib('ec2').Vpc)(stack, 'Vpc', { availabilityZones: ['us-east-1a', 'us-east-1b'], natGateways: 1 });
const fn = (stack, id = 'Function', more = {}) => {
  const lambda = lib('lambda');
  return new lambda.Function(stack, id, { runtime: lambda.Runtime.NODEJS_22_X, handler: 'index.handler', code: code(), ...more });
};
const topic = (stack, id = 'Topic') => new (lib('sns').Topic)(stack, id);
const queue = (stack, id = 'Queue', more = {}) => new (lib('sqs').Queue)(stack, id, more);
const bucket = (stack, id = 'Bucket', more = {}) => new (lib('s3').Bucket)(stack, id, more);
const zone = (stack) =>
  lib('route53').HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z0123456789ABCDEFGHIJ', zoneName: 'example.com' });
const certificate = (stack) => lib('certificatemanager').Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE);
const image = () => lib('ecs').ContainerImage.fromRegistry('public.ecr.aws/nginx/nginx:1.27');

const CONSTRUCTS = {
  'acm-certificate': (stack) => {
    const acm = lib('certificatemanager');
    new acm.Certificate(stack, 'Certificate', {
      domainName: 'www.example.com', subjectAlternativeNames: ['example.com'], validation: acm.CertificateValidation.fromDns(zone(stack)),
    });
  },
  'apigateway-lambda-rest-api': (stack) => {
    const api = lib('apigateway');
    const rest = new api.LambdaRestApi(stack, 'Api', { handler: fn(stack), proxy: false, deployOptions: { throttlingRateLimit: 10, throttlingBurstLimit: 20 } });
    const items = rest.root.addResource('items', { defaultCorsPreflightOptions: { allowOrigins: ['https://example.com'] } });
    items.addMethod('GET');
    items.addMethod('POST', undefined, { apiKeyRequired: true });
    rest.addUsagePlan('Plan', { quota: { limit: 1000, period: api.Period.DAY } });
  },
  'apigatewayv2-http-api': (stack) => {
    const v2 = lib('apigatewayv2');
    const { HttpLambdaIntegration } = require('aws-cdk-lib/aws-apigatewayv2-integrations');
    const api = new v2.HttpApi(stack, 'Api', { corsPreflight: { allowOrigins: ['https://example.com'], allowMethods: [v2.CorsHttpMethod.GET] } });
    api.addRoutes({ path: '/items', methods: [v2.HttpMethod.GET], integration: new HttpLambdaIntegration('Items', fn(stack)) });
  },
  'appsync-graphql-api': (stack) => {
    const appsync = lib('appsync');
    fs.writeFileSync(path.join(__dirname, 'schema.graphql'), 'type Query { items: [String] }\n');
    const api = new appsync.GraphqlApi(stack, 'Api', { name: 'items', definition: appsync.Definition.fromFile(path.join(__dirname, 'schema.graphql')), xrayEnabled: true });
    api.addLambdaDataSource('Items', fn(stack)).createResolver('Query', { typeName: 'Query', fieldName: 'items' });
  },
  'applicationautoscaling-scalable-target': (stack) => {
    const scaling = lib('applicationautoscaling');
    const target = new scaling.ScalableTarget(stack, 'Target', {
      serviceNamespace: scaling.ServiceNamespace.ECS, minCapacity: 1, maxCapacity: 4, resourceId: 'service/main/web', scalableDimension: 'ecs:service:DesiredCount',
    });
    target.scaleOnSchedule('Night', { schedule: scaling.Schedule.cron({ hour: '22', minute: '0' }), maxCapacity: 1 });
    target.scaleToTrackMetric('Cpu', { targetValue: 60, predefinedMetric: scaling.PredefinedMetric.ECS_SERVICE_AVERAGE_CPU_UTILIZATION });
  },
  'athena-work-group': (stack) => {
    const athena = lib('athena');
    new athena.CfnWorkGroup(stack, 'Group', { name: 'team', workGroupConfiguration: { resultConfiguration: { outputLocation: `s3://${bucket(stack).bucketName}/` } } });
  },
  'autoscaling-group': (stack) => {
    const ec2 = lib('ec2');
    const asg = lib('autoscaling');
    const group = new asg.AutoScalingGroup(stack, 'Group', {
      vpc: vpc(stack), minCapacity: 1, maxCapacity: 4,
      launchTemplate: new ec2.LaunchTemplate(stack, 'Template', {
        instanceType: new ec2.InstanceType('t3.micro'), machineImage: ec2.MachineImage.latestAmazonLinux2023(), requireImdsv2: true,
        role: new (lib('iam').Role)(stack, 'Role', { assumedBy: new (lib('iam').ServicePrincipal)('ec2.amazonaws.com') }),
      }),
      updatePolicy: asg.UpdatePolicy.rollingUpdate({ maxBatchSize: 1 }),
    });
    group.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60 });
  },
  'backup-plan': (stack) => {
    const backup = lib('backup');
    const plan = backup.BackupPlan.dailyMonthly1YearRetention(stack, 'Plan');
    plan.addSelection('Selection', { resources: [backup.BackupResource.fromTag('backup', 'true')] });
  },
  'batch-job-queue': (stack) => {
    const batch = lib('batch');
    const environment = new batch.FargateComputeEnvironment(stack, 'Environment', { vpc: vpc(stack), maxvCpus: 8, spot: true });
    new batch.JobQueue(stack, 'Jobs', { priority: 1, computeEnvironments: [{ computeEnvironment: environment, order: 1 }] });
    new batch.EcsJobDefinition(stack, 'Job', {
      retryAttempts: 2,
      container: new batch.EcsFargateContainerDefinition(stack, 'Container', { image: image(), cpu: 0.25, memory: Size.mebibytes(512), command: ['date'] }),
    });
  },
  'budgets-budget': (stack) => {
    new (lib('budgets').CfnBudget)(stack, 'Budget', {
      budget: { budgetType: 'COST', timeUnit: 'MONTHLY', budgetLimit: { amount: 100, unit: 'USD' } },
      notificationsWithSubscribers: [{ notification: { comparisonOperator: 'GREATER_THAN', notificationType: 'ACTUAL', threshold: 80 }, subscribers: [{ address: 'team@example.com', subscriptionType: 'EMAIL' }] }],
    });
  },
  'chatbot-slack': (stack) => {
    new (lib('chatbot').SlackChannelConfiguration)(stack, 'Slack', { slackChannelConfigurationName: 'team', slackWorkspaceId: 'T0123456789', slackChannelId: 'C0123456789', notificationTopics: [topic(stack)] });
  },
  'cloudfront-distribution': (stack) => {
    const cf = lib('cloudfront');
    const { S3BucketOrigin } = require('aws-cdk-lib/aws-cloudfront-origins');
    new cf.Distribution(stack, 'Site', {
      defaultBehavior: { origin: S3BucketOrigin.withOriginAccessControl(bucket(stack)), viewerProtocolPolicy: cf.ViewerProtocolPolicy.REDIRECT_TO_HTTPS, responseHeadersPolicy: cf.ResponseHeadersPolicy.SECURITY_HEADERS },
      domainNames: ['www.example.com'], certificate: certificate(stack), defaultRootObject: 'index.html',
      errorResponses: [{ httpStatus: 404, responseHttpStatus: 200, responsePagePath: '/index.html', ttl: Duration.minutes(5) }],
    });
  },
  'cloudfront-function': (stack) => {
    const cf = lib('cloudfront');
    new cf.Function(stack, 'Rewrite', { code: cf.FunctionCode.fromInline('function handler(event) { return event.request; }'), runtime: cf.FunctionRuntime.JS_2_0 });
    new cf.CachePolicy(stack, 'Policy', { defaultTtl: Duration.hours(1), headerBehavior: cf.CacheHeaderBehavior.allowList('Accept') });
  },
  'cloudtrail-trail': (stack) => {
    new (lib('cloudtrail').Trail)(stack, 'Trail', { sendToCloudWatchLogs: true, isMultiRegionTrail: true });
  },
  'cloudwatch-alarm': (stack) => {
    const cw = lib('cloudwatch');
    const { SnsAction } = require('aws-cdk-lib/aws-cloudwatch-actions');
    const called = fn(stack);
    const errors = called.metricErrors({ period: Duration.minutes(5) });
    const alarm = new cw.Alarm(stack, 'Errors', { metric: errors, threshold: 1, evaluationPeriods: 2, treatMissingData: cw.TreatMissingData.NOT_BREACHING });
    alarm.addAlarmAction(new SnsAction(topic(stack)));
    const rate = new cw.MathExpression({ expression: 'e / i', usingMetrics: { e: errors, i: called.metricInvocations() } });
    const high = new cw.Alarm(stack, 'Rate', { metric: rate, threshold: 0.1, evaluationPeriods: 3 });
    new cw.CompositeAlarm(stack, 'Both', { alarmRule: cw.AlarmRule.allOf(alarm, high) });
  },
  'cloudwatch-dashboard': (stack) => {
    const cw = lib('cloudwatch');
    new cw.Dashboard(stack, 'Board', { widgets: [[new cw.GraphWidget({ left: [fn(stack).metricInvocations()], width: 12 }), new cw.TextWidget({ markdown: '# web' })]] });
  },
  'codeartifact-repository': (stack) => {
    const domain = new (lib('codeartifact').CfnDomain)(stack, 'Domain', { domainName: 'team' });
    new (lib('codeartifact').CfnRepository)(stack, 'Repository', { domainName: domain.attrName, repositoryName: 'npm', externalConnections: ['public:npmjs'] });
  },
  'codebuild-project': (stack) => {
    const build = lib('codebuild');
    new build.Project(stack, 'Build', {
      source: build.Source.gitHub({ owner: 'example', repo: 'web', webhook: false, reportBuildStatus: false }),
      environment: { buildImage: build.LinuxBuildImage.STANDARD_7_0, privileged: true, environmentVariables: { WORD: { type: build.BuildEnvironmentVariableType.PARAMETER_STORE, value: '/web/word' } } },
      buildSpec: build.BuildSpec.fromObject({ version: '0.2', phases: { build: { commands: ['make'] } } }),
      cache: build.Cache.local(build.LocalCacheMode.DOCKER_LAYER), timeout: Duration.minutes(30), vpc: vpc(stack),
    });
  },
  'codeconnections-connection': (stack) => {
    new (lib('codeconnections').CfnConnection)(stack, 'Connection', { connectionName: 'github', providerType: 'GitHub' });
    new (lib('codestarnotifications').CfnNotificationRule)(stack, 'Rule', {
      name: 'pipeline', detailType: 'FULL', resource: `arn:aws:codepipeline:us-east-1:${ACCOUNT}:web`, eventTypeIds: ['codepipeline-pipeline-pipeline-execution-failed'],
      targets: [{ targetType: 'SNS', targetAddress: topic(stack).topicArn }],
    });
  },
  'codedeploy-ecs': (stack) => {
    const deploy = lib('codedeploy');
    const ecs = lib('ecs');
    const elb = lib('elasticloadbalancingv2');
    const net = vpc(stack);
    const task = new ecs.FargateTaskDefinition(stack, 'Task');
    task.addContainer('web', { image: image(), portMappings: [{ containerPort: 80 }] });
    const service = new ecs.FargateService(stack, 'Service', { cluster: new ecs.Cluster(stack, 'Cluster', { vpc: net }), taskDefinition: task, deploymentController: { type: ecs.DeploymentControllerType.CODE_DEPLOY } });
    const balancer = new elb.ApplicationLoadBalancer(stack, 'Balancer', { vpc: net, internetFacing: true });
    const listener = balancer.addListener('Http', { port: 80 });
    const blue = listener.addTargets('Blue', { port: 80, targets: [service] });
    const green = new elb.ApplicationTargetGroup(stack, 'Green', { vpc: net, port: 80, targetType: elb.TargetType.IP });
    new deploy.EcsDeploymentGroup(stack, 'Group', { service, blueGreenDeploymentConfig: { blueTargetGroup: blue, greenTargetGroup: green, listener }, deploymentConfig: deploy.EcsDeploymentConfig.CANARY_10PERCENT_5MINUTES });
  },
  'codepipeline-pipeline': (stack) => {
    const cp = lib('codepipeline');
    const actions = lib('codepipeline-actions');
    const build = lib('codebuild');
    const source = new cp.Artifact('Source');
    const built = new cp.Artifact('Built');
    const project = new build.PipelineProject(stack, 'Build', { environment: { buildImage: build.LinuxBuildImage.STANDARD_7_0 } });
    new cp.Pipeline(stack, 'Pipeline', {
      pipelineType: cp.PipelineType.V2, crossAccountKeys: true, enableKeyRotation: true,
      stages: [
        { stageName: 'Source', actions: [new actions.CodeStarConnectionsSourceAction({ actionName: 'GitHub', connectionArn: CONNECTION, owner: 'example', repo: 'web', branch: 'main', output: source })] },
        { stageName: 'Build', actions: [new actions.CodeBuildAction({ actionName: 'Build', project, input: source, outputs: [built] })] },
        { stageName: 'Approve', actions: [new actions.ManualApprovalAction({ actionName: 'Look', notificationTopic: topic(stack) })] },
        { stageName: 'Deploy', actions: [new actions.S3DeployAction({ actionName: 'Copy', bucket: bucket(stack), input: built })] },
      ],
    });
  },
  'cognito-user-pool': (stack) => {
    const cognito = lib('cognito');
    const pool = new cognito.UserPool(stack, 'Users', { selfSignUpEnabled: true, signInAliases: { email: true }, mfa: cognito.Mfa.OPTIONAL, mfaSecondFactor: { sms: false, otp: true }, passwordPolicy: { minLength: 12 } });
    pool.addClient('Web', { authFlows: { userSrp: true }, oAuth: { callbackUrls: ['https://www.example.com/'], flows: { authorizationCodeGrant: true } } });
    pool.addDomain('Domain', { cognitoDomain: { domainPrefix: 'example-team' } });
  },
  'config-rule': (stack) => {
    const config = lib('config');
    new config.ManagedRule(stack, 'Rule', { identifier: config.ManagedRuleIdentifiers.S3_BUCKET_VERSIONING_ENABLED, maximumExecutionFrequency: config.MaximumExecutionFrequency.TWELVE_HOURS });
  },
  'custom-resource': (stack) => {
    const { AwsCustomResource, AwsCustomResourcePolicy, PhysicalResourceId, Provider } = require('aws-cdk-lib/custom-resources');
    new AwsCustomResource(stack, 'Call', {
      onUpdate: { service: 'SSM', action: 'getParameter', parameters: { Name: '/web/name' }, physicalResourceId: PhysicalResourceId.of('name') },
      policy: AwsCustomResourcePolicy.fromSdkCalls({ resources: AwsCustomResourcePolicy.ANY_RESOURCE }), installLatestAwsSdk: false,
    });
    new cdk.CustomResource(stack, 'Custom', { serviceToken: fn(stack).functionArn, properties: { Size: 1 } });
  },
  'documentdb-cluster': (stack) => {
    const ec2 = lib('ec2');
    new (lib('docdb').DatabaseCluster)(stack, 'Db', { masterUser: { username: 'main' }, instanceType: ec2.InstanceType.of(ec2.InstanceClass.R6G, ec2.InstanceSize.LARGE), vpc: vpc(stack), engineVersion: '5.0.0', storageEncrypted: true });
  },
  'dynamodb-table': (stack) => {
    const db = lib('dynamodb');
    const table = new db.Table(stack, 'Orders', {
      partitionKey: { name: 'id', type: db.AttributeType.STRING }, sortKey: { name: 'at', type: db.AttributeType.NUMBER }, billingMode: db.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true }, stream: db.StreamViewType.NEW_IMAGE, timeToLiveAttribute: 'expires', encryption: db.TableEncryption.CUSTOMER_MANAGED,
    });
    table.addGlobalSecondaryIndex({ indexName: 'byUser', partitionKey: { name: 'user', type: db.AttributeType.STRING } });
    table.grantReadData(fn(stack));
  },
  'dynamodb-provisioned-table': (stack) => {
    const db = lib('dynamodb');
    const table = new db.Table(stack, 'Orders', { partitionKey: { name: 'id', type: db.AttributeType.STRING }, readCapacity: 5, writeCapacity: 5, removalPolicy: RemovalPolicy.DESTROY });
    table.autoScaleReadCapacity({ minCapacity: 5, maxCapacity: 50 }).scaleOnUtilization({ targetUtilizationPercent: 70 });
    new db.TableV2(stack, 'Global', { partitionKey: { name: 'id', type: db.AttributeType.STRING }, replicas: [{ region: 'us-west-2' }] });
  },
  'ec2-bastion': (stack) => {
    const ec2 = lib('ec2');
    const host = new ec2.BastionHostLinux(stack, 'Bastion', { vpc: vpc(stack), requireImdsv2: true });
    host.allowSshAccessFrom(ec2.Peer.ipv4('192.0.2.0/24'));
  },
  'ec2-instance': (stack) => {
    const ec2 = lib('ec2');
    const host = new ec2.Instance(stack, 'Host', {
      vpc: vpc(stack), instanceType: new ec2.InstanceType('t3.micro'), machineImage: ec2.MachineImage.latestAmazonLinux2023(), detailedMonitoring: true,
      blockDevices: [{ deviceName: '/dev/xvda', volume: ec2.BlockDeviceVolume.ebs(20, { encrypted: true, volumeType: ec2.EbsDeviceVolumeType.GP3 }) }],
      init: ec2.CloudFormationInit.fromElements(ec2.InitPackage.yum('httpd'), ec2.InitService.enable('httpd')),
    });
    host.connections.allowFromAnyIpv4(ec2.Port.tcp(443));
  },
  'ec2-vpc': (stack) => {
    const ec2 = lib('ec2');
    const net = new ec2.Vpc(stack, 'Vpc', {
      availabilityZones: ['us-east-1a', 'us-east-1b', 'us-east-1c'], natGateways: 1, flowLogs: { All: {} }, ipProtocol: ec2.IpProtocol.DUAL_STACK,
      subnetConfiguration: [{ name: 'public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24 }, { name: 'private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 }, { name: 'data', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 26 }],
    });
    net.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
    net.addInterfaceEndpoint('Ecr', { service: ec2.InterfaceVpcEndpointAwsService.ECR });
    new ec2.NetworkAcl(stack, 'Acl', { vpc: net, subnetSelection: { subnetGroupName: 'data' } }).addEntry('In', { cidr: ec2.AclCidr.anyIpv4(), ruleNumber: 100, traffic: ec2.AclTraffic.tcpPort(5432) });
  },
  'ec2-vpn': (stack) => {
    const ec2 = lib('ec2');
    new ec2.Vpc(stack, 'Vpc', { availabilityZones: ['us-east-1a', 'us-east-1b'], vpnGateway: true, vpnConnections: { office: { ip: '192.0.2.1', staticRoutes: ['198.51.100.0/24'] } } });
  },
  'ecr-repository': (stack) => {
    const ecr = lib('ecr');
    const repository = new ecr.Repository(stack, 'Images', { imageScanOnPush: true, imageTagMutability: ecr.TagMutability.IMMUTABLE, lifecycleRules: [{ maxImageCount: 20 }, { tagPrefixList: ['dev'], maxImageAge: Duration.days(7) }] });
    repository.grantPull(new (lib('iam').AccountPrincipal)('210987654321'));
  },
  'ecs-ec2-service': (stack) => {
    const ecs = lib('ecs');
    const ec2 = lib('ec2');
    const asg = lib('autoscaling');
    const net = vpc(stack);
    const cluster = new ecs.Cluster(stack, 'Cluster', { vpc: net });
    const group = new asg.AutoScalingGroup(stack, 'Group', {
      vpc: net, minCapacity: 1, maxCapacity: 3,
      launchTemplate: new ec2.LaunchTemplate(stack, 'Template', { instanceType: new ec2.InstanceType('t3.small'), machineImage: ecs.EcsOptimizedImage.amazonLinux2023(), userData: ec2.UserData.forLinux(), securityGroup: new ec2.SecurityGroup(stack, 'Hosts', { vpc: net }), role: new (lib('iam').Role)(stack, 'HostRole', { assumedBy: new (lib('iam').ServicePrincipal)('ec2.amazonaws.com') }) }),
    });
    const provider = new ecs.AsgCapacityProvider(stack, 'Provider', { autoScalingGroup: group, enableManagedTerminationProtection: false });
    cluster.addAsgCapacityProvider(provider);
    const task = new ecs.Ec2TaskDefinition(stack, 'Task', { networkMode: ecs.NetworkMode.BRIDGE });
    task.addContainer('web', { image: image(), memoryLimitMiB: 256, portMappings: [{ containerPort: 80 }], logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'web' }) });
    new ecs.Ec2Service(stack, 'Service', { cluster, taskDefinition: task, capacityProviderStrategies: [{ capacityProvider: provider.capacityProviderName, weight: 1 }], placementStrategies: [ecs.PlacementStrategy.spreadAcrossInstances()] });
  },
  'ecs-fargate-balanced': (stack) => {
    const patterns = lib('ecs-patterns');
    const service = new patterns.ApplicationLoadBalancedFargateService(stack, 'Web', {
      vpc: vpc(stack), cpu: 512, memoryLimitMiB: 1024, desiredCount: 2, certificate: certificate(stack), redirectHTTP: true, circuitBreaker: { rollback: true }, enableExecuteCommand: true, minHealthyPercent: 100,
      taskImageOptions: { image: image(), containerPort: 8080, environment: { LEVEL: 'info' }, secrets: { WORD: lib('ecs').Secret.fromSsmParameter(lib('ssm').StringParameter.fromSecureStringParameterAttributes(stack, 'Word', { parameterName: '/web/word' })) } },
    });
    service.targetGroup.configureHealthCheck({ path: '/healthz', interval: Duration.seconds(15) });
    service.service.autoScaleTaskCount({ minCapacity: 2, maxCapacity: 10 }).scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60 });
  },
  'ecs-fargate-queue': (stack) => {
    new (lib('ecs-patterns').QueueProcessingFargateService)(stack, 'Worker', { vpc: vpc(stack), image: image(), memoryLimitMiB: 512, minScalingCapacity: 1, maxScalingCapacity: 5 });
  },
  'ecs-scheduled-task': (stack) => {
    new (lib('ecs-patterns').ScheduledFargateTask)(stack, 'Nightly', { vpc: vpc(stack), schedule: lib('applicationautoscaling').Schedule.cron({ hour: '3', minute: '0' }), scheduledFargateTaskImageOptions: { image: image(), memoryLimitMiB: 512, cpu: 256 } });
  },
  'ecs-volumes': (stack) => {
    const ecs = lib('ecs');
    const net = vpc(stack);
    const files = new (lib('efs').FileSystem)(stack, 'Files', { vpc: net });
    const task = new ecs.FargateTaskDefinition(stack, 'Task', { runtimePlatform: { cpuArchitecture: ecs.CpuArchitecture.ARM64, operatingSystemFamily: ecs.OperatingSystemFamily.LINUX }, ephemeralStorageGiB: 40 });
    task.addVolume({ name: 'data', efsVolumeConfiguration: { fileSystemId: files.fileSystemId, transitEncryption: 'ENABLED' } });
    const web = task.addContainer('web', { image: image(), healthCheck: { command: ['CMD-SHELL', 'curl -f http://localhost/'] }, readonlyRootFilesystem: true, stopTimeout: Duration.seconds(30) });
    web.addMountPoints({ containerPath: '/data', sourceVolume: 'data', readOnly: false });
    task.addFirelensLogRouter('router', { image: image(), firelensConfig: { type: ecs.FirelensLogRouterType.FLUENTBIT }, essential: false });
    const cluster = new ecs.Cluster(stack, 'Cluster', { vpc: net, containerInsightsV2: ecs.ContainerInsights.ENHANCED, defaultCloudMapNamespace: { name: 'team.local' } });
    new ecs.FargateService(stack, 'Service', { cluster, taskDefinition: task, cloudMapOptions: { name: 'web' }, capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] });
  },
  'efs-file-system': (stack) => {
    const efs = lib('efs');
    const files = new efs.FileSystem(stack, 'Files', { vpc: vpc(stack), encrypted: true, lifecyclePolicy: efs.LifecyclePolicy.AFTER_30_DAYS, throughputMode: efs.ThroughputMode.ELASTIC });
    files.addAccessPoint('Point', { path: '/data', posixUser: { uid: '1000', gid: '1000' }, createAcl: { ownerUid: '1000', ownerGid: '1000', permissions: '755' } });
  },
  'elasticache-replication-group': (stack) => {
    const cache = lib('elasticache');
    const net = vpc(stack);
    const subnets = new cache.CfnSubnetGroup(stack, 'Subnets', { description: 'cache', subnetIds: net.privateSubnets.map((it) => it.subnetId) });
    new cache.CfnReplicationGroup(stack, 'Cache', { replicationGroupDescription: 'cache', engine: 'valkey', cacheNodeType: 'cache.t4g.small', numCacheClusters: 2, automaticFailoverEnabled: true, multiAzEnabled: true, cacheSubnetGroupName: subnets.ref, transitEncryptionEnabled: true, atRestEncryptionEnabled: true });
  },
  'elbv2-application': (stack) => {
    const elb = lib('elasticloadbalancingv2');
    const net = vpc(stack);
    const balancer = new elb.ApplicationLoadBalancer(stack, 'Balancer', { vpc: net, internetFacing: true, idleTimeout: Duration.seconds(30), dropInvalidHeaderFields: true });
    balancer.logAccessLogs(bucket(stack));
    const listener = balancer.addListener('Https', { port: 443, certificates: [certificate(stack)], sslPolicy: elb.SslPolicy.RECOMMENDED_TLS, defaultAction: elb.ListenerAction.fixedResponse(404, { contentType: 'text/plain', messageBody: 'no' }) });
    const group = new elb.ApplicationTargetGroup(stack, 'Group', { vpc: net, port: 80, targetType: elb.TargetType.IP, stickinessCookieDuration: Duration.hours(1), healthCheck: { path: '/', healthyHttpCodes: '200-299' } });
    listener.addAction('Api', { priority: 10, conditions: [elb.ListenerCondition.pathPatterns(['/api/*']), elb.ListenerCondition.httpHeader('x-team', ['web'])], action: elb.ListenerAction.weightedForward([{ targetGroup: group, weight: 1 }]) });
    balancer.addRedirect();
  },
  'elbv2-network': (stack) => {
    const elb = lib('elasticloadbalancingv2');
    const net = vpc(stack);
    const balancer = new elb.NetworkLoadBalancer(stack, 'Balancer', { vpc: net, crossZoneEnabled: true });
    balancer.addListener('Tcp', { port: 443, protocol: elb.Protocol.TCP }).addTargets('Group', { port: 443, protocol: elb.Protocol.TCP, preserveClientIp: true, healthCheck: { protocol: elb.Protocol.TCP } });
  },
  'events-rule': (stack) => {
    const events = lib('events');
    const targets = lib('events-targets');
    new events.Rule(stack, 'Rule', { eventPattern: { source: ['aws.ecs'], detailType: ['ECS Task State Change'], detail: { lastStatus: ['STOPPED'], exitCode: [{ numeric: ['>', 0] }] } }, targets: [new targets.SnsTopic(topic(stack)), new targets.SqsQueue(queue(stack))] });
    new events.Rule(stack, 'Nightly', { schedule: events.Schedule.cron({ hour: '3', minute: '0' }), targets: [new targets.LambdaFunction(fn(stack), { retryAttempts: 2, deadLetterQueue: queue(stack, 'Dead') })] });
    new events.EventBus(stack, 'Bus', { eventBusName: 'team' }).archive('Archive', { eventPattern: { account: [ACCOUNT] }, retention: Duration.days(30) });
  },
  'firehose-stream': (stack) => {
    const firehose = lib('kinesisfirehose');
    new firehose.DeliveryStream(stack, 'Stream', { destination: new firehose.S3Bucket(bucket(stack), { bufferingInterval: Duration.seconds(60), compression: firehose.Compression.GZIP }) });
  },
  'fsx-lustre': (stack) => {
    const fsx = lib('fsx');
    const net = vpc(stack);
    new fsx.LustreFileSystem(stack, 'Files', { vpc: net, vpcSubnet: net.privateSubnets[0], storageCapacityGiB: 1200, lustreConfiguration: { deploymentType: fsx.LustreDeploymentType.SCRATCH_2 } });
  },
  'globalaccelerator': (stack) => {
    const ga = lib('globalaccelerator');
    const accelerator = new ga.Accelerator(stack, 'Accelerator');
    accelerator.addListener('Https', { portRanges: [{ fromPort: 443 }] }).addEndpointGroup('Group', { region: 'us-east-1', healthCheckPath: '/' });
  },
  'glue-database': (stack) => {
    const glue = lib('glue');
    const database = new glue.CfnDatabase(stack, 'Database', { catalogId: ACCOUNT, databaseInput: { name: 'logs' } });
    new glue.CfnTable(stack, 'Table', { catalogId: ACCOUNT, databaseName: database.ref, tableInput: { name: 'access', tableType: 'EXTERNAL_TABLE', storageDescriptor: { columns: [{ name: 'at', type: 'timestamp' }], location: 's3://logs/' } } });
  },
  'iam-role': (stack) => {
    const iam = lib('iam');
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.CompositePrincipal(new iam.ServicePrincipal('ecs-tasks.amazonaws.com'), new iam.AccountPrincipal('210987654321')), managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName('ReadOnlyAccess')], maxSessionDuration: Duration.hours(4) });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: ['*'], conditions: { Bool: { 'aws:SecureTransport': 'true' } } }));
    const group = new iam.Group(stack, 'Group');
    new iam.User(stack, 'User', { groups: [group] });
    new iam.ManagedPolicy(stack, 'Policy', { groups: [group], statements: [new iam.PolicyStatement({ effect: iam.Effect.DENY, notActions: ['iam:*'], resources: ['*'] })] });
    new iam.OpenIdConnectProvider(stack, 'GitHub', { url: 'https://token.actions.githubusercontent.com', clientIds: ['sts.amazonaws.com'] });
  },
  'iot-topic-rule': (stack) => {
    new (lib('iot').CfnTopicRule)(stack, 'Rule', { topicRulePayload: { sql: "SELECT * FROM 'things'", actions: [{ sqs: { queueUrl: queue(stack).queueUrl, roleArn: new (lib('iam').Role)(stack, 'Role', { assumedBy: new (lib('iam').ServicePrincipal)('iot.amazonaws.com') }).roleArn, useBase64: false } }] } });
  },
  'kinesis-stream': (stack) => {
    const kinesis = lib('kinesis');
    const stream = new kinesis.Stream(stack, 'Stream', { streamMode: kinesis.StreamMode.PROVISIONED, shardCount: 2, retentionPeriod: Duration.hours(48), encryption: kinesis.StreamEncryption.KMS });
    const { KinesisEventSource } = require('aws-cdk-lib/aws-lambda-event-sources');
    fn(stack).addEventSource(new KinesisEventSource(stream, { startingPosition: lib('lambda').StartingPosition.LATEST, batchSize: 100, bisectBatchOnError: true }));
  },
  'kms-key': (stack) => {
    const kms = lib('kms');
    const key = new kms.Key(stack, 'Key', { enableKeyRotation: true, alias: 'alias/main', pendingWindow: Duration.days(7) });
    key.grantDecrypt(new (lib('iam').ServicePrincipal)('logs.amazonaws.com'));
  },
  'lambda-alias': (stack) => {
    const lambda = lib('lambda');
    const alias = new lambda.Alias(stack, 'Live', { aliasName: 'live', version: fn(stack).currentVersion, provisionedConcurrentExecutions: 2 });
    alias.addAutoScaling({ minCapacity: 2, maxCapacity: 10 }).scaleOnUtilization({ utilizationTarget: 0.5 });
    alias.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM, cors: { allowedOrigins: ['https://example.com'] } });
  },
  'lambda-function': (stack) => {
    const lambda = lib('lambda');
    const net = vpc(stack);
    fn(stack, 'Function', { architecture: lambda.Architecture.ARM_64, memorySize: 512, timeout: Duration.seconds(30), vpc: net, tracing: lambda.Tracing.ACTIVE, environment: { LEVEL: 'info' }, reservedConcurrentExecutions: 5, deadLetterQueueEnabled: true, loggingFormat: lambda.LoggingFormat.JSON, applicationLogLevelV2: lambda.ApplicationLogLevel.INFO, ephemeralStorageSize: Size.gibibytes(1) });
  },
  'lambda-sources': (stack) => {
    const sources = require('aws-cdk-lib/aws-lambda-event-sources');
    const lambda = lib('lambda');
    const db = lib('dynamodb');
    const f = fn(stack);
    f.addEventSource(new sources.SqsEventSource(queue(stack, 'Jobs', { visibilityTimeout: Duration.seconds(60) }), { batchSize: 10, reportBatchItemFailures: true }));
    f.addEventSource(new sources.SnsEventSource(topic(stack)));
    f.addEventSource(new sources.S3EventSource(bucket(stack), { events: [lib('s3').EventType.OBJECT_CREATED], filters: [{ prefix: 'in/' }] }));
    f.addEventSource(new sources.DynamoEventSource(new db.Table(stack, 'Table', { partitionKey: { name: 'id', type: db.AttributeType.STRING }, stream: db.StreamViewType.NEW_IMAGE }), { startingPosition: lambda.StartingPosition.TRIM_HORIZON }));
  },
  'location-place-index': (stack) => {
    new (lib('location').CfnMap)(stack, 'Map', { mapName: 'team', configuration: { style: 'VectorEsriNavigation' } });
  },
  'logs-group': (stack) => {
    const logs = lib('logs');
    const group = new logs.LogGroup(stack, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY, dataProtectionPolicy: new logs.DataProtectionPolicy({ identifiers: [logs.DataIdentifier.EMAILADDRESS] }) });
    group.addMetricFilter('Errors', { metricNamespace: 'web', metricName: 'errors', filterPattern: logs.FilterPattern.anyTerm('ERROR'), metricValue: '1' });
    group.addSubscriptionFilter('All', { destination: new (require('aws-cdk-lib/aws-logs-destinations').LambdaDestination)(fn(stack)), filterPattern: logs.FilterPattern.allEvents() });
    new logs.QueryDefinition(stack, 'Query', { queryDefinitionName: 'errors', queryString: new logs.QueryString({ fields: ['@timestamp'], limit: 20 }), logGroups: [group] });
  },
  'msk-serverless': (stack) => {
    const net = vpc(stack);
    new (lib('msk').CfnServerlessCluster)(stack, 'Kafka', { clusterName: 'team', clientAuthentication: { sasl: { iam: { enabled: true } } }, vpcConfigs: [{ subnetIds: net.privateSubnets.map((it) => it.subnetId) }] });
  },
  'neptune-cluster': (stack) => {
    const net = vpc(stack);
    const subnets = new (lib('neptune').CfnDBSubnetGroup)(stack, 'Subnets', { dbSubnetGroupDescription: 'graph', subnetIds: net.privateSubnets.map((it) => it.subnetId) });
    const cluster = new (lib('neptune').CfnDBCluster)(stack, 'Graph', { dbSubnetGroupName: subnets.ref, storageEncrypted: true, backupRetentionPeriod: 7 });
    new (lib('neptune').CfnDBInstance)(stack, 'Instance', { dbClusterIdentifier: cluster.ref, dbInstanceClass: 'db.r6g.large' });
  },
  'nested-stack': (stack) => {
    const inner = new cdk.NestedStack(stack, 'Inner');
    const jobs = queue(inner);
    fn(stack, 'Function', { environment: { QUEUE: jobs.queueUrl } });
  },
  'opensearch-domain': (stack) => {
    const search = lib('opensearchservice');
    new search.Domain(stack, 'Search', { version: search.EngineVersion.OPENSEARCH_2_17, capacity: { dataNodes: 2, dataNodeInstanceType: 'r6g.large.search', multiAzWithStandbyEnabled: false }, ebs: { volumeSize: 20 }, encryptionAtRest: { enabled: true }, nodeToNodeEncryption: true, enforceHttps: true, zoneAwareness: { enabled: true } });
  },
  'parameters-and-conditions': (stack) => {
    const stage = new cdk.CfnParameter(stack, 'Stage', { allowedValues: ['test', 'prod'], default: 'test' });
    const isProd = new cdk.CfnCondition(stack, 'IsProd', { expression: cdk.Fn.conditionEquals(stage, 'prod') });
    new cdk.CfnMapping(stack, 'Days', { mapping: { test: { days: 7 }, prod: { days: 365 } } });
    new (lib('logs').CfnLogGroup)(stack, 'Logs', { retentionInDays: cdk.Token.asNumber(cdk.Fn.findInMap('Days', stage.valueAsString, 'days')) });
    const jobs = new (lib('sqs').CfnQueue)(stack, 'Jobs', { visibilityTimeout: cdk.Token.asNumber(cdk.Fn.conditionIf('IsProd', 300, 30)) });
    jobs.cfnOptions.condition = isProd;
    new cdk.CfnOutput(stack, 'Url', { value: jobs.ref, condition: isProd, exportName: 'jobs-url' });
  },
  'pipes-pipe': (stack) => {
    const role = new (lib('iam').Role)(stack, 'Role', { assumedBy: new (lib('iam').ServicePrincipal)('pipes.amazonaws.com') });
    new (lib('pipes').CfnPipe)(stack, 'Pipe', { roleArn: role.roleArn, source: queue(stack).queueArn, target: fn(stack).functionArn, sourceParameters: { sqsQueueParameters: { batchSize: 1 } } });
  },
  'rds-aurora': (stack) => {
    const rds = lib('rds');
    new rds.DatabaseCluster(stack, 'Db', { engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.of('17.5', '17') }), vpc: vpc(stack), writer: rds.ClusterInstance.serverlessV2('writer'), readers: [rds.ClusterInstance.serverlessV2('reader', { scaleWithWriter: true })], serverlessV2MinCapacity: 0.5, serverlessV2MaxCapacity: 4, storageEncrypted: true, backup: { retention: Duration.days(14) }, iamAuthentication: true });
  },
  'rds-instance': (stack) => {
    const rds = lib('rds');
    const ec2 = lib('ec2');
    const db = new rds.DatabaseInstance(stack, 'Db', { engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.of('17.6', '17') }), instanceType: new ec2.InstanceType('t4g.micro'), vpc: vpc(stack), multiAz: true, storageEncrypted: true, allocatedStorage: 20, maxAllocatedStorage: 100, monitoringInterval: Duration.minutes(1), deletionProtection: true, cloudwatchLogsExports: ['postgresql'] });
    db.addProxy('Proxy', { secrets: [db.secret], vpc: stack.node.findChild('Vpc') });
  },
  'redshift-serverless': (stack) => {
    const serverless = lib('redshiftserverless');
    const namespace = new serverless.CfnNamespace(stack, 'Namespace', { namespaceName: 'team', manageAdminPassword: true });
    new serverless.CfnWorkgroup(stack, 'Group', { workgroupName: 'team', namespaceName: namespace.ref, baseCapacity: 8 });
  },
  'route53-records': (stack) => {
    const r53 = lib('route53');
    const targets = lib('route53-targets');
    const owned = new r53.PublicHostedZone(stack, 'Zone', { zoneName: 'example.com', caaAmazon: true });
    const balancer = new (lib('elasticloadbalancingv2').ApplicationLoadBalancer)(stack, 'Balancer', { vpc: vpc(stack) });
    new r53.ARecord(stack, 'Web', { zone: owned, recordName: 'www', target: r53.RecordTarget.fromAlias(new targets.LoadBalancerTarget(balancer)) });
    new r53.CnameRecord(stack, 'Docs', { zone: owned, recordName: 'docs', domainName: 'example.net', ttl: Duration.minutes(5) });
    new r53.TxtRecord(stack, 'Spf', { zone: owned, values: ['v=spf1 -all'] });
    new r53.MxRecord(stack, 'Mail', { zone: owned, values: [{ hostName: 'mail.example.com', priority: 10 }] });
    new r53.SrvRecord(stack, 'Srv', { zone: owned, recordName: '_sip._tcp', values: [{ hostName: 'sip.example.com', port: 5060, priority: 1, weight: 1 }] });
    new r53.HealthCheck(stack, 'Check', { type: r53.HealthCheckType.HTTPS, fqdn: 'www.example.com', resourcePath: '/' });
  },
  's3-bucket': (stack) => {
    const s3 = lib('s3');
    const logs = bucket(stack, 'Logs', { objectOwnership: s3.ObjectOwnership.OBJECT_WRITER });
    const files = bucket(stack, 'Files', {
      versioned: true, encryption: s3.BucketEncryption.KMS, bucketKeyEnabled: true, enforceSSL: true, blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL, serverAccessLogsBucket: logs, eventBridgeEnabled: true,
      lifecycleRules: [{ id: 'old', noncurrentVersionExpiration: Duration.days(30), transitions: [{ storageClass: s3.StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(30) }], abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      cors: [{ allowedMethods: [s3.HttpMethods.GET], allowedOrigins: ['https://example.com'], maxAge: 3600 }], intelligentTieringConfigurations: [{ name: 'all', archiveAccessTierTime: Duration.days(90) }], inventories: [{ destination: { bucket: logs }, frequency: s3.InventoryFrequency.WEEKLY }],
    });
    files.addEventNotification(s3.EventType.OBJECT_CREATED, new (require('aws-cdk-lib/aws-s3-notifications').SqsDestination)(queue(stack)));
  },
  's3-website': (stack) => {
    bucket(stack, 'Site', { websiteIndexDocument: 'index.html', websiteErrorDocument: 'error.html', publicReadAccess: true, blockPublicAccess: { blockPublicAcls: false, blockPublicPolicy: false, ignorePublicAcls: false, restrictPublicBuckets: false } });
  },
  'scheduler-schedule': (stack) => {
    const scheduler = lib('scheduler');
    const targets = lib('scheduler-targets');
    new scheduler.Schedule(stack, 'Schedule', { schedule: scheduler.ScheduleExpression.rate(Duration.hours(1)), target: new targets.LambdaInvoke(fn(stack), { retryAttempts: 3 }), timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(5)) });
  },
  'secretsmanager-secret': (stack) => {
    const secrets = lib('secretsmanager');
    const secret = new secrets.Secret(stack, 'Secret', { generateSecretString: { secretStringTemplate: '{"username":"main"}', generateStringKey: 'password', excludePunctuation: true } });
    secret.addRotationSchedule('Rotation', { rotationLambda: fn(stack), automaticallyAfter: Duration.days(30) });
  },
  'servicediscovery': (stack) => {
    const sd = lib('servicediscovery');
    const namespace = new sd.PrivateDnsNamespace(stack, 'Names', { name: 'team.local', vpc: vpc(stack) });
    namespace.createService('Web', { dnsRecordType: sd.DnsRecordType.A, dnsTtl: Duration.seconds(30), customHealthCheck: { failureThreshold: 1 } });
  },
  'ses-identity': (stack) => {
    const ses = lib('ses');
    new ses.EmailIdentity(stack, 'Identity', { identity: ses.Identity.domain('example.com'), mailFromDomain: 'mail.example.com' });
    new ses.ConfigurationSet(stack, 'Set', { reputationMetrics: true, tlsPolicy: ses.ConfigurationSetTlsPolicy.REQUIRE });
  },
  'sns-topic': (stack) => {
    const sns = lib('sns');
    const subscriptions = lib('sns-subscriptions');
    const alerts = new sns.Topic(stack, 'Alerts', { displayName: 'alerts', enforceSSL: true, tracingConfig: sns.TracingConfig.ACTIVE });
    alerts.addSubscription(new subscriptions.EmailSubscription('team@example.com'));
    alerts.addSubscription(new subscriptions.SqsSubscription(queue(stack), { rawMessageDelivery: true, filterPolicy: { kind: sns.SubscriptionFilter.stringFilter({ allowlist: ['order'] }) } }));
    new sns.Topic(stack, 'Ordered', { fifo: true, topicName: 'ordered', contentBasedDeduplication: true });
  },
  'sqs-queue': (stack) => {
    const sqs = lib('sqs');
    const dead = queue(stack, 'Dead', { fifo: true, retentionPeriod: Duration.days(14) });
    queue(stack, 'Jobs', { fifo: true, contentBasedDeduplication: true, deduplicationScope: sqs.DeduplicationScope.MESSAGE_GROUP, fifoThroughputLimit: sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID, deadLetterQueue: { queue: dead, maxReceiveCount: 3 }, encryption: sqs.QueueEncryption.KMS, visibilityTimeout: Duration.minutes(5), enforceSSL: true });
  },
  'ssm-parameters': (stack) => {
    const ssm = lib('ssm');
    new ssm.StringParameter(stack, 'Name', { parameterName: '/web/name', stringValue: 'web', allowedPattern: '[a-z]+', tier: ssm.ParameterTier.ADVANCED });
    new ssm.StringListParameter(stack, 'List', { stringListValue: ['a', 'b'] });
    new ssm.CfnDocument(stack, 'Run', { documentType: 'Command', content: { schemaVersion: '2.2', description: 'date', mainSteps: [{ action: 'aws:runShellScript', name: 'date', inputs: { runCommand: ['date'] } }] } });
  },
  'stepfunctions-machine': (stack) => {
    const sfn = lib('stepfunctions');
    const tasks = lib('stepfunctions-tasks');
    const work = new tasks.LambdaInvoke(stack, 'Work', { lambdaFunction: fn(stack), outputPath: '$.Payload' }).addRetry({ maxAttempts: 2 });
    const definition = work.next(new sfn.Choice(stack, 'Done?').when(sfn.Condition.stringEquals('$.state', 'done'), new sfn.Succeed(stack, 'Yes')).otherwise(new sfn.Wait(stack, 'Wait', { time: sfn.WaitTime.duration(Duration.seconds(10)) }).next(new sfn.Fail(stack, 'No'))));
    new sfn.StateMachine(stack, 'Flow', { definitionBody: sfn.DefinitionBody.fromChainable(definition), tracingEnabled: true, timeout: Duration.minutes(5) });
  },
  'synthetics-canary': (stack) => {
    const synthetics = lib('synthetics');
    new synthetics.Canary(stack, 'Canary', { schedule: synthetics.Schedule.rate(Duration.minutes(5)), runtime: synthetics.Runtime.SYNTHETICS_NODEJS_PUPPETEER_9_1, test: synthetics.Test.custom({ code: synthetics.Code.fromInline('exports.handler = async () => 1'), handler: 'index.handler' }) });
  },
  'transfer-server': (stack) => {
    new (lib('transfer').CfnServer)(stack, 'Server', { protocols: ['SFTP'], identityProviderType: 'SERVICE_MANAGED', endpointType: 'PUBLIC' });
  },
  'wafv2-web-acl': (stack) => {
    const waf = lib('wafv2');
    const visible = (metricName) => ({ cloudWatchMetricsEnabled: true, metricName, sampledRequestsEnabled: true });
    const office = new waf.CfnIPSet(stack, 'Office', { scope: 'REGIONAL', ipAddressVersion: 'IPV4', addresses: ['192.0.2.0/24'] });
    const acl = new waf.CfnWebACL(stack, 'Acl', {
      scope: 'REGIONAL', defaultAction: { allow: {} }, visibilityConfig: visible('acl'),
      rules: [
        { name: 'common', priority: 0, overrideAction: { none: {} }, visibilityConfig: visible('common'), statement: { managedRuleGroupStatement: { vendorName: 'AWS', name: 'AWSManagedRulesCommonRuleSet', excludedRules: [{ name: 'SizeRestrictions_BODY' }] } } },
        { name: 'rate', priority: 1, action: { block: {} }, visibilityConfig: visible('rate'), statement: { rateBasedStatement: { limit: 1000, aggregateKeyType: 'IP', scopeDownStatement: { notStatement: { statement: { ipSetReferenceStatement: { arn: office.attrArn } } } } } } },
      ],
    });
    const balancer = new (lib('elasticloadbalancingv2').ApplicationLoadBalancer)(stack, 'Balancer', { vpc: vpc(stack) });
    new waf.CfnWebACLAssociation(stack, 'Association', { resourceArn: balancer.loadBalancerArn, webAclArn: acl.attrArn });
  },
};

const folder = path.resolve(process.argv[2]);
const out = fs.mkdtempSync(path.join(require('os').tmpdir(), 'asi-cdk-'));
for (const [name, build] of Object.entries(CONSTRUCTS)) {
  const app = new cdk.App({ outdir: path.join(out, name), analyticsReporting: false });
  const stack = new cdk.Stack(app, 'Stack', { env: { account: ACCOUNT, region: 'us-east-1' } });
  build(stack);
  for (const file of fs.readdirSync(app.synth().directory)) {
    if (!file.endsWith('.template.json')) continue;
    const suffix = file === 'Stack.template.json' ? '' : '-nested';
    fs.copyFileSync(path.join(out, name, file), path.join(folder, `${name}${suffix}.template.json`));
  }
}
fs.rmSync(out, { recursive: true });
