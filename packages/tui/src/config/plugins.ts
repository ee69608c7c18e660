import { booleanIn, isFields, textIn, textsIn } from './fields.js';
import type { Fields } from './fields.js';
import { keyOf } from './key-names.js';

export interface PluginInput {
  readonly name: string;
  readonly label: string;
  readonly type: 'string' | 'number' | 'bool' | 'dropdown';
  readonly required: boolean;
  readonly value: string;
  readonly options: readonly string[];
}

/** A program of the person's own on a key. */
export interface Plugin {
  readonly name: string;
  /** As key tables write it. */
  readonly key: string;
  readonly description: string;
  /** Where it is offered: names of resources and views, or `all`. */
  readonly scopes: readonly string[];
  readonly command: string;
  readonly args: readonly string[];
  /** Programs its output is sent through, one after the other. */
  readonly pipes: readonly string[];
  readonly background: boolean;
  readonly confirm: boolean;
  /** Whether it may change things; undefined: its author did not say. */
  readonly dangerous: boolean | undefined;
  /** Whether it goes before what the key does otherwise. */
  readonly override: boolean;
  /** Its output takes the place of the usual message. */
  readonly showsOutput: boolean;
  readonly inputs: readonly PluginInput[];
}

const inputTypes = ['string', 'number', 'bool', 'dropdown'] as const;
const mostInputs = 5;

/**
 * Understands plugins.yaml (`plugins:` and a map), a map without that, or a file with one plugin, named after the file.
 * Follows: k9s' plugin files. @throws {TypeError} what is no plugin, by name.
 */
export function parsePlugins(document: unknown, fileName = 'plugin'): readonly Plugin[] {
  if (document === null || document === undefined) return [];
  if (!isFields(document)) throw new TypeError('plugins has to map names to plugins');
  if (typeof document['command'] === 'string') return [parsePlugin(fileName, document)];
  const plugins = document['plugins'] ?? (('plugins' in document ? {} : document) as unknown);
  if (!isFields(plugins)) throw new TypeError('plugins has to map names to plugins');
  return Object.entries(plugins).map(([name, plugin]) => parsePlugin(name, plugin));
}

function parsePlugin(name: string, fields: unknown): Plugin {
  if (!isFields(fields)) throw new TypeError(`plugin ${name} is no map`);
  const command = textIn(fields, 'command');
  if (command === undefined) throw new TypeError(`plugin ${name} has no command`);
  const shortCut = textIn(fields, 'shortCut') ?? '';
  const key = keyOf(shortCut);
  if (key === undefined) throw new TypeError(`plugin ${name} has no key: ${shortCut}`);
  const given = fields['inputs'];
  const inputs = (Array.isArray(given) ? given : []).map((input) => parseInput(name, input));
  if (inputs.length > mostInputs) throw new TypeError(`plugin ${name} has more than ${mostInputs} inputs`);
  if (new Set(inputs.map((input) => input.name)).size < inputs.length)
    throw new TypeError(`plugin ${name} has two inputs of one name`);
  return {
    name,
    key,
    description: textIn(fields, 'description') ?? name,
    scopes: textsIn(fields, 'scopes').map((scope) => scope.toLowerCase()),
    command,
    args: textsIn(fields, 'args'),
    pipes: textsIn(fields, 'pipes'),
    background: booleanIn(fields, 'background') ?? false,
    // Follows: k9s: who is asked for inputs is asked whether he means it, unless the plugin says otherwise.
    confirm: booleanIn(fields, 'confirm') ?? inputs.length > 0,
    dangerous: booleanIn(fields, 'dangerous'),
    override: booleanIn(fields, 'override') ?? false,
    showsOutput: booleanIn(fields, 'overwriteOutput') ?? false,
    inputs,
  };
}

function parseInput(plugin: string, fields: unknown): PluginInput {
  const input: Fields = isFields(fields) ? fields : {};
  const name = textIn(input, 'name');
  const type = inputTypes.find((one) => one === input['type']);
  if (name === undefined || type === undefined)
    throw new TypeError(`plugin ${plugin}: an input needs a name and a type (${inputTypes.join(', ')})`);
  const options = type === 'bool' ? ['false', 'true'] : textsIn(input, 'options');
  if (type === 'dropdown' && options.length === 0)
    throw new TypeError(`plugin ${plugin}: dropdown ${name} has no options`);
  const value = textIn(input, 'default') ?? options[0] ?? '';
  if (options.length > 0 && !options.includes(value))
    throw new TypeError(`plugin ${plugin}: ${value} is none of the options of ${name}`);
  return {
    name,
    label: textIn(input, 'label') ?? name,
    type,
    required: booleanIn(input, 'required') ?? false,
    value,
    options,
  };
}
