import type { ServerResponse } from 'node:http';

/** A refusal in the form of the Kubernetes API, so that the page needs to know only one. Follows: metav1.Status. */
export function sendStatus(reply: ServerResponse, code: number, reason: string, message: string): void {
  sendJson(reply, code, { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message });
}

export function sendJson(reply: ServerResponse, code: number, body: unknown): void {
  if (reply.headersSent) return;
  reply.writeHead(code, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  reply.end(JSON.stringify(body));
}
