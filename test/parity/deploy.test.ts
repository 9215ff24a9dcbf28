import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { hasPython, runPython, runPythonTool } from '../helpers/python/python.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const manifests = [
  ...readdirSync('deploy/kubernetes').map((file) => ({
    file: path.join('deploy/kubernetes', file),
    field: 'replicas:',
  })),
  { file: 'deploy/distributed/kubernetes.yaml', field: 'completions:' },
];

describe.skipIf(!hasPython())('deploy/', () => {
  it("models.config is a configuration in TensorFlow Serving's own eyes", async () => {
    const names = await runPython(
      `
import json, sys
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2
config = text_format.Parse(json.load(sys.stdin), model_server_config_pb2.ModelServerConfig())
print(json.dumps([[c.name, c.base_path, c.model_platform] for c in config.model_config_list.config]))
`,
      readFileSync('deploy/models.config', 'utf8'),
    );
    expect(names).toEqual([['LenetModel', '/models/LenetModel', 'tensorflow']]);
  });

  it.each(manifests)("$file holds against Kubernetes's schemas, no field too many", async ({ file, field }) => {
    const log = await runPythonTool('kubernetes-validate', ['--strict', file]);
    expect(log).not.toContain('ERROR');
    const bad = path.join(await temporaryFolder(), 'bad.yaml');
    writeFileSync(bad, readFileSync(file, 'utf8').replace(field, 'mistyped:'));
    await expect(runPythonTool('kubernetes-validate', ['--strict', bad])).rejects.toThrow("'mistyped' was unexpected");
  });
});
