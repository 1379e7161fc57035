//! `GET /api/documents/{id}/passages`: the text of a document, in the passages that answers rest on.

use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::not_found::no_such_document;
use super::placeholders::unmask_own;
use super::query::Query;
use super::reply::{self, ReplyOf};
use crate::account::UserCtx;
use crate::database::{self, malformed};
use crate::error::{Code, Error, abort_field};
use crate::ports::Platform;

/// Passages of a page by default.
const DEFAULT_LIMIT: u32 = 20;

/// Passages of a page at most.
const MAX_LIMIT: u32 = 100;

/// Most bytes of the passages of a page; one alone may be longer. Postgres holds a passage at 32,000 characters.
const PAGE_BYTES: usize = 256 * 1024;

/// Passages before the one that a page is asked around.
const BEFORE: u32 = 3;

/// The passages that a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    start: Start,
    limit: u32,
}

/// First passage of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// The passage at that place in its document, from 0.
    From(u32),
    /// A few passages before the one with that id.
    Around(Uuid),
}

/// Lists passages of a document in their order.
///
/// # Errors
/// `invalid_field`, `document_not_found`, also for a passage of another document; `database_unavailable`.
pub(super) async fn list<P: Platform>(
    ctx: &UserCtx<'_, P>,
    document: Uuid,
    query: &Query,
) -> Result<ReplyOf<P>, Error> {
    let Range { start, limit } = Range::parse(query)?;
    let from = match start {
        Start::From(from) => from,
        Start::Around(passage) => index_of(ctx, document, passage).await?.saturating_sub(BEFORE),
    };
    let rows = database::read(&ctx.ports.postgrest, &path(document, from, limit), &ctx.user.token).await?;
    Ok(reply::json(200, unmask_own(ctx, &body(&rows, from, limit)?).await?))
}

impl Range {
    fn parse(query: &Query) -> Result<Self, Error> {
        let mut range = Self { start: Start::From(0), limit: DEFAULT_LIMIT };
        for (name, value) in query.pairs() {
            match name {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
                    let rule = || format!("limit must be 1 to {MAX_LIMIT}.");
                    range.limit = limit.ok_or_else(|| abort_field(Code::InvalidField, "limit", rule()))?;
                }
                "from" => {
                    let rule = "from must be the place of a passage, counted from 0.";
                    // As many as Postgres counts.
                    let from = value.parse().ok().filter(|from| i32::try_from(*from).is_ok());
                    range.start =
                        Start::From(from.ok_or_else(|| abort_field(Code::InvalidField, "from", rule))?);
                }
                "around" => {
                    let rule = "around must be the id of a passage.";
                    let passage = Uuid::try_parse(value);
                    range.start =
                        Start::Around(passage.map_err(|_| abort_field(Code::InvalidField, "around", rule))?);
                }
                _ => {}
            }
        }
        Ok(range)
    }
}

#[derive(Deserialize)]
struct IndexRow {
    chunk_index: u32,
}

/// Place of a passage in its document.
async fn index_of<P: Platform>(ctx: &UserCtx<'_, P>, document: Uuid, passage: Uuid) -> Result<u32, Error> {
    let path = format!("user_memory_embeddings?id=eq.{passage}&document_id=eq.{document}&select=chunk_index");
    let rows = database::read(&ctx.ports.postgrest, &path, &ctx.user.token).await?;
    let rows: Vec<IndexRow> = serde_json::from_str(&rows).map_err(|error| malformed("passage", &error))?;
    rows.first().map(|row| row.chunk_index).ok_or_else(no_such_document)
}

/// One document with its passages from a place on, and one more, which tells if there is another page. One query tells both whether the
/// document is the user's and its passages.
fn path(document: Uuid, from: u32, limit: u32) -> String {
    let select =
        "select=name,media_type,chunks,passages:user_memory_embeddings(id,index:chunk_index,content)";
    let order = "passages.order=chunk_index.asc";
    let limit = limit + 1;
    format!(
        "chat_documents?id=eq.{document}&{select}&passages.chunk_index=gte.{from}&{order}&passages.limit={limit}"
    )
}

#[derive(Deserialize)]
struct DocumentRow<'a> {
    #[serde(borrow)]
    name: &'a RawValue,
    #[serde(borrow)]
    media_type: &'a RawValue,
    chunks: u32,
    #[serde(borrow)]
    passages: Vec<&'a RawValue>,
}

/// The body of a page, masked.
fn body(rows: &str, from: u32, limit: u32) -> Result<String, Error> {
    let documents: Vec<DocumentRow<'_>> =
        serde_json::from_str(rows).map_err(|error| malformed("passages", &error))?;
    let DocumentRow { name, media_type, chunks, passages } =
        documents.into_iter().next().ok_or_else(no_such_document)?;
    let mut bytes = 0;
    let fits = |passage: &&&RawValue| {
        bytes += passage.get().len();
        bytes <= PAGE_BYTES
    };
    let count = passages.iter().take(limit as usize).take_while(fits).count().max(1).min(passages.len());
    let texts: Vec<_> = passages.iter().take(count).map(|passage| passage.get()).collect();
    let next = if count < passages.len() {
        (from + u32::try_from(count).unwrap_or(limit)).to_string()
    } else {
        "null".to_owned()
    };
    Ok(format!(
        "{{\"name\":{name},\"media_type\":{media_type},\"count\":{chunks},\"data\":[{}],\"next\":{next}}}",
        texts.join(",")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(passages: &[String]) -> String {
        format!(
            r#"[{{"name":"a.md","media_type":"text/markdown","chunks":9,"passages":[{}]}}]"#,
            passages.join(",")
        )
    }

    fn passage(index: u32, content: &str) -> String {
        format!(r#"{{"id":"{}","index":{index},"content":"{content}"}}"#, Uuid::from_u128(index.into()))
    }

    #[test]
    fn a_page_that_another_one_follows_says_where_it_begins() {
        let of = |limit| body(&rows(&[passage(4, "a"), passage(5, "b")]), 4, limit).unwrap();
        assert!(of(1).ends_with(r#""content":"a"}],"next":5}"#), "{}", of(1));
        assert!(of(2).ends_with(r#""content":"b"}],"next":null}"#), "{}", of(2));
        assert!(body(&rows(&[]), 9, 2).unwrap().ends_with(r#""data":[],"next":null}"#));
    }

    #[test]
    fn a_page_is_bounded_in_bytes_and_has_one_passage_at_least() {
        let long = "x".repeat(PAGE_BYTES / 2);
        let page = body(&rows(&[passage(0, &long), passage(1, &long), passage(2, "")]), 0, 20).unwrap();
        assert!(page.ends_with(r#""next":1}"#) && page.len() < PAGE_BYTES);
        let longer = "x".repeat(PAGE_BYTES);
        assert!(body(&rows(&[passage(0, &longer)]), 0, 20).unwrap().contains(&longer));
    }

    #[test]
    fn a_document_that_is_gone_has_no_passages() {
        assert_eq!(body("[]", 0, 20).unwrap_err().code(), Code::DocumentNotFound);
    }

    #[test]
    fn a_range_out_of_bounds_is_refused_by_name() {
        for (name, value) in
            [("limit", "0"), ("limit", "101"), ("from", "-1"), ("from", "2147483648"), ("around", "1")]
        {
            let query = Query::parse(&format!("{name}={value}"));
            assert_eq!(Range::parse(&query).unwrap_err().field(), Some(name), "{name}={value}");
        }
    }
}
