import { fill, within, withinEach } from './fill.js';
import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../generated/types.js';

/** Follows: SetDefaults_ValidatingWebhook and the shared part of SetDefaults_MutatingWebhook. */
function defaultWebhook<T extends ValidatingWebhook | MutatingWebhook>(webhook: T): T {
  const base: ValidatingWebhook = webhook;
  let result = fill(base, {
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    namespaceSelector: {},
    objectSelector: {},
    timeoutSeconds: 10,
  });
  result = withinEach(result, 'rules', (rule) => fill(rule, { scope: '*' }));
  result = within(result, 'clientConfig', (config) =>
    within(config, 'service', (service) => fill(service, { port: 443 })),
  );
  return result as T;
}

export const defaultValidatingWebhooks = (config: ValidatingWebhookConfiguration): ValidatingWebhookConfiguration =>
  withinEach(config, 'webhooks', defaultWebhook<ValidatingWebhook>);

export const defaultMutatingWebhooks = (config: MutatingWebhookConfiguration): MutatingWebhookConfiguration =>
  withinEach(config, 'webhooks', (webhook: MutatingWebhook) =>
    fill(defaultWebhook(webhook), { reinvocationPolicy: 'Never' }),
  );

function defaultMatchResources(match: MatchResources): MatchResources {
  const result = fill(match, { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} });
  const scoped = withinEach(result, 'resourceRules', (rule) => fill(rule, { scope: '*' }));
  return withinEach(scoped, 'excludeResourceRules', (rule) => fill(rule, { scope: '*' }));
}

export const defaultValidatingPolicy = (policy: ValidatingAdmissionPolicy): ValidatingAdmissionPolicy =>
  within(policy, 'spec', (spec) =>
    within(fill(spec, { failurePolicy: 'Fail' }), 'matchConstraints', defaultMatchResources),
  );

export const defaultMutatingPolicy = (policy: MutatingAdmissionPolicy): MutatingAdmissionPolicy =>
  within(policy, 'spec', (spec) =>
    within(
      fill(spec, { failurePolicy: 'Fail', reinvocationPolicy: 'Never' }),
      'matchConstraints',
      defaultMatchResources,
    ),
  );

export const defaultValidatingPolicyBinding = (
  binding: ValidatingAdmissionPolicyBinding,
): ValidatingAdmissionPolicyBinding =>
  within(binding, 'spec', (spec) => within(spec, 'matchResources', defaultMatchResources));

export const defaultMutatingPolicyBinding = (binding: MutatingAdmissionPolicyBinding): MutatingAdmissionPolicyBinding =>
  within(binding, 'spec', (spec) => within(spec, 'matchResources', defaultMatchResources));
