// A system as teams have it: a service behind a load balancer, its pipeline, its firewall and its name, each in a stack.
const cdk = require('aws-cdk-lib');
const { aws_ec2: ec2, aws_ecs: ecs, aws_ecs_patterns: patterns, aws_codepipeline: cp, aws_codepipeline_actions: cpa, aws_codebuild: cb, aws_wafv2: waf, aws_route53: r53, aws_route53_targets: r53t, aws_elasticloadbalancingv2: elb } = cdk;
const env = { account: '333344445555', region: 'us-east-1' };
const app = new cdk.App();
const later = app.node.tryGetContext('later');

class WebStack extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    this.vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 2 });
    this.cluster = new ecs.Cluster(this, 'Cluster', { vpc: this.vpc });
    this.svc = new patterns.ApplicationLoadBalancedFargateService(this, 'Service', {
      cluster: this.cluster, cpu: 256, memoryLimitMiB: 512, desiredCount: later ? 3 : 2, publicLoadBalancer: true,
      taskImageOptions: { image: ecs.ContainerImage.fromRegistry('public.ecr.aws/nginx/nginx:stable'), containerPort: 80, environment: { STAGE: later ? 'live' : 'prod' } },
    });
  }
}
class PipelineStack extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const src = new cp.Artifact('Source'), built = new cp.Artifact('Build');
    const project = new cb.PipelineProject(this, 'Project', {
      environment: { buildImage: cb.LinuxBuildImage.STANDARD_7_0, privileged: true },
      buildSpec: cb.BuildSpec.fromObject({ version: '0.2', phases: { build: { commands: ['docker build -t app .', 'printf \'[{"name":"web","imageUri":"%s"}]\' $URI > imagedefinitions.json'] } }, artifacts: { files: ['imagedefinitions.json'] } }),
    });
    new cp.Pipeline(this, 'Pipeline', {
      pipelineType: cp.PipelineType.V2,
      stages: [
        { stageName: 'Source', actions: [new cpa.CodeStarConnectionsSourceAction({ actionName: 'GitHub', owner: 'acme', repo: 'app', branch: later ? 'release' : 'main', connectionArn: 'arn:aws:codeconnections:us-east-1:333344445555:connection/11111111-2222-3333-4444-555555555555', output: src })] },
        { stageName: 'Build', actions: [new cpa.CodeBuildAction({ actionName: 'Build', project, input: src, outputs: [built] })] },
        { stageName: 'Deploy', actions: [new cpa.EcsDeployAction({ actionName: 'ECS', service: props.service, input: built, deploymentTimeout: cdk.Duration.minutes(30) })] },
      ],
    });
  }
}
class WafStack extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const ip = new waf.CfnIPSet(this, 'Blocked', { scope: 'REGIONAL', ipAddressVersion: 'IPV4', addresses: later ? ['192.0.2.0/24'] : ['192.0.2.0/24', '198.51.100.0/24'] });
    const acl = new waf.CfnWebACL(this, 'WebAcl', {
      scope: 'REGIONAL', defaultAction: { allow: {} },
      visibilityConfig: { cloudWatchMetricsEnabled: true, metricName: 'webacl', sampledRequestsEnabled: true },
      rules: [
        { name: 'BlockIps', priority: 0, action: { block: {} }, statement: { ipSetReferenceStatement: { arn: ip.attrArn } }, visibilityConfig: { cloudWatchMetricsEnabled: true, metricName: 'blockips', sampledRequestsEnabled: true } },
        { name: 'AWSCommon', priority: 1, overrideAction: { none: {} }, statement: { managedRuleGroupStatement: { vendorName: 'AWS', name: 'AWSManagedRulesCommonRuleSet' } }, visibilityConfig: { cloudWatchMetricsEnabled: true, metricName: 'common', sampledRequestsEnabled: true } },
      ],
    });
    new waf.CfnWebACLAssociation(this, 'Association', { resourceArn: props.alb.loadBalancerArn, webAclArn: acl.attrArn });
  }
}
class DnsStack extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const zone = r53.HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: 'Z0123456789ABCDEFGHIJ', zoneName: 'example.com' });
    new r53.ARecord(this, 'Alias', { zone, recordName: later ? 'shop' : 'app', target: r53.RecordTarget.fromAlias(new r53t.LoadBalancerTarget(props.alb)) });
  }
}
const web = new WebStack(app, 'Web', { env });
new PipelineStack(app, 'Pipe', { env, service: web.svc.service });
new WafStack(app, 'Waf', { env, alb: web.svc.loadBalancer });
new DnsStack(app, 'Dns', { env, alb: web.svc.loadBalancer });
