import { ApiError, fieldOf, isJsonArray, isJsonObject, validateAnnotations, validateLabels } from '@geobuk/api';
import type { CustomResourceDefinition, Json, JsonObject, KubernetesObject } from '@geobuk/api';
import { callWebhook, WebhookError } from '../admission/webhooks/webhook-client.js';
import type { WebhookClientDeps } from '../admission/webhooks/webhook-client.js';
import type { Converter } from '../resources/served-resource.js';

type Webhook = NonNullable<NonNullable<CustomResourceDefinition['spec']['conversion']>['webhook']>;

const timeoutSeconds = 30;

export interface ConversionWebhookDeps extends WebhookClientDeps {
  newUid(): string;
}

/**
 * Asks a definition's webhook to bring objects from one version to another. Only labels, annotations and what lies
 * outside metadata are the webhook's; the rest of metadata stays as it was.
 * Follows: ConversionReview (apiextensions.k8s.io/v1 and v1beta1), checklist 3.4.2.
 */
export class ConversionWebhook implements Converter {
  readonly #deps: ConversionWebhookDeps;
  readonly #webhook: Webhook;

  constructor(deps: ConversionWebhookDeps, webhook: Webhook) {
    this.#deps = deps;
    this.#webhook = webhook;
  }

  async convert(
    objects: readonly KubernetesObject[],
    apiVersion: string,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<readonly KubernetesObject[]> {
    const [first] = objects;
    if (first === undefined) return [];
    const subject = `conversion webhook for ${shownKind(first)}`;
    const version = this.#webhook.conversionReviewVersions.find((one) => one === 'v1' || one === 'v1beta1');
    if (version === undefined) throw failure('no supported conversion review versions');
    const uid = this.#deps.newUid();
    const review = {
      kind: 'ConversionReview',
      apiVersion: `apiextensions.k8s.io/${version}`,
      request: { uid, desiredAPIVersion: apiVersion, objects },
    };
    let answer: unknown;
    try {
      answer = await callWebhook(this.#deps, this.#webhook.clientConfig ?? {}, review, { timeoutSeconds, signal });
    } catch (cause) {
      if (!(cause instanceof WebhookError)) throw cause;
      throw failure(`${subject} failed: ${cause.message.replace(/^failed to call webhook: /, '')}`, cause);
    }
    const answers = objectsOf(answer as Json, review.apiVersion, version === 'v1' ? uid : undefined, subject);
    if (answers.length !== objects.length) {
      throw failure(`${subject} returned ${answers.length} objects, expected ${objects.length}`);
    }
    return objects.map((object, i) => accepted(object, answers[i]!, apiVersion, i, subject));
  }
}

/** 500 without a reason, as clients know it: `Error from server: conversion webhook for … failed: …`. */
const failure = (message: string, cause?: unknown): ApiError =>
  new ApiError(
    { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 },
    cause === undefined ? undefined : { cause },
  );

/** `example.com/v1, Kind=Thing`. */
const shownKind = ({ apiVersion, kind }: { readonly apiVersion?: unknown; readonly kind?: unknown }): string =>
  `${String(apiVersion)}, Kind=${String(kind)}`;

function objectsOf(answer: Json, apiVersion: string, uid: string | undefined, subject: string): readonly Json[] {
  const refuse = (why: string): ApiError => failure(`${subject} failed: ${why}`);
  if (!isJsonObject(answer)) throw refuse('no response provided');
  const kind = fieldOf(answer, 'kind');
  const answered = fieldOf(answer, 'apiVersion');
  if (kind !== 'ConversionReview' || answered !== apiVersion) {
    const wanted = shownKind({ apiVersion, kind: 'ConversionReview' });
    const got = shownKind({ apiVersion: answered ?? '', kind: kind ?? '' });
    throw refuse(`expected webhook response of ${wanted}, got ${got}`);
  }
  const response = fieldOf(answer, 'response');
  if (!isJsonObject(response)) throw refuse('no response provided');
  const answeredUid = fieldOf(response, 'uid') ?? '';
  if (uid !== undefined && answeredUid !== uid) {
    throw refuse(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(answeredUid)}`);
  }
  const result = fieldOf(response, 'result');
  const status = isJsonObject(result) ? fieldOf(result, 'status') : undefined;
  if (status !== 'Success') {
    const message = isJsonObject(result) ? fieldOf(result, 'message') : undefined;
    const said = typeof message === 'string' && message !== '' ? message : undefined;
    throw refuse(said ?? `response.result.status was '${typeof status === 'string' ? status : ''}', not 'Success'`);
  }
  const objects = fieldOf(response, 'convertedObjects');
  return isJsonArray(objects) ? objects : [];
}

/** The answer for one object, with the metadata that is not the webhook's to change. */
function accepted(
  object: KubernetesObject,
  answer: Json,
  apiVersion: string,
  index: number,
  subject: string,
): KubernetesObject {
  const bad = (why: string): ApiError =>
    failure(`${subject} returned invalid converted object at index ${index}: ${why}`);
  if (!isJsonObject(answer)) throw bad('it is no object');
  const { apiVersion: version, kind, metadata, ...rest } = answer;
  if (version !== apiVersion) throw bad(`invalid groupVersion (expected ${apiVersion}, received ${String(version)})`);
  if (kind !== object.kind) throw bad(`invalid kind (expected ${object.kind}, received ${String(kind)})`);
  if (!isJsonObject(metadata)) {
    throw failure(`${subject} returned invalid metadata in object at index ${index}: missing metadata`);
  }
  for (const [field, shown] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const before = object.metadata[field] ?? '';
    const after = fieldOf(metadata, field) ?? '';
    if (before !== after) throw bad(`must have the same ${shown}: ${before} != ${JSON.stringify(after)}`);
  }
  const { labels: _labels, annotations: _annotations, ...kept } = object.metadata;
  const own: { labels?: Readonly<Record<string, string>>; annotations?: Readonly<Record<string, string>> } = {};
  for (const field of ['labels', 'annotations'] as const) {
    const value = fieldOf(metadata, field);
    if (value === undefined || value === null) continue;
    if (!isTexts(value)) {
      throw failure(
        `${subject} returned invalid metadata in object at index ${index}: metadata.${field} must map strings to strings`,
      );
    }
    own[field] = value;
  }
  const [error] = [
    ...validateLabels(own.labels, 'metadata.labels'),
    ...validateAnnotations(own.annotations, 'metadata.annotations'),
  ];
  if (error !== undefined) {
    throw failure(`${subject} returned invalid metadata in object at index ${index}: ${error.field}: ${error.message}`);
  }
  return { apiVersion, kind: object.kind, metadata: { ...kept, ...own }, ...rest } as unknown as KubernetesObject;
}

const isTexts = (value: Json): value is Readonly<Record<string, string>> & JsonObject =>
  isJsonObject(value) && Object.values(value).every((one) => typeof one === 'string');
