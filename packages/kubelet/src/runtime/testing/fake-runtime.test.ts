import { FakeRuntime } from './fake-runtime.js';
import type { FakeProgram } from './fake-runtime.js';
import { describeRuntime } from './runtime-contract.js';
import type { ContractProgram } from './runtime-contract.js';

/** The few words of `sh` that the contract says. */
const exec: FakeProgram['exec'] = ([, , script], stdin) =>
  script?.startsWith('cat;') === true
    ? { exitCode: 7, output: stdin, errors: 'oops\n' }
    : { exitCode: 3, output: 'out\n' };

const programs: Readonly<Record<ContractProgram, FakeProgram>> = {
  sleep: { exec },
  'exit-3': { exitsWith: 3 },
  'ignore-term': { ignoresTerm: true },
  print: {},
};

describeRuntime('the fake', { logs: false }, async () => {
  const runtime = new FakeRuntime();
  for (const [name, program] of Object.entries(programs)) runtime.addImage(`fake/${name}:1`, { program }, true);
  return {
    runtime,
    handler: '',
    logDirectory: undefined,
    program: (program) => ({ image: `fake/${program}:1`, imageRef: `fake/${program}:1`, command: [], args: [] }),
    [Symbol.asyncDispose]: async () => undefined,
  };
});
