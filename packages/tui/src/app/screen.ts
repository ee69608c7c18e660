import type { Canvas } from '../screen/frame.js';
import { Frame } from '../screen/frame.js';
import { Painter } from '../screen/painter.js';
import { truncate } from '../screen/text-width.js';
import type { Terminal } from '../terminal/terminal.js';
import type { ColorDepth } from '../theme/sgr.js';
import { sgrTable } from '../theme/sgr.js';
import type { Theme } from '../theme/theme.js';
import { turtleShip } from '../theme/theme.js';
import type { DialogStack } from './dialog-stack.js';
import type { Hint } from './draw-header.js';
import { drawHeader, headerHeight } from './draw-header.js';
import { headerState } from './header-state.js';
import type { Prompts } from './prompts.js';
import type { FlashLevel, Services } from './services.js';
import type { Tabs } from './tabs.js';

export interface ScreenDeps {
  readonly services: Services;
  readonly terminal: Terminal;
  readonly colorDepth: ColorDepth;
  readonly programVersion: string;
  readonly tabs: Tabs;
  readonly prompts: Prompts;
  readonly dialogs: DialogStack;
  readonly hints: () => readonly Hint[];
  /** Namespaces on the number keys from 1 on. */
  readonly numbered: () => readonly string[];
}

const flashMs = 6_000;
/** Narrower screens are not split: neither half could be read. */
const narrowestSplit = 70;

interface Flash {
  readonly level: FlashLevel;
  readonly text: string;
  readonly until: number;
}

/** Where everything stands on the screen: header, prompt, page, crumbs or flash, dialogs over all. */
export class Screen {
  readonly #deps: ScreenDeps;
  #painter: Painter;
  #theme: Theme = turtleShip;
  #flash: Flash | undefined;
  #showHeader: boolean;
  #showCrumbs: boolean;
  #fullScreen: boolean;
  #contentTop = 0;

  constructor(deps: ScreenDeps) {
    this.#deps = deps;
    const { k9s } = deps.services.personal;
    this.#showHeader = k9s.headless !== true;
    this.#showCrumbs = k9s.crumbsless !== true;
    this.#fullScreen = k9s.fullScreen === true;
    this.#painter = this.#painterFor(this.#theme);
  }

  /** The row the page begins on: what clicks are counted from. */
  get contentTop(): number {
    return this.#contentTop;
  }

  flash(level: FlashLevel, text: string): void {
    this.#flash = { level, text, until: this.#deps.services.clock.now() + flashMs };
  }

  toggleHeader(): void {
    this.#showHeader = !this.#showHeader;
  }

  toggleCrumbs(): void {
    this.#showCrumbs = !this.#showCrumbs;
  }

  toggleFullScreen(): void {
    this.#fullScreen = !this.#fullScreen;
  }

  /** The terminal no longer shows what was painted. */
  forget(): void {
    this.#painter.forget();
  }

  /** Draws all and writes what differs. @returns milliseconds until time alone changes what is seen. */
  paint(now: number): number | undefined {
    const { terminal, services } = this.#deps;
    const { theme } = services.personal.of(services.context);
    if (theme !== this.#theme) {
      this.#theme = theme;
      this.#painter = this.#painterFor(theme);
    }
    const { width, height } = terminal.size;
    const frame = new Frame(width, height);
    this.#draw(frame.canvas(), now);
    const bytes = this.#painter.paint(frame);
    if (bytes !== '') terminal.write(bytes);
    return this.#repaintInMs(now);
  }

  #painterFor(theme: Theme): Painter {
    return new Painter({ sgr: sgrTable(theme, this.#deps.colorDepth), fillsBlanks: theme.text.bg !== undefined });
  }

  #repaintInMs(now: number): number | undefined {
    const { page } = this.#deps.tabs;
    const flash = this.#flash === undefined ? undefined : Math.max(1, this.#flash.until - now);
    const lost = page?.cluster.state.kind === 'lost' ? 1_000 : undefined;
    const all = [page?.repaintInMs?.(now), flash, lost].filter((ms) => ms !== undefined);
    return all.length === 0 ? undefined : Math.min(...all);
  }

  #draw(canvas: Canvas, now: number): void {
    const { services, tabs, prompts, dialogs, programVersion, hints, numbered } = this.#deps;
    const header = this.#showHeader && !this.#fullScreen ? headerHeight(canvas.height) : 0;
    const prompt = Math.min(prompts.height, Math.floor(canvas.height / 2));
    const crumbs = this.#showCrumbs && !this.#fullScreen ? 1 : 0;
    this.#contentTop = header + prompt;
    // The page first: what it finds to show decides which keys the header names.
    const content = canvas.region(0, header + prompt, canvas.width, canvas.height - header - prompt - crumbs);
    this.#drawSafely(content, now);
    if (header > 0) {
      const cluster = tabs.page?.cluster ?? services.cluster(services.context);
      const state = headerState(services, cluster, numbered(), programVersion, hints());
      drawHeader(canvas.region(0, 0, canvas.width, header), state);
    }
    prompts.draw(canvas.region(0, header, canvas.width, prompt));
    const bottom = canvas.region(0, canvas.height - 1, canvas.width, 1);
    if (crumbs > 0) this.#drawCrumbs(bottom);
    this.#drawFlash(bottom, now);
    dialogs.draw(canvas, services.personal.of(services.context).badge);
  }

  /** A page that cannot be drawn is a mistake of ours, and no reason to take all the others away. */
  #drawSafely(canvas: Canvas, now: number): void {
    try {
      this.#drawContent(canvas, now);
    } catch (error) {
      canvas.fill(' ');
      const inner = canvas.box('this page cannot be shown', 'alert', 'alert');
      inner.text(1, 1, error instanceof Error ? error.message : String(error), 'alert');
      inner.text(1, 3, 'Esc goes back, : asks for another page', 'dim');
    }
  }

  /** The page, and beside it what its cursor rests on when the screen is split and wide enough. */
  #drawContent(canvas: Canvas, now: number): void {
    const { page, side } = this.#deps.tabs;
    if (side === undefined || page?.preview === undefined || canvas.width < narrowestSplit) {
      page?.draw(canvas, now);
      return;
    }
    const left = Math.floor(canvas.width * 0.55);
    page.draw(canvas.region(0, 0, left, canvas.height), now);
    side.show(page.preview());
    side.draw(canvas.region(left, 0, canvas.width - left, canvas.height));
  }

  #drawCrumbs(canvas: Canvas): void {
    let x = 0;
    const { count, index: seen, crumbs } = this.#deps.tabs;
    if (count > 1) x = canvas.text(x, 0, ` ${seen + 1}/${count} `, 'badge') + 1;
    crumbs.forEach((crumb, index) => {
      x = canvas.text(x, 0, ` <${crumb}> `, index === crumbs.length - 1 ? 'crumbActive' : 'crumb') + 1;
    });
  }

  #drawFlash(canvas: Canvas, now: number): void {
    const flash = this.#flash;
    if (flash === undefined) return;
    if (now >= flash.until) {
      this.#flash = undefined;
      return;
    }
    const sign = { info: '✓', warn: '!', alert: '✖' }[flash.level];
    canvas.fill(' ');
    canvas.text(0, 0, truncate(` ${sign} ${flash.text.replaceAll('\n', ' ')} `, canvas.width), flash.level);
  }
}
