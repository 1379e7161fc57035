//! The index of a user's memories in the object's SQLite: what a turn recalls without asking anybody.
//!
//! Postgres has the same memories as the record. The object is their only writer, so it adds each to both.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::recalled_memory::RecalledMemory;
use super::vector::{CODE_RECORD, Place, SmallVector, without};
use super::words::{Term, index_words};
use crate::error::Fault;
use crate::ports::{Sql, SqlValue};
use crate::storage::{from_json, from_json_bytes, row, rows, to_json};
use crate::time::Millis;

/// Tables of the index, created on first use.
///
/// A memory's `place` is the number of its thread (a session or a document) and its position in it, so that the places of neighbours
/// differ by one. `at` is its time in milliseconds since 1970. `memory_words` keeps words alone, without the text, and takes everything
/// but ASCII's signs as letters: words are cut before. `memory_code` has the codes of many vectors in a row, because each row that is read crosses from JavaScript.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS memory (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, thread TEXT NOT NULL, at INTEGER NOT NULL, memory TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS memory_thread ON memory (thread, place);
    CREATE INDEX IF NOT EXISTS memory_at ON memory (at);
    CREATE VIRTUAL TABLE IF NOT EXISTS memory_words USING fts5(words, content='', contentless_delete=1, detail='none', tokenize='ascii');
    CREATE TABLE IF NOT EXISTS memory_vector (place INTEGER PRIMARY KEY, block INTEGER NOT NULL, vector BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS memory_code (block INTEGER PRIMARY KEY, codes BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS memory_state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
";

/// Places of a thread. The first memory lies in the middle: older ones may be added later.
const THREAD: Place = 1 << 20;

/// Records in a block of codes.
const BLOCK: usize = 256;

/// Memories that a search for words finds at most.
const MAX_FOUND: u32 = 5000;

/// Creates the index's tables where they are missing.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn create_tables(sql: &impl Sql) -> Result<(), Fault> {
    Ok(sql.exec(SCHEMA, &[])?)
}

/// Empties the index of memories and facts. What was forgotten stays forgotten.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn reset(sql: &impl Sql) -> Result<(), Fault> {
    empty(sql)?;
    remove_state(sql, State::Facts)
}

fn empty(sql: &impl Sql) -> Result<(), Fault> {
    sql.exec("INSERT INTO memory_words (memory_words) VALUES ('delete-all')", &[])?;
    ["memory", "memory_vector", "memory_code"]
        .iter()
        .try_for_each(|table| Ok(sql.exec(&format!("DELETE FROM {table}"), &[])?))
}

/// Empties the index.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn erase(sql: &impl Sql) -> Result<(), Fault> {
    empty(sql)?;
    Ok(sql.exec("DELETE FROM memory_state", &[])?)
}

/// End of a thread at which memories are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// After all others: what was said just now.
    Newest,
    /// Before all others: what is read from Postgres, newest first.
    Oldest,
}

/// Adds memories, those of a thread in the order of the end: away from those that are there. One that is there already stays as it is.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn add(sql: &impl Sql, end: End, memories: &[RecalledMemory]) -> Result<(), Fault> {
    let known = places_of(sql, memories.iter().map(|memory| memory.id))?;
    let mut free: BTreeMap<Uuid, Place> = BTreeMap::new();
    for memory in memories.iter().filter(|memory| !known.contains_key(&memory.id)) {
        let thread = memory.thread();
        let place = match free.get(&thread) {
            Some(place) => *place,
            None => free_place(sql, end, thread)?,
        };
        free.insert(thread, if end == End::Newest { place + 1 } else { place - 1 });
        let (id, thread, json) = (memory.id.to_string(), memory.thread().to_string(), to_json(memory)?);
        let at = millis(memory.occurred_at).into();
        let values = [place.into(), SqlValue::Text(&id), (&thread).into(), at, (&json).into()];
        sql.exec("INSERT INTO memory (place, id, thread, at, memory) VALUES (?, ?, ?, ?, ?)", &values)?;
        let words = index_words(&memory.content);
        let values = [place.into(), (&words).into()];
        sql.exec("INSERT INTO memory_words (rowid, words) VALUES (?, ?)", &values)?;
    }
    Ok(())
}

