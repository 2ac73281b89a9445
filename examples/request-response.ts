// Asks a question and waits for the answer (MQTT 5.0).

import { connect } from 'vouch/client';

const url = process.argv[2] ?? 'mqtt://localhost';
const text = new TextDecoder();

const calculator = await connect(url);
await calculator.respond('calculator/sum', ({ payload }) => {
  const numbers = text.decode(payload).split(' ').map(Number);
  return String(numbers.reduce((sum, number) => sum + number, 0));
});

const client = await connect(url);
const response = await client.request('calculator/sum', '1 2 3', { qos: 1, timeoutMillis: 5_000 });
console.log(text.decode(response.payload));

await client.disconnect();
await calculator.disconnect();

// Output:
// 6
