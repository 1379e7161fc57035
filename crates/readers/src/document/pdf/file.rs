//! A PDF whose objects are read when they are first needed, each once, within one budget.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use lopdf::encryption::{EncryptionState, decrypt_object};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use super::budget::{Budget, MOST_ENTRIES, Stop};
use super::lexer::{Lexeme, Lexer};
use super::parse::Parser;
use super::stream::{content, inflate};
use super::xref::{self, Place, Slot, Table};

/// Most bytes that one object stream may inflate to.
const CONTAINER_BYTES: usize = 2 * 1024 * 1024;

/// Most bytes of the object streams that are kept inflated.
const KEPT_BYTES: usize = 4 * 1024 * 1024;

/// Most objects that must be read for another one: its object stream, that one's length.
const DEEPEST: u8 = 8;

/// Work for each look-up of an object.
const LOOK_UP_WORK: usize = 8;

/// Most bits of a key, by the standard. The library takes what the file says.
const MOST_KEY_BITS: i64 = 256;

/// The header of a PDF lies within this many bytes from the start.
const HEADER_WITHIN: usize = 1024;

/// Reasons that a file cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenError {
    /// A limit was reached.
    Stop(Stop),
    /// The file has no catalog of pages.
    Damaged,
    /// The file needs a password.
    Protected,
}

impl From<Stop> for OpenError {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// An open file.
pub(crate) struct File<'b> {
    bytes: &'b [u8],
    table: Table,
    pub(crate) budget: Budget,
    /// Content of the streams that were read, by its start.
    contents: RefCell<BTreeMap<usize, Content>>,
    containers: RefCell<BTreeMap<u32, Rc<Container>>>,
    encryption: Option<EncryptionState>,
    depth: Cell<u8>,
}

#[derive(Clone)]
struct Content {
    id: ObjectId,
    range: Range<usize>,
}

/// An inflated object stream.
struct Container {
    data: Vec<u8>,
    /// Numbers and offsets of its members, by number.
    members: Vec<Member>,
}

#[derive(Clone, Copy)]
struct Member {
    number: u32,
    offset: usize,
}

