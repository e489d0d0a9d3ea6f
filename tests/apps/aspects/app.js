// Tags, an aspect that changes what there is, one that warns, and a tag of the stack.
const { App, Stack, Tags, Aspects, Annotations, CfnResource, RemovalPolicy } = require("aws-cdk-lib");
const { Bucket } = require("aws-cdk-lib/aws-s3");
const { Queue } = require("aws-cdk-lib/aws-sqs");

const app = new App();
const later = app.node.tryGetContext("later");
const stack = new Stack(app, "Shop", { tags: { team: "web" } });
new Bucket(stack, "Files");
new Queue(stack, "Jobs", { fifo: later && true });
Tags.of(app).add("app", later ? "store" : "shop");
if (later) new Bucket(stack, "Logs");
Aspects.of(stack).add({
  visit(node) {
    if (node instanceof Bucket) node.applyRemovalPolicy(RemovalPolicy.DESTROY);
    if (CfnResource.isCfnResource(node) && node.cfnResourceType === "AWS::SQS::Queue")
      Annotations.of(node).addWarningV2("shop:dead-letters", "this queue has no dead letters");
  },
});
