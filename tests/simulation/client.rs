//! Clients: each has one session open and talks, hangs up, comes back, stops, repeats itself.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;

use frontdesk::api::chat::Ask;
use frontdesk::error::{Code, Error};
use frontdesk::session::tree::Place;
use frontdesk::stream::ui::FrameId;
use futures::StreamExt as _;
use futures::channel::mpsc::UnboundedReceiver;
use uuid::Uuid;

use super::faults::Fault;
use super::ledger::Asked;
use super::network::{TO_SESSION, call};
use super::session::{Call, Response, SessionNode};
use super::values::{Message, pause, values_of};
use super::world::World;

/// The first frame that tells of an interruption.
const INTERRUPTED: u32 = 1_000_001;

/// How often a client tries the same again.
const TRIES: u32 = 6;

#[derive(Clone)]
pub struct Client {
    pub world: Rc<World>,
    pub session: Rc<SessionNode>,
    pub values: Rc<[Rc<str>]>,
    /// Clients that still have something to do.
    pub busy: Rc<Cell<usize>>,
}

/// What a reader has of a turn.
#[derive(Default)]
pub struct Seen {
    pub turn: Option<Uuid>,
    pub frames: u32,
    pub text: String,
    pub has_ended: bool,
}

/// What of a frame is looked at.
#[derive(serde::Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    delta: Option<Cow<'a, str>>,
}

impl Client {
    pub fn new(world: &Rc<World>, session: &Rc<SessionNode>, number: usize, busy: &Rc<Cell<usize>>) -> Self {
        let values = values_of(&session.user.user, number).into();
        Self { world: Rc::clone(world), session: Rc::clone(session), values, busy: Rc::clone(busy) }
    }

    /// Does something beside what this client does, and counts as busy until it is done.
    pub fn spawn(&self, act: impl AsyncFnOnce(Self) + 'static) {
        let client = self.clone();
        self.busy.set(self.busy.get() + 1);
        self.world.spawn(None, async move {
            let busy = Rc::clone(&client.busy);
            act(client).await;
            busy.set(busy.get() - 1);
        });
    }

    /// Says so many things, one after the other.
    pub async fn talk(self, messages: u64) {
        for _ in 0..messages {
            self.world.sleep(pause(&self.world.chance)).await;
            let ask = self.compose();
            self.converse(ask).await;
        }
    }

    fn compose(&self) -> Ask {
        let (chance, ledger) = (&self.world.chance, &self.world.ledger);
        let place = self.place();
        if let Place::Again(_) = place {
            let name = format!("again-{}", chance.below(u64::MAX));
            ledger.again.borrow_mut().insert(name.clone(), place.clone());
            let (session_id, stream) = (self.session.id, !chance.one_in(6));
            let client_message_id = Some(name);
            return Ask {
                session_id,
                message: String::new(),
                place,
                employee: None,
                stream,
                client_message_id,
                remember: true,
            };
        }
        let number = ledger.messages.replace(ledger.messages.get() + 1);
        let message = Message::new(number, &self.values, chance);
        let ask = Ask {
            session_id: self.session.id,
            message: message.text(),
            place: place.clone(),
            employee: None,
            stream: !chance.one_in(6),
            client_message_id: (!chance.one_in(5)).then(|| format!("mine-{}", message.code)),
            remember: true,
        };
        let (user, session) = (self.session.user.user.id, self.session.id);
        ledger.asks.borrow_mut().insert(message.code.clone(), Asked { user, session, message, place });
        ask
    }

    /// Where a message goes: mostly on from where the session is.
    fn place(&self) -> Place {
        let (chance, ledger) = (&self.world.chance, &self.world.ledger);
        let sessions = ledger.sessions.borrow();
        let turns = sessions.get(&self.session.id).map(Vec::as_slice).unwrap_or_default();
        if turns.is_empty() || !chance.one_in(6) {
            return Place::Newest;
        }
        let turn = turns[chance.index(turns.len())];
        let known = ledger.turn(turn, |turn| (turn.question, turn.answer));
        let (question, answer) = known.expect("a turn of the session");
        match chance.below(8) {
            0 => Place::Beginning,
            1..=2 => Place::After(answer),
            3..=4 => Place::Instead(question.to_string()),
            5..=6 => Place::Again(Some(question.to_string())),
            _ => Place::Again(None),
        }
    }

