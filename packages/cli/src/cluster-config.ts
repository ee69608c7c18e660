import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { AddonSource, AddonSpec } from '@geobuk/api';
import { resolveAddonConfig } from '@geobuk/api';
import type { Command } from 'commander';
import { onDemand } from './on-demand.js';
import { CliError } from './cli-error.js';

/** What a file says of one addon; what it does not say is left to the addon and its user. */
export interface AddonWish {
  readonly name: string;
  readonly enabled: boolean;
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly source?: AddonSource | { readonly file: string; readonly allow?: readonly string[] } | undefined;
  readonly updatePolicy?: AddonSpec['updatePolicy'];
  readonly onDisable?: AddonSpec['onDisable'];
}

/** `geobuk up --config`: the flags of the command, in camelCase, and the addons. */
export interface ClusterConfigFile {
  readonly options: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly addons: readonly AddonWish[];
}

const text = { type: 'string', minLength: 1 } as const;
const texts = { type: 'array', items: text } as const;
const closed = { type: 'object', additionalProperties: false } as const;

const addonEntry = {
  ...closed,
  required: ['name'],
  properties: {
    name: text,
    enabled: { type: 'boolean' },
    config: { type: 'object' },
    updatePolicy: { enum: ['Platform', 'Pinned', 'Auto'] },
    onDisable: { ...closed, properties: { data: { enum: ['Retain', 'Delete'] } } },
    source: {
      ...closed,
      properties: {
        file: text,
        package: text,
        version: text,
        integrity: { type: 'string', pattern: '^sha512-[A-Za-z0-9+/]{86}==$' },
        allow: texts,
      },
    },
  },
} as const;

/** One option of the command, as the file may say it. */
export interface FileOption {
  /** In camelCase: `dataDir` for `--data-dir`. */
  readonly name: string;
  readonly kind: 'switch' | 'text' | 'texts';
}

/** The flags that count and the addons, once the file that `--config` names is read. @throws {CliError} usage. */
export function configOf<T extends { readonly config?: string }>(
  command: Command,
  typed: T,
): { readonly flags: T; readonly addons: readonly AddonWish[] } {
  if (typed.config === undefined) return { flags: typed, addons: [] };
  const options = command.options
    .map((option): FileOption => {
      const kind = option.isBoolean() || option.negate ? 'switch' : option.variadic ? 'texts' : 'text';
      return { name: option.attributeName(), kind };
    })
    .filter(({ name }) => !['config', 'enable', 'disable'].includes(name));
  const file = readClusterConfig(typed.config, options);
  const isTyped = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
  return { flags: withFileOptions(typed, file, isTyped), addons: file.addons };
}

const valueOf = {
  switch: { type: 'boolean' },
  text: { type: ['string', 'integer'], minLength: 1 },
  texts,
} as const;

/** @throws {CliError} the file cannot be read, or says something that is not understood: one line with where. */
function readClusterConfig(file: string, options: readonly FileOption[]): ClusterConfigFile {
  let value: unknown;
  try {
    value = onDemand.yaml.parse(readFileSync(file, 'utf8')) ?? {};
  } catch (cause) {
    const [line = ''] = (cause as Error).message.split('\n');
    throw new CliError(`${file}: ${line}: mend the file`, 2, { cause });
  }
  return parseClusterConfig(value, options, file);
}

export function parseClusterConfig(value: unknown, known: readonly FileOption[], file: string): ClusterConfigFile {
  const schema = {
    ...closed,
    properties: {
      ...Object.fromEntries(known.map(({ name, kind }) => [name, valueOf[kind]])),
      addons: { type: 'array', items: { anyOf: [text, addonEntry] } },
    },
  };
  const wrong = (where: string, message: string): CliError =>
    new CliError(`${file}: ${where}: ${message}: mend the file`, 2);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong('the file', 'must hold options such as port: 6443');
  const checked = resolveAddonConfig(schema, value as Readonly<Record<string, unknown>>);
  if (!checked.valid) {
    const [first] = mostTelling(checked.errors);
    throw wrong(first?.path.replace(/^config\.?/, '') || 'the file', first?.message ?? 'is wrong');
  }
  const { addons = [], ...options } = value as ClusterConfigFile['options'] & {
    readonly addons?: readonly (string | (Omit<AddonWish, 'enabled'> & { readonly enabled?: boolean }))[];
  };
  const wishes = addons.map((entry): AddonWish =>
    typeof entry === 'string' ? { name: entry, enabled: true } : { ...entry, enabled: entry.enabled ?? true },
  );
  for (const [index, { name, source }] of wishes.entries()) {
    if (wishes.findIndex((other) => other.name === name) !== index)
      throw wrong(`addons[${index}].name`, `${name} is there twice`);
    if (source !== undefined && 'file' in source === 'package' in source)
      throw wrong(`addons[${index}].source`, 'must say either file or package');
  }
  return { options, addons: wishes.map((wish) => withFile(wish, dirname(resolve(file)))) };
}

/** Of the ways in which an entry of `addons` is wrong, not that it is no plain name. */
function mostTelling(errors: readonly { readonly path: string; readonly message: string }[]) {
  const telling = errors.filter(({ message }) => message !== 'must be string' && !message.includes('anyOf'));
  return telling.length > 0 ? telling : errors;
}

function withFile(wish: AddonWish, base: string): AddonWish {
  const { source } = wish;
  if (source === undefined || !('file' in source) || isAbsolute(source.file)) return wish;
  return { ...wish, source: { ...source, file: resolve(base, source.file) } };
}

/** The flags of a command, completed by the file; what was typed wins. */
export function withFileOptions<T extends object>(
  flags: T,
  { options }: ClusterConfigFile,
  isTyped: (name: string) => boolean,
): T {
  const fromFile = Object.entries(options)
    .filter(([name]) => !isTyped(name))
    .map(([name, value]) => [name, typeof value === 'number' ? String(value) : value] as const);
  return { ...flags, ...Object.fromEntries(fromFile) };
}
