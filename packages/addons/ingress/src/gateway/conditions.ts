import type { Condition } from '@geobuk/api';

/** A condition without its time: when it began to hold is known when it is written. */
export type ConditionWord = Omit<Condition, 'lastTransitionTime'>;

export const condition = (
  type: string,
  holds: boolean,
  reason: string,
  message: string,
  observedGeneration: number | undefined,
): ConditionWord => ({
  type,
  status: holds ? 'True' : 'False',
  reason,
  message,
  ...(observedGeneration === undefined ? {} : { observedGeneration }),
});

/** With the time since when each has had its status. Follows: metav1.Condition: lastTransitionTime. */
export const stamped = (
  words: readonly ConditionWord[],
  before: readonly Condition[] | undefined,
  now: string,
): readonly Condition[] =>
  words.map((word) => {
    const same = before?.find(({ type, status }) => type === word.type && status === word.status);
    return { ...word, lastTransitionTime: same?.lastTransitionTime ?? now };
  });