    /// Sends a message until there is an answer or no sense in sending it again, and reads the answer.
    async fn converse(&self, ask: Ask) {
        for _ in 0..TRIES {
            match self.call(Call::Turn(ask.clone())).await {
                Some(Ok(Response::Stream(frames))) => return self.follow(frames, &ask).await,
                Some(Ok(Response::Json(json))) => return self.check_whole(&json),
                Some(Ok(_)) => return self.world.violated("a message is answered with nothing"),
                Some(Err(error)) if !self.is_worth_another_try(&error) => return,
                // Without a name it would be another message.
                None if ask.client_message_id.is_none() => return,
                Some(Err(_)) | None => {}
            }
            self.world.sleep(200 + self.world.chance.below(4000)).await;
        }
    }

    fn is_worth_another_try(&self, error: &Error) -> bool {
        let code = error.code();
        let is_known = matches!(
            code,
            Code::TurnInProgress
                | Code::DatabaseUnavailable
                | Code::PrivacyUnavailable
                | Code::RateLimited
                | Code::BudgetExceeded
                | Code::ModelUnavailable
                | Code::ModelTimeout
                | Code::ModelRejected
                | Code::ModelTruncated
                | Code::Interrupted
        );
        // A path that leads over a turn which Postgres refuses is not known to the end.
        let is_lost =
            code == Code::MessageNotFound && self.world.ledger.parked.borrow().contains(&self.session.id);
        self.world.check(is_known || is_lost, || format!("a client is told {error:?}"));
        matches!(code, Code::TurnInProgress | Code::DatabaseUnavailable | Code::PrivacyUnavailable)
    }

    async fn call(&self, what: Call) -> Option<Result<Response, Error>> {
        let session = Rc::clone(&self.session);
        call(&self.world, None, TO_SESSION, move |reply| session.receive(what.clone(), reply)).await
    }

    /// Reads an answer to its end, however often the connection breaks.
    async fn follow(&self, frames: UnboundedReceiver<String>, ask: &Ask) {
        let mut seen = Seen::default();
        self.read(frames, &mut seen, Some(ask)).await;
        self.come_back(&mut seen, TRIES).await;
    }

    /// Comes back until the end was heard.
    async fn come_back(&self, seen: &mut Seen, tries: u32) {
        for _ in 0..tries {
            let Some(turn) = seen.turn.filter(|_| !seen.has_ended) else { return };
            self.world.sleep(self.world.chance.below(3000)).await;
            match self.call(Call::Resume(Some(FrameId { turn, frame: seen.frames }))).await {
                Some(Ok(Response::Stream(frames))) => self.read(frames, seen, None).await,
                Some(Ok(_)) => {
                    return self.world.violated(format!(
                        "a reader is not told how turn {turn} ends, after {}",
                        seen.frames
                    ));
                }
                Some(Err(error)) => drop(self.is_worth_another_try(&error)),
                None => {}
            }
        }
    }

    /// Reads until the connection ends, on whichever side.
    async fn read(&self, mut frames: UnboundedReceiver<String>, seen: &mut Seen, ask: Option<&Ask>) {
        while let Some(more) = frames.next().await {
            for frame in more.split_inclusive("\n\n") {
                self.see(frame, seen);
            }
            if self.world.strikes(Fault::HangUp) {
                return;
            }
            self.interfere(ask);
        }
        if let Some(turn) = seen.turn.filter(|_| seen.has_ended) {
            self.check_text(turn, &seen.text);
        }
    }

