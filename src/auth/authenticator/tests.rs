use std::collections::VecDeque;

use futures::executor::block_on;
use futures::future::{join, join_all, pending};
use serde_json::json;

use super::*;
use crate::auth::token::tests::{NOW, key_set, signed_by};
use crate::ports::{HttpAnswer, HttpBody, HttpError, HttpResponse, Secret, Timeouts};

struct FakeClock(Cell<Millis>);

impl Clock for FakeClock {
    fn now(&self) -> Millis {
        self.0.get()
    }

    async fn sleep(&self, span: Millis) {
        self.0.set(self.0.get() + span);
        yield_once().await;
    }

    fn random(&self) -> [u8; 16] {
        [0; 16]
    }

    fn secret(&self) -> Option<Secret> {
        None
    }
}

/// Lets the other futures of a `join` run.
async fn yield_once() {
    let mut is_ready = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut is_ready, true) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

/// One answer of the project's Auth.
enum Answer {
    /// After a while.
    Comes(Result<HttpAnswer, HttpError>),
    Never,
}

/// The project's Auth.
struct FakeHttp {
    answers: RefCell<VecDeque<Answer>>,
    requests: Cell<u32>,
}

struct NoBody;

impl HttpBody for NoBody {
    async fn read(&mut self, _: Millis) -> Result<Option<Vec<u8>>, HttpError> {
        Ok(None)
    }
}

impl Http for FakeHttp {
    type Body = NoBody;

    async fn send(&self, call: HttpCall<'_>, _: Millis) -> Result<HttpAnswer, HttpError> {
        assert_eq!(call.url, "https://project.supabase.co/auth/v1/.well-known/jwks.json");
        self.requests.set(self.requests.get() + 1);
        for _ in 0..3 {
            yield_once().await;
        }
        let answer = self.answers.borrow_mut().pop_front().expect("no further request");
        match answer {
            Answer::Comes(answer) => answer,
            Answer::Never => pending().await,
        }
    }

    async fn open(&self, _: HttpCall<'_>, _: Timeouts) -> Result<HttpResponse<NoBody>, HttpError> {
        Err(HttpError::Connect)
    }
}

struct World {
    config: Config,
    http: FakeHttp,
    clock: FakeClock,
    authenticator: Authenticator,
}

fn keys(id: &str) -> Answer {
    Answer::Comes(Ok(HttpAnswer { status: 200, body: key_set(id) }))
}

fn world(answers: impl IntoIterator<Item = Answer>) -> World {
    let config = Config::read(|name| {
        let value = match name {
            "SUPABASE_URL" => "https://project.supabase.co",
            "PII_MASTER_KEY" => "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
            "SUPABASE_ANON_KEY" | "SUPABASE_SERVICE_ROLE_KEY" | "OPENAI_API_KEY" => "key",
            _ => return None,
        };
        Some(value.into())
    });
    World {
        config: config.unwrap(),
        http: FakeHttp { answers: RefCell::new(answers.into_iter().collect()), requests: Cell::new(0) },
        clock: FakeClock(Cell::new(NOW)),
        authenticator: Authenticator::default(),
    }
}

impl World {
    /// Authenticates a token that names that key; says whether older keys served.
    async fn sign_in(&self, key_id: &str) -> Result<bool, Code> {
        let header = format!("Bearer {}", signed_by(key_id, &json!({"exp": NOW / 1000 + 7200})));
        let ctx = AuthCtx { config: &self.config, http: &self.http, clock: &self.clock };
        let authenticated = self.authenticator.authenticate(Some(&header), &ctx).await;
        authenticated.map(|one| one.stale_keys.is_some()).map_err(|error| error.code())
    }

    /// As if in another isolate's time: tokens must be verified again.
    fn pass(&self, span: Millis) {
        self.clock.0.set(self.clock.0.get() + span);
        self.authenticator.verified.take();
    }
}

#[test]
fn keys_are_fetched_once_and_a_verified_token_needs_none() {
    let world = world([keys("key-1")]);
    assert_eq!(block_on(world.sign_in("key-1")), Ok(false));
    assert_eq!(block_on(world.sign_in("key-1")), Ok(false));
    world.pass(1000);
    assert_eq!(block_on(world.sign_in("key-1")), Ok(false), "verified anew with the same keys");
    assert_eq!(world.http.requests.get(), 1);
}

#[test]
fn requests_at_once_make_one_fetch() {
    let world = world([keys("key-1")]);
    let signed_in = block_on(join_all((0..5).map(|_| world.sign_in("key-1"))));
    assert_eq!(signed_in, vec![Ok(false); 5]);
    assert_eq!(world.http.requests.get(), 1);
}

#[test]
fn a_fetch_that_never_ends_holds_up_the_others_no_longer_than_its_time() {
    let world = world([Answer::Never, keys("key-1")]);
    let dropped = Box::pin(world.sign_in("key-1"));
    let signed_in = block_on(async {
        let other = async {
            yield_once().await;
            world.sign_in("key-1").await
        };
        match futures::future::select(dropped, Box::pin(other)).await {
            futures::future::Either::Right((signed_in, _)) => signed_in,
            futures::future::Either::Left(_) => unreachable!("it never ends"),
        }
    });
    assert_eq!(signed_in, Ok(false));
    assert!(world.clock.now() >= NOW + TIMEOUT);
}

#[test]
fn an_unknown_key_is_fetched_for_once() {
    let world = world([keys("key-1"), keys("key-2")]);
    assert_eq!(block_on(world.sign_in("key-2")), Err(Code::UnknownKey));
    assert_eq!(block_on(world.sign_in("key-2")), Err(Code::UnknownKey), "fetched just now");
    world.pass(2000);
    let both = block_on(join(world.sign_in("key-2"), world.sign_in("key-2")));
    assert_eq!(both, (Ok(false), Ok(false)));
    assert_eq!(world.http.requests.get(), 2);
}

#[test]
fn known_keys_serve_while_auth_is_away() {
    let world = world([keys("key-1"), Answer::Comes(Err(HttpError::Timeout))]);
    assert_eq!(block_on(world.sign_in("key-1")), Ok(false));
    world.pass(11 * 60 * 1000);
    assert_eq!(block_on(world.sign_in("key-1")), Ok(true), "and the log is told");
    world.authenticator.verified.take();
    assert_eq!(block_on(world.sign_in("key-1")), Ok(false), "no fetch right after a failure");
    assert_eq!(world.http.requests.get(), 2);
}

#[test]
fn without_keys_nobody_signs_in_and_auth_is_left_alone_for_a_moment() {
    let answer = |status, body: &str| Answer::Comes(Ok(HttpAnswer { status, body: body.into() }));
    let world = world([answer(500, ""), answer(200, "<html>"), keys("key-1")]);
    assert_eq!(block_on(world.sign_in("key-1")), Err(Code::AuthUnavailable));
    assert_eq!(block_on(world.sign_in("key-1")), Err(Code::AuthUnavailable));
    assert_eq!(world.http.requests.get(), 1);
    world.pass(PAUSE_AFTER_FAILURE);
    assert_eq!(block_on(world.sign_in("key-1")), Err(Code::AuthUnavailable));
    world.pass(PAUSE_AFTER_FAILURE);
    assert_eq!(block_on(world.sign_in("key-1")), Ok(false));
}
