#!/usr/bin/env node
import { runAgent } from '@geobuk/addon-sdk';
import { runProxyAgent } from './agent/proxy-agent.js';

await runAgent('proxy', runProxyAgent);
