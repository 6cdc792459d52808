// Only with script: the running test in the dialog, and what ends it.

import type { Locator, Page } from '@playwright/test';
import { Exchange } from '../../exchange.js';
import { expect, test } from '../../fixtures.js';
import { bob, endpoint, serviceAccount } from '../../people.js';

/** Starts a test in the dialog of the profile. */
async function start(page: Page, server = endpoint): Promise<Locator> {
  await page.goto('/profile');
  await page.getByRole('link', { name: 'Connect' }).click();
  const dialog = page.getByRole('dialog');
  const set = dialog.locator('.field-set-service');
  await set.getByLabel('Service account username').fill(serviceAccount.name);
  await set.getByLabel('Service account password').fill(serviceAccount.password);
  await set.getByLabel('Exchange server').fill(server);
  await dialog.getByRole('button', { name: 'Connect', exact: true }).click();
  return dialog;
}

async function expectNotConnected(page: Page): Promise<void> {
  await page.goto('/profile');
  await expect(page.getByText('Not connected')).toBeVisible();
}

test.beforeEach(async ({ page, signIn }) => {
  await signIn(bob);
  await page.goto('/profile');
  // Another spec may have left him connected.
  if (await page.getByRole('link', { name: 'Disconnect' }).isVisible()) {
    await page.goto('/profile/exchange/disconnect');
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await expect(page.getByText('Not connected')).toBeVisible();
  }
});

test('a running test is followed and can be cancelled', async ({ page, kalends }) => {
  const exchange = new Exchange(kalends);
  await exchange.play({ kind: 'slow', milliseconds: 12_000 });
  const dialog = await start(page);
  await expect(dialog.locator('.rung-running')).toContainText('EWS answers');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog.getByText('The test was cancelled. Nothing was saved.')).toBeVisible();
  await dialog.getByText('What was tested').click();
  await expect(dialog.locator('.rung').filter({ hasText: 'EWS answers' })).toContainText('broken off');
  await expect(dialog.getByLabel('Service account password')).toHaveValue(serviceAccount.password);
  await exchange.calm();
  await expectNotConnected(page);
});

test('a closed dialog tests nothing on unseen', async ({ page, kalends }) => {
  const exchange = new Exchange(kalends);
  await exchange.play({ kind: 'slow', milliseconds: 3_000 });
  const dialog = await start(page);
  await expect(dialog.locator('.rung-running')).toContainText('EWS answers');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await page.getByRole('link', { name: 'Connect' }).click();
  await expect(dialog.getByText('The test was cancelled. Nothing was saved.')).toBeVisible();
  await exchange.calm();
  await expectNotConnected(page);
});

test('after a success the closed dialog leaves the profile as it is now', async ({ page }) => {
  const dialog = await start(page);
  await expect(dialog.getByText('is connected and syncing.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(page.getByRole('link', { name: 'Reconnect' })).toBeVisible();
  await page.goto('/profile/exchange/disconnect');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await expect(page.getByText('Not connected')).toBeVisible();
});

test('a failure shows the whole endpoint in its field', async ({ page }) => {
  const dialog = await start(page, 'nowhere.example.test');
  await expect(dialog.getByRole('heading', { name: 'Failed to connect exchange calendar' })).toBeVisible();
  const field = dialog.locator('.field-set-service').getByLabel('Exchange server');
  await expect(field).toHaveValue('https://nowhere.example.test/EWS/Exchange.asmx');
});

test.describe('a session that ends during a test', () => {
  test.use({ tolerated: [/401/] });

  test('is told, and goes on once somebody signed in again', async ({ page, kalends }) => {
    const exchange = new Exchange(kalends);
    await exchange.play({ kind: 'slow', milliseconds: 4_000 });
    await page.clock.install();
    const dialog = await start(page);
    await expect(dialog.locator('.rung-running')).toContainText('EWS answers');
    await page.context().clearCookies();
    await expect(dialog.getByText('You are signed out.')).toBeVisible();
    // Whoever is signed out is asked for every five seconds; a running test, several times a second.
    let asked = 0;
    page.on('request', (request) => (asked += Number(request.url().endsWith('?in_place=true'))));
    await page.clock.runFor(3_000);
    expect(asked).toBe(0);
    await exchange.calm();
    const [other] = await Promise.all([
      page.context().waitForEvent('page'),
      dialog.getByRole('link', { name: 'Sign in in a new tab' }).click(),
    ]);
    await other.getByLabel('Email').fill(bob.email);
    await other.getByLabel('Password').fill(bob.password);
    await other.getByRole('button', { name: 'Sign in' }).click();
    await other.waitForURL('**/profile/exchange/checks/*');
    await other.close();
    // The dialog hears of it by itself.
    await expect(page.getByText('is connected and syncing.')).toBeVisible();
    await page.goto('/profile/exchange/disconnect');
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await expect(page.getByText('Not connected')).toBeVisible();
  });
});

test('the dialog closes with Escape and gives the focus back', async ({ page, expectAccessible }) => {
  await page.goto('/profile');
  const button = page.getByRole('link', { name: 'Connect' });
  await button.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectAccessible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(button).toBeFocused();
});
