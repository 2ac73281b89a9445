// Every rule of the packet formats, broken once. A row is a claim: these bytes are refused with this
// kind, this Reason Code and this statement. Bytes that break a rule at their beginning are given
// as far as the beginning only: the decoder must not wait for the rest.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Direction } from './packet-type.ts';
import type { ProtocolErrorKind } from './protocol-error.ts';
import { ProtocolError } from './protocol-error.ts';
import type { ProtocolVersion } from './protocol-version.ts';
import type { ReasonCode } from './reason-codes.ts';
import type { Reception } from './wire.arbitrary.ts';
import { decodeAll, decodeInPieces, hex } from './wire.arbitrary.ts';

type Outcome = readonly [kind: ProtocolErrorKind, reasonCode: ReasonCode, statement: string];
type Row = readonly [name: string, lines: string, ...outcome: Outcome];

const malformed = (statement: string): Outcome => ['malformed-packet', 0x81, statement];
const violation = (statement: string): Outcome => ['protocol-error', 0x82, statement];
const badTopic = (statement: string): Outcome => ['topic-name-invalid', 0x90, statement];
const unsupported = (statement: string): Outcome => ['unsupported-protocol-version', 0x84, statement];
const stranger: Outcome = ['not-mqtt', 0x81, 'MQTT-3.1.0-1'];

function refuses(
  title: string,
  version: ProtocolVersion | undefined,
  receives: Direction,
  rows: readonly Row[],
  pieceSize = 1,
): void {
  const reception: Reception = { version, receives, maximumPacketSize: 1_000_000 };
  describe(title, () => {
    for (const [name, lines, kind, reasonCode, statement] of rows) {
      test(name, () => {
        const bytes = hex(lines);
        const expected = { name: 'ProtocolError', kind, reasonCode, statement };
        assert.throws(() => decodeAll(bytes, reception), expected);
        assert.throws(() => decodeInPieces(bytes, [pieceSize], reception), expected, 'in pieces');
      });
    }
  });
}

refuses(
  'The first byte of a connection',
  undefined,
  'from-client',
  [
    ['a TLS handshake', '16', ...stranger],
    ['an HTTP GET', '"GET / HTTP/1.1"', ...stranger],
    ['an HTTP POST', '"POST "', ...stranger],
    ['an HTTP PUT', '"PUT "', ...stranger],
    ['an HTTP HEAD', '"HEAD"', ...stranger],
    ['an HTTP OPTIONS', '"OPT"', ...stranger],
    ['a PROXY protocol header in text', '"PROXY TCP4"', ...stranger],
    ['a PROXY protocol header in binary', '0d 0a 0d 0a 00 0d 0a 51', ...stranger],
    ['a byte that begins nothing', '00', ...stranger],
    ['a CONNACK', '20', ...stranger],
    ['a CONNECT with flags', '11', ...malformed('MQTT-2.1.3-1')],
    ['a PUBLISH', '30 07', ...violation('MQTT-3.1.0-1')],
    ['a PUBREC', '50 02', ...violation('MQTT-3.1.0-1')],
    ['a lone P, which is still a PUBREC', '"P"', ...violation('MQTT-3.1.0-1')],
    ['a PINGREQ', 'c0', ...violation('MQTT-3.1.0-1')],
  ],
  2,
); // One byte cannot tell a POST from a PUBREC.

