// The broker under Eclipse Paho for Python. The scenarios are functions of paho_client.py; each runs as a process.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { skipUnless } from '../require.ts';
import { startTestBroker, type TestBroker } from '../support/broker.ts';
import { endTools, Tool } from '../support/tool.ts';

const SCRIPT = path.join(import.meta.dirname, 'paho_client.py');
/** The interpreter that has the package may not be the first on PATH: Debian's package belongs to Debian's Python. */
const PYTHON = ['python3', '/usr/bin/python3'].find(
  (program) => spawnSync(program, ['-c', 'import paho.mqtt.client'], { stdio: 'ignore' }).status === 0,
);
const skip = skipUnless('interop', PYTHON !== undefined, 'python3-paho-mqtt is not installed');

/** What each scenario of the script shows. */
const CLAIMS: Readonly<Record<string, string>> = {
  qos: 'a message arrives with the lower of the QoS it was published and subscribed with',
  order: 'five hundred messages at once arrive in order at every QoS',
  large: 'a payload of 1 MiB arrives whole at every QoS',
  retained: 'a retained message greets a later subscriber, until it is cleared',
  will: 'a client that crashes leaves its will, one that disconnects does not',
  session: 'a persistent session keeps its subscriptions and its messages',
};
const CLAIMS_OF_5: Readonly<Record<string, string>> = {
  properties: 'the properties of a message arrive as they were sent',
};

for (const version of ['3.1', '3.1.1', '5.0']) {
  describe(`Paho, MQTT ${version}`, { skip }, () => {
    let broker: TestBroker;
    before(async () => {
      broker = await startTestBroker();
    });
    after(async () => {
      await endTools();
      await broker.close();
    });

    const claims = version === '5.0' ? { ...CLAIMS, ...CLAIMS_OF_5 } : CLAIMS;
    for (const [scenario, claim] of Object.entries(claims)) {
      it(claim, async () => {
        await new Tool(PYTHON ?? 'python3', [SCRIPT, scenario, version, broker.host, `${broker.port}`]).end();
      });
    }
  });
}
