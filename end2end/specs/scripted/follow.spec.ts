// Only with script: open pages follow what happens, and leave alone what somebody is busy with.

import type { Page } from '@playwright/test';
import { Exchange } from '../../exchange.js';
import { connect, expect, expectInTime, signInTo, test } from '../../fixtures.js';
import { alice, bob } from '../../people.js';

// The page of an entry that is gone is looked up once more.
test.use({ tolerated: [/404/] });

/** Leaves a mark that no reload survives. */
const mark = (page: Page) => page.evaluate(() => Object.assign(window, { stillHere: true }));
const utc = (at: Date) => at.toISOString().slice(0, 19);
const stillHere = (page: Page) => page.evaluate(() => 'stillHere' in window);

test('a new entry, a new state and a last sync appear without a reload; focus and ticks stay', async ({ page, kalends, signIn, settled, browser, baseURL }) => {
  test.setTimeout(120_000);
  const exchange = new Exchange(kalends);
  // One day on both clocks, whatever the hour is.
  const day = new Date().toISOString().slice(0, 10);
  await page.clock.install();
  await signIn(bob);
  await connect(page, bob);
  await expect(async () => {
    await page.goto(`/calendar?view=day&day=${day}`);
    await expect(page.getByText('The first sync is under way.')).toHaveCount(0);
  }).toPass();

  // Alice looks at the list in a window of her own.
  const office = await browser.newContext({ baseURL });
  const desk = await office.newPage();
  await desk.clock.install();
  await signInTo(office, kalends, alice);
  await desk.goto('/connections');
  const row = desk.getByRole('row', { name: /Bob/ });
  const tick = row.getByRole('checkbox');
  const syncNow = async () => {
    const other = await office.newPage();
    await other.goto('/connections');
    await other.getByRole('rowheader', { name: /Bob/ }).getByRole('link').click();
    await other.getByRole('button', { name: 'Sync now' }).click();
    await expect(other.getByText('The sync starts within a second.')).toBeVisible();
    await other.close();
  };

  await expect(page.locator('html')).toHaveAttribute('data-hydrated');
  const next = page.getByRole('link', { name: 'Next day' });
  await next.focus();
  await mark(page);
  const add = (subject: string, hour: number) => {
    const start = new Date(`${day}T00:00:00Z`);
    start.setUTCHours(hour);
    const end = new Date(start.getTime() + 3_600_000);
    return exchange.addEntry(bob.email, { subject, start: utc(start), end: utc(end) });
  };
  const grid = page.locator('.calendar-picture');
  const id = await add('Just agreed', 12);
  await syncNow();
  await expectInTime(page, () => expect(grid.getByText('Just agreed')).toBeVisible({ timeout: 500 }));
  await expect(next).toBeFocused();
  // Also while somebody stands on an entry and another one becomes the first of the day.
  const entry = grid.getByRole('link', { name: /Just agreed/ });
  await entry.focus();
  const earlier = await add('Before it', 2);
  await syncNow();
  await expectInTime(page, () => expect(grid.getByText('Before it')).toBeVisible({ timeout: 500 }));
  await expect(entry).toBeFocused();
  expect(await stillHere(page)).toBe(true);
  await exchange.removeEntry(bob.email, earlier);

  await tick.check();
  await mark(desk);
  await exchange.play({ kind: 'unavailable' });
  await syncNow();
  await expectInTime(desk, () => expect(row.getByText('Delayed')).toBeVisible({ timeout: 500 }));
  await expect(tick).toBeChecked();
  expect(await stillHere(desk)).toBe(true);
  await exchange.calm();
  await exchange.removeEntry(bob.email, id);
  await syncNow();
  await expectInTime(desk, () => expect(row.getByText('Connected')).toBeVisible({ timeout: 500 }));
  await expectInTime(page, () => expect(grid.getByText('Just agreed')).toHaveCount(0, { timeout: 500 }));
  expect(await stillHere(page)).toBe(true);

  // The page of one entry follows to its end.
  const last = await add('Soon gone', 15);
  await syncNow();
  await grid.getByRole('link', { name: /Soon gone/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Soon gone');
  await settled();
  await mark(page);
  await exchange.removeEntry(bob.email, last);
  await syncNow();
  await expectInTime(page, () => expect(page.getByRole('heading', { level: 1 })).not.toHaveText('Soon gone', { timeout: 500 }));
  expect(await stillHere(page)).toBe(true);
  await office.close();

  await page.goto('/profile/exchange/disconnect');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await settled();
  await expect(page.getByText('Not connected')).toBeVisible();
});
