import { asJson, compileJsonPath } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import { isFields, textIn } from './fields.js';

/** Where Enter leads from a kind, instead of where it usually does. */
export interface Jump {
  /** `group/version/plural` of the kind it starts from. */
  readonly from: string;
  readonly to: string;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** A namespace, `all`, a template; absent: that of the object. */
  readonly namespace?: string | undefined;
}

/** Understands jumps.yaml. @throws {TypeError} a jump that leads nowhere, by name. */
export function parseJumps(document: unknown): readonly Jump[] {
  if (document === null || document === undefined) return [];
  const jumps = isFields(document) ? (document['jumps'] ?? {}) : undefined;
  if (!isFields(jumps)) throw new TypeError('jumps has to map kinds to rules');
  return Object.entries(jumps).map(([from, rule]) => {
    const to = isFields(rule) ? textIn(rule, 'targetGVR') : undefined;
    if (!isFields(rule) || to === undefined) throw new TypeError(`jump ${from} has no targetGVR`);
    return {
      from,
      to,
      labelSelector: textIn(rule, 'labelSelector'),
      fieldSelector: textIn(rule, 'fieldSelector'),
      namespace: textIn(rule, 'targetNamespace'),
    };
  });
}

/**
 * Puts fields of an object into a template: `{{.spec.volumeName}}`, `{{ index .metadata.labels "a.b/c" }}`.
 * Differs: of Go's template language only these two forms.
 * @throws {Error} any other form, and a field the object does not have.
 */
export function fillTemplate(template: string, object: KubernetesObject): string {
  return template.replace(/\{\{\s*(.*?)\s*\}\}/g, (_, text: string) => {
    const [, base, key] = /^index\s+(\.\S+)\s+"([^"]+)"$/.exec(text) ?? [];
    const path = base !== undefined && key !== undefined ? `${base}['${key.replaceAll("'", "\\'")}']` : text;
    if (!path.startsWith('.') || /[\s|]/.test(path)) throw new Error(`not understood in a jump: {{${text}}}`);
    const [found] = compileJsonPath(path)(asJson(object));
    if (found === undefined || found === null || typeof found === 'object')
      throw new Error(`the object has no ${path}`);
    return String(found);
  });
}
