/** Whole seconds in UTC, as metav1.Time is written. */
export const rfc3339 = (epochMs: number): string => new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z');

/** Microseconds, as metav1.MicroTime is written. */
export const rfc3339Micro = (epochMs: number): string => new Date(epochMs).toISOString().replace(/Z$/, '000Z');
