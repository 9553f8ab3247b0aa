//! The last part of each `--help`: what people copy.

/// `stonechat --help`.
pub const ROOT: &str = "\
EXAMPLES
  stonechat serve --demo --data .stonechat      a server with six demo people
  stonechat chat --as alice                     chat as one of them, in another terminal
  stonechat send --as bob --to alice 'hello'    send from a script
  stonechat tail --as alice --json | jq .text   follow what arrives

EXIT CODES OF CLIENTS
  0 done   1 failed   2 wrong usage   3 not acknowledged, kept in the outbox
  4 refused by the server, with a stable code on standard error";

/// `stonechat serve --help`.
pub const SERVE: &str = "\
It prints one line `ready URL` on standard output once people can sign in and messages are durable; logs go to \
standard error. SIGTERM and Ctrl+C end it in order.

EXAMPLES
  stonechat serve
  stonechat serve --demo --data .stonechat
  stonechat serve --config /etc/stonechat.toml --listen 0.0.0.0:8443";

/// `stonechat token mint --help`.
pub const TOKEN_MINT: &str = "\
EXAMPLES
  stonechat token mint --user alice
  stonechat token mint --user alice --expires 7d --data /var/lib/stonechat
  STONECHAT_TOKEN=$(stonechat token mint --user alice) stonechat conversations";

/// `stonechat chat --help`.
pub const CHAT: &str = "\
Press ? (or F1) inside for all keys.

EXAMPLES
  stonechat chat --as alice
  stonechat chat --as alice --to bob                        open the conversation with bob
  stonechat chat --as alice --device laptop                 a second device of alice
  stonechat chat --server https://chat.example.com --token \"$TOKEN\"

PROFILES
  --as NAME reads profiles/NAME.toml in the folder of --home:
    server = \"https://chat.example.com\"
    user = \"alice\"
    token_command = \"company-sso token --for stonechat\"     or: token = \"…\"";

/// `stonechat conversations --help`.
pub const CONVERSATIONS: &str = "\
JSON KEYS
  conversation, kind, title, peer, role, members, unread, and of the last message:
  seq, ordinal, sender, sent_at (ms since 1970, UTC), text

EXAMPLES
  stonechat conversations --as alice
  stonechat conversations --as alice --json | jq -r 'select(.unread > 0) | .conversation'";

/// `stonechat history --help`.
pub const HISTORY: &str = "\
JSON KEYS
  conversation, seq, ordinal, message_id, client_msg_id, sender, sent_at (ms since 1970, UTC),
  kind, text, deduplicated, happened (what is no text, in words), target (seq of the message that
  it changed)

EXAMPLES
  stonechat history --as alice --conversation d_aeaqcaibaeaqcaibaeaqcaibae
  stonechat history --as alice --conversation d_aeaqcaibaeaqcaibaeaqcaibae --before 101 --json";

/// `stonechat send --help`.
pub const SEND: &str = "\
A message is on disk before it leaves. One that the server did not acknowledge, because of time, connection or token, \
stays in the outbox of this device (exit code 3), and the next `send` of the device delivers it first: do not send it \
again. One that the server refused (exit code 4) is dropped, and never goes out.

JSON KEYS
  conversation, seq, ordinal, message_id, client_msg_id, sender, sent_at (ms since 1970, UTC),
  kind, text, deduplicated, happened (what is no text, in words), target (seq of the message that
  it changed)

EXIT CODES
  0 stored   1 failed   2 wrong usage   3 not acknowledged, kept in the outbox
  4 refused; standard error has a stable code: `error: forbidden: …`

EXAMPLES
  stonechat send --as alice --to bob 'see you at noon'
  date | stonechat send --as alice --conversation g_aibaeaqcaibaeaqcaibaeaqcai -
  stonechat send --as alice --to bob --type acme.order '{\"number\": 7}'
  stonechat send --as alice --to bob --json 'exactly once' \\
      --client-msg-id 0198f0c4-7b5e-7d7e-8a51-3b1f6c0f8f11";

/// `stonechat tail --help`.
pub const TAIL: &str = "\
Each event comes once: its place is kept after the line was written. It goes on by itself when the connection breaks \
or the server restarts. Ctrl+C ends it.

JSON KEYS
  conversation, seq, ordinal, message_id, client_msg_id, sender, sent_at (ms since 1970, UTC),
  kind, text, deduplicated, happened (what is no text, in words), target (seq of the message that
  it changed)

EXAMPLES
  stonechat tail --as alice
  stonechat tail --as alice --json | jq -r 'select(.text) | .sender + \": \" + .text'
  stonechat tail --as alice --json --idle-exit 1000 > new.jsonl";

/// `stonechat group --help`.
pub const GROUP: &str = "\
EXAMPLES
  stonechat group create --as alice 'Friday lunch' bob carol
  stonechat group add --as alice --conversation g_aibaeaqcaibaeaqcaibaeaqcai dave erin
  stonechat group role --as alice --conversation g_aibaeaqcaibaeaqcaibaeaqcai bob admin
  stonechat group leave --as carol --conversation g_aibaeaqcaibaeaqcaibaeaqcai";

/// `stonechat devices --help`.
pub const DEVICES: &str = "\
EXAMPLES
  stonechat devices list --as alice
  stonechat devices revoke --as alice lost-phone";

/// `stonechat presence --help`.
pub const PRESENCE: &str = "\
EXAMPLES
  stonechat presence show --as alice bob carol
  stonechat presence status --as alice \"at lunch\" --emoji 🥪 --lasts 1h
  stonechat presence privacy --as alice --see contacts --last-seen nobody";

/// `stonechat contacts --help`.
pub const CONTACTS: &str = "\
EXAMPLES
  stonechat contacts list --as alice
  stonechat contacts request --as alice bob \"We met at the harbour\"
  stonechat contacts accept --as bob alice
  stonechat contacts block --as alice mallory";

/// `stonechat messages --help`.
pub const MESSAGES: &str = "\
EXAMPLES
  stonechat messages delete --as alice d_… 17 18
  stonechat messages star --as alice d_… 21
  stonechat messages starred --as alice --json";

/// `stonechat quiet --help`.
pub const QUIET: &str = "\
EXAMPLES
  stonechat quiet hours --as alice mon-fri/22:00-07:00 sat,sun/00:00-10:00
  stonechat quiet pause --as alice --lasts 8h
  stonechat quiet show --as alice --json";

/// `stonechat log --help`.
pub const LOG: &str = "\
JSON KEYS OF A DUMP
  conversation, seq, ordinal, message_id, client_msg_id, sender, sent_at (ms since 1970, UTC),
  kind, text, deduplicated, body_hmac (hex)

EXAMPLES
  stonechat log dump --data .stonechat --json
  stonechat log verify --data .stonechat";

/// `stonechat config --help`.
pub const CONFIG: &str = "\
EXAMPLES
  stonechat config check --config stonechat.toml
  STONECHAT_LISTEN__HTTP=127.0.0.1:9000 stonechat config show";

/// `stonechat doctor --help`.
pub const DOCTOR: &str = "\
EXAMPLES
  stonechat doctor
  stonechat doctor --config /etc/stonechat.toml --data /var/lib/stonechat";

/// `stonechat completions --help`.
pub const COMPLETIONS: &str = "\
EXAMPLES
  stonechat completions bash > ~/.local/share/bash-completion/completions/stonechat
  stonechat completions zsh  > ~/.zfunc/_stonechat
  stonechat completions fish > ~/.config/fish/completions/stonechat.fish";
