//! `sheet_export`: makes a table into a file that the user can download. The stored table is masked, like everything that a model
//! writes; values are put in while it is downloaded.

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

use super::definition::{Reach, ToolSpec};
use super::error::ToolError;
use super::tool::{Tool, ToolContext};
use crate::account::intake::Intake;
use crate::documents::{TableName, tables};
use crate::error::Error;
use crate::files::NewFile;
use crate::ids;
use crate::ports::{Clock, Platform};
use crate::text::one_line;
use crate::time::timestamp;

/// Longest name of a file, in characters, without its extension.
const MAX_NAME_CHARS: usize = 100;

/// The tool `sheet_export`.
pub(super) struct SheetExport;

/// Arguments of `sheet_export`.
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
    /// Query that selects rows and columns.
    query: Query,
}

impl Tool for SheetExport {
    const NAME: &'static str = "sheet_export";
    const DESCRIPTION: &'static str = "Makes a spreadsheet file that the user can download: of rows that you write, or of a table that they uploaded, filtered, ordered or \
         added up. The user sees a button for it: do not repeat the rows.";
    const SPEC: ToolSpec = ToolSpec { timeout: 30_000, reach: Reach::Session, ..ToolSpec::DEFAULT };
    type Arguments = Arguments;

    async fn run<P: Platform>(
        arguments: Arguments,
        context: &ToolContext<'_, P>,
    ) -> Result<Value, ToolError> {
        let Arguments { name, format, columns, rows, from } = arguments;
        let format = match format {
            FormatName::Xlsx => Format::Xlsx,
            FormatName::Csv => Format::Csv,
        };
        let name = named(&name, format)?;
        let head = Head { export: format!("{name}.{}", format.extension()), format };
        let made = match (columns, rows, from) {
            (Some(columns), Some(rows), None) => of_rows(&head, &name, columns, rows)?,
            (None, None, Some(from)) => of_table(&head, &name, &from, context).await?,
            _ => return Err("Give either columns and rows, or from; the others must be null.".into()),
        };
        let ToolContext { user, effects, .. } = context;
        let clock = &user.ports.clock;
        user.take_in(Intake::Exports, 1, "file").map_err(|error| match error {
            Error::Abort(abort) => {
                ToolError(format!("{} Show the table in your answer instead.", abort.detail))
            }
            Error::Fault(_) => ToolError("Files cannot be kept right now.".into()),
        })?;
        let id = ids::random(clock);
        let ExportedTable { bytes, rows, columns, left_out } = made;
        user.put_file(id, bytes).await.map_err(|_| {
            ToolError("Files cannot be kept right now. Show the table in your answer instead.".into())
        })?;
        let file = NewFile {
            id,
            name: head.export.clone(),
            media_type: format.media_type().to_owned(),
            table_rows: rows.into(),
            created_at: timestamp(clock.now()),
        };
        effects.borrow_mut().files.push(file);
        let file =
            json!({ "id": id, "name": head.export, "format": format, "rows": rows, "columns": columns });
        let note = (left_out > 0)
            .then(|| format!("{left_out} rows have no number where one is added up; they are in no sum."));
        Ok(json!({ "file": file, "note": note }))
    }
}

/// A table as it is stored.
struct ExportedTable {
    bytes: Vec<u8>,
    rows: u32,
    columns: Vec<String>,
    left_out: u32,
}

/// A file's name, as it can be one anywhere.
fn named(name: &str, format: Format) -> Result<String, ToolError> {
    let name: String = one_line(name)
        .chars()
        .map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { ' ' } else { c })
        .collect();
    let name = one_line(&name);
    let name =
        name.strip_suffix(&format!(".{}", format.extension())).unwrap_or(&name).trim_matches(['.', ' ']);
    if (1..=MAX_NAME_CHARS).contains(&name.chars().count()) {
        Ok(name.to_owned())
    } else {
        Err(format!("name must have 1 to {MAX_NAME_CHARS} characters.").into())
    }
}

