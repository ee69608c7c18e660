/**
 * The pause program: process 1 of each sandbox. It holds the pod's namespaces, reaps orphans when the pod shares its
 * process namespace, and leaves on SIGTERM or SIGINT. What it does, in C:
 *
 *     set = {SIGINT, SIGTERM, SIGCHLD};
 *     sigprocmask(SIG_BLOCK, &set, 0);              // a blocked signal is kept even for process 1, which ignores others
 *     for (;;) {
 *       sig = sigtimedwait(&set, 0, 0);             // sleeps for ever; costs nothing
 *       if (sig == SIGCHLD) while (wait4(-1, 0, WNOHANG, 0) > 0);
 *       else if (sig == SIGINT || sig == SIGTERM) exit_group(0);
 *     }
 *
 * No compiler can be assumed where the project runs, so the machine code is assembled here, instruction by
 * instruction, and put into the smallest ELF file that Linux loads.
 */

export type PauseArchitecture = 'amd64' | 'arm64';

const SIGINT = 2;
const SIGTERM = 15;
const SIGCHLD = 17;
const WNOHANG = 1;
/** The kernel's signal set: bit n-1 is signal n, 8 bytes long. */
const signalSetBytes = 8;
const signalSet = (1n << BigInt(SIGINT - 1)) | (1n << BigInt(SIGTERM - 1)) | (1n << BigInt(SIGCHLD - 1));

/** A line of the program: bytes known now, or a jump that needs to know where the labels are. */
type Line = { readonly label: string } | { readonly size: number; encode(at: number, labels: Labels): Uint8Array };
type Labels = (name: string) => number;

/** Places the lines one after the other, then encodes them. */
function assemble(lines: readonly Line[]): Buffer {
  const addresses = new Map<string, number>();
  let end = 0;
  for (const line of lines) {
    if ('label' in line) addresses.set(line.label, end);
    else end += line.size;
  }
  const labels: Labels = (name) => {
    const address = addresses.get(name);
    if (address === undefined) throw new Error(`no label ${name}`);
    return address;
  };
  const code: Uint8Array[] = [];
  let at = 0;
  for (const line of lines) {
    if ('label' in line) continue;
    code.push(line.encode(at, labels));
    at += line.size;
  }
  return Buffer.concat(code);
}

const label = (name: string): Line => ({ label: name });
const bytes = (...values: number[]): Line => ({ size: values.length, encode: () => Uint8Array.from(values) });
const data = (value: Buffer): Line => ({ size: value.length, encode: () => value });

function signalSetData(): Buffer {
  const buffer = Buffer.alloc(signalSetBytes);
  buffer.writeBigUInt64LE(signalSet);
  return buffer;
}

function pauseForAmd64(): Buffer {
  /** A two-byte instruction whose second byte is the distance from its end to the label. */
  const short = (opcode: number, target: string): Line => ({
    size: 2,
    encode: (at, labels) => Uint8Array.from([opcode, (labels(target) - (at + 2)) & 0xff]),
  });
  const setEax = (value: number): Line => bytes(0xb8, value & 0xff, (value >> 8) & 0xff, 0, 0); // mov eax, imm32
  const syscall = bytes(0x0f, 0x05);
  const clear = { edi: bytes(0x31, 0xff), esi: bytes(0x31, 0xf6), edx: bytes(0x31, 0xd2) }; // xor r, r
  const clearR10 = bytes(0x4d, 0x31, 0xd2); // xor r10, r10
  const setR10ToSetSize = bytes(0x41, 0xba, signalSetBytes, 0, 0, 0); // mov r10d, 8
  const loadSet = (register: 'rdi' | 'rsi'): Line => ({
    // lea r, [rip + distance]
    size: 7,
    encode: (at, labels) => {
      const distance = Buffer.alloc(4);
      distance.writeInt32LE(labels('set') - (at + 7));
      return Buffer.concat([Uint8Array.from([0x48, 0x8d, register === 'rdi' ? 0x3d : 0x35]), distance]);
    },
  });
  const compareEax = (value: number): Line => bytes(0x83, 0xf8, value); // cmp eax, imm8
  return assemble([
    // rt_sigprocmask(SIG_BLOCK = 0, &set, 0, 8)
    clear.edi,
    loadSet('rsi'),
    clear.edx,
    setR10ToSetSize,
    setEax(14),
    syscall,
    label('wait'),
    // rt_sigtimedwait(&set, 0, 0, 8)
    loadSet('rdi'),
    clear.esi,
    clear.edx,
    setR10ToSetSize,
    setEax(128),
    syscall,
    compareEax(SIGCHLD),
    short(0x74, 'reap'), // je
    compareEax(SIGTERM),
    short(0x74, 'leave'),
    compareEax(SIGINT),
    short(0x75, 'wait'), // jne: EINTR, or nothing of ours
    label('leave'),
    // exit_group(0)
    clear.edi,
    setEax(231),
    syscall,
    label('reap'),
    // wait4(-1, 0, WNOHANG, 0)
    bytes(0x48, 0xc7, 0xc7, 0xff, 0xff, 0xff, 0xff), // mov rdi, -1
    clear.esi,
    bytes(0xba, WNOHANG, 0, 0, 0), // mov edx, WNOHANG
    clearR10,
    setEax(61),
    syscall,
    bytes(0x85, 0xc0), // test eax, eax
    short(0x7f, 'reap'), // jg: one was reaped, look for more
    short(0xeb, 'wait'), // jmp
    label('set'),
    data(signalSetData()),
  ]);
}

