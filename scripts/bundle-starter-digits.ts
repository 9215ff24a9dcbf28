import { copyStarterDigits } from '../src/commands/init/starter-digits.js';

/** Copies the digits of `signet-ml init` into `dist/`: the package ships no others. */
await copyStarterDigits('dist/data/digits');
