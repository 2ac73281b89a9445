// `vouch start --check`: every option with its value and where that came from. What may be secret in a URL is not shown.

import type { Config, Settings } from '../config/config.ts';
import { showListener } from '../config/listener-address.ts';
import { showOrigin } from '../config/problem.ts';
import type { OptionName } from '../config/schema.ts';
import { OPTION_NAMES, showValue } from '../config/schema.ts';
import { withoutSecrets } from '../config/spelling.ts';

/** These are shown as what they come to together. */
const LISTENING: readonly OptionName[] = ['port', 'host', 'listeners'];

/** The configuration as it counts, one line per option, with a line break at its end. */
export function effectiveConfigText(config: Config, settings: Settings): string {
  const rows: (readonly [string, string, string])[] = [];
  for (const { address, hostOrigin, portOrigin } of config.listeners) {
    const [host, port] = [showOrigin(hostOrigin), showOrigin(portOrigin)];
    rows.push(['listen on', showListener(address), host === port ? host : `host: ${host}, port: ${port}`]);
  }
  for (const name of OPTION_NAMES) {
    if (LISTENING.includes(name)) continue;
    const { value, origin } = settings[name];
    rows.push([name, withoutSecrets(showValue(name, value)), showOrigin(origin)]);
  }
  const [nameWidth, valueWidth] = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map(([name, value, origin]) => `${name.padEnd(nameWidth ?? 0)}  ${value.padEnd(valueWidth ?? 0)}  ${origin}\n`)
    .join('');
}