refuses('The fixed header from a Client of MQTT 5.0', 5, 'from-client', [
  ['type 0', '00', ...malformed('')],
  ['CONNECT with flags', '18', ...malformed('MQTT-2.1.3-1')],
  ['PUBLISH with QoS 3', '36', ...malformed('MQTT-3.3.1-4')],
  ['PUBLISH with QoS 0 and DUP', '38', ...violation('MQTT-3.3.1-2')],
  ['PUBACK with flags', '41', ...malformed('MQTT-2.1.3-1')],
  ['PUBREC with flags', '52', ...malformed('MQTT-2.1.3-1')],
  ['PUBREL without its flag', '60', ...malformed('MQTT-3.6.1-1')],
  ['PUBREL with DUP', '6a', ...malformed('MQTT-3.6.1-1')],
  ['PUBCOMP with flags', '74', ...malformed('MQTT-2.1.3-1')],
  ['SUBSCRIBE without its flag', '80', ...malformed('MQTT-3.8.1-1')],
  ['SUBSCRIBE with RETAIN', '83', ...malformed('MQTT-3.8.1-1')],
  ['UNSUBSCRIBE without its flag', 'a0', ...malformed('MQTT-3.10.1-1')],
  ['PINGREQ with flags', 'c8', ...malformed('MQTT-2.1.3-1')],
  ['DISCONNECT with flags', 'e1', ...malformed('MQTT-3.14.1-1')],
  ['AUTH with flags', 'f2', ...malformed('MQTT-3.15.1-1')],
  ['CONNACK', '20', ...violation('')],
  ['SUBACK', '90', ...violation('')],
  ['UNSUBACK', 'b0', ...violation('')],
  ['PINGRESP', 'd0', ...violation('')],
  ['a Remaining Length of five bytes, at the fourth', '30 80 80 80 80', ...malformed('MQTT-1.5.5-1')],
  ['a Remaining Length with a byte too many', 'c0 80 00', ...malformed('MQTT-1.5.5-1')],
  ['a Remaining Length above the maximum', '30 c1 84 3d', 'packet-too-large', 0x95, 'MQTT-3.2.2-15'],
  ['the largest Remaining Length', '30 ff ff ff 7f', 'packet-too-large', 0x95, 'MQTT-3.2.2-15'],
]);

refuses('The fixed header from a Server of MQTT 5.0', 5, 'from-server', [
  ['CONNECT', '10', ...violation('')],
  ['SUBSCRIBE', '82', ...violation('')],
  ['UNSUBSCRIBE', 'a2', ...violation('')],
  ['PINGREQ', 'c0', ...violation('')],
  ['CONNACK with flags', '21', ...malformed('MQTT-2.1.3-1')],
  ['SUBACK with flags', '92', ...malformed('MQTT-2.1.3-1')],
]);

refuses('The fixed header from a Client of MQTT 3.1.1', 4, 'from-client', [
  ['type 15', 'f0', ...malformed('')],
  ['PUBREL with DUP', '6a', ...malformed('MQTT-3.6.1-1')],
  ['SUBSCRIBE with DUP', '8a', ...malformed('MQTT-3.8.1-1')],
  ['UNSUBSCRIBE with DUP', 'aa', ...malformed('MQTT-3.10.1-1')],
]);

refuses('The fixed header from a Server of MQTT 3.1.1', 4, 'from-server', [
  ['type 15', 'f0', ...malformed('')],
  ['DISCONNECT', 'e0', ...violation('')],
]);

