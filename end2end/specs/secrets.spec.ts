// What was typed as a password is looked for everywhere it could lie; a canary in each place proves that the look works.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { expect, signInByForm, test as base } from '../fixtures.js';
import { Kalends } from '../kalends.js';
import { bob, endpoint, serviceAccount } from '../people.js';

// Everything is written to the log.
const test = base.extend<object, { kalends: Kalends }>({
  kalends: [
    async ({}, use) => {
      const kalends = await Kalends.start('trace');
      await use(kalends);
      await kalends.stop();
    },
    { scope: 'worker' },
  ],
});

const CANARY = 'Canary-"7/ä+ 2026';

/** A secret in every form in which it could be written. */
function forms(secret: string): Buffer[] {
  const utf8 = Buffer.from(secret, 'utf8');
  const base64 = [0, 1, 2].map((shift) => {
    // In the middle of something longer, base64 depends on where it starts; the edges differ, the core does not.
    const text = Buffer.concat([Buffer.alloc(shift), utf8]).toString('base64').replace(/=+$/, '');
    return text.slice(shift === 0 ? 0 : shift + 1, -1);
  });
  const percent = encodeURIComponent(secret);
  const texts = [secret, JSON.stringify(secret).slice(1, -1), percent, percent.replaceAll('%20', '+'), ...base64,
    utf8.toString('hex'), utf8.toString('hex').toUpperCase()];
  return [...texts.map((text) => Buffer.from(text, 'utf8')), Buffer.from(secret, 'utf16le')];
}

/** The places that hold one of the secrets. */
function found(places: Map<string, Buffer>, secrets: string[]): string[] {
  const needles = secrets.flatMap(forms);
  return [...places].filter(([, content]) => needles.some((needle) => content.includes(needle))).map(([name]) => name);
}

function files(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder).filter((name) => /\.(db|db-wal|log)$/.test(name));
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}

/** Of these processes alone: what others on the machine run is no concern of ours. */
function commandLines(ids: number[]): Buffer {
  return Buffer.concat(ids.map((id) => readFileSync(`/proc/${id}/cmdline`)));
}

test('no password is left anywhere', async ({ page, kalends, hydrated, settled }) => {
  const answers: Promise<Buffer>[] = [];
  page.on('response', (response) => {
    const whole = async () => {
      const headers = JSON.stringify(await response.allHeaders());
      // A stream has no end while its page is open; what it says is that something changed.
      const isStream = new URL(response.url()).pathname === '/events';
      const body = isStream ? Buffer.alloc(0) : await response.body().catch(() => Buffer.alloc(0));
      return Buffer.concat([Buffer.from(`${response.url()} ${headers} `), body]);
    };
    answers.push(whole());
  });
  await signInByForm(page, bob);
  // The wrong one goes to an account of its own: three refusals an hour would pause the one that other specs use.
  for (const [account, password] of [
    ['svc-norole@example.test', 'Wrong-first-2026!'],
    [serviceAccount.name, serviceAccount.password],
  ] as const) {
    await page.goto('/profile/exchange/connect');
    const set = page.locator('.field-set-service');
    await set.getByLabel('Service account username').fill(account);
    await set.getByLabel('Service account password').fill(password);
    await set.getByLabel('Exchange server').fill(endpoint);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await expect(page.getByText(/refused the user name|is connected and syncing/).first()).toBeVisible();
    if (!hydrated) await settled();
  }
  await page.goto('/calendar');
  await page.goto('/profile');

  const secrets = ['Wrong-first-2026!', serviceAccount.password, bob.password];
  const places = files(kalends.folder);
  for (const name of ['kalends.db', 'kalends.db-wal', 'vault.db', 'vault.db-wal', 'kalends.log']) {
    expect([...places.keys()], 'a place to look').toContain(name);
  }
  expect(places.get('kalends.log')!.includes('TRACE'), 'the log is written at trace level').toBe(true);
  places.set('answers', Buffer.concat(await Promise.all(answers)));
  const lines = commandLines(kalends.programs);
  expect(lines.toString()).toContain('serve');
  places.set('command lines', lines);
  expect(found(places, secrets)).toEqual([]);

  // The look itself: the canary, planted in every place and in every form, is found.
  for (const [index, form] of forms(CANARY).entries()) {
    const planted = new Map([...places].map(([name, content]) => [name, Buffer.concat([content, form])]));
    expect(found(planted, [CANARY]), `form ${index}`).toEqual([...places.keys()]);
  }
  writeFileSync(join(kalends.folder, 'canary.log'), CANARY);
  expect(found(files(kalends.folder), [CANARY])).toEqual(['canary.log']);
  const bystander = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 20_000)', CANARY]);
  const withIt = () => commandLines([...kalends.programs, bystander.pid!]);
  await expect.poll(() => found(new Map([['command lines', withIt()]]), [CANARY])).toEqual(['command lines']);
  bystander.kill();
});
