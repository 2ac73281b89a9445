// Requests and responses in a page, most of which have none: loaded with the first of them. Until then they wait here, in the order of the
// calls; they are what they would be if they were made when the file has come.

import type { Abortable, RequestOptions, Responder, SubscribeRequest, Subscription } from '../client/client.ts';
import type { RequestsAndResponses } from '../client/extras.ts';
import type { ReceivedMessage } from '../client/received-message.ts';
import type { RequestResponseOwner } from '../client/request-response.ts';
import { load } from './load.ts';

/** The requests and responders of a client in a page. */
export class LateRequests implements RequestsAndResponses {
  /** Also of those that wait for the file. */
  pendingCount: number;
  private readonly owner: RequestResponseOwner;
  private loading: Promise<RequestsAndResponses> | undefined;
  private loaded: RequestsAndResponses | undefined;

  constructor(owner: RequestResponseOwner) {
    this.pendingCount = 0;
    this.owner = owner;
    this.loading = undefined;
    this.loaded = undefined;
  }

  async request(topic: string, payload: string | Uint8Array, options?: RequestOptions): Promise<ReceivedMessage> {
    this.pendingCount++;
    try {
      const all = await this.all();
      return await all.request(topic, payload, options);
    } finally {
      this.pendingCount--;
    }
  }

  async respond(filter: string | SubscribeRequest, responder: Responder, options?: Abortable): Promise<Subscription> {
    const all = await this.all();
    return await all.respond(filter, responder, options);
  }

  close(error: Error): void {
    this.loaded?.close(error);
  }

  private all(): Promise<RequestsAndResponses> {
    this.loading ??= this.load();
    return this.loading;
  }

  private async load(): Promise<RequestsAndResponses> {
    try {
      const { RequestResponse } = await load('requests and responses', () => import('../client/request-response.ts'));
      this.loaded = new RequestResponse(this.owner);
      return this.loaded;
    } catch (error) {
      // The next one tries again.
      this.loading = undefined;
      throw error;
    }
  }
}
