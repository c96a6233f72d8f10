//! A host as it is written in a URL or in the configuration, in one spelling:
//! numbers of every base become the address they mean.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// Lower case, without a dot at the end.
    Name(String),
    /// IPv4 inside IPv6 is IPv4.
    Address(IpAddr),
}

/// Why a text is no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadHost {
    #[error("it is empty")]
    Empty,
    #[error("it is longer than a name can be")]
    TooLong,
    #[error("it holds a character that no host has")]
    Character,
    #[error("it looks like an address and is none")]
    NoAddress,
}

impl Host {
    /// Reads a host; IPv6 in brackets or without.
    pub(super) fn parse(text: &str) -> Result<Self, BadHost> {
        if let Some(inside) = text.strip_prefix('[') {
            let inside = inside.strip_suffix(']').ok_or(BadHost::Character)?;
            return inside.parse().map(Self::from_v6).map_err(|_| BadHost::NoAddress);
        }
        if text.contains(':') {
            return text.parse().map(Self::from_v6).map_err(|_| BadHost::NoAddress);
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
        // What ends in a number is an address in somebody's reading, so it must be one in ours.
        if is_number || last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            return parse_v4(&name).map(|address| Self::Address(address.into())).ok_or(BadHost::NoAddress);
        }
        if name.is_empty() || name.split('.').any(str::is_empty) {
            return Err(BadHost::Empty);
        }
        if name.len() > 253 || name.split('.').any(|label| label.len() > 63) {
            return Err(BadHost::TooLong);
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name.bytes().all(allowed) { Ok(Self::Name(name)) } else { Err(BadHost::Character) }
    }

    fn from_v6(address: Ipv6Addr) -> Self {
        Self::Address(unmapped(address.into()))
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// `::ffff:a.b.c.d` is reached as `a.b.c.d`.
pub(super) fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// One to four numbers, each decimal, octal (`0...`) or hexadecimal (`0x...`),
/// the last filling what is left, as `inet_aton` and the URL standard read them.
fn parse_v4(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = text.split('.').map(number).collect::<Option<_>>()?;
    let (&last, first) = parts.split_last()?;
    if first.len() > 3 || first.iter().any(|part| *part > 255) || last >= 1 << (8 * (4 - first.len())) {
        return None;
    }
    let high = first.iter().fold(0, |high, part| high << 8 | part) << (8 * (4 - first.len()));
    u32::try_from(high | last).ok().map(Ipv4Addr::from_bits)
}

fn number(part: &str) -> Option<u64> {
    let (digits, base) = if let Some(hex) = part.strip_prefix("0x") {
        (hex, 16)
    } else if part.len() > 1 && part.starts_with('0') {
        (&part[1..], 8)
    } else {
        (part, 10)
    };
    if digits.is_empty() {
        // `0x` alone is 0 in browsers.
        return (base == 16).then_some(0);
    }
    // No sign, which the standard library would take.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, base).ok()
}
