import { runTui } from './src/index.js';
process.exitCode = await runTui({ kubeconfig: process.argv[2]!, view: process.argv.slice(3).join(' ') || 'pods', dumpDirectory: '/tmp/gbx' });
process.exit();
