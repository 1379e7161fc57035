//! Names of places and things that have the names of people in them.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::scan::Text;

/// Bytes around a name that are looked at.
const REACH: usize = 24;

/// Words in front of a name that make it the name of a place or a ship: "San Francisco", "Lake Louise".
const HEADS: &str = "San São Sao Santa Santo Sankt Saint Sainte Sint St Ste Lake Mount Mt Fort Cape Isla Isle Río Rio rio río Monte Lago lago Lac lac \
     Cabo cabo Hurricane USS USNS HMS Rue rue Rua rua Calle calle Avenida avenida Avenue avenue Boulevard boulevard Plaza plaza Piazza piazza \
     Praça praça Museo museo Museum Museu Estadio estadio Teatro teatro Estação estação Castle Château château Schloss";

/// Words behind a name that make it the name of a company, an event or a place: "Hilmer Motorsport", "Indiana Pacers".
const TAILS: &str = "motorsport records show mountains islands island creek valley bay county beach arena trophy cup bowl consultants \
     electric motors games center centre limousine foundation airlines railway railroad festival championship league stadium united \
     day rovers wanderers spurs barracks restaurant pharmacy university college school hospital airport institute inc llc ltd gmbh corp";

static HEAD_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| HEADS.split_whitespace().collect());
static TAIL_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| TAILS.split_whitespace().collect());

/// Tells if a span that looks like a name is a part of the name of a place or thing.
pub(super) fn is_of_thing(text: &Text<'_>, start: usize, end: usize) -> bool {
    let from = text.str.floor_char_boundary(start.saturating_sub(REACH));
    let head = text.str.get(from..start).unwrap_or_default();
    let before = head.strip_suffix(' ').map(|head| head.strip_suffix('.').unwrap_or(head));
    let before = before.and_then(|head| head.rsplit(|c: char| !c.is_alphabetic()).next());
    if before.is_some_and(|word| HEAD_WORDS.contains(word)) {
        return true;
    }
    let name = text.str.get(start..end).unwrap_or_default();
    let last = name.rsplit_once(' ').map(|(_, last)| last);
    let has_capital = |word: &&str| word.starts_with(char::is_uppercase);
    let next = text.str_ahead(end, REACH).strip_prefix(' ').unwrap_or_default();
    // "Martin Luther King Day".
    let next = next.split(' ').take_while(has_capital).take(2);
    let next = next.map(|word| word.trim_end_matches(|c: char| !c.is_alphabetic()));
    let is_tail = |word: &str| TAIL_WORDS.contains(word.to_lowercase().as_str());
    last.into_iter().filter(has_capital).chain(next).any(is_tail)
}
