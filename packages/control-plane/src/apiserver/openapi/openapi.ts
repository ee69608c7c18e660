import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ApiError } from '@geobuk/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AggregatedApis } from '../aggregation/aggregated-apis.js';
import { parseAccept } from '../http/negotiation.js';
import { acceptsGzip } from '../http/respond.js';
import type { ResourceCatalog } from '../resources/resource-catalog.js';
import type { ServedResource } from '../resources/served-resource.js';
import { definitionOf, pathsOf } from './document.js';
import type { Dialect } from './document.js';
import { closureOf, collectRefs, customDefinitions, withReferencesAlone } from './schemas.js';
import type { Definition } from './schemas.js';
import { encodeSwagger, swaggerProtobufTypes } from './swagger-protobuf.js';
import type { SwaggerDocument } from './swagger-protobuf.js';

const info = { title: 'Kubernetes', version: 'v1.34.0' };
const gvksOfEverything = [
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
];

const v2: Dialect = {
  ref: (definition) => ({ $ref: `#/definitions/${definition}` }),
  parameter: (name, location, type) => ({
    name,
    in: location,
    type,
    uniqueItems: true,
    ...(location === 'path' ? { required: true } : {}),
  }),
  body: (definition) => ({
    parameters: [
      {
        name: 'body',
        in: 'body',
        required: true,
        schema: definition === undefined ? {} : { $ref: `#/definitions/${definition}` },
      },
    ],
  }),
  responses: (definition, codes) =>
    Object.fromEntries(
      codes.map((code) => [
        String(code),
        { description: 'OK', ...(definition === undefined ? {} : { schema: { $ref: `#/definitions/${definition}` } }) },
      ]),
    ),
};

const schemaPath = '#/components/schemas/';
const v3: Dialect = {
  ref: (definition) => ({ $ref: schemaPath + definition }),
  parameter: (name, location, type) => ({
    name,
    in: location,
    schema: { type, uniqueItems: true },
    ...(location === 'path' ? { required: true } : {}),
  }),
  body: (definition, mediaTypes) => ({
    parameters: [],
    requestBody: {
      content: Object.fromEntries(mediaTypes.map((type) => [type, { schema: { $ref: schemaPath + definition } }])),
      required: true,
    },
  }),
  responses: (definition, codes) =>
    Object.fromEntries(
      codes.map((code) => [
        String(code),
        {
          description: 'OK',
          content: {
            'application/json': { schema: definition === undefined ? {} : { $ref: schemaPath + definition } },
          },
        },
      ]),
    ),
};

interface Document {
  readonly bytes: Buffer;
  readonly hash: string;
  readonly mediaType: string;
  /** Made when first asked for. */
  gzipped?: Promise<Buffer> | undefined;
}

export interface OpenApiDeps {
  readonly catalog: ResourceCatalog;
  readonly aggregated: Pick<AggregatedApis, 'generation' | 'descriptions'>;
}

/** What is served, described. Documents are made when asked for, once for each state of the catalog. Follows: checklist 1.4. */
export class OpenApi {
  readonly #deps: OpenApiDeps;
  #generation = '';
  readonly #documents = new Map<string, Document>();
  #v2: Promise<SwaggerDocument> | undefined;
  #v2Json: Promise<Document> | undefined;
  #v2Protobuf: Promise<Document> | undefined;

  constructor(deps: OpenApiDeps) {
    this.#deps = deps;
  }

  /** `/openapi/v3`: where each group version's document is, with its hash; other servers say theirs. */
  index(): object {
    const paths: Record<string, object> = {};
    for (const path of this.#groupVersions()) {
      const { hash } = this.#document(path);
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    }
    for (const [path, { v3Url }] of this.#deps.aggregated.descriptions()) {
      if (v3Url !== undefined) paths[path] = { serverRelativeURL: v3Url };
    }
    return { paths };
  }

