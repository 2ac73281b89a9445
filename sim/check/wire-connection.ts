// What is known of one connection: when it was opened and ended at either side, as whom, and every PUBLISH that came to the broker on
// it, with what became of it. Places are indices of events of the history.

import type {
  ConnackPacket,
  ConnectPacket,
  DisconnectPacket,
  QoS,
  SubscribePacket,
  UnsubscribePacket,
} from '../../src/packet/packet.ts';
import type { Label, WirePacket } from '../history.ts';
import { type Asked, NEVER, type SessionSpan } from './session-span.ts';

/** From here on a Reason Code is a refusal. */
const REFUSAL = 0x80;

/** A message that the broker took: what `messagePublished` tells. */
export interface Acceptance {
  readonly place: number;
  /** Of its PUBLISH, if it had one: what came behind that was not dealt with before. */
  readonly cameAt: number;
  readonly at: number;
  readonly label: Label;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** `undefined`: a Will. */
  readonly by: string | undefined;
  /** Whose message it is to No Local: who published it, or whose Will it is. */
  readonly owner: string | undefined;
  /** The broker's life. */
  readonly life: number;
  /** The session that published it. */
  readonly span: SessionSpan | undefined;
  /** As it came to the broker. */
  readonly expirySeconds: number | undefined;
  /** A PUBACK or PUBREC below 0x80 left for it. */
  acknowledgedAt: number;
}

/** A PUBLISH that came to the broker. */
export interface InboundPublish {
  readonly place: number;
  readonly label: Label;
  readonly topic: string;
  readonly qos: QoS;
  readonly dup: boolean;
  readonly retain: boolean;
  /** 0: none. */
  readonly id: number;
  readonly expirySeconds: number | undefined;
  acceptance: Acceptance | undefined;
  /** One behind it was taken first: it was refused, or had been taken before. */
  isPassedOver: boolean;
  /** PUBACK or PUBREC left. */
  answeredAt: number;
  answer: number;
}

/** One connection. */
export class WireConnection {
  readonly number: number;
  readonly client: string;
  readonly isIntruder: boolean;
  /** Of the client's process. */
  readonly clientLife: number;
  /** Of the broker. */
  brokerLife: number;
  connect: WirePacket | undefined;
  connectCame: number;
  connack: ConnackPacket | undefined;
  connackSent: number;
  connackCame: number;
  /** At the broker. */
  over: number;
  overHow: string;
  /** At the client. */
  clientOver: number;
  /** From the client, before the connection was over. */
  disconnect: DisconnectPacket | undefined;
  disconnectCame: number;
  span: SessionSpan | undefined;
  private readonly asked: Map<number, Asked>;
  readonly publishes: InboundPublish[];
  /** Those before it have been dealt with. */
  private publishNext: number;
  private readonly unanswered: Map<number, InboundPublish[]>;

  constructor(number: number, client: string, isIntruder: boolean, clientLife: number, brokerLife: number) {
    this.number = number;
    this.client = client;
    this.isIntruder = isIntruder;
    this.clientLife = clientLife;
    this.brokerLife = brokerLife;
    this.connect = undefined;
    this.connectCame = NEVER;
    this.connack = undefined;
    this.connackSent = NEVER;
    this.connackCame = NEVER;
    this.over = NEVER;
    this.overHow = '';
    this.clientOver = NEVER;
    this.disconnect = undefined;
    this.disconnectCame = NEVER;
    this.span = undefined;
    this.asked = new Map();
    this.publishes = [];
    this.publishNext = 0;
    this.unanswered = new Map();
  }

  /** The CONNECT, if one was sent. */
  get request(): ConnectPacket | undefined {
    return this.connect?.packet.kind === 'connect' ? this.connect.packet : undefined;
  }

  /** The version of MQTT that was asked for. */
  get version(): number {
    return this.request?.version ?? 5;
  }

  /** CONNACK has accepted the client. */
  get isAccepted(): boolean {
    return this.connack?.reasonCode === 0;
  }

