import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { freePorts } from '../../src/distributed/free-ports.js';
import { SignetError } from '../../src/errors.js';
import { lastLines, runChild } from '../../src/files/run-child.js';

/** The namespace that kubectl works in. */
export const namespace = 'signet';

/** etcd and an API server on the loopback, from the programs in a folder, without anything that would start pods. */
export class Cluster {
  readonly #children: { readonly child: ChildProcess; readonly ended: Promise<unknown> }[] = [];

  constructor(
    private readonly programs: string,
    private readonly work: string,
  ) {}

  async start(): Promise<void> {
    const [client = 0, peer = 0, api = 0] = await freePorts(3);
    const etcd = `http://127.0.0.1:${client}`;
    this.#run('etcd', [
      ...['--data-dir', path.join(this.work, 'etcd'), '--listen-client-urls', etcd, '--advertise-client-urls', etcd],
      ...['--listen-peer-urls', `http://127.0.0.1:${peer}`, '--unsafe-no-fsync'],
    ]);
    const token = randomUUID();
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    await writeFile(path.join(this.work, 'tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
    await writeFile(path.join(this.work, 'public.pem'), publicKey);
    await writeFile(path.join(this.work, 'private.pem'), privateKey, { mode: 0o600 });
    this.#run('apiserver', [
      ...['--etcd-servers', etcd, '--bind-address', '127.0.0.1', '--secure-port', String(api)],
      ...['--cert-dir', path.join(this.work, 'certificates'), '--token-auth-file', path.join(this.work, 'tokens.csv')],
      ...['--service-account-issuer', 'https://kubernetes.default.svc'],
      ...['--service-account-key-file', path.join(this.work, 'public.pem')],
      ...['--service-account-signing-key-file', path.join(this.work, 'private.pem')],
      ...['--authorization-mode', 'RBAC', '--service-cluster-ip-range', '10.0.0.0/24'],
    ]);
    await writeFile(path.join(this.work, 'config'), kubeconfig(`https://127.0.0.1:${api}`, token), { mode: 0o600 });
    await this.untilAnswers('/readyz');
  }

  /** Runs kubectl. @throws Error with its words if it fails or warns. */
  async kubectl(args: readonly string[], input = ''): Promise<string> {
    const { ok, output } = await this.#kubectl(args, input);
    if (!ok) throw new SignetError('INVALID_ARGUMENT', `kubectl ${args.join(' ')}:\n${output.trim()}`);
    return output;
  }

  /** Waits until the API server answers at a path, at most a minute. */
  async untilAnswers(where: string): Promise<void> {
    for (let i = 0; i < 120; i += 1) {
      if ((await this.#kubectl(['get', '--raw', where], '')).ok) return;
      await wait(500);
    }
    const log = await readFile(path.join(this.work, 'apiserver.log'), 'utf8');
    throw new SignetError('SERVER_ERROR', `The API server did not answer at ${where} within a minute:\n${lastLines(log, 10)}`); // prettier-ignore
  }

  /** Runs kubectl, which should fail. @returns Its words, or null if it did not. */
  async refusal(args: readonly string[], input: string): Promise<string | null> {
    const { ok, output } = await this.#kubectl(args, input);
    return ok ? null : output;
  }

  async end(): Promise<void> {
    for (const { child, ended } of this.#children.reverse()) {
      child.kill();
      await ended;
    }
  }

  #kubectl(args: readonly string[], input: string) {
    const config = ['--kubeconfig', path.join(this.work, 'config'), '--namespace', namespace, '--warnings-as-errors'];
    return runChild(path.join(this.programs, 'kubectl'), [...config, ...args], { input });
  }

  #run(name: string, args: readonly string[]): void {
    const log = openSync(path.join(this.work, `${name}.log`), 'w');
    const child = spawn(path.join(this.programs, name), args, { stdio: ['ignore', log, log] });
    this.#children.push({ child, ended: once(child, 'exit') });
  }
}

function kubeconfig(server: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}
