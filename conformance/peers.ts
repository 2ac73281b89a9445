// `npm run conformance:peers`: Vouch, Debian's mosquitto and aedes, held against the same statements. The verdicts go to
// conformance/verdicts/, one file for each, which change only when a verdict does. It ends with code 1 when Vouch fails.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { VERSIONS } from './check.ts';
import { hasFailed, judge } from './command/judge.ts';
import { PEERS, startPeer } from './command/peers.ts';
import { Progress } from './command/progress.ts';
import { reportOf, reportText } from './command/report.ts';
import { showSummary } from './command/show.ts';
import { startVouch, type Target, unspokenVersions } from './command/targets.ts';
import type { Row } from './command/verdicts.ts';
import { EXIT, runCommand, say, UsageError } from '../test/support/command.ts';

const VERDICTS = path.join(import.meta.dirname, 'verdicts');

// So that no peer is left behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(EXIT.interrupted));

const progress = new Progress(process.stderr);
await runCommand('conformance', main, () => progress.clear());

async function main(): Promise<number> {
  mkdirSync(VERDICTS, { recursive: true });
  const vouch = await startVouch();
  const rows = await write(vouch, new Map());
  await vouch.close();
  for (const kind of PEERS) {
    const peer = await startPeer(kind);
    try {
      const unspoken = await unspokenVersions({ host: '127.0.0.1', port: peer.port }, VERSIONS);
      await write(peer, unspoken);
      if (!peer.isAlive()) throw new UsageError(`${kind.name} ended while it was played with: its verdicts are wrong.`);
    } finally {
      await peer.close();
    }
  }
  return hasFailed(rows) ? EXIT.wrong : EXIT.ok;
}

/** Plays everything with a target, writes the verdicts down and says how many there are of each. */
async function write(target: Target, unspoken: Awaited<ReturnType<typeof unspokenVersions>>): Promise<readonly Row[]> {
  const rows = await judge(target, { versions: VERSIONS, only: undefined, unspoken }, progress);
  writeFileSync(path.join(VERDICTS, `${target.name}.json`), reportText(reportOf(target, rows, false)));
  say(`${target.name} ${target.version}`, ...showSummary(rows), '');
  return rows;
}
