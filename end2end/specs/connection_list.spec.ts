// The list of connections: somebody is invited, and calendars are paused, resumed, synced and disconnected many at a time.

import { connect, expect, test } from '../fixtures.js';
import { alice, bob } from '../people.js';

test('Alice acts on many calendars at once and sees a result for each', async ({ page, signIn, settled, expectAccessible }) => {
  const act = async (button: string) => {
    await page.goto(`/connections?q=${encodeURIComponent('example.test')}`);
    for (const person of [alice, bob]) await page.getByRole('checkbox', { name: `Choose ${person.name}`, exact: true }).check();
    await page.getByRole('button', { name: button }).click();
  };
  const results = async (words: RegExp) => {
    await page.waitForURL(/connections\/actions\/.+/);
    await expect(page.getByText('All 2 done.')).toBeVisible({ timeout: 20_000 });
    await expect(page.locator('td[data-label="Result"]')).toHaveText([words, words]);
    await settled();
  };
  const paused = page.getByRole('navigation', { name: 'Connections by state' }).getByRole('link', { name: /Paused/ });

  await signIn(bob);
  await connect(page, bob);
  await signIn(alice);
  await connect(page, alice);

  await act('Pause');
  await results(/^Paused$/);
  await expectAccessible();
  await page.goto('/overview');
  await expect(paused).toContainText('2');
  await paused.click();
  await page.waitForURL('**/connections?state=paused');
  await settled();
  await page.getByRole('checkbox', { name: /^All of this list/ }).check();
  await page.getByRole('button', { name: 'Resume' }).click();
  await results(/^Resumed$/);
  await act('Sync');
  await results(/^Synced, \d+ entries$/);
  await act('Check');
  await results(/^Works$/);

  await act('Disconnect…');
  await page.waitForURL('**/connections/disconnect?job=*');
  await settled();
  await expect(page.getByRole('heading', { name: 'Disconnect 2 calendars?' })).toBeVisible();
  await expectAccessible();
  await page.getByRole('button', { name: 'Disconnect', exact: true }).click();
  await results(/^Disconnected$/);
  await page.goto('/profile');
  await expect(page.getByText('Not connected')).toBeVisible();
});

test('somebody invited sets a password by the link and is led to their calendar', async ({ page, signIn, settled, hydrated }) => {
  const address = `dora.${hydrated ? 'two' : 'one'}@example.test`;
  await signIn(alice);
  await page.goto('/people/invite');
  await page.getByLabel('Name').fill('Dora');
  await page.getByLabel('Email').fill('dora');
  await page.getByRole('button', { name: 'Send invitation' }).click();
  await expect(page.getByLabel('Email')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Name')).toHaveValue('Dora');
  await page.getByLabel('Email').fill(address);
  await page.getByRole('button', { name: 'Send invitation' }).click();
  await page.waitForURL(/people\/[0-9a-f-]+$/);
  await settled();
  const link = await page.locator('.fresh-link code').innerText();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/sign-in');
  await settled();
  await page.goto(link);
  await page.getByLabel('Password', { exact: true }).fill('hedgehog under seven lamps');
  await page.getByLabel('Password again').fill('hedgehog under seven lamps');
  await page.getByRole('button', { name: 'Begin' }).click();
  await expect(page.getByRole('heading', { name: 'Calendar', exact: true })).toBeVisible();
  await expect(page.getByText('Your calendar is not connected yet.')).toBeVisible();
  await settled();
  await expect(page.getByRole('link', { name: 'People' })).toHaveCount(0);
});
