//! The devices of a user: noted when they sign in, listed, and signed out at once.

use crate::api::{DeviceView, Failure, Hello, Outbound, PersonalItem};
use crate::directory::{commit, failure};
use crate::fan_out::tell_personal;
use crate::node::Node;
use crate::reading::Reader;
use crate::rows::personal;
use crate::session::Session;
use std::sync::Arc;
use stonechat_domain::device::{Platform, SignOut, SignedIn, decide_sign_in};
use stonechat_log::personal as rows;
use stonechat_log::record::{PersonalWrite, Record};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::DeviceId;
use stonechat_types::number::Timestamp;

/// A device that signs in again within this time is not stored again, unless something else about it changed.
const SEEN_AGAIN_MS: i64 = 24 * 60 * 60 * 1_000;
/// Bytes of a device's name, and of its client's.
const NAME_BYTES_MAX: usize = 256;
/// Devices of one read.
const DEVICES_PER_READ: usize = 256;

/// A device that signs in.
#[derive(Clone, Debug)]
pub(crate) struct SigningIn {
    device: DeviceId,
    name: String,
    client: String,
    platform: Platform,
    issued_at: Option<Timestamp>,
}

impl SigningIn {
    /// What a hello says of its device, and when its token was made.
    pub(crate) fn of(hello: &Hello, issued_at: Option<Timestamp>) -> Self {
        let (name, client) = (cut(&hello.device_name), cut(&hello.client));
        Self { device: hello.device.clone(), name, client, platform: hello.platform, issued_at }
    }
}

/// Whether a device may sign in, as far as it can be told before anything is changed.
///
/// # Errors
/// As [`sign_in`].
pub(crate) async fn check(node: &Node, reader: &Reader, signing: &SigningIn) -> Result<(), Failure> {
    admit(find(node, reader, &signing.device).await?.as_ref(), signing.issued_at)
}

/// Notes that a device signs in. While the store takes nothing for a time, a device that was not signed out signs in
/// all the same, so that its user can read: it comes back, to be noted later.
///
/// # Errors
/// `revoked` when it was signed out and the token is not newer than that.
pub(crate) async fn sign_in(node: &Node, reader: &Reader, signing: SigningIn) -> Result<Option<SigningIn>, Failure> {
    let SigningIn { device, name, client, platform, issued_at } = signing.clone();
    let now = node.clock.now();
    let known = find(node, reader, &device).await?;
    admit(known.as_ref(), issued_at)?;
    if let Some(known) = &known {
        let again = known.seen_at.plus_ms(SEEN_AGAIN_MS) > now;
        if again && !known.revoked && (&known.name, &known.client, known.platform) == (&name, &client, platform) {
            return Ok(None);
        }
    }
    let _one = node.devices.lock(reader).await;
    // Under the lock once more: it may have been signed out meanwhile, or others may have signed in.
    let known = find(node, reader, &device).await?;
    admit(known.as_ref(), issued_at)?;
    let mut changed = Vec::new();
    if known.as_ref().is_none_or(|known| known.revoked || known.platform != platform) {
        let devices = list(node, reader).await?;
        if known.is_none() {
            admit_new(&devices, issued_at)?;
        }
        changed = replaced(node, reader, &devices, &signing, now)?;
    }
    let revoked = known.as_ref().is_some_and(|known| known.revoked);
    let (revoked_at, signed_out) =
        known.map_or((Timestamp::default(), None), |known| (known.revoked_at, known.signed_out));
    let fresh = DeviceView { id: device, name, client, seen_at: now, revoked: false, revoked_at, platform, signed_out };
    let gone: Vec<_> = changed.iter().map(|device| device.id.clone()).collect();
    changed.push(fresh);
    match store(node, reader, changed, false).await {
        // What undoes a sign-out has to be stored.
        Err(failure) if revoked || !passes(&failure) => Err(failure),
        Ok(()) => {
            gone.iter().for_each(|device| close(node, reader, device, SignOut::Replaced));
            Ok(None)
        }
        Err(_) => Ok(Some(signing)),
    }
}

