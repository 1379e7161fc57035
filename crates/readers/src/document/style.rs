//! Declarations of CSS that hide text.

use std::collections::BTreeSet;

/// Selectors of a style sheet that hide what they select, as far as they are simple: `.x`, `#x`, `p`, `p.x`.
pub(super) fn hidden_selectors(sheet: &str) -> BTreeSet<String> {
    let mut selectors = BTreeSet::new();
    let mut preludes: Vec<String> = Vec::new();
    let mut text = String::new();
    for c in without_comments(sheet).chars() {
        match c {
            '{' => preludes.push(std::mem::take(&mut text)),
            '}' => {
                let declarations = std::mem::take(&mut text);
                let Some(prelude) = preludes.pop() else { continue };
                let is_of_print = preludes.iter().any(|outer| outer.contains("print"));
                if !is_of_print && hides(&declarations) {
                    let simple = prelude.split(',').map(str::trim).filter(|selector| is_simple(selector));
                    selectors.extend(simple.map(ToOwned::to_owned));
                }
            }
            // A statement such as `@import` ends.
            ';' if preludes.is_empty() => text.clear(),
            c => text.push(c),
        }
    }
    selectors
}

fn is_simple(selector: &str) -> bool {
    let is_mark = |c: char| c == '.' || c == '#';
    let is_name = |c: char| c.is_alphanumeric() || is_mark(c) || c == '-' || c == '_';
    !selector.is_empty() && selector.chars().all(is_name) && selector.matches(is_mark).count() <= 1
}

/// True if the text of an element with these declarations is not seen.
pub(super) fn hides(declarations: &str) -> bool {
    if declarations.is_empty() {
        return false;
    }
    // Escapes spell a name in another way. No honest style needs them for what is looked at.
    if declarations.contains('\\') {
        return true;
    }
    let plain = without_comments(declarations).to_ascii_lowercase();
    let declarations: Vec<_> = plain.split(';').filter_map(|one| one.split_once(':')).map(read).collect();
    let cuts = declarations.iter().any(|(name, value)| {
        matches!(*name, "overflow" | "overflow-x" | "overflow-y") && matches!(*value, "hidden" | "clip")
    });
    declarations.iter().any(|declaration| hides_alone(declaration) || cuts && is_without_size(declaration))
}

fn read<'a>((name, value): (&'a str, &'a str)) -> (&'a str, &'a str) {
    (name.trim(), value.trim().trim_end_matches("!important").trim())
}

fn hides_alone((name, value): &(&str, &str)) -> bool {
    match *name {
        "display" => *value == "none",
        "visibility" => matches!(*value, "hidden" | "collapse"),
        "content-visibility" => *value == "hidden",
        "color" => *value == "transparent",
        "opacity" => number(value).is_some_and(|(opacity, _)| opacity < 0.05),
        "font-size" => is_tiny(value),
        "font" => {
            let size =
                value.split_ascii_whitespace().find(|part| part.starts_with(|c: char| c.is_ascii_digit()));
            size.is_some_and(is_tiny)
        }
        "text-indent" | "left" | "right" | "top" | "bottom" | "margin-left" | "margin-top" => is_far(value),
        "transform" => ["scale(0)", "scalex(0)", "scaley(0)"].iter().any(|none| value.contains(none)),
        "clip" => value.starts_with("rect(0") || value.starts_with("rect(1px"),
        "clip-path" => value.starts_with("inset(50%") || value.starts_with("inset(100%"),
        _ => false,
    }
}

fn is_without_size((name, value): &(&str, &str)) -> bool {
    matches!(*name, "width" | "height" | "max-width" | "max-height")
        && number(value).is_some_and(|(size, unit)| size == 0.0 || size <= 1.0 && unit == "px")
}

/// True for letters that no eye reads.
fn is_tiny(size: &str) -> bool {
    number(size).is_some_and(|(size, unit)| match unit {
        "em" | "rem" => size < 0.1,
        "%" => size < 10.0,
        _ => size < 2.0,
    })
}

/// True for a place beyond the edge of any page.
fn is_far(place: &str) -> bool {
    number(place).is_some_and(|(place, unit)| if unit == "px" { place <= -999.0 } else { place <= -90.0 })
}

/// The number at the beginning of a value, and its unit.
fn number(value: &str) -> Option<(f64, &str)> {
    let end = value.find(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+')).unwrap_or(value.len());
    let (number, rest) = value.split_at(end);
    let unit = rest.split(|c: char| !c.is_ascii_alphabetic() && c != '%').next().unwrap_or_default();
    Some((number.parse().ok()?, unit))
}

fn without_comments(css: &str) -> String {
    let mut plain = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, comment)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_that_hide_are_known() {
        for hidden in [
            "display:none",
            "color: red; DISPLAY : None !important",
            "display:/* x */none",
            "d\\69splay:none",
            "visibility:hidden",
            "font-size:0",
            "font-size: 0.01em",
            "font: 0/0 a",
            "opacity:0",
            "color:transparent",
            "position:absolute;left:-9999px",
            "text-indent:-100em",
            "height:0;overflow:hidden",
            "clip: rect(0,0,0,0)",
            "transform:scale(0)",
        ] {
            assert!(hides(hidden), "{hidden}");
        }
        for seen in [
            "",
            "display:block",
            "font-size:12px",
            "font: bold 12px/1.5 Arial",
            "opacity:.9",
            "left:-4px",
            "overflow:hidden;height:20px",
            "color:#000",
            "margin-left:-1em",
        ] {
            assert!(!hides(seen), "{seen}");
        }
    }

    #[test]
    fn simple_selectors_of_a_sheet_are_known() {
        let sheet = "@import 'a.css'; /* x */ .a, #b > c, p.d { display: none } e{color:red}
            @media print { .f { display:none } } @media screen { .g { opacity: 0 } }";
        assert_eq!(hidden_selectors(sheet), [".a", ".g", "p.d"].map(ToOwned::to_owned).into());
    }
}
