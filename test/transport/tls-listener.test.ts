// The TLS door: who gets in, with which certificate, and what is said of those who do not.
// Longer than 400 lines because every way in which a handshake ends is tried at one door.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { after, it } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { certificate, certificateText } from '../support/certificates.ts';
import { echoOver } from '../support/echo-handler.ts';
import type { NetworkConnection } from '../../src/transport/contract.ts';
import type { SecureListener } from '../../src/transport/tls/renewing.ts';
import { listenTls } from '../../src/transport/tls/tls-listener.ts';
import type { TlsMaterial } from '../../src/transport/tls/tls-material.ts';

const HOST = '127.0.0.1';
const CA = certificateText('ca.pem');
const CRL = certificateText('crl.pem');
const SERVER = { ...certificate('server'), clientCertificate: 'none', minVersion: 'TLSv1.2' } as const;

/** A listener that remembers whom it let in and whom not, and echoes. */
interface Door {
  readonly listener: SecureListener;
  readonly accepted: NetworkConnection[];
  /** Without the peers' addresses. */
  readonly refusals: string[];
  /** Waits until so many were refused. */
  refused(count: number): Promise<void>;
}

const doors: Door[] = [];
const sockets: Socket[] = [];
after(async () => {
  for (const socket of sockets) socket.destroy();
  for (const { accepted, listener } of doors) {
    for (const connection of accepted) connection.destroy();
    await listener.close();
  }
});