refuses('CONNECT', undefined, 'from-client', [
  ['an unknown Protocol Name', '10 0a 00 04 "mqtt" 04 02 00 00', ...unsupported('MQTT-3.1.2-1')],
  ['MQTT of level 3', '10 0d 00 04 "MQTT" 03 02 00 00 00 01 "a"', ...unsupported('MQTT-3.1.2-2')],
  ['MQTT of level 6', '10 0d 00 04 "MQTT" 06 02 00 00 00 01 "a"', ...unsupported('MQTT-3.1.2-2')],
  ['MQTT of level 5 with the bridge bit', '10 0d 00 04 "MQTT" 85 02 00 00 00 01 "a"', ...unsupported('MQTT-3.1.2-2')],
  ['MQIsdp of level 4', '10 0f 00 06 "MQIsdp" 04 02 00 00 00 01 "a"', ...unsupported('MQTT-3.1.2-2')],
  ['nothing', '10 00', ...malformed('')],
  ['a Protocol Name that runs past the end', '10 04 00 04 "MQ"', ...malformed('')],
  ['no Protocol Version', '10 06 00 04 "MQTT"', ...malformed('')],
  ['no Connect Flags', '10 07 00 04 "MQTT" 04', ...malformed('')],
  ['no Keep Alive', '10 09 00 04 "MQTT" 04 02 00', ...malformed('')],
  ['no Client Identifier', '10 0a 00 04 "MQTT" 04 02 00 00', ...malformed('')],
  ['the reserved flag', '10 0d 00 04 "MQTT" 04 03 00 00 00 01 "a"', ...malformed('MQTT-3.1.2-3')],
  ['Will QoS without a Will', '10 0d 00 04 "MQTT" 04 0a 00 00 00 01 "a"', ...malformed('MQTT-3.1.2-11')],
  ['Will Retain without a Will', '10 0d 00 04 "MQTT" 04 22 00 00 00 01 "a"', ...malformed('MQTT-3.1.2-13')],
  ['Will QoS 3', '10 13 00 04 "MQTT" 04 1e 00 00 00 01 "a" 00 01 "w" 00 01 "x"', ...malformed('MQTT-3.1.2-12')],
  [
    'a Password without a User Name',
    '10 10 00 04 "MQTT" 04 42 00 00 00 01 "a" 00 01 "p"',
    ...malformed('MQTT-3.1.2-22'),
  ],
  ['no User Name though announced', '10 0d 00 04 "MQTT" 04 82 00 00 00 01 "a"', ...malformed('')],
  ['no Password though announced', '10 10 00 04 "MQTT" 04 c2 00 00 00 01 "a" 00 01 "u"', ...malformed('')],
  ['no Will Topic', '10 0d 00 04 "MQTT" 04 06 00 00 00 01 "a"', ...malformed('')],
  ['no Will Payload', '10 10 00 04 "MQTT" 04 06 00 00 00 01 "a" 00 01 "w"', ...malformed('')],
  ['an empty Will Topic', '10 12 00 04 "MQTT" 04 06 00 00 00 01 "a" 00 00 00 01 "x"', ...badTopic('MQTT-4.7.3-1')],
  ['a Will Topic with #', '10 13 00 04 "MQTT" 04 06 00 00 00 01 "a" 00 01 "#" 00 01 "x"', ...badTopic('MQTT-4.7.0-1')],
  ['a Will Topic with +', '10 13 00 04 "MQTT" 04 06 00 00 00 01 "a" 00 01 "+" 00 01 "x"', ...badTopic('MQTT-4.7.0-1')],
  ['bytes behind its end', '10 0e 00 04 "MQTT" 04 02 00 00 00 01 "a" 00', ...malformed('')],
  ['a Client Identifier that is not UTF-8', '10 0d 00 04 "MQTT" 04 02 00 00 00 01 ff', ...malformed('MQTT-1.5.4-1')],
  ['a Client Identifier with U+0000', '10 0d 00 04 "MQTT" 04 02 00 00 00 01 00', ...malformed('MQTT-1.5.4-2')],
  ['no Property Length', '10 0a 00 04 "MQTT" 05 02 00 00', ...malformed('')],
  ['a Property Length past the end', '10 0b 00 04 "MQTT" 05 02 00 00 05', ...malformed('')],
  ['Authentication Data without a method', '10 11 00 04 "MQTT" 05 02 00 00 04 16 00 01 01 00 00', ...violation('')],
  [
    'a Will Delay Interval among its own properties',
    '10 12 00 04 "MQTT" 05 02 00 00 05 18 00 00 00 01 00 00',
    ...malformed(''),
  ],
]);

refuses('CONNACK of MQTT 5.0', 5, 'from-server', [
  ['reserved flags', '20 03 02 00 00', ...malformed('MQTT-3.2.2-1')],
  ['a Reason Code of DISCONNECT', '20 03 00 8e 00', ...violation('MQTT-3.2.2-8')],
  ['Session Present with a refusal', '20 03 01 87 00', ...violation('MQTT-3.2.2-6')],
  ['no Reason Code', '20 01 00', ...malformed('')],
  ['no Property Length', '20 02 00 00', ...malformed('')],
  ['bytes behind its end', '20 04 00 00 00 00', ...malformed('')],
]);

