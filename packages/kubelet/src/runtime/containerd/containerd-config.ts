/** What a private containerd is told. Paths are absolute. */
export interface ContainerdSettings {
  readonly version: ContainerdVersion;
  readonly root: string;
  readonly state: string;
  readonly socket: string;
  readonly sandboxImage: string;
  readonly snapshotter: 'overlayfs' | 'native';
  readonly cniConfDir: string;
  readonly cniBinDir: string;
  /** true where the kernel refuses lower OOM scores: without CAP_SYS_RESOURCE. */
  readonly restrictOomScoreAdj: boolean;
  /** Pod cgroups are slices of systemd, not paths. */
  readonly systemdCgroup: boolean;
  /** Directory with a `hosts.toml` for each registry; '' without. */
  readonly registryConfigDir: string;
}

export interface ContainerdVersion {
  readonly major: number;
  readonly minor: number;
}

/** Parses what `containerd --version` prints: `containerd <where> v1.6.20~ds1 <commit>`. */
export function parseContainerdVersion(text: string): ContainerdVersion | undefined {
  const match = /\sv?(\d+)\.(\d+)[.\d]*/.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

/** Plugins that a node has no use for; each would cost memory and probe the system at start. */
const disabledPlugins = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.tracing.processor.v1.otlp',
  'io.containerd.internal.v1.tracing',
];

type Section = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** The configuration file: version 2 for containerd 1.x, version 3 from 2.0 on. Follows: containerd's config format. */
export function containerdConfig(settings: ContainerdSettings): string {
  const cri = settings.version.major >= 2 ? sectionsOfVersion3(settings) : sectionsOfVersion2(settings);
  return [
    toml({
      version: settings.version.major >= 2 ? 3 : 2,
      root: settings.root,
      state: settings.state,
      oom_score: 0,
      disabled_plugins: disabledPlugins,
    }),
    section(['grpc'], { address: settings.socket }),
    section(['debug'], { level: 'warn' }),
    ...cri,
  ].join('\n');
}

const streamServer = { stream_server_address: '127.0.0.1', stream_server_port: '0' };
const runc = { runtime_type: 'io.containerd.runc.v2' };

function sectionsOfVersion2(settings: ContainerdSettings): readonly string[] {
  const cri = ['plugins', 'io.containerd.grpc.v1.cri'];
  const runtime = [...cri, 'containerd', 'runtimes', 'runc'];
  return [
    section(cri, {
      sandbox_image: settings.sandboxImage,
      restrict_oom_score_adj: settings.restrictOomScoreAdj,
      ...streamServer,
    }),
    section([...cri, 'containerd'], { snapshotter: settings.snapshotter, default_runtime_name: 'runc' }),
    section(runtime, runc),
    section([...runtime, 'options'], { SystemdCgroup: settings.systemdCgroup }),
    section([...cri, 'cni'], { bin_dir: settings.cniBinDir, conf_dir: settings.cniConfDir, max_conf_num: 1 }),
    section([...cri, 'registry'], { config_path: settings.registryConfigDir }),
  ];
}

function sectionsOfVersion3(settings: ContainerdSettings): readonly string[] {
  const cri = ['plugins', 'io.containerd.cri.v1.runtime'];
  const images = ['plugins', 'io.containerd.cri.v1.images'];
  const runtime = [...cri, 'containerd', 'runtimes', 'runc'];
  return [
    section(['plugins', 'io.containerd.grpc.v1.cri'], streamServer),
    section(images, { snapshotter: settings.snapshotter }),
    section([...images, 'pinned_images'], { sandbox: settings.sandboxImage }),
    section([...images, 'registry'], { config_path: settings.registryConfigDir }),
    section(cri, { restrict_oom_score_adj: settings.restrictOomScoreAdj }),
    section([...cri, 'containerd'], { default_runtime_name: 'runc' }),
    section(runtime, { ...runc, snapshotter: settings.snapshotter }),
    section([...runtime, 'options'], { SystemdCgroup: settings.systemdCgroup }),
    section([...cri, 'cni'], { bin_dir: settings.cniBinDir, conf_dir: settings.cniConfDir, max_conf_num: 1 }),
  ];
}

const section = (path: readonly string[], values: Section): string =>
  `[${path.map((part) => (/^[\w-]+$/.test(part) ? part : JSON.stringify(part))).join('.')}]\n${toml(values)}`;

/** JSON's strings, numbers, booleans and lists of strings are TOML's too. */
const toml = (values: Section): string =>
  Object.entries(values)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
    .join('');
