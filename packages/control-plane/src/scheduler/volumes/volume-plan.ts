import type { CSIStorageCapacity, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@geobuk/api';
import { bytesOf, labelSelectorOf, matchesLabels, matchesNodeSelectorTerm } from '@geobuk/api';
import type { PlacementNode } from '@geobuk/api';
import type { VolumeLookup } from './volume-lookup.js';

export const selectedNode = 'volume.kubernetes.io/selected-node';

/** How the unbound claims of a pod get their volumes on one node. */
export interface VolumePlan {
  readonly bind: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  readonly provision: readonly PersistentVolumeClaim[];
}

export type VolumeProblem = 'noVolume' | 'noSpace';

export const requestedBytes = (claim: PersistentVolumeClaim): number =>
  bytesOf(claim.spec?.resources?.requests?.['storage'] ?? '0');
export const capacityBytes = (volume: PersistentVolume): number => bytesOf(volume.spec?.capacity?.['storage'] ?? '0');

export const reachable = (volume: PersistentVolume, node: PlacementNode): boolean => {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  return terms === undefined || terms.some((term) => matchesNodeSelectorTerm(node, term));
};

/**
 * Largest claims first are not needed: each takes the smallest volume that suffices; what finds none is provisioned.
 * Follows: FindPodVolumes.
 * @param taken volumes that other decisions have promised already.
 */
export function planVolumes(
  claims: readonly PersistentVolumeClaim[],
  node: PlacementNode,
  lookup: VolumeLookup,
  taken: ReadonlySet<string>,
): VolumePlan | VolumeProblem {
  const bind: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
  const provision: PersistentVolumeClaim[] = [];
  const used = new Set(taken);
  for (const claim of [...claims].sort((a, b) => requestedBytes(a) - requestedBytes(b))) {
    const chosen = claim.metadata.annotations?.[selectedNode];
    if (chosen !== undefined && chosen !== node.name) return 'noVolume';
    const volume = chosen === undefined ? smallestFit(claim, node, lookup, used) : undefined;
    if (volume !== undefined) {
      used.add(volume.metadata.name ?? '');
      bind.push({ claim, volume });
      continue;
    }
    const problem = provisionProblem(claim, node, lookup);
    if (problem !== undefined) return problem;
    provision.push(claim);
  }
  return { bind, provision };
}

/** Follows: FindMatchingVolume: a volume reserved for the claim wins, else the smallest that suffices. */
function smallestFit(
  claim: PersistentVolumeClaim,
  node: PlacementNode,
  lookup: VolumeLookup,
  used: ReadonlySet<string>,
): PersistentVolume | undefined {
  const { accessModes = [], selector, volumeMode = 'Filesystem', storageClassName = '' } = claim.spec ?? {};
  const requirements = selector === undefined ? [] : labelSelectorOf(selector);
  let best: PersistentVolume | undefined;
  for (const volume of lookup.volumesOfClass(storageClassName)) {
    const { claimRef, accessModes: offered = [], volumeMode: mode = 'Filesystem' } = volume.spec ?? {};
    if (volume.metadata.deletionTimestamp !== undefined || used.has(volume.metadata.name ?? '')) continue;
    if (mode !== volumeMode || capacityBytes(volume) < requestedBytes(claim) || !reachable(volume, node)) continue;
    if (!accessModes.every((wanted) => offered.includes(wanted))) continue;
    if (claimRef !== undefined) {
      const ours = claimRef.namespace === claim.metadata.namespace && claimRef.name === claim.metadata.name;
      if (ours && (claimRef.uid === undefined || claimRef.uid === claim.metadata.uid)) return volume;
      continue;
    }
    if (volume.status?.phase !== 'Available' || !matchesLabels(requirements, volume.metadata.labels)) continue;
    if (best === undefined || capacityBytes(volume) < capacityBytes(best)) best = volume;
  }
  return best;
}

function provisionProblem(
  claim: PersistentVolumeClaim,
  node: PlacementNode,
  lookup: VolumeLookup,
): VolumeProblem | undefined {
  const storageClass = lookup.storageClass(claim.spec?.storageClassName ?? '');
  if (storageClass === undefined || storageClass.provisioner === 'kubernetes.io/no-provisioner') return 'noVolume';
  if (!allowedOn(storageClass, node)) return 'noVolume';
  if (lookup.csiDriver(storageClass.provisioner)?.spec.storageCapacity !== true) return undefined;
  const wanted = requestedBytes(claim);
  const enough = capacitiesOn(storageClass, node, lookup).some(
    ({ maximumVolumeSize, capacity = '0' }) => bytesOf(maximumVolumeSize ?? capacity) >= wanted,
  );
  return enough ? undefined : 'noSpace';
}

/** What drivers say is left for volumes of a class on a node. */
const capacitiesOn = (
  { metadata }: StorageClass,
  node: PlacementNode,
  lookup: VolumeLookup,
): readonly CSIStorageCapacity[] =>
  lookup
    .capacities(metadata.name ?? '')
    .filter(({ nodeTopology }) => matchesLabels(labelSelectorOf(nodeTopology), node.labels));

/** Bytes left where a volume for the claim would be made; undefined when its driver does not say. */
export function bytesLeftFor(
  claim: PersistentVolumeClaim,
  node: PlacementNode,
  lookup: VolumeLookup,
): number | undefined {
  const storageClass = lookup.storageClass(claim.spec?.storageClassName ?? '');
  if (storageClass === undefined || lookup.csiDriver(storageClass.provisioner)?.spec.storageCapacity !== true)
    return undefined;
  const sizes = capacitiesOn(storageClass, node, lookup).map(({ capacity = '0' }) => bytesOf(capacity));
  return sizes.length === 0 ? undefined : Math.max(...sizes);
}

function allowedOn({ allowedTopologies = [] }: StorageClass, { labels }: PlacementNode): boolean {
  if (allowedTopologies.length === 0) return true;
  return allowedTopologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? '')),
  );
}
