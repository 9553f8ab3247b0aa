//! What an operator sees for each way in which a configuration can be wrong.

use crate::config::loading::{Loaded, Sources, load};
use crate::config::problem::ConfigError;
use crate::config::settings::{LogFormat, Protection};
use crate::config::show::{check, show};
use crate::config::table::{LISTEN_HTTP, SERVER_DATA};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use stonechat_types::number::AppId;

/// A folder with a file in it, and variables.
fn sources(toml: &str, variables: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stonechat.toml");
    std::fs::write(&path, toml).unwrap();
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let sources = Sources::new(variables).with_file(Some(path));
    (folder, sources)
}

fn loaded(toml: &str, variables: &[(&str, &str)]) -> Loaded {
    load(&sources(toml, variables).1).unwrap_or_else(|error| panic!("{error}"))
}

/// The whole text and the error, with the temporary folder cut away.
fn refused(toml: &str, variables: &[(&str, &str)]) -> (String, ConfigError) {
    let (folder, sources) = sources(toml, variables);
    let error = load(&sources).expect_err("it is refused");
    let folder = format!("{}/", folder.path().display());
    (error.to_string().replace(&folder, ""), error)
}

/// The only problem.
fn problem(toml: &str, variables: &[(&str, &str)]) -> String {
    let (text, error) = refused(toml, variables);
    assert!(matches!(error, ConfigError::Problems(_)), "{text}");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("the configuration cannot be used"));
    let problem = lines.next().expect("there is a problem").trim().to_owned();
    assert_eq!(lines.next(), None, "{text}");
    problem
}

#[test]
fn nothing_at_all_is_a_safe_configuration() {
    let settings = load(&Sources::default()).unwrap().settings;
    assert_eq!(settings.data, None);
    assert_eq!(settings.listen.http, "127.0.0.1:8080".parse().unwrap());
    assert_eq!((settings.listen.tcp, settings.listen.protection), (None, Protection::Off));
    assert_eq!(settings.apps.len(), 1);
    assert_eq!((settings.apps[0].id, settings.apps[0].audience.as_str()), (AppId::DEFAULT, "stonechat:default"));
    assert!(settings.auto_create && !settings.demo && settings.metrics_allow_from.is_empty());
    assert!(settings.web && settings.web_folder.is_none());
    assert_eq!(settings.log.format, LogFormat::Text);
    assert_eq!(settings.messages, stonechat_domain::message::MessagePolicy::default());
    assert_eq!(settings.limits, stonechat_net::admission::Limits::default());
    let engine = stonechat_log_segment::config::Config::default();
    assert_eq!(settings.store.segment_bytes, engine.segment_bytes);
    assert_eq!(settings.store.checkpoint_bytes, engine.checkpoint_bytes);
    assert_eq!(settings.store.tail_bytes_max, engine.tail_bytes_max);
}

#[test]
fn flags_come_before_variables_and_variables_before_the_file() {
    let toml = "[listen]\nhttp = \"127.0.0.1:1\"\ntcp = \"127.0.0.1:2\"\n[limits]\nconnections_max = 7\n";
    let variables = [("STONECHAT_LISTEN__TCP", "127.0.0.1:3"), ("STONECHAT_LIMITS__CONNECTIONS_MAX", "9")];
    let (_folder, sources) = sources(toml, &variables);
    let sources = sources.with_flag("--listen", LISTEN_HTTP, Some("127.0.0.1:4".to_owned()));
    let settings = load(&sources.with_flag("--data", SERVER_DATA, None)).unwrap().settings;
    assert_eq!(settings.listen.http.port(), 4);
    assert_eq!(settings.listen.tcp.unwrap().port(), 3);
    assert_eq!(settings.limits.connections_max, 9);
}

#[test]
fn each_kind_of_value_is_read_from_a_variable() {
    let variables = [
        ("STONECHAT_USERS__AUTO_CREATE", "false"),
        ("STONECHAT_METRICS__ALLOW_FROM", "10.0.0.0/8, 192.0.2.1"),
        ("STONECHAT_LOG__FORMAT", "json"),
        ("STONECHAT_SERVER__DATA", "/data"),
        ("STONECHAT_APPS__DEFAULT__PUBLIC_KEYS__Key1", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
        ("STONECHAT_URL", "ws://a client's"),
        ("STONECHAT_TOKEN", "a client's"),
        ("STONECHAT_HOME", "/a client's"),
        ("PATH", "/bin"),
    ];
    let settings = loaded("", &variables).settings;
    assert!(!settings.auto_create);
    assert_eq!(settings.metrics_allow_from, ["10.0.0.0/8".parse().unwrap(), "192.0.2.1".parse().unwrap()]);
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.data, Some(PathBuf::from("/data")));
    assert!(settings.apps[0].public_keys.contains_key("Key1"));
}

