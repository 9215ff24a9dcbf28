import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { parseModelConfigFile, readModelConfigFile } from '../../../src/serving/store/model-config-file.js';
import type { ModelConfig } from '../../../src/serving/store/model-config.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const model = (more: Partial<ModelConfig> = {}): ModelConfig => ({
  ...{ name: 'm', basePath: '/m', policy: { kind: 'latest', count: 1 }, labels: new Map() },
  ...more,
});
/** The text of a file with one model that has these further fields. */
const withFields = (fields: string) => `model_config_list { config { name: "m" base_path: "/m" ${fields} } }`;

describe('parseModelConfigFile', () => {
  it('reads what TensorFlow Serving documents', async () => {
    const text = `
      # Two models.
      model_config_list {
        config {
          name: "my_first_model"
          base_path: "/tmp/my_first_model/"
          model_platform: "tensorflow"
          model_version_policy {
            specific { versions: 42 versions: 43 }
          }
          version_labels { key: 'stable' value: 42 }
          version_labels { key: 'canary' value: 43 }
        }
        config { name: "my_second_model", base_path: "/tmp/my_second_model/"; }
      }`;
    const file = path.join(await temporaryFolder(), 'models.config');
    await writeFile(file, text);
    expect(await readModelConfigFile(file)).toEqual([
      {
        name: 'my_first_model',
        basePath: '/tmp/my_first_model/',
        policy: { kind: 'specific', versions: [42, 43] },
        labels: new Map([['stable', 42], ['canary', 43]]), // prettier-ignore
      },
      model({ name: 'my_second_model', basePath: '/tmp/my_second_model/' }),
    ]);
  });

  const twoLabels = { labels: new Map([['a', 1], ['b', 2]]) }; // prettier-ignore
  it.each<[string, string, readonly ModelConfig[]]>([
    ['no models', 'model_config_list {}', []],
    ['a colon before a brace', 'model_config_list: { config: { name: "m" base_path: "/m" } }', [model()]],
    ['angle brackets', 'model_config_list < config < name: "m" base_path: "/m" > >', [model()]],
    ['a list of messages', 'model_config_list { config [{ name: "m" base_path: "/m" }, <name: "n" base_path: "/m">] }', [model(), model({ name: 'n' })]],
    ['an empty list', 'model_config_list { config: [] }', []],
    ['no spaces', 'model_config_list{config{name:"m"base_path:"/m"}}', [model()]],
    ['commas and semicolons', 'model_config_list { config { name: "m", base_path: "/m"; }, };', [model()]],
    ['comments', '# a {\nmodel_config_list { # b }\nconfig { name: "m" # c\n base_path: "/m" } }#', [model()]],
    ['CRLF', 'model_config_list {\r\n# x\r\nconfig {\r\nname: "m"\r\nbase_path: "/m" } }\r\n', [model()]],
    ['single quotes', `model_config_list { config { name: 'm' base_path: '/"m"' } }`, [model({ basePath: '/"m"' })]],
    ['strings in parts', `model_config_list { config { name: "m" base_path: "/a" '/b'\n"/c" } }`, [model({ basePath: '/a/b/c' })]],
    ['escapes', String.raw`model_config_list { config { name: "m" base_path: "\"\\\'\n\t\x41\101\u00e9\U0001F600\303\251" } }`, [model({ basePath: '"\\\'\n\tAAé😀é' })]],
    ['a # in a string', 'model_config_list { config { name: "m" base_path: "/#m" } }', [model({ basePath: '/#m' })]],
    ['a name from Object.prototype', 'model_config_list { config { name: "__proto__" base_path: "/m" } }', [model({ name: '__proto__' })]],
    ['latest', withFields('model_version_policy { latest { num_versions: 3 } }'), [model({ policy: { kind: 'latest', count: 3 } })]],
    ['latest without a number', withFields('model_version_policy: { latest: {} }'), [model()]],
    ['all', withFields('model_version_policy { all {} }'), [model({ policy: { kind: 'all' } })]],
    ['specific as a list', withFields('model_version_policy { specific { versions: [1, 0x10, 010] } }'), [model({ policy: { kind: 'specific', versions: [1, 16, 8] } })]],
    ['an empty policy', withFields('model_version_policy {}'), [model()]],
    ['labels in any order', withFields('version_labels { value: 1 key: "a" } version_labels: { key: "b", value: 2 }'), [model(twoLabels)]],
    ['labels as a list', withFields('version_labels [{ key: "a" value: 1 }, { key: "b" value: 2 }]'), [model(twoLabels)]],
    ['a label twice: the last counts', withFields('version_labels { key: "a" value: 9 } version_labels { key: "a" value: 1 } version_labels { key: "b" value: 2 }'), [model(twoLabels)]],
    ['what Signet leaves alone', withFields('model_type: TENSORFLOW logging_config { sampling_config { sampling_rate: 0.5 } }'), [model()]],
    ['an enum by its number', withFields('model_type: 1'), [model()]],
  ])('reads %s', (_, text, expected) => {
    expect(parseModelConfigFile(text)).toEqual(expected);
  }); // prettier-ignore

  it.each<[string, string, string]>([
    ['an empty file', '', 'f: model_config_list is missing.'],
    ['a custom source', 'custom_model_config {}', 'f: custom_model_config is not supported.'],
    ['both sources', 'model_config_list {} custom_model_config {}', 'f:1:22: "custom_model_config", or another of model_config_list, custom_model_config, stands there already, and only once is allowed.'],
    ['an unknown field', 'model_config_list {\n  config { nmae: "m" } }', 'f:2:12: ModelConfig has no field "nmae". It has: name, base_path, model_type, model_platform, model_version_policy, version_labels, logging_config.'],
    ['no brace at the end', 'model_config_list { config {', 'f:1:29: expected a field\'s name or }. Received: the end of the file.'],
    ['a brace too many', 'model_config_list { } }', 'f:1:23: expected a field\'s name. Received: }.'],
    ['the wrong bracket', 'model_config_list { config < } }', 'f:1:30: expected a field\'s name or >. Received: }.'],
    ['no colon', withFields('model_platform "tensorflow"'), 'f:1:71: expected : after "model_platform". Received: "tensorflow".'],
    ['text without quotes', 'model_config_list { config { name: m } }', 'f:1:36: expected text in quotes for "name". Received: m.'],
    ['quotes that do not end', 'model_config_list { config { name: "m } }\n}', 'f:1:36: "\\"" is not expected here.'],
    ['an unknown escape', String.raw`model_config_list { config { name: "\q" } }`, String.raw`f:1:36: \q is no escape.`],
    ['a character beyond Unicode', String.raw`model_config_list { config { name: "\UFFFFFFFF" } }`, String.raw`f:1:36: \UFFFFFFFF is no escape.`],
    ['a field twice', 'model_config_list { config { name: "m" name: "n" } }', 'f:1:40: "name" stands there already, and only once is allowed.'],
    ['two policies', withFields('model_version_policy { all {} latest {} }'), 'f:1:86: "latest", or another of latest, all, specific, stands there already, and only once is allowed.'],
    ['a fraction', withFields('version_labels { key: "a" value: 1.5 }'), 'f:1:89: expected a whole number for "value". Received: 1.5.'],
    ['a number beyond int64', withFields('version_labels { key: "a" value: 9223372036854775808 }'), 'f:1:89: expected a number of int64 for "value". Received: 9223372036854775808.'],
    ['a number beyond 2^53', withFields('version_labels { key: "a" value: 9223372036854775807 }'), 'f: the model "m" has a version 9223372036854775807. Expected: 0 to 2^53 - 1.'],
    ['a negative number of versions', withFields('model_version_policy { latest { num_versions: -1 } }'), 'f:1:102: expected a number of uint32 for "num_versions". Received: -1.'],
    ['a negative version', withFields('model_version_policy { specific { versions: -1 } }'), 'f: the model "m" has a version -1. Expected: 0 to 2^53 - 1.'],
    ['no specific version', withFields('model_version_policy { specific {} }'), 'f: the model "m" has a policy "specific" without versions.'],
    ['another platform', withFields('model_platform: "pytorch"'), 'f: the model "m" is of platform "pytorch". Expected: "tensorflow".'],
    ['no name', 'model_config_list { config { base_path: "/m" } }', 'f: a model has no name.'],
    ['no base path', 'model_config_list { config { name: "m" } }', 'f: the model "m" has no base_path.'],
    ['a name twice', 'model_config_list { config [{ name: "m" base_path: "/a" }, { name: "m" base_path: "/b" }] }', 'f: two models are called "m".'],
    ['a list that does not end', 'model_config_list { config [{}', 'f:1:31: expected , or ]. Received: the end of the file.'],
    ['a list where none may be', 'model_config_list { config { name: ["m"] } }', 'f:1:36: expected text in quotes for "name". Received: [.'],
    ['an unknown enum', withFields('model_type: TORCH'), 'f:1:68: expected one of MODEL_TYPE_UNSPECIFIED, TENSORFLOW, OTHER for "model_type". Received: TORCH.'],
    ['an extension', 'model_config_list { [a.b] {} }', 'f:1:21: expected a field\'s name or }. Received: [.'],
    ['another sign', 'model_config_list = {}', 'f:1:19: "=" is not expected here.'],
    ['JSON', '{ "modelConfigList": {} }', 'f:1:1: expected a field\'s name. Received: {.'],
  ])('refuses %s, and says where', (_, text, message) => {
    expect(() => parseModelConfigFile(text, 'f')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }) as Error);
  }); // prettier-ignore

  it('tells of a file that is not there', async () => {
    await expect(readModelConfigFile('/nowhere')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('/nowhere cannot be read: ENOENT') as string,
    });
  });

  it('reads a long text, and refuses a deep one, in no time', () => {
    const config = 'config { name: "m%" base_path: "/m" }\n';
    const text = Array.from({ length: 20_000 }, (_, i) => config.replace('%', String(i))).join('');
    expect(parseModelConfigFile(`model_config_list {${text}}`)).toHaveLength(20_000);
    const deep = withFields('logging_config {'.repeat(100_000));
    expect(() => parseModelConfigFile(deep)).toThrow('has no field');
  });
});
