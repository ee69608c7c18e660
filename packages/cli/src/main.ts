import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { describeFailure } from './failure.js';
import { endWithReader, leave } from './leave.js';
import { addAddonCommand } from './commands/addon.js';
import { addBackupCommands } from './commands/backup.js';
import { addControlPlaneCommand } from './commands/control-plane.js';
import { addDashboardCommand } from './commands/dashboard.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addImageCommand } from './commands/image.js';
import { addKubeletCommand } from './commands/kubelet.js';
import { addResetCommand } from './commands/reset.js';
import { addStatusCommand } from './commands/status.js';
import { addTokenCommand } from './commands/token.js';
import { addTuiCommand } from './commands/tui.js';
import { addUpCommand } from './commands/up.js';
import { addKubectlCommands } from './kubectl/index.js';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('geobuk')
  .description('Kubernetes in TypeScript')
  .version(manifest.version)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'geobuk: ')) });

addUpCommand(program);
addControlPlaneCommand(program);
addKubeletCommand(program);
addTokenCommand(program);
addAddonCommand(program);
addTuiCommand(program);
addDashboardCommand(program);
addStatusCommand(program);
addDoctorCommand(program);
addBackupCommands(program);
addResetCommand(program);
addImageCommand(program);
addKubectlCommands(program);

endWithReader();
try {
  await program.parseAsync(process.argv);
  await leave(Number(process.exitCode ?? 0));
} catch (error) {
  if (error instanceof CommanderError) await leave(error.exitCode === 0 ? 0 : 2);
  const { line, exitCode } = describeFailure(error);
  console.error(line);
  await leave(exitCode);
}
