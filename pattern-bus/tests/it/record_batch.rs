//! Reads what lies on the broker byte by byte, with no Kafka library in between.

use pattern_core::domain::TOPIC_CLUSTERS;
use std::{
    io::{Read, Write},
    net::TcpStream,
};

use crate::event_stream::{TestStream, append, event};

const FETCH: i16 = 1;
const FETCH_VERSION: i16 = 4;
const CODEC_MASK: i16 = 0b111;
const CODEC_SNAPPY: i16 = 2;

/// A cursor over big-endian bytes, as the protocol has them.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(count);
        self.0 = tail;
        head
    }

    fn i8(&mut self) -> i8 {
        self.take(1)[0] as i8
    }

    fn i16(&mut self) -> i16 {
        i16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    fn i32(&mut self) -> i32 {
        i32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    fn i64(&mut self) -> i64 {
        i64::from_be_bytes(self.take(8).try_into().unwrap())
    }

    /// Zigzag, as inside a record.
    fn varint(&mut self) -> i64 {
        let mut raw = 0u64;
        for shift in (0..).step_by(7) {
            let byte = self.take(1)[0];
            raw |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        (raw >> 1) as i64 ^ -((raw & 1) as i64)
    }

    fn sized(&mut self) -> &'a [u8] {
        let size = self.varint();
        self.take(usize::try_from(size).unwrap())
    }
}

/// The stored record batches of one partition, from its first offset.
fn fetch(bootstrap: &str, topic: &str, partition: i32) -> Vec<u8> {
    let mut request = Vec::new();
    request.extend(FETCH.to_be_bytes());
    request.extend(FETCH_VERSION.to_be_bytes());
    request.extend(7i32.to_be_bytes()); // correlation id
    request.extend((-1i16).to_be_bytes()); // no client id
    request.extend((-1i32).to_be_bytes()); // no replica
    request.extend(1000i32.to_be_bytes()); // wait at most, ms
    request.extend(0i32.to_be_bytes()); // for at least
    request.extend((1i32 << 20).to_be_bytes()); // at most, bytes
    request.push(0); // read uncommitted
    request.extend(1i32.to_be_bytes());
    request.extend((topic.len() as i16).to_be_bytes());
    request.extend(topic.as_bytes());
    request.extend(1i32.to_be_bytes());
    request.extend(partition.to_be_bytes());
    request.extend(0i64.to_be_bytes()); // offset
    request.extend((1i32 << 20).to_be_bytes());

    let mut socket = TcpStream::connect(bootstrap).unwrap();
    socket.write_all(&(request.len() as i32).to_be_bytes()).unwrap();
    socket.write_all(&request).unwrap();
    let mut size = [0; 4];
    socket.read_exact(&mut size).unwrap();
    let mut answer = vec![0; i32::from_be_bytes(size) as usize];
    socket.read_exact(&mut answer).unwrap();

    let mut bytes = Bytes(&answer);
    assert_eq!(bytes.i32(), 7, "correlation id");
    bytes.i32(); // throttle
    assert_eq!(bytes.i32(), 1, "topics");
    let name = bytes.i16();
    bytes.take(name as usize);
    assert_eq!(bytes.i32(), 1, "partitions");
    assert_eq!((bytes.i32(), bytes.i16()), (partition, 0), "partition and error");
    bytes.take(16); // high watermark, last stable offset
    let aborted = bytes.i32().max(0);
    bytes.take(aborted as usize * 16);
    let size = bytes.i32().max(0);
    bytes.take(size as usize).to_vec()
}

/// Java's clients put blocks with a header around Snappy, librdkafka does not; readers take both.
fn decode_snappy(data: &[u8]) -> Vec<u8> {
    let mut decoder = snap::raw::Decoder::new();
    let Some(framed) = data.strip_prefix(b"\x82SNAPPY\0") else {
        return decoder.decompress_vec(data).unwrap();
    };
    let mut bytes = Bytes(framed);
    bytes.take(8); // version, oldest compatible version
    let mut out = Vec::new();
    while !bytes.0.is_empty() {
        let size = bytes.i32();
        out.extend(decoder.decompress_vec(bytes.take(size as usize)).unwrap());
    }
    out
}

/// The values of all records, and how often a batch was not Snappy.
fn values(stored: &[u8]) -> (Vec<String>, usize) {
    let (mut values, mut others) = (Vec::new(), 0);
    let mut bytes = Bytes(stored);
    while !bytes.0.is_empty() {
        bytes.i64(); // base offset
        let length = bytes.i32();
        let mut batch = Bytes(bytes.take(length as usize));
        batch.i32(); // leader epoch
        assert_eq!(batch.i8(), 2, "record batch format");
        batch.i32(); // checksum
        let codec = batch.i16() & CODEC_MASK;
        batch.take(4 + 8 + 8 + 8 + 2 + 4); // offsets, timestamps, producer
        let count = batch.i32();
        if codec != CODEC_SNAPPY {
            others += 1;
            continue;
        }
        let decoded = decode_snappy(batch.0);
        let mut records = Bytes(&decoded);
        for _ in 0..count {
            let mut record = Bytes(records.sized());
            record.i8(); // attributes
            record.varint(); // timestamp
            record.varint(); // offset
            record.sized(); // key
            values.push(String::from_utf8(record.sized().to_vec()).unwrap());
        }
    }
    (values, others)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_on_the_broker_is_snappy() {
    let stream = TestStream::create().await;
    let relay = stream.relay("one");
    for version in 1..=20 {
        append(&stream.store, &[event("a", version), event("b", version), event("c", version)]).await;
    }
    stream.wait_until_all_is_published().await;
    relay.stop().await;

    let (bootstrap, topic) = (stream.kafka.bootstrap.clone(), stream.kafka.topic(TOPIC_CLUSTERS));
    let stored = tokio::task::spawn_blocking(move || {
        (0..3).map(|partition| values(&fetch(&bootstrap, &topic, partition))).collect::<Vec<_>>()
    });
    let (mut texts, mut others) = (Vec::new(), 0);
    for (values, not_snappy) in stored.await.unwrap() {
        texts.extend(values);
        others += not_snappy;
    }
    assert_eq!(others, 0, "batches with another codec");
    let mut expected: Vec<_> =
        stream.store.read_events(0, 100).await.unwrap().unwrap().into_iter().map(|e| e.text).collect();
    expected.sort();
    texts.sort();
    assert_eq!(texts, expected);
}

#[test]
fn framed_snappy_is_decoded_too() {
    let block = |text: &str| {
        let packed = snap::raw::Encoder::new().compress_vec(text.as_bytes()).unwrap();
        [&(packed.len() as i32).to_be_bytes()[..], &packed].concat()
    };
    let framed = [b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec(), block("one "), block("two")].concat();
    assert_eq!(decode_snappy(&framed), b"one two");
}
