import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { SignetError } from '../../../src/errors.js';
import { parseModelConfigFile, readModelConfigFile } from '../../../src/serving/store/model-config-file.js';
import type { ModelConfig } from '../../../src/serving/store/model-config.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const model = (more: Partial<ModelConfig> = {}): ModelConfig => ({
  ...{ name: 'm', basePath: '/m', policy: { kind: 'latest', count: 1 }, labels: new Map() },
  ...more,
});
/** The text of a file with one model that has these further fields. */
const withFields = (fields: string) => `model_config_list { config { name: "m" base_path: "/m" ${fields} } }`;

/** The message with which a text is refused. */
function refusal(text: string): string {
  try {
    parseModelConfigFile(text, 'f');
  } catch (error) {
    if (error instanceof SignetError && error.code === 'INVALID_ARGUMENT') return error.message;
    throw error;
  }
  return 'it was accepted';
}

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

  // prettier-ignore
  const refused: readonly (readonly [what: string, text: string])[] = [
    ['an empty file', ''],
    ['a custom source', 'custom_model_config {}'],
    ['both sources', 'model_config_list {} custom_model_config {}'],
    ['an unknown field', 'model_config_list {\n  config { nmae: "m" } }'],
    ['no brace at the end', 'model_config_list { config {'],
    ['a brace too many', 'model_config_list { } }'],
    ['the wrong bracket', 'model_config_list { config < } }'],
    ['no colon', withFields('model_platform "tensorflow"')],
    ['text without quotes', 'model_config_list { config { name: m } }'],
    ['quotes that do not end', 'model_config_list { config { name: "m } }\n}'],
    ['an unknown escape', String.raw`model_config_list { config { name: "\q" } }`],
    ['a character beyond Unicode', String.raw`model_config_list { config { name: "\UFFFFFFFF" } }`],
    ['a field twice', 'model_config_list { config { name: "m" name: "n" } }'],
    ['two policies', withFields('model_version_policy { all {} latest {} }')],
    ['a fraction', withFields('version_labels { key: "a" value: 1.5 }')],
    ['a number beyond int64', withFields('version_labels { key: "a" value: 9223372036854775808 }')],
    ['a number beyond 2^53', withFields('version_labels { key: "a" value: 9223372036854775807 }')],
    ['a negative number of versions', withFields('model_version_policy { latest { num_versions: -1 } }')],
    ['a negative version', withFields('model_version_policy { specific { versions: -1 } }')],
    ['no specific version', withFields('model_version_policy { specific {} }')],
    ['another platform', withFields('model_platform: "pytorch"')],
    ['no name', 'model_config_list { config { base_path: "/m" } }'],
    ['no base path', 'model_config_list { config { name: "m" } }'],
    ['a name twice', 'model_config_list { config [{ name: "m" base_path: "/a" }, { name: "m" base_path: "/b" }] }'],
    ['a list that does not end', 'model_config_list { config [{}'],
    ['a list where none may be', 'model_config_list { config { name: ["m"] } }'],
    ['an unknown enum', withFields('model_type: TORCH')],
    ['an extension', 'model_config_list { [a.b] {} }'],
    ['another sign', 'model_config_list = {}'],
    ['JSON', '{ "modelConfigList": {} }'],
  ];

  it('says which field is wrong, and what was expected', () => {
    const messages = refused.map(([what, text]) => [what, refusal(text)]);
    expect(Object.fromEntries(messages)).toMatchInlineSnapshot(`
      {
        "JSON": "f is not a ModelServerConfig in protobuf's text format: expected a field name, got "{".",
        "a brace too many": "f is not a ModelServerConfig in protobuf's text format: expected a field name, got "}".",
        "a character beyond Unicode": "f is not a ModelServerConfig in protobuf's text format: invalid unicode escape \\UFFFFFFFF.",
        "a custom source": "f: custom_model_config is not supported.",
        "a field twice": "f is not a ModelServerConfig in protobuf's text format: non-repeated field "name" is repeated.",
        "a fraction": "f is not a ModelServerConfig in protobuf's text format: expected an integer, got "1.5".",
        "a list that does not end": "f is not a ModelServerConfig in protobuf's text format: expected "," or "]" in list, got end of input.",
        "a list where none may be": "f is not a ModelServerConfig in protobuf's text format: expected a string, got "[".",
        "a name twice": "f: two models are called "m".",
        "a negative number of versions": "f is not a ModelServerConfig in protobuf's text format: an unsigned field does not accept a negative value.",
        "a negative version": "f: the model "m" has a version -1. Expected: 0 to 2^53 - 1.",
        "a number beyond 2^53": "f: the model "m" has a version 9223372036854775807. Expected: 0 to 2^53 - 1.",
        "a number beyond int64": "f is not a ModelServerConfig in protobuf's text format: cannot decode field tensorflow.serving.ModelConfig.version_labels from text format: map entry "a": expected bigint (int64): 9223372036854775808 out of range.",
        "an empty file": "f: model_config_list is missing.",
        "an extension": "f is not a ModelServerConfig in protobuf's text format: unknown extension "[a.b]" for message tensorflow.serving.ModelConfigList.",
        "an unknown enum": "f is not a ModelServerConfig in protobuf's text format: unknown enum value "TORCH" for enum tensorflow.serving.ModelType.",
        "an unknown escape": "f is not a ModelServerConfig in protobuf's text format: invalid escape \\q.",
        "an unknown field": "f is not a ModelServerConfig in protobuf's text format: unknown field "nmae" for message tensorflow.serving.ModelConfig.",
        "another platform": "f: the model "m" is of platform "pytorch". Expected: "tensorflow".",
        "another sign": "f is not a ModelServerConfig in protobuf's text format: unexpected "=".",
        "both sources": "f is not a ModelServerConfig in protobuf's text format: oneof "config" is already set.",
        "no base path": "f: the model "m" has no base_path.",
        "no brace at the end": "f is not a ModelServerConfig in protobuf's text format: unexpected end of input, expected "}".",
        "no colon": "f is not a ModelServerConfig in protobuf's text format: expected ":" before value of field "model_platform".",
        "no name": "f: a model has no name.",
        "no specific version": "f: the model "m" has a policy "specific" without versions.",
        "quotes that do not end": "f is not a ModelServerConfig in protobuf's text format: invalid U+000A in string.",
        "text without quotes": "f is not a ModelServerConfig in protobuf's text format: expected a string, got "m".",
        "the wrong bracket": "f is not a ModelServerConfig in protobuf's text format: expected a field name, got "}".",
        "two policies": "f is not a ModelServerConfig in protobuf's text format: oneof "policy_choice" is already set.",
      }
    `);
  });

  it('reports a file that does not exist', async () => {
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
    expect(() => parseModelConfigFile(deep)).toThrow('unknown field');
  });
});
