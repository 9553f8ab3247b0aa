//! The bounds of the design, each with its constant, its metrics and the tests that reach it: `docs/reliability/bounds.json`.
//! The constants are read where they are; a test that is not there fails `cargo xtask docs`. That the metrics are on the
//! page of a running server is checked by the integration test of the metrics.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Something in a source.
#[derive(Clone, Copy)]
struct Place {
    file: &'static str,
    name: &'static str,
}

const fn at(file: &'static str, name: &'static str) -> Place {
    Place { file, name }
}

/// One bound.
struct Bound {
    /// Of the design.
    section: &'static str,
    bound: &'static str,
    /// What happens when it is reached.
    answer: &'static str,
    constants: &'static [Place],
    /// How near it is.
    depth: &'static [&'static str],
    /// How often it was reached.
    reached: &'static [&'static str],
    tests: &'static [Place],
}

const LIMITS: &str = "crates/types/src/limits.rs";
const APP: &str = "crates/app/src/application.rs";
const BATCH: &str = "crates/app/src/executor/batch.rs";
const PRESENCE_TESTS: &str = "crates/app/tests/presence.rs";
const APP_TESTS: &str = "crates/app/tests/bounds.rs";
const STORE: &str = "crates/log-segment/src/config.rs";
const STORE_TESTS: &str = "crates/log-segment/tests/bounds.rs";
const EVENTS: &str = "crates/net/src/events.rs";
const ADMISSION: &str = "crates/net/src/admission.rs";
const LISTENER: &str = "crates/net/src/listener.rs";
const CONNECTION_TESTS: &str = "crates/net/tests/connection.rs";
const LISTENER_TESTS: &str = "crates/net/tests/listeners.rs";
const GATEWAY_TESTS: &str = "crates/gateway-native/tests/gateway.rs";
const SESSION_TESTS: &str = "crates/gateway-native/src/tests/life.rs";
const INPUT_TESTS: &str = "crates/gateway-native/src/tests/bad_input.rs";
const PAGE_TESTS: &str = "crates/testkit/tests/integration/metrics.rs";
const CLIENT_TESTS: &str = "crates/client/src/core/tests.rs";

