import { parentPort } from 'node:worker_threads';
import { JournalThread } from './journal-thread.js';
import type { JournalRequest } from './journal-messages.js';

const port = parentPort;
if (port === null) throw new Error('this is the body of a worker thread');
const thread = new JournalThread((answer, transfer = []) => port.postMessage(answer, transfer));
port.on('message', (request: JournalRequest) => thread.take(request));
