//! The door: a request goes out if the configuration lets it, and comes back
//! as a value or a failure.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, LOCATION};
use hyper::{Method, StatusCode};
use rustls::ClientConfig;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::address::Place;
use super::answer;
use super::exchange::{Answer, Route, Sent};
use super::host::{Host, unmapped};
use super::hosts::{BadHostEntry, Hosts, Listed, may_reach};
use super::network::{Network, SystemNetwork};
use super::request::Request;
use super::target::Target;
use super::tls::Tls;
use crate::base::ErrorKind;
use crate::base::clock::Clock;
use crate::base::json::Object;
use crate::contract::CallFailure;

/// For a request that says no `timeout_seconds`.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Redirects of one host that are followed.
const MOST_REDIRECTS: usize = 5;

/// Sends webhooks.
pub struct Webhooks {
    hosts: Hosts,
    network: Arc<dyn Network>,
    tls: Tls,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhooks").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

impl Webhooks {
    /// With the configuration's `security.webhook_hosts`; none allows nothing.
    pub fn new(hosts: &[String], clock: Arc<dyn Clock>) -> Result<Self, BadHostEntry> {
        Ok(Self { hosts: Hosts::parse(hosts)?, network: Arc::new(SystemNetwork), tls: Tls::default(), clock })
    }

    /// Another way out than the system's.
    #[must_use]
    pub fn with_network(mut self, network: Arc<dyn Network>) -> Self {
        self.network = network;
        self
    }

    /// Other certificates than the system's.
    #[must_use]
    pub fn with_tls(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = Tls::with(config);
        self
    }

    /// Sends `{method, url, headers, body, expect_status}`, secrets filled in,
    /// and gives `{status, headers, body}`. `key` goes into the header
    /// `Idempotency-Key` unless the author sets one. Dropping the future closes the connection.
    pub async fn send(&self, request: &Object, key: &str, timeout: Option<Duration>) -> Result<Value, CallFailure> {
        self.send_until(request, key, timeout, &CancellationToken::new(), false).await
    }

    /// The same until `cancel` fires. A request that is on its way and not safe
    /// to repeat is waited for all the same: its answer says what happened.
    pub async fn send_until(
        &self,
        request: &Object,
        key: &str,
        timeout: Option<Duration>,
        cancel: &CancellationToken,
        repeat_safe: bool,
    ) -> Result<Value, CallFailure> {
        let request = Request::parse(request, key)?;
        let listed = self.listed(&request.target)?;
        let timeout = timeout.unwrap_or(TIMEOUT);
        let (sent, host) = (Sent::default(), request.target.authority());
        let exchange = tokio::time::timeout(timeout, self.follow(request, listed, &sent));
        tokio::pin!(exchange);
        let answered = tokio::select! {
            biased;
            answered = &mut exchange => answered,
            () = cancel.cancelled() => {
                if repeat_safe || !sent.get() {
                    let failure = CallFailure::new(ErrorKind::Interrupted, format!("the request to `{host}` was given up"));
                    return Err(CallFailure { outcome_unknown: sent.get(), ..failure });
                }
                exchange.await
            }
        };
        answered.unwrap_or_else(|_| {
            let message = format!("`{host}` did not answer within {} s", timeout.as_secs_f64());
            Err(CallFailure { outcome_unknown: sent.get(), ..CallFailure::new(ErrorKind::Timeout, message) })
        })
    }

    /// Whether a request to this `url` is let out, as far as its text says: by
    /// what the configuration lists, not by where a name leads.
    #[must_use]
    pub fn lists(&self, url: &str) -> bool {
        Target::parse(url).is_ok_and(|target| self.listed(&target).is_ok())
    }

