#!/usr/bin/env node
import { runAgent } from '@geobuk/addon-sdk';
import { runNetworkAgent } from './agent/network-agent.js';

await runAgent('network', runNetworkAgent);
