//! Writes the fixture of a small store: `cargo run -p stonechat-log-segment --example write_fixture -- FOLDER`. The
//! folder of a version that was released is never written again.

#[path = "../tests/support/describe.rs"]
mod describe;

use std::path::PathBuf;
use std::sync::Arc;
use stonechat_log::contract::commit;
use stonechat_log::contract::workload::{Builder, CountingDerive, Random};
use stonechat_log::memory::MemoryLog;
use stonechat_log::store::{Derive, Log};
use stonechat_log_segment::config::{Config, OnClose};
use stonechat_log_segment::engine::{Options, SegmentLog};
use stonechat_log_segment::segment::{self, SegmentHeader};

const RECORDS: usize = 40;

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder to write"));
    assert!(!folder.exists(), "the folder is there already");
    let config = Config { segment_bytes: 4096, on_close: OnClose::Leave, ..Config::default() };
    let entropy = |buffer: &mut [u8]| buffer.fill(0x5C);
    let options = Options { config, derive: Arc::new(CountingDerive), entropy: &entropy };
    let log = SegmentLog::open(&folder, options).expect("open");
    let model = MemoryLog::new(log.history_id());
    let (mut builder, mut random) = (Builder::default(), Random(7));
    for _ in 0..RECORDS / 2 {
        let mut batch = vec![builder.any(&mut random), builder.any(&mut random)];
        for record in &mut batch {
            if let Some(event) = &record.event {
                record.derived = CountingDerive.derive(&event.header, &model).expect("derive");
            }
            commit(&model, vec![record.clone()]).expect("commit");
        }
        commit(&log, batch).expect("commit");
    }
    let content = describe::describe(&log).expect("read");
    assert_eq!(content, describe::describe(&model as &dyn Log).expect("read"));
    drop(log);
    std::fs::write(folder.join("content.txt"), content).expect("write");
    // What can be made again, or holds nothing, is left out.
    std::fs::remove_dir_all(folder.join("index")).expect("remove the index");
    std::fs::remove_file(folder.join("lock")).expect("remove the lock");
    for entry in std::fs::read_dir(folder.join(segment::FOLDER)).expect("segments") {
        let path = entry.expect("a segment").path();
        let bytes = std::fs::read(&path).expect("read");
        let header = bytes.first_chunk().and_then(SegmentHeader::decode);
        if header.is_none() {
            std::fs::remove_file(path).expect("remove a spare");
        }
    }
}
