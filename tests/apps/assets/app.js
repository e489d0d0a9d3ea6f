// Files, a folder and an image that a deployment needs; nothing is built to synthesize it.
const path = require("path");
const { App, Stack } = require("aws-cdk-lib");
const { Code, Function, Runtime } = require("aws-cdk-lib/aws-lambda");
const { Asset } = require("aws-cdk-lib/aws-s3-assets");
const { DockerImageAsset } = require("aws-cdk-lib/aws-ecr-assets");

const app = new App();
const later = app.node.tryGetContext("later");
const stack = new Stack(app, "Shop");
new Function(stack, "Hello", {
  runtime: Runtime.NODEJS_LATEST,
  handler: "index.handler",
  code: Code.fromAsset(path.join(__dirname, later ? "later" : "code")),
});
new Asset(stack, "Notes", { path: path.join(__dirname, "code", "index.js") });
if (later) new Asset(stack, "Plan", { path: path.join(__dirname, "later", "index.js") });
new DockerImageAsset(stack, "Image", { directory: path.join(__dirname, "code") });
