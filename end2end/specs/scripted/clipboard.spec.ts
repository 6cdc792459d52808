// Where the browser lets no page write into the clipboard, the text is chosen and the keyboard copies it.

import { expect, test } from '../../fixtures.js';
import { bob } from '../../people.js';

test('without the right to write, the command is chosen and the button says how to go on', async ({ page, signIn }) => {
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined });
  });
  await signIn(bob);
  await page.goto('/help/service-account');
  const block = page.locator('figure.command').first();
  await block.getByRole('button', { name: 'Copy' }).click();
  await expect(block.locator('[aria-live=polite]')).toHaveText('Selected: press Ctrl+C');
  const text = (await block.locator('pre').textContent())!.trim();
  expect((await page.evaluate(() => getSelection()!.toString())).trim()).toBe(text);
});
