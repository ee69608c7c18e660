import { readFileSync } from 'node:fs';
import { isJsonArray, isJsonObject } from '@geobuk/api';
import type { Json, JsonObject } from '@geobuk/api';
import { ConfigError } from '../../config.js';
import { onDemand } from '../../on-demand.js';
import { CelError, compileExpression } from '../cel/expression.js';
import type { Expression } from '../cel/expression.js';
import { kubernetesEnvironment } from '../cel/kubernetes-environment.js';
import type { ClaimMapping, JwtIssuerConfig } from './jwt-issuer.js';
import type { OidcFlags } from './oidc-flags.js';

/** Whether those who show nothing are let in as `system:anonymous`; `paths`: only there. */
export interface AnonymousConfig {
  readonly enabled: boolean;
  readonly paths?: ReadonlySet<string> | undefined;
}

export interface AuthenticationConfig {
  readonly issuers: readonly JwtIssuerConfig[];
  readonly anonymous: AnonymousConfig;
}

export const plainAuthentication: AuthenticationConfig = { issuers: [], anonymous: { enabled: true } };

const claimsEnvironment = kubernetesEnvironment(['claims']);
const userEnvironment = kubernetesEnvironment(['user']);
const everyAlgorithm = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'EdDSA'];

/** @throws {ConfigError} a file that cannot be read, an issuer that is no https URL. */
export function oidcIssuer(flags: OidcFlags): JwtIssuerConfig {
  const { issuerUrl, clientId, usernameClaim = 'sub', usernamePrefix, groupsClaim, groupsPrefix = '' } = flags;
  if (!/^https:\/\/[^?#]+$/.test(issuerUrl))
    throw new ConfigError(`--oidc-issuer-url ${issuerUrl}: must be an https:// URL without query`);
  const prefix =
    usernamePrefix === undefined
      ? usernameClaim === 'email'
        ? ''
        : `${issuerUrl}#`
      : usernamePrefix === '-'
        ? ''
        : usernamePrefix;
  return {
    issuerUrl,
    audiences: [clientId],
    algorithms: flags.signingAlgs ?? ['RS256'],
    ...(flags.caFile === undefined ? {} : { caPem: fileText(flags.caFile, '--oidc-ca-file') }),
    username: { claim: usernameClaim, prefix },
    ...(groupsClaim === undefined ? {} : { groups: { claim: groupsClaim, prefix: groupsPrefix } }),
    extra: [],
    claimRules: Object.entries(flags.requiredClaims ?? {}).map(([claim, requiredValue]) => ({ claim, requiredValue })),
    userRules: [],
  };
}

function fileText(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${flag} ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Follows: AuthenticationConfiguration of apiserver.config.k8s.io. @throws {ConfigError} it cannot be used. */
export function readAuthenticationConfig(file: string): AuthenticationConfig {
  return new Parser(file).parse(fileText(file, '--authentication-config'));
}

class Parser {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  parse(text: string): AuthenticationConfig {
    let whole: unknown;
    try {
      whole = onDemand.yaml.parse(text, { version: '1.1' });
    } catch (cause) {
      return this.#fail((cause as Error).message.split('\n', 1)[0] ?? 'no YAML');
    }
    const config = this.#object(whole as Json, 'the file', ['apiVersion', 'kind', 'jwt', 'anonymous']);
    if (
      config['kind'] !== 'AuthenticationConfiguration' ||
      !String(config['apiVersion']).startsWith('apiserver.config.k8s.io/')
    )
      return this.#fail('must be apiVersion apiserver.config.k8s.io/v1, kind AuthenticationConfiguration');
    const issuers = this.#list(config['jwt'], 'jwt').map((one, i) => this.#issuer(one, `jwt[${i}]`));
    const urls = issuers.map(({ issuerUrl }) => issuerUrl);
    const twice = urls.find((url, i) => urls.indexOf(url) !== i);
    if (twice !== undefined) return this.#fail(`issuer ${twice} stands twice`);
    return { issuers, anonymous: this.#anonymous(config['anonymous']) };
  }

  #anonymous(value: Json | undefined): AnonymousConfig {
    if (value === undefined || value === null) return { enabled: true };
    const { enabled, conditions } = this.#object(value, 'anonymous', ['enabled', 'conditions']);
    const paths = this.#list(conditions, 'anonymous.conditions').map((one, i) =>
      this.#text(this.#object(one, `anonymous.conditions[${i}]`, ['path'])['path'], `anonymous.conditions[${i}].path`),
    );
    if (enabled !== true && paths.length > 0) return this.#fail('anonymous.conditions need enabled: true');
    return { enabled: enabled === true, ...(paths.length === 0 ? {} : { paths: new Set(paths) }) };
  }

  #issuer(value: Json, path: string): JwtIssuerConfig {
    const whole = this.#object(value, path, ['issuer', 'claimValidationRules', 'claimMappings', 'userValidationRules']);
    const issuer = this.#object(whole['issuer'], `${path}.issuer`, [
      'url',
      'discoveryURL',
      'certificateAuthority',
      'audiences',
      'audienceMatchPolicy',
      'egressSelectorType',
    ]);
    const issuerUrl = this.#text(issuer['url'], `${path}.issuer.url`);
    if (!/^https:\/\/[^?#]+$/.test(issuerUrl)) return this.#fail(`${path}.issuer.url must be an https:// URL`);
    const audiences = this.#list(issuer['audiences'], `${path}.issuer.audiences`).map((one) =>
      this.#text(one, `${path}.issuer.audiences`),
    );
    if (audiences.length === 0) return this.#fail(`${path}.issuer.audiences needs at least one`);
    if (audiences.length > 1 && issuer['audienceMatchPolicy'] !== 'MatchAny')
      return this.#fail(`${path}.issuer.audienceMatchPolicy must be MatchAny for several audiences`);
    const mappings = this.#object(whole['claimMappings'], `${path}.claimMappings`, [
      'username',
      'groups',
      'uid',
      'extra',
    ]);
    const at = `${path}.claimMappings`;
    const rules = this.#list(whole['claimValidationRules'], `${path}.claimValidationRules`);
    const userRules = this.#list(whole['userValidationRules'], `${path}.userValidationRules`);
    return {
      issuerUrl,
      ...(issuer['discoveryURL'] === undefined
        ? {}
        : { discoveryUrl: this.#text(issuer['discoveryURL'], `${path}.issuer.discoveryURL`) }),
      ...(issuer['certificateAuthority'] === undefined
        ? {}
        : { caPem: this.#text(issuer['certificateAuthority'], `${path}.issuer.certificateAuthority`) }),
      audiences,
      algorithms: everyAlgorithm,
      username: this.#mapping(mappings['username'], `${at}.username`, true),
      ...(mappings['groups'] === undefined ? {} : { groups: this.#mapping(mappings['groups'], `${at}.groups`, true) }),
      ...(mappings['uid'] === undefined ? {} : { uid: this.#mapping(mappings['uid'], `${at}.uid`, false) }),
      extra: this.#list(mappings['extra'], `${at}.extra`).map((one, i) => {
        const extra = this.#object(one, `${at}.extra[${i}]`, ['key', 'valueExpression']);
        const key = this.#text(extra['key'], `${at}.extra[${i}].key`);
        if (key !== key.toLowerCase() || !key.includes('/'))
          return this.#fail(`${at}.extra[${i}].key must be lower case with a domain before it`);
        return { key, expression: this.#expression(extra['valueExpression'], `${at}.extra[${i}].valueExpression`) };
      }),
      claimRules: rules.map((one, i) => {
        const where = `${path}.claimValidationRules[${i}]`;
        const rule = this.#object(one, where, ['claim', 'requiredValue', 'expression', 'message']);
        if (rule['expression'] === undefined)
          return {
            claim: this.#text(rule['claim'], `${where}.claim`),
            requiredValue: String(rule['requiredValue'] ?? ''),
          };
        const expression = this.#expression(rule['expression'], `${where}.expression`);
        return { expression, message: String(rule['message'] ?? `claims: ${expression.text}`) };
      }),
      userRules: userRules.map((one, i) => {
        const where = `${path}.userValidationRules[${i}]`;
        const rule = this.#object(one, where, ['expression', 'message']);
        const expression = this.#expression(rule['expression'], `${where}.expression`, userEnvironment);
        return { expression, message: String(rule['message'] ?? `user: ${expression.text}`) };
      }),
    };
  }

  #mapping(value: Json | undefined, path: string, needsPrefix: boolean): ClaimMapping {
    const mapping = this.#object(value, path, ['claim', 'prefix', 'expression']);
    if (mapping['expression'] !== undefined) {
      if (mapping['claim'] !== undefined) return this.#fail(`${path}: claim and expression exclude each other`);
      return { expression: this.#expression(mapping['expression'], `${path}.expression`) };
    }
    const { prefix } = mapping;
    if (needsPrefix && typeof prefix !== 'string')
      return this.#fail(`${path}.prefix is required with a claim; it may be empty`);
    return { claim: this.#text(mapping['claim'], `${path}.claim`), prefix: typeof prefix === 'string' ? prefix : '' };
  }

  #expression(value: Json | undefined, path: string, environment = claimsEnvironment): Expression {
    try {
      return compileExpression(environment, this.#text(value, path));
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      return this.#fail(`${path}: ${error.message}`);
    }
  }

  #object(value: Json | undefined, path: string, fields: readonly string[]): JsonObject {
    if (value === undefined || !isJsonObject(value)) return this.#fail(`${path} must be an object`);
    const strange = Object.keys(value).find((field) => !fields.includes(field));
    return strange === undefined ? value : this.#fail(`${path}: unknown field ${JSON.stringify(strange)}`);
  }

  #list(value: Json | undefined, path: string): readonly Json[] {
    if (value === undefined || value === null) return [];
    return isJsonArray(value) ? value : this.#fail(`${path} must be a list`);
  }

  #text(value: Json | undefined, path: string): string {
    return typeof value === 'string' && value !== '' ? value : this.#fail(`${path} must be a text`);
  }

  #fail(why: string): never {
    throw new ConfigError(`--authentication-config ${this.#file}: ${why}`);
  }
}
