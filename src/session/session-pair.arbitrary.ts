// For tests only: two sessions back to back over a link that loses everything under way whenever it is
// cut. What each side does and checks is in session-side.arbitrary.ts; here are the link, the steps of a
// run, and the last check: when nothing is cut any more, everything settles and nothing is missing.

import assert from 'node:assert/strict';

import type { QoS } from '../packet/packet.ts';
import { Reason } from '../packet/reason-codes.ts';
import type { SessionOutput } from './output.ts';
import { Session, type SessionPacket } from './session.ts';
import { isRefused, type Lane, type LinkTerms, type Numbered, Side } from './session-side.arbitrary.ts';

/** One step of a run; `side` is 0 or 1. */
export type Step =
  | { readonly kind: 'publish'; readonly side: 0 | 1; readonly qos: QoS }
  | { readonly kind: 'carry'; readonly side: 0 | 1; readonly packets: number }
  | { readonly kind: 'acknowledge'; readonly side: 0 | 1; readonly which: number }
  | { readonly kind: 'postpone'; readonly side: 0 | 1; readonly on: boolean }
  | { readonly kind: 'hold'; readonly side: 0 | 1; readonly lane: Lane; readonly on: boolean }
  | { readonly kind: 'lend'; readonly side: 0 | 1 }
  | { readonly kind: 'cut'; readonly crash: 0 | 1 | undefined; readonly terms: LinkTerms };

/** Makes the session of a side; a test hands in a broken one to see the checks fail. */
export type MakeSession = (owner: SessionOutput<Numbered>) => Session<Numbered>;

/** Runs the steps, lets everything come to rest, and checks that nothing was lost. */
export function runPair(steps: readonly Step[], makeSession: MakeSession = (owner) => new Session(owner)): void {
  // One queue per direction, named by its receiver.
  const links: readonly [SessionPacket[], SessionPacket[]] = [[], []];
  const sides: [Side, Side] = [
    new Side((packet) => links[1].push(packet), makeSession),
    new Side((packet) => links[0].push(packet), makeSession),
  ];
  const generous: LinkTerms = { receiveMaximum: [10, 10], aliasMaximum: [2, 2] };
  const carry = (side: 0 | 1, packets: number): void => {
    for (const packet of links[side].splice(0, packets)) sides[side].take(packet);
  };
  const open = (terms: LinkTerms): void => {
    sides[0].open(terms, 0);
    sides[1].open(terms, 1);
  };
  const cut = (crash: 0 | 1 | undefined): void => {
    for (const side of sides) side.close();
    for (const link of links) link.length = 0;
    if (crash === undefined) return;
    const other = crash === 0 ? 1 : 0;
    sides[crash] = new Side((packet) => links[other].push(packet), makeSession, sides[crash]);
  };

  open(generous);
  for (const step of steps) {
    if (step.kind === 'cut') {
      cut(step.crash);
      open(step.terms);
    } else if (step.kind === 'publish') sides[step.side].publishNext(step.qos);
    else if (step.kind === 'carry') carry(step.side, step.packets);
    else if (step.kind === 'acknowledge') sides[step.side].acknowledge(step.which);
    else if (step.kind === 'postpone') sides[step.side].postpone(step.on);
    else if (step.kind === 'hold') sides[step.side].hold(step.lane, step.on);
    else sides[step.side].lend();
  }
  rest(sides, links, carry);
}

/** No more cuts: everything must settle, within as many rounds as there are packets to exchange. */
function rest(
  sides: readonly [Side, Side],
  links: readonly [SessionPacket[], SessionPacket[]],
  carry: (side: 0 | 1, packets: number) => void,
): void {
  const rounds = 10 + 6 * (sides[0].published.size + sides[1].published.size);
  for (let round = 0; round < rounds; round++) {
    for (const side of [0, 1] as const) {
      sides[side].postpone(false);
      sides[side].hold('answers', false);
      sides[side].hold('deliveries', false);
      sides[side].acknowledge(round);
      carry(side, Number.POSITIVE_INFINITY);
    }
  }
  assert.deepEqual(links, [[], []]);
  for (const [sender, receiver] of [
    [sides[0], sides[1]],
    [sides[1], sides[0]],
  ] as const) {
    assert.ok(sender.isIdle, 'everything drains');
    assert.equal(receiver.session.exactlyOnceCount, 0, 'every QoS 2 identifier is released');
    for (const [number, qos] of sender.published) {
      if (qos === 0) continue;
      const outcome = isRefused(number) ? Reason.quotaExceeded : Reason.success;
      assert.equal(sender.settled.get(number), outcome, `message ${number} is settled`);
      const times = receiver.accepted.get(number) ?? 0;
      if (isRefused(number)) assert.equal(times, 0);
      else assert.ok(qos === 2 ? times === 1 : times >= 1, `message ${number} of QoS ${qos} was taken ${times} times`);
    }
  }
}