  /**
   * The PUBLISH of which the broker says now that it has taken it: the first one of that name. Empty messages have none, and many may be alike:
   * then it is the first that was not refused, if there is one.
   */
  nextPublish(label: Label, topic: string, qos: QoS): InboundPublish | undefined {
    const like = { label, topic, qos };
    let found = label === '' ? this.find(this.publishNext, like, isFree) : -1;
    if (found < 0) found = this.find(this.publishNext, like);
    if (found < 0) return undefined;
    this.passOver(found);
    return this.publishes[found];
  }

  /** SUBSCRIBE or UNSUBSCRIBE came to the broker. */
  requestCame(packet: SubscribePacket | UnsubscribePacket, place: number): void {
    const { span } = this;
    if (span === undefined) return;
    const isSubscribe = packet.kind === 'subscribe';
    this.asked.set(
      packet.id,
      isSubscribe ? span.subscribeCame(packet, place) : span.unsubscribeCame(packet.filters, place),
    );
  }

  /** SUBACK or UNSUBACK left. */
  requestAnswered(id: number, reasonCodes: readonly number[], place: number): void {
    const asked = this.asked.get(id);
    this.asked.delete(id);
    if (asked !== undefined) this.span?.answered(asked, reasonCodes, place);
  }

  /** A PUBLISH came to the broker. */
  publishCame(publish: InboundPublish): void {
    this.publishes.push(publish);
    if (publish.qos === 0) return;
    const waiting = this.unanswered.get(publish.id);
    if (waiting === undefined) this.unanswered.set(publish.id, [publish]);
    else waiting.push(publish);
  }

  /** PUBACK or PUBREC left: the oldest PUBLISH of that identifier and QoS has its answer. */
  answered(id: number, qos: QoS, answer: number, place: number): InboundPublish | undefined {
    const waiting = this.unanswered.get(id) ?? [];
    const index = waiting.findIndex((publish) => publish.qos === qos);
    const [publish] = index < 0 ? [] : waiting.splice(index, 1);
    if (publish === undefined) return undefined;
    publish.answer = answer;
    publish.answeredAt = place;
    if (answer >= REFUSAL && publish.label === '') this.handOn(publish);
    return publish;
  }

  /**
   * An empty message was refused, in an answer that waited for those before it. What the broker has taken meanwhile was not this one but the next
   * one like it, if there is any: only empty messages are alike.
   */
  private handOn(refused: InboundPublish): void {
    const { acceptance } = refused;
    if (acceptance === undefined) return;
    const found = this.find(this.publishes.indexOf(refused) + 1, refused, isFree);
    const next = this.publishes[found];
    if (next === undefined) return;
    refused.acceptance = undefined;
    refused.isPassedOver = true;
    next.acceptance = acceptance;
    this.passOver(found);
  }

  /** The first PUBLISH from there on that is like this one; -1: there is none. */
  private find(from: number, like: Alike, isWanted: (publish: InboundPublish) => boolean = () => true): number {
    const { publishes } = this;
    for (let index = from; index < publishes.length; index++) {
      const publish = publishes[index];
      if (publish?.label !== like.label || publish.topic !== like.topic || publish.qos !== like.qos) continue;
      if (isWanted(publish)) return index;
    }
    return -1;
  }

  /** The PUBLISH there was taken: those before it, too, have been dealt with. */
  private passOver(found: number): void {
    for (const publish of this.publishes.slice(this.publishNext, found)) publish.isPassedOver = true;
    this.publishNext = Math.max(this.publishNext, found + 1);
  }
}

/** What an acceptance tells of its PUBLISH. */
type Alike = Pick<InboundPublish, 'label' | 'topic' | 'qos'>;

/** Whether it may be the one that the broker took. */
function isFree({ acceptance, answer }: InboundPublish): boolean {
  return acceptance === undefined && answer < REFUSAL;
}
