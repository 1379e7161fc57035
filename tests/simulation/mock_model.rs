//! Tool calls that the mock model plans.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde_json::{Value, json};

use super::completion::PlannedCall;
use super::oracle::{Decided, IssuedCall, fact_of};
use super::postgres::to_json;
use super::tool_invariants::Prompt;
use super::values::word;
use super::world::World;

/// Names of tools for the model.
pub const CALCULATOR: &str = "calculator";
pub const FORGET: &str = "forget";
pub const LOOKUP: &str = "crm__lookup";
pub const UPDATE: &str = "crm__update";
pub const MAIL: &str = "mailer__mail";

/// Calls of the next step: none, or a few.
pub fn plan_calls(prompt: &Prompt, world: &World) -> Vec<PlannedCall> {
    if prompt.tools.is_empty() || world.rng.one_in(2) {
        return Vec::new();
    }
    (0..=world.rng.index(3)).map(|_| plan_call(prompt, world)).collect()
}

fn plan_call(prompt: &Prompt, world: &World) -> PlannedCall {
    let rng = &world.rng;
    let plain = |name: &str, arguments: &str| PlannedCall {
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        issued: None,
    };
    let name = prompt.tools[rng.index(prompt.tools.len())].clone();
    match rng.below(12) {
        0 => return plain("teleport", "{}"),
        1 => return plain(&name, "{\"n\":"),
        2 => return plain(CALCULATOR, "{\"expr\":\"1\"}"),
        _ => {}
    }
    match name.as_str() {
        CALCULATOR => {
            plain(CALCULATOR, &to_json(&json!({ "expression": format!("{} * 7", rng.below(100)) })))
        }
        name @ (FORGET | LOOKUP | UPDATE | MAIL) => issue(name, prompt, world),
        other => {
            world.violated(format!("the tool {other} is offered, which no employee has"));
            plain(other, "{}")
        }
    }
}

/// Plans a call that the oracle follows.
fn issue(name: &str, prompt: &Prompt, world: &World) -> PlannedCall {
    let number = world.oracle.calls.borrow().len() as u64 + 1;
    let (about, value) = match prompt.placeholders.as_slice() {
        some if !some.is_empty() && world.rng.one_in(2) => some[world.rng.index(some.len())].clone(),
        _ => {
            let word = word(&world.rng).to_owned();
            (word.clone(), word)
        }
    };
    let arguments = |about: &str| match name {
        FORGET => json!({ "what": about, "facts": [fact_of(number)] }),
        _ => json!({ "about": about, "n": number }),
    };
    let call = Rc::new(IssuedCall {
        number,
        user: prompt.user,
        session: prompt.session,
        tool: name.to_owned(),
        arguments: arguments(&about),
        clear: arguments(&value),
        needs_approval: name != LOOKUP,
        approval: Cell::default(),
        decision: Cell::new(Decided::Not),
        is_withdrawn: Cell::default(),
        completion: RefCell::default(),
        runs: Cell::default(),
    });
    let arguments: &Value = &call.arguments;
    let planned =
        PlannedCall { name: name.to_owned(), arguments: to_json(arguments), issued: Some(Rc::clone(&call)) };
    world.oracle.calls.borrow_mut().insert(number, call);
    planned
}
