// Writes src/apiserver/protobuf/fields.json: the field numbers of the built-in kinds, from Kubernetes' public .proto files.
//   node packages/control-plane/scripts/protobuf-fields.mjs <directory with *.proto files, searched below>...
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const schemas = JSON.parse(readFileSync(new URL('../../api/src/generated/schemas.json', import.meta.url), 'utf8'));
const scalars = {
  string: 's',
  bytes: 'b',
  bool: 'o',
  int32: 'i',
  int64: 'i',
  uint32: 'i',
  uint64: 'i',
  double: 'd',
  float: 'f',
  sint32: 'z',
  sint64: 'z',
};
const files = process.argv.slice(2).flatMap((root) =>
  readdirSync(root, { recursive: true })
    .filter((name) => name.endsWith('.proto'))
    .map((name) => join(root, name)),
);
const messages = new Map();
for (const file of files.sort()) {
  const text = readFileSync(file, 'utf8').replaceAll(/\/\/.*$/gm, '');
  const scope = /^package\s+([\w.]+);/m.exec(text)?.[1];
  for (const [, name, body] of text.matchAll(/^message\s+(\w+)\s*\{([\s\S]*?)^\}/gm)) {
    const fields = [
      ...body.matchAll(/(optional|repeated|map<\s*(\w+)\s*,\s*([\w.]+)\s*>)\s*([\w.]+)?\s+(\w+)\s*=\s*(\d+)/g),
    ].map(([, label, key, value, type, field, number]) => ({ label, key, value, type, field, number }));
    messages.set(`${scope}.${name}`, { scope, fields });
  }
}
const resolve = (type, scope) => {
  if (scalars[type] !== undefined) return scalars[type];
  if (type.startsWith('.')) return openName(type.slice(1));
  return openName(messages.has(`${scope}.${type}`) ? `${scope}.${type}` : type);
};
const openName = (name) => name.replace(/^k8s\.io\./, 'io.k8s.');
const out = {};
const odd = [];
for (const [name, { scope, fields }] of messages) {
  const definition = schemas[openName(name)];
  const properties = definition?.properties;
  const row = {};
  for (const { label, key, value, type, field: given, number } of fields) {
    const field = Object.keys(properties ?? {}).find((name) => name.toLowerCase() === given.toLowerCase()) ?? given;
    if (key !== undefined) {
      row[number] = [field, resolve(value, scope), 'm'];
      continue;
    }
    const kind = resolve(type, scope);
    const isInline = properties !== undefined && properties[field] === undefined;
    if (isInline && kind.length === 1) odd.push(`${name}.${field}`);
    row[number] = [field, kind, ...(label === 'repeated' ? ['r'] : isInline && kind.length > 1 ? ['n'] : [])];
  }
  out[openName(name)] = row;
}
// Only what the kinds that are served reach.
const kinds = JSON.parse(readFileSync(new URL('../../api/src/generated/kinds.json', import.meta.url), 'utf8'));
const open = kinds.map(({ definition }) => definition);
open.push(
  'io.k8s.api.policy.v1.Eviction',
  'io.k8s.api.autoscaling.v1.Scale',
  'io.k8s.api.authentication.v1.TokenRequest',
  'io.k8s.api.core.v1.Binding',
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
);
const kept = {};
for (let name = open.pop(); name !== undefined; name = open.pop()) {
  if (kept[name] !== undefined || out[name] === undefined) continue;
  kept[name] = out[name];
  for (const [, type] of Object.values(out[name])) if (type.length > 1) open.push(type);
}
writeFileSync(
  new URL('../src/apiserver/protobuf/fields.json', import.meta.url),
  `{\n${Object.entries(kept)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, row]) => `${JSON.stringify(name)}: ${JSON.stringify(row)}`)
    .join(',\n')}\n}\n`,
);
console.log(Object.keys(kept).length, 'messages;', odd.length, 'fields that JSON does not name:', odd.join(' '));