    /// What clients do while an answer comes.
    fn interfere(&self, ask: Option<&Ask>) {
        let Some(ask) = ask else { return };
        if self.world.strikes(Fault::Stop) {
            self.spawn(async |client| drop(client.call(Call::Stop).await));
        }
        if ask.client_message_id.is_some() && self.world.strikes(Fault::Again) {
            let ask = ask.clone();
            self.spawn(async move |client| client.repeat(ask).await);
        }
        if self.world.strikes(Fault::Impatience) {
            self.spawn(async |client| {
                let ask = client.compose();
                client.converse(ask).await;
            });
        }
        if self.world.strikes(Fault::Join) {
            self.spawn(async |client| client.join().await);
        }
    }

    /// Sends a message that was sent before, and reads what comes of it.
    async fn repeat(&self, ask: Ask) {
        if let Some(Ok(Response::Stream(frames))) = self.call(Call::Turn(ask)).await {
            let mut seen = Seen::default();
            self.read(frames, &mut seen, None).await;
            self.come_back(&mut seen, TRIES).await;
        }
    }

    /// Reads what runs from its beginning.
    async fn join(&self) {
        if let Some(Ok(Response::Stream(frames))) = self.call(Call::Resume(None)).await {
            let mut seen = Seen::default();
            self.read(frames, &mut seen, None).await;
            self.come_back(&mut seen, TRIES).await;
        }
    }

    /// Reads a turn that is over, from its beginning.
    pub async fn reread(&self, turn: Uuid) {
        let mut seen = Seen { turn: Some(turn), ..Seen::default() };
        self.come_back(&mut seen, TRIES).await;
        self.world.check(seen.has_ended, || format!("turn {turn} cannot be told again"));
    }

    fn see(&self, frame: &str, seen: &mut Seen) {
        let Some((id, data)) = frame.strip_prefix("id: ").and_then(|frame| frame.split_once('\n')) else {
            seen.has_ended |= frame.starts_with("data: [DONE]");
            return;
        };
        let Some(id) = FrameId::parse(id) else { return self.world.violated(format!("no id: {frame}")) };
        let turn = *seen.turn.get_or_insert(id.turn);
        // What an interruption is told with has numbers of its own.
        let is_next = id.frame == seen.frames + 1 || (id.frame == INTERRUPTED && seen.frames < INTERRUPTED);
        let is_next = is_next && id.turn == turn;
        self.world.check(is_next, || format!("{}:{} comes after {turn}:{}", id.turn, id.frame, seen.frames));
        seen.frames = id.frame;
        self.world.seen(turn, id.frame, frame);
        let json = data.trim().strip_prefix("data: ").unwrap_or_default();
        let part: Part = serde_json::from_str(json).expect("a frame is JSON");
        if let Some(delta) = part.delta {
            seen.text.push_str(&delta);
            let given = self.world.given(turn);
            let is_given = given.starts_with(&seen.text) || self.world.is_part(turn, &seen.text);
            self.world.check(is_given, || format!("{:?} is seen of {given:?}", seen.text));
        }
    }

    fn check_text(&self, turn: Uuid, text: &str) {
        use frontdesk::session::record::Status;
        let given = self.world.given(turn);
        let closed = self.world.ledger.turn(turn, |turn| turn.closed).flatten();
        let is_all = closed == Some(Status::Interrupted) || given == text;
        self.world.check(is_all, || format!("{text:?} is all that a reader got of {given:?}"));
    }

    fn check_whole(&self, json: &str) {
        let reply: serde_json::Value = serde_json::from_str(json).expect("a reply is JSON");
        let turns = self.world.ledger.turns.borrow();
        let is_this =
            |turn: &&Uuid| turns.get(turn).is_some_and(|turn| reply["id"] == turn.answer.to_string());
        let turn = turns.keys().find(is_this).copied();
        drop(turns);
        match (turn, reply["message"].as_str()) {
            (Some(turn), Some(text)) => self.check_text(turn, text),
            _ => self.world.violated(format!("nobody kept {json}")),
        }
    }
}
