// The files of listeners with TLS that change while clients are connected, over TCP and over WebSocket.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';

import { createBroker, type EmbeddedBroker } from '../../src/exports/broker.ts';
import { type Client, connect } from '../../src/exports/client.ts';
import { makeCertificates } from '../../src/server/certificate-folder.ts';
import { type CertificateName, certificate, certificateFile, certificateText } from '../support/certificates.ts';

const CA = certificateText('ca.pem');
const NAMES = ['server.pem', 'server.key', 'ca.pem'] as const;

interface Stage {
  readonly broker: EmbeddedBroker;
  readonly port: number;
  readonly said: (text: string) => boolean;
  /** Puts another file in the place of one, in one step. */
  readonly replace: (name: (typeof NAMES)[number], text: string) => void;
  readonly enter: (name: CertificateName) => Promise<Client>;
}

async function stage(context: TestContext, isWebSocket: boolean, revokeOnReload = false): Promise<Stage> {
  const folder = mkdtempSync(path.join(tmpdir(), 'vouch-tls-reload-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => path.join(folder, name);
  for (const name of NAMES) copyFileSync(certificateFile(name), at(name));
  const lines: string[] = [];
  const say = (sentence: string): void => void lines.push(sentence.replaceAll(`${folder}/`, ''));
  const broker = createBroker({ revokeOnReload, log: { debug() {}, info: say, warn: say, error: say } });
  context.after(() => broker.close());
  const tls = {
    cert: at('server.pem'),
    key: at('server.key'),
    ca: at('ca.pem'),
    clientCertificate: 'required',
  } as const;
  const door = await broker.listen({ port: 0, tls, ...(isWebSocket ? { webSocket: true } : {}) });
  return {
    broker,
    port: door.port,
    said: (text) => lines.some((line) => line.includes(text)),
    replace(name, text) {
      writeFileSync(at('new'), text);
      renameSync(at('new'), at(name));
    },
    async enter(name) {
      const client = await connect(door.url, {
        clientId: name,
        reconnect: false,
        tls: { ca: CA, ...certificate(name) },
      });
      context.after(() => client.disconnect());
      return client;
    },
  };
}

/** The names in the certificate with which a handshake begins. */
async function serverNames(port: number, servername?: string): Promise<string | undefined> {
  const asked = servername === undefined ? {} : { servername };
  const options = { port, host: '127.0.0.1', rejectUnauthorized: false, ...certificate('client'), ...asked };
  const socket = connectTls(options).on('error', () => {});
  await once(socket, 'secureConnect');
  const names = socket.getPeerX509Certificate()?.subjectAltName;
  socket.destroy();
  return names;
}

for (const isWebSocket of [false, true]) {
  const over = isWebSocket ? 'WSS' : 'TLS';

  test(`threat 63: a new certificate, key and CA are in force for new handshakes over ${over}, and connections live on`, async (context) => {
    const { broker, port, said, replace, enter } = await stage(context, isWebSocket);
    const client = await enter('client');
    assert.match((await serverNames(port)) ?? '', /localhost/);
    replace('server.key', certificateText('elsewhere.key'));
    replace('server.pem', certificateText('elsewhere.pem'));
    assert.deepEqual(
      broker.reload().map(({ result, files }) => [result, files.length]),
      [['changed', 3]],
    );
    assert.ok(said('The TLS setup of'));
    assert.equal(await serverNames(port), 'DNS:elsewhere.example');
    replace('ca.pem', certificateText('self-signed.pem'));
    broker.reload();
    await client.publish('a', 'still here', { qos: 1 });
    await assert.rejects(enter('client'));
  });

  test(`a certificate for another name is chosen over ${over}, and read again with the rest`, async (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'vouch-tls-names-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const other = { cert: path.join(folder, 'other.pem'), key: path.join(folder, 'other.key') };
    const put = (name: CertificateName): void => {
      writeFileSync(other.cert, certificate(name).cert);
      writeFileSync(other.key, certificate(name).key);
    };
    put('elsewhere');
    const broker = createBroker();
    context.after(() => broker.close());
    const tls = { ...certificate('server'), others: [other] };
    const { port } = await broker.listen({ port: 0, tls, ...(isWebSocket ? { webSocket: true } : {}) });
    const ask = async (): Promise<readonly (string | undefined)[]> =>
      await Promise.all(['localhost', 'elsewhere.example', 'a.meters.example'].map((name) => serverNames(port, name)));
    const [first, ...rest] = await ask();
    assert.deepEqual(rest, ['DNS:elsewhere.example', first]);
    put('wildcard');
    assert.equal(broker.reload()[0]?.result, 'changed');
    assert.deepEqual(await ask(), [first, first, 'DNS:*.meters.example']);
    assert.equal(broker.reload()[0]?.result, 'unchanged');
    writeFileSync(other.key, certificate('client').key);
    assert.equal(broker.reload()[0]?.result, 'refused');
    assert.deepEqual(await ask(), [first, first, 'DNS:*.meters.example']);
  });

  test(`threat 30: files over ${over} that do not fit, are none or are gone leave the others in force, and are told by their names`, async (context) => {
    const { broker, port, said, replace, enter } = await stage(context, isWebSocket);
    const wrong = async (expected: RegExp): Promise<void> => {
      const [report] = broker.reload();
      assert.equal(report?.result, 'refused');
      assert.match(report.remarks[0] ?? '', expected);
      assert.match((await serverNames(port)) ?? '', /localhost/);
      await (await enter('client')).disconnect();
    };
    replace('server.key', certificateText('elsewhere.key'));
    await wrong(/^(mqtts|wss):\/\/\S+: the key \S+server\.key does not belong to the certificate \S+server\.pem\.$/);
    assert.ok(said('does not belong to the certificate'));
    replace('server.pem', 'garbage');
    await wrong(/server\.pem holds no certificate/);
    replace('ca.pem', '');
    await wrong(/server\.pem holds no certificate/);
  });

  test(`with revokeOnReload, a client over ${over} whose CA is trusted no more is disconnected`, async (context) => {
    const { broker, said, replace, enter } = await stage(context, isWebSocket, true);
    const client = await enter('client');
    replace('ca.pem', certificateText('ca.pem') + certificateText('self-signed.pem'));
    assert.equal(broker.reload()[0]?.result, 'changed');
    await client.publish('a', 'still here', { qos: 1 });
    replace('ca.pem', certificateText('self-signed.pem'));
    broker.reload();
    const end = await client.closed;
    assert.ok(end.kind === 'disconnected-by-broker');
    assert.equal(end.reasonCode, 0x87);
    assert.ok(said('None of the CAs now has signed its certificate'));
  });
}

for (const isWebSocket of [false, true]) {
  const over = isWebSocket ? 'WSS' : 'TLS';

  test(`threat 63: with revokeOnReload, a client over ${over} whose certificate is revoked is disconnected and does not come back; others stay`, async (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'vouch-crl-reload-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const usual = { folder, hosts: [], clients: [], revoke: [], days: 1, force: false };
    await makeCertificates({ ...usual, clients: ['gone', 'stays'] });
    const at = (name: string): string => path.join(folder, name);
    const broker = createBroker({ revokeOnReload: true });
    context.after(() => broker.close());
    const files = { cert: at('server.pem'), key: at('server.key'), ca: at('ca.pem'), crl: at('crl.pem') };
    const webSocket = isWebSocket ? ({ webSocket: true } as const) : {};
    const { url } = await broker.listen({ port: 0, tls: { ...files, clientCertificate: 'required' }, ...webSocket });
    const enter = async (name: string): Promise<Client> => {
      const [ca, cert, key] = ['ca.pem', `${name}.pem`, `${name}.key`].map((each) => readFileSync(at(each), 'utf8'));
      const client = await connect(url, { clientId: name, reconnect: false, tls: { ca, cert, key } });
      context.after(() => client.disconnect());
      return client;
    };
    const [gone, stays] = [await enter('gone'), await enter('stays')];
    await makeCertificates({ ...usual, revoke: ['gone'] });
    const end = await gone.closed; // Nobody asks: the file is watched.
    assert.ok(end.kind === 'disconnected-by-broker');
    assert.equal(end.reasonCode, 0x87);
    await assert.rejects(enter('gone'));
    await stays.publish('a', 'still here', { qos: 1 });
    await (await enter('stays')).disconnect();
  });
}

test('a listener that is closed is read no more', async (context) => {
  const { broker } = await stage(context, false);
  const tls = { cert: certificateFile('server.pem'), key: certificateFile('server.key') };
  const door = await broker.listen({ port: 0, tls });
  assert.equal(broker.reload().length, 2);
  await door.close();
  assert.equal(broker.reload().length, 1);
  await broker.listen({ port: 0, tls: { cert: certificateText('server.pem'), key: certificateText('server.key') } });
  assert.equal(broker.reload().length, 1, 'what is handed over is no file');
});
