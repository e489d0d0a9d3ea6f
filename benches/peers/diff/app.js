// Prints what differs between two templates, as the CDK's own library does it: `node app.js OLD NEW`.
const fs = require('fs');
const { formatDifferences, formatSecurityChanges, fullDiff } = require('@aws-cdk/cloudformation-diff');

const [before, after] = process.argv.slice(2).map((it) => JSON.parse(fs.readFileSync(it, 'utf8')));
const difference = fullDiff(before, after);
formatDifferences(process.stdout, difference);
formatSecurityChanges(process.stdout, difference);
