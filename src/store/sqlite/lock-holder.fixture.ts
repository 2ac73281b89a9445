// A process that holds the lock of a data directory until it is killed.

import { dataDirectory } from './data-directory.ts';
import { lockDirectory } from './directory-lock.ts';

lockDirectory(dataDirectory(process.argv[2] ?? ''));
process.stdout.write('held\n');
setInterval(() => {}, 60_000);
