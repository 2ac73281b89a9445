// What goes between the store's thread and the broker's. Batches, pages and chunks go as transferred buffers: one message for
// hundreds of changes.

import type { OperationError } from '../../base/errors.ts';
import type { MessageId, PageSize, RecipientKey } from '../contract.ts';
import type { EngineStatistics, HighestNumbers } from './engine.ts';
import type { EncodedPage } from './queue-reader.ts';

/** To the store's thread. */
export type Request =
  | { readonly kind: 'apply'; readonly batch: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'read'; readonly recipient: RecipientKey; readonly after: MessageId; readonly size: PageSize }
  | { readonly kind: 'close' };

/** From the store's thread; see `ExecutorOwner`. */
export type Answer =
  | { readonly kind: 'found'; readonly chunk: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'opening'; readonly share: number }
  | { readonly kind: 'opened'; readonly numbers: HighestNumbers; readonly statistics: EngineStatistics }
  | { readonly kind: 'committed'; readonly spent: Uint8Array<ArrayBuffer>; readonly statistics: EngineStatistics }
  | { readonly kind: 'page'; readonly page: EncodedPage | undefined }
  | { readonly kind: 'full'; readonly isFull: boolean }
  | { readonly kind: 'refused' | 'failed'; readonly error: PlainError }
  | { readonly kind: 'closed' };

/** An error as it crosses: what arrives is no instance of its class. */
export interface PlainError {
  readonly code: OperationError['code'];
  readonly message: string;
}
