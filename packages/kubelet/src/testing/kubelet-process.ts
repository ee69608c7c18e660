import { systemClock } from '@geobuk/client';
import { pino } from 'pino';
import { createNodeAgent } from '../node-agent.js';
import type { NodeAgentConfig } from '../node-agent.js';
import { openCriRuntime } from '../runtime/cri/cri-runtime.js';
import { ipcClient } from './ipc-client.js';

// A node agent as a process that can be killed: `kubelet-process.js <socket> <config as JSON>`.

const [socket = '', config = '{}'] = process.argv.slice(2);
const { signal } = new AbortController();
const agent = await createNodeAgent(JSON.parse(config) as NodeAgentConfig, {
  client: ipcClient(),
  clock: systemClock,
  log: pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }),
  engine: await openCriRuntime({ socket }, { signal }),
  host: undefined,
  port: () => 10250,
  onReady: () => process.send?.({ ready: true }),
});
process.on('disconnect', () => process.exit(0));
await agent.run(signal);
