import type { Language } from '../app/services.js';
import type { Canvas } from '../screen/frame.js';
import type { Health, PaintName } from '../screen/paint.js';
import { healthGlyph, healthPaint } from '../screen/paint.js';
import { pad, truncate } from '../screen/text-width.js';

interface Load {
  readonly used: number;
  readonly capacity: number;
}

/** A node, as a ship of the fleet. */
export interface Ship {
  readonly name: string;
  readonly status: string;
  readonly health: Health;
  readonly crew: readonly Health[];
  readonly cpu: Load;
  readonly memory: Load;
  readonly berths: Load;
  readonly addons: readonly string[];
}

export interface FleetState {
  readonly ships: readonly Ship[];
  readonly focus: number;
  /** Pods that have no ship yet. */
  readonly waiting: number;
  readonly addons: readonly { readonly name: string; readonly health: Health }[];
  readonly loading: boolean;
}

const shipWidth = 38;
const shipHeight = 9;
const skyHeight = 2;

const words = {
  en: {
    fleet: 'fleet',
    ships: 'ships',
    crew: 'crew',
    ashore: 'waiting ashore',
    addons: 'Addons',
    requested: 'requested',
    none: 'no ship is in sight yet',
    board: '<Enter> board  <arrows> steer',
  },
  ko: {
    fleet: '함대',
    ships: '척',
    crew: '승조원',
    ashore: '승선 대기',
    addons: '애드온',
    requested: '요청',
    none: '아직 배가 보이지 않습니다',
    board: '<Enter> 승선  <화살표> 이동',
  },
} as const;

/** Draws the fleet. Returns how many ships stand side by side. */
export function drawFleet(
  canvas: Canvas,
  { ships, focus, waiting, addons, loading }: FleetState,
  language: Language,
): number {
  const text = words[language];
  const crew = ships.reduce((sum, ship) => sum + ship.crew.length, 0);
  const inner = canvas.box(`${text.fleet}[${ships.length} ${text.ships}, ${crew} ${text.crew}]`);
  let x = inner.text(1, 0, `${text.addons}: `, 'label');
  for (const { name, health } of addons) x = inner.text(x, 0, `${healthGlyph(health)} ${name}  `, healthPaint(health));
  if (addons.length === 0) x = inner.text(x, 0, '-  ', 'dim');
  if (waiting > 0) inner.text(x, 0, `◐ ${waiting} ${text.ashore}`, 'pending');
  const board = text.board;
  canvas.text(2, canvas.height - 1, ` ${board} `, 'dim');
  if (ships.length === 0) {
    inner.text(2, 3, loading ? '…' : text.none, 'dim');
    return 1;
  }
  const columns = Math.max(1, Math.floor(inner.width / shipWidth));
  const rowsVisible = Math.max(1, Math.floor((inner.height - skyHeight) / shipHeight));
  const firstRow = Math.max(0, Math.floor(focus / columns) - rowsVisible + 1);
  ships.forEach((ship, index) => {
    const row = Math.floor(index / columns) - firstRow;
    if (row < 0 || row >= rowsVisible) return;
    const region = inner.region((index % columns) * shipWidth, skyHeight + row * shipHeight, shipWidth - 1, shipHeight);
    drawShip(region, ship, index === focus, text.requested);
  });
  return columns;
}

/** Which ship a click at a place of the page hits. */
export function shipAt(x: number, y: number, columns: number, count: number): number | undefined {
  const column = Math.floor((x - 1) / shipWidth);
  const row = Math.floor((y - 1 - skyHeight) / shipHeight);
  const index = row * columns + column;
  return column < 0 || column >= columns || row < 0 || index >= count ? undefined : index;
}

function drawShip(canvas: Canvas, ship: Ship, focused: boolean, requested: string): void {
  const hull = focused ? 'accent' : healthPaint(ship.health);
  const { width } = canvas;
  const nameX = canvas.text(0, 0, focused ? '▸ ' : '  ', 'accent');
  const statusX = canvas.text(
    nameX,
    0,
    `${healthGlyph(ship.health)} ${truncate(ship.name, width - 16)} `,
    focused ? 'highlight' : 'value',
  );
  canvas.text(statusX, 0, ship.status, healthPaint(ship.health));
  canvas.text(2, 1, `▁▂${'▃'.repeat(Math.max(0, width - 9))}▂▁ ◢`, hull);
  drawCrew(canvas.region(2, 2, width - 4, 2), ship.crew);
  canvas.text(1, 2, '▕', hull);
  canvas.text(width - 2, 2, '▏', hull);
  canvas.text(1, 3, '▕', hull);
  canvas.text(width - 2, 3, '▏', hull);
  drawLoad(canvas.region(2, 4, width - 4, 1), 'CPU', ship.cpu, (value) => (value / 1000).toFixed(1), requested);
  drawLoad(
    canvas.region(2, 5, width - 4, 1),
    'MEM',
    ship.memory,
    (value) => `${(value / 1024 ** 3).toFixed(1)}G`,
    requested,
  );
  drawLoad(canvas.region(2, 6, width - 4, 1), 'POD', ship.berths, String, '');
  canvas.text(0, 7, `≈◥${'█'.repeat(Math.max(0, width - 5))}◤≈≈`, focused ? 'accent' : 'sea');
  if (ship.addons.length > 0) canvas.text(3, 7, truncate(` ${ship.addons.join(' ')} `, width - 8), 'badge');
}

/** One mark for each pod, the sick first so that a full deck never hides them. */
function drawCrew(canvas: Canvas, crew: readonly Health[]): void {
  const order: readonly Health[] = ['error', 'pending', 'killing', 'unknown', 'ok', 'done'];
  const sorted = [...crew].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const room = canvas.width * 2;
  const shown = sorted.length > room ? sorted.slice(0, room - 6) : sorted;
  shown.forEach((health, index) => {
    canvas.text(index % canvas.width, Math.floor(index / canvas.width), healthGlyph(health), healthPaint(health));
  });
  if (shown.length < sorted.length)
    canvas.text(canvas.width - 6, 1, pad(`+${sorted.length - shown.length}`, 6, 'right'), 'dim');
}

function drawLoad(
  canvas: Canvas,
  name: string,
  { used, capacity }: Load,
  format: (value: number) => string,
  note: string,
): void {
  const share = capacity <= 0 ? 0 : Math.min(1, used / capacity);
  const numbers = `${format(used)}/${format(capacity)}`;
  const bar = Math.max(4, canvas.width - 4 - 13);
  const full = Math.round(share * bar);
  const paint: PaintName = share >= 0.9 ? 'error' : share >= 0.7 ? 'pending' : 'series3';
  let x = canvas.text(0, 0, `${name} `, 'label');
  x = canvas.text(x, 0, '█'.repeat(full), paint);
  x = canvas.text(x, 0, '░'.repeat(bar - full), 'dim');
  x = canvas.text(x, 0, ` ${numbers}`, 'hintText');
  if (note !== '' && x + note.length + 1 <= canvas.width) canvas.text(x + 1, 0, note, 'dim');
}
