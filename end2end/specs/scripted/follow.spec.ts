// Only with script: open pages follow what happens by one stream each, and leave alone what somebody is busy with.

import type { Page } from '@playwright/test';
import { Exchange } from '../../exchange.js';
import { connect, expect, signInTo, test } from '../../fixtures.js';
import { alice, bob, charlie } from '../../people.js';

// The page of an entry that is gone is looked up once more, and streams are refused.
test.use({ tolerated: [/404|503/] });

/** Leaves a mark that no reload survives. */
const mark = (page: Page) => page.evaluate(() => Object.assign(window, { stillHere: true }));
const utc = (at: Date) => at.toISOString().slice(0, 19);
const stillHere = (page: Page) => page.evaluate(() => 'stillHere' in window);
// One day on both clocks, whatever the hour is.
const day = new Date().toISOString().slice(0, 10);

/** Adds an hour to Bob's calendar of today and returns its id. */
function add(exchange: Exchange, subject: string, hour: number): Promise<string> {
  const start = new Date(`${day}T00:00:00Z`);
  start.setUTCHours(hour);
  const end = new Date(start.getTime() + 3_600_000);
  return exchange.addEntry(bob.email, { subject, start: utc(start), end: utc(end) });
}

/** Has Bob's calendar read at once, by an administrator at a page of her own. */
async function syncNow(desk: Page): Promise<void> {
  const other = await desk.context().newPage();
  await other.goto('/connections');
  await other.getByRole('rowheader', { name: /Bob/ }).getByRole('link').click();
  await other.getByRole('button', { name: 'Sync now' }).click();
  await expect(other.getByText('The sync starts within a second.')).toBeVisible();
  await other.close();
}

/** Shows Bob's day once it was read. */
async function openDay(page: Page): Promise<void> {
  await expect(async () => {
    await page.goto(`/calendar?view=day&day=${day}`);
    await expect(page.getByText('The first sync is under way.')).toHaveCount(0);
  }).toPass();
}

/** Counts how often the page fetches itself, from now on. */
function fetches(page: Page): () => number {
  let count = 0;
  page.on('request', (request) => {
    if (request.headers()['kalends-follow']) count += 1;
  });
  return () => count;
}

/** As if another window stood before it, or no more. */
async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}

