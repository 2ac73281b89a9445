// Adds up payments, each of them once, whatever dies in between. A message that is handed over again after a crash has the
// key that it had, and keys grow: so the sum and the key of the last payment in it are written together.

import { DatabaseSync } from 'node:sqlite';
import { connect } from 'vouch/client';

const database = new DatabaseSync('./payments.db');
database.exec('CREATE TABLE IF NOT EXISTS account (sum INTEGER, lastKey INTEGER)');
database.exec('INSERT INTO account SELECT 0, 0 WHERE NOT EXISTS (SELECT * FROM account)');
const add = database.prepare('UPDATE account SET sum = sum + ?, lastKey = ? WHERE lastKey < ? RETURNING sum');

const client = await connect(process.argv[2] ?? 'mqtt://localhost', { clientId: 'accountant', store: './accountant' });
const payments = await client.subscribe('payments/#', { qos: 2 });
console.log('open');

for await (const { topic, payload, qos, key } of payments) {
  if (qos === 0) continue; // neither stored nor told apart: whoever pays publishes with QoS 2
  const amount = Number(new TextDecoder().decode(payload));
  // One statement, and so one transaction. It changes nothing where the payment is in the sum.
  const account = add.get(amount, key, key);
  console.log(account === undefined ? 'had it already' : `sum ${String(account['sum'])}`);
  if (topic === 'payments/last') break;
}
await client.disconnect();
