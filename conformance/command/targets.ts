// Whom the checks are played with: Vouch, started here in every set-up, with its client; or a broker at an address.

import { readVersion } from '../../src/server/version.ts';
import type { ServerCheck, Version } from '../check.ts';
import { CLIENT_CHECKS, SERVER_CHECKS } from '../checks.ts';
import { PATIENT, playClientCheck, playServerCheck } from '../play.ts';
import { startBrokers } from '../stage/brokers.ts';
import type { Address } from '../../test/support/dial.ts';
import { demand } from '../stage/fault.ts';
import { TYPE } from '../wire/types.ts';
import { isWithin } from './options.ts';
import type { Job } from './play-all.ts';
import type { Scope, Side } from './verdicts.ts';

/** Who is played with. */
export interface Target {
  readonly name: string;
  /** Empty: not known. */
  readonly version: string;
  readonly sides: readonly Side[];
  /** What is to be played of a scope. */
  jobs(scope: Pick<Scope, 'versions' | 'only'>): readonly Job[];
  close(): Promise<void>;
}

/** Whether a client is accepted; shows no statement, since nobody has to speak a version. */
const GREETING: ServerCheck = {
  claim: 'CONNECT is accepted',
  shows: [],
  play: async (stage) => {
    const peer = await stage.dial();
    peer.connect();
    const { type, body } = await peer.line.nextFrame();
    const code = body[1] ?? 0;
    const isOld = stage.level === 5 && body.length === 2 ? ' of MQTT 3.1.1' : '';
    demand(type === TYPE.connack, 'CONNECT is not answered with CONNACK.');
    demand(code === 0, `CONNACK${isOld} says 0x${code.toString(16).padStart(2, '0')}.`);
  },
};

/** Vouch and its client. */
export async function startVouch(): Promise<Target> {
  const brokers = await startBrokers();
  return {
    name: 'vouch',
    version: readVersion(),
    sides: ['server', 'client'],
    jobs: (scope) => [...serverJobs(brokers.addresses, scope), ...clientJobs(scope)],
    close: () => brokers.close(),
  };
}

/** A broker that runs somewhere. */
export function brokerAt(address: Address, name: string, version = ''): Target {
  return {
    name,
    version,
    sides: ['server'],
    jobs: (scope) => serverJobs({ default: address }, scope),
    close: () => Promise.resolve(),
  };
}

/**
 * Asks a broker which of these versions it speaks.
 * @returns those that it does not, each with how it says so.
 */
export async function unspokenVersions(
  address: Address,
  versions: readonly Version[],
): Promise<ReadonlyMap<Version, string>> {
  const unspoken = new Map<Version, string>();
  for (const version of versions) {
    const outcome = await playServerCheck(GREETING, version, address, PATIENT);
    if (outcome.kind !== 'passed') unspoken.set(version, outcome.why);
  }
  return unspoken;
}

function serverJobs(
  addresses: { readonly [setUp: string]: Address | undefined },
  { versions, only }: Pick<Scope, 'versions' | 'only'>,
): readonly Job[] {
  return SERVER_CHECKS.flatMap((check) => {
    const address = addresses[check.setUp ?? 'default'];
    if (address === undefined) return [];
    return jobsOf('server', check, versions, only, (version) => playServerCheck(check, version, address, PATIENT));
  });
}

function clientJobs({ versions, only }: Pick<Scope, 'versions' | 'only'>): readonly Job[] {
  return CLIENT_CHECKS.flatMap((check) =>
    jobsOf('client', check, versions, only, (version) => playClientCheck(check, version, PATIENT)),
  );
}

function jobsOf(
  side: Side,
  { claim, shows }: Pick<(typeof SERVER_CHECKS)[number], 'claim' | 'shows'>,
  versions: readonly Version[],
  only: string | undefined,
  play: (version: Version) => ReturnType<Job['play']>,
): readonly Job[] {
  return versions.flatMap((version) => {
    const ids = Array.from(new Set(shows.filter((it) => it.version === version).map(({ id }) => id)));
    if (!ids.some((id) => isWithin(id, only))) return [];
    return [{ side, version, claim, ids, play: () => play(version) }];
  });
}
