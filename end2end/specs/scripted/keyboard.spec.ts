// The dialog by keyboard alone. The page without script is plain HTML, which browsers make usable by themselves.

import { expect, test } from '../../fixtures.js';
import { bob } from '../../people.js';

test('the dialog keeps the focus inside, in sight, and lets a mistake be found', async ({ page, signIn }) => {
  await signIn(bob);
  await page.goto('/profile');
  await page.getByRole('link', { name: /^(Connect|Reconnect)$/ }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toBeVisible();

  const seen = new Set<string>();
  for (let step = 0; step < 14; step += 1) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const element = document.activeElement!;
      return {
        outside: element !== document.body && element.closest('dialog') === null,
        name: element.getAttribute('name') ?? element.textContent ?? '',
        outline: getComputedStyle(element).outlineStyle,
        page: element === document.body,
      };
    });
    expect(focus.outside, `${focus.name} lies outside`).toBe(false);
    // Between the last and the first field the browser itself may have the focus.
    if (focus.page) continue;
    expect(focus.outline, `the focus on ${focus.name} can be seen`).not.toBe('none');
    seen.add(focus.name);
  }
  for (const name of ['Close', 'service', 'mailbox', 'service_account', 'service_password', 'service_server', 'service_domain', 'Connect']) {
    expect([...seen]).toContain(name);
  }

  await dialog.getByLabel('User email to access').fill('bob');
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('heading', { name: 'Nothing was tried yet' })).toBeVisible();
  await expect(dialog.getByLabel('User email to access')).toBeFocused();
  await expect(dialog.getByLabel('User email to access')).toHaveAttribute('aria-invalid', 'true');
});
