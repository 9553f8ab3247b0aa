//! Bytes that decoders have to survive, kept in `fixtures/wire/corpus/`: what once broke one goes there.
//!
//! Every file is read as both kinds, whole, cut short and with bytes changed.

use proptest::prelude::*;
use std::collections::BTreeMap;
use stonechat_net::machine::MessageKind;

use super::golden::{blessing, fixtures};
use super::{BOTH, Did, Driver, samples};
use crate::{decode, encode};

/// Bad bytes by a name that says what is bad about them.
fn crafted() -> BTreeMap<&'static str, Vec<u8>> {
    let nested_json = [b"[".repeat(4_000), b"{\"id\":".repeat(200)].concat();
    // A frame in which a welcome holds conversations that hold events, each with one more length than there are bytes.
    let lying_lengths = vec![0x08, 1, 0xe2, 0x03, 0xff, 0x7f, 0x32, 0xff, 0x7e, 0x7a, 0xff, 0x7d];
    let unknown_groups = [[0x9b, 0x06].repeat(300), [0x9c, 0x06].repeat(300)].concat();
    // Of the first kinds, so that it stays the same when others come.
    let first = samples::all().into_iter().filter(|frame| (1..25).contains(&frame.id));
    let bodies: Vec<u8> = first.flat_map(|frame| encode::frame(MessageKind::Binary, &frame)).collect();
    let repeated_bodies = [bodies.clone(), bodies].concat();
    BTreeMap::from([
        ("empty.bin", vec![]),
        ("all_ones.bin", vec![0xff; 64]),
        ("id_without_a_value.bin", vec![0x08]),
        ("id_over_64_bits.bin", [vec![0x08], vec![0xff; 10], vec![0x01]].concat()),
        ("field_number_zero.bin", vec![0x02, 0x00]),
        ("wire_type_seven.bin", vec![0x0f, 0x00]),
        ("string_that_is_not_utf8.bin", vec![0x08, 7, 0x62, 3, 0x12, 1, 0xff]),
        ("half_a_surrogate.bin", vec![0x08, 7, 0x5a, 5, 0x0a, 3, 0xed, 0xa0, 0x80]),
        ("length_of_2_to_the_63.bin", [vec![0x08, 7, 0x62], vec![0xff; 8], vec![0x7f]].concat()),
        ("lying_lengths.bin", lying_lengths),
        ("unknown_groups.bin", unknown_groups),
        ("later_body.bin", vec![0x08, 9, 0xfa, 0x3f, 0]),
        ("every_body_twice.bin", repeated_bodies),
        ("empty_object.json", b"{}".to_vec()),
        ("null.json", b"null".to_vec()),
        ("nested.json", nested_json),
        ("half_a_surrogate.json", br#"{"id":"1","hello":{"token":"\ud800"}}"#.to_vec()),
        ("surrogates_in_the_wrong_order.json", br#"{"id":"1","hello":{"token":"\udc00\ud800"}}"#.to_vec()),
        ("nul.json", br#"{"id":"1","refresh_token":{"token":"a\u0000b"}}"#.to_vec()),
        ("not_utf8.json", b"{\"id\":\"1\",\"refresh_token\":{\"token\":\"\xc3\x28\"}}".to_vec()),
        ("id_as_a_float.json", br#"{"id":1e400,"ping":{}}"#.to_vec()),
        ("id_below_zero.json", br#"{"id":"-1","ping":{}}"#.to_vec()),
        ("two_bodies.json", br#"{"id":"1","ping":{},"pong":{}}"#.to_vec()),
        ("the_id_twice.json", br#"{"id":"1","id":"2","ping":{}}"#.to_vec()),
        ("wrong_base64.json", br#"{"id":"1","pull":{"position":"===="}}"#.to_vec()),
        ("later_body.json", br#"{"id":"9","hullo":{}}"#.to_vec()),
        ("trailing.json", br#"{"id":"1","ping":{}} x"#.to_vec()),
    ])
}

fn stored() -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(fixtures().join("corpus"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_str().unwrap().into(), std::fs::read(&path).unwrap())
        })
        .collect()
}

/// What is a frame is written and read to the same again; what is not says so.
fn survive(kind: MessageKind, bytes: &[u8]) {
    if let Ok(frame) = decode::frame(kind, bytes) {
        let written = encode::frame(kind, &frame);
        match decode::frame(kind, &written) {
            Ok(again) => assert_eq!(again, frame),
            // JSON has no number of an enum that it does not know.
            Err(unreadable) => assert_eq!(kind, MessageKind::Text, "{unreadable:?}"),
        }
    }
    for mut driver in [Driver::new(kind), Driver::open(kind)] {
        let did = driver.bytes(bytes);
        assert!(!did.is_empty(), "whatever was said, it leads to something");
        let goodbye = did.iter().position(|did| matches!(did, Did::Closed(..)));
        assert!(goodbye.is_none_or(|at| at + 1 == did.len()), "nothing follows the goodbye");
    }
}

#[test]
fn the_corpus_holds_what_was_crafted() {
    for (name, bytes) in crafted() {
        if blessing() {
            std::fs::write(fixtures().join("corpus").join(name), &bytes).unwrap();
        }
        assert!(stored().get(name) == Some(&bytes), "{name} differs; BLESS=1 writes it anew");
    }
}

#[test]
fn everything_in_the_corpus_is_survived_whole_and_cut_short() {
    for bytes in stored().into_values() {
        for kind in BOTH {
            survive(kind, &bytes);
            for cut in 0..bytes.len().min(300) {
                survive(kind, &bytes[..cut]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn everything_in_the_corpus_is_survived_with_bytes_changed(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut seeds: Vec<Vec<u8>> = crafted().into_values().filter(|bytes| !bytes.is_empty()).collect();
        seeds.extend(samples::all().iter().flat_map(|frame| BOTH.map(|kind| encode::frame(kind, frame).to_vec())));
        let mut bytes = seeds.swap_remove(which.index(seeds.len()));
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        for kind in BOTH {
            survive(kind, &bytes);
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for kind in BOTH {
            survive(kind, &bytes);
        }
    }
}
