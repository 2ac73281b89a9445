import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Terminal } from './terminal.ts';

function recorded(isTTY: boolean): { readonly terminal: Terminal; readonly text: () => string } {
  let text = '';
  const write = (more: string): void => void (text += more);
  return { terminal: new Terminal({ isTTY, write }), text: () => text };
}

test('on a terminal the line changes, is erased for lines that stay, and goes at the end', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { terminal, text } = recorded(true);
  let seeds = 0;
  terminal.follow(() => `${seeds} seeds`);
  t.mock.timers.tick(250);
  seeds = 5;
  t.mock.timers.tick(250);
  terminal.say('found');
  t.mock.timers.tick(250);
  terminal.unfollow();
  t.mock.timers.tick(1000);
  assert.equal(text(), '0 seeds\u001b[K\r5 seeds\u001b[K\r\u001b[Kfound\n5 seeds\u001b[K\r\u001b[K');
});

test('on a pipe there is a line every ten seconds', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { terminal, text } = recorded(false);
  terminal.follow(() => 'so far');
  t.mock.timers.tick(9_999);
  assert.equal(text(), '');
  t.mock.timers.tick(10_001);
  terminal.unfollow();
  terminal.say('done');
  assert.equal(text(), 'so far\nso far\ndone\n');
});
