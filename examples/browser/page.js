// A page to type meter readings into. None is lost and none is sent twice, whatever becomes of the page or its network: a reading is in
// IndexedDB before the page says that it has it, and goes out when there is a broker again.
//
//   npx esbuild page.js --bundle --splitting --format=esm --minify --outdir=site && cp index.html site/
//   npx vouch start --listeners ws://127.0.0.1:8080?origins=http://localhost:3000
//   npx serve site        and open http://localhost:3000/?broker=ws://127.0.0.1:8080

import { connect, OperationError } from 'vouch/client';

const status = document.querySelector('[role=status]');
const readings = document.querySelector('ol');
const form = document.querySelector('form');
const broker = new URLSearchParams(location.search).get('broker') ?? `ws://${location.hostname}:8080`;

/** Whoever reads meters here; one client has one store, and one tab at a time may use it. */
const NAME = 'reader-1';

try {
  const client = await connect(broker, {
    clientId: NAME,
    store: NAME, // the outbox and the inbox, as a database of this page's origin
    startOffline: true, // the broker may be away for now
  });
  show(client.unsettledCount === 0 ? 'offline' : `offline, ${client.unsettledCount} to send from last time`);
  client.on('connected', () => show('connected'));
  client.on('disconnected', ({ kind }) => show(`offline: ${kind}`));

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const line = document.createElement('li');
    const value = form.elements.reading.value;
    readings.append(line);
    line.textContent = `${value}: to be stored`;
    form.reset();
    const delivery = client.publish('meter/1/reading', value, { qos: 2 });
    await delivery.stored;
    line.textContent = `${value}: stored`;
    await delivery;
    line.textContent = `${value}: with the broker`;
  });
} catch (error) {
  const isElsewhere = error instanceof OperationError && error.code === 'store-in-use';
  show(isElsewhere ? 'This page is open in another tab.' : String(error));
}

function show(text) {
  status.textContent = text;
}