refuses('CONNACK of MQTT 3.1.1', 4, 'from-server', [
  ['reserved flags', '20 02 80 00', ...malformed('MQTT-3.2.2-1')],
  ['a return code that is reserved', '20 02 00 06', ...violation('MQTT-3.2.2-8')],
  ['Session Present with a refusal', '20 02 01 05', ...violation('MQTT-3.2.2-6')],
  ['bytes behind its end', '20 03 00 00 00', ...malformed('')],
]);

refuses('PUBLISH of MQTT 5.0 from a Client', 5, 'from-client', [
  ['nothing', '30 00', ...malformed('')],
  ['half a topic length', '30 01 00', ...malformed('')],
  ['a topic past the end', '30 04 00 03 "a/"', ...malformed('')],
  ['a topic with +', '30 06 00 03 "a/+" 00', ...badTopic('MQTT-3.3.2-2')],
  ['a topic with #', '30 04 00 01 "#" 00', ...badTopic('MQTT-3.3.2-2')],
  ['no topic and no alias', '30 03 00 00 00', ...violation('MQTT-4.7.3-1')],
  ['no topic and other properties', '30 05 00 00 02 01 01', ...violation('MQTT-4.7.3-1')],
  ['no Packet Identifier', '32 03 00 01 "a"', ...malformed('')],
  ['Packet Identifier 0', '32 06 00 01 "a" 00 00 00', ...violation('MQTT-2.2.1-3')],
  ['no Property Length', '30 03 00 01 "a"', ...malformed('')],
  ['a Property Length past the end', '30 04 00 01 "a" 01', ...malformed('')],
  ['a Property Length of two bytes for 0', '30 05 00 01 "a" 80 00', ...malformed('MQTT-1.5.5-1')],
  ['a Property Length of five bytes', '30 08 00 01 "a" 80 80 80 80 01', ...malformed('MQTT-1.5.5-1')],
  ['a property that does not exist', '30 05 00 01 "a" 01 7f', ...malformed('')],
  ['property 0', '30 05 00 01 "a" 01 00', ...malformed('')],
  ['a property of two bytes', '30 07 00 01 "a" 03 81 01 00', ...malformed('')],
  ['a property of another packet', '30 07 00 01 "a" 03 21 00 01', ...malformed('')],
  ['a property that runs past the block', '30 08 00 01 "a" 02 23 00 01 00', ...malformed('')],
  ['Payload Format Indicator 2', '30 06 00 01 "a" 02 01 02', ...violation('')],
  ['Payload Format Indicator twice', '30 08 00 01 "a" 04 01 01 01 01', ...violation('')],
  ['Topic Alias 0', '30 07 00 01 "a" 03 23 00 00', 'topic-alias-invalid', 0x94, 'MQTT-3.3.2-8'],
  ['Topic Alias twice', '30 0a 00 01 "a" 06 23 00 01 23 00 01', ...violation('')],
  ['a Subscription Identifier', '30 06 00 01 "a" 02 0b 01', ...violation('MQTT-3.3.4-6')],
  ['a Response Topic with a wildcard', '30 08 00 01 "a" 04 08 00 01 "#"', ...violation('MQTT-3.3.2-14')],
  ['an empty Response Topic', '30 07 00 01 "a" 03 08 00 00', ...violation('MQTT-4.7.3-1')],
  ['a Content Type that is not UTF-8', '30 08 00 01 "a" 04 03 00 01 80', ...malformed('MQTT-1.5.4-1')],
  ['a User Property with U+0000', '30 0b 00 01 "a" 07 26 00 01 "k" 00 01 00', ...malformed('MQTT-1.5.4-2')],
  ['a User Property without a value', '30 08 00 01 "a" 04 26 00 01 "k"', ...malformed('')],
]);

