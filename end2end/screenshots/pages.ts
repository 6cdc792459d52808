import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from '../fixtures.js';
import { alice, bob, charlie, endpoint, serviceAccount } from '../people.js';

/** Where all pictures go; those that the documents show are copied to `docs`. */
const folder = process.env.KALENDS_SCREENSHOTS ?? 'test-results/screenshots';
const docs = process.env.KALENDS_DOCS;
const shown = new Set(['overview', 'connections', 'calendar', 'check']);

type Way = { name: string; width: number; dark: boolean };
const ways: Way[] = [
  { name: 'wide', width: 1280, dark: false },
  { name: 'wide-dark', width: 1280, dark: true },
  { name: 'narrow', width: 360, dark: false },
  { name: 'narrow-dark', width: 360, dark: true },
];

async function take(page: Page, name: string, hydrated: boolean): Promise<void> {
  for (const way of ways) {
    await page.emulateMedia({ colorScheme: way.dark ? 'dark' : 'light', reducedMotion: 'reduce' });
    await page.setViewportSize({ width: way.width, height: 900 });
    const place = join(folder, hydrated ? 'script' : 'plain', way.name);
    mkdirSync(place, { recursive: true });
    await page.screenshot({ path: join(place, `${name}.png`), fullPage: true });
    if (hydrated && docs && way.name === 'wide' && shown.has(name)) {
      await page.screenshot({ path: join(docs, `${name}.png`) });
    }
  }
}

test('every page, light and dark, wide and narrow', async ({ page, signIn, settled, hydrated }) => {
  test.setTimeout(300_000);
  const shoot = async (path: string, name: string) => {
    await page.goto(path);
    await take(page, name, hydrated);
  };
  await shoot('/sign-in', 'sign-in');
  await signIn(alice);
  await shoot('/overview', 'overview-first');
  await shoot('/calendar', 'calendar-empty');
  await page.goto('/organisation/accounts/new');
  await take(page, 'account-new', hydrated);
  await page.getByLabel('Name', { exact: true }).fill('Head office');
  await page.getByLabel('Service account username').fill(serviceAccount.name);
  await page.getByLabel('Service account password').fill(serviceAccount.password);
  await page.getByLabel('Exchange server').fill(endpoint);
  await page.getByRole('button', { name: 'Test and save' }).click();
  await page.getByRole('link', { name: 'Go on' }).click();
  await page.waitForURL(/accounts\/.+/);
  await settled();
  await take(page, 'account', hydrated);
  const account = new URL(page.url()).pathname;
  await page.goto('/organisation/mailboxes');
  await take(page, 'map-new', hydrated);
  await page.getByLabel('Addresses').fill(`${alice.email}, ${bob.email}, ${charlie.email}, dora@example.test, nobody@example.test`);
  await page.getByRole('button', { name: 'Map these' }).click();
  await expect(page.getByText('5 addresses asked. Complete.')).toBeVisible({ timeout: 20_000 });
  await settled();
  await take(page, 'map', hydrated);
  await page.getByRole('button', { name: 'Connect all 3 in scope' }).click();
  await expect(page.getByText('3 of 3 chosen mailboxes dealt with. Complete.')).toBeVisible({ timeout: 20_000 });
  await expect(async () => {
    await page.goto('/connections');
    await expect(page.getByText('Never')).toHaveCount(0);
    await expect(page.locator('td[data-label="Last sync"] time').first()).toBeVisible();
  }).toPass({ timeout: 20_000 });
  await shoot('/connections', 'connections');
  await page.getByRole('rowheader').getByRole('link', { name: bob.name }).click();
  await page.waitForURL(/connections\/.+/);
  await settled();
  await take(page, 'connection', hydrated);
  await page.getByRole('button', { name: 'Check now' }).click();
  await page.waitForURL(/checks\/.+/);
  await expect(page.getByText(/is connected/)).toBeVisible({ timeout: 20_000 });
  await settled();
  await page.getByText('What was tested').click();
  await take(page, 'check', hydrated);
  for (const [path, name] of [
    ['/overview', 'overview'],
    ['/calendar', 'calendar'],
    ['/profile', 'profile'],
    ['/profile/security', 'security'],
    ['/profile/stored', 'stored'],
    ['/profile/exchange/connect', 'connect'],
    ['/profile/exchange/disconnect', 'disconnect'],
    ['/profile/exchange/request', 'request'],
    ['/people', 'people'],
    ['/people/invite', 'invite'],
    ['/people/import', 'import'],
    ['/organisation', 'organisation'],
    ['/organisation/policy', 'policy'],
    ['/organisation/requests', 'requests'],
    ['/organisation/pause', 'pause'],
    ['/organisation/notices', 'notices'],
    ['/connections/check-exchange', 'check-exchange'],
    ['/audit', 'audit'],
    ['/style', 'style'],
    ['/help/service-account', 'help-service-account'],
    ['/help/problems', 'help-problems'],
    ['/help/problems/sign-in-refused', 'help-problem'],
  ] as const) {
    await shoot(path, name);
  }
  await page.goto(`${account}/disconnect`);
  await take(page, 'account-end', hydrated);
});
