// `vouch stats`: what a broker says of itself, as it changes: a page that renews itself on a terminal, and a line or an object of JSON for
// each change elsewhere. It works with every broker that publishes below `$SYS/broker/` as Mosquitto does.

import { OperationError } from '../base/errors.ts';
import type { Client } from '../client/client.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { tellConnection, untilOver } from './connection-news.ts';
import {
  CONNECTION_OPTIONS,
  type ConnectionOptions,
  clientOptions,
  commandLog,
  connectClient,
  goodbye,
  placeOf,
} from './connection-options.ts';
import { integer, type Option, switchOption, type ValuesOf, valueOption } from './option-table.ts';
import { RATES_SHOWN, statsJson, statsLine, statsPage } from './stats-view.ts';
import { stopSignal } from './stop-signal.ts';
import { type Reading, SYSTEM_FILTER, SystemReadings } from './system-readings.ts';

const NAME = 'vouch stats';
const OUTPUT = 'Output';
/** After so long without a word, what has come is all of it. */
const SILENCE_MILLIS = 150;
/** A broker that says something of itself has said it by then: it is retained. */
const FIRST_WORD_MILLIS = 5_000;
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_BELOW = '\x1b[0J';

type StatsOptions = ConnectionOptions & {
  readonly once: Option<boolean>;
  readonly count: Option<number | undefined>;
  readonly json: Option<boolean>;
};

const OPTIONS: StatsOptions = {
  once: switchOption({ group: OUTPUT, sentence: 'Show what is known now, and end.' }),
  count: valueOption(
    { short: 'C', metavar: 'COUNT', group: OUTPUT, sentence: 'End after so many readings.' },
    integer(1, Number.MAX_SAFE_INTEGER),
  ),
  json: switchOption({ group: OUTPUT, sentence: 'Print one object of JSON for each reading.' }),
  ...CONNECTION_OPTIONS,
};

/** `vouch stats`. */
export const command: Command = defineCommand(
  {
    command: NAME,
    sentence: 'Shows what a broker says of itself, as it changes.',
    usage: ['[options]'],
    options: OPTIONS,
    readsDefaults: true,
    examples: [
      { line: 'vouch stats -h broker.example', sentence: 'Look at a broker.' },
      { line: 'vouch stats --once --json | jq .rates', sentence: 'How much is going on, for a script.' },
    ],
    notes: [
      'What is shown is published below $SYS/broker/ every systemTopicsInterval (10 s), so that is how often it changes. Rates are per second; ' +
        'the first ones are averages of the last minute.',
      'Exit codes: 0 ended as asked, 1 no connection, or the broker says nothing of itself, 2 called wrongly.',
    ],
  },
  stats,
);

async function stats(values: ValuesOf<StatsOptions>): Promise<number> {
  const stop = stopSignal();
  const client = await connectClient(NAME, clientOptions(values), values, stop);
  const isPage = process.stdout.isTTY && !values.json;
  tellConnection(client, commandLog(NAME, values), false);
  const page = new Page(isPage, placeOf(values));
  const show = (reading: Reading): void => {
    if (isPage) page.show(reading);
    else process.stdout.write(`${values.json ? statsJson(reading) : statsLine(reading)}\n`);
  };
  try {
    await Promise.race([
      untilOver(client),
      stopped(stop),
      follow(client, values.once ? 1 : (values.count ?? Number.POSITIVE_INFINITY), show),
    ]);
    return EXIT.ok;
  } finally {
    page.close();
    await client.disconnect(goodbye(values));
  }
}

/** Subscribes, and shows readings until there were so many. */
async function follow(client: Client, count: number, show: (reading: Reading) => void): Promise<void> {
  const readings = new SystemReadings();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let left = count;
  let timer = setTimeout(() => {
    reject(
      new OperationError(
        'timed-out',
        'The broker says nothing of itself: nothing is published below $SYS/broker/, or this client may not read it.',
      ),
    );
  }, FIRST_WORD_MILLIS);
  const read = (): void => {
    if (left === 0) return;
    show(readings.read(new Date()));
    if (--left === 0) resolve();
  };
  const subscribed = client.subscribe(SYSTEM_FILTER, {
    onMessage: ({ topic, payload }) => {
      readings.receive(topic, Buffer.from(payload).toString('utf8'));
      clearTimeout(timer);
      timer = setTimeout(read, SILENCE_MILLIS);
    },
  });
  try {
    // Time may have run out before the broker has answered.
    await Promise.race([subscribed, promise]);
    await promise;
  } finally {
    clearTimeout(timer);
  }
}

function stopped(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    stop.addEventListener('abort', () => resolve(), { once: true });
    if (stop.aborted) resolve();
  });
}

/** The page on a terminal, which is written over itself. */
class Page {
  private readonly broker: string;
  private readonly readings: Reading[];
  private lineCount: number;
  private readonly onResize: () => void;

  constructor(isShown: boolean, broker: string) {
    this.broker = broker;
    this.readings = [];
    this.lineCount = 0;
    this.onResize = () => this.draw();
    if (!isShown) return;
    process.stdout.on('resize', this.onResize).write(HIDE_CURSOR);
    process.once('exit', () => process.stdout.write(SHOW_CURSOR));
  }

  show(reading: Reading): void {
    this.readings.push(reading);
    if (this.readings.length > RATES_SHOWN) this.readings.shift();
    this.draw();
  }

  /** The last page stays. */
  close(): void {
    process.stdout.off('resize', this.onResize);
  }

  private draw(): void {
    const { columns, rows } = process.stdout;
    const form = { columns, rows, isColored: process.stdout.hasColors() };
    const lines = statsPage(this.readings, this.broker, form);
    const back = this.lineCount === 0 ? '' : `\x1b[${this.lineCount}A`;
    process.stdout.write(`${back}${CLEAR_BELOW}${lines.map((line) => `${line}\n`).join('')}`);
    this.lineCount = lines.length;
  }
}
