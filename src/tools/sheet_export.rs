//! `sheet_export`: a table becomes a file that its user downloads. What is kept of it is masked, as all is that a model writes.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use sheet::cell::Cell;
use sheet::error::TableError;
use sheet::export::{Format, Head, begin};
use sheet::guess::{Guess, names};
use sheet::kept::{Header, Writer};
use sheet::query::{Query, Run};
use sheet::{Column, MAX_COLUMNS, Scalar};
use uuid::Uuid;

use super::effects::NewFile;
use super::{Bench, Needs, Sorry, Tool};
use crate::document::keep::TableName;
use crate::ports::{Clock, Database, Files, World};
use crate::text::one_line;
use crate::time::timestamp;

/// Longest name of a file, in characters, without its ending.
const LONGEST_NAME: usize = 100;

/// Exports a table.
pub(super) struct SheetExport;

/// What becomes a file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The file's name, without an ending.
    name: String,
    /// "xlsx" unless the user wants another.
    format: FormatName,
    /// The columns of `rows`; null with `from`.
    columns: Option<Vec<Column>>,
    /// The rows: a cell for each column. Null with `from`.
    #[schemars(with = "Option<Vec<Vec<Scalar>>>")]
    rows: Option<Vec<Vec<Value>>>,
    /// Instead of rows: a table that the user uploaded, as far as a query takes it. All of it when the query is empty.
    from: Option<From>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum FormatName {
    Xlsx,
    Csv,
}

/// A table that was uploaded.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct From {
    /// The document's name, such as "prices.csv", or its id.
    document: String,
    /// What of it.
    query: Query,
}

impl Tool for SheetExport {
    const NAME: &'static str = "sheet_export";
    const DESCRIPTION: &'static str = "Makes a spreadsheet file that the user can download: of rows that you write, or of a table that they uploaded, filtered, ordered or \
         added up. The user sees a button for it: do not repeat the rows.";
    const NEEDS: Needs = Needs { within: 30_000, ..Needs::NOTHING };
    type Arguments = Arguments;

    async fn run<W: World>(arguments: Arguments, bench: &Bench<'_, W>) -> Result<Value, Sorry> {
        let Arguments { name, format, columns, rows, from } = arguments;
        let format = match format {
            FormatName::Xlsx => Format::Xlsx,
            FormatName::Csv => Format::Csv,
        };
        let name = named(&name, format)?;
        let head = Head { export: format!("{name}.{}", format.extension()), format };
        let made = match (columns, rows, from) {
            (Some(columns), Some(rows), None) => of_rows(&head, &name, columns, rows)?,
            (None, None, Some(from)) => of_table(&head, &name, &from, bench).await?,
            _ => return Err("Give either columns and rows, or from; the others must be null.".into()),
        };
        let Bench { user, ports, effects, .. } = bench;
        let id = uuid::Builder::from_random_bytes(ports.clock.random()).into_uuid();
        let Made { bytes, rows, columns, left_out } = made;
        let kept = ports.files.put(user.id, id, bytes).await;
        kept.map_err(|_| {
            Sorry("Files cannot be kept right now. Show the table in your answer instead.".into())
        })?;
        let file = NewFile {
            id,
            name: head.export.clone(),
            media_type: format.media_type().to_owned(),
            table_rows: rows.into(),
            created_at: timestamp(ports.clock.now()),
        };
        effects.borrow_mut().files.push(file);
        let file =
            json!({ "id": id, "name": head.export, "format": format, "rows": rows, "columns": columns });
        let note = (left_out > 0)
            .then(|| format!("{left_out} rows have no number where one is added up; they are in no sum."));
        Ok(json!({ "file": file, "note": note }))
    }
}

/// A table that is made.
struct Made {
    bytes: Vec<u8>,
    rows: u32,
    columns: Vec<String>,
    left_out: u32,
}

