#!/usr/bin/env node
import { runAgent } from '@geobuk/addon-sdk';
import { runDnsAgent } from './agent/dns-agent.js';

await runAgent('dns', runDnsAgent);
