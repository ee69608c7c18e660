/** What a client wants to read; `none`: nothing that this server can write. */
export type MediaType = 'json' | 'protobuf' | 'table' | 'none';

const protobuf = 'application/vnd.kubernetes.protobuf';
const json = new Set(['application/json', 'application/*', '*/*']);

/**
 * The first of what is accepted that can be written, in the order of preference that the header gives.
 * Follows: content negotiation of kube-apiserver (`as=Table` only for the meta group; an unknown `as` is passed over).
 */
export function mediaTypeFor(accept: string | undefined): MediaType {
  if (accept === undefined || accept.trim() === '') return 'json';
  const clauses = accept.split(',').map((clause) => {
    const [type = '', ...rest] = clause.split(';').map((part) => part.trim());
    const parameters = Object.fromEntries(rest.map((part) => part.split('=').map((word) => word.trim())));
    return { type: type.toLowerCase(), parameters: parameters as Readonly<Record<string, string | undefined>> };
  });
  const quality = (value: string | undefined): number => (value === undefined ? 1 : Number(value));
  const sorted = clauses.toSorted((a, b) => quality(b.parameters['q']) - quality(a.parameters['q']));
  for (const { type, parameters } of sorted) {
    const { as: form, g, v } = parameters;
    if (form === 'Table' && g === 'meta.k8s.io' && v === 'v1' && json.has(type)) return 'table';
    if (form !== undefined) continue;
    if (type === protobuf) return 'protobuf';
    if (json.has(type)) return 'json';
  }
  return 'none';
}
