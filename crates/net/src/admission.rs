//! Who may connect: a maximum of connections, one for each address, and the proxies when only they may.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

/// Maxima over all listeners of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time.
    pub connections_max: usize,
    /// Connections at a time from one IPv4 address, or from one /64 of IPv6. Loopback and named proxies are exempt.
    pub connections_per_ip_max: usize,
    /// Connections that a listener lets in a second, after a burst of one second's worth. The rest waits in the kernel,
    /// so that a storm after a restart is a queue and not a fire.
    pub accepts_per_second_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections_max: 100_000, connections_per_ip_max: 256, accepts_per_second_max: 5_000 }
    }
}

/// Why a connection was not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// The server has its maximum.
    Total,
    /// The address has its maximum.
    PerIp,
}

/// Counts the connections of all listeners.
#[derive(Debug)]
pub struct Admission {
    limits: Limits,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    /// Only addresses with a connection that counts, so at most `connections_max`.
    by_origin: BTreeMap<IpAddr, usize>,
}

impl Admission {
    /// Nobody is connected yet.
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, open: Mutex::default() })
    }

    /// The maxima.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Admits a connection until its permit is dropped.
    pub fn admit(self: &Arc<Self>, from: IpAddr) -> Result<Permit, NotAdmitted> {
        let from = from.to_canonical();
        if from.is_loopback() { self.count(None) } else { self.count(Some(origin(from))) }
    }

    /// Admits a connection of a named proxy, for which the maximum of an address does not count.
    pub fn admit_proxy(self: &Arc<Self>) -> Result<Permit, NotAdmitted> {
        self.count(None)
    }

    fn count(self: &Arc<Self>, origin: Option<IpAddr>) -> Result<Permit, NotAdmitted> {
        let mut open = self.lock();
        if open.total >= self.limits.connections_max {
            return Err(NotAdmitted::Total);
        }
        if let Some(origin) = origin {
            let count = open.by_origin.entry(origin).or_default();
            if *count >= self.limits.connections_per_ip_max {
                if *count == 0 {
                    open.by_origin.remove(&origin);
                }
                return Err(NotAdmitted::PerIp);
            }
            *count += 1;
        }
        open.total += 1;
        Ok(Permit { admission: self.clone(), origin })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One admitted connection.
#[derive(Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    origin: Option<IpAddr>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.admission.lock();
        open.total -= 1;
        let Some(origin) = self.origin else { return };
        if let Some(count) = open.by_origin.get_mut(&origin) {
            *count -= 1;
            if *count == 0 {
                open.by_origin.remove(&origin);
            }
        }
    }
}

/// Whoever has one address of a /64 has all of it.
fn origin(from: IpAddr) -> IpAddr {
    match from {
        IpAddr::V4(_) => from,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

/// Addresses of proxies: one, or a range such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    first: IpAddr,
    prefix_bits: u32,
}

impl AddressRange {
    /// Whether an address belongs to it. An IPv4 address that is mapped into IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let rest = u32::MAX.checked_shr(self.prefix_bits).unwrap_or(0);
                first.to_bits() | rest == address.to_bits() | rest
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let rest = u128::MAX.checked_shr(self.prefix_bits).unwrap_or(0);
                first.to_bits() | rest == address.to_bits() | rest
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl From<IpAddr> for AddressRange {
    fn from(address: IpAddr) -> Self {
        let first = address.to_canonical();
        Self { first, prefix_bits: if first.is_ipv4() { 32 } else { 128 } }
    }
}

/// The text is neither an address nor a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an IP address, or a range such as 10.0.0.0/8")]
pub struct NotARange;

impl FromStr for AddressRange {
    type Err = NotARange;

    fn from_str(text: &str) -> Result<Self, NotARange> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().map_err(|_| NotARange)?)),
            None => (text, None),
        };
        let whole = Self::from(address.parse::<IpAddr>().map_err(|_| NotARange)?);
        match bits {
            None => Ok(whole),
            Some(prefix_bits) if prefix_bits <= whole.prefix_bits => Ok(Self { prefix_bits, ..whole }),
            Some(_) => Err(NotARange),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn admission() -> Arc<Admission> {
        Admission::new(Limits { connections_max: 4, connections_per_ip_max: 2, ..Limits::default() })
    }

    #[test]
    fn an_address_has_its_maximum_and_gets_it_back() {
        let admission = admission();
        let first = admission.admit(ip("192.0.2.1")).unwrap();
        let _second = admission.admit(ip("::ffff:192.0.2.1")).unwrap();
        assert_eq!(admission.admit(ip("192.0.2.1")).unwrap_err(), NotAdmitted::PerIp);
        let _other = admission.admit(ip("192.0.2.2")).unwrap();
        drop(first);
        assert!(admission.admit(ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        let admission = admission();
        let _one = admission.admit(ip("2001:db8::1")).unwrap();
        let _two = admission.admit(ip("2001:db8::2")).unwrap();
        assert_eq!(admission.admit(ip("2001:db8::3")).unwrap_err(), NotAdmitted::PerIp);
        assert!(admission.admit(ip("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn loopback_and_proxies_count_only_in_the_total() {
        let admission = admission();
        let _permits = [
            admission.admit(ip("127.0.0.1")).unwrap(),
            admission.admit(ip("::1")).unwrap(),
            admission.admit(ip("127.0.0.1")).unwrap(),
            admission.admit_proxy().unwrap(),
        ];
        assert_eq!(admission.admit(ip("127.0.0.1")).unwrap_err(), NotAdmitted::Total);
    }

    #[test]
    fn nothing_is_kept_of_who_has_left() {
        let admission = admission();
        drop(admission.admit(ip("192.0.2.1")).unwrap());
        let open = admission.lock();
        assert_eq!((open.total, open.by_origin.len()), (0, 0));
    }

    #[test]
    fn a_range_holds_its_addresses_only() {
        for (range, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("192.0.2.7", "::ffff:192.0.2.7", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("10.1.2.3/16", "10.1.9.9", "10.2.2.3"),
        ] {
            let range: AddressRange = range.parse().unwrap();
            assert!(range.contains(ip(inside)), "{range:?} {inside}");
            assert!(!range.contains(ip(outside)), "{range:?} {outside}");
        }
        assert!("0.0.0.0/0".parse::<AddressRange>().unwrap().contains(ip("8.8.8.8")));
        for wrong in ["", "proxy", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8"] {
            assert_eq!(wrong.parse::<AddressRange>(), Err(NotARange), "{wrong}");
        }
    }
}
