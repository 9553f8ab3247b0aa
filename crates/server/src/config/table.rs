//! The one table of settings. The example file is made from it, and a setting that is not here is refused.

/// What a setting may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// The path of a file or folder; in a file, relative to it.
    Path,
    /// An IP address and a port.
    Address,
    /// Yes or no.
    Flag,
    /// A whole number.
    Number {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of addresses and ranges.
    Ranges,
    /// A public key; its text is never shown, for it may be a private one.
    PublicKey,
}

impl Kind {
    /// What a value must be, to follow "must be".
    #[must_use]
    pub fn expected(self) -> String {
        match self {
            Self::Text => "a text in quotes".to_owned(),
            Self::Path => "a path in quotes".to_owned(),
            Self::Address => "an IP address and a port in quotes, such as \"127.0.0.1:8080\"".to_owned(),
            Self::Flag => "true or false, without quotes".to_owned(),
            Self::Number { min, max } => format!("a whole number from {min} to {max}, without quotes"),
            Self::OneOf(words) => format!("one of \"{}\"", words.join("\", \"")),
            Self::Ranges => "a list of IP addresses or ranges, such as [\"10.0.0.0/8\"]".to_owned(),
            Self::PublicKey => "a public key in quotes".to_owned(),
        }
    }
}

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Section and key; `*` stands for a name that the operator chooses.
    pub path: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// As a variable would say it; `None` when it is not set by itself.
    pub default: Option<&'static str>,
    /// An example in TOML, when there is no default or it says little.
    pub example: &'static str,
    /// For the example file.
    pub help: &'static str,
}

/// How many devices of a class may be signed in.
const DEVICE_POLICY: Kind = Kind::OneOf(&["several", "replace", "refuse"]);

const MIB: u64 = 1024 * 1024;
/// A hundred years in seconds: as good as no end.
const YEARS: u64 = 100 * 366 * 24 * 3600;

/// Declares each setting as a constant and lists them all, in the order of the example file.
macro_rules! settings {
    ($($name:ident = $path:literal, $kind:expr, $default:expr, $example:literal, $help:literal;)*) => {
        $(#[doc = $help] pub const $name: &Setting = &Setting {
            path: $path, kind: $kind, default: $default, example: $example, help: $help,
        };)*

        /// Every setting, in the order of the example file.
        pub const SETTINGS: &[&Setting] = &[$($name,)*];
    };
}

