//! Tests that read the files back with another library.

use std::io::{Cursor, Read};

use calamine::{Data, Range, Reader, Xlsx as Workbook};
use proptest::prelude::*;

use super::super::Kind;
use super::*;

fn columns(names: &[&str]) -> Vec<Column> {
    names.iter().map(|name| Column { name: (*name).into(), kind: Kind::Text }).collect()
}

fn written(title: &str, names: &[&str], rows: &[Vec<Cell>]) -> Vec<u8> {
    let columns = columns(names);
    let mut widths = Widths::new(&columns);
    for row in rows {
        widths.row(row);
    }
    let mut file = Xlsx::new(title, &columns, &widths).unwrap();
    let mut bytes = Vec::new();
    for row in rows {
        file.row(row).unwrap();
        bytes.extend(file.take());
    }
    bytes.extend(file.finish().unwrap());
    bytes
}

fn read(bytes: Vec<u8>) -> (String, Range<Data>) {
    let mut book = Workbook::new(Cursor::new(bytes)).unwrap();
    book.worksheets().pop().unwrap()
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut xml = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut xml).unwrap();
    xml
}

fn text(text: &str) -> Cell {
    Cell::Text(text.into())
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

#[test]
fn cells_are_read_back_unchanged() {
    let time = day(2024, 5, 1).and_hms_milli_opt(18, 30, 5, 250).unwrap();
    let rows = [
        vec![text("Zoë 😀 漢字"), Cell::Number(-12.5), Cell::Date(day(2024, 5, 1)), Cell::Boolean(true)],
        vec![Cell::Empty, Cell::Number(1e300), Cell::DateTime(time), Cell::Boolean(false)],
        vec![text("=1+1"), text("007"), text(" a <b> & \"c\"\nd "), Cell::Empty],
    ];
    let (title, sheet) = read(written("Sales & co", &["Name", "Amount", "Day", "Paid"], &rows));
    assert_eq!(title, "Sales & co");
    assert_eq!((sheet.start(), sheet.end()), (Some((0, 0)), Some((3, 3))));
    let names: Vec<_> = sheet.rows().next().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["Name", "Amount", "Day", "Paid"]);
    let at = |row, column| sheet.get((row, column)).unwrap();
    let string = |text: &str| Data::String(text.into());
    assert_eq!(
        (at(1, 0), at(1, 1), at(1, 3)),
        (&string("Zoë 😀 漢字"), &Data::Float(-12.5), &Data::Bool(true))
    );
    assert_eq!((at(2, 0), at(2, 1), at(2, 3)), (&Data::Empty, &Data::Float(1e300), &Data::Bool(false)));
    assert_eq!((at(3, 0), at(3, 1), at(3, 3)), (&string("=1+1"), &string("007"), &Data::Empty));
    assert_eq!(at(3, 2), &string(" a <b> & \"c\"\nd "));
    let date = |data: &Data| if let Data::DateTime(date) = data { date.as_datetime() } else { None };
    assert_eq!(
        (date(at(1, 2)), date(at(2, 2))),
        (Some(day(2024, 5, 1).and_time(NaiveTime::MIN)), Some(time))
    );
}

#[test]
fn days_are_counted_as_excel_counts_them() {
    for (date, days) in [
        (day(1899, 12, 31), None),
        (day(1900, 1, 1), Some(1.0)),
        (day(1900, 2, 28), Some(59.0)),
        (day(1900, 3, 1), Some(61.0)),
        (day(1970, 1, 1), Some(25_569.0)),
        (day(2024, 2, 29), Some(45_351.0)),
        (day(9999, 12, 31), Some(2_958_465.0)),
        (day(10_000, 1, 1), None),
    ] {
        assert_eq!(serial(date.and_time(NaiveTime::MIN)), days, "{date}");
    }
    assert_eq!(serial(day(1900, 1, 1).and_hms_opt(18, 0, 0).unwrap()), Some(1.75));
    let (_, sheet) = read(written("t", &["a"], &[vec![Cell::Date(day(1899, 12, 31))]]));
    assert_eq!(sheet.get((1, 0)), Some(&Data::String("1899-12-31".into())));
}