refuses('PUBLISH of MQTT 5.0 from a Server', 5, 'from-server', [
  ['Packet Identifier 0', '34 06 00 01 "a" 00 00 00', ...violation('MQTT-2.2.1-4')],
  ['Subscription Identifier 0', '30 06 00 01 "a" 02 0b 00', ...violation('')],
  ['a Subscription Identifier of five bytes', '30 0a 00 01 "a" 06 0b 80 80 80 80 01', ...malformed('MQTT-1.5.5-1')],
]);

refuses('PUBLISH of MQTT 3.1.1', 4, 'from-client', [
  ['an empty topic', '30 02 00 00', ...violation('MQTT-4.7.3-1')],
  ['Packet Identifier 0', '32 05 00 01 "a" 00 00', ...violation('MQTT-2.2.1-3')],
  ['half a Packet Identifier', '32 04 00 01 "a" 00', ...malformed('')],
]);

refuses('Text that is not well-formed', 4, 'from-client', [
  ['a lone continuation byte', '30 03 00 01 80', ...malformed('MQTT-1.5.4-1')],
  ['a sequence that is cut short', '30 04 00 02 e2 82', ...malformed('MQTT-1.5.4-1')],
  ['an overlong slash', '30 04 00 02 c0 af', ...malformed('MQTT-1.5.4-1')],
  ['an overlong U+0000', '30 04 00 02 c0 80', ...malformed('MQTT-1.5.4-1')],
  ['a high surrogate', '30 05 00 03 ed a0 80', ...malformed('MQTT-1.5.4-1')],
  ['a low surrogate', '30 05 00 03 ed bf bf', ...malformed('MQTT-1.5.4-1')],
  ['a pair of surrogates', '30 08 00 06 ed a0 bd ed b8 80', ...malformed('MQTT-1.5.4-1')],
  ['a code point above U+10FFFF', '30 06 00 04 f4 90 80 80', ...malformed('MQTT-1.5.4-1')],
  ['a byte that UTF-8 never has', '30 03 00 01 fe', ...malformed('MQTT-1.5.4-1')],
  ['U+0000', '30 05 00 03 "a" 00 "b"', ...malformed('MQTT-1.5.4-2')],
]);

for (const [name, first, statement] of [
  ['PUBACK', '40', 'MQTT-3.4.2-1'],
  ['PUBREC', '50', 'MQTT-3.5.2-1'],
  ['PUBREL', '62', 'MQTT-3.6.2-1'],
  ['PUBCOMP', '70', 'MQTT-3.7.2-1'],
] as const) {
  refuses(`${name} of MQTT 5.0`, 5, 'from-client', [
    ['nothing', `${first} 00`, ...malformed('')],
    ['half a Packet Identifier', `${first} 01 00`, ...malformed('')],
    ['Packet Identifier 0', `${first} 02 00 00`, ...violation('MQTT-2.2.1-5')],
    ['Packet Identifier 0, at length', `${first} 03 00 00 00`, ...violation('MQTT-2.2.1-5')],
    ['a Reason Code of another packet', `${first} 03 00 01 8e`, ...violation(statement)],
    ['a Reason Code that does not exist', `${first} 03 00 01 ff`, ...violation(statement)],
    ['a Property Length past the end', `${first} 04 00 01 00 01`, ...malformed('')],
    ['bytes behind its properties', `${first} 05 00 01 00 00 00`, ...malformed('')],
    ['a property of another packet', `${first} 07 00 01 00 03 21 00 01`, ...malformed('')],
    ['two Reason Strings', `${first} 0a 00 01 00 06 1f 00 00 1f 00 00`, ...violation('')],
  ]);
  refuses(`${name} of MQTT 3.1.1`, 4, 'from-server', [
    ['one byte', `${first} 01 00`, ...malformed('')],
    ['a Reason Code', `${first} 03 00 01 00`, ...malformed('')],
    ['Packet Identifier 0', `${first} 02 00 00`, ...violation('MQTT-2.2.1-5')],
  ]);
}

