import type { Addon } from '@geobuk/api';
import { addons } from '@geobuk/api';
import { editAddonConfig, switchAddon } from '../actions/addon-actions.js';
import type { Actions } from '../actions/key-map.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { objectSource } from '../cluster/follow.js';
import { dependentsOf, providersOf } from '../describe/addon-preview.js';
import type { Canvas } from '../screen/frame.js';
import { healthGlyph, healthPaint } from '../screen/paint.js';
import { pad } from '../screen/text-width.js';
import type { StyledLine } from '../text/styled-text.js';
import { plainLine } from '../text/styled-text.js';
import { toYaml, yamlLines } from '../text/yaml-text.js';
import { addonHealth, addonState } from '../views/addons.js';
import type { Page } from './page.js';
import { TextView } from './text-view.js';

/** One addon, live: what it is, what it needs and who needs it, what it brought, how far it has come. */
export class AddonPage implements Page {
  readonly crumb = 'addon';
  readonly cluster: Cluster;
  readonly #name: string;
  readonly #services: Services;
  readonly #view = new TextView();
  readonly #addons = new Map<string, Addon>();

  constructor({ cluster, name }: { readonly cluster: Cluster; readonly name: string }, services: Services) {
    this.cluster = cluster;
    this.#name = name;
    this.#services = services;
  }

  start(signal: AbortSignal): void {
    const services = this.#services;
    const changed = (): void => {
      this.#view.setLines(addonLines(this.#addons.get(this.#name), [...this.#addons.values()]));
      services.invalidate();
    };
    const sink = {
      relisting: () => this.#addons.clear(),
      set: (addon: Addon) => {
        this.#addons.set(addon.metadata.name ?? '', addon);
        changed();
      },
      removed: (addon: Addon) => {
        this.#addons.delete(addon.metadata.name ?? '');
        changed();
      },
      synced: changed,
    };
    const refused = (error: Error): void => services.flash('alert', error.message);
    void services.act(() =>
      this.cluster.follow<Addon>((connection) => objectSource(connection, addons, {}), sink, refused, signal),
    );
  }

  draw(canvas: Canvas): void {
    this.#view.draw(canvas.box(`addon ${this.#name}`));
  }

  actions(): Actions {
    const view = this.#view;
    const services = this.#services;
    const scroll = (by: number) => (): void => {
      view.scroll(by);
      services.invalidate();
    };
    return {
      ...(this.cluster.readOnly
        ? {}
        : {
            toggleAddon: () => switchAddon(services, this.cluster, this.#name),
            configureAddon: () => editAddonConfig(services, this.cluster, this.#name),
          }),
      logs: () => services.command(`pods all addons.geobuk.dev/addon=${this.#name}`),
      up: scroll(-1),
      down: scroll(1),
      pageUp: scroll(-view.height),
      pageDown: scroll(view.height),
      top: scroll(-Infinity),
      bottom: scroll(1e9),
    };
  }
}

/** Pure: an addon among the others, as text. */
export function addonLines(addon: Addon | undefined, all: readonly Addon[]): readonly StyledLine[] {
  if (addon === undefined) return [plainLine('this addon is not there', 'alert')];
  const { spec, status } = addon;
  const health = addonHealth(addon);
  const pair = (name: string, value: string): StyledLine => [
    { text: pad(`${name}:`, 14), paint: 'key' },
    { text: value, paint: 'value' },
  ];
  return [
    [
      { text: `${healthGlyph(health)} ${addonState(addon)}`, paint: healthPaint(health) },
      { text: `  switched ${spec.enabled ? 'on' : 'off'}`, paint: 'dim' },
    ],
    plainLine(status?.description ?? '', 'text'),
    pair(
      'Version',
      `${status?.installedVersion ?? '-'}${status?.availableVersion === undefined ? '' : ` (available ${status.availableVersion})`}`,
    ),
    ...(status?.endpoints ?? []).map(({ name, url }) => pair(name, url)),
    ...(status?.lastError === undefined
      ? []
      : [
          plainLine(''),
          plainLine(`✖ ${status.lastError.reason}: ${status.lastError.message}`, 'alert'),
          ...(status.lastError.hint === undefined ? [] : [plainLine(`  → ${status.lastError.hint}`, 'label')]),
        ]),
    plainLine(''),
    plainLine('Progress:', 'title'),
    ...(status?.conditions ?? []).map(({ type, status: holds, reason, message }): StyledLine => [
      {
        text: holds === 'True' ? '  ✓ ' : holds === 'False' ? '  ✖ ' : '  ◐ ',
        paint: holds === 'True' ? 'diffAdd' : holds === 'False' ? 'alert' : 'pending',
      },
      { text: pad(type, 18), paint: 'text' },
      { text: `${reason}${message === '' ? '' : `: ${message}`}`, paint: 'dim' },
    ]),
    plainLine(''),
    plainLine('Dependencies:', 'title'),
    ...dependencyTree(addon, all, 1, new Set()),
    ...dependentsOf(addon, all).map((other) => plainLine(`  ▲ needed by ${other.metadata.name ?? ''}`, 'label')),
    plainLine(''),
    plainLine(`Brought (${status?.resources?.length ?? 0}):`, 'title'),
    ...(status?.resources ?? []).map(({ kind, namespace, name, ready }): StyledLine => [
      { text: ready === false ? '  ✖ ' : '  ● ', paint: ready === false ? 'error' : 'ok' },
      { text: `${pad(kind, 20)} ${namespace === undefined ? '' : `${namespace}/`}${name}`, paint: 'text' },
    ]),
    ...(spec.config === undefined || Object.keys(spec.config).length === 0
      ? []
      : [plainLine(''), plainLine('Configured:', 'title'), ...yamlLines(toYaml(spec.config))]),
  ];
}

function dependencyTree(
  addon: Addon,
  all: readonly Addon[],
  depth: number,
  seen: ReadonlySet<string>,
): readonly StyledLine[] {
  const needs = addon.status?.requires ?? [];
  if (needs.length === 0 && depth === 1) return [plainLine('  needs nothing', 'dim')];
  return needs.flatMap((need) => {
    const providers = providersOf(need, all);
    const indent = '  '.repeat(depth);
    if (providers.length === 0) return [plainLine(`${indent}✖ ${need}: nobody provides it`, 'alert')];
    return providers.flatMap((provider) => {
      const name = provider.metadata.name ?? '';
      const health = addonHealth(provider);
      const line: StyledLine = [
        { text: `${indent}${healthGlyph(health)} `, paint: healthPaint(health) },
        { text: `${need} by ${name} (${addonState(provider)})`, paint: 'text' },
      ];
      if (seen.has(name)) return [line];
      return [line, ...dependencyTree(provider, all, depth + 1, new Set([...seen, name]))];
    });
  });
}
