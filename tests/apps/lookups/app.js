// A network and a parameter that were looked up before.
const { App, Stack } = require("aws-cdk-lib");
const { Vpc, SecurityGroup } = require("aws-cdk-lib/aws-ec2");
const { StringParameter } = require("aws-cdk-lib/aws-ssm");

const app = new App();
const later = app.node.tryGetContext("later");
const stack = new Stack(app, "Shop", { env: { account: "111122223333", region: "us-east-1" } });
const vpc = Vpc.fromLookup(stack, "Network", { vpcName: "main" });
const described = StringParameter.valueFromLookup(stack, "/shop/door");
new SecurityGroup(stack, "Door", { vpc, description: later ? `${described}, later` : described });
