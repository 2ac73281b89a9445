// The clients to compare, behind one face: Vouch's, and MQTT.js. Each is used as its documentation says, with the same window
// and the same Receive Maximum; what else they do is their own choice. A process loads only the one that it measures.

import type { IClientOptions } from 'mqtt';
import type { QoS } from '../src/packet/packet.ts';

/** How a measured client connects. */
export interface Terms {
  readonly port: number;
  readonly version: 4 | 5;
  /** Messages that are published and not settled. */
  readonly window: number;
}

/** A client that is connected. */
export interface MeasuredClient {
  /** Publishes; `onSettled` is called once, when the delivery is settled: written (QoS 0) or acknowledged to the end. An Error says that it failed. */
  publish(topic: string, payload: Uint8Array, qos: QoS, onSettled: (outcome: unknown) => void): void;
  /** Subscribes; `take` gets every payload in order of arrival, as an event. */
  receive(topic: string, qos: QoS, take: (payload: Uint8Array) => void): Promise<void>;
  /** The same in a loop of the application's, where the library has such a thing. */
  iterate(topic: string, qos: QoS, take: (payload: Uint8Array) => void): Promise<void>;
  close(): Promise<void>;
}

/** The names of the clients. */
export const CLIENT_NAMES = ['vouch', 'mqttjs'] as const;

/** The name of a client. */
export type ClientName = (typeof CLIENT_NAMES)[number];

/**
 * What both say in a CONNECT of MQTT 5.0. At QoS 2 mosquitto 2.0 sends more than the Receive Maximum allows, against [MQTT-3.3.4-9], and
 * MQTT.js leaves it then: so the client sets none, and the brokers' own limit, 1,000, holds for both.
 */
const CONNECT_PROPERTIES = { receiveMaximum: 65_535, topicAliasMaximum: 32 };

/** Opens a client of that name. */
export function openMeasured(name: ClientName, terms: Terms): Promise<MeasuredClient> {
  return name === 'vouch' ? openVouch(terms) : openMqttJs(terms);
}

async function openVouch({ port, version, window }: Terms): Promise<MeasuredClient> {
  const ofVersion5 = version === 5 ? CONNECT_PROPERTIES : {};
  const { connect } = await import('../src/client/connect.ts');
  const { nodeClientParts } = await import('../src/server/client-parts.ts');
  const { SILENT_LOG } = await import('../src/base/log.ts');
  const client = await connect(
    { host: '127.0.0.1', port, version, inFlightMax: window, reconnect: false, ...ofVersion5 },
    nodeClientParts(SILENT_LOG),
  );
  return {
    publish: (topic, payload, qos, onSettled) => {
      void client.publish(topic, payload, { qos }).then(onSettled, onSettled);
    },
    receive: async (topic, qos, take) => {
      await client.subscribe(topic, { qos, onMessage: ({ payload }) => take(payload) });
    },
    iterate: async (topic, qos, take) => {
      const subscription = await client.subscribe(topic, { qos });
      // Ends with the process; a failure of the client ends that.
      void (async () => {
        for await (const { payload } of subscription) take(payload);
      })();
    },
    close: () => client.disconnect(),
  };
}

async function openMqttJs({ port, version }: Terms): Promise<MeasuredClient> {
  const options: IClientOptions = {
    host: '127.0.0.1',
    port,
    protocolVersion: version,
    reconnectPeriod: 0,
    writeCache: true,
    ...(version === 5 ? { properties: CONNECT_PROPERTIES } : {}),
  };
  const { connect } = await import('mqtt');
  const client = connect(options);
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
  });
  // Nothing ends a connection of the bench but an error: it ends the process, and its text is told.
  client.on('error', (error) => {
    throw error;
  });
  const receive: MeasuredClient['receive'] = async (topic, qos, take) => {
    client.on('message', (_topic, payload) => take(payload));
    await client.subscribeAsync(topic, { qos });
  };
  return {
    // Typed for Buffers and texts; what the bench hands over are Buffers.
    publish: (topic, payload, qos, onSettled) => {
      client.publish(topic, payload as Buffer, { qos }, onSettled);
    },
    receive,
    iterate: receive,
    close: () => client.endAsync(),
  };
}
