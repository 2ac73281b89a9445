// Every check with Vouch, and every check with a liar, who must be found out: a check that passes with both would pass
// with anything. With CONFORMANCE_ONLY=TEXT only checks whose claim or statements have that text.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ClientCheck, ServerCheck, SetUp, Showing, Version } from './check.ts';
import { VERSIONS } from './check.ts';
import { CLIENT_CHECKS, SERVER_CHECKS } from './checks.ts';
import type { Lie } from './liar/lie.ts';
import { IMPATIENT, type Outcome, PATIENT, playClientCheck, playServerCheck } from './play.ts';
import { type Brokers, startBrokers } from './stage/brokers.ts';
import type { Patience } from './stage/line.ts';
import type { Address } from '../test/support/dial.ts';

/** Plays that wait do so side by side. */
const AT_ONCE = 24;
const ONLY = process.env['CONFORMANCE_ONLY'] ?? '';

type Play = (version: Version, patience: Patience, lie?: Lie) => Promise<Outcome>;

describe('checks of a broker', { concurrency: AT_ONCE }, () => {
  let brokers: Brokers;
  before(async () => {
    brokers = await startBrokers();
  });
  after(() => brokers.close());
  for (const check of SERVER_CHECKS) {
    testCheck(check, (version, patience, lie) => {
      return playServerCheck(check, version, addressFor(brokers, check.setUp ?? 'default'), patience, lie);
    });
  }
});

describe('checks of the client', { concurrency: AT_ONCE }, () => {
  for (const check of CLIENT_CHECKS) {
    testCheck(check, (version, patience, lie) => playClientCheck(check, version, patience, lie));
  }
});

function testCheck(check: ServerCheck | ClientCheck, play: Play): void {
  if (!isChosen(check)) return;
  for (const version of VERSIONS.filter((name) => check.shows.some((showing) => showing.version === name))) {
    const shown = check.shows.filter((showing) => showing.version === version);
    test(`${version}: ${check.claim} ${idsOf(shown)}`, async () => {
      const outcome = await play(version, PATIENT);
      assert.ok(outcome.kind === 'passed', tell(outcome));
    });
    for (const [does, liesOfIt] of Map.groupBy(shown, ({ lie }) => lie)) {
      test(`${version}: whoever ${does.does} is found out: ${check.claim} ${idsOf(liesOfIt)}`, async () => {
        assert.equal((await play(version, IMPATIENT, does)).kind, 'failed');
      });
    }
  }
}

function isChosen({ claim, shows }: ServerCheck | ClientCheck): boolean {
  return `${claim} ${idsOf(shows)}`.includes(ONLY);
}

function idsOf(shows: readonly Showing[]): string {
  return Array.from(new Set(shows.map(({ id }) => `[${id}]`))).join(' ');
}

function tell(outcome: Outcome): string {
  if (outcome.kind === 'passed') return '';
  return outcome.kind === 'failed' ? `${outcome.why}\n${outcome.transcript.join('\n')}` : outcome.why;
}

function addressFor(brokers: Brokers, setUp: SetUp): Address {
  const address = brokers.addresses[setUp];
  assert.ok(address !== undefined, `There is no broker in the set-up ${setUp}.`);
  return address;
}
