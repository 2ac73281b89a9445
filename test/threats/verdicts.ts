// The threat table: what is known to have broken MQTT brokers, and what becomes of it here. docs/threats.md is made from it, and
// verdicts.test.ts holds it against the tests: a row has a test whose name begins with its number (`threat 41: ...`), or a reason why there
// is nothing to attack. The advisories and changelogs behind the rows are those of other brokers; nothing here is copied from them.
// Longer than 400 lines because it is a table.

/** A row of known attacks. */
export interface Threat {
  readonly row: number;
  /** Where it has been seen. */
  readonly seen: string;
  /** What an attacker does. */
  readonly attack: string;
  /** What becomes of it here. */
  readonly verdict: string;
  /** Why there is no test of it; `undefined`: there is one. */
  readonly notHere: string | undefined;
}

/** A fault that is nobody's attack, and where it is shown what the broker does. */
export interface Fault {
  readonly fault: string;
  readonly verdict: string;
  /** A test file, and the beginning of the name of a test in it; `undefined`: there is nothing that could have it. */
  readonly shownBy: readonly [file: string, test: string] | undefined;
}

/** A row that has a test. */
function tested(row: number, seen: string, attack: string, verdict: string): Threat {
  return { row, seen, attack, verdict, notHere: undefined };
}

/** A row that has nothing to attack here. */
function absent(row: number, seen: string, attack: string, why: string): Threat {
  return { row, seen, attack, verdict: 'does not apply', notHere: why };
}

