import type { AddonDefinition } from '@geobuk/api';
import { addonDefinitionProblems } from '@geobuk/api';

/**
 * Makes an addon package's default export. Refuses at once what would otherwise fail on somebody's cluster.
 * @throws {TypeError} with every mistake of the definition, one a line.
 */
export function defineAddon<Config = Readonly<Record<string, unknown>>>(
  definition: AddonDefinition<Config>,
): AddonDefinition<Config> {
  const problems = [...addonDefinitionProblems(definition)];
  if (problems.length > 0) {
    throw new TypeError(`the addon "${definition.name}" is not defined right:\n${problems.join('\n')}`);
  }
  return Object.freeze({ ...definition });
}
