// Resources of types that only the app knows, and a template that is taken in.
const { App, Stack, CustomResource, CfnResource, CfnParameter, Fn } = require("aws-cdk-lib");

const app = new App();
const stack = new Stack(app, "Shop");
const token = new CfnParameter(stack, "Provider", { type: "String" });
const made = new CustomResource(stack, "Made", {
  serviceToken: token.valueAsString,
  resourceType: "Custom::Shop",
  properties: { Size: 3, Names: ["a", "b"] },
});
new CfnResource(stack, "Topic", {
  type: "AWS::SNS::Topic",
  properties: { DisplayName: Fn.sub("${AWS::StackName} of ${Made}", { Made: made.getAttString("Name") }) },
});
