//! Limits in a turn, natively: what may begin, and what is owed for it.

use frontdesk::error::{Code, Error};
use frontdesk::limit::quota::{Budget, Entry, RESERVED_FOR, Spend, day};
use frontdesk::ports::{ModelError, Strongbox};
use frontdesk::session::load::{LoadedSession, UserLimits};
use frontdesk::turn;
use futures::executor::block_on;
use uuid::Uuid;

use crate::scripted::*;

/// A desk whose session is loaded like that.
fn desk(change: impl Fn(&mut LoadedSession)) -> Desk {
    let desk = Desk::default();
    let mut session = loaded(vec![]);
    change(&mut session);
    desk.ports.database.loads.borrow_mut().push_back(Ok(session));
    desk
}

fn tokens(limit: u64) -> Budget {
    Budget { daily_tokens: Some(limit), daily_usd: None }
}

/// An entry that is in no books: all others are looked at.
fn nobodys(day: u64) -> Entry {
    Entry { turn_id: Uuid::nil(), employee: "prime-boss".into(), day, spend: Spend::default() }
}

fn spent(desk: &Desk) -> Spend {
    let now = desk.ports.clock.now.get();
    desk.ports
        .user
        .ports
        .strongbox
        .spent(&nobodys(day(now)), now)
        .map_or_else(|_| Spend::default(), |(all, _)| all)
}

fn retry_after(error: &Error) -> Option<u64> {
    match error {
        Error::Abort(abort) => abort.retry_after,
        Error::Fault(_) => None,
    }
}

#[test]
fn a_session_and_a_user_have_so_many_messages_a_minute() {
    for desk in [
        desk(|session| session.employee.as_mut().unwrap().messages_per_minute = Some(2)),
        desk(|session| {
            session.limits = Some(UserLimits { messages_per_minute: Some(2), budget: Budget::default() });
        }),
    ] {
        for _ in 0..3 {
            desk.model_says(whole("ok"));
        }
        desk.turn("one").unwrap();
        desk.turn("two").unwrap();
        let refused = desk.turn("three").unwrap_err();
        assert_eq!((refused.code(), retry_after(&refused)), (Code::RateLimited, Some(30)));
        assert_eq!(desk.ports.model.requests.borrow().len(), 2, "nothing is sent");
        assert!(desk.ports.journal.open.borrow().is_none() && !desk.state.is_busy());
        for clock in [&desk.ports.clock, &desk.ports.user.ports.clock] {
            clock.now.set(desk.ports.clock.now.get() + 30_000);
        }
        desk.turn("three").unwrap();
    }
}

#[test]
fn a_turn_is_reserved_at_most_and_booked_as_it_was() {
    let desk = desk(|session| session.employee.as_mut().unwrap().budget = tokens(10_000));
    let prepared =
        block_on(turn::prepare(&desk.state, user(), ask("Hello"), &desk.config, &desk.ports)).unwrap();
    let reserved = spent(&desk).tokens;
    assert!(reserved > 800 && reserved < 900, "the prompt and the most that may be written: {reserved}");
    desk.model_says(whole("ok"));
    block_on(turn::answer(prepared, &desk.state, &desk.config, &desk.ports, |_| ()));
    desk.deliver().unwrap();
    assert_eq!(spent(&desk).tokens, 24, "as the provider counted");
    desk.deliver().unwrap();
    assert_eq!(spent(&desk).tokens, 24, "once");
}

#[test]
fn who_has_spent_the_day_waits_for_the_next() {
    let desk =
        desk(|session| session.limits = Some(UserLimits { messages_per_minute: None, budget: tokens(850) }));
    desk.model_says(whole("ok")).model_says(whole("ok"));
    desk.turn("one").unwrap();
    desk.deliver().unwrap();
    let refused = desk.turn("two").unwrap_err();
    assert_eq!(refused.code(), Code::BudgetExceeded);
    assert!(retry_after(&refused).unwrap() <= 86_400);
    let tomorrow = START + retry_after(&refused).unwrap() * 1000;
    for clock in [&desk.ports.clock, &desk.ports.user.ports.clock] {
        clock.now.set(tomorrow);
    }
    desk.turn("two").unwrap();
}

#[test]
fn what_was_reserved_and_never_booked_is_free_in_time() {
    let desk = desk(|session| session.employee.as_mut().unwrap().budget = tokens(10_000));
    block_on(turn::prepare(&desk.state, user(), ask("Hello"), &desk.config, &desk.ports)).unwrap();
    assert!(spent(&desk).tokens > 0);
    desk.ports.clock.now.set(START + RESERVED_FOR);
    assert_eq!(spent(&desk).tokens, 0);
}

#[test]
fn what_was_spent_is_booked_though_postgres_is_away() {
    let desk = desk(|session| session.employee.as_mut().unwrap().budget = tokens(10_000));
    for _ in 0..3 {
        desk.model_says(whole("ok"));
    }
    for message in ["one", "two", "three"] {
        desk.turn(message).unwrap();
    }
    desk.ports.database.down.set(true);
    assert!(desk.deliver().is_err());
    assert_eq!(spent(&desk).tokens, 72);
}

#[test]
fn a_model_that_was_never_reached_costs_nothing() {
    let desk = desk(|session| session.employee.as_mut().unwrap().budget = tokens(10_000));
    desk.model_says(Err(ModelError::Status { status: 400, retry_after: None }));
    desk.turn("Hello").unwrap();
    desk.deliver().unwrap();
    assert_eq!(spent(&desk).tokens, 0);
}

#[test]
fn without_limits_nobody_is_asked_and_all_is_booked() {
    let desk = Desk::default();
    desk.model_says(whole("ok"));
    let prepared =
        block_on(turn::prepare(&desk.state, user(), ask("Hello"), &desk.config, &desk.ports)).unwrap();
    assert_eq!(spent(&desk).tokens, 0);
    block_on(turn::answer(prepared, &desk.state, &desk.config, &desk.ports, |_| ()));
    desk.deliver().unwrap();
    assert_eq!(spent(&desk).tokens, 24);
}
