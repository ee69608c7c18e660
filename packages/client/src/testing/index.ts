export { deepFreeze } from '../deep-freeze.js';
export { FakeClock } from './fake-clock.js';
export { FakeClient } from './fake-client.js';
export type { FakeCall, FakeClientOptions } from './fake-client.js';
export { describeClient } from './client-contract.js';
export type { OpenedClient } from './client-contract.js';
