// `vouch sub -F` prints what mosquitto_sub -F prints for the same message. Left out are moments and how long a message lasts, which differ, and what is meant to:
// %m, a payload that is wider than its field, which Mosquitto cuts, and one in hexadecimal in a field, of which it may leave out the second half; nor a Response Topic that is not there in a field, where it leaves out the field.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ClientProcess } from '../cli/client-process.ts';
import { startTestBroker, type TestBroker, unique } from '../support/broker.ts';
import { endTools, Tool } from '../support/tool.ts';
import { WITHOUT_TOOLS } from './mosquitto-tools.ts';

let broker: TestBroker;

before(async () => {
  broker = await startTestBroker();
});

after(async () => {
  await endTools();
  await broker.close();
});

const FORMATS = [
  '%t|%p|%x|%X|%l|%q|%r|%%|@@|\\t\\a\\v|\\\\',
  '%C|%D|%E|%F|%P|%R|%A',
  '[%10t][%-10t][%.2t][%10.2t][%-010t][%010t]',
  '[%010l][%5l][%-5l][%-05l]',
  '[%20p][%020p][%-20p]',
  '[%10C][%-10C][%3.3C][%010E][%-10E][%5F][%5A][%05A]',
];

test('fields, flags and widths', { skip: WITHOUT_TOOLS }, async (context) => {
  const topic = unique('format');
  const where = ['-h', broker.host, '-p', String(broker.port), '-t', topic, '-V', '5'];
  const properties = [
    ['content-type', 'text/plain'],
    ['correlation-data', 'cd'],
    ['payload-format-indicator', '1'],
    ['response-topic', 'a/b'],
    ['user-property', 'k', 'v'],
    ['user-property', 'k', 'w'],
  ].flatMap((words) => ['-D', 'publish', ...words]);
  for (const args of [properties, []]) {
    await new Tool('mosquitto_pub', [...where, '-r', '-q', '1', '-m', 'some payload', ...args]).end();
    for (const format of FORMATS) {
      const options = [...where, '-C', '1', '-q', '1', '-F', format];
      const [theirs, ours] = await Promise.all([
        new Tool('mosquitto_sub', options).end(),
        new ClientProcess(context, ['sub', ...options]).end(),
      ]);
      assert.equal(ours.stdout.toString('utf8'), `${theirs.join('\n')}\n`, format);
    }
  }
  await new Tool('mosquitto_pub', [...where, '-r', '-q', '1', '-n']).end();
});
