import type { Locator, Page } from '@playwright/test';
import { Exchange } from '../exchange.js';
import { expect, nextWeek, test as base } from '../fixtures.js';
import { alice, bob, charlie, endpoint, serviceAccount } from '../people.js';

const HEADING = 'Failed to connect exchange calendar';

const test = base.extend<{ exchange: Exchange; connectForm: () => Promise<Locator> }>({
  exchange: async ({ kalends }, use) => {
    const exchange = new Exchange(kalends);
    await exchange.calm();
    await use(exchange);
    await exchange.calm();
  },
  /** Opens the form as this reader gets it: a dialog with script, a page without. */
  connectForm: async ({ page, hydrated, settled }, use) =>
    use(async () => {
      await page.goto('/profile');
      await page.getByRole('link', { name: /^(Connect|Reconnect)$/ }).click();
      if (hydrated) {
        await expect(page.getByRole('dialog')).toBeVisible();
        return page.getByRole('dialog');
      }
      await page.waitForURL('**/profile/exchange/connect');
      await settled();
      return page.locator('main');
    }),
});

interface Typed {
  mailbox: string;
  account: string;
  password: string;
  server: string;
  domain: string;
}

async function fill(form: Locator, typed: Partial<Typed> = {}): Promise<void> {
  await form.getByRole('checkbox', { name: 'Use service account for enhanced security' }).check();
  const set = form.locator('.field-set-service');
  await set.getByLabel('User email to access').fill(typed.mailbox ?? bob.email);
  await set.getByLabel('Service account username').fill(typed.account ?? serviceAccount.name);
  await set.getByLabel('Service account password').fill(typed.password ?? serviceAccount.password);
  await set.getByLabel('Exchange server').fill(typed.server ?? endpoint);
  await set.getByLabel('Domain').fill(typed.domain ?? '');
}

async function submit(form: Locator): Promise<void> {
  await form.getByRole('button', { name: 'Connect', exact: true }).click();
}

/** The advice of the failed attempt, once it is there. */
async function advice(page: Page): Promise<Locator> {
  const notice = page.locator('section.notice').filter({ has: page.getByRole('heading', { name: HEADING }) });
  await expect(notice).toBeVisible({ timeout: 25_000 });
  return notice;
}

test('Bob connects through the service account and sees his calendar', async ({
  page, signIn, connectForm, settled, expectAccessible,
}) => {
  await signIn(bob);
  const form = await connectForm();
  await fill(form);
  await submit(form);
  await expect(page.getByText(`${bob.email} is connected and syncing.`)).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: /Weekly planning, .*\d\d:\d\d/ }).first()).toBeVisible();
  await expectAccessible();
  await page.getByRole('link', { name: 'Open the calendar' }).click();
  await page.waitForURL('**/calendar');
  await settled();
  await expect(async () => {
    await page.goto(nextWeek());
    await expect(page.locator('.entry').first()).toBeVisible({ timeout: 500 });
  }).toPass();
  await expect(page.getByText('as of')).toBeVisible();
  await expectAccessible();

  await page.goto('/profile');
  await expect(page.getByText('Connected', { exact: true })).toBeVisible();
  await expectAccessible();
  await page.getByRole('link', { name: 'Disconnect' }).click();
  await page.waitForURL('**/disconnect');
  await settled();
  await expectAccessible();
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.waitForURL('**/profile');
  await settled();
  await expect(page.getByText('Not connected')).toBeVisible();
});

test('the strictest Exchange is found and connected, and a proxy in between is named', async ({
  page, signIn, connectForm, exchange,
}) => {
  await exchange.offer(['ntlm']);
  await exchange.set({ product: 'Exchange2019', extended_protection: 'require' });
  await signIn(bob);
  let form = await connectForm();
  await fill(form, { server: '' });
  await submit(form);
  await expect(page.getByText(`${bob.email} is connected and syncing.`)).toBeVisible({ timeout: 40_000 });
  await expect(page.locator('.rung-seen').filter({ hasText: 'by NTLM' })).toHaveCount(1);

  await exchange.set({ tls_proxy: true });
  form = await connectForm();
  await fill(form, { account: 'svc-norole@example.test' });
  await submit(form);
  const notice = await advice(page);
  await expect(notice).toContainText('Extended Protection');
  await expect(notice).toContainText('proxy');
  await exchange.calm();

  await page.goto('/profile/exchange/disconnect');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await expect(page.getByText('Not connected')).toBeVisible();
});

