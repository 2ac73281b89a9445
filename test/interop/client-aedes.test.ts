// The client against aedes, in every scenario of test/client that MQTT 3.1 and 3.1.1 know.

import { SCENARIOS } from '../client/scenarios.ts';
import { playAll } from '../client/scenario.ts';
import { AEDES } from '../client/tested-brokers.ts';

playAll(AEDES, SCENARIOS);
