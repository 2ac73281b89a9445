// Members by where they come from, each with a weight. What all of them weigh is bounded: when it is too much, those have to go that came
// first from where most of the weight is. So one place that sends a flood makes room for itself, and others hardly notice;
// however many members one place has by right, nobody minds while there is room.

/** The members from one place, the oldest first, with their weights. */
interface Group<Member> {
  readonly members: Map<Member, number>;
  weight: number;
}

/** When some have to go, this share of the bound is made free, so that it is not looked through for each newcomer. */
const FREED = 1 / 16;
/** Of what all weigh, when something else than their weight is short. */
const WAY = 1 / 4;

/** A bounded crowd. */
export class Crowd<Member> {
  private readonly weightMax: number;
  private readonly groups: Map<string, Group<Member>>;
  private weightNow: number;

  constructor(weightMax: number) {
    this.weightMax = weightMax;
    this.groups = new Map();
    this.weightNow = 0;
  }

  /** What all weigh. */
  get weight(): number {
    return this.weightNow;
  }

  /** Adds a member, or changes its weight; it keeps its place. Ask `relieve` then. */
  set(origin: string, member: Member, weight: number): void {
    let group = this.groups.get(origin);
    if (group === undefined) {
      group = { members: new Map(), weight: 0 };
      this.groups.set(origin, group);
    }
    const more = weight - (group.members.get(member) ?? 0);
    group.members.set(member, weight);
    group.weight += more;
    this.weightNow += more;
  }

  /** Takes a member out; says whether it was one. */
  remove(origin: string, member: Member): boolean {
    const group = this.groups.get(origin);
    const weight = group?.members.get(member);
    if (group === undefined || weight === undefined) return false;
    group.members.delete(member);
    group.weight -= weight;
    this.weightNow -= weight;
    if (group.members.size === 0) this.groups.delete(origin);
    return true;
  }

  /** Who has to go, and is no member any more; mostly nobody. */
  relieve(): readonly Member[] {
    return this.weightNow <= this.weightMax ? [] : this.lightenTo(this.weightMax - Math.floor(this.weightMax * FREED));
  }

  /** Who has to go, and is no member any more, where a quarter is to make way; what weighs little in all is left alone. */
  makeWay(little: number): readonly Member[] {
    const enough = this.weightNow - Math.ceil(this.weightNow * WAY);
    return this.weightNow <= little ? [] : this.lightenTo(Math.max(little, enough));
  }

  private lightenTo(enough: number): readonly Member[] {
    const level = this.levelFor(enough);
    const leaving: Member[] = [];
    for (const [origin, group] of this.groups) this.lighten(origin, group, level, enough, leaving);
    return leaving;
  }

  /** What the heaviest places may keep each, so that all is no more than `enough`. */
  private levelFor(enough: number): number {
    const weights = Array.from(this.groups.values(), ({ weight }) => weight).sort((one, other) => other - one);
    let others = this.weightNow;
    for (const [index, weight] of weights.entries()) {
      others -= weight;
      const level = (enough - others) / (index + 1);
      if (level >= (weights[index + 1] ?? 0)) return level;
    }
    return 0;
  }

  private lighten(origin: string, group: Group<Member>, level: number, enough: number, leaving: Member[]): void {
    for (const member of group.members.keys()) {
      if (group.weight <= level || this.weightNow <= enough) return;
      this.remove(origin, member);
      leaving.push(member);
    }
  }
}
