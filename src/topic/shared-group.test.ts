import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedGroup } from './shared-group.ts';
import { parseTopicFilter, topicFilter } from './topic-filter.ts';

interface Member {
  readonly id: string;
}
interface Options {
  readonly qos: number;
}

const [A, B, C, D]: readonly [Member, Member, Member, Member] = [{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'd' }];
const QOS0: Options = { qos: 0 };
const QOS1: Options = { qos: 1 };

function groupOf(...members: readonly Member[]): SharedGroup<Member, Options> {
  const group = new SharedGroup<Member, Options>('g', topicFilter('a/#'));
  for (const member of members) group.add(member, QOS0);
  return group;
}

/** The ids of the next `count` choices among all but `unable`; '-' where nobody could. */
function choices(group: SharedGroup<Member, Options>, count: number, unable: readonly Member[] = []): string {
  const ids = Array.from({ length: count }, () => group.select((member) => !unable.includes(member))?.id ?? '-');
  return ids.join('');
}

test('a group is known by its name and its filter', () => {
  const group = groupOf();
  assert.equal(group.name, 'g');
  assert.equal(group.filter, 'a/#');
  assert.equal(group.whole, '$share/g/a/#');
  assert.equal(parseTopicFilter(group.whole).kind, 'shared');
});

test('turns go round in the order of subscription', () => {
  const group = groupOf(A, B, C);
  assert.deepEqual([...group.members()], [A, B, C]);
  assert.equal(choices(group, 7), 'abcabca');
});

test('a turn passes over members that cannot take it', () => {
  const group = groupOf(A, B, C);
  assert.equal(choices(group, 3, [A, C]), 'bbb');
  assert.equal(choices(group, 3), 'cab');
});

test('when nobody can, nobody is chosen, each was asked once, and the turn stays', () => {
  const group = groupOf(A, B, C);
  assert.equal(choices(group, 1), 'a');
  const asked: string[] = [];
  assert.equal(
    group.select((member) => {
      asked.push(member.id);
      return false;
    }),
    undefined,
  );
  assert.deepEqual(asked, ['b', 'c', 'a']);
  assert.equal(choices(group, 2), 'bc');
});

test('the choice may look at the options of each member', () => {
  const group = groupOf(A, B);
  group.add(C, QOS1);
  assert.equal(
    group.select((_member, options) => options.qos === 1),
    C,
  );
});

test('a member that subscribes again gets new options and keeps its place', () => {
  const group = groupOf(A, B, C);
  assert.equal(choices(group, 1), 'a');
  assert.equal(group.add(B, QOS1), QOS0);
  assert.equal(group.options(B), QOS1);
  assert.equal(group.size, 3);
  assert.equal(choices(group, 3), 'bca');
  assert.equal(group.remove(B), true);
  assert.equal(group.remove(B), false);
  assert.equal(group.options(B), undefined);
});

test('who joins stands at the end of the order', () => {
  const group = groupOf(A, B, C);
  assert.equal(choices(group, 2), 'ab');
  assert.equal(group.add(D, QOS0), undefined);
  assert.equal(choices(group, 5), 'cdabc');
});

test('when the member whose turn it is leaves, the turn is that of the one after it', () => {
  const group = groupOf(A, B, C);
  assert.equal(choices(group, 1), 'a');
  group.remove(B);
  assert.equal(choices(group, 3), 'cac');
});

test('when the member chosen last leaves, nobody loses a turn', () => {
  const group = groupOf(A, B, C);
  assert.equal(choices(group, 1), 'a');
  group.remove(A);
  group.add(D, QOS0);
  assert.equal(choices(group, 4), 'bcdb');
});

test('an empty group chooses nobody and can fill again', () => {
  const group = groupOf(A);
  assert.equal(group.remove(A), true);
  assert.equal(group.size, 0);
  assert.equal(choices(group, 1), '-');
  group.add(B, QOS0);
  assert.equal(choices(group, 2), 'bb');
  assert.deepEqual([...group.members()], [B]);
});

test('ten thousand members that leave at once leave an empty group', () => {
  const members = Array.from({ length: 10_000 }, (_, index): Member => ({ id: `${index}` }));
  const group = groupOf(...members);
  for (const member of members.toReversed()) assert.equal(group.remove(member), true);
  assert.equal(group.size, 0);
  assert.equal(choices(group, 1), '-');
});

test('the best rating is chosen; of equals the one whose turn comes first, and the turn goes on behind it', () => {
  const group = groupOf(A, B, C, D);
  const ratings = new Map([
    [A, 1],
    [B, 3],
    [C, 3],
    [D, 2],
  ]);
  const best = (): string => group.selectBest((member) => ratings.get(member), 9)?.id ?? '-';
  assert.deepEqual([best(), best(), best()], ['b', 'c', 'b']);
  ratings.delete(B);
  ratings.delete(C);
  assert.deepEqual([best(), best()], ['d', 'd']);
  ratings.clear();
  assert.equal(best(), '-');
  assert.equal(choices(group, 1), 'a', 'the turn of whoever comes after the last one chosen');
});

test('nobody is asked behind the first whose rating is enough, and nobody twice', () => {
  const group = groupOf(A, B, C);
  const asked: string[] = [];
  const rate = (member: Member): number => {
    asked.push(member.id);
    return member === B ? 0 : -1;
  };
  assert.equal(group.selectBest(rate, 0), B);
  assert.deepEqual(asked.splice(0), ['a', 'b']);
  assert.equal(group.selectBest(rate, Number.POSITIVE_INFINITY), B);
  assert.deepEqual(asked, ['c', 'a', 'b']);
});