#[test]
fn paths_in_a_file_are_relative_to_the_file() {
    let toml = "server.data = \"data\"\n[listen]\ntls_certificate = \"chain.pem\"\ntls_key = \"/etc/key.pem\"\n";
    let (folder, sources) = sources(toml, &[]);
    let settings = load(&sources).unwrap().settings;
    assert_eq!(settings.data, Some(folder.path().join("data")));
    let own = Protection::Own { certificate: folder.path().join("chain.pem"), key: PathBuf::from("/etc/key.pem") };
    assert_eq!(settings.listen.protection, own);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = load(&Sources::default().with_file(Some(PathBuf::from("/nowhere/s.toml")))).unwrap_err();
    assert_eq!(error.to_string(), "could not read the configuration /nowhere/s.toml");
    let folder = tempfile::tempdir().unwrap();
    let error = load(&Sources::default().with_file(Some(folder.path().to_owned()))).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }), "{error}");
}

#[test]
fn what_is_not_toml_is_named_with_line_and_column() {
    let (text, error) = refused("[listen]\nhttp = \"127.0.0.1:8080\n", &[]);
    assert!(matches!(error, ConfigError::NotToml(_)), "{text}");
    assert!(text.starts_with("the configuration is not TOML\n  stonechat.toml:2: "), "{text}");
    assert!(text.contains("(column "), "{text}");
    let (text, _) = refused("[listen]\nhttp = \"a\"\nhttp = \"b\"\n", &[]);
    assert!(text.contains("stonechat.toml:3: duplicate key"), "{text}");
}

#[test]
fn bytes_that_are_not_utf8_are_named_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.toml");
    std::fs::write(&path, b"# one\n# \xff\n").unwrap();
    let error = load(&Sources::default().with_file(Some(path))).unwrap_err();
    assert!(matches!(&error, ConfigError::NotToml(_)), "{error}");
    assert!(error.to_string().ends_with("s.toml:2: is not UTF-8 (column 3)"), "{error}");
}

#[test]
fn an_unknown_setting_of_the_file_is_refused_with_its_line_and_a_guess() {
    assert_eq!(
        problem("[listen]\n\nhtp = \"127.0.0.1:1\"\n", &[]),
        "stonechat.toml:3: listen.htp is not a setting; did you mean listen.http?"
    );
    assert_eq!(
        problem("[database]\nurl = 1\n", &[]),
        "stonechat.toml:2: database.url is not a setting; `stonechat config show` lists all"
    );
    assert_eq!(
        problem("[database]\n", &[]),
        "stonechat.toml:1: database is not a setting; `stonechat config show` lists all"
    );
    assert!(problem("listen = 1\n", &[]).starts_with("stonechat.toml:1: listen is not a setting"));
}

#[test]
fn an_unknown_variable_is_refused_by_name() {
    assert_eq!(
        problem("", &[("STONECHAT_LISTEN__HTPP", "127.0.0.1:1")]),
        "the variable STONECHAT_LISTEN__HTPP: is not a setting; did you mean STONECHAT_LISTEN__HTTP?"
    );
    assert_eq!(
        problem("", &[("STONECHAT_PASSWORD", "secret")]),
        "the variable STONECHAT_PASSWORD: is not a setting (STONECHAT_SECTION__KEY); `stonechat config show` lists all"
    );
    // One separator too few is the commonest slip.
    assert!(problem("", &[("STONECHAT_LISTEN_HTTP", "x")]).contains("did you mean STONECHAT_LISTEN__HTTP?"));
}

#[test]
fn a_variable_that_is_not_unicode_is_named() {
    let variable = (OsString::from("STONECHAT_LOG__LEVEL"), OsString::from_vec(vec![0xff]));
    let error = load(&Sources::new([variable])).unwrap_err().to_string();
    assert!(error.contains("the variable STONECHAT_LOG__LEVEL: is not Unicode"), "{error}");
}

