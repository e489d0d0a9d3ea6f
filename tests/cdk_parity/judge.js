// Prints what the CDK's library says of pairs of templates: for each name and each resource that differs, what becomes of it.
const fs = require('fs');
const { fullDiff } = require('@aws-cdk/cloudformation-diff');

const said = {};
for (const [name, [old, now]] of Object.entries(JSON.parse(fs.readFileSync(process.argv[2], 'utf8')))) {
  said[name] = {};
  fullDiff(old, now).resources.forEachDifference((id, change) => { said[name][id] = change.changeImpact; });
}
console.log(JSON.stringify(said));
