/**
 * Claim:  the kept manifests spread a campaign over a cluster as e2e/GUIDE.md says: Kubernetes takes them, every seed is tried by one
 *         pod, a verdict is counted and never tried again, and walproof runs without privileges and away from the node.
 * Method: the schema of Kubernetes and rules of our own; the pods' command by a real shell with a stand-in for walproof; what
 *         that was called with by the real walproof. Each rule is broken once, in memory.
 * Red as: the words of the rule that is broken. Not claimed: that a cluster ran it, or that the images are there.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IJob } from 'kubernetes-models/batch/v1';
import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { complaintsOf, WALPROOF } from './campaign/job-rules.ts';
import { runSlice } from './campaign/slice.ts';
import { walproof } from './command.ts';

const CAMPAIGN = join(PROJECT_ROOT, 'e2e/campaign');
const MANIFESTS = ['process-job.yaml', 'docker-job.yaml'];
/** It gets through the parser and is refused before anything starts. */
const NO_MODULE = ['--db-module', 'nanoclaw=/nowhere/db.ts'];

const read = (file: string) => parse(readFileSync(join(CAMPAIGN, file), 'utf8')) as IJob;
const readGuide = () => readFileSync(join(PROJECT_ROOT, 'e2e/GUIDE.md'), 'utf8');

/** Parts that a test changes; a manifest without them is not worth changing. */
function partsOf(job: IJob) {
  const { spec } = job;
  const pod = spec?.template.spec as IPodSpec;
  const container = pod.containers.find(({ name }) => name === WALPROOF) as IContainer;
  return { spec: spec as NonNullable<IJob['spec']>, pod, container, engine: pod.initContainers?.[0] as IContainer };
}

const containerOf = (file: string) => partsOf(read(file)).container;
const numberIn = ({ env = [] }: IContainer, name: string) => Number(env.find((each) => each.name === name)?.value);

describe.each(MANIFESTS)('%s', (file) => {
  test('is taken by the schema and keeps the rules', () => {
    expect(complaintsOf(read(file))).toEqual([]);
  });

  test('its slices are neighbours: no seed is tried twice and none is left out', () => {
    const container = containerOf(file);
    const runs = numberIn(container, 'RUNS_PER_POD');
    const seeds = [0, 1, 2, 79].map((index) => {
      const { called } = runSlice(container, index);
      expect(called[called.indexOf('--runs') + 1]).toBe(String(runs));
      return Number(called[called.indexOf('--seed') + 1]);
    });
    const first = numberIn(container, 'FIRST_SEED');
    expect(seeds).toEqual([first, first + runs, first + 2 * runs, first + 79 * runs]);
  });

  test.each([0, 1, 2, 64, 69, 137])(
    'exit %d of walproof is that of the pod, and the log ends with one document',
    (code) => {
      const { exitCode, log } = runSlice(containerOf(file), 3, code);
      expect(exitCode).toBe(code);
      expect(log.split('\n')).toHaveLength(2);
      expect(JSON.parse(log)).toEqual({ verdict: 'pass', text: 'a\nb' });
    },
  );

  test('without a number the slice does not begin', () => {
    const { exitCode, called } = runSlice(containerOf(file), null);
    expect(exitCode).not.toBe(0);
    expect(called).toEqual([]);
  });

  test('the real walproof takes what it is called with', async () => {
    const { called } = runSlice(containerOf(file), 0);
    const [program, ...args] = called;
    expect(program).toBe('e2e/walproof.mjs');
    const { exitCode, stdout } = await walproof(...args, ...NO_MODULE);
    expect(exitCode).toBe(64);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'DB_MODULE_MISSING' } });
  });
});

test('an option that walproof does not have is found', async () => {
  const container = containerOf('process-job.yaml');
  container.args = container.args?.map((text) => text.replace('--seed', '--first-seed')) ?? [];
  const { called } = runSlice(container, 0);
  const { exitCode, stderr } = await walproof(...called.slice(1), ...NO_MODULE);
  expect(stderr).toContain("unknown option '--first-seed'");
  expect(exitCode).toBe(64);
});

type Break = (parts: ReturnType<typeof partsOf>) => void;

