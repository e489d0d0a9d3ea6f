// Resources of types that only the app knows, and a template that is taken in.
const { App, Stack, CustomResource, CfnResource, CfnParameter, Fn } = require("aws-cdk-lib");
const { CfnInstance } = require("aws-cdk-lib/aws-ec2");

const app = new App();
const later = app.node.tryGetContext("later");
const stack = new Stack(app, "Shop");
const token = new CfnParameter(stack, "Provider", { type: "String" });
new CfnInstance(stack, "Machine", { imageId: "ami-0e0c2023a1b2c3d4e", instanceType: later ? "t3.small" : "t3.micro" });
const made = new CustomResource(stack, "Made", {
  serviceToken: token.valueAsString,
  resourceType: later ? "Custom::Store" : "Custom::Shop",
  properties: { Size: 3, Names: ["a", "b"] },
});
new CfnResource(stack, "Topic", {
  type: "AWS::SNS::Topic",
  properties: { TopicName: later && "shop-events", DisplayName: Fn.sub("${AWS::StackName} of ${Made}", { Made: made.getAttString("Name") }) },
});