/// A file's name, as it can be one anywhere.
fn named(name: &str, format: Format) -> Result<String, Sorry> {
    let name: String = one_line(name)
        .chars()
        .map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { ' ' } else { c })
        .collect();
    let name = one_line(&name);
    let name =
        name.strip_suffix(&format!(".{}", format.extension())).unwrap_or(&name).trim_matches(['.', ' ']);
    if (1..=LONGEST_NAME).contains(&name.chars().count()) {
        Ok(name.to_owned())
    } else {
        Err(format!("name must have 1 to {LONGEST_NAME} characters.").into())
    }
}

fn unfit(error: TableError) -> Sorry {
    Sorry(error.0)
}

/// A sheet's name: the file's, as far as it can be one.
fn title(name: &str) -> String {
    let allowed = name.chars().map(|c| if "[]:*?/\\".contains(c) { ' ' } else { c });
    let title: String = one_line(&allowed.collect::<String>()).chars().take(31).collect();
    let title = title.trim().trim_matches('\'').to_owned();
    if title.is_empty() { "Sheet".to_owned() } else { title }
}

fn of_rows(head: &Head, name: &str, columns: Vec<Column>, rows: Vec<Vec<Value>>) -> Result<Made, Sorry> {
    let header = Header { title: title(name), columns };
    let (mut bytes, mut writer) = begin(head, &header).map_err(unfit)?;
    for (at, row) in rows.into_iter().enumerate() {
        if row.len() != header.columns.len() {
            let (has, must) = (row.len(), header.columns.len());
            return Err(format!("Row {} has {has} cells, but there are {must} columns.", at + 1).into());
        }
        let cells =
            row.into_iter().zip(&header.columns).map(|(value, column)| Cell::of_json(value, column.kind));
        writer.row(&cells.collect::<Vec<_>>()).map_err(unfit)?;
        bytes.extend(writer.take());
    }
    bytes.extend(writer.take());
    Ok(Made { bytes, rows: writer.rows(), columns: column_names(&header.columns), left_out: 0 })
}

fn column_names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

async fn of_table<W: World>(
    head: &Head,
    name: &str,
    from: &From,
    bench: &Bench<'_, W>,
) -> Result<Made, Sorry> {
    let table = table(&from.document, bench).await?;
    let text = std::str::from_utf8(&table).map_err(|_| Sorry("The table cannot be read.".into()))?;
    query(head, name, text, &from.query)
}

/// The lines of a table that was uploaded: cells with tabs between them.
async fn table<W: World>(document: &str, bench: &Bench<'_, W>) -> Result<Vec<u8>, Sorry> {
    let Bench { user, ports, .. } = bench;
    let out_of_reach = |_| Sorry("The user's documents are out of reach right now.".into());
    let tables = ports.database.tables(user).await.map_err(out_of_reach)?;
    let id = Uuid::try_parse(document).ok();
    let is_meant =
        |table: &&TableName| Some(table.id) == id || table.name.eq_ignore_ascii_case(document.trim());
    let Some(meant) = tables.iter().find(is_meant) else {
        let names: Vec<_> = tables.iter().map(|table| format!("{:?}", table.name)).take(20).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(format!("The user has no table {document:?}. There are: {names}.").into());
    };
    let bytes = ports.files.get(user.id, meant.id).await.map_err(out_of_reach)?;
    bytes.ok_or_else(|| {
        Sorry(format!("Of {:?} only passages are kept: ask the user to upload it again.", meant.name))
    })
}

