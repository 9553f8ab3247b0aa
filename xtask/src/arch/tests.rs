//! One planted violation a rule: a rule that cannot fail is a defect.

use super::*;

const CRATES: [&str; 14] = [
    "types",
    "wire",
    "domain",
    "log",
    "app",
    "log-segment",
    "net",
    "gateway-native",
    "http",
    "client",
    "server",
    "testkit",
    "simulation",
    "bench",
];

/// A small workspace that breaks nothing.
fn clean() -> Tree {
    let mut tree = Tree { files: BTreeMap::new() };
    let mut map = String::from("# Architecture\n");
    for name in CRATES {
        tree.plant(&format!("crates/{name}/Cargo.toml"), &manifest(name, ""));
        tree.plant(&format!("crates/{name}/src/lib.rs"), "//! A crate.\n");
        map.push_str(&format!("- `{name}` is a crate.\n"));
    }
    map.push_str("- `xtask` is a tool.\n");
    tree.plant("ARCHITECTURE.md", &map);
    tree.plant("Cargo.toml", "[workspace]\n[workspace.dependencies]\n");
    tree.plant("xtask/Cargo.toml", "[package]\nname = \"xtask\"\n");
    tree.plant("xtask/src/main.rs", "fn main() { let _ = std::time::Instant::now(); }\n");
    tree
}

fn manifest(name: &str, dependencies: &str) -> String {
    format!("[package]\nname = \"stonechat-{name}\"\n{dependencies}\n")
}

impl Tree {
    fn plant(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), text.to_owned());
    }
}

/// The rules that a clean tree with one more file breaks, once each place.
fn broken_by(path: &str, text: &str) -> Vec<Rule> {
    let mut tree = clean();
    tree.plant(path, text);
    check(&tree).unwrap().iter().map(|violation| violation.rule).collect()
}

/// The same for one arrow of a crate's manifest.
fn broken_by_arrow(from: &str, section: &str, to: &str) -> Vec<Rule> {
    broken_by(&format!("crates/{from}/Cargo.toml"), &manifest(from, &format!("[{section}]\n{to} = \"1\"")))
}

const NOTHING: [Rule; 0] = [];

#[test]
fn a_clean_tree_passes() {
    assert_eq!(check(&clean()).unwrap(), []);
}

