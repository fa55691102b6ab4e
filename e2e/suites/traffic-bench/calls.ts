/** What both sides of the bench ask, and what they say of it. */
export const ROUTES = ['GET', 'POST'] as const;
export type Route = (typeof ROUTES)[number];

export const PATH = '/messages';
export const BODY = {
  id: 'sender-1-17',
  chat_jid: 'main@g.us',
  sender: 'sender-1',
  content: 'ledger ข้อความ compass 731',
};

/** Before it is counted. */
export const WARM_MS = 1_000;

/** Of what is counted. */
export interface Answer {
  requests: number;
  failed: number;
  elapsedMs: number;
  /** Of the asking process. */
  cpuMs: number;
}

export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
