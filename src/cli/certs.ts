// `vouch certs`: a development CA, and certificates of a server and of clients, so that TLS takes one command to try.

import { isIP } from 'node:net';

import { UsageError } from '../base/errors.ts';
import { quote } from '../config/spelling.ts';
import type { MadeCertificates } from '../server/certificate-folder.ts';
import { EXIT } from '../server/exit-codes.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import {
  BadValue,
  integer,
  listOption,
  switchOption,
  text,
  type ValuesOf,
  valueOption,
  withDefault,
} from './option-table.ts';

const DAYS = { usual: 365, most: 3650 };

/** Names of files that are no client's. */
const TAKEN = ['ca', 'server', 'crl'];

const OPTIONS = {
  out: valueOption(
    { metavar: 'DIR', group: 'Files', sentence: 'The folder for all of it; it is made if it is not there.' },
    text,
  ),
  force: switchOption({
    group: 'Files',
    sentence: 'Make everything anew, the CA first, and overwrite what is there.',
  }),
  host: listOption(
    {
      metavar: 'NAME',
      group: 'Certificates',
      sentence:
        'A host name or address at which clients find the server, besides localhost, 127.0.0.1 and ::1. Any number of times.',
    },
    hostName,
  ),
  client: listOption(
    {
      metavar: 'NAME',
      group: 'Certificates',
      sentence: 'A client, by the Common Name of its certificate. Any number of times.',
      defaultText: 'client',
    },
    clientName,
  ),
  days: withDefault(
    valueOption({ metavar: 'N', group: 'Certificates', sentence: 'How long they are good.' }, integer(1, DAYS.most)),
    DAYS.usual,
  ),
  revoke: listOption(
    {
      metavar: 'NAME',
      group: 'Certificates',
      sentence: 'A client whose certificate is put on the list of revoked ones, crl.pem. Any number of times.',
    },
    clientName,
  ),
};

/** `vouch certs`. */
export const command: Command = defineCommand(
  {
    command: 'vouch certs',
    sentence: 'Makes a development CA, and certificates of a server and clients to try TLS with.',
    usage: ['--out DIR [options]'],
    options: OPTIONS,
    examples: [
      { line: 'vouch certs --out certs', sentence: 'A CA, a server and a client, and what to do with them.' },
      {
        line: 'vouch certs --out certs --host broker.lan --host 192.168.1.5',
        sentence: 'For clients on other machines.',
      },
      { line: 'vouch certs --out certs --client meter-7', sentence: 'One client more, of the CA that is there.' },
      { line: 'vouch certs --out certs --revoke meter-7', sentence: 'A running broker lets it in no more.' },
    ],
    notes: [
      'For development and tests: the key of the CA lies beside the rest, and whoever has it can be anybody. Keys are readable for ' +
        'their owner alone, and are not encrypted.',
      'Exit codes: 0 done; 1 not done; 2 called wrongly, or something is there already; 70 a bug in Vouch.',
    ],
  },
  makeAll,
);

async function makeAll({ out, force, host, client, days, revoke }: ValuesOf<typeof OPTIONS>): Promise<number> {
  if (out === undefined || out === '') throw new UsageError('invalid-option', '--out must be said: --out DIR.');
  const { makeCertificates } = await import('../server/certificate-folder.ts');
  const made = await makeCertificates({ folder: out, hosts: host, clients: client, revoke, days, force });
  const lines = [`In ${out}:`, ...madeLines(made)];
  if (made.isAuthorityNew) lines.push('', ...advice(out.replace(/(?<=.)\/+$/, ''), made));
  process.stdout.write(`${lines.join('\n')}\n`);
  return EXIT.ok;
}

function madeLines({ isAuthorityNew, hosts, clients, revoked, until }: MadeCertificates): readonly string[] {
  const rows: [files: string, what: string][] = [];
  if (isAuthorityNew) rows.push(['ca.pem, ca.key', 'the CA; whoever has its key can be anybody']);
  if (hosts.length > 0) rows.push(['server.pem, server.key', `the server ${hosts.join(', ')}`]);
  for (const name of clients) rows.push([`${name}.pem, ${name}.key`, `the client ${quote(name)}`]);
  if (isAuthorityNew) rows.push(['crl.pem', 'the revoked certificates: none so far']);
  else if (revoked.length > 0) rows.push(['crl.pem', `also revoked: ${revoked.join(', ')}`]);
  const width = Math.max(...rows.map(([files]) => files.length));
  const lines = rows.map(([files, what]) => `  ${files.padEnd(width)}  ${what}`);
  return isAuthorityNew || clients.length > 0 ? [...lines, `Good until ${until.toISOString().slice(0, 10)}.`] : lines;
}

/** Commands to copy. */
function advice(folder: string, { clients }: MadeCertificates): readonly string[] {
  const vouch = process.env['npm_lifecycle_event'] === undefined ? 'vouch' : 'npm run -s vouch --';
  const file = (name: string): string => shellWord(`${folder}/${name}`);
  const inUrl = (name: string): string => `${folder}/${name}`.split('/').map(encodeURIComponent).join('/');
  const door = `mqtts://127.0.0.1:8883?cert=${inUrl('server.pem')}&key=${inUrl('server.key')}`;
  const mutual = `${door}&ca=${inUrl('ca.pem')}&crl=${inUrl('crl.pem')}&clientCertificate=required`;
  const [client = 'client'] = clients;
  const own = `--cert ${file(`${client}.pem`)} --key ${file(`${client}.key`)}`;
  return [
    'Try, each in a terminal of its own:',
    `  ${vouch} start --listeners ${shellWord(door)}`,
    `  ${vouch} sub -L mqtts://localhost:8883 --cafile ${file('ca.pem')} -t test`,
    `  mosquitto_sub -h localhost -p 8883 --cafile ${file('ca.pem')} -t test`,
    `  ${vouch} pub -L mqtts://localhost:8883 --cafile ${file('ca.pem')} -t test -m hello`,
    '',
    'With certificates on both sides:',
    `  ${vouch} start --listeners ${shellWord(mutual)}`,
    `  ${vouch} sub -L mqtts://localhost:8883 --cafile ${file('ca.pem')} ${own} -t test`,
    `  mosquitto_sub -h localhost -p 8883 --cafile ${file('ca.pem')} ${own} -t test`,
    '',
    'And take one back while the broker runs:',
    `  ${vouch} certs --out ${shellWord(folder)} --revoke ${client}`,
  ];
}

/** In quotes where a shell would make something else of it. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function hostName(host: string): string {
  const isName = host.length <= 253 && /^(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/.test(host);
  if (isIP(host) !== 0 ? !host.includes('%') : isName) return host;
  throw new BadValue(`takes a host name or an IP address; got ${quote(host)}`);
}

function clientName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) && !TAKEN.includes(name)) return name;
  const letters = 'takes up to 64 letters, digits, dots, dashes and underscores';
  throw new BadValue(`${letters}, and none of ${TAKEN.join(', ')}; got ${quote(name)}`);
}