refuses('SUBSCRIBE of MQTT 5.0', 5, 'from-client', [
  ['nothing', '82 00', ...malformed('')],
  ['Packet Identifier 0', '82 07 00 00 00 00 01 "a" 00', ...violation('MQTT-2.2.1-3')],
  ['no Property Length', '82 02 00 01', ...malformed('')],
  ['no filter', '82 03 00 01 00', ...violation('MQTT-3.8.3-2')],
  ['an empty filter', '82 06 00 01 00 00 00 00', ...violation('MQTT-4.7.3-1')],
  ['a filter past the end', '82 06 00 01 00 00 05 "a"', ...malformed('')],
  ['a filter without options', '82 06 00 01 00 00 01 "a"', ...malformed('')],
  ['a filter that is not UTF-8', '82 07 00 01 00 00 01 ff 00', ...malformed('MQTT-1.5.4-1')],
  ['reserved option bit 6', '82 07 00 01 00 00 01 "a" 40', ...malformed('MQTT-3.8.3-5')],
  ['reserved option bit 7', '82 07 00 01 00 00 01 "a" 80', ...malformed('MQTT-3.8.3-5')],
  ['Maximum QoS 3', '82 07 00 01 00 00 01 "a" 03', ...violation('')],
  ['Retain Handling 3', '82 07 00 01 00 00 01 "a" 30', ...violation('')],
  ['No Local on a Shared Subscription', '82 10 00 01 00 00 0a "$share/g/a" 04', ...violation('MQTT-3.8.3-4')],
  ['Subscription Identifier 0', '82 09 00 01 02 0b 00 00 01 "a" 00', ...violation('')],
  ['two Subscription Identifiers', '82 0b 00 01 04 0b 01 0b 02 00 01 "a" 00', ...violation('')],
  ['a property of another packet', '82 0a 00 01 03 1f 00 00 00 01 "a" 00', ...malformed('')],
]);

refuses('SUBSCRIBE of MQTT 3.1.1', 4, 'from-client', [
  ['no filter', '82 02 00 01', ...violation('MQTT-3.8.3-2')],
  ['QoS 3', '82 06 00 01 00 01 "a" 03', ...malformed('MQTT-3.8.3-4')],
  ['an option of 5.0', '82 06 00 01 00 01 "a" 04', ...malformed('MQTT-3.8.3-5')],
  ['an option of 5.0 with QoS 1', '82 06 00 01 00 01 "a" 11', ...malformed('MQTT-3.8.3-5')],
  ['an empty filter', '82 05 00 01 00 00 00', ...violation('MQTT-4.7.3-1')],
]);

refuses('UNSUBSCRIBE of MQTT 5.0', 5, 'from-client', [
  ['no filter', 'a2 03 00 01 00', ...violation('MQTT-3.10.3-2')],
  ['an empty filter', 'a2 05 00 01 00 00 00', ...violation('MQTT-4.7.3-1')],
  ['Packet Identifier 0', 'a2 06 00 00 00 00 01 "a"', ...violation('MQTT-2.2.1-3')],
  ['half a filter length', 'a2 04 00 01 00 00', ...malformed('')],
  ['a Subscription Identifier', 'a2 08 00 01 02 0b 01 00 01 "a"', ...malformed('')],
]);

refuses('SUBACK and UNSUBACK of MQTT 5.0', 5, 'from-server', [
  ['SUBACK without a Reason Code', '90 03 00 01 00', ...violation('MQTT-3.8.4-6')],
  ['SUBACK with QoS 3', '90 04 00 01 00 03', ...violation('MQTT-3.9.3-2')],
  ['SUBACK with Packet Identifier 0', '90 04 00 00 00 00', ...violation('MQTT-2.2.1-6')],
  ['UNSUBACK without a Reason Code', 'b0 03 00 01 00', ...violation('MQTT-3.11.3-2')],
  ['UNSUBACK with a Reason Code of SUBACK', 'b0 04 00 01 00 01', ...violation('MQTT-3.11.3-2')],
  ['UNSUBACK with Packet Identifier 0', 'b0 04 00 00 00 00', ...violation('MQTT-2.2.1-6')],
]);

