import { ownerOf } from './owner.ts';

/** Everything the docker engine makes carries `walproof`; it is found and removed by label, never by name. */
export const LABEL = {
  mark: 'walproof',
  run: 'walproof.run',
  stack: 'walproof.stack',
  service: 'walproof.service',
  process: 'walproof.process',
  owner: 'walproof.owner',
} as const;

export type Labels = Record<string, string>;

/** Value of the label `walproof` on the images built here. */
export const IMAGE_MARK = 'image';

export function stackLabels(stack: { runId: string; stackId: string; service: string }): Labels {
  return {
    [LABEL.mark]: 'true',
    [LABEL.run]: stack.runId,
    [LABEL.stack]: stack.stackId,
    [LABEL.service]: stack.service,
    [LABEL.owner]: ownerOf(process.pid),
  };
}

/** A filter for the daemon's list calls: `walproof` alone, or one label with its value. */
export function withLabel(name: string, value?: string): { label: string[] } {
  return { label: [value === undefined ? name : `${name}=${value}`] };
}
