// `vouch ctl drain`: clients go elsewhere, in waves, and then the broker may stop. The drain is the broker's: it goes on if this command
// is ended, which only looks on.

import { setTimeout as sleep } from 'node:timers/promises';

import { OperationError } from '../base/errors.ts';
import { askOne } from '../control/control-client.ts';
import type { RowsOf } from '../control/operations.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { EXIT_NOTE, isMeant, JSON_OPTION, roughAge, say, SOCKET_OPTIONS, socketOf, YES_OPTION } from './ctl-options.ts';
import { BadValue, switchOption, text, type ValuesOf, valueOption } from './option-table.ts';
import { counted } from './store-options.ts';
import { jsonLine } from './table.ts';

const NAME = 'vouch ctl drain';
const DRAIN = 'Drain';

const DEFAULT_RATE: Rate = { perSecond: undefined, percent: undefined };

/** How often it is asked how far the drain is, and how often that is said where there is no terminal. */
const LOOK_MILLIS = 500;
const SAY_MILLIS = 10_000;
/** A broker that was asked to stop has so long. */
const STOP_MILLIS_MAX = 15_000;

const OPTIONS = {
  rate: valueOption(
    {
      metavar: 'RATE',
      group: DRAIN,
      sentence: 'How many clients are sent away in a second: a number, or a share of those that are there.',
      defaultText: '5%',
    },
    readRate,
  ),
  to: valueOption(
    {
      metavar: 'HOST',
      group: DRAIN,
      sentence:
        'The server that clients of MQTT 5.0 are told to use (0x9C), such as "b.example:8883". Without it they hear 0x8B.',
    },
    text,
  ),
  stop: switchOption({ group: DRAIN, sentence: 'Stop the broker once nobody is connected.' }),
  cancel: switchOption({ group: DRAIN, sentence: 'End a drain: clients are let in again.' }),
  yes: YES_OPTION,
  json: JSON_OPTION,
  ...SOCKET_OPTIONS,
};

/** `vouch ctl drain`. */
export const command: Command = defineCommand(
  {
    command: NAME,
    sentence: 'Lets no client in any more, sends those that are connected away in waves, and says when nobody is left.',
    usage: ['[options]', '--cancel'],
    options: OPTIONS,
    examples: [
      {
        line: 'vouch ctl drain --to b.example --stop',
        sentence: 'Everybody to another server within 20 s, then stop.',
      },
      { line: 'vouch ctl drain --rate 200', sentence: 'So many in a second.' },
      { line: 'vouch ctl drain --cancel', sentence: 'All as before.' },
    ],
    notes: [
      'What was taken of a client is acknowledged before it goes. Sessions and their queues stay here. Wills are published as after any ' +
        'other end of a connection.',
      'The drain goes on when this command is ended with Ctrl-C; started again, the command looks on, and a rate or server that is named ' +
        'then holds from then on.',
      EXIT_NOTE,
    ],
  },
  drain,
);

async function drain(values: ValuesOf<typeof OPTIONS>): Promise<number> {
  const socket = socketOf(values);
  if (values.cancel) return await cancel(socket, values.json);
  const { rate, to } = values;
  const isUnderWay = (await askOne(socket, 'drain', {})) !== undefined;
  if (!isUnderWay || rate !== undefined || to !== undefined) {
    if (!(await isMeant('Let nobody in any more, and send everybody away?', values.yes))) return EXIT.failure;
    await askOne(socket, 'start-drain', { ...(rate ?? DEFAULT_RATE), to });
  }
  const last = await untilEmpty(socket, values.json);
  if (last === undefined) {
    process.stderr.write(`${NAME}: Somebody has ended the drain before it was over; clients are let in again.\n`);
    return EXIT.failure;
  }
  const seconds = roughAge(Math.round(last.millisSinceStart / 1000));
  if (!values.json)
    await say(`Nobody is connected any more: ${counted(last.sentAway, 'client')} sent away in ${seconds}.\n`);
  if (values.stop) return await stop(socket, values.json);
  if (!values.json) await say('Nobody is let in until "vouch ctl drain --cancel", or the next start of the broker.\n');
  return EXIT.ok;
}

async function cancel(socket: string, json: boolean): Promise<number> {
  const answer = await askOne(socket, 'cancel-drain', {});
  const wasDraining = answer?.wasDraining === true;
  const sentence = wasDraining ? 'Clients are let in again.' : 'The broker was not being drained.';
  await say(json ? jsonLine({ wasDraining }) : `${sentence}\n`);
  return EXIT.ok;
}

/** Looks on; `undefined`: somebody has ended the drain. */
async function untilEmpty(socket: string, json: boolean): Promise<RowsOf['drain'] | undefined> {
  const isShown = process.stderr.isTTY && !json;
  let saidAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const progress = await askOne(socket, 'drain', {});
    if (json && progress !== undefined) await say(jsonLine(progress));
    if (isShown) process.stderr.write('\u001b[K');
    if (progress === undefined || progress.left === 0) return progress;
    const { left, sentAway, millisSinceStart } = progress;
    const sentence = `${counted(left, 'client')} left, ${sentAway.toLocaleString('en')} sent away in ${roughAge(Math.round(millisSinceStart / 1000))}`;
    if (isShown) process.stderr.write(`${sentence}\r`);
    else if (!json && millisSinceStart - saidAt >= SAY_MILLIS) {
      saidAt = millisSinceStart;
      await say(`${sentence}\n`);
    }
    await sleep(LOOK_MILLIS);
  }
}

/** Stops the broker, and waits until its socket is gone. */
async function stop(socket: string, json: boolean): Promise<number> {
  await askOne(socket, 'stop', {});
  for (let waited = 0; waited < STOP_MILLIS_MAX; waited += LOOK_MILLIS) {
    try {
      await askOne(socket, 'broker', {});
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      await say(json ? jsonLine({ isStopping: true }) : 'The broker is stopping.\n');
      return EXIT.ok;
    }
    await sleep(LOOK_MILLIS);
  }
  process.stderr.write(`${NAME}: The broker was asked to stop, and still answers.\n`);
  return EXIT.failure;
}

/** How fast, in one of two ways; in neither: as fast as the broker thinks fit. */
interface Rate {
  readonly perSecond: number | undefined;
  readonly percent: number | undefined;
}

/** `5%`, `5%/s`, `200` or `200/s`. */
function readRate(value: string): Rate {
  const [, digits = '', percent] = /^(\d{1,7})(%?)(?:\/s)?$/.exec(value) ?? [];
  const number = Number(digits);
  if (percent === '%' && number >= 1 && number <= 100) return { perSecond: undefined, percent: number };
  if (percent === '' && number >= 1 && number <= 1_000_000) return { perSecond: number, percent: undefined };
  const takes = 'clients in a second, such as 200, or a share of them from 1% to 100%';
  throw new BadValue(`takes ${takes}; got ${JSON.stringify(value)}`);
}
