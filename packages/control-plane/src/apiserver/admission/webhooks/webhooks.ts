import { ApiError, applyJsonPatch } from '@geobuk/api';
import type {
  JsonObject,
  JsonPatchOperation,
  KubernetesObject,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  StatusReason,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '@geobuk/api';
import { allSettledOrThrow } from '@geobuk/client';
import { CelError } from '../../cel/expression.js';
import { complete, decodeServed } from '../../registry/object-checks.js';
import { atVersion, storePrefix } from '../../resources/served-resource.js';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.js';
import { admissionReviewRequest, asJsonRequest } from './admission-review.js';
import type { AdmissionResponse } from './admission-review.js';
import { admissionVariables, conditionsHold } from './match-conditions.js';
import { callWebhook, WebhookError } from './webhook-client.js';
import type { WebhookClientDeps } from './webhook-client.js';
import { matchedResource, selectorsMatch } from './webhook-rules.js';
import type { MatchDeps } from './webhook-rules.js';

const group = 'admissionregistration.k8s.io';

export type WebhookDeps = WebhookClientDeps & MatchDeps;

type Webhook = MutatingWebhook | ValidatingWebhook;

/** All webhooks of one sort, by the names of their configurations. */
async function webhooksOf<T extends Webhook>(
  { caches }: WebhookDeps,
  plural: string,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const cache = caches.cache(storePrefix(group, plural));
  if (cache.size === 0) return [];
  const { items } = await cache.list({ signal });
  return items.flatMap(
    ({ object }) =>
      ((object as MutatingWebhookConfiguration | ValidatingWebhookConfiguration).webhooks ??
        []) as unknown as readonly T[],
  );
}

/** Nobody locks himself out: configurations of admission are never asked about. */
const isExempt = ({ resource }: AdmissionRequest): boolean => resource.type.group === group;

/** Follows: MutatingAdmissionWebhook, checklist 2.8.5. */
export function mutatingWebhooks(deps: WebhookDeps): AdmissionPlugin {
  return {
    name: 'MutatingAdmissionWebhook',
    async admit(object, request, old) {
      if (isExempt(request)) return object;
      const webhooks = await webhooksOf<MutatingWebhook>(deps, 'mutatingwebhookconfigurations', request.signal);
      let current = object;
      const seen = new Map<MutatingWebhook, KubernetesObject>();
      for (const webhook of webhooks) {
        const changed = await ask(deps, webhook, request, current, old);
        if (changed === undefined) continue;
        current = changed;
        seen.set(webhook, current);
      }
      for (const [webhook, last] of seen) {
        // Somebody after it changed the object: it may want to look again, once.
        if (webhook.reinvocationPolicy !== 'IfNeeded' || last === current) continue;
        current = (await ask(deps, webhook, request, current, old)) ?? current;
      }
      return current;
    },
    async validate(object, request, old) {
      if (object !== undefined || isExempt(request)) return; // deletions: nothing to change, but they may refuse
      for (const webhook of await webhooksOf(deps, 'mutatingwebhookconfigurations', request.signal)) {
        await ask(deps, webhook, request, object, old);
      }
    },
  };
}

/** Follows: ValidatingAdmissionWebhook, checklist 2.8.6. */
export function validatingWebhooks(deps: WebhookDeps): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionWebhook',
    async validate(object, request, old) {
      if (isExempt(request)) return;
      const webhooks = await webhooksOf(deps, 'validatingwebhookconfigurations', request.signal);
      if (webhooks.length === 0) return;
      await allSettledOrThrow(webhooks.map((webhook) => ask(deps, webhook, request, object, old))).catch(
        (error: unknown) => {
          throw error instanceof AggregateError ? (error.errors[0] as Error) : error;
        },
      );
    },
  };
}

/**
 * The object as the webhook wants it; undefined when it is not asked, or has failed and that may be ignored.
 * @throws {ApiError} it said no, or failed.
 */
