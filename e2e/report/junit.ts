import type { VerdictDocument } from './verdict-document.ts';

/** A run's checks as JUnit XML: one case per service and check. `unknown` is an error, since it proves nothing. */
export function junit(document: VerdictDocument): string {
  const seconds = (document.durationMs / 1000).toFixed(3);
  const suites = document.services.map(({ name, variant, checks }) => {
    const cases = checks.map(({ check, verdict, findings }) => {
      const text = findings.map(({ code, message }) => `${code}: ${message}`).join('\n');
      const head = findings[0]?.code ?? verdict;
      const tag = verdict === 'fail' ? 'failure' : 'error';
      const body = verdict === 'pass' ? '' : `<${tag} message="${escapeXml(head)}">${escapeXml(text)}</${tag}>`;
      return `    <testcase classname="walproof.${escapeXml(name)}" name="${escapeXml(check)}">${body}</testcase>`;
    });
    const failures = checks.filter((check) => check.verdict === 'fail').length;
    const errors = checks.filter((check) => check.verdict === 'unknown').length;
    return [
      `  <testsuite name="${escapeXml(`${name} (${variant})`)}" tests="${checks.length}" failures="${failures}" errors="${errors}">`,
      ...cases,
      '  </testsuite>',
    ].join('\n');
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="walproof" time="${seconds}">\n${suites.join('\n')}\n</testsuites>\n`;
}

/** Text fit for XML 1.0: characters that XML cannot hold at all become U+FFFD (https://www.w3.org/TR/xml/#charsets). */
function escapeXml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones XML 1.0 forbids
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
  );
}
