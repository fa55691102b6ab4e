/** HTML that is safe by construction: whatever is put into a template is text, unless it came out of one. */
import { plain } from '../plain-text.ts';

export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type Content = Markup | string | number | null | readonly Content[];

/** `html\`<td>${text}</td>\``: strings are escaped, lists joined, null is nothing. Values in attributes stand in double quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.map((part, n) => part + (n < values.length ? rendered(values[n] ?? null) : '')).join(''));
}

function rendered(content: Content): string {
  if (content === null) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'object') return content.map(rendered).join('');
  return escaped(String(content));
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Text from a run: cut, its invisible signs shown, and kept from turning the text around it. Attributes take `plain`. */
export function quoted(text: unknown, mostChars?: number): Markup {
  return html`<bdi>${plain(text, mostChars)}</bdi>`;
}

/** JSON that stays JSON inside a `<script>`: nothing in it ends the element or begins a comment. */
export function scriptJson(value: unknown): Markup {
  return new Markup(
    JSON.stringify(value).replace(
      /[<>&\u2028\u2029]/g,
      (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  );
}
