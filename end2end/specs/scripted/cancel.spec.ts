// Only with script: without it the page waits for the end, and the browser's own stop button ends the wait.

import { Exchange } from '../../exchange.js';
import { expect, test } from '../../fixtures.js';
import { bob, endpoint, serviceAccount } from '../../people.js';

test('a running test is followed and can be cancelled', async ({ page, signIn, kalends }) => {
  const exchange = new Exchange(kalends);
  await signIn(bob);
  await exchange.play({ kind: 'slow', milliseconds: 12_000 });
  await page.goto('/profile');
  await page.getByRole('link', { name: 'Connect' }).click();
  const dialog = page.getByRole('dialog');
  const set = dialog.locator('.field-set-service');
  await set.getByLabel('Service account username').fill(serviceAccount.name);
  await set.getByLabel('Service account password').fill(serviceAccount.password);
  await set.getByLabel('Exchange server').fill(endpoint);
  await dialog.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(dialog.locator('.rung-running')).toContainText('EWS answers');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog.getByText('The test was cancelled. Nothing was saved.')).toBeVisible();
  await expect(set.getByLabel('Service account password')).toHaveValue(serviceAccount.password);
  await exchange.calm();
  await page.goto('/profile');
  await expect(page.getByText('Not connected')).toBeVisible();
});

test('the dialog closes with Escape and gives the focus back', async ({ page, signIn, expectAccessible }) => {
  await signIn(bob);
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
