import { ApiError, fieldOf, isJsonObject, parseFieldSelector } from '@geobuk/api';
import type { Json, JsonObject } from '@geobuk/api';
import type { Authenticator } from '../authentication/authenticator.js';
import type { User } from '../authentication/user.js';
import type { Attributes, Authorizer } from '../authorization/authorizer.js';
import type { RbacAuthorizer } from '../authorization/rbac-authorizer.js';
import { decodeBody } from '../endpoints/decode-body.js';
import type { Endpoint, ResourceRequest } from '../endpoints/endpoint.js';
import { negotiate } from '../http/negotiation.js';
import { sendValue } from '../http/respond.js';

export interface ReviewDeps {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
  now(): number;
}

type Review = JsonObject & { readonly spec?: Json };

/** What a review's status says. `namespace` is that of the request. */
export type ReviewFunction = (
  spec: JsonObject,
  asker: { readonly user: User; readonly namespace: string },
) => Json | Promise<Json>;

/** Questions about who and may, by `group/resource`; answered, never stored. Follows: checklist 2.2. */
export function reviewFunctions(deps: ReviewDeps): ReadonlyMap<string, ReviewFunction> {
  const decide = (user: User, spec: JsonObject): Json => {
    const decision = deps.authorizer.authorize(user, attributesOf(spec));
    return {
      allowed: decision.kind === 'allow',
      ...(decision.kind === 'deny' ? { denied: true } : {}),
      ...(decision.reason === '' ? {} : { reason: decision.reason }),
    };
  };
  return new Map<string, ReviewFunction>([
    ['authentication.k8s.io/tokenreviews', (spec) => reviewToken(deps, spec)],
    ['authentication.k8s.io/selfsubjectreviews', (_spec, { user }) => ({ userInfo: userInfo(user) as Json })],
    ['authorization.k8s.io/selfsubjectaccessreviews', (spec, { user }) => decide(user, spec)],
    ['authorization.k8s.io/subjectaccessreviews', (spec) => decide(userOf(spec), spec)],
    [
      'authorization.k8s.io/localsubjectaccessreviews',
      (spec, { namespace: asked }) => {
        const attributes = fieldOf(spec, 'resourceAttributes');
        const namespace = isJsonObject(attributes) ? fieldOf(attributes, 'namespace') : undefined;
        if (namespace !== asked)
          throw ApiError.badRequest(`spec.resourceAttributes.namespace must match namespace: ${asked}`);
        return decide(userOf(spec), spec);
      },
    ],
    [
      'authorization.k8s.io/selfsubjectrulesreviews',
      (spec, { user }) => rulesOf(deps.rbac, user, textOf(spec, 'namespace')),
    ],
  ]);
}

/** The same over HTTP. */
export const reviewEndpoints = (functions: ReadonlyMap<string, ReviewFunction>): ReadonlyMap<string, Endpoint> =>
  new Map([...functions].map(([name, review]) => [name, (call: ResourceRequest) => answer(review, call)]));

async function answer(review: ReviewFunction, call: ResourceRequest): ReturnType<Endpoint> {
  negotiate(call.request.headers.accept, []); // what is never stored has no table either (1.5.8)
  const asked = decodeBody(call) as unknown as Review;
  const spec = isJsonObject(asked.spec) ? asked.spec : {};
  const body = {
    ...asked,
    metadata: { ...(asked['metadata'] as object), creationTimestamp: null },
    status: await review(spec, { user: call.user, namespace: call.info.namespace }),
  };
  return sendValue(call.request, call.reply, 201, body);
}

const textOf = (object: JsonObject, name: string): string => {
  const value = fieldOf(object, name);
  return typeof value === 'string' ? value : '';
};

const textsOf = (object: JsonObject, name: string): readonly string[] => {
  const value = fieldOf(object, name);
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
};

