import { describe, expect, it } from 'vitest';

import { pipDownloadArguments } from '../../src/set-up/wheel.js';
import { libraryRecipe } from '../../src/set-up/wheel-table.js';

describe('the wheel table', () => {
  it.each([
    ['linux', 'x64', false, 'tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl', 'libtensorflow_cc.so.2'],
    ['linux', 'x64', true, 'tensorflow-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl', 'libtensorflow_cc.so.2'],
    ['linux', 'arm64', false, 'tensorflow-2.21.0-cp312-cp312-manylinux_2_27_aarch64.whl', 'libtensorflow_cc.so.2'],
    ['darwin', 'arm64', false, 'tensorflow-2.21.0-cp312-cp312-macosx_12_0_arm64.whl', 'libtensorflow_cc.2.dylib'],
  ] as const)('knows the wheel for %s %s, gpu %s', (platform, arch, gpu, file, library) => {
    const recipe = libraryRecipe({ platform, arch }, gpu);
    expect(recipe.wheels[0].file).toBe(file);
    expect(recipe.libraries).toContain(library);
    for (const target of Object.values(recipe.aliases)) expect(recipe.libraries).toContain(target);
    for (const wheel of recipe.wheels) expect(wheel.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['linux', 'arm64', true],
    ['darwin', 'arm64', true],
    ['darwin', 'x64', false],
    ['win32', 'x64', false],
    ['linux', 'ppc64', false],
  ] as const)('says which systems there are when asked for %s %s, gpu %s', (platform, arch, gpu) => {
    expect(() => libraryRecipe({ platform, arch }, gpu)).toThrow(
      `TensorFlow 2.21.0 is published for linux-x64-cpu, linux-x64-gpu, linux-arm64-cpu, darwin-arm64-cpu. ` +
        `Received: ${platform}-${arch}-${gpu ? 'gpu' : 'cpu'}. On another system`,
    );
  });

  it("brings CUDA's libraries with the GPU's, each from its own wheel", () => {
    const { wheels } = libraryRecipe({ platform: 'linux', arch: 'x64' }, true);
    expect(wheels.map((wheel) => wheel.package)).toEqual([
      'tensorflow',
      ...['cublas', 'cuda-cupti', 'cuda-nvcc', 'cuda-nvrtc', 'cuda-runtime', 'cudnn'].map((n) => `nvidia-${n}-cu12`),
      ...['cufft', 'curand', 'cusolver', 'cusparse', 'nccl', 'nvjitlink'].map((name) => `nvidia-${name}-cu12`),
    ]);
    expect(new Set(wheels.map((wheel) => wheel.sha256)).size).toBe(wheels.length);
  });

  it('asks pip for one wheel, whatever Python runs it', () => {
    const { wheels } = libraryRecipe({ platform: 'linux', arch: 'x64' }, false);
    expect(pipDownloadArguments(wheels[0]).join(' ')).toBe(
      'download --no-deps --only-binary=:all: --python-version 3.12 --platform manylinux_2_27_x86_64 tensorflow-cpu==2.21.0',
    );
  });
});
