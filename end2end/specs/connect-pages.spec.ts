// The pages on which script changes most are accessible with it and without, in both themes, narrow and wide.

import { expect, expectAccessibleInAllThemes, test } from '../fixtures.js';
import { bob, endpoint, serviceAccount } from '../people.js';

test('axe finds nothing on the form of connecting', async ({ page, signIn }) => {
  await signIn(bob);
  await page.goto('/profile/exchange/connect');
  await expectAccessibleInAllThemes(page);
});

test('axe finds nothing on a check that failed', async ({ page, signIn, settled }) => {
  await signIn(bob);
  await page.goto('/profile/exchange/connect');
  const set = page.locator('.field-set-service');
  await set.getByLabel('User email to access').fill('dora@example.test');
  await set.getByLabel('Service account username').fill(serviceAccount.name);
  await set.getByLabel('Service account password').fill(serviceAccount.password);
  await set.getByLabel('Exchange server').fill(endpoint);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Failed to connect exchange calendar' })).toBeVisible();
  await settled();
  await expectAccessibleInAllThemes(page);
});