/** @throws {ApiError} BadRequest: neither or both kinds of attributes. */
function attributesOf(spec: JsonObject): Attributes {
  const resource = fieldOf(spec, 'resourceAttributes');
  const nonResource = fieldOf(spec, 'nonResourceAttributes');
  if (isJsonObject(resource) === isJsonObject(nonResource)) {
    throw ApiError.badRequest('spec: exactly one of nonResourceAttributes or resourceAttributes must be specified');
  }
  if (isJsonObject(resource)) {
    return {
      isResource: true,
      verb: textOf(resource, 'verb'),
      group: textOf(resource, 'group'),
      version: textOf(resource, 'version'),
      resource: textOf(resource, 'resource'),
      subresource: textOf(resource, 'subresource'),
      namespace: textOf(resource, 'namespace'),
      name: textOf(resource, 'name'),
      path: '',
      ...selectorOf(resource),
    };
  }
  const asked = nonResource as JsonObject;
  return {
    isResource: false,
    verb: textOf(asked, 'verb'),
    path: textOf(asked, 'path'),
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
  };
}

/** Follows: fieldSelector of resource attributes: as text, or as requirements. @throws {ApiError} BadRequest: both. */
function selectorOf(resource: JsonObject): Pick<Attributes, 'fieldSelector'> {
  const selector = fieldOf(resource, 'fieldSelector');
  if (!isJsonObject(selector)) return {};
  const raw = textOf(selector, 'rawSelector');
  const requirements = fieldOf(selector, 'requirements');
  const given = Array.isArray(requirements)
    ? requirements.filter((one): one is JsonObject => isJsonObject(one as Json))
    : [];
  if (raw !== '' && given.length > 0)
    throw ApiError.badRequest('spec.resourceAttributes.fieldSelector: rawSelector and requirements exclude each other');
  try {
    if (raw !== '') return { fieldSelector: parseFieldSelector(raw) };
  } catch {
    return {}; // narrows nothing
  }
  // Requirements that are not understood narrow nothing, so they are left out.
  const fieldSelector = given.flatMap((one) => {
    const values = textsOf(one, 'values');
    const operator = textOf(one, 'operator');
    if (values.length !== 1 || (operator !== 'In' && operator !== 'NotIn')) return [];
    return [
      { field: textOf(one, 'key'), operator: operator === 'In' ? ('=' as const) : ('!=' as const), value: values[0]! },
    ];
  });
  return { fieldSelector };
}

/** @throws {ApiError} BadRequest: a review about nobody. */
function userOf(spec: JsonObject): User {
  const name = textOf(spec, 'user');
  const groups = textsOf(spec, 'groups');
  if (name === '' && groups.length === 0)
    throw ApiError.badRequest('spec.user: Invalid value: "": at least one of user or group must be specified');
  return { name, groups };
}

const userInfo = ({ name, uid, groups, extra }: User) => ({
  username: name,
  ...(uid === undefined ? {} : { uid }),
  groups,
  ...(extra === undefined ? {} : { extra }),
});

async function reviewToken({ authenticator }: ReviewDeps, spec: JsonObject): Promise<Json> {
  const audiences = textsOf(spec, 'audiences');
  try {
    const found = await authenticator.authenticateToken(
      textOf(spec, 'token'),
      audiences.length === 0 ? undefined : audiences,
    );
    return { authenticated: true, user: userInfo(found.user) as Json, audiences: found.audiences };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { authenticated: false, user: {}, error: 'invalid bearer token' };
  }
}

function rulesOf(rbac: RbacAuthorizer, user: User, namespace: string): Json {
  const all = user.groups.includes('system:masters')
    ? [
        { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
        { verbs: ['*'], nonResourceURLs: ['*'] },
      ]
    : [...rbac.rulesOf(user, ''), ...(namespace === '' ? [] : rbac.rulesOf(user, namespace))];
  const resourceRules = all.filter(({ nonResourceURLs }) => (nonResourceURLs ?? []).length === 0);
  const nonResourceRules = all.filter(({ nonResourceURLs }) => (nonResourceURLs ?? []).length > 0);
  return { resourceRules, nonResourceRules, incomplete: false } as unknown as Json;
}
