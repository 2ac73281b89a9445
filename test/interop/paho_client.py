"""The broker under Eclipse Paho, the client that programs in Python use (python3-paho-mqtt 1.6).

Usage: paho_client.py SCENARIO VERSION HOST PORT, where VERSION is 3.1, 3.1.1 or 5.0.
Exits with 0 when what the scenario claims holds; otherwise an assertion says what did not.
"""

import os
import queue
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

VERSIONS = {"3.1": mqtt.MQTTv31, "3.1.1": mqtt.MQTTv311, "5.0": mqtt.MQTTv5}
PATIENCE_SECONDS = 15

scenario, version_name, host, port = sys.argv[1:5]
version = VERSIONS[version_name]
unique = f"paho-{os.getpid()}"


class Program:
    """A connected client; its messages, its connections and its subscriptions come through queues."""

    def __init__(self, name="", lasting=False, clean=True, will=None):
        is_v5 = version == mqtt.MQTTv5
        self.messages = queue.Queue()
        self.subscribed = queue.Queue()
        self.connected = queue.Queue()
        client_id = f"{name}-{os.getpid()}" if name else ""
        if is_v5:
            self.client = mqtt.Client(client_id=client_id, protocol=version)
        else:
            client_id = client_id or f"p{id(self) % 10**9}-{os.getpid()}"
            self.client = mqtt.Client(client_id=client_id, clean_session=clean, protocol=version)
        self.client.on_message = lambda client, data, message: self.messages.put(message)
        self.client.on_subscribe = lambda client, data, mid, *rest: self.subscribed.put(mid)
        self.client.on_connect = lambda client, data, flags, code, *rest: self.connected.put((flags, code))
        if will is not None:
            self.client.will_set(*will)
        options = {}
        if is_v5:
            options["clean_start"] = clean
            if lasting:
                options["properties"] = Properties(PacketTypes.CONNECT)
                options["properties"].SessionExpiryInterval = 60
        self.client.connect(host, int(port), **options)
        self.client.loop_start()
        flags, code = self.connected.get(timeout=PATIENCE_SECONDS)
        assert code == 0, f"CONNACK {code}"
        self.session_present = flags["session present"] == 1

    def subscribe(self, topic, qos):
        self.client.subscribe(topic, qos)
        self.subscribed.get(timeout=PATIENCE_SECONDS)

    def publish(self, topic, payload, qos=0, retain=False, properties=None):
        """Publishes, and waits until all that its QoS promises is done."""
        published = self.client.publish(topic, payload, qos, retain, *([properties] if properties else []))
        published.wait_for_publish(PATIENCE_SECONDS)
        assert published.is_published()

    def message(self):
        return self.messages.get(timeout=PATIENCE_SECONDS)

    def payloads(self, count):
        return [self.message().payload for _ in range(count)]

    def leave(self):
        self.client.disconnect()
        self.client.loop_stop()

    def crash(self):
        """Closes the socket without a DISCONNECT."""
        self.client.loop_stop()
        self.client.socket().close()


def qos():
    publisher, subscriber = Program(), Program()
    for subscribed in (0, 1, 2):
        topic = f"{unique}/{subscribed}"
        subscriber.subscribe(topic, subscribed)
        for published in (0, 1, 2):
            publisher.publish(topic, f"{published}", published)
            message = subscriber.message()
            got = (message.topic, message.payload, message.qos, message.retain)
            assert got == (topic, str(published).encode(), min(published, subscribed), False), got
    publisher.leave()
    subscriber.leave()


def order():
    publisher, subscriber = Program(), Program()
    payloads = [str(number).encode() for number in range(500)]
    for level in (0, 1, 2):
        topic = f"{unique}/{level}"
        subscriber.subscribe(topic, level)
        sent = [publisher.client.publish(topic, payload, level) for payload in payloads]
        received = subscriber.payloads(len(payloads))
        assert received == payloads, f"QoS {level}: {received}"
        for one in sent:
            one.wait_for_publish(PATIENCE_SECONDS)
            assert one.is_published()
    publisher.leave()
    subscriber.leave()


def large():
    publisher, subscriber = Program(), Program()
    payload = bytes(range(256)) * 4096
    subscriber.subscribe(unique, 2)
    for level in (0, 1, 2):
        publisher.publish(unique, payload, level)
        assert subscriber.message().payload == payload, f"1 MiB at QoS {level}"
    publisher.leave()
    subscriber.leave()


def retained():
    publisher = Program()
    publisher.publish(unique, b"kept", 1, retain=True)
    subscriber = Program()
    subscriber.subscribe(unique, 1)
    greeting = subscriber.message()
    assert (greeting.payload, greeting.retain) == (b"kept", True), greeting.payload
    publisher.publish(unique, b"", 1, retain=True)
    assert subscriber.payloads(1) == [b""]
    late = Program()
    late.subscribe(unique, 1)
    publisher.publish(unique, b"live", 1)
    live = late.message()
    assert (live.payload, live.retain) == (b"live", False), live.payload
    for program in (publisher, subscriber, late):
        program.leave()


def will():
    observer = Program()
    observer.subscribe(unique, 2)
    Program(will=(unique, b"not this one", 1)).leave()
    Program(will=(unique, b"gone", 2)).crash()
    message = observer.message()
    assert (message.payload, message.qos) == (b"gone", 2), message.payload
    observer.leave()


def session():
    first = Program("me", lasting=True, clean=False)
    assert not first.session_present
    first.subscribe(unique, 2)
    first.leave()
    publisher = Program()
    for level in (1, 2):
        for part in "abc":
            publisher.publish(unique, f"{part}{level}", level)
    second = Program("me", lasting=True, clean=False)
    # The CONNACK of MQTT 3.1 does not tell.
    assert second.session_present == (version != mqtt.MQTTv31)
    received = second.payloads(6)
    assert received == [b"a1", b"b1", b"c1", b"a2", b"b2", b"c2"], received
    second.crash()
    publisher.publish(unique, b"after a crash", 1)
    third = Program("me", lasting=True, clean=False)
    assert third.payloads(1) == [b"after a crash"]
    third.leave()
    clean = Program("me", clean=True)
    assert not clean.session_present
    clean.leave()
    publisher.leave()


def properties():
    publisher, subscriber = Program(), Program()
    subscriber.subscribe(unique, 1)
    sent = Properties(PacketTypes.PUBLISH)
    sent.PayloadFormatIndicator = 1
    sent.ContentType = "text/plain"
    sent.ResponseTopic = "answers"
    sent.CorrelationData = b"\x00\xff"
    sent.UserProperty = [("a", "1"), ("a", "2")]
    publisher.publish(unique, b"hello", 1, properties=sent)
    got = subscriber.message().properties
    assert got.PayloadFormatIndicator == 1
    assert got.ContentType == "text/plain"
    assert got.ResponseTopic == "answers"
    assert got.CorrelationData == b"\x00\xff"
    assert got.UserProperty == [("a", "1"), ("a", "2")], got.UserProperty
    publisher.leave()
    subscriber.leave()


SCENARIOS = {one.__name__: one for one in (qos, order, large, retained, will, session, properties)}
SCENARIOS[scenario]()
