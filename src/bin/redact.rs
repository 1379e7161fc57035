//! `redact`: finds personal data in text, as people and measurements want it.
//!
//! Reads JSON lines `{"id","text"}` and writes `{"id","spans":[[start,end,"TYPE"]]}`, in Unicode code points; with `--explain`
//! each span has the rule that found it and the value, `[start,end,"TYPE","rule","value"]`; with `--mask` `{"id","text"}` with
//! placeholders instead, all lines as one user's, so that a value has one placeholder. `PII_PATTERNS` adds patterns as it does
//! for the Worker.

use std::io::{BufRead, Error, Write, stderr, stdin, stdout};
use std::process::ExitCode;

use chrono::DateTime;
use pii::detect::{Finding, KnownValues, Patterns, People, Scope, find};
use pii::identity::Identity;
use pii::mask::Author;
use pii::masked_text::MaskedText;
use pii::seal::{KeyId, MasterKeys, Secret, UserKey};
use pii::vault::{MaskRequest, Vault};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

#[derive(Deserialize)]
struct Input {
    id: Value,
    text: String,
}

#[derive(Serialize)]
struct Spans<'a> {
    id: Value,
    spans: Vec<(usize, usize, &'a str)>,
}

#[derive(Serialize)]
struct Explained<'a> {
    id: Value,
    spans: Vec<(usize, usize, &'a str, String, &'a str)>,
}

#[derive(Serialize)]
struct Masked {
    id: Value,
    text: MaskedText,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // No other place is left to report a failure of this write.
            let _ = writeln!(stderr(), "redact: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> std::io::Result<()> {
    let patterns =
        std::env::var("PII_PATTERNS").ok().map_or(Ok(Patterns::default()), |json| Patterns::parse(&json));
    let patterns = patterns.map_err(|rule| Error::other(format!("PII_PATTERNS {rule}")))?;
    let mut out = std::io::BufWriter::new(stdout().lock());
    match std::env::args().nth(1).as_deref() {
        None => each(|Input { id, text }| {
            let spans = spans(&text, &patterns);
            write_line(&mut out, &Spans { id, spans })
        }),
        Some("--explain") => each(|Input { id, text }| {
            let spans = explained(&text, &patterns);
            write_line(&mut out, &Explained { id, spans })
        }),
        Some("--mask") => {
            let mut vault = throwaway_vault()?;
            each(|Input { id, text }| {
                let request = MaskRequest {
                    text: &text,
                    author: Author::Outside,
                    identity: &Identity::default(),
                    patterns: &patterns,
                    people: People::default(),
                    recognized: &[],
                };
                let masked = vault.mask(request, || Some(Secret::default()));
                let masked = masked
                    .map_err(|refusal| Error::other(format!("line {id} cannot be masked: {refusal:?}")))?;
                write_line(&mut out, &Masked { id, text: masked.text })
            })
        }
        Some(_) => Err(Error::other(
            "the options are --mask and --explain; JSON lines {\"id\",\"text\"} come on standard input",
        )),
    }?;
    out.flush()
}

fn each(mut take: impl FnMut(Input) -> std::io::Result<()>) -> std::io::Result<()> {
    for line in stdin().lock().lines() {
        let line = line?;
        if !line.trim().is_empty() {
            take(serde_json::from_str(&line)?)?;
        }
    }
    Ok(())
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Detected values, with positions counted in characters.
fn spans<'a>(text: &'a str, patterns: &'a Patterns) -> Vec<(usize, usize, &'a str)> {
    explained(text, patterns).into_iter().map(|(start, end, kind, ..)| (start, end, kind)).collect()
}

/// Detected values, with positions counted in characters, the rules that found them and the values themselves.
fn explained<'a>(text: &'a str, patterns: &'a Patterns) -> Vec<(usize, usize, &'a str, String, &'a str)> {
    let count = |end: usize| text.get(..end).map_or(0, |head| head.chars().count());
    let known = KnownValues::new();
    let everything = Scope { plain_urls: true, ..Scope::new(patterns, &known) };
    let span = |found: &Finding| {
        let disguise = if found.rule.is_disguised { ", disguised" } else { "" };
        let value = text.get(found.start..found.end)?;
        let kind = patterns.name_of(found.entity)?;
        Some((count(found.start), count(found.end), kind, format!("{}{disguise}", found.rule.name), value))
    };
    find(text, &everything).iter().filter_map(span).collect()
}

/// A vault that is never stored, so its key need not be secret.
fn throwaway_vault() -> std::io::Result<Vault> {
    let zeros = Secret::default();
    let id = KeyId { key_id: Uuid::nil(), founded_at: DateTime::UNIX_EPOCH };
    let master = MasterKeys::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").map_err(Error::other)?;
    let key = UserKey::found(Uuid::nil(), id, &zeros, &zeros, &master);
    key.and_then(|(key, _)| Vault::open(key, &[])).map_err(|_| Error::other("no vault can be opened"))
}
