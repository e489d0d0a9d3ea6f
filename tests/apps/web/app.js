// A whole web application: a network, a service behind a load balancer, a database, and alarms.
const { App, Stack, Duration } = require("aws-cdk-lib");
const { Vpc } = require("aws-cdk-lib/aws-ec2");
const { Cluster, ContainerImage } = require("aws-cdk-lib/aws-ecs");
const { ApplicationLoadBalancedFargateService } = require("aws-cdk-lib/aws-ecs-patterns");
const { Alarm } = require("aws-cdk-lib/aws-cloudwatch");
const { Table, AttributeType } = require("aws-cdk-lib/aws-dynamodb");

const app = new App();
const base = new Stack(app, "Base");
const vpc = new Vpc(base, "Network", { maxAzs: 2, natGateways: 1 });
const stack = new Stack(app, "Web");
const service = new ApplicationLoadBalancedFargateService(stack, "Service", {
  cluster: new Cluster(stack, "Cluster", { vpc }),
  taskImageOptions: { image: ContainerImage.fromRegistry("nginx:1") },
});
const table = new Table(stack, "Orders", { partitionKey: { name: "id", type: AttributeType.STRING } });
table.grantReadWriteData(service.taskDefinition.taskRole);
new Alarm(stack, "Slow", {
  metric: service.loadBalancer.metrics.targetResponseTime({ period: Duration.minutes(1) }),
  threshold: 1,
  evaluationPeriods: 3,
});
