import { defineConfig } from 'vitest/config';

import all from './vitest.config.js';

/** The tests that compare with Python TensorFlow, alone. */
export default defineConfig({ test: { ...all.test, include: ['test/parity/**/*.test.ts'] } });