const BOUNDS: &[Bound] = &[
    Bound {
        section: "6",
        bound: "Calls in flight of one session",
        answer: "its socket is not read until one is answered",
        constants: &[at(LIMITS, "CALLS_MAX")],
        depth: &["net_calls_in_flight", "net_connections_paused"],
        reached: &["net_read_pauses_total"],
        tests: &[
            at(CONNECTION_TESTS, "a_machine_with_enough_calls_in_flight_gets_no_input"),
            at(SESSION_TESTS, "nothing_is_read_at_the_limit_of_calls"),
            at(GATEWAY_TESTS, "calls_past_the_limit_wait_in_the_socket"),
            at(PAGE_TESTS, "the_bounds_of_a_session_move_their_metrics"),
        ],
    },
    Bound {
        section: "6",
        bound: "Commands in the mailbox of one executor",
        answer: "`overloaded` with `retry_after`",
        constants: &[at("crates/app/src/executor/mailbox.rs", "MAILBOX_MAX")],
        depth: &["app_mailbox_depth"],
        reached: &["app_overloads_total{bound=\"Mailbox\"}"],
        tests: &[
            at(APP_TESTS, "a_full_mailbox_refuses_and_loses_nothing_that_it_took"),
            at("crates/app/src/executor/mailbox.rs", "one_app_is_served_in_order_and_its_mailbox_has_a_bound"),
        ],
    },
    Bound {
        section: "6",
        bound: "Events of one batch",
        answer: "the rest is the next batch",
        constants: &[at(BATCH, "BATCH_RECORDS_MAX"), at(STORE, "BATCH_RECORDS_MAX")],
        depth: &["app_offer_records", "store_batch_records_total", "store_batches_total"],
        reached: &["app_batches_full_total{bound=\"Records\"}", "store_batches_full_total{bound=\"records\"}"],
        tests: &[
            at(APP_TESTS, "a_full_mailbox_refuses_and_loses_nothing_that_it_took"),
            at(STORE_TESTS, "a_batch_takes_so_many_records_and_bytes_and_leaves_the_rest_to_the_next"),
        ],
    },
    Bound {
        section: "6",
        bound: "Bytes of one batch",
        answer: "the rest is the next batch",
        constants: &[at(BATCH, "BATCH_BYTES_MAX"), at(STORE, "BATCH_BYTES_MAX")],
        depth: &["app_offer_bytes", "store_batch_bytes_total", "store_batches_total"],
        reached: &["app_batches_full_total{bound=\"Bytes\"}", "store_batches_full_total{bound=\"bytes\"}"],
        tests: &[
            at(APP_TESTS, "a_batch_has_a_bound_of_bytes"),
            at(STORE_TESTS, "a_batch_takes_so_many_records_and_bytes_and_leaves_the_rest_to_the_next"),
        ],
    },
    Bound {
        section: "6",
        bound: "Batches in preparation of one executor: one in flight, one that is filled",
        answer: "its mailbox is left alone",
        constants: &[],
        depth: &["app_batches_in_preparation"],
        reached: &["app_mailbox_pauses_total"],
        tests: &[at(APP_TESTS, "a_full_mailbox_refuses_and_loses_nothing_that_it_took")],
    },
    Bound {
        section: "6",
        bound: "The part of a batch that one app may have while others wait: one of so many",
        answer: "the rest waits for the next batch",
        constants: &[at(BATCH, "BATCH_SHARES")],
        depth: &["app_mailbox_depth", "app_commands_waiting"],
        reached: &["app_batches_full_total{bound=\"Share\"}"],
        tests: &[
            at(APP_TESTS, "one_app_has_a_quarter_of_a_batch_while_another_waits"),
            at("crates/app/src/executor/mailbox.rs", "an_app_without_room_waits_only_while_others_do"),
        ],
    },
    Bound {
        section: "6",
        bound: "Milliseconds that the committer may lag",
        answer: "new sends and commands of apps that have their share of the work are `overloaded`; what was taken is done",
        constants: &[at(APP, "LAG_MS_MAX")],
        depth: &["store_lag_ms"],
        reached: &["app_overloads_total{bound=\"Share\"}"],
        tests: &[
            at(APP_TESTS, "a_store_that_lags_gets_new_work_by_the_share_of_the_app_only"),
            at(STORE_TESTS, "a_committer_that_lags_says_so_until_it_has_caught_up_and_takes_what_it_is_offered"),
        ],
    },
    Bound {
        section: "6",
        bound: "Live events that wait for one session",
        answer: "the queue is dropped and the device is poked",
        constants: &[at(EVENTS, "LIVE_EVENTS_MAX")],
        depth: &["net_live_events_queued"],
        reached: &["net_event_overflows_total"],
        tests: &[
            at(EVENTS, "the_event_past_the_count_overflows_and_is_counted"),
            at(EVENTS, "gauges_show_what_waits_in_all_queues_by_steps"),
            at(CONNECTION_TESTS, "a_peer_that_does_not_read_is_closed_at_the_write_deadline"),
        ],
    },
    Bound {
        section: "6",
        bound: "Bytes of live events that wait for one session; one event always fits an empty queue",
        answer: "the queue is dropped and the device is poked",
        constants: &[at(EVENTS, "LIVE_EVENT_BYTES_MAX")],
        depth: &["net_live_bytes_queued"],
        reached: &["net_event_overflows_total"],
        tests: &[
            at(EVENTS, "the_bytes_are_bounded_but_one_event_always_fits_an_empty_queue"),
            at(EVENTS, "an_empty_queue_holds_no_storage"),
            at(PAGE_TESTS, "what_a_server_counts_has_one_name_and_moves"),
        ],
    },
    Bound {
        section: "6",
        bound: "Live events, and their bytes, that wait for the welcome of one session",
        answer: "they are dropped and the device is poked behind its welcome",
        constants: &[at(EVENTS, "LIVE_EVENTS_MAX"), at(EVENTS, "LIVE_EVENT_BYTES_MAX")],
        depth: &[],
        reached: &["net_event_overflows_total"],
        tests: &[
            at(SESSION_TESTS, "too_much_before_the_welcome_becomes_a_poke_and_silence_until_a_pull"),
            at(SESSION_TESTS, "what_is_told_before_the_welcome_is_bounded_in_bytes"),
        ],
    },
    Bound {
        section: "6",
        bound: "Pokes of a session that was too slow, until it pulls: one",
        answer: "nothing more of the log is offered to it",
        constants: &[],
        depth: &["app_sessions_poked"],
        reached: &["app_pokes_total"],
        tests: &[
            at(APP_TESTS, "a_session_that_overflows_is_poked_once_and_told_nothing_until_it_pulls"),
            at(GATEWAY_TESTS, "a_slow_reader_is_poked_and_goes_on_from_its_position"),
            at(PAGE_TESTS, "what_a_server_counts_has_one_name_and_moves"),
        ],
    },
    Bound {
        section: "6",
        bound: "Answers to reads of one session that are in preparation or not written yet: one",
        answer: "the next read begins when the answer is written",
        constants: &[],
        depth: &["app_pages_in_preparation", "app_reads_waiting"],
        reached: &["app_page_waits_total"],
        tests: &[
            at(APP_TESTS, "one_answer_to_a_read_is_in_preparation_until_it_has_left"),
            at(GATEWAY_TESTS, "a_peer_that_takes_no_answers_has_one_page_in_memory"),
            at(PAGE_TESTS, "the_bounds_of_a_session_move_their_metrics"),
        ],
    },
    Bound {
        section: "6",
        bound: "Connections that a listener lets in a second",
        answer: "the others wait in the kernel",
        constants: &[at(ADMISSION, "accepts_per_second_max")],
        depth: &["net_accept_delay_ms_total"],
        reached: &["net_accepts_delayed_total"],
        tests: &[at(LISTENER_TESTS, "a_storm_of_connections_is_let_in_at_the_rate_and_nobody_is_refused")],
    },
    Bound {
        section: "6",
        bound: "Bytes of a frame, checked on the length that it announces",
        answer: "the connection is closed",
        constants: &[at("crates/net/src/framing.rs", "MESSAGE_BYTES_MAX"), at(LIMITS, "FRAME_BYTES_MAX")],
        depth: &["net_received_bytes_total", "net_received_frames_total"],
        reached: &["net_oversized_messages_total"],
        tests: &[
            at(CONNECTION_TESTS, "an_oversized_message_is_refused_by_its_length"),
            at(INPUT_TESTS, "a_message_over_the_limit_ends_the_connection"),
        ],
    },
    Bound {
        section: "6",
        bound: "Bytes of a body, as received",
        answer: "`too_large`",
        constants: &[at(LIMITS, "BODY_BYTES_MAX")],
        depth: &["net_received_bytes_total", "net_received_frames_total"],
        reached: &["net_refusals_total{code=\"too_large\"}"],
        tests: &[
            at(GATEWAY_TESTS, "what_a_session_refuses_by_itself_is_counted"),
            at(INPUT_TESTS, "a_body_of_exactly_the_limit_is_taken"),
            at(PAGE_TESTS, "the_bounds_of_a_session_move_their_metrics"),
        ],
    },
    Bound {
        section: "6",
        bound: "Calls in flight of one client, one of them kept for control",
        answer: "the others wait in the client",
        constants: &[at(LIMITS, "CALLS_MAX")],
        depth: &[],
        reached: &[],
        tests: &[at(CLIENT_TESTS, "calls_stay_below_the_limit_of_the_welcome_and_one_place_is_kept_for_control")],
    },
    Bound {
        section: "6",
        bound: "Sends in flight of one lane of a client's outbox",
        answer: "the others wait in the lane",
        constants: &[at("crates/client/src/core/limits.rs", "LANE_IN_FLIGHT_MAX")],
        depth: &[],
        reached: &[],
        tests: &[at(CLIENT_TESTS, "a_lane_has_a_bound_in_flight_and_goes_on_as_answers_come")],
    },
    Bound {
        section: "4",
        bound: "Commands that wait for one conversation to be loaded",
        answer: "`overloaded` with `retry_after`",
        constants: &[at("crates/app/src/executor/slot.rs", "WAITING_MAX")],
        depth: &["app_commands_waiting"],
        reached: &["app_overloads_total{bound=\"Waiting\"}"],
        tests: &[at(APP_TESTS, "commands_that_wait_for_one_conversation_are_bounded")],
    },
    Bound {
        section: "4",
        bound: "Reads of all sessions at once",
        answer: "`overloaded` with `retry_after`",
        constants: &[at(APP, "READS_MAX")],
        depth: &["app_reads"],
        reached: &["app_overloads_total{bound=\"Reads\"}"],
        tests: &[at(APP_TESTS, "reads_on_their_way_are_bounded")],
    },
    Bound {
        section: "4",
        bound: "Users that wait to be made",
        answer: "`overloaded` with `retry_after`",
        constants: &[at("crates/app/src/directory.rs", "USERS_PENDING_MAX")],
        depth: &["app_users_pending"],
        reached: &["app_overloads_total{bound=\"Users\"}"],
        tests: &[at(APP_TESTS, "users_that_wait_to_be_made_are_bounded")],
    },
    Bound {
        section: "3",
        bound: "Bytes of conversations that one executor keeps in memory",
        answer: "those that were used longest ago are forgotten, and loaded again when they are needed",
        constants: &[at("crates/app/src/node.rs", "executor_bytes_max")],
        depth: &["app_conversations_loaded"],
        reached: &["app_conversations_evicted_total"],
        tests: &[at("crates/app/tests/chat.rs", "evicted_conversations_are_loaded_again_as_they_were")],
    },
    Bound {
        section: "5",
        bound: "Events that a catch-up replays",
        answer: "`jump`",
        constants: &[at(LIMITS, "CATCH_UP_EVENTS_MAX")],
        depth: &[],
        reached: &["app_jumps_total"],
        tests: &[at(APP_TESTS, "a_catch_up_that_is_too_long_is_a_jump")],
    },
    Bound {
        section: "5",
        bound: "Members of a group",
        answer: "`too_many_members`",
        constants: &[at(LIMITS, "GROUP_MEMBERS_MAX")],
        depth: &[],
        reached: &["app_refusals_total{code=\"too_many_members\"}"],
        tests: &[at(APP_TESTS, "a_group_has_a_bounded_number_of_members")],
    },
    Bound {
        section: "7",
        bound: "Records, and their bytes, that wait for the committer; one offer always fits an empty queue",
        answer: "`overloaded` with `retry_after`",
        constants: &[at(STORE, "queue_records_max"), at(STORE, "queue_bytes_max")],
        depth: &["store_queue_records", "store_queue_bytes"],
        reached: &["store_refusals_total{reason=\"queue\"}"],
        tests: &[
            at(STORE_TESTS, "a_full_queue_is_overloaded_at_once"),
            at(STORE_TESTS, "a_queue_that_is_full_of_bytes_is_overloaded_but_takes_one_offer_of_any_size"),
        ],
    },
    Bound {
        section: "7",
        bound: "Bytes of the tail that is not in the index yet",
        answer: "`overloaded` with `retry_after`, until a checkpoint is written",
        constants: &[at(STORE, "tail_bytes_max")],
        depth: &["store_tail_bytes"],
        reached: &["store_refusals_total{reason=\"tail\"}"],
        tests: &[at(STORE_TESTS, "a_full_tail_is_overloaded_until_a_checkpoint")],
    },
    Bound {
        section: "7",
        bound: "The disk, found full when the next segment is prepared",
        answer: "`storage_full`, until there is room",
        constants: &[],
        depth: &["store_read_only"],
        reached: &["store_refusals_total{reason=\"full\"}"],
        tests: &[
            at(STORE_TESTS, "a_full_disk_is_found_one_segment_ahead_and_ends_by_itself"),
            at(STORE_TESTS, "what_waits_for_a_segment_is_refused_when_there_is_no_room_for_one"),
        ],
    },
    Bound {
        section: "8",
        bound: "Milliseconds within which a connection says hello",
        answer: "it is closed with `hello_timeout`",
        constants: &[at(LIMITS, "HELLO_TIMEOUT_MS")],
        depth: &["net_connections_open{transport=\"tcp\"}", "app_sessions"],
        reached: &["net_refusals_total{code=\"hello_timeout\"}"],
        tests: &[
            at(SESSION_TESTS, "a_peer_without_a_hello_is_sent_away"),
            at(GATEWAY_TESTS, "what_a_session_refuses_by_itself_is_counted"),
        ],
    },
    Bound {
        section: "8",
        bound: "Bytes of the first message of a connection",
        answer: "it is closed",
        constants: &[at("crates/gateway-native/src/decode.rs", "OTHER_FRAME_BYTES_MAX")],
        depth: &[],
        reached: &["net_oversized_messages_total"],
        tests: &[
            at(CONNECTION_TESTS, "a_stranger_gets_less_room_than_who_has_signed_in"),
            at(GATEWAY_TESTS, "a_first_message_larger_than_any_hello_ends_the_connection"),
        ],
    },
    Bound {
        section: "8",
        bound: "Time that a peer has to read a part of what it is sent",
        answer: "the connection is closed",
        constants: &[at("crates/net/src/wire.rs", "WRITE_DEADLINE"), at("crates/net/src/wire.rs", "WRITE_STEP_BYTES")],
        depth: &[],
        reached: &["net_write_deadline_closes_total"],
        tests: &[at(CONNECTION_TESTS, "a_peer_that_does_not_read_is_closed_at_the_write_deadline")],
    },
    Bound {
        section: "8",
        bound: "Connections of a server, and of one address",
        answer: "the socket is closed",
        constants: &[at(ADMISSION, "connections_max"), at(ADMISSION, "connections_per_ip_max")],
        depth: &["net_connections_open{transport=\"tcp\"}"],
        reached: &[
            "net_connections_refused_total{reason=\"total\"}",
            "net_connections_refused_total{reason=\"per_ip\"}",
        ],
        tests: &[
            at(LISTENER_TESTS, "the_maximum_of_connections_holds_over_all_listeners"),
            at(LISTENER, "who_is_not_admitted_is_counted_by_the_reason"),
        ],
    },
    Bound {
        section: "6",
        bound: "Users whose presence one session watches",
        answer: "`invalid_argument`",
        constants: &[at(LIMITS, "PRESENCE_SUBSCRIPTIONS_MAX")],
        depth: &["app_presence_watched"],
        reached: &["app_refusals_total{code=\"invalid_argument\"}"],
        tests: &[at(PRESENCE_TESTS, "a_list_takes_the_place_of_the_one_before_and_has_a_bound")],
    },
    Bound {
        section: "6",
        bound: "Users of one word of presence; one word is on its way to a session at a time",
        answer: "the session is told the newest of all once it has taken it",
        constants: &[at("crates/app/src/presence/watching.rs", "USERS_PER_FRAME_MAX")],
        depth: &["app_presence_waiting"],
        reached: &["app_presence_told_total"],
        tests: &[
            at(PRESENCE_TESTS, "a_list_takes_the_place_of_the_one_before_and_has_a_bound"),
            at(PRESENCE_TESTS, "a_slow_reader_gets_the_newest_state_and_only_that"),
        ],
    },
    Bound {
        section: "8",
        bound: "Devices of a user",
        answer: "`forbidden`",
        constants: &[at(LIMITS, "DEVICES_PER_USER_MAX")],
        depth: &[],
        reached: &["app_refusals_total{code=\"forbidden\"}"],
        tests: &[at(APP_TESTS, "a_user_has_a_bounded_number_of_devices")],
    },
];

