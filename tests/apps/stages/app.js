// Two stages of an app, each with a network of its own and a stack that uses it.
const { App, Stack, Stage, CfnOutput, Duration } = require("aws-cdk-lib");
const { Topic } = require("aws-cdk-lib/aws-sns");
const { Queue } = require("aws-cdk-lib/aws-sqs");
const { SqsSubscription } = require("aws-cdk-lib/aws-sns-subscriptions");

const app = new App();
const later = app.node.tryGetContext("later");

class Shop extends Stage {
  constructor(scope, id, props) {
    super(scope, id, props);
    const events = new Stack(this, "Events");
    const topic = new Topic(events, "Orders", { displayName: later && "Orders" });
    const jobs = new Stack(this, "Jobs", { stackName: `${id.toLowerCase()}-jobs` });
    const queue = new Queue(jobs, "Queue", { retentionPeriod: later && Duration.days(1) });
    topic.addSubscription(new SqsSubscription(queue));
    new CfnOutput(jobs, "Url", { value: queue.queueUrl });
  }
}

new Shop(app, "Test");
new Shop(app, "Prod", { env: { account: "444455556666", region: "eu-west-1" } });
new Stack(app, "Alone", { description: "Stands beside the stages" });