function pauseForArm64(): Buffer {
  const word = (encode: (at: number, labels: Labels) => number): Line => ({
    size: 4,
    encode: (at, labels) => {
      const buffer = Buffer.alloc(4);
      buffer.writeUInt32LE(encode(at, labels) >>> 0);
      return buffer;
    },
  });
  const move = (register: number, value: number): Line => word(() => 0xd2800000 | (value << 5) | register); // movz
  const moveMinusOne = (register: number): Line => word(() => 0x92800000 | register); // movn r, #0
  const address = (register: number, target: string): Line =>
    // adr
    word((at, labels) => {
      const distance = labels(target) - at;
      return 0x10000000 | ((distance & 3) << 29) | (((distance >> 2) & 0x7ffff) << 5) | register;
    });
  const compareX0 = (value: number): Line => word(() => 0xf100001f | (value << 10)); // cmp x0, imm12
  const branchIf = (condition: number, target: string): Line =>
    word((at, labels) => 0x54000000 | ((((labels(target) - at) >> 2) & 0x7ffff) << 5) | condition); // b.cond
  const branch = (target: string): Line =>
    word((at, labels) => 0x14000000 | (((labels(target) - at) >> 2) & 0x3ffffff)); // b
  const [equal, notEqual, greater] = [0, 1, 12];
  const call = (number: number): readonly Line[] => [move(8, number), word(() => 0xd4000001)]; // svc 0
  return assemble([
    // rt_sigprocmask(SIG_BLOCK = 0, &set, 0, 8)
    move(0, 0),
    address(1, 'set'),
    move(2, 0),
    move(3, signalSetBytes),
    ...call(135),
    label('wait'),
    // rt_sigtimedwait(&set, 0, 0, 8)
    address(0, 'set'),
    move(1, 0),
    move(2, 0),
    move(3, signalSetBytes),
    ...call(137),
    compareX0(SIGCHLD),
    branchIf(equal, 'reap'),
    compareX0(SIGTERM),
    branchIf(equal, 'leave'),
    compareX0(SIGINT),
    branchIf(notEqual, 'wait'),
    label('leave'),
    // exit_group(0)
    move(0, 0),
    ...call(94),
    label('reap'),
    // wait4(-1, 0, WNOHANG, 0)
    moveMinusOne(0),
    move(1, 0),
    move(2, WNOHANG),
    move(3, 0),
    ...call(260),
    compareX0(0),
    branchIf(greater, 'reap'),
    branch('wait'),
    label('set'),
    data(signalSetData()),
  ]);
}

const machines = {
  amd64: { elfMachine: 62, program: pauseForAmd64 },
  arm64: { elfMachine: 183, program: pauseForArm64 },
} as const;

const elfHeaderBytes = 64;
const programHeaderBytes = 56;
const loadAddress = 0x400000n;

/** The pause program as a static ELF executable of a few hundred bytes. */
export function pauseProgram(architecture: PauseArchitecture): Buffer {
  const { elfMachine, program } = machines[architecture];
  const code = program();
  const codeOffset = elfHeaderBytes + programHeaderBytes;
  const size = BigInt(codeOffset + code.length);

  const elf = Buffer.alloc(elfHeaderBytes);
  elf.write('\x7fELF', 'latin1');
  elf.set([2, 1, 1], 4); // 64 bit, little endian, version 1
  elf.writeUInt16LE(2, 16); // executable
  elf.writeUInt16LE(elfMachine, 18);
  elf.writeUInt32LE(1, 20); // version
  elf.writeBigUInt64LE(loadAddress + BigInt(codeOffset), 24); // entry
  elf.writeBigUInt64LE(BigInt(elfHeaderBytes), 32); // program headers follow
  elf.writeUInt16LE(elfHeaderBytes, 52);
  elf.writeUInt16LE(programHeaderBytes, 54);
  elf.writeUInt16LE(1, 56); // one program header
  elf.writeUInt16LE(64, 58); // size of a section header; there are none

  const segment = Buffer.alloc(programHeaderBytes);
  segment.writeUInt32LE(1, 0); // load
  segment.writeUInt32LE(5, 4); // readable, executable
  segment.writeBigUInt64LE(loadAddress, 16);
  segment.writeBigUInt64LE(loadAddress, 24);
  segment.writeBigUInt64LE(size, 32); // in the file
  segment.writeBigUInt64LE(size, 40); // in memory
  segment.writeBigUInt64LE(0x10000n, 48); // aligned to the largest page size of either architecture

  return Buffer.concat([elf, segment, code]);
}

/** This machine's architecture as images name it. @throws {Error} on one that the project has no pause program for. */
export function pauseArchitecture(nodeArchitecture: string): PauseArchitecture {
  if (nodeArchitecture === 'x64') return 'amd64';
  if (nodeArchitecture === 'arm64') return 'arm64';
  throw new Error(`no pause program for ${nodeArchitecture}: give a sandbox image by configuration`);
}
