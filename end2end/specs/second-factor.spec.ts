import { createHmac } from 'node:crypto';
import type { Page } from '@playwright/test';
import { expect, signInByForm, test } from '../fixtures.js';
import { charlie } from '../people.js';

/** The code of a step of 30 seconds (RFC 6238), as an authenticator app makes it. */
function codeOf(key: string, step: number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...key.replaceAll(' ', '')].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const bytes = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', bytes).update(counter).digest();
  const value = mac.readUInt32BE(mac[19]! & 15) & 0x7fffffff;
  return String(value % 1_000_000).padStart(6, '0');
}

async function signInSoFar(page: Page, settled: () => Promise<void>): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill(charlie.email);
  await page.getByLabel('Password').fill(charlie.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/sign-in/code');
  await settled();
}

async function signOut(page: Page, settled: () => Promise<void>): Promise<void> {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.waitForURL('**/sign-in');
  await settled();
}

test('Charlie sets up a second factor, signs in with it and with a recovery code, and turns it off', async ({
  page, signIn, settled, expectAccessible,
}) => {
  await signIn(charlie);
  await page.goto('/profile');
  await page.getByRole('link', { name: 'Second factor and signed-in devices' }).click();
  await page.waitForURL('**/profile/security');
  await settled();
  await page.getByRole('link', { name: 'Set up a second factor' }).click();
  await page.waitForURL('**/second-factor');
  await settled();
  await page.getByLabel('Password').fill('not it');
  await page.getByRole('button', { name: 'Set up' }).click();
  await expect(page.getByText('This is not your password.')).toBeVisible();
  await settled();
  await expect(page.getByLabel('Password')).toHaveAttribute('aria-invalid', 'true');
  await page.getByLabel('Password').fill(charlie.password);
  await page.getByRole('button', { name: 'Set up' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Set up a second factor');
  await settled();
  await expect(page.getByRole('img', { name: 'QR code' })).toBeVisible();
  await expectAccessible();
  const [key, ...recovery] = await page.locator('code').allInnerTexts();
  expect(recovery).toHaveLength(10);
  const step = Math.floor(Date.now() / 30_000);
  await page.getByLabel('Code', { exact: true }).fill(codeOf(key!, step));
  await page.getByRole('button', { name: 'Turn on' }).click();
  await expect(page.getByText('Your second factor is on.')).toBeVisible();
  await settled();
  await expect(page.getByText('You have 10 recovery codes left.')).toBeVisible();
  await expectAccessible();

  await signOut(page, settled);
  await signInSoFar(page, settled);
  await expectAccessible();
  await page.getByLabel('Code', { exact: true }).fill(codeOf(key!, step));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('This code is wrong or was used before.')).toBeVisible();
  await settled();
  await expect(page.getByLabel('Code', { exact: true })).toBeFocused();
  // The clock of a phone may be half a minute ahead.
  await page.getByLabel('Code', { exact: true }).fill(codeOf(key!, step + 1));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/calendar');
  await settled();

  await signOut(page, settled);
  await signInSoFar(page, settled);
  await page.getByLabel('Code', { exact: true }).fill(recovery[0]!);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/calendar');
  await page.goto('/profile/security');
  await expect(page.getByText('You have 9 recovery codes left.')).toBeVisible();

  await page.goto('/profile/security/second-factor');
  await page.getByLabel('Password').fill(charlie.password);
  await page.getByLabel('Code', { exact: true }).fill(recovery[1]!);
  await page.getByRole('button', { name: 'Turn off' }).click();
  await expect(page.getByText('Your second factor is off.')).toBeVisible();
  await settled();
  await signOut(page, settled);
  await signInByForm(page, charlie);
  await expect(page).toHaveURL(/\/calendar$/);
});

test('Charlie sees his devices and signs another one out', async ({
  page, browser, signIn, settled, kalends, javaScriptEnabled,
}) => {
  const elsewhere = await browser.newContext({ baseURL: kalends.url, javaScriptEnabled, userAgent: 'Mozilla/5.0 (Windows NT 10.0) Firefox/140.0' });
  const other = await elsewhere.newPage();
  await signInByForm(other, charlie);

  await signIn(charlie);
  await page.goto('/profile/security');
  const row = page.locator('.row').filter({ hasText: 'This one' });
  await expect(row).toHaveCount(1);
  await expect(row.getByRole('button')).toHaveCount(0);
  await page.getByRole('button', { name: 'Sign out Firefox on Windows' }).click();
  await expect(page.getByText('The device is signed out.')).toBeVisible();
  await settled();
  await expect(page.getByText('Firefox on Windows')).toHaveCount(0);
  await other.goto('/profile');
  await expect(other).toHaveURL(/\/sign-in/);
  await elsewhere.close();
});