#[test]
fn a_tree_is_read_from_the_disk_as_it_is_planted() {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in &clean().files {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    assert_eq!(Tree::read(folder.path()).unwrap().files, clean().files);
    run(folder.path()).unwrap();
    fs::write(folder.path().join("crates/app/src/lib.rs"), "use std::net::TcpStream;").unwrap();
    assert_eq!(run(folder.path()).unwrap_err().to_string(), "1 violations of the architecture");
}

#[test]
fn an_arrow_outside_the_table_is_refused() {
    assert_eq!(broken_by_arrow("log", "dependencies", "stonechat-app"), [Rule::Arrow]);
    assert_eq!(broken_by_arrow("log", "build-dependencies", "stonechat-app"), [Rule::Arrow]);
    assert_eq!(broken_by_arrow("log", "dev-dependencies", "stonechat-app"), [Rule::Arrow]);
    assert_eq!(broken_by_arrow("log", "target.'cfg(unix)'.dependencies", "stonechat-app"), [Rule::Arrow]);
}

#[test]
fn an_arrow_behind_another_name_is_refused() {
    let renamed = manifest("log", "[dependencies]\nfriend = { package = \"stonechat-app\", path = \"../app\" }");
    assert_eq!(broken_by("crates/log/Cargo.toml", &renamed), [Rule::Arrow]);
}

#[test]
fn a_crate_outside_the_table_is_refused() {
    let rules = broken_by("crates/novelty/Cargo.toml", &manifest("novelty", ""));
    assert!(rules.contains(&Rule::Arrow), "{rules:?}");
}

#[test]
fn an_arrow_of_the_table_passes_and_one_for_tests_only_in_tests() {
    assert_eq!(broken_by_arrow("app", "dependencies", "stonechat-log"), NOTHING);
    assert_eq!(broken_by_arrow("bench", "dev-dependencies", "stonechat-server"), NOTHING);
    assert_eq!(broken_by_arrow("bench", "dependencies", "stonechat-server"), [Rule::Arrow]);
}

#[test]
fn a_pure_crate_names_no_other_ring() {
    assert_eq!(broken_by_arrow("domain", "dependencies", "stonechat-log"), [Rule::Pure]);
}

#[test]
fn a_pure_crate_names_no_runtime_randomness_or_logging() {
    for package in ["tokio", "tokio-util", "rand", "rand_core", "getrandom", "tracing", "tracing-subscriber", "log"] {
        assert_eq!(broken_by_arrow("wire", "dependencies", package), [Rule::Pure], "{package}");
    }
    assert_eq!(broken_by_arrow("wire", "dev-dependencies", "tokio"), NOTHING);
}

#[test]
fn a_pure_crate_asks_for_no_random_ids() {
    let text = manifest("types", "[dependencies]\nuuid = { version = \"1\", features = [\"v7\"] }");
    assert_eq!(broken_by("crates/types/Cargo.toml", &text), [Rule::Pure]);
}

#[test]
fn a_pure_source_names_nothing_of_the_world() {
    let lines = [
        "use tokio::sync::mpsc;",
        "fn a() { std::fs::read(\"x\"); }",
        "use std::{net::TcpStream};",
        "use std::time::SystemTime;",
        "use std::time::{Duration, Instant};",
        "use std::thread;",
        "fn a() { rand::random::<u8>(); }",
        "fn a() { getrandom::fill(b); }",
        "fn a() { tracing::info!(\"x\"); }",
        "use std::env;",
    ];
    for line in lines {
        assert_eq!(broken_by("crates/domain/src/rule.rs", line), [Rule::Pure], "{line}");
        assert_eq!(broken_by("crates/client/src/core/outbox.rs", line), [Rule::Pure], "{line}");
    }
    assert_eq!(broken_by("crates/client/src/core/mod.rs", "use crate::store::Store;"), [Rule::Pure]);
    assert_eq!(broken_by("crates/domain/src/rule.rs", "use std::time::Duration; use std::fmt;"), NOTHING);
}

#[test]
fn app_names_no_wire_format() {
    assert_eq!(broken_by_arrow("app", "dependencies", "stonechat-wire"), [Rule::App]);
    assert_eq!(broken_by_arrow("app", "dependencies", "prost"), [Rule::App]);
    assert_eq!(broken_by_arrow("app", "dependencies", "serde_json"), [Rule::App]);
}

#[test]
fn app_names_no_protocol() {
    for package in ["stonechat-http", "axum", "hyper", "stonechat-gateway-xmpp", "stonechat-net"] {
        assert_eq!(broken_by_arrow("app", "dependencies", package), [Rule::App], "{package}");
    }
}

#[test]
fn app_names_no_concrete_engine_not_even_in_tests() {
    assert_eq!(broken_by_arrow("app", "dependencies", "stonechat-log-segment"), [Rule::App]);
    assert_eq!(broken_by_arrow("app", "dev-dependencies", "stonechat-log-segment"), [Rule::App]);
    assert_eq!(broken_by_arrow("app", "dependencies", "fjall"), [Rule::App]);
}

#[test]
fn a_gateway_names_no_other_gateway() {
    assert_eq!(broken_by_arrow("gateway-native", "dependencies", "stonechat-http"), [Rule::Gateway]);
    assert_eq!(broken_by_arrow("http", "dependencies", "stonechat-gateway-native"), [Rule::Gateway]);
}

#[test]
fn a_gateway_names_no_store() {
    assert_eq!(broken_by_arrow("gateway-native", "dependencies", "stonechat-log-segment"), [Rule::Gateway]);
}

#[test]
fn a_gateway_names_no_push() {
    assert_eq!(broken_by_arrow("gateway-native", "dependencies", "stonechat-push"), [Rule::Gateway]);
}

#[test]
fn a_gateway_has_no_socket() {
    assert_eq!(broken_by_arrow("gateway-native", "dependencies", "tokio"), [Rule::Gateway]);
    assert_eq!(broken_by_arrow("gateway-native", "dependencies", "stonechat-net"), NOTHING);
}

#[test]
fn the_sdk_names_only_pure_crates() {
    assert_eq!(broken_by_arrow("client", "dependencies", "stonechat-log"), [Rule::Client]);
}

#[test]
fn only_the_roots_name_the_sdk() {
    assert_eq!(broken_by_arrow("http", "dependencies", "stonechat-client"), [Rule::Client]);
    assert_eq!(broken_by_arrow("bench", "dependencies", "stonechat-client"), NOTHING);
}

#[test]
fn only_the_roots_name_a_concrete_edge() {
    assert_eq!(broken_by_arrow("log", "dependencies", "stonechat-log-segment"), [Rule::Edge]);
    assert_eq!(broken_by_arrow("bench", "dependencies", "stonechat-log-segment"), [Rule::Edge]);
    assert_eq!(broken_by_arrow("server", "dependencies", "stonechat-log-segment"), NOTHING);
    assert_eq!(broken_by_arrow("testkit", "dependencies", "stonechat-net"), NOTHING);
}

#[test]
fn the_operating_system_stays_at_the_edges() {
    let lines = [
        "use std::time;",
        "use std::time::Instant;",
        "use std::thread;",
        "use std::fs::File;",
        "use tokio::net::TcpListener;",
        "fn a() { Instant::now(); }",
        "fn a() { clock::SystemTime::now(); }",
        "type A = HashMap<u8, u8, RandomState>;",
        "fn a() { task::spawn_blocking(|| 1); }",
        "fn a() { Uuid::now_v7(); }",
        "fn a() { ring_rand::SystemRandom::new(); }",
    ];
    for line in lines {
        assert_eq!(broken_by("crates/app/src/executor.rs", line), [Rule::System], "{line}");
        assert_eq!(broken_by("crates/client/src/account.rs", line), [Rule::System], "{line}");
        for edge in
            ["net/src/a.rs", "server/src/a.rs", "log-segment/src/a.rs", "client/src/driver/a.rs", "client/src/store.rs"]
        {
            assert_eq!(broken_by(&format!("crates/{edge}"), line), NOTHING, "{edge}: {line}");
        }
        assert_eq!(broken_by("crates/app/tests/executor.rs", line), NOTHING, "{line}");
        assert_eq!(broken_by("crates/log/src/contract/cases.rs", line), NOTHING, "{line}");
        assert_eq!(broken_by("crates/log/src/memory.rs", line), [Rule::System], "{line}");
    }
}

#[test]
fn a_comment_a_string_and_a_test_break_nothing() {
    let text = "
        // std::fs, unbounded_channel, tokio::select! {
        /* mod util { } use std::thread; */
        const A: &str = \"std::fs unbounded_channel select! { x }\";
        #[cfg(test)] mod tests { use std::time::Instant; use tokio::sync::mpsc; }
    ";
    assert_eq!(broken_by("crates/domain/src/rule.rs", text), NOTHING);
}

#[test]
fn a_file_that_only_tests_compile_may_touch_the_system() {
    let mut tree = clean();
    tree.plant("crates/app/src/executor.rs", "#[cfg(test)] mod crashes;");
    tree.plant("crates/app/src/executor/crashes.rs", "use std::fs;");
    tree.plant("crates/app/src/executor/crashes/deep.rs", "use std::fs;");
    assert_eq!(check(&tree).unwrap(), []);
    tree.plant("crates/app/src/executor.rs", "mod crashes;");
    assert_eq!(check(&tree).unwrap().len(), 2);
}

#[test]
fn a_task_has_a_tracker() {
    assert_eq!(broken_by("crates/net/src/a.rs", "fn a() { tokio::spawn(b()); }"), [Rule::Tasks]);
    assert_eq!(
        broken_by("crates/net/src/a.rs", "fn a() { tokio::task::spawn(b()); tracker.spawn(c()); }"),
        [Rule::Tasks]
    );
    assert_eq!(broken_by("crates/net/tests/a.rs", "fn a() { tokio::spawn(b()); }"), NOTHING);
}

#[test]
fn a_queue_has_a_bound_even_in_tests() {
    let line = "fn a() { let (t, r) = tokio::sync::mpsc::unbounded_channel::<u8>(); }";
    assert_eq!(broken_by("crates/net/src/a.rs", line), [Rule::Unbounded]);
    assert_eq!(broken_by("crates/net/tests/a.rs", line), [Rule::Unbounded]);
}

#[test]
fn a_select_is_biased() {
    assert_eq!(broken_by("crates/net/src/a.rs", "fn a() { tokio::select! { x = y => {} biased; } }"), [Rule::Select]);
    assert_eq!(broken_by("crates/net/src/a.rs", "fn a() { tokio::select! { biased; x = y => {} } }"), NOTHING);
}

#[test]
fn a_module_that_says_nothing_is_refused() {
    for path in [
        "src/common.rs",
        "src/util/mod.rs",
        "src/utils.rs",
        "src/helpers.rs",
        "src/misc.rs",
        "src/shared.rs",
        "src/core.rs",
        "tests/common/mod.rs",
    ] {
        assert_eq!(broken_by(&format!("crates/app/{path}"), ""), [Rule::Name], "{path}");
    }
    assert_eq!(broken_by("crates/app/src/lib.rs", "mod helper { }"), [Rule::Name]);
    assert_eq!(broken_by("crates/client/src/core/outbox.rs", ""), NOTHING);
    assert_eq!(broken_by("crates/client/src/core/util.rs", ""), [Rule::Name]);
}

#[test]
fn a_crate_that_says_nothing_is_refused() {
    let rules = broken_by("crates/common/Cargo.toml", &manifest("common", ""));
    assert!(rules.contains(&Rule::Name), "{rules:?}");
}

#[test]
fn a_package_is_called_after_its_folder() {
    assert_eq!(broken_by("crates/log/Cargo.toml", &manifest("journal", "")), [Rule::Name]);
}

#[test]
fn a_crate_missing_from_the_map_is_refused() {
    let map = clean().files["ARCHITECTURE.md"].replace("`log`", "the log, `log-segment`");
    assert_eq!(broken_by("ARCHITECTURE.md", &map), [Rule::Map]);
}

#[test]
fn a_long_file_is_listed_and_a_longer_one_refused() {
    let mut tree = clean();
    tree.plant("crates/app/src/long.rs", &"\n".repeat(rules::LINES_MAX));
    assert_eq!(check(&tree).unwrap(), []);
    assert_eq!(long_files(&tree), [("crates/app/src/long.rs", rules::LINES_MAX)]);
    assert_eq!(broken_by("crates/app/src/longer.rs", &"\n".repeat(rules::LINES_MAX + 1)), [Rule::Length]);
}
