import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** `serve-model` in a process of its own. */
export interface ServeModelProcess {
  readonly process: ChildProcess;
  readonly restPort: number;
  readonly grpcPort: number;
  /** SIGTERM, and the exit code that comes of it. */
  readonly end: () => Promise<number | null>;
}

const script = fileURLToPath(new URL('../../scripts/serve-model.ts', import.meta.url));

/** Starts the command on free ports, and waits until it answers. */
export async function startServeModel(modelFolder: string, flags: readonly string[] = []): Promise<ServeModelProcess> {
  const ports = ['--rest-port', '0', '--grpc-port', '0'];
  const args = ['--import', 'tsx', script, '--model-folder', modelFolder, ...ports, ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let printed = '';
  child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
  const port = (pattern: RegExp) => Number(pattern.exec(printed)?.[1] ?? 0);
  while (!printed.includes('Ctrl-C')) {
    if (child.exitCode !== null) throw new Error(`serve-model ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const end = async () => {
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  };
  return { process: child, restPort: port(/page {2}http:\/\/[^:]+:(\d+)/), grpcPort: port(/gRPC {2}[^:]+:(\d+)/), end };
}
