import type { Stack } from '../model/stack.ts';

/** Names of the processes that the traffic may send its calls to. */
export function targetsOf(stack: Stack): string[] {
  const names = stack.processes.filter((process) => process.servesTraffic).map((process) => process.name);
  if (names.length === 0) throw new RangeError(`no process of ${stack.service.name} serves traffic`);
  return names;
}

/** The address of the first of them, as it is now. */
export function baseUrlOf(stack: Stack): string {
  return stack.baseUrl(targetsOf(stack)[0] as string);
}
