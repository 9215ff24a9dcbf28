import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Whether a file imports `src/tensorflow/tf.ts` or TensorFlow.js, directly or indirectly. */
export function loadsTensorFlow(file: string, seen = new Set<string>()): boolean {
  if (seen.has(file) || !file.endsWith('.ts') || !existsSync(file)) return false;
  seen.add(file);
  return importsOf(file).some((specifier) => {
    if (!specifier.startsWith('.')) return specifier.startsWith('@tensorflow/');
    // A JavaScript file, which requires TensorFlow.js.
    if (specifier.endsWith('/tfjs.js')) return true;
    const imported = path.resolve(path.dirname(file), specifier.replace(/\.js$/, '.ts'));
    return loadsTensorFlow(imported, seen);
  });
}

/** Specifiers of the imports that remain when types are gone, dynamic ones too. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const statics = text.matchAll(/^(?:import|export)(?! type\b)[^;=']*'([^']+)'/gm);
  const dynamics = text.matchAll(/\bimport\('([^']+)'\)/g);
  return Array.from([...statics, ...dynamics], ([, specifier = '']) => specifier);
}
