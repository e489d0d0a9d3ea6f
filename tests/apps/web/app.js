// A whole web application: a network, a service behind a load balancer, a database, and alarms.
const { App, Stack, Duration } = require("aws-cdk-lib");
const { Vpc } = require("aws-cdk-lib/aws-ec2");
const { Cluster, ContainerImage } = require("aws-cdk-lib/aws-ecs");
const { ApplicationLoadBalancedFargateService } = require("aws-cdk-lib/aws-ecs-patterns");
const { Alarm } = require("aws-cdk-lib/aws-cloudwatch");
const { Bucket } = require("aws-cdk-lib/aws-s3");
const { Table, AttributeType } = require("aws-cdk-lib/aws-dynamodb");

const app = new App();
const later = app.node.tryGetContext("later");
const base = new Stack(app, "Base");
const vpc = new Vpc(base, "Network", { maxAzs: 2, natGateways: later ? 2 : 1 });
const stack = new Stack(app, "Web");
const service = new ApplicationLoadBalancedFargateService(stack, "Service", {
  cluster: new Cluster(stack, "Cluster", { vpc }),
  taskImageOptions: { image: ContainerImage.fromRegistry(later ? "nginx:2" : "nginx:1") },
});
const table = new Table(stack, "Orders", { partitionKey: { name: later ? "order" : "id", type: AttributeType.STRING } });
if (!later) new Bucket(stack, "Drafts");
table.grantReadWriteData(service.taskDefinition.taskRole);
new Alarm(stack, "Slow", {
  metric: service.loadBalancer.metrics.targetResponseTime({ period: Duration.minutes(1) }),
  threshold: later ? 2 : 1,
  evaluationPeriods: 3,
});
