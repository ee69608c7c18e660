import type { AddonCluster, KubernetesObject, ObjectKey, ResourceType } from '@geobuk/api';
import { addons, nodes, pods } from '@geobuk/api';
import type { Client, Clock, Controller, Informers } from '@geobuk/client';
import { mapped } from '@geobuk/client';
import type { AddonCatalogue } from './addon-catalogue.js';
import { AddonController } from './addon-controller.js';
import { AddonExaminer } from './addon-examiner.js';
import type { RegistryAnswers } from './addon-images.js';
import { AddonImages, askRegistry } from './addon-images.js';
import { AddonPruner } from './addon-pruner.js';
import { AddonResources, addonLabel, addonScope, watchedTypes } from './addon-resources.js';
import { AddonWishController } from './addon-wish-controller.js';
import type { FirstLogLine } from './first-log-line.js';
import type { AddonReleases } from './packages/addon-releases.js';
import { shippedReleases } from './packages/addon-releases.js';

export interface AddonReconcilerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly catalogue: AddonCatalogue;
  readonly cluster: AddonCluster;
  readonly clock: Clock;
  /** Only what ships with the product unless said; then nothing can be rolled back. */
  readonly releases?: AddonReleases | undefined;
  readonly registryAnswers?: RegistryAnswers | undefined;
  /** Everything the server has now, CRDs included; built-in kinds are known without. */
  readonly discover?: (() => readonly ResourceType[]) | undefined;
  /** Puts what a failing pod said into the status; `firstLogLine(client)` of an HTTP client. */
  readonly logs?: FirstLogLine | undefined;
}

/** The parts list of everything about addons; give them to the control plane's runner. */
export function createAddonReconciler(deps: AddonReconcilerDeps): readonly Controller[] {
  const { client, informers, catalogue, cluster, clock, discover = () => [], logs } = deps;
  const { releases = shippedReleases(catalogue, cluster), registryAnswers = askRegistry } = deps;
  const watched = watchedTypes(catalogue, cluster);
  const resources = new AddonResources({ client, informers, watched, discover });
  const watches = [...watched, pods as ResourceType].map((type) => mapped(type, keysOfAddon, addonScope));
  return [
    new AddonWishController({ client, informers, catalogue }),
    new AddonController({
      client,
      addonLister: informers.of(addons).lister,
      watches,
      catalogue,
      releases,
      resources,
      pruner: new AddonPruner({ client, resources }),
      examiner: new AddonExaminer({ resources, logs }),
      images: new AddonImages({ nodeLister: informers.of(nodes).lister, registryAnswers }),
      clock,
    }),
  ];
}

function keysOfAddon(now: KubernetesObject | undefined, before: KubernetesObject | undefined): readonly ObjectKey[] {
  const name = (now ?? before)?.metadata.labels?.[addonLabel];
  return name === undefined ? [] : [{ name }];
}