/// Replaces the text of a memory, at its place; adds one that is not there.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn replace(sql: &impl Sql, memory: &RecalledMemory) -> Result<(), Fault> {
    let Some(place) = place_of(sql, memory.id)? else {
        return add(sql, End::Newest, std::slice::from_ref(memory));
    };
    remove_vector_at(sql, place)?;
    let (json, words) = (to_json(memory)?, index_words(&memory.content));
    let at = millis(memory.occurred_at).into();
    sql.exec("UPDATE memory SET memory = ?, at = ? WHERE place = ?", &[(&json).into(), at, place.into()])?;
    sql.exec("DELETE FROM memory_words WHERE rowid = ?", &[place.into()])?;
    Ok(sql.exec("INSERT INTO memory_words (rowid, words) VALUES (?, ?)", &[place.into(), (&words).into()])?)
}

/// Removes memories by the ids of their messages or passages.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn remove(sql: &impl Sql, ids: &[Uuid]) -> Result<(), Fault> {
    for id in ids {
        if let Some(place) = place_of(sql, *id)? {
            remove_at(sql, place)?;
        }
    }
    Ok(())
}

/// Removes all memories of a session or document.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn remove_thread(sql: &impl Sql, thread: Uuid) -> Result<(), Fault> {
    let thread = thread.to_string();
    let places: Vec<PlaceRow> = rows(sql, "SELECT place FROM memory WHERE thread = ?", &[(&thread).into()])?;
    places.into_iter().try_for_each(|row| remove_at(sql, row.place))
}

fn remove_at(sql: &impl Sql, place: Place) -> Result<(), Fault> {
    remove_vector_at(sql, place)?;
    sql.exec("DELETE FROM memory_words WHERE rowid = ?", &[place.into()])?;
    Ok(sql.exec("DELETE FROM memory WHERE place = ?", &[place.into()])?)
}

/// Stores vectors of memories, each in place of an earlier one. A memory that was forgotten meanwhile needs none.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn set_vectors(sql: &impl Sql, vectors: &[(Uuid, SmallVector)]) -> Result<(), Fault> {
    remove_vectors(sql, vectors.iter().map(|(id, _)| *id))?;
    let places = places_of(sql, vectors.iter().map(|(id, _)| *id))?;
    // In a map: a memory that is named twice has one vector.
    let by_place: BTreeMap<Place, &SmallVector> =
        vectors.iter().filter_map(|(id, vector)| Some((*places.get(id)?, vector))).collect();
    let mut rest: Vec<_> = by_place.into_iter().collect();
    while !rest.is_empty() {
        let (block, room) = last_block(sql)?;
        let later = rest.split_off(room.min(rest.len()));
        add_to_block(sql, block, &rest)?;
        rest = later;
    }
    Ok(())
}

/// The block that is filled, and the number of records that it has room for.
fn last_block(sql: &impl Sql) -> Result<(u64, usize), Fault> {
    let query = "SELECT block, length(codes) AS bytes FROM memory_code ORDER BY block DESC LIMIT 1";
    let last: Option<BlockRow> = row(sql, query, &[])?;
    let Some(last) = last else { return Ok((1, BLOCK)) };
    let room = BLOCK.saturating_sub(last.bytes / CODE_RECORD);
    Ok(if room > 0 { (last.block, room) } else { (last.block + 1, BLOCK) })
}

fn add_to_block(sql: &impl Sql, block: u64, vectors: &[(Place, &SmallVector)]) -> Result<(), Fault> {
    let codes: String = vectors.iter().map(|(place, vector)| hex(&vector.code_record(*place))).collect();
    let statement = "INSERT INTO memory_code (block, codes) VALUES (?, unhex(?))
         ON CONFLICT (block) DO UPDATE SET codes = unhex(hex(codes) || hex(excluded.codes))";
    sql.exec(statement, &[block.into(), (&codes).into()])?;
    let records: Vec<_> =
        vectors.iter().map(|(place, vector)| (*place, hex(&vector.record(*place)))).collect();
    let statement = "INSERT INTO memory_vector (place, block, vector)
         SELECT value ->> 0, ?, unhex(value ->> 1) FROM json_each(?)";
    Ok(sql.exec(statement, &[block.into(), (&to_json(&records)?).into()])?)
}

