import type { ClusterSnapshot, Scores } from './plugin.js';
import type { Framework } from './framework.js';
import type { NodeInfo, PodInfo } from './node-info.js';

/** Points of one node: each plugin's normalised score times its weight. */
export interface NodeScore {
  readonly node: string;
  readonly total: number;
  readonly byPlugin: Readonly<Record<string, number>>;
}

export interface Scoring {
  readonly nodes: readonly NodeInfo[];
  readonly totals: Scores;
  readonly parts: readonly { readonly plugin: string; readonly weighted: Scores }[];
}

/** Runs the scoring plugins over the feasible nodes. Follows: RunScorePlugins. */
export function scoreNodes(
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  cluster: ClusterSnapshot,
  { scorers }: Framework,
): Scoring {
  const totals = new Float64Array(nodes.length);
  const parts: { plugin: string; weighted: Scores }[] = [];
  for (const { plugin, weight } of scorers) {
    const prepared = plugin.preScore?.(pod, nodes, cluster);
    if (prepared === 'skip') continue;
    const state = prepared?.state;
    const scores = new Float64Array(nodes.length);
    for (let i = 0; i < scores.length; i += 1) scores[i] = plugin.score?.(pod, nodes[i] as NodeInfo, state) ?? 0;
    plugin.normalize?.(scores, nodes, state);
    for (let i = 0; i < scores.length; i += 1) {
      const weighted = (scores[i] as number) * weight;
      scores[i] = weighted;
      totals[i] = (totals[i] as number) + weighted;
    }
    parts.push({ plugin: plugin.name, weighted: scores });
  }
  return { nodes, totals, parts };
}

/** The node with most points; each of the best is equally likely. */
export function bestIndex(totals: Scores, random: () => number): number {
  let chosen = 0;
  let ties = 1;
  for (let i = 1; i < totals.length; i += 1) {
    const difference = (totals[i] as number) - (totals[chosen] as number);
    if (difference > 0) {
      chosen = i;
      ties = 1;
    } else if (difference === 0) {
      ties += 1;
      if (random() * ties < 1) chosen = i;
    }
  }
  return chosen;
}

/** The points of the chosen node and of the best few others, for people who ask why. */
export function scoreDetails({ nodes, totals, parts }: Scoring, chosen: number, others: number): readonly NodeScore[] {
  const kept = [chosen];
  while (kept.length <= others && kept.length < nodes.length) {
    let next = -1;
    for (let i = 0; i < totals.length; i += 1)
      if (!kept.includes(i) && (next < 0 || (totals[i] as number) > (totals[next] as number))) next = i;
    kept.push(next);
  }
  return kept.map((i) => ({
    node: (nodes[i] as NodeInfo).name,
    total: totals[i] as number,
    byPlugin: Object.fromEntries(parts.map(({ plugin, weighted }) => [plugin, weighted[i] as number])),
  }));
}