#[test]
fn a_value_of_the_wrong_kind_says_what_it_must_be_and_is() {
    for (toml, text) in [
        (
            "listen.http = 8080",
            "listen.http must be an IP address and a port in quotes, such as \"127.0.0.1:8080\", and is 8080",
        ),
        (
            "listen.http = \"example.org\"",
            "listen.http must be an IP address and a port in quotes, such as \"127.0.0.1:8080\", and is \"example.org\"",
        ),
        ("users.auto_create = \"yes\"", "users.auto_create must be true or false, without quotes, and is \"yes\""),
        (
            "messages.edit_window_seconds = -1",
            "messages.edit_window_seconds must be a whole number from 0 to 3162240000, without quotes, and is -1",
        ),
        (
            "apps.default.content_types.order.fallback = \"An order\"",
            "apps.default.content_types.order: the name of a type has 1 to 64 letters of A-Z a-z 0-9 . _ -, and a dot, as in \
             \"acme.order\"",
        ),
        (
            "apps.default.content_types.\"acme.order\".schema = \"order.json\"",
            "apps.default.content_types.\"acme.order\".fallback is missing: say what clients show that do not know the type",
        ),
        (
            "apps.default.content_types.\"acme.order\".fallback = \"Order {\"",
            "apps.default.content_types.\"acme.order\".fallback has a brace that is not of a {field}; write {{ or }} for a \
             brace itself",
        ),
        (
            "apps.default.declared_content_only = 1",
            "apps.default.declared_content_only must be true or false, without quotes, and is 1",
        ),
        ("users.auto_create = 1", "users.auto_create must be true or false, without quotes, and is 1"),
        (
            "limits.connections_max = 0",
            "limits.connections_max must be a whole number from 1 to 1000000, without quotes, and is 0",
        ),
        (
            "limits.connections_max = -1",
            "limits.connections_max must be a whole number from 1 to 1000000, without quotes, and is -1",
        ),
        (
            "limits.connections_max = 1.5",
            "limits.connections_max must be a whole number from 1 to 1000000, without quotes, and is 1.5",
        ),
        (
            "limits.connections_max = \"9\"",
            "limits.connections_max must be a whole number from 1 to 1000000, without quotes, and is \"9\"",
        ),
        (
            "limits.connections_max = 2026-01-01",
            "limits.connections_max must be a whole number from 1 to 1000000, without quotes, and is a date",
        ),
        (
            "limits.connections_max = [1]",
            "limits.connections_max must be a whole number from 1 to 1000000, without quotes, and is [1]",
        ),
        ("log.format = \"xml\"", "log.format must be one of \"text\", \"json\", and is \"xml\""),
        (
            "metrics.allow_from = \"10.0.0.1\"",
            "metrics.allow_from must be a list of IP addresses or ranges, such as [\"10.0.0.0/8\"], and is \"10.0.0.1\"",
        ),
        (
            "metrics.allow_from = [\"ten\"]",
            "metrics.allow_from must be a list of IP addresses or ranges, such as [\"10.0.0.0/8\"], and is [\"ten\"]",
        ),
        ("server.data = \"\"", "server.data must be a path in quotes, and is \"\""),
        ("log.level = \"loud\"", "log.level \"loud\" is not understood: say info, or info,stonechat_net=debug"),
        (
            "log.level = \"info,loud\"",
            "log.level \"info,loud\" is not understood: say info, or info,stonechat_net=debug",
        ),
        (
            "log.level = \"loud=very\"",
            "log.level \"loud=very\" is not understood: say info, or info,stonechat_net=debug",
        ),
        (
            "store.segment_bytes = 1",
            "store.segment_bytes must be a whole number from 4194304 to 1073741824, without quotes, and is 1",
        ),
    ] {
        assert_eq!(problem(toml, &[]), format!("stonechat.toml:1: {text}"));
    }
    let text = problem("", &[("STONECHAT_LIMITS__CONNECTIONS_MAX", "many")]);
    assert!(
        text.starts_with("the variable STONECHAT_LIMITS__CONNECTIONS_MAX: limits.connections_max must be"),
        "{text}"
    );
    let text = problem("[listen.http]\nport = 1\n", &[]);
    assert!(text.starts_with("stonechat.toml:1: listen.http is not a section: it must be an IP address"), "{text}");
}

#[test]
fn an_open_listener_without_tls_is_refused() {
    for toml in ["listen.http = \"0.0.0.0:80\"", "listen.tcp = \"[::]:80\"", "listen.http = \"192.0.2.1:80\""] {
        let text = problem(toml, &[]);
        assert!(text.contains("is not a loopback address, so it needs TLS"), "{text}");
    }
    let proxied = "[listen]\nhttp = \"0.0.0.0:80\"\ntls = \"terminated_by_proxy\"\nproxies = [\"10.0.0.5\"]\n";
    assert!(matches!(loaded(proxied, &[]).settings.listen.protection, Protection::TerminatedByProxy(_)));
    let own = "[listen]\nhttp = \"0.0.0.0:80\"\ntls_certificate = \"c\"\ntls_key = \"k\"\n";
    assert!(matches!(loaded(own, &[]).settings.listen.protection, Protection::Own { .. }));
}

#[test]
fn settings_that_do_not_fit_each_other_are_refused() {
    for (toml, text) in [
        ("listen.tls = \"own\"", "listen.tls = \"own\" needs listen.tls_certificate"),
        ("listen.tls_certificate = \"c\"", "listen.tls = \"own\" needs listen.tls_key"),
        ("listen.tls = \"terminated_by_proxy\"", "needs listen.proxies"),
        ("listen.proxies = [\"10.0.0.5\"]", "listen.proxies has no effect unless"),
        ("listen.tcp = \"127.0.0.1:8080\"", "listen.tcp is the address of listen.http"),
        ("store.tail_bytes_max = 2097152", "no checkpoint would ever begin"),
    ] {
        let problem = problem(toml, &[]);
        assert!(problem.contains(text), "{problem}");
    }
}

