//! Elements of a page that the page's reader does not see: their text could tell a model something that nobody has read.
//!
//! Hidden are elements by their kind, by the attribute `hidden`, by a `style`, or by a simple selector of a style sheet (`.x`, `#x`, `p`,
//! `p.x`). Scripts are not run and other style sheets not read: text that is seen only then, or hidden only then, is not told apart.

use std::collections::{BTreeMap, BTreeSet};

use super::style::{hidden_selectors, hides};

/// Longest value of an attribute that is looked at, in bytes.
const LONGEST_VALUE: usize = 2048;

/// Names of elements that are counted. Pages have fewer.
const MOST_NAMES: usize = 128;

/// Selectors that are kept.
const MOST_SELECTORS: usize = 1024;

/// Longest style sheet that is read, in bytes.
const LONGEST_SHEET: usize = 128 * 1024;

/// Attributes of a start tag that decide if it is seen.
#[derive(Default)]
pub(super) struct Attributes {
    /// The attribute that is being read.
    name: Attribute,
    is_hidden: bool,
    is_open: bool,
    style: Vec<u8>,
    class: Vec<u8>,
    id: Vec<u8>,
}

#[derive(Clone, Copy, Default)]
enum Attribute {
    #[default]
    Other,
    Style,
    Class,
    Id,
}

impl Attributes {
    pub(super) fn name(&mut self, name: &[u8]) {
        self.is_hidden |= name == b"hidden";
        self.is_open |= name == b"open";
        self.name = match name {
            b"style" => Attribute::Style,
            b"class" => Attribute::Class,
            b"id" => Attribute::Id,
            _ => Attribute::Other,
        };
    }

    pub(super) fn value(&mut self, value: &[u8]) {
        let kept = match self.name {
            Attribute::Style => &mut self.style,
            Attribute::Class => &mut self.class,
            Attribute::Id => &mut self.id,
            Attribute::Other => return,
        };
        let room = LONGEST_VALUE.saturating_sub(kept.len());
        kept.extend(value.iter().take(room));
    }
}

/// Numbers of open elements, by their names.
#[derive(Default)]
struct Open(BTreeMap<Vec<u8>, u32>);

impl Open {
    fn add(&mut self, name: &[u8]) {
        if let Some(count) = self.0.get_mut(name) {
            *count = count.saturating_add(1);
        } else if self.0.len() < MOST_NAMES {
            self.0.insert(name.to_vec(), 1);
        }
    }

    /// Closes an element; false if none of that name is open.
    fn close(&mut self, name: &[u8]) -> bool {
        match self.0.get_mut(name) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    fn has(&self, name: &[u8]) -> bool {
        self.0.get(name).is_some_and(|count| *count > 0)
    }
}

/// The element that hides what is read now.
struct HiddenElement {
    name: Vec<u8>,
    /// Open elements in it.
    inside: Open,
}

/// Visibility of the page's text, from tag to tag.
#[derive(Default)]
pub(super) struct Visibility {
    /// Open elements that are seen.
    open: Open,
    hidden: Option<HiddenElement>,
    selectors: BTreeSet<String>,
    /// Style sheet that is being read.
    sheet: String,
}

impl Visibility {
    /// False within a hidden element.
    pub(super) const fn is_visible(&self) -> bool {
        self.hidden.is_none()
    }

    /// Opens an element. False if it is hidden, with all that is in it.
    pub(super) fn open(&mut self, name: &[u8], attributes: &Attributes, self_closing: bool) -> bool {
        if self.hidden.as_ref().is_some_and(|hidden| hidden.ends_before(name)) {
            self.hidden = None;
        }
        // Elsewhere browsers ignore the slash.
        let is_empty = is_void(name) || self_closing && self.is_foreign(name);
        if let Some(hidden) = &mut self.hidden {
            if !is_empty {
                hidden.inside.add(name);
            }
            return false;
        }
        let is_hidden = self.hides(name, attributes);
        if is_hidden && !is_empty {
            self.hidden = Some(HiddenElement { name: name.to_vec(), inside: Open::default() });
        } else if !is_empty {
            self.open.add(name);
        }
        !is_hidden
    }

    /// Closes an element. False if that is not seen.
    pub(super) fn close(&mut self, name: &[u8]) -> bool {
        let Some(hidden) = &mut self.hidden else {
            self.open.close(name);
            return true;
        };
        if hidden.inside.close(name) {
            return false;
        }
        let is_own = hidden.name == name;
        if !is_own && (has_optional_end(name) || !self.open.has(name)) {
            return false;
        }
        self.hidden = None;
        if is_own {
            self.end_sheet();
            return false;
        }
        // An ancestor ends, and what is open in it.
        self.open.close(name);
        true
    }