/// The devices that the policy of the app signs out when another signs in.
fn replaced(
    node: &Node,
    reader: &Reader,
    devices: &[DeviceView],
    signing: &SigningIn,
    now: Timestamp,
) -> Result<Vec<DeviceView>, Failure> {
    let policies = node.options.devices.get(&reader.app).copied().unwrap_or_default();
    let policy = policies.of(signing.platform);
    let signed_in = devices.iter().filter(|device| !device.revoked);
    let signed_in: Vec<_> = signed_in
        .map(|device| SignedIn { id: device.id.clone(), platform: device.platform, seen_at: device.seen_at })
        .collect();
    let gone = decide_sign_in(&signing.device, signing.platform, &signed_in, policy)
        .map_err(|rejection| Failure::new(rejection.code(), rejection.message()))?;
    let gone = devices.iter().filter(|device| gone.contains(&device.id));
    Ok(gone.map(|device| signed_out(device.clone(), now, SignOut::Replaced)).collect())
}

fn signed_out(device: DeviceView, now: Timestamp, why: SignOut) -> DeviceView {
    DeviceView { revoked: true, revoked_at: now, signed_out: Some(why), ..device }
}

/// The code with which a device is closed that was signed out.
fn code(why: SignOut) -> ErrorCode {
    match why {
        SignOut::ByUser => ErrorCode::Revoked,
        SignOut::Replaced => ErrorCode::DeviceReplaced,
        SignOut::ByApp => ErrorCode::RevokedByApp,
    }
}

/// Ends the session of a device that was signed out.
fn close(node: &Node, reader: &Reader, device: &DeviceId, why: SignOut) {
    if let Some(session) = node.registry.device(reader.app, reader.user.no, device) {
        node.end(&session);
        session.offer_control(Outbound::Close(code(why)));
    }
}

/// Notes the devices of some sessions that signed in while the store took nothing.
pub(crate) async fn sign_in_again(node: &Node, late: Vec<(Arc<Session>, SigningIn)>) {
    for (session, signing) in late {
        let reader = Reader { app: session.app, user: session.user.clone() };
        match sign_in(node, &reader, signing.clone()).await {
            Ok(signing) => session.note_later(signing),
            // Signed out meanwhile, or one too many: what was let in while nothing could be noted goes.
            Err(failure) if is_final(failure.code) => {
                node.end(&session);
                session.offer_control(Outbound::Close(failure.code));
            }
            Err(_) => session.note_later(Some(signing)),
        }
    }
}

/// Refuses a token to a device that nobody knows, when it was made before another was signed out: else whoever has that
/// one's token would be in again under another name. An honest device asks for another token.
fn admit_new(devices: &[DeviceView], issued_at: Option<Timestamp>) -> Result<(), Failure> {
    let was_told_to_go = |device: &&DeviceView| matches!(device.signed_out, Some(SignOut::ByUser | SignOut::ByApp));
    let last = devices.iter().filter(was_told_to_go).map(|device| device.revoked_at).max();
    // Tokens count in seconds.
    match (last, issued_at) {
        (Some(last), Some(issued)) if issued.0 / 1_000 < last.0 / 1_000 => {
            Err(Failure::new(ErrorCode::TokenExpired, "the token is older than a sign-out of this user"))
        }
        _ => Ok(()),
    }
}

/// Refuses a token that was made before the device was signed out, however often it came back since.
fn admit(known: Option<&DeviceView>, issued_at: Option<Timestamp>) -> Result<(), Failure> {
    let signed_out = known.map_or(Timestamp::default(), |known| known.revoked_at);
    // Tokens count in seconds.
    let older = || issued_at.is_none_or(|issued| issued.0 / 1_000 <= signed_out.0 / 1_000);
    if signed_out > Timestamp::default() && older() {
        let why = known.and_then(|known| known.signed_out).unwrap_or(SignOut::ByUser);
        return Err(Failure::new(code(why), "this device was signed out"));
    }
    Ok(())
}

/// Whether a device that is refused so has to go.
fn is_final(code: ErrorCode) -> bool {
    use ErrorCode::{DeviceLimit, DeviceReplaced, Revoked, RevokedByApp};
    matches!(code, Revoked | RevokedByApp | DeviceReplaced | DeviceLimit)
}

/// Whether the store will take writes again by itself.
fn passes(failure: &Failure) -> bool {
    matches!(failure.code, ErrorCode::StorageFull | ErrorCode::Overloaded)
}

