// One Kalends with its practice Exchange, in a folder of its own, on free ports.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alice, bob, charlie, type Person } from './people.js';

const START = 30_000;
const hosts = ['mail.example.test', 'autodiscover.example.test', 'example.test', 'alt.example.test'];

/** A path that `cargo xtask test browser` hands over. */
function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the specs with \`cargo xtask test browser\``);
  return value;
}

export class Kalends {
  private constructor(
    /** Where databases and logs lie. */
    readonly folder: string,
    private readonly children: Child[],
    /** Where the pages are. */
    readonly url: string,
    /** Where the practice Exchange is steered. */
    readonly control: string,
    /** Where its numbers are told. */
    private readonly numbers: string,
  ) {}

  /** Starts both on a copy of the prepared databases, in which Alice, Bob and Charlie sign in. */
  static async start(log = 'info'): Promise<Kalends> {
    return this.startWith((folder) => cpSync(given('KALENDS_PREPARED'), folder, { recursive: true }), log);
  }

  /** Starts both without a database: nobody can sign in. */
  static async startEmpty(): Promise<Kalends> {
    return this.startWith(() => {}, 'info');
  }

  /** Makes the databases that `start` copies, in a folder that the caller removes. */
  static async prepare(): Promise<string> {
    const kalends = await this.startWith((folder, settings) => {
      for (const person of [alice, bob, charlie]) add(person, settings, folder);
    }, 'info');
    await kalends.allowAnyMailbox(alice);
    await kalends.end();
    for (const name of ['exchange', 'exchange.log', 'kalends.log']) rmSync(join(kalends.folder, name), { recursive: true });
    return kalends.folder;
  }

  private static async startWith(fill: (folder: string, settings: NodeJS.ProcessEnv) => void, log: string): Promise<Kalends> {
    const folder = mkdtempSync(join(tmpdir(), 'kalends-'));
    const children: Child[] = [];
    try {
      const exchangeFolder = join(folder, 'exchange');
      mkdirSync(exchangeFolder);
      const exchange = new Child(
        given('KALENDS_SIMULATOR_PROGRAM'),
        ['--listen', '127.0.0.1:0', '--control', '127.0.0.1:0', '--folder', exchangeFolder],
        join(folder, 'exchange.log'),
        process.env,
      );
      children.push(exchange);
      const ready = JSON.parse(await exchange.line(/^\{.*\}$/));

      const settings = {
        ...process.env, // with KALENDS_SITE, unless the program holds its site itself
        KALENDS_LOG: log,
        KALENDS_LISTEN: '127.0.0.1:0',
        KALENDS_METRICS_LISTEN: '127.0.0.1:0',
        KALENDS_DATABASE_URL: `sqlite://${folder}/kalends.db`,
        KALENDS_VAULT_DATABASE_URL: `sqlite://${folder}/vault.db`,
        KALENDS_EXCHANGE_CA_FILE: ready.ca,
        KALENDS_EXCHANGE_HOSTS: hosts.join(','),
        KALENDS_EXCHANGE_CONNECT_TO: hosts.map((host) => `${host}:443=${ready.ews}`).join(','),
      };
      fill(folder, settings);
      const server = new Child(given('KALENDS_PROGRAM'), ['serve'], join(folder, 'kalends.log'), settings, folder);
      children.push(server);
      const [, url] = /at (http:\S+)/.exec(await server.line(/listens at http:\S+/))!;
      const [, numbers] = /at (http:\S+)/.exec(await server.line(/numbers at http:\S+/))!;
      await untilReady(url!);
      return new Kalends(folder, children, url!, `http://${ready.control}`, numbers!);
    } catch (error) {
      for (const child of children) await child.end();
      throw error;
    }
  }

  /** Signs somebody in without a browser and returns the cookies of the session. */
  async signIn({ email, password }: Person): Promise<string[]> {
    const answer = await this.post('/api/sign_in', { email, password });
    const cookies = answer.headers.getSetCookie().map((each) => each.split(';')[0]!);
    if (answer.status >= 400 || cookies.length === 0) throw new Error(`${email} is not signed in: ${answer.status}`);
    return cookies;
  }

  /** Lets people type any mailbox, so that all that may be wrong with one can be; everything of entries is kept. */
  private async allowAnyMailbox(admin: Person): Promise<void> {
    const policy = { typed: 'any_mailbox', personal: 'on', privacy: 'everything' };
    const saved = await this.post('/api/save_policy', policy, await this.signIn(admin));
    if (saved.status >= 400) throw new Error(`the policy is not saved: ${saved.status}`);
  }

  private post(path: string, fields: Record<string, string>, cookies: string[] = []): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.url, cookie: cookies.join('; ') },
      body: new URLSearchParams(fields),
    });
  }

  /** How many open pages it tells of changes. */
  async openStreams(): Promise<number> {
    const told = await (await fetch(this.numbers)).text();
    return Number(/^kalends_event_streams (\d+)$/m.exec(told)![1]);
  }

  /** The ids of the programs that it runs. */
  get programs(): number[] {
    return this.children.map((child) => child.id);
  }

  /** Everything the server has printed so far. */
  log(): string {
    return readFileSync(join(this.folder, 'kalends.log'), 'utf8');
  }

  /** The code for the first administrator, printed while there is none. */
  setupCode(): string {
    return /one-time code: (\S+)/.exec(this.log())![1]!;
  }

  async stop(): Promise<void> {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async end(): Promise<void> {
    for (const child of this.children.reverse()) await child.end();
  }
}

function add(person: Person, env: NodeJS.ProcessEnv, cwd: string): void {
  const role = person.admin ? ['--admin'] : [];
  const words = ['user', 'add', '--email', person.email, '--name', person.name, ...role];
  const done = spawnSync(given('KALENDS_PROGRAM'), words, { env, cwd, input: person.password, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`kalends user add: ${done.error ?? done.stderr}`);
}

/** Waits until the databases take changes. */
async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + START;
  for (;;) {
    const answer = await fetch(`${url}/readyz`);
    if (answer.ok) return;
    if (Date.now() > deadline) throw new Error(`not ready: ${await answer.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A program whose output goes to a file. */
class Child {
  private readonly process: ChildProcess;
  private readonly ended: Promise<void>;

  constructor(
    private readonly program: string,
    words: string[],
    private readonly logFile: string,
    env: NodeJS.ProcessEnv,
    cwd?: string,
  ) {
    const log = openSync(logFile, 'a');
    this.process = spawn(program, words, { env, cwd, stdio: ['ignore', log, log] });
    closeSync(log);
    this.ended = new Promise((resolve) => {
      this.process.once('exit', () => resolve());
      this.process.once('error', () => resolve());
    });
  }

  get id(): number {
    return this.process.pid!;
  }

  /** The first line of its output that matches. Fails when the program ends first. */
  async line(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + START;
    for (;;) {
      const output = readFileSync(this.logFile, 'utf8');
      const found = output.split('\n').slice(0, -1).find((line) => pattern.test(line));
      if (found !== undefined) return found;
      if (this.process.exitCode !== null || this.process.pid === undefined || Date.now() > deadline) {
        throw new Error(`${this.program} did not start:\n${output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async end(): Promise<void> {
    if (this.process.exitCode === null && this.process.pid !== undefined) this.process.kill('SIGTERM');
    const impatience = setTimeout(() => this.process.kill('SIGKILL'), 15_000);
    await this.ended;
    clearTimeout(impatience);
  }
}
