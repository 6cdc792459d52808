// Passwords that are refused or kept back: sent once more, no probes after the first, and Basic on somebody's word.

import { Exchange } from '../exchange.js';
import { expect, test as base } from '../fixtures.js';
import { Kalends } from '../kalends.js';
import { alice, bob, endpoint, serviceAccount } from '../people.js';

// Refusals stand for an hour: nobody else's tests share them.
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

const ONCE_MORE = 'Send the saved password once more';

test('Bob allows Basic on the failure page and types his password again', async ({
  page, kalends, signIn, settled, expectAccessible,
}) => {
  test.setTimeout(120_000);
  const exchange = new Exchange(kalends);
  await exchange.calm();
  await signIn(bob);
  const fill = async (password: string) => {
    const set = page.locator('.field-set-personal');
    await set.getByLabel('Email').fill(bob.email);
    await set.getByLabel('Username').fill(bob.email);
    await set.getByLabel('Password').fill(password);
    await set.getByLabel('Exchange server').fill(endpoint);
  };
  // The host is known to offer better than Basic.
  await page.goto('/profile/exchange/connect');
  await page.getByRole('checkbox', { name: 'Use service account for enhanced security' }).uncheck();
  await fill('Bob-2026!');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(page.getByText('is connected and syncing.')).toBeVisible({ timeout: 20_000 });

  await exchange.offer(['basic']);
  await page.goto('/profile/exchange/connect');
  await page.getByRole('checkbox', { name: 'Use service account for enhanced security' }).uncheck();
  await fill('Bob-2026!');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(page.getByText('The password was kept back').first()).toBeVisible({ timeout: 20_000 });
  await expectAccessible();
  await page.getByRole('button', { name: 'Allow Basic and type the password again' }).click();
  await page.waitForURL('**/profile/exchange/connect');
  await settled();
  await expect(page.getByText('Basic is allowed')).toBeVisible();
  await expect(page.getByRole('checkbox', { name: 'Sign in by Basic' })).toBeChecked();
  await expectAccessible();
  const password = page.locator('.field-set-personal').getByLabel('Password');
  await expect(password).toHaveValue('');
  await password.fill('Bob-2026!');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(page.getByText('is connected and syncing.')).toBeVisible({ timeout: 20_000 });
  await exchange.calm();
});

test('Alice has the saved password sent once more, and chooses that no probe follows the first', async ({
  page, kalends, signIn, settled, expectAccessible,
}) => {
  test.setTimeout(120_000);
  const exchange = new Exchange(kalends);
  await signIn(alice);
  await page.goto('/organisation/accounts/new');
  await page.getByLabel('Name', { exact: true }).fill('Head office');
  await page.getByLabel('Service account username').fill(serviceAccount.name);
  await page.getByLabel('Service account password').fill(serviceAccount.password);
  await page.getByLabel('Control mailbox').fill(alice.email);
  await page.getByLabel('Exchange server').fill(endpoint);
  await page.getByRole('button', { name: 'Test and save' }).click();
  await page.getByRole('link', { name: 'Go on' }).click();
  await page.waitForURL(/accounts\/[^/]+$/);
  await settled();
  const account = new URL(page.url()).pathname;
  await expect(page.getByRole('button', { name: ONCE_MORE })).toHaveCount(0);
  await page.goto('/profile/exchange/connect');
  await page.getByRole('button', { name: `Connect ${alice.email}` }).click();
  await expect(page.getByText('is connected and syncing.')).toBeVisible({ timeout: 20_000 });

  await exchange.set({ directory_down: true });
  await page.goto('/connections');
  await page.getByRole('link', { name: alice.name, exact: true }).click();
  await page.waitForURL(/connections\/[^/]+$/);
  await settled();
  await page.getByRole('button', { name: 'Check now' }).click();
  await expect(page.getByText('Exchange no longer takes the saved password.').first()).toBeVisible({ timeout: 20_000 });

  await page.goto('/organisation/policy');
  await page.getByRole('radio', { name: 'No probes after the first' }).check();
  await page.getByRole('button', { name: 'Save the policy' }).click();
  await settled();
  await page.goto('/organisation/policy');
  await expect(page.getByRole('radio', { name: 'No probes after the first' })).toBeChecked();
  await expectAccessible();

  await page.goto(account);
  await expect(page.getByText('Kalends sends it once more by itself')).toBeVisible();
  await expectAccessible();
  await page.getByRole('button', { name: ONCE_MORE }).click();
  await expect(page.getByText('Exchange no longer takes the saved password.').first()).toBeVisible({ timeout: 20_000 });
  await page.goto(account);
  await expect(page.getByText('Nothing is sent any more before somebody acts.')).toBeVisible();

  await exchange.set({ directory_down: false });
  await page.getByRole('button', { name: ONCE_MORE }).click();
  await page.getByRole('link', { name: 'Go on' }).click();
  await page.waitForURL(`**${account}`);
  await settled();
  await expect(page.getByRole('button', { name: ONCE_MORE })).toHaveCount(0);
});
