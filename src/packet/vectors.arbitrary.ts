// Packets beside their bytes, for every packet type and version: what the specification draws in its
// figures, written once. `codec.test.ts` reads them in both directions. A vector whose bytes our own
// encoder would lay down differently says so. Longer than 400 lines because it is a table of data.

import type { ConnectPacket, DisconnectPacket, Packet, PublishPacket, SubscriptionOptions, Will } from './packet.ts';
import { NO_SUBSCRIPTION_IDENTIFIERS, PINGREQ, PINGRESP } from './packet.ts';
import { packetId } from './packet-id.ts';
import type { Direction } from './packet-type.ts';
import type { MessageProperties, ReasonProperties } from './properties.ts';
import {
  NO_AUTH_PROPERTIES,
  NO_CONNACK_PROPERTIES,
  NO_CONNECT_PROPERTIES,
  NO_DISCONNECT_PROPERTIES,
  NO_MESSAGE_PROPERTIES,
  NO_REASON_PROPERTIES,
  NO_SUBSCRIBE_PROPERTIES,
  NO_UNSUBSCRIBE_PROPERTIES,
} from './properties.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import { hex } from './wire.arbitrary.ts';

/** One packet and its bytes. */
export interface Vector {
  readonly name: string;
  readonly version: ProtocolVersion;
  readonly receives: Direction;
  readonly bytes: Uint8Array;
  readonly packet: Packet;
  /** Our encoder says the same in other bytes. */
  readonly decodeOnly: boolean;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const options = (qos: 0 | 1 | 2): SubscriptionOptions => ({
  qos,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
});

const FULL_MESSAGE_PROPERTIES: MessageProperties = {
  payloadFormatIndicator: 1,
  messageExpiryInterval: 60,
  contentType: 't',
  responseTopic: 'r',
  correlationData: Uint8Array.of(255),
  userProperties: [['k', 'v']],
};

const FULL_REASON_PROPERTIES: ReasonProperties = { reasonString: 'no', userProperties: [['k', 'v']] };

const PLAIN_WILL: Will = {
  topic: 'w',
  payload: utf8('x'),
  qos: 0,
  retain: false,
  delayInterval: 0,
  properties: NO_MESSAGE_PROPERTIES,
};

const PLAIN_DISCONNECT: DisconnectPacket = { kind: 'disconnect', reasonCode: 0, properties: NO_DISCONNECT_PROPERTIES };

function fromClient(name: string, version: ProtocolVersion, lines: string, packet: Packet): Vector {
  return { name, version, receives: 'from-client', bytes: hex(lines), packet, decodeOnly: false };
}

function fromServer(name: string, version: ProtocolVersion, lines: string, packet: Packet): Vector {
  return { name, version, receives: 'from-server', bytes: hex(lines), packet, decodeOnly: false };
}

function decodeOnly(vector: Vector): Vector {
  return { ...vector, decodeOnly: true };
}

const PLAIN_CONNECT: ConnectPacket = {
  kind: 'connect',
  version: 4,
  bridge: false,
  clientId: 'a',
  clean: true,
  keepAlive: 0,
  userName: undefined,
  password: undefined,
  will: undefined,
  properties: NO_CONNECT_PROPERTIES,
};

const CONNECT_VECTORS: readonly Vector[] = [
  fromClient(
    'CONNECT of MQTT 3.1',
    3,
    `10 0f           ; CONNECT
     00 06 "MQIsdp"  ; Protocol Name
     03              ; Protocol Version
     02              ; Connect Flags: clean
     00 3c           ; Keep Alive: 60
     00 01 "a"       ; Client Identifier`,
    { ...PLAIN_CONNECT, version: 3, keepAlive: 60 },
  ),
  fromClient(
    'CONNECT of a bridge that speaks MQTT 3.1',
    3,
    `10 0f 00 06 "MQIsdp"
     83              ; Protocol Version 3, bridge
     00 00 00        ; no flag, no Keep Alive
     00 01 "a"       ; Client Identifier`,
    { ...PLAIN_CONNECT, version: 3, bridge: true, clean: false },
  ),
  decodeOnly(
    fromClient(
      'CONNECT of MQTT 3.1 whose User Name and Password are announced and missing',
      3,
      `10 0f 00 06 "MQIsdp" 03
       c2              ; Connect Flags: user name, password, clean
       00 00 00 01 "a" ; Keep Alive, Client Identifier, and no more`,
      { ...PLAIN_CONNECT, version: 3 },
    ),
  ),
  fromClient(
    'CONNECT of MQTT 3.1.1 with everything',
    4,
    `10 1c           ; CONNECT
     00 04 "MQTT" 04 ; Protocol Name and Version
     f6              ; Connect Flags: user name, password, will retain, will QoS 2, will, clean
     ff ff           ; Keep Alive: 65,535
     00 02 "id"      ; Client Identifier
     00 01 "w"       ; Will Topic
     00 02 00 ff     ; Will Payload
     00 01 "u"       ; User Name
     00 02 "pw"      ; Password`,
    {
      ...PLAIN_CONNECT,
      clientId: 'id',
      keepAlive: 65_535,
      userName: 'u',
      password: utf8('pw'),
      will: { ...PLAIN_WILL, payload: Uint8Array.of(0, 255), qos: 2, retain: true },
    },
  ),
  fromClient(
    'CONNECT of a bridge that speaks MQTT 3.1.1, with an empty Client Identifier',
    4,
    `10 0c 00 04 "MQTT"
     84              ; Protocol Version 4, bridge
     02 00 0a        ; clean, Keep Alive: 10
     00 00           ; Client Identifier: empty`,
    { ...PLAIN_CONNECT, bridge: true, clientId: '', keepAlive: 10 },
  ),
  fromClient(
    'CONNECT of MQTT 5.0 with nothing',
    5,
    `10 0d 00 04 "MQTT" 05 00 00 00
     00              ; no properties
     00 00           ; Client Identifier: empty`,
    { ...PLAIN_CONNECT, version: 5, clientId: '', clean: false },
  ),
  fromClient(
    'CONNECT of MQTT 5.0 with a Password and no User Name',
    5,
    `10 11 00 04 "MQTT" 05
     40              ; Connect Flags: password
     00 00 00        ; Keep Alive, no properties
     00 01 "a"       ; Client Identifier
     00 01 "p"       ; Password`,
    { ...PLAIN_CONNECT, version: 5, clean: false, password: utf8('p') },
  ),
  fromClient(
    'CONNECT of MQTT 5.0 with a Will without properties',
    5,
    `10 15 00 04 "MQTT" 05
     06 00 00 00     ; Connect Flags: will, clean; Keep Alive, no properties
     00 01 "a"       ; Client Identifier
     00              ; no Will Properties
     00 01 "w"       ; Will Topic
     00 01 "x"       ; Will Payload`,
    { ...PLAIN_CONNECT, version: 5, will: PLAIN_WILL },
  ),
  fromClient(
    'CONNECT of MQTT 5.0 with everything',
    5,
    `10 5e 00 04 "MQTT" 05
     ee              ; Connect Flags: user name, password, will retain, will QoS 1, will, clean
     00 0a           ; Keep Alive: 10
     23              ; 35 bytes of properties
     11 00 00 00 78  ; Session Expiry Interval: 120
     15 00 01 "m"    ; Authentication Method
     16 00 01 01     ; Authentication Data
     17 00           ; Request Problem Information: no
     19 01           ; Request Response Information: yes
     21 00 14        ; Receive Maximum: 20
     22 00 0a        ; Topic Alias Maximum: 10
     27 00 01 00 00  ; Maximum Packet Size: 65,536
     26 00 01 "k" 00 01 "v" ; User Property
     00 02 "id"      ; Client Identifier
     1f              ; 31 bytes of Will Properties
     01 01           ; Payload Format Indicator: UTF-8
     02 00 00 00 3c  ; Message Expiry Interval: 60
     03 00 01 "t"    ; Content Type
     08 00 01 "r"    ; Response Topic
     09 00 01 ff     ; Correlation Data
     18 00 00 00 05  ; Will Delay Interval: 5
     26 00 01 "k" 00 01 "v" ; User Property
     00 01 "w"       ; Will Topic
     00 01 "x"       ; Will Payload
     00 01 "u"       ; User Name
     00 01 "p"       ; Password`,
    {
      ...PLAIN_CONNECT,
      version: 5,
      clientId: 'id',
      keepAlive: 10,
      userName: 'u',
      password: utf8('p'),
      will: {
        ...PLAIN_WILL,
        qos: 1,
        retain: true,
        delayInterval: 5,
        properties: FULL_MESSAGE_PROPERTIES,
      },
      properties: {
        sessionExpiryInterval: 120,
        receiveMaximum: 20,
        maximumPacketSize: 65_536,
        topicAliasMaximum: 10,
        requestResponseInformation: true,
        requestProblemInformation: false,
        authenticationMethod: 'm',
        authenticationData: Uint8Array.of(1),
        userProperties: [['k', 'v']],
      },
    },
  ),
];

const CONNACK_VECTORS: readonly Vector[] = [
  fromServer('CONNACK of MQTT 3.1', 3, `20 02 00 00 ; accepted`, {
    kind: 'connack',
    sessionPresent: false,
    reasonCode: 0,
    properties: NO_CONNACK_PROPERTIES,
  }),
  decodeOnly(
    fromServer('CONNACK of MQTT 3.1 with a byte that is not used', 3, `20 02 01 00`, {
      kind: 'connack',
      sessionPresent: false,
      reasonCode: 0,
      properties: NO_CONNACK_PROPERTIES,
    }),
  ),
  fromServer('CONNACK of MQTT 3.1.1 with Session Present', 4, `20 02 01 00`, {
    kind: 'connack',
    sessionPresent: true,
    reasonCode: 0,
    properties: NO_CONNACK_PROPERTIES,
  }),
  fromServer('CONNACK of MQTT 3.1.1 that refuses', 4, `20 02 00 05 ; not authorized`, {
    kind: 'connack',
    sessionPresent: false,
    reasonCode: 5,
    properties: NO_CONNACK_PROPERTIES,
  }),
  fromServer('CONNACK of MQTT 5.0 that refuses', 5, `20 03 00 87 00 ; not authorized, no properties`, {
    kind: 'connack',
    sessionPresent: false,
    reasonCode: 0x87,
    properties: NO_CONNACK_PROPERTIES,
  }),
  fromServer(
    'CONNACK of MQTT 5.0 with everything',
    5,
    `20 40 01 00     ; Session Present, accepted
     3d              ; 61 bytes of properties
     11 ff ff ff ff  ; Session Expiry Interval: never
     12 00 02 "id"   ; Assigned Client Identifier
     13 00 1e        ; Server Keep Alive: 30
     15 00 01 "m"    ; Authentication Method
     16 00 00        ; Authentication Data: empty
     1a 00 01 "i"    ; Response Information
     1c 00 01 "s"    ; Server Reference
     1f 00 02 "ok"   ; Reason String
     21 ff ff        ; Receive Maximum: 65,535
     22 00 05        ; Topic Alias Maximum: 5
     24 01           ; Maximum QoS: 1
     25 00           ; Retain Available: no
     27 00 00 10 00  ; Maximum Packet Size: 4,096
     28 01 29 01 2a 00 ; wildcards, identifiers: yes; shared subscriptions: no
     26 00 01 "k" 00 01 "v" ; User Property`,
    {
      kind: 'connack',
      sessionPresent: true,
      reasonCode: 0,
      properties: {
        sessionExpiryInterval: 0xffff_ffff,
        receiveMaximum: 65_535,
        maximumQoS: 1,
        retainAvailable: false,
        maximumPacketSize: 4096,
        assignedClientIdentifier: 'id',
        topicAliasMaximum: 5,
        reasonString: 'ok',
        wildcardSubscriptionAvailable: true,
        subscriptionIdentifierAvailable: true,
        sharedSubscriptionAvailable: false,
        serverKeepAlive: 30,
        responseInformation: 'i',
        serverReference: 's',
        authenticationMethod: 'm',
        authenticationData: new Uint8Array(0),
        userProperties: [['k', 'v']],
      },
    },
  ),
];

const PLAIN_PUBLISH: PublishPacket = {
  kind: 'publish',
  dup: false,
  qos: 0,
  retain: false,
  topic: 'a/b',
  id: undefined,
  payload: utf8('hi'),
  topicAlias: 0,
  subscriptionIdentifiers: NO_SUBSCRIPTION_IDENTIFIERS,
  properties: NO_MESSAGE_PROPERTIES,
};

const PUBLISH_VECTORS: readonly Vector[] = [
  fromClient('PUBLISH of MQTT 3.1, QoS 0', 3, `30 07 00 03 "a/b" "hi"`, PLAIN_PUBLISH),
  fromClient('PUBLISH of MQTT 3.1.1, QoS 0', 4, `30 07 00 03 "a/b" "hi"`, PLAIN_PUBLISH),
  fromClient(
    'PUBLISH of MQTT 3.1.1, QoS 2, DUP, RETAIN, without payload',
    4,
    `3d 07 00 03 "a/b"
     00 0a           ; Packet Identifier: 10`,
    { ...PLAIN_PUBLISH, dup: true, qos: 2, retain: true, id: packetId(10), payload: new Uint8Array(0) },
  ),
  fromServer('PUBLISH of MQTT 5.0, QoS 0', 5, `30 08 00 03 "a/b" 00 "hi"`, PLAIN_PUBLISH),
  fromServer(
    'PUBLISH of MQTT 5.0 whose topic is beyond ASCII',
    5,
    `31 0d
     00 08 "A" f0 aa 9b 94 ef bb bf ; A, U+2A6D4 and U+FEFF
     00 "hi"`,
    { ...PLAIN_PUBLISH, retain: true, topic: 'A\u{2a6d4}\u{feff}' },
  ),
  fromServer(
    'PUBLISH of MQTT 5.0, QoS 1, with everything',
    5,
    `32 2c 00 03 "a/b"
     ff ff           ; Packet Identifier: 65,535
     22              ; 34 bytes of properties
     01 01           ; Payload Format Indicator: UTF-8
     02 00 00 00 3c  ; Message Expiry Interval: 60
     03 00 01 "t"    ; Content Type
     08 00 01 "r"    ; Response Topic
     09 00 01 ff     ; Correlation Data
     23 00 07        ; Topic Alias: 7
     0b 01           ; Subscription Identifier: 1
     0b 80 01        ; Subscription Identifier: 128
     26 00 01 "k" 00 01 "v" ; User Property
     "hi"`,
    {
      ...PLAIN_PUBLISH,
      qos: 1,
      id: packetId(65_535),
      topicAlias: 7,
      subscriptionIdentifiers: [1, 128],
      properties: FULL_MESSAGE_PROPERTIES,
    },
  ),
  fromClient(
    'PUBLISH of MQTT 5.0 by its topic alias',
    5,
    `30 08
     00 00           ; Topic Name: empty
     03 23 00 01     ; Topic Alias: 1
     "hi"`,
    { ...PLAIN_PUBLISH, topic: '', topicAlias: 1 },
  ),
];

const ACKNOWLEDGEMENTS = [
  { kind: 'puback', first: '40', refusal: 0x97 },
  { kind: 'pubrec', first: '50', refusal: 0x10 },
  { kind: 'pubrel', first: '62', refusal: 0x92 },
  { kind: 'pubcomp', first: '70', refusal: 0x92 },
] as const;

const ACKNOWLEDGEMENT_VECTORS: readonly Vector[] = ACKNOWLEDGEMENTS.flatMap(({ kind, first, refusal }) => {
  const name = kind.toUpperCase();
  const code = refusal.toString(16);
  const plain = { kind, id: packetId(0x1234), reasonCode: 0, properties: NO_REASON_PROPERTIES };
  const refused = { ...plain, reasonCode: refusal };
  return [
    fromClient(`${name} of MQTT 3.1`, 3, `${first} 02 12 34`, plain),
    fromServer(`${name} of MQTT 3.1.1`, 4, `${first} 02 12 34`, plain),
    fromClient(`${name} of MQTT 5.0, short`, 5, `${first} 02 12 34`, plain),
    fromServer(`${name} of MQTT 5.0 with a Reason Code`, 5, `${first} 03 12 34 ${code}`, refused),
    decodeOnly(fromClient(`${name} of MQTT 5.0 with no properties, at length`, 5, `${first} 04 12 34 00 00`, plain)),
    fromClient(
      `${name} of MQTT 5.0 with everything`,
      5,
      `${first} 10 12 34 ${code}
       0c
       1f 00 02 "no"          ; Reason String
       26 00 01 "k" 00 01 "v" ; User Property`,
      { ...refused, properties: FULL_REASON_PROPERTIES },
    ),
  ];
});

const SUBSCRIPTION_VECTORS: readonly Vector[] = [
  fromClient(
    'SUBSCRIBE of MQTT 3.1.1',
    4,
    `82 0e 00 0a     ; Packet Identifier: 10
     00 03 "a/b" 01  ; QoS 1
     00 03 "c/#" 02  ; QoS 2`,
    {
      kind: 'subscribe',
      id: packetId(10),
      subscriptions: [
        { filter: 'a/b', options: options(1) },
        { filter: 'c/#', options: options(2) },
      ],
      properties: NO_SUBSCRIBE_PROPERTIES,
    },
  ),
  decodeOnly(
    fromClient('SUBSCRIBE of MQTT 3.1, sent again', 3, `8a 06 00 0a 00 01 "a" 00 ; DUP, QoS 1`, {
      kind: 'subscribe',
      id: packetId(10),
      subscriptions: [{ filter: 'a', options: options(0) }],
      properties: NO_SUBSCRIBE_PROPERTIES,
    }),
  ),
  fromClient(
    'SUBSCRIBE of MQTT 5.0 with everything',
    5,
    `82 24 00 0a
     0c
     0b ff ff ff 7f  ; Subscription Identifier: 268,435,455
     26 00 01 "k" 00 01 "v" ; User Property
     00 03 "a/b" 2e  ; QoS 2, No Local, Retain As Published, Retain Handling 2
     00 0c "$share/g/a/b" 19 ; QoS 1, Retain As Published, Retain Handling 1`,
    {
      kind: 'subscribe',
      id: packetId(10),
      subscriptions: [
        { filter: 'a/b', options: { qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 } },
        { filter: '$share/g/a/b', options: { qos: 1, noLocal: false, retainAsPublished: true, retainHandling: 1 } },
      ],
      properties: { subscriptionIdentifier: 268_435_455, userProperties: [['k', 'v']] },
    },
  ),
  fromServer('SUBACK of MQTT 3.1.1', 4, `90 06 00 0a 00 01 02 80`, {
    kind: 'suback',
    id: packetId(10),
    reasonCodes: [0, 1, 2, 0x80],
    properties: NO_REASON_PROPERTIES,
  }),
  fromServer('SUBACK of MQTT 5.0', 5, `90 05 00 0a 00 02 87 ; granted QoS 2, not authorized`, {
    kind: 'suback',
    id: packetId(10),
    reasonCodes: [2, 0x87],
    properties: NO_REASON_PROPERTIES,
  }),
  fromServer('SUBACK of MQTT 5.0 with everything', 5, `90 10 00 0a 0c 1f 00 02 "no" 26 00 01 "k" 00 01 "v" a2`, {
    kind: 'suback',
    id: packetId(10),
    reasonCodes: [0xa2],
    properties: FULL_REASON_PROPERTIES,
  }),
  fromClient('UNSUBSCRIBE of MQTT 3.1.1', 4, `a2 0c 00 0a 00 03 "a/b" 00 03 "c/d"`, {
    kind: 'unsubscribe',
    id: packetId(10),
    filters: ['a/b', 'c/d'],
    properties: NO_UNSUBSCRIBE_PROPERTIES,
  }),
  decodeOnly(
    fromClient('UNSUBSCRIBE of MQTT 3.1, sent again', 3, `aa 05 00 0a 00 01 "a" ; DUP, QoS 1`, {
      kind: 'unsubscribe',
      id: packetId(10),
      filters: ['a'],
      properties: NO_UNSUBSCRIBE_PROPERTIES,
    }),
  ),
  fromClient('UNSUBSCRIBE of MQTT 5.0', 5, `a2 0d 00 0a 07 26 00 01 "k" 00 01 "v" 00 01 "a"`, {
    kind: 'unsubscribe',
    id: packetId(10),
    filters: ['a'],
    properties: { userProperties: [['k', 'v']] },
  }),
  fromServer('UNSUBACK of MQTT 3.1.1', 4, `b0 02 00 0a`, {
    kind: 'unsuback',
    id: packetId(10),
    reasonCodes: [],
    properties: NO_REASON_PROPERTIES,
  }),
  fromServer('UNSUBACK of MQTT 5.0', 5, `b0 05 00 0a 00 00 11 ; success, no subscription existed`, {
    kind: 'unsuback',
    id: packetId(10),
    reasonCodes: [0, 0x11],
    properties: NO_REASON_PROPERTIES,
  }),
  fromServer('UNSUBACK of MQTT 5.0 with everything', 5, `b0 10 00 0a 0c 1f 00 02 "no" 26 00 01 "k" 00 01 "v" 00`, {
    kind: 'unsuback',
    id: packetId(10),
    reasonCodes: [0],
    properties: FULL_REASON_PROPERTIES,
  }),
];

const OTHER_VECTORS: readonly Vector[] = [
  ...([3, 4, 5] as const).flatMap((version) => [
    fromClient(`PINGREQ of version ${version}`, version, 'c0 00', PINGREQ),
    fromServer(`PINGRESP of version ${version}`, version, 'd0 00', PINGRESP),
    fromClient(`DISCONNECT of version ${version}, empty`, version, 'e0 00', PLAIN_DISCONNECT),
  ]),
  decodeOnly(fromClient('DISCONNECT of MQTT 5.0, normal and said so', 5, 'e0 01 00', PLAIN_DISCONNECT)),
  decodeOnly(fromClient('DISCONNECT of MQTT 5.0, normal, at length', 5, 'e0 02 00 00', PLAIN_DISCONNECT)),
  fromClient('DISCONNECT of MQTT 5.0 with the Will', 5, 'e0 01 04', { ...PLAIN_DISCONNECT, reasonCode: 4 }),
  fromClient(
    'DISCONNECT of a Client of MQTT 5.0 with properties',
    5,
    `e0 07 00
     05
     11 00 00 00 00  ; Session Expiry Interval: 0`,
    { ...PLAIN_DISCONNECT, properties: { ...NO_DISCONNECT_PROPERTIES, sessionExpiryInterval: 0 } },
  ),
  fromServer(
    'DISCONNECT of a Server of MQTT 5.0 with properties',
    5,
    `e0 12 9c        ; use another server
     10
     1c 00 01 "s"    ; Server Reference
     1f 00 02 "no"   ; Reason String
     26 00 01 "k" 00 01 "v" ; User Property`,
    {
      kind: 'disconnect',
      reasonCode: 0x9c,
      properties: {
        sessionExpiryInterval: undefined,
        reasonString: 'no',
        serverReference: 's',
        userProperties: [['k', 'v']],
      },
    },
  ),
  fromServer('AUTH, empty', 5, 'f0 00', { kind: 'auth', reasonCode: 0, properties: NO_AUTH_PROPERTIES }),
  fromClient(
    'AUTH with everything',
    5,
    `f0 16 18        ; continue authentication
     14
     15 00 01 "m"    ; Authentication Method
     16 00 01 01     ; Authentication Data
     1f 00 02 "no"   ; Reason String
     26 00 01 "k" 00 01 "v" ; User Property`,
    {
      kind: 'auth',
      reasonCode: 0x18,
      properties: {
        authenticationMethod: 'm',
        authenticationData: Uint8Array.of(1),
        reasonString: 'no',
        userProperties: [['k', 'v']],
      },
    },
  ),
];

/** Every packet type in every version and form. */
export const VECTORS: readonly Vector[] = [
  ...CONNECT_VECTORS,
  ...CONNACK_VECTORS,
  ...PUBLISH_VECTORS,
  ...ACKNOWLEDGEMENT_VECTORS,
  ...SUBSCRIPTION_VECTORS,
  ...OTHER_VECTORS,
];
