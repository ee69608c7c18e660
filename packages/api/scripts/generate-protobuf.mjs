#!/usr/bin/env node
/**
 * Makes src/generated/protobuf.json, the table of field numbers of the protobuf encoding, from the public Go type declarations of
 * Kubernetes: node packages/api/scripts/generate-protobuf.mjs DIR, where DIR holds checkouts named api, apimachinery,
 * apiextensions-apiserver and kube-aggregator. Only names, numbers, types and whether a field is a pointer are taken.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [root] = process.argv.slice(2);
if (root === undefined) {
  console.error('generate-protobuf: no input: name a directory with checkouts of the Kubernetes api repositories');
  process.exit(2);
}

/** Go import path → [directory, prefix of the OpenAPI definitions]. */
const packages = new Map();
const api = join(root, 'api');
for (const group of readdirSync(api)) {
  const directory = join(api, group);
  if (!existsSync(directory) || group.startsWith('.') || group === 'apidiscovery') continue;
  let versions = [];
  try {
    versions = readdirSync(directory).filter(
      (name) => /^v\d+$/.test(name) && existsSync(join(directory, name, 'types.go')),
    );
  } catch {
    continue;
  }
  for (const version of versions)
    packages.set(`k8s.io/api/${group}/${version}`, [join(directory, version), `io.k8s.api.${group}.${version}`]);
}
const machinery = (path, prefix) =>
  packages.set(`k8s.io/apimachinery/${path}`, [join(root, 'apimachinery', path), prefix]);
machinery('pkg/apis/meta/v1', 'io.k8s.apimachinery.pkg.apis.meta.v1');
machinery('pkg/runtime', 'io.k8s.apimachinery.pkg.runtime');
machinery('pkg/types', 'io.k8s.apimachinery.pkg.types');
machinery('pkg/util/intstr', 'io.k8s.apimachinery.pkg.util.intstr');
machinery('pkg/api/resource', 'io.k8s.apimachinery.pkg.api.resource');
packages.set('k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1', [
  join(root, 'apiextensions-apiserver/pkg/apis/apiextensions/v1'),
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
]);
packages.set('k8s.io/kube-aggregator/pkg/apis/apiregistration/v1', [
  join(root, 'kube-aggregator/pkg/apis/apiregistration/v1'),
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1',
]);

/** Messages whose JSON form is not an object of their fields; the codec knows them by these codes. */
const special = {
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'microTime',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Duration': 'duration',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'raw',
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'intOrString',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'raw',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': 'raw',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': 'schemaOrArray',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': 'schemaOrBool',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': 'schemaOrStrings',
};

const structs = new Map(); // definition → [{go, tag}]
const aliases = new Map(); // definition → underlying Go type text
const scope = new Map(); // definition → {path, imports}

for (const [path, [directory, prefix]] of packages) {
  for (const file of readdirSync(directory).filter(
    (name) =>
      name.endsWith('.go') && !name.endsWith('_test.go') && !name.startsWith('generated') && !name.startsWith('zz_'),
  )) {
    const text = readFileSync(join(directory, file), 'utf8');
    const imports = new Map(
      [...text.matchAll(/^\s*(?:import\s+)?(?:(\w+)\s+)?"(k8s\.io\/[^"]+)"/gm)].map(([, alias, target]) => [
        alias ?? target.split('/').at(-1),
        target,
      ]),
    );
    for (const [, name, body] of text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
      const fields = [...body.matchAll(/^\t(?:(\w+)\s+)?([*\[\]\w.]+)\s+`([^`]*)`/gm)].map(([, , go, tag]) => ({
        go,
        tag,
      }));
      structs.set(`${prefix}.${name}`, fields);
      scope.set(`${prefix}.${name}`, { path, imports });
    }
    for (const [, name] of text.matchAll(/^type (\w+) struct ?\{\s*\}/gm)) {
      structs.set(`${prefix}.${name}`, []);
      scope.set(`${prefix}.${name}`, { path, imports });
    }
    for (const [, name, underlying] of text.matchAll(/^type (\w+) (?:= )?([\[\]*\w.]+)$/gm)) {
      aliases.set(`${prefix}.${name}`, underlying);
      scope.set(`${prefix}.${name}`, { path, imports });
    }
  }
}

function resolveName(name, { path, imports }) {
  if (!name.includes('.')) return `${packages.get(path)[1]}.${name}`;
  const [alias, type] = name.split('.');
  const target = packages.get(imports.get(alias));
  return target === undefined ? undefined : `${target[1]}.${type}`;
}

const basic = {
  string: 's',
  bool: 'b',
  int32: 'i',
  int64: 'i',
  int: 'i',
  uint32: 'i',
  uint64: 'i',
  float64: 'd',
  byte: 'y',
};

const wrapped = (mark, code) => (code === undefined ? undefined : mark + code);

/** Type code of a Go type: s, b, i, d, y (bytes), []code, {}code, =definition, a special code, x (strings as a message). */
function codeOf(go, where, label) {
  if (go.startsWith('*')) return codeOf(go.slice(1), where, label);
  if (go === '[]byte') return 'y';
  if (go.startsWith('[]')) return wrapped('[]', codeOf(go.slice(2), where, 'opt'));
  const map = /^map\[[\w.]+\](.+)$/.exec(go);
  if (map !== null) return wrapped('{}', codeOf(map[1], where, 'opt'));
  if (basic[go] !== undefined) return basic[go];
  const definition = resolveName(go, where);
  if (definition === undefined) return undefined; // of an alpha or beta version, which is not served
  if (special[definition] !== undefined) return special[definition];
  if (structs.has(definition)) return `=${definition}`;
  const underlying = aliases.get(definition);
  if (underlying === undefined) throw new Error(`no declaration of ${definition}`);
  if (underlying.startsWith('[]') && underlying !== '[]byte' && label === 'opt') return 'x';
  return codeOf(underlying, scope.get(definition), label);
}

const table = {};
let count = 0;
for (const [definition, fields] of [...structs].sort(([a], [b]) => (a < b ? -1 : 1))) {
  if (special[definition] !== undefined || !definition.match(/\.(v\d+\w*|runtime)\.\w+$/)) continue;
  const rows = [];
  for (const { go, tag } of fields) {
    const json = /json:"([^"]*)"/.exec(tag)?.[1] ?? '';
    const protobuf = /protobuf:"([^"]*)"/.exec(tag)?.[1];
    if (protobuf === undefined || protobuf === '-') continue;
    const [, number, label] = protobuf.split(',');
    const [name, ...options] = json.split(',');
    const code = codeOf(go, scope.get(definition), label);
    if (code === undefined) continue;
    const flags =
      (go.startsWith('*') ? 'p' : '') +
      (options.includes('omitempty') || options.includes('omitzero') ? '' : 'k') +
      (name === '' ? 'e' : '');
    rows.push([name, Number(number), code, flags]);
  }
  table[definition] = rows;
  count += rows.length;
}
const output = fileURLToPath(new URL('../src/generated/protobuf.json', import.meta.url));
writeFileSync(
  output,
  '{\n' +
    Object.entries(table)
      .map(([name, rows]) => `${JSON.stringify(name)}:${JSON.stringify(rows)}`)
      .join(',\n') +
    '\n}\n',
);
console.log(`${Object.keys(table).length} messages, ${count} fields`);
