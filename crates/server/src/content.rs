//! What the bodies of messages must be: of the schema of the protocol, and of the types that apps declare.

use bytes::Bytes;
use jsonschema::{PatternOptions, Validator};
use prost::Message as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use stonechat_app::api::{ContentType, ContentTypes};
use stonechat_app::ports::ContentRules;
use stonechat_gateway_native::content::KnownContent;
use stonechat_types::limits::CONTENT_SCHEMA_BYTES_MAX;
use stonechat_types::number::AppId;
use stonechat_wire::{body, v1};

use crate::config::problem::{ConfigError, Problem};
use crate::config::settings::App;

/// Longest part of what is wrong with a body that is told, in bytes: places in it are named as its sender named them.
const WRONG_BYTES_MAX: usize = 512;

/// What an app says about the contents of its messages.
#[derive(Default)]
pub struct AppContent {
    declared: Arc<ContentTypes>,
    /// By the names of the types; `None` for any JSON.
    schemas: BTreeMap<String, Option<Validator>>,
    declared_only: bool,
}

impl fmt::Debug for AppContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppContent").field("declared", &self.declared).finish_non_exhaustive()
    }
}

impl AppContent {
    /// What an app of the configuration says; reads the files of its schemas.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong with them.
    pub fn read(app: &App) -> Result<Self, ConfigError> {
        let (mut types, mut schemas, mut problems) = (Vec::new(), BTreeMap::new(), Vec::new());
        for (body_type, declared) in &app.content_types {
            let wrong = |why: String| {
                let text = format!("apps.{}.content_types.\"{body_type}\".schema {why}", app.name);
                Problem { origin: None, text }
            };
            let schema = match declared.schema.as_deref().map(schema).transpose() {
                Ok(schema) => schema,
                Err(why) => {
                    problems.push(wrong(why));
                    continue;
                }
            };
            let (text, validator) = schema.unzip();
            let fallback = declared.fallback.clone();
            types.push(ContentType { body_type: body_type.clone(), fallback, schema: text });
            schemas.insert(body_type.clone(), validator);
        }
        if !problems.is_empty() {
            return Err(ConfigError::Problems(problems));
        }
        let declared = Arc::new(ContentTypes { version: version(&types), types });
        Ok(Self { declared, schemas, declared_only: app.declared_content_only })
    }
}

/// A schema from its file: as it is written, and ready for use. Or why it is none.
fn schema(path: &Path) -> Result<(String, Validator), String> {
    let mut text = String::new();
    let limit = CONTENT_SCHEMA_BYTES_MAX as u64 + 1;
    File::open(path)
        .and_then(|file| file.take(limit).read_to_string(&mut text))
        .map_err(|error| format!("{} could not be read: {error}", path.display()))?;
    if text.len() > CONTENT_SCHEMA_BYTES_MAX {
        return Err(format!("{} has more than {CONTENT_SCHEMA_BYTES_MAX} bytes", path.display()));
    }
    let json: Value =
        serde_json::from_str(&text).map_err(|error| format!("{} is not JSON: {error}", path.display()))?;
    // Patterns without look-around take time in proportion to the text, whoever writes it.
    let validator = jsonschema::options()
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .build(&json)
        .map_err(|error| format!("{} is not a JSON schema: {error}", path.display()))?;
    Ok((text, validator))
}

/// Another number for other types; never 0 when there are any.
fn version(types: &[ContentType]) -> u64 {
    if types.is_empty() {
        return 0;
    }
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for ContentType { body_type, fallback, schema } in types {
        for part in [body_type, fallback, schema.as_ref().unwrap_or(&String::new())] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
    }
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&context.finish().as_ref()[..8]);
    // Within what languages without unsigned numbers can hold.
    (u64::from_be_bytes(bytes) >> 1).max(1)
}

