// A stack with nested stacks, one within another, and values that go in and come out.
const { App, Stack, NestedStack, CfnOutput } = require("aws-cdk-lib");
const { Topic } = require("aws-cdk-lib/aws-sns");
const { Queue } = require("aws-cdk-lib/aws-sqs");
const { StringParameter } = require("aws-cdk-lib/aws-ssm");

const app = new App();
const later = app.node.tryGetContext("later");

class Inner extends NestedStack {
  constructor(scope, id, topic) {
    super(scope, id);
    this.queue = new Queue(this, "Jobs", { fifo: later && true });
    new StringParameter(this, "Topic", { stringValue: topic.topicArn });
  }
}

class Outer extends NestedStack {
  constructor(scope, id) {
    super(scope, id);
    this.topic = new Topic(this, "Orders", { topicName: later && "orders" });
    this.inner = new Inner(this, "Inner", this.topic);
  }
}

const stack = new Stack(app, "Shop");
if (!later) new Queue(stack, "Jobs");
const outer = new Outer(stack, "Outer");
new CfnOutput(stack, "Topic", { value: outer.topic.topicArn });
new CfnOutput(stack, "Inside", { value: outer.inner.queue.queueUrl });
