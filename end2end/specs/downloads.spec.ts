// Files to take away: what a click in the browser saves is byte for byte what plain HTTP gives to the same session.

import { readFileSync, readdirSync } from 'node:fs';
import { get, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { connect, expect, nextWeek, test } from '../fixtures.js';
import { alice, bob, endpoint, serviceAccount } from '../people.js';

/** What every link of the pages that saves a file is called. */
function offered(): string[] {
  const folder = join(import.meta.dirname, '../../app/src');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rs'));
  const sources = names.map((name) => readFileSync(join(folder, name), 'utf8'));
  return sources.flatMap((source) => [...source.matchAll(/\sdownload="[^"]*"[^>]*>"([^"]+)"/g)].map(([, label]) => label!));
}

/** An answer as plain HTTP gives it: nothing packs it. */
async function plain(page: Page, path: string): Promise<[IncomingHttpHeaders, Buffer]> {
  const address = new URL(path, page.url());
  const cookies = await page.context().cookies(address.href);
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  return new Promise((resolve, reject) => {
    get(address, { headers: { cookie } }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve([answer.headers, Buffer.concat(parts)]));
      answer.on('error', reject);
    }).on('error', reject);
  });
}

/** The file of a link; one that the page itself carries is read from the page. */
async function expected(page: Page, href: string): Promise<Buffer> {
  if (!href.startsWith('data:')) {
    const [headers, file] = await plain(page, href);
    expect(headers['content-disposition'], href).toMatch(/^attachment/);
    expect(headers['content-encoding'], href).toBeUndefined();
    return file;
  }
  const [, html] = await plain(page, page.url());
  const [, text] = /href="data:text\/plain;charset=utf-8,([^"]*)"/.exec(html.toString('utf8'))!;
  return Buffer.from(decodeURIComponent(text!), 'utf8');
}

/** What lasts of everything stored: each download has a moment and a line in the trail of its own. */
function lasting(file: Buffer, label: string): string {
  if (!label.includes('JSON')) return file.toString('latin1');
  const { exported_at, what_you_did, who_looked, ...all } = JSON.parse(file.toString('utf8'));
  expect([exported_at, what_you_did, who_looked], label).not.toContain(undefined);
  return JSON.stringify(all, null, 1);
}

/** Saves the file of a link by a click and compares it, once that stands still. Returns its text. */
async function save(page: Page, label: string, name: string, seen: Set<string>): Promise<string> {
  const link = page.getByRole('link', { name: label, exact: true });
  for (let turn = 0; turn < 10; turn += 1) {
    const href = (await link.getAttribute('href'))!;
    const before = await expected(page, href);
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    expect(await download.failure(), label).toBeNull();
    expect(download.suggestedFilename()).toBe(name);
    const saved = readFileSync(await download.path());
    const after = await expected(page, href);
    if (lasting(before, label) !== lasting(after, label)) continue;
    expect(lasting(saved, label), label).toBe(lasting(after, label));
    expect(saved.length, label).toBeGreaterThan(0);
    seen.add(name);
    return saved.toString('utf8');
  }
  throw new Error(`${name} changes all the time`);
}

test('every file that a page offers is saved by a click, byte for byte', async ({ page, signIn, settled, hydrated }) => {
  test.setTimeout(180_000);
  const seen = new Set<string>();
  await signIn(bob);
  await connect(page, bob);
  await expect(async () => {
    await page.goto(nextWeek());
    await expect(page.locator('.entry').first()).toBeVisible({ timeout: 500 });
  }).toPass();
  await page.goto('/profile/data');
  expect(await save(page, 'Download everything (JSON)', 'kalends.json', seen)).toContain(bob.email);
  expect(await save(page, 'Download entries (iCalendar)', 'kalends.ics', seen)).toMatch(/^BEGIN:VEVENT\r$/m);
  await page.goto('/profile/exchange/disconnect');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.waitForURL('**/profile');
  await settled();

  await signIn(alice);
  await page.goto('/connections');
  const list = await save(page, 'Download this list (CSV)', 'connections.csv', seen);
  for (const person of [alice, bob]) expect(list).toContain(person.email);
  await page.goto(`/connections?q=${encodeURIComponent(bob.email)}`);
  const filtered = await save(page, 'Download this list (CSV)', 'connections.csv', seen);
  expect(filtered).toContain(bob.email);
  expect(filtered).not.toContain(alice.email);

  await page.goto('/people/import');
  const address = `dora.${hydrated ? 'four' : 'three'}@example.test`;
  await page.getByLabel('Table').fill(`name,email,role,addresses\nDora,${address},,`);
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByRole('button', { name: 'Send invitations' }).click();
  await expect(page.getByRole('link', { name: 'Download the links' })).toBeVisible();
  await settled();
  expect(await save(page, 'Download the links of the last 15 minutes', 'links.csv', seen)).toContain(address);

  await page.goto('/connections/check-exchange');
  await page.getByLabel('User email to access').fill(bob.email);
  await page.getByLabel('Service account username').fill(serviceAccount.name);
  await page.getByLabel('Service account password').fill(serviceAccount.password);
  await page.getByLabel('Exchange server').fill(endpoint);
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Check of Exchange', exact: true })).toBeVisible({ timeout: 30_000 });
  await settled();
  expect(await save(page, 'Download the report', 'kalends-report.txt', seen)).not.toContain(bob.email);

  await page.goto('/organisation/accounts/new');
  await page.getByLabel('Name', { exact: true }).fill('Head office');
  await page.getByLabel('Service account username').fill(serviceAccount.name);
  await page.getByLabel('Service account password').fill(serviceAccount.password);
  await page.getByLabel('Exchange server').fill(endpoint);
  await page.getByRole('button', { name: 'Test and save' }).click();
  await page.getByRole('link', { name: 'Go on' }).click();
  await page.waitForURL(/organisation\/accounts\/.+/);
  await settled();
  const account = new URL(page.url()).pathname;
  await page.goto('/organisation/mailboxes');
  await page.getByLabel('Addresses').fill(`${bob.email}, nobody@example.test`);
  await page.getByRole('button', { name: 'Map these' }).click();
  await expect(page.getByText('2 addresses asked. Complete.')).toBeVisible({ timeout: 20_000 });
  await settled();
  expect(await save(page, 'Download as CSV', 'mailboxes.csv', seen)).toContain('nobody@example.test');
  await page.goto(`${account}/disconnect`);
  await page.getByLabel('Name of the account').fill('Head office');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.waitForURL(/organisation\/ended\/.+/);
  await settled();

  await page.goto('/audit');
  expect(await save(page, 'Download as CSV', 'audit.csv', seen)).toContain(alice.email);
  expect(offered().length).toBeGreaterThan(5);
  expect(seen.size, `${[...seen]} of ${offered()}`).toBe(offered().length);
});
