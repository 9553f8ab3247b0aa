//! The devices of a user: how many of a class may be signed in, and who has to go.

use crate::decide::Rejection;
use stonechat_types::id::DeviceId;
use stonechat_types::limits::DEVICES_PER_USER_MAX;
use stonechat_types::number::Timestamp;

/// The class of a device, as it says itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Platform {
    /// It said nothing; such devices are not counted.
    #[default]
    Other,
    /// A phone.
    Phone,
    /// A tablet.
    Tablet,
    /// A desktop.
    Desktop,
    /// A browser.
    Web,
    /// A program that acts by itself.
    Bot,
}

impl Platform {
    /// Every class, with its name.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Other, "other"),
        (Self::Phone, "phone"),
        (Self::Tablet, "tablet"),
        (Self::Desktop, "desktop"),
        (Self::Web, "web"),
        (Self::Bot, "bot"),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(platform, _)| *platform == self).map_or("other", |(_, name)| name)
    }
}

/// What happens when a device signs in beside another of its class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DevicePolicy {
    /// Both are signed in.
    #[default]
    Several,
    /// The other is signed out.
    ReplaceOldest,
    /// It is refused.
    RefuseNewest,
}

/// The policy of an app for each class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DevicePolicies {
    /// Phones.
    pub phone: DevicePolicy,
    /// Tablets.
    pub tablet: DevicePolicy,
    /// Desktops.
    pub desktop: DevicePolicy,
    /// Browsers.
    pub web: DevicePolicy,
    /// Bots.
    pub bot: DevicePolicy,
}

impl DevicePolicies {
    /// The policy for a class.
    #[must_use]
    pub const fn of(self, platform: Platform) -> DevicePolicy {
        match platform {
            Platform::Other => DevicePolicy::Several,
            Platform::Phone => self.phone,
            Platform::Tablet => self.tablet,
            Platform::Desktop => self.desktop,
            Platform::Web => self.web,
            Platform::Bot => self.bot,
        }
    }
}

/// Why a device was signed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOut {
    /// By the user.
    ByUser,
    /// A newer device of its class took its place.
    Replaced,
    /// By the app.
    ByApp,
}

/// A device that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Which.
    pub id: DeviceId,
    /// Its class.
    pub platform: Platform,
    /// When it last signed in.
    pub seen_at: Timestamp,
}

/// Who has to go when a device of a class signs in, while these are.
///
/// # Errors
/// [`Rejection::TooManyDevices`] when the policy refuses it, or there are as many as a user may have.
pub fn decide_sign_in(
    device: &DeviceId,
    platform: Platform,
    signed_in: &[SignedIn],
    policy: DevicePolicy,
) -> Result<Vec<DeviceId>, Rejection> {
    let others = || signed_in.iter().filter(|other| other.id != *device);
    let of_class: Vec<_> = others().filter(|other| other.platform == platform).map(|other| other.id.clone()).collect();
    let gone = match policy {
        DevicePolicy::Several => Vec::new(),
        DevicePolicy::ReplaceOldest => of_class,
        DevicePolicy::RefuseNewest if of_class.is_empty() => Vec::new(),
        DevicePolicy::RefuseNewest => return Err(Rejection::TooManyDevices),
    };
    if others().count() - gone.len() >= DEVICES_PER_USER_MAX {
        return Err(Rejection::TooManyDevices);
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> DeviceId {
        DeviceId::new(name).unwrap()
    }

    fn signed_in() -> Vec<SignedIn> {
        let device = |name, platform| SignedIn { id: id(name), platform, seen_at: Timestamp(1) };
        vec![device("phone", Platform::Phone), device("mac", Platform::Desktop), device("cli", Platform::Other)]
    }

    #[test]
    fn the_policy_of_its_class_decides_who_stays() {
        let new = |platform, policy| decide_sign_in(&id("new"), platform, &signed_in(), policy);
        assert_eq!(new(Platform::Phone, DevicePolicy::Several), Ok(vec![]));
        assert_eq!(new(Platform::Phone, DevicePolicy::ReplaceOldest), Ok(vec![id("phone")]));
        assert_eq!(new(Platform::Phone, DevicePolicy::RefuseNewest), Err(Rejection::TooManyDevices));
        assert_eq!(new(Platform::Tablet, DevicePolicy::RefuseNewest), Ok(vec![]));
        assert_eq!(DevicePolicies::default().of(Platform::Phone), DevicePolicy::Several);
    }

    #[test]
    fn a_device_that_is_signed_in_stays_itself() {
        let again = |policy| decide_sign_in(&id("phone"), Platform::Phone, &signed_in(), policy);
        assert_eq!(again(DevicePolicy::ReplaceOldest), Ok(vec![]));
        assert_eq!(again(DevicePolicy::RefuseNewest), Ok(vec![]));
    }

    #[test]
    fn nobody_has_more_devices_than_there_may_be() {
        let device = |n| SignedIn { id: id(&format!("d{n}")), platform: Platform::Phone, seen_at: Timestamp(n) };
        let all: Vec<_> = (0..DEVICES_PER_USER_MAX as i64).map(device).collect();
        let new = |policy| decide_sign_in(&id("new"), Platform::Phone, &all, policy).map(|gone| gone.len());
        assert_eq!(new(DevicePolicy::Several), Err(Rejection::TooManyDevices));
        assert_eq!(new(DevicePolicy::ReplaceOldest), Ok(DEVICES_PER_USER_MAX));
    }
}
