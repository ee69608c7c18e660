import type { Logger } from 'pino';
import type { ResourceType } from '@geobuk/api';
import type { Client, Clock, Controller, EventRecorder, Informers } from '@geobuk/client';
import { AttachDetachController } from './attach-detach/attach-detach-controller.js';
import type { CertificateSigner } from './certificates/csr-signing-controller.js';
import { CsrApprovingController } from './certificates/csr-approving-controller.js';
import { CsrCleanerController } from './certificates/csr-cleaner-controller.js';
import { CsrSigningController } from './certificates/csr-signing-controller.js';
import { BootstrapSignerController } from './bootstrap-signer/bootstrap-signer-controller.js';
import { ClusterRoleAggregationController } from './cluster-role-aggregation/cluster-role-aggregation-controller.js';
import { CronJobController } from './cron-job/cron-job-controller.js';
import { DaemonSetController } from './daemon-set/daemon-set-controller.js';
import { DeploymentController } from './deployment/deployment-controller.js';
import { EndpointSliceController } from './endpoint-slice/endpoint-slice-controller.js';
import { DisruptionController } from './disruption/disruption-controller.js';
import { StaleDisruptionController } from './disruption/stale-disruption-controller.js';
import { EndpointSliceMirroringController } from './endpoint-slice-mirroring/endpoint-slice-mirroring-controller.js';
import { EndpointsController } from './endpoints/endpoints-controller.js';
import { EphemeralVolumeController } from './ephemeral-volume/ephemeral-volume-controller.js';
import { HorizontalPodAutoscalerController } from './horizontal-pod-autoscaler/horizontal-pod-autoscaler-controller.js';
import { JobController } from './job/job-controller.js';
import { NamespaceController } from './namespace/namespace-controller.js';
import { NodeIpamController } from './node-ipam/node-ipam-controller.js';
import { NodeLifecycleController } from './node-lifecycle/node-lifecycle-controller.js';
import { PodGcController } from './pod-gc/pod-gc-controller.js';
import { ReplicaSetController } from './replica-set/replica-set-controller.js';
import { replicationControllerKind } from './replication-controller/replication-controller-kind.js';
import { ResourceQuotaController } from './resource-quota/resource-quota-controller.js';
import { RootCaController } from './root-ca/root-ca-controller.js';
import { ServiceAllocationController } from './service-allocation/service-allocation-controller.js';
import { ServiceCidrController } from './service-allocation/service-cidr-controller.js';
import { ServiceAccountController } from './service-account/service-account-controller.js';
import { TokenSecretController } from './service-account/token-secret-controller.js';
import { StatefulSetController } from './stateful-set/stateful-set-controller.js';
import { TaintEvictionController } from './taint-eviction/taint-eviction-controller.js';
import { TokenCleanerController } from './token-cleaner/token-cleaner-controller.js';
import { TtlController } from './ttl/ttl-controller.js';
import { TtlAfterFinishedController } from './ttl-after-finished/ttl-after-finished-controller.js';
import { VolumeBinderController } from './volume-binder/volume-binder-controller.js';
import { VolumeExpansionController } from './volume-expansion/volume-expansion-controller.js';
import {
  ClaimProtectionController,
  VolumeProtectionController,
} from './volume-protection/volume-protection-controllers.js';

export interface ControllersDeps {
  readonly client: Client;
  readonly informers: Informers;
  /** One for each controller: events name their source. */
  readonly recorderFor: (component: string) => Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Everything the server has now, CRDs included. */
  readonly discover: () => readonly ResourceType[];
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  /** PEM of the cluster's CA. */
  readonly rootCa: string;
  readonly signer: CertificateSigner;
}

/** The parts list: every controller that one runner turns. The garbage collector, whose keys are of all kinds, runs by itself. */
export function createControllers(deps: ControllersDeps): readonly Controller[] {
  const { recorderFor } = deps;
  return [
    new DeploymentController({ ...deps, recorder: recorderFor('deployment-controller') }),
    new ReplicaSetController({ ...deps, recorder: recorderFor('replicaset-controller') }),
    new ReplicaSetController({
      ...deps,
      recorder: recorderFor('replication-controller'),
      kind: replicationControllerKind,
    }),
    new DaemonSetController({ ...deps, recorder: recorderFor('daemonset-controller') }),
    new StatefulSetController({ ...deps, recorder: recorderFor('statefulset-controller') }),
    new JobController({ ...deps, recorder: recorderFor('job-controller') }),
    new CronJobController({ ...deps, recorder: recorderFor('cronjob-controller') }),
    new TtlAfterFinishedController(deps),
    new EndpointSliceController({ ...deps, recorder: recorderFor('endpoint-slice-controller') }),
    new EndpointsController(deps),
    new EndpointSliceMirroringController(deps),
    new DisruptionController({ ...deps, recorder: recorderFor('controllermanager') }),
    new StaleDisruptionController(deps),
    new HorizontalPodAutoscalerController({ ...deps, recorder: recorderFor('horizontal-pod-autoscaler') }),
    new ClusterRoleAggregationController(deps),
    new VolumeBinderController({ ...deps, recorder: recorderFor('persistentvolume-controller') }),
    new VolumeExpansionController({ ...deps, recorder: recorderFor('volume_expand') }),
    new ClaimProtectionController(deps),
    new VolumeProtectionController(deps),
    new AttachDetachController({ ...deps, recorder: recorderFor('attachdetach-controller') }),
    new EphemeralVolumeController({ ...deps, recorder: recorderFor('ephemeral_volume') }),
    new NamespaceController(deps),
    new ResourceQuotaController(deps),
    new ServiceAllocationController({ ...deps, recorder: recorderFor('ipallocator-repair-controller') }),
    new ServiceCidrController(deps),
    new ServiceAccountController(deps),
    new TokenSecretController(deps),
    new RootCaController(deps),
    new NodeIpamController({ ...deps, recorder: recorderFor('cidrAllocator') }),
    new NodeLifecycleController({ ...deps, recorder: recorderFor('node-controller') }),
    new TtlController(deps),
    new TaintEvictionController({ ...deps, recorder: recorderFor('taint-eviction-controller') }),
    new PodGcController(deps),
    new TokenCleanerController(deps),
    new BootstrapSignerController(deps),
    new CsrApprovingController(deps),
    new CsrSigningController(deps),
    new CsrCleanerController(deps),
  ];
}