settings! {
    SERVER_DATA = "server.data", Kind::Path, None, "\"/var/lib/stonechat\"",
        "Folder of everything that is kept; ~/.local/share/stonechat when it is not set.";

    LISTEN_HTTP = "listen.http", Kind::Address, Some("127.0.0.1:8080"), "",
        "WebSocket for clients, and the HTTP API for backends.";
    LISTEN_TCP = "listen.tcp", Kind::Address, None, "\"127.0.0.1:8081\"",
        "The native protocol without WebSocket; off when it is not set.";
    LISTEN_TLS = "listen.tls", Kind::OneOf(&["off", "own", "terminated_by_proxy"]), Some("off"), "",
        "\"own\" with a certificate and a key, or \"terminated_by_proxy\" with the proxies. \"off\" is for loopback only.";
    LISTEN_TLS_CERTIFICATE = "listen.tls_certificate", Kind::Path, None, "\"/etc/stonechat/chain.pem\"",
        "The certificates in PEM, leaf first.";
    LISTEN_TLS_KEY = "listen.tls_key", Kind::Path, None, "\"/etc/stonechat/key.pem\"",
        "The private key of the leaf, in PEM.";
    LISTEN_PROXIES = "listen.proxies", Kind::Ranges, Some(""), "[\"10.0.0.5\"]",
        "The only addresses that may connect with tls = \"terminated_by_proxy\"; they are believed in X-Forwarded-For.";

    APP_AUDIENCE = "apps.*.audience", Kind::Text, None, "\"stonechat:default\"",
        "What the claim `aud` of its tokens must be; stonechat:NAME when it is not set.";
    APP_DECLARED_CONTENT_ONLY = "apps.*.declared_content_only", Kind::Flag, None, "false",
        "Whether messages of the app's own types are refused unless the type is declared.";
    APP_PUBLIC_KEY = "apps.*.public_keys.*", Kind::PublicKey, None,
        "\"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"",
        "Ed25519 keys by which the app's own backend signs tokens, by their `kid`: PEM, or base64.";
    APP_DEVICES_PHONE = "apps.*.devices.phone", DEVICE_POLICY, None, "\"several\"",
        "Phones of a user that may be signed in: \"several\", or one, which a second replaces (\"replace\") or because of \
         which it is refused (\"refuse\").";
    APP_DEVICES_TABLET = "apps.*.devices.tablet", DEVICE_POLICY, None, "\"several\"", "The same for tablets.";
    APP_DEVICES_DESKTOP = "apps.*.devices.desktop", DEVICE_POLICY, None, "\"several\"", "The same for desktops.";
    APP_DEVICES_WEB = "apps.*.devices.web", DEVICE_POLICY, None, "\"several\"", "The same for browsers.";
    APP_DEVICES_BOT = "apps.*.devices.bot", DEVICE_POLICY, None, "\"several\"", "The same for bots.";
    APP_CONTENT_TYPE_FALLBACK = "apps.*.content_types.*.fallback", Kind::Text, None, "\"Order {number}\"",
        "Declares a type of content of the app's own, with what clients show that do not know it; fields of the JSON are \
         named in braces.";
    APP_CONTENT_TYPE_SCHEMA = "apps.*.content_types.*.schema", Kind::Path, None, "\"schemas/order.json\"",
        "A JSON schema by which messages of that type are checked; any JSON is good without one.";
    APP_ID = "apps.*.id", Kind::Number { min: 2, max: u32::MAX as u64 }, None, "2",
        "Number of an app other than `default`: choose it once and never change it, the stored data bear it.";

    USERS_AUTO_CREATE = "users.auto_create", Kind::Flag, Some("true"), "",
        "Whether the first message to a user makes him. Without it a backend makes each user by PUT.";

    MESSAGES_EDIT_WINDOW_SECONDS = "messages.edit_window_seconds", Kind::Number { min: 0, max: YEARS }, Some("172800"), "",
        "Seconds after its sending within which its author may edit a message.";
    MESSAGES_RECALL_WINDOW_SECONDS = "messages.recall_window_seconds", Kind::Number { min: 0, max: YEARS }, Some("172800"),
        "", "Seconds within which its author may recall a message; admins of a group and the backend always may.";

    LIMITS_CONNECTIONS_MAX = "limits.connections_max", Kind::Number { min: 1, max: 1_000_000 }, Some("100000"), "",
        "Connections at a time. Each needs an open file: see `stonechat doctor`.";
    LIMITS_CONNECTIONS_PER_IP_MAX = "limits.connections_per_ip_max", Kind::Number { min: 1, max: 1_000_000 },
        Some("256"), "", "Connections at a time from one IPv4 address or one /64 of IPv6; loopback and proxies are exempt.";
    LIMITS_ACCEPTS_PER_SECOND_MAX = "limits.accepts_per_second_max", Kind::Number { min: 1, max: 1_000_000 },
        Some("5000"), "", "Connections let in a second; the rest waits, so that a storm is a queue.";

    METRICS_ALLOW_FROM = "metrics.allow_from", Kind::Ranges, Some(""), "[\"10.0.0.0/8\"]",
        "Who may read /metrics besides this machine itself.";

    LOG_LEVEL = "log.level", Kind::Text, Some("info"), "",
        "error, warn, info, debug or trace; also by module, such as \"info,stonechat_net=debug\".";
    LOG_FORMAT = "log.format", Kind::OneOf(&["text", "json"]), Some("text"), "",
        "\"text\" for people, \"json\" for collectors. Logs go to stderr.";

    STORE_SEGMENT_BYTES = "store.segment_bytes", Kind::Number { min: 4 * MIB, max: 1024 * MIB }, Some("67108864"), "",
        "Size of a segment of the log. The defaults of this section suit almost everybody.";
    STORE_CHECKPOINT_BYTES = "store.checkpoint_bytes", Kind::Number { min: MIB, max: 1024 * MIB }, Some("33554432"), "",
        "Bytes of tail at which a checkpoint begins.";
    STORE_TAIL_BYTES_MAX = "store.tail_bytes_max", Kind::Number { min: 2 * MIB, max: 4096 * MIB }, Some("67108864"), "",
        "Bytes of tail, kept in memory and read again after a crash, at which sends are slowed.";

    WEB_ENABLED = "web.enabled", Kind::Flag, Some("true"), "",
        "Whether the messenger for browsers is at the address of listen.http.";
    WEB_FOLDER = "web.folder", Kind::Path, None, "\"web/dist\"",
        "For who develops it: a folder in which the messenger was built, read at each request, instead of what is in the \
         binary.";

    DEMO_ENABLED = "demo.enabled", Kind::Flag, Some("false"), "",
        "Makes six people to try things with, alice and bob among them. On loopback, pages of the same machine sign in as \
         them without a token.";
}