/// Removes the vectors of memories, as far as they have some.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn remove_vectors(sql: &impl Sql, ids: impl IntoIterator<Item = Uuid>) -> Result<(), Fault> {
    let query = "SELECT place FROM memory_vector WHERE place IN (
                     SELECT place FROM memory WHERE id IN (SELECT value FROM json_each(?)))";
    let ids: Vec<_> = ids.into_iter().collect();
    let places: Vec<PlaceRow> = rows(sql, query, &[(&to_json(&ids)?).into()])?;
    places.into_iter().try_for_each(|row| remove_vector_at(sql, row.place))
}

fn remove_vector_at(sql: &impl Sql, place: Place) -> Result<(), Fault> {
    let known: Option<BlockOfPlace> =
        row(sql, "SELECT block FROM memory_vector WHERE place = ?", &[place.into()])?;
    let Some(BlockOfPlace { block }) = known else { return Ok(()) };
    let codes = sql.bytes("SELECT codes FROM memory_code WHERE block = ?", &[block.into()])?;
    let codes = hex(&without(&codes, place));
    sql.exec("UPDATE memory_code SET codes = unhex(?) WHERE block = ?", &[(&codes).into(), block.into()])?;
    Ok(sql.exec("DELETE FROM memory_vector WHERE place = ?", &[place.into()])?)
}

/// FTS5's expression for a word in any of its forms.
pub(super) fn any_form(term: &Term) -> String {
    let quoted: Vec<_> = term.iter().map(|form| format!("\"{form}\"")).collect();
    quoted.join(" OR ")
}

/// Places of the memories that have all words of a query, by their threads, newest first. `start` is the word of the query that is
/// still being written: words that begin with it count as well.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn places_with(
    sql: &impl Sql,
    terms: &[Term],
    start: Option<&str>,
) -> Result<BTreeMap<Uuid, Vec<Place>>, Fault> {
    if terms.is_empty() {
        return Ok(BTreeMap::new());
    }
    let word = |term: &Term| match start.filter(|start| term.contains(*start)) {
        Some(start) => format!("({} OR \"{start}\" *)", any_form(term)),
        None => format!("({})", any_form(term)),
    };
    let all = terms.iter().map(word).collect::<Vec<_>>().join(" AND ");
    // One row for each thread: a row for each memory would cross one by one.
    let query = "SELECT thread, json_group_array(place) AS places FROM (
                     SELECT memory.thread, memory.place FROM memory_words JOIN memory ON memory.place = memory_words.rowid
                     WHERE memory_words MATCH ? ORDER BY memory.place DESC LIMIT ?) GROUP BY thread";
    let found: Vec<ThreadRow> = rows(sql, query, &[(&all).into(), MAX_FOUND.into()])?;
    let read = |row: ThreadRow| {
        let mut places: Vec<Place> = from_json(&row.places, "places")?;
        places.sort_unstable_by(|one, other| other.cmp(one));
        Ok((row.thread, places))
    };
    found.into_iter().map(read).collect()
}

/// The memories at those places.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn at(sql: &impl Sql, places: &[Place]) -> Result<BTreeMap<Place, RecalledMemory>, Fault> {
    // One value for all: a row for each memory would cross one by one.
    let query = "SELECT CAST('[' || group_concat('[' || place || ',' || memory || ']') || ']' AS BLOB)
         FROM memory WHERE place IN (SELECT value FROM json_each(?)) HAVING count(*) > 0";
    let found = sql.bytes(query, &[(&to_json(&places)?).into()])?;
    if found.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found: Vec<(Place, RecalledMemory)> = from_json_bytes(&found, "memory")?;
    Ok(found.into_iter().collect())
}

