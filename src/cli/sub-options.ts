// The options of `vouch sub`: what to subscribe to, what to print and how. Those of mosquitto_sub, and a few more.

import type { QoS } from '../packet/packet.ts';
import { CONNECTION_OPTIONS, type ConnectionOptions, directory, qos } from './connection-options.ts';
import {
  decimal,
  integer,
  listOption,
  oneOf,
  type Option,
  switchOption,
  text,
  type ValuesOf,
  valueOption,
} from './option-table.ts';
import { PRINT_OPTIONS, type PrintOptions } from './print-options.ts';
import { propertyOption } from './property-option.ts';

const SUBSCRIPTION = 'Subscription';
const OUTPUT = 'Output';

/** The rows. */
export type SubOptions = ConnectionOptions &
  PrintOptions & {
    readonly topic: Option<readonly string[]>;
    readonly qos: Option<QoS | undefined>;
    readonly unsubscribe: Option<readonly string[]>;
    readonly retainAsPublished: Option<boolean>;
    readonly retainHandling: Option<'always' | 'new' | 'never' | undefined>;
    readonly exitAfterSubscribe: Option<boolean>;
    readonly count: Option<number | undefined>;
    readonly timeout: Option<number | undefined>;
    readonly skipRetained: Option<boolean>;
    readonly retainedOnly: Option<boolean>;
    readonly removeRetained: Option<boolean>;
    readonly randomFilter: Option<number | undefined>;
    readonly filterOut: Option<readonly string[]>;
    readonly inbox: Option<string | undefined>;
  };

/** The rows, in the order of the help page. */
export const SUB_OPTIONS: SubOptions = {
  topic: listOption(
    {
      short: 't',
      metavar: 'FILTER',
      group: SUBSCRIPTION,
      sentence: 'What to subscribe to, such as home/+/temperature or home/#; may be given several times.',
    },
    text,
  ),
  qos: valueOption(
    {
      short: 'q',
      metavar: 'QOS',
      group: SUBSCRIPTION,
      sentence: 'The highest QoS to receive: 0, 1 or 2.',
      defaultText: '0; with --inbox 2',
    },
    qos,
  ),
  unsubscribe: listOption(
    {
      short: 'U',
      metavar: 'FILTER',
      group: SUBSCRIPTION,
      sentence: 'What to unsubscribe from first, in a session that was kept; may be given several times.',
    },
    text,
  ),
  inbox: valueOption(
    {
      metavar: 'DIR',
      group: SUBSCRIPTION,
      sentence:
        'Keep each message in this directory from before the broker hears that it has come until it is printed, and have the broker keep ' +
        'the session: nothing is lost while this does not run, or crashes.',
    },
    directory,
  ),
  retainAsPublished: switchOption({
    group: SUBSCRIPTION,
    sentence: 'Have the retain flag as it was published, also on messages that were not kept. MQTT 5.0.',
  }),
  retainHandling: valueOption(
    {
      metavar: 'WHEN',
      group: SUBSCRIPTION,
      sentence: 'Whether retained messages are sent: always, new for a new subscription alone, or never. MQTT 5.0.',
      defaultText: 'always',
    },
    oneOf(['always', 'new', 'never']),
  ),
  exitAfterSubscribe: switchOption({
    short: 'E',
    group: SUBSCRIPTION,
    sentence: 'End when the broker has acknowledged the subscriptions.',
  }),
  count: valueOption(
    { short: 'C', metavar: 'COUNT', group: OUTPUT, sentence: 'End after so many messages.' },
    integer(1, Number.MAX_SAFE_INTEGER),
  ),
  timeout: valueOption(
    { short: 'W', metavar: 'SECONDS', group: OUTPUT, sentence: 'End after so long, with exit code 27.' },
    integer(1, 2_147_483),
  ),
  ...PRINT_OPTIONS,
  skipRetained: switchOption({ short: 'R', group: OUTPUT, sentence: 'Leave out messages that were retained before.' }),
  retainedOnly: switchOption({
    group: OUTPUT,
    sentence: 'Print messages that were retained before, and end at the first one that was not.',
  }),
  removeRetained: switchOption({
    group: OUTPUT,
    sentence: 'Remove each retained message from the broker when it has come, but for those that -T leaves out.',
  }),
  randomFilter: valueOption(
    { metavar: 'PERCENT', group: OUTPUT, sentence: 'Print so many of a hundred messages, chosen by chance.' },
    decimal(0, 100),
  ),
  filterOut: listOption(
    {
      short: 'T',
      metavar: 'FILTER',
      group: OUTPUT,
      sentence: 'Leave out topics that match this; may be given several times.',
    },
    text,
  ),
  ...CONNECTION_OPTIONS,
  property: propertyOption(['connect', 'subscribe', 'disconnect', 'will']),
};

/** What they yield. */
export type SubValues = ValuesOf<SubOptions>;
