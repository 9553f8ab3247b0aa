//! Frames as they were once written stay readable, and are written the same again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use stonechat_net::machine::MessageKind;
use stonechat_wire::v1::Frame;

use super::{names, samples};
use crate::encode;

/// Bytes a line of a `.hex` file.
const LINE_BYTES: usize = 32;

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/wire")
}

/// Whether fixtures are to be written anew.
pub fn blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

fn hex(bytes: &[u8]) -> String {
    let line = |line: &[u8]| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
    bytes.chunks(LINE_BYTES).map(line).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn frames() -> BTreeMap<&'static str, Frame> {
    samples::all().into_iter().map(|frame| (names::name(frame.body.as_ref().unwrap()), frame)).collect()
}

fn check(file: &str, written: &str) {
    let path = fixtures().join(file);
    if blessing() {
        std::fs::write(&path, written).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, stored, "{file} differs; BLESS=1 writes it anew");
}

#[test]
fn every_frame_is_written_as_it_was() {
    for (name, frame) in frames() {
        check(&format!("{name}.hex"), &hex(&encode::frame(MessageKind::Binary, &frame)));
        let json = encode::frame(MessageKind::Text, &frame);
        check(&format!("{name}.json"), &format!("{}\n", std::str::from_utf8(&json).unwrap()));
    }
}

#[test]
fn every_frame_is_read_as_it_was() {
    if blessing() {
        // They are being written beside this.
        return;
    }
    for (name, frame) in frames() {
        let hex = std::fs::read_to_string(fixtures().join(format!("{name}.hex"))).unwrap();
        let json = std::fs::read_to_string(fixtures().join(format!("{name}.json"))).unwrap();
        assert_eq!(stonechat_wire::frame::decode(unhex(&hex).into()).as_ref(), Ok(&frame), "{name}.hex");
        assert_eq!(stonechat_wire::json::decode(&json).as_ref(), Ok(&frame), "{name}.json");
    }
}

#[test]
fn every_kind_of_the_schema_has_its_two_files() {
    let schema = include_str!("../../../wire/proto/stonechat/v1/native.proto");
    let bodies = schema.split("oneof body {").nth(1).unwrap().split("\n  }").next().unwrap();
    let in_schema: BTreeSet<&str> = bodies
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .filter_map(|line| line.split_once(" = ")?.0.split_whitespace().nth(1))
        .collect();
    let in_samples: BTreeSet<&str> = frames().into_keys().collect();
    assert_eq!(in_schema, in_samples);
    let expected: BTreeSet<String> =
        in_schema.iter().flat_map(|name| [format!("{name}.hex"), format!("{name}.json")]).collect();
    let found: BTreeSet<String> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|file| file.ends_with(".hex") || file.ends_with(".json"))
        .collect();
    assert_eq!(expected, found);
}