  /** `/openapi/v3/<path>`; with the right hash for ever, with an outdated one a redirect (1.4.3). */
  async sendV3(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const path = request.info.path.replace(/^\/openapi\/v3\//, '').replace(/\/$/, '');
    if (!this.#groupVersions().includes(path)) throw ApiError.noSuchResource();
    const document = this.#document(path);
    const asked = request.search.get('hash');
    if (asked !== null && asked !== document.hash)
      return reply.redirect(`/openapi/v3/${path}?hash=${document.hash}`, 301);
    if (asked !== null) reply.header('cache-control', 'public, immutable');
    return send(request, reply, document);
  }

  /** `/openapi/v2`, in JSON or as protobuf; older clients ask for that (1.4.4). @throws {ApiError} NotAcceptable. */
  async sendV2(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const form = formOf(request.headers.accept ?? '*/*');
    this.#refresh();
    const document =
      form === 'json' ? (this.#v2Json ??= this.#makeV2Json()) : (this.#v2Protobuf ??= this.#makeV2Protobuf());
    return send(request, reply, await document);
  }

  #refresh(): void {
    const { catalog, aggregated } = this.#deps;
    const generation = `${catalog.generation}/${aggregated.generation}`;
    if (this.#generation === generation) return;
    this.#generation = generation;
    this.#documents.clear();
    this.#v2 = undefined;
    this.#v2Json = undefined;
    this.#v2Protobuf = undefined;
  }

  #groupVersions(): readonly string[] {
    return [...new Set(this.#deps.catalog.all().map(pathOf))];
  }

  #document(path: string): Document {
    this.#refresh();
    let document = this.#documents.get(path);
    if (document === undefined) {
      const resources = this.#deps.catalog.all().filter((resource) => pathOf(resource) === path);
      const paths = Object.assign({}, ...resources.map((resource) => pathsOf(resource, v3))) as object;
      const schemas = withReferencesAlone(definitionsOf(resources, paths, false));
      const text = JSON.stringify({ openapi: '3.0.0', info, paths, components: { schemas } });
      document = encoded(Buffer.from(text.replaceAll('#/definitions/', schemaPath)), 'application/json');
      this.#documents.set(path, document);
    }
    return document;
  }

  async #makeV2Json(): Promise<Document> {
    const { info: about, paths, definitions } = await (this.#v2 ??= this.#makeV2());
    await nextTurn();
    const text = JSON.stringify({ swagger: '2.0', info: about, paths, definitions });
    return encoded(Buffer.from(text), 'application/json');
  }

  async #makeV2Protobuf(): Promise<Document> {
    return encoded(await encodeSwagger(await (this.#v2 ??= this.#makeV2())), swaggerProtobufTypes[1]);
  }

  async #makeV2(): Promise<SwaggerDocument> {
    const all = this.#deps.catalog.all();
    const paths: Record<string, object> = {};
    for (const [index, resource] of all.entries()) {
      if (index % 10 === 9) await nextTurn();
      Object.assign(paths, pathsOf(resource, v2));
    }
    const definitions: Record<string, unknown> = { ...definitionsOf(all, paths, true) };
    for (const { v2: other } of this.#deps.aggregated.descriptions().values()) {
      if (other === undefined) continue;
      // What both describe, such as ObjectMeta, is described as this server knows it.
      for (const [name, definition] of Object.entries(other.definitions)) definitions[name] ??= definition;
      for (const [path, operations] of Object.entries(other.paths)) paths[path] ??= operations as object;
    }
    return { info, paths, definitions };
  }
}

/** The first form of the Accept header that there is. */
function formOf(accept: string): 'json' | 'protobuf' {
  for (const { type } of parseAccept(accept)) {
    if ((swaggerProtobufTypes as readonly string[]).includes(type)) return 'protobuf';
    if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'json';
  }
  throw ApiError.of(
    406,
    'NotAcceptable',
    `only the following media types are accepted: application/json, ${swaggerProtobufTypes.join(', ')}`,
  );
}

const pathOf = ({ type }: ServedResource): string =>
  type.group === '' ? `api/${type.version}` : `apis/${type.group}/${type.version}`;

function definitionsOf(resources: readonly ServedResource[], paths: object, abridged: boolean) {
  const own: Record<string, Definition> = {};
  for (const resource of resources) Object.assign(own, customDefinitions(resource, abridged));
  const roots = [...gvksOfEverything, ...resources.map((resource) => definitionOf(resource))];
  collectRefs(paths, roots);
  return closureOf(roots, own);
}

function encoded(bytes: Buffer, mediaType: string): Document {
  return { bytes, mediaType, hash: createHash('sha512').update(bytes).digest('hex').toUpperCase().slice(0, 64) };
}

const compress = promisify(gzip);
const gzipFromBytes = 128 * 1024;

async function send(request: FastifyRequest, reply: FastifyReply, document: Document): Promise<FastifyReply> {
  const { bytes, hash, mediaType } = document;
  const etag = `"${hash}"`;
  reply.header('etag', etag).header('vary', 'Accept-Encoding, Accept');
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  reply.code(200).header('content-type', mediaType);
  if (bytes.length < gzipFromBytes || !acceptsGzip(request)) return reply.send(bytes);
  reply.header('content-encoding', 'gzip');
  return reply.send(await (document.gzipped ??= compress(bytes)));
}
