import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { parseAllDocuments } from 'yaml';

import { defineCommand } from '../src/commands/shared/flag-table.js';
import { runCommand } from '../src/commands/shared/run-command.js';
import { SignetError } from '../src/errors.js';
import { cacheFolder } from '../src/files/cache-folder.js';
import { lastLines, runChild } from '../src/files/run-child.js';
import { Cluster, namespace } from './kubernetes/cluster.js';

/**
 * Sends every manifest in `deploy/` to a real Kubernetes API server, which validates and admits it but stores nothing (`--dry-run=server`). The API
 * server, etcd and kubectl are built from their Go modules (`scripts/kubernetes/go.mod`), because package registries do not have their releases.
 * Without a scheduler and nodes, no pod is started.
 */
const command = defineCommand({
  name: 'test-manifests',
  describe:
    'Builds a Kubernetes API server with Go, which takes about ten minutes the first time, and lets it check every manifest in deploy/ without keeping anything.',
  flags: {},
});

/** KServe publishes the schema of its resources in its Go module; this is the module's checksum. */
const kserve = {
  module: 'github.com/kserve/kserve@v0.15.2',
  sum: 'h1:uph7Umk331fvBMrHHpTJNDt6+lf3IAuyiskaQw8wIAk=',
  schema: 'config/crd/full/serving.kserve.io_inferenceservices.yaml',
};
const manifests = [
  'deploy/distributed/kubernetes.yaml',
  ...(await readdir('deploy/kubernetes')).map((file) => `deploy/kubernetes/${file}`),
  ...(await readdir('deploy/kserve')).map((file) => `deploy/kserve/${file}`),
];

await runCommand(command, async () => {
  const programs = await build();
  const work = await mkdtemp(path.join(tmpdir(), 'signet-kubernetes-'));
  const cluster = new Cluster(programs, work);
  try {
    await cluster.start();
    await prepare(cluster);
    for (const file of manifests) await check(cluster, file);
    console.log(`${manifests.length} manifests passed, 0 failed`);
  } finally {
    await cluster.end();
    await rm(work, { recursive: true, force: true });
  }
});

/** @returns The folder of the three programs. */
async function build(): Promise<string> {
  const folder = path.join(cacheFolder(), 'kubernetes');
  await mkdir(folder, { recursive: true });
  if (!existsSync(path.join(folder, 'kubectl'))) console.log('Building etcd, kube-apiserver and kubectl …');
  const { ok, output, ending } = await runChild('go', ['build', '-o', `${folder}/`, './...'], {
    cwd: 'scripts/kubernetes',
  });
  if (!ok) {
    throw new SignetError(
      'SET_UP_FAILED',
      `Kubernetes's API server could not be built (${ending}), so no manifest was checked. It takes Go 1.24 or later on the PATH.\n${lastLines(output, 10)}`,
    );
  }
  return folder;
}

/** A namespace that admits only what Kubernetes calls restricted pods, what controllers would put there, and KServe's resources. */
async function prepare(cluster: Cluster): Promise<void> {
  const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'restricted' }; // prettier-ignore
  await cluster.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: restricted } })); // prettier-ignore
  await cluster.kubectl(['create', 'serviceaccount', 'default']);
  const { ok, stdout, output } = await runChild('go', ['mod', 'download', '-json', kserve.module]);
  const { Dir: folder = '', Sum: sum } = (ok ? JSON.parse(stdout) : {}) as { Dir?: string; Sum?: string };
  if (sum !== kserve.sum) {
    throw new SignetError('SET_UP_FAILED', `${kserve.module} could not be had with the checksum ${kserve.sum}:\n${lastLines(output, 10)}`); // prettier-ignore
  }
  await cluster.kubectl(['apply', '--server-side', '-f', path.join(folder, kserve.schema)]);
  await cluster.untilAnswers('/apis/serving.kserve.io/v1beta1');
}

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly template?: { readonly metadata: object; readonly spec: object } };
}

/** Checks a manifest, the pods that its controllers would make of it, and that the check notices a field that does not exist. */
async function check(cluster: Cluster, file: string): Promise<void> {
  const dryRun = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f'];
  console.log(`${file}\n${indented(await cluster.kubectl([...dryRun, file]))}`);
  const text = await readFile(file, 'utf8');
  for (const { kind, metadata, spec } of parseAllDocuments(text).map((each) => each.toJS() as Resource)) {
    if (!spec.template) continue;
    const pod = { apiVersion: 'v1', kind: 'Pod', ...spec.template };
    const named = { ...pod, metadata: { ...spec.template.metadata, name: metadata.name } };
    const answer = await cluster.kubectl([...dryRun, '-'], JSON.stringify(named));
    console.log(indented(`${answer.trim()} (a pod of the ${kind})`));
  }
  const refusal = await cluster.refusal([...dryRun, '-'], text.replace(/^spec:$/m, 'spec:\n  mistyped: 1'));
  if (!refusal?.includes('mistyped')) throw new SignetError('INVALID_ARGUMENT', `${file} with a field that does not exist was not refused for it: ${refusal}`); // prettier-ignore
}

function indented(text: string): string {
  return text.trim().replaceAll(/^/gm, '  ');
}
