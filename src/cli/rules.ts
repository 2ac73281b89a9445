// `vouch rules`: what can be done with a file of rules. So far: test it.

import { UsageError } from '../base/errors.ts';
import { quote } from '../config/spelling.ts';
import type { Command } from './command.ts';

/** `vouch rules`. */
export const command: Command = {
  name: 'rules',
  sentence: 'Tests a file of rules: whether it says what is expected of it.',
  async outline() {
    return { options: {}, operands: [], commands: [(await import('./rules-test.ts')).command] };
  },
  async run(args) {
    const { command: test } = await import('./rules-test.ts');
    const [first, ...rest] = args;
    if (first === 'test') return await test.run(rest);
    if (first === '--help' || first === '-h' || first === 'help') return await test.run(['--help']);
    const given = first === undefined ? 'nothing was said' : `got ${quote(first)}`;
    throw new UsageError('invalid-argument', `what can be done with rules is "vouch rules test FILE"; ${given}`);
  },
};
