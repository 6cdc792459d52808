// The agenda: every kind of entry is told apart by words, and the weeks can be turned.

import { Exchange } from '../exchange.js';
import { connect, expect, test } from '../fixtures.js';
import { alice, charlie } from '../people.js';

test('without a connection the calendar leads to connecting', async ({ page, signIn, settled, expectAccessible }) => {
  await signIn(charlie);
  await page.goto('/calendar');
  await expect(page.getByText('Your calendar is not connected yet.')).toBeVisible();
  await expectAccessible();
  await page.getByRole('link', { name: 'Connect', exact: true }).click();
  await page.waitForURL('**/profile/exchange/connect');
  await settled();
  await expect(page.getByLabel('User email to access')).toHaveValue(charlie.email);
});

/** A Monday two months ahead, far from every practice entry but the series. */
function monday(): Date {
  const day = new Date(Date.now() + 60 * 86_400_000);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day;
}

const iso = (day: Date, plus = 0) => new Date(day.getTime() + plus * 86_400_000).toISOString().slice(0, 10);

test('each kind of entry is told apart, and the weeks can be turned', async ({
  page, signIn, settled, kalends, expectAccessible,
}) => {
  const exchange = new Exchange(kalends);
  const first = monday();
  const at = (plus: number, time: string) => `${iso(first, plus)}T${time}:00`;
  const drafts = [
    { subject: 'Whole day', start: at(0, '00:00'), end: at(1, '00:00'), all_day: true, free_busy: 'Free' },
    { subject: 'Trip', start: at(1, '00:00'), end: at(4, '00:00'), all_day: true, free_busy: 'OOF' },
    { subject: 'Perhaps', start: at(2, '06:00'), end: at(2, '07:00'), free_busy: 'Tentative' },
    { subject: 'At home', start: at(3, '06:00'), end: at(3, '07:00'), free_busy: 'WorkingElsewhere' },
    { subject: 'Hidden matter', start: at(4, '06:00'), end: at(4, '07:00'), sensitivity: 'Private', location: 'Clinic' },
    { subject: 'Called off', start: at(4, '07:00'), end: at(4, '08:00'), cancelled: true, free_busy: 'Free' },
    { subject: 'Night shift', start: at(5, '22:00'), end: at(6, '02:00'), location: 'Room Spree' },
    { start: at(6, '12:00'), end: at(6, '13:00') },
  ];
  const ids: string[] = [];
  for (const draft of drafts) ids.push(await exchange.addEntry(alice.email, draft));

  await signIn(alice);
  await connect(page, alice);

  // A day in the middle shows its whole week.
  await expect(async () => {
    await page.goto(`/calendar?view=agenda&day=${iso(first, 3)}`);
    await expect(page.locator('.entry').first()).toBeVisible({ timeout: 500 });
  }).toPass();
  const day = (plus: number) => page.locator('.day').filter({ has: page.locator(`time[datetime="${iso(first, plus)}"]`) });
  const entry = (plus: number, words: string | RegExp) => day(plus).locator('.entry').filter({ hasText: words });
  await expect(page.locator('.day')).toHaveCount(7);
  await expect(entry(0, 'Whole day')).toContainText('All day');
  await expect(entry(0, 'Whole day')).not.toContainText('Several days');
  await expect(entry(0, 'Whole day')).toContainText('Free');
  for (const plus of [1, 2, 3]) await expect(entry(plus, 'Trip')).toContainText(/All day.*Out of office.*Several days/);
  await expect(entry(4, 'Trip')).toHaveCount(0);
  await expect(entry(2, 'Perhaps')).toContainText(/06:00 – 07:00.*Tentative/);
  await expect(entry(3, 'At home')).toContainText('Working elsewhere');
  await expect(entry(4, '06:00 – 07:00')).toContainText('Private');
  await expect(page.getByText(/Hidden matter|Clinic/)).toHaveCount(0);
  await expect(entry(4, 'Called off')).toContainText('Cancelled');
  await expect(entry(4, 'Called off').locator('.entry-subject')).toHaveCSS('text-decoration-line', 'line-through');
  await expect(entry(5, 'Night shift')).toContainText(/from 22:00.*Room Spree.*Several days/);
  await expect(entry(6, 'Night shift')).toContainText('until 02:00');
  await expect(entry(6, '12:00 – 13:00')).toContainText('(No subject)');
  await expectAccessible();

  const week = page.getByRole('navigation', { name: 'Dates' });
  await week.getByRole('link', { name: 'Next' }).click();
  await page.waitForURL(`**/calendar?view=agenda&day=${iso(first, 7)}`);
  await settled();
  await expect(page.locator('.day time').first()).toHaveAttribute('datetime', iso(first, 7));
  await week.getByRole('link', { name: 'Previous' }).click();
  await page.waitForURL(`**/calendar?view=agenda&day=${iso(first)}`);
  await settled();
  await week.getByRole('link', { name: 'Today' }).click();
  await page.waitForURL('**/calendar?view=agenda');
  await settled();
  await expect(page.locator('.day-today')).toHaveCount(1);

  // No day at all, an absurd one, and one that nobody planned for.
  for (const odd of ['tomorrow', '9999-99-99', '0001-01-01']) {
    await page.goto(`/calendar?view=agenda&day=${odd}`);
    await expect(page.locator('.day-today')).toHaveCount(1);
  }
  await page.goto(`/calendar?view=agenda&day=${iso(first, -7 * 20)}`);
  await expect(page.getByText('Not read', { exact: true })).toHaveCount(7);
  await expect(page.getByText('Kalends keeps your calendar from')).toBeVisible();
  await expect(week.getByRole('link', { name: 'Previous' })).toHaveAttribute('aria-disabled', 'true');
  await expectAccessible();

  for (const id of ids) await exchange.removeEntry(alice.email, id);
  await page.goto('/profile/exchange/disconnect');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.waitForURL('**/profile');
});
