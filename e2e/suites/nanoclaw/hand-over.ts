/** Hands messages of one chat over as a host does, in a process of its own since DATA_DIR is read at import: `hand-over.ts <id>...`. */
import { handOverMessages } from '../../../fixtures/nanoclaw/src/hand-over.ts';
import { makeFolders } from '../../../fixtures/nanoclaw/src/ipc-files.ts';

const messages = process.argv.slice(2).map((id) => ({
  id,
  chat_jid: 'main@g.us',
  sender: 'sender',
  sender_name: 'sender',
  content: `about ${id}`,
  timestamp: '2026-01-01T00:00:00.000Z',
  is_from_me: false,
  is_bot_message: false,
  cursor: '',
}));
await makeFolders(['main']);
await handOverMessages('main', 'main@g.us', messages);
