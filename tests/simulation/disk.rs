//! The storage of a Session object: JSON in rows, as in SQLite. It survives its object.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use frontdesk::error::{Code, Fault};
use frontdesk::ports::{Journal, Undelivered};
use frontdesk::session::log::{KEPT_FOR, LogEnding, LogHead, Told, TurnLog};
use frontdesk::session::memory::Memory;
use frontdesk::session::outbox::PARKED_FOR;
use frontdesk::session::record::{OpenTurn, TurnRecord};
use frontdesk::time::Millis;
use frontdesk::tools::approval::Suspended;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::alarm::Alarm;
use super::values::raw_in;
use super::world::{Life, World};

#[derive(Default)]
pub struct Disk {
    open: RefCell<Option<String>>,
    parked: RefCell<BTreeMap<Uuid, Millis>>,
    logs: RefCell<Vec<LogRow>>,
    outbox: RefCell<Vec<OutboxRow>>,
    memory: RefCell<Option<String>>,
    pub alarm: Alarm,
}

struct LogRow {
    turn: Uuid,
    named: Option<String>,
    head: String,
    batches: Vec<String>,
    ending: Option<String>,
    ended_at: Option<Millis>,
}

struct OutboxRow {
    turn: Uuid,
    record: String,
    attempts: u32,
    is_settled: bool,
}

/// One object's hands on its storage.
pub struct DiskJournal {
    pub world: Rc<World>,
    pub disk: Rc<Disk>,
    pub life: Rc<Life>,
    /// Until it is awake all that it does is recovery.
    pub is_awake: Cell<bool>,
}

impl Disk {
    /// Whether nothing is open and nothing waits.
    pub fn is_at_rest(&self) -> bool {
        self.open.borrow().is_none() && self.outbox.borrow().is_empty()
    }

    pub fn logs(&self) -> Vec<Uuid> {
        self.logs.borrow().iter().map(|row| row.turn).collect()
    }
}

impl DiskJournal {
    fn can_write(&self) -> bool {
        self.life.can_write(&self.world)
    }

    fn json(&self, what: &str, value: &impl Serialize) -> String {
        let json = serde_json::to_string(value).expect("what is stored is JSON");
        self.world.check_masked(what, &json);
        json
    }

    pub fn forget_logs(&self, before: Millis) {
        if self.can_write() {
            self.disk.logs.borrow_mut().retain(|row| row.ended_at.is_none_or(|at| at >= before));
        }
    }

    pub fn next_chore(&self) -> Option<Millis> {
        let log = self.disk.logs.borrow().iter().filter_map(|row| row.ended_at).min().map(|at| at + KEPT_FOR);
        let parked = self.disk.parked.borrow().values().min().map(|at| at + PARKED_FOR);
        log.into_iter().chain(parked).min()
    }

    fn undelivered(&self, limit: u32, is_wanted: impl Fn(&OutboxRow) -> bool) -> Vec<Undelivered> {
        let rows = self.disk.outbox.borrow();
        let row = |row: &OutboxRow| Undelivered {
            record: read(&row.record),
            attempts: row.attempts,
            is_settled: row.is_settled,
        };
        rows.iter().filter(|row| is_wanted(row)).take(limit as usize).map(row).collect()
    }

    pub async fn let_sleep(&self) {
        if self.can_write() {
            self.disk.alarm.set(None);
        }
        self.world.sleep(1).await;
    }
}

fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).expect("what was stored can be read")
}

impl Journal for DiskJournal {
    fn open(&self, turn: &OpenTurn, head: &LogHead) -> Result<(), Fault> {
        if !self.can_write() {
            return Ok(());
        }
        if self.disk.open.borrow().is_some() {
            self.world.violated("a turn is kept while another is open");
            return Err(Fault::new(Code::Internal, "UNIQUE"));
        }
        self.disk.logs.borrow_mut().push(LogRow {
            turn: head.turn_id,
            named: head.client_message_id.clone(),
            head: self.json("a log's head", head),
            batches: Vec::new(),
            ending: None,
            ended_at: None,
        });
        self.disk.open.replace(Some(self.json("an open turn", turn)));
        self.world.opened(turn);
        Ok(())
    }

    fn amend(&self, turn: &OpenTurn) -> Result<(), Fault> {
        if self.can_write() {
            self.disk.open.replace(Some(self.json("an open turn", turn)));
        }
        Ok(())
    }