async function openDoor(tls: Partial<TlsMaterial> = {}, waiting: { millisMax?: number; guestsMax?: number } = {}) {
  const accepted: NetworkConnection[] = [];
  const refusals: string[] = [];
  let wake = (): void => {};
  const options = {
    host: HOST,
    port: 0,
    tls: { ...SERVER, ...tls },
    waiting: {
      millisMax: 10_000,
      ...waiting,
      onRefused: (remote: string, reason: string) => {
        assert.match(remote, /^127\.0\.0\.1:\d+$/u);
        refusals.push(reason);
        wake();
      },
    },
  } as const;
  const listener = await listenTls(options, (connection) => {
    accepted.push(connection);
    return echoOver(connection);
  });
  const door: Door = {
    listener,
    accepted,
    refusals,
    refused: async (count) => {
      while (refusals.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
  doors.push(door);
  return door;
}

function dial(door: Door, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ host: HOST, port: door.listener.port, ca: CA, ...options });
  sockets.push(socket.on('error', () => {}));
  return socket;
}

/** Sends a byte and waits for it to come back; rejects if the connection ends first. */
async function answer(socket: TLSSocket): Promise<void> {
  const ended = closed(socket).then(() => {
    throw new Error('closed without an answer');
  });
  socket.write('?');
  await Promise.race([once(socket, 'data'), ended]);
}

/** Waits for the end, whatever it is. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}

async function dialPlain(door: Door, bytes: Uint8Array): Promise<void> {
  const socket = connectPlain(door.listener.port, HOST).on('error', () => {});
  sockets.push(socket);
  socket.resume().write(bytes);
  await closed(socket);
}

it('a listener knows its URL, and a connection its peer', async () => {
  const door = await openDoor();
  assert.equal(door.listener.url, `mqtts://127.0.0.1:${door.listener.port}`);
  const socket = dial(door);
  await answer(socket);
  assert.equal(door.accepted[0]?.remote, `127.0.0.1:${socket.localPort}`);
  assert.equal(door.accepted[0]?.certificate, undefined);
});

it('TLS 1.2 and 1.3 are spoken, and nothing older', async () => {
  const door = await openDoor();
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = dial(door, { minVersion: version, maxVersion: version });
    await answer(socket);
    assert.equal(socket.getProtocol(), version);
  }
  // At security level 0 OpenSSL would speak it.
  const old = dial(door, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' });
  await closed(old);
  await door.refused(1);
  assert.deepEqual(door.refusals, ['it speaks no version of TLS that is allowed here (minVersion)']);
});

it('minVersion TLSv1.3 turns TLS 1.2 away', async () => {
  const door = await openDoor({ minVersion: 'TLSv1.3' });
  await closed(dial(door, { maxVersion: 'TLSv1.2' }));
  await door.refused(1);
  assert.deepEqual(door.refusals, ['it speaks no version of TLS that is allowed here (minVersion)']);
});

it('a client that asks to renegotiate is not obeyed', async () => {
  const door = await openDoor();
  const socket = dial(door, { maxVersion: 'TLSv1.2' });
  await answer(socket);
  const error = await new Promise<Error | null>((resolve) => {
    socket.once('error', resolve);
    socket.renegotiate({}, resolve);
  });
  assert.match(String(error), /no renegotiation/u);
  await answer(dial(door));
});

it('a peer that speaks plain MQTT is closed and told of in words', async () => {
  const door = await openDoor();
  await dialPlain(door, Buffer.from('101000044d51545404020000000461626364', 'hex'));
  await door.refused(1);
  assert.deepEqual(door.refusals, [
    'it does not speak TLS, and this listener does: is the client to use mqtts:// or wss://?',
  ]);
  assert.equal(door.accepted.length, 0);
});

it('a peer that speaks HTTP, or nonsense, is closed and told of', async () => {
  const door = await openDoor();
  await dialPlain(door, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  await dialPlain(door, Buffer.alloc(100, 0xff));
  await door.refused(2);
  assert.equal(door.refusals[0], 'it spoke HTTP, and this listener speaks TLS');
  assert.match(door.refusals[1] ?? '', /^it does not speak TLS/u);
});

it('a peer that gives up in the middle of the handshake ends nothing, and is told of', async () => {
  const door = await openDoor();
  const socket = connectPlain(door.listener.port, HOST);
  await once(socket, 'connect');
  // A record header, and no record.
  socket.write(Buffer.from('1603010200', 'hex'), () => socket.resetAndDestroy());
  await door.refused(1);
  assert.deepEqual(door.refusals, ['it closed the connection before it was open']);
  await answer(dial(door));
});

it('a peer that says nothing is cut off in time', async () => {
  const door = await openDoor({}, { millisMax: 50 });
  await dialPlain(door, Buffer.alloc(0));
  assert.deepEqual(door.refusals, ['it said nothing that opens a connection within 0.05 s']);
});

it('a listener that closes does not wait for handshakes under way', async () => {
  const door = await openDoor();
  const socket = connectPlain(door.listener.port, HOST).on('error', () => {});
  await once(socket, 'connect');
  await answer(dial(door)).then(() => door.accepted[0]?.destroy());
  await door.listener.close();
  await closed(socket);
  assert.deepEqual(door.refusals, []);
});

it('handshakes under way are bounded: the oldest of the address that has most give way, and the crowd is told of once', async () => {
  const door = await openDoor({}, { guestsMax: 3 });
  const waiting: Socket[] = [];
  for (let n = 0; n < 5; n++) {
    const socket = connectPlain(door.listener.port, HOST);
    sockets.push(socket);
    waiting.push(socket.resume());
    await once(socket, 'connect');
  }
  for (const socket of waiting.slice(0, 2)) if (!socket.closed) await closed(socket);
  const crowd =
    'more than 3 were about to open a connection, most of them from its address; more are turned away like it (handshakesMax)';
  assert.deepEqual(door.refusals, [crowd]);
  assert.deepEqual(
    waiting.map((socket) => socket.closed),
    [true, true, false, false, false],
  );
  await answer(dial(door));
});

it('a client that wants to speak something else is turned away; one that wants mqtt, or does not say, is not', async () => {
  const door = await openDoor();
  await answer(dial(door));
  const socket = dial(door, { ALPNProtocols: ['mqtt'] });
  await answer(socket);
  assert.equal(socket.alpnProtocol, 'mqtt');
  await closed(dial(door, { ALPNProtocols: ['http/1.1'] }));
  await door.refused(1);
  assert.deepEqual(door.refusals, ['it wants to speak something else than MQTT (ALPN)']);
});

it('a session is resumed, and the certificate is known again', async () => {
  const door = await openDoor({ ca: CA, clientCertificate: 'required' });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const first = dial(door, { ...certificate('client'), maxVersion: version, minVersion: version });
    const ticket = new Promise<Buffer>((resolve) => {
      first.once('session', resolve);
    });
    await answer(first);
    const session = await ticket;
    const second = dial(door, { ...certificate('client'), maxVersion: version, minVersion: version, session });
    await answer(second);
    assert.equal(second.isSessionReused(), true);
    assert.equal(door.accepted.at(-1)?.certificate?.commonName, 'device-7');
  }
});

it('with new keys, handshakes get the new certificate, and connections from before live on', async () => {
  const door = await openDoor();
  const before = dial(door);
  await answer(before);
  const names = async (): Promise<string | undefined> => {
    const socket = dial(door, { rejectUnauthorized: false });
    await answer(socket);
    return socket.getPeerX509Certificate()?.subjectAltName;
  };
  const usual = await names();
  door.listener.renew({ ...SERVER, ...certificate('elsewhere') });
  assert.deepEqual([usual?.includes('localhost'), await names()], [true, 'DNS:elsewhere.example']);
  await answer(before);
  // A key of another certificate changes nothing.
  assert.throws(() => door.listener.renew({ ...SERVER, key: certificate('client').key }));
  assert.equal(await names(), 'DNS:elsewhere.example');
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  it(`of several certificates a client gets the one for the name that it asks for, wildcards included, else the first: ${version}`, async () => {
    const mutual = { ca: CA, clientCertificate: 'required' } as const;
    const door = await openDoor({ ...mutual, others: [certificate('elsewhere'), certificate('wildcard')] });
    const rules = { minVersion: version, maxVersion: version, rejectUnauthorized: false };
    const shown = async (servername: string | undefined, session?: Buffer): Promise<TLSSocket> => {
      const socket = dial(door, {
        ...certificate('client'),
        ...rules,
        ...(servername === undefined ? {} : { servername }),
        session,
      });
      await answer(socket);
      return socket;
    };
    const namesFor = async (servername?: string): Promise<string | undefined> =>
      (await shown(servername)).getPeerX509Certificate()?.subjectAltName;
    const first = await namesFor();
    assert.match(first ?? '', /DNS:localhost/u);
    for (const [servername, names] of [
      ['localhost', first],
      ['elsewhere.example', 'DNS:elsewhere.example'],
      ['ELSEWHERE.example', 'DNS:elsewhere.example'],
      ['a.meters.example', 'DNS:*.meters.example'],
      ['a.b.meters.example', first],
      ['meters.example', first],
      ['unknown.example', first],
      ['a..b', first],
    ] as const) {
      assert.equal(await namesFor(servername), names, servername);
    }
    assert.equal(door.accepted.at(-1)?.certificate?.commonName, 'device-7');
    await assert.rejects(
      answer(dial(door, { servername: 'elsewhere.example' })),
      'who has no certificate is refused there, too',
    );
    const ticketed = dial(door, { ...certificate('client'), ...rules, servername: 'elsewhere.example' });
    const ticket = new Promise<Buffer>((resolve) => {
      ticketed.once('session', resolve);
    });
    await answer(ticketed);
    const session = await ticket;
    assert.equal((await shown('elsewhere.example', session)).isSessionReused(), true);
    // Renewed with the rest, and not where one of them is wrong.
    const renewed = { ...SERVER, ...mutual };
    assert.throws(() =>
      door.listener.renew({
        ...renewed,
        others: [{ cert: certificate('wildcard').cert, key: certificate('client').key }],
      }),
    );
    assert.equal(await namesFor('elsewhere.example'), 'DNS:elsewhere.example');
    door.listener.renew({ ...renewed, crl: CRL, others: [certificate('wildcard')] });
    assert.deepEqual(
      [await namesFor('elsewhere.example'), await namesFor('a.meters.example')],
      [first, 'DNS:*.meters.example'],
    );
    assert.equal((await shown('elsewhere.example', session)).isSessionReused(), false);
    await assert.rejects(
      answer(dial(door, { ...certificate('revoked'), servername: 'a.meters.example', rejectUnauthorized: false })),
    );
    assert.equal(door.refusals.at(-1), 'its certificate was revoked');
  });

  it(`with a new list of revoked certificates, who is on it comes back neither anew nor by resuming a session: ${version}`, async () => {
    const mutual = { ca: CA, clientCertificate: 'required' } as const;
    const door = await openDoor(mutual);
    const own = { ...certificate('revoked'), minVersion: version, maxVersion: version };
    const sessionOf = async (): Promise<Buffer> => {
      const socket = dial(door, own);
      const session = new Promise<Buffer>((resolve) => {
        socket.once('session', resolve);
      });
      await answer(socket);
      return await session;
    };
    const [session, again] = [await sessionOf(), dial(door, { ...own, session: await sessionOf() })];
    await answer(again);
    assert.equal(again.isSessionReused(), true);
    const objection = door.listener.renew({ ...SERVER, ...mutual, crl: CRL });
    await assert.rejects(answer(dial(door, own)));
    await assert.rejects(answer(dial(door, { ...own, session })));
    assert.equal(door.refusals.at(-1), 'its certificate was revoked');
    assert.ok(door.accepted.length === 3 && again.writable, 'the connections from before are as they were');
    await answer(dial(door, certificate('client')));
    const objections = door.accepted.map((connection) => objection?.(connection));
    const sentence = 'Its certificate "CN=device-8", or that of a CA of it, was revoked.';
    assert.deepEqual(objections, [sentence, sentence, sentence, undefined]);
  });
}

it('who is in the middle of a handshake when certificates are revoked begins anew', async () => {
  const mutual = { ca: CA, clientCertificate: 'required' } as const;
  const door = await openDoor(mutual);
  const begun = connectPlain(door.listener.port, HOST).on('error', () => {});
  sockets.push(begun);
  begun.write(Buffer.from('1603010200', 'hex'));
  await answer(dial(door, certificate('client')));
  door.listener.renew({ ...SERVER, ...mutual });
  begun.write(Buffer.from('01', 'hex'));
  await answer(dial(door, certificate('client')));
  assert.equal(begun.destroyed, false);
  door.listener.renew({ ...SERVER, ...mutual, crl: CRL });
  await closed(begun.resume());
});

it('a client of a CA that is trusted no more is objected to, one of another is not, nor one without a certificate', async () => {
  const door = await openDoor({ ca: CA, clientCertificate: 'optional' });
  const client = dial(door, certificate('client'));
  await answer(client);
  await answer(dial(door));
  const objections = (ca: string, crl?: string): readonly (string | undefined)[] => {
    const objection = door.listener.renew({ ...SERVER, ca, crl, clientCertificate: 'optional' });
    return door.accepted.map((connection) => objection?.(connection));
  };
  const other = certificateText('self-signed.pem');
  assert.deepEqual(objections(other + CA), [undefined, undefined]);
  const sentence = 'None of the CAs now has signed its certificate "O=Vouch tests, CN=device-7".';
  assert.deepEqual(objections(other), [sentence, undefined]);
  // Who was let in by the same CAs was so for a reason that cannot be seen: a certificate in between that it showed.
  assert.deepEqual(objections(other, CRL), [undefined, undefined]);
});

it('the facts of a good client certificate are known', async () => {
  const door = await openDoor({ ca: CA, clientCertificate: 'required' });
  const socket = dial(door, certificate('client'));
  await answer(socket);
  const facts = door.accepted[0]?.certificate;
  assert.equal(facts?.commonName, 'device-7');
  assert.deepEqual(facts?.alternativeNames, ['URI:urn:vouch:device-7', 'email:device-7@vouch.example']);
  assert.match(facts?.fingerprint ?? '', /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/u);
});

for (const rule of ['optional', 'required'] as const) {
  for (const [name, reason] of [
    ['stranger', 'its certificate is signed by a CA that is not among those trusted'],
    ['revoked', 'its certificate was revoked'],
    ['expired', 'its certificate has expired'],
    ['self-signed', 'its certificate cannot be checked: there is no list of revoked certificates (CRL) of its CA'],
  ] as const) {
    it(`where certificates are ${rule}, one is refused that is wrong: ${name}`, async () => {
      const door = await openDoor({ ca: CA, crl: certificateText('crl.pem'), clientCertificate: rule });
      await assert.rejects(answer(dial(door, certificate(name))));
      await door.refused(1);
      assert.deepEqual(door.refusals, [reason]);
      assert.equal(door.accepted.length, 0);
      await answer(dial(door, certificate('client')));
    });
  }
}

it('where certificates are required, a client without one is refused', async () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const door = await openDoor({ ca: CA, clientCertificate: 'required' });
    await assert.rejects(answer(dial(door, { maxVersion: version })));
    await door.refused(1);
    assert.deepEqual(door.refusals, ['it showed no certificate, and this listener requires one']);
    assert.equal(door.accepted.length, 0);
  }
});

it('where certificates are optional, a client without one is anonymous', async () => {
  const door = await openDoor({ ca: CA, clientCertificate: 'optional' });
  await answer(dial(door));
  assert.equal(door.accepted[0]?.certificate, undefined);
});

it('peers that close their side before the handshake is done are let go of at once', async () => {
  const door = await openDoor();
  const socket = connectPlain(door.listener.port, HOST);
  socket.end(Buffer.from('1603010200', 'hex'));
  await closed(socket.resume());
  await door.refused(1);
  assert.deepEqual(door.refusals, ['it closed the connection before it was open']);
});
