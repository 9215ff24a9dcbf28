import type { DefaultTheme } from 'vitepress';

type Section = DefaultTheme.SidebarItem & { readonly items: DefaultTheme.SidebarItem[] };

/** Sections of the documentation, by what a reader wants: to learn, to get something done, to look something up, to understand. */
export const sections: readonly Section[] = [
  { text: 'Tutorial', items: [page('Photographs to a phone', 'tutorial')] },
  {
    text: 'How-to guides',
    items: [
      page('Set up', 'set-up'),
      page('Check images', 'data-checks'),
      page('Train and fine-tune', 'training'),
      page('Read the report', 'report'),
      page('Pack large data sets', 'datasets'),
      page('Train on several machines', 'distributed-training'),
      page('Build, evaluate, compare', 'models'),
      page('Your own networks', 'own-networks'),
      page('Your own signatures', 'servables'),
      page('Export to other runtimes', 'exporting'),
      page('Serve', 'serving'),
      page('Deploy', 'deploying'),
    ],
  },
  {
    text: 'Reference',
    items: [
      page('Commands', 'commands'),
      page('Signatures', 'signatures'),
      page('REST and gRPC', 'rest-and-grpc'),
      page('Errors', 'errors'),
      page('Callbacks', 'callbacks'),
      page('Augmentation', 'augmentation'),
      page('Benchmarks', 'benchmarks'),
      page('API', 'api/index'),
    ],
  },
  {
    text: 'Explanation',
    items: [
      page('Life of a picture', 'life-of-a-picture'),
      page('Life of a traced function', 'tracing'),
      page('What a network costs', 'network'),
      page('Decisions', 'decisions/README'),
    ],
  },
  {
    text: 'Project',
    items: [
      page('Examples', 'repository/examples-readme'),
      page('Security', 'repository/security'),
      page('Contributing', 'repository/contributing'),
      page('Changes', 'repository/changelog'),
    ],
  },
];

function page(text: string, name: string): DefaultTheme.SidebarItem {
  return { text, link: `/${name}` };
}
