import { SignetError } from '../../errors.js';
import { describeProblems } from './describe-problems.js';
import type { ImageProblem } from '../image-file/image-problem.js';

/** The error that lists images which do not decode, with what to do. */
export function badImages(bad: readonly ImageProblem[]): SignetError {
  const advice = 'Mend or remove what is listed, or leave it out with --on-bad-image skip.';
  return new SignetError('BAD_IMAGE', `${describeProblems(bad)}\n${advice}`);
}
