// The rules about what stands in a file: statements of the specification, clocks and chance, console
// output, things put off. Each rule takes a file and yields a sentence per breach.

import { REQUIREMENT_IDS } from '../../conformance/requirements.ts';
import { ROOMS_WITH_A_CLOCK } from '../../rooms.ts';
import { isForTests, roomOf } from './import-rules.ts';
import type { Source } from './source.ts';

/** What reads the machine's clock or its chance, and what to use instead. */
const CLOCKS: Readonly<Record<string, string>> = {
  'Date.now': 'Take `now: Millis` as an argument, or a Clock in the constructor.',
  'new Date()': 'Take `now: Millis` as an argument, or a Clock in the constructor.',
  'performance.now': 'Take `now: Millis` as an argument, or a Clock in the constructor.',
  'process.hrtime': 'Take `now: Millis` as an argument, or a Clock in the constructor.',
  'Math.random': 'Take a Random in the constructor.',
};

/** Every `[MQTT-...]`, wherever it stands, is a statement of one of the specifications. Takes any text file. */
export function checkStatements({ path, text }: { readonly path: string; readonly text: string }): readonly string[] {
  const breaches: string[] = [];
  // Without backslashes, so that a regular expression reads as what it matches.
  for (const [index, line] of text.replaceAll('\\', '').split('\n').entries()) {
    // In brackets it means to be an identifier, however it is written; without, only if it has the full form.
    for (const [, inBrackets, plain] of line.matchAll(/\[(MQTT-\d[^\]]*)\]|(MQTT-\d+\.\d+\.\d+-\d+)/g)) {
      const id = inBrackets ?? plain ?? '';
      if (REQUIREMENT_IDS.has(id)) continue;
      breaches.push(
        `${path}:${index + 1} cites ${id}, which no specification states; see conformance/requirements.ts.`,
      );
    }
  }
  return breaches;
}

/** Time and chance are arguments. */
export function checkClocks(source: Source): readonly string[] {
  const room = roomOf(source.path);
  if (!source.path.startsWith('src/') || isForTests(source.path)) return [];
  if (room !== undefined && ROOMS_WITH_A_CLOCK.includes(room.name)) return [];
  return source.members.flatMap(({ text, line }) => {
    const instead = CLOCKS[text];
    return instead === undefined
      ? []
      : [
          `${source.path}:${line} uses ${text}, but only ${ROOMS_WITH_A_CLOCK.slice(0, -1).join(', ')} and ${ROOMS_WITH_A_CLOCK.at(-1)} may. ${instead}`,
        ];
  });
}

/** Only the command line writes to the console. */
export function checkConsole(source: Source): readonly string[] {
  if (!source.path.startsWith('src/') || source.path.startsWith('src/cli/')) return [];
  return source.members
    .filter(({ text }) => text.startsWith('console.'))
    .map(({ text, line }) => `${source.path}:${line} uses ${text}; tell the Log that the code was handed.`);
}

/** What is put off has an issue where it is not forgotten. */
export function checkPutOff(source: Source): readonly string[] {
  return source.comments.flatMap(({ text, line }) => {
    const [word] = /\b(TODO|FIXME|XXX|HACK)\b(?!\s*\(#\d+\))/.exec(text) ?? [];
    return word === undefined
      ? []
      : [`${source.path}:${line} says ${word} without an issue: write it as ${word}(#12), or do it.`];
  });
}
