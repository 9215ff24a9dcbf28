import { assertSetUp } from '../../set-up/assert-set-up.js';

assertSetUp();
