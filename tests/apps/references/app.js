// What one stack takes from another: by exports, by reading outputs, and by a dependency that is only said.
const { App, Stack } = require("aws-cdk-lib");
const { Bucket } = require("aws-cdk-lib/aws-s3");
const { Queue } = require("aws-cdk-lib/aws-sqs");
const { StringParameter } = require("aws-cdk-lib/aws-ssm");

const app = new App();
const later = app.node.tryGetContext("later");
const env = { account: "222233334444", region: "eu-west-1" };
const data = new Stack(app, "Data", { env });
const bucket = new Bucket(data, "Files", { bucketName: later && "shop-files" });
const web = new Stack(app, "Web", { env, terminationProtection: !later });
new StringParameter(web, "Name", { stringValue: bucket.bucketName });
const late = new Stack(app, "Late", { env, stackName: "last-of-all" });
new Queue(late, "Jobs");
if (later) new StringParameter(late, "Kept", { stringValue: bucket.bucketArn });
late.addDependency(web);
