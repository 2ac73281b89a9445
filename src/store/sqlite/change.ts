// A batch on its way to the disk: the changes of one or more turns, one after the other, each an opcode and
// its fields. change-writer.ts lays them down as the broker makes them, change-reader.ts reads them where they
// are applied. The layout lives no longer than the process; what lies inside it as a record lives on the disk.
//
// | change              | fields                                                                            |
// |---------------------|-----------------------------------------------------------------------------------|
// | append              | id, key of the origin (0: none) [, its packet id], record: message-record.ts      |
// | saveSession         | key, record: records.ts                                                           |
// | deleteSession       | key                                                                               |
// | saveSubscription    | key, filter, record                                                               |
// | deleteSubscription  | key, filter                                                                       |
// | saveGroup           | key, record                                                                       |
// | deleteGroup         | key                                                                               |
// | settle              | key, id                                                                           |
// | recordSending       | key, id, packet id                                                                |
// | recordReceived      | key, id                                                                           |
// | recordReleased      | key, packet id                                                                    |
// | saveRetained        | topic, record: message-record.ts, its body with no topic                          |
// | deleteRetained      | topic                                                                             |
// | saveWill            | key, record                                                                       |
// | deleteWill          | key                                                                               |
// | clockMark           | record                                                                            |
//
// Numbers are varints, texts MQTT strings; a record is preceded by its length in four bytes, so that it can be
// written before its length is known.

/** The opcode of each change. */
export const Change = {
  append: 1,
  /** An append that turned out to be for nothing: everybody had the message before it was written. */
  elided: 2,
  saveSession: 3,
  deleteSession: 4,
  saveSubscription: 5,
  deleteSubscription: 6,
  saveGroup: 7,
  deleteGroup: 8,
  settle: 9,
  recordSending: 10,
  recordReceived: 11,
  recordReleased: 12,
  saveRetained: 13,
  deleteRetained: 14,
  saveWill: 15,
  deleteWill: 16,
  clockMark: 17,
} as const;

/** What a change does. */
export type Change = (typeof Change)[keyof typeof Change];
