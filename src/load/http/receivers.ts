// The ways of receiving: a subscription, or a request that the server answers when there is something (long polling), and the next one as
// soon as that has come.

import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { Agent, get } from 'node:https';

import { unreachable } from '../../base/assert.ts';
import { connect as connectMqtt } from '../../exports/client.ts';
import type { QoS } from '../../packet/packet.ts';
import type { ReceiveJob } from './process-port.ts';
import { RETRY } from './senders.ts';

/** One way of receiving. */
export interface Receiver {
  /** Connects, and receives from then on. Fulfilled when what is published from now on comes. */
  open(take: (payload: string) => void): Promise<void>;
  close(): Promise<void>;
}

/** Makes the receiver of a job. */
export function makeReceiver(job: ReceiveJob): Receiver {
  switch (job.rival) {
    case 'mqtt-0':
      return subscriber(job, 0);
    case 'mqtt-1':
      return subscriber(job, 1);
    case 'mqtt-2':
      return subscriber(job, 2);
    case 'poll-kept':
      return poller(httpsPoll(job));
    case 'poll-http2':
      return poller(http2Poll(job));
    default:
      return unreachable(job.rival);
  }
}

function subscriber({ port, ca }: ReceiveJob, qos: QoS): Receiver {
  let client: Awaited<ReturnType<typeof connectMqtt>> | undefined;
  return {
    async open(take) {
      client = await connectMqtt(`mqtts://localhost:${port}`, {
        tls: { ca, minVersion: 'TLSv1.3' },
        reconnect: RETRY,
      });
      const decoder = new TextDecoder();
      await client.subscribe('r', { qos, onMessage: ({ payload }) => take(decoder.decode(payload)) });
    },
    async close() {
      await client?.disconnect();
    },
  };
}

/** A request for what comes after so many messages: fulfilled with the messages, one a line. */
interface Poll {
  ask(after: number): Promise<string>;
  close(): void;
}

function poller(poll: Poll): Receiver {
  let isOpen = true;
  const goOn = async (take: (payload: string) => void, first: Promise<string>): Promise<void> => {
    let seen = 0;
    let answer = first;
    while (isOpen) {
      try {
        const lines = (await answer).split('\n').filter((line) => line !== '');
        // The next request leaves before what has come is looked at.
        seen += lines.length;
        answer = poll.ask(seen);
        for (const line of lines) take(line);
      } catch {
        if (!isOpen) return;
        await new Promise((resolve) => {
          setTimeout(resolve, RETRY.delayMinMillis);
        });
        answer = poll.ask(seen);
      }
    }
    answer.catch(() => undefined);
  };
  return {
    async open(take) {
      // The connection is there once something was answered.
      await poll.ask(-1);
      void goOn(take, poll.ask(0));
    },
    async close() {
      isOpen = false;
      poll.close();
    },
  };
}

function httpsPoll({ port, ca }: ReceiveJob): Poll {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    ask: (after) =>
      new Promise((resolve, reject) => {
        const asked = get({ host: 'localhost', port, ca, agent, path: `/poll?after=${after}`, minVersion: 'TLSv1.3' });
        asked.on('error', reject);
        asked.on('response', (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.on('error', reject);
          response.on('end', () => resolve(text));
        });
      }),
    close: () => agent.destroy(),
  };
}

function http2Poll({ port, ca }: ReceiveJob): Poll {
  let session: ClientHttp2Session | undefined;
  return {
    ask: (after) =>
      new Promise((resolve, reject) => {
        if (session === undefined || session.closed || session.destroyed) {
          session = connectHttp2(`https://localhost:${port}`, { ca, minVersion: 'TLSv1.3' });
          session.on('error', () => undefined);
        }
        const stream = session.request({ ':path': `/poll?after=${after}` });
        let text = '';
        let status = 0;
        stream.setEncoding('utf8').on('data', (part: string) => (text += part));
        stream.on('response', (answer) => {
          status = answer[':status'] ?? 0;
        });
        stream.on('error', reject);
        stream.on('close', () => (status === 200 ? resolve(text) : reject(new Error(`The answer was ${status}.`))));
      }),
    close: () => session?.destroy(),
  };
}
