/** What Shift makes of the digits on a US keyboard, which is what k9s' names mean. */
const shiftedDigits = ')!@#$%^&*(';

const specials: Readonly<Record<string, string>> = {
  enter: 'enter',
  tab: 'tab',
  space: 'space',
  esc: 'escape',
  delete: 'delete',
  home: 'home',
  end: 'end',
  up: 'up',
  down: 'down',
  left: 'left',
  right: 'right',
  pgup: 'pageup',
  pgdn: 'pagedown',
};

/** k9s' name of a key (`Shift-A`, `Ctrl-U`, `F1`, `Shift-0`, `Shift-Left`) in our words; undefined: no key. */
export function keyOf(shortCut: string): string | undefined {
  const [, modifier = '', key = ''] = /^(?:(Shift|Ctrl|Alt)-)?(.+)$/i.exec(shortCut.trim()) ?? [];
  if (key === '') return undefined;
  const special = specials[key.toLowerCase()];
  switch (modifier.toLowerCase()) {
    case 'shift':
      if (/^\d$/.test(key)) return shiftedDigits[Number(key)];
      if (special !== undefined) return `S-${special}`;
      return /^[a-z]$/i.test(key) ? `S-${key.toLowerCase()}` : undefined;
    case 'ctrl':
      if (special === 'space') return 'C-space';
      return /^[a-z]$/i.test(key) ? `C-${key.toLowerCase()}` : undefined;
    case 'alt':
      return `M-${key.toLowerCase()}`;
    default:
      if (special !== undefined) return special;
      if (/^[A-Z]$/.test(key)) return `S-${key.toLowerCase()}`;
      return /^f\d+$/i.test(key) || key.length === 1 ? key.toLowerCase() : undefined;
  }
}
