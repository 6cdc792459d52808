import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from '../fixtures.js';
import { alice, endpoint, serviceAccount } from '../people.js';

/** The paths of the route table, with `:` before a part that varies. */
function routes(): string[] {
  const source = readFileSync(join(import.meta.dirname, '../../app/src/routes.rs'), 'utf8');
  const table = source.slice(source.indexOf('<Routes'), source.indexOf('</Routes>'));
  return [...table.matchAll(/path=([\s\S]*?)\s+view=/g)].map(([, path]) => {
    const parts = [...path!.matchAll(/(Static|Param)Segment\("([^"]*)"\)/g)];
    return '/' + parts.map(([, kind, name]) => (kind === 'Param' ? `:${name}` : name)).join('/');
  });
}

/** Both themes, narrow and wide; without script axe is slow, so there each once. */
function ways(hydrated: boolean): ['light' | 'dark', number][] {
  const once: ['light' | 'dark', number][] = [['light', 360], ['dark', 1280]];
  return hydrated ? [...once, ['dark', 360], ['light', 1280]] : once;
}

async function look(page: Page, expectAccessible: () => Promise<void>, visited: Set<string>, route: string): Promise<void> {
  visited.add(route);
  const hydrated = (await page.locator('html').getAttribute('data-hydrated')) === 'true';
  for (const [colorScheme, width] of ways(hydrated)) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    await expectAccessible();
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(beyond, `${route} at ${width} px scrolls sideways by`).toBeLessThanOrEqual(0);
  }
}

/** What admins hold for everybody: an account is added, looked at and ended again, for other specs know of none. */
async function lookAtOrganisation(page: Page, settled: () => Promise<void>, at: (route: string) => Promise<void>): Promise<void> {
  const go = async (path: string, route = path) => {
    await page.goto(path);
    await at(route);
  };
  for (const path of ['/profile/security', '/profile/security/second-factor', '/profile/stored', '/profile/purge', '/profile/exchange/request', '/audit', '/organisation', '/organisation/pause', '/organisation/policy', '/organisation/requests']) {
    await go(path);
  }
  await page.goto('/organisation/notices');
  await page.getByText('Add a webhook').click();
  await page.getByLabel('Name', { exact: true }).fill('Chat room');
  await page.getByLabel('Address').fill('https://127.0.0.1/hooks/room');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.getByText('whsec_')).toBeVisible();
  await page.getByRole('button', { name: 'Test Chat room' }).click();
  await expect(page.getByText('The test did not go out')).toBeVisible();
  await settled();
  await at('/organisation/notices');
  await page.getByRole('link', { name: 'A test from Kalends' }).click();
  await page.waitForURL(/organisation\/notices\/.+/);
  await settled();
  await at('/organisation/notices/:id');
  await page.goto('/organisation/notices');
  await page.getByText('Remove Chat room').click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await go('/organisation/accounts/new');
  await page.getByLabel('Name', { exact: true }).fill('Head office');
  await page.getByLabel('Service account username').fill(serviceAccount.name);
  await page.getByLabel('Service account password').fill(serviceAccount.password);
  await page.getByLabel('Exchange server').fill(endpoint);
  await page.getByRole('button', { name: 'Test and save' }).click();
  await page.getByRole('link', { name: 'Go on' }).click();
  await page.waitForURL(/organisation\/accounts\/.+/);
  await settled();
  const account = new URL(page.url()).pathname;
  await at('/organisation/accounts/:id');
  for (const part of ['server', 'pause', 'disconnect']) await go(`${account}/${part}`, `/organisation/accounts/:id/${part}`);
  await go('/profile/exchange/connect', 'one click');
  await go('/organisation/mailboxes');
  await page.getByLabel('Addresses').fill(`${alice.email}, nobody@example.test`);
  await page.getByRole('button', { name: 'Map these' }).click();
  await expect(page.getByText('2 addresses asked. Complete.')).toBeVisible({ timeout: 20_000 });
  await settled();
  await at('/organisation/mailboxes/:id');
  await page.goto(`${account}/disconnect`);
  await page.getByLabel('Name of the account').fill('Head office');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.waitForURL(/organisation\/ended\/.+/);
  await settled();
  await at('/organisation/ended/:id');
}

