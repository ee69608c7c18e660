import { useEffect } from 'preact/hooks';
import { listRoute } from './route.js';

const places: Readonly<Record<string, string>> = {
  p: listRoute({ group: '', plural: 'pods' }),
  d: listRoute({ group: 'apps', plural: 'deployments' }),
  s: listRoute({ group: '', plural: 'services' }),
  n: listRoute({ group: '', plural: 'nodes' }),
  o: '#/overview',
  a: '#/addons',
  m: '#/map',
};
const secondKeyMs = 1_500;

export interface KeyActions {
  readonly help: () => void;
  readonly theme: () => void;
  readonly up: () => void;
}

/** The keys of the whole page; none of them while somebody writes. */
export function useKeys(actions: KeyActions): void {
  useEffect(() => {
    let goneAt = 0;
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as HTMLElement;
      if (document.querySelector('dialog[open]') !== null) return;
      if (target.closest('input, textarea, select, [contenteditable=true], .terminal') !== null) {
        if (event.key === 'Escape' && target.closest('.terminal') === null) target.blur();
        return;
      }
      const place = Date.now() - goneAt < secondKeyMs ? places[event.key] : undefined;
      goneAt = event.key === 'g' ? Date.now() : 0;
      if (place !== undefined) location.hash = place;
      else if (event.key === '/') document.querySelector<HTMLInputElement>('[data-search]')?.focus();
      else if (event.key === '?') actions.help();
      else if (event.key === 't') actions.theme();
      else if (event.key === 'Escape') actions.up();
      else if (event.key === 'j' || event.key === 'k') document.querySelector<HTMLElement>('[data-list]')?.focus();
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [actions]);
}
