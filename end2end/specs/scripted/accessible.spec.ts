// axe looks at every page of the route table, in both themes, narrow and wide. Without script the pages are the same
// HTML; where they are not, connect-pages.spec.ts looks at them in both forms.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from '@playwright/test';
import { connect, expect, expectAccessibleInAllThemes, nextWeek, signInTo, test as base } from '../../fixtures.js';
import { Kalends } from '../../kalends.js';
import { alice, endpoint, serviceAccount } from '../../people.js';

// What is added here stays, so nobody else's tests share it.
const test = base.extend<object, { kalends: Kalends }>({
  kalends: [
    async ({}, use) => {
      const kalends = await Kalends.start();
      await use(kalends);
      await kalends.stop();
    },
    { scope: 'worker' },
  ],
});

/** Leads to a page where a path alone does not. */
type Way = (page: Page) => Promise<void>;

/** A route of the table, with what leads to it if that is not its own path. */
type Visit = [route: string, ...open: (string | Way)[]];

const signedOut: Visit[] = [
  ['/sign-in'],
  // With people in the database this leads to signing in; the form itself is looked at in setup.spec.ts.
  ['/setup'],
  // So does this while nobody owes a code; the form itself is looked at in second-factor.spec.ts.
  ['/sign-in/code'],
  ['/invitation', '/invitation?link=none'],
];

const withConnection: Visit[] = [
  ['/'],
  ['/calendar', ...['', '?view=agenda', '?view=day', '?view=three', '?view=week', '?view=month'].map((view) => `/calendar${view}`)],
  ['/calendar/entries/:id', openFirstEntry],
  ['/connections', '/connections', '/connections?state=not_connected'],
  ['/connections/:id', openConnection],
  ['/connections/disconnect', (page) => actOnAlice(page, 'Disconnect…')],
  ['/connections/actions/:id', syncAlice],
  ['/connections/check-exchange'],
  ['/connections/check-exchange/:id', checkExchange],
  ['/profile/exchange/checks/:id', checkNow],
  ['/profile'],
  ['/profile/exchange/connect'],
  ['/profile/exchange/disconnect'],
  ['/profile/exchange/request'],
  ['/profile/security'],
  ['/profile/security/second-factor'],
  ['/profile/data'],
  ['/profile/purge'],
  ['/overview'],
  ['/people'],
  ['/people/:id', openPerson],
  ['/people/invite'],
  ['/people/import'],
  ['/people/import/:id', importSomebody],
  ['/organisation/activity'],
  ['/help/service-account'],
  ['/help/problems'],
  ['/help/problems/:code', '/help/problems/impersonation-denied'],
  ['/audit'],
  ['/organisation/notices', testWebhook],
  ['/organisation/notices/:id', openNotice],
  ['/style'],
];

/** The path of the organisation's account. */
let account = '';

const withAccount: Visit[] = [
  ['/organisation'],
  ['/organisation/pause'],
  ['/organisation/policy'],
  ['/organisation/requests'],
  ['/organisation/accounts/new'],
  ['/organisation/accounts/:id', (page) => go(page, account)],
  ['/organisation/accounts/:id/server', (page) => go(page, `${account}/server`)],
  ['/organisation/accounts/:id/pause', (page) => go(page, `${account}/pause`)],
  ['/organisation/accounts/:id/disconnect', (page) => go(page, `${account}/disconnect`)],
  ['/profile/exchange/connect', '/profile/exchange/connect'],
  ['/organisation/mailboxes'],
  ['/organisation/mailboxes/:id', mapMailboxes],
  ['/organisation/ended/:id', endAccount],
];

async function look(page: Page, [route, ...open]: Visit): Promise<void> {
  for (const each of open.length > 0 ? open : [route]) {
    if (typeof each === 'string') await page.goto(each);
    else await each(page);
    await expectAccessibleInAllThemes(page);
  }
}

test.describe('signed out', () => {
  for (const visit of signedOut) {
    test(`axe finds nothing on ${visit[0]}`, ({ page }) => look(page, visit));
  }
});

test.describe('with a connection', () => {
  test.beforeAll(({ browser, kalends }) => asAlice(browser, kalends, (page) => connect(page, alice)));

  for (const visit of withConnection) {
    test(`axe finds nothing on ${visit[0]}`, async ({ page, signIn }) => {
      await signIn(alice);
      await look(page, visit);
    });
  }
});

test.describe('with an account of the organisation', () => {
  test.beforeAll(({ browser, kalends }) => asAlice(browser, kalends, addAccount));

  for (const visit of withAccount) {
    test(`axe finds nothing on ${visit[0]} with an account`, async ({ page, signIn }) => {
      await signIn(alice);
      await look(page, visit);
    });
  }
});

test('every page is looked at', () => {
  const looked = new Set([...signedOut, ...withConnection, ...withAccount].map(([route]) => route));
  expect(routes().length).toBeGreaterThan(5);
  expect(routes().filter((route) => !looked.has(route)), 'pages that nobody looks at').toEqual([]);
});

