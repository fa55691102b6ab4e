/** What every report carries: the library, the script and the style, read once, with the hashes that let them run. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Assets {
  script: string;
  style: string;
  /** For the Content-Security-Policy: only these two texts count as code. */
  scriptHash: string;
  styleHash: string;
}

let read: Promise<Assets> | undefined;

export function assets(): Promise<Assets> {
  read ??= readAll();
  return read;
}

async function readAll(): Promise<Assets> {
  const uplot = dirname(fileURLToPath(import.meta.resolve('uplot/package.json')));
  const text = (...path: string[]) => readFile(join(...path), 'utf8');
  const [license, library, sheet, own, client] = await Promise.all([
    text(uplot, 'LICENSE'),
    text(uplot, 'dist', 'uPlot.iife.min.js'),
    text(uplot, 'dist', 'uPlot.min.css'),
    text(import.meta.dirname, 'style.css'),
    text(import.meta.dirname, 'client', 'charts.js'),
  ]);
  const script = `/* uPlot\n${license}*/\n${library}\n${client}`;
  const style = `${sheet}\n${own}`;
  // Either would end its element; neither has a use for it.
  for (const asset of [script, style]) {
    if (/<\/(script|style)|<!--/i.test(asset))
      throw new RangeError('expected a script and a style without </script, </style and <!--');
  }
  return { script, style, scriptHash: hashOf(script), styleHash: hashOf(style) };
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
