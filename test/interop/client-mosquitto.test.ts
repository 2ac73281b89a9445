// The client against Debian's mosquitto, in every scenario of test/client.

import { SCENARIOS } from '../client/scenarios.ts';
import { playAll } from '../client/scenario.ts';
import { MOSQUITTO } from '../client/tested-brokers.ts';

playAll(MOSQUITTO, SCENARIOS);
