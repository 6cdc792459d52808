// Steers the practice Exchange of a worker through its control endpoint.

import type { Kalends } from './kalends.js';

export class Exchange {
  constructor(private readonly kalends: Kalends) {}

  private async send(method: string, path: string, body?: unknown): Promise<Response> {
    const answer = await fetch(`${this.kalends.control}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  /** Plays a fault at every request until `calm`. */
  async play(kind: unknown): Promise<void> {
    await this.send('POST', '/fault', kind);
  }

  async calm(): Promise<void> {
    await this.send('DELETE', '/fault');
    await this.offer(['basic', 'ntlm', 'negotiate']);
    await this.set({ extended_protection: 'allow', close_after_challenge: false, tls_proxy: false });
  }

  /** The kinds of sign-in that are offered from now on, and taken. */
  async offer(kinds: ('basic' | 'ntlm' | 'negotiate' | 'kerberos_only' | 'bearer')[]): Promise<void> {
    const offer = { basic: false, ntlm: false, negotiate: false };
    await this.send('POST', '/auth-offer', { ...offer, ...Object.fromEntries(kinds.map((kind) => [kind, true])) });
  }

  /** Turns switches of the server; the control endpoint's documentation lists them. */
  async set(settings: object): Promise<void> {
    await this.send('POST', '/settings', settings);
  }

  async setPassword(account: string, password: string): Promise<void> {
    await this.send('POST', `/accounts/${encodeURIComponent(account)}/password`, { password });
  }

  /** Adds a calendar entry and returns its id. */
  async addEntry(mailbox: string, draft: unknown): Promise<string> {
    const answer = await this.send('POST', `/mailboxes/${encodeURIComponent(mailbox)}/entries`, draft);
    return (await answer.json()).id;
  }

  async removeEntry(mailbox: string, id: string): Promise<void> {
    await this.send('DELETE', `/mailboxes/${encodeURIComponent(mailbox)}/entries/${encodeURIComponent(id)}`);
  }
}
