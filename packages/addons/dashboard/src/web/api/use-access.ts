import { useEffect, useState } from 'preact/hooks';
import { send } from './request.js';

export interface AccessQuestion {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** Whether the person may; true until the answer is there, since the server decides in the end. Follows: SelfSubjectAccessReview. */
export function useAccess(questions: readonly AccessQuestion[]): readonly boolean[] {
  const key = JSON.stringify(questions);
  const [answers, setAnswers] = useState<readonly boolean[]>(questions.map(() => true));
  useEffect(() => {
    const stop = new AbortController();
    const asked = JSON.parse(key) as readonly AccessQuestion[];
    Promise.all(
      asked.map(async (resourceAttributes) => {
        const body = {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes },
        };
        const path = '/k8s/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
        const answer = await send('POST', path, { body, signal: stop.signal, background: true });
        return ((await answer.json()) as { readonly status?: { readonly allowed?: boolean } }).status?.allowed === true;
      }),
    ).then(setAnswers, () => undefined); // unknown: the buttons stay, and the server says no if it must
    return () => stop.abort();
  }, [key]);
  return answers;
}
