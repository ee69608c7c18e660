import { Writer } from 'protobufjs/minimal.js';
import type { NodeMetrics, PodMetrics, ResourceUsage } from './metrics-objects.js';
import { metricsApiVersion } from './metrics-objects.js';

/** Four letters that begin everything Kubernetes says in protobuf. */
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const lengthDelimited = 2;

const tag = (field: number, wire = lengthDelimited): number => (field << 3) | wire;
const nested = (writer: Writer, field: number, message: Uint8Array): Writer => writer.uint32(tag(field)).bytes(message);
const text = (writer: Writer, field: number, value: string): Writer => writer.uint32(tag(field)).string(value);

/** A map is a repeated message of key and value. */
function map(writer: Writer, field: number, entries: readonly (readonly [string, Uint8Array | string])[]): void {
  for (const [key, value] of entries) {
    const entry = text(Writer.create(), 1, key);
    if (typeof value === 'string') text(entry, 2, value);
    else nested(entry, 2, value);
    nested(writer, field, entry.finish());
  }
}

/** metav1.Time: seconds = 1. */
const time = (rfc3339: string): Uint8Array =>
  Writer.create()
    .uint32(tag(1, 0))
    .int64(Math.floor(Date.parse(rfc3339) / 1000))
    .finish();

const goUnitsMs = { h: 3_600_000, m: 60_000, s: 1_000 } as const;

/** metav1.Duration: nanoseconds = 1. */
function duration(go: string): Uint8Array {
  let ms = 0;
  for (const [, amount, unit] of go.matchAll(/([\d.]+)([hms])/g))
    ms += Number(amount) * goUnitsMs[unit as 'h' | 'm' | 's'];
  return Writer.create()
    .uint32(tag(1, 0))
    .int64(Math.round(ms * 1e6))
    .finish();
}

/** metav1.ObjectMeta: name = 1, namespace = 3, creationTimestamp = 8, labels = 11. */
function objectMeta({
  name = '',
  namespace = '',
  creationTimestamp,
  labels = {},
}: NodeMetrics['metadata']): Uint8Array {
  const writer = text(Writer.create(), 1, name);
  text(writer, 3, namespace);
  if (creationTimestamp !== undefined) nested(writer, 8, time(creationTimestamp));
  map(writer, 11, Object.entries(labels));
  return writer.finish();
}

/** resource.Quantity: string = 1. */
const resources = ({ cpu, memory }: ResourceUsage): readonly (readonly [string, Uint8Array])[] => [
  ['cpu', text(Writer.create(), 1, cpu).finish()],
  ['memory', text(Writer.create(), 1, memory).finish()],
];

/** NodeMetrics and PodMetrics: metadata = 1, timestamp = 2, window = 3, then usage = 4 or containers = 4. */
function metrics(object: NodeMetrics | PodMetrics): Uint8Array {
  const writer = nested(Writer.create(), 1, objectMeta(object.metadata));
  nested(writer, 2, time(object.timestamp));
  nested(writer, 3, duration(object.window));
  if ('usage' in object) map(writer, 4, resources(object.usage));
  else {
    for (const { name, usage } of object.containers) {
      const container = text(Writer.create(), 1, name);
      map(container, 2, resources(usage));
      nested(writer, 4, container.finish());
    }
  }
  return writer.finish();
}

/** runtime.Unknown: typeMeta = 1, raw = 2, contentEncoding = 3, contentType = 4. */
function envelope(kind: string, raw: Uint8Array): Buffer {
  const typeMeta = text(text(Writer.create(), 1, metricsApiVersion), 2, kind).finish();
  const body = nested(nested(Writer.create(), 1, typeMeta), 2, raw);
  return Buffer.concat([magic, text(text(body, 3, ''), 4, '').finish()]);
}

/** Follows: k8s.io/metrics v1beta1 generated.proto, which `kubectl top` prefers. */
export const encodeMetrics = (object: NodeMetrics | PodMetrics): Buffer => envelope(object.kind ?? '', metrics(object));

/** ListMeta = 1 with selfLink = 1, resourceVersion = 2; items = 2. */
export function encodeMetricsList(kind: string, items: readonly (NodeMetrics | PodMetrics)[]): Buffer {
  const listMeta = text(text(Writer.create(), 1, ''), 2, '').finish();
  const writer = nested(Writer.create(), 1, listMeta);
  for (const item of items) nested(writer, 2, metrics(item));
  return envelope(kind, writer.finish());
}
