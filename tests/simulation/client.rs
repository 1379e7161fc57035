//! Clients: each has one session open and talks, hangs up, comes back, stops, repeats itself, approves and denies.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use frontdesk::error::{Code, Error};
use frontdesk::session::approval::{APPROVAL_TIMEOUT, Decision};
use frontdesk::session::path::InsertAt;
use frontdesk::session::record::Status;
use frontdesk::stream::ui_messages::FrameId;
use frontdesk::time::Millis;
use frontdesk::turn::request::{AnswerForm, TurnRequest};
use futures::StreamExt as _;
use futures::channel::mpsc::UnboundedReceiver;
use serde_json::{Value, json};
use uuid::Uuid;

use super::faults::Fault;
use super::invariants::Joined;
use super::network::{TO_OBJECT, call};
use super::object::{ObjectNode, Request, Response};
use super::oracle::Asked;
use super::values::{Message, pause, values_of, word};
use super::world::World;

/// Number of the first frame that tells of an interruption.
const INTERRUPTED: u32 = 1_000_001;

/// Times that a client tries the same.
const TRIES: u32 = 6;

/// Milliseconds within which something else begins.
const SOON: Millis = 200;

/// Approvals in a row that a client decides on.
const MAX_APPROVALS: u32 = 6;

#[derive(Clone)]
pub struct Client {
    pub world: Rc<World>,
    pub object: Rc<ObjectNode>,
    pub session: Uuid,
    /// The employee that the session is with; `None` for the default one.
    pub employee: Option<&'static str>,
    /// Whether its messages may be remembered.
    pub remember: bool,
    pub values: Rc<[Rc<str>]>,
    /// Number of clients that still have something to do.
    pub busy: Rc<Cell<usize>>,
}

/// What a reader has of a turn.
#[derive(Default)]
pub struct Seen {
    pub turn: Option<Uuid>,
    pub frames: u32,
    pub text: String,
    pub has_ended: bool,
    /// Whether the answer came to its end by itself.
    has_finished: bool,
    /// Arguments of calls, as the user sees them.
    inputs: BTreeMap<Uuid, Value>,
    /// Approvals that were requested, with their calls.
    approvals: Vec<(Uuid, Uuid)>,
}

/// A call that waits for the user.
#[derive(Clone)]
struct Waiting {
    approval: Uuid,
    input: Option<Value>,
}

/// The parts of a frame that are looked at.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    r#type: &'a str,
    #[serde(default, borrow)]
    delta: Option<Cow<'a, str>>,
    #[serde(default)]
    tool_call_id: Option<Uuid>,
    #[serde(default)]
    input: Option<Value>,
    #[serde(default)]
    approval_id: Option<Uuid>,
}

impl Client {
    pub fn new(world: &Rc<World>, object: &Rc<ObjectNode>, busy: &Rc<Cell<usize>>) -> Self {
        Self {
            world: Rc::clone(world),
            object: Rc::clone(object),
            session: Uuid::nil(),
            employee: None,
            remember: false,
            values: Rc::default(),
            busy: Rc::clone(busy),
        }
    }

    /// The same client in a session of user `number`.
    #[must_use]
    pub fn in_session(self, session: Uuid, number: usize) -> Self {
        let values = values_of(&self.object.user, number).into();
        Self { session, values, ..self }
    }

    /// Does something beside the work of this client, and counts as busy until it is done.
    pub fn spawn(&self, act: impl AsyncFnOnce(Self) + 'static) {
        let client = self.clone();
        self.busy.set(self.busy.get() + 1);
        self.world.spawn(None, async move {
            let busy = Rc::clone(&client.busy);
            act(client).await;
            busy.set(busy.get() - 1);
        });
    }

    /// Sends so many messages, one after the other.
    pub async fn talk(self, messages: u64) {
        for _ in 0..messages {
            self.world.sleep(pause(&self.world.rng)).await;
            if self.world.occurs(Fault::Erase) {
                if self.world.rng.one_in(2) {
                    self.erase().await;
                } else {
                    // While the message is prepared.
                    self.erase_soon();
                }
            }
            let request = self.compose();
            let mut waiting = self.converse(request).await;
            for _ in 0..MAX_APPROVALS {
                if waiting.is_empty() {
                    break;
                }
                waiting = self.decide(waiting).await;
            }
        }
    }

