import { ageOf } from './human-duration.js';
import { conditionStatus, containerImages, containerNames, labelsText, none, orNone } from './cell-text.js';
import { ageCell, nameCell, printer, wide } from './table.js';
import { summarizePod } from './pod-status.js';
import type { Pod, PodTemplate } from '../generated/types.js';
import type { TableRowCondition } from './table.js';

const succeeded: readonly TableRowCondition[] = [
  { type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' },
];
const failed: readonly TableRowCondition[] = [
  { type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' },
];

export const podPrinter = printer<Pod>(
  {
    Name: nameCell,
    Ready: (pod) => {
      const { readyContainers, totalContainers } = summarizePod(pod);
      return `${readyContainers}/${totalContainers}`;
    },
    Status: (pod) => summarizePod(pod).status,
    Restarts: (pod, { now }) => {
      const { restarts, lastRestartAt } = summarizePod(pod);
      return restarts === 0 || lastRestartAt === undefined
        ? `${restarts}`
        : `${restarts} (${ageOf(lastRestartAt, now)} ago)`;
    },
    Age: ageCell,
    IP: wide((pod) => orNone(pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP)),
    Node: wide((pod) => orNone(pod.spec?.nodeName)),
    'Nominated Node': wide((pod) => orNone(pod.status?.nominatedNodeName)),
    'Readiness Gates': wide(readinessGatesText),
  },
  (pod) => (pod.status?.phase === 'Succeeded' ? succeeded : pod.status?.phase === 'Failed' ? failed : undefined),
);

function readinessGatesText(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return none;
  const open = gates.filter(({ conditionType }) => conditionStatus(pod.status?.conditions, conditionType) === 'True');
  return `${open.length}/${gates.length}`;
}

export const podTemplatePrinter = printer<PodTemplate>({
  Name: nameCell,
  Containers: (object) => containerNames(object.template?.spec?.containers),
  Images: (object) => containerImages(object.template?.spec?.containers),
  'Pod Labels': (object) => labelsText(object.template?.metadata?.labels),
});
