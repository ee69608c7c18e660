import { ApiError } from '../status.js';
import { resourceOfKind } from '../kinds.js';
import { decodeMessage } from './decode-message.js';
import { encodeMessage } from './encode-message.js';
import { messageType } from './message-table.js';
import { newReader, newWriter } from './wire.js';

export const protobufMediaType = 'application/vnd.kubernetes.protobuf';

type Json = Readonly<Record<string, unknown>>;
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Kinds that belong to every group or to none in particular. */
const general: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'Status',
    'DeleteOptions',
    'ListOptions',
    'GetOptions',
    'CreateOptions',
    'PatchOptions',
    'UpdateOptions',
    'APIGroup',
    'APIGroupList',
    'APIResourceList',
    'APIVersions',
    'WatchEvent',
    'PartialObjectMetadata',
    'PartialObjectMetadataList',
  ].map((kind) => [kind, `${meta}.${kind}`]),
);

/** The definition of a kind, lists and subresource bodies included; undefined for what has no protobuf form. */
export function protobufDefinition(apiVersion: string, kind: string): string | undefined {
  const resource =
    resourceOfKind(apiVersion, kind) ??
    (kind.endsWith('List') ? resourceOfKind(apiVersion, kind.slice(0, -4)) : undefined);
  if (resource?.definition !== undefined) {
    const definition = resource.kind === kind ? resource.definition : `${resource.definition}List`;
    return messageType(definition) === undefined ? undefined : definition;
  }
  if (Object.hasOwn(general, kind)) return general[kind];
  const others: Readonly<Record<string, string>> = {
    'autoscaling/v1 Scale': 'io.k8s.api.autoscaling.v1.Scale',
    'policy/v1 Eviction': 'io.k8s.api.policy.v1.Eviction',
    'authentication.k8s.io/v1 TokenRequest': 'io.k8s.api.authentication.v1.TokenRequest',
    'v1 Binding': 'io.k8s.api.core.v1.Binding',
  };
  const key = `${apiVersion} ${kind}`;
  return Object.hasOwn(others, key) ? others[key] : undefined;
}

/**
 * An object in Kubernetes' protobuf envelope: four magic bytes and a runtime.Unknown with type and message.
 * @returns undefined where the kind has no protobuf form: answer with JSON.
 */
export function encodeProtobuf(object: Json): Buffer | undefined {
  const message = encodeProtobufMessage(object);
  return message === undefined ? undefined : Buffer.concat(envelope(object, [message]));
}

/** An object's message without the envelope, as lists hold it; undefined where the kind has no protobuf form. */
export function encodeProtobufMessage(object: Json): Uint8Array | undefined {
  const { apiVersion, kind } = object as { readonly apiVersion?: string; readonly kind?: string };
  const definition = protobufDefinition(apiVersion ?? '', kind ?? '');
  return definition === undefined ? undefined : encodeMessage(definition, object).finish();
}

/**
 * A list in its envelope, of items that {@link encodeProtobufMessage} encoded; `list` has apiVersion, kind and metadata.
 * In pieces, so that a long list is not copied twice. Every list has its metadata in field 1, its items in field 2.
 */
export function encodeProtobufList(list: Json, items: readonly Uint8Array[]): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [encodeProtobufMessage(list) ?? new Uint8Array()];
  for (const item of items) pieces.push(newWriter().uint32(0x12).uint32(item.length).finish(), item);
  return envelope(list, pieces);
}

function envelope(object: Json, message: readonly Uint8Array[]): readonly Uint8Array[] {
  const { apiVersion, kind } = object as { readonly apiVersion?: string; readonly kind?: string };
  const typeMeta = newWriter()
    .uint32(0x0a)
    .string(apiVersion ?? '')
    .uint32(0x12)
    .string(kind ?? '')
    .finish();
  const length = message.reduce((sum, piece) => sum + piece.length, 0);
  const head = newWriter().uint32(0x0a).bytes(typeMeta).uint32(0x12).uint32(length).finish();
  const tail = newWriter().uint32(0x1a).string('').uint32(0x22).string('').finish();
  return [magic, head, ...message, tail];
}

/** @throws {ApiError} BadRequest: no envelope, an unknown kind, or a damaged message. */
export function decodeProtobuf(body: Buffer): Record<string, unknown> {
  if (!body.subarray(0, 4).equals(magic))
    throw ApiError.badRequest('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  let apiVersion = '';
  let kind = '';
  let raw: Uint8Array = new Uint8Array();
  try {
    const reader = newReader(body.subarray(4));
    while (reader.pos < reader.len) {
      const key = reader.uint32();
      if (key === 0x0a) {
        const end = reader.uint32() + reader.pos;
        while (reader.pos < end) {
          const inner = reader.uint32();
          if (inner === 0x0a) apiVersion = reader.string();
          else if (inner === 0x12) kind = reader.string();
          else reader.skipType(inner & 7);
        }
      } else if (key === 0x12) raw = reader.bytes();
      else reader.skipType(key & 7);
    }
  } catch (error) {
    throw ApiError.badRequest(`the body is no protobuf message: ${(error as Error).message}`, { cause: error });
  }
  const definition = protobufDefinition(apiVersion, kind);
  if (definition === undefined)
    throw ApiError.badRequest(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return { apiVersion, kind, ...decodeMessage(definition, raw) };
}

/** One frame of a watch: its length in four bytes, then a WatchEvent whose object stands in an envelope of its own. */
export function encodeWatchFrame(type: string, object: Json): Buffer | undefined {
  const inner = encodeProtobuf(object);
  if (inner === undefined) return undefined;
  const rawExtension = newWriter().uint32(0x0a).bytes(inner).finish();
  const event = newWriter().uint32(0x0a).string(type).uint32(0x12).bytes(rawExtension).finish();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}
