// The broker under real programs with TLS, certificates and WebSocket: openssl, the Mosquitto tools and MQTT.js.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import mqtt from 'mqtt';
import type { Authenticator, Credentials } from '../../src/auth/contract.ts';
import { createBroker, type EmbeddedBroker, type ListenOptions, type Log } from '../../src/exports/broker.ts';
import { connect } from '../../src/exports/client.ts';
import { skipUnless } from '../require.ts';
import { certificateFile, certificateText } from '../support/certificates.ts';
import { endTools, isInstalled, Tool } from '../support/tool.ts';
import { WITHOUT_TOOLS } from './mosquitto-tools.ts';

const WITHOUT_OPENSSL = skipUnless('interop', isInstalled('openssl', 'version'), 'openssl is not installed');

const CA = certificateFile('ca.pem');
const TLS = { cert: certificateFile('server.pem'), key: certificateFile('server.key') };
const MUTUAL = { ...TLS, ca: CA, crl: certificateFile('crl.pem'), clientCertificate: 'required' } as const;

/** What the broker was told of each client, and what it told its operator. */
const seen: Credentials[] = [];
const told: string[] = [];
let tell = (): void => {};
let broker: EmbeddedBroker;

before(() => {
  const note = (sentence: string): void => {
    told.push(sentence);
    tell();
  };
  const log: Log = { debug() {}, info: note, warn: note, error: note };
  const authenticator: Authenticator = {
    authenticate: (credentials) => {
      seen.push(credentials);
      return { kind: 'accepted', principal: credentials.certificate?.commonName };
    },
  };
  broker = createBroker({ log, authenticator });
});
after(async () => {
  await endTools();
  await broker.close();
});

async function listen(options: ListenOptions): Promise<string> {
  const { port } = await broker.listen({ port: 0, ...options });
  return `${port}`;
}

/** Waits until the log has a sentence like it. */
async function untilTold(sentence: RegExp): Promise<void> {
  while (!told.some((each) => sentence.test(each))) {
    await new Promise<void>((resolve) => {
      tell = resolve;
    });
  }
}

/** Subscribes with mosquitto_sub and publishes with mosquitto_pub, each with the same arguments. */
async function pass(topic: string, port: string, ...args: readonly string[]): Promise<void> {
  const common = ['-h', 'localhost', '-p', port, '-t', topic, ...args];
  const subscriber = new Tool('stdbuf', ['-oL', 'mosquitto_sub', '-d', '-C', '1', '-F', 'got %p', ...common]);
  await subscriber.line(/received SUBACK/u);
  await new Tool('mosquitto_pub', ['-q', '1', '-m', 'hello', ...common]).end();
  assert.equal(await subscriber.line(/^got /u), 'got hello');
  await subscriber.end();
}

const CLIENT = ['--cafile', CA, '--cert', certificateFile('client.pem'), '--key', certificateFile('client.key')];

describe('the Mosquitto tools over TLS', { skip: WITHOUT_TOOLS, timeout: 30_000 }, () => {
  it('a message passes over TLS 1.2 and 1.3', async () => {
    const port = await listen({ tls: TLS });
    for (const version of ['tlsv1.2', 'tlsv1.3']) {
      await pass(`tls/${version}`, port, '--cafile', CA, '--tls-version', version);
    }
    assert.equal(seen.at(-1)?.certificate, undefined);
  });

  it('a client says with ALPN that it speaks MQTT', async () => {
    const port = await listen({ tls: TLS });
    await pass('tls/alpn', port, '--cafile', CA, '--tls-alpn', 'mqtt');
  });

  it('a client that trusts another CA is told of, and gets nowhere', async () => {
    const port = await listen({ tls: TLS });
    const args = ['-h', 'localhost', '-p', port, '-t', 'a', '-m', 'b', '--cafile', certificateFile('stranger.pem')];
    await assert.rejects(new Tool('mosquitto_pub', args).end());
    // It says why, and is gone: its system may forget the one for the other.
    await untilTold(/because it does not accept the certificate of this broker|because it closed the connection/u);
  });

  it('a client with a good certificate is known by its name', async () => {
    const port = await listen({ tls: MUTUAL });
    await pass('tls/mutual', port, ...CLIENT);
    assert.equal(seen.at(-1)?.certificate?.commonName, 'device-7');
  });

  it('a client without a certificate, or with a revoked one, gets nowhere', async () => {
    const port = await listen({ tls: MUTUAL });
    const common = ['-h', 'localhost', '-p', port, '-t', 'a', '-m', 'b', '-q', '1', '--cafile', CA];
    await assert.rejects(new Tool('mosquitto_pub', common).end());
    await untilTold(/because it showed no certificate, and this listener requires one/u);
    const revoked = ['--cert', certificateFile('revoked.pem'), '--key', certificateFile('revoked.key')];
    // It is cut off, and would try again for ever.
    const tool = new Tool('mosquitto_pub', [...common, ...revoked]);
    await untilTold(/because its certificate was revoked/u);
    await tool.kill();
  });

  it('a client that speaks plain MQTT to a TLS listener is told of in words', async () => {
    const port = await listen({ tls: TLS });
    const tool = new Tool('mosquitto_pub', ['-h', 'localhost', '-p', port, '-t', 'a', '-m', 'b']);
    await untilTold(/because it does not speak TLS, and this listener does: is the client to use mqtts/u);
    await tool.kill();
  });
});