#[test]
fn texts_are_truncated_to_excels_limit() {
    let long = "é".repeat(MAX_CELL_UNITS);
    let rows = [vec![text(&long)], vec![text(&format!("{long}x"))], vec![text(&"😀".repeat(20_000))]];
    let (_, sheet) = read(written("t", &["a"], &rows));
    let lengths: Vec<_> =
        (1..4).map(|row| sheet.get((row, 0)).unwrap().to_string().encode_utf16().count()).collect();
    assert_eq!(lengths, [32_767, 32_767, 32_766]);
}

#[test]
fn a_sheet_has_the_required_elements() {
    let rows = [vec![Cell::Date(day(2024, 5, 1)), Cell::Number(5.0), text("=1")]];
    let bytes = written("t", &["Day", "n", "x"], &rows);
    insta::assert_snapshot!(part(&bytes, "xl/worksheets/sheet1.xml"), @r#"
    <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
    <worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:C2"/><sheetViews><sheetView tabSelected="1" workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols><col min="1" max="1" width="12" customWidth="1"/><col min="2" max="2" width="8" customWidth="1"/><col min="3" max="3" width="8" customWidth="1"/></cols><sheetData><row r="1"><c r="A1" t="inlineStr" s="1"><is><t>Day</t></is></c><c r="B1" t="inlineStr" s="1"><is><t>n</t></is></c><c r="C1" t="inlineStr" s="1"><is><t>x</t></is></c></row><row r="2"><c r="A2" s="2"><v>45413</v></c><c r="B2"><v>5</v></c><c r="C2" t="inlineStr"><is><t>=1</t></is></c></row></sheetData><autoFilter ref="A1:C2"/></worksheet>
    "#);
    assert_eq!(bytes, written("t", &["Day", "n", "x"], &rows));
    assert!(part(&bytes, "xl/workbook.xml").contains("<sheet name=\"t\""));
}

#[test]
fn buffered_bytes_are_few_for_a_long_table() {
    let (columns, rows) = (columns(&["a"]), 20_000_u32);
    let row = |number: u32| [text(&format!("{:x}", number.wrapping_mul(2_654_435_761)))];
    let mut widths = Widths::new(&columns);
    (0..rows).for_each(|number| widths.row(&row(number)));
    let mut file = Xlsx::new("t", &columns, &widths).unwrap();
    let mut pieces = Vec::new();
    for number in 0..rows {
        file.row(&row(number)).unwrap();
        pieces.push(file.take());
    }
    let largest = pieces.iter().map(Vec::len).max().unwrap();
    let before = pieces.iter().map(Vec::len).sum::<usize>();
    let rest = file.finish().unwrap();
    assert!(largest <= 64 * 1024 && rest.len() <= 128 * 1024 && before > 2 * largest, "{largest} {before}");
    let bytes: Vec<_> = pieces.into_iter().flatten().chain(rest).collect();
    assert_eq!(read(bytes).1.height(), 20_001);
}

#[test]
fn columns_have_letters() {
    assert_eq!([0, 25, 26, 51, 52, 99].map(letters), ["A", "Z", "AA", "AZ", "BA", "CV"]);
}

#[test]
fn the_number_of_rows_must_be_the_announced_one() {
    let columns = columns(&["a"]);
    let mut widths = Widths::new(&columns);
    widths.row(&[Cell::Empty]);
    assert!(Xlsx::new("t", &columns, &widths).unwrap().finish().is_err());
    let mut file = Xlsx::new("t", &columns, &widths).unwrap();
    assert!(file.row(&[Cell::Empty, Cell::Empty]).is_err());
    file.row(&[]).unwrap();
    assert!(file.row(&[]).is_err());
    assert!(file.finish().is_ok());
    assert!(Xlsx::new("t", &[], &widths).is_err());
}

proptest! {
    #[test]
    fn any_text_comes_back(given in "[a_x0-9A-F<&\"'\t\n é😀]{1,20}") {
        let (_, sheet) = read(written("t", &["a"], &[vec![text(&given)]]));
        prop_assert_eq!(sheet.get((1, 0)), Some(&Data::String(given)));
    }

    #[test]
    fn any_title_and_any_text_make_a_file(title in "\\PC{0,40}", given in any::<String>()) {
        let bytes = written(&title, &[&given], &[vec![text(&given)]]);
        prop_assert!(!read(bytes).0.is_empty());
    }
}
