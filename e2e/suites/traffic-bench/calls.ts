/** The two routes of the bench: what each client asks, again and again. */
export const ROUTES = ['GET', 'POST'] as const;
export type Route = (typeof ROUTES)[number];

export const PATH = '/messages';
export const BODY = {
  id: 'sender-1-17',
  chat_jid: 'main@g.us',
  sender: 'sender-1',
  content: 'ledger ข้อความ compass 731',
};
