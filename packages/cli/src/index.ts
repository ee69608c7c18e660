export { CliError } from './cli-error.js';
export { describeFailure } from './failure.js';
