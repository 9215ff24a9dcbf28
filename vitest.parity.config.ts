import { defineConfig } from 'vitest/config';

import { globalSetup, shared } from './vitest.config.js';

/** The tests that compare with Python TensorFlow, alone. */
export default defineConfig({ test: { ...shared, globalSetup, maxWorkers: 2, include: ['test/parity/**/*.test.ts'] } });
