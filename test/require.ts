// Tests that need something of the machine, such as Debian's mosquitto, and how they say that it is
// missing. On a person's machine they are skipped, by name and with the reason. Where VOUCH_REQUIRE names
// their kind, as in .ci/run, a skip would hide that nothing was tested: there they fail.

/**
 * Every kind of test that may be skipped: `interop` needs other people's brokers and clients, `root` the rights of root
 * (file systems of its own), `strace` that program, and that it may trace, `browser` a Chromium,
 * `shells` zsh, fish and jq.
 */
const KINDS = ['interop', 'root', 'strace', 'browser', 'shells'] as const;

/** What a test needs of the machine. */
export type Kind = (typeof KINDS)[number];

/**
 * The `skip` option of a test that needs something of the machine.
 * @param kind  What VOUCH_REQUIRE (kinds, separated by commas) calls it.
 * @param available  Whether the machine has what the test needs.
 * @param why  What is missing, for the report: `mosquitto_sub is not installed`.
 * @param required  For tests of this function only.
 * @returns `false`, so that the test runs, or the reason for which it is skipped.
 * @throws {Error} when it would be skipped although it is required, and when VOUCH_REQUIRE names no kind that there is.
 */
export function skipUnless(
  kind: Kind,
  available: boolean,
  why: string,
  required: string = process.env['VOUCH_REQUIRE'] ?? '',
): string | false {
  const requiredKinds = required.split(',').map((name) => name.trim());
  for (const name of requiredKinds) {
    if (name === '' || KINDS.some((known) => known === name)) continue;
    throw new Error(
      `VOUCH_REQUIRE names '${name}', but the kinds of tests that can be required are: ${KINDS.join(', ')}.`,
    );
  }
  if (available) return false;
  if (requiredKinds.includes(kind)) throw new Error(`VOUCH_REQUIRE demands the ${kind} tests, but ${why}.`);
  return `${kind}: ${why}`;
}
