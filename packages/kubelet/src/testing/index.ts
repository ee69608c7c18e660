export { FakeRuntime } from '../runtime/testing/fake-runtime.js';
export type { FakeImage, FakeProgram, FakeRuntimeOptions } from '../runtime/testing/fake-runtime.js';
