import {
  ApiError,
  encodeProtobuf,
  encodeProtobufList,
  encodeProtobufMessage,
  encodeWatchFrame,
  protobufDefinition,
} from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';

/** Objects in the cache are asked for again and again; each is encoded once while it lives. */
const messages = new WeakMap<object, Uint8Array>();

/** Whether objects of this resource have a protobuf form: built-in kinds do, those of CRDs do not. */
export const speaksProtobuf = ({ custom, apiVersion, type }: ServedResource): boolean =>
  custom === undefined && protobufDefinition(apiVersion, type.kind) !== undefined;

/** An object as lists hold it. @param holder what lives as long as the object, such as its place in the cache. */
export function protobufMessageOf(holder: object, object: KubernetesObject): Uint8Array {
  const known = messages.get(holder);
  if (known !== undefined) return known;
  const message = encodeProtobufMessage(asRecord(object));
  if (message === undefined) throw noForm(object);
  messages.set(holder, message);
  return message;
}

/** One object in its envelope. */
export function protobufObject(object: KubernetesObject): Buffer {
  const encoded = encodeProtobuf(asRecord(object));
  if (encoded === undefined) throw noForm(object);
  return encoded;
}

/** One line of a watch. */
export function protobufFrame(type: string, object: unknown): Buffer {
  const frame = encodeWatchFrame(type, asRecord(object));
  if (frame === undefined) throw noForm(object);
  return frame;
}

/** A whole list in pieces; see {@link protobufMessageOf} for its items. */
export const protobufList = (
  list: { readonly apiVersion: string; readonly kind: string; readonly metadata: unknown },
  items: readonly Uint8Array[],
): readonly Uint8Array[] => encodeProtobufList(list, items);

const asRecord = (value: unknown): Readonly<Record<string, unknown>> => value as Readonly<Record<string, unknown>>;

const noForm = (object: unknown): ApiError =>
  ApiError.internal(`the kind ${String(asRecord(object)['kind'])} has no protobuf form`);
