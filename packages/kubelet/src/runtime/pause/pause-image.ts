import { join } from 'node:path';
import { writeImageArchive } from '../images/image-archive.js';
import { pauseProgram } from './pause-program.js';
import type { PauseArchitecture } from './pause-program.js';

/** The image of each sandbox. Its tag grows with the program: nodes that have this one need not import it again. */
export const pauseImage = 'geobuk.dev/pause:1';

/** Writes the pause image below `directory`. @returns the archive's path. */
export async function writePauseArchive(
  directory: string,
  architecture: PauseArchitecture,
  options: { readonly signal: AbortSignal },
): Promise<string> {
  const file = join(directory, 'pause.tar');
  const content = pauseProgram(architecture);
  const rootfs = [{ path: 'pause', type: 'file', mode: 0o755, content } as const];
  await writeImageArchive(file, { reference: pauseImage, rootfs, architecture, entrypoint: ['/pause'] }, options);
  return file;
}
