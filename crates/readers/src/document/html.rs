//! Visible text of web pages, as Markdown.

use std::cell::RefCell;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};
use passages::{Form, MAX_CHUNKS, Part};

use super::hidden::{Attributes, Visibility, is_block};
use super::{MAX_TEXT_BYTES, table};

/// Longest name of an element that is looked at, in bytes.
const LONGEST_NAME: usize = 16;

/// Reads the text of a page: prose, and each table as a part of its own. Stops when it has more than a document may have.
pub(crate) fn read(html: &str) -> Vec<Part> {
    let page = RefCell::new(Page::default());
    let mut name = Vec::new();
    let mut attributes = Attributes::default();
    // Tags are never kept: one tag can have a million attributes.
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| -> Option<()> {
        let mut page = page.borrow_mut();
        match event {
            CallbackEvent::OpenStartTag { name: of } => {
                name.clear();
                name.extend(of.iter().take(LONGEST_NAME));
                attributes = Attributes::default();
            }
            CallbackEvent::AttributeName { name } => attributes.name(name),
            CallbackEvent::AttributeValue { value } => attributes.value(value),
            CallbackEvent::CloseStartTag { self_closing } => page.open(&name, &attributes, self_closing),
            CallbackEvent::EndTag { name } => page.close(name),
            CallbackEvent::String { value } => page.say(&String::from_utf8_lossy(value)),
            _ => {}
        }
        (page.length > MAX_TEXT_BYTES || page.parts.len() > MAX_CHUNKS).then_some(())
    });
    // The content of a script or a style is no HTML.
    emitter.naively_switch_states(true);
    // The one thing that the emitter emits is that the page is too long.
    let _ = Tokenizer::new_with_emitter(html, emitter).next();
    let mut page = page.into_inner();
    page.end_table();
    page.end_prose();
    page.parts
}

#[derive(Default)]
struct Page {
    parts: Vec<Part>,
    prose: String,
    /// The rows of the open table, if there is one.
    table: Option<Rows>,
    visibility: Visibility,
    /// Number of open `pre` elements.
    preformatted: u32,
    length: usize,
}

#[derive(Default)]
struct Rows {
    lines: String,
    row: Vec<String>,
    in_cell: bool,
}

impl Page {
    fn open(&mut self, name: &[u8], attributes: &Attributes, self_closing: bool) {
        if !self.visibility.open(name, attributes, self_closing) {
            return;
        }
        match name {
            b"table" => {
                // A nested table ends the outer one: nested tables are page layout.
                self.end_table();
                self.end_prose();
                self.table = Some(Rows::default());
            }
            b"tr" => self.with_table(Rows::end_row),
            b"td" | b"th" => {
                self.with_table(|rows| {
                    if rows.row.len() >= table::MOST_CELLS {
                        rows.end_row();
                    }
                    rows.row.push(String::new());
                    rows.in_cell = true;
                });
            }
            b"br" => self.line(""),
            b"li" => self.line("- "),
            b"pre" => {
                self.preformatted += 1;
                self.paragraph("");
            }
            [b'h', level @ b'1'..=b'6'] => self.paragraph(heading(*level)),
            // The title is the topmost heading.
            b"title" => self.paragraph(heading(b'1')),
            _ if is_block(name) => self.paragraph(""),
            _ => {}
        }
    }

    fn close(&mut self, name: &[u8]) {
        let name = name.get(..LONGEST_NAME).unwrap_or(name);
        if !self.visibility.close(name) {
            return;
        }
        match name {
            b"table" => self.end_table(),
            b"td" | b"th" => self.with_table(|rows| rows.in_cell = false),
            b"tr" => self.with_table(Rows::end_row),
            b"pre" => {
                self.preformatted = self.preformatted.saturating_sub(1);
                self.paragraph("");
            }
            b"title" | [b'h', b'1'..=b'6'] => self.paragraph(""),
            _ if is_block(name) => self.paragraph(""),
            _ => {}
        }
    }

