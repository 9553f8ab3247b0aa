//! `docs/stonechat.example.toml`: every setting with its help, made from the table.

use crate::config::table::{APP_CONTENT_TYPE_FALLBACK, APP_ID, Kind, SETTINGS, Setting};

const HEAD: &str = "\
# Stonechat: every setting, with its default. What is commented out may stay so.
#
# `stonechat serve --config FILE` reads it. A variable STONECHAT_SECTION__KEY, such as STONECHAT_LISTEN__HTTP, comes
# before the file, and a flag before both; lists are separated by commas there. `stonechat config check` says what is
# wrong, `stonechat config show` where each value came from. Secrets are never in here: they lie in the data folder.
";

/// The text of the file.
#[must_use]
pub fn example() -> String {
    let mut text = HEAD.to_owned();
    let mut section = String::new();
    for setting in SETTINGS.iter().copied() {
        let path = example_path(setting);
        let (own_section, key) = path.rsplit_once('.').unwrap_or(("", &path));
        if own_section != section {
            section = own_section.to_owned();
            // A section that stands there makes an app, of which only `default` may be without a number, or a type, which
            // must say something.
            let makes = setting == APP_ID || setting == APP_CONTENT_TYPE_FALLBACK;
            let comment = if makes { "# " } else { "" };
            text += &format!("\n{comment}[{section}]\n");
        }
        text += &wrapped(setting.help);
        text += &format!("# {key} = {}\n", value(setting));
    }
    text
}

fn example_path(setting: &Setting) -> String {
    let app = if setting == APP_ID { "apps.shop" } else { "apps.default" };
    let path = setting.path.replacen("apps.*", app, 1).replace("content_types.*", "content_types.\"acme.order\"");
    path.replace('*', "my-key-1")
}

fn value(setting: &Setting) -> String {
    match (setting.example, setting.default) {
        ("", Some(default)) => match setting.kind {
            Kind::Flag | Kind::Number { .. } => default.to_owned(),
            _ => format!("{default:?}"),
        },
        (example, _) => example.to_owned(),
    }
}

fn wrapped(help: &str) -> String {
    let mut text = String::new();
    let mut line = String::from("#");
    for word in help.split(' ') {
        if line.len() + 1 + word.len() > 118 {
            text += &line;
            text.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line += word;
    }
    text + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::loading::{Loaded, Sources, load};
    use std::path::Path;

    fn loaded(toml: &str) -> Loaded {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stonechat.toml");
        std::fs::write(&path, toml).unwrap();
        load(&Sources::default().with_file(Some(path))).unwrap()
    }

    #[test]
    fn the_file_in_the_documents_is_this_one() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/stonechat.example.toml");
        if std::env::var_os("UPDATE_EXAMPLE").is_some() {
            std::fs::write(&path, example()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(written, example(), "run this test with UPDATE_EXAMPLE=1 and commit the file");
    }

    #[test]
    fn as_it_is_it_changes_nothing() {
        assert_eq!(loaded(&example()).settings, loaded("").settings);
    }

    #[test]
    fn every_line_of_it_is_a_setting_with_a_good_value() {
        for setting in SETTINGS {
            let mut toml = format!("{} = {}\n", example_path(setting), value(setting));
            // Some need company.
            toml += match setting.path {
                "listen.tls_certificate" => "listen.tls_key = \"k\"",
                "listen.tls_key" => "listen.tls_certificate = \"c\"",
                "apps.*.content_types.*.schema" => "apps.default.content_types.\"acme.order\".fallback = \"An order\"",
                "listen.proxies" => "listen.tls = \"terminated_by_proxy\"",
                _ => "",
            };
            loaded(&toml);
        }
    }
}
