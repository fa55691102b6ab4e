/** Text that a service wrote, made fit to stand among the report's own. */

/** Characters of one quoted text; a report must stay readable and small whatever a service wrote. */
const QUOTED_CHARS = 400;

/** Cut, with its invisible signs shown. What is no string is shown as JSON. */
export function plain(text: unknown, mostChars = QUOTED_CHARS): string {
  return visible(cut(typeof text === 'string' ? text : (JSON.stringify(text) ?? String(text)), mostChars));
}

/** The same on one line, for places where a new line would begin something else. */
export function oneLine(text: unknown, mostChars = QUOTED_CHARS): string {
  return plain(text, mostChars).replace(/\s*[\n\u2028\u2029]\s*/g, ' ');
}

function cut(text: string, mostChars: number): string {
  if (text.length <= mostChars) return text.toWellFormed();
  return `${text.slice(0, mostChars).toWellFormed()}… (${text.length} characters)`;
}

/**
 * Control characters and those that set the direction of text, as their code point. A closing one would end the isolation
 * that `<bdi>` gives, an opening one where there is no `<bdi>` turns what follows, and an escape steers a terminal.
 */
function visible(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to show
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (sign) => `⟨U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
  );
}