    fn say(&mut self, text: &str) {
        if !self.visibility.is_visible() {
            return self.visibility.unseen(text);
        }
        self.length += text.len();
        let is_preformatted = self.preformatted > 0;
        let out = match &mut self.table {
            Some(Rows { row, in_cell: true, .. }) => match row.last_mut() {
                Some(cell) => cell,
                None => return,
            },
            _ => &mut self.prose,
        };
        if is_preformatted {
            out.push_str(text);
            return;
        }
        for c in text.chars() {
            let is_space = matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}');
            if !is_space {
                out.push(c);
            } else if !out.is_empty() && !out.ends_with([' ', '\n']) {
                out.push(' ');
            }
        }
    }

    /// Starts a line with `begin`; in a cell, which is one line, adds a space.
    fn line(&mut self, begin: &str) {
        if !self.visibility.is_visible() {
            return;
        }
        if self.table.as_ref().is_some_and(|rows| rows.in_cell) {
            return self.say(" ");
        }
        if !self.prose.is_empty() && !self.prose.ends_with('\n') {
            self.prose.push('\n');
        }
        self.prose.push_str(begin);
    }

    /// Starts a paragraph with `begin`.
    fn paragraph(&mut self, begin: &str) {
        if self.visibility.is_visible() && !self.table.as_ref().is_some_and(|rows| rows.in_cell) {
            let kept = self.prose.trim_end().len();
            self.prose.truncate(kept);
            if kept > 0 {
                self.prose.push_str("\n\n");
            }
        }
        self.line(begin);
    }

    fn with_table(&mut self, change: impl FnOnce(&mut Rows)) {
        if let Some(rows) = &mut self.table {
            change(rows);
        }
    }

    fn end_table(&mut self) {
        let Some(mut rows) = self.table.take() else { return };
        rows.end_row();
        // Text in a table outside of its cells is placed before the table, as browsers do.
        self.end_prose();
        if !rows.lines.is_empty() {
            self.parts.push(Part { form: Form::Table, page: None, text: rows.lines });
        }
    }

    fn end_prose(&mut self) {
        let prose = std::mem::take(&mut self.prose);
        if !prose.trim().is_empty() {
            self.parts.push(Part { form: Form::Markdown, page: None, text: prose });
        }
    }
}

impl Rows {
    fn end_row(&mut self) {
        self.in_cell = false;
        let row = std::mem::take(&mut self.row);
        table::add_row(&mut self.lines, row.iter().map(String::as_str));
    }
}

const fn heading(level: u8) -> &'static str {
    match level {
        b'1' => "# ",
        b'2' => "## ",
        b'3' => "### ",
        b'4' => "#### ",
        b'5' => "##### ",
        _ => "###### ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(html: &str) -> Vec<(Form, String)> {
        read(html).into_iter().map(|part| (part.form, part.text.trim_end().to_owned())).collect()
    }

    #[test]
    fn visible_text_becomes_markdown() {
        let html = "<!doctype html><html><head><title>The  Title</title><style>p{}</style></head><body>
            <script>if (a < b) { say('<p>no</p>') }</script><h2>Tea &amp; cake</h2><p>One <b>bold</b>\n word.<br>Next</p>
            <ul><li>first<li>second</ul><pre>a\n  b</pre><svg><text>no</text></svg>Tail";
        let prose =
            "# The Title\n\n## Tea & cake\n\nOne bold word.\nNext\n\n- first\n- second\n\na\n  b\n\nTail";
        assert_eq!(texts(html), [(Form::Markdown, prose.to_owned())]);
    }

    #[test]
    fn a_table_is_a_part_of_its_own() {
        let html = "Before<table><tr><th>Name<th>Mail<tr><td>Eve<br>A.</td> <td><p>e@x.org</p></td></tr></table>After";
        let parts = [
            (Form::Markdown, "Before".to_owned()),
            (Form::Table, "Name\tMail\nEve A.\te@x.org".to_owned()),
            (Form::Markdown, "After".to_owned()),
        ];
        assert_eq!(texts(html), parts);
    }

    #[test]
    fn what_its_reader_does_not_see_is_left_out() {
        for html in [
            "<p hidden>NO</p>seen",
            "<p hidden>NO<div>seen</div>",
            "<div hidden/>NO</div>seen",
            "<div style='display:none'>NO<div>NO</div>NO</section></p>NO</div>seen",
            "<div style=\"visibility: hidden\">NO</div>seen",
            "<span style='font-size:0px'>NO</span>seen",
            "<section><div hidden>NO</section>seen",
            "<ul><li hidden>NO<ul><li>NO</ul>NO<li>seen</ul>",
            "<table><tr><td hidden>NO<td>seen</table>",
            "<style>.x{display:none}</style><p class='a x'>NO</p>seen",
            "<style>#x{font-size:0}</style><b id=x>NO</b>seen",
            "<!-- NO -->seen<!-- NO",
            "<img alt=NO title=NO hidden>seen",
            "<br hidden>seen",
            "<dialog>NO</dialog><video>NO</video>seen",
            "<div hidden><svg/>NO</div>seen",
            "<div hidden><p><p><p></p></p>NO</div>seen",
            "<p>a<div hidden><p>NO</p>NO</div>seen",
        ] {
            let all: String = texts(html).into_iter().map(|(_, text)| text).collect();
            assert!(all.contains("seen") && !all.contains("NO"), "{html}: {all}");
        }
        assert_eq!(
            texts("<b aria-hidden=true>seen</b>")[0].1,
            "seen",
            "it is hidden from screen readers alone"
        );
    }

    #[test]
    fn unclosed_elements_end() {
        for html in [
            "<table><table><tr><td>a",
            "<script>a",
            "<svg><svg></svg>a",
            "</p></table></h1>a<",
            "<h9>a",
            "<!--a",
        ] {
            let _ = read(html);
        }
    }
}