impl Setting {
    /// Whether it is the setting of a path.
    fn is_at(&self, path: &[String]) -> bool {
        let mut parts = self.path.split('.');
        path.iter().all(|part| parts.next().is_some_and(|own| own == "*" || own == part)) && parts.next().is_none()
    }
}

/// The setting of a path; `None` when there is no such one.
#[must_use]
pub fn find(path: &[String]) -> Option<&'static Setting> {
    SETTINGS.iter().copied().find(|setting| setting.is_at(path))
}

/// The known path that is most like another, when one is like it at all.
#[must_use]
pub fn nearest(path: &[String]) -> Option<String> {
    let wanted = path.join(".");
    let candidates = SETTINGS.iter().map(|setting| {
        let mut parts: Vec<&str> = setting.path.split('.').collect();
        for (part, given) in parts.iter_mut().zip(path) {
            if *part == "*" {
                *part = given;
            }
        }
        parts.join(".").replace('*', "NAME")
    });
    let nearest = candidates.map(|known| (distance(&wanted, &known), known)).min()?;
    // A third of its letters may differ: enough for a slip, too little for a guess.
    (nearest.0 <= wanted.chars().count().div_ceil(3)).then_some(nearest.1)
}

/// The least number of letters to change, add or remove.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn paths_are_unique_and_found() {
        let paths: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.path).collect();
        assert_eq!(paths.len(), SETTINGS.len());
        assert_eq!(find(&path("listen.http")), Some(LISTEN_HTTP));
        assert_eq!(find(&path("apps.shop.audience")), Some(APP_AUDIENCE));
        assert_eq!(find(&path("apps.shop.public_keys.k-1")), Some(APP_PUBLIC_KEY));
        for unknown in ["listen", "listen.http.port", "http", "apps.shop", "apps.shop.public_keys", ""] {
            assert_eq!(find(&path(unknown)), None, "{unknown}");
        }
    }

    #[test]
    fn a_slip_is_recognised_and_nonsense_is_not() {
        let nearest = |text| nearest(&path(text));
        assert_eq!(nearest("listen.htp").as_deref(), Some("listen.http"));
        assert_eq!(nearest("limit.connection_max").as_deref(), Some("limits.connections_max"));
        assert_eq!(nearest("apps.shop.audiance").as_deref(), Some("apps.shop.audience"));
        assert_eq!(nearest("database.password"), None);
    }
}
