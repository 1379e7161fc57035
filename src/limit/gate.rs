//! The first gate: so many requests from one address, before any work is done for them.

use std::net::{IpAddr, Ipv6Addr};

use crate::error::{Code, Error, abort_for};

/// Seconds over which the gate counts, as `wrangler.toml` has it.
const PERIOD: u64 = 60;

/// Key by which the gate counts a request; `None` for loopback and unknown addresses. For an IPv6
/// address, only the first half counts: the client chooses the second (RFC 4291, 2.5.1).
#[must_use]
pub fn key(address: &str) -> Option<String> {
    let address: IpAddr = address.trim().parse().ok()?;
    match address.to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V4(address) => Some(address.to_string()),
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            Some(format!("{}/64", Ipv6Addr::from_bits(network)))
        }
    }
}

/// Error for an address that sends too many requests.
#[must_use]
pub fn closed() -> Error {
    let detail = format!("Too many requests come from your address. Send the next in {PERIOD} seconds.");
    abort_for(Code::RateLimited, PERIOD, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_counted_as_its_network_hands_it_out() {
        for (address, counted) in [
            ("203.0.113.7", Some("203.0.113.7")),
            ("::ffff:203.0.113.7", Some("203.0.113.7")),
            ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::/64")),
            ("2001:db8:1:2:ffff::1", Some("2001:db8:1:2::/64")),
            ("127.0.0.1", None),
            ("::1", None),
            ("::ffff:127.0.0.1", None),
            ("", None),
            ("unknown", None),
        ] {
            assert_eq!(key(address).as_deref(), counted, "{address}");
        }
    }
}
