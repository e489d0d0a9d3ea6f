// Stacks below constructs, in stages within stages, and with names of their own.
const { App, Stack, Stage } = require("aws-cdk-lib");
const { Construct } = require("constructs");
const { Queue } = require("aws-cdk-lib/aws-sqs");

const app = new App();
const later = app.node.tryGetContext("later");
const queue = (stack) => new Queue(stack, later ? "Orders" : "Jobs", { enforceSSL: later && true });
queue(new Stack(new Construct(app, "Team"), "Api"));
const prod = new Stage(app, "Prod");
queue(new Stack(prod, "Net", { description: "Of a stage" }));
queue(new Stack(new Construct(prod, "Group"), "Db"));
queue(new Stack(new Stage(prod, "Sub"), "Deep"));
queue(new Stack(new Stage(app, "Named", { stageName: "live" }), "X"));
queue(new Stack(app, "with-dash", { stackName: "Custom-Name" }));
