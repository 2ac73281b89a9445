// What somebody subscribed to and got: the part of a history that one audience writes. A subscriber has one for its own
// subscriptions; the members of a shared group share another. Between two checks it is emptied; subscriptions stay.

import type { Audience, Copy, Moment, SubscriptionHistory } from './history.ts';
import { type Label, labelKey } from './label.ts';

/** A subscription that learns what becomes of it. */
export interface LiveSubscription extends SubscriptionHistory {
  requestedAt: Moment;
  grantedAt: Moment | undefined;
  cancelRequestedAt: Moment | undefined;
  cancelledAt: Moment | undefined;
}

/** An audience under way. */
export class Inbox implements Audience {
  readonly name: string;
  readonly isGroup: boolean;
  subscriptions: readonly LiveSubscription[];
  copies: Copy[];
  endedAt: Moment | undefined;
  private readonly keys: Set<string>;

  constructor(name: string, isGroup: boolean) {
    this.name = name;
    this.isGroup = isGroup;
    this.subscriptions = [];
    this.copies = [];
    this.endedAt = undefined;
    this.keys = new Set();
  }

  subscribe(subscription: LiveSubscription): void {
    this.subscriptions = [...this.subscriptions, subscription];
  }

  add(copy: Copy): void {
    this.copies.push(copy);
    if (!copy.retain) this.keys.add(labelKey(copy));
  }

  /** Whether it got the message, not as a retained one. */
  has(label: Label): boolean {
    return this.keys.has(labelKey(label));
  }

  /** Begins anew: all that it got was checked. */
  empty(): void {
    this.copies = [];
    this.keys.clear();
    this.subscriptions = this.subscriptions.filter(({ cancelledAt }) => cancelledAt === undefined);
  }
}
