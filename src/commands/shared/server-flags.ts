import type { Flag } from './flag-table.js';

const port = { min: 1, max: 65_535 } as const;

/** Flags of the commands that call a model server. */
export const serverFlags = {
  host: { type: 'string', default: '127.0.0.1', help: 'Name or address of the server, without a port' },
  grpcPort: { type: 'integer', range: port, default: 8500, help: "The server's port for gRPC" },
  restPort: { type: 'integer', range: port, default: 8501, help: "The server's port for REST" },
  modelVersion: { type: 'integer', range: { min: 0 }, defaultText: 'the latest', help: 'Version of the model' },
  modelLabel: { type: 'string', help: 'Label of a version, such as canary' },
  timeout: { type: 'number', range: { min: 0.001, max: 86_400 }, default: 60, help: 'Seconds to wait for an answer' },
  tokenFile: { type: 'path', defaultText: '$SIGNET_TOKEN', help: "File with the server's bearer token" },
  tls: { type: 'boolean', default: false, help: 'Use TLS' },
  tlsCa: { type: 'path', help: "PEM file of the authority that signed the server's certificate; implies --tls" },
  tlsCertificate: {
    type: 'path',
    needs: ['tlsKey'],
    help: 'PEM file with the client certificate, if the server requires one',
  },
  tlsKey: { type: 'path', needs: ['tlsCertificate'], help: 'PEM file with the key of --tls-certificate' },
} as const satisfies Readonly<Record<string, Flag>>;
