// What every spec stands on: a Kalends per worker, and a page that is watched.
//
// With JavaScript, a page counts as loaded once it is hydrated, and nothing may reach the console. Without, the mark of
// hydration must never appear, or the spec did not test what it says.

import { test as base, expect, type BrowserContext, type Page } from '@playwright/test';
import axe from 'axe-core';
import { Kalends } from './kalends.js';
import { endpoint, serviceAccount, type Person } from './people.js';

export { expect } from '@playwright/test';

interface PerTest {
  /** What the console may say in this spec, such as the status of a page that is not there. */
  tolerated: RegExp[];
  /** Whether this run has JavaScript. */
  hydrated: boolean;
  /** Waits until the present page is complete: needed after a click that leads to a new document. */
  settled: () => Promise<void>;
  /** Signs somebody in; the page stays where it is. The form has a spec of its own. */
  signIn: (person: Person) => Promise<void>;
  /** axe finds nothing on the present page, all rules on. Without script it looks only where script changes the page. */
  expectAccessible: () => Promise<void>;
}

interface PerWorker {
  kalends: Kalends;
}

export const test = base.extend<PerTest, PerWorker>({
  kalends: [
    async ({}, use) => {
      const kalends = await Kalends.start();
      await use(kalends);
      await kalends.stop();
    },
    { scope: 'worker' },
  ],

  baseURL: async ({ kalends }, use) => use(kalends.url),

  tolerated: [[], { option: true }],

  hydrated: async ({ javaScriptEnabled }, use) => use(javaScriptEnabled !== false),

  page: async ({ page, hydrated, kalends, tolerated }, use, info) => {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() !== 'error' || tolerated.some((pattern) => pattern.test(text))) return;
      complaints.push(`console: ${text}`);
    });
    const goTo = page.goto.bind(page);
    page.goto = async (...address) => {
      const answer = await goTo(...address);
      await waitUntilSettled(page, hydrated);
      return answer;
    };
    await use(page);
    if (!hydrated) await expect(page.locator('html')).not.toHaveAttribute('data-hydrated');
    if (info.status !== info.expectedStatus) {
      await info.attach('server log', { body: kalends.log(), contentType: 'text/plain' });
    }
    expect(complaints, 'the browser complains about nothing').toEqual([]);
  },

  settled: async ({ page, hydrated }, use) => use(() => waitUntilSettled(page, hydrated)),

  signIn: async ({ context, kalends }, use) => use((person) => signInTo(context, kalends, person)),

  expectAccessible: async ({ page, hydrated }, use) =>
    use(async () => {
      if (hydrated || scripted.test(new URL(page.url()).pathname)) await expectNoViolations(page);
    }),
});

/** Pages that are not the same with script: the form of connecting and a check. */
const scripted = /^\/profile\/exchange\/(connect|checks)/;

/** Signs somebody in to all pages of a context. */
export async function signInTo(context: BrowserContext, kalends: Kalends, person: Person): Promise<void> {
  const pairs = (await kalends.signIn(person)).map((cookie) => /^([^=]+)=(.*)$/.exec(cookie)!);
  await context.addCookies(pairs.map(([, name, value]) => ({ name: name!, value: value!, url: kalends.url })));
}

/** Signs somebody in as people do. */
export async function signInByForm(page: Page, { email, password }: Person): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.pathname !== '/sign-in');
}

/** The agenda of next week: on a weekend this one holds no practice entry any more. */
export function nextWeek(): string {
  const day = new Date(Date.now() + 7 * 86_400_000);
  return `/calendar?view=agenda&day=${day.toISOString().slice(0, 10)}`;
}

/** Runs axe within the page, where its script stays until the next document. */
async function expectNoViolations(page: Page): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const found = await page.evaluate(async (hydrated) => {
    // Without script no timer ever ends. Nothing of ours runs there, so axe may have its own.
    if (!hydrated) Object.assign(window, { setTimeout: (then: () => void) => void Promise.resolve().then(then) });
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run({ resultTypes: ['violations'] });
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html)}`);
  }, await isHydrated(page));
  expect(found, 'axe finds nothing').toEqual([]);
}

/** The same in both themes, narrow and wide, where nothing may scroll sideways. */
export async function expectAccessibleInAllThemes(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      await expectNoViolations(page);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(beyond, `${page.url()} at ${width} px scrolls sideways by`).toBeLessThanOrEqual(0);
    }
  }
}

async function isHydrated(page: Page): Promise<boolean> {
  return (await page.locator('html').getAttribute('data-hydrated')) === 'true';
}

async function waitUntilSettled(page: Page, hydrated: boolean): Promise<void> {
  await page.waitForLoadState('load');
  if (hydrated) await expect(page.locator('html')).toHaveAttribute('data-hydrated', 'true');
}

/** Connects the calendar of who is signed in, through the practice Exchange's service account. */
export async function connect(page: Page, { email }: Person, password = serviceAccount.password): Promise<void> {
  await page.goto('/profile/exchange/connect');
  const set = page.locator('.field-set-service');
  await set.getByLabel('User email to access').fill(email);
  await set.getByLabel('Service account username').fill(serviceAccount.name);
  await set.getByLabel('Service account password').fill(password);
  await set.getByLabel('Exchange server').fill(endpoint);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(page.getByText(`${email} is connected and syncing.`)).toBeVisible();
}
