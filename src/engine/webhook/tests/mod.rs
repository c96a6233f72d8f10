//! Webhooks against a small server of our own, names answered by the test.

mod losing;
mod places;
mod redirects;
mod refusing;
mod sending;
mod spelling;
mod tls;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{Network, Stream, Webhooks};
use crate::base::clock::ManualClock;
use crate::base::json::Object;
use crate::contract::CallFailure;

const KEY: &str = "key-1";

/// A server that gives its answers in order, one for each connection.
struct Server {
    address: SocketAddr,
    /// What was asked, each request whole.
    asked: JoinHandle<Vec<String>>,
}

impl Server {
    async fn answering<B: AsRef<[u8]>>(answers: impl IntoIterator<Item = B>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("bound");
        let answers: Vec<Vec<u8>> = answers.into_iter().map(|answer| answer.as_ref().to_vec()).collect();
        let asked = tokio::spawn(async move {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.expect("accepts");
                asked.push(whole_request(&mut stream).await);
                // A client that has seen enough closes before all is written.
                stream.write_all(&answer).await.unwrap_or_default();
                stream.shutdown().await.unwrap_or_default();
            }
            asked
        });
        Self { address, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn asked(self) -> Vec<String> {
        self.asked.await.expect("served")
    }
}

/// Headers, and as much of a body as they say.
async fn whole_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a number")) {
                return text;
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await.expect("reads") {
            0 => return text,
            length => bytes.extend_from_slice(&part[..length]),
        }
    }
}

/// An answer with its length.
fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

/// Names whose addresses change with every look, all leading to one server.
#[derive(Default)]
struct Names {
    addresses: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    server: Option<SocketAddr>,
    dialled: Mutex<Vec<SocketAddr>>,
}

impl Names {
    /// A name's answers in the order they are asked for.
    fn with(self, name: &str, answers: &[&[&str]]) -> Self {
        let answers = answers
            .iter()
            .map(|answer| answer.iter().map(|address| address.parse().expect("an address")).collect())
            .collect();
        self.addresses.lock().expect("unpoisoned").insert(name.to_owned(), answers);
        self
    }

    fn leading_to(self, server: SocketAddr) -> Self {
        Self { server: Some(server), ..self }
    }

    fn dialled(&self) -> Vec<String> {
        self.dialled.lock().expect("unpoisoned").iter().map(ToString::to_string).collect()
    }
}

impl Network for Names {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let mut names = self.addresses.lock().expect("unpoisoned");
        let next = names.get_mut(name).and_then(VecDeque::pop_front);
        async move { next.ok_or_else(|| io::Error::other("no such name")) }.boxed()
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Stream>>> {
        self.dialled.lock().expect("unpoisoned").push(address);
        let server = self.server;
        async move {
            let server = server.ok_or_else(|| io::Error::other("unreachable"))?;
            Ok(Box::new(TcpStream::connect(server).await?) as Box<dyn Stream>)
        }
        .boxed()
    }
}

fn webhooks(hosts: &[&str]) -> Webhooks {
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    Webhooks::new(&hosts, Arc::new(ManualClock::default())).expect("hosts")
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            panic!("not an object: {value}")
        }
    }
}

/// Sends to a host that may be this machine.
async fn send(request: Value) -> Result<Value, CallFailure> {
    webhooks(&["127.0.0.1"]).send(&object(request), KEY, None).await
}
