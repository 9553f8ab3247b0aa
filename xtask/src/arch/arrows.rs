//! Which crate may name which: the table of arrows, and what no table may allow.

use super::manifest::{Dependency, Kind, Manifest};
use super::{Rule, Violation};

/// What one crate may name of ours. `server`, `testkit` and `simulation` may name everything.
struct Arrows {
    from: &'static str,
    /// In the product, by its manifest's dependencies and build-dependencies.
    names: &'static [&'static str],
    /// In its tests besides.
    tests_name: &'static [&'static str],
}

const fn arrows(from: &'static str, names: &'static [&'static str], tests_name: &'static [&'static str]) -> Arrows {
    Arrows { from, names, tests_name }
}

const EVERYTHING: &[&str] = &["*"];

/// The one table. A crate that is not here is refused, so a new one begins with a line here.
#[rustfmt::skip]
const TABLE: &[Arrows] = &[
    //     crate             may name                                its tests besides
    // pure
    arrows("types",          &[],                                    &[]),
    arrows("wire",           &["types"],                             &[]),
    arrows("domain",         &["types"],                             &[]),
    // port
    arrows("log",            &["types", "domain"],                   &[]),
    // application
    arrows("app",            &["types", "domain", "log"],            &[]),
    // edges
    arrows("log-segment",    &["types", "domain", "log"],            &[]),
    arrows("net",            &["types"],                             &[]),
    arrows("gateway-native", &["types", "wire", "domain", "app", "net"], &["log"]),
    arrows("http",           &["types", "domain", "app"],            &["log"]),
    // our own
    arrows("client",         &["types", "wire", "domain"],           &[]),
    // roots and tools
    arrows("server",         EVERYTHING,                             &[]),
    arrows("testkit",        EVERYTHING,                             &[]),
    arrows("simulation",     EVERYTHING,                             &[]),
    arrows("bench",          &["types", "wire", "client"],           &["server", "testkit"]),
    arrows("xtask",          &["types", "domain"],                   &[]),
];

/// The crates that are pure as a whole. Of `client`, only `src/core` is.
pub const PURE: [&str; 3] = ["types", "wire", "domain"];

/// What a pure crate may not name of others: tasks, input and output, randomness, logging.
const IMPURE: &[&str] = &[
    "async-std",
    "env_logger",
    "fastrand",
    "futures-executor",
    "getrandom",
    "hyper",
    "log",
    "mio",
    "rand",
    "rand_core",
    "reqwest",
    "ring",
    "rusqlite",
    "rustix",
    "smol",
    "socket2",
    "tokio",
    "tracing",
];

/// What `app` may not name of others: encodings, protocols and engines.
const WIRES_AND_ENGINES: &[&str] = &[
    "axum",
    "fjall",
    "http",
    "http-body",
    "http-body-util",
    "hyper",
    "hyper-util",
    "minidom",
    "mqtt-protocol-core",
    "pbjson",
    "prost",
    "quick-xml",
    "reqwest",
    "rumqttc",
    "rumqttd",
    "rusqlite",
    "rustls",
    "rxml",
    "serde_json",
    "sqlx",
    "tokio-postgres",
    "tokio-rustls",
    "tokio-websockets",
    "tonic",
    "tower",
    "tungstenite",
    "websocket-sans-io",
    "xmpp-parsers",
];

/// What a gateway may not name of others: it is a machine, so it has no task, no socket and no store.
const SOCKETS_AND_STORES: &[&str] = &[
    "async-std",
    "axum",
    "fjall",
    "getrandom",
    "hyper",
    "hyper-util",
    "mio",
    "rand",
    "reqwest",
    "rusqlite",
    "rustls",
    "socket2",
    "sqlx",
    "tokio",
    "tokio-postgres",
    "tokio-rustls",
    "tokio-websockets",
];

/// Features that bring the clock or randomness into a crate that is pure without them.
const IMPURE_FEATURES: &[(&str, &[&str])] =
    &[("uuid", &["v1", "v4", "v6", "v7", "rng", "rng-getrandom", "rng-rand", "fast-rng"])];

/// Judges the arrows of one manifest.
pub fn check(path: &str, folder: &str, manifest: &Manifest, violations: &mut Vec<Violation>) {
    for dependency in &manifest.dependencies {
        let refusal = match dependency.package.strip_prefix("stonechat-") {
            Some(to) => refuse_ours(folder, to, dependency.kind),
            None => refuse_other(folder, dependency),
        };
        if let Some((rule, text)) = refusal {
            violations.push(Violation { rule, path: path.to_owned(), line: dependency.line, text });
        }
    }
    if !TABLE.iter().any(|row| row.from == folder) {
        let text = format!("the crate `{folder}` has no line in the table of xtask/src/arch/arrows.rs");
        violations.push(Violation { rule: Rule::Arrow, path: path.to_owned(), line: None, text });
    }
}

fn refuse_ours(from: &str, to: &str, kind: Kind) -> Option<(Rule, String)> {
    if let Some((rule, why)) = never(from, to, kind) {
        return Some((rule, format!("`{from}` names `{to}`: {why}")));
    }
    let row = TABLE.iter().find(|row| row.from == from)?;
    let in_tests = kind == Kind::Dev && row.tests_name.contains(&to);
    if row.names == EVERYTHING || row.names.contains(&to) || in_tests {
        return None;
    }
    Some((Rule::Arrow, format!("`{from}` names `{to}`, which the table does not allow")))
}

/// What the design refuses whatever the table says. Tests obey it too, but for `bench`, `testkit` and `simulation`,
/// whose purpose is to drive the whole.
fn never(from: &str, to: &str, kind: Kind) -> Option<(Rule, &'static str)> {
    let drives_the_whole =
        matches!(from, "server" | "testkit" | "simulation") || (from == "bench" && kind == Kind::Dev);
    if drives_the_whole {
        return None;
    }
    let store = to.starts_with("log-") || matches!(to, "records" | "files" | "search");
    if PURE.contains(&from) && !PURE.contains(&to) {
        return Some((Rule::Pure, "a pure crate names pure crates only"));
    }
    if from == "client" && !PURE.contains(&to) {
        return Some((Rule::Client, "the SDK names only `types`, `wire` and `domain`"));
    }
    if to == "client" && from != "bench" {
        return Some((Rule::Client, "only `server`, `testkit`, `simulation` and `bench` name the SDK"));
    }
    if is_gateway(from) && (is_gateway(to) || store || to == "push") {
        return Some((Rule::Gateway, "a gateway names no other gateway, no store and no push"));
    }
    if from == "app" && (to == "wire" || is_edge(to)) {
        return Some((Rule::App, "`app` names no wire format, no protocol and no engine"));
    }
    if is_edge(to) && !(to == "net" && is_gateway(from)) {
        return Some((Rule::Edge, "only `server`, `testkit` and `simulation` name a concrete edge"));
    }
    None
}

fn refuse_other(from: &str, dependency: &Dependency) -> Option<(Rule, String)> {
    // Tests of a pure crate may draw random cases, and tests of a gateway may run a socket.
    if dependency.kind != Kind::Normal {
        return None;
    }
    let package = dependency.package.as_str();
    let listed = |list: &[&str]| {
        list.iter().any(|refused| {
            package == *refused
                || package.strip_prefix(refused).is_some_and(|rest| {
                    // `tokio` stands for its family, and so do the others.
                    rest.starts_with('-') && matches!(*refused, "tokio" | "tracing" | "rand")
                })
        })
    };
    if PURE.contains(&from) {
        if listed(IMPURE) {
            return Some((Rule::Pure, format!("the pure crate `{from}` names `{package}`")));
        }
        let refused =
            IMPURE_FEATURES.iter().find(|(name, _)| *name == package).map_or(&[][..], |(_, features)| features);
        if let Some(feature) = refused.iter().find(|feature| dependency.features.contains(**feature)) {
            return Some((Rule::Pure, format!("the pure crate `{from}` asks `{package}` for `{feature}`")));
        }
    }
    if from == "app" && listed(WIRES_AND_ENGINES) {
        return Some((Rule::App, format!("`app` names `{package}`")));
    }
    if from.starts_with("gateway-") && listed(SOCKETS_AND_STORES) {
        return Some((Rule::Gateway, format!("`{from}` is a machine without sockets and names `{package}`")));
    }
    None
}

fn is_gateway(name: &str) -> bool {
    name.starts_with("gateway-") || name == "http"
}

fn is_edge(name: &str) -> bool {
    const CAPABILITIES: &[&str] =
        &["ai", "analytics", "cluster-net", "files", "net", "push", "records", "rtc", "search", "support", "webhooks"];
    is_gateway(name) || name.starts_with("log-") || CAPABILITIES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_allows_nothing_that_the_design_refuses() {
        for row in TABLE.iter().filter(|row| row.names != EVERYTHING) {
            for to in row.names {
                assert_eq!(never(row.from, to, Kind::Normal), None, "{} → {to}", row.from);
            }
            for to in row.tests_name {
                assert_eq!(never(row.from, to, Kind::Dev), None, "{} → {to} in tests", row.from);
            }
        }
    }

    #[test]
    fn every_arrow_of_the_table_leads_to_a_crate_of_the_table() {
        for to in TABLE.iter().flat_map(|row| row.names.iter().chain(row.tests_name)).filter(|to| **to != "*") {
            assert!(TABLE.iter().any(|row| row.from == *to), "{to}");
        }
    }
}