/// All devices of a user.
pub(crate) async fn list(node: &Node, reader: &Reader) -> Result<Vec<DeviceView>, Failure> {
    let prefix = rows::value_key(reader.app, reader.user.no, personal::DEVICE_PREFIX);
    let start = rows::value_key(reader.app, reader.user.no, b"").len();
    let (mut devices, mut after) = (Vec::new(), None);
    loop {
        let found = node.log.scan(prefix.clone(), after, DEVICES_PER_READ).await.map_err(failure)?;
        after = found.last().map(|(key, _)| key.clone()).filter(|_| found.len() == DEVICES_PER_READ);
        for (key, row) in found {
            let value = rows::decode_value(&row).and_then(|(_, value)| value);
            let item = value.map(|value| personal::decode(&key[start..], &value)).transpose().map_err(failure)?;
            if let Some(Some(PersonalItem::Device(device))) = item {
                devices.push(device);
            }
        }
        if after.is_none() {
            return Ok(devices);
        }
    }
}

/// Signs a device out: durable first, then its session ends.
pub(crate) async fn revoke(node: &Node, reader: &Reader, device: &DeviceId, why: SignOut) -> Result<(), Failure> {
    let _one = node.devices.lock(reader).await;
    let Some(known) = find(node, reader, device).await?.or_else(|| live(node, reader, device)) else {
        return Err(Failure::new(ErrorCode::NotFound, "the user has no such device"));
    };
    store(node, reader, vec![signed_out(known, node.clock.now(), why)], true).await?;
    close(node, reader, device, why);
    Ok(())
}

/// Signs all devices out but one: durable first, then their sessions end.
pub(crate) async fn revoke_others(
    node: &Node,
    reader: &Reader,
    but: Option<&DeviceId>,
    why: SignOut,
) -> Result<(), Failure> {
    let _one = node.devices.lock(reader).await;
    let mut devices = list(node, reader).await?;
    devices.retain(|device| !device.revoked && Some(&device.id) != but);
    // Those that signed in while the store took nothing.
    node.registry.each(reader.app, reader.user.no, |session| {
        if Some(&session.device) != but && !devices.iter().any(|device| device.id == session.device) {
            devices.push(unnoted(node, session.device.clone()));
        }
    });
    let gone: Vec<_> = devices.iter().map(|device| device.id.clone()).collect();
    let now = node.clock.now();
    store(node, reader, devices.into_iter().map(|device| signed_out(device, now, why)).collect(), true).await?;
    gone.iter().for_each(|device| close(node, reader, device, why));
    Ok(())
}

/// A device that signed in while the store took nothing.
fn live(node: &Node, reader: &Reader, device: &DeviceId) -> Option<DeviceView> {
    let session = node.registry.device(reader.app, reader.user.no, device)?;
    Some(unnoted(node, session.device.clone()))
}

fn unnoted(node: &Node, id: DeviceId) -> DeviceView {
    DeviceView {
        id,
        name: String::new(),
        client: String::new(),
        seen_at: node.clock.now(),
        revoked: false,
        revoked_at: Timestamp::default(),
        platform: Platform::Other,
        signed_out: None,
    }
}

async fn find(node: &Node, reader: &Reader, device: &DeviceId) -> Result<Option<DeviceView>, Failure> {
    let key = personal::device_key(device);
    let Some(row) = node.row(rows::value_key(reader.app, reader.user.no, &key)).await? else { return Ok(None) };
    let Some((_, Some(value))) = rows::decode_value(&row) else { return Ok(None) };
    match personal::decode(&key, &value).map_err(failure)? {
        Some(PersonalItem::Device(device)) => Ok(Some(device)),
        _ => Ok(None),
    }
}

async fn store(node: &Node, reader: &Reader, devices: Vec<DeviceView>, takes_away: bool) -> Result<(), Failure> {
    if devices.is_empty() {
        return Ok(());
    }
    let items: Vec<_> = devices.into_iter().map(PersonalItem::Device).collect();
    let write = |item: &PersonalItem| {
        let (key, value) = personal::encode(item);
        PersonalWrite { app: reader.app, user_no: reader.user.no, key, value: Some(value) }
    };
    let record = Record { personal: items.iter().map(write).collect(), takes_away, ..Record::default() };
    let committed = commit(&*node.log, &node.watermark, record).await?;
    for (seq, item) in committed.personal.into_iter().zip(&items) {
        tell_personal(node, reader.app, reader.user.no, seq, item);
    }
    Ok(())
}

fn cut(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    let mut end = clean.len().min(NAME_BYTES_MAX);
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    clean[..end].to_owned()
}
