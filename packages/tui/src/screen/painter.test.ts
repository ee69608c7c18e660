import { describe, expect, it } from 'vitest';
import { colorDepthOf, sgrTable } from '../theme/sgr.js';
import { turtleShip } from '../theme/theme.js';
import { HeadlessTerminal } from '../testing/headless-terminal.js';
import { Frame } from './frame.js';
import { paintOf } from './paint.js';
import { Painter } from './painter.js';

const plain = (): string => '';

function frameOf(...rows: readonly string[]): Frame {
  const frame = new Frame(20, rows.length);
  rows.forEach((row, y) => frame.canvas().text(0, y, row));
  return frame;
}

describe('Frame', () => {
  it('gives a wide character two cells and cuts what does not fit', () => {
    const frame = new Frame(5, 1);
    frame.canvas().text(0, 0, '거북선');
    expect(frame.lines()).toEqual(['거북']);
  });

  it('leaves no half of a wide character behind', () => {
    const frame = new Frame(6, 1);
    frame.canvas().text(0, 0, '거북선');
    frame.canvas().text(1, 0, 'x');
    expect(frame.lines()).toEqual([' x북선']);
  });

  it('keeps a canvas within its bounds', () => {
    const frame = new Frame(10, 3);
    frame.canvas().region(2, 1, 4, 1).text(-1, 0, 'abcdefgh');
    frame.canvas().region(2, 1, 4, 1).text(0, 1, 'below');
    expect(frame.lines()).toEqual(['', '  bcde', '']);
  });

  it('writes no control characters', () => {
    expect(frameOf('a\x1b[31mb\nc').lines()).toEqual(['a[31mbc']);
  });
});

describe('Painter', () => {
  it('writes everything once, then only what differs', () => {
    const painter = new Painter({ sgr: plain });
    painter.paint(frameOf('NAME  STATUS', 'web   Running'));
    expect(painter.paint(frameOf('NAME  STATUS', 'web   Running'))).toBe('');
    expect(painter.paint(frameOf('NAME  STATUS', 'web   Runs'))).toBe('\x1b[2;10Hs   ');
  });

  it('bridges small gaps and jumps over large ones', () => {
    const painter = new Painter({ sgr: plain });
    painter.paint(frameOf('aaaaaaaaaaaaaaaaaaaa'));
    expect(painter.paint(frameOf('baabaaaaaaaaaaaaaaab'))).toBe('\x1b[1;1Hbaab\x1b[1;20Hb');
  });

  it('writes everything again after the terminal was somebody else’s', () => {
    const painter = new Painter({ sgr: plain });
    painter.paint(frameOf('same'));
    painter.forget();
    expect(painter.paint(frameOf('same'))).toContain('same');
  });

  it('leaves on a real emulator what the frame says, whatever came before', async () => {
    using terminal = new HeadlessTerminal(24, 4);
    const painter = new Painter({ sgr: sgrTable(turtleShip, 'truecolor') });
    const screens = [
      ['● 거북선 출항', 'plain', '한글 ✖ end', 'x'],
      ['○ 북 출항 a', 'plain 🚢 ship', '한 ✖ end', ''],
      ['', '거북선거북선거북선거북선', 'aaaaaaaaaaaaaaaaaaaaaaaa', '끝'],
      ['● 거북선 출항', 'plain', '한글 ✖ end', 'x'],
    ];
    for (const rows of screens) {
      const frame = new Frame(24, 4);
      rows.forEach((row, y) => frame.canvas().text(0, y, row, 'ok'));
      terminal.write(painter.paint(frame));
      const shown = (await terminal.lines()).map((line) => line.trimEnd());
      // The emulator draws an emoji in one cell; the cells after it have to be right all the same.
      expect(shown.map((line) => line.replace(/🚢 +/, '🚢 '))).toEqual(frame.lines().map((line) => line));
    }
  });
});

describe('colours', () => {
  it.each([
    [{ NO_COLOR: '1', COLORTERM: 'truecolor', TERM: 'xterm-256color' }, 'none'],
    [{ COLORTERM: 'truecolor', TERM: 'xterm' }, 'truecolor'],
    [{ TERM: 'xterm-256color' }, '256'],
    [{ TERM: 'xterm' }, '16'],
    [{ TERM: 'dumb' }, 'none'],
  ])('%o is %s', (environment, depth) => expect(colorDepthOf(environment)).toBe(depth));

  it('says without colour by inverse what a background would say', () => {
    const sgr = sgrTable(turtleShip, 'none');
    expect(sgr(paintOf('crumb'))).toBe('\x1b[0;7m');
    expect(sgr(paintOf('error'))).toBe('\x1b[0;1m');
  });

  it('falls back to 256 and 16 colours', () => {
    expect(sgrTable(turtleShip, 'truecolor')(paintOf('ok'))).toBe('\x1b[0;38;2;135;206;250m');
    expect(sgrTable(turtleShip, '256')(paintOf('ok'))).toBe('\x1b[0;38;5;117m');
    expect(sgrTable(turtleShip, '16')(paintOf('ok'))).toMatch(/^\x1b\[0;(3|9)\dm$/);
  });
});
