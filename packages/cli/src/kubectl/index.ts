import type { Command } from 'commander';
import { addApiResources } from './api-resources.js';
import { addApply } from './apply.js';
import { addAuth } from './auth.js';
import { addConfig } from './config-view.js';
import { addCreate } from './create.js';
import { addDelete } from './delete.js';
import { addDescribe } from './describe/describe.js';
import { addExec } from './exec.js';
import { addExplain } from './explain.js';
import { addGet } from './get.js';
import { processIo } from './io.js';
import type { KubectlIo } from './io.js';
import { addLogs } from './logs.js';
import { addNodeGroup } from './node-group.js';
import { addNodes } from './nodes.js';
import { addPatch } from './patch.js';
import { addPortForward } from './port-forward.js';
import { addRollout } from './rollout.js';
import { addRun } from './run.js';
import { addScale } from './scale.js';
import { addSetMetadata } from './set-metadata.js';
import { addTop } from './top.js';
import { addWait } from './wait.js';

/** The everyday verbs of kubectl, in the order help shows them. */
export function addKubectlCommands(program: Command, io: KubectlIo = processIo()): void {
  addGet(program, io);
  addDescribe(program, io);
  addApply(program, io);
  addCreate(program, io);
  addDelete(program, io);
  addPatch(program, io);
  addSetMetadata(program, io);
  addScale(program, io);
  addRollout(program, io);
  addRun(program, io);
  addLogs(program, io);
  addExec(program, io);
  addPortForward(program, io);
  addTop(program, io);
  addWait(program, io);
  addNodes(program, io);
  addNodeGroup(program, io);
  addExplain(program, io);
  addApiResources(program, io);
  addAuth(program, io);
  addConfig(program, io);
}
