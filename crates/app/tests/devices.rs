//! Devices by class: who has to go when another signs in, who is refused, and what the others are told.

mod harness;

use bytes::Bytes;
use harness::{Device, World, user};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use stonechat_app::api::{Answer, Call, DeviceView, Failure, Outbound, PersonalItem};
use stonechat_app::node::Options;
use stonechat_domain::device::{DevicePolicies, DevicePolicy, Platform, SignOut};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::DeviceId;
use stonechat_types::number::AppId;

fn options(phone: DevicePolicy) -> Options {
    let policies = DevicePolicies { phone, ..DevicePolicies::default() };
    Options { devices: BTreeMap::from([(AppId::DEFAULT, policies)]), ..Options::default() }
}

/// Signs in with a token of now.
async fn sign_in(world: &World, device: &str, platform: Platform) -> Result<Device, Failure> {
    let now = world.clock.0.fetch_add(2_000, Ordering::SeqCst) + 2_000;
    world.try_device_on(&format!("alice@{now}"), device, Bytes::new(), platform).await
}

async fn closed(device: &Device) -> ErrorCode {
    device.sink.wait(|outbound| if let Outbound::Close(code) = outbound { Some(*code) } else { None }).await
}

/// The next word of a device being signed out.
async fn told(device: &Device, of: &str) -> DeviceView {
    let is_it = |outbound: &Outbound| match outbound {
        Outbound::Personal(_, PersonalItem::Device(view)) if view.id.as_str() == of && view.revoked => {
            Some(view.clone())
        }
        _ => None,
    };
    device.sink.wait(is_it).await
}

