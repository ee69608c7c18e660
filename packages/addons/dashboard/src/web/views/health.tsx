/** What a word of the cluster means for those who look: the colour of a badge. */
export type Health = 'ok' | 'waiting' | 'bad' | 'neutral';

const good = /^(running|ready|active|bound|available|true|healthy|established)$/i;
const waiting =
  /^(pending|containercreating|podinitializing|terminating|installing|disabling|blocked|init:\d+\/\d+|waiting|notready|schedulinggated)$/i;
const bad = /(error|err|backoff|failed|crash|oom|evicted|lost|invalid|degraded|unknown|notready|imageinspect)/i;
const words = /^(completed|succeeded|disabled|complete)$/i;

export function healthOf(word: string): Health {
  const first = word.split(',')[0] ?? '';
  if (bad.test(first) || first === 'NotReady') return 'bad';
  if (good.test(first)) return word.includes('SchedulingDisabled') ? 'waiting' : 'ok';
  if (waiting.test(first)) return 'waiting';
  return words.test(first) ? 'neutral' : 'neutral';
}

/** A word with its colour; the colour never says more than the word. */
export function Badge({ word, health = healthOf(word) }: { readonly word: string; readonly health?: Health }) {
  return <span class={`badge ${health}`}>{word}</span>;
}
