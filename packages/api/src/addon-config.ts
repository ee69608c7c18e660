import { createRequire } from 'node:module';
import type { ErrorObject, ValidateFunction } from 'ajv';
import type { Ajv2020 } from 'ajv/dist/2020.js';

export interface AddonConfigError {
  /** Such as `config.upstreams[0]`. */
  readonly path: string;
  readonly message: string;
}

export type ResolvedAddonConfig =
  | { readonly valid: true; readonly config: Readonly<Record<string, unknown>> }
  | { readonly valid: false; readonly errors: readonly AddonConfigError[] };

type ConfigSchema = Readonly<Record<string, unknown>>;

let loaded: Ajv2020 | undefined;

/** One compiler for all, made when it is needed first: it takes 10 MB, and most processes configure no addon. */
function ajv(): Ajv2020 {
  if (loaded !== undefined) return loaded;
  const module = createRequire(import.meta.url)('ajv/dist/2020.js') as { readonly Ajv2020: typeof Ajv2020 };
  loaded = new module.Ajv2020({ useDefaults: true, strict: false, allErrors: true, validateFormats: false });
  return loaded;
}

// A schema object is compiled once, since that costs milliseconds.
const compiled = new WeakMap<ConfigSchema, ValidateFunction>();

/**
 * What the user chose, completed by the defaults of the package's schema; the user's own values are never changed.
 * Follows: JSON Schema 2020-12; unlike it, `default` fills in.
 * @throws {Error} the schema itself is wrong.
 */
export function resolveAddonConfig(schema: ConfigSchema, chosen: ConfigSchema | undefined): ResolvedAddonConfig {
  const validate = compiled.get(schema) ?? ajv().compile(schema);
  compiled.set(schema, validate);
  const config = structuredClone(chosen ?? {}) as Record<string, unknown>;
  if (validate(config)) return { valid: true, config };
  return { valid: false, errors: (validate.errors ?? []).map(configError) };
}

function configError(error: ErrorObject): AddonConfigError {
  const { instancePath, message = 'is wrong', keyword, params } = error;
  const path = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((text, part) => (/^\d+$/.test(part) ? `${text}[${part}]` : `${text}.${part}`), 'config');
  switch (keyword) {
    case 'additionalProperties':
      return { path: `${path}.${String(params['additionalProperty'])}`, message: 'no such field' };
    case 'required':
      return { path: `${path}.${String(params['missingProperty'])}`, message: 'must be set' };
    case 'enum':
      return { path, message: `must be one of ${(params['allowedValues'] as readonly unknown[]).join(', ')}` };
    default:
      return { path, message };
  }
}
