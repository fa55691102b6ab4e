import type { ServiceUnderTest } from '../model/scenario.ts';
import { nanoclawTraffic } from '../traffic/nanoclaw.ts';
import { oracleTraffic } from '../traffic/oracle-v2.ts';
import { nanoclaw } from './nanoclaw.ts';
import { oracleV2 } from './oracle-v2.ts';

/** The services walproof knows, each with the traffic made for it. A third one is a line here. */
export const SERVICES: readonly ServiceUnderTest[] = [
  { definition: nanoclaw, traffic: nanoclawTraffic },
  { definition: oracleV2, traffic: oracleTraffic },
];
