// Lighthouse's scores of pages that people see all day, as a phone and as a desktop meet them. Each must reach the least.

import { launch } from 'chrome-launcher';
import lighthouse, { desktopConfig } from 'lighthouse';

const LEAST = 95;
const PAGES = ['/sign-in', '/profile', '/calendar', '/connections'];
const CATEGORIES = ['performance', 'accessibility', 'best-practices'];
// As root, chromium runs only without its sandbox; the rest keeps it from calling home.
const FLAGS = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

const origin = process.env.KALENDS_ORIGIN;
const signedIn = await fetch(`${origin}/api/sign_in`, {
  method: 'POST',
  redirect: 'manual',
  headers: { 'content-type': 'application/x-www-form-urlencoded', origin },
  body: new URLSearchParams({ email: 'alice@example.test', password: 'practice-alice' }),
});
const Cookie = signedIn.headers.getSetCookie().map((each) => each.split(';')[0]).join('; ');

const chrome = await launch({ chromePath: '/usr/bin/chromium', chromeFlags: FLAGS, logLevel: 'error' });
let missed = 0;
console.log(`${'page'.padEnd(28)}${CATEGORIES.map((name) => name.padStart(16)).join('')}`);
for (const page of PAGES) {
  for (const [name, config] of [['phone', undefined], ['desktop', desktopConfig]]) {
    const options = {
      port: chrome.port,
      logLevel: 'error',
      onlyCategories: CATEGORIES,
      // Whoever is signed in is led on from the page for signing in.
      extraHeaders: page === '/sign-in' ? {} : { Cookie },
    };
    const { lhr } = await lighthouse(`${origin}${page}`, options, config);
    if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
    if (new URL(lhr.finalDisplayedUrl).pathname !== page) throw new Error(`${page} leads to ${lhr.finalDisplayedUrl}`);
    const scores = CATEGORIES.map((category) => Math.round(lhr.categories[category].score * 100));
    console.log(`${`${page}, ${name}`.padEnd(28)}${scores.map((score) => String(score).padStart(16)).join('')}`);
    for (const category of CATEGORIES) {
      if (lhr.categories[category].score * 100 >= LEAST) continue;
      missed += 1;
      const weak = lhr.categories[category].auditRefs
        .map(({ id, weight }) => ({ weight, ...lhr.audits[id] }))
        .filter(({ weight, score }) => weight > 0 && score !== null && score < 0.9);
      for (const { title, displayValue } of weak) console.log(`  ${category}: ${title} ${displayValue ?? ''}`);
    }
  }
}
await chrome.kill();
if (missed > 0) {
  console.error(`${missed} scores are below ${LEAST}`);
  process.exit(1);
}
