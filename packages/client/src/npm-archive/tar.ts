/** One plain file of an archive; directories and links are not kept. */
export interface TarFile {
  /** Relative, with `/`; never leaves the archive's root. */
  readonly path: string;
  readonly bytes: Buffer;
  readonly executable: boolean;
}

export interface TarLimits {
  readonly files: number;
  /** Of all files together. */
  readonly bytes: number;
}

const block = 512;

/** Something is wrong with an archive that came from outside. The message is one line. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

/**
 * The plain files of a tar archive. Follows: POSIX ustar and pax (long names), GNU long names.
 * @throws {ArchiveError} damaged, over the limits, a link, or a path that leads out.
 */
export function readTar(archive: Buffer, limits: TarLimits): readonly TarFile[] {
  const files: TarFile[] = [];
  let total = 0;
  let longName: string | undefined;
  for (let offset = 0; offset + block <= archive.length;) {
    const header = archive.subarray(offset, offset + block);
    if (header.every((byte) => byte === 0)) break;
    checkSum(header);
    const size = octal(header, 124, 12);
    const start = offset + block;
    const end = start + size;
    if (end > archive.length) throw new ArchiveError('the archive ends in the middle of a file');
    const body = archive.subarray(start, end);
    offset = start + Math.ceil(size / block) * block;
    const kind = String.fromCharCode(header[156] ?? 0);
    if (kind === 'x') longName = paxPath(body) ?? longName;
    else if (kind === 'L') longName = body.toString('utf8').replace(/\0.*$/s, '');
    else if (kind === '0' || kind === '\0' || kind === '7') {
      const path = safePath(longName ?? ustarPath(header));
      longName = undefined;
      total += size;
      if (files.length + 1 > limits.files) throw new ArchiveError(`more than ${limits.files} files`);
      if (total > limits.bytes) throw new ArchiveError(`more than ${limits.bytes} bytes unpacked`);
      files.push({ path, bytes: Buffer.from(body), executable: (octal(header, 100, 8) & 0o111) !== 0 });
    } else if (kind === '1' || kind === '2') {
      throw new ArchiveError(`${longName ?? ustarPath(header)} is a link, which a package must not hold`);
    } else if (kind !== 'g' && kind !== '5') {
      throw new ArchiveError(`entry of the unknown kind "${kind}"`);
    } else longName = undefined;
  }
  return files;
}

/** The same files always give the same bytes: no times, no owners. Names are at most 255 bytes. */
export function writeTar(files: readonly TarFile[]): Buffer {
  const parts: Buffer[] = [];
  for (const { path, bytes, executable } of files) {
    const header = Buffer.alloc(block);
    const [prefix, name] = splitName(path);
    header.write(name, 0, 100);
    header.write(executable ? '0000755\0' : '0000644\0', 100);
    header.write('0000000\0', 108);
    header.write('0000000\0', 116);
    header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write('        ', 148);
    header.write('0', 156);
    header.write('ustar\0' + '00', 257);
    header.write(prefix, 345, 155);
    const sum = header.reduce((all, byte) => all + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    parts.push(header, bytes, Buffer.alloc((block - (bytes.length % block)) % block));
  }
  parts.push(Buffer.alloc(2 * block));
  return Buffer.concat(parts);
}

function splitName(path: string): readonly [string, string] {
  if (Buffer.byteLength(path) <= 100) return ['', path];
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return [prefix, name];
  }
  throw new ArchiveError(`${path}: the name is too long`);
}

const textOf = (header: Buffer, at: number, length: number): string =>
  header
    .subarray(at, at + length)
    .toString('utf8')
    .replace(/\0.*$/s, '');

function octal(header: Buffer, at: number, length: number): number {
  const text = textOf(header, at, length).trim();
  if (!/^[0-7]*$/.test(text)) throw new ArchiveError('a header holds a number that is none');
  return text === '' ? 0 : Number.parseInt(text, 8);
}

function checkSum(header: Buffer): void {
  const sum = header.reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (sum !== octal(header, 148, 8)) throw new ArchiveError('a header is damaged: not a tar archive?');
}

function ustarPath(header: Buffer): string {
  const prefix = textOf(header, 257, 5) === 'ustar' ? textOf(header, 345, 155) : '';
  const name = textOf(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function paxPath(body: Buffer): string | undefined {
  for (let at = 0; at < body.length;) {
    const blank = body.indexOf(32, at);
    const length = Number(body.subarray(at, blank).toString('latin1'));
    if (blank < 0 || !Number.isInteger(length) || length <= 0) throw new ArchiveError('a pax header is damaged');
    const [key, ...value] = body
      .subarray(blank + 1, at + length - 1)
      .toString('utf8')
      .split('=');
    if (key === 'path') return value.join('=');
    at += length;
  }
  return undefined;
}

function safePath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || path.includes('\\') || path.includes('\0') || parts.includes('..') || parts.length === 0)
    throw new ArchiveError(`the path ${JSON.stringify(path)} leads out of the archive`);
  return parts.join('/');
}