    /// Comes back to an object that stores nothing yet, and may have everything erased at the same time.
    pub fn return_early(&self) {
        let delay = self.world.rng.below(SOON);
        self.spawn(async move |client| {
            client.world.sleep(delay).await;
            client.join().await;
        });
        if self.world.faults.has(Fault::Erase) {
            self.erase_soon();
        }
    }

    /// Has everything erased while something else goes on.
    fn erase_soon(&self) {
        let delay = self.world.rng.below(SOON);
        self.spawn(async move |client| {
            client.world.sleep(delay).await;
            client.erase().await;
        });
    }

    fn compose(&self) -> TurnRequest {
        let (rng, oracle) = (&self.world.rng, &self.world.oracle);
        let insert_at = self.insert_at();
        let request = TurnRequest {
            session_id: self.session,
            message: String::new(),
            insert_at: insert_at.clone(),
            employee: self.employee.filter(|_| !rng.one_in(4)).map(ToOwned::to_owned),
            form: if rng.one_in(6) { AnswerForm::Json } else { AnswerForm::Stream },
            client_message_id: None,
            remember: self.remember,
            settings: None,
        };
        if let InsertAt::Regenerate(_) = insert_at {
            let name = format!("again-{}", rng.below(u64::MAX));
            oracle.regenerations.borrow_mut().insert(name.clone(), insert_at);
            return TurnRequest { client_message_id: Some(name), ..request };
        }
        let number = oracle.messages.replace(oracle.messages.get() + 1);
        let message = Message::new(number, &self.values, rng);
        let (text, code) = (message.text(), message.code.clone());
        let name = (!rng.one_in(5)).then(|| format!("mine-{code}"));
        let asked = Asked { user: self.object.user.id, session: self.session, message, insert_at };
        oracle.asks.borrow_mut().insert(code, asked);
        TurnRequest { message: text, client_message_id: name, ..request }
    }

    /// The position of a message: mostly after the newest one.
    fn insert_at(&self) -> InsertAt {
        let (rng, oracle) = (&self.world.rng, &self.world.oracle);
        let sessions = oracle.sessions.borrow();
        let turns = sessions.get(&self.session).map(Vec::as_slice).unwrap_or_default();
        if turns.is_empty() || !rng.one_in(6) {
            return InsertAt::Newest;
        }
        let turn = turns[rng.index(turns.len())];
        let known = oracle.turn(turn, |turn| (turn.question, turn.answer));
        let (question, answer) = known.expect("a turn of the session");
        match rng.below(8) {
            0 => InsertAt::Beginning,
            1..=2 => InsertAt::After(answer),
            3..=4 => InsertAt::InsteadOf(question.to_string()),
            5..=6 => InsertAt::Regenerate(Some(question.to_string())),
            _ => InsertAt::Regenerate(None),
        }
    }

    /// Sends a message until there is an answer or no sense in sending it again, and reads the answer. Returns the calls that wait
    /// for the user then.
    async fn converse(&self, request: TurnRequest) -> Vec<Waiting> {
        for _ in 0..TRIES {
            match self.call(Request::Turn(request.clone())).await {
                Some(Ok(Response::Stream(frames))) => return self.follow(frames, Some(&request)).await,
                Some(Ok(Response::Whole(json))) => {
                    self.check_whole(&json);
                    return Vec::new();
                }
                Some(Ok(_)) => {
                    self.check_erased("a message is answered with nothing");
                    return Vec::new();
                }
                Some(Err(error)) if !self.is_worth_another_try(&error) => return Vec::new(),
                // Without a name it would be another message.
                None if request.client_message_id.is_none() => return Vec::new(),
                Some(Err(_)) | None => {}
            }
            self.world.sleep(200 + self.world.rng.below(4000)).await;
        }
        Vec::new()
    }

