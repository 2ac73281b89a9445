// Plays a program: the two senders do what it says, and between their steps the model client goes about its own affairs.
// Then all of them leave, time passes, and the broker must be as it was before anybody came.

import { expect } from '../engine/escape.ts';
import type { Features } from '../engine/features.ts';
import { parseProgram, type Step } from './program.ts';
import type { Sender } from './sender.ts';
import { type MakeBroker, Stage } from './stage.ts';

const EMPTY = 'when everybody has gone, nothing is left of them';

/** How much time a step lets pass, in milliseconds: from nothing to longer than anything lasts. */
const TIMES = [
  0, 1, 100, 900, 1_100, 1_600, 5_500, 10_500, 31_000, 61_000, 100_500, 600_000, 4e6, 1e8, 3e9, 5e9,
] as const;
/** A program in which the store is late: every so many steps the model client acts, which makes everything durable. */
const STEPS_PER_ACT = 4;
/** Longer than any session lasts and any Will waits. */
const EVER = 5e9;
/** `commit` with this argument or a higher one: the store is full for the next step. */
const FILLS = 10;
/** `answer` with this argument answers everything. */
const ALL = 15;

/**
 * Plays one program from the first step to the last.
 * @throws {Escape} when something does not hold; and whatever comes out of the broker.
 */
export async function play(input: Uint8Array, make: MakeBroker, features: Features): Promise<void> {
  const { switches, steps } = parseProgram(input);
  const stage = new Stage(switches, make, features);
  await stage.broker.open();
  await enter(stage);
  const senders: [Sender, Sender] = [stage.dial('publisher'), stage.dial('subscriber')];
  for (const [at, step] of steps.entries()) {
    take(stage, senders, step);
    // An authenticator that takes its time answers in a turn of its own.
    if (switches.isGuarded) await Promise.resolve();
    stage.settle();
    if (isFilling(step) || (switches.isStoreLate && at % STEPS_PER_ACT !== 0)) continue;
    stage.fill(false);
    stage.model.act();
    stage.settle();
    stage.commit();
    stage.model.expectUnnoticed(false);
  }
  await leave(stage);
}

/** The model client comes in and subscribes. */
async function enter(stage: Stage): Promise<void> {
  stage.model.connect(false);
  await rest(stage);
  // With tight limits its own queue would not hold all that the senders publish.
  stage.model.subscribe(stage.switches.isTight ? ['model/+'] : ['model/+', '#']);
  await rest(stage);
  stage.model.expectUnnoticed(false);
}

function take(stage: Stage, senders: [Sender, Sender], { kind, sender, argument, bytes }: Step): void {
  const { wire } = senders[sender];
  switch (kind) {
    case 'send':
      return wire.send(bytes);
    case 'send-in-pieces':
      for (let at = 0; at < bytes.length; at += argument + 1) wire.send(bytes.subarray(at, at + argument + 1));
      return undefined;
    case 'answer':
      return senders[sender].answer(argument === ALL ? Number.POSITIVE_INFINITY : argument + 1);
    case 'pass-time':
      return stage.pass(TIMES[argument] ?? 0);
    case 'leave':
      return wire.leave(argument < 8 ? undefined : new Error('ECONNRESET'));
    case 'dial':
      senders[sender] = stage.dial(sender === 0 ? 'publisher' : 'subscriber');
      return undefined;
    case 'stop-reading':
      return argument < 8 ? wire.stopReading(1 << (argument * 3)) : wire.readAgain();
    case 'commit':
      if (argument >= FILLS) stage.fill(true);
      return stage.commit();
    default:
      return kind satisfies never;
  }
}

/** Whether the store is full in the next step; the model client does nothing meanwhile. */
function isFilling({ kind, argument }: Step): boolean {
  return kind === 'commit' && argument >= FILLS;
}

/** Everybody goes; what must be left of them is nothing. */
async function leave(stage: Stage): Promise<void> {
  const { model, senders, store } = stage;
  stage.fill(false);
  if (stage.switches.isRestarted) {
    stage.commit();
    await stage.restart();
    model.connect(false);
    await rest(stage);
    model.expectUnnoticed(true);
  }
  const { broker } = stage;
  for (const { wire } of senders) wire.leave(undefined);
  await rest(stage);
  stage.pass(EVER);
  stage.commit();
  // Its session is found again, with its subscriptions.
  model.act();
  await rest(stage);
  model.expectUnnoticed(stage.switches.isRestarted);
  const { connections, sessions } = broker.sizes;
  expect(connections === 1 && sessions === 1, EMPTY, () => `${connections} connections, ${sessions} sessions`);
  model.connect(false);
  await rest(stage);
  for (let i = 0; i < 3; i++) model.act();
  await rest(stage);
  model.expectUnnoticed(true);
  model.connect(true);
  await rest(stage);
  model.disconnect();
  await rest(stage);
  stage.clearRetained();
  stage.commit();
  stage.pass(EVER);
  stage.commit();
  const { messages, deliveries, groups, wills, retained } = store.statistics();
  const left = { ...broker.sizes, queues: broker.queues.messages, messages, deliveries, groups, wills, retained };
  const isEmpty = Object.values(left).every((count) => count === 0);
  expect(isEmpty && broker.queues.bytes === 0, EMPTY, () => JSON.stringify({ ...left, bytes: broker.queues.bytes }));
  expect(broker.nextDeadline() === undefined, EMPTY, () => 'something is still to happen');
}

/** Lets all happen that can, the answers of an authenticator as well. */
async function rest(stage: Stage): Promise<void> {
  for (let turns = 0; turns < 2; turns++) {
    stage.settle();
    if (stage.switches.isGuarded) await Promise.resolve();
    stage.settle();
    stage.commit();
  }
}
