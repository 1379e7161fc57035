//! The platform of simulated objects: clock, host and bucket. SQL, Postgres and HTTP have files of their own.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use frontdesk::ports::{
    BlobError, Blobs, Clock, FrameWriter, Host, HttpAnswer, Platform, Readers, ReadersError, Secret,
};
use frontdesk::time::Millis;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::channel::oneshot;
use serde::Deserialize;

use super::disk::SimSql;
use super::faults::Fault;
use super::http::SimHttp;
use super::network::{TO_BUCKET, call};
use super::postgres::SimPostgrest;
use super::values::raw_in;
use super::world::{Instance, World};

/// The simulated platform.
pub struct Simulated;

impl Platform for Simulated {
    type Clock = SimClock;
    type Sql = SimSql;
    type Postgrest = SimPostgrest;
    type Http = SimHttp;
    type Blobs = SimBlobs;
    type Readers = NoReaders;
    type Host = SimHost;
}

/// Time and randomness.
#[derive(Clone)]
pub struct SimClock(pub Rc<World>);

impl Clock for SimClock {
    fn now(&self) -> Millis {
        self.0.now()
    }

    async fn sleep(&self, span: Millis) {
        self.0.sleep(span).await;
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.0.rng.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.0.rng.next().to_le_bytes());
        bytes
    }

    fn secret(&self) -> Option<Secret> {
        let mut secret = Secret::default();
        secret[..16].copy_from_slice(&self.random());
        secret[16..].copy_from_slice(&self.random());
        Some(secret)
    }
}

/// Tasks, streams and the log of one instance.
pub struct SimHost {
    pub world: Rc<World>,
    pub instance: Rc<Instance>,
}

/// The writing end of a stream.
pub struct SimWriter {
    instance: Rc<Instance>,
    frames: UnboundedSender<String>,
}

/// A line of the log, as far as it is looked at.
#[derive(Deserialize)]
struct LogLine<'a> {
    #[serde(default)]
    event: &'a str,
    #[serde(default)]
    code: Option<&'a str>,
}

impl Host for SimHost {
    type Writer = SimWriter;
    type Readable = UnboundedReceiver<String>;

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.world.spawn(Some(&self.instance), task);
    }

    fn open_stream(&self) -> (SimWriter, UnboundedReceiver<String>) {
        let (frames, readable) = unbounded();
        (SimWriter { instance: Rc::clone(&self.instance), frames }, readable)
    }

    fn log(&self, line: &str) {
        self.world.check(raw_in(line).is_none(), || format!("masks everywhere: the log has {line}"));
        let read: LogLine<'_> = serde_json::from_str(line).expect("a line of the log is JSON");
        let is_defect = read.event == "fault" && read.code == Some("internal");
        self.world.check(!is_defect, || format!("a defect is logged: {line}"));
        self.world.note(|| line.to_owned());
    }
}

impl FrameWriter for SimWriter {
    fn write(&self, bytes: &[u8]) {
        if self.instance.can_send() {
            let frames = String::from_utf8(bytes.to_vec()).expect("frames are text");
            // A reader that is gone does not matter.
            let _ = self.frames.unbounded_send(frames);
        }
    }

    fn close(&self) {
        self.frames.close_channel();
    }

    fn abort(&self) {
        self.frames.close_channel();
    }
}

/// The bucket of all users.
#[derive(Default)]
pub struct Bucket {
    pub keys: RefCell<BTreeSet<String>>,
}

/// The bucket as one instance reaches it.
pub struct SimBlobs {
    pub world: Rc<World>,
    pub instance: Rc<Instance>,
    pub bucket: Rc<Bucket>,
}

impl SimBlobs {
    async fn ask<T: 'static>(&self, perform: impl Fn(&Bucket) -> T + 'static) -> Result<T, BlobError> {
        let (bucket, world) = (Rc::clone(&self.bucket), Rc::clone(&self.world));
        let deliver = move |reply: oneshot::Sender<T>| {
            if !world.occurs(Fault::BucketFails) {
                let _ = reply.send(perform(&bucket));
            }
        };
        let answer = call(&self.world, Some(&self.instance), TO_BUCKET, deliver).await;
        answer.ok_or_else(|| BlobError::Failed("no answer".into()))
    }
}

impl Blobs for SimBlobs {
    async fn put(&self, key: &str, _: Vec<u8>) -> Result<(), BlobError> {
        let key = key.to_owned();
        self.ask(move |bucket| bucket.keys.borrow_mut().insert(key.clone())).await.map(|_| ())
    }

    async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, BlobError> {
        self.world.violated("no employee reads files here");
        Ok(None)
    }

    async fn delete(&self, key: &str) -> Result<(), BlobError> {
        let key = key.to_owned();
        self.ask(move |bucket| bucket.keys.borrow_mut().remove(&key)).await.map(|_| ())
    }

    async fn delete_all(&self, keys: &[String]) -> Result<(), BlobError> {
        let keys = keys.to_vec();
        self.ask(move |bucket| bucket.keys.borrow_mut().retain(|key| !keys.contains(key))).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, BlobError> {
        let prefix = prefix.to_owned();
        let is_under = move |key: &&String| key.starts_with(&prefix);
        self.ask(move |bucket| bucket.keys.borrow().iter().filter(|key| is_under(key)).cloned().collect())
            .await
    }
}

/// No readers: nobody uploads here.
pub struct NoReaders;

impl Readers for NoReaders {
    async fn read(&self, _: &str, _: &[u8], _: Millis) -> Result<HttpAnswer, ReadersError> {
        Err(ReadersError::NoReaders)
    }
}