refuses('SUBACK and UNSUBACK of MQTT 3.1.1', 4, 'from-server', [
  ['SUBACK without a return code', '90 02 00 01', ...violation('MQTT-3.8.4-6')],
  ['SUBACK with a Reason Code of 5.0', '90 03 00 01 87', ...violation('MQTT-3.9.3-2')],
  ['UNSUBACK with a Reason Code', 'b0 03 00 01 00', ...malformed('')],
]);

refuses('PINGREQ and DISCONNECT of MQTT 3.1.1', 4, 'from-client', [
  ['PINGREQ with a body', 'c0 01 00', ...malformed('')],
  ['DISCONNECT with a Reason Code', 'e0 01 00', ...malformed('')],
]);

refuses('DISCONNECT and AUTH from a Client', 5, 'from-client', [
  ['DISCONNECT with a code of Servers', 'e0 01 8e', ...violation('MQTT-3.14.2-1')],
  ['DISCONNECT with a code of CONNACK', 'e0 01 86', ...violation('MQTT-3.14.2-1')],
  ['DISCONNECT with two Session Expiry Intervals', 'e0 0c 00 0a 11 00 00 00 00 11 00 00 00 00', ...violation('')],
  ['DISCONNECT with bytes behind its end', 'e0 03 00 00 00', ...malformed('')],
  ['AUTH, empty, which only a Server sends', 'f0 00', ...violation('MQTT-3.15.2-1')],
  ['AUTH with success, which only a Server says', 'f0 06 00 04 15 00 01 "m"', ...violation('MQTT-3.15.2-1')],
  ['AUTH without a method', 'f0 02 18 00', ...violation('MQTT-4.12.0-5')],
  ['AUTH with nothing but its code', 'f0 01 18', ...violation('MQTT-4.12.0-5')],
  ['AUTH with data and no method', 'f0 06 18 04 16 00 01 01', ...violation('MQTT-4.12.0-5')],
]);

refuses('DISCONNECT, AUTH and PINGRESP from a Server', 5, 'from-server', [
  ['DISCONNECT with a code of Clients', 'e0 01 04', ...violation('MQTT-3.14.2-1')],
  ['DISCONNECT with a Session Expiry Interval', 'e0 07 8e 05 11 00 00 00 00', ...violation('MQTT-3.14.2-2')],
  ['AUTH with re-authenticate, which only a Client says', 'f0 06 19 04 15 00 01 "m"', ...violation('MQTT-3.15.2-1')],
  ['PINGRESP with a body', 'd0 01 00', ...malformed('')],
]);

test('an error says what is wrong in words, and cites the statement', () => {
  const messageOf = (lines: string, reception: Reception): string => {
    try {
      decodeAll(hex(lines), reception);
    } catch (error) {
      if (error instanceof ProtocolError) return error.message;
    }
    return 'no error';
  };
  const opening: Reception = { version: undefined, receives: 'from-client' };
  assert.match(messageOf('16', opening), /looks like a TLS handshake on a plain MQTT port \[MQTT-3\.1\.0-1\]$/);
  assert.match(messageOf('"GET "', opening), /looks like an HTTP request on a plain MQTT port/);
  assert.match(messageOf('20', { version: 5, receives: 'from-client' }), /^CONNACK is never sent by a Client/);
  assert.match(messageOf('f0', { version: 4, receives: 'from-client' }), /type 15 does not exist in MQTT 3\.1\.1/);
  assert.match(
    messageOf('82 03 00 01 00', { version: 5, receives: 'from-client' }),
    /^SUBSCRIBE: there is no Topic Filter/,
  );
});
