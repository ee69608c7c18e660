import { booleanIn, fieldsAt, numberIn, textIn, textsIn } from './fields.js';

/** Percentages from which usage is coloured. */
export interface Threshold {
  readonly warn: number;
  readonly critical: number;
}

/** The pod that gives a shell on a node. */
export interface ShellPod {
  readonly image: string;
  readonly namespace: string;
  readonly command: readonly string[];
  readonly cpu: string;
  readonly memory: string;
}

/** What of k9s' config.yaml means something here. Everything absent is as it is here without it. */
export interface K9sConfig {
  readonly readOnly?: boolean | undefined;
  readonly defaultView?: string | undefined;
  readonly portForwardAddress?: string | undefined;
  readonly noExitOnCtrlC?: boolean | undefined;
  readonly skin?: string | undefined;
  readonly invert?: boolean | undefined;
  readonly headless?: boolean | undefined;
  readonly logoless?: boolean | undefined;
  readonly crumbsless?: boolean | undefined;
  readonly fullScreen?: boolean | undefined;
  readonly logWrap?: boolean | undefined;
  readonly logTime?: boolean | undefined;
  readonly logAutoscroll?: boolean | undefined;
  readonly cpu: Threshold;
  readonly memory: Threshold;
  readonly shellPod: ShellPod;
}

/**
 * Understands k9s' config.yaml. Differs: refreshRate and maxConnRetry mean nothing where nothing is polled and nobody
 * gives up; enableMouse is left alone, since k9s writes its default into every file.
 */
export function parseK9sConfig(document: unknown): K9sConfig {
  const k9s = fieldsAt(document, 'k9s');
  const ui = fieldsAt(k9s, 'ui');
  const logger = fieldsAt(k9s, 'logger');
  const shell = fieldsAt(k9s, 'shellPod');
  const limits = fieldsAt(shell, 'limits');
  const autoscrollOff = booleanIn(logger, 'disableAutoscroll');
  const threshold = (name: string): Threshold => {
    const given = fieldsAt(k9s, 'thresholds', name);
    return { warn: numberIn(given, 'warn') ?? 70, critical: numberIn(given, 'critical') ?? 90 };
  };
  return {
    readOnly: booleanIn(k9s, 'readOnly'),
    defaultView: textIn(k9s, 'defaultView'),
    portForwardAddress: textIn(k9s, 'portForwardAddress'),
    noExitOnCtrlC: booleanIn(k9s, 'noExitOnCtrlC'),
    skin: textIn(ui, 'skin'),
    invert: booleanIn(ui, 'invert'),
    headless: booleanIn(ui, 'headless'),
    logoless: booleanIn(ui, 'logoless'),
    crumbsless: booleanIn(ui, 'crumbsless'),
    fullScreen: booleanIn(ui, 'defaultsToFullScreen'),
    logWrap: booleanIn(logger, 'textWrap'),
    logTime: booleanIn(logger, 'showTime'),
    logAutoscroll: autoscrollOff === undefined ? undefined : !autoscrollOff,
    cpu: threshold('cpu'),
    memory: threshold('memory'),
    shellPod: {
      image: textIn(shell, 'image') ?? 'busybox:1.37.0',
      namespace: textIn(shell, 'namespace') ?? 'default',
      command: [...textsIn(shell, 'command'), ...textsIn(shell, 'args')],
      cpu: textIn(limits, 'cpu') ?? '100m',
      memory: textIn(limits, 'memory') ?? '100Mi',
    },
  };
}

/** What k9s keeps of one context, in clusters/CLUSTER/CONTEXT/config.yaml. */
export interface K9sContextConfig {
  readonly readOnly?: boolean | undefined;
  readonly skin?: string | undefined;
  readonly namespace?: string | undefined;
  readonly favourites: readonly string[];
  readonly lockFavourites: boolean;
  readonly view?: string | undefined;
  readonly nodeShell: boolean;
}

export function parseK9sContextConfig(document: unknown): K9sContextConfig {
  const k9s = fieldsAt(document, 'k9s');
  const namespace = fieldsAt(k9s, 'namespace');
  return {
    readOnly: booleanIn(k9s, 'readOnly'),
    skin: textIn(k9s, 'skin'),
    namespace: textIn(namespace, 'active'),
    favourites: textsIn(namespace, 'favorites').slice(0, 9),
    lockFavourites: booleanIn(namespace, 'lockFavorites') ?? false,
    view: textIn(fieldsAt(k9s, 'view'), 'active'),
    nodeShell: booleanIn(fieldsAt(k9s, 'featureGates'), 'nodeShell') ?? false,
  };
}
