import { expect, test } from '../fixtures.js';
import { Exchange } from '../exchange.js';
import { alice, bob, endpoint, serviceAccount } from '../people.js';

const renewed = 'Renewed-2026!';

test('Alice holds the account, Bob connects with one click, the password is changed and the account ended', async ({ page, kalends, signIn, settled }) => {
  test.setTimeout(120_000);
  const exchange = new Exchange(kalends);
  await signIn(alice);
  await page.goto('/organisation');
  await page.getByRole('link', { name: 'Add an account' }).click();
  await page.waitForURL('**/accounts/new');
  await settled();
  await page.getByLabel('Name', { exact: true }).fill('Head office');
  await page.getByLabel('Service account username').fill(serviceAccount.name);
  await page.getByLabel('Service account password').fill(serviceAccount.password);
  await page.getByLabel('Exchange server').fill(endpoint);
  await page.getByRole('button', { name: 'Test and save' }).click();
  await page.getByRole('link', { name: 'Go on' }).click();
  await page.waitForURL(/accounts\/.+/);
  await settled();
  const account = new URL(page.url()).pathname;

  await signIn(bob);
  await page.goto('/profile/exchange/connect');
  await page.getByRole('button', { name: `Connect ${bob.email}` }).click();
  await expect(page.getByText('is connected and syncing.')).toBeVisible({ timeout: 20_000 });
  await settled();

  await signIn(alice);
  await page.goto(account);
  await expect(page.getByText('1 person is connected through it.')).toBeVisible();
  await page.getByRole('button', { name: 'Hold the sign-ins for 30 minutes' }).click();
  await expect(page.getByText('Sign-ins wait.')).toBeVisible();
  await exchange.setPassword(serviceAccount.name, renewed);
  await page.getByLabel('New password', { exact: true }).fill(renewed);
  await page.getByRole('button', { name: 'Test the new password' }).click();
  await page.getByRole('link', { name: 'Go on' }).click();
  await page.waitForURL(`**${account}`);
  await settled();
  await page.getByRole('button', { name: 'Switch to it' }).click();
  await expect(page.getByText('The old one is forgotten.')).toBeVisible();

  await page.goto(`${account}/disconnect`);
  await page.getByLabel('Name of the account').fill('Head');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await expect(page.getByText('Type Head office to confirm.').first()).toBeVisible();
  await page.getByLabel('Name of the account').fill('Head office');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await expect(page.getByText('Access was still open.')).toBeVisible({ timeout: 20_000 });
  await exchange.setPassword(serviceAccount.name, serviceAccount.password);
  await page.goto('/audit');
  await expect(page.getByRole('cell', { name: 'disconnected a service account' }).first()).toBeVisible();
});
