import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SystemReadings } from './system-readings.ts';

const AT = Date.parse('2026-11-23T10:00:00Z');

function after(seconds: number): Date {
  return new Date(AT + seconds * 1000);
}

function receive(readings: SystemReadings, values: { readonly [name: string]: string }): void {
  for (const [name, value] of Object.entries(values)) readings.receive(`$SYS/broker/${name}`, value);
}

test('a rate is the average of a minute, until two readings make one', () => {
  const readings = new SystemReadings();
  receive(readings, {
    uptime: '100 seconds',
    'publish/messages/received': '500',
    'load/publish/received/1min': '120.00',
  });
  assert.equal(readings.read(after(0)).rates.get('messagesIn'), 2);
  // The first values were retained nine seconds before: the broker's clock counts.
  receive(readings, { uptime: '110 seconds', 'publish/messages/received': '600' });
  assert.equal(readings.read(after(1)).rates.get('messagesIn'), 10);
  receive(readings, { uptime: '120 seconds', 'publish/messages/received': '800' });
  assert.equal(readings.read(after(11)).rates.get('messagesIn'), 20);
});

test('a counter that is not told of again has not grown, and one that began anew has no rate below 0', () => {
  const readings = new SystemReadings();
  receive(readings, { 'publish/messages/sent': '500', 'bytes/sent': '10' });
  readings.read(after(0));
  receive(readings, { 'bytes/sent': '5' });
  const { rates } = readings.read(after(10));
  assert.deepEqual([rates.get('messagesOut'), rates.get('bytesOut'), rates.get('messagesIn')], [0, 0, undefined]);
});

test('values are numbers where the broker wrote numbers, and other topics are none', () => {
  const readings = new SystemReadings();
  assert.equal(readings.isEmpty, true);
  receive(readings, { version: 'mosquitto version 2', uptime: '7 seconds', 'load/x/1min': '0.25' });
  readings.receive('$SYS/other', '1');
  assert.deepEqual(
    [...readings.read(after(0)).values],
    [
      ['version', 'mosquitto version 2'],
      ['uptime', '7 seconds'],
      ['load/x/1min', 0.25],
    ],
  );
});
