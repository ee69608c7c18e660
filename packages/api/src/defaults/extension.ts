import { fill, within } from './fill.js';
import type { APIService, CustomResourceDefinition } from '../generated/types.js';

/** Follows: SetDefaults_CustomResourceDefinition (apiextensions.k8s.io/v1). */
export const defaultCustomResourceDefinition = (definition: CustomResourceDefinition): CustomResourceDefinition =>
  within(definition, 'spec', (spec) => {
    let result = fill(spec, { conversion: { strategy: 'None' } });
    result = within(result, 'names', (names) =>
      names.kind === undefined || names.kind === ''
        ? names
        : fill(names, { singular: names.kind.toLowerCase(), listKind: `${names.kind}List` }),
    );
    return within(result, 'conversion', (conversion) =>
      within(conversion, 'webhook', (webhook) =>
        within(webhook, 'clientConfig', (client) =>
          within(client, 'service', (service) => fill(service, { port: 443 })),
        ),
      ),
    );
  });

export const defaultApiService = (service: APIService): APIService =>
  within(service, 'spec', (spec) => within(spec, 'service', (target) => fill(target, { port: 443 })));
