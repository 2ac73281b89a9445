// Any record that a store may be handed, for fast-check.

import fc from 'fast-check';

import { millis } from '../../base/millis.ts';
import type { Message } from '../../packet/message.ts';
import type { QoS, Will } from '../../packet/packet.ts';
import type { MessageProperties, UserProperty } from '../../packet/properties.ts';
import type { GroupRecord, Recipient, SessionRecord, SubscriptionRecord, WillRecord } from '../contract.ts';
import type { ClockMark } from '../timeline.ts';

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

/** A plain object, as records are; fast-check makes some without a prototype. */
function record<T>(model: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

/** Any code points, mostly short, now and then longer than a loop takes. */
const anyName: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 300 }).map((length) => 'ä'.repeat(length)) },
);
const anyText = anyName.map((text) => text.replaceAll('\0', '\u{feff}'));
const anyTopic = anyText.map((text) => `t${text.replaceAll(/[+#]/g, '/')}`);
const anyBytes = fc.uint8Array({ maxLength: 200 });
const anyQoS = fc.constantFrom<QoS>(0, 1, 2);
const anySecond = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 4_294_967_295 }));

/** A number from 1 up, of any magnitude that a store is handed. */
export const anyNumber: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 1, max: 2 ** 33 }),
  fc.integer({ min: 1, max: 2 ** 52 - 1 }),
);

/** A moment on some clock; a quarter of a second is exact in a double, so that translating it there and back is. */
export const anyMoment: fc.Arbitrary<number> = fc.integer({ min: -(2 ** 40), max: 2 ** 42 }).map((n) => n / 4);

const anyMessageProperties: fc.Arbitrary<MessageProperties> = record({
  payloadFormatIndicator: maybe(fc.constantFrom(0, 1)),
  messageExpiryInterval: maybe(anySecond),
  contentType: maybe(anyText),
  responseTopic: maybe(anyTopic),
  correlationData: maybe(anyBytes),
  userProperties: fc.array(fc.tuple(anyText, anyText) satisfies fc.Arbitrary<UserProperty>, { maxLength: 4 }),
});

/** Any message. */
export const anyMessage: fc.Arbitrary<Message> = record({
  topic: anyTopic,
  payload: anyBytes,
  qos: anyQoS,
  retain: fc.boolean(),
  properties: anyMessageProperties,
  expiresAt: maybe(anyMoment.map(millis)),
});

/** Any recipient, with or without what tells it how it was addressed. */
export const anyRecipient: fc.Arbitrary<Recipient> = record({
  key: anyNumber,
  qos: fc.constantFrom<1 | 2>(1, 2),
  retain: fc.boolean(),
  subscriptionIdentifiers: fc.array(fc.integer({ min: 1, max: 268_435_455 }), { maxLength: 3 }),
  sharedFilter: fc.oneof(fc.constant(''), anyText),
});

/** Any session. */
export const anySession: fc.Arbitrary<SessionRecord> = record({
  key: anyNumber,
  clientId: anyText,
  principal: maybe(anyName),
  expiryInterval: anySecond.map((count) => millis(count * 1000)),
  disconnectedAt: maybe(anyMoment.map(millis)),
});

/** Any subscription. */
export const anySubscription: fc.Arbitrary<SubscriptionRecord> = record({
  filter: anyText,
  options: record({
    qos: anyQoS,
    noLocal: fc.boolean(),
    retainAsPublished: fc.boolean(),
    retainHandling: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
  }),
  identifier: fc.integer({ min: 0, max: 268_435_455 }),
});

/** Any group. */
export const anyGroup: fc.Arbitrary<GroupRecord> = record({ key: anyNumber, filter: anyText });

const anyWillItself: fc.Arbitrary<Will> = record({
  topic: anyTopic,
  payload: anyBytes,
  qos: anyQoS,
  retain: fc.boolean(),
  delayInterval: anySecond,
  properties: anyMessageProperties,
});

/** Any Will with its owner. */
export const anyWill: fc.Arbitrary<WillRecord> = record({
  clientId: anyText,
  principal: maybe(anyName),
  will: anyWillItself,
});

/** Any clock mark. */
export const anyClockMark: fc.Arbitrary<ClockMark> = record({
  storeTime: anyMoment.map(millis),
  wall: anyMoment.map(millis),
  boot: record({ id: anyText, time: anyMoment.map(millis) }),
});
