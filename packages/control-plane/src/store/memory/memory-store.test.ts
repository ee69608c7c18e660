import { describeStore } from '../testing/describe-store.js';
import { createMemoryStore } from './memory-store.js';

describeStore('memory', async () => {
  const store = createMemoryStore();
  return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
});