    /// Decides on calls, in one way or another. Returns the calls that wait after that.
    async fn decide(&self, waiting: Vec<Waiting>) -> Vec<Waiting> {
        let rng = &self.world.rng;
        let decisions: Vec<_> = waiting.iter().map(|call| self.decision(call)).collect();
        match rng.below(10) {
            // The user goes on without deciding.
            0 => Vec::new(),
            1 => {
                self.world.sleep(APPROVAL_TIMEOUT + rng.below(10_000)).await;
                self.send(decisions).await
            }
            2 => {
                let later = decisions.clone();
                self.spawn(async move |client| drop(client.send(later).await));
                self.send(decisions).await
            }
            3 => {
                let mismatched = decisions
                    .iter()
                    .cloned()
                    .map(|decision| Decision { input: Some(json!({ "n": "another" })), ..decision });
                self.refused(mismatched.collect()).await;
                self.send(decisions).await
            }
            4 if decisions.len() > 1 => {
                let (first, rest) = decisions.split_at(1);
                self.send(first.to_vec()).await;
                self.send(rest.to_vec()).await
            }
            _ => self.send(decisions).await,
        }
    }

    fn decision(&self, call: &Waiting) -> Decision {
        let rng = &self.world.rng;
        let approved = !rng.one_in(3);
        let value = &self.values[rng.index(self.values.len())];
        let reason = (!approved && rng.one_in(2)).then(|| format!("not {} - {value}", word(rng)));
        let input = call.input.clone().filter(|_| rng.one_in(2));
        Decision { id: call.approval, approved, reason, input }
    }

    /// Sends decisions that the object must refuse: the client knows other arguments.
    async fn refused(&self, decisions: Vec<Decision>) {
        let reply = self.call(Request::Decide(decisions, AnswerForm::Stream)).await;
        let is_refused = !matches!(reply, Some(Ok(_)));
        self.world.check(is_refused, || "a decision on other arguments is accepted".into());
    }

    /// Sends decisions until they are applied or refused, and reads the rest of the answer.
    async fn send(&self, decisions: Vec<Decision>) -> Vec<Waiting> {
        for decision in decisions.iter().filter(|decision| decision.approved) {
            self.world.approving(decision.id);
        }
        let form = if self.world.rng.one_in(6) { AnswerForm::Json } else { AnswerForm::Stream };
        for _ in 0..TRIES {
            match self.call(Request::Decide(decisions.clone(), form)).await {
                Some(Ok(Response::Stream(frames))) => return self.follow(frames, None).await,
                Some(Ok(Response::Whole(json))) => {
                    self.check_whole(&json);
                    return Vec::new();
                }
                Some(Ok(Response::Undecided(left))) => {
                    let is_left = decisions.iter().all(|decision| !left.contains(&decision.id));
                    self.world.check(is_left, || "a call is undecided although it was decided".into());
                    return Vec::new();
                }
                Some(Ok(_)) => {
                    self.check_erased("a decision is answered with nothing");
                    return Vec::new();
                }
                Some(Err(error)) if !self.is_worth_another_try(&error) => return Vec::new(),
                Some(Err(_)) | None => {}
            }
            self.world.sleep(200 + self.world.rng.below(4000)).await;
        }
        Vec::new()
    }

    /// Has everything of the user erased, and tries until it is done.
    async fn erase(&self) {
        let user = self.object.user.id;
        *self.world.oracle.erasing.borrow_mut().entry(user).or_default() += 1;
        loop {
            match self.call(Request::Erase).await {
                Some(Ok(_)) => break,
                Some(Err(error)) => drop(self.is_worth_another_try(&error)),
                None => {}
            }
            self.world.sleep(1000 + self.world.rng.below(4000)).await;
        }
        self.world.note(|| format!("user {user} is erased"));
        *self.world.oracle.erasing.borrow_mut().entry(user).or_default() -= 1;
    }

