import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

/** Files that name images of Docker Hub. */
const files = [
  'deploy/Dockerfile',
  'deploy/compose.yaml',
  'deploy/tensorflow-serving.sh',
  'deploy/distributed/kubernetes.yaml',
  'deploy/kubernetes/tensorflow-serving.yaml',
];

/** The text before an image, the image with its tag, and its digest, if it has one already. */
const images = /((?:^FROM |\bimage: |\$\{IMAGE:-))([a-z][\w./-]*:[\w.-]+)(@sha256:[0-9a-f]{64})?/gm;

/**
 * Pins every image in a text to the current digest of its tag: a tag may be moved, a digest identifies the content.
 *
 * @param digestOf Asks a registry, see `digestInRegistry`.
 */
export async function pinned(text: string, digestOf: (image: string) => Promise<string>): Promise<string> {
  const found = new Set([...text.matchAll(images)].map(([, , image = '']) => image));
  const digests = new Map(await Promise.all([...found].map(async (image) => [image, await digestOf(image)] as const)));
  return text.replaceAll(images, (_, before: string, image: string) => `${before}${image}@${digests.get(image)}`);
}

/** Addresses of a registry and of its token server. */
export interface Registry {
  readonly manifests: string;
  readonly tokens: string;
}

const dockerHub: Registry = {
  manifests: 'https://registry-1.docker.io/v2/',
  tokens: 'https://auth.docker.io/token?service=registry.docker.io',
};
/** Images for several processors first, because their digest works on every machine. */
const accept = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'];

/**
 * The digest of an image's tag, `sha256:...`.
 *
 * Source: the distribution specification of the Open Container Initiative, "Checking if content exists in the registry".
 */
export async function digestInRegistry(image: string, registry: Registry = dockerHub): Promise<string> {
  const [repository = '', tag = ''] = image.split(':');
  const name = repository.includes('/') ? repository : `library/${repository}`;
  const { token } = (await (await fetch(`${registry.tokens}&scope=repository:${name}:pull`)).json()) as {
    token: string;
  };
  const headers = { accept: accept.join(', '), authorization: `Bearer ${token}` };
  const response = await fetch(`${registry.manifests}${name}/manifests/${tag}`, { method: 'HEAD', headers });
  const digest = response.headers.get('docker-content-digest') ?? '';
  if (response.ok && /^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
  throw new Error(`${image}: the registry answers ${response.status}, and "${digest}" as its digest.`);
}

/** `npx tsx scripts/pin-images.ts`, with a network: writes the digests of all images into the files in deploy/. */
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const file of files) {
    const before = await readFile(file, 'utf8');
    const after = await pinned(before, (image) => digestInRegistry(image));
    if (after !== before) await writeFile(file, after);
    process.stdout.write(`${file}: ${after === before ? 'as it was' : 'pinned'}\n`);
  }
}