    /// Takes text that is not seen: that of a style sheet is read.
    pub(super) fn unseen(&mut self, text: &str) {
        let is_sheet = self.hidden.as_ref().is_some_and(|hidden| hidden.name == b"style");
        if is_sheet && self.sheet.len() + text.len() <= LONGEST_SHEET {
            self.sheet.push_str(text);
        }
    }

    fn end_sheet(&mut self) {
        let sheet = std::mem::take(&mut self.sheet);
        let room = MOST_SELECTORS.saturating_sub(self.selectors.len());
        self.selectors.extend(hidden_selectors(&sheet).into_iter().take(room));
    }

    fn is_foreign(&self, name: &[u8]) -> bool {
        let is_inside = |hidden: &HiddenElement| hidden.name == b"svg" || hidden.inside.has(b"svg");
        matches!(name, b"svg" | b"math")
            || self.open.has(b"math")
            || self.hidden.as_ref().is_some_and(is_inside)
    }

    fn hides(&self, name: &[u8], attributes: &Attributes) -> bool {
        is_never_seen(name)
            || attributes.is_hidden
            || name == b"dialog" && !attributes.is_open
            || hides(&String::from_utf8_lossy(&attributes.style))
            || !self.selectors.is_empty() && self.is_selected(name, attributes)
    }

    fn is_selected(&self, name: &[u8], attributes: &Attributes) -> bool {
        let name = String::from_utf8_lossy(name);
        let (class, id) =
            (String::from_utf8_lossy(&attributes.class), String::from_utf8_lossy(&attributes.id));
        let marks = class.split_ascii_whitespace().map(|class| format!(".{class}"));
        let mut marks = marks.chain((!id.is_empty()).then(|| format!("#{id}")));
        self.selectors.contains(&*name)
            || marks.any(|mark| {
                self.selectors.contains(&mark) || self.selectors.contains(&format!("{name}{mark}"))
            })
    }
}

impl HiddenElement {
    /// True if the start of an element ends this one, whose end tag may be left out
    /// (<https://html.spec.whatwg.org/multipage/syntax.html#optional-tags>).
    fn ends_before(&self, name: &[u8]) -> bool {
        let has_none = |names: &[&[u8]]| !names.iter().any(|name| self.inside.has(name));
        match self.name.as_slice() {
            b"p" => is_block(name),
            b"li" => name == b"li" && has_none(&[b"ul", b"ol", b"menu"]),
            b"dt" | b"dd" => matches!(name, b"dt" | b"dd") && has_none(&[b"dl"]),
            b"option" => matches!(name, b"option" | b"optgroup"),
            b"td" | b"th" => {
                matches!(name, b"td" | b"th" | b"tr" | b"tbody" | b"tfoot") && has_none(&[b"table"])
            }
            b"tr" => matches!(name, b"tr" | b"tbody" | b"tfoot") && has_none(&[b"table"]),
            b"thead" | b"tbody" => matches!(name, b"tbody" | b"tfoot") && has_none(&[b"table"]),
            _ => false,
        }
    }
}

fn has_optional_end(name: &[u8]) -> bool {
    matches!(
        name,
        b"p" | b"li" | b"dt" | b"dd" | b"option" | b"td" | b"th" | b"tr" | b"thead" | b"tbody" | b"tfoot"
    )
}

/// Elements without content (<https://html.spec.whatwg.org/multipage/syntax.html#void-elements>).
fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"br"
            | b"col"
            | b"embed"
            | b"hr"
            | b"img"
            | b"input"
            | b"link"
            | b"meta"
            | b"param"
            | b"source"
            | b"track"
            | b"wbr"
    )
}

/// Elements of which browsers show no text.
fn is_never_seen(name: &[u8]) -> bool {
    matches!(
        name,
        b"script"
            | b"style"
            | b"template"
            | b"noscript"
            | b"svg"
            | b"iframe"
            | b"audio"
            | b"video"
            | b"canvas"
            | b"datalist"
            | b"noembed"
            | b"noframes"
    )
}

/// Elements that stand in paragraphs of their own.
pub(super) fn is_block(name: &[u8]) -> bool {
    matches!(
        name,
        b"p" | b"div"
            | b"section"
            | b"article"
            | b"header"
            | b"footer"
            | b"main"
            | b"nav"
            | b"aside"
            | b"ul"
            | b"ol"
            | b"dl"
            | b"dt"
            | b"dd"
            | b"blockquote"
            | b"figure"
            | b"figcaption"
            | b"form"
            | b"fieldset"
            | b"hr"
            | b"body"
            | b"address"
            | b"details"
            | b"summary"
            | b"caption"
            | b"table"
            | b"pre"
            | b"h1"
            | b"h2"
            | b"h3"
            | b"h4"
            | b"h5"
            | b"h6"
    )
}
