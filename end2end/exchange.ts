// Steers the practice Exchange of a worker through its control endpoint.

import type { Kalends } from './kalends.js';

export class Exchange {
  constructor(private readonly kalends: Kalends) {}

  private async send(method: string, path: string, body?: unknown): Promise<void> {
    const answer = await fetch(`${this.kalends.control}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }

  /** Plays a fault at every request until `calm`. */
  async play(kind: unknown): Promise<void> {
    await this.send('POST', '/fault', kind);
  }

  async calm(): Promise<void> {
    await this.send('DELETE', '/fault');
    await this.offer({ basic: true, ntlm: true, negotiate: true });
  }

  async offer(kinds: { basic: boolean; ntlm: boolean; negotiate: boolean }): Promise<void> {
    await this.send('POST', '/auth-offer', kinds);
  }

  async setPassword(account: string, password: string): Promise<void> {
    await this.send('POST', `/accounts/${encodeURIComponent(account)}/password`, { password });
  }

  /** All refused sign-ins since it started; nothing can reset it. */
  async refused(): Promise<number> {
    const answer = await fetch(`${this.kalends.control}/state`);
    return (await answer.json()).refused;
  }
}
