//! Search of the index for a question: by words, dates and meaning.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;

use super::dates::{NamedDate, Span};
use super::index::{any_form, at, millis};
use super::rank::{Ranked, Signals, rank};
use super::recalled_memory::RecalledMemory;
use super::vector::{Place, SmallVector};
use super::words::Term;
use crate::error::Fault;
use crate::ports::Sql;
use crate::storage::{from_json, row, rows, to_json};
use crate::time::{Millis, timestamp};

/// Memories whose vectors are compared in full: those with the largest estimates.
const COMPARED: usize = 200;

/// Everything about a question that tells what fits it.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Words of the question.
    pub terms: &'a [Term],
    /// Dates that the question names.
    pub dates: &'a [NamedDate],
    /// Vector of the question; without one words and dates decide.
    pub vector: Option<&'a SmallVector>,
}

/// Ranks the memories for a question, best first, at most `most`.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn search(sql: &impl Sql, query: &Query<'_>, most: usize) -> Result<Vec<(RecalledMemory, f32)>, Fault> {
    let count: Option<CountRow> = row(sql, "SELECT count(*) AS count FROM memory", &[])?;
    let memories = count.map_or(0, |row| row.count);
    let hits = hits(sql, query.terms)?;
    let dated = dated(sql, query.dates)?;
    let cosines = query.vector.map(|vector| cosines(sql, vector)).transpose()?.unwrap_or_default();
    read(sql, &rank(&Signals { memories, hits, dated, cosines }, most))
}

/// Places of the memories of the days that may be meant by dates.
fn dated(sql: &impl Sql, dates: &[NamedDate]) -> Result<Vec<Place>, Fault> {
    let mut places = Vec::new();
    if dates.is_empty() {
        return Ok(places);
    }
    let query = "SELECT (SELECT min(at) FROM memory) AS oldest, (SELECT max(at) FROM memory) AS newest";
    let Some(AgesRow { oldest: Some(oldest), newest: Some(newest) }) = row(sql, query, &[])? else {
        return Ok(places);
    };
    let memories = Span { from: timestamp(oldest).date_naive(), to: timestamp(newest).date_naive() };
    for span in dates.iter().flat_map(|date| date.spans(memories)) {
        let begin = |day: NaiveDate| millis(day.and_time(NaiveTime::MIN).and_utc());
        let after = begin(span.to.succ_opt().unwrap_or(span.to));
        let query = "SELECT json_group_array(place) AS places FROM memory WHERE at >= ? AND at < ?";
        let found: Option<PlacesRow> = row(sql, query, &[begin(span.from).into(), after.into()])?;
        let found: Vec<Place> = found.map_or(Ok(Vec::new()), |row| from_json(&row.places, "places"))?;
        places.extend(found);
    }
    Ok(places)
}

/// For each word, places of the memories that have it in any of its forms.
fn hits(sql: &impl Sql, terms: &[Term]) -> Result<Vec<Vec<Place>>, Fault> {
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let terms = to_json(&terms.iter().map(any_form).collect::<Vec<_>>())?;
    // One row for each word: a row for each hit would cross one by one.
    let query = "SELECT (SELECT json_group_array(rowid) FROM memory_words WHERE memory_words MATCH term.value) AS places
         FROM json_each(?) AS term";
    let found: Vec<PlacesRow> = rows(sql, query, &[(&terms).into()])?;
    found.iter().map(|row| from_json(&row.places, "places")).collect()
}

/// Cosines of all memories that have a vector: exact ones of the best, estimates of the others.
fn cosines(sql: &impl Sql, vector: &SmallVector) -> Result<Vec<(Place, f32)>, Fault> {
    let mut cosines = vector.estimates(&sql.bytes("SELECT codes FROM memory_code", &[])?);
    if cosines.len() > COMPARED {
        cosines.select_nth_unstable_by(COMPARED, |(_, one), (_, other)| other.total_cmp(one));
    }
    let best: Vec<_> = cosines.iter().take(COMPARED).map(|(place, _)| *place).collect();
    let query = "SELECT vector FROM memory_vector WHERE place IN (SELECT value FROM json_each(?))";
    let exact: BTreeMap<_, _> =
        vector.cosines(&sql.bytes(query, &[(&to_json(&best)?).into()])?).into_iter().collect();
    for (place, cosine) in cosines.iter_mut().take(COMPARED) {
        *cosine = exact.get(place).copied().unwrap_or(*cosine);
    }
    Ok(cosines)
}

/// The memories at those places, with their scores.
fn read(sql: &impl Sql, ranked: &[Ranked]) -> Result<Vec<(RecalledMemory, f32)>, Fault> {
    let places: Vec<_> = ranked.iter().map(|ranked| ranked.place).collect();
    let mut found = at(sql, &places)?;
    let read = |ranked: &Ranked| found.remove(&ranked.place).map(|memory| (memory, ranked.score));
    Ok(ranked.iter().filter_map(read).collect())
}

#[derive(Deserialize)]
struct AgesRow {
    oldest: Option<Millis>,
    newest: Option<Millis>,
}

#[derive(Deserialize)]
struct PlacesRow {
    places: String,
}

#[derive(Deserialize)]
struct CountRow {
    count: u64,
}
