//! What kind of place an address is. The ranges are those of IANA's
//! special-purpose registries (RFC 6890 and its updates) and the addresses at
//! which clouds answer with credentials.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::host::unmapped;

/// A kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The internet.
    Public,
    /// This machine.
    Loopback,
    /// Networks of an organisation: 10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7, fec0::/10.
    Private,
    /// The cable this machine hangs on.
    LinkLocal,
    /// A cloud's service about this machine.
    Metadata,
    /// Nothing that a request could go to: unspecified, multicast, reserved.
    Reserved,
}

impl Place {
    /// For messages: "a private address".
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Public => "a public address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud's metadata address",
            Self::Reserved => "a reserved address",
        }
    }

    pub(super) fn of(address: IpAddr) -> Self {
        match unmapped(address) {
            IpAddr::V4(address) => v4(address),
            IpAddr::V6(address) => v6(address),
        }
    }
}

/// AWS, Azure, GCP and others; ECS tasks; Alibaba; Azure's wire server; Oracle.
const METADATA_V4: [[u8; 4]; 6] = [
    [169, 254, 169, 254],
    [169, 254, 170, 2],
    [169, 254, 170, 23],
    [100, 100, 100, 200],
    [168, 63, 129, 16],
    [192, 0, 0, 192],
];
/// AWS over IPv6: the instance's service, and that of containers.
const METADATA_V6: [[u16; 8]; 2] = [[0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23]];

fn v4(address: Ipv4Addr) -> Place {
    let octets = address.octets();
    if METADATA_V4.contains(&octets) {
        return Place::Metadata;
    }
    match octets {
        [127, ..] => Place::Loopback,
        [169, 254, ..] => Place::LinkLocal,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Place::Private,
        // This network, multicast and beyond; protocol assignments and documentation; 6to4 relays; benchmarks.
        [0 | 224..=255, ..]
        | [192, 0, 0 | 2, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [192, 88, 99, _]
        | [198, 18..=19, ..] => Place::Reserved,
        _ => Place::Public,
    }
}

fn v6(address: Ipv6Addr) -> Place {
    let segments = address.segments();
    if METADATA_V6.contains(&segments) {
        return Place::Metadata;
    }
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 1] => Place::Loopback,
        // IPv4 inside: compatible, translated (NAT64), 6to4. Where it leads is what counts.
        [0, 0, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        [0xfe80..=0xfebf, ..] => Place::LinkLocal,
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Place::Private,
        // Global unicast is 2000::/3, without Teredo, documentation and the other assignments of 2001::/23.
        [0x2001, 0..=0x01ff | 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Place::Reserved,
        [0x2000..=0x3fff, ..] => Place::Public,
        _ => Place::Reserved,
    }
}
