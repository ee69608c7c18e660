export { runTui } from './tui.js';
export type { TuiConfig, TuiEnvironment } from './tui.js';
export { actionIds, actionInfo } from './actions/action-table.js';
export type { ActionGroup, ActionId, ActionInfo } from './actions/action-table.js';
