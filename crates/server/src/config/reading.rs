//! From a tree of values to [`Settings`], with everything that is wrong on the way.

use crate::config::problem::Problem;
use crate::config::settings::{App, DeclaredType, Listen, Log, LogFormat, Protection, Settings, Store};
use crate::config::sources::DEFAULT;
use crate::config::table::{
    APP_AUDIENCE, APP_CONTENT_TYPE_FALLBACK, APP_CONTENT_TYPE_SCHEMA, APP_DECLARED_CONTENT_ONLY, APP_DEVICES_BOT,
    APP_DEVICES_DESKTOP, APP_DEVICES_PHONE, APP_DEVICES_TABLET, APP_DEVICES_WEB, APP_ID, APP_PUBLIC_KEY, DEMO_ENABLED,
    Kind, LIMITS_ACCEPTS_PER_SECOND_MAX, LIMITS_CONNECTIONS_MAX, LIMITS_CONNECTIONS_PER_IP_MAX, LISTEN_HTTP,
    LISTEN_PROXIES, LISTEN_TCP, LISTEN_TLS, LISTEN_TLS_CERTIFICATE, LISTEN_TLS_KEY, LOG_FORMAT, LOG_LEVEL,
    MESSAGES_EDIT_WINDOW_SECONDS, MESSAGES_RECALL_WINDOW_SECONDS, METRICS_ALLOW_FROM, SERVER_DATA,
    STORE_CHECKPOINT_BYTES, STORE_SEGMENT_BYTES, STORE_TAIL_BYTES_MAX, Setting, USERS_AUTO_CREATE, WEB_ENABLED,
    WEB_FOLDER,
};
use crate::identity::minter::default_audience;
use crate::identity::public_key::PublicKey;
use config::{Map, Value, ValueKind};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr as _;
use stonechat_domain::device::{DevicePolicies, DevicePolicy};
use stonechat_domain::message::MessagePolicy;
use stonechat_net::admission::{AddressRange, Limits};
use stonechat_types::id::AppName;
use stonechat_types::limits::{BODY_TYPE_BYTES_MAX, CONTENT_TYPES_MAX};
use stonechat_types::number::AppId;
use stonechat_wire::fallback::Fallback;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Longest name of a public key, in bytes.
const KID_BYTES_MAX: usize = 64;

/// Reads every setting. The result counts only when no problem was added.
pub fn read(root: &Value, problems: &mut Vec<Problem>) -> Settings {
    let mut reader = Reader { root, problems };
    Settings {
        data: reader.path(SERVER_DATA),
        listen: reader.listen(),
        apps: reader.apps(),
        auto_create: reader.flag(USERS_AUTO_CREATE),
        messages: MessagePolicy {
            edit_window_ms: reader.seconds(MESSAGES_EDIT_WINDOW_SECONDS),
            recall_window_ms: reader.seconds(MESSAGES_RECALL_WINDOW_SECONDS),
        },
        limits: Limits {
            connections_max: reader.number(LIMITS_CONNECTIONS_MAX) as usize,
            connections_per_ip_max: reader.number(LIMITS_CONNECTIONS_PER_IP_MAX) as usize,
            accepts_per_second_max: reader.number(LIMITS_ACCEPTS_PER_SECOND_MAX) as u32,
        },
        metrics_allow_from: reader.ranges(METRICS_ALLOW_FROM),
        log: reader.log(),
        store: reader.store(),
        web: reader.flag(WEB_ENABLED),
        web_folder: reader.path(WEB_FOLDER),
        demo: reader.flag(DEMO_ENABLED),
    }
}

