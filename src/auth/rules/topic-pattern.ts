// The topics of a rule: a Topic Filter in which whole levels may stand for the client: `%u` for its user name, `%c` for its client
// identifier. What stands there is a level like any other, never more: a client called `#`, `+` or `a/b` has no level of its own, and the
// pattern matches nothing for it. Mosquitto's CVE-2017-7650 and its kin put the name into the filter as it was.
// A filter begins with a wildcard or `$`, never both [MQTT-4.7.2-1]: a client called `$SYS` has no first level either.
// Filters against filters, for subscriptions, are in filter-region.ts.

import { parsePlainFilter, type TopicFilter } from '../../topic/topic-filter.ts';

/** The topics of a rule, not yet those of a client. */
export interface TopicPattern {
  /** As written. */
  readonly text: string;
  readonly levels: readonly string[];
  /** `undefined`: the client must be put in first. */
  readonly filter: TopicFilter | undefined;
}

/** What `parseTopicPattern` makes of a text; `why` is a sentence without its full stop. */
export type ParsedTopicPattern =
  | { readonly kind: 'pattern'; readonly pattern: TopicPattern }
  | { readonly kind: 'faulty'; readonly why: string };

/** The names that a client is known by. */
export interface ClientNames {
  readonly principal: string | undefined;
  readonly clientId: string;
}

const USER = '%u';
const CLIENT = '%c';

/** Takes a text as a pattern, or says why not. */
export function parseTopicPattern(text: string): ParsedTopicPattern {
  if (text === '$share' || text.startsWith('$share/')) {
    return {
      kind: 'faulty',
      why: 'a shared subscription is judged by the filter inside: leave out $share and the group',
    };
  }
  const parsed = parsePlainFilter(text);
  if (parsed.kind !== 'plain') return { kind: 'faulty', why: parsed.why.replace(/\.$/, '') };
  const levels = text.split('/');
  const partial = levels.find((level) => /%[uc]/i.test(level) && level !== USER && level !== CLIENT);
  if (partial !== undefined) {
    return {
      kind: 'faulty',
      why: `%u and %c stand alone in their level, in small letters; got ${JSON.stringify(partial)}`,
    };
  }
  const isClients = levels.includes(USER) || levels.includes(CLIENT);
  return { kind: 'pattern', pattern: { text, levels, filter: isClients ? undefined : parsed.filter } };
}

/** The names of a client that may stand for a level of a topic; `undefined`: there is none, or it is no level. */
export interface ClientLevels {
  readonly user: string | undefined;
  readonly client: string | undefined;
}

/** Which names of a client may stand for levels. */
export function levelsFor({ principal, clientId }: ClientNames): ClientLevels {
  return { user: asLevel(principal), client: asLevel(clientId) };
}

/** The topics of a rule for one client; `undefined`: none. For each rule at a client's first question, so nothing is parsed again. */
export function filterFor(pattern: TopicPattern, { user, client }: ClientLevels): TopicFilter | undefined {
  if (pattern.filter !== undefined) return pattern.filter;
  let filter = '';
  for (const [index, level] of pattern.levels.entries()) {
    const name = level === USER ? user : level === CLIENT ? client : level;
    if (name === undefined || (index === 0 && name !== level && name.startsWith('$'))) return undefined;
    filter += index === 0 ? name : `/${name}`;
  }
  // A filter, as the pattern was one, with levels in place of levels. One that is longer than topics are matches none.
  return filter as TopicFilter;
}

function asLevel(name: string | undefined): string | undefined {
  // oxlint-disable-next-line no-control-regex -- U+0000 is what this is about.
  return name === undefined || name === '' || /[+#/\u0000]/.test(name) ? undefined : name;
}
