import { expect, signInTo, test } from '../fixtures.js';
import { charlie } from '../people.js';

test('Charlie changes his name and time zone, and mistakes are told at their field', async ({
  page, signIn, settled, expectAccessible,
}) => {
  await signIn(charlie);
  await page.goto('/profile');
  await expect(page.getByText(`You sign in as ${charlie.email}.`)).toBeVisible();
  await page.getByLabel('Name', { exact: true }).fill(' ');
  await page.getByLabel('Time zone').fill('Europe/Nowhere');
  await page.getByRole('region', { name: 'You' }).getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Choose a time zone from the list, such as Europe/Berlin.')).toBeVisible();
  await settled();
  await expect(page.getByLabel('Time zone')).toHaveValue('Europe/Nowhere');
  await expect(page.getByLabel('Time zone')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Name', { exact: true })).toBeFocused();
  await expectAccessible();

  for (const [name, zone] of [['Charlie C.', 'Asia/Tokyo'], [charlie.name, 'Europe/Berlin']] as const) {
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('Time zone').fill(zone);
    await page.getByRole('region', { name: 'You' }).getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('Your details are saved.')).toBeVisible();
    await settled();
    await expect(page.getByLabel('Name', { exact: true })).toHaveValue(name);
    await expect(page.getByLabel('Time zone')).toHaveValue(zone);
    await expect(page.locator('.viewer')).toHaveText(name);
  }
});

test('Charlie changes his password: this device stays, another one is signed out', async ({
  page, browser, signIn, settled, kalends, javaScriptEnabled,
}) => {
  const elsewhere = await browser.newContext({ baseURL: kalends.url, javaScriptEnabled });
  const other = await elsewhere.newPage();
  await signInTo(elsewhere, kalends, charlie);
  await other.goto('/profile');
  await expect(other).toHaveURL(/\/profile$/);

  await signIn(charlie);
  const change = async (current: string, next: string) => {
    await page.goto('/profile');
    await page.getByLabel('Current password').fill(current);
    await page.getByLabel('New password').fill(next);
    await page.getByRole('button', { name: 'Change password' }).click();
  };
  await change('not it', 'another-password-2026');
  await expect(page.locator('.field-error:visible')).toHaveCount(1);
  await settled();
  await expect(page.getByLabel('Current password')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Current password')).toHaveValue('');
  await change(charlie.password, 'short');
  await expect(page.locator('.field-error:visible')).toHaveCount(1);
  await expect(page.getByLabel('New password')).toHaveAttribute('aria-invalid', 'true');
  await change(charlie.password, 'another-password-2026');
  await expect(page.getByText('Your password is changed. You are signed out everywhere else.')).toBeVisible();
  await other.goto('/profile');
  await expect(other).toHaveURL(/\/sign-in/);
  await elsewhere.close();
  await change('another-password-2026', charlie.password);
  await expect(page.getByText('Your password is changed.')).toBeVisible();

  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await page.waitForURL('**/sign-in');
  await settled();
  await page.goto('/profile');
  await expect(page).toHaveURL(/\/sign-in\?next=/);
});
