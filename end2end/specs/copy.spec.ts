// Every command to paste is copied by its button; without script, one click chooses all of it.

import { expect, test } from '../fixtures.js';
import { bob } from '../people.js';

const pages = ['/help/service-account', '/help/problems/sign-in-refused'];

test('each command is copied whole, or chosen by one click', async ({
  page, context, signIn, hydrated, expectAccessible,
}) => {
  await signIn(bob);
  for (const path of pages) {
    await page.goto(path);
    const blocks = page.locator('figure.command');
    expect(await blocks.count()).toBeGreaterThan(1);
    for (const block of await blocks.all()) {
      const button = block.getByRole('button', { name: 'Copy', exact: true });
      const command = block.locator('pre');
      const text = (await command.textContent())!.trim();
      if (!hydrated) {
        await expect(button).toBeHidden();
        await expect(command).toHaveCSS('user-select', 'all');
        continue;
      }
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      await button.click();
      await expect(block.locator('[aria-live=polite]')).toHaveText('Copied');
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(text);
    }
    await expectAccessible();
  }
});

test('a click into a command chooses the whole of it', async ({ page, browser, signIn, hydrated }) => {
  await signIn(bob);
  await page.goto('/help/service-account');
  const command = page.locator('figure.command pre').first();
  const text = (await command.textContent())!.trim();
  await command.click();
  if (hydrated) {
    expect((await page.evaluate(() => getSelection()!.toString())).trim()).toBe(text);
    return;
  }
  // A page without script tells nothing of its selection: a copy of it, where scripts run and none of ours, does.
  const copy = await browser.newPage({ javaScriptEnabled: true });
  const [html, style] = [await page.content(), await page.locator('link[rel=stylesheet]').getAttribute('href')];
  await copy.route('**/*.{js,wasm}', (route) => route.abort());
  await copy.route(page.url(), (route) => route.fulfill({ body: html, contentType: 'text/html; charset=utf-8' }));
  await copy.goto(page.url());
  expect(style).not.toBeNull();
  const same = copy.locator('figure.command pre').first();
  await same.click();
  expect((await copy.evaluate(() => getSelection()!.toString())).trim()).toBe(text);
  await expect(copy.getByRole('button', { name: 'Copy' })).toHaveCount(0);
  await copy.close();
});