const BROKEN: ReadonlyArray<readonly [complaint: RegExp, breakIt: Break]> = [
  [/"allowedValues":\["Indexed","NonIndexed"\]/, ({ spec }) => Object.assign(spec, { completionMode: 'indexed' })],
  [/\/spec\/completions type/, ({ spec }) => Object.assign(spec, { completions: '200' })],
  [/missingProperty":"template"/, ({ spec }) => Reflect.deleteProperty(spec, 'template')],
  [/knows no field \/spec\/backoffLimitPerindex/, ({ spec }) => Object.assign(spec, { backoffLimitPerindex: 2 })],
  [
    /knows no field .*\/securityContext\/readonlyRootFilesystem/,
    ({ container }) => {
      Object.assign(container.securityContext ?? {}, { readonlyRootFilesystem: true });
    },
  ],
  [/a slice has no number/, ({ spec }) => Object.assign(spec, { completionMode: 'NonIndexed' })],
  [/no failure policy applies/, ({ pod }) => Object.assign(pod, { restartPolicy: 'OnFailure' })],
  [/completions and parallelism/, ({ spec }) => Object.assign(spec, { parallelism: 0 })],
  [/uses up the tries/, ({ spec }) => Reflect.deleteProperty(spec, 'backoffLimitPerIndex')],
  [/do not end the campaign/, ({ spec }) => Object.assign(spec, { maxFailedIndexes: spec.completions })],
  [/never cleared away/, ({ spec }) => Reflect.deleteProperty(spec, 'ttlSecondsAfterFinished')],
  [/never ended/, ({ pod }) => Reflect.deleteProperty(pod, 'activeDeadlineSeconds')],
  [/holds a token/, ({ pod }) => Reflect.deleteProperty(pod, 'automountServiceAccountToken')],
  [/exit codes of a verdict, 1,2/, ({ spec }) => spec.podFailurePolicy?.rules.splice(1, 1)],
  [/exit codes of a verdict, 1,2/, ({ spec }) => spec.podFailurePolicy?.rules[1]?.onExitCodes?.values.push(69)],
  [
    /exit codes of a verdict, 1,2/,
    ({ spec }) => Object.assign(spec.podFailurePolicy?.rules[1]?.onExitCodes ?? {}, { containerName: 'x' }),
  ],
  [/wrong usage, exit 64/, ({ spec }) => spec.podFailurePolicy?.rules.pop()],
  [/lost its node/, ({ spec }) => spec.podFailurePolicy?.rules.shift()],
  [/is privileged/, ({ container }) => Object.assign(container.securityContext ?? {}, { privileged: true })],
  [/does not run as 1000/, ({ container }) => Object.assign(container.securityContext ?? {}, { runAsUser: 0 })],
  [/may run as root/, ({ container }) => Reflect.deleteProperty(container.securityContext ?? {}, 'runAsNonRoot')],
  [
    /write into its image/,
    ({ container }) => Reflect.deleteProperty(container.securityContext ?? {}, 'readOnlyRootFilesystem'),
  ],
  [
    /may gain privileges/,
    ({ container }) => Reflect.deleteProperty(container.securityContext ?? {}, 'allowPrivilegeEscalation'),
  ],
  [
    /has capabilities/,
    ({ container }) => Object.assign(container.securityContext?.capabilities ?? {}, { add: ['SYS_ADMIN'] }),
  ],
  [/every system call/, ({ container }) => Reflect.deleteProperty(container.securityContext ?? {}, 'seccompProfile')],
  [/asks for no CPU/, ({ container }) => Reflect.deleteProperty(container.resources?.requests ?? {}, 'cpu')],
  [/walproof has no limit of memory/, ({ container }) => Reflect.deleteProperty(container.resources ?? {}, 'limits')],
  [
    /no folder to write to/,
    ({ container }) => Object.assign(container, { env: container.env?.filter(({ name }) => name !== 'TMPDIR') }),
  ],
  [/folder of the node's/, ({ pod }) => pod.volumes?.push({ name: 'node', hostPath: { path: '/var/run' } })],
  [
    /Docker socket is named/,
    ({ container }) => container.volumeMounts?.push({ name: 'data', mountPath: '/var/run/docker.sock' }),
  ],
  [/namespace of the node/, ({ pod }) => Object.assign(pod, { hostPID: true })],
  [/data in memory/, ({ pod }) => Object.assign(pod.volumes?.[0] ?? {}, { emptyDir: { medium: 'Memory' } })],
  [/mount has no volume/, ({ pod }) => pod.volumes?.shift()],
  [/written to is no volume/, ({ container }) => container.volumeMounts?.shift()],
  [/no container is named/, ({ container }) => Object.assign(container, { name: 'main' })],
];

const BROKEN_WITHOUT_ENGINE: typeof BROKEN = [
  [/nothing beside walproof/, ({ pod }) => pod.containers.push({ name: 'proxy', image: 'proxy:1' })],
  [
    /needs no Docker engine/,
    ({ container }) => container.env?.push({ name: 'DOCKER_HOST', value: 'tcp://elsewhere:2375' }),
  ],
];

const BROKEN_ENGINE: typeof BROKEN = [
  [/no engine, or more/, ({ pod }) => Reflect.deleteProperty(pod, 'initContainers')],
  [/is no sidecar/, ({ engine }) => Reflect.deleteProperty(engine, 'restartPolicy')],
  [
    /does not listen where/,
    ({ container }) => Object.assign(container.env?.at(-1) ?? {}, { value: 'unix:///engine/other.sock' }),
  ],
  [/on the network/, ({ engine }) => engine.args?.push('--host=tcp://0.0.0.0:2375')],
  [/on the network/, ({ engine }) => engine.args?.shift()],
  [/may not open the socket/, ({ engine }) => engine.args?.pop()],
  [/in no volume of both/, ({ engine }) => engine.volumeMounts?.pop()],
  [/before the engine answers/, ({ engine }) => Reflect.deleteProperty(engine, 'startupProbe')],
  [/lie on an overlay/, ({ engine }) => engine.volumeMounts?.shift()],
  [/engine has no limit/, ({ engine }) => Reflect.deleteProperty(engine, 'resources')],
];

describe.each([
  { file: 'process-job.yaml', broken: [...BROKEN, ...BROKEN_WITHOUT_ENGINE] },
  { file: 'docker-job.yaml', broken: [...BROKEN, ...BROKEN_ENGINE] },
])('$file, broken', ({ file, broken }) => {
  test.each(broken.map(([complaint, breakIt], index) => ({ complaint, breakIt, index })))(
    '$index: $complaint',
    ({ complaint, breakIt }) => {
      const job = read(file);
      breakIt(partsOf(job));
      expect(complaintsOf(job).join('\n')).toMatch(complaint);
    },
  );
});

describe('the image of walproof', () => {
  const dockerfile = readFileSync(join(CAMPAIGN, 'Dockerfile'), 'utf8');

  test('runs as the user that the manifests name, from the lock file, in the folder that their command needs', () => {
    expect(dockerfile).toMatch(/^USER 1000:1000$/m);
    expect(dockerfile).toMatch(/^RUN npm ci --omit=dev --ignore-scripts$/m);
    expect(dockerfile.lastIndexOf('WORKDIR /app')).toBeLessThan(dockerfile.indexOf('COPY e2e e2e'));
  });

  test('every workspace that the lock file covers is copied', () => {
    const { workspaces } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as {
      workspaces: string[];
    };
    for (const folder of workspaces) expect(dockerfile).toContain(`COPY ${folder}/package.json ${folder}/\n`);
  });
});

describe('the guide', () => {
  const section =
    readGuide()
      .split('\n## ')
      .find((part) => part.startsWith('A campaign over many machines')) ?? '';

  test('names the files that are kept', () => {
    for (const file of [...MANIFESTS, 'Dockerfile']) expect(section).toContain(`e2e/campaign/${file}`);
  });

  test('its walproof commands are taken by walproof', async () => {
    const commands = [...section.matchAll(/^npx walproof (verify|soak) (.*)$/gm)];
    expect(commands.length).toBeGreaterThan(0);
    for (const [, command = '', options = ''] of commands) {
      const args = options.replace(/ +#.*/, '').replace(/\bN\b/, '7').split(' ');
      const { exitCode, stderr } = await walproof(command, ...args, ...NO_MODULE);
      expect([exitCode, stderr]).toEqual([64, expect.stringContaining('[DB_MODULE_MISSING]')]);
    }
  });

  test('the jobs that its commands ask for are those of the manifests', () => {
    const names = [...section.matchAll(/(?:job-name=|get job )(\S+)/g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(MANIFESTS.map((file) => read(file).metadata?.name)).toContain(name);
  });
});
