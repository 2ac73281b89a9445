// `vouch store check`: is everything that was written still there, and as it was written?

import { EXIT } from '../server/exit-codes.ts';
import type { ToolResults } from '../server/store-tools.ts';
import type { Command } from './command.ts';
import { defineCommand } from './command.ts';
import { withoutControls } from './message-format.ts';
import type { ValuesOf } from './option-table.ts';
import { switchOption } from './option-table.ts';
import { counted, dataPath, EXIT_NOTE, remark, runStoreTool, STORE_OPTIONS } from './store-options.ts';

const NAME = 'vouch store check';

const OPTIONS = {
  accept: switchOption({
    group: 'Check',
    sentence:
      'If all is well, take the store into use again after its disk failed. The database is written anew first.',
  }),
  json: switchOption({ group: 'Check', sentence: 'Print what was found as JSON.' }),
  ...STORE_OPTIONS,
};

/** `vouch store check`. */
export const command: Command = defineCommand(
  {
    command: NAME,
    sentence: 'Reads everything and says whether it is as it was written.',
    usage: ['[options]'],
    options: OPTIONS,
    examples: [
      { line: 'vouch store check', sentence: 'Check ./data.' },
      {
        line: 'vouch store check --accept --data /var/lib/vouch',
        sentence: 'After the disk failed and was seen to: use the store again.',
      },
    ],
    notes: ['The broker must not run on the store meanwhile; check a backup instead.', EXIT_NOTE],
  },
  check,
);

type CheckResult = ToolResults['check'];

async function check(values: ValuesOf<typeof OPTIONS>): Promise<number> {
  const result = await runStoreTool('checking the store', {
    kind: 'check',
    path: dataPath(values),
    accept: values.accept,
  });
  if (values.json) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  else tell(result);
  return result.state === 'sound' || result.state === 'accepted' ? EXIT.ok : EXIT.failure;
}

function tell({ path, state, problems, problemCount, counts, failure, advice }: CheckResult): void {
  if (state === 'sound') process.stdout.write(`${path} is sound.\n`);
  if (state === 'accepted') process.stdout.write(`${path} is sound, was written anew, and can be used again.\n`);
  for (const problem of problems) remark(NAME, withoutControls(problem.sentence));
  const untold = problemCount - problems.length;
  if (untold > 0) remark(NAME, `And ${counted(untold, 'more problem')}.`);
  if (failure !== undefined && state !== 'accepted') remark(NAME, `The disk failed: ${withoutControls(failure)}`);
  if (advice !== '') remark(NAME, advice);
  if (counts !== undefined) process.stdout.write(`It has ${countsText(counts)}.\n`);
}

/** What a store has, as a list for a sentence. */
function countsText(counts: NonNullable<CheckResult['counts']>): string {
  return [
    `${counted(counts.sessions, 'session')} with ${counted(counts.subscriptions, 'subscription')}`,
    counted(counts.groups, 'shared group'),
    counted(counts.wills, 'Will'),
    counted(counts.retained, 'retained message'),
    `${counted(counts.messages, 'message')} to deliver (${counted(counts.deliveries, 'delivery', 'deliveries')})`,
  ].join(', ');
}
