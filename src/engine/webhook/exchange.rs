//! One request over one connection, to one of the addresses that were checked.
//! Knows the moment from which the other side may have acted on it.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::{Either, select};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Method;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue};
use hyper_util::rt::TokioIo;

use super::network::{Network, Stream};
use super::request::Request;
use super::tls::Tls;
use crate::base::ErrorKind;
use crate::contract::CallFailure;

/// A body may have this many bytes, as a step's result.
pub(super) const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// All headers of an answer together.
const HEAD_LIMIT: usize = 64 * 1024;
/// One address may take this long when there are others.
const EACH_ADDRESS: Duration = Duration::from_secs(5);

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Whether the other side may have seen the request. Outlives an exchange that
/// is cut off in the middle.
#[derive(Debug, Default)]
pub(super) struct Sent(AtomicBool);

impl Sent {
    fn set(&self, sent: bool) {
        self.0.store(sent, Ordering::Release);
    }

    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The way to a host: addresses that were checked, in the order to be tried.
pub(super) struct Route<'r> {
    pub(super) network: &'r dyn Network,
    pub(super) tls: &'r Tls,
    pub(super) addresses: &'r [IpAddr],
}

impl Route<'_> {
    pub(super) async fn exchange(&self, request: &Request, sent: &Sent) -> Result<Answer, CallFailure> {
        sent.set(false);
        let host = request.target.authority();
        let mut stream = self.connect(request.target.port, &host).await?;
        if request.target.https {
            let secured = self.tls.secure(stream, &request.target.host).await;
            stream = secured.map_err(|why| unavailable(format!("no secure connection to `{host}`: {why}")))?;
        }
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_LIMIT)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| unavailable(format!("no connection to `{host}`: {error}")))?;
        let message = message(request, &host)?;
        let limit_host = host.clone();
        let work = async move {
            sent.set(true);
            let response = match sender.try_send_request(message).await {
                Ok(response) => response,
                Err(mut failed) => {
                    // It came back whole: nothing of it was sent.
                    sent.set(failed.take_message().is_none());
                    return Err(lost(&host, &failed.into_error(), sent));
                }
            };
            read(response, &limit_host, sent).await
        };
        // The connection does the reading and writing while `work` waits for it.
        match select(pin!(work), pin!(connection)).await {
            Either::Left((answer, _)) => answer,
            Either::Right((_, work)) => work.await,
        }
    }

    async fn connect(&self, port: u16, host: &str) -> Result<Box<dyn Stream>, CallFailure> {
        let mut last = None;
        for (number, address) in self.addresses.iter().enumerate() {
            let connecting = self.network.connect(SocketAddr::new(*address, port));
            let connected = if number + 1 < self.addresses.len() {
                tokio::time::timeout(EACH_ADDRESS, connecting).await.unwrap_or_else(|past| Err(past.into()))
            } else {
                connecting.await
            };
            match connected {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        let why = last.map_or_else(|| "it has no address".to_owned(), |error| error.to_string());
        Err(unavailable(format!("`{host}` cannot be reached: {why}")))
    }
}

fn message(request: &Request, host: &str) -> Result<hyper::Request<Full<Bytes>>, CallFailure> {
    let internal = || CallFailure::new(ErrorKind::Internal, "the webhook's request cannot be put together");
    let mut message = hyper::Request::new(Full::new(request.body.clone().unwrap_or_default()));
    *message.method_mut() = request.method.clone();
    *message.uri_mut() = request.target.path.parse().map_err(|_| internal())?;
    *message.headers_mut() = request.headers.clone();
    // Without it some servers wait for a body (RFC 9110, section 8.6).
    if request.body.is_none() && [Method::POST, Method::PUT, Method::PATCH].contains(&request.method) {
        message.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    message.headers_mut().insert(HOST, HeaderValue::from_str(host).map_err(|_| internal())?);
    Ok(message)
}

async fn read(response: hyper::Response<Incoming>, host: &str, sent: &Sent) -> Result<Answer, CallFailure> {
    let (head, body) = response.into_parts();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let message = format!("`{host}` answered more than {BODY_LIMIT} bytes");
            return Err(CallFailure::new(ErrorKind::ResultTooLarge, message));
        }
        Err(error) => return Err(lost(host, error.as_ref(), sent)),
    };
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
}

/// The connection ended before the whole answer was there.
fn lost(host: &str, error: &(dyn std::error::Error + 'static), sent: &Sent) -> CallFailure {
    let mut failure = unavailable(format!("`{host}` did not answer: {}", innermost(error)));
    failure.outcome_unknown = sent.get();
    failure
}

/// hyper's own words say only where it happened.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut at = error.source();
    while let Some(source) = at {
        text = source.to_string();
        at = source.source();
    }
    text
}

fn unavailable(message: String) -> CallFailure {
    CallFailure::new(ErrorKind::Unavailable, message)
}
