import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContextIdentity } from '../cluster/connection.js';
import { invertTheme, paper, parseSkin } from '../theme/skin.js';
import type { Theme } from '../theme/theme.js';
import { builtInSkins, turtleShip } from '../theme/theme.js';
import { parseAliases, parseHotkeys } from './aliases.js';
import type { Hotkey } from './aliases.js';
import { parseJumps } from './jumps.js';
import type { Jump } from './jumps.js';
import { parseK9sConfig, parseK9sContextConfig } from './k9s-config.js';
import type { K9sConfig } from './k9s-config.js';
import { noOwnSettings, parseOwnSettings } from './own-settings.js';
import type { OwnSettings } from './own-settings.js';
import { parsePlugins } from './plugins.js';
import type { Plugin } from './plugins.js';
import { parseViewSettings } from './view-settings.js';
import type { ViewSetting } from './view-settings.js';
import { readYamlFile } from './yaml-file.js';

/** Where settings are; what is absent is not looked for. */
export interface SettingsPlaces {
  /** The dashboard's own settings file. */
  readonly own?: string | undefined;
  /** k9s' config.yaml, aliases.yaml, hotkeys.yaml, plugins.yaml, views.yaml, jumps.yaml, skins/. */
  readonly k9s?: string | undefined;
  /** k9s' clusters/CLUSTER/CONTEXT/. */
  readonly k9sContexts?: string | undefined;
  /** Folders of plugins, a file or several in each. */
  readonly plugins?: readonly string[] | undefined;
  /** A skin by name that goes before all others. */
  readonly skin?: string | undefined;
}

/** Everything a person has set for one context. */
export interface ContextPersonal {
  readonly aliases: Readonly<Record<string, string>>;
  readonly hotkeys: readonly Hotkey[];
  readonly plugins: readonly Plugin[];
  readonly badge: string | undefined;
  readonly readOnly: boolean | undefined;
  readonly theme: Theme;
  readonly favourites: readonly string[];
  readonly lockFavourites: boolean;
  readonly nodeShell: boolean;
  /** Where k9s was last. */
  readonly namespace: string | undefined;
  readonly view: string | undefined;
}

/** A person's settings, ours and those made for k9s, as they were when read. */
export interface Personal {
  readonly own: OwnSettings;
  readonly k9s: K9sConfig;
  readonly views: readonly ViewSetting[];
  readonly jumps: readonly Jump[];
  /** Files that are there and could not be understood, a line each. */
  readonly problems: readonly string[];
  of(context: string): ContextPersonal;
}

const nothingOfContext: ContextPersonal = {
  aliases: {},
  hotkeys: [],
  plugins: [],
  badge: undefined,
  readOnly: undefined,
  theme: turtleShip,
  favourites: [],
  lockFavourites: false,
  nodeShell: false,
  namespace: undefined,
  view: undefined,
};

/** Somebody who has set nothing, but for what is given. */
export function personalOf(given: Partial<Personal> & { readonly context?: Partial<ContextPersonal> } = {}): Personal {
  const { context = {}, ...rest } = given;
  const all = { ...nothingOfContext, ...context };
  return {
    own: noOwnSettings,
    k9s: parseK9sConfig(undefined),
    views: [],
    jumps: [],
    problems: [],
    of: () => all,
    ...rest,
  };
}

/** Reads all there is. A missing file is no problem, a broken one is told and keeps no other from working. */
export async function readPersonal(places: SettingsPlaces, contexts: readonly ContextIdentity[]): Promise<Personal> {
  const problems: string[] = [];
  const read = async <R>(
    folder: string | undefined,
    name: string,
    understand: (document: unknown) => R,
  ): Promise<R | undefined> =>
    folder === undefined ? undefined : readYamlFile(join(folder, name), understand, problems);
  const own =
    places.own === undefined
      ? noOwnSettings
      : ((await readYamlFile(places.own, parseOwnSettings, problems)) ?? noOwnSettings);
  const k9s = (await read(places.k9s, 'config.yaml', parseK9sConfig)) ?? parseK9sConfig(undefined);
  const aliases = (await read(places.k9s, 'aliases.yaml', parseAliases)) ?? {};
  const hotkeys = (await read(places.k9s, 'hotkeys.yaml', parseHotkeys)) ?? [];
  const views = (await read(places.k9s, 'views.yaml', parseViewSettings)) ?? [];
  const jumps = (await read(places.k9s, 'jumps.yaml', parseJumps)) ?? [];
  const plugins = (await read(places.k9s, 'plugins.yaml', parsePlugins)) ?? [];
  const more: Plugin[] = [];
  for (const folder of places.plugins ?? []) more.push(...(await readPluginFolder(folder, problems)));

  const skins = new Map<string, Theme>();
  const skinOf = async (name: string | undefined): Promise<Theme | undefined> => {
    if (name === undefined) return undefined;
    const known = skins.get(name) ?? (name === 'paper' ? paper : builtInSkins[name]);
    if (known !== undefined) return known;
    const before = problems.length;
    // A name, not a path: it stays within the folder of skins.
    const theme = /^[\w.-]+$/.test(name)
      ? await read(places.k9s === undefined ? undefined : join(places.k9s, 'skins'), `${name}.yaml`, parseSkin)
      : undefined;
    if (theme === undefined && problems.length === before) problems.push(`no skin is called ${name}`);
    const found = theme ?? turtleShip;
    skins.set(name, found);
    return found;
  };

  const byContext = new Map<string, ContextPersonal>();
  for (const { context, cluster } of contexts) {
    const folder =
      places.k9sContexts === undefined ? undefined : join(places.k9sContexts, fileName(cluster), fileName(context));
    const theirs = await read(folder, 'config.yaml', parseK9sContextConfig);
    const mine = own.contexts[context] ?? {};
    const theme =
      (await skinOf(places.skin ?? mine.skin ?? theirs?.skin ?? own.skin ?? k9s.skin)) ?? nothingOfContext.theme;
    byContext.set(context, {
      aliases: { ...aliases, ...(await read(folder, 'aliases.yaml', parseAliases)) },
      hotkeys: [...((await read(folder, 'hotkeys.yaml', parseHotkeys)) ?? []), ...hotkeys],
      plugins: [...((await read(folder, 'plugins.yaml', parsePlugins)) ?? []), ...plugins, ...more],
      badge: mine.badge ?? own.badge,
      readOnly: mine.readOnly ?? theirs?.readOnly ?? own.readOnly ?? k9s.readOnly,
      theme: k9s.invert === true ? invertTheme(theme) : theme,
      favourites: mine.favourites ?? theirs?.favourites ?? [],
      lockFavourites: theirs?.lockFavourites ?? false,
      nodeShell: mine.nodeShell ?? own.nodeShell ?? theirs?.nodeShell ?? false,
      namespace: theirs?.namespace,
      view: theirs?.view,
    });
  }
  return { own, k9s, views, jumps, problems, of: (context) => byContext.get(context) ?? nothingOfContext };
}

/** Follows: k9s' names of files after clusters and contexts. */
const fileName = (name: string): string => name.replace(/[:/]+/g, '-');

async function readPluginFolder(folder: string, problems: string[]): Promise<readonly Plugin[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: Plugin[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await readPluginFolder(path, problems)));
    const [, name] = /^(.+)\.ya?ml$/.exec(entry.name) ?? [];
    if (!entry.isFile() || name === undefined) continue;
    found.push(...((await readYamlFile(path, (document) => parsePlugins(document, name), problems)) ?? []));
  }
  return found;
}