test('a new entry and a new state appear without a reload; focus and ticks stay', async ({ page, kalends, signIn, settled, browser, baseURL }) => {
  test.setTimeout(120_000);
  const exchange = new Exchange(kalends);
  await signIn(bob);
  await connect(page, bob);
  await openDay(page);

  // Alice looks at the list in a window of her own.
  const office = await browser.newContext({ baseURL });
  const desk = await office.newPage();
  await signInTo(office, kalends, alice);
  await desk.goto('/connections');
  const row = desk.getByRole('row', { name: /Bob/ });
  const tick = row.getByRole('checkbox');

  const next = page.getByRole('link', { name: 'Next day' });
  await next.focus();
  await mark(page);
  const grid = page.locator('.calendar-picture');
  const id = await add(exchange, 'Just agreed', 12);
  await syncNow(desk);
  await expect(grid.getByText('Just agreed')).toBeVisible();
  await expect(next).toBeFocused();
  // Also while somebody stands on an entry and another one becomes the first of the day.
  const entry = grid.getByRole('link', { name: /Just agreed/ });
  await entry.focus();
  const earlier = await add(exchange, 'Before it', 2);
  await syncNow(desk);
  await expect(grid.getByText('Before it')).toBeVisible();
  await expect(entry).toBeFocused();
  expect(await stillHere(page)).toBe(true);
  await exchange.removeEntry(bob.email, earlier);

  await tick.check();
  await mark(desk);
  await exchange.play({ kind: 'unavailable' });
  await syncNow(desk);
  await expect(row.getByText('Delayed')).toBeVisible();
  await expect(tick).toBeChecked();
  expect(await stillHere(desk)).toBe(true);
  await exchange.calm();
  await exchange.removeEntry(bob.email, id);
  await syncNow(desk);
  await expect(row.getByText('Connected')).toBeVisible();
  await expect(grid.getByText('Just agreed')).toHaveCount(0);
  expect(await stillHere(page)).toBe(true);

  // The page of one entry follows to its end.
  const last = await add(exchange, 'Soon gone', 15);
  await syncNow(desk);
  await grid.getByRole('link', { name: /Soon gone/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Soon gone');
  await settled();
  await mark(page);
  await exchange.removeEntry(bob.email, last);
  await syncNow(desk);
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('Soon gone');
  expect(await stillHere(page)).toBe(true);
  await expect.poll(() => kalends.openStreams(), 'what is gone is followed no more').toBe(1);

  await page.goto('/profile/exchange/disconnect');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await settled();
  await expect(page.getByText('Not connected')).toBeVisible();
  await office.close();
});

test('a change is one fetch, and a page that nobody sees holds no stream', async ({ page, kalends, signIn, browser, baseURL }) => {
  test.setTimeout(120_000);
  const exchange = new Exchange(kalends);
  await signIn(bob);
  await connect(page, bob);
  await openDay(page);
  const office = await browser.newContext({ baseURL });
  await signInTo(office, kalends, alice);
  const desk = await office.newPage();
  const count = fetches(page);
  await expect.poll(() => kalends.openStreams()).toBe(1);

  // A sync that finds nothing new is nothing to fetch.
  await syncNow(desk);
  await page.waitForTimeout(2_000);
  expect(count()).toBe(0);
  const grid = page.locator('.calendar-picture');
  const first = await add(exchange, 'Told once', 12);
  await syncNow(desk);
  await expect(grid.getByText('Told once')).toBeVisible();
  await page.waitForTimeout(1_000);
  expect(count()).toBe(1);

  await hide(page, true);
  await expect.poll(() => kalends.openStreams()).toBe(0);
  await exchange.removeEntry(bob.email, first);
  await syncNow(desk);
  await page.waitForTimeout(2_000);
  expect(count()).toBe(1);
  await hide(page, false);
  await expect(grid.getByText('Told once')).toHaveCount(0);
  await expect.poll(() => kalends.openStreams()).toBe(1);
  expect(count()).toBe(2);

  // Whoever signs out elsewhere keeps the page, and it is told nothing more.
  await page.evaluate(() => fetch('/api/sign_out', { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } }));
  await expect.poll(() => kalends.openStreams()).toBe(0);
  await expect(page.getByRole('link', { name: 'Next day' })).toBeVisible();
  await office.close();
  await page.context().clearCookies();
  await signIn(bob);
  await page.goto('/profile/exchange/disconnect');
  await page.getByRole('button', { name: 'Disconnect' }).click();
});

test('what is typed, ticked, chosen, selected and unfolded stays', async ({ page, kalends, signIn, browser, baseURL }) => {
  const exchange = new Exchange(kalends);
  const home = await browser.newContext({ baseURL });
  await signInTo(home, kalends, bob);
  const bobs = await home.newPage();
  await connect(bobs, bob);
  await signIn(alice);
  await page.goto('/connections');
  await expect.poll(() => kalends.openStreams()).toBeGreaterThan(0);
  await mark(page);

  const row = page.getByRole('row', { name: /Bob/ });
  const tick = row.getByRole('checkbox');
  const search = page.locator('main input[type=search]').first();
  await tick.check();
  await search.fill('bo');
  await search.evaluate((field: HTMLInputElement) => field.setSelectionRange(1, 2));
  await page.evaluate(() => {
    const main = document.querySelector('main')!;
    // All of it is made like the new page, with something that is folded by itself.
    main.setAttribute('data-live', '');
    main.querySelector('h1')!.insertAdjacentHTML('afterend', '<details id="folded" open><summary>More</summary></details>');
    const parse = DOMParser.prototype.parseFromString;
    DOMParser.prototype.parseFromString = function (text: string, kind: DOMParserSupportedType) {
      const parsed = parse.call(this, text, kind);
      parsed.querySelector('main h1')?.insertAdjacentHTML('afterend', '<details id="folded"><summary>More</summary></details>');
      return parsed;
    };
  });
  await exchange.play({ kind: 'unavailable' });
  const desk = await page.context().newPage();
  await syncNow(desk);
  await expect(row.getByText('Delayed')).toBeVisible();
  expect(await stillHere(page)).toBe(true);
  await expect(tick).toBeChecked();
  await expect(search).toHaveValue('bo');
  await expect(search).toBeFocused();
  expect(await search.evaluate((field: HTMLInputElement) => [field.selectionStart, field.selectionEnd])).toEqual([1, 2]);
  await expect(page.locator('#folded')).toHaveAttribute('open');
  await exchange.calm();
  await bobs.goto('/profile/exchange/disconnect');
  await bobs.getByRole('button', { name: 'Disconnect' }).click();
  await home.close();
});

test('who connects and who ends appears in the list without a reload; a ticked box and the focus stay', async ({ page, kalends, signIn, settled, browser, baseURL }) => {
  test.setTimeout(120_000);
  const homes = await Promise.all([bob, charlie].map(async (person) => {
    const context = await browser.newContext({ baseURL });
    await signInTo(context, kalends, person);
    return context.newPage();
  }));
  const [bobs, charlies] = [homes[0]!, homes[1]!];
  await signIn(alice);
  await page.goto('/connections');
  await expect.poll(() => kalends.openStreams()).toBeGreaterThan(0);
  await mark(page);
  const box = (name: string) => page.getByRole('checkbox', { name: `Choose ${name}` });
  await expect(box('Bob')).toHaveCount(0);
  await connect(bobs, bob);
  await expect(box('Bob')).toBeVisible();
  await box('Bob').check();
  await expect(box('Bob')).toBeFocused();

  // Broken first: her row moves before his, and away again.
  await connect(charlies, charlie);
  await expect(box('Charlie')).toBeVisible();
  await expect(box('Charlie')).not.toBeChecked();
  await expect(box('Bob')).toBeChecked();
  await expect(box('Bob')).toBeFocused();
  await charlies.goto('/profile/exchange/disconnect');
  await charlies.getByRole('button', { name: 'Disconnect' }).click();
  await expect(box('Charlie')).toHaveCount(0);
  await expect(page.getByRole('row', { name: /Charlie/ })).toHaveCount(1);
  await expect(box('Bob')).toBeFocused();
  expect(await stillHere(page)).toBe(true);

  // What is chosen is what is acted upon.
  await page.getByRole('button', { name: 'Sync', exact: true }).click();
  await settled();
  await expect(page.getByRole('status').first()).toBeVisible();
  await expect(page.getByText('Nothing was done')).toHaveCount(0);
  await bobs.goto('/profile/exchange/disconnect');
  await bobs.getByRole('button', { name: 'Disconnect' }).click();
  await Promise.all(homes.map((home) => home.context().close()));
});

for (const status of [404, 503]) {
  test(`a stream that is refused with ${status} is not asked for again at once`, async ({ page, signIn }) => {
    await signIn(alice);
    let asked = 0;
    await page.route('**/events?*', (route) => {
      asked += 1;
      return route.fulfill({ status });
    });
    await page.goto('/overview');
    await expect.poll(() => asked, 'once, and then why').toBe(2);
    await page.waitForTimeout(6_000);
    expect(asked).toBe(2);
  });
}
