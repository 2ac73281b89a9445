// The figures that others have published, beside which ours are shown. How they were measured is told in docs/mqtt-vs-http.md, as far as
// their authors tell.

/** A row of the comparison of transfers: through AWS IoT Core, over the internet. */
export interface PublishedTransfer {
  readonly count: number;
  readonly payloadBytes: number;
  readonly mqttBytes: number;
  readonly mqttMillis: number;
  readonly httpBytes: number;
  readonly httpMillis: number;
}

/** MQTT with QoS 0 against HTTPS. */
export const PUBLISHED_TRANSFERS: readonly PublishedTransfer[] = [
  { count: 1, payloadBytes: 2, mqttBytes: 10_476, mqttMillis: 143.7, httpBytes: 9_616, httpMillis: 87.5 },
  { count: 10, payloadBytes: 10, mqttBytes: 14_605, mqttMillis: 142.4, httpBytes: 99_000, httpMillis: 786.0 },
  { count: 10, payloadBytes: 50, mqttBytes: 28_957, mqttMillis: 170.6, httpBytes: 113_130, httpMillis: 1_008.5 },
];

/** A row of the comparison of bursts: a telephone with Android. */
export interface PublishedBurst {
  readonly link: string;
  readonly rival: 'MQTT' | 'HTTPS';
  readonly batteryPercentPerHour: number;
  readonly messagesPerHour: number;
  /** Of 1,024. */
  readonly arrived: number;
}

/** 1,024 messages of one byte. */
export const PUBLISHED_BURSTS: readonly PublishedBurst[] = [
  { link: 'like 3G', rival: 'MQTT', batteryPercentPerHour: 16.13, messagesPerHour: 160_278, arrived: 1_024 },
  { link: 'like 3G', rival: 'HTTPS', batteryPercentPerHour: 18.43, messagesPerHour: 1_708, arrived: 240 },
  { link: 'like Wi-Fi', rival: 'MQTT', batteryPercentPerHour: 4.23, messagesPerHour: 263_314, arrived: 1_024 },
  { link: 'like Wi-Fi', rival: 'HTTPS', batteryPercentPerHour: 3.45, messagesPerHour: 2_628, arrived: 524 },
];