#[test]
fn apps_have_numbers_audiences_and_keys_of_their_own() {
    let key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    let apps = loaded(&format!("[apps.shop]\nid = 2\n[apps.shop.public_keys]\nk-1 = \"{key}\"\n[apps.default]\n"), &[]);
    let names: Vec<_> = apps.settings.apps.iter().map(|app| (app.id.get(), app.name.as_str())).collect();
    assert_eq!(names, [(1, "default"), (2, "shop")]);
    for (toml, text) in [
        ("[apps.shop]\n", "apps.shop.id is missing"),
        ("[apps.default]\nid = 2\n", "apps.default.id is always 1"),
        ("[apps.shop]\nid = 1\n", "apps.shop.id must be a whole number from 2"),
        ("[apps.Shop]\nid = 2\n", "the name of the app \"Shop\" has the character 'S'"),
        ("[apps.a]\nid = 2\n[apps.b]\nid = 2\n", "apps.a and apps.b have the same id"),
        ("[apps.a]\nid = 2\naudience = \"stonechat:default\"\n", "apps.default and apps.a have the same audience"),
        (
            "apps.default.public_keys.\"a b\" = \"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"",
            "the name of a key has",
        ),
        ("apps.default.public_keys.k = \"abc\"", "is not a public key for Ed25519"),
    ] {
        let problem = problem(toml, &[]);
        assert!(problem.contains(text), "{problem}");
    }
}

#[test]
fn a_private_key_in_the_wrong_place_is_recognised_and_never_shown() {
    let toml =
        "[apps.default.public_keys]\nk = \"\"\"-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\"\"\"\n";
    let text = problem(toml, &[]);
    assert!(text.starts_with("stonechat.toml:2: apps.default.public_keys.k is a private key"), "{text}");
    assert!(!text.contains("SECRET"), "{text}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let toml = "[listen]\nhttp = 1\nfoo = 2\n[limits]\nconnections_max = 0\n";
    let (text, _) = refused(toml, &[("STONECHAT_X", "1"), ("STONECHAT_LOG__FORMAT", "xml")]);
    assert_eq!(text.lines().count(), 6, "{text}");
}

#[test]
fn show_says_where_each_value_came_from() {
    let toml = "[limits]\nconnections_max = 7\n";
    let (folder, sources) = sources(toml, &[("STONECHAT_LOG__FORMAT", "json")]);
    let sources = sources.with_flag("--listen", LISTEN_HTTP, Some("127.0.0.1:4".to_owned()));
    let text = show(&load(&sources).unwrap()).replace(&format!("{}/", folder.path().display()), "");
    let lines: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.rsplit_once("  # ")).map(|(set, from)| (set.trim(), from)).collect();
    for expected in [
        ("limits.connections_max = 7", "stonechat.toml:2"),
        ("log.format = \"json\"", "STONECHAT_LOG__FORMAT"),
        ("listen.http = \"127.0.0.1:4\"", "--listen"),
        ("users.auto_create = true", "default"),
        ("# server.data", "not set"),
    ] {
        assert!(lines.contains(&expected), "{expected:?} is not in\n{text}");
    }
}

#[test]
fn what_is_shown_is_the_same_configuration_again() {
    let toml = "apps.default.audience = \"a\\u0000b\\u007f\\t\\\"\\\\\"\n\
                apps.default.public_keys.\"k.1\" = \"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n";
    let settings = loaded(toml, &[]).settings;
    let is_set = |line: &&str| !line.ends_with("# default") && !line.ends_with("# not set");
    let shown = show(&loaded(toml, &[]));
    let set: String = shown.lines().filter(is_set).map(|line| format!("{line}\n")).collect();
    assert_eq!(loaded(&set, &[]).settings, settings, "{set}");
    assert!(settings.apps[0].public_keys.contains_key("k.1"));
}

#[test]
fn check_reads_the_certificate_too() {
    assert!(check(&loaded("", &[])).unwrap().starts_with("The configuration is good: "));
    let missing = loaded("[listen]\ntls_certificate = \"no.pem\"\ntls_key = \"no.key\"\n", &[]);
    let text = check(&missing).unwrap_err().to_string();
    assert!(text.contains("could not read") && text.contains("no.pem"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.pem");
    std::fs::write(&path, "").unwrap();
    let toml = format!("[listen]\ntls_certificate = {path:?}\ntls_key = {path:?}\n");
    let text = check(&loaded(&toml, &[])).unwrap_err().to_string();
    assert!(text.contains("there is no certificate in the file"), "{text}");
}
