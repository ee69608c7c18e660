import type { Field, Services } from '../app/services.js';
import type { Plugin } from '../config/plugins.js';
import type { PlugPoint } from '../pages/page.js';
import type { Cluster } from '../cluster/cluster.js';
import { TextPage } from '../pages/text-page.js';
import { ansiSegments } from '../text/ansi-text.js';
import type { StyledLine } from '../text/styled-text.js';

/** The plugins offered at a place, those of the context first. */
export function pluginsAt(services: Services, cluster: Cluster, point: PlugPoint | undefined): readonly Plugin[] {
  if (point === undefined) return [];
  const { plugins } = services.personal.of(cluster.identity.context);
  const names = new Set([...point.names, 'all']);
  const taken = new Set<string>();
  return plugins.filter(({ scopes, dangerous, key }) => {
    // What is not declared harmless is not run by who only wants to look: below a foreign program nobody can refuse.
    const isAllowed = !cluster.readOnly || dangerous === false;
    if (!isAllowed || taken.has(key) || !scopes.some((scope) => names.has(scope))) return false;
    taken.add(key);
    return true;
  });
}

/** Asks for a plugin's inputs, then whether it is meant, then runs it. */
export async function runPlugin(services: Services, cluster: Cluster, plugin: Plugin, point: PlugPoint): Promise<void> {
  const answer = await askInputs(services, plugin);
  if (answer === undefined) return;
  const inputs = Object.entries(answer).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value] as const);
  const { identity } = cluster;
  const variables: Readonly<Record<string, string>> = {
    KUBECONFIG: services.outside.kubeconfigPath,
    CONTEXT: identity.context,
    CLUSTER: identity.cluster,
    USER: identity.user,
    GROUPS: '',
    ...point.variables,
    ...Object.fromEntries(inputs),
  };
  const unsafe = new Set<string>();
  const fill = (text: string): string => substitute(text, variables, isShell(plugin.command) ? unsafe : undefined);
  const args = plugin.args.map(fill);
  const pipes = plugin.pipes.map((pipe) => splitWords(pipe).map(fill));
  if (unsafe.size > 0) {
    services.flash(
      'alert',
      `${plugin.name} was not run: ${[...unsafe].join(', ')} holds characters a shell would run; let it take ${[...unsafe].join(', ')} from its environment`,
    );
    return;
  }
  const shown = [plugin.command, ...args].join(' ');
  const lines = [shown.length > 300 ? `${shown.slice(0, 300)}…` : shown];
  if (plugin.confirm) {
    if (!(await services.dialogs.confirm({ title: `Run ${plugin.name}?`, lines, confirm: 'Run' }))) return;
  }
  const call = { command: plugin.command, args, pipes, environment: environmentOf(variables) };
  await services.act(async (signal) => {
    if (!plugin.background && pipes.length === 0) {
      const code = await services.outside.runInFront(call);
      if (code !== 0) services.flash('warn', `${plugin.name} ended with code ${code}`);
      return;
    }
    if (plugin.background) services.flash('info', `${plugin.name} runs`);
    const { code, output } = await services.outside.runBehind(call, signal);
    if (code !== 0) services.flash('alert', `${plugin.name} ended with code ${code}: ${lastLine(output)}`);
    else if (!plugin.background) showOutput(services, cluster, plugin, output);
    else services.flash('info', plugin.showsOutput ? lastLine(output) : `${plugin.name} is done`);
  });
}

function showOutput(services: Services, cluster: Cluster, plugin: Plugin, output: string): void {
  const load = (): Promise<readonly StyledLine[]> => Promise.resolve(output.trimEnd().split('\n').map(ansiSegments));
  services.open(new TextPage({ crumb: plugin.name, title: plugin.description, cluster, load }, services));
}

async function askInputs(services: Services, plugin: Plugin): Promise<Readonly<Record<string, string>> | undefined> {
  if (plugin.inputs.length === 0) return {};
  const fields = plugin.inputs.map(({ name, label, value, options, required }): Field => ({
    name,
    label: required ? `${label} *` : label,
    value,
    ...(options.length === 0 ? {} : { choices: options }),
  }));
  const answer = await services.dialogs.form(plugin.description, fields, 'Run');
  if (answer === undefined) return undefined;
  const wrong = plugin.inputs.find(({ name, required, type }) => {
    const value = answer[name] ?? '';
    return (required && value === '') || (type === 'number' && value !== '' && !Number.isFinite(Number(value)));
  });
  if (wrong === undefined) return answer;
  services.flash(
    'alert',
    `${plugin.name}: ${wrong.label} ${wrong.type === 'number' ? 'has to be a number' : 'is needed'}`,
  );
  return undefined;
}

const pattern = /\$(!?)([\w-]+)|\$\{(!?)([\w\-%/: ]+)\}/g;

/**
 * Puts values for `$NAME`, `${NAME}` and, turned round, `$!NAME`; what is unknown stays as it is, a shell may know it.
 * Values that a shell would run parts of are not put in but named in `unsafe`, where one is given.
 */
export function substitute(
  text: string,
  variables: Readonly<Record<string, string>>,
  unsafe?: Set<string> | undefined,
): string {
  return text.replace(pattern, (whole, not1: string, name1: string, not2: string, name2: string) => {
    const name = (name1 ?? name2).toUpperCase();
    const value = variables[name];
    if (value === undefined) return whole;
    if (unsafe !== undefined && /[`$"'\\;&|<>()\n\r*?!#~{}[\]]/.test(value)) unsafe.add(name);
    const turned = not1 === '!' || not2 === '!';
    return turned && (value === 'true' || value === 'false') ? String(value !== 'true') : value;
  });
}

const isShell = (command: string): boolean => /(^|\/)(ba|da|z|k|fi)?sh$|(^|\/)(pwsh|powershell)(\.exe)?$/.test(command);

/** Words of a pipe; quotes keep spaces. */
const splitWords = (text: string): readonly string[] =>
  (text.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));

/** Variables a program can take from its environment: those whose names a shell can say. */
const environmentOf = (variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => /^[A-Z_][A-Z0-9_]*$/.test(name) && name !== 'USER'));

const lastLine = (output: string): string => output.trimEnd().split('\n').at(-1) ?? '';
