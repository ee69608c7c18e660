import { useEffect, useRef, useState } from 'preact/hooks';
import { useShared } from '../state/context.js';
import { useTable } from '../table/use-table.js';

/** Which namespaces everything is shown of: several, or all. Who may not list them can name them. */
export function NamespacePicker({ onChange }: { readonly onChange: (namespaces: readonly string[]) => void }) {
  const { t, kinds, namespaces } = useShared();
  const [text, setText] = useState('');
  const element = useRef<HTMLDetailsElement>(null);
  const { rows } = useTable(
    kinds.find(({ group, plural }) => group === '' && plural === 'namespaces'),
    [],
  );
  const names = [...new Set([...rows.map(({ name }) => name), ...namespaces])].sort();
  useEffect(() => {
    const close = (event: Event): void => {
      if (element.current !== null && !element.current.contains(event.target as globalThis.Node))
        element.current.open = false;
    };
    document.addEventListener('pointerdown', close);
    return () => document.removeEventListener('pointerdown', close);
  }, []);
  const toggle = (name: string, on: boolean): void =>
    onChange(on ? [...namespaces, name] : namespaces.filter((each) => each !== name));
  const label =
    namespaces.length === 0
      ? t('allNamespaces')
      : namespaces.length === 1
        ? (namespaces[0] ?? '')
        : t('namespacesCount', { count: namespaces.length });
  return (
    <details class="picker" ref={element} data-namespaces>
      <summary aria-label={t('namespaces')}>{label}</summary>
      <div class="card">
        <label class="check">
          <input type="checkbox" checked={namespaces.length === 0} onChange={() => onChange([])} /> {t('allNamespaces')}
        </label>
        {names.map((name) => (
          <label key={name} class="check">
            <input
              type="checkbox"
              checked={namespaces.includes(name)}
              onChange={(event) => toggle(name, event.currentTarget.checked)}
            />{' '}
            {name}
          </label>
        ))}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (/^[a-z0-9-]+$/.test(text) && !namespaces.includes(text)) toggle(text, true);
            setText('');
          }}
        >
          <input
            aria-label={t('addNamespace')}
            placeholder={t('addNamespace')}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </form>
      </div>
    </details>
  );
}
