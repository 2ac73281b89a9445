// Plays one check once and says how it went. A Fault is the peer's; what else is thrown is a bug of the check, and
// goes up.

import type { ClientCheck, ServerCheck, Version } from './check.ts';
import { startLiar } from './liar/liar.ts';
import type { Lie } from './liar/lie.ts';
import { ClientStage } from './stage/client-stage.ts';
import type { Address } from '../test/support/dial.ts';
import { Fault, NotOffered } from './stage/fault.ts';
import type { Patience } from './stage/line.ts';
import { ServerStage } from './stage/server-stage.ts';
import { Transcript } from './stage/transcript.ts';

/** How a play went. */
export type Outcome =
  | { readonly kind: 'passed' }
  /** The peer lacks, as it may, what the check is about. */
  | { readonly kind: 'not-offered'; readonly why: string }
  /** `transcript`: the bytes exchanged. */
  | { readonly kind: 'failed'; readonly why: string; readonly transcript: readonly string[] };

/** For a peer that answers as it should. */
export const PATIENT: Patience = { answer: 5_000, quiet: 60 };

/** For a liar, who may never answer. */
export const IMPATIENT: Patience = { answer: 900, quiet: 60 };

let plays = 0;

/** Plays a check with a broker. @param lie  Told by a liar before the broker. */
export async function playServerCheck(
  check: ServerCheck,
  version: Version,
  broker: Address,
  patience: Patience,
  lie?: Lie,
): Promise<Outcome> {
  const liar = lie === undefined ? undefined : await startLiar(broker, lie);
  const transcript = new Transcript();
  const scope = nextScope();
  const stage = new ServerStage(liar?.address ?? broker, version, scope, transcript, patience);
  try {
    return await outcomeOf(() => check.play(stage), transcript, scope);
  } finally {
    stage.end();
    liar?.close();
  }
}

/** Plays a check with our client. @param lie  Told by a liar between the client and the scripted broker. */
export async function playClientCheck(
  check: ClientCheck,
  version: Version,
  patience: Patience,
  lie?: Lie,
): Promise<Outcome> {
  const transcript = new Transcript();
  const liars: { close(): void }[] = [];
  const between = async (to: Address): Promise<Address> => {
    if (lie === undefined) return to;
    const liar = await startLiar(to, lie);
    liars.push(liar);
    return liar.address;
  };
  const stage = new ClientStage(version, transcript, patience, between);
  try {
    return await outcomeOf(() => check.play(stage), transcript);
  } finally {
    for (const liar of liars) liar.close();
    await stage.end();
  }
}

/** Another one for each play, and always of the same length, so that packets are of the same size each time. */
function nextScope(): string {
  const [process36, play36] = [process.pid, plays++].map((count) => (count % 36 ** 3).toString(36).padStart(3, '0'));
  return `v${process36}${play36}`;
}

/** @param scope  Is called `own` in what is said of the play, which is the same then each time. */
async function outcomeOf(play: () => Promise<void>, transcript: Transcript, scope?: string): Promise<Outcome> {
  const say = ({ message }: Error): string => (scope === undefined ? message : message.replaceAll(scope, 'own'));
  try {
    await play();
    return { kind: 'passed' };
  } catch (error) {
    if (error instanceof NotOffered) return { kind: 'not-offered', why: say(error) };
    if (!(error instanceof Fault)) throw error;
    return { kind: 'failed', why: say(error), transcript: Array.from(transcript.lines) };
  }
}
