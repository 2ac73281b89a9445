import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, it } from 'node:test';
import type { NetworkConnection, NetworkHandler } from '../contract.ts';
import { connectUnix } from './tcp-connect.ts';
import { listenUnix } from './unix-listener.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vouch-unix-'));
after(() => rmSync(folder, { recursive: true }));

/** An owner that does nothing. */
const IDLE: NetworkHandler = { receive() {}, drained() {}, closed() {} };

it('a listener and its connections are known by the path, and the socket is gone with the listener', async () => {
  const place = path.join(folder, 'a.sock');
  const accepted = Promise.withResolvers<NetworkConnection>();
  const listener = await listenUnix({ path: place }, (connection) => {
    accepted.resolve(connection);
    return IDLE;
  });
  assert.equal(listener.url, `unix://${place}`);
  const connection = await connectUnix({ path: place }, IDLE);
  assert.equal((await accepted.promise).remote, `unix://${place}`);
  connection.destroy();
  await listener.close();
  assert.equal(existsSync(place), false);
});

it('the socket of a process that was killed is replaced', async () => {
  const place = path.join(folder, 'killed.sock');
  const script = `require('net').createServer().listen(${JSON.stringify(place)}, () => console.log('listening'))`;
  const child = spawn(process.execPath, ['-e', script]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
  assert.equal(existsSync(place), true);
  const listener = await listenUnix({ path: place }, () => IDLE);
  (await connectUnix({ path: place }, IDLE)).destroy();
  await listener.close();
});

it('a socket at which somebody answers is left alone', async () => {
  const place = path.join(folder, 'used.sock');
  const listener = await listenUnix({ path: place }, () => IDLE);
  await assert.rejects(
    listenUnix({ path: place }, () => IDLE),
    {
      code: 'address-in-use',
      message: `${place} is in use: another process answers there, or it is no socket. Choose another path.`,
    },
  );
  (await connectUnix({ path: place }, IDLE)).destroy();
  await listener.close();
});

it('a file that is no socket is left alone', async () => {
  const place = path.join(folder, 'precious.txt');
  writeFileSync(place, 'precious');
  await assert.rejects(
    listenUnix({ path: place }, () => IDLE),
    { code: 'address-in-use' },
  );
  assert.equal(readFileSync(place, 'utf8'), 'precious');
});

it('what cannot be is told in a sentence', async () => {
  const place = path.join(folder, 'nowhere', 'a.sock');
  await assert.rejects(
    listenUnix({ path: place }, () => IDLE),
    {
      code: 'address-unavailable',
      message: `${place} cannot be made: there is no such directory, or this user may not write there.`,
    },
  );
  await assert.rejects(connectUnix({ path: place }, IDLE), {
    code: 'connection-refused',
    message: `Nothing listens at ${place}. Is the broker running there?`,
  });
});