test('Charlie connects with his own account, found by Autodiscover', async ({ page, signIn, connectForm }) => {
  await signIn(charlie);
  const form = await connectForm();
  await form.getByRole('checkbox', { name: 'Use service account for enhanced security' }).uncheck();
  const set = form.locator('.field-set-personal');
  await expect(form.getByLabel('User email to access')).toBeHidden();
  await set.getByLabel('Email').fill(charlie.email);
  await set.getByLabel('Password').fill('Charlie-2026!');
  await submit(form);
  await expect(page.getByText(`${charlie.email} is connected and syncing.`)).toBeVisible({ timeout: 30_000 });
});

test('every mistake is told at its field and nothing typed is lost', async ({
  page, signIn, connectForm, hydrated, expectAccessible,
}) => {
  await signIn(bob);
  const form = await connectForm();
  await fill(form, {
    mailbox: 'bob', account: 'EXAMPLE\\svc-kalends', domain: 'EXAMPLE', server: 'http://mail.example.test',
  });
  await submit(form);
  await expect(page.getByRole('heading', { name: 'Nothing was tried yet' })).toBeVisible();
  const set = page.locator('.field-set-service');
  await expect(set.getByText('This is not a complete email address.')).toBeVisible();
  await expect(set.getByText('Use https: passwords are never sent without encryption.')).toBeVisible();
  await expect(set.getByText('The name already holds a domain.')).toBeVisible();
  await expect(set.getByLabel('User email to access')).toHaveValue('bob');
  await expect(set.getByLabel('Service account username')).toHaveValue('EXAMPLE\\svc-kalends');
  await expect(set.getByLabel('Exchange server')).toHaveValue('http://mail.example.test');
  await expect(set.getByLabel('Service account password')).toHaveValue(hydrated ? serviceAccount.password : '');
  if (hydrated) await expect(set.getByLabel('User email to access')).toBeFocused();
  await expectAccessible();
});

test('Exchange Online is told the truth at the field', async ({ page, signIn, connectForm }) => {
  await signIn(bob);
  const form = await connectForm();
  await fill(form, { server: 'outlook.office365.com' });
  await submit(form);
  await expect(page.locator('.field-set-service').getByText(/February 2025/)).toBeVisible();
});

const refused: [string, Partial<Typed>, string | RegExp, string | RegExp][] = [
  ['a wrong password', { password: 'not it' }, 'Signed in', /refused the user name or the password/],
  ['an account without the role', { account: 'svc-norole@example.test' }, 'Impersonation', /New-ManagementRoleAssignment.*'svc-norole@example.test'/],
  ['a mailbox outside the scope', { mailbox: 'dora@example.test' }, 'Impersonation', /dora@example.test/],
  ['an unknown mailbox', { mailbox: 'nobody@example.test' }, /Impersonation|Calendar found/, /nobody@example.test/],
  ['a host that does not exist', { server: 'nowhere.invalid' }, 'Name found (DNS)', /nowhere.invalid/],
];

for (const [name, typed, step, words] of refused) {
  test(`${name} has advice of its own`, async ({ page, signIn, connectForm, expectAccessible, hydrated }) => {
    await signIn(bob);
    const form = await connectForm();
    await fill(form, typed);
    await submit(form);
    const notice = await advice(page);
    await expect(notice).toContainText(words);
    await expect(notice.locator('.facts')).toContainText(step);
    await expectAccessible();
    if (hydrated) {
      // It stands in the form still: nothing asks for it a second time.
      await expect(page.getByLabel('Present password')).toHaveCount(0);
      await expect(form.getByLabel('Service account password')).toHaveValue(typed.password ?? serviceAccount.password);
    } else {
      expect(await page.content()).not.toContain(serviceAccount.password);
    }
  });
}

test('an alias leads to the right address in one click', async ({ page, signIn, connectForm, hydrated, settled }) => {
  await signIn(bob);
  const form = await connectForm();
  await fill(form, { mailbox: 'robert@example.test' });
  await submit(form);
  await advice(page);
  await page.getByRole('button', { name: `Use ${bob.email}` }).click();
  if (!hydrated) {
    await page.waitForURL('**/connect');
    await settled();
    await expect(page.getByLabel('User email to access')).toHaveValue(bob.email);
    await page.getByLabel('Service account password').fill(serviceAccount.password);
    await submit(page.locator('main'));
  }
  await expect(page.getByText(`${bob.email} is connected and syncing.`)).toBeVisible();
});

