//! The file's own clear header, before redb's: what it is, of which schema, and whether the key fits. It must
//! hold nothing worth hiding, and it must be read before anything is written.
//!
//! Layout (little-endian): magic `KEYWARD1` (8 bytes), format `u32`, page overhead `u32`, file id (16 bytes), schema
//! `u32`, made `u32` (not 0 once redb's part is whole), length of the journal's ring `u32` (in blocks of 4096 bytes; 0 in
//! format 1, which had none), zeros to 4096; then the key check: the first 32 bytes and the length of the ring, padded
//! with zeros to a page, sealed as page [`KEY_CHECK`]; zeros to [`HEADER_LEN`]; the ring; redb's part.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::interface::PageSealer;
use crate::redb::journal::BLOCK;
use crate::redb::medium::Medium;
use crate::redb::pages::PAGE;

/// Where this header ends.
pub(crate) const HEADER_LEN: u64 = 12_288;
/// The page number the key check is sealed under; no page of data ever has it.
pub(crate) const KEY_CHECK: u64 = u64::MAX;

const MAGIC: &[u8; 8] = b"KEYWARD1";
const FORMAT: u32 = 2;
/// Files of this format were made before there was a journal.
const FORMAT_WITHOUT_JOURNAL: u32 = 1;
const SCHEMA_AT: u64 = 32;
const MADE_AT: u64 = 36;
/// All bits, so that no single one that is lost makes a file look as if nothing had been stored in it. It was 1 before.
const MADE: [u8; 4] = [0xff; 4];
const RING_AT: usize = 40;
/// What the key check vouches for: everything before the schema number, and the four bytes of the ring's length.
const CHECKED: usize = 32;

/// A file's random id, to bind its pages to it.
pub type FileId = [u8; 16];

/// Makes the sealer of one file from that file's id.
pub type SealerFor = Box<dyn FnOnce(&FileId) -> Result<Arc<dyn PageSealer>> + Send>;

/// What the header says.
#[derive(Clone)]
pub(crate) struct Header {
    /// Seals what follows.
    pub(crate) sealer: Arc<dyn PageSealer>,
    /// Bytes of the journal's ring; 0 when the file has none.
    pub(crate) ring: u64,
}

impl Header {
    /// Where redb's part begins.
    pub(crate) fn base(&self) -> u64 {
        HEADER_LEN + self.ring
    }
}

/// Reads the header, or writes the first one with a ring of `ring` bytes, and proves that the key fits. Refuses without
/// touching the file.
pub(crate) fn open(medium: &dyn Medium, known: u32, ring: u64, sealer_for: SealerFor) -> Result<Header> {
    let len = medium.len().map_err(Error::Io)?;
    let (head, there) = start(medium, len)?;
    // No longer than this header, and what is there is ours or was never written: an interrupted first start.
    let magic = &head[..there.min(MAGIC.len())];
    if len <= HEADER_LEN
        && !is_made(&head)
        && (MAGIC.starts_with(magic) || magic.iter().all(|byte| *byte == 0))
    {
        return create(medium, known, ring, sealer_for);
    }
    let header = check(medium, &head, known, sealer_for)?;
    if !is_made(&head) {
        // Interrupted while redb laid out its part: nothing was ever stored in it.
        medium.set_len(HEADER_LEN).and_then(|()| medium.set_len(header.base())).map_err(Error::from_io)?;
    }
    Ok(header)
}

/// Reads the header of a file that is there, and proves that the key fits. Touches nothing.
pub(crate) fn look(medium: &dyn Medium, known: u32, sealer_for: SealerFor) -> Result<Header> {
    let (head, _) = start(medium, medium.len().map_err(Error::Io)?)?;
    check(medium, &head, known, sealer_for)
}

/// The clear part, with zeros for what a shorter file lacks, and how much is there.
fn start(medium: &dyn Medium, len: u64) -> Result<([u8; PAGE], usize)> {
    let mut head = [0; PAGE];
    let there = PAGE.min(usize::try_from(len).unwrap_or(PAGE));
    medium.read(0, &mut head[..there]).map_err(Error::Io)?;
    Ok((head, there))
}