/// The bodies of all apps.
#[derive(Debug, Default)]
pub struct AppsContent {
    apps: BTreeMap<AppId, Arc<AppContent>>,
}

impl AppsContent {
    /// Of these apps.
    pub fn new(apps: impl IntoIterator<Item = (AppId, Arc<AppContent>)>) -> Self {
        Self { apps: apps.into_iter().collect() }
    }
}

impl ContentRules for AppsContent {
    fn check(&self, app: AppId, body_type: &[u8], body: &Bytes) -> Result<(), String> {
        let content = self.apps.get(&app);
        let name = std::str::from_utf8(body_type).unwrap_or_default();
        if let Some(schema) = content.and_then(|content| content.schemas.get(name)) {
            return fits(schema.as_ref(), body);
        }
        if content.is_some_and(|content| content.declared_only) && !body::KNOWN.contains(&name) {
            return Err("body_type is not one that the app declares".to_owned());
        }
        KnownContent.check(app, body_type, body)?;
        if name == body::MERGED && content.is_some() {
            let merged =
                v1::MergedBody::decode(body.clone()).map_err(|_| "body is not what its type says".to_owned())?;
            // One that was merged itself stays closed, as for the protocol's own types.
            for message in merged.messages.iter().filter(|message| message.body_type != body::MERGED) {
                self.check(app, message.body_type.as_bytes(), &message.body)?;
            }
        }
        Ok(())
    }

    fn is_voice(&self, body_type: &[u8]) -> bool {
        KnownContent.is_voice(body_type)
    }

    fn declared(&self, app: AppId) -> Arc<ContentTypes> {
        self.apps.get(&app).map(|content| content.declared.clone()).unwrap_or_default()
    }
}

