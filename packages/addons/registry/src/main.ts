#!/usr/bin/env node
import { runAgent } from '@geobuk/addon-sdk';
import type { RegistryConfig } from './config.js';
import { followRegistry } from './node-program.js';
import { serve } from './serve.js';

/** `serve` on one node, `node` on every one. */
const run = process.argv[2] === 'node' ? followRegistry : serve;
await runAgent<RegistryConfig>(process.argv[2] === 'node' ? 'registry-node' : 'registry', run);
