//! A user as he is told beside something else, in JSON.

use serde::Serialize;
use stonechat_app::api::UserView;

/// A user, and what people call him.
#[derive(Serialize)]
pub(crate) struct UserBody {
    user: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
}

impl From<&UserView> for UserBody {
    fn from(view: &UserView) -> Self {
        Self { user: view.id.to_string(), display_name: view.name.as_ref().map(|name| name.as_str().to_owned()) }
    }
}