/// What a query makes of a table.
fn query(head: &Head, name: &str, text: &str, query: &Query) -> Result<Made, Sorry> {
    let mut lines = text.lines();
    let header = names(lines.next().unwrap_or_default().split('\t'));
    if header.len() > MAX_COLUMNS {
        return Err(format!("The table has {} columns; it may have {MAX_COLUMNS}.", header.len()).into());
    }
    let mut guess = Guess::new(header.len());
    lines.clone().for_each(|line| guess.row(line.split('\t')));
    let readings = guess.readings();
    let columns =
        header.into_iter().zip(&readings).map(|(name, reading)| Column { name, kind: reading.kind });
    let columns: Vec<_> = columns.collect();
    let mut run = Run::new(query, &columns).map_err(unfit)?;
    let header = Header { title: title(name), columns: run.columns().to_vec() };
    let (mut bytes, mut writer) = begin(head, &header).map_err(unfit)?;
    let keep = |cells: &[Cell], writer: &mut Writer, bytes: &mut Vec<u8>| {
        writer.row(cells).map_err(unfit)?;
        bytes.extend(writer.take());
        Ok::<_, Sorry>(())
    };
    for line in lines {
        if run.is_over() {
            break;
        }
        let mut cells = line.split('\t');
        let row = readings
            .iter()
            .map(|reading| cells.next().map_or(Cell::Empty, |text| Cell::read(text, *reading)));
        if let Some(cells) = run.row(&row.collect::<Vec<_>>()).map_err(unfit)? {
            keep(&cells, &mut writer, &mut bytes)?;
        }
    }
    let outcome = run.finish().map_err(unfit)?;
    for cells in outcome.rows {
        let cells = cells.map_err(|_| Sorry("The table cannot be read.".into()))?;
        keep(&cells, &mut writer, &mut bytes)?;
    }
    bytes.extend(writer.take());
    Ok(Made {
        bytes,
        rows: writer.rows(),
        columns: column_names(&header.columns),
        left_out: outcome.left_out,
    })
}

#[cfg(test)]
mod tests {
    use pii::unmask::PlaceholderMap;
    use sheet::export::{open, write};

    use super::*;

    fn csv(made: &Made) -> String {
        let (head, table) = open(&made.bytes).unwrap();
        let mut file = Vec::new();
        write(head.format, table, &PlaceholderMap::default(), |piece| file.extend(piece)).unwrap();
        String::from_utf8(file).unwrap().trim_start_matches('\u{feff}').replace("\r\n", "\n")
    }

    fn head() -> Head {
        Head { export: "a.csv".into(), format: Format::Csv }
    }

    #[test]
    fn a_table_is_queried_as_what_stands_in_it() {
        let text = "Item\tPrice\tSold\nTea\t3.50\t2026-01-02\nCoffee\t4\t2026-01-01\nTea\t10\t\n";
        let asked = |query: Value| {
            csv(&super::query(&head(), "a", text, &serde_json::from_value(query).unwrap()).unwrap())
        };
        assert_eq!(asked(json!({})), "Item,Price,Sold\nTea,3.5,2026-01-02\nCoffee,4,2026-01-01\nTea,10,\n");
        let sums = json!({"group_by": ["Item"], "aggregates": [{"op": "sum", "column": "Price", "name": "Total"}], "order_by": [{"column": "Total"}]});
        assert_eq!(asked(sums), "Item,Total\nCoffee,4\nTea,13.5\n");
        let some = json!({"columns": ["Item"], "where": [{"column": "Price", "op": "gt", "value": 3.6}], "limit": 1});
        assert_eq!(asked(some), "Item\nCoffee\n");
    }

    #[test]
    fn rows_must_have_a_cell_for_each_column() {
        let columns = vec![Column { name: "A".into(), kind: sheet::Kind::Number }];
        let made = of_rows(&head(), "a", columns.clone(), vec![vec![json!(1)], vec![json!("x")]]).unwrap();
        assert_eq!((csv(&made).as_str(), made.rows), ("A\n1\nx\n", 2));
        let error = of_rows(&head(), "a", columns, vec![vec![]]).err().unwrap();
        assert!(error.0.contains("Row 1 has 0 cells"), "{error:?}");
    }

    #[test]
    fn names_can_be_names_anywhere() {
        for (name, named_so) in [("Prices.xlsx", "Prices"), ("../a/b", "a b"), (" x\n y ", "x y")] {
            assert_eq!(named(name, Format::Xlsx).unwrap(), named_so, "{name}");
        }
        assert!(named("..", Format::Xlsx).is_err() && named(&"x".repeat(101), Format::Csv).is_err());
        assert_eq!((title("a/b [c]").as_str(), title("???").as_str()), ("a b c", "Sheet"));
    }
}