describe('openssl s_client', { skip: WITHOUT_OPENSSL, timeout: 30_000 }, () => {
  const run = async (port: string, ...args: readonly string[]): Promise<string> => {
    const child = spawn('openssl', ['s_client', '-connect', `localhost:${port}`, '-CAfile', CA, ...args]);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.stdin.on('error', () => {}).end();
    await once(child, 'close');
    return text;
  };

  it('finds the certificate good, and the protocol', async () => {
    const port = await listen({ tls: TLS });
    const text = await run(port, '-alpn', 'mqtt', '-servername', 'localhost', '-verify_return_error');
    assert.match(text, /Verify return code: 0 \(ok\)/u);
    assert.match(text, /ALPN protocol: mqtt/u);
    assert.match(text, /TLSv1\.3/u);
  });

  it('is refused with anything older than TLS 1.2', async () => {
    const port = await listen({ tls: TLS });
    assert.match(await run(port, '-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0'), /alert protocol version/u);
    assert.match(await run(port, '-tls1_2'), /Verify return code: 0 \(ok\)/u);
  });
});

describe('MQTT.js over WebSocket and TLS', { timeout: 30_000 }, () => {
  const roundTrip = async (url: string, options: mqtt.IClientOptions = {}): Promise<void> => {
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });
    try {
      const arrived = new Promise<[string, Buffer]>((resolve) => {
        client.once('message', (topic, payload) => resolve([topic, payload]));
      });
      await client.subscribeAsync('js/+', { qos: 1 });
      await client.publishAsync('js/a', 'x'.repeat(100_000), { qos: 1 });
      const [topic, payload] = await arrived;
      assert.equal(topic, 'js/a');
      assert.equal(payload.length, 100_000);
    } finally {
      await client.endAsync();
    }
  };
  const ca = certificateText('ca.pem');

  for (const protocolVersion of [3, 4, 5] as const) {
    it(`a message passes over ws and wss, protocol version ${protocolVersion}`, async () => {
      const protocolId = protocolVersion === 3 ? 'MQIsdp' : 'MQTT';
      const options = { protocolVersion, protocolId } as const;
      await roundTrip(`ws://localhost:${await listen({ webSocket: true })}/mqtt`, options);
      const port = await listen({ webSocket: { path: '/a' }, tls: TLS });
      await roundTrip(`wss://localhost:${port}/a`, { ...options, ca });
    });
  }

  it('a client certificate is known over wss, and required there too', async () => {
    const port = await listen({ webSocket: true, tls: MUTUAL });
    const own = { cert: certificateText('client.pem'), key: certificateText('client.key') };
    await roundTrip(`wss://localhost:${port}/mqtt`, { ca, ...own });
    assert.equal(seen.at(-1)?.certificate?.commonName, 'device-7');
    const seenBefore = seen.length;
    for (const other of [
      {},
      { cert: certificateText('revoked.pem'), key: certificateText('revoked.key') },
      { cert: certificateText('expired.pem'), key: certificateText('expired.key') },
      { cert: certificateText('stranger.pem'), key: certificateText('stranger.key') },
    ]) {
      await assert.rejects(roundTrip(`wss://localhost:${port}/mqtt`, { ca, ...other }));
    }
    assert.equal(seen.length, seenBefore);
  });

  it('a message passes over mqtts', async () => {
    await roundTrip(`mqtts://localhost:${await listen({ tls: TLS })}`, { ca });
  });
});

describe('our own client over every transport', { timeout: 30_000 }, () => {
  it('a message passes over mqtts, ws and wss, with files and with PEM', async () => {
    const urls: readonly (readonly [string, object | undefined])[] = [
      [`mqtts://localhost:${await listen({ tls: TLS })}`, { ca: CA }],
      [`mqtts://127.0.0.1:${await listen({ tls: TLS })}`, { ca: certificateText('ca.pem') }],
      [`ws://localhost:${await listen({ webSocket: true })}`, undefined],
      [`wss://localhost:${await listen({ webSocket: true, tls: TLS })}/mqtt`, { ca: CA }],
    ];
    for (const [url, tls] of urls) {
      const client = await connect(url, { tls });
      const subscription = await client.subscribe('own/a', { qos: 1 });
      await client.publish('own/a', 'hello', { qos: 1 });
      for await (const message of subscription) {
        assert.equal(Buffer.from(message.payload).toString(), 'hello');
        break;
      }
      await client.disconnect();
    }
  });
});
