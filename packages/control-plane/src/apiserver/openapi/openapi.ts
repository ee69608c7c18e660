import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ApiError } from '@geobuk/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseAccept } from '../http/negotiation.js';
import type { ResourceCatalog } from '../resources/resource-catalog.js';
import type { ServedResource } from '../resources/served-resource.js';
import { definitionOf, pathsOf } from './document.js';
import type { Dialect } from './document.js';
import { closureOf, collectRefs, customDefinitions } from './schemas.js';
import type { Definition } from './schemas.js';

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
  readonly json: Buffer;
  readonly hash: string;
}

/** What is served, described. Documents are made when asked for, once for each state of the catalog. Follows: checklist 1.4. */
export class OpenApi {
  readonly #catalog: ResourceCatalog;
  #generation = -1;
  readonly #documents = new Map<string, Document>();
  #v2: Promise<Document> | undefined;

  constructor({ catalog }: { readonly catalog: ResourceCatalog }) {
    this.#catalog = catalog;
  }

  /** `/openapi/v3`: where each group version's document is, with its hash. */
  index(): object {
    const paths: Record<string, object> = {};
    for (const path of this.#groupVersions()) {
      const { hash } = this.#document(path);
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    }
    return { paths };
  }

  /** `/openapi/v3/<path>`; with the right hash for ever, with an outdated one a redirect (1.4.3). */
  async sendV3(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const path = request.info.path.replace(/^\/openapi\/v3\//, '').replace(/\/$/, '');
    if (!this.#groupVersions().includes(path)) throw ApiError.noSuchResource();
    const { json, hash } = this.#document(path);
    const asked = request.search.get('hash');
    if (asked !== null && asked !== hash) return reply.redirect(`/openapi/v3/${path}?hash=${hash}`, 301);
    if (asked !== null) reply.header('cache-control', 'public, immutable');
    return send(request, reply, json, hash);
  }

  async sendV2(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const ranges = parseAccept(request.headers.accept ?? '*/*');
    if (!ranges.some(({ type }) => type === 'application/json' || type === '*/*' || type === 'application/*')) {
      throw ApiError.of(406, 'NotAcceptable', 'only the following media types are accepted: application/json');
    }
    this.#refresh();
    const { json, hash } = await (this.#v2 ??= this.#makeV2());
    return send(request, reply, json, hash);
  }

  #refresh(): void {
    if (this.#generation === this.#catalog.generation) return;
    this.#generation = this.#catalog.generation;
    this.#documents.clear();
    this.#v2 = undefined;
  }

  #groupVersions(): readonly string[] {
    return [...new Set(this.#catalog.all().map(pathOf))];
  }

  #document(path: string): Document {
    this.#refresh();
    let document = this.#documents.get(path);
    if (document === undefined) {
      const resources = this.#catalog.all().filter((resource) => pathOf(resource) === path);
      const paths = Object.assign({}, ...resources.map((resource) => pathsOf(resource, v3))) as object;
      const schemas = definitionsOf(resources, paths, false);
      const text = JSON.stringify({ openapi: '3.0.0', info, paths, components: { schemas } });
      document = encoded(text.replaceAll('#/definitions/', schemaPath));
      this.#documents.set(path, document);
    }
    return document;
  }

  async #makeV2(): Promise<Document> {
    const all = this.#catalog.all();
    const paths: Record<string, object> = {};
    for (const [index, resource] of all.entries()) {
      if (index % 10 === 9) await nextTurn();
      Object.assign(paths, pathsOf(resource, v2));
    }
    const definitions = definitionsOf(all, paths, true);
    await nextTurn();
    return encoded(JSON.stringify({ swagger: '2.0', info, paths, definitions }));
  }
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

function encoded(text: string): Document {
  const json = Buffer.from(text);
  return { json, hash: createHash('sha512').update(json).digest('hex').toUpperCase().slice(0, 64) };
}

function send(request: FastifyRequest, reply: FastifyReply, json: Buffer, hash: string): FastifyReply {
  const etag = `"${hash}"`;
  reply.header('etag', etag).header('vary', 'Accept');
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.code(200).header('content-type', 'application/json').send(json);
}