/// The table as JSON.
///
/// # Errors
/// When a constant or a test is not where the table has it.
pub fn page(root: &Path) -> Result<String> {
    let mut page = String::from("{\n  \"made_by\": \"cargo xtask docs, from xtask/src/bounds.rs\",\n  \"bounds\": [\n");
    for (i, bound) in BOUNDS.iter().enumerate() {
        let entry = entry(root, bound).with_context(|| format!("of the bound \"{}\"", bound.bound))?;
        page += &entry;
        page += if i + 1 < BOUNDS.len() { ",\n" } else { "\n" };
    }
    page += "  ]\n}\n";
    Ok(page)
}

fn entry(root: &Path, bound: &Bound) -> Result<String> {
    let Bound { section, bound, answer, constants, depth, reached, tests } = bound;
    let mut constant_lines = Vec::new();
    for Place { file, name } in *constants {
        let source = source(root, file)?;
        let value = constant(&source, name).with_context(|| format!("{file} has no constant {name}"))?;
        constant_lines.push(object(&[("name", name), ("value", &value), ("file", file)]));
    }
    let mut test_lines = Vec::new();
    for Place { file, name } in *tests {
        if !has_test(&source(root, file)?, name) {
            bail!("{file} has no test {name}");
        }
        test_lines.push(object(&[("name", name), ("file", file)]));
    }
    let metrics = |names: &[&str]| names.iter().map(|name| quoted(&format!("stonechat_{name}"))).collect::<Vec<_>>();
    let mut entry = String::from("    {\n");
    for (key, value) in [("section", section), ("bound", bound), ("answer", answer)] {
        let _ = writeln!(entry, "      {}: {},", quoted(key), quoted(value));
    }
    let lists = [
        ("constants", constant_lines),
        ("depth", metrics(depth)),
        ("reached", metrics(reached)),
        ("tests", test_lines),
    ];
    for (i, (key, values)) in lists.iter().enumerate() {
        let end = if i + 1 < lists.len() { "," } else { "" };
        if values.is_empty() {
            let _ = writeln!(entry, "      {}: []{end}", quoted(key));
        } else {
            let _ = writeln!(entry, "      {}: [\n        {}\n      ]{end}", quoted(key), values.join(",\n        "));
        }
    }
    entry += "    }";
    Ok(entry)
}

