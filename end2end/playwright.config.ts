import { defineConfig } from '@playwright/test';

// As root, chromium runs only without its sandbox; the rest keeps it from calling home.
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const browser = {
  browserName: 'chromium' as const,
  launchOptions: { executablePath: '/usr/bin/chromium', args },
  locale: 'en-GB',
  timezoneId: 'Europe/Berlin',
};

/** Specs run twice, as pages of plain HTML and taken over by wasm, where the two can differ. */
export default defineConfig({
  testDir: './specs',
  outputDir: './test-results',
  globalSetup: './prepare.ts',
  // Each worker has a server and a practice Exchange of its own.
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  // Recording takes a third more time, so only who looks for something does it.
  use: { screenshot: 'only-on-failure', trace: process.env.KALENDS_TEST_TRACE ? 'retain-on-failure' : 'off' },
  projects: [
    // What only script can do, or has no say in, lies in a folder of its own.
    { name: 'plain', testIgnore: '**/scripted/**', use: { ...browser, javaScriptEnabled: false } },
    { name: 'hydrated', use: { ...browser, javaScriptEnabled: true } },
  ],
});
