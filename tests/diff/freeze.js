// Writes verdicts.json beside it: what the CDK's own library says of changes.
//
//   npm install --prefix DIR @aws-cdk/cloudformation-diff@2.187.5
//   ASI=target/debug/asi NODE_PATH=DIR/node_modules node tests/diff/freeze.js
//
// A pair is a template, and another one or operations of RFC 6902 that make another one of it. The templates are
// - those of the CDK, under recorded/, against each other and with one change each,
// - one of a single resource of each type that a construct makes, of which each property is changed once,
// - the one of written.js, with the changes that stand there,
// - those of all examples: each environment against the next one, and changes of each kind, once for each type.
const fs = require('fs');
const path = require('path');
const { execFileSync } = require('child_process');
const { fullDiff, ResourceImpact } = require('@aws-cdk/cloudformation-diff');
const { KINDS, other, pointer } = require('./mutations.js');
const written = require('./written.js');

const root = path.join(__dirname, '../..');
const asi = path.resolve(process.env.ASI ?? 'asi');
const read = (folder) => {
  const names = fs.readdirSync(path.join(root, folder)).sort().filter((it) => it.endsWith('.json'));
  const parsed = names.map((it) => [`${folder}/${it}`, JSON.parse(fs.readFileSync(path.join(root, folder, it), 'utf8'))]);
  return parsed.filter(([, it]) => it.Resources);
};

function applied(template, operations) {
  const copy = JSON.parse(JSON.stringify(template));
  const place = (at) => {
    const parts = at.split('/').slice(1).map((it) => it.replace(/~1/g, '/').replace(/~0/g, '~'));
    const last = parts.pop();
    return [parts.reduce((node, key) => node[key], copy), last];
  };
  const take = ([holder, last]) => {
    const value = holder[last];
    if (Array.isArray(holder)) holder.splice(last, 1);
    else delete holder[last];
    return value;
  };
  for (const { op, path: at, from, value } of operations) {
    const [holder, last] = place(at);
    if (op === 'remove') take([holder, last]);
    else if (op === 'add' && Array.isArray(holder)) holder.splice(last, 0, value);
    else holder[last] = op === 'move' ? take(place(from)) : value;
  }
  return copy;
}

// The verdict of each resource, and how many statements, attached policies and rules come and go.
function judged(old, now) {
  const found = fullDiff(old, now);
  const verdicts = {};
  found.resources.forEachDifference((id, it) => {
    if (it.changeImpact !== ResourceImpact.NO_CHANGE) verdicts[id] = it.changeImpact;
  });
  const { statements, managedPolicies } = found.iamChanges;
  const { ingress, egress } = found.securityGroupChanges;
  const count = (...all) => [all.reduce((sum, it) => sum + it.additions.length, 0), all.reduce((sum, it) => sum + it.removals.length, 0)];
  const security = { statements: count(statements), policies: count(managedPolicies), rules: count(ingress, egress) };
  const differs = Object.values(security).flat().some((it) => it > 0);
  return { verdicts, ...(differs ? { security: { ...security, broadened: found.permissionsBroadened } } : {}) };
}

const kept = {};
const pairs = [];
const record = (kind, [old, before], [now, after], operations) => {
  pairs.push(JSON.stringify({ kind, old, new: now, operations, ...judged(before, after) }));
};
const change = (kind, [name, template], operation) => {
  record(kind, [name, template], [undefined, applied(template, [operation])], [operation]);
};

// Templates of the CDK against each other.
const isCurrent = ([name]) => name.endsWith('.flags.json') && !name.endsWith('Waf.flags.json');
const cdk = read('tests/diff/recorded').filter(isCurrent);
const recorded = read('tests/diff/recorded').filter((it) => !isCurrent(it));
for (const one of [...cdk, ...recorded]) {
  for (const two of recorded) {
    const stack = ([name]) => path.basename(name).replace(/^(old|new)\b/, 'Web').split('.')[0];
    if (one !== two && stack(one) === stack(two)) {
      record('versions of a stack', one, two);
      if (cdk.includes(one)) record('versions of a stack', two, one);
    }
  }
}

// Each property of each type once, and each type gone.
const singles = {};
for (const [, template] of read('snapshots/constructs')) {
  for (const { Type, Properties = {} } of Object.values(template.Resources)) {
    const known = singles[Type]?.Resources.R.Properties;
    if (!known || Object.keys(known).length < Object.keys(Properties).length) {
      singles[Type] = { Resources: { R: { Type, Properties } } };
    }
  }
}
for (const type of Object.keys(singles).sort()) kept[type] = singles[type];
const seen = new Set();
for (const named of [...cdk, ...Object.entries(kept)]) {
  for (const [id, resource] of Object.entries(named[1].Resources)) {
    const type = resource.Type;
    if (!seen.has(type)) {
      seen.add(type);
      change('removed', named, { op: 'remove', path: pointer(['Resources', id]) });
    }
    for (const [key, value] of Object.entries(resource.Properties ?? {})) {
      const name = `${type}.${key}`;
      const changed = seen.has(name) ? undefined : other(value);
      seen.add(name);
      const at = pointer(['Resources', id, 'Properties', key]);
      if (changed !== undefined) change('property', named, { op: 'replace', path: at, value: changed });
    }
  }
}

kept.written = written.template;
for (const [kind, operation] of written.changes) change(kind, ['written', written.template], operation);

// The examples, environment by environment.
for (const example of fs.readdirSync(path.join(root, 'examples')).sort()) {
  const run = (...args) => execFileSync(asi, args, { cwd: path.join(root, 'examples', example), encoding: 'utf8' });
  const stacks = run('ls').trim().split('\n');
  const named = stacks.map((it) => [`${example}/${it}`, JSON.parse(run('synth', '--no-validate', '--format', 'json', it))]);
  const suffix = (name) => name.slice(name.lastIndexOf('-'));
  for (const [at, one] of named.entries()) {
    kept[one[0]] = one[1];
    const rest = named.slice(at + 1);
    const next = rest.find(([name]) => stacks.length < 5 || suffix(name) === suffix(one[0]));
    if (next) {
      record('environments', one, next);
      record('environments', next, one);
    }
    for (const [kind, operation] of Object.entries(KINDS)) {
      let most = 4;
      for (const [id, { Type: type, Properties: properties = {} }] of Object.entries(one[1].Resources)) {
        const name = `${kind} ${type}`;
        const found = most > 0 && !seen.has(name) && operation(properties, ['Resources', id, 'Properties']);
        if (!found) continue;
        seen.add(name);
        most -= 1;
        change(kind, one, found);
      }
    }
  }
}

const version = require('@aws-cdk/cloudformation-diff/package.json').version;
const head = `"source": "@aws-cdk/cloudformation-diff ${version} (Apache-2.0), asked by freeze.js"`;
const lines = Object.entries(kept).map(([name, it]) => `${JSON.stringify(name)}: ${JSON.stringify(it)}`);
const whole = `{${head},\n"templates": {\n${lines.join(',\n')}\n},\n"pairs": [\n${pairs.join(',\n')}\n]}\n`;
fs.writeFileSync(path.join(__dirname, 'verdicts.json'), whole);
console.log(`${pairs.length} pairs`);
