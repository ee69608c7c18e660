import type { KubernetesObject, LabelSelector } from '@geobuk/api';
import { formatLabelSelector, labelSelectorOf } from '@geobuk/api';

/** The lines of a description, tabs not aligned yet. */
export class Page {
  readonly #lines: string[] = [];

  /** One line at a depth; cells are aligned with those of the lines around. */
  line(depth: number, ...cells: readonly string[]): void {
    this.#lines.push(`${'  '.repeat(depth)}${cells.join('\t')}`);
  }

  /** `Title:  value`, more values below each other; `<none>` where there are none. */
  values(depth: number, title: string, values: readonly string[]): void {
    if (values.length === 0) this.line(depth, `${title}:`, '<none>');
    values.forEach((value, index) => this.line(depth, index === 0 ? `${title}:` : '', value));
  }

  map(depth: number, title: string, map: Readonly<Record<string, unknown>> | undefined, separator = '='): void {
    const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const shown = entries.map(([key, value]) => `${key}${separator}${separator === ':' ? ' ' : ''}${String(value)}`);
    this.values(depth, title, shown);
  }

  /** What every description begins with. */
  head({ metadata }: KubernetesObject, namespaced: boolean): void {
    this.line(0, 'Name:', metadata.name ?? '');
    if (namespaced) this.line(0, 'Namespace:', metadata.namespace ?? '');
  }

  labels({ metadata }: KubernetesObject): void {
    this.map(0, 'Labels', metadata.labels);
    const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...annotations } = metadata.annotations ?? {};
    this.map(0, 'Annotations', annotations, ':');
  }

  text(): string {
    return this.#lines.join('\n');
  }
}

export const shownTime = (time: string | undefined): string =>
  time === undefined ? '<unset>' : new Date(time).toUTCString().replace(/ GMT$/, ' +0000');

export const selectorText = (selector: LabelSelector | undefined): string => {
  const text = selector === undefined ? '' : formatLabelSelector(labelSelectorOf(selector));
  return text === '' ? '<none>' : text;
};

export const capitalized = (boolean: boolean): string => (boolean ? 'True' : 'False');
