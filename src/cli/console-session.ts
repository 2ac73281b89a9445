// The session of a console in words: the connection, what was agreed on with the broker, the subscriptions, what is under way.

import { visible } from '../base/visible.ts';
import { reasonName } from '../packet/reason-codes.ts';
import type { Desk } from './console-desk.ts';
import { withoutControls } from './message-format.ts';
import { counted } from './store-options.ts';

/** Several lines, without a line break at the end. */
export function sessionText(desk: Desk): string {
  const rows: (readonly [string, string])[] = [['State', desk.state]];
  if (desk.isOpen) rows.push(...connectionRows(desk));
  rows.push(
    ['Will', desk.will === undefined ? 'none' : desk.will.topic],
    ['Published', String(desk.publishedCount)],
    ['Received', String(desk.receivedCount)],
    ...desk.subscriptions.map(({ filter, granted, messageCount }, index) => {
      const answer = granted < 0x80 ? `QoS ${granted}` : reasonName(granted);
      return [
        index === 0 ? 'Subscriptions' : '',
        `${withoutControls(filter)}  ${answer}, ${counted(messageCount, 'message')}`,
      ] as const;
    }),
  );
  return rows.map(([name, value]) => `${name.padEnd(14)} ${value}`).join('\n');
}

function connectionRows({ client }: Desk): readonly (readonly [string, string])[] {
  const { connection, unsettledCount } = client;
  const rows: (readonly [string, string])[] = [
    ['Client', client.clientId === '' ? 'no identifier' : visible(client.clientId)],
    ['Under way', `${unsettledCount} published and not acknowledged`],
  ];
  if (connection === undefined) return rows;
  const { sessionPresent, keepAliveSeconds, serverProperties: server } = connection;
  const limits: readonly (readonly [string, number | string | boolean | undefined])[] = [
    ['Receive Maximum', server.receiveMaximum],
    ['Maximum QoS', server.maximumQoS],
    ['Maximum Packet Size', server.maximumPacketSize],
    ['Topic Alias Maximum', server.topicAliasMaximum],
    ['Session Expiry Interval', server.sessionExpiryInterval],
    ['Retain Available', server.retainAvailable],
    ['Wildcard Subscription Available', server.wildcardSubscriptionAvailable],
    ['Shared Subscription Available', server.sharedSubscriptionAvailable],
  ];
  const said = limits.filter(([, value]) => value !== undefined).map(([name, value]) => `${name} ${String(value)}`);
  return [
    ...rows,
    ['Session', sessionPresent ? 'was kept by the broker' : 'is new'],
    ['Keep Alive', keepAliveSeconds === 0 ? 'off' : `${keepAliveSeconds} s`],
    ['Broker says', said.length === 0 ? 'nothing of its limits' : said.join(', ')],
  ];
}