/// Whether a body is JSON by its schema.
fn fits(schema: Option<&Validator>, body: &Bytes) -> Result<(), String> {
    let json: Value = serde_json::from_slice(body)
        .map_err(|error| format!("body is not JSON, at line {} column {}", error.line(), error.column()))?;
    let Some(schema) = schema else { return Ok(()) };
    schema.validate(&json).map_err(|error| {
        let place = match error.instance_path().as_str() {
            "" => String::new(),
            path => format!(" at {path}"),
        };
        // Without the value: what a person wrote stands in no log.
        let mut text = format!("body{place} does not fit the schema of its type: {}", error.masked());
        text.truncate(text.floor_char_boundary(WRONG_BYTES_MAX));
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::DeclaredType;
    use stonechat_types::id::AppName;

    const ORDER: &str = r#"{
        "type": "object",
        "properties": {"number": {"type": "integer", "minimum": 1}, "mail": {"type": "string", "pattern": "^(a+)+$"}},
        "required": ["number"],
        "additionalProperties": false
    }"#;

    fn app(schema: Option<&Path>) -> App {
        let declared = DeclaredType { schema: schema.map(Path::to_owned), fallback: "Order {number}".into() };
        App {
            id: AppId::DEFAULT,
            name: AppName::new("default").unwrap(),
            audience: "a".into(),
            public_keys: BTreeMap::new(),
            devices: Default::default(),
            content_types: BTreeMap::from([("acme.order".to_owned(), declared)]),
            declared_content_only: false,
        }
    }

    fn bodies(app: &App) -> AppsContent {
        AppsContent::new([(app.id, Arc::new(AppContent::read(app).unwrap()))])
    }

    fn written(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn bodies_of_a_declared_type_are_json_by_its_schema() {
        let file = written(ORDER);
        let bodies = bodies(&app(Some(file.path())));
        let check = |body: &str| bodies.check(AppId::DEFAULT, b"acme.order", &Bytes::copy_from_slice(body.as_bytes()));
        assert_eq!(check(r#"{"number": 7}"#), Ok(()));
        let place = check(r#"{"number": "my secret"}"#).unwrap_err();
        assert!(place.starts_with("body at /number does not fit") && !place.contains("secret"), "{place}");
        assert_eq!(check("{").unwrap_err(), "body is not JSON, at line 1 column 1");
        let unknown = check(&format!(r#"{{"number": 7, "{}": 1}}"#, "é".repeat(2_000))).unwrap_err();
        assert!(unknown.len() <= WRONG_BYTES_MAX, "{unknown}");
        for wrong in ["{}", r#"{"number": 0}"#, "[]", ""] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
        // A pattern that takes others an eternity.
        assert!(check(&format!(r#"{{"number": 7, "mail": "{}!"}}"#, "a".repeat(30_000))).is_err());
        assert!(check(&"[".repeat(60_000)).is_err());
        let other = bodies.check(AppId(2), b"acme.order", &Bytes::from_static(b"{"));
        assert_eq!(other, Ok(()), "of another app, it is opaque");
        assert!(bodies.check(AppId::DEFAULT, b"text", &Bytes::from_static(b"\xFF")).is_err());
    }

    #[test]
    fn an_app_may_want_no_type_that_it_does_not_declare() {
        let mut app = app(None);
        assert_eq!(bodies(&app).check(app.id, b"acme.other", &Bytes::new()), Ok(()));
        app.declared_content_only = true;
        let bodies = bodies(&app);
        assert!(bodies.check(app.id, b"acme.other", &Bytes::new()).is_err());
        assert_eq!(bodies.check(app.id, b"acme.order", &Bytes::from_static(b"7")), Ok(()));
        let text: Bytes =
            prost::Message::encode_to_vec(&stonechat_wire::v1::TextBody { text: "Hi".into(), entities: Vec::new() })
                .into();
        assert_eq!(bodies.check(app.id, b"text", &text), Ok(()));
        assert!(bodies.check(app.id, b"order", &Bytes::new()).is_err(), "also without a dot");
        let merged = |body_type: &str, body: &'static str| {
            let (author_id, body_type, body) = ("ann".into(), body_type.into(), Bytes::from_static(body.as_bytes()));
            let message = v1::MergedMessage { author_id, body_type, body, ..v1::MergedMessage::default() };
            let merged = v1::MergedBody { title: "Talk".into(), messages: vec![message] };
            bodies.check(app.id, b"merged", &merged.encode_to_vec().into())
        };
        assert!(merged("acme.order", "7").is_ok());
        assert!(merged("acme.order", "{").is_err() && merged("acme.other", "7").is_err());
    }

    #[test]
    fn another_schema_is_another_version() {
        let (one, other) = (written(ORDER), written("{}"));
        let version = |app: &App| AppContent::read(app).unwrap().declared.version;
        let versions = [app(None), app(Some(one.path())), app(Some(other.path()))].map(|app| version(&app));
        assert!(
            versions.iter().all(|version| *version > 0) && versions[0] != versions[1] && versions[1] != versions[2]
        );
        assert_eq!(version(&app(Some(one.path()))), versions[1]);
        let none = App { content_types: BTreeMap::new(), ..app(None) };
        assert_eq!(version(&none), 0);
    }

    #[test]
    fn a_schema_that_cannot_be_used_is_a_problem_of_the_configuration() {
        let (no_json, no_schema, away) =
            (written("{"), written(r#"{"type": 7}"#), written(r#"{"$ref": "http://x/y"}"#));
        let large = written(&" ".repeat(CONTENT_SCHEMA_BYTES_MAX + 1));
        for (path, why) in [
            (no_json.path(), "is not JSON"),
            (no_schema.path(), "is not a JSON schema"),
            (away.path(), "is not a JSON schema"),
            (large.path(), "has more than"),
            (Path::new("/nowhere"), "could not be read"),
        ] {
            let error = AppContent::read(&app(Some(path))).unwrap_err().to_string();
            assert!(
                error.contains("apps.default.content_types.\"acme.order\".schema") && error.contains(why),
                "{error}"
            );
        }
    }
}
