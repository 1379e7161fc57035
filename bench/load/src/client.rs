//! Load generator: connections that each send their requests one after the other.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout};

use crate::http::{Head, read_more};
use crate::model::now_us;

/// First character of a chunk's text. Requests must not contain it, since a server may repeat them.
const MARK: u8 = b'~';

/// Milliseconds between two chunks from which on a gap counts as a stall.
const STALL_MS: f64 = 100.0;

/// A request that takes longer is an error.
const REQUEST_LIMIT: Duration = Duration::from_secs(600);

/// Bytes of a failed answer that an error shows.
const SHOWN_BYTES: usize = 600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    /// Host and port.
    address: String,
    path: String,
    connections: Vec<Sender>,
    /// Requests that each connection sends at most.
    requests: usize,
    /// Seconds after which no further request begins.
    seconds: f64,
    /// Chunks that each answer must contain.
    chunks: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sender {
    authorization: String,
    /// JSON. `{n}` becomes the number of the request, in 12 digits.
    body: String,
}

/// Measurements of all requests, in the order of their ends. Times are in milliseconds.
#[derive(Default, Serialize)]
struct Report {
    /// From the first request to the last byte.
    seconds: f64,
    /// Times of sending, in microseconds since 1970.
    sent_us: Vec<u64>,
    first_ms: Vec<f64>,
    whole_ms: Vec<f64>,
    /// Longest gap between two chunks of each answer.
    gap_ms: Vec<f64>,
    /// Gaps longer than `STALL_MS`.
    stalls: usize,
    chunks: usize,
}

struct Run {
    plan: Plan,
    report: RefCell<Report>,
    sent: Cell<usize>,
    start: Barrier,
}

/// Sends the requests of a plan in JSON and prints the report.
pub async fn run(file: &str) -> Result<(), Box<dyn Error>> {
    let plan: Plan = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let start = Barrier::new(plan.connections.len());
    let run = Rc::new(Run { plan, report: RefCell::default(), sent: Cell::new(0), start });
    let local = LocalSet::new();
    let tasks: Vec<_> = (0..run.plan.connections.len())
        .map(|index| {
            let run = Rc::clone(&run);
            local.spawn_local(async move { run.drive(index).await.map_err(|error| error.to_string()) })
        })
        .collect();
    let outcome = local.run_until(async {
        let mut seconds: f64 = 0.0;
        for task in tasks {
            seconds = seconds.max(task.await??);
        }
        Ok::<_, Box<dyn Error>>(seconds)
    });
    let seconds = outcome.await?;
    let mut report = run.report.borrow_mut();
    report.seconds = seconds;
    println!("{}", serde_json::to_string(&*report)?);
    Ok(())
}

impl Run {
    /// Sends the requests of one connection. Returns the seconds that they took together.
    async fn drive(&self, index: usize) -> Result<f64, Box<dyn Error>> {
        let mut socket = TcpStream::connect(&self.plan.address).await?;
        socket.set_nodelay(true)?;
        self.start.wait().await;
        let started = Instant::now();
        for _ in 0..self.plan.requests {
            if started.elapsed().as_secs_f64() > self.plan.seconds {
                break;
            }
            timeout(REQUEST_LIMIT, self.ask(&mut socket, index)).await??;
        }
        Ok(started.elapsed().as_secs_f64())
    }

    async fn ask(&self, socket: &mut TcpStream, index: usize) -> Result<(), Box<dyn Error>> {
        let Sender { authorization, body } = &self.plan.connections[index];
        let number = self.sent.replace(self.sent.get() + 1);
        let body = body.replace("{n}", &format!("{number:012}"));
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.plan.path,
            self.plan.address,
            body.len()
        );
        let sent_us = now_us();
        let sent = Instant::now();
        socket.write_all(request.as_bytes()).await?;
        let mut head = Head::read(socket, Vec::new()).await?.ok_or("the server closed the connection")?;
        let mut length = head.body();
        let mut input = std::mem::take(&mut head.rest);
        let mut answer = Vec::new();
        let mut watch = Watch::new(sent);
        loop {
            let seen = answer.len();
            let is_complete = length.take(&mut input, &mut answer)?;
            watch.observe(&answer[seen..]);
            if is_complete {
                break;
            }
            if !read_more(socket, &mut input).await? {
                return Err(format!("an answer broke off: {}", shown(&answer)).into());
            }
        }
        if head.word(1) != "200" || watch.chunks != self.plan.chunks {
            let (status, found, wanted) = (head.word(1), watch.chunks, self.plan.chunks);
            return Err(format!("status {status}, {found} chunks of {wanted}: {}", shown(&answer)).into());
        }
        let mut report = self.report.borrow_mut();
        report.sent_us.push(sent_us);
        report.first_ms.push(watch.first_ms);
        report.whole_ms.push(ms_since(sent));
        report.gap_ms.push(watch.longest_gap_ms);
        report.stalls += watch.stalls;
        report.chunks += watch.chunks;
        Ok(())
    }
}

/// Times of an answer's chunks.
struct Watch {
    sent: Instant,
    newest: Option<Instant>,
    first_ms: f64,
    longest_gap_ms: f64,
    stalls: usize,
    chunks: usize,
}

impl Watch {
    fn new(sent: Instant) -> Self {
        Self { sent, newest: None, first_ms: 0.0, longest_gap_ms: 0.0, stalls: 0, chunks: 0 }
    }

    fn observe(&mut self, bytes: &[u8]) {
        let chunks = bytes.iter().filter(|byte| **byte == MARK).count();
        if chunks == 0 {
            return;
        }
        match self.newest {
            None => self.first_ms = ms_since(self.sent),
            Some(newest) => {
                let gap = ms_since(newest);
                self.longest_gap_ms = self.longest_gap_ms.max(gap);
                self.stalls += usize::from(gap > STALL_MS);
            }
        }
        self.newest = Some(Instant::now());
        self.chunks += chunks;
    }
}

fn ms_since(past: Instant) -> f64 {
    past.elapsed().as_secs_f64() * 1000.0
}

fn shown(answer: &[u8]) -> String {
    String::from_utf8_lossy(&answer[answer.len().saturating_sub(SHOWN_BYTES)..]).into_owned()
}
