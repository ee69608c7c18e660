import { ApiError, isJsonObject } from '@geobuk/api';
import type { Json, JsonObject } from '@geobuk/api';
import { onDemand } from '../../on-demand.js';
import { celValue, jsonOfCel } from '../cel/cel-value.js';
import { CelBudget } from '../cel/expression.js';
import type { Expression } from '../cel/expression.js';
import { IssuerKeys } from './issuer-keys.js';
import type { User } from './user.js';

/** A claim with a prefix, or an expression over all claims. */
export type ClaimMapping = { readonly claim: string; readonly prefix: string } | { readonly expression: Expression };

export type ClaimRule =
  | { readonly claim: string; readonly requiredValue: string }
  | { readonly expression: Expression; readonly message: string };

export interface JwtIssuerConfig {
  readonly issuerUrl: string;
  readonly discoveryUrl?: string | undefined;
  readonly caPem?: string | undefined;
  /** A token must be for one of them. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly string[];
  readonly username: ClaimMapping;
  readonly groups?: ClaimMapping | undefined;
  readonly uid?: ClaimMapping | undefined;
  readonly extra: readonly { readonly key: string; readonly expression: Expression }[];
  readonly claimRules: readonly ClaimRule[];
  readonly userRules: readonly { readonly expression: Expression; readonly message: string }[];
}

const budgetOfOne = 1_000_000;

/** Believes the tokens of one OpenID Connect issuer. Follows: the JWT authenticator, checklist 2.1.6. */
export class JwtIssuer {
  readonly #config: JwtIssuerConfig;
  readonly #keys: IssuerKeys;
  readonly #now: () => number;

  constructor(config: JwtIssuerConfig, now: () => number) {
    this.#config = config;
    this.#now = now;
    this.#keys = new IssuerKeys({ ...config, now });
  }

  /** Whether a token says that it is of this issuer. */
  claims(token: string): boolean {
    try {
      return onDemand.jose.decodeJwt(token).iss === this.#config.issuerUrl;
    } catch {
      return false; // no JWT
    }
  }

  /** @throws {ApiError} Unauthorized. */
  async authenticate(token: string): Promise<User> {
    const { issuerUrl, audiences, algorithms } = this.#config;
    try {
      const { payload } = await onDemand.jose.jwtVerify(token, this.#keys.get, {
        issuer: issuerUrl,
        audience: [...audiences],
        algorithms: [...algorithms],
        currentDate: new Date(this.#now()),
        requiredClaims: ['exp'],
      });
      return this.#userOf(payload as JsonObject);
    } catch (cause) {
      throw ApiError.of(401, 'Unauthorized', 'Unauthorized', undefined, { cause });
    }
  }

  #userOf(claims: JsonObject): User {
    const { username, groups, uid, extra, claimRules, userRules } = this.#config;
    const seen = { claims: celValue(claims) };
    const evaluate = (expression: Expression, variables: Readonly<Record<string, unknown>> = seen): Json =>
      jsonOfCel(expression.evaluate(variables, new CelBudget(budgetOfOne)));
    const mapped = (mapping: ClaimMapping): Json | undefined =>
      'expression' in mapping ? evaluate(mapping.expression) : claims[mapping.claim];
    for (const rule of claimRules) {
      if ('claim' in rule) {
        if (claims[rule.claim] !== rule.requiredValue)
          throw new Error(`claim ${rule.claim} has not the required value`);
      } else if (evaluate(rule.expression) !== true) throw new Error(rule.message);
    }
    const name = mapped(username);
    if (typeof name !== 'string' || name === '') throw new Error('no user name among the claims');
    if ('claim' in username && username.claim === 'email' && claims['email_verified'] === false)
      throw new Error('the email address is not verified');
    const given = groups === undefined ? [] : textsOf(mapped(groups));
    const id = uid === undefined ? undefined : mapped(uid);
    const extras = extra.flatMap(({ key, expression }) => {
      const values = textsOf(evaluate(expression));
      return values.length === 0 ? [] : [[key, values] as const];
    });
    const user: User = {
      name: withPrefix(username, name),
      groups: groups === undefined ? [] : given.map((group) => withPrefix(groups, group)),
      ...(typeof id === 'string' && id !== '' ? { uid: id } : {}),
      ...(extras.length === 0 ? {} : { extra: Object.fromEntries(extras) }),
    };
    const { name: userName, ...rest } = user;
    const shown = { user: celValue({ username: userName, ...rest } as unknown as Json) };
    for (const { expression, message } of userRules) if (evaluate(expression, shown) !== true) throw new Error(message);
    return user;
  }
}

const withPrefix = (mapping: ClaimMapping, value: string): string =>
  'claim' in mapping ? `${mapping.prefix}${value}` : value;

/** One text or a list of them. @throws anything else. */
function textsOf(value: Json | undefined): readonly string[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string') return [value];
  if (isJsonObject(value) || !Array.isArray(value) || value.some((one) => typeof one !== 'string'))
    throw new Error('a claim is neither a text nor a list of texts');
  return value as readonly string[];
}
