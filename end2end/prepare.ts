// Runs once before all specs: databases with people in them, of which each Kalends gets a copy.

import { rmSync } from 'node:fs';
import { Kalends } from './kalends.js';

export default async function prepare(): Promise<() => void> {
  const folder = await Kalends.prepare();
  process.env.KALENDS_PREPARED = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
