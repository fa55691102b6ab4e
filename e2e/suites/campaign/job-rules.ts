import { validate } from 'kubernetes-models/_schemas/IoK8sApiBatchV1Job';
import type { IJob } from 'kubernetes-models/batch/v1';
import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { EXIT } from '../../model/errors.ts';
import { unknownFields } from './unknown-fields.ts';

/** The container that runs walproof, and the sidecar with its Docker engine. */
export const WALPROOF = 'walproof';
const ENGINE = 'engine';
const USER_ID = 1000;

/** What is wrong with the manifest of a campaign, in words; nothing when it is sound. */
export function complaintsOf(manifest: unknown): string[] {
  const unfit = schemaComplaints(manifest);
  // The rules below rely on the shape.
  if (unfit.length > 0) return unfit;
  const job = manifest as IJob;
  return [...unknownFields(manifest, validate).map((path) => `Kubernetes knows no field ${path}`), ...rulesOf(job)];
}

function schemaComplaints(manifest: unknown): string[] {
  if (validate(manifest)) return [];
  const { errors = [] } = validate as { errors?: Array<{ instancePath: string; keyword: string; params: unknown }> };
  return errors.map(({ instancePath, keyword, params }) => `${instancePath} ${keyword} ${JSON.stringify(params)}`);
}

function rulesOf(job: IJob): string[] {
  const pod = job.spec?.template.spec;
  const walproof = pod?.containers.find(({ name }) => name === WALPROOF);
  if (pod === undefined || walproof === undefined) return [`no container is named ${WALPROOF}`];
  const held: ReadonlyArray<readonly [broken: boolean, complaint: string]> = [
    ...jobRules(job, pod),
    ...verdictRules(job),
    ...containerRules(walproof),
    ...volumeRules(pod),
    ...engineRules(pod, walproof),
  ];
  return held.filter(([broken]) => broken).map(([, complaint]) => complaint);
}

type Rules = ReadonlyArray<readonly [broken: boolean, complaint: string]>;

/** What the API server refuses though the schema allows it, and what keeps a campaign from going on for ever. */
function jobRules({ spec }: IJob, pod: IPodSpec): Rules {
  const { completions = 0, parallelism = 0, maxFailedIndexes } = spec ?? {};
  return [
    [spec?.completionMode !== 'Indexed', 'a slice has no number: completionMode is not Indexed'],
    [pod.restartPolicy !== 'Never', 'restartPolicy is not Never, so no failure policy applies'],
    [!(completions > 0 && parallelism > 0 && parallelism <= completions), 'completions and parallelism do not fit'],
    [spec?.backoffLimitPerIndex == null, 'one slice that is tried again uses up the tries of the others'],
    [!(maxFailedIndexes != null && maxFailedIndexes < completions), 'findings without end do not end the campaign'],
    [spec?.ttlSecondsAfterFinished == null, 'a finished campaign is never cleared away'],
    [pod.activeDeadlineSeconds == null, 'a pod that hangs is never ended'],
    [pod.automountServiceAccountToken !== false, 'the pod holds a token of the cluster'],
  ];
}

/** A verdict is counted and never tried again; wrong usage ends the campaign; what said nothing is begun again. */
function verdictRules({ spec }: IJob): Rules {
  const rules = spec?.podFailurePolicy?.rules ?? [];
  const onExit = (action: string) =>
    rules
      .filter((rule) => rule.action === action && rule.onExitCodes?.containerName === WALPROOF)
      .filter((rule) => rule.onExitCodes?.operator === 'In')
      .flatMap((rule) => rule.onExitCodes?.values ?? []);
  const counted = String([EXIT.fail, EXIT.unknown]);
  return [
    [String(onExit('FailIndex')) !== counted, `the exit codes of a verdict, ${counted}, are not counted as they are`],
    [String(onExit('FailJob')) !== String(EXIT.usage), `wrong usage, exit ${EXIT.usage}, does not end the campaign`],
    [
      rules[0]?.action !== 'Ignore' || rules[0].onPodConditions?.[0]?.type !== 'DisruptionTarget',
      'a pod that lost its node counts as a failure',
    ],
  ];
}

