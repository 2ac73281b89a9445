// The links of the chain that ask something else than passwords, as the configuration says: certificates, tokens, an HTTP server.
// What they read from files can be read again (reloads.ts), each file for itself.

import type { ChainLink } from '../auth/chain.ts';
import { certificateLink } from '../auth/certificate-link.ts';
import type { ReadRules } from '../auth/http/http-answer.ts';
import { HttpEndpoint } from '../auth/http/http-endpoint.ts';
import { HttpLink } from '../auth/http/http-link.ts';
import { JwtLink } from '../auth/jwt/jwt-link.ts';
import type { TokenKeys } from '../auth/jwt/key-file.ts';
import type { AuthLimits } from '../auth/limits.ts';
import type { AuthSources } from '../auth/sources.ts';
import { UsageError } from '../base/errors.ts';
import { millis } from '../base/millis.ts';
import { answeredRulesReader } from './answered-rules-reader.ts';
import { algorithmsOf, hasKeyFile, readAuthorities, readKeyFile, readTokenFile } from './auth-files.ts';
import { FileWatch } from './file-watch.ts';
import { NODE_CLOCK, NODE_RANDOM } from './node-parts.ts';
import type { Reloadable, ReloadOutcome } from './reloads.ts';

/** The links; those that are not wanted are left out. */
export interface AuthLinks {
  readonly certificate: readonly ChainLink[];
  readonly tokens: readonly ChainLink[];
  readonly http: readonly ChainLink[];
  /** What they were read from. */
  readonly reloadables: readonly Reloadable[];
  /** What somebody should look after; sentences. */
  readonly warnings: readonly string[];
  /** Asks nobody any more. */
  close(): void;
}

/** How long the keys of a URL may take to come. */
const KEYS_TIMEOUT = millis(4_000);

/**
 * Opens them.
 * @param takesRules  Whether rules that come with an answer will be obeyed; if not, such an answer is refused.
 * @param lookMillis  How often files are looked at.
 * @throws {UsageError} `invalid-option`: a file cannot be used; with a line for each thing that is wrong.
 */
export function openAuthLinks(
  sources: AuthSources,
  limits: AuthLimits,
  takesRules: boolean,
  lookMillis?: number,
): AuthLinks {
  const tokens = openTokens(sources, lookMillis);
  const http = openHttp(sources, limits, takesRules, lookMillis);
  const { certificateUser } = sources;
  return {
    certificate: certificateUser === 'none' ? [] : [certificateLink(certificateUser)],
    tokens: tokens.links,
    http: http.links,
    reloadables: [...tokens.reloadables, ...http.reloadables],
    warnings: [...tokens.warnings, ...http.warnings],
    close() {
      tokens.close();
      http.close();
    },
  };
}

/** One kind of them. */
interface Opened {
  readonly links: readonly ChainLink[];
  readonly reloadables: readonly Reloadable[];
  readonly warnings: readonly string[];
  close(): void;
}

const NOTHING: Opened = { links: [], reloadables: [], warnings: [], close: () => undefined };

function openTokens(sources: AuthSources, lookMillis: number | undefined): Opened {
  if (hasKeyFile(sources)) return openKeyFile(sources, lookMillis);
  if (sources.jwtKeys === '') return NOTHING;
  const url = sources.jwtKeys;
  const trusted = openAuthorities(sources.jwtKeysCa, lookMillis);
  const { ca } = trusted;
  const endpoint = new HttpEndpoint({ url, ca, connectionsMax: 1, timeout: KEYS_TIMEOUT }, NODE_CLOCK);
  const fetchKeys = async (): Promise<string> => {
    const reply = await endpoint.ask(undefined, {}, (answer) => ({ kind: 'read', answer }));
    if (reply.kind === 'failed') throw new Error(`${new URL(url).origin}: ${reply.why}`);
    return reply.answer;
  };
  const link = tokenLink(sources, { kind: 'fetched', url, fetch: fetchKeys });
  return {
    links: [link],
    reloadables: trusted.reloadablesFor('file of CAs for jwtKeys', endpoint),
    warnings: forAnybody(sources),
    close: () => endpoint.close(),
  };
}

