//! Where a request goes: a URL taken apart, strictly. What two readers could
//! read in two ways is refused.

use hyper::Uri;

use super::host::Host;
use crate::base::ErrorKind;
use crate::contract::CallFailure;

/// A URL taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) https: bool,
    pub(super) host: Host,
    pub(super) port: u16,
    /// With the query.
    pub(super) path: String,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, CallFailure> {
        let wrong = |why: &str| CallFailure::new(ErrorKind::InvalidInput, format!("the webhook's `url` {why}"));
        let uri: Uri = url.parse().map_err(|_| {
            wrong("is no URL").with_hint("spaces and other special characters of a value need `|urlencode`")
        })?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("begins with neither `https://` nor `http://`")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("names no host"))?;
        if authority.as_str().contains('@') {
            let hint = "put credentials into `headers`, as `Authorization: \"Bearer {{ secrets.NAME }}\"`";
            return Err(wrong("holds a user's name before its host").with_hint(hint));
        }
        let host = Host::parse(authority.host()).map_err(|why| wrong(&format!("has no usable host: {why}")))?;
        let rest = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
        let port = match rest {
            "" | ":" => Self::usual_port(https),
            _ => authority.port_u16().filter(|port| *port > 0).ok_or_else(|| wrong("has no usable port"))?,
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { https, host, port, path })
    }

    /// Where a `Location` header leads from here.
    pub(super) fn follow(&self, location: &str) -> Result<Self, CallFailure> {
        // A colon before any `/` or `?` ends a scheme (RFC 3986, section 4.2).
        if location.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':')) {
            return Self::parse(location);
        }
        let scheme = if self.https { "https" } else { "http" };
        if location.starts_with("//") {
            return Self::parse(&format!("{scheme}:{location}"));
        }
        let path = if location.starts_with('/') {
            location.to_owned()
        } else {
            let folder = self.path.split('?').next().unwrap_or_default();
            let folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{folder}/{location}")
        };
        Self::parse(&format!("{scheme}://{}{path}", self.authority()))
    }

    /// `host`, and the port where it is not the usual one: also the `Host` header.
    pub(super) fn authority(&self) -> String {
        if self.port == Self::usual_port(self.https) {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    fn usual_port(https: bool) -> u16 {
        if https { 443 } else { 80 }
    }
}
