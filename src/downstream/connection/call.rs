//! `tools/call`.

use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::exchange::{Ending, Exchange};
use super::failure::{self, Asked};
use super::output::{self, NoOutput};
use super::session::Connection;
use super::wire::{self, Answer, Wire};
use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::contract::{CallFailure, ProgressSink, ToolOutput};

/// One call of one tool of the server.
pub(in crate::downstream) struct Request<'a> {
    /// The tool's name, as the server has it.
    pub(in crate::downstream) tool: &'a str,
    /// Its arguments.
    pub(in crate::downstream) arguments: &'a Object,
    /// Sent along in `_meta`, for servers that know it.
    pub(in crate::downstream) idempotency_key: Option<&'a str>,
    /// Where progress goes: in the order of arrival, and always before the result.
    pub(in crate::downstream) progress: Option<ProgressSink>,
    /// Asks the server to stop. The call then waits for its answer for up to
    /// 5 s; who waits for less drops the call.
    pub(in crate::downstream) cancel: &'a CancellationToken,
    /// From when the request was written. Progress does not extend it.
    pub(in crate::downstream) timeout: Option<Duration>,
}

/// A call that brought no output.
#[derive(Debug)]
pub(in crate::downstream) struct Failed {
    pub(in crate::downstream) failure: CallFailure,
    /// The session ended before the pipe took the request: it may go to another
    /// one. An answer, whatever it says, is none of this.
    pub(in crate::downstream) unsent: bool,
}

impl From<CallFailure> for Failed {
    fn from(failure: CallFailure) -> Self {
        Self { failure, unsent: false }
    }
}

/// A request, as it is written.
#[derive(Serialize)]
pub(super) struct Line<'a, P> {
    jsonrpc: &'static str,
    id: i64,
    method: &'static str,
    params: &'a P,
}

impl<'a, P> Line<'a, P> {
    pub(super) fn new(id: i64, method: &'static str, params: &'a P) -> Self {
        Self { jsonrpc: "2.0", id, method, params }
    }
}

#[derive(Serialize)]
struct Params<'a> {
    name: &'a str,
    arguments: &'a Object,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Meta<'a>>,
}

/// `_meta` of a request.
#[derive(Serialize)]
pub(super) struct Meta<'a> {
    /// What the modern era wants with every request.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) context: Option<&'a Object>,
    #[serde(rename = "progressToken", skip_serializing_if = "Option::is_none")]
    pub(super) progress: Option<i64>,
    #[serde(rename = "sequitur/idempotency_key", skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<&'a str>,
}

impl Meta<'_> {
    /// `None` when there is nothing to say.
    pub(super) fn if_any(self) -> Option<Self> {
        (self.context.is_some() || self.progress.is_some() || self.key.is_some()).then_some(self)
    }
}

impl Connection {
    /// Makes a call.
    ///
    /// A failure's `outcome_unknown` is true when the request had been handed to
    /// the pipe and nothing came back that tells what became of it. Dropping the
    /// future tells the server that nobody waits any more.
    pub(in crate::downstream) async fn call(&self, request: Request<'_>) -> Result<ToolOutput, Failed> {
        let wire = self.wire();
        let server = wire.name.as_str();
        let asked = Asked::Call(request.tool);
        let id = wire.next_id();
        // The request's id does as a token: both are ours to choose.
        let progress = request.progress.is_some().then_some(id);
        let meta = Meta { context: self.context(), progress, key: request.idempotency_key }.if_any();
        let params = Params { name: request.tool, arguments: request.arguments, meta };
        let line = wire::line(&Line::new(id, "tools/call", &params)).map_err(|error| {
            CallFailure::new(ErrorKind::Internal, format!("the call of {asked} cannot be written: {error}"))
        })?;
        let mut exchange = Exchange::begin(wire, id, line, request.progress);
        let result = match exchange.wait(request.cancel, request.timeout).await {
            Ending::TimedOut => {
                return Err(failure::timed_out(server, asked, request.timeout.unwrap_or_default(), &exchange).into());
            }
            Ending::Cancelled => return Err(failure::cancelled(server, asked, &exchange).into()),
            Ending::Answered(Answer::Result(result, _)) => result,
            Ending::Answered(other) => {
                let unsent = matches!(other, Answer::Lost) && !exchange.handed_over();
                return Err(Failed { failure: failed(wire, asked, &other, &exchange), unsent });
            }
        };
        output::read(result, self.era()).map_err(|reason| no_output(wire, asked, reason).into())
    }
}

/// The failure of an answer that holds no result.
pub(super) fn failed(wire: &Wire, asked: Asked<'_>, answer: &Answer, exchange: &Exchange<'_>) -> CallFailure {
    let server = wire.name.as_str();
    match answer {
        Answer::Error(error) => {
            let mut failure = failure::refused(server, asked, error, &wire.redaction);
            // Servers answer a cancelled request with an error that says so, and not how far they came.
            failure.outcome_unknown = exchange.cancelled();
            failure
        }
        Answer::TooLong => failure::too_long(server, asked),
        Answer::TooDeep => failure::too_deep(server, asked),
        Answer::Broken => failure::broken(server, asked),
        Answer::Lost | Answer::Result(..) => failure::lost(server, asked, exchange),
    }
}

fn no_output(wire: &Wire, asked: Asked<'_>, reason: NoOutput) -> CallFailure {
    let server = wire.name.as_str();
    match reason {
        NoOutput::Malformed(what) => CallFailure::new(
            ErrorKind::ToolError,
            format!("server `{server}` answered {asked} with something that is no tool's result: {what}"),
        )
        .with_hint("this is a fault of the server; it has made the call"),
        NoOutput::InputRequired => CallFailure::new(
            ErrorKind::ToolError,
            format!("server `{server}` wants to ask a person before it goes on with {asked}"),
        )
        .with_hint(failure::FORMS),
        NoOutput::Task => {
            let told =
                format!("server `{server}` goes on with {asked} as a task, and cannot be asked for its result here");
            let mut failure = CallFailure::new(ErrorKind::ToolError, told).with_hint("its effect may still happen");
            failure.outcome_unknown = true;
            failure
        }
        NoOutput::Unknown(kind) => {
            let told = format!(
                "server `{server}` answered {asked} with a result of the unknown kind `{}`",
                wire.shown(&kind, 100)
            );
            let mut failure = CallFailure::new(ErrorKind::ToolError, told);
            failure.outcome_unknown = true;
            failure
        }
    }
}
