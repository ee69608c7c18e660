import { fill, within } from './fill.js';
import type { FlowSchema, PriorityLevelConfiguration } from '../generated/types.js';

/** Follows: SetDefaults_FlowSchemaSpec. */
export const defaultFlowSchema = (schema: FlowSchema): FlowSchema =>
  within(schema, 'spec', (spec) => fill(spec, { matchingPrecedence: 1000 }));

/** Follows: SetDefaults_PriorityLevelConfigurationSpec and those of what it contains. */
export const defaultPriorityLevel = (level: PriorityLevelConfiguration): PriorityLevelConfiguration =>
  within(level, 'spec', (spec) => {
    if (spec.type === 'Exempt') {
      return within(fill(spec, { exempt: {} }), 'exempt', (exempt) =>
        fill(exempt, { nominalConcurrencyShares: 0, lendablePercent: 0 }),
      );
    }
    return within(spec, 'limited', (limited) =>
      within(fill(limited, { nominalConcurrencyShares: 30, lendablePercent: 0 }), 'limitResponse', (response) =>
        within(response, 'queuing', (queuing) => fill(queuing, { queues: 64, handSize: 8, queueLengthLimit: 50 })),
      ),
    );
  });