    fn is_worth_another_try(&self, error: &Error) -> bool {
        let code = error.code();
        let is_known = matches!(
            code,
            Code::TurnInProgress
                | Code::DatabaseUnavailable
                | Code::FilesUnavailable
                | Code::PrivacyUnavailable
                | Code::ErasureInProgress
                | Code::RateLimited
                | Code::BudgetExceeded
                | Code::ModelUnavailable
                | Code::ModelTimeout
                | Code::ModelRejected
                | Code::ModelTruncated
                | Code::Interrupted
                | Code::ApprovalNotFound
                | Code::ApprovalExpired
        );
        let oracle = &self.world.oracle;
        let is_erased = oracle
            .vaults
            .borrow()
            .get(&self.object.user.id)
            .is_some_and(|all| all.iter().any(|vault| vault.is_erased));
        // A path that leads over a turn which Postgres refuses is not known to the end, and an erased one is gone.
        let is_lost =
            code == Code::MessageNotFound && (is_erased || oracle.parked.borrow().contains(&self.session));
        self.world.check(is_known || is_lost, || format!("a client is told {error:?}"));
        matches!(
            code,
            Code::TurnInProgress
                | Code::ErasureInProgress
                | Code::DatabaseUnavailable
                | Code::PrivacyUnavailable
        )
    }

    async fn call(&self, request: Request) -> Option<Result<Response, Error>> {
        let (object, session) = (Rc::clone(&self.object), self.session);
        let deliver = move |reply| object.receive(session, request.clone(), reply);
        call(&self.world, None, TO_OBJECT, deliver).await
    }

    /// Reads an answer to its end, however often the connection breaks. Returns the calls that wait for the user then.
    async fn follow(&self, frames: UnboundedReceiver<String>, request: Option<&TurnRequest>) -> Vec<Waiting> {
        let mut seen = Seen::default();
        self.read(frames, &mut seen, request).await;
        self.come_back(&mut seen, TRIES).await;
        let waiting =
            |(approval, call): (Uuid, Uuid)| Waiting { approval, input: seen.inputs.get(&call).cloned() };
        // A stopped or broken answer waits for nothing.
        if seen.has_finished { seen.approvals.iter().copied().map(waiting).collect() } else { Vec::new() }
    }

    /// Comes back until the end was read.
    async fn come_back(&self, seen: &mut Seen, tries: u32) {
        for _ in 0..tries {
            let Some(turn) = seen.turn.filter(|_| !seen.has_ended) else { return };
            self.world.sleep(self.world.rng.below(3000)).await;
            match self.call(Request::Resume(Some(FrameId { turn, frame: seen.frames }))).await {
                Some(Ok(Response::Stream(frames))) => self.read(frames, seen, None).await,
                Some(Ok(_)) => {
                    let text = format!("a reader does not get the end of turn {turn}, after {}", seen.frames);
                    return self.check_erased(&text);
                }
                Some(Err(error)) => drop(self.is_worth_another_try(&error)),
                None => {}
            }
        }
    }

    /// A failure that only an erasure excuses.
    fn check_erased(&self, failure: &str) {
        let user = self.object.user.id;
        let oracle = &self.world.oracle;
        let is_erased = oracle.is_erasing(user)
            || oracle.vaults.borrow().get(&user).is_some_and(|all| all.iter().any(|vault| vault.is_erased));
        self.world.check(is_erased, || failure.to_owned());
    }

    /// Reads until the connection ends, on whichever side.
    async fn read(
        &self,
        mut frames: UnboundedReceiver<String>,
        seen: &mut Seen,
        request: Option<&TurnRequest>,
    ) {
        while let Some(more) = frames.next().await {
            for frame in more.split_inclusive("\n\n") {
                self.see(frame, seen);
            }
            if self.world.occurs(Fault::HangUp) {
                return;
            }
            self.interfere(request);
        }
        if let Some(turn) = seen.turn.filter(|_| seen.has_ended) {
            self.check_text(turn, &seen.text);
        }
    }

    /// Disturbances of a client while an answer comes.
    fn interfere(&self, request: Option<&TurnRequest>) {
        if self.world.occurs(Fault::Stop) {
            self.spawn(async |client| drop(client.call(Request::Stop).await));
        }
        let Some(request) = request else { return };
        if request.client_message_id.is_some() && self.world.occurs(Fault::Again) {
            let request = request.clone();
            self.spawn(async move |client| client.repeat(request).await);
        }
        if self.world.occurs(Fault::Impatience) {
            self.spawn(async |client| {
                let request = client.compose();
                client.converse(request).await;
            });
        }
        if self.world.occurs(Fault::Join) {
            self.spawn(async |client| client.join().await);
        }
        if self.world.occurs(Fault::Erase) {
            self.spawn(async |client| client.erase().await);
        }
    }

