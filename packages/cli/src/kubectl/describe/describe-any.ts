import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { Page } from './page.js';

type Json = Readonly<Record<string, unknown>>;

/** Any kind, field by field, as kubectl describe shows kinds it knows nothing of. */
export function describeAny(type: ResourceType, object: KubernetesObject): string {
  const page = new Page();
  page.head(object, type.namespaced);
  page.labels(object);
  page.line(0, 'API Version:', object.apiVersion ?? '');
  page.line(0, 'Kind:', object.kind ?? type.kind);
  const { managedFields: _, name: __, namespace: ___, labels: ____, annotations: _____, ...metadata } = object.metadata;
  const { apiVersion: ______, kind: _______, metadata: ________, ...rest } = object as unknown as Json;
  // What is secret is only measured.
  const shown =
    type.group === '' && type.kind === 'Secret' ? { ...rest, data: sizes(rest['data']), stringData: undefined } : rest;
  fields(page, 0, { metadata, ...shown });
  return page.text();
}

function sizes(data: unknown): Json {
  return Object.fromEntries(
    Object.entries((data ?? {}) as Readonly<Record<string, string>>).map(([key, value]) => [
      key,
      `${Buffer.from(value, 'base64').length} bytes`,
    ]),
  );
}

/** `clusterIP` as `Cluster IP`. */
export function titleOf(field: string): string {
  const words = field.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2');
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}

function fields(page: Page, depth: number, object: Json): void {
  for (const [field, value] of Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value === undefined || value === null) continue;
    const title = `${titleOf(field)}:`;
    if (Array.isArray(value)) list(page, depth, title, value);
    else if (typeof value === 'object') {
      page.line(depth, title);
      fields(page, depth + 1, value as Json);
    } else texts(page, depth, title, String(value));
  }
}

function list(page: Page, depth: number, title: string, items: readonly unknown[]): void {
  page.line(depth, title);
  for (const item of items) {
    if (typeof item === 'object' && item !== null && !Array.isArray(item)) fields(page, depth + 1, item as Json);
    else page.line(depth + 1, String(item));
  }
}

function texts(page: Page, depth: number, title: string, value: string): void {
  const [first = '', ...more] = value.split('\n');
  page.line(depth, title, first);
  for (const line of more) page.line(depth + 1, line);
}
