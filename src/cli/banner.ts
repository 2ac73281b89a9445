// What `vouch start` says of itself once it serves: what listens where, how safe that is, what is kept
// where and what was found there, and how to try it. A banner for people; one log line with the same facts for machines.

import path from 'node:path';
import { styleText } from 'node:util';

import { unreachable } from '../base/assert.ts';
import type { LogFields } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import type { ListenerAddress } from '../config/listener-address.ts';
import { isOpenToOthers } from '../config/listener-address.ts';
import { showValue } from '../config/schema.ts';
import { flagOf } from '../config/spelling.ts';
import type { Server } from '../server/start-server.ts';

/** What a started broker knows of itself. */
export interface StartFacts {
  readonly version: string;
  readonly pid: number;
  readonly config: Config;
  /** In the order of the configuration's listeners. */
  readonly listeners: Server['listeners'];
  readonly found: Server['found'];
  /** What to type in place of `vouch`, such as `npm run vouch --`. */
  readonly command: string;
}

const MEMORY_SENTENCE =
  'memory: everything is lost when the process ends, and an acknowledgement promises nothing beyond it';

/** The banner, with a line break at its end. */
export function bannerText(facts: StartFacts, isColored: boolean): string {
  const paint = (style: 'bold' | 'green' | 'yellow', text: string): string =>
    isColored ? styleText(style, text, { validateStream: false }) : text;
  const doors = doorsOf(facts);
  const widest = Math.max(...doors.map((door) => door.url.length));
  const listening = doors.map((door) => {
    return `${door.url.padEnd(widest)}  ${paint(door.isOpen ? 'yellow' : 'green', door.safety)}`;
  });
  const who = whoMay(facts.config).includes('anonymous') ? '' : ' -u USER -P PASSWORD';
  const rows: readonly (readonly [string, string])[] = [
    ...listening.map((line, index) => [index === 0 ? 'Listening' : '', line] as const),
    ...rulesRows(facts),
    ...storeRows(facts),
    ['Sessions', expirySentence(facts.config)],
    ['Try it', `${facts.command} sub${addressOptions(facts)}${who} -v -t hello`],
    ['', `${facts.command} pub${addressOptions(facts)}${who} -t hello -m world    (in another terminal)`],
    ['Stop', 'Ctrl-C'],
  ];
  const lines = rows.map(([term, line]) => `  ${paint('bold', term.padEnd(11))}${line}`);
  return `\n  ${paint('bold', `Vouch ${facts.version}`)}  pid ${facts.pid}\n\n${lines.join('\n')}\n\n`;
}

/** The same facts as the fields of a log line. */
export function startFields(facts: StartFacts): LogFields {
  return {
    version: facts.version,
    pid: facts.pid,
    listeners: doorsOf(facts)
      .map((door) => `${door.url} (${door.safety})`)
      .join(', '),
    ...rulesFields(facts),
    ...storeFields(facts),
    sessionExpiry: `sessions ${expirySentence(facts.config)}`,
  };
}

function rulesRows(facts: StartFacts): readonly (readonly [string, string])[] {
  const sentence = rulesSentence(facts);
  return sentence === undefined ? [] : [['Rules', sentence]];
}

function rulesFields(facts: StartFacts): LogFields {
  const rules = rulesSentence(facts);
  return rules === undefined ? {} : { rules };
}

/** `undefined`: everything is allowed, which the listeners' lines say. */
function rulesSentence({ config: { accessRules } }: StartFacts): string | undefined {
  return accessRules && `${counted(accessRules.rules.length, 'rule')} in ${path.resolve(accessRules.path)}`;
}

function storeRows({ config, found }: StartFacts): readonly (readonly [string, string])[] {
  if (config.store === 'memory') return [['Store', MEMORY_SENTENCE]];
  const isEmpty = found.sessions === 0 && found.messages === 0 && found.retained === 0;
  const counts = [
    counted(found.sessions, 'session'),
    `${counted(found.messages, 'message')} to deliver`,
    counted(found.retained, 'retained message'),
  ];
  return [
    ['Store', `${path.resolve(config.data)}: ${isEmpty ? 'empty so far' : `found ${counts.join(', ')}`}`],
    ['', 'what is acknowledged is on disk'],
  ];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function storeFields({ config, found }: StartFacts): LogFields {
  if (config.store === 'memory') return { store: MEMORY_SENTENCE };
  return {
    store: 'sqlite',
    data: path.resolve(config.data),
    sessionsFound: found.sessions,
    messagesFound: found.messages,
    retainedFound: found.retained,
  };
}

/** Worth a word, since in MQTT 3.1.1 such a session has no end, and whoever comes back later finds none. */
function expirySentence({ limits }: Config): string {
  const after =
    limits.sessionExpiryMax === 0 ? 'with' : `${showValue('sessionExpiryMax', limits.sessionExpiryMax)} after`;
  return `of MQTT 3 clients end ${after} their last connection (${flagOf('sessionExpiryMax')})`;
}

interface Door {
  readonly url: string;
  readonly isOpen: boolean;
  readonly safety: string;
}

function doorsOf(facts: StartFacts): readonly Door[] {
  return facts.listeners.map((listener, index) => {
    const address = facts.config.listeners[index]?.address;
    const isOpen = address === undefined || isOpenToOthers(address);
    const reach = isOpen ? 'open to other machines' : address.type === 'unix' ? 'this machine only' : 'loopback only';
    const spoken = address === undefined ? 'plain TCP' : spokenAt(address);
    return { url: listener.url, isOpen, safety: `${whoMay(facts.config)}, ${spoken}, ${reach}` };
  });
}

function spokenAt(address: ListenerAddress): string {
  switch (address.type) {
    case 'tcp':
      return 'plain TCP';
    case 'ws':
      return 'plain WebSocket';
    case 'unix':
      return 'Unix socket';
    case 'tls':
      return `TLS${certificates(address.tls.clientCertificate)}`;
    case 'wss':
      return `WebSocket over TLS${certificates(address.tls.clientCertificate)}`;
    default:
      return unreachable(address);
  }
}

function certificates(rule: 'none' | 'optional' | 'required'): string {
  return rule === 'none' ? '' : ` with client certificates (${rule})`;
}

/** By what clients may say who they are, in the order in which they are asked. */
function whoMay({ passwordFile, authSources, allowAnonymous }: Config): string {
  const { certificateUser, jwtKeys, jwtSecretFile, httpAuth } = authSources;
  const ways = [
    certificateUser === 'none' ? '' : 'certificates',
    passwordFile === '' ? '' : 'passwords',
    jwtKeys === '' && jwtSecretFile === '' ? '' : 'tokens',
    httpAuth === '' ? '' : 'httpAuth',
  ].filter((way) => way !== '');
  if (ways.length === 0) return 'anonymous';
  return [...ways, ...(allowAnonymous ? ['anonymous'] : [])].join(' or ');
}

/** `-h` and `-p` for the first listener, where they are not what pub and sub assume anyway; `-L` where it is not plain TCP. */
function addressOptions(facts: StartFacts): string {
  const address = facts.config.listeners[0]?.address;
  if (address !== undefined && address.type !== 'tcp') return ` -L ${facts.listeners[0]?.url ?? ''}`;
  const host = address?.host ?? '127.0.0.1';
  const port = facts.listeners[0]?.port ?? 1883;
  const isUsual = ['127.0.0.1', 'localhost', '0.0.0.0', '::'].includes(host);
  return `${isUsual ? '' : ` -h ${host}`}${port === 1883 ? '' : ` -p ${port}`}`;
}
