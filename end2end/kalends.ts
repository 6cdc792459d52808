// One Kalends with its practice Exchange, in a folder of its own, on free ports.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
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
  ) {}

  /** Starts both and adds people: Alice, Bob and Charlie, if none are named. */
  static async start(people: Person[] = [alice, bob, charlie]): Promise<Kalends> {
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

      const program = given('KALENDS_PROGRAM');
      const settings = {
        ...process.env, // with KALENDS_SITE, unless the program holds its site itself
        KALENDS_LOG: 'trace',
        KALENDS_LISTEN: '127.0.0.1:0',
        KALENDS_DATABASE_URL: `sqlite://${folder}/kalends.db`,
        KALENDS_VAULT_DATABASE_URL: `sqlite://${folder}/vault.db`,
        KALENDS_EXCHANGE_CA_FILE: ready.ca,
        KALENDS_EXCHANGE_HOSTS: hosts.join(','),
        KALENDS_EXCHANGE_CONNECT_TO: hosts.map((host) => `${host}:443=${ready.ews}`).join(','),
      };
      for (const person of people) add(person, program, settings, folder);
      const server = new Child(program, ['serve'], join(folder, 'kalends.log'), settings, folder);
      children.push(server);
      const [, url] = /at (http:\S+)/.exec(await server.line(/at http:\S+/))!;
      const kalends = new Kalends(folder, children, url, `http://${ready.control}`);
      if (people.some((person) => person.admin)) await kalends.allowAnyMailbox(people.find((person) => person.admin)!);
      return kalends;
    } catch (error) {
      for (const child of children) await child.end();
      throw error;
    }
  }

  /** Lets people type any mailbox, so that all that may be wrong with one can be; everything of entries is kept. */
  async allowAnyMailbox(admin: Person): Promise<void> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: this.url };
    const post = (path: string, fields: Record<string, string>, cookie = '') =>
      fetch(`${this.url}${path}`, {
        method: 'POST',
        redirect: 'manual',
        headers: { ...headers, cookie },
        body: new URLSearchParams(fields),
      });
    const signedIn = await post('/api/sign_in', { email: admin.email, password: admin.password });
    const cookie = signedIn.headers.getSetCookie().map((each) => each.split(';')[0]).join('; ');
    const policy = { typed: 'any_mailbox', personal: 'on', privacy: 'everything' };
    const saved = await post('/api/save_policy', policy, cookie);
    if (saved.status >= 400) throw new Error(`the policy is not saved: ${saved.status}`);
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
    for (const child of this.children.reverse()) await child.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function add(person: Person, program: string, env: NodeJS.ProcessEnv, cwd: string): void {
  const role = person.admin ? ['--admin'] : [];
  const words = ['user', 'add', '--email', person.email, '--name', person.name, ...role];
  const done = spawnSync(program, words, { env, cwd, input: person.password, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`kalends user add: ${done.error ?? done.stderr}`);
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