    /// The request, and what the same host redirects it to.
    async fn follow(&self, mut request: Request, listed: Listed, sent: &Sent) -> Result<Value, CallFailure> {
        let addresses = self.addresses(&request.target.host, listed).await?;
        let route = Route { network: &*self.network, tls: &self.tls, addresses: &addresses };
        for _ in 0..=MOST_REDIRECTS {
            let answer = route.exchange(&request, sent).await?;
            if request.expect.takes(answer.status) {
                return Ok(answer::result(&answer));
            }
            match self.redirected(&request, &answer)? {
                Some(next) => request = next,
                None => return Err(answer::failure(&answer, &request.target.authority(), self.clock.now())),
            }
        }
        let message = format!("`{}` redirects more than {MOST_REDIRECTS} times", request.target.authority());
        Err(CallFailure::new(ErrorKind::ToolError, message))
    }

    fn listed(&self, target: &Target) -> Result<Listed, CallFailure> {
        self.hosts.find(&target.host, target.port).ok_or_else(|| {
            let none = if self.hosts.is_empty() { ", which lists none" } else { "" };
            let message = format!(
                "webhooks may not go to `{}`: it is not among `security.webhook_hosts`{none}",
                target.authority()
            );
            CallFailure::new(ErrorKind::InvalidInput, message)
                .with_hint(format!("a person can add `{}` there in the configuration", target.host))
        })
    }

    /// The host's addresses, looked up once; one that may not be reached refuses them all.
    async fn addresses(&self, host: &Host, listed: Listed) -> Result<Vec<IpAddr>, CallFailure> {
        let addresses = match host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                let found = self.network.resolve(name).await.map_err(|error| {
                    CallFailure::new(ErrorKind::Unavailable, format!("the name `{name}` cannot be looked up: {error}"))
                })?;
                let mut addresses: Vec<IpAddr> = Vec::new();
                for address in found.into_iter().map(unmapped) {
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
                addresses
            }
        };
        if let Some(refused) = addresses.iter().find(|address| !may_reach(host, listed, **address)) {
            let place = Place::of(*refused);
            let message = format!("webhooks may not go to `{host}`: {refused} is {}", place.noun());
            let hint = match (host, place, listed) {
                (Host::Name(_), Place::Loopback, _) => "for this machine list `localhost`, and write it in the `url`",
                (Host::Name(_), Place::Private, Listed::ByDomain) => "list the host by its own name",
                (Host::Name(_) | Host::Address(_), _, _) => "list the address itself, and write it in the `url`",
            };
            return Err(CallFailure::new(ErrorKind::InvalidInput, message).with_hint(hint));
        }
        Ok(addresses)
    }

    /// The request that a redirect asks for; `None` when the answer is none.
    fn redirected(&self, request: &Request, answer: &Answer) -> Result<Option<Request>, CallFailure> {
        let status = StatusCode::from_u16(answer.status).ok();
        let changes = match status {
            Some(StatusCode::SEE_OTHER) => true,
            // What every client does with these two since the first.
            Some(StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND) => request.method == Method::POST,
            Some(StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) => false,
            _ => return Ok(None),
        };
        let from = &request.target;
        let Some(location) = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()) else {
            return Ok(None);
        };
        let refused = |why: &str| {
            let message = format!("`{}` redirects {why}, which is not followed", from.authority());
            CallFailure::new(ErrorKind::ToolError, message)
        };
        let to = from.follow(location).map_err(|_| refused("to what is no URL"))?;
        if to.host != from.host {
            return Err(refused(&format!("to another host, `{}`", to.authority()))
                .with_hint("if that is the right one, write it in the `url`"));
        }
        let upgrade = (from.https, from.port, to.https, to.port) == (false, 80, true, 443);
        if !upgrade && (to.https, to.port) != (from.https, from.port) {
            return Err(refused(&format!("to another service of its host, port {}", to.port)));
        }
        self.listed(&to).map_err(|_| refused(&format!("to port {}, which is not listed", to.port)))?;
        let mut next = Request { target: to, ..request.clone() };
        if changes {
            next.method = Method::GET;
            next.body = None;
            next.headers.remove(CONTENT_TYPE);
        }
        Ok(Some(next))
    }
}
