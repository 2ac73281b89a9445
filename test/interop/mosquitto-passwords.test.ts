// mosquitto_passwd's files, and mosquitto_pub and mosquitto_sub with user names and passwords.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { createBroker, type EmbeddedBroker } from '../../src/exports/broker.ts';
import { skipUnless } from '../require.ts';
import type { TestBroker } from '../support/broker.ts';
import { endTools, isInstalled, Tool } from '../support/tool.ts';
import { publish, Subscriber, VERSIONS, WITHOUT_TOOLS } from './mosquitto-tools.ts';

const WITHOUT_PASSWD = skipUnless(
  'interop',
  isInstalled('mosquitto_passwd', '--help'),
  'mosquitto_passwd is not installed (Debian: mosquitto)',
);
const SKIP = WITHOUT_TOOLS === false ? WITHOUT_PASSWD : WITHOUT_TOOLS;

/** A user for each kind of hash that Debian's mosquitto_passwd makes. */
const KINDS = { old: 'sha512', usual: 'sha512-pbkdf2' } as const;
const PASSWORD = 'Ünd so: "weiter"';

describe('a password file of mosquitto_passwd', { skip: SKIP }, () => {
  let folder: string;
  let broker: EmbeddedBroker;
  let address: TestBroker;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'vouch-mosquitto-'));
    const file = path.join(folder, 'users.passwd');
    for (const [index, [user, kind]] of Object.entries(KINDS).entries()) {
      const create = index === 0 ? ['-c'] : [];
      await new Tool('mosquitto_passwd', [...create, '-b', '-H', kind, file, user, PASSWORD]).end();
    }
    broker = createBroker({ passwordFile: file });
    const { port, url } = await broker.listen({ port: 0 });
    address = { host: '127.0.0.1', port, url, close: () => broker.close() };
  });

  after(async () => {
    await endTools();
    await broker.close();
    rmSync(folder, { recursive: true });
  });

  for (const version of VERSIONS) {
    for (const user of Object.keys(KINDS)) {
      it(`lets mosquitto_pub and mosquitto_sub in, ${version}, kind ${user}`, async () => {
        const who = ['-V', version, '-u', user, '-P', PASSWORD];
        const topic = `${user}/${version}`;
        const subscriber = await Subscriber.subscribed(address, ...who, '-t', topic, '-q', '1', '-C', '1');
        await publish(address, ...who, '-t', topic, '-q', '1', '-m', 'hello');
        assert.deepEqual(await subscriber.payloads(1), ['hello']);
        await subscriber.end();
      });
    }

    it(`keeps out who has another password, or none, ${version}`, async () => {
      const attempt = ['-V', version, '-t', 'a', '-m', 'x', '-q', '1'];
      await assert.rejects(
        publish(address, ...attempt, '-u', 'usual', '-P', 'x'),
        /[Nn]ot authori[sz]ed|bad user name/i,
      );
      await assert.rejects(publish(address, ...attempt), /[Nn]ot authori[sz]ed/);
    });
  }
});