    /// Sends a message that was sent before, and reads its answer.
    async fn repeat(&self, request: TurnRequest) {
        if let Some(Ok(Response::Stream(frames))) = self.call(Request::Turn(request)).await {
            let mut seen = Seen::default();
            self.read(frames, &mut seen, None).await;
            self.come_back(&mut seen, TRIES).await;
        }
    }

    /// Reads the running turn from its beginning.
    async fn join(&self) {
        if let Some(Ok(Response::Stream(frames))) = self.call(Request::Resume(None)).await {
            let mut seen = Seen::default();
            self.read(frames, &mut seen, None).await;
            self.come_back(&mut seen, TRIES).await;
        }
    }

    /// Reads a turn that has ended, from its beginning.
    pub async fn reread(&self, turn: Uuid) {
        let mut seen = Seen { turn: Some(turn), ..Seen::default() };
        self.come_back(&mut seen, TRIES).await;
        self.world.check(seen.has_ended, || format!("turn {turn} cannot be replayed"));
    }

    fn see(&self, frame: &str, seen: &mut Seen) {
        let Some((id, data)) = frame.strip_prefix("id: ").and_then(|frame| frame.split_once('\n')) else {
            seen.has_ended |= frame.starts_with("data: [DONE]");
            return;
        };
        let Some(id) = FrameId::parse(id) else { return self.world.violated(format!("no id: {frame}")) };
        let turn = *seen.turn.get_or_insert(id.turn);
        // The frames of an interruption have numbers of their own.
        let is_next = id.frame == seen.frames + 1 || (id.frame == INTERRUPTED && seen.frames < INTERRUPTED);
        let is_next = is_next && id.turn == turn;
        self.world.check(is_next, || format!("{}:{} comes after {turn}:{}", id.turn, id.frame, seen.frames));
        seen.frames = id.frame;
        self.world.seen(turn, id.frame, frame);
        let json = data.trim().strip_prefix("data: ").unwrap_or_default();
        let part: Part<'_> = serde_json::from_str(json).expect("a frame is JSON");
        seen.has_finished |= part.r#type == "finish";
        match (part.tool_call_id, part.input, part.approval_id) {
            (Some(call), Some(input), _) => drop(seen.inputs.insert(call, input)),
            (Some(call), None, Some(approval)) => seen.approvals.push((approval, call)),
            _ => {}
        }
        // Deltas of arguments have none: they come whole.
        if let Some(delta) = part.delta {
            seen.text.push_str(&delta);
            let given = self.world.given(turn, Joined::Streamed);
            let is_given =
                given.starts_with(&seen.text) || self.world.is_part(turn, &seen.text, Joined::Streamed);
            self.world.check(is_given, || format!("{:?} is seen of {given:?}", seen.text));
        }
    }

    fn check_text(&self, turn: Uuid, text: &str) {
        let given = self.world.given(turn, Joined::Streamed);
        let status = self.world.oracle.turn(turn, |turn| turn.status).flatten();
        let is_all = status == Some(Status::Interrupted) || given == text;
        self.world.check(is_all, || format!("{text:?} is all that a reader got of {given:?}"));
    }

    fn check_whole(&self, json: &str) {
        let reply: Value = serde_json::from_str(json).expect("a reply is JSON");
        let turns = self.world.oracle.turns.borrow();
        let id = reply["id"].as_str().unwrap_or_default();
        let of_answer: Vec<_> =
            turns.iter().filter(|(_, turn)| turn.answer.to_string() == id).map(|(id, _)| *id).collect();
        drop(turns);
        let Some(text) = reply["message"].as_str() else {
            return self.world.violated(format!("an answer has no text: {json}"));
        };
        let is_its = |turn: &Uuid| self.world.given(*turn, Joined::Streamed) == text;
        self.world.check(of_answer.iter().any(is_its), || format!("no turn has the answer {json}"));
    }
}