/** What is played, the step at which it shows, and a part of its own command. */
const faults: [string, object, string | RegExp, string | RegExp][] = [
  ['an expired certificate', { kind: 'certificate-expired' }, 'Certificate trusted (TLS)', 'Get-ExchangeCertificate'],
  ['a certificate of tomorrow', { kind: 'certificate-not-yet-valid' }, 'Certificate trusted (TLS)', 'Get-ExchangeCertificate'],
  ['a certificate for another name', { kind: 'certificate-wrong-name' }, 'Certificate trusted (TLS)', 'Get-ExchangeCertificate'],
  ['a certificate of an unknown issuer', { kind: 'certificate-unknown-issuer' }, 'Certificate trusted (TLS)', 'KALENDS_EXCHANGE_CA_FILE='],
  ['a sign-in page in front', { kind: 'owa-redirect' }, 'EWS answers', 'InternalUrl,ExternalUrl'],
  ['a web page', { kind: 'login-page' }, 'EWS answers', 'InternalUrl,ExternalUrl'],
  ['nothing at the path', { kind: 'not-found' }, 'EWS answers', 'InternalUrl,ExternalUrl'],
  ['a door that stays shut', { kind: 'forbidden' }, 'EWS answers', `Get-CASMailbox '${bob.email}'`],
  ['a busy server', { kind: 'throttled', back_off: 60000 }, /\w/, 'Get-ThrottlingPolicy'],
  ['a server that is down', { kind: 'unavailable' }, 'EWS answers', 'Test-ServiceHealth'],
];

test('each fault of the server is told apart', async ({ page, signIn, connectForm, exchange, hydrated }) => {
  test.setTimeout(180_000);
  await signIn(bob);
  const titles = new Set<string>();
  // The advice is the server's in both forms: without script a few of each list show that it arrives.
  const played = hydrated ? faults : [faults[0]!, faults[8]!];
  for (const [name, fault, step, command] of played) {
    await exchange.play(fault);
    const form = await connectForm();
    await fill(form);
    await submit(form);
    const notice = await advice(page);
    await expect(notice.locator('.facts'), name).toContainText(step);
    await expect(notice.locator('.command').filter({ hasText: command }), name).not.toHaveCount(0);
    titles.add(await notice.locator('.notice-title').innerText());
    await exchange.calm();
  }
  const offers: ['bearer' | 'ntlm' | 'negotiate' | 'kerberos_only', object, string][] = [
    ['bearer', {}, '-WindowsAuthentication $true'],
    ['kerberos_only', {}, '-BasicAuthentication $true'],
    ['ntlm', { close_after_challenge: true }, '-BasicAuthentication $true'],
  ];
  const offered = hydrated ? offers : [offers[2]!];
  for (const [offer, settings, command] of offered) {
    await exchange.offer(offer === 'kerberos_only' ? ['negotiate', offer] : [offer]);
    await exchange.set(settings);
    const form = await connectForm();
    await fill(form);
    await submit(form);
    const notice = await advice(page);
    await expect(notice.locator('.command').filter({ hasText: command }), offer).not.toHaveCount(0);
    titles.add(await notice.locator('.notice-title').innerText());
    await exchange.calm();
  }
  expect(titles.size, [...titles].join('\n')).toBe(played.length + offered.length);
});

test('Alice sees everybody, broken first, and others see nothing', async ({
  page, signIn, settled, expectAccessible, connectForm,
}) => {
  await signIn(alice);
  const form = await connectForm();
  await fill(form, { mailbox: alice.email });
  await submit(form);
  await expect(page.getByText(`${alice.email} is connected and syncing.`)).toBeVisible();
  await page.goto('/connections');
  for (const person of [alice, bob, charlie]) await expect(page.getByRole('rowheader').getByText(person.email)).toBeVisible();
  await expectAccessible();
  await page.getByRole('link', { name: /^Connected/ }).click();
  await page.waitForURL('**/connections?state=connected');
  await settled();
  await page.getByRole('rowheader').getByRole('link', { name: 'Alice' }).click();
  await page.waitForURL(/connections\/.+/);
  await settled();
  await expect(page.getByRole('heading', { name: 'Last check' })).toBeVisible();
  await expectAccessible();
  await page.getByRole('button', { name: 'Sync now' }).click();
  await expect(page.getByText('The sync starts within a second.')).toBeVisible();
  await settled();
  await page.getByRole('button', { name: 'Check now' }).click();
  await page.waitForURL(/checks\/.+/);
  await settled();
  await expect(page.getByText(`${alice.email} is connected and syncing.`)).toBeVisible();
});

test.describe('for others than admins', () => {
  test.use({ tolerated: [/404/] });

  test('Bob finds no page where Alice sees everybody', async ({ page, signIn }) => {
    await signIn(bob);
    await page.goto('/calendar');
    await expect(page.getByRole('link', { name: 'Calendar' }).first()).toBeVisible();
    await expect(page.getByRole('link', { name: 'Connections' })).toHaveCount(0);
    for (const path of ['/connections', '/connections/0192f0c1-2345-7000-8000-000000000000', '/connections/none']) {
      const answer = await page.goto(path);
      expect(answer!.status(), path).toBe(404);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Page not found');
    }
  });
});
