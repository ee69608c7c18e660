import type { Pod } from '@geobuk/api';
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { AnyObject } from '../relations/relations.js';
import { useShared } from '../state/context.js';

/** Channels of a websocket to a container. Follows: v5.channel.k8s.io. */
const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
const shells = ['/bin/sh', '/bin/bash', '/bin/ash'] as const;

/** A terminal in a container. */
export function ShellView({ pod }: { readonly pod: AnyObject }) {
  const { t, theme } = useShared();
  const names = (pod as unknown as Pod).spec.containers.map(({ name }) => name);
  const [container, setContainer] = useState(names[0] ?? '');
  const [shell, setShell] = useState<string>(shells[0]);
  const [attempt, setAttempt] = useState(0);
  const [ended, setEnded] = useState<string | undefined>();
  const parent = useRef<HTMLDivElement>(null);
  const { name, namespace = '' } = pod.metadata;

  useEffect(() => {
    if (parent.current === null) return undefined;
    setEnded(undefined);
    const colours =
      theme === 'dark'
        ? { background: '#0b1424', foreground: '#d7e3f1', cursor: '#2dd4bf' }
        : { background: '#ffffff', foreground: '#16283c', cursor: '#0f766e', selectionBackground: '#b6e3dc' };
    const terminal = new Terminal({ fontSize: 13, theme: colours, cursorBlink: true, screenReaderMode: true });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.open(parent.current);
    const query = new URLSearchParams({
      container,
      command: shell,
      stdin: 'true',
      stdout: 'true',
      stderr: 'true',
      tty: 'true',
    });
    const address = `${location.origin.replace(/^http/, 'ws')}/k8s/api/v1/namespaces/${namespace}/pods/${name}/exec?${query.toString()}`;
    const socket = new WebSocket(address, ['v5.channel.k8s.io', 'v4.channel.k8s.io']);
    socket.binaryType = 'arraybuffer';
    const encoder = new TextEncoder();
    const write = (to: number, text: string): void => {
      if (socket.readyState !== WebSocket.OPEN) return;
      const bytes = encoder.encode(text);
      const frame = new Uint8Array(bytes.length + 1);
      frame[0] = to;
      frame.set(bytes, 1);
      socket.send(frame);
    };
    const resize = (): void => {
      fit.fit();
      write(channel.resize, JSON.stringify({ Width: terminal.cols, Height: terminal.rows }));
    };
    let message = '';
    socket.onopen = () => {
      resize();
      terminal.focus();
    };
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      const bytes = new Uint8Array(data);
      if (bytes[0] === channel.stdout || bytes[0] === channel.stderr) terminal.write(bytes.subarray(1));
      else if (bytes[0] === channel.error) message = new TextDecoder().decode(bytes.subarray(1));
    };
    socket.onclose = ({ reason }) => setEnded(statusMessage(message) || reason);
    const typed = terminal.onData((text) => write(channel.stdin, text));
    const observer = new ResizeObserver(resize);
    observer.observe(parent.current);
    return () => {
      observer.disconnect();
      typed.dispose();
      socket.onclose = null;
      socket.close();
      terminal.dispose();
    };
  }, [namespace, name, container, shell, attempt, theme]);

  return (
    <div class="shell">
      <div class="toolbar">
        <select
          aria-label={t('container')}
          value={container}
          onChange={(event) => setContainer(event.currentTarget.value)}
        >
          {names.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <select aria-label={t('shell')} value={shell} onChange={(event) => setShell(event.currentTarget.value)}>
          {shells.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        {ended !== undefined && (
          <>
            <span role="status">{t('disconnected', { message: ended })}</span>
            <button type="button" onClick={() => setAttempt(attempt + 1)}>
              {t('connect')}
            </button>
          </>
        )}
      </div>
      <div class="terminal" ref={parent} data-terminal />
    </div>
  );
}

function statusMessage(text: string): string {
  if (text === '') return '';
  const status = JSON.parse(text) as { readonly status?: string; readonly message?: string };
  return status.status === 'Success' ? '' : (status.message ?? text);
}
