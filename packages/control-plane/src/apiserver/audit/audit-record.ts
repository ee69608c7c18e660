import { isJsonArray, isJsonObject } from '@geobuk/api';
import type { Json, JsonObject, Status } from '@geobuk/api';
import type { IncomingHttpHeaders } from 'node:http';
import type { User } from '../authentication/user.js';
import type { RequestInfo } from '../filters/request-info.js';
import { mediaTypeOf, parseBody } from '../http/request-body.js';
import type { AuditDecision, Stage } from './audit-policy.js';

/** What is known of a request when it arrives. */
export interface AuditedRequest {
  readonly auditId: string;
  /** Path and query, as they came. */
  readonly uri: string;
  readonly info: RequestInfo;
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string;
}

export interface AuditRecordDeps {
  readonly decision: AuditDecision;
  /** Undefined: nobody knows who asks. */
  readonly user: User | undefined;
  readonly request: AuditedRequest;
  now(): number;
  /** Takes each event of this request. */
  emit(event: JsonObject): void;
}

/** One request as the audit log tells it, stage by stage. Follows: audit.k8s.io/v1 Event. */
export class AuditRecord {
  readonly #deps: AuditRecordDeps;
  readonly #annotations = new Map<string, string>();
  readonly #receivedAt: number;
  #impersonated: User | undefined;
  #requestBody: Buffer | undefined;
  #requestObject: Json | undefined;
  #responseBytes: Buffer | undefined;
  #responseObject: Json | undefined;
  #status: Status | undefined;
  #hasFailed = false;
  #isOver = false;

  constructor(deps: AuditRecordDeps) {
    this.#deps = deps;
    this.#receivedAt = deps.now();
    this.#emit('RequestReceived');
  }

  get wantsResponse(): boolean {
    return this.#deps.decision.level === 'RequestResponse';
  }

  /** Whoever says a thing first is believed. */
  annotate(key: string, value: string): void {
    if (!this.#annotations.has(key)) this.#annotations.set(key, value);
  }

  impersonates(user: User): void {
    this.#impersonated = user;
  }

  /** What was sent; read when an event tells of it. */
  received(body: unknown): void {
    if (Buffer.isBuffer(body) && body.length > 0) this.#requestBody = body;
  }

  /** Encoded JSON that is answered with. */
  answered(json: Buffer): void {
    if (this.wantsResponse) this.#responseBytes = json;
  }

  /** The same, where what is answered with is no JSON. */
  answeredObject(object: unknown): void {
    if (this.wantsResponse) this.#responseObject = object as Json;
  }

  refused(status: Status): void {
    this.#status = status;
  }

  /** The request met a fault of the server's own. */
  failed(): void {
    this.#hasFailed = true;
  }

  /** The head of a long answer is out. */
  started(code: number): void {
    this.#emit('ResponseStarted', code);
  }

  /** Nothing more will come. Counts once. */
  complete(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#emit(this.#hasFailed ? 'Panic' : 'ResponseComplete', code);
  }

  #emit(stage: Stage, code?: number): void {
    const { decision, user, request, now, emit } = this.#deps;
    if (decision.omitStages.includes(stage)) return;
    const { level } = decision;
    const { info, headers } = request;
    const showsBodies = level === 'Request' || level === 'RequestResponse';
    const isOver = stage === 'ResponseComplete' || stage === 'Panic';
    const requestObject = isOver && showsBodies ? this.#request() : undefined;
    const responseObject = isOver && this.wantsResponse ? this.#response() : undefined;
    emit({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level,
      auditID: request.auditId,
      stage,
      requestURI: request.uri,
      verb: info.verb,
      user: user === undefined ? {} : userInfo(user),
      ...(this.#impersonated === undefined ? {} : { impersonatedUser: userInfo(this.#impersonated) }),
      sourceIPs: sourcesOf(request),
      ...(headers['user-agent'] === undefined ? {} : { userAgent: headers['user-agent'].slice(0, 1024) }),
      ...(info.isResource ? { objectRef: this.#reference(isOver) } : {}),
      ...(code === undefined ? {} : { responseStatus: this.#statusOf(code) }),
      ...(requestObject === undefined ? {} : { requestObject: this.#shown(requestObject) }),
      ...(responseObject === undefined ? {} : { responseObject: this.#shown(responseObject) }),
      requestReceivedTimestamp: microTime(this.#receivedAt),
      stageTimestamp: microTime(now()),
      ...(this.#annotations.size === 0 ? {} : { annotations: Object.fromEntries(this.#annotations) }),
    });
  }

  /** The name of what is made stands in the body only. */
  #reference(isOver: boolean): JsonObject {
    const { info } = this.#deps.request;
    let { name } = info;
    if (isOver && name === '' && info.verb === 'create') {
      const sent = this.#request();
      const metadata = isJsonObject(sent) ? sent['metadata'] : undefined;
      if (isJsonObject(metadata) && typeof metadata['name'] === 'string') name = metadata['name'];
    }
    return {
      resource: info.resource,
      ...(info.namespace === '' ? {} : { namespace: info.namespace }),
      ...(name === '' ? {} : { name }),
      ...(info.group === '' ? {} : { apiGroup: info.group }),
      apiVersion: info.version,
      ...(info.subresource === '' ? {} : { subresource: info.subresource }),
    };
  }

  #statusOf(code: number): JsonObject {
    if (this.#status === undefined) return { metadata: {}, code };
    const { kind: _kind, apiVersion: _version, ...status } = this.#status as unknown as JsonObject;
    return { ...status, metadata: {}, code };
  }

  #request(): Json | undefined {
    if (this.#requestObject === undefined && this.#requestBody !== undefined) {
      const { headers } = this.#deps.request;
      try {
        this.#requestObject = parseBody(this.#requestBody, headers['content-type'], false).value;
      } catch {
        // What nobody could read was refused; its size is all that can be said.
        this.#requestObject = {
          unreadable: true,
          bytes: this.#requestBody.length,
          type: mediaTypeOf(headers['content-type']),
        };
      }
    }
    return this.#requestObject;
  }

  #response(): Json | undefined {
    if (this.#responseObject === undefined && this.#responseBytes !== undefined)
      this.#responseObject = JSON.parse(this.#responseBytes.toString()) as Json;
    return this.#responseObject ?? (this.#status as unknown as Json | undefined);
  }

  #shown(value: Json): Json {
    return this.#deps.decision.omitManagedFields ? withoutManagedFields(value) : value;
  }
}

function withoutManagedFields(value: Json): Json {
  if (!isJsonObject(value)) return value;
  const { metadata, items } = value;
  const own =
    isJsonObject(metadata) && 'managedFields' in metadata
      ? { ...value, metadata: { ...metadata, managedFields: undefined as unknown as Json } }
      : value;
  return isJsonArray(items) ? { ...own, items: items.map(withoutManagedFields) } : own;
}

const userInfo = ({ name, uid, groups, extra }: User): JsonObject => ({
  username: name,
  ...(uid === undefined ? {} : { uid }),
  groups: [...groups],
  ...(extra === undefined ? {} : { extra: extra as unknown as JsonObject }),
});

function sourcesOf({ headers, remoteAddress }: AuditedRequest): Json {
  const forwarded = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .slice(0, 16);
  return forwarded.includes(remoteAddress) ? forwarded : [...forwarded, remoteAddress];
}

const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');