/** Every row. */
export const THREATS: readonly Threat[] = [
  tested(
    1,
    'Mosquitto CVE-2017-7651',
    'many connections announce a CONNECT of 256 MB',
    'cut off at the header; before CONNECT a packet has at most `connectPacketBytesMax` (64 KiB)',
  ),
  tested(
    2,
    'Mosquitto CVE-2023-0809',
    'a big packet that is no CONNECT comes first',
    'the first byte ends the connection',
  ),
  tested(
    3,
    'NATS CVE-2026-58210',
    'most of a CONNECT, and then nothing',
    'cut off after `connectTimeout`; what waits is bounded',
  ),
  tested(
    4,
    'ActiveMQ CVE-2025-66168, CVE-2026-40046',
    'a Remaining Length of five bytes hides a second packet',
    'malformed (0x81) at the fourth byte',
  ),
  tested(
    5,
    'NanoMQ CVE-2026-21888',
    'a property length of five bytes, or one longer than it need be',
    'malformed (0x81)',
  ),
  tested(
    6,
    'NanoMQ CVE-2026-25627',
    'a WebSocket frame that is shorter than its packet',
    'packets know nothing of frames; tried at every byte',
  ),
  tested(7, 'Netty CVE-2026-44248', '200 MB of properties that trickle', 'measured before it is read, and read once'),
  tested(
    8,
    'Mosquitto CVE-2021-41039',
    '60,000 User Properties',
    'counted as they come; more than `userPropertiesMax` (100) end the connection',
  ),
  tested(
    9,
    'Mosquitto CVE-2023-3592, CVE-2021-34431, CVE-2017-7654',
    'CONNECTs that are refused, without end',
    'nothing is kept; memory stays flat',
  ),
  tested(
    10,
    'Mosquitto CVE-2021-28166',
    'packets that only a server sends',
    'protocol error (0x82), for each of 16 types in each state',
  ),
  tested(11, 'Solace sol#15', 'an acknowledgement before CONNECT', 'the connection ends'),
  tested(12, 'Mosquitto CVE-2021-34432', 'an empty topic without an alias', 'protocol error (0x82)'),
  tested(13, 'mochi-mqtt #501', 'packets cut short at any byte', 'malformed; never an exception'),
  tested(
    14,
    'mochi-mqtt CVE-2024-50948; aedes #612, #324',
    'TLS, HTTP or noise on a plain port',
    'one boundary per connection; noise of all lengths, and fuzzing',
  ),
  tested(
    15,
    'aedes GHSA-52qw-whmv-87c5',
    '`__proto__` and its like as client identifier, topic, user, group, property',
    'names like others: they are keys of Maps',
  ),
  tested(
    16,
    'Mosquitto CVE-2018-12543',
    'messages to topics that begin with `$`',
    'refused, or with `dollarTopics: allow` topics like others',
  ),
  tested(17, 'aedes #597, #622', 'clients write to `$SYS`', 'never, as messages, retained ones and Wills'),
  tested(
    18,
    'Mosquitto #1412; VerneMQ CVE-2021-33176; Moquette CVE-2026-95844',
    'a topic or filter of 65,535 slashes',
    'refused (0x90, 0x8F) past `topicLevelsMax` (128); no recursion',
  ),
  tested(
    19,
    'EMQX CVE-2021-33175; RabbitMQ CVE-2021-22116',
    'crafted input that makes memory grow',
    'fuzzed: memory grows with what came, not with what is promised',
  ),
  tested(
    20,
    'RabbitMQ CVE-2026-67419',
    'thousands of filters with wildcards behind wildcards',
    'a match visits each branch once',
  ),
  tested(
    21,
    'RabbitMQ CVE-2026-67418',
    'a property of another packet in PUBLISH, which cuts subscribers',
    'malformed (0x81) for the publisher; subscribers hear nothing',
  ),
  tested(
    22,
    'Moquette CVE-2026-95842, CVE-2026-95843',
    'a `$share` that is none',
    'refused (0x8F); members of groups and others go on',
  ),
  tested(23, 'NanoMQ #1883', 'a legal shared subscription with wildcards', 'granted'),
  tested(
    24,
    'Mosquitto 2.0.19; EMQX #15396, #15518',
    'shared and plain subscriptions mixed; members that vanish at once',
    'they are two; nothing is left behind',
  ),
  tested(
    25,
    'Mosquitto CVE-2017-7650; Moquette CVE-2026-85724',
    'an identity with `+ # /` in a rule with `%c` or `%u`',
    'such a name never stands for a level',
  ),
  tested(
    26,
    'RabbitMQ CVE-2026-44838, CVE-2026-67407',
    'an identity that is a regular expression',
    'names are compared, never compiled',
  ),
  tested(27, 'Moquette #963', 'no user name, and a rule with `%u`', 'the rule has no topic for it'),
  tested(
    28,
    'NanoMQ CVE-2026-32696',
    'CONNECT without user name or password',
    'explicitly none; half of the credentials is not anonymous',
  ),
  tested(
    29,
    'Mosquitto CVE-2018-12550, CVE-2018-12551; Moquette CVE-2026-95848',
    'files of passwords and rules that are empty, garbage or gone',
    'the start is refused, with path, line and column',
  ),
  tested(
    30,
    'Mosquitto CVE-2017-7652',
    'a reload that fails',
    'what was in force stays in force, and the log says why',
  ),
  tested(
    31,
    'Mosquitto 2.0.12, CVE-2018-20145',
    'an option that opens a door without a word',
    'every combination is a row of a test',
  ),
  tested(
    32,
    'aedes GHSA-4cmx; mochi-mqtt #503; Moquette CVE-2026-95846',
    'a Will to a topic that its client may not publish to',
    'refused at CONNECT, and asked about again when it is due',
  ),
  tested(
    33,
    'Mosquitto CVE-2018-12546',
    'a retained message outlives the right of its publisher',
    'who gets it is for the rules to say; the right to receive is asked for each',
  ),
  tested(
    34,
    'NATS CVE-2026-58209',
    'retained and queued messages past a rule',
    'the same question live, retained, from the queue and in flight',
  ),
  tested(
    35,
    'Mosquitto CVE-2021-34434; EMQX #10396; mochi-mqtt #504',
    'a subscription outlives the right to it',
    'asked again with each message',
  ),
  tested(
    36,
    'Mosquitto 2.0.12; EMQX #10192',
    'a right that goes between PUBLISH and PUBREL',
    'decided once, at PUBLISH',
  ),
  tested(
    37,
    'Mosquitto #3553; NATS CVE-2026-33215',
    "another user takes a client identifier and its session's queue",
    'a session belongs to its user: 0x85, and the queue waits for its owner',
  ),
  absent(
    38,
    'NATS CVE-2026-33217, CVE-2026-58214',
    'internal topics that rules do not cover',
    'there are no internal topics but `$SYS`, which nobody can write to and whose readers the rules decide about',
  ),
  absent(
    39,
    'NATS CVE-2026-58213',
    'line breaks in a filter get into a protocol between servers',
    'there is no protocol between servers, and no text is put together of names',
  ),
  tested(
    40,
    'Moquette CVE-2026-95847',
    'a client identifier that is a key of the store',
    'names are values of columns, never parts of keys',
  ),
  tested(
    41,
    'Mosquitto CVE-2017-7653',
    'invalid UTF-8, forwarded to others',
    'malformed (0x81) in every field of every packet',
  ),
  tested(42, 'Mosquitto CVE-2023-28366', 'one QoS 2 identifier again and again', 'one message and one state'),
  tested(
    43,
    'EMQX #14815',
    'a window that is filled and left',
    'freed by PUBREL alone; one more than Receive Maximum is 0x93',
  ),
  tested(44, 'EMQX #16721', 'a QoS 2 message again after a long time', 'no timer forgets it; it is no second message'),
  tested(
    45,
    'EMQX CVE-2026-8741',
    'one QoS 2 identifier from connections that take each other over',
    'one message; and in the simulator',
  ),
  tested(
    46,
    'monster-mq #180; wolfMQTT #494; VerneMQ #496',
    'a connection that breaks after PUBREC',
    'the state is stored with the session; and a crash at every point',
  ),
  tested(47, 'rmqtt #459', 'new deliveries under identifiers that are in use', 'they go round them'),
  tested(
    48,
    'aedes #1056; Mosquitto #918',
    'PUBREL twice, or for nothing',
    'always PUBCOMP (0x92 in 5.0), never a second delivery',
  ),
  tested(49, 'EMQX #14122; NATS #7805', 'packet identifier 0, and PUBACK for QoS 2', 'protocol error (0x82)'),
  tested(
    50,
    'Moquette CVE-2026-95845; FlashMQ CVE-2025-62723',
    'subscribers that never acknowledge; sessions that expire by the thousand',
    'queues have limits, and publishers hear of them (0x97); nothing is left of what expired',
  ),
  tested(
    51,
    'mqtt-lib #227',
    'Wills past the limit of retained messages',
    'the limit is asked wherever a message is retained',
  ),
  tested(
    52,
    'FlashMQ CVE-2024-42645, CVE-2026-42209',
    'retained messages with odd settings',
    'tried with each limit at its least, alone and all together',
  ),
  tested(
    53,
    'NanoMQ CVE-2026-22040, CVE-2025-59946',
    'one client identifier that flaps over many connections',
    'one owner and one session in the end',
  ),
  tested(
    54,
    'HiveMQ 2021',
    'takeovers of peers that are gone without a word',
    'at once, one after another, without recursion',
  ),
  tested(55, 'Moquette #969', 'CONNECT twice', 'protocol error (0x82)'),
  tested(56, 'EMQX #10100', 'AUTH out of turn', 'protocol error for that connection alone'),
  tested(
    57,
    'EMQX #6978; MQTT.js GHSA-c8jq',
    'topic aliases of 0, beyond the maximum, never given',
    '0x94 or 0x82; aliases die with their connection',
  ),
  tested(
    58,
    'CVE-2020-13849 (SlowITe)',
    'a slow CONNECT, and a Keep Alive of 65,535 s',
    '`connectTimeout`; `keepAliveSecondsMax` cuts it down, for 3.x too',
  ),
  tested(59, 'tinyMQTT CVE-2025-56352', 'a refused CONNECT whose connection stays open', 'it is closed'),
  tested(
    60,
    'ws CVE-2024-37890, CVE-2021-32640, CVE-2026-48779, CVE-2026-62389',
    'headers, patterns, fragments and pings of WebSocket',
    'bounded each; nothing is compressed; the package is newer than the holes',
  ),
  tested(
    61,
    'RabbitMQ 4.2.6, 4.3',
    'a page of another origin; a first message of WebSocket without end',
    'refused (403) unless it is listed; what has come before CONNECT is whole is bounded for each and for all',
  ),
  tested(
    62,
    'RabbitMQ CVE-2026-67411; EMQX #17223',
    'a PROXY header that is forged or broken',
    'taken from listed peers only, and read to the letter',
  ),
  tested(
    63,
    'Mosquitto 1.5.4',
    'WebSocket with TLS that does not ask for a certificate',
    'the same questions as over TLS: none, a wrong one and a revoked one open nothing',
  ),
  tested(
    64,
    'NATS CVE-2026-33216',
    'passwords in what is said',
    'planted everywhere, and looked for in logs, `$SYS`, errors, output and files',
  ),
  tested(
    65,
    'RabbitMQ CVE-2017-4965',
    'names that paint on the screen of the operator',
    'control characters and direction marks are shown, not obeyed; there is no page to inject into',
  ),
  absent(66, 'EMQX CVE-2025-52136', 'a plug-in whose archive writes elsewhere', 'nothing is ever uploaded or unpacked'),
  tested(67, 'EMQX #15785, #12944', 'strange names where something is logged', 'every refusal is tried with them'),
  tested(
    68,
    'Mosquitto 2.0.22',
    'small limits, QoS 2 and restarts',
    'nothing is left in the store but what was in flight',
  ),
  tested(
    69,
    'Moquette #959',
    'one session whose end fails',
    'hinders the end of no other; an Authorizer that throws has said no',
  ),
  tested(
    70,
    'Mosquitto #3505; EMQX #11868; aedes #957',
    'Wills with delay, expiry, takeover',
    'once or never, for each combination',
  ),
  tested(
    71,
    'Mosquitto 2.0.19, 1.6.8',
    'damaged files of the store',
    'found, or harmless; the start is refused by file and place',
  ),
  tested(72, 'EMQX #17353', 'a slow subscriber and order', 'everything, in order'),
];

