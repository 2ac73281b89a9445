// The members of one Shared Subscription (section 4.8.2) and whose turn it is. The specification leaves the choice to
// the Server; here it is made in turn, in the order of subscription, or by a rating, where turns decide between equals. A turn
// passes over members that cannot take a message now; they lose nothing but that turn.
// The members stand in a ring, so that leaving costs the same in a group of ten thousand as in a group of two. Invariant:
// the ring and the Map hold the same places, and from `last.after` on in the same order.
// What happens to the messages that a departed member still owed is not decided here.

import type { TopicFilter } from './topic-filter.ts';

/** The sessions that share one subscription, each with its own options. A group without members is over; its owner drops it. */
export class SharedGroup<Member extends object, Options extends object> {
  /** The ShareName; with `filter` the group's identity. */
  readonly name: string;
  /** What the group subscribes to: the filter after the ShareName. */
  readonly filter: TopicFilter;
  private readonly places: Map<Member, Place<Member, Options>>;
  /** Who came last; the first member stands after it. */
  private last: Place<Member, Options> | undefined;
  /** Whose turn is next. */
  private next: Place<Member, Options> | undefined;

  constructor(name: string, filter: TopicFilter) {
    this.name = name;
    this.filter = filter;
    this.places = new Map();
    this.last = undefined;
    this.next = undefined;
  }

  /** The Topic Filter as a client writes it: `$share/{ShareName}/{filter}`. */
  get whole(): string {
    return `$share/${this.name}/${this.filter}`;
  }

  /** How many members there are. */
  get size(): number {
    return this.places.size;
  }

  /** The members in the order of subscription. */
  members(): IterableIterator<Member> {
    return this.places.keys();
  }

  /** The options of a member; `undefined` for others. */
  options(member: Member): Options | undefined {
    return this.places.get(member)?.options;
  }

  /**
   * Takes a member in, at the end of the order; returns the options that it had before.
   * A member that subscribes again gets new options and keeps its place: it is a member once (section 4.8.2).
   */
  add(member: Member, options: Options): Options | undefined {
    const known = this.places.get(member);
    if (known !== undefined) {
      const previous = known.options;
      known.options = options;
      return previous;
    }
    const place = new Place(member, options, this.last);
    this.places.set(member, place);
    this.last = place;
    this.next ??= place;
    return undefined;
  }

  /** Lets a member go; says whether it was one. */
  remove(member: Member): boolean {
    const place = this.places.get(member);
    if (place === undefined) return false;
    this.places.delete(member);
    if (this.places.size === 0) {
      this.last = undefined;
      this.next = undefined;
      return true;
    }
    place.leave();
    if (this.last === place) this.last = place.before;
    if (this.next === place) this.next = place.after;
    return true;
  }

  /**
   * Chooses who gets the next message: the first, from the one whose turn it is, that can take it. Asks each member at most once.
   * @param canTake  Must not change the group.
   * @returns `undefined` when nobody can; the turn stays where it was.
   */
  select(canTake: (member: Member, options: Options) => boolean): Member | undefined {
    // hot:
    let place = this.next;
    for (let left = this.places.size; left > 0 && place !== undefined; left--) {
      if (canTake(place.member, place.options)) {
        this.next = place.after;
        return place.member;
      }
      place = place.after;
    }
    return undefined;
  }

  /**
   * Chooses the member with the highest rating; of equals the first, from the one whose turn it is. Asks each member at most once.
   * @param rate  `undefined`: it cannot take the message. Must not change the group.
   * @param enough  Nobody has a higher rating than this: the first that has it is chosen.
   * @returns `undefined` when nobody can; the turn stays where it was.
   */
  selectBest(rate: (member: Member, options: Options) => number | undefined, enough: number): Member | undefined {
    // hot:
    let best: Place<Member, Options> | undefined;
    let bestRating = Number.NEGATIVE_INFINITY;
    let place = this.next;
    for (let left = this.places.size; left > 0 && place !== undefined && bestRating < enough; left--) {
      const rating = rate(place.member, place.options);
      if (rating !== undefined && rating > bestRating) {
        best = place;
        bestRating = rating;
      }
      place = place.after;
    }
    if (best !== undefined) this.next = best.after;
    return best?.member;
  }
}

/** One member's place in the ring. */
class Place<Member extends object, Options extends object> {
  readonly member: Member;
  options: Options;
  before: Place<Member, Options>;
  after: Place<Member, Options>;

  /** Stands after `before`; in a ring of its own when there is none. */
  constructor(member: Member, options: Options, before: Place<Member, Options> | undefined) {
    this.member = member;
    this.options = options;
    this.before = before ?? this;
    this.after = before === undefined ? this : before.after;
    this.before.after = this;
    this.after.before = this;
  }

  /** Closes the ring behind a place that has left it. */
  leave(): void {
    this.before.after = this.after;
    this.after.before = this.before;
  }
}