async function ask(
  deps: WebhookDeps,
  webhook: Webhook,
  request: AdmissionRequest,
  object: KubernetesObject | undefined,
  old: KubernetesObject | undefined,
): Promise<KubernetesObject | undefined> {
  const matching = { ...webhook, rules: webhook.rules ?? [] };
  const resource = matchedResource(deps, matching, request);
  if (resource === undefined || !selectorsMatch(deps, matching, request, object, old)) return undefined;
  const asked = admissionReviewRequest(request, resource, object, old);
  const mayFail = webhook.failurePolicy === 'Ignore';
  let response: AdmissionResponse;
  try {
    const conditions = webhook.matchConditions ?? [];
    if (conditions.length > 0) {
      const at = (one: KubernetesObject | undefined) => one && atVersion(resource, one);
      if (!conditionsHold(conditions, admissionVariables(at(object), at(old), asJsonRequest(asked)))) return undefined;
    }
    if (request.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') {
      throw ApiError.badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
    }
    response = await review(deps, webhook, asked, request.signal);
  } catch (error) {
    if (!(error instanceof WebhookError) && !(error instanceof CelError)) throw error;
    if (mayFail) return undefined;
    throw ApiError.internal(`failed calling webhook ${JSON.stringify(webhook.name)}: ${error.message}`, {
      cause: error,
    });
  }
  for (const warning of response.warnings ?? []) request.warn(warning);
  if (response.allowed !== true) throw denied(webhook.name, response);
  if (object === undefined || response.patch === undefined || response.patch === '') return object;
  return patched(request, resource, object, webhook.name, response);
}

async function review(
  deps: WebhookDeps,
  { clientConfig, timeoutSeconds = 10, admissionReviewVersions }: Webhook,
  request: ReturnType<typeof admissionReviewRequest>,
  signal: AbortSignal,
): Promise<AdmissionResponse> {
  const version = admissionReviewVersions.find((one) => one === 'v1' || one === 'v1beta1') ?? 'v1';
  const apiVersion = `admission.k8s.io/${version}`;
  const body = { kind: 'AdmissionReview', apiVersion, request };
  const answer = (await callWebhook(deps, clientConfig, body, { timeoutSeconds, signal })) as {
    readonly kind?: unknown;
    readonly apiVersion?: unknown;
    readonly response?: AdmissionResponse;
  } | null;
  const { response } = answer ?? {};
  if (answer?.kind !== 'AdmissionReview' || answer.apiVersion !== apiVersion) {
    throw new WebhookError(
      `expected webhook response of ${apiVersion}, Kind=AdmissionReview, got ${String(answer?.apiVersion)}, Kind=${String(answer?.kind)}`,
    );
  }
  if (response === undefined) throw new WebhookError('Webhook response was absent');
  if (response.uid !== request.uid) {
    throw new WebhookError(
      `expected response.uid=${JSON.stringify(request.uid)}, got ${JSON.stringify(response.uid ?? '')}`,
    );
  }
  if (response.patch !== undefined && response.patch !== '' && response.patchType !== 'JSONPatch') {
    throw new WebhookError(
      `webhook returned response.patch but response.patchType is ${JSON.stringify(response.patchType ?? '')}`,
    );
  }
  return response;
}

/** Follows: checklist 2.7.17. */
function denied(name: string, { status = {} }: AdmissionResponse): ApiError {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`;
  const { message = '', reason } = status;
  const code = status.code !== undefined && status.code >= 400 && status.code < 600 ? status.code : 403;
  const said = message !== '' ? `: ${message}` : reason !== undefined ? `: ${reason}` : ' without explanation';
  const why = (reason ?? (code === 403 ? 'Forbidden' : 'BadRequest')) as StatusReason;
  return ApiError.of(code, why, `${by}${said}`, status.details);
}

function patched(
  request: AdmissionRequest,
  resource: AdmissionRequest['resource'],
  object: KubernetesObject,
  name: string,
  { patch = '' }: AdmissionResponse,
): KubernetesObject {
  try {
    const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as readonly JsonPatchOperation[];
    const before = atVersion(resource, object) as unknown as JsonObject;
    const after = applyJsonPatch(before, operations) as unknown as KubernetesObject;
    const own = atVersion(request.resource, after);
    return complete(request.resource, decodeServed(request.resource, own).object);
  } catch (cause) {
    throw ApiError.internal(
      `webhook ${JSON.stringify(name)} returned a patch that cannot be applied: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}
