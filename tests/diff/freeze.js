// Writes verdicts.json beside it: what the CDK's own library says of changes of one value each.
//
//   npm install --prefix DIR @aws-cdk/cloudformation-diff@2.187.5
//   NODE_PATH=DIR/node_modules node tests/diff/freeze.js
//
// A change is an operation of RFC 6902: on a template of the CDK under snapshots/cdk/, or on one of a single resource, of
// each type that a construct makes. Each property of each type is changed once.
const fs = require('fs');
const path = require('path');
const { fullDiff, ResourceImpact } = require('@aws-cdk/cloudformation-diff');

const root = path.join(__dirname, '../..');
const read = (folder, ending) => {
  const names = fs.readdirSync(path.join(root, folder)).sort().filter((it) => it.endsWith(ending));
  return names.map((it) => [`${folder}/${it}`, JSON.parse(fs.readFileSync(path.join(root, folder, it), 'utf8'))]);
};
const templates = read('snapshots/cdk', '.template.json');

// A template of the resource of each type that has the most properties.
const singles = {};
for (const [, template] of read('snapshots/constructs', '.json')) {
  for (const { Type, Properties = {} } of Object.values(template.Resources)) {
    const known = singles[Type]?.Resources.R.Properties;
    if (!known || Object.keys(known).length < Object.keys(Properties).length) {
      singles[Type] = { Resources: { R: { Type, Properties } } };
    }
  }
}

// Another value of the same kind; the smallest change that is one.
function other(value) {
  if (typeof value === 'string') return value === 'other' ? 'another' : 'other';
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (Array.isArray(value)) return value.length > 1 ? value.slice(1) : [...value, 'other'];
  // A function gives something; so does a text. Of a group the first member changes that can.
  const keys = Object.keys(value);
  if (keys.length === 1 && (keys[0] === 'Ref' || keys[0].startsWith('Fn::'))) return 'other';
  for (const key of keys) {
    const changed = other(value[key]);
    if (changed !== undefined) return { ...value, [key]: changed };
  }
  return undefined;
}

const pointer = (parts) => parts.map((it) => '/' + String(it).replace(/~/g, '~0').replace(/\//g, '~1')).join('');

function applied(template, { op, path: at, value }) {
  const copy = JSON.parse(JSON.stringify(template));
  const parts = at.split('/').slice(1).map((it) => it.replace(/~1/g, '/').replace(/~0/g, '~'));
  const last = parts.pop();
  const holder = parts.reduce((node, key) => node[key], copy);
  if (op === 'remove') delete holder[last];
  else holder[last] = value;
  return copy;
}

function verdicts(old, now) {
  const found = {};
  fullDiff(old, now).resources.forEachDifference((id, it) => {
    if (it.changeImpact !== ResourceImpact.NO_CHANGE) found[id] = it.changeImpact;
  });
  return found;
}

const seen = new Set();
const lines = [];
const all = [...templates, ...Object.keys(singles).sort().map((it) => [it, singles[it]])];
for (const [file, template] of all) {
  const record = (operation) => {
    const found = verdicts(template, applied(template, operation));
    lines.push(JSON.stringify({ template: file, operation, verdicts: found }));
  };
  for (const [id, resource] of Object.entries(template.Resources)) {
    const type = resource.Type;
    if (!seen.has(type)) {
      seen.add(type);
      record({ op: 'remove', path: pointer(['Resources', id]) });
    }
    for (const [key, value] of Object.entries(resource.Properties ?? {})) {
      const name = `${type}.${key}`;
      if (seen.has(name)) continue;
      seen.add(name);
      const at = ['Resources', id, 'Properties', key];
      const changed = other(value);
      if (changed !== undefined) record({ op: 'replace', path: pointer(at), value: changed });
    }
  }
}
const recorded = read('tests/diff/recorded', '.json').map((it) => it[1]);
const [now, old] = recorded;
const version = require('@aws-cdk/cloudformation-diff/package.json').version;
const head = `"source": "@aws-cdk/cloudformation-diff ${version} (Apache-2.0), asked by freeze.js"`;
const kept = Object.keys(singles).sort().map((it) => `${JSON.stringify(it)}: ${JSON.stringify(singles[it])}`);
const whole = `{${head},\n"recorded": ${JSON.stringify(verdicts(old, now))},\n"templates": {\n${kept.join(',\n')}\n},\n"pairs": [\n${lines.join(',\n')}\n]}\n`;
fs.writeFileSync(path.join(__dirname, 'verdicts.json'), whole);
console.log(`${lines.length} pairs`);
