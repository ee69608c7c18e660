import type { Pod } from '@geobuk/api';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { isAbort, send } from '../api/request.js';
import { linesOf } from '../api/watch.js';
import type { AnyObject } from '../relations/relations.js';
import { useShared } from '../state/context.js';
import { LogLines } from './log-lines.js';

const mostLines = 50_000;
const lineHeight = 19;

/** The log of one container: followed, searched, in a window of its lines. */
export function LogView({ pod }: { readonly pod: AnyObject }) {
  const { t } = useShared();
  const { spec } = pod as unknown as Pod;
  const names = [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name);
  const [container, setContainer] = useState(names[0] ?? '');
  const [follow, setFollow] = useState(true);
  const [previous, setPrevious] = useState(false);
  const [timestamps, setTimestamps] = useState(false);
  const [search, setSearch] = useState('');
  const { lines, error } = useLog(pod, container, { follow: follow && !previous, previous, timestamps });
  const found = useMemo(() => {
    const wanted = search.toLowerCase();
    return wanted === '' ? lines : lines.filter((line) => line.toLowerCase().includes(wanted));
  }, [lines, search]);
  const download = (): void => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([lines.join('\n')], { type: 'text/plain' }));
    link.download = `${pod.metadata.name}-${container}.log`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const box = (label: string, value: boolean, set: (value: boolean) => void) => (
    <label class="check">
      <input type="checkbox" checked={value} onChange={(event) => set(event.currentTarget.checked)} /> {label}
    </label>
  );
  return (
    <div class="logs">
      <div class="toolbar">
        <select
          aria-label={t('container')}
          value={container}
          onChange={(event) => setContainer(event.currentTarget.value)}
        >
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        {box(t('follow'), follow, setFollow)}
        {box(t('previous'), previous, setPrevious)}
        {box(t('timestamps'), timestamps, setTimestamps)}
        <input
          type="search"
          data-search
          placeholder={t('search')}
          aria-label={t('search')}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <span class="hint">{t('lines', { count: found.length })}</span>
        <span class="spacer" />
        <button type="button" onClick={download}>
          {t('download')}
        </button>
      </div>
      {error !== '' && (
        <p class="notice" role="alert">
          {error}
        </p>
      )}
      <LogWindow lines={found} search={search} stick={follow} />
    </div>
  );
}

function LogWindow({
  lines,
  search,
  stick,
}: {
  readonly lines: readonly string[];
  readonly search: string;
  readonly stick: boolean;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (stick && isAtEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, stick]);
  const onScroll = (): void => {
    const element = box.current;
    if (element === null) return;
    isAtEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - lineHeight;
    setTop(element.scrollTop);
  };
  const first = Math.max(0, Math.floor(top / lineHeight) - 20);
  const last = Math.min(lines.length, first + Math.ceil((box.current?.clientHeight ?? 800) / lineHeight) + 40);
  return (
    <div class="log-window" ref={box} onScroll={onScroll} tabIndex={0} role="log" aria-live="off">
      <div style={{ height: `${lines.length * lineHeight}px` }}>
        <pre style={{ transform: `translateY(${first * lineHeight}px)` }}>
          {lines.slice(first, last).map((line, index) => (
            <div key={first + index}>{marked(line, search)}</div>
          ))}
        </pre>
      </div>
    </div>
  );
}

function marked(line: string, search: string) {
  const at = search === '' ? -1 : line.toLowerCase().indexOf(search.toLowerCase());
  if (at < 0) return line === '' ? ' ' : line;
  return (
    <>
      {line.slice(0, at)}
      <mark>{line.slice(at, at + search.length)}</mark>
      {line.slice(at + search.length)}
    </>
  );
}

function useLog(
  { metadata }: AnyObject,
  container: string,
  options: { readonly follow: boolean; readonly previous: boolean; readonly timestamps: boolean },
): { readonly lines: readonly string[]; readonly error: string } {
  const { follow, previous, timestamps } = options;
  const [state, setState] = useState<{ readonly lines: readonly string[]; readonly error: string }>({
    lines: [],
    error: '',
  });
  useEffect(() => {
    const stop = new AbortController();
    const kept = new LogLines(mostLines);
    let timer: number | undefined;
    const publish = (error = ''): void => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => setState({ lines: kept.lines, error }), 60);
    };
    setState({ lines: [], error: '' });
    const query = new URLSearchParams({
      container,
      follow: String(follow),
      previous: String(previous),
      timestamps: String(timestamps),
      tailLines: '5000',
    });
    const path = `/k8s/api/v1/namespaces/${metadata.namespace ?? ''}/pods/${metadata.name}/log?${query.toString()}`;
    const read = async (): Promise<void> => {
      const response = await send('GET', path, { accept: '*/*', signal: stop.signal });
      for await (const lines of linesOf(response)) {
        kept.add(lines);
        publish();
      }
    };
    read().catch((error: Error) => (isAbort(error) ? undefined : publish(error.message)));
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
  }, [metadata.namespace, metadata.name, container, follow, previous, timestamps]);
  return state;
}
