import { expect, signInByForm, test } from '../fixtures.js';
import { bob } from '../people.js';

test('the sign-in page is complete and accessible', async ({ page, expectAccessible }) => {
  await page.goto('/sign-in');
  await expect(page).toHaveTitle('Sign in · Kalends');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in');
  await expect(page.getByLabel('Email')).toHaveAttribute('autocomplete', 'username');
  await expect(page.getByLabel('Password')).toHaveAttribute('type', 'password');
  await expectAccessible();
});

test('Bob signs in and out', async ({ page, settled }) => {
  await signInByForm(page, bob);
  await settled();
  await expect(page).toHaveURL(/\/calendar$/);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/sign-in');
  await settled();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in');
});

test('a wrong password keeps the address and says so', async ({ page, settled }) => {
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill(bob.email);
  await page.getByLabel('Password').fill('not it');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await settled();
  await expect(page.getByLabel('Email')).toHaveValue(bob.email);
  await expect(page.getByLabel('Password')).toHaveValue('');
});
