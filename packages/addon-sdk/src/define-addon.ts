import type { AddonDefinition } from '@geobuk/api';
import { dns1123Label, resolveAddonConfig } from '@geobuk/api';

/** Semantic versioning 2.0.0. */
const semanticVersion =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z.-]+)?$/;
/** Such as `pod-network` or `storageClass:default`. */
const capabilityName = /^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/;

/**
 * Makes an addon package's default export. Refuses at once what would otherwise fail on somebody's cluster.
 * @throws {TypeError} with every mistake of the definition, one a line.
 */
export function defineAddon<Config = Readonly<Record<string, unknown>>>(
  definition: AddonDefinition<Config>,
): AddonDefinition<Config> {
  const problems = [...problemsOf(definition)];
  if (problems.length > 0) {
    throw new TypeError(`the addon "${definition.name}" is not defined right:\n${problems.join('\n')}`);
  }
  return Object.freeze({ ...definition });
}

function* problemsOf<Config>(definition: AddonDefinition<Config>): Generator<string> {
  const { name, version, description, provides, requires, conflicts, config, permissions } = definition;
  for (const problem of dns1123Label(name)) yield `name "${name}": ${problem}`;
  if (!semanticVersion.test(version)) yield `version "${version}": must be a semantic version such as 1.2.3`;
  if (description.trim() === '') yield 'description: must say in one sentence what it is for';
  for (const capability of [...provides, ...requires, ...conflicts]) {
    if (!capabilityName.test(capability)) yield `capability "${capability}": must be a name such as pod-network`;
  }
  for (const capability of requires) {
    if (provides.includes(capability)) yield `capability "${capability}": is required and provided by the same addon`;
  }
  for (const [index, rule] of permissions.entries()) {
    if (rule.verbs.length === 0) yield `permissions[${index}].verbs: must not be empty`;
  }
  yield* configProblems(config);
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
