// What the CDK says of the trees in `trees.json`: run with a folder to make them in, prints the fingerprints as JSON.
// `NODE_PATH` has to lead to aws-cdk-lib.
'use strict';
const fs = require('fs');
const path = require('path');
const { App, FileSystem, Stack } = require('aws-cdk-lib');
const { DockerImageAsset, Platform } = require('aws-cdk-lib/aws-ecr-assets');

const { trees, patterns } = JSON.parse(fs.readFileSync(path.join(__dirname, 'trees.json')));
// An entry that is a text is a file of it.
for (const entries of Object.values(trees)) {
  for (const [key, it] of Object.entries(entries)) if (typeof it === 'string') entries[key] = { text: it };
}
const folder = fs.realpathSync(process.argv[2]);

function bytes(it) {
  const repeated = Buffer.from((it.repeat ?? '').repeat(it.count ?? 0));
  const hex = Buffer.from(it.hex ?? '', 'hex');
  const parts = Object.keys(it).indexOf('hex') < Object.keys(it).indexOf('repeat') ? [hex, repeated] : [repeated, hex];
  return Buffer.concat([Buffer.from(it.text ?? ''), ...parts]);
}

for (const [name, entries] of Object.entries(trees)) {
  const root = path.join(folder, name);
  for (const [key, it] of Object.entries(entries)) {
    const at = path.join(root, key);
    fs.mkdirSync(it.folder ? at : path.dirname(at), { recursive: true });
    if (it.folder) continue;
    if (it.link) {
      fs.symlinkSync(it.link.replace('{root}', root), at);
    } else {
      fs.writeFileSync(at, bytes(it));
      if (it.mode) fs.chmodSync(at, parseInt(it.mode, 8));
    }
  }
}

const vectors = {};
function add(name, at, options) {
  let found;
  try {
    found = FileSystem.fingerprint(path.join(folder, at), options);
  } catch (error) {
    found = 'refused';
  }
  vectors[name] = found;
}

for (const [name, entries] of Object.entries(trees)) {
  for (const follow of ['never', 'always', 'external', 'internal-only']) add(`${name}, ${follow}`, name, { follow });
  for (const [key, it] of Object.entries(entries)) {
    if (!it.link && !it.folder) add(`${name}/${key}`, path.join(name, key), {});
  }
}
add('plain, extra', 'plain', { extraHash: '{"version":"1.21.0"}' });
for (const exclude of patterns) {
  for (const ignoreMode of ['glob', 'git', 'docker']) {
    add(`${ignoreMode} ${JSON.stringify(exclude)}`, 'project', { ignoreMode, exclude });
  }
}
const stack = new Stack(new App({ outdir: path.join(folder, 'cdk.out') }), 'Shop');
const image = (id, options) => new DockerImageAsset(stack, id, { directory: path.join(folder, 'web'), ...options }).assetHash;
vectors['image'] = image('Plain', { platform: Platform.LINUX_AMD64 });
vectors['image, as said'] = image('Said', {
  file: 'Dockerfile.prod', target: 'app', buildArgs: { A: 'b c', D: 'e' }, platform: Platform.LINUX_ARM64,
});
console.log(JSON.stringify(vectors, null, 1));