async fn list(device: &mut Device) -> Vec<(String, bool)> {
    let Answer::Devices(devices) = device.call(Call::ListDevices).await.unwrap() else { panic!() };
    devices.into_iter().map(|device| (device.id.to_string(), device.revoked)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_newer_phone_takes_the_place_of_the_older() {
    let world = World::with(options(DevicePolicy::ReplaceOldest));
    let old = sign_in(&world, "old", Platform::Phone).await.unwrap();
    let tablet = sign_in(&world, "tablet", Platform::Tablet).await.unwrap();
    let mut new = sign_in(&world, "new", Platform::Phone).await.unwrap();
    assert_eq!(closed(&old).await, ErrorCode::DeviceReplaced);
    let view = told(&tablet, "old").await;
    assert_eq!((view.signed_out, view.platform), (Some(SignOut::Replaced), Platform::Phone));
    let expected = [("new", false), ("old", true), ("tablet", false)].map(|(id, gone)| (id.to_owned(), gone));
    assert_eq!(list(&mut new).await, expected);
    // Its old token is worthless, also for the next process; a new one brings it back, and the other goes.
    let next = world.next(options(DevicePolicy::ReplaceOldest));
    next.clock.0.store(world.clock.0.load(Ordering::SeqCst), Ordering::SeqCst);
    let late = next.try_device_on("alice@1000", "old", Bytes::new(), Platform::Phone).await;
    assert_eq!(late.err().unwrap().code, ErrorCode::DeviceReplaced);
    let new = sign_in(&next, "new", Platform::Phone).await.unwrap();
    let mut old = sign_in(&next, "old", Platform::Phone).await.unwrap();
    assert_eq!(closed(&new).await, ErrorCode::DeviceReplaced);
    assert_eq!(list(&mut old).await[..2], [("new".to_owned(), true), ("old".to_owned(), false)]);
}

#[tokio::test(start_paused = true)]
async fn a_second_phone_is_refused_until_the_first_is_signed_out() {
    let world = World::with(options(DevicePolicy::RefuseNewest));
    let mut first = sign_in(&world, "first", Platform::Phone).await.unwrap();
    let refused = sign_in(&world, "second", Platform::Phone).await.err().unwrap();
    assert_eq!(refused.code, ErrorCode::DeviceLimit);
    assert_eq!(list(&mut first).await.len(), 1, "who was refused is not listed");
    sign_in(&world, "first", Platform::Phone).await.unwrap();
    let mut desk = sign_in(&world, "desk", Platform::Desktop).await.unwrap();
    desk.call(Call::RevokeDevice(DeviceId::new("first").unwrap())).await.unwrap();
    sign_in(&world, "second", Platform::Phone).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn all_others_are_signed_out_at_once_and_told_by_whom() {
    let world = World::new();
    let mut phone = sign_in(&world, "phone", Platform::Phone).await.unwrap();
    let tablet = sign_in(&world, "tablet", Platform::Tablet).await.unwrap();
    let web = sign_in(&world, "web", Platform::Web).await.unwrap();
    phone.call(Call::RevokeOtherDevices).await.unwrap();
    assert_eq!((closed(&tablet).await, closed(&web).await), (ErrorCode::Revoked, ErrorCode::Revoked));
    assert_eq!(told(&phone, "web").await.signed_out, Some(SignOut::ByUser));
    // The app signs everybody out.
    world.app.call_as(AppId::DEFAULT, user("alice"), Call::RevokeOtherDevices).await.unwrap();
    assert_eq!(closed(&phone).await, ErrorCode::RevokedByApp);
    let late = world.try_device_on("alice@1000", "phone", Bytes::new(), Platform::Phone).await;
    assert_eq!(late.err().unwrap().code, ErrorCode::RevokedByApp);
}

#[tokio::test(start_paused = true)]
async fn a_sign_out_that_cannot_be_stored_does_not_happen() {
    let world = World::new();
    let mut phone = sign_in(&world, "phone", Platform::Phone).await.unwrap();
    let _tablet = sign_in(&world, "tablet", Platform::Tablet).await.unwrap();
    world.log.refuse(1);
    assert_eq!(phone.call(Call::RevokeOtherDevices).await.unwrap_err().code, ErrorCode::StorageFull);
    assert_eq!(list(&mut phone).await, [("phone".to_owned(), false), ("tablet".to_owned(), false)]);
}

#[tokio::test(start_paused = true)]
async fn a_token_from_before_a_sign_out_lets_nobody_in_under_another_name() {
    let world = World::new();
    let mut phone = sign_in(&world, "phone", Platform::Phone).await.unwrap();
    let stolen = format!("alice@{}", world.clock.0.load(Ordering::SeqCst));
    world.try_device_on(&stolen, "tablet", Bytes::new(), Platform::Tablet).await.unwrap();
    world.clock.0.fetch_add(5_000, Ordering::SeqCst);
    phone.call(Call::RevokeDevice(DeviceId::new("tablet").unwrap())).await.unwrap();
    let again = world.try_device_on(&stolen, "fresh", Bytes::new(), Platform::Web).await;
    assert_eq!(again.err().unwrap().code, ErrorCode::TokenExpired);
    sign_in(&world, "fresh", Platform::Web).await.unwrap();
    assert!(list(&mut phone).await.iter().any(|(id, revoked)| id == "fresh" && !revoked));
}

#[tokio::test(start_paused = true)]
async fn a_worthless_token_closes_nobody() {
    let world = World::new();
    let mut phone = sign_in(&world, "phone", Platform::Phone).await.unwrap();
    let old = format!("alice@{}", world.clock.0.load(Ordering::SeqCst));
    world.try_device_on(&old, "tablet", Bytes::new(), Platform::Tablet).await.unwrap();
    world.clock.0.fetch_add(5_000, Ordering::SeqCst);
    phone.call(Call::RevokeDevice(DeviceId::new("tablet").unwrap())).await.unwrap();
    let mut tablet = sign_in(&world, "tablet", Platform::Tablet).await.unwrap();
    let late = world.try_device_on(&old, "tablet", Bytes::new(), Platform::Tablet).await;
    assert_eq!(late.err().unwrap().code, ErrorCode::Revoked);
    assert_eq!(tablet.sink.count(|outbound| matches!(outbound, Outbound::Close(_))), 0);
    assert_eq!(list(&mut tablet).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn devices_behind_many_that_were_signed_out_are_seen() {
    let world = World::with(options(DevicePolicy::ReplaceOldest));
    for n in 0..300 {
        sign_in(&world, &format!("phone{n:03}"), Platform::Phone).await.unwrap();
    }
    let mut desk = sign_in(&world, "zdesk", Platform::Desktop).await.unwrap();
    let phone = sign_in(&world, "zphone", Platform::Phone).await.unwrap();
    let listed = list(&mut desk).await;
    let signed_in: Vec<_> = listed.iter().filter(|(_, gone)| !gone).map(|(id, _)| id.as_str()).collect();
    assert_eq!(
        (listed.len(), signed_in),
        (302, vec!["zdesk", "zphone"]),
        "each of them took the place of the one before"
    );
    desk.call(Call::RevokeOtherDevices).await.unwrap();
    assert_eq!(closed(&phone).await, ErrorCode::Revoked);
}
