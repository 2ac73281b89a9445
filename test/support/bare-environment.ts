// The environment of a program that a test starts: nothing of what somebody has set on this machine (NO_COLOR, NODE_OPTIONS, VOUCH_REQUIRE)
// reaches it. It is only told where programs are, and where Node.js keeps what it has compiled: scripts/check.ts names that place.

/** What a program under test is told besides what its test tells it. */
export const BARE_ENVIRONMENT: { readonly [name: string]: string } = Object.fromEntries(
  ['PATH', 'NODE_COMPILE_CACHE'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);