function containerRules({ securityContext, resources, env = [] }: IContainer): Rules {
  const security = securityContext ?? {};
  const folder = (name: string) => env.find((each) => each.name === name)?.value;
  return [
    [security.privileged === true, 'walproof is privileged'],
    [security.runAsUser !== USER_ID || security.runAsGroup !== USER_ID, `walproof does not run as ${USER_ID}`],
    [security.runAsNonRoot !== true, 'walproof may run as root'],
    [security.readOnlyRootFilesystem !== true, 'walproof may write into its image'],
    [security.allowPrivilegeEscalation !== false, 'walproof may gain privileges'],
    [String(security.capabilities?.drop) !== 'ALL' || security.capabilities?.add != null, 'walproof has capabilities'],
    [security.seccompProfile?.type !== 'RuntimeDefault', 'walproof may make every system call'],
    [resources?.requests?.['cpu'] === undefined, 'walproof asks for no CPU'],
    [resources?.limits?.['memory'] === undefined, 'walproof has no limit of memory'],
    [folder('TMPDIR') === undefined || folder('RESULTS') === undefined, 'walproof has no folder to write to'],
  ];
}

function volumeRules({ volumes = [], containers, initContainers = [], ...pod }: IPodSpec): Rules {
  const every = [...containers, ...initContainers];
  const names = new Set(volumes.map(({ name }) => name));
  const mounts = every.flatMap(({ volumeMounts = [] }) => volumeMounts);
  const written = ['TMPDIR', 'RESULTS'].map((name) => containers[0]?.env?.find((each) => each.name === name)?.value);
  return [
    [volumes.some((volume) => volume.hostPath != null), "a folder of the node's is mounted"],
    [JSON.stringify([every, volumes]).includes('docker.sock'), "the node's Docker socket is named"],
    [
      pod.hostNetwork === true || pod.hostPID === true || pod.hostIPC === true,
      'the pod shares a namespace of the node',
    ],
    [volumes.some(({ emptyDir }) => emptyDir?.medium === 'Memory'), 'data in memory: a sync costs nothing there'],
    [mounts.some(({ name }) => !names.has(name)), 'a mount has no volume'],
    [
      written.some((path) => !containers[0]?.volumeMounts?.some(({ mountPath }) => mountPath === path)),
      'a folder that is written to is no volume',
    ],
  ];
}

/** With the docker engine there is one sidecar; without, nothing beside walproof and nothing with privileges. */
function engineRules({ containers, initContainers = [] }: IPodSpec, walproof: IContainer): Rules {
  const host = walproof.env?.find(({ name }) => name === 'DOCKER_HOST')?.value;
  if (!walproof.args?.join('\n').includes('--engine docker')) {
    return [
      [containers.length + initContainers.length !== 1, 'the process engine needs nothing beside walproof'],
      [host !== undefined, 'the process engine needs no Docker engine'],
    ];
  }
  const [engine] = initContainers;
  const probe = engine?.startupProbe?.exec?.command ?? [];
  const sharesSocket = [engine, walproof].every((each) =>
    each?.volumeMounts?.some(({ mountPath }) => host?.startsWith(`unix://${mountPath}/`)),
  );
  return [
    [initContainers.length !== 1 || engine?.name !== ENGINE, 'there is no engine, or more than one'],
    [engine?.restartPolicy !== 'Always', 'the engine is no sidecar: walproof would wait for its end'],
    [!engine?.args?.includes(`--host=${host}`), 'the engine does not listen where walproof looks'],
    [engine?.args?.[0] !== 'dockerd' || /tcp:/.test(String(engine.args)), 'the engine listens on the network'],
    [!engine?.args?.includes(`--group=${USER_ID}`), 'walproof may not open the socket'],
    [!sharesSocket, 'the socket lies in no volume of both'],
    [!probe.includes(`--host=${host}`), 'walproof starts before the engine answers'],
    [!engine?.volumeMounts?.some(({ mountPath }) => mountPath === '/var/lib/docker'), 'images lie on an overlay'],
    [engine?.resources?.limits?.['memory'] === undefined, 'the engine has no limit of memory'],
  ];
}
