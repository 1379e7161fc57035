//! The model: it is asked over a network that may fail, and answers what a script says.

use std::cell::RefCell;
use std::rc::Rc;

use frontdesk::model::candidate::Provider;
use frontdesk::ports::{Answer, Model, ModelError, Patience};
use frontdesk::time::Millis;

use super::faults::Fault;
use super::invariants::answered;
use super::script::{Item, Script, Tail};
use super::world::{Life, World};

pub struct SimModel {
    pub world: Rc<World>,
    pub life: Rc<Life>,
}

pub struct SimAnswer {
    world: Rc<World>,
    script: Rc<RefCell<Script>>,
    idle: Millis,
}

impl Model for SimModel {
    type Answer = SimAnswer;

    async fn embed(&self, body: &str) -> Result<String, ModelError> {
        self.world.check_masked("a request for a vector", body);
        Err(ModelError::Connect)
    }

    async fn ask(&self, _: Provider, body: &str, patience: Patience) -> Result<SimAnswer, ModelError> {
        let world = &self.world;
        if !self.life.can_send() {
            return std::future::pending().await;
        }
        let (code, tokens) = world.asked(body);
        answered(&world.ledger, &code, None);
        world.sleep(1 + world.chance.below(100)).await;
        if world.strikes(Fault::ModelRefuses) {
            let refusal = world.chance.pick(&REFUSALS);
            if refusal == ModelError::Timeout {
                world.sleep(patience.first_byte).await;
            }
            answered(&world.ledger, &code, Some(&Rc::new(RefCell::new(Script::refusal(world.now())))));
            return Err(refusal);
        }
        let tail = if world.strikes(Fault::ModelBreaks) {
            Tail::Broken
        } else if world.strikes(Fault::ModelOmits) {
            world.chance.pick(&[
                Tail::Terse(false, true),
                Tail::Terse(true, false),
                Tail::Terse(false, false),
            ])
        } else {
            Tail::Whole
        };
        let from = world.now() + world.chance.below(300);
        let script = Rc::new(RefCell::new(Script::new(&tokens, tail, from, &world.chance)));
        answered(&world.ledger, &code, Some(&script));
        Ok(SimAnswer { world: Rc::clone(world), script, idle: patience.idle })
    }
}

const REFUSALS: [ModelError; 6] = [
    ModelError::Connect,
    ModelError::Timeout,
    ModelError::Status { status: 429, retry_after: Some(3000) },
    ModelError::Status { status: 429, retry_after: Some(60_000) },
    ModelError::Status { status: 500, retry_after: None },
    ModelError::Status { status: 400, retry_after: None },
];

impl Answer for SimAnswer {
    async fn read(&mut self, gather: Millis) -> Result<Option<Vec<u8>>, ModelError> {
        if gather > 0 {
            self.world.sleep(gather).await;
        }
        let next = self.script.borrow().items.front().map(|(at, _)| *at);
        let now = self.world.now();
        if let Some(at) = next.filter(|at| *at > now) {
            self.world.sleep(at - now).await;
        }
        if matches!(self.script.borrow().items.front(), Some((_, Item::Stall))) {
            self.world.sleep(self.idle).await;
        }
        self.script.borrow_mut().read(self.world.now())
    }
}

impl Script {
    /// All that has come by now, or what came in its place.
    fn read(&mut self, now: Millis) -> Result<Option<Vec<u8>>, ModelError> {
        let mut bytes = String::new();
        while self.items.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, item)) = self.items.pop_front() else { break };
            match item {
                Item::Bytes(more, heard) => {
                    bytes.push_str(&more);
                    self.heard = heard;
                }
                Item::Finish => {
                    bytes.push_str("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
                    self.has_finished = true;
                }
                Item::Usage(tokens) => {
                    bytes.push_str(&usage(tokens));
                    self.usage = Some(tokens);
                }
                Item::Done => {
                    bytes.push_str("data: [DONE]\n\n");
                    self.over_at.get_or_insert(now);
                }
                // These come alone: what one read brings is taken as a whole or not at all.
                alone if !bytes.is_empty() => {
                    self.items.push_front((now, alone));
                    break;
                }
                Item::Garbage(garbage) => {
                    self.over_at.get_or_insert(now);
                    return Ok(Some(garbage.as_bytes().to_vec()));
                }
                Item::Cut => return self.over(now, Err(ModelError::Cut)),
                Item::Stall => return self.over(now, Err(ModelError::Timeout)),
                Item::Close => return self.over(now, Ok(None)),
            }
        }
        Ok(Some(bytes.into_bytes()))
    }

    fn over<T>(&mut self, now: Millis, outcome: T) -> T {
        self.over_at.get_or_insert(now);
        outcome
    }
}

fn usage(tokens: u32) -> String {
    format!("data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":20,\"completion_tokens\":{tokens}}}}}\n\n")
}
