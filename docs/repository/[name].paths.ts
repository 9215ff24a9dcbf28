import { pageOf, repositoryFiles } from '../.vitepress/repository-files.js';

/** Pages of files outside `docs/` that other pages link to. */
export default {
  paths: () => repositoryFiles().map(({ file, name }) => ({ params: { name }, content: pageOf(file) })),
};
