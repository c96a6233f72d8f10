//! A webhook's request, read from the object that a step's expressions yield.
//! Values may be secrets: messages name keys and never what they hold.

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, header};
use serde_json::Value;

use super::expect::Expect;
use super::target::Target;
use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::contract::CallFailure;

/// The header that lets a receiver know a repeated request.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Headers that the connection needs as they are.
const OURS: [HeaderName; 9] = [
    HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::EXPECT,
    header::TE,
    header::TRAILER,
    header::ACCEPT_ENCODING,
];

/// A request.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) expect: Expect,
}

impl Request {
    /// Reads `method, url, headers, body, expect_status`, secrets filled in.
    pub(super) fn parse(object: &Object, key: &str) -> Result<Self, CallFailure> {
        let method = match object.get("method") {
            None => Method::POST,
            Some(method) => method
                .as_str()
                .and_then(|method| Method::from_bytes(method.as_bytes()).ok())
                .filter(|method| {
                    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(method)
                })
                .ok_or_else(|| wrong("`method` is none of GET, POST, PUT, PATCH and DELETE"))?,
        };
        let url = object.get("url").and_then(Value::as_str).ok_or_else(|| wrong("`url` is no text"))?;
        let target = Target::parse(url)?;
        let (body, content_type) = match object.get("body") {
            None => (None, None),
            Some(Value::String(text)) => (Some(Bytes::from(text.clone())), Some("text/plain; charset=utf-8")),
            Some(value) => (Some(Bytes::from(value.to_string())), Some("application/json")),
        };
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("sequitur/", env!("CARGO_PKG_VERSION"))));
        headers.extend(content_type.map(|kind| (CONTENT_TYPE, HeaderValue::from_static(kind))));
        let own = HeaderValue::from_str(key).map_err(|_| wrong("the key of the call is no header's value"))?;
        headers.insert(HeaderName::from_static(IDEMPOTENCY_KEY), own);
        match object.get("headers") {
            None | Some(Value::Null) => {}
            Some(Value::Object(written)) => {
                for (name, value) in written {
                    let (name, value) = header(name, value)?;
                    headers.insert(name, value);
                }
            }
            Some(_) => return Err(wrong("`headers` is no mapping")),
        }
        let expect = match object.get("expect_status") {
            None | Some(Value::Null) => Expect::default(),
            Some(value) => Expect::parse(value)
                .ok_or_else(|| wrong("`expect_status` is no status, list of statuses or range as \"200-299\""))?,
        };
        Ok(Self { method, target, headers, body, expect })
    }
}

fn header(name: &str, value: &Value) -> Result<(HeaderName, HeaderValue), CallFailure> {
    let shown: String = name.chars().filter(|letter| !letter.is_control()).take(60).collect();
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong(&format!("`{shown}` is no header's name")))?;
    if OURS.contains(&name) {
        return Err(wrong(&format!("the header `{shown}` belongs to the connection and cannot be set")));
    }
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            return Err(wrong(&format!("the header `{shown}` is neither text nor a number")));
        }
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        wrong(&format!("the header `{shown}` holds a line break or another character that no header has"))
    })?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn wrong(what: &str) -> CallFailure {
    CallFailure::new(ErrorKind::InvalidInput, format!("the webhook's request is wrong: {what}"))
}
