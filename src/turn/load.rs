//! The session's window for a turn: as it is cached, or read from Postgres.

use futures::future::join;
use pii::masked_text::MaskedText;

use super::TurnCtx;
use crate::account::terms::load_terms;
use crate::error::{Code, Error, Fault, abort_field};
use crate::memory::forget::last_forgotten;
use crate::ports::{Clock, Platform};
use crate::session::cache::SessionCache;
use crate::session::load::{RECENT_MESSAGES, load_session};
use crate::session::path::{InsertAt, resolve_path};
use crate::session::store::SessionStore;
use crate::time::Millis;

/// The part of a session that a turn needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// Slug of the employee, if the request names one.
    pub(super) employee: Option<&'a str>,
    /// Position of the turn.
    pub(super) insert_at: &'a InsertAt,
}

impl Wanted<'_> {
    /// True if the cached path has the position, or a reason for which no path can have it.
    fn is_on_path(&self, cache: &SessionCache) -> bool {
        !matches!(cache.branch_point(self.insert_at), Ok(None))
    }
}

impl<P: Platform> TurnCtx<'_, P> {
    /// True if the cached window serves a turn without a read.
    pub(super) fn is_cached(&self, wanted: Wanted<'_>) -> bool {
        let ports = self.session.user.ports;
        let cache = self.session.session.cache.borrow();
        // Where the storage cannot tell, Postgres does.
        let forgotten = last_forgotten(&ports.sql).unwrap_or(Millis::MAX);
        cache.as_ref().is_some_and(|cache| {
            cache.serves(wanted.employee, ports.clock.now())
                && cache.loaded_at > forgotten
                && wanted.is_on_path(cache)
        })
    }

    /// Reads the session from Postgres into the cache. When Postgres is out of reach, an older cache or the snapshot goes on
    /// serving.
    ///
    /// # Errors
    /// `session_not_found`, `unknown_employee`, `database_unavailable`.
    pub(super) async fn load(&self, wanted: Wanted<'_>) -> Result<(), Error> {
        let (user, session) = (self.session.user, self.session.session);
        let store = SessionStore::new(&user.ports.sql, session.id);
        // Before Postgres is read: a record that is delivered during the read would be neither in its result nor in the outbox.
        let undelivered = store.undelivered(RECENT_MESSAGES)?;
        let undelivered: Vec<_> = undelivered.into_iter().map(|turn| turn.record).collect();
        let before = session.cache.take();
        let mut before = match before {
            Some(before) => Some(before),
            None => store.snapshot()?,
        };
        let forgotten = last_forgotten(&user.ports.sql)?;
        before.iter_mut().filter(|cache| cache.loaded_at <= forgotten).for_each(SessionCache::drop_summary);
        let newest = match undelivered.last() {
            None => None,
            Some(last) => {
                let answered = match &before {
                    Some(cache) if cache.is_newest => cache.last_message_id,
                    _ => store.snapshot()?.and_then(|snapshot| snapshot.last_message_id),
                };
                answered.or_else(|| last.messages.last().map(|message| message.id))
            }
        };
        // Postgres does not know of this hand-off yet.
        let handed_to = undelivered.iter().rev().find_map(|record| record.handed_to.clone());
        let employee = wanted.employee.or(handed_to.as_deref());
        let (path_end, undelivered) = resolve_path(wanted.insert_at, newest, undelivered);
        // What is forgotten during the read may be in its result.
        let began = user.ports.clock.now();
        let loads = (load_session(&user, session.id, path_end), load_terms(&user, session.id, employee));
        let mut cache = match join(loads.0, loads.1).await {
            (Ok(loaded), _) if loaded.foreign => return Err(foreign()),
            (Ok(loaded), Ok(profile)) => {
                let profile = profile.ok_or_else(unknown_employee)?;
                SessionCache::from_loaded(loaded, profile, before.as_ref(), began)
            }
            (Err(fault), _) | (_, Err(fault)) => {
                let usable = |cache: &SessionCache| cache.is_of(employee) && wanted.is_on_path(cache);
                before.filter(usable).ok_or(fault)?
            }
        };
        for record in &undelivered {
            cache.add(record);
        }
        cache.is_newest = wanted.insert_at.is_newest();
        session.cache.replace(Some(cache));
        Ok(())
    }

    /// The text of the question that is answered again, if the turn is a regeneration.
    pub(super) fn regenerated_question(&self, insert_at: &InsertAt) -> Option<MaskedText> {
        let cache = self.session.session.cache.borrow();
        let point = cache.as_ref()?.branch_point(insert_at).ok()??;
        Some(point.question?.content.clone())
    }
}

/// The fault for a window that vanished during a turn: its user was erased.
pub(super) fn no_cache() -> Fault {
    Fault::new(Code::Internal, "the session's window is gone")
}

fn foreign() -> Error {
    let detail = "session_id is not a session of yours. Leave it out to begin a new one.";
    abort_field(Code::SessionNotFound, "session_id", detail)
}

fn unknown_employee() -> Error {
    let detail = "There is no employee of that name at work. GET /api/employees lists who is there; a message that \
                  begins with @ asks for the employee of that name.";
    abort_field(Code::UnknownEmployee, "employee", detail)
}