struct Reader<'a> {
    root: &'a Value,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Reader<'a> {
    fn find(&self, path: &str) -> Option<&'a Value> {
        path.split('.').try_fold(self.root, |value, key| table(value)?.get(key))
    }

    fn origin(&self, setting: &Setting) -> Option<String> {
        self.find(setting.path).and_then(Value::origin).map(str::to_owned)
    }

    fn problem(&mut self, origin: Option<String>, text: String) {
        self.problems.push(Problem { origin: origin.map(readable), text });
    }

    /// The setting does not hold what its kind says.
    fn wrong(&mut self, setting: &Setting, path: &str, value: &Value) {
        let text = match setting.kind {
            Kind::PublicKey => format!("{path} must be {}", setting.kind.expected()),
            kind => format!("{path} must be {}, and is {}", kind.expected(), shown(value)),
        };
        self.problem(value.origin().map(str::to_owned), text);
    }

    /// A setting that is read by `parse`, or `None` when it is not set or wrong.
    fn parsed<T>(&mut self, setting: &Setting, parse: impl FnOnce(&ValueKind) -> Option<T>) -> Option<T> {
        let value = self.find(setting.path)?;
        let parsed = parse(&value.kind);
        if parsed.is_none() {
            self.wrong(setting, setting.path, value);
        }
        parsed
    }

    fn text(&mut self, setting: &Setting) -> Option<&'a str> {
        let value = self.find(setting.path)?;
        let text = string(value).filter(|text| !text.is_empty());
        if text.is_none() {
            self.wrong(setting, setting.path, value);
        }
        text
    }

    fn path(&mut self, setting: &Setting) -> Option<PathBuf> {
        self.text(setting).map(PathBuf::from)
    }

    fn flag(&mut self, setting: &Setting) -> bool {
        let flag = |kind: &ValueKind| if let ValueKind::Boolean(flag) = kind { Some(*flag) } else { None };
        self.parsed(setting, flag).unwrap_or_default()
    }

    fn number(&mut self, setting: &Setting) -> u64 {
        let Kind::Number { min, max } = setting.kind else { return 0 };
        self.parsed(setting, |kind| number(kind, min, max)).unwrap_or(min)
    }

    /// A number of seconds, as milliseconds.
    fn seconds(&mut self, setting: &Setting) -> i64 {
        i64::try_from(self.number(setting)).unwrap_or(i64::MAX).saturating_mul(1_000)
    }

    fn address(&mut self, setting: &Setting) -> Option<SocketAddr> {
        self.parsed(setting, |kind| {
            let ValueKind::String(text) = kind else { return None };
            text.replacen("localhost:", "127.0.0.1:", 1).parse().ok()
        })
    }

    fn one_of(&mut self, setting: &Setting) -> &'static str {
        let Kind::OneOf(words) = setting.kind else { return "" };
        let word = |kind: &ValueKind| {
            let ValueKind::String(text) = kind else { return None };
            words.iter().copied().find(|word| word == text)
        };
        self.parsed(setting, word).unwrap_or(words[0])
    }

    fn ranges(&mut self, setting: &Setting) -> Vec<AddressRange> {
        let ranges = |kind: &ValueKind| {
            let ValueKind::Array(items) = kind else { return None };
            items.iter().map(|item| AddressRange::from_str(string(item)?).ok()).collect()
        };
        self.parsed(setting, ranges).unwrap_or_default()
    }

    fn listen(&mut self) -> Listen {
        let http = self.address(LISTEN_HTTP);
        let tcp = self.address(LISTEN_TCP);
        let protection = self.protection();
        for (setting, address) in [(LISTEN_HTTP, http), (LISTEN_TCP, tcp)] {
            let Some(address) = address else { continue };
            if !address.ip().to_canonical().is_loopback() && protection == Protection::Off {
                let text = format!(
                    "{} is not a loopback address, so it needs TLS: set listen.tls_certificate and listen.tls_key, or \
                     listen.tls = \"terminated_by_proxy\" and listen.proxies",
                    setting.path
                );
                self.problem(self.origin(setting), text);
            }
        }
        if let (Some(http), Some(tcp)) = (http, tcp)
            && http == tcp
            && http.port() != 0
        {
            self.problem(self.origin(LISTEN_TCP), "listen.tcp is the address of listen.http".to_owned());
        }
        // Without an address there is a problem, and the settings are not used.
        Listen { http: http.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))), tcp, protection }
    }

    fn protection(&mut self) -> Protection {
        let certificate = self.path(LISTEN_TLS_CERTIFICATE);
        let key = self.path(LISTEN_TLS_KEY);
        let proxies = self.ranges(LISTEN_PROXIES);
        let chosen = self.origin(LISTEN_TLS).is_some_and(|origin| origin != DEFAULT);
        let word = match self.one_of(LISTEN_TLS) {
            // Who gives a certificate wants it used.
            "off" if !chosen && (certificate.is_some() || key.is_some()) => "own",
            word => word,
        };
        let unused = |reader: &mut Self, setting: &Setting, when: &str| {
            let text = format!("{} has no effect unless listen.tls is \"{when}\"", setting.path);
            reader.problem(reader.origin(setting), text);
        };
        if word != "own" {
            for (setting, given) in [(LISTEN_TLS_CERTIFICATE, &certificate), (LISTEN_TLS_KEY, &key)] {
                if given.is_some() {
                    unused(self, setting, "own");
                }
            }
        }
        if word != "terminated_by_proxy" && !proxies.is_empty() {
            unused(self, LISTEN_PROXIES, "terminated_by_proxy");
        }
        match word {
            "own" => match (certificate, key) {
                (Some(certificate), Some(key)) => Protection::Own { certificate, key },
                (certificate, _) => {
                    let missing = if certificate.is_none() { LISTEN_TLS_CERTIFICATE } else { LISTEN_TLS_KEY };
                    self.problem(self.origin(LISTEN_TLS), format!("listen.tls = \"own\" needs {}", missing.path));
                    // Not `Off`: the missing half is one problem, not two.
                    Protection::Own { certificate: PathBuf::new(), key: PathBuf::new() }
                }
            },
            "terminated_by_proxy" => {
                if proxies.is_empty() {
                    let text =
                        "listen.tls = \"terminated_by_proxy\" needs listen.proxies, the addresses of the proxies";
                    self.problem(self.origin(LISTEN_TLS), text.to_owned());
                }
                Protection::TerminatedByProxy(proxies)
            }
            _ => Protection::Off,
        }
    }

    fn log(&mut self) -> Log {
        let level = self.text(LOG_LEVEL).unwrap_or("info");
        if EnvFilter::builder().parse(level).is_err() || !level.split(',').all(names_a_level) {
            let text = format!("log.level {level:?} is not understood: say info, or info,stonechat_net=debug");
            self.problem(self.origin(LOG_LEVEL), text);
        }
        let format = if self.one_of(LOG_FORMAT) == "json" { LogFormat::Json } else { LogFormat::Text };
        Log { level: level.to_owned(), format }
    }

    fn store(&mut self) -> Store {
        let store = Store {
            segment_bytes: self.number(STORE_SEGMENT_BYTES),
            checkpoint_bytes: self.number(STORE_CHECKPOINT_BYTES),
            tail_bytes_max: self.number(STORE_TAIL_BYTES_MAX),
        };
        if store.checkpoint_bytes > store.tail_bytes_max {
            let text = format!(
                "store.checkpoint_bytes ({}) is above store.tail_bytes_max ({}), so no checkpoint would ever begin",
                store.checkpoint_bytes, store.tail_bytes_max
            );
            let mut origin = self.origin(STORE_CHECKPOINT_BYTES);
            if origin.as_deref() == Some(DEFAULT) {
                origin = self.origin(STORE_TAIL_BYTES_MAX);
            }
            self.problem(origin, text);
        }
        store
    }

    /// Every app of the configuration, and `default`.
    fn apps(&mut self) -> Vec<App> {
        let empty = Map::default();
        let configured: BTreeMap<&String, &Value> =
            self.find("apps").and_then(table).unwrap_or(&empty).iter().collect();
        let mut apps: Vec<App> = configured.into_iter().filter_map(|(name, value)| self.app(name, value)).collect();
        let default = AppName::new("default").ok();
        if let Some(name) = default.filter(|name| apps.iter().all(|app| app.name != *name)) {
            let audience = default_audience(&name);
            apps.push(App {
                id: AppId::DEFAULT,
                name,
                audience,
                public_keys: BTreeMap::new(),
                devices: DevicePolicies::default(),
                content_types: BTreeMap::new(),
                declared_content_only: false,
            });
        }
        apps.sort_by_key(|app| app.id);
        for pair in apps.windows(2).filter(|pair| pair[0].id == pair[1].id) {
            let text = format!("apps.{} and apps.{} have the same id", pair[0].name, pair[1].name);
            self.problem(None, text);
        }
        for (at, app) in apps.iter().enumerate() {
            if let Some(other) = apps[..at].iter().find(|other| other.audience == app.audience) {
                self.problem(None, format!("apps.{} and apps.{} have the same audience", other.name, app.name));
            }
        }
        apps
    }

    fn app(&mut self, name: &str, value: &Value) -> Option<App> {
        let section = format!("apps.{name}");
        let Some(values) = table(value) else {
            self.problem(value.origin().map(str::to_owned), format!("{section} is a section: write [{section}]"));
            return None;
        };
        let parsed = AppName::new(name);
        if let Err(error) = &parsed {
            self.problem(origin_within(value), format!("the name of the app {name:?} {error}"));
        }
        let audience = values.get("audience").and_then(|value| {
            let text = string(value).filter(|text| !text.is_empty());
            if text.is_none() {
                self.wrong(APP_AUDIENCE, &format!("{section}.audience"), value);
            }
            text
        });
        let id = self.app_id(&section, name, value, values.get("id"));
        let public_keys = values.get("public_keys").map(|keys| self.public_keys(&section, keys)).unwrap_or_default();
        let devices = values.get("devices").map(|classes| self.devices(&section, classes)).unwrap_or_default();
        let content_types =
            values.get("content_types").map(|types| self.content_types(&section, types)).unwrap_or_default();
        let declared_content_only = values.get("declared_content_only").is_some_and(|value| {
            let ValueKind::Boolean(flag) = value.kind else {
                self.wrong(APP_DECLARED_CONTENT_ONLY, &format!("{section}.declared_content_only"), value);
                return false;
            };
            flag
        });
        let name = parsed.ok()?;
        let audience = audience.map_or_else(|| default_audience(&name), str::to_owned);
        Some(App { id: id?, name, audience, public_keys, devices, content_types, declared_content_only })
    }

    fn content_types(&mut self, section: &str, types: &Value) -> BTreeMap<String, DeclaredType> {
        let mut declared = BTreeMap::new();
        let Some(values) = table(types) else {
            let text = format!("{section}.content_types is a section: write [{section}.content_types.\"acme.order\"]");
            self.problem(types.origin().map(str::to_owned), text);
            return declared;
        };
        if values.len() > CONTENT_TYPES_MAX {
            self.problem(origin_within(types), format!("{section}.content_types has more than {CONTENT_TYPES_MAX}"));
        }
        for (name, value) in values.iter().collect::<BTreeMap<_, _>>() {
            let path = format!("{section}.content_types.{}", key(name));
            let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            if name.len() > BODY_TYPE_BYTES_MAX || !name.contains('.') || !name.chars().all(good) {
                let text = format!(
                    "{path}: the name of a type has 1 to {BODY_TYPE_BYTES_MAX} letters of A-Z a-z 0-9 . _ -, and a dot, \
                     as in \"acme.order\""
                );
                self.problem(origin_within(value), text);
            }
            let Some(fields) = table(value) else {
                self.problem(value.origin().map(str::to_owned), format!("{path} is a section: write [{path}]"));
                continue;
            };
            let mut text = |field: &str, setting: &Setting| {
                let value = fields.get(field)?;
                let text = string(value).filter(|text| !text.is_empty());
                if text.is_none() {
                    self.wrong(setting, &format!("{path}.{field}"), value);
                }
                text
            };
            let schema = text("schema", APP_CONTENT_TYPE_SCHEMA).map(PathBuf::from);
            let fallback = text("fallback", APP_CONTENT_TYPE_FALLBACK);
            match fallback.map(Fallback::parse) {
                Some(Err(error)) => {
                    let origin = fields.get("fallback").and_then(Value::origin).map(str::to_owned);
                    self.problem(origin, format!("{path}.fallback {error}"));
                }
                None if !fields.contains_key("fallback") => {
                    let text = format!("{path}.fallback is missing: say what clients show that do not know the type");
                    self.problem(origin_within(value), text);
                }
                _ => {}
            }
            let fallback = fallback.unwrap_or_default().to_owned();
            declared.insert(name.clone(), DeclaredType { schema, fallback });
        }
        declared
    }

    fn devices(&mut self, section: &str, classes: &Value) -> DevicePolicies {
        let mut policies = DevicePolicies::default();
        let Some(values) = table(classes) else {
            let text = format!("{section}.devices is a section: write [{section}.devices]");
            self.problem(classes.origin().map(str::to_owned), text);
            return policies;
        };
        for (setting, class, policy) in [
            (APP_DEVICES_PHONE, "phone", &mut policies.phone),
            (APP_DEVICES_TABLET, "tablet", &mut policies.tablet),
            (APP_DEVICES_DESKTOP, "desktop", &mut policies.desktop),
            (APP_DEVICES_WEB, "web", &mut policies.web),
            (APP_DEVICES_BOT, "bot", &mut policies.bot),
        ] {
            let Some(value) = values.get(class) else { continue };
            match string(value) {
                Some("several") => *policy = DevicePolicy::Several,
                Some("replace") => *policy = DevicePolicy::ReplaceOldest,
                Some("refuse") => *policy = DevicePolicy::RefuseNewest,
                Some(_) | None => self.wrong(setting, &format!("{section}.devices.{class}"), value),
            }
        }
        policies
    }

    fn app_id(&mut self, section: &str, name: &str, app: &Value, value: Option<&Value>) -> Option<AppId> {
        let Kind::Number { min, max } = APP_ID.kind else { return None };
        match (name, value) {
            ("default", None) => Some(AppId::DEFAULT),
            ("default", Some(value)) => {
                let text = "apps.default.id is always 1: leave it out".to_owned();
                self.problem(value.origin().map(str::to_owned), text);
                None
            }
            (_, None) => {
                let text = format!("{section}.id is missing: give the app a number from {min} on, and never change it");
                self.problem(origin_within(app), text);
                None
            }
            (_, Some(value)) => {
                let id = number(&value.kind, min, max).and_then(|id| u32::try_from(id).ok());
                if id.is_none() {
                    self.wrong(APP_ID, &format!("{section}.id"), value);
                }
                id.map(AppId)
            }
        }
    }

    fn public_keys(&mut self, section: &str, keys: &Value) -> BTreeMap<String, PublicKey> {
        let mut public_keys = BTreeMap::new();
        let Some(values) = table(keys) else {
            let text = format!("{section}.public_keys is a section: write [{section}.public_keys]");
            self.problem(keys.origin().map(str::to_owned), text);
            return public_keys;
        };
        let values: BTreeMap<&String, &Value> = values.iter().collect();
        for (kid, value) in values {
            let path = format!("{section}.public_keys.{kid}");
            let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            if kid.is_empty() || kid.len() > KID_BYTES_MAX || !kid.chars().all(good) {
                let text = format!("{path}: the name of a key has 1 to {KID_BYTES_MAX} letters of A-Z a-z 0-9 . _ -");
                self.problem(value.origin().map(str::to_owned), text);
            }
            let Some(text) = string(value) else {
                self.wrong(APP_PUBLIC_KEY, &path, value);
                continue;
            };
            match PublicKey::parse(text) {
                Ok(key) => {
                    public_keys.insert(kid.clone(), key);
                }
                Err(error) => self.problem(value.origin().map(str::to_owned), format!("{path} {error}")),
            }
        }
        public_keys
    }
}

