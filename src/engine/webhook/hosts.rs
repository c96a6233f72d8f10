//! The hosts that webhooks may reach: `security.webhook_hosts`.
//!
//! `host`, `host:port` and `*.domain`. A port that is not said is any port; a
//! domain is every host below it and not itself.

use std::net::IpAddr;

use super::address::Place;
use super::host::{BadHost, Host};

/// An entry that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{entry}` in `security.webhook_hosts` is none of `host`, `host:port` and `*.domain`: {why}")]
pub struct BadHostEntry {
    /// As written.
    pub entry: String,
    /// What is wrong with it.
    pub why: String,
}

/// The list.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    pattern: Pattern,
    port: Option<u16>,
}

#[derive(Debug, Clone)]
enum Pattern {
    Host(Host),
    /// With the dot before it.
    Below(String),
}

/// How a host is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    /// By its own name or address.
    Literally,
    /// By a domain above it.
    ByDomain,
}

impl Hosts {
    pub(super) fn parse(entries: &[String]) -> Result<Self, BadHostEntry> {
        let read = |entry: &String| {
            entry_of(entry.trim()).map_err(|why| BadHostEntry { entry: entry.clone(), why: why.to_string() })
        };
        Ok(Self { entries: entries.iter().map(read).collect::<Result<_, _>>()? })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn find(&self, host: &Host, port: u16) -> Option<Listed> {
        let fits = |entry: &&Entry| entry.port.is_none_or(|own| own == port);
        let listed = self.entries.iter().filter(fits).filter_map(|entry| match (&entry.pattern, host) {
            (Pattern::Host(own), host) => (own == host).then_some(Listed::Literally),
            (Pattern::Below(domain), Host::Name(name)) => name.ends_with(domain.as_str()).then_some(Listed::ByDomain),
            (Pattern::Below(_), Host::Address(_)) => None,
        });
        // Listed both ways is listed literally.
        listed.min_by_key(|listed| *listed == Listed::ByDomain)
    }
}

fn entry_of(text: &str) -> Result<Entry, BadHost> {
    let (host, port) = with_port(text)?;
    let pattern = match host.strip_prefix("*.") {
        Some(domain) => match Host::parse(domain)? {
            Host::Name(name) => Pattern::Below(format!(".{name}")),
            Host::Address(_) => return Err(BadHost::NoAddress),
        },
        None => Pattern::Host(Host::parse(host)?),
    };
    Ok(Entry { pattern, port })
}

/// The port behind the last colon; IPv6 without brackets has none.
fn with_port(text: &str) -> Result<(&str, Option<u16>), BadHost> {
    let bare_v6 = !text.starts_with('[') && text.matches(':').count() > 1;
    match text.rsplit_once(':') {
        Some((host, port)) if !bare_v6 && !text.ends_with(']') => {
            let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            let port = port.parse().ok().filter(|port| digits && *port > 0);
            port.map(|port| (host, Some(port))).ok_or(BadHost::Character)
        }
        _ => Ok((text, None)),
    }
}

/// Whether a listed host may be reached at one of its addresses. A domain
/// opens only the internet; a name its organisation's networks too; this
/// machine and what hangs next to it take `localhost` or the address itself.
pub(super) fn may_reach(host: &Host, listed: Listed, address: IpAddr) -> bool {
    let place = Place::of(address);
    if *host == Host::Name("localhost".to_owned()) {
        return place == Place::Loopback && listed == Listed::Literally;
    }
    match (place, host, listed) {
        (Place::Public, ..)
        | (_, Host::Address(_), Listed::Literally)
        | (Place::Private, Host::Name(_), Listed::Literally) => true,
        (
            Place::Private | Place::Loopback | Place::LinkLocal | Place::Metadata | Place::Reserved,
            Host::Name(_) | Host::Address(_),
            Listed::Literally | Listed::ByDomain,
        ) => false,
    }
}
