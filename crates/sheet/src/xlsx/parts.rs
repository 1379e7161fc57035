//! The parts of the package besides the rows (ECMA-376 part 1): the minimum that Excel requires, in the form that it writes.

use super::super::kept::{MAX_TITLE_CHARS, NOT_IN_TITLES};
use super::truncate::truncate_utf16;
use super::xml::attribute;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// The part that lists the types of all parts.
pub(crate) const CONTENT_TYPES: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
    r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">"#,
    r#"<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>"#,
    r#"<Default Extension="xml" ContentType="application/xml"/>"#,
    r#"<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>"#,
    r#"<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>"#,
    r#"<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>"#,
    "</Types>"
);

/// The part that points to the workbook.
pub(crate) const PACKAGE_RELATIONS: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
    r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#,
    r#"<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>"#,
    "</Relationships>"
);

/// The part that points from the workbook to its sheet and its styles.
pub(crate) const WORKBOOK_RELATIONS: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
    r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#,
    r#"<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>"#,
    r#"<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>"#,
    "</Relationships>"
);

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// The last cell of a sheet, header included.
pub(crate) struct LastCell {
    pub(crate) column: String,
    pub(crate) row: u32,
}

/// Style of a cell: its index in [`styles`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    /// Names of the columns: bold on a grey background.
    Header,
    Date,
    DateTime,
    /// A time with milliseconds.
    Millis,
}

impl Style {
    /// The attribute of a cell.
    pub(crate) const fn attribute(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Header => r#" s="1""#,
            Self::Date => r#" s="2""#,
            Self::DateTime => r#" s="3""#,
            Self::Millis => r#" s="4""#,
        }
    }
}

/// Makes the part with the styles. Dates are displayed in ISO 8601, which is unambiguous in all countries.
pub(crate) fn styles() -> String {
    let shared = concat!(
        r#"<numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/>"#,
        r#"<numFmt numFmtId="165" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/>"#,
        r#"<numFmt numFmtId="166" formatCode="yyyy\-mm\-dd\ hh:mm:ss.000"/></numFmts>"#,
        r#"<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>"#,
        r#"<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>"#,
        // Excel reserves the first two fills for these.
        r#"<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>"#,
        r#"<fill><patternFill patternType="solid"><fgColor rgb="FFE7E6E6"/><bgColor indexed="64"/></patternFill></fill></fills>"#,
        r#"<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"#,
        r#"<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>"#,
        r#"<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>"#,
        r#"<xf numFmtId="0" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1"/>"#,
        r#"<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>"#,
        r#"<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>"#,
        r#"<xf numFmtId="166" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>"#,
        r#"<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>"#,
    );
    format!(r#"{HEAD}<styleSheet xmlns="{MAIN}">{shared}</styleSheet>"#)
}

/// Makes the workbook with one sheet. Excel requires the range of the filter here too.
pub(crate) fn workbook(title: &str, last: &LastCell) -> String {
    let LastCell { column, row } = last;
    let title = attribute(&sheet_title(title));
    let quoted = title.replace('\'', "''");
    format!(
        r#"{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets><sheet name="{title}" sheetId="1" r:id="rId1"/></sheets><definedNames><definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">'{quoted}'!$A$1:${column}${row}</definedName></definedNames></workbook>"#
    )
}

/// Makes the start of the sheet, before its rows.
pub(crate) fn sheet_head(last: &LastCell, widths: impl Iterator<Item = usize>) -> String {
    let LastCell { column, row } = last;
    let widths: String = (1..)
        .zip(widths)
        .map(|(at, width)| format!(r#"<col min="{at}" max="{at}" width="{width}" customWidth="1"/>"#))
        .collect();
    format!(
        r#"{HEAD}<worksheet xmlns="{MAIN}"><dimension ref="A1:{column}{row}"/><sheetViews><sheetView tabSelected="1" workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>{widths}</cols><sheetData>"#
    )
}

/// Makes the end of the sheet, after its rows.
pub(crate) fn sheet_foot(last: &LastCell) -> String {
    let LastCell { column, row } = last;
    format!(r#"</sheetData><autoFilter ref="A1:{column}{row}"/></worksheet>"#)
}

/// Adapts a title to Excel's rules: short, without reserved characters, without apostrophes at its ends, not `History`
/// (<https://support.microsoft.com/en-us/office/rename-a-worksheet-3f1f7148-ee83-404d-8ef0-9ff99fbad1f9>).
fn sheet_title(title: &str) -> String {
    let fit: String = title
        .chars()
        .map(|c| {
            if NOT_IN_TITLES.contains(&c) || c.is_control() || c > '\u{fffd}' && c < '\u{10000}' {
                ' '
            } else {
                c
            }
        })
        .collect();
    let is_edge = |c: char| c == '\'' || c.is_whitespace();
    let short = truncate_utf16(fit.trim_matches(is_edge), MAX_TITLE_CHARS).trim_matches(is_edge);
    if short.is_empty() || short.eq_ignore_ascii_case("history") { "Sheet1".into() } else { short.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_adapted_to_excels_rules() {
        for (title, fit) in [
            ("Q1", "Q1"),
            ("'a/b'", "a b"),
            ("Zoë's [orders]", "Zoë's  orders"),
            ("history", "Sheet1"),
            ("?*", "Sheet1"),
            (&"x".repeat(40), &"x".repeat(31)),
            (&"😀".repeat(40), &"😀".repeat(15)),
        ] {
            assert_eq!(sheet_title(title), fit);
        }
        let last = LastCell { column: "C".into(), row: 9 };
        assert!(workbook("Zoë's", &last).contains(">'Zoë''s'!$A$1:$C$9<"));
    }
}