fn unfit(error: TableError) -> ToolError {
    ToolError(error.0)
}

/// A sheet's name: the file's, as far as it can be one.
fn title(name: &str) -> String {
    let allowed = name.chars().map(|c| if "[]:*?/\\".contains(c) { ' ' } else { c });
    let title: String = one_line(&allowed.collect::<String>()).chars().take(31).collect();
    let title = title.trim().trim_matches('\'').to_owned();
    if title.is_empty() { "Sheet".to_owned() } else { title }
}

fn of_rows(
    head: &Head,
    name: &str,
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
) -> Result<ExportedTable, ToolError> {
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
    Ok(ExportedTable { bytes, rows: writer.rows(), columns: column_names(&header.columns), left_out: 0 })
}

fn column_names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

async fn of_table<P: Platform>(
    head: &Head,
    name: &str,
    from: &From,
    context: &ToolContext<'_, P>,
) -> Result<ExportedTable, ToolError> {
    let table = table(&from.document, context).await?;
    let text = std::str::from_utf8(&table).map_err(|_| ToolError("The table cannot be read.".into()))?;
    query(head, name, text, &from.query)
}

/// The lines of a table that was uploaded: cells with tabs between them.
async fn table<P: Platform>(document: &str, context: &ToolContext<'_, P>) -> Result<Vec<u8>, ToolError> {
    let user = &context.user;
    let out_of_reach = |_| ToolError("The user's documents are out of reach right now.".into());
    let tables = tables(user).await.map_err(out_of_reach)?;
    let id = Uuid::try_parse(document).ok();
    let is_meant =
        |table: &&TableName| Some(table.id) == id || table.name.eq_ignore_ascii_case(document.trim());
    let Some(meant) = tables.iter().find(is_meant) else {
        let names: Vec<_> = tables.iter().map(|table| format!("{:?}", table.name)).take(20).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(format!("The user has no table {document:?}. There are: {names}.").into());
    };
    let bytes = user.get_file(meant.id).await.map_err(out_of_reach)?;
    bytes.ok_or_else(|| {
        ToolError(format!("Of {:?} only passages are kept: ask the user to upload it again.", meant.name))
    })
}

/// Result of a query over a table.
fn query(head: &Head, name: &str, text: &str, query: &Query) -> Result<ExportedTable, ToolError> {
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
        Ok::<_, ToolError>(())
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
        let cells = cells.map_err(|_| ToolError("The table cannot be read.".into()))?;
        keep(&cells, &mut writer, &mut bytes)?;
    }
    bytes.extend(writer.take());
    Ok(ExportedTable {
        bytes,
        rows: writer.rows(),
        columns: column_names(&header.columns),
        left_out: outcome.left_out,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pii::unmask::PlaceholderMap;
    use sheet::export::{open, write};

    fn csv(made: &ExportedTable) -> String {
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
    fn a_file_that_declares_its_delimiter_has_the_columns_below() {
        use readers::document::extract::extract;
        use readers::document::kind::Kind;
        let sum = json!({ "aggregates": [{ "op": "sum", "column": "Betrag", "name": "Summe" }] });
        let sum: Query = serde_json::from_value(sum).unwrap();
        for file in [
            "sep=;\nName;SSN;Betrag\nAnn;078051120;1,5\nBob;219099999;2,5\n",
            "\u{feff}sep=;\r\nName;SSN;Betrag\r\nAnn;078051120;1,5\r\nBob;219099999;2,5\r\n",
            "Name;SSN;Betrag\nAnn;078051120;1,5\nBob;219099999;2,5\n",
        ] {
            let parts = extract(Kind::Csv, file.as_bytes(), None).unwrap();
            let made = query(&head(), "a", &parts[0].text, &sum).unwrap();
            assert_eq!(csv(&made), "Summe\n4\n", "{file}");
        }
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