fn table(value: &Value) -> Option<&Map<String, Value>> {
    if let ValueKind::Table(table) = &value.kind { Some(table) } else { None }
}

fn string(value: &Value) -> Option<&str> {
    if let ValueKind::String(text) = &value.kind { Some(text) } else { None }
}

fn number(kind: &ValueKind, min: u64, max: u64) -> Option<u64> {
    let ValueKind::I64(number) = kind else { return None };
    u64::try_from(*number).ok().filter(|number| (min..=max).contains(number))
}

/// Where a section begins: that of the first value in it.
fn origin_within(value: &Value) -> Option<String> {
    let own = value.origin().map(str::to_owned);
    own.or_else(|| table(value)?.iter().collect::<BTreeMap<_, _>>().values().find_map(|value| origin_within(value)))
}

/// A variable is named as one; files, flags and the default are plain enough.
fn readable(origin: String) -> String {
    if origin.starts_with(super::sources::PREFIX) { format!("the variable {origin}") } else { origin }
}

/// One part of a key as it would be written in TOML: the name of a public key may have dots.
pub fn key(part: &str) -> String {
    let is_bare = !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if is_bare { part.to_owned() } else { quoted(part) }
}

/// A text as a basic string of TOML, on one line.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if letter.is_control() => {
                let _never_fails = write!(out, "\\u{:04X}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// A value as it would be written in TOML.
pub fn shown(value: &Value) -> String {
    match &value.kind {
        ValueKind::Nil => "a date".to_owned(),
        ValueKind::Boolean(flag) => flag.to_string(),
        ValueKind::I64(number) => number.to_string(),
        ValueKind::I128(number) => number.to_string(),
        ValueKind::U64(number) => number.to_string(),
        ValueKind::U128(number) => number.to_string(),
        ValueKind::Float(number) => number.to_string(),
        ValueKind::String(text) => quoted(text),
        ValueKind::Table(_) => "a section".to_owned(),
        ValueKind::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
    }
}

/// Whether a part of a filter names its level. The filter takes any other word for a module, and then logs nothing else.
fn names_a_level(part: &str) -> bool {
    let part = part.trim();
    part.contains(['=', '[']) || part.parse::<LevelFilter>().is_ok()
}
