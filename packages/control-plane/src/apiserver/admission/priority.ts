import { ApiError } from '@geobuk/api';
import type { KubernetesObject, PriorityClass } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import { storePrefix, subjectOf } from '../resources/served-resource.js';
import type { AdmissionPlugin } from './admission.js';
import { newPod } from './kinds.js';

/** Turns priorityClassName into numbers. Follows: Priority admission, checklist 2.7.8. */
export function priorityAdmission({ caches }: { readonly caches: WatchCaches }): AdmissionPlugin {
  const classes = () => caches.cache(storePrefix('scheduling.k8s.io', 'priorityclasses'));
  const defaultClass = async (signal: AbortSignal): Promise<PriorityClass | undefined> => {
    const { items } = await classes().list({ signal });
    const defaults = items
      .map(({ object }) => object as PriorityClass)
      .filter(({ globalDefault }) => globalDefault === true);
    return defaults.sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
  };
  return {
    name: 'Priority',
    async validate(object, { resource, operation, name, signal }) {
      const { group, plural } = resource.type;
      if (group !== 'scheduling.k8s.io' || plural !== 'priorityclasses' || object === undefined) return;
      if ((operation !== 'CREATE' && operation !== 'UPDATE') || (object as PriorityClass).globalDefault !== true)
        return;
      const other = await defaultClass(signal);
      if (other === undefined || other.metadata.name === name) return;
      const why = `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`;
      throw ApiError.forbidden(subjectOf(resource), name, why);
    },
    async admit(object, request): Promise<KubernetesObject> {
      const pod = newPod(object, request);
      if (pod === undefined) return object;
      const name = pod.spec.priorityClassName;
      const found =
        name === undefined || name === ''
          ? await defaultClass(request.signal)
          : (classes().get({ name })?.object as PriorityClass | undefined);
      const refuse = (why: string) => ApiError.forbidden(subjectOf(request.resource), request.name, why);
      if (found === undefined && name !== undefined && name !== '')
        throw refuse(`no PriorityClass with name ${name} was found`);
      const priority = found?.value ?? 0;
      const preemptionPolicy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
      if (pod.spec.priority !== undefined && pod.spec.priority !== priority) {
        throw refuse(
          `the integer value of priority (${pod.spec.priority}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`,
        );
      }
      if (pod.spec.preemptionPolicy !== undefined && pod.spec.preemptionPolicy !== preemptionPolicy) {
        throw refuse(
          `the string value of PreemptionPolicy (${pod.spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`,
        );
      }
      return {
        ...pod,
        spec: {
          ...pod.spec,
          ...(found === undefined ? {} : { priorityClassName: found.metadata.name }),
          priority,
          preemptionPolicy,
        },
      } as KubernetesObject;
    },
  };
}
