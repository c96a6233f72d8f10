//! A receiver of webhooks on this machine: keeps what it was sent, answers as
//! it was told, or leaves a request without an answer.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What becomes of a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status line, further headers, JSON.
    Says(&'static str, &'static str, &'static str),
    /// Nothing, and the connection stays.
    Nothing,
}

pub(crate) const OK: Reply = Reply::Says("200 OK", "", r#"{"id":7}"#);

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    came: Condvar,
    /// Connections without an answer: closed with the receiver.
    held: Mutex<Vec<TcpStream>>,
}

/// Ends with the test's process.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
}

impl Receiver {
    /// Answers in this order; the last one stays.
    pub(crate) fn answering(replies: &[Reply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let (kept, replies) = (seen.clone(), replies.to_vec());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = whole(&mut stream);
                let number = kept.requests.lock().unwrap().len();
                match &replies[number.min(replies.len() - 1)] {
                    Reply::Says(status, headers, body) => {
                        let length = body.len();
                        let head = format!(
                            "HTTP/1.1 {status}\r\n{headers}content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
                        );
                        // Who asked may be gone.
                        stream.write_all(format!("{head}{body}").as_bytes()).ok();
                    }
                    Reply::Nothing => kept.held.lock().unwrap().push(stream),
                }
                kept.requests.lock().unwrap().push(request);
                kept.came.notify_all();
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was asked so far, each request whole.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// Until so many requests came.
    pub(crate) fn asked(&self, times: usize) -> Vec<String> {
        let requests = self.seen.requests.lock().unwrap();
        let patience = Duration::from_secs(30);
        let (requests, waited) =
            self.seen.came.wait_timeout_while(requests, patience, |requests| requests.len() < times).unwrap();
        assert!(!waited.timed_out(), "{requests:?}");
        requests.clone()
    }

    /// The `Idempotency-Key` of each request.
    pub(crate) fn keys(&self) -> Vec<String> {
        let key = |request: &String| {
            let line = request.lines().find_map(|line| line.strip_prefix("idempotency-key: "));
            line.unwrap_or_else(|| panic!("no key: {request}")).to_owned()
        };
        self.requests().iter().map(key).collect()
    }
}

fn whole(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).unwrap_or(0) {
            0 => return text,
            length => bytes.extend_from_slice(&part[..length]),
        }
    }
}
