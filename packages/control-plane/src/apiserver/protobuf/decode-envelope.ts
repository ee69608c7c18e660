import { ApiError, resourceOfKind, setField } from '@geobuk/api';
import type { JsonObject, MutableJsonObject } from '@geobuk/api';
import { decodeMessage, isKnownMessage } from './decode-message.js';
import { ProtobufError, ProtoReader } from './proto-reader.js';

export const protobufType = 'application/vnd.kubernetes.protobuf';
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** Kinds that have no path of their own. */
const others: Readonly<Record<string, string>> = {
  'policy/v1/Eviction': 'io.k8s.api.policy.v1.Eviction',
  'autoscaling/v1/Scale': 'io.k8s.api.autoscaling.v1.Scale',
  'authentication.k8s.io/v1/TokenRequest': 'io.k8s.api.authentication.v1.TokenRequest',
  'v1/Binding': 'io.k8s.api.core.v1.Binding',
};

/**
 * The object of a protobuf body, as its JSON would be. Follows: checklist 1.5.3.
 * @throws {ApiError} BadRequest, UnsupportedMediaType: a kind that is not built in.
 */
export function decodeEnvelope(body: Buffer): JsonObject {
  try {
    if (!body.subarray(0, 4).equals(magic))
      throw new ProtobufError('provided data does not appear to be a protobuf message');
    const reader = new ProtoReader(body.subarray(4));
    let apiVersion = '';
    let kind = '';
    let raw: Buffer = Buffer.alloc(0);
    while (!reader.isAtEnd) {
      const { field, wire } = reader.tag();
      if (field === 1 && wire === 2) [apiVersion, kind] = typeOf(reader.bytes());
      else if (field === 2 && wire === 2) raw = reader.bytes();
      else reader.skip(wire);
    }
    const message = messageOf(apiVersion, kind);
    if (message === undefined) {
      throw ApiError.of(
        415,
        'UnsupportedMediaType',
        `${kind} of ${apiVersion} is not known as ${protobufType}: use application/json`,
      );
    }
    const object: MutableJsonObject = { apiVersion, kind };
    for (const [name, value] of Object.entries(decodeMessage(message, raw) as JsonObject))
      setField(object, name, value);
    return object;
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    throw ApiError.badRequest(`error decoding protobuf: ${error.message}`, { cause: error });
  }
}

function messageOf(apiVersion: string, kind: string): string | undefined {
  if (kind === 'DeleteOptions') return 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
  const name = resourceOfKind(apiVersion, kind)?.definition ?? others[`${apiVersion}/${kind}`];
  return name !== undefined && isKnownMessage(name) ? name : undefined;
}

function typeOf(bytes: Buffer): [string, string] {
  const reader = new ProtoReader(bytes);
  let apiVersion = '';
  let kind = '';
  while (!reader.isAtEnd) {
    const { field, wire } = reader.tag();
    if (field === 1 && wire === 2) apiVersion = reader.bytes().toString();
    else if (field === 2 && wire === 2) kind = reader.bytes().toString();
    else reader.skip(wire);
  }
  return [apiVersion, kind];
}