test('axe finds nothing on any page, in both themes, narrow and wide', async ({ page, signIn, settled, expectAccessible }) => {
  test.setTimeout(900_000);
  const visited = new Set<string>();
  await page.goto('/sign-in');
  await look(page, expectAccessible, visited, '/sign-in');
  // With people in the database this leads to signing in; the form itself has a spec of its own.
  await page.goto('/setup');
  await look(page, expectAccessible, visited, '/setup');
  // Leads there as well, while nobody owes a code; the form itself is looked at in second-factor.spec.ts.
  await page.goto('/sign-in/code');
  await look(page, expectAccessible, visited, '/sign-in/code');
  await signIn(alice);
  await page.goto('/');
  await look(page, expectAccessible, visited, '/');
  await look(page, expectAccessible, visited, '/calendar');
  await page.goto('/help/service-account');
  await look(page, expectAccessible, visited, '/help/service-account');
  await page.goto('/help/problems');
  await look(page, expectAccessible, visited, '/help/problems');
  await page.getByRole('link', { name: 'impersonation-denied', exact: true }).click();
  await page.waitForURL('**/help/problems/impersonation-denied');
  await settled();
  await look(page, expectAccessible, visited, '/help/problems/:code');
  await page.goto('/profile/exchange/connect');
  await look(page, expectAccessible, visited, '/profile/exchange/connect');
  const set = page.locator('.field-set-service');
  await set.getByLabel('User email to access').fill(alice.email);
  await set.getByLabel('Service account username').fill(serviceAccount.name);
  await set.getByLabel('Service account password').fill(serviceAccount.password);
  await set.getByLabel('Exchange server').fill(endpoint);
  await set.getByLabel('User email to access').fill('dora@example.test');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Failed to connect exchange calendar' })).toBeVisible();
  await settled();
  await look(page, expectAccessible, visited, 'a failed check');
  if (new URL(page.url()).pathname.includes('/checks/')) await page.getByRole('link', { name: 'Back to the form' }).click();
  await set.getByLabel('User email to access').fill(alice.email);
  await set.getByLabel('Service account password').fill(serviceAccount.password);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(page.getByText('is connected and syncing.')).toBeVisible();
  await page.goto('/connections?state=not_connected');
  await look(page, expectAccessible, visited, '/connections?state=not_connected');
  await page.goto('/connections');
  await look(page, expectAccessible, visited, '/connections');
  await page.getByRole('link', { name: 'Check Exchange' }).click();
  await page.waitForURL('**/connections/check-exchange');
  await settled();
  await look(page, expectAccessible, visited, '/connections/check-exchange');
  await page.getByLabel('User email to access').fill('dora@example.test');
  await page.getByLabel('Service account username').fill(serviceAccount.name);
  await page.getByLabel('Service account password').fill(serviceAccount.password);
  await page.getByLabel('Exchange server').fill(endpoint);
  await page.getByText('More', { exact: true }).click();
  await page.getByLabel('Another mailbox that works').fill(alice.email);
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Check of Exchange', exact: true })).toBeVisible();
  await expect(page.getByText('is outside the scope of the service account')).toBeVisible();
  await expect(page.getByText('The calendar can be read.')).toBeVisible();
  await settled();
  await look(page, expectAccessible, visited, '/connections/check-exchange/:id');
  await page.goto('/connections');
  await page.getByRole('rowheader').getByRole('link', { name: alice.name }).click();
  await page.waitForURL(/connections\/.+/);
  await settled();
  await look(page, expectAccessible, visited, '/connections/:id');
  const connection = new URL(page.url()).pathname;
  await page.goto('/connections');
  await page.getByRole('checkbox', { name: `Choose ${alice.name}` }).check();
  await page.getByRole('button', { name: 'Disconnect…' }).click();
  await page.waitForURL('**/connections/disconnect');
  await settled();
  await look(page, expectAccessible, visited, '/connections/disconnect');
  await page.goto('/connections');
  await page.getByRole('checkbox', { name: `Choose ${alice.name}` }).check();
  await page.getByRole('button', { name: 'Sync', exact: true }).click();
  await page.waitForURL(/actions\/.+/);
  // Until then the page loads itself again.
  await expect(page.getByText('Done.', { exact: true })).toBeVisible({ timeout: 20_000 });
  await settled();
  await look(page, expectAccessible, visited, '/connections/actions/:id');
  for (const path of ['/overview', '/people', '/people/invite', '/people/import', '/style']) {
    await page.goto(path);
    await look(page, expectAccessible, visited, path);
  }
  await page.goto('/people');
  await page.getByRole('rowheader').getByRole('link', { name: alice.name }).click();
  await page.waitForURL(/people\/.+/);
  await settled();
  await look(page, expectAccessible, visited, '/people/:id');
  await page.goto('/invitation?link=none');
  await look(page, expectAccessible, visited, '/invitation');
  await page.goto(connection);
  await page.getByRole('button', { name: 'Check now' }).click();
  await page.waitForURL(/checks\/.+/);
  await settled();
  await look(page, expectAccessible, visited, '/profile/exchange/checks/:id');
  for (const query of ['', '?view=agenda', '?view=day', '?view=three', '?view=week', '?view=month']) {
    await page.goto(`/calendar${query}`);
    await look(page, expectAccessible, visited, '/calendar');
  }
  await page.goto('/calendar?view=agenda');
  await page.locator('.entry').getByRole('link').first().click();
  await page.waitForURL('**/calendar/entries/*');
  await settled();
  await look(page, expectAccessible, visited, '/calendar/entries/:id');
  await page.goto('/profile');
  await look(page, expectAccessible, visited, '/profile');
  await page.goto('/profile/exchange/disconnect');
  await look(page, expectAccessible, visited, '/profile/exchange/disconnect');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.waitForURL('**/profile');
  await settled();
  await lookAtOrganisation(page, settled, (route) => look(page, expectAccessible, visited, route));
  expect(routes().length).toBeGreaterThan(5);
  expect(routes().filter((route) => !visited.has(route)), 'pages that nobody looked at').toEqual([]);
});
