"""A small Kafka client for tests: the C library that the programs use, through ctypes. Nothing of the product's code."""
import ctypes
import ctypes.util

from lib_program import Failure, need, until

PRODUCER, CONSUMER = 0, 1
COPY = 2  # RD_KAFKA_MSG_F_COPY
BEGINNING = -2  # RD_KAFKA_OFFSET_BEGINNING
ANY = -1  # RD_KAFKA_PARTITION_UA


class _Message(ctypes.Structure):
    _fields_ = [("err", ctypes.c_int), ("topic", ctypes.c_void_p), ("partition", ctypes.c_int32),
                ("payload", ctypes.c_void_p), ("len", ctypes.c_size_t), ("key", ctypes.c_void_p),
                ("key_len", ctypes.c_size_t), ("offset", ctypes.c_int64)]


class _Partition(ctypes.Structure):
    _fields_ = [("id", ctypes.c_int32), ("err", ctypes.c_int), ("leader", ctypes.c_int32), ("replica_cnt", ctypes.c_int),
                ("replicas", ctypes.c_void_p), ("isr_cnt", ctypes.c_int), ("isrs", ctypes.c_void_p)]


class _Topic(ctypes.Structure):
    _fields_ = [("topic", ctypes.c_char_p), ("partition_cnt", ctypes.c_int), ("partitions", ctypes.POINTER(_Partition)),
                ("err", ctypes.c_int)]


class _Metadata(ctypes.Structure):
    _fields_ = [("broker_cnt", ctypes.c_int), ("brokers", ctypes.c_void_p), ("topic_cnt", ctypes.c_int),
                ("topics", ctypes.POINTER(_Topic))]


def _library():
    lib = ctypes.CDLL("librdkafka.so.1")
    for name, result in (("rd_kafka_conf_new", ctypes.c_void_p), ("rd_kafka_new", ctypes.c_void_p),
                         ("rd_kafka_topic_new", ctypes.c_void_p), ("rd_kafka_consume", ctypes.POINTER(_Message)),
                         ("rd_kafka_err2str", ctypes.c_char_p), ("rd_kafka_version_str", ctypes.c_char_p)):
        getattr(lib, name).restype = result
    return lib


class Kafka:
    """One client; close it."""

    def __init__(self, bootstrap, kind):
        self.lib = _library()
        conf = ctypes.c_void_p(self.lib.rd_kafka_conf_new())
        why = ctypes.create_string_buffer(512)
        for name, value in (("bootstrap.servers", bootstrap), ("log_level", "3")):
            self.lib.rd_kafka_conf_set(conf, name.encode(), value.encode(), why, ctypes.c_size_t(512))
        handle = self.lib.rd_kafka_new(kind, conf, why, ctypes.c_size_t(512))
        need(handle, f"librdkafka: {why.value.decode()}")
        self.rk = ctypes.c_void_p(handle)
        self.topics = {}

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for topic in self.topics.values():
            self.lib.rd_kafka_topic_destroy(topic)
        self.lib.rd_kafka_destroy(self.rk)

    def topic(self, name):
        if name not in self.topics:
            self.topics[name] = ctypes.c_void_p(self.lib.rd_kafka_topic_new(self.rk, name.encode(), None))
        return self.topics[name]

    def produce(self, topic, value, key=b"", partition=ANY):
        code = self.lib.rd_kafka_produce(
            self.topic(topic), ctypes.c_int32(partition), COPY, value, ctypes.c_size_t(len(value)), key,
            ctypes.c_size_t(len(key)), None)
        need(code == 0, f"a message could not be produced to {topic}")
        need(self.lib.rd_kafka_flush(self.rk, 10000) == 0, "a message was not delivered within 10 s")

    def range(self, topic, partition, timeout=10):
        """(first, end) offset of a partition; None where there is no such partition or topic."""
        low, high = ctypes.c_int64(), ctypes.c_int64()
        code = self.lib.rd_kafka_query_watermark_offsets(
            self.rk, topic.encode(), ctypes.c_int32(partition), ctypes.byref(low), ctypes.byref(high), timeout * 1000)
        return (low.value, high.value) if code == 0 else None

    def leaders(self, topic):
        """Partition -> (node that leads it, replicas, replicas in step)."""
        found = ctypes.POINTER(_Metadata)()
        code = self.lib.rd_kafka_metadata(self.rk, 0, self.topic(topic), ctypes.byref(found), 10000)
        need(code == 0 and found.contents.topic_cnt == 1, f"no metadata of {topic}")
        one = found.contents.topics[0]
        leaders = {p.id: (p.leader, p.replica_cnt, p.isr_cnt) for p in one.partitions[:one.partition_cnt]}
        self.lib.rd_kafka_metadata_destroy(found)
        return leaders

    def count(self, topic, partitions):
        """Messages that lie in the topic."""
        def spans():
            found = [self.range(topic, p) for p in range(partitions)]
            return found if all(found) else None

        return sum(high - low for low, high in until(f"{topic} tells where its partitions end", spans, 20))

    def read(self, topic, partitions):
        """All messages of a topic: (partition, key, value)."""
        found = []
        for partition in range(partitions):
            low, high = self.range(topic, partition) or (0, 0)
            if low == high:
                continue
            self.lib.rd_kafka_consume_start(self.topic(topic), ctypes.c_int32(partition), ctypes.c_int64(BEGINNING))
            until(f"{topic}[{partition}] is read", lambda p=partition, h=high: self._next(topic, p, found) == h - 1, 15)
            self.lib.rd_kafka_consume_stop(self.topic(topic), ctypes.c_int32(partition))
        return found

    def _next(self, topic, partition, found):
        message = self.lib.rd_kafka_consume(self.topic(topic), ctypes.c_int32(partition), 200)
        if not message:
            return None
        m = message.contents
        offset = None
        if m.err == 0:
            found.append((m.partition, ctypes.string_at(m.key, m.key_len) if m.key else b"",
                          ctypes.string_at(m.payload, m.len)))
            offset = m.offset
        self.lib.rd_kafka_message_destroy(message)
        return offset


def producer(bootstrap):
    return Kafka(bootstrap, PRODUCER)


def consumer(bootstrap):
    return Kafka(bootstrap, CONSUMER)


def available():
    try:
        return _library().rd_kafka_version_str().decode()
    except (OSError, Failure):
        return None