    fn extend(&self, turn: Uuid, told: &[Told]) -> Result<(), Fault> {
        if !self.can_write() {
            return Ok(());
        }
        let json = serde_json::to_string(told).expect("pieces are JSON");
        // What a model made up is there as it wrote it; nothing of the user's is.
        self.world.check(raw_in(&json).is_none(), || format!("masks everywhere: a log has {json}"));
        let mut logs = self.disk.logs.borrow_mut();
        logs.iter_mut().filter(|row| row.turn == turn).for_each(|row| row.batches.push(json.clone()));
        Ok(())
    }

    fn suspend(&self, _: &Suspended) -> Result<(), Fault> {
        unreachable!("nobody has tools here")
    }

    fn suspended(&self) -> Option<Suspended> {
        None
    }

    fn left_open(&self) -> Option<OpenTurn> {
        self.disk.open.borrow().as_deref().map(read)
    }

    fn log(&self, turn: Uuid) -> Option<TurnLog> {
        let logs = self.disk.logs.borrow();
        let row = logs.iter().find(|row| row.turn == turn)?;
        Some(TurnLog {
            head: read(&row.head),
            told: row.batches.iter().flat_map(|json| read::<Vec<Told>>(json)).collect(),
            ending: row.ending.as_deref().map(read),
            has_begun: true,
        })
    }

    fn turn_of(&self, client_message_id: &str) -> Option<Uuid> {
        let logs = self.disk.logs.borrow();
        logs.iter().find(|row| row.named.as_deref() == Some(client_message_id)).map(|row| row.turn)
    }

    fn close(&self, record: &TurnRecord, ending: &LogEnding, now: Millis) -> Result<(), Fault> {
        if !self.can_write() {
            return Ok(());
        }
        self.world.closed(record, !self.is_awake.get());
        self.disk.outbox.borrow_mut().push(OutboxRow {
            turn: record.turn_id,
            record: self.json("the outbox", record),
            attempts: 0,
            is_settled: false,
        });
        for row in self.disk.logs.borrow_mut().iter_mut().filter(|row| row.turn == record.turn_id) {
            row.ending = Some(self.json("a log's end", ending));
            row.ended_at = Some(now);
        }
        self.forget_logs(now.saturating_sub(KEPT_FOR));
        self.disk.open.take();
        Ok(())
    }

    fn outbox(&self, limit: u32) -> Vec<Undelivered> {
        self.undelivered(limit, |_| true)
    }

    fn due(&self, limit: u32) -> Vec<Undelivered> {
        let parked = self.disk.parked.borrow();
        self.undelivered(limit, |row| !parked.contains_key(&row.turn))
    }

    fn delivered(&self, turn: Uuid) -> Result<(), Fault> {
        if self.can_write() {
            self.world.note(|| format!("turn {turn} is delivered"));
            self.disk.outbox.borrow_mut().retain(|row| row.turn != turn);
            self.disk.parked.borrow_mut().remove(&turn);
        }
        Ok(())
    }

    fn settled(&self, turn: Uuid) -> Result<(), Fault> {
        if self.can_write() {
            let mut rows = self.disk.outbox.borrow_mut();
            rows.iter_mut().filter(|row| row.turn == turn).for_each(|row| row.is_settled = true);
        }
        Ok(())
    }

    fn park(&self, turn: Uuid, now: Millis) -> Result<(), Fault> {
        if self.can_write() {
            self.world.note(|| format!("turn {turn} is parked"));
            self.disk.parked.borrow_mut().insert(turn, now);
        }
        Ok(())
    }

    fn unpark(&self, before: Millis) {
        if self.can_write() {
            self.disk.parked.borrow_mut().retain(|_, at| *at > before);
        }
    }

    fn postpone(&self, turn: Uuid) {
        if self.can_write() {
            let mut rows = self.disk.outbox.borrow_mut();
            rows.iter_mut().filter(|row| row.turn == turn).for_each(|row| row.attempts += 1);
        }
    }

    fn remember(&self, memory: &Memory) {
        if self.can_write() {
            self.disk.memory.replace(Some(self.json("memory", memory)));
        }
    }

    fn recollect(&self) -> Option<Memory> {
        self.disk.memory.borrow().as_deref().map(read)
    }

    async fn wake_at(&self, when: Millis) {
        if self.can_write() {
            self.disk.alarm.set(Some(when));
        }
        self.world.sleep(1).await;
    }
}
