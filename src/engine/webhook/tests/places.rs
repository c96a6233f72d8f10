//! Which addresses are where, and who may go there.

use std::net::IpAddr;

use crate::engine::webhook::address::Place;
use crate::engine::webhook::host::Host;
use crate::engine::webhook::hosts::{Listed, may_reach};

const PLACES: [(Place, &[&str]); 6] = [
    (
        Place::Public,
        &[
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.255.255",
            "100.128.0.0",
            "192.169.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "::ffff:1.1.1.1",
        ],
    ),
    (
        Place::Loopback,
        &["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
    ),
    (
        Place::Private,
        &[
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "fc00::1",
            "fdff::1",
            "fec0::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ],
    ),
    (Place::LinkLocal, &["169.254.0.1", "fe80::1", "febf::1", "::ffff:169.254.1.1"]),
    (
        Place::Metadata,
        &[
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
        ],
    ),
    (
        Place::Reserved,
        &[
            "0.0.0.0",
            "0.1.2.3",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "198.18.0.1",
            "192.88.99.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "100::1",
            "64:ff9b:1::1",
            "5f00::1",
        ],
    ),
];

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn every_range_is_known() {
    for (place, addresses) in PLACES {
        for text in addresses {
            assert_eq!(Place::of(address(text)), place, "{text}");
        }
    }
}

#[test]
fn what_a_listing_opens() {
    let opened = |host: &Host, listed: Listed| -> Vec<Place> {
        PLACES
            .iter()
            .filter(|(_, addresses)| may_reach(host, listed, address(addresses[0])))
            .map(|(place, _)| *place)
            .collect()
    };
    let named = |name: &str| Host::Name(name.to_owned());
    assert_eq!(opened(&named("a.example.com"), Listed::ByDomain), [Place::Public]);
    assert_eq!(opened(&named("a.example.com"), Listed::Literally), [Place::Public, Place::Private]);
    assert_eq!(opened(&named("localhost"), Listed::Literally), [Place::Loopback]);
    assert_eq!(opened(&named("localhost"), Listed::ByDomain), []);
    for (place, addresses) in PLACES {
        // An address is only ever listed by itself.
        assert!(
            may_reach(&Host::Address(address(addresses[0])), Listed::Literally, address(addresses[0])),
            "{place:?}"
        );
    }
}
