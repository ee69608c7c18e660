export interface BackOffPolicy {
  readonly initialMs: number;
  readonly maxMs: number;
  /** 2 unless said. */
  readonly factor?: number | undefined;
  /** Adds up to this share of the delay at random; 0 unless said. */
  readonly jitter?: number | undefined;
  /** In [0, 1); Math.random unless said. */
  readonly random?: (() => number) | undefined;
}

/** The delay after so many failures in a row (1 and up). */
export function backOffDelay(policy: BackOffPolicy, failures: number): number {
  const { initialMs, maxMs, factor = 2, jitter = 0, random = Math.random } = policy;
  const base = Math.min(maxMs, initialMs * factor ** Math.max(0, failures - 1));
  return base * (1 + jitter * random());
}

/** Delays that grow with each failure until something works. */
export interface BackOff {
  /** How long to wait now; longer each time. */
  next(): number;
  /** It worked: start again from the first delay. */
  reset(): void;
}

export function backOff(policy: BackOffPolicy): BackOff {
  let failures = 0;
  return {
    next: () => backOffDelay(policy, (failures += 1)),
    reset: () => {
      failures = 0;
    },
  };
}
