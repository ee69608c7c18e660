/** In which part of the help an action stands. */
export type ActionGroup = 'resource' | 'general' | 'navigation' | 'logs' | 'text';

export interface ActionInfo {
  /** Default keys, as the terminal names them: `d`, `S-n`, `C-d`, `enter`. */
  readonly keys: readonly string[];
  readonly en: string;
  readonly ko: string;
  readonly group: ActionGroup;
  /** Changes the cluster: not offered when read-only. */
  readonly mutates?: true;
  /** Not among the hints in the header; help has it. */
  readonly quiet?: true;
}

/**
 * Every action there is: its id (what a key file binds), its keys, its words. Hints, help and docs/tui.md come from
 * here and from nowhere else. Follows: k9s' keys.
 */
export const actionTable = {
  open: { keys: ['enter'], en: 'Open', ko: '열기', group: 'resource', quiet: true },
  describe: { keys: ['d'], en: 'Describe', ko: '상세', group: 'resource' },
  yaml: { keys: ['y'], en: 'YAML', ko: 'YAML', group: 'resource' },
  edit: { keys: ['e'], en: 'Edit', ko: '편집', group: 'resource', mutates: true },
  logs: { keys: ['l'], en: 'Logs', ko: '로그', group: 'resource' },
  previousLogs: { keys: ['p'], en: 'Previous logs', ko: '이전 로그', group: 'resource' },
  shell: { keys: ['s'], en: 'Shell', ko: '셸', group: 'resource', mutates: true },
  attach: { keys: ['a'], en: 'Attach', ko: '연결', group: 'resource', mutates: true },
  scale: { keys: ['s'], en: 'Scale', ko: '크기 조정', group: 'resource', mutates: true },
  restart: { keys: ['r'], en: 'Restart', ko: '다시 시작', group: 'resource', mutates: true },
  rollback: {
    keys: ['C-l'],
    en: 'Roll back to this revision',
    ko: '이 리비전으로 되돌리기',
    group: 'resource',
    mutates: true,
  },
  rollout: { keys: ['z'], en: 'Rollout', ko: '롤아웃', group: 'resource' },
  delete: { keys: ['C-d'], en: 'Delete', ko: '삭제', group: 'resource', mutates: true },
  kill: { keys: ['C-k'], en: 'Kill', ko: '강제 종료', group: 'resource', mutates: true },
  portForward: { keys: ['S-f'], en: 'Port-forward', ko: '포트 포워드', group: 'resource', mutates: true },
  showForwards: { keys: ['f'], en: 'Show port-forwards', ko: '포트 포워드 보기', group: 'resource', quiet: true },
  explain: { keys: ['S-w'], en: 'Why?', ko: '왜?', group: 'resource' },
  related: { keys: ['S-x'], en: 'Related', ko: '관련 객체', group: 'resource' },
  owner: { keys: ['S-j'], en: 'Jump to owner', ko: '소유자로', group: 'resource', quiet: true },
  usedBy: { keys: ['u'], en: 'Used by', ko: '사용처', group: 'resource' },
  decode: { keys: ['x'], en: 'Decode', ko: '디코드', group: 'resource' },
  setImage: { keys: ['i'], en: 'Set image', ko: '이미지 바꾸기', group: 'resource', mutates: true, quiet: true },
  transfer: { keys: ['t'], en: 'Transfer files', ko: '파일 옮기기', group: 'resource', mutates: true },
  sanitize: { keys: ['z'], en: 'Sanitize', ko: '정리', group: 'resource', mutates: true, quiet: true },
  nodeShell: { keys: ['s'], en: 'Shell', ko: '셸', group: 'resource', mutates: true },
  rename: { keys: ['r'], en: 'Rename', ko: '이름 바꾸기', group: 'resource' },
  removeContext: { keys: ['C-d'], en: 'Remove from kubeconfig', ko: 'kubeconfig에서 빼기', group: 'resource' },
  foldAll: { keys: ['x'], en: 'Fold all', ko: '모두 접기', group: 'resource' },
  values: { keys: ['v'], en: 'Values', ko: '값', group: 'resource' },
  releaseHistory: { keys: ['r'], en: 'History', ko: '이력', group: 'resource' },
  rollbackRelease: { keys: ['r'], en: 'Roll back', ko: '되돌리기', group: 'resource', mutates: true },
  uninstall: { keys: ['C-d'], en: 'Uninstall', ko: '제거', group: 'resource', mutates: true },
  applyFile: { keys: ['a'], en: 'Apply', ko: '적용', group: 'resource', mutates: true },
  deleteFile: { keys: ['d'], en: 'Delete its objects', ko: '객체 삭제', group: 'resource', mutates: true },
  removeFile: { keys: ['C-d'], en: 'Remove file', ko: '파일 삭제', group: 'resource' },
  restoreForwards: { keys: ['a'], en: 'Open all saved', ko: '저장된 것 모두 열기', group: 'resource' },
  forgetForward: { keys: ['C-k'], en: 'Forget', ko: '잊기', group: 'resource' },
  trigger: { keys: ['t'], en: 'Trigger', ko: '실행', group: 'resource', mutates: true },
  suspend: { keys: ['s'], en: 'Suspend/resume', ko: '중지/재개', group: 'resource', mutates: true },
  cordon: { keys: ['c'], en: 'Cordon', ko: '스케줄 금지', group: 'resource', mutates: true },
  uncordon: { keys: ['u'], en: 'Uncordon', ko: '스케줄 허용', group: 'resource', mutates: true },
  drain: { keys: ['r'], en: 'Drain', ko: '비우기', group: 'resource', mutates: true },
  showNode: { keys: ['o'], en: 'Show node', ko: '노드 보기', group: 'resource', quiet: true },
  useNamespace: { keys: ['u'], en: 'Use', ko: '사용', group: 'resource' },
  toggleAddon: { keys: ['e'], en: 'Enable/disable', ko: '켜기/끄기', group: 'resource', mutates: true },
  configureAddon: { keys: ['S-c'], en: 'Configure', ko: '설정', group: 'resource', mutates: true },
  stopForward: { keys: ['C-d'], en: 'Stop', ko: '중지', group: 'resource' },
  undo: { keys: ['u'], en: 'Undo', ko: '되돌리기', group: 'resource', mutates: true },
  copy: { keys: ['c'], en: 'Copy name', ko: '이름 복사', group: 'resource', quiet: true },
  copyNamespace: { keys: ['n'], en: 'Copy namespace', ko: '네임스페이스 복사', group: 'resource', quiet: true },
  copyRow: { keys: ['S-y'], en: 'Copy line', ko: '줄 복사', group: 'resource', quiet: true },
  warp: { keys: ['w'], en: 'Only this namespace', ko: '이 네임스페이스만', group: 'resource', quiet: true },
  mark: { keys: ['space'], en: 'Mark', ko: '표시', group: 'resource', quiet: true },
  markRange: { keys: ['C-space'], en: 'Mark range', ko: '범위 표시', group: 'resource', quiet: true },
  clearMarks: { keys: ['C-\\'], en: 'Clear marks', ko: '표시 지우기', group: 'resource', quiet: true },
  faults: { keys: ['C-z'], en: 'Only faults', ko: '문제만', group: 'resource', quiet: true },
  wide: { keys: ['C-w'], en: 'Wide columns', ko: '넓은 열', group: 'resource', quiet: true },
  saveTable: { keys: ['C-s'], en: 'Save', ko: '저장', group: 'resource', quiet: true },
  sortByName: { keys: ['S-n'], en: 'Sort by name', ko: '이름순', group: 'resource', quiet: true },
  sortByAge: { keys: ['S-a'], en: 'Sort by age', ko: '나이순', group: 'resource', quiet: true },
  sortByStatus: { keys: ['S-s'], en: 'Sort by status', ko: '상태순', group: 'resource', quiet: true },
  sortByNamespace: { keys: ['S-p'], en: 'Sort by namespace', ko: '네임스페이스순', group: 'resource', quiet: true },
  columnLeft: { keys: ['S-left'], en: 'Choose column left', ko: '왼쪽 열', group: 'resource', quiet: true },
  columnRight: { keys: ['S-right'], en: 'Choose column right', ko: '오른쪽 열', group: 'resource', quiet: true },
  sortByColumn: { keys: ['S-o'], en: 'Sort by chosen column', ko: '고른 열로 정렬', group: 'resource', quiet: true },
  scrollLeft: { keys: ['left'], en: 'Scroll left', ko: '왼쪽', group: 'navigation', quiet: true },
  scrollRight: { keys: ['right'], en: 'Scroll right', ko: '오른쪽', group: 'navigation', quiet: true },
  up: { keys: ['up', 'k'], en: 'Up', ko: '위로', group: 'navigation', quiet: true },
  down: { keys: ['down', 'j'], en: 'Down', ko: '아래로', group: 'navigation', quiet: true },
  pageUp: { keys: ['pageup', 'C-b'], en: 'Page up', ko: '한 쪽 위로', group: 'navigation', quiet: true },
  pageDown: { keys: ['pagedown', 'C-f'], en: 'Page down', ko: '한 쪽 아래로', group: 'navigation', quiet: true },
  top: { keys: ['home', 'g'], en: 'Top', ko: '처음', group: 'navigation', quiet: true },
  bottom: { keys: ['end', 'S-g'], en: 'Bottom', ko: '끝', group: 'navigation', quiet: true },
  command: { keys: [':'], en: 'Command', ko: '명령', group: 'general' },
  filter: { keys: ['/'], en: 'Filter', ko: '거르기', group: 'general' },
  help: { keys: ['?'], en: 'Help', ko: '도움말', group: 'general' },
  back: { keys: ['escape', 'q'], en: 'Back', ko: '뒤로', group: 'general', quiet: true },
  historyBack: { keys: ['['], en: 'Command before', ko: '이전 명령', group: 'general', quiet: true },
  historyForward: { keys: [']'], en: 'Command after', ko: '다음 명령', group: 'general', quiet: true },
  lastCommand: { keys: ['-'], en: 'Last command', ko: '마지막 명령', group: 'general', quiet: true },
  toggleHeader: { keys: ['C-e'], en: 'Header on/off', ko: '머리말 켜기/끄기', group: 'general', quiet: true },
  toggleCrumbs: { keys: ['C-g'], en: 'Crumbs on/off', ko: '경로 켜기/끄기', group: 'general', quiet: true },
  refresh: { keys: ['C-r'], en: 'Refresh', ko: '새로 고침', group: 'general', quiet: true },
  aliases: { keys: ['C-a'], en: 'Aliases', ko: '별칭', group: 'general', quiet: true },
  newTab: { keys: ['C-t'], en: 'New tab', ko: '새 탭', group: 'general', quiet: true },
  nextTab: { keys: ['tab'], en: 'Next tab', ko: '다음 탭', group: 'general', quiet: true },
  closeTab: { keys: ['C-x'], en: 'Close tab', ko: '탭 닫기', group: 'general', quiet: true },
  split: { keys: ['|'], en: 'Details beside the list', ko: '목록 옆에 상세', group: 'general', quiet: true },
  quit: { keys: ['C-c'], en: 'Quit', ko: '끝내기', group: 'general', quiet: true },
  nextMatch: { keys: ['n'], en: 'Next match', ko: '다음 찾기', group: 'text' },
  previousMatch: { keys: ['S-n'], en: 'Match before', ko: '이전 찾기', group: 'text' },
  wrap: { keys: ['w'], en: 'Wrap', ko: '줄바꿈', group: 'text' },
  copyText: { keys: ['c'], en: 'Copy all', ko: '모두 복사', group: 'text' },
  saveText: { keys: ['C-s'], en: 'Save', ko: '저장', group: 'text', quiet: true },
  managedFields: { keys: ['m'], en: 'Managed fields', ko: '관리 필드', group: 'text' },
  fullScreen: { keys: ['f'], en: 'Full screen', ko: '전체 화면', group: 'text' },
  autoscroll: { keys: ['s'], en: 'Autoscroll', ko: '자동 스크롤', group: 'logs' },
  timestamps: { keys: ['t'], en: 'Timestamps', ko: '시각', group: 'logs' },
  allContainers: { keys: ['a'], en: 'All containers', ko: '모든 컨테이너', group: 'logs' },
  markLine: { keys: ['m'], en: 'Mark line', ko: '표시 줄', group: 'logs' },
  clearLog: { keys: ['S-c'], en: 'Clear', ko: '지우기', group: 'logs' },
  filterMode: { keys: ['S-h'], en: 'Hide/highlight', ko: '숨김/강조', group: 'logs' },
  jsonColumns: { keys: ['S-j'], en: 'JSON columns', ko: 'JSON 열', group: 'logs' },
  sinceTail: { keys: ['0'], en: 'Tail', ko: '끝부분', group: 'logs', quiet: true },
  sinceHead: { keys: ['1'], en: 'From the start', ko: '처음부터', group: 'logs', quiet: true },
  since1m: { keys: ['2'], en: '1 minute', ko: '1분', group: 'logs', quiet: true },
  since5m: { keys: ['3'], en: '5 minutes', ko: '5분', group: 'logs', quiet: true },
  since15m: { keys: ['4'], en: '15 minutes', ko: '15분', group: 'logs', quiet: true },
  since30m: { keys: ['5'], en: '30 minutes', ko: '30분', group: 'logs', quiet: true },
  since1h: { keys: ['6'], en: '1 hour', ko: '1시간', group: 'logs', quiet: true },
} as const satisfies Readonly<Record<string, ActionInfo>>;

export type ActionId = keyof typeof actionTable;

export const actionInfo = (id: ActionId): ActionInfo => actionTable[id];

export const actionIds = Object.keys(actionTable) as readonly ActionId[];
