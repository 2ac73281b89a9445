// What `vouch ctl clients` and `vouch ctl sessions` have in common: which sessions are listed, and in which order.

import { type ListQuestion, SESSION_SORTS, type SessionSort } from '../control/operations.ts';
import { JSON_OPTION, LIMIT_OPTION, rowsWanted, SOCKET_OPTIONS, type SocketOptions } from './ctl-options.ts';
import { oneOf, type Option, text, type ValuesOf, valueOption } from './option-table.ts';

const LIST = 'List';

/** The options of a list of sessions. */
export type ListOptions = {
  readonly filter: Option<string | undefined>;
  readonly user: Option<string | undefined>;
  readonly sort: Option<SessionSort | undefined>;
  readonly limit: Option<number | undefined>;
  readonly json: Option<boolean>;
} & SocketOptions;

/** The same, for `defineCommand`. */
export const LIST_OPTIONS: ListOptions = {
  filter: valueOption(
    {
      short: 'f',
      metavar: 'PATTERN',
      group: LIST,
      sentence: 'Those with such a client identifier; * stands for anything.',
    },
    text,
  ),
  user: valueOption(
    { short: 'u', metavar: 'PATTERN', group: LIST, sentence: 'Those of such users; "" is the anonymous ones.' },
    text,
  ),
  sort: valueOption(
    {
      short: 's',
      metavar: 'KEY',
      group: LIST,
      sentence: `The largest first, of ${SESSION_SORTS.slice(1).join(', ')}; or by client, in the order of its identifier.`,
    },
    oneOf(SESSION_SORTS),
  ),
  limit: LIMIT_OPTION,
  json: JSON_OPTION,
  ...SOCKET_OPTIONS,
};

/** What the broker is asked. */
export function listQuestion(values: ValuesOf<ListOptions>): ListQuestion {
  const { filter, user, sort } = values;
  return { filter, user, sort, limit: rowsWanted(values) };
}
