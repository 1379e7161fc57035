//! Hot memory for a turn: as it is, or read anew.

use uuid::Uuid;

use crate::auth::User;
use crate::config::Config;
use crate::error::{Code, Error, abort_field};
use crate::ports::{Clock, Database, Journal, Ports, World};
use crate::session::load::{LoadSession, RECENT_MESSAGES};
use crate::session::memory::Memory;
use crate::session::state::SessionState;
use crate::session::tree::{Place, way_to};

/// Makes sure that hot memory serves this turn: as it is, or read anew. When Postgres is out of reach, what the
/// object remembers goes on serving.
pub(super) async fn load(
    state: &SessionState,
    user: &User,
    (session, employee): (Uuid, Option<&str>),
    place: &Place,
    config: &Config,
    ports: &Ports<impl World>,
) -> Result<(), Error> {
    // Or says why no path could.
    let leads_there = |memory: &Memory| !matches!(memory.spot(place), Ok(None));
    let serves = |memory: &Memory| memory.serves(employee, ports.clock.now()) && leads_there(memory);
    if state.memory.borrow().as_ref().is_some_and(serves) {
        return Ok(());
    }
    // Before Postgres is read: what is delivered while it answers would be neither in its answer nor in a later outbox.
    let waiting: Vec<_> =
        ports.journal.outbox(RECENT_MESSAGES).into_iter().map(|waiting| waiting.record).collect();
    let kept = state.memory.take().or_else(|| ports.journal.recollect());
    let newest = waiting.last().and_then(|last| {
        let answered = match &kept {
            Some(memory) if memory.is_newest => memory.last_message_id,
            _ => ports.journal.recollect().and_then(|memory| memory.last_message_id),
        };
        answered.or_else(|| last.messages.last().map(|message| message.id))
    });
    // Postgres does not know yet who took over.
    let handed_to = waiting.iter().rev().find_map(|record| record.handed_to.clone());
    let employee = employee.or(handed_to.as_deref());
    let (leaf, waiting) = way_to(place, newest, waiting);
    let question = LoadSession {
        user,
        session,
        employee,
        default_employee: &config.default_employee,
        default_model: &config.default_model,
        limit: RECENT_MESSAGES,
        leaf,
    };
    let mut memory = match ports.database.load_session(&question).await {
        Ok(loaded) if loaded.foreign => {
            let detail = "session_id is not a session of yours. Leave it out to begin a new one.";
            return Err(abort_field(Code::SessionNotFound, "session_id", detail));
        }
        Ok(loaded) => {
            let memory = Memory::from_loaded(loaded, kept.as_ref(), ports.clock.now());
            let detail = "There is no employee of that name at work. GET /api/employees lists who is there; a message that \
                          begins with @ asks for the employee of that name.";
            memory.ok_or_else(|| abort_field(Code::UnknownEmployee, "employee", detail))?
        }
        Err(fault) => kept.filter(|memory| memory.knows(employee) && leads_there(memory)).ok_or(fault)?,
    };
    for record in &waiting {
        memory.add(record);
    }
    memory.is_newest = place.is_newest();
    state.memory.replace(Some(memory));
    Ok(())
}

/// The question that is to be answered again, if that is wanted and it is known.
pub(super) fn question_again(state: &SessionState, place: &Place) -> Option<String> {
    let memory = state.memory.borrow();
    let spot = memory.as_ref()?.spot(place).ok()??;
    Some(spot.question?.content.clone())
}