/// Places of the memories that are there, by their ids.
fn places_of(sql: &impl Sql, ids: impl IntoIterator<Item = Uuid>) -> Result<BTreeMap<Uuid, Place>, Fault> {
    let ids: Vec<_> = ids.into_iter().collect();
    let query = "SELECT id, place FROM memory WHERE id IN (SELECT value FROM json_each(?))";
    let found: Vec<IdRow> = rows(sql, query, &[(&to_json(&ids)?).into()])?;
    Ok(found.into_iter().map(|row| (row.id, row.place)).collect())
}

fn place_of(sql: &impl Sql, id: Uuid) -> Result<Option<Place>, Fault> {
    let id = id.to_string();
    let known: Option<PlaceRow> = row(sql, "SELECT place FROM memory WHERE id = ?", &[(&id).into()])?;
    Ok(known.map(|row| row.place))
}

/// Milliseconds since 1970; 0 for what was before.
pub(super) fn millis(at: DateTime<Utc>) -> Millis {
    u64::try_from(at.timestamp_millis()).unwrap_or(0)
}

/// The next place at that end of a thread.
fn free_place(sql: &impl Sql, end: End, thread: Uuid) -> Result<Place, Fault> {
    let thread = thread.to_string();
    let query = match end {
        End::Newest => "SELECT max(place) AS place FROM memory WHERE thread = ?",
        End::Oldest => "SELECT min(place) AS place FROM memory WHERE thread = ?",
    };
    let known: Option<MaybePlaceRow> = row(sql, query, &[(&thread).into()])?;
    if let Some(place) = known.and_then(|row| row.place) {
        return Ok(if end == End::Newest { place + 1 } else { place - 1 });
    }
    let newest: Option<MaybePlaceRow> = row(sql, "SELECT max(place) AS place FROM memory", &[])?;
    let threads = newest.and_then(|row| row.place).map_or(0, |place| place / THREAD + 1);
    Ok(threads * THREAD + THREAD / 2)
}

fn hex(bytes: &[u8]) -> String {
    base16ct::upper::encode_string(bytes)
}

#[derive(Deserialize)]
struct PlaceRow {
    place: Place,
}

#[derive(Deserialize)]
struct MaybePlaceRow {
    place: Option<Place>,
}

#[derive(Deserialize)]
struct ThreadRow {
    thread: Uuid,
    places: String,
}

#[derive(Deserialize)]
struct IdRow {
    id: Uuid,
    place: Place,
}

#[derive(Deserialize)]
struct BlockRow {
    block: u64,
    bytes: usize,
}

#[derive(Deserialize)]
struct BlockOfPlace {
    block: u64,
}

/// Named values beside the memories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Facts that hold now, as JSON.
    Facts,
    /// Moment at which something was forgotten last, in milliseconds since 1970.
    Forgotten,
    /// Number of changes of memories in Postgres whose outcome is not known yet.
    PendingChanges,
    /// Progress of reading the memories from Postgres, as JSON.
    Rebuild,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Facts => "facts",
            Self::Forgotten => "forgotten",
            Self::PendingChanges => "pending_changes",
            Self::Rebuild => "rebuild",
        }
    }
}

#[derive(Deserialize)]
struct ValueRow {
    value: String,
}

/// A named value, if it was set.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn state(sql: &impl Sql, name: State) -> Result<Option<String>, Fault> {
    let values = [SqlValue::Text(name.name())];
    let found: Option<ValueRow> = row(sql, "SELECT value FROM memory_state WHERE name = ?", &values)?;
    Ok(found.map(|row| row.value))
}

/// Sets a named value.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn set_state(sql: &impl Sql, name: State, value: &str) -> Result<(), Fault> {
    let statement = "INSERT OR REPLACE INTO memory_state (name, value) VALUES (?, ?)";
    Ok(sql.exec(statement, &[name.name().into(), value.into()])?)
}

/// Removes a named value.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn remove_state(sql: &impl Sql, name: State) -> Result<(), Fault> {
    Ok(sql.exec("DELETE FROM memory_state WHERE name = ?", &[name.name().into()])?)
}
