// The ways of sending: each opens what it needs, sends one message at a time or many, and says when one is settled. What is lost with a
// connection is tried again, by all of them on the same terms.

import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { Agent, request } from 'node:https';

import { unreachable } from '../../base/assert.ts';
import { OperationError } from '../../base/errors.ts';
import { connect as connectMqtt } from '../../exports/client.ts';
import type { QoS } from '../../packet/packet.ts';
import type { SendJob } from './process-port.ts';

/** When to try again: after a delay that doubles, for every rival. */
export const RETRY = { delayMinMillis: 100, delayMaxMillis: 1000 } as const;
/** A request that is not answered by then is tried again. */
const ANSWER_MILLIS_MAX = 10_000;

/** One way of sending. */
export interface Sender {
  /** Connects, where a connection is kept. */
  open(): Promise<void>;
  /**
   * Sends a message.
   * @returns Fulfilled when it is settled: answered, acknowledged, or with QoS 0 handed to the network.
   * @throws Where it must be tried again.
   */
  send(id: number, payload: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Makes the sender of a job. */
export function makeSender(job: SendJob): Sender {
  switch (job.rival) {
    case 'mqtt-0':
      return mqttSender(job, 0);
    case 'mqtt-1':
      return mqttSender(job, 1);
    case 'mqtt-2':
      return mqttSender(job, 2);
    case 'https-new':
      return httpsSender(job, new Agent({ keepAlive: false, maxSockets: job.concurrency }));
    case 'https-kept':
      return httpsSender(job, new Agent({ keepAlive: true, maxSockets: job.concurrency }));
    case 'http2':
      return http2Sender(job);
    default:
      return unreachable(job.rival);
  }
}

function mqttSender({ port, ca }: SendJob, qos: QoS): Sender {
  let client: Awaited<ReturnType<typeof connectMqtt>> | undefined;
  return {
    async open() {
      client = await connectMqtt(`mqtts://localhost:${port}`, {
        clientId: 'device',
        sessionExpirySeconds: 120,
        tls: { ca, minVersion: 'TLSv1.3' },
        reconnect: RETRY,
      });
    },
    async send(id, payload) {
      if (client === undefined) throw new OperationError('not-connected', 'Not connected.');
      await client.publish(`m/${id}`, payload, { qos });
    },
    async close() {
      await client?.disconnect();
    },
  };
}

function httpsSender({ port, ca, rival }: SendJob, agent: Agent): Sender {
  const ask = (method: 'POST' | 'HEAD', path: string, payload: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = method === 'POST' ? { 'content-length': payload.length } : {};
      const asked = request({
        host: 'localhost',
        port,
        ca,
        agent,
        method,
        path,
        headers,
        minVersion: 'TLSv1.3',
        timeout: ANSWER_MILLIS_MAX,
      });
      asked.on('error', reject);
      asked.on('timeout', () => asked.destroy(new Error('No answer.')));
      asked.on('response', (response) => {
        response.resume();
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === 204) resolve();
          else reject(new Error(`The answer was ${response.statusCode}.`));
        });
      });
      asked.end(payload);
    });
  return {
    // One that keeps its connection has it opened by a request that carries nothing.
    open: async () => (rival === 'https-kept' ? await ask('HEAD', '/', new Uint8Array(0)) : undefined),
    send: (id, payload) => ask('POST', `/m/${id}`, payload),
    close: async () => agent.destroy(),
  };
}

function http2Sender({ port, ca }: SendJob): Sender {
  let session: ClientHttp2Session | undefined;
  const opened = async (): Promise<ClientHttp2Session> => {
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    const fresh = connectHttp2(`https://localhost:${port}`, { ca, minVersion: 'TLSv1.3' });
    session = fresh;
    // Requests in flight are told by their own streams.
    fresh.on('error', () => undefined);
    return fresh;
  };
  return {
    async open() {
      const fresh = await opened();
      await new Promise<void>((resolve, reject) => {
        fresh.once('remoteSettings', () => resolve());
        fresh.once('error', reject);
      });
    },
    async send(id, payload) {
      const current = await opened();
      await new Promise<void>((resolve, reject) => {
        const headers = { ':method': 'POST', ':path': `/m/${id}`, 'content-length': payload.length };
        const stream = current.request(headers);
        stream.setTimeout(ANSWER_MILLIS_MAX, () => stream.destroy(new Error('No answer.')));
        let status = 0;
        stream.on('response', (answer) => {
          status = answer[':status'] ?? 0;
        });
        stream.on('error', reject);
        stream.on('close', () => (status === 204 ? resolve() : reject(new Error(`The answer was ${status}.`))));
        stream.resume();
        stream.end(payload);
      });
    },
    async close() {
      session?.close();
    },
  };
}
