// A process that meets a bug while it has something to say.

import { endOnBug } from '../../src/server/bug.ts';
import { openLogOutput } from '../../src/server/log-output.ts';

const output = await openLogOutput({ level: 'info', isPretty: false, isColored: false, descriptor: 1 });
endOnBug(() => output.closeNow());
setImmediate(() => {
  output.log.info('first');
  output.log.info('second');
  throw new Error('cannot happen');
});
