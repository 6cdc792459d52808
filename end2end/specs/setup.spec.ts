// The first administrator, made on an empty Kalends with the code that it printed.

import { expect, test as base } from '../fixtures.js';
import { Kalends } from '../kalends.js';

const test = base.extend<object, { kalends: Kalends }>({
  kalends: [
    async ({}, use) => {
      const kalends = await Kalends.startEmpty();
      await use(kalends);
      await kalends.stop();
    },
    { scope: 'worker' },
  ],
});

test('the first administrator is made with the printed code, once', async ({
  page, kalends, settled, expectAccessible,
}) => {
  await page.goto('/');
  await expect(page).toHaveURL(/\/setup$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Set up Kalends');
  await expectAccessible();
  const fill = async (code: string) => {
    await page.getByLabel('One-time code').fill(code);
    await page.getByLabel('Name').fill('Alice');
    await page.getByLabel('Email').fill('alice@example.test');
    await page.getByLabel('Password').fill('practice-alice');
    await page.getByRole('button', { name: 'Create administrator' }).click();
  };

  await fill('not-the-code');
  await expect(page.locator('.field-error:visible')).toHaveCount(1);
  await settled();
  await expect(page.getByLabel('One-time code')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('One-time code')).toBeFocused();
  await expect(page.getByLabel('Name')).toHaveValue('Alice');
  await expect(page.getByLabel('Email')).toHaveValue('alice@example.test');
  await expect(page.getByLabel('Password')).toHaveValue('');
  await expectAccessible();

  await fill(kalends.setupCode());
  await page.waitForURL('**/overview');
  await settled();
  await expect(page.getByRole('heading', { name: 'First steps' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Connections' })).toBeVisible();

  await page.context().clearCookies();
  await page.goto('/setup');
  await expect(page).toHaveURL(/\/sign-in$/);
});
