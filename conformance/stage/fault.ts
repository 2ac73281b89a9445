// What a check throws when it finds somebody wrong, or unwilling in a way that the specification allows. Anything else
// that is thrown in a check is a fault of the check.

/** Somebody does not do what the specification says. */
export class Fault extends Error {
  override readonly name = 'Fault';
}

/** @param sentence  What was seen, and what should have been. */
export function fault(sentence: string): Fault {
  return new Fault(sentence);
}

/** A broker has said, in its CONNACK, that it lacks what the check is about. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered';
}

/** @param sentence  What the broker lacks, and how it said so. */
export function notOffered(sentence: string): NotOffered {
  return new NotOffered(sentence);
}

/** Demands that something holds. */
export function demand(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw fault(sentence);
}
