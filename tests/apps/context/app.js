// As many queues as its context says, named by what the command line says.
const { App, Stack } = require("aws-cdk-lib");
const { Queue } = require("aws-cdk-lib/aws-sqs");

const app = new App();
const stack = new Stack(app, app.node.tryGetContext("name") ?? "Shop");
const { count } = app.node.tryGetContext("queues");
for (let at = 0; at < count; at++) new Queue(stack, `Queue${at}`);
