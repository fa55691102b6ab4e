import type { Stack } from '../../model/stack.ts';

const ANSWER_MS = 40_000;

export interface Answer {
  status: number;
  body: string;
}

export async function ask(stack: Stack, process: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${stack.baseUrl(process)}${path}`, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
  return { status: response.status, body: await response.text() };
}
