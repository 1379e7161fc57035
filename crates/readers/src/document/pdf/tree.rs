//! The tree of pages.

use std::collections::BTreeSet;
use std::rc::Rc;

use lopdf::{Dictionary, Object};

use super::budget::Stop;
use super::file::File;

/// Most levels of the tree.
const DEEPEST: usize = 64;

/// Work for each node.
const NODE_WORK: usize = 32;

/// A page with the resources that it draws with: its own, then those of the nodes above it.
pub(crate) struct Page<'f> {
    pub(crate) dictionary: &'f Dictionary,
    pub(crate) resources: Rc<[&'f Dictionary]>,
}

struct Node<'f> {
    kids: std::slice::Iter<'f, Object>,
    resources: Rc<[&'f Dictionary]>,
}

/// Lists up to `most` pages in their order. A node that stands in the tree twice is read once.
pub(crate) fn pages<'f>(file: &'f File<'_>, most: usize) -> Result<Vec<Page<'f>>, Stop> {
    let mut pages = Vec::new();
    let Some(root) = file.page_tree()? else { return Ok(pages) };
    let mut seen = BTreeSet::from([std::ptr::from_ref(root).addr()]);
    let mut stack = vec![node(file, root, &Rc::from([]))?];
    while let Some(top) = stack.last_mut() {
        let Some(kid) = top.kids.next() else {
            stack.pop();
            continue;
        };
        file.budget.work(NODE_WORK)?;
        let Some(Object::Dictionary(dictionary)) = file.resolve(kid)? else { continue };
        if !seen.insert(std::ptr::from_ref(dictionary).addr()) {
            continue;
        }
        let resources = Rc::clone(&top.resources);
        let is_page = dictionary.has_type(b"Page") || file.get(dictionary, b"Kids")?.is_none();
        if is_page {
            let resources = with_own(file, dictionary, &resources)?;
            pages.push(Page { dictionary, resources });
            if pages.len() >= most {
                break;
            }
        } else if stack.len() < DEEPEST {
            stack.push(node(file, dictionary, &resources)?);
        }
    }
    Ok(pages)
}

fn node<'f>(
    file: &'f File<'_>,
    dictionary: &'f Dictionary,
    above: &Rc<[&'f Dictionary]>,
) -> Result<Node<'f>, Stop> {
    let kids = file.array(dictionary, b"Kids")?.iter();
    Ok(Node { kids, resources: with_own(file, dictionary, above)? })
}

fn with_own<'f>(
    file: &'f File<'_>,
    dictionary: &'f Dictionary,
    above: &Rc<[&'f Dictionary]>,
) -> Result<Rc<[&'f Dictionary]>, Stop> {
    Ok(match file.dictionary(dictionary, b"Resources")? {
        Some(own) => std::iter::once(own).chain(above.iter().copied()).collect(),
        None => Rc::clone(above),
    })
}
