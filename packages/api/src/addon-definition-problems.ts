import type { AddonDefinition } from './addon.js';
import { capabilityOf, parseRequirement } from './addon-capability.js';
import { resolveAddonConfig } from './addon-config.js';
import { dns1123Label } from './names/name-rules.js';
import { isVersionRange } from './version-range.js';

/** Semantic versioning 2.0.0. */
const semanticVersion =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z.-]+)?$/;
/** Such as `pod-network` or `storageClass:default`. */
const capabilityName = /^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/;

/** Every mistake of a definition, one a line; empty when it is right. It may come from anywhere. */
export function* addonDefinitionProblems<Config>(
  definition: Omit<AddonDefinition<Config>, 'manifests'>,
): Generator<string> {
  const shape = [...shapeProblems(definition as Readonly<Record<string, unknown>>)];
  if (shape.length > 0) {
    yield* shape;
    return;
  }
  const { name, version, description, provides, requires, conflicts, config, permissions } = definition;
  for (const problem of dns1123Label(name)) yield `name "${name}": ${problem}`;
  if (!semanticVersion.test(version)) yield `version "${version}": must be a semantic version such as 1.2.3`;
  if (description.trim() === '') yield 'description: must say in one sentence what it is for';
  for (const text of [...provides, ...requires, ...conflicts]) {
    if (!capabilityName.test(capabilityOf(text))) yield `capability "${text}": must be a name such as pod-network`;
  }
  const own = provides.map(capabilityOf);
  for (const requirement of requires) {
    const { capability, range } = parseRequirement(requirement);
    if (range !== undefined && !isVersionRange(range))
      yield `capability "${requirement}": "${range}" is no range of versions such as ^1.2.0`;
    if (own.includes(capability)) yield `capability "${capability}": is required and provided by the same addon`;
  }
  for (const [index, rule] of permissions.entries()) {
    if (rule.verbs.length === 0) yield `permissions[${index}].verbs: must not be empty`;
  }
  yield* configProblems(config);
}

function* shapeProblems(definition: Readonly<Record<string, unknown>>): Generator<string> {
  for (const field of ['name', 'version', 'description'])
    if (typeof definition[field] !== 'string') yield `${field}: must be a text`;
  for (const field of ['provides', 'requires', 'conflicts']) {
    const list = definition[field];
    if (!Array.isArray(list) || !list.every((item) => typeof item === 'string'))
      yield `${field}: must be a list of texts`;
  }
  for (const field of ['permissions', 'health'])
    if (!Array.isArray(definition[field])) yield `${field}: must be a list`;
  if (typeof definition['config'] !== 'object' || definition['config'] === null) yield 'config: must be a JSON schema';
  if (typeof definition['enabledByDefault'] !== 'boolean') yield 'enabledByDefault: must be true or false';
}

/** The defaults must be enough: an addon is enabled by a name alone. */
function* configProblems(schema: Readonly<Record<string, unknown>>): Generator<string> {
  if (schema['type'] !== 'object') yield 'config: must be a JSON schema of type object';
  try {
    const resolved = resolveAddonConfig(schema, {});
    if (resolved.valid) return;
    for (const { path, message } of resolved.errors) yield `${path}: ${message}, and the schema has no default for it`;
  } catch (error) {
    yield `config: is no JSON schema: ${(error as Error).message}`;
  }
}
