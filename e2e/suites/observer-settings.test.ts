/**
 * Goal:   a wrong setting of the observer or of the traffic ends it with a line that names it, before it asks anybody anything.
 * Method: environments in, settings or a message out.
 */
import { expect, test } from 'vitest';
import { readSettings } from '../dashboard/settings.ts';
import { readTrafficSettings } from '../dashboard/traffic-settings.ts';

const PROCESS = { name: 'oracle', url: 'http://oracle:47778', healthPath: '/api/health' };
const SERVICE = { name: 'oracle-v2', database: '/x/oracle.db', processes: [PROCESS] };
const watch = (service: object) => JSON.stringify({ services: [{ ...SERVICE, ...service }] });

test('the observer’s settings', () => {
  const settings = readSettings({ OBSERVER_WATCH: watch({}), PORT: '1234', OBSERVER_CONTROL_PORT: '' });
  expect(settings).toMatchObject({ port: 1234, trafficUrl: null, controlPort: null });
  expect(settings.services[0]).toMatchObject({ definition: { title: 'Oracle V2' }, processes: [PROCESS] });
});

test.each<[string, NodeJS.ProcessEnv, RegExp]>([
  ['nothing to watch', {}, /OBSERVER_WATCH: expected JSON/],
  ['no JSON', { OBSERVER_WATCH: '{' }, /OBSERVER_WATCH: expected JSON/],
  ['no services', { OBSERVER_WATCH: '{"services":[]}' }, /OBSERVER_WATCH\.services/],
  ['a service that nobody knows', { OBSERVER_WATCH: watch({ name: 'x' }) }, /services\.0\.name: .*nanoclaw/],
  [
    'an address that is none',
    { OBSERVER_WATCH: watch({ processes: [{ ...PROCESS, url: 'x' }] }) },
    /processes\.0\.url/,
  ],
  ['a port that is none', { OBSERVER_WATCH: watch({}), PORT: '70000' }, /PORT: /],
  ['a control port that is none', { OBSERVER_WATCH: watch({}), OBSERVER_CONTROL_PORT: 'x' }, /OBSERVER_CONTROL_PORT: /],
])('the observer with %s', (_what, env, message) => {
  expect(() => readSettings(env)).toThrow(message);
});

test('the traffic’s settings', () => {
  const settings = readTrafficSettings({ TRAFFIC_TARGETS: '{"oracle-v2":["http://oracle:47778"]}' });
  expect(settings).toMatchObject({ seed: 1, clients: 4, ratePerSecond: 60 });
});

test.each<[string, NodeJS.ProcessEnv, RegExp]>([
  ['nowhere to go', {}, /TRAFFIC_TARGETS: expected JSON/],
  ['no JSON', { TRAFFIC_TARGETS: 'x' }, /TRAFFIC_TARGETS: expected JSON/],
  ['an address that is none', { TRAFFIC_TARGETS: '{"oracle-v2":["x"]}' }, /TRAFFIC_TARGETS\.oracle-v2\.0/],
  ['no rate', { TRAFFIC_TARGETS: '{}', TRAFFIC_RATE: '0' }, /TRAFFIC_RATE/],
])('the traffic with %s', (_what, env, message) => {
  expect(() => readTrafficSettings(env)).toThrow(message);
});