function openKeyFile(sources: AuthSources, lookMillis: number | undefined): Opened {
  const isSecret = sources.jwtSecretFile !== '';
  const watch = new FileWatch([isSecret ? sources.jwtSecretFile : sources.jwtKeys], lookMillis);
  const first = readKeyFile(sources);
  const link = tokenLink(sources, first.content);
  let text = textOf(first.content);
  const reload = (): ReloadOutcome =>
    readAgain(() => {
      const { content, count, warnings } = readKeyFile(sources);
      if (textOf(content) === text) return { kind: 'unchanged' };
      text = textOf(content);
      link.replace(content);
      return { kind: 'changed', facts: { keys: count }, warnings, objection: undefined };
    });
  return {
    links: [link],
    reloadables: [{ what: isSecret ? 'secret of tokens' : 'file of keys', watch, reload }],
    warnings: [...first.warnings, ...(isSecret ? [] : forAnybody(sources))],
    close: () => undefined,
  };
}

function openHttp(
  sources: AuthSources,
  limits: AuthLimits,
  takesRules: boolean,
  lookMillis: number | undefined,
): Opened {
  const { httpAuth: url, httpAuthTokenFile, httpAuthTimeout: timeout, httpAuthRequestsMax: connectionsMax } = sources;
  if (url === '') return NOTHING;
  const watch = new FileWatch(httpAuthTokenFile === '' ? [] : [httpAuthTokenFile], lookMillis);
  const first = readTokenFile(httpAuthTokenFile);
  const trusted = openAuthorities(sources.httpAuthCa, lookMillis);
  const { ca } = trusted;
  const endpoint = new HttpEndpoint({ url, ca, connectionsMax, timeout }, NODE_CLOCK);
  const readRules = takesRules ? answeredRulesReader(url) : refuseRules;
  const link = new HttpLink(
    { endpoint, sources, limits, clock: NODE_CLOCK, random: NODE_RANDOM, readRules },
    first.content,
  );
  let token = first.content;
  const reload = (): ReloadOutcome =>
    readAgain(() => {
      const { content, warnings } = readTokenFile(httpAuthTokenFile);
      if (content === token) return { kind: 'unchanged' };
      token = content;
      link.replaceToken(content);
      return { kind: 'changed', facts: {}, warnings, objection: undefined };
    });
  return {
    links: [link],
    reloadables: [
      ...(httpAuthTokenFile === '' ? [] : [{ what: 'token for httpAuth', watch, reload }]),
      ...trusted.reloadablesFor('file of CAs for httpAuth', endpoint),
    ],
    warnings: first.warnings,
    close: () => endpoint.close(),
  };
}

/** Nobody would obey them, so whoever came with them would have the rights that they are to limit. */
const refuseRules: ReadRules = () => ({
  kind: 'wrong',
  why: 'this broker has an authorizer of its own, which knows nothing of them',
});

/** The CAs that are trusted for a URL. */
interface Authorities {
  /** Those that were read first; `undefined`: those that Node knows. */
  readonly ca: string | undefined;
  /** Ties them to what asks the URL. None: no file is named. */
  reloadablesFor(what: string, endpoint: HttpEndpoint): readonly Reloadable[];
}

function openAuthorities(file: string, lookMillis: number | undefined): Authorities {
  const watch = new FileWatch(file === '' ? [] : [file], lookMillis);
  const ca = readAuthorities(file);
  return {
    ca,
    reloadablesFor(what, endpoint) {
      let known = ca;
      const reload = (): ReloadOutcome =>
        readAgain(() => {
          const found = readAuthorities(file);
          if (found === known) return { kind: 'unchanged' };
          known = found;
          endpoint.replaceAuthorities(found);
          return { kind: 'changed', facts: {}, warnings: [], objection: undefined };
        });
      return file === '' ? [] : [{ what, watch, reload }];
    },
  };
}

function tokenLink(sources: AuthSources, keys: TokenKeys): JwtLink {
  return new JwtLink({ ...sources, jwtAlgorithms: algorithmsOf(sources) }, keys, NODE_CLOCK);
}

/** A token of the same issuer for another service would be good here. */
function forAnybody({ jwtAudience }: AuthSources): readonly string[] {
  if (jwtAudience !== '') return [];
  return ['Tokens are taken that were made for any service (there is no jwtAudience).'];
}

/** All that keys say, to see whether they have changed. */
function textOf(keys: TokenKeys): string {
  switch (keys.kind) {
    case 'set':
      return JSON.stringify(keys.keys);
    case 'secret':
      return Buffer.from(keys.secret).toString('base64');
    case 'fetched':
      return keys.url;
    default:
      return keys satisfies never;
  }
}

function readAgain(read: () => ReloadOutcome): ReloadOutcome {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) return { kind: 'refused', problems: error.message.split('\n') };
    throw error;
  }
}
