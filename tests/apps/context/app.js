// As many queues as its context says, named by what the command line says.
const { App, Stack } = require("aws-cdk-lib");
const { Queue } = require("aws-cdk-lib/aws-sqs");

const app = new App();
const later = app.node.tryGetContext("later");
const stack = new Stack(app, app.node.tryGetContext("name") ?? "Shop");
const count = app.node.tryGetContext("queues").count - (later ? 1 : 0);
for (let at = 0; at < count; at++) new Queue(stack, `Queue${at}`, { queueName: later && at === 0 ? "first" : undefined });