fn source(root: &Path, file: &str) -> Result<String> {
    fs::read_to_string(root.join(file)).with_context(|| format!("could not read {file}"))
}

/// The value of `const NAME: T = value;`, or of a field `name: value` of the defaults.
fn constant(source: &str, name: &str) -> Option<String> {
    let start = format!("const {name}: ");
    if let Some((_, rest)) = source.split_once(&start) {
        let (_, value) = rest.split_once(" = ")?;
        return Some(value.split_once(';')?.0.to_owned());
    }
    let (_, defaults) = source.split_once("fn default() -> Self {")?;
    let (_, value) = defaults.split_once(&format!("{name}: "))?;
    Some(value[..value.find([',', '}'])?].trim().to_owned())
}

/// Whether there is a function of that name with an attribute of a test.
fn has_test(source: &str, name: &str) -> bool {
    let Some(at) = source.find(&format!("fn {name}(")) else { return false };
    let mut before = source[..at].lines().rev().skip_while(|line| !line.trim_start().starts_with("#["));
    before.next().is_some_and(|attribute| attribute.contains("test")) && {
        let gap = source[..at].rsplit("#[").next().unwrap_or_default();
        !gap.contains("fn ")
    }
}

fn object(fields: &[(&str, &str)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(key, value)| format!("{}: {}", quoted(key), quoted(value))).collect();
    format!("{{ {} }}", fields.join(", "))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_where_it_is() {
        let source =
            "/// Doc.\npub const A_MAX: usize = 64 * 1024;\nfn default() -> Self {\n Self { b_max: 1_024, c: X }\n}";
        assert_eq!(constant(source, "A_MAX").as_deref(), Some("64 * 1024"));
        assert_eq!(constant(source, "b_max").as_deref(), Some("1_024"));
        assert_eq!(constant(source, "c").as_deref(), Some("X"));
        assert_eq!(constant(source, "d"), None);
    }

    #[test]
    fn a_test_is_a_function_with_an_attribute_of_its_own() {
        let source =
            "#[test]\nfn one() {}\n\nfn helper() {}\n\n#[tokio::test(start_paused = true)]\nasync fn two() {}\n";
        assert!(has_test(source, "one") && has_test(source, "two"));
        assert!(!has_test(source, "helper") && !has_test(source, "three"));
    }

    #[test]
    fn every_bound_has_a_test_and_all_but_those_of_clients_a_metric() {
        for bound in BOUNDS {
            assert!(!bound.tests.is_empty(), "{}", bound.bound);
            let of_a_client = bound.tests.iter().all(|test| test.file.starts_with("crates/client/"));
            assert_eq!(bound.reached.is_empty(), of_a_client, "{}", bound.bound);
        }
    }
}
