// How a command prints messages: the options that say so, and the format that they come to.

import { styleText } from 'node:util';

import { UsageError } from '../base/errors.ts';
import {
  customFormat,
  jsonFormat,
  type MessageFormat,
  payloadFormat,
  verboseFormat,
  withoutControls,
} from './message-format.ts';
import { type Option, switchOption, type ValuesOf, valueOption } from './option-table.ts';
import { encodingOption, type PayloadEncoding } from './payload-encoding.ts';

const OUTPUT = 'Output';

/** The rows. */
export type PrintOptions = {
  readonly verbose: Option<boolean>;
  readonly format: Option<((endsLine: boolean, indents: boolean) => MessageFormat) | undefined>;
  readonly encoding: Option<PayloadEncoding | undefined>;
  readonly json: Option<boolean>;
  readonly pretty: Option<boolean>;
  readonly withoutNewline: Option<boolean>;
};

/** The rows, to be spread into a command's own. */
export const PRINT_OPTIONS: PrintOptions = {
  verbose: switchOption({ short: 'v', group: OUTPUT, sentence: 'Print the topic before each payload.' }),
  format: valueOption(
    {
      short: 'F',
      metavar: 'FORMAT',
      group: OUTPUT,
      sentence:
        'Print in this format: %t the topic, %p the payload, %q the QoS, %r retained or not, %k the key, %j all as JSON.',
    },
    (format) => {
      // Checked now, used when it is known how lines end.
      customFormat(format, false, () => new Date());
      return (endsLine, indents) => customFormat(format, endsLine, () => new Date(), indents);
    },
  ),
  encoding: encodingOption(
    OUTPUT,
    'How payloads are printed: text as they are, hex, base64, or json on lines of its own.',
  ),
  json: switchOption({
    group: OUTPUT,
    sentence: 'Print each message as one line of JSON; a payload that is no text is there in base64, as payloadBase64.',
  }),
  pretty: switchOption({ group: OUTPUT, sentence: 'Have --json, %j and %J on lines of their own, indented.' }),
  withoutNewline: switchOption({ short: 'N', group: OUTPUT, sentence: 'Print no line feed after each message.' }),
};

/** What a help page says of formats. */
export const FORMAT_NOTE: string =
  'In FORMAT also: %x %X payload in hexadecimal, %l its length, %I %U the time, %C %D %E %F %P %R %S properties, %J as %j with a payload that is JSON, and \\n \\t \\r \\0 \\e. ' +
  'A field may have a width, as in %-20.20t: left, and no longer. What follows an @ is for strftime: @Y-@m-@d @H:@M:@S.@N.';

/**
 * What the options come to.
 * @param isTerminal  People look at it: topics are coloured, and their control characters written out.
 * @throws {UsageError} `invalid-option`: two ways to print.
 */
export function printFormat(values: ValuesOf<PrintOptions>, isTerminal: boolean): MessageFormat {
  const { format, json, encoding, pretty, verbose } = values;
  const endsLine = !values.withoutNewline;
  const ways = [format, encoding, json ? true : undefined].filter((value) => value !== undefined);
  if (ways.length > 1) {
    throw new UsageError('invalid-option', '-F, --json and --encoding do not go together: choose one.');
  }
  if (format !== undefined) return format(endsLine, pretty);
  if (json) return jsonFormat(pretty, () => new Date());
  if (!verbose) return payloadFormat(endsLine, encoding);
  if (!isTerminal) return verboseFormat(endsLine, (topic) => topic, encoding);
  const paint = (topic: string): string => styleText('cyan', withoutControls(topic), { stream: process.stdout });
  return verboseFormat(endsLine, paint, encoding);
}
