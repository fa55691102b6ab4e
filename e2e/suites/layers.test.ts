/** Goal: imports point down only (design, layout). Method: read every import of every file below e2e/ and compare layers. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const E2E = fileURLToPath(new URL('../', import.meta.url));

/** What a layer may import beside itself. Files directly below e2e/ are the spine and may import all but suites. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  model: [],
  engine: ['model'],
  traffic: ['model'],
  faults: ['model'],
  observe: ['model'],
  check: ['model'],
  report: ['model', 'version.ts'],
  services: ['model', 'traffic'],
  inspect: ['model', 'engine', 'observe', 'check'],
  incident: ['model', 'engine', 'check', 'inspect', 'repro'],
  dashboard: ['model', 'traffic', 'observe', 'services'],
  scenarios: ['model', 'traffic', 'faults', 'observe', 'check', 'services'],
  mutants: ['model', 'engine', 'traffic', 'faults', 'observe', 'check', 'report', 'services', 'arm.ts', 'version.ts'],
  durability: ['model', 'engine', 'observe', 'report', 'mutants', 'version.ts'],
  // `..` is the services' own source: the limit is measured with their own functions.
  bench: ['model', 'engine', 'traffic', 'report', 'arm.ts', 'version.ts', '..'],
  repro: ['model', 'traffic', 'faults', 'observe', 'check', 'report', 'services', 'scenarios'],
  commands: [
    'model',
    'engine',
    'traffic',
    'faults',
    'observe',
    'check',
    'report',
    'services',
    'scenarios',
    'mutants',
    'durability',
    'bench',
    'repro',
    'inspect',
    'incident',
    'dashboard',
    'lab.ts',
    'run.ts',
    'progress.ts',
    'version.ts',
  ],
};

const files = readdirSync(E2E, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

function importsOf(file: string): string[] {
  const text = readFileSync(join(E2E, file), 'utf8');
  const named = [...text.matchAll(/(?:^|\n)\s*(?:import|export)[^'"\n;]*(?:\{[^}]*\}[^'"\n;]*)?from\s+'(\.[^']+)'/g)];
  const bare = [...text.matchAll(/import\(?\s*'(\.[^']+)'/g)];
  return [...named, ...bare].map((match) => relative(E2E, resolve(E2E, dirname(file), match[1] ?? '')));
}

const layerOf = (file: string): string => file.split('/')[0] ?? file;

describe('layers', () => {
  test('the reader of imports sees imports', () => {
    expect(importsOf('run.ts')).toContain('arms.ts');
    expect(importsOf('model/stack.ts')).toEqual([
      'model/actor.ts',
      'model/data-folder.ts',
      'model/service.ts',
      'model/data-folder.ts',
    ]);
  });

  test.each(Object.keys(MAY_IMPORT))('%s imports only what lies below it', (layer) => {
    const own = files.filter((file) => layerOf(file) === layer);
    expect(own.length).toBeGreaterThan(0);
    const allowed = new Set([layer, ...(MAY_IMPORT[layer] ?? [])]);
    const wrong = own.flatMap((file) =>
      importsOf(file)
        .filter((to) => !allowed.has(layerOf(to)))
        .map((to) => `${file} → ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  test('every folder below e2e/ has a layer', () => {
    const folders = new Set(files.filter((file) => file.includes('/')).map(layerOf));
    folders.delete('suites');
    expect([...folders].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  test('nothing but the suites imports the suites', () => {
    const wrong = files.filter(
      (file) => layerOf(file) !== 'suites' && importsOf(file).some((to) => layerOf(to) === 'suites'),
    );
    expect(wrong).toEqual([]);
  });

  test('no import goes round in a circle', () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      expect(path, `a circle through ${file}`).not.toContain(file);
      if (done.has(file)) return;
      for (const to of importsOf(file)) if (files.includes(to)) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });
});