/** The paths of the route table, with `:` before a part that varies. */
function routes(): string[] {
  const source = readFileSync(join(import.meta.dirname, '../../../app/src/routes.rs'), 'utf8');
  const table = source.slice(source.indexOf('<Routes'), source.indexOf('</Routes>'));
  return [...table.matchAll(/path=([\s\S]*?)\s+view=/g)].map(([, path]) => {
    const parts = [...path!.matchAll(/(Static|Param)Segment\("([^"]*)"\)/g)];
    return '/' + parts.map(([, kind, name]) => (kind === 'Param' ? `:${name}` : name)).join('/');
  });
}

/** Does something as Alice on pages without script. */
async function asAlice(browser: Browser, kalends: Kalends, act: Way): Promise<void> {
  const context = await browser.newContext({ baseURL: kalends.url, javaScriptEnabled: false });
  await signInTo(context, kalends, alice);
  await act(await context.newPage());
  await context.close();
}

async function go(page: Page, path: string): Promise<void> {
  await page.goto(path);
}

/** Waits until the page that a click leads to is hydrated, if it is another document. */
async function arrive(page: Page, address: RegExp): Promise<void> {
  await page.waitForURL(address);
  await page.waitForLoadState('load');
  await expect(page.locator('html')).toHaveAttribute('data-hydrated', 'true');
}

async function openFirstEntry(page: Page): Promise<void> {
  await expect(async () => {
    await page.goto(nextWeek());
    await page.locator('.entry').getByRole('link').first().click({ timeout: 500 });
  }).toPass();
  await arrive(page, /calendar\/entries\//);
}

async function openConnection(page: Page): Promise<void> {
  await page.goto('/connections');
  await page.getByRole('rowheader').getByRole('link', { name: alice.name }).click();
  await arrive(page, /connections\/[0-9a-f-]{36}/);
}

async function checkNow(page: Page): Promise<void> {
  await openConnection(page);
  await page.getByRole('button', { name: 'Check now' }).click();
  await arrive(page, /checks\//);
}

async function actOnAlice(page: Page, button: string): Promise<void> {
  await page.goto('/connections');
  await page.getByRole('checkbox', { name: `Choose ${alice.name}` }).check();
  await page.getByRole('button', { name: button, exact: true }).click();
  await arrive(page, /connections\/(disconnect|actions)/);
}

async function syncAlice(page: Page): Promise<void> {
  await actOnAlice(page, 'Sync');
  // Until then the page loads itself again.
  await expect(page.getByText('Done.', { exact: true })).toBeVisible({ timeout: 20_000 });
  await arrive(page, /actions\//);
}

async function importSomebody(page: Page): Promise<void> {
  await page.goto('/people/import');
  await page.getByLabel('Table').fill(`Erin,erin.${Date.now()}@example.test\nX,nothing`);
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByRole('button', { name: 'Send invitations' }).click();
  await expect(page.getByRole('heading', { name: 'People invited' })).toBeVisible();
  await arrive(page, /people\/import\/.+/);
}

async function checkExchange(page: Page): Promise<void> {
  await page.goto('/connections/check-exchange');
  await page.getByLabel('User email to access').fill('dora@example.test');
  await fillServiceAccount(page);
  await page.getByText('More', { exact: true }).click();
  await page.getByLabel('Another mailbox that works').fill(alice.email);
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Check of Exchange', exact: true })).toBeVisible();
  await expect(page.getByText('is outside the scope of the service account')).toBeVisible();
  await expect(page.getByText('The calendar can be read.')).toBeVisible();
  await arrive(page, /check-exchange\//);
}

async function openPerson(page: Page): Promise<void> {
  await page.goto('/people');
  await page.getByRole('rowheader').getByRole('link', { name: alice.name }).click();
  await arrive(page, /people\/[0-9a-f-]{36}/);
}

async function testWebhook(page: Page): Promise<void> {
  await page.goto('/organisation/notices');
  await page.getByText('Add a webhook').click();
  await page.getByLabel('Name', { exact: true }).fill('Chat room');
  await page.getByLabel('Address').fill('https://127.0.0.1/hooks/room');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.getByText('whsec_')).toBeVisible();
  await page.getByRole('button', { name: 'Test Chat room' }).click();
  await expect(page.getByText('The test did not go out')).toBeVisible();
  await arrive(page, /organisation\/notices/);
}

async function openNotice(page: Page): Promise<void> {
  await page.goto('/organisation/notices');
  if (!(await page.getByRole('link', { name: 'A test from Kalends' }).isVisible())) await testWebhook(page);
  await page.getByRole('link', { name: 'A test from Kalends' }).click();
  await arrive(page, /organisation\/notices\/./);
}

async function addAccount(page: Page): Promise<void> {
  await page.goto('/profile');
  if (await page.getByRole('link', { name: 'Disconnect' }).isVisible()) {
    await page.goto('/profile/exchange/disconnect');
    await page.getByRole('button', { name: 'Disconnect' }).click();
  }
  await page.goto('/organisation/accounts/new');
  await page.getByLabel('Name', { exact: true }).fill('Head office');
  await fillServiceAccount(page);
  await page.getByRole('button', { name: 'Test and save' }).click();
  await page.getByRole('link', { name: 'Go on' }).click();
  await page.waitForURL(/organisation\/accounts\/[0-9a-f-]{36}/);
  account = new URL(page.url()).pathname;
}

async function fillServiceAccount(page: Page): Promise<void> {
  await page.getByLabel('Service account username').fill(serviceAccount.name);
  await page.getByLabel('Service account password').fill(serviceAccount.password);
  await page.getByLabel('Exchange server').fill(endpoint);
}

async function mapMailboxes(page: Page): Promise<void> {
  await page.goto('/organisation/mailboxes');
  await page.getByLabel('Addresses').fill(`${alice.email}, nobody@example.test`);
  await page.getByRole('button', { name: 'Map these' }).click();
  await expect(page.getByText('2 addresses asked. Complete.')).toBeVisible({ timeout: 20_000 });
  await arrive(page, /organisation\/mailboxes\//);
}

async function endAccount(page: Page): Promise<void> {
  await page.goto(`${account}/disconnect`);
  await page.getByLabel('Name of the account').fill('Head office');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await arrive(page, /organisation\/ended\//);
}
