//! Tests of the stored form.

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;

fn header() -> Header {
    let column = |name: &str, kind| Column { name: name.into(), kind };
    Header {
        title: "Orders of [PERSON_1]".into(),
        columns: vec![
            column("Client", Kind::Text),
            column("Amount", Kind::Number),
            column("Day", Kind::Date),
            column("Paid", Kind::Boolean),
        ],
    }
}

fn rows() -> Vec<Vec<Cell>> {
    let day = NaiveDate::from_ymd_opt(2024, 5, 1).unwrap();
    let text = |text: &str| Cell::Text(text.into());
    vec![
        vec![text("[EMAIL_1]"), Cell::Number(-12.5), Cell::Date(day), Cell::Boolean(true)],
        vec![
            text("a\n\"b\""),
            text("n/a"),
            Cell::DateTime(day.and_hms_milli_opt(18, 30, 0, 250).unwrap()),
            Cell::Empty,
        ],
        vec![Cell::Empty, Cell::Number(1e20), text("soon"), Cell::Boolean(false)],
    ]
}

fn written() -> Vec<u8> {
    let mut writer = Writer::new(&header()).unwrap();
    for row in rows() {
        writer.row(&row).unwrap();
    }
    writer.take()
}

fn read(bytes: &[u8], at_once: usize) -> Result<(Header, Vec<Vec<Cell>>), SheetError> {
    let (mut reader, mut rows) = (Reader::default(), Vec::new());
    for bytes in bytes.chunks(at_once) {
        reader.feed(bytes)?;
        while let Some(row) = reader.row()? {
            rows.push(row);
        }
    }
    reader.end()?;
    Ok((reader.header().unwrap().clone(), rows))
}

#[test]
fn the_kept_form_is_pinned() {
    insta::assert_snapshot!(String::from_utf8(written()).unwrap(), @r#"
    {"title":"Orders of [PERSON_1]","columns":[{"name":"Client","kind":"text"},{"name":"Amount","kind":"number"},{"name":"Day","kind":"date"},{"name":"Paid","kind":"boolean"}]}
    ["[EMAIL_1]",-12.5,"2024-05-01",true]
    ["a\n\"b\"","n/a","2024-05-01 18:30:00.250",null]
    [null,1e+20,"soon",false]
    "#);
}

#[test]
fn a_short_row_has_empty_cells_and_a_long_one_is_refused() {
    let mut writer = Writer::new(&header()).unwrap();
    writer.row(&[Cell::Boolean(true)]).unwrap();
    assert_eq!(
        writer.row(&vec![Cell::Empty; 5]).unwrap_err().0,
        "Row 2 has 5 cells, and there are 4 columns."
    );
    assert_eq!(writer.rows(), 1);
    let (_, rows) = read(&writer.take(), 7).unwrap();
    assert_eq!(rows, [[Cell::Text("true".into()), Cell::Empty, Cell::Empty, Cell::Empty]]);
}

#[test]
fn a_title_is_one_of_a_sheet_once_its_values_are_there() {
    let check = |title: &str| Header { title: title.into(), ..header() }.check();
    for title in ["Q1", "[PERSON_1]", &"x".repeat(31), &format!("{}[PERSON_1]", "x".repeat(31))] {
        assert_eq!(check(title), Ok(()), "{title}");
    }
    for title in ["", " ", &"x".repeat(32), "a/b", "[a]", "[[PERSON_1]", "a\nb"] {
        assert!(check(title).is_err(), "{title}");
    }
}

#[test]
fn columns_have_names_of_their_own() {
    let check = |names: &[&str]| {
        let columns = names.iter().map(|name| Column { name: (*name).into(), kind: Kind::Text }).collect();
        Header { columns, ..header() }.check().map_err(|error| error.0)
    };
    assert_eq!(check(&["a", "b"]), Ok(()));
    assert_eq!(
        check(&["Über", "über"]).unwrap_err(),
        "Two columns are called über: each must have a name of its own."
    );
    for names in [&[][..], &[""], &["a\nb"], &[&"x".repeat(256)], &["x"; 101]] {
        assert!(check(names).is_err());
    }
}

#[test]
fn limits_are_enforced() {
    let mut writer = Writer::new(&header()).unwrap();
    writer.row(&[Cell::Text("é".repeat(MAX_CELL_UNITS))]).unwrap();
    for text in ["x".repeat(MAX_CELL_UNITS + 1), "😀".repeat(MAX_CELL_UNITS / 2 + 1)] {
        let error = writer.row(&[Cell::Text(text)]).unwrap_err();
        assert_eq!(error.0, "Row 2 has more in the column Client: a cell may have 32767 characters.");
    }
    let columns = (0..100).map(|n| Column { name: n.to_string(), kind: Kind::Text }).collect();
    let mut wide = Writer::new(&Header { columns, ..header() }).unwrap();
    let row = vec![Cell::Text("x".repeat(20_000)); 100];
    assert_eq!(wide.row(&row).unwrap_err().0, "Row 1 is too long: a row may have 1024 KiB.");
    wide.bytes = MAX_BYTES;
    assert!(wide.row(&[]).is_err());
    writer.rows = MAX_ROWS;
    assert_eq!(writer.row(&[]).unwrap_err().0, "A table may have 200000 rows.");
}

#[test]
fn damage_is_detected() {
    let whole = String::from_utf8(written()).unwrap();
    for bytes in [
        whole.trim_end(),
        "",
        "{}\n",
        &format!("{whole}{{}}\n"),
        &format!("{whole}[1,2,3,4,5]\n"),
        &format!("{whole}[1,\n"),
    ] {
        assert!(read(bytes.as_bytes(), 100).is_err(), "{bytes}");
    }
    let mut reader = Reader::default();
    reader.feed(&vec![b'x'; MAX_LINE_BYTES + 1]).unwrap();
    assert!(reader.feed(b"x").is_err());
}

proptest! {
    #[test]
    fn the_table_is_the_same_for_chunks_of_any_size(at_once in 1_usize..400) {
        prop_assert_eq!(read(&written(), at_once), Ok((header(), rows())));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), at_once in 1_usize..9) {
        let mut all = written();
        all.extend(bytes);
        let _ = read(&all, at_once);
    }
}
