export { describeAddon } from './addon-contract.js';
export type { AddonContractOptions } from './addon-contract.js';
