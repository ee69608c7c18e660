import type { Canvas } from '../screen/frame.js';
import type { PaintName } from '../screen/paint.js';
import { pad, textWidth } from '../screen/text-width.js';

export interface Hint {
  readonly key: string;
  readonly label: string;
}

/** What the header tells. */
export interface HeaderState {
  readonly context: string;
  readonly cluster: string;
  readonly user: string;
  readonly programVersion: string;
  readonly clusterVersion: string;
  readonly readOnly: boolean;
  /** A word the person gave this context, such as `PROD`. */
  readonly badge?: string | undefined;
  readonly load?: { readonly cpu: number; readonly memory: number; readonly paint?: PaintName | undefined } | undefined;
  readonly link: { readonly text: string; readonly paint: PaintName };
  readonly namespaces: readonly Hint[];
  readonly activeNamespace: string;
  readonly hints: readonly Hint[];
  /** Absent: shown where there is room. */
  readonly logo?: boolean | undefined;
}

/** The turtle ship: a roof of iron over the oars, a dragon's head in front. */
const logo = ['   ▁▂▃▄▄▄▃▂▁   ◢◤', ' ▕▒▒▓▒▓▒▓▒▓▒▏▂▟▘ ', '≈≈◥██████████◤≈≈≈', '   ╱ ╱ ╱ ╱ ╱  거북'];

/** Rows of the header on a screen of this height: small screens get a short one. */
export const headerHeight = (height: number): number => (height < 20 ? 1 : height < 32 ? 4 : 6);

/** Context, cluster, versions, load, link; namespaces on number keys; keys of the page. */
export function drawHeader(canvas: Canvas, state: HeaderState): void {
  if (canvas.height <= 1) {
    drawLine(canvas, state);
    return;
  }
  const infoWidth = Math.min(40, Math.max(30, Math.floor(canvas.width * 0.36)));
  drawInfo(canvas.region(0, 0, infoWidth, canvas.height), state);
  const withLogo = canvas.width >= 120 && state.logo !== false;
  const logoWidth = withLogo ? 18 : 0;
  drawHints(canvas.region(infoWidth + 1, 0, canvas.width - infoWidth - 1 - logoWidth, canvas.height), state);
  if (withLogo) logo.forEach((row, y) => canvas.text(canvas.width - logoWidth, y, row, y === 2 ? 'sea' : 'logo'));
}

function drawLine(canvas: Canvas, state: HeaderState): void {
  const load = state.load === undefined ? '' : ` cpu ${state.load.cpu}% mem ${state.load.memory}%`;
  let x = canvas.text(0, 0, `${state.context} `, 'value');
  x = drawBadges(canvas, x, 0, state);
  x = canvas.text(x, 0, `${state.clusterVersion}${load} `, 'dim');
  canvas.text(x, 0, state.link.text, state.link.paint);
}

function drawBadges(canvas: Canvas, x: number, y: number, { readOnly, badge }: HeaderState): number {
  let at = x;
  if (badge !== undefined) at = canvas.text(at, y, ` ${badge} `, 'danger') + 1;
  return canvas.text(at, y, readOnly ? '[RO] ' : '[RW] ', readOnly ? 'ok' : 'pending');
}

function drawInfo(canvas: Canvas, state: HeaderState): void {
  const load = state.load === undefined ? 'n/a' : undefined;
  const cpu = load ?? `${state.load?.cpu ?? 0}%`;
  const memory = load ?? `${state.load?.memory ?? 0}%`;
  const label = (y: number, name: string, value: string): number => {
    canvas.text(0, y, `${name}:`, 'label');
    return canvas.text(9, y, value, 'value');
  };
  const badgeRoom = (state.badge === undefined ? 0 : textWidth(state.badge) + 3) + 5;
  const x = label(
    0,
    'Context',
    pad(state.context, Math.min(textWidth(state.context), Math.max(6, canvas.width - 10 - badgeRoom))),
  );
  drawBadges(canvas, x + 1, 0, state);
  if (canvas.height >= 6) {
    label(1, 'Cluster', state.cluster);
    label(2, 'User', state.user);
    label(3, 'Geobuk', `${state.programVersion}  K8s ${state.clusterVersion === '' ? '…' : state.clusterVersion}`);
    canvas.text(0, 4, 'CPU/MEM:', 'label');
    canvas.text(9, 4, `${cpu} / ${memory}`, state.load?.paint ?? 'value');
    canvas.text(0, 5, state.link.text, state.link.paint);
    return;
  }
  label(1, 'Cluster', state.cluster);
  label(2, 'K8s', state.clusterVersion === '' ? '…' : state.clusterVersion);
  const end = canvas.text(0, 3, state.link.text, state.link.paint);
  if (state.load !== undefined && state.link.paint === 'diffAdd')
    canvas.text(end + 2, 3, `${cpu}/${memory}`, state.load.paint ?? 'value');
}

function drawHints(canvas: Canvas, { namespaces, activeNamespace, hints }: HeaderState): void {
  let x = 0;
  for (let from = 0; from < namespaces.length; from += canvas.height) {
    const column = namespaces.slice(from, from + canvas.height);
    const width = Math.min(20, Math.max(...column.map(({ key, label }) => key.length + textWidth(label) + 4)));
    // The keys of the page are what a person looks for: on a narrow screen namespaces take one column.
    const room = canvas.width < 80 ? canvas.height : canvas.height * 2;
    if (x + width > canvas.width || from >= room) break;
    column.forEach(({ key, label }, y) => {
      const at = canvas.text(x, y, `<${key}>`, 'series2');
      canvas.region(at, y, width - 4, 1).text(1, 0, label, label === activeNamespace ? 'highlight' : 'hintText');
    });
    x += width + 1;
  }
  for (let from = 0; from < hints.length; from += canvas.height) {
    const column = hints.slice(from, from + canvas.height);
    const width = Math.max(...column.map(({ key, label }) => textWidth(key) + textWidth(label) + 4));
    if (x + width > canvas.width + 1) return;
    const keyWidth = Math.max(...column.map(({ key }) => textWidth(key) + 2));
    column.forEach(({ key, label }, y) => {
      canvas.text(x, y, `<${key}>`, 'hintKey');
      canvas.text(x + keyWidth + 1, y, label, 'hintText');
    });
    x += width + 1;
  }
}
