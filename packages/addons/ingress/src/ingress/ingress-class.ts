import type { Ingress, IngressClass } from '@geobuk/api';

/** What `spec.controller` of our classes says. */
export const controllerName = 'geobuk.dev/ingress';
const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class';
const oldAnnotation = 'kubernetes.io/ingress.class';

/**
 * Whether an Ingress is for this addon: its class is, or it has none and a default class is.
 * Follows: IngressClass; the admission of the API fills in the default only for those made later than the class. The
 * annotation from before there were classes counts where the field is not set.
 */
export function isOurs({ metadata, spec }: Ingress, classes: readonly IngressClass[]): boolean {
  const ours = classes.filter((one) => one.spec?.controller === controllerName);
  const name = spec?.ingressClassName ?? metadata.annotations?.[oldAnnotation];
  if (name !== undefined) return ours.some((one) => one.metadata.name === name);
  return ours.some((one) => one.metadata.annotations?.[defaultAnnotation] === 'true');
}
