/** The seeded traffic as a program of its own, for as long as it is left running; `GET /counts` says what it counted. */
import { createServer } from 'node:http';
import { EXIT, messageOf } from '../model/errors.ts';
import type { ServiceUnderTest } from '../model/scenario.ts';
import type { Reachable } from '../model/stack.ts';
import { SERVICES } from '../services/index.ts';
import { CountingRecorder } from './counting-recorder.ts';
import { readTrafficSettings, type TrafficSettings } from './traffic-settings.ts';

/** Calls in flight may take this long to end after SIGTERM; what still waits for a lock is left. */
const FINISH_MS = 3_000;

function settingsOrExit(): TrafficSettings {
  try {
    return readTrafficSettings(process.env);
  } catch (error) {
    console.error(messageOf(error));
    process.exit(EXIT.usage);
  }
}

/** The service with one process for each address. */
function reachable({ definition }: ServiceUnderTest, urls: readonly string[]): Reachable {
  const pattern = definition.processes.find(({ servesTraffic }) => servesTraffic);
  if (pattern === undefined) throw new RangeError(`no process of ${definition.name} serves traffic`);
  return {
    service: definition,
    processes: urls.map((url) => ({ ...pattern, name: url })),
    baseUrl: (name) => name,
  };
}

const settings = settingsOrExit();
const { seed, clients, ratePerSecond } = settings;
const stopping = new AbortController();
const recorders: CountingRecorder[] = [];
const running: Promise<void>[] = [];
for (const service of SERVICES) {
  const urls = settings.targets[service.definition.name];
  if (urls === undefined) continue;
  const recorder = new CountingRecorder(service.definition.name);
  recorders.push(recorder);
  const stack = reachable(service, urls);
  running.push(service.traffic.run({ stack, recorder, seed, clients, ratePerSecond, signal: stopping.signal }));
}

const server = createServer((request, response) => {
  const body = request.url === '/counts' ? { seed, services: recorders.map(({ counts }) => counts) } : { status: 'ok' };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
});
server.listen(settings.port, settings.host, () => {
  const address = server.address();
  console.log(JSON.stringify({ event: 'ready', port: typeof address === 'object' ? address?.port : address, seed }));
});

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    stopping.abort();
    setTimeout(() => process.exit(EXIT.pass), FINISH_MS).unref();
    void Promise.all(running).then(() => process.exit(EXIT.pass));
  });