fn check(medium: &dyn Medium, head: &[u8; PAGE], known: u32, sealer_for: SealerFor) -> Result<Header> {
    let format = number(head, 8);
    if &head[..8] != MAGIC || !(FORMAT_WITHOUT_JOURNAL..=FORMAT).contains(&format) {
        return Err(Error::Foreign);
    }
    let found = number(head, SCHEMA_AT as usize);
    if found > known {
        return Err(Error::Newer { found, known });
    }
    let mut id = FileId::default();
    id.copy_from_slice(&head[16..CHECKED]);
    let holds = |end: u64| match medium.len().map_err(Error::Io)? {
        len if is_made(head) && len < end => Err(Error::Broken("it ends before the tables begin".into())),
        _ => Ok(()),
    };
    holds(HEADER_LEN)?;
    let sealer = sealer_for(&id)?;
    if number(head, 12) as usize != sealer.overhead() {
        return Err(Error::Sealed);
    }
    let mut sealed = vec![0; PAGE + sealer.overhead()];
    medium.read(PAGE as u64, &mut sealed).map_err(Error::Io)?;
    let mut plain = vec![0; PAGE];
    sealer.open(KEY_CHECK, &sealed, &mut plain).map_err(|_| Error::Sealed)?;
    // With another length of the ring, redb's part would be looked for where there is none, and be made anew.
    if plain[..CHECKED] != head[..CHECKED] || plain[CHECKED..CHECKED + 4] != head[RING_AT..RING_AT + 4] {
        return Err(Error::Sealed);
    }
    let header = Header { sealer, ring: u64::from(number(head, RING_AT)) * BLOCK };
    // Where redb finds nothing, it makes everything anew.
    holds(header.base() + PAGE as u64)?;
    Ok(header)
}

/// Whether redb's part was whole once: then it must be there.
fn is_made(head: &[u8; PAGE]) -> bool {
    number(head, MADE_AT as usize) != 0
}

/// Notes that redb's part is whole: from now on its absence is damage, and not a first start.
pub(crate) fn note_made(medium: &dyn Medium) -> Result<()> {
    let mut made = [0; 4];
    medium.read(MADE_AT, &mut made).map_err(Error::Io)?;
    if made == MADE {
        return Ok(());
    }
    medium.write(MADE_AT, &MADE).and_then(|()| medium.sync()).map_err(Error::from_io)
}

/// Notes the highest schema that may be in the file. Called before a migration begins, so that an older program
/// refuses the file even when the migration was cut short.
pub(crate) fn note_schema(medium: &dyn Medium, schema: u32) -> Result<()> {
    medium.write(SCHEMA_AT, &schema.to_le_bytes()).and_then(|()| medium.sync()).map_err(Error::from_io)
}

fn create(medium: &dyn Medium, schema: u32, ring: u64, sealer_for: SealerFor) -> Result<Header> {
    let mut id = FileId::default();
    getrandom::fill(&mut id).map_err(|error| Error::Io(std::io::Error::other(error)))?;
    let sealer = sealer_for(&id)?;
    let room = HEADER_LEN as usize - 2 * PAGE;
    let overhead = u32::try_from(sealer.overhead()).map_err(|_| Error::Sealed)?;
    if sealer.overhead() > room {
        return Err(Error::Sealed);
    }
    let mut bytes = vec![0; HEADER_LEN as usize];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[12..16].copy_from_slice(&overhead.to_le_bytes());
    bytes[16..CHECKED].copy_from_slice(&id);
    let blocks = u32::try_from(ring / BLOCK).unwrap_or(u32::MAX);
    bytes[RING_AT..RING_AT + 4].copy_from_slice(&blocks.to_le_bytes());
    let mut plain = vec![0; PAGE];
    plain[..CHECKED].copy_from_slice(&bytes[..CHECKED]);
    plain[CHECKED..CHECKED + 4].copy_from_slice(&blocks.to_le_bytes());
    sealer.seal(KEY_CHECK, &plain, &mut bytes[PAGE..2 * PAGE + sealer.overhead()])?;
    bytes[CHECKED..CHECKED + 4].copy_from_slice(&schema.to_le_bytes());
    let header = Header { sealer, ring: u64::from(blocks) * BLOCK };
    medium
        .set_len(0)
        .and_then(|()| medium.write(0, &bytes))
        .and_then(|()| medium.sync())
        .and_then(|()| medium.set_len(header.base()))
        .map_err(Error::from_io)?;
    Ok(header)
}

fn number(head: &[u8], at: usize) -> u32 {
    let mut le = [0; 4];
    le.copy_from_slice(&head[at..at + 4]);
    u32::from_le_bytes(le)
}
