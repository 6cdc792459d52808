// Whoever sets up Kalends, is invited, or moves is met in the time zone of the browser.

import { expect, test as base } from '../fixtures.js';
import { Kalends } from '../kalends.js';
import { alice } from '../people.js';

const test = base.extend<object, { empty: Kalends }>({
  empty: [
    async ({}, use) => {
      const kalends = await Kalends.startEmpty();
      await use(kalends);
      await kalends.stop();
    },
    { scope: 'worker' },
  ],
});

test.use({ timezoneId: 'Pacific/Auckland' });

test('the setup takes the zone of the browser, and a plain one can be typed', async ({
  page, empty, settled, hydrated, expectAccessible,
}) => {
  await page.goto(`${empty.url}/setup`);
  const zone = page.getByLabel('Time zone');
  await expect(zone).toHaveValue(hydrated ? 'Pacific/Auckland' : 'UTC');
  await expectAccessible();
  const fill = async (typed: string) => {
    await page.getByLabel('One-time code').fill(empty.setupCode());
    await page.getByLabel('Name').fill('Alice');
    await page.getByLabel('Email').fill('alice@example.test');
    await page.getByLabel('Password').fill('practice-alice');
    await zone.fill(typed);
    await page.getByRole('button', { name: 'Create administrator' }).click();
    await settled();
  };
  // What was typed is left as it is, wrong or not.
  await fill('Nowhere');
  await expect(page.getByText('Choose a time zone from the list, such as Europe/Berlin.')).toBeVisible();
  await expect(zone).toHaveValue('Nowhere');
  await fill('auckland');
  await page.waitForURL('**/overview');
  await page.goto(`${empty.url}/profile`);
  await expect(page.getByLabel('Time zone')).toHaveValue('Pacific/Auckland');
  await expect(page.getByText('This browser is set to')).toHaveCount(0);
});

test('somebody invited is met in their zone', async ({ page, browser, kalends, signIn, settled, hydrated, javaScriptEnabled }) => {
  await signIn(alice);
  await page.goto('/people/invite');
  await page.getByLabel('Name', { exact: true }).fill('Dora');
  await page.getByLabel('Email').fill(`dora-${hydrated}@example.test`);
  await page.getByRole('button', { name: 'Send invitation' }).click();
  await settled();
  const link = (await page.locator('.fresh-link pre').textContent())!.trim();
  const context = await browser.newContext({ baseURL: kalends.url, javaScriptEnabled, timezoneId: 'Pacific/Auckland' });
  const dora = await context.newPage();
  await dora.goto(link);
  // Without script: that of whoever invited, to be seen and changed.
  await expect(dora.getByLabel('Time zone')).toHaveValue(hydrated ? 'Pacific/Auckland' : 'Europe/Berlin');
  await context.close();
});

test('the profile offers the zone of the browser and changes nothing by itself', async ({
  page, signIn, settled, hydrated,
}) => {
  await signIn(alice);
  await page.goto('/profile');
  const zone = page.getByLabel('Time zone');
  await expect(zone).toHaveValue('Europe/Berlin');
  const offer = page.getByText('This browser is set to Pacific/Auckland.');
  if (!hydrated) {
    await expect(offer).toHaveCount(0);
    return;
  }
  await expect(offer).toBeVisible();
  await page.getByRole('button', { name: 'Use it' }).click();
  await expect(zone).toHaveValue('Pacific/Auckland');
  await page.getByRole('region', { name: 'You' }).getByRole('button', { name: 'Save' }).click();
  await settled();
  await expect(zone).toHaveValue('Pacific/Auckland');
  await expect(offer).toHaveCount(0);
  await zone.fill('Europe/Berlin');
  await page.getByRole('region', { name: 'You' }).getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Your details are saved.')).toBeVisible();
});
