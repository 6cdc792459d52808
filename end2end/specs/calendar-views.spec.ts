// The calendar as a picture: a week of hours, a day, three days, a month of dots; one's own clock; the page of an entry.

import type { Locator } from '@playwright/test';
import { Exchange } from '../exchange.js';
import { connect, expect, test } from '../fixtures.js';
import { bob } from '../people.js';

/** A Monday three months ahead, far from every practice entry but series. */
function monday(): Date {
  const day = new Date(Date.now() + 90 * 86_400_000);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day;
}

const iso = (day: Date, plus = 0) => new Date(day.getTime() + plus * 86_400_000).toISOString().slice(0, 10);

async function boxOf(locator: Locator) {
  const box = await locator.boundingBox();
  if (!box) throw new Error(`${locator} is not shown`);
  return box;
}

test('a week, a day, three days and a month show what is planned, by addresses alone', async ({
  page, signIn, settled, kalends, expectAccessible,
}) => {
  test.setTimeout(120_000);
  const exchange = new Exchange(kalends);
  const first = monday();
  const at = (plus: number, time: string) => `${iso(first, plus)}T${time}:00`;
  const drafts = [
    { subject: 'Offsite', start: at(1, '00:00'), end: at(4, '00:00'), all_day: true, free_busy: 'OOF' },
    { subject: 'Planning', start: at(1, '16:00'), end: at(1, '18:00'), location: 'Room Spree' },
    { subject: 'Interview', start: at(1, '17:00'), end: at(1, '18:30'), free_busy: 'Tentative' },
    { subject: 'Afterwards', start: at(1, '18:30'), end: at(1, '19:30') },
    { subject: 'Hidden matter', start: at(2, '13:30'), end: at(2, '14:30'), sensitivity: 'Private' },
    { subject: 'Night shift', start: at(5, '22:00'), end: at(6, '02:00') },
  ];
  const ids: string[] = [];
  for (const draft of drafts) ids.push(await exchange.addEntry(bob.email, draft));

  await signIn(bob);
  await connect(page, bob);

  const tuesday = page.getByRole('group', { name: /^Tuesday/ });
  const entry = (name: RegExp) => page.locator('.grid').getByRole('link', { name });
  await expect(async () => {
    await page.goto(`/calendar?day=${iso(first, 3)}`);
    await expect(entry(/^Planning/).first()).toBeVisible({ timeout: 500 });
  }).toPass();

  // What overlaps stands side by side, what follows stands below, an hour is as high as any other.
  const planning = await boxOf(tuesday.getByRole('link', { name: /^Planning\s*, 16:00 – 18:00/ }));
  const interview = await boxOf(tuesday.getByRole('link', { name: /^Interview\s*, 17:00 – 18:30.*Tentative/ }));
  const afterwards = await boxOf(tuesday.getByRole('link', { name: /^Afterwards/ }));
  expect(interview.x).toBeGreaterThanOrEqual(planning.x + planning.width);
  expect(afterwards.y).toBeGreaterThanOrEqual(interview.y + interview.height);
  expect(afterwards.width).toBeGreaterThan(planning.width * 1.8);
  expect(planning.height / afterwards.height).toBeCloseTo(2, 1);
  // Whole days stand once, over their days.
  const offsite = page.getByRole('list', { name: 'Whole days' }).getByRole('link', { name: /^Offsite\s*, .*Out of office/ });
  await expect(offsite).toHaveCount(1);
  const column = await boxOf(tuesday);
  expect((await boxOf(offsite)).width / column.width).toBeGreaterThan(2.8);
  await expect(page.getByText('Hidden matter')).toHaveCount(0);
  await expect(page.locator('[style]')).toHaveCount(0);
  await expectAccessible();

  // The night is folded but for what happens in it; it unfolds.
  await expect(page.locator('.axis > li')).toHaveCount(13 + 4);
  await page.getByRole('link', { name: 'Show the whole day' }).click();
  await page.waitForURL(/hours=all/);
  await settled();
  await expect(page.locator('.axis > li')).toHaveCount(24);
  await page.getByRole('link', { name: 'Fold early and late hours' }).click();
  await settled();

  // The keyboard meets a day's entries in the order of time.
  await tuesday.getByRole('link', { name: /^Planning/ }).focus();
  await page.keyboard.press('Tab');
  await expect(tuesday.getByRole('link', { name: /^Interview/ })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.waitForURL('**/calendar/entries/*');
  await settled();
  await expect(page.getByRole('heading', { level: 1, name: 'Interview' })).toBeVisible();
  await expect(page.getByText('17:00 – 18:30')).toBeVisible();
  await expect(page.getByText('1 h 30 min')).toBeVisible();
  await expect(page.locator('.facts')).toContainText('Tentative');
  await expect(page.getByRole('region', { name: 'At the same time' }).getByRole('link')).toHaveText(['Planning']);
  await expectAccessible();
  await page.getByRole('link', { name: 'Back to the calendar' }).click();
  await page.waitForURL(`**/calendar?day=${iso(first, 1)}`);
  await settled();

  const views = page.getByRole('navigation', { name: 'Views' });
  await views.getByRole('link', { name: 'Day', exact: true }).click();
  await page.waitForURL(/view=day/);
  await settled();
  await expect(page.locator('.column')).toHaveCount(1);
  await expect(page.locator('.day')).toHaveCount(1);
  await page.getByRole('navigation', { name: 'Dates' }).getByRole('link', { name: 'Next' }).click();
  await page.waitForURL(`**/calendar?view=day&day=${iso(first, 2)}`);
  await settled();
  await expect(entry(/^Private\s*, 13:30/)).toBeVisible();

  await views.getByRole('link', { name: 'Month' }).click();
  await page.waitForURL(/view=month/);
  await settled();
  const day = (plus: number) => page.locator('.month').getByRole('link').filter({ has: page.locator(`time[datetime="${iso(first, plus)}"]`) });
  await expect(day(1)).toContainText('entries');
  expect(await day(1).locator('.dot').count()).toBeGreaterThan(1);
  await day(1).click();
  await page.waitForURL(`**/calendar?view=month&day=${iso(first, 1)}`);
  await settled();
  await expect(page.locator('.day')).toHaveCount(1);
  await expect(page.locator('.day')).toContainText('Planning');
  await expectAccessible();

  // Narrow screens begin with the agenda and offer three days; nothing scrolls sideways.
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`/calendar?day=${iso(first, 1)}`);
  await expect(page.locator('.grid')).toBeHidden();
  await expect(page.locator('.day')).toHaveCount(7);
  await expect(views.locator('[aria-current]:visible')).toHaveText('Agenda');
  await views.getByRole('link', { name: '3 days' }).click();
  await page.waitForURL(/view=three/);
  await settled();
  await expect(page.locator('.column')).toHaveCount(3);
  for (const view of ['three', 'week', 'day', 'month']) {
    await page.goto(`/calendar?view=${view}&day=${iso(first, 1)}`);
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(beyond, `${view} scrolls sideways by`).toBeLessThanOrEqual(0);
  }
  await page.setViewportSize({ width: 1280, height: 720 });

  // On paper there is nothing to click.
  await page.emulateMedia({ media: 'print' });
  await page.goto(`/calendar?day=${iso(first, 1)}`);
  await expect(page.locator('.grid')).toBeVisible();
  await expect(views).toBeHidden();
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeHidden();
  await page.emulateMedia({ media: 'screen' });

  // One's own week and clock, kept in the profile.
  const prefer = async (firstDay: string, clock: string) => {
    await page.goto('/profile');
    await page.getByLabel('First day of the week').selectOption(firstDay);
    await page.getByLabel('Clock').selectOption(clock);
    await page.getByRole('button', { name: 'Save these settings' }).click();
    await expect(page.getByText('Your calendar is shown this way from now on.')).toBeVisible();
    await settled();
  };
  await prefer('sunday', 'twelve');
  await expect(page.getByLabel('First day of the week')).toHaveValue('sunday');
  await page.goto(`/calendar?day=${iso(first, 1)}`);
  await expect(page.locator('.grid-head time').first()).toHaveAttribute('datetime', iso(first, -1));
  await expect(tuesday.getByRole('link', { name: /^Planning\s*, 4:00 – 6:00 PM/ })).toBeVisible();
  await prefer('monday', 'twenty_four');

  for (const id of ids) await exchange.removeEntry(bob.email, id);
  await page.goto('/profile/exchange/disconnect');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.waitForURL('**/profile');
});
