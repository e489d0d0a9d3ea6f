// Roles with policies of several kinds, and the recommended flag that makes these small.
const { App, Stack } = require("aws-cdk-lib");
const { Role, ServicePrincipal, PolicyStatement, ManagedPolicy } = require("aws-cdk-lib/aws-iam");
const { Bucket } = require("aws-cdk-lib/aws-s3");
const { Key } = require("aws-cdk-lib/aws-kms");

const app = new App({ context: { "@aws-cdk/aws-iam:minimizePolicies": true } });
const later = app.node.tryGetContext("later");
const stack = new Stack(app, "Shop");
const bucket = new Bucket(stack, "Files", { encryptionKey: new Key(stack, "Key"), enforceSSL: true });
const role = new Role(stack, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
role.addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName(later ? "PowerUserAccess" : "ReadOnlyAccess"));
role.addToPolicy(new PolicyStatement({ actions: later ? ["sns:Publish", "sns:Subscribe"] : ["sns:Publish"], resources: ["*"] }));
if (later) bucket.grantRead(role);
else bucket.grantReadWrite(role);
