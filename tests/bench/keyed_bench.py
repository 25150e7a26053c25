#!/usr/bin/env python3
"""keyed_bench: 10,000 messages for 100 mailboxes on one partition, 0 to 5 ms of Exchange's time for each contact.

one at a time   a plain consumer of the same messages: take one, one CreateItem, the next; no database, nothing recorded
worker          one contact-sync-worker with default settings: what is for one mailbox goes in order, mailboxes beside each
                other, contacts of a mailbox together in a request

The mark is the library parallel-consumer's: 10.8 times one at a time for this load, ordered by key (its README). Exchange's time is 0 to
5 ms a call, evenly spread, for the plain consumer, and the mean of that for each item of a call for the worker, whose calls
hold many. All messages lie on the partition before the clock starts, at the first one that is taken; three times in turns, the
median counts. JSON lines.
"""
import base64
import ctypes
import http.client
import os
import sys
import time
import urllib.parse

from lib_bench import Bench, say
from lib_kafka import BEGINNING, CONSUMER, Kafka
from lib_program import need, until

MAILBOXES, EACH, MEAN_MS, MARK, ROUNDS = 100, 100, 2.5, 10.8, 3
ALONE = 1500  # messages that the plain consumer takes: its rate is the same all the time

BODY = """<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"
 xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header><t:RequestServerVersion Version="Exchange2013_SP1"/>
<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>%s</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>
</s:Header><s:Body><m:CreateItem><m:SavedItemFolderId><t:DistinguishedFolderId Id="contacts"/></m:SavedItemFolderId><m:Items>
<t:Contact><t:FileAs>Family, Given %d</t:FileAs><t:GivenName>Given</t:GivenName><t:PhoneNumbers><t:Entry Key="MobilePhone">
+1 602 555 0101</t:Entry></t:PhoneNumbers><t:Surname>Family</t:Surname></t:Contact></m:Items></m:CreateItem></s:Body></s:Envelope>"""


class Plain:
    """The plain consumer."""

    def __init__(self, bench):
        self.kafka = Kafka(bench.kafka, CONSUMER)
        self.topic = self.kafka.topic(f"{bench.prefix}contact-sync.tasks")
        parts = urllib.parse.urlsplit(bench.exchange.url)
        self.exchange = http.client.HTTPConnection(parts.hostname, parts.port)
        self.headers = {"Content-Type": "text/xml; charset=utf-8",
                        "Authorization": "Basic " + base64.b64encode(b"svc-sync:secret").decode()}

    def write(self, mailbox, number):
        self.headers["X-AnchorMailbox"] = mailbox
        self.exchange.request("POST", "/EWS/Exchange.asmx", BODY % (mailbox, number), self.headers)
        answer = self.exchange.getresponse()
        text = answer.read()
        need(answer.status == 200 and b"NoError" in text, f"Exchange refused: {text[:300]}")

    def run(self, messages):
        lib = self.kafka.lib
        lib.rd_kafka_consume_start(self.topic, ctypes.c_int32(0), ctypes.c_int64(BEGINNING))
        taken, begin = 0, None
        while taken < messages:
            message = lib.rd_kafka_consume(self.topic, ctypes.c_int32(0), 5000)
            need(message, "no message came")
            begin = begin or time.monotonic()
            if message.contents.err == 0:
                key = ctypes.string_at(message.contents.key, message.contents.key_len).decode()
                self.write(f"plain{key}@church.example", taken)
                taken += 1
            lib.rd_kafka_message_destroy(message)
        lib.rd_kafka_consume_stop(self.topic, ctypes.c_int32(0))
        self.exchange.close()
        return messages / (time.monotonic() - begin)


def spread(most):
    """Faults that make each call take 0 to so many milliseconds, evenly: the first one that fires takes the call."""
    return [{"fault": "late_answer", "ms": ms, "op": "CreateItem", "times": 0, "probability": 1 / (ms + 1)}
            for ms in range(most, 0, -1)]


def one_at_a_time(bench):
    bench.publish(MAILBOXES, EACH)
    bench.exchange.post("faults", spread(int(2 * MEAN_MS)))
    rate = Plain(bench).run(ALONE)
    say("keyed", how="one at a time", messages=ALONE, per_s=rate)
    return rate


def keyed(bench):
    bench.fill(MAILBOXES, EACH)
    total = bench.publish(MAILBOXES, EACH)
    worker, _ = bench.worker()
    begin = time.monotonic()
    while not worker.metric("contact_sync_messages_total"):
        begin = time.monotonic()
    until("all messages are done", lambda: worker.metric("contact_sync_items_total", 'outcome="done"') >= total, 120)
    rate = total / (time.monotonic() - begin)
    stats = bench.stats()
    need(stats["created"] == total and stats["max_per_mailbox"] == 1, "not each contact once, one request a mailbox")
    say("keyed", how="worker", messages=total, per_s=rate, requests=stats["calls"]["CreateItem"])
    return rate


def in_turns():
    with Bench(0, 0, partitions=1) as bench:
        bench.worker()[0].stop()  # makes the topics
        alone = one_at_a_time(bench)
    with Bench(0, MEAN_MS, partitions=1) as bench:
        bench.worker()[0].stop()
        return keyed(bench) / alone


def main():
    ratios = sorted(in_turns() for _ in range(ROUNDS))
    say("keyed_ratio", times=ratios[ROUNDS // 2], least=ratios[0], most=ratios[-1], mark=MARK, mailboxes=MAILBOXES, partitions=1)


if __name__ == "__main__":
    if not os.environ.get("CONTACT_SYNC_TEST_KAFKA") or not os.environ.get("CONTACT_SYNC_TEST_DSN"):
        print("skipped: needs PostgreSQL in CONTACT_SYNC_TEST_DSN and Kafka in CONTACT_SYNC_TEST_KAFKA")
        sys.exit(77)
    main()
