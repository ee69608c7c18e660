import { runDashboard } from '../dashboard.js';
import type { DashboardConfig } from '../dashboard.js';
import { inTerminal } from '../tui.js';
import { systemClock } from '@geobuk/client';
import type { Clock } from '@geobuk/client';
import { FakeConnection } from './fake-connection.js';
import { recordedAt, recordedFleet, recordedLogs, recordedLoops } from './recorded-fleet.js';

/** Runs the dashboard on the recorded cluster in this terminal: for tests in a pseudo-terminal, and for a look. */
const startedAt = systemClock.now();
const clock: Clock = { ...systemClock, now: () => recordedAt + systemClock.now() - startedAt };
const connection = new FakeConnection({ objects: recordedFleet, loops: recordedLoops, logs: recordedLogs, clock });
const unreachable = process.argv.includes('--unreachable');
const command = process.argv
  .slice(2)
  .filter((argument) => !argument.startsWith('--'))
  .join(' ');

const connect: DashboardConfig['connect'] = ({ context }, signal) =>
  context === 'geobuk'
    ? Promise.resolve(connection)
    : new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      );

const identity = (context: string, server: string) => ({
  context,
  cluster: context,
  user: 'admin',
  server,
  namespace: 'default',
});

process.exitCode = await inTerminal(
  {
    view: command === '' ? 'pods' : command,
    readonly: process.argv.includes('--readonly'),
    language: process.argv.includes('--ko') ? 'ko' : 'en',
    programVersion: '0.1.0',
    clock,
    // The terminal is the real one; settings and memory of whoever runs this are none of its business.
    environment: {
      TERM: process.env['TERM'],
      COLORTERM: process.env['COLORTERM'],
      NO_COLOR: process.env['NO_COLOR'],
      EDITOR: process.env['EDITOR'],
    },
  },
  (settings, terminal) =>
    runDashboard(
      {
        ...settings,
        contexts: [identity('geobuk', 'https://127.0.0.1:6443'), identity('far', 'https://192.0.2.1:6443')],
        current: unreachable ? 'far' : 'geobuk',
        connect,
      },
      terminal,
    ),
);
process.exit();
