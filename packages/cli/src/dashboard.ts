import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { TuiConfig } from '@geobuk/tui';

type Environment = Readonly<Record<string, string | undefined>>;

export interface DashboardFlags {
  readonly kubeconfig: string;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
  readonly command?: string | undefined;
  /** True: nothing can be changed; false: whatever settings say; absent: as settings say. */
  readonly readOnly?: boolean | undefined;
  /** What of the screen is left out, whatever settings say. */
  readonly without?: TuiConfig['without'];
  readonly signal?: AbortSignal | undefined;
}

/** How many colours a terminal shows. Follows: NO_COLOR, COLORTERM, the ending of TERM. */
export function colorDepth(env: Environment): TuiConfig['colorDepth'] {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return 'none';
  if (/truecolor|24bit/i.test(env['COLORTERM'] ?? '')) return 'truecolor';
  return /256/.test(env['TERM'] ?? '') ? '256' : '16';
}

/** What the dashboard is told of the person and the terminal. */
export function dashboardConfig(flags: DashboardFlags, env: Environment): TuiConfig {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  const editor = env['K9S_EDITOR'] ?? env['KUBE_EDITOR'] ?? env['VISUAL'] ?? env['EDITOR'] ?? 'vi';
  return {
    kubeconfig: flags.kubeconfig.split(':'),
    context: flags.context,
    namespace: flags.namespace,
    view: flags.command,
    readonly: flags.readOnly,
    without: flags.without,
    language: /^ko/i.test(env['LC_ALL'] ?? env['LC_MESSAGES'] ?? env['LANG'] ?? '') ? 'ko' : 'en',
    colorDepth: colorDepth(env),
    editor: editor.split(' '),
    dumpDirectory: join(env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'), 'geobuk', 'dumps'),
    programVersion: manifest.version,
    stdin: process.stdin,
    stdout: process.stdout,
    signal: flags.signal,
  };
}

/** Loaded only when it is wanted: the dashboard brings much that other commands do not need. */
export async function openDashboard(flags: DashboardFlags): Promise<number> {
  const { runTui } = await import('@geobuk/tui');
  return await runTui(dashboardConfig(flags, process.env));
}
