// aedes as its documentation starts it: in memory, in a process of its own. The port is the only argument.

import { createServer } from 'node:net';
import { Aedes } from 'aedes';

const broker = await Aedes.createBroker();
createServer(broker.handle).listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
