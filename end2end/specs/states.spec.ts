// What people see when Exchange stops taking the saved password, and that a new one heals it.

import { Exchange } from '../exchange.js';
import { connect, expect, nextWeek, test } from '../fixtures.js';
import { alice, serviceAccount } from '../people.js';

test('a changed password is told everywhere, the last copy stays, and Reconnect heals it', async ({
  page, signIn, settled, kalends, expectAccessible,
}) => {
  const exchange = new Exchange(kalends);
  const badge = (words: string) => page.locator('.badge', { hasText: words });
  await signIn(alice);
  await connect(page, alice);
  await expect(async () => {
    await page.goto(nextWeek());
    await expect(page.locator('.entry').first()).toBeVisible({ timeout: 500 });
  }).toPass();

  await exchange.setPassword(serviceAccount.name, 'Changed-2026!');
  await page.goto('/connections');
  await page.getByRole('rowheader').getByRole('link', { name: alice.name }).click();
  await page.waitForURL(/connections\/.+/);
  await settled();
  await page.getByRole('button', { name: 'Sync now' }).click();
  await expect(page.getByText('The sync starts within a second.')).toBeVisible();
  await expect(async () => {
    await page.reload();
    await expect(badge('Action needed')).toBeVisible({ timeout: 500 });
  }).toPass();
  await settled();
  await expect(page.locator('.notice-title')).toHaveText('Exchange no longer takes the saved password.');
  await expectAccessible();

  await page.goto('/profile');
  await expect(badge('Action needed')).toBeVisible();
  await expect(page.getByText('You can fix this.')).toBeVisible();
  await expect(page.locator('.command').first()).toContainText(`'${serviceAccount.name}'`);
  await expect(page.getByRole('link', { name: 'Reconnect' })).toBeVisible();
  await expectAccessible();

  await page.goto(nextWeek());
  await expect(badge('Action needed')).toBeVisible();
  await expect(page.getByText(/as of today \d\d:\d\d/)).toBeVisible();
  await expect(page.locator('.entry').first()).toBeVisible();
  await page.getByText('What to do').click();
  await expect(page.locator('.notice-steps').first()).toContainText('Type the present password');
  await expectAccessible();

  await page.goto('/connections');
  const first = page.getByRole('row').nth(1);
  await expect(first.getByRole('rowheader')).toContainText(alice.name);
  await expect(first).toContainText('Action needed');
  await expect(first).toContainText('Exchange no longer takes the saved password.');
  await page.getByRole('link', { name: /^Action needed/ }).click();
  await page.waitForURL('**/connections?state=action_needed');
  await settled();
  // Whoever else is on this account waits with her; only the head of the table is not in that state.
  await expect(page.getByRole('rowheader').getByRole('link', { name: alice.name })).toBeVisible();
  await expect(page.getByRole('row').filter({ hasNotText: 'Action needed' })).toHaveCount(1);

  await connect(page, alice, 'Changed-2026!');
  await page.goto('/profile');
  await expect(badge('Connected')).toBeVisible();
  await page.goto(nextWeek());
  await expect(badge('Connected')).toBeVisible();
  await expect(page.locator('.notice-bad')).toHaveCount(0);

  await page.goto('/profile/exchange/disconnect');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.waitForURL('**/profile');
  await exchange.setPassword(serviceAccount.name, serviceAccount.password);
});
