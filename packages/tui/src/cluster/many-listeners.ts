import { setMaxListeners } from 'node:events';

/**
 * A controller whose signal many wait on by design: a page with a dozen feeds. Node warns from the eleventh listener
 * on, and its warning would be written across the screen.
 */
export function controllerForMany(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
