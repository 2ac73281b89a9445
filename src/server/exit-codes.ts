// What the process says when it ends. A table of data: docs/errors.md prints it.

/** Every exit code of every command. */
export const EXIT = {
  /** Done, or stopped as asked. */
  ok: 0,
  /** The world did not play along: a port in use, no connection, a refusal by the other side. */
  failure: 1,
  /** Called wrongly: an unknown option, a bad value, a bad configuration file. */
  usage: 2,
  /** `vouch sub -W`, `vouch rr -W`: the time has passed. The number is that of mosquitto_sub. */
  timedOut: 27,
  /** A bug in Vouch. */
  bug: 70,
  /** The disk failed under a running broker, under `vouch store`, or under the store of a client. The number is that of an input or output error in sysexits.h. */
  storeFailed: 74,
  /** A second Ctrl-C (SIGINT) while stopping. */
  interrupted: 130,
  /** A second SIGTERM while stopping. */
  terminated: 143,
} as const;

/** The sentence that docs/errors.md prints for each exit code. */
export const EXIT_SENTENCES: { readonly [Name in keyof typeof EXIT]: string } = {
  ok: 'Done, or stopped as asked.',
  failure: 'The world did not play along: a port in use, no connection, a refusal by the other side.',
  usage: 'Called wrongly: an unknown option, a bad value, a bad configuration file.',
  timedOut: '`vouch sub -W` and `vouch rr -W`: the time has passed.',
  bug: 'A bug in Vouch; the message says what to report.',
  storeFailed:
    'The disk failed while the broker ran: nothing more was acknowledged, and the next start refuses until `vouch store check --accept`. Or it failed under `vouch store`, or under `--outbox` or `--inbox`.',
  interrupted: 'A second Ctrl-C (SIGINT) ended the process before it had stopped in good order.',
  terminated: 'A second SIGTERM ended the process before it had stopped in good order.',
};
