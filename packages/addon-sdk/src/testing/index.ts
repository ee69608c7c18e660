export { describeAddon } from './addon-contract.js';
export type { AddonContractOptions } from './addon-contract.js';
export { NetworkLab } from './network-lab.js';