impl<'b> File<'b> {
    /// Opens a file. Where its tables do not lead to the pages, the whole file is scanned for its objects.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(crate) fn open(bytes: &'b [u8]) -> Result<Self, OpenError> {
        let head = bytes.get(..HEADER_WITHIN.min(bytes.len())).unwrap_or_default();
        let start = head.windows(5).position(|window| window == b"%PDF-").unwrap_or(0);
        let bytes = bytes.get(start..).unwrap_or_default();
        let budget = Budget::full();
        let budget = match xref::read(bytes, &budget)? {
            Some(table) => match Self::with_table(bytes, table, budget)? {
                Ok(file) => return Ok(file),
                Err(budget) => budget,
            },
            None => budget,
        };
        let mut scan = xref::scan(bytes, &budget)?;
        let table = std::mem::take(&mut scan.table);
        let mut file = Self::new(bytes, table, budget);
        file.unlock()?;
        for number in std::mem::take(&mut scan.containers) {
            let Some(container) = file.container(number)? else { continue };
            scan.table = std::mem::take(&mut file.table);
            for member in &container.members {
                scan.add_member(member.number, number)?;
            }
            file.table = std::mem::take(&mut scan.table);
        }
        if file.page_tree()?.is_some() { Ok(file) } else { Err(OpenError::Damaged) }
    }

    /// Opens a file with a table. Gives the budget back where the table does not lead to the pages.
    fn with_table(bytes: &'b [u8], table: Table, budget: Budget) -> Result<Result<Self, Budget>, OpenError> {
        let mut file = Self::new(bytes, table, budget);
        file.unlock()?;
        let has_pages = file.page_tree()?.is_some();
        Ok(if has_pages { Ok(file) } else { Err(file.budget) })
    }

    fn new(bytes: &'b [u8], table: Table, budget: Budget) -> Self {
        Self {
            bytes,
            table,
            budget,
            contents: RefCell::default(),
            containers: RefCell::default(),
            encryption: None,
            depth: Cell::new(0),
        }
    }

    /// A file without objects, for tests of what is read with a budget.
    #[cfg(test)]
    pub(crate) fn empty() -> Self {
        Self::new(b"", Table::default(), Budget::full())
    }

    /// Derives the key of an encrypted file that opens without a password.
    fn unlock(&mut self) -> Result<(), OpenError> {
        let Ok(encrypt) = self.table.trailer.get(b"Encrypt") else { return Ok(()) };
        let Some(Object::Dictionary(encrypt)) = self.resolve(encrypt)? else { return Ok(()) };
        let bits = encrypt.get(b"Length").and_then(Object::as_i64).unwrap_or(0);
        if !(0..=MOST_KEY_BITS).contains(&bits) {
            return Err(OpenError::Damaged);
        }
        let mut document = Document::new();
        let id = document.add_object(Object::Dictionary(encrypt.clone()));
        document.trailer.set("Encrypt", Object::Reference(id));
        if let Some(file_id) = self.get(&self.table.trailer, b"ID")? {
            document.trailer.set("ID", file_id.clone());
        }
        let protected = |_| OpenError::Protected;
        document.authenticate_raw_password("").map_err(protected)?;
        self.encryption = Some(EncryptionState::decode(&document, "").map_err(protected)?);
        Ok(())
    }

    /// Finds the root of the tree of pages.
    pub(crate) fn page_tree(&self) -> Result<Option<&Dictionary>, Stop> {
        let Some(catalog) = self.dictionary(&self.table.trailer, b"Root")? else { return Ok(None) };
        let Some(root) = self.dictionary(catalog, b"Pages")? else { return Ok(None) };
        let kids = self.get(root, b"Kids")?;
        Ok(kids.filter(|kids| kids.as_array().is_ok()).map(|_| root))
    }

    /// Follows a reference. `None` where it leads nowhere.
    pub(crate) fn resolve<'f>(&'f self, object: &'f Object) -> Result<Option<&'f Object>, Stop> {
        let mut object = object;
        for _ in 0..DEEPEST {
            let Object::Reference((number, _)) = object else { return Ok(Some(object)) };
            match self.object(*number)? {
                Some(next) => object = next,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Value of a key, directly or through a reference.
    pub(crate) fn get<'f>(&'f self, from: &'f Dictionary, key: &[u8]) -> Result<Option<&'f Object>, Stop> {
        match from.get(key) {
            Ok(object) => self.resolve(object),
            Err(_) => Ok(None),
        }
    }

    /// Dictionary of a key, that of a stream as well.
    pub(crate) fn dictionary<'f>(
        &'f self,
        from: &'f Dictionary,
        key: &[u8],
    ) -> Result<Option<&'f Dictionary>, Stop> {
        Ok(match self.get(from, key)? {
            Some(Object::Dictionary(dictionary)) => Some(dictionary),
            Some(Object::Stream(stream)) => Some(&stream.dict),
            _ => None,
        })
    }

    /// Elements of the array of a key; empty where there is none.
    pub(crate) fn array<'f>(&'f self, from: &'f Dictionary, key: &[u8]) -> Result<&'f [Object], Stop> {
        Ok(self.get(from, key)?.and_then(|array| array.as_array().ok()).map_or(&[], Vec::as_slice))
    }

    fn object(&self, number: u32) -> Result<Option<&Object>, Stop> {
        self.budget.work(LOOK_UP_WORK)?;
        let Some(slot) = self.table.slots.get(&number) else { return Ok(None) };
        if slot.object.get().is_none() {
            if self.depth.get() >= DEEPEST {
                return Ok(None);
            }
            self.depth.set(self.depth.get() + 1);
            let object = self.read(number, slot.place);
            self.depth.set(self.depth.get() - 1);
            // An object that needs itself was set meanwhile.
            let _ = slot.object.set(object?.map(Box::new));
        }
        Ok(slot.object.get().and_then(Option::as_deref))
    }

    fn read(&self, number: u32, place: Place) -> Result<Option<Object>, Stop> {
        match place {
            Place::Free => Ok(None),
            Place::Offset(offset) => self.read_at(number, usize::try_from(offset).unwrap_or(usize::MAX)),
            Place::Member(container) => {
                let Some(container) = self.container(container)? else { return Ok(None) };
                let at = container.members.partition_point(|member| member.number < number);
                match container.members.get(at) {
                    Some(member) if member.number == number => {
                        Parser::new(&container.data, member.offset, &self.budget).object()
                    }
                    _ => Ok(None),
                }
            }
        }
    }

    fn read_at(&self, number: u32, offset: usize) -> Result<Option<Object>, Stop> {
        let mut parser = Parser::new(self.bytes, offset, &self.budget);
        let Some(header) = parser.header().filter(|header| header.number == number) else { return Ok(None) };
        let object = parser.object()?;
        let Some(Object::Dictionary(dict)) = object else { return Ok(object) };
        let length = self.get(&dict, b"Length")?.and_then(|length| length.as_i64().ok());
        let length = length.and_then(|length| usize::try_from(length).ok());
        let Some(range) = content(&mut parser, length, &self.budget)? else {
            return Ok(Some(Object::Dictionary(dict)));
        };
        // Only the place of the content is kept: most streams are read once or never.
        let stream = Stream {
            dict,
            content: Vec::new(),
            allows_compression: false,
            start_position: Some(range.start),
        };
        let content = Content { id: (header.number, header.generation), range };
        self.contents.borrow_mut().insert(content.range.start, content);
        Ok(Some(Object::Stream(stream)))
    }

    /// Inflates a stream of this file.
    pub(crate) fn inflate(&self, stream: &Stream, most: usize) -> Result<Vec<u8>, Stop> {
        let content = stream.start_position.and_then(|start| self.contents.borrow().get(&start).cloned());
        let Some(Content { id, range }) = content else { return Ok(Vec::new()) };
        self.budget.work(range.len())?;
        let mut dict = Dictionary::new();
        for key in [b"Type".as_slice(), b"Filter", b"DecodeParms"] {
            match self.get(&stream.dict, key)? {
                Some(Object::Array(array)) => {
                    let array = array.iter().filter_map(|object| self.resolve(object).transpose());
                    dict.set(
                        key,
                        array
                            .map(|object: Result<&Object, Stop>| object.cloned())
                            .collect::<Result<Vec<_>, _>>()?,
                    );
                }
                Some(object) => dict.set(key, object.clone()),
                None => {}
            }
        }
        let raw = self.bytes.get(range).unwrap_or_default().to_vec();
        let mut stream = Object::Stream(Stream::new(dict, raw));
        if let Some(encryption) = &self.encryption {
            // Content that cannot be decrypted is then no text.
            let _ = decrypt_object(encryption, id, &mut stream);
        }
        match stream {
            Object::Stream(stream) => inflate(stream, most, &self.budget),
            _ => Ok(Vec::new()),
        }
    }

    fn container(&self, number: u32) -> Result<Option<Rc<Container>>, Stop> {
        if let Some(container) = self.containers.borrow().get(&number) {
            return Ok(Some(Rc::clone(container)));
        }
        let Some(Object::Stream(stream)) = self.object(number)? else { return Ok(None) };
        let first = self.get(&stream.dict, b"First")?.and_then(|first| first.as_i64().ok());
        let Some(first) = first.and_then(|first| usize::try_from(first).ok()) else { return Ok(None) };
        let data = self.inflate(stream, CONTAINER_BYTES)?;
        let members = self.members(&data, first)?;
        let container = Rc::new(Container { data, members });
        let mut kept = self.containers.borrow_mut();
        if kept.values().map(|kept| kept.data.len()).sum::<usize>() + container.data.len() > KEPT_BYTES {
            kept.clear();
        }
        kept.insert(number, Rc::clone(&container));
        Ok(Some(container))
    }

    /// Reads the index of an object stream: pairs of number and offset before the first member.
    fn members(&self, data: &[u8], first: usize) -> Result<Vec<Member>, Stop> {
        let index = data.get(..first).unwrap_or_default();
        self.budget.work(index.len())?;
        let mut lexer = Lexer::new(index, 0);
        let mut members = Vec::new();
        while let (Some(Lexeme::Integer(number)), Some(Lexeme::Integer(offset))) =
            (lexer.next(), lexer.next())
        {
            if members.len() >= MOST_ENTRIES {
                return Err(Stop::Objects);
            }
            let (Ok(number), Ok(offset)) = (u32::try_from(number), usize::try_from(offset)) else { continue };
            members.push(Member { number, offset: first.saturating_add(offset) });
        }
        members.sort_by_key(|member| member.number);
        Ok(members)
    }
}

impl Slot {
    /// An object that is not read yet.
    pub(crate) const fn at(place: Place) -> Self {
        Self { place, object: OnceCell::new() }
    }
}
