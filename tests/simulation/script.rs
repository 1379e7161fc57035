//! What a model answers: text with tokens in it as models spell them, in chunks, and how it ends.

use std::collections::VecDeque;

use frontdesk::time::Millis;

use super::chance::Chance;
use super::values::{invented, word};

/// A piece of an answer, and what a user sees of it.
#[derive(Debug)]
struct Piece {
    raw: String,
    clear: String,
    /// Only whole it is seen as `clear`; otherwise a part of it is seen as that part.
    is_token: bool,
    /// What a table of tokens cannot tell when it is hidden without one.
    is_odd: bool,
}

/// What comes over the wire, in order.
#[derive(Debug)]
pub enum Item {
    /// Bytes, and how much of the text is whole with them.
    Bytes(String, usize),
    /// Why it stopped.
    Finish,
    /// What it used.
    Usage(u32),
    Done,
    /// What is no chunk, or an error in its place.
    Garbage(&'static str),
    Cut,
    /// Nothing more comes.
    Stall,
    /// The body ends.
    Close,
}

/// One answer, and how far it was heard.
#[derive(Debug, Default)]
pub struct Script {
    pieces: Vec<Piece>,
    pub raw: String,
    pub items: VecDeque<(Millis, Item)>,
    /// How much of `raw` was heard.
    pub heard: usize,
    pub has_finished: bool,
    /// Whether it does not end well.
    pub is_broken: bool,
    pub usage: Option<u32>,
    /// When there was nothing more to hear.
    pub over_at: Option<Millis>,
}

/// How an answer ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    Whole,
    /// Without usage, `[DONE]` or both.
    Terse(bool, bool),
    /// It breaks off, perhaps after it had said why it stopped.
    Broken,
}

impl Script {
    /// Writes an answer that begins to come at `from`; `tokens` are those that it was shown, with what stands behind them.
    pub fn new(tokens: &[(String, String)], tail: Tail, from: Millis, chance: &Chance) -> Self {
        let mut script = Self { is_broken: tail == Tail::Broken, ..Self::default() };
        for _ in 0..chance.below(7) {
            script.pieces.extend(pieces(tokens, chance));
        }
        script.raw = script.pieces.iter().map(|piece| piece.raw.as_str()).collect();
        script.write(tail, from, chance);
        script
    }

    /// No answer at all.
    pub fn refusal(at: Millis) -> Self {
        Self { is_broken: true, over_at: Some(at), ..Self::default() }
    }

    fn write(&mut self, tail: Tail, from: Millis, chance: &Chance) {
        let pace = chance.pick(&[3, 20, 90, 700]);
        let mut at = from;
        let mut sent = 0;
        if chance.one_in(8) {
            // Some say with every chunk what they used so far.
            self.items.push_back((at, Item::Usage(900)));
            at += 1 + chance.below(pace);
        }
        let until = if tail == Tail::Broken { chance.index(self.raw.len() + 1) } else { self.raw.len() };
        while sent < until {
            let end = self.raw.floor_char_boundary((sent + 1 + chance.index(12)).min(until)).max(sent + 1);
            let Some(text) = self.raw.get(sent..end) else { break };
            let chunk = chunk(text);
            if chance.one_in(8) {
                let (head, rest) = chunk.split_at(chunk.floor_char_boundary(chance.index(chunk.len())));
                self.items.push_back((at, Item::Bytes(head.to_owned(), sent)));
                at += 1 + chance.below(pace);
                self.items.push_back((at, Item::Bytes(rest.to_owned(), end)));
            } else {
                self.items.push_back((at, Item::Bytes(chunk, end)));
            }
            sent = end;
            at += 1 + chance.below(pace);
        }
        self.finish(tail, at, chance);
    }

    fn finish(&mut self, tail: Tail, at: Millis, chance: &Chance) {
        let (usage, done) = match tail {
            Tail::Whole => (true, true),
            Tail::Terse(usage, done) => (usage, done),
            Tail::Broken => {
                if chance.one_in(5) {
                    self.items.push_back((at, Item::Finish));
                }
                self.items.push_back((
                    at + 1,
                    match chance.below(5) {
                        0 => Item::Cut,
                        1 => Item::Stall,
                        2 => Item::Close,
                        3 => Item::Garbage("data: {\"choices\":[{\"del\n\n"),
                        _ => Item::Garbage("data: {\"error\":{\"code\":529}}\n\n"),
                    },
                ));
                return;
            }
        };
        self.items.push_back((at, Item::Finish));
        if usage {
            self.items.push_back((at, Item::Usage(1 + u32::try_from(chance.below(500)).expect("small"))));
        }
        if done {
            self.items.push_back((at, Item::Done));
        }
        self.items.push_back((at + 1, Item::Close));
    }

    /// What a user sees when that much of it was heard and nothing more comes.
    pub fn clear(&self, heard: usize) -> String {
        let mut clear = String::new();
        let mut at = 0;
        for piece in &self.pieces {
            let part = piece.raw.get(..heard.saturating_sub(at).min(piece.raw.len())).unwrap_or_default();
            clear.push_str(if piece.is_token && part == piece.raw { &piece.clear } else { part });
            at += piece.raw.len();
        }
        clear
    }

    /// Whether that is what a user sees when some part of what was heard is all that is known.
    pub fn is_part(&self, text: &str) -> bool {
        (0..=self.heard).any(|heard| self.clear(heard) == text)
    }

    /// Whether something in it is stored as something else when it cannot be given a token.
    pub fn is_odd(&self) -> bool {
        self.pieces.iter().any(|piece| piece.is_odd)
    }
}

fn pieces(tokens: &[(String, String)], chance: &Chance) -> Vec<Piece> {
    let plain =
        |raw: &str| Piece { raw: raw.to_owned(), clear: raw.to_owned(), is_token: false, is_odd: false };
    let odd = |raw: &str| Piece { is_odd: true, ..plain(raw) };
    match chance.below(8) {
        0 if chance.one_in(3) => vec![plain("to "), odd(&invented(chance)), plain(" - ")],
        1 if chance.one_in(3) => vec![odd(&format!("[NOTE_{}]", 1 + chance.below(9))), plain(" ")],
        2..=4 if !tokens.is_empty() => {
            let (token, value) = &tokens[chance.index(tokens.len())];
            let raw = match chance.below(4) {
                0 => token.to_lowercase(),
                1 => token.replace('[', "\\[").replace('_', "\\_").replace(']', "\\]"),
                _ => token.clone(),
            };
            let token = Piece { raw, clear: value.clone(), is_token: true, is_odd: false };
            let (before, after) = chance.pick(&[("", " "), ("", ", "), ("**", "** ")]);
            vec![plain(before), token, plain(after)]
        }
        _ => vec![plain(word(chance)), plain(" ")],
    }
}

fn chunk(text: &str) -> String {
    let text = serde_json::to_string(text).expect("a string");
    format!("data: {{\"choices\":[{{\"delta\":{{\"content\":{text}}}}}]}}\n\n")
}
