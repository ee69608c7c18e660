/** The text that stands for a key of a work queue: itself, `namespace/name`, or its JSON. */
export function keyId(key: unknown): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'object' && key !== null && 'name' in key && typeof key.name === 'string') {
    const namespace = 'namespace' in key ? key.namespace : undefined;
    const known = Object.keys(key).every((field) => field === 'name' || field === 'namespace');
    if (known && namespace === undefined) return key.name;
    if (known && typeof namespace === 'string') return `${namespace}/${key.name}`;
  }
  return JSON.stringify(key);
}