/** What else can go wrong. */
export const FAULTS: readonly Fault[] = [
  {
    fault: 'a subscriber is slow',
    verdict: 'its queue grows on disk to its limit; others do not wait',
    shownBy: ['soak/floods.test.ts', '${ROWS[name]'],
  },
  {
    fault: 'the disk is full',
    verdict: 'what must be stored is refused (0x97), the rest goes on, and all of it again once there is room',
    shownBy: ['test/crash/disk-full.test.ts', 'a store at its limit refuses what must be stored'],
  },
  {
    fault: 'the disk is slow',
    verdict: 'acknowledgements are late; nobody is timed out',
    shownBy: ['test/crash/stalled-disk-strace.test.ts', 'a disk that stalls for five seconds'],
  },
  {
    fault: 'a sync fails',
    verdict: 'nothing more is promised, the process ends with code 74, the next start asks',
    shownBy: ['test/crash/fsync-error-strace.test.ts', 'after a sync that fails nothing more is promised'],
  },
  {
    fault: 'no file descriptors are left',
    verdict:
      "the last are no client's: the store commits, who is there is served, who says nothing makes way, all is well once some are free",
    shownBy: ['test/cli/open-files.test.ts', 'clients beyond the limit of files are cut off'],
  },
  {
    fault: 'memory runs out',
    verdict:
      'new clients are refused, then some not read from, then those ended for whom most is kept; never the process',
    shownBy: ['soak/floods.test.ts', '${ROWS[name]'],
  },
  {
    fault: 'the clock jumps',
    verdict: 'deadlines are on a clock that does not; a store has a time of its own',
    shownBy: ['test/broker/recovery.test.ts', 'a message expires when it would have'],
  },
  {
    fault: 'a peer is gone without a word',
    verdict: 'Keep Alive ends it; a takeover does not wait for it',
    shownBy: ['test/broker/takeover.test.ts', 'a takeover does not wait for the old peer'],
  },
  {
    fault: 'the power fails',
    verdict: 'what was acknowledged is there',
    shownBy: ['test/crash/power-cut.test.ts', 'what is acknowledged survives a power cut'],
  },
  {
    fault: 'the store is damaged',
    verdict: 'found, or harmless',
    shownBy: ['test/crash/damage/damage.test.ts', 'threat 71'],
  },
  {
    fault: 'the configuration is wrong',
    verdict: 'every mistake at once, with its place; the start is refused with code 2',
    shownBy: ['src/config/config.property.test.ts', 'a file of any bytes is a configuration'],
  },
  {
    fault: 'a second broker wants the same data',
    verdict: 'refused; the first one goes on',
    shownBy: ['test/cli/start-store.test.ts', 'a data directory is for one broker at a time'],
  },
  {
    fault: 'the process is told to stop',
    verdict: 'clients hear 0x8B, the store is closed, exit code 0; told again, it ends at once',
    shownBy: ['test/cli/start.test.ts', 'tells the clients that the server is shutting down'],
  },
  {
    fault: 'other servers cannot be reached; a node fails; nodes disagree',
    verdict: 'does not apply: a broker is one process',
    shownBy: undefined,
  },
];
