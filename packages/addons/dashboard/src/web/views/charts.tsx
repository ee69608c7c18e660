import type { Node } from '@geobuk/api';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { getJson } from '../api/request.js';
import { useShared } from '../state/context.js';
import { quantityOf } from './quantity.js';

interface NodeMetrics {
  readonly items?: readonly { readonly usage?: { readonly cpu?: string; readonly memory?: string } }[];
}

interface Sample {
  readonly at: number;
  readonly cpu: number;
  readonly memoryGiB: number;
}

const everyMs = 15_000;
const mostSamples = 240;
const gib = 2 ** 30;

/** What the nodes use of what they have, since the page was opened; needs metrics.k8s.io. */
export function Charts({ nodes }: { readonly nodes: readonly Node[] }) {
  const { t, kinds } = useShared();
  const isServed = kinds.some(({ group, plural }) => group === 'metrics.k8s.io' && plural === 'nodes');
  const samples = useSamples(isServed);
  const sum = (resource: string): number =>
    nodes.reduce((all, { status }) => all + quantityOf(status?.allocatable?.[resource] ?? '0'), 0);
  if (!isServed) {
    return (
      <div class="card">
        <h2>
          {t('cpu')} · {t('memory')}
        </h2>
        <p class="hint">
          {t('noMetrics')} <a href="#/addons">{t('openAddons')}</a>
        </p>
      </div>
    );
  }
  return (
    <div class="charts">
      <Chart title={t('cpu')} unit="" samples={samples.map(({ at, cpu }) => [at, cpu])} capacity={sum('cpu')} />
      <Chart
        title={t('memory')}
        unit=" GiB"
        samples={samples.map(({ at, memoryGiB }) => [at, memoryGiB])}
        capacity={sum('memory') / gib}
      />
    </div>
  );
}

function useSamples(isServed: boolean): readonly Sample[] {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  useEffect(() => {
    if (!isServed) return undefined;
    const stop = new AbortController();
    const take = (): void => {
      getJson<NodeMetrics>('/k8s/apis/metrics.k8s.io/v1beta1/nodes', { signal: stop.signal, background: true }).then(
        ({ items = [] }) => {
          const total = (resource: 'cpu' | 'memory'): number =>
            items.reduce((all, { usage }) => all + quantityOf(usage?.[resource] ?? '0'), 0);
          const sample = { at: Date.now() / 1000, cpu: total('cpu'), memoryGiB: total('memory') / gib };
          setSamples((before) => [...before, sample].slice(-mostSamples));
        },
        () => undefined, // a gap in the line
      );
    };
    take();
    const timer = setInterval(take, everyMs);
    return () => (stop.abort(), clearInterval(timer));
  }, [isServed]);
  return samples;
}

function Chart(props: {
  readonly title: string;
  readonly unit: string;
  readonly samples: readonly (readonly [number, number])[];
  readonly capacity: number;
}) {
  const { title, unit, samples, capacity } = props;
  const { t, theme } = useShared();
  const parent = useRef<HTMLDivElement>(null);
  const data: uPlot.AlignedData = [samples.map(([at]) => at), samples.map(([, value]) => value)];
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    if (parent.current === null) return undefined;
    const style = getComputedStyle(parent.current);
    const [accent, muted, grid] = ['--accent', '--muted', '--border'].map((name) =>
      style.getPropertyValue(name).trim(),
    ) as [string, string, string];
    const axis = { stroke: muted, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid } };
    const made = new uPlot(
      {
        width: parent.current.clientWidth,
        height: 160,
        legend: { show: false },
        scales: { y: { range: (_, _low, high) => [0, Math.max(high * 1.2, 0.1)] } },
        axes: [axis, { ...axis, size: 56 }],
        series: [{}, { stroke: accent, width: 2, fill: `${accent}22` }],
      },
      [[], []],
      parent.current,
    );
    plot.current = made;
    const observer = new ResizeObserver(([entry]) =>
      made.setSize({ width: entry?.contentRect.width ?? 300, height: 160 }),
    );
    observer.observe(parent.current);
    return () => (observer.disconnect(), made.destroy());
  }, [theme]);
  useEffect(() => plot.current?.setData(data), [samples, theme]);
  const last = samples.at(-1)?.[1];
  const text = `${t('used')} ${last === undefined ? '–' : last.toFixed(2)}${unit} / ${t('capacity')} ${capacity.toFixed(1)}${unit}`;
  return (
    <figure class="card chart" aria-label={`${title}: ${text}`}>
      <h2>{title}</h2>
      <p class="hint">{text}</p>
      <div ref={parent} />
    </figure>
  );
}
