import { defineConfig } from '@playwright/test';
import tests from './playwright.config.js';

/** Pictures of every page, by `cargo xtask screenshots`. */
export default defineConfig(tests, {
  testDir: './screenshots',
  testMatch: '*.ts',
  workers: 2,
});
