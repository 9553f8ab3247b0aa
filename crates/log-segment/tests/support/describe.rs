//! A store in words, for comparing with what an earlier version wrote.

use std::fmt::Write;
use stonechat_log::contract::compare::{feed, rows};
use stonechat_log::contract::wait;
use stonechat_log::store::{Log, LogError};
use stonechat_types::number::{AppId, PersonalSeq, UserNo};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything that can be read, a line each.
pub fn describe(log: &dyn Log) -> Result<String, LogError> {
    let mut out = format!("history {}\nhead {}\n", hex(&log.history_id()), log.head());
    for record in feed(log, 100)? {
        let _ = write!(out, "record {}", record.position);
        if let Some(event) = record.event {
            let h = event.header;
            let _ = write!(
                out,
                " event app={} conversation={} no={} seq={} ordinal={} kind={} sender={}/{} sent_at={} key={} hmac={} \
                 read_upto={}/{} sealed={}",
                h.app,
                h.conversation,
                h.conversation_no,
                h.seq,
                h.ordinal,
                h.kind,
                h.sender,
                h.sender_no,
                h.sent_at.0,
                hex(&h.key),
                hex(&h.body_hmac),
                h.read_upto,
                h.read_upto_ordinal,
                hex(&event.sealed),
            );
        }
        for (write, seq) in record.personal {
            let value = write.value.map_or("none".to_owned(), |value| hex(&value));
            let _ =
                write!(out, " personal app={} user={} {}={value} as {seq}", write.app, write.user_no, hex(&write.key));
        }
        out.push('\n');
    }
    for family in 1..0xE0 {
        for (key, value) in rows(log, &[family], 100)? {
            let _ = writeln!(out, "row {} = {}", hex(&key), hex(&value));
        }
    }
    for (app, user) in [(1, 0), (1, 1), (1, 2), (1, 3), (2, 0), (2, 1), (2, 2), (2, 3)] {
        let page = wait(log.personal(AppId(app), UserNo(user), PersonalSeq::ZERO, 100))?;
        for change in page.changes {
            let value = change.value.map_or("none".to_owned(), |value| hex(&value));
            let _ = writeln!(out, "personal app={app} user={user} {} = {value} as {}", hex(&change.key), change.seq);
        }
    }
    Ok(out)
}
