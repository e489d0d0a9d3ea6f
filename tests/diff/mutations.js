// Changes of a kind to any template: for each kind, what it finds in a resource to change, as an operation of RFC 6902.

// Another value of the same kind; the smallest change that is one.
function other(value) {
  if (typeof value === 'string') return value === 'other' ? 'another' : 'other';
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (Array.isArray(value)) return value.length > 1 ? value.slice(1) : [...value, 'other'];
  // A function gives something; so does a text. Of a group the first member changes that can.
  if (isFunction(value)) return 'other';
  for (const key of Object.keys(value)) {
    const changed = other(value[key]);
    if (changed !== undefined) return { ...value, [key]: changed };
  }
  return undefined;
}

const pointer = (parts) => parts.map((it) => '/' + String(it).replace(/~/g, '~0').replace(/\//g, '~1')).join('');
const isGroup = (value) => typeof value === 'object' && value !== null;

function isFunction(value) {
  const keys = Object.keys(value);
  return keys.length === 1 && (keys[0] === 'Ref' || keys[0].startsWith('Fn::'));
}

// The first value below a path for which `fits` is true, as a path; functions are not gone into.
function find(value, path, fits) {
  if (fits(value, path)) return path;
  if (!isGroup(value) || isFunction(value)) return undefined;
  for (const key of Object.keys(value)) {
    const found = find(value[key], [...path, Array.isArray(value) ? Number(key) : key], fits);
    if (found) return found;
  }
  return undefined;
}

const look = (value, path) => path.reduce((node, key) => node[key], value);

// Of a resource, and where its properties are, one operation or none.
const KINDS = {
  nested(properties, at) {
    const found = find(properties, [], (it, path) => path.length > 2 && path[0] !== 'Tags' && !isGroup(it));
    return found && { op: 'replace', path: pointer([...at, ...found]), value: other(look(properties, found)) };
  },
  'nested part gone'(properties, at) {
    const found = find(properties, [], (it, path) => path.length > 1 && path[0] !== 'Tags' && isNaN(path.at(-1)));
    return found && { op: 'remove', path: pointer([...at, ...found]) };
  },
  'list order'(properties, at) {
    const found = find(properties, [], (it, path) => path[0] !== 'Tags' && Array.isArray(it) && it.length > 1);
    return found && { op: 'replace', path: pointer([...at, ...found]), value: look(properties, found).slice().reverse() };
  },
  tag(properties, at) {
    const found = Array.isArray(properties.Tags) && properties.Tags.length > 0;
    return found && { op: 'replace', path: pointer([...at, 'Tags', 0, 'Value']), value: 'other' };
  },
  reference(properties, at) {
    const found = find(properties, [], (it, path) => path.length > 0 && isGroup(it) && !Array.isArray(it) && isFunction(it));
    return found && { op: 'replace', path: pointer([...at, ...found]), value: 'other' };
  },
  statement(properties, at) {
    const found = find(properties, [], (it, path) => path.at(-1) === 'Statement' && Array.isArray(it) && it[0]?.Effect);
    const more = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: 'other', Principal: { AWS: '111122223333' } };
    if (properties.PolicyName) delete more.Principal;
    return found && { op: 'add', path: pointer([...at, ...found, look(properties, found).length]), value: more };
  },
  rule(properties, at) {
    const key = ['SecurityGroupIngress', 'SecurityGroupEgress'].find((it) => Array.isArray(properties[it]));
    const more = { IpProtocol: 'tcp', FromPort: 8081, ToPort: 8082, CidrIp: '192.0.2.0/24' };
    return key && { op: 'add', path: pointer([...at, key, properties[key].length]), value: more };
  },
};

module.exports = { KINDS, other, pointer };
