//! A walk along the audit chain, from its first record on, past what does not hold. It finds; what that means for
//! whoever asked is `verify`'s.

use keyward_store::model::AuditRecord;
use keyward_store::{ChainHasher, Error as StoreError, KeyRange, Look, Order, Snapshot, Versioned};

use super::verify::{AuditFault, AuditRun};
use super::{PAGE, entry, from};
use crate::crypto::{Head, Sha256Chain};
use crate::error::Result;

/// Runs that are noted; more are of no use to anybody.
const MOST_RUNS: usize = 64;

/// What a walk found.
#[derive(Default)]
pub(super) struct Walk {
    /// Records that follow from each other, from the first on.
    pub(super) records: u64,
    /// The first that is wrong.
    pub(super) fault: Option<AuditFault>,
    /// Those after it that can be read and follow from each other.
    pub(super) beyond: Vec<AuditRun>,
    /// The last one's number and hash.
    last: (u64, [u8; 32]),
    /// Everything before this number was looked at.
    next: u64,
}

type Rows = Vec<(Vec<u8>, Versioned)>;

impl Walk {
    /// Walks the whole chain, and compares it with what was signed, by size.
    pub(super) async fn along(file: &Look, signed: &[Head]) -> Result<Self> {
        let mut walk = Self { next: 1, ..Self::default() };
        let mut signed = signed.iter().peekable();
        while let Some(rows) = walk.rows(file).await? {
            for (key, row) in &rows {
                walk.step(key, row);
                let (number, hash) = walk.last;
                while let Some(head) = signed.next_if(|head| head.size <= number) {
                    if head.size == number && head.hash != hash {
                        walk.note(AuditFault::Rewritten { record: number });
                    }
                }
            }
            tokio::task::yield_now().await;
        }
        if let Some(head) = signed.last() {
            walk.note(AuditFault::Cut { records: walk.last.0, signed: head.size });
        }
        Ok(walk)
    }

    /// The next rows; none after the last. Over what cannot be read it goes on with the first that can.
    async fn rows(&mut self, file: &Look) -> Result<Option<Rows>> {
        loop {
            // The engine looks at both ends of a range at once, so one without an end needs the last record too.
            if let Some(rows) =
                had(file.scan(AuditRecord::LOG, from(self.next), Order::Ascending, PAGE).await)?
            {
                return Ok(Some(rows).filter(|rows| !rows.is_empty()));
            }
            let mut size = PAGE as u64;
            let rows = loop {
                let rows = some(file, self.next, size).await?;
                if rows.is_some() || size == 1 {
                    break rows;
                }
                size /= 2;
            };
            match rows {
                Some(rows) if rows.is_empty() => self.next += size,
                Some(rows) => return Ok(Some(rows)),
                None => {
                    self.note(AuditFault::Unreadable { record: self.next });
                    let Some(readable) = first_readable(file, self.next).await? else { return Ok(None) };
                    self.next = readable;
                }
            }
        }
    }

    fn step(&mut self, key: &[u8], row: &Versioned) {
        let (before, previous) = self.last;
        let record = before + 1;
        let Some((number, hash, body)) = entry(key, row) else {
            self.next += 1;
            return self.note(AuditFault::Altered { record });
        };
        (self.last, self.next) = ((number, *hash), number + 1);
        let follows = number == record && Sha256Chain.link(&previous, number, body) == *hash;
        if self.fault.is_some() {
            return self.run_on(number, follows);
        }
        if follows {
            self.records = number;
        } else if number == record {
            self.note(AuditFault::Altered { record });
        } else {
            self.note(AuditFault::Missing { record, found: number });
            self.run_on(number, false);
        }
    }

    /// Adds a record to those beyond the fault.
    fn run_on(&mut self, number: u64, follows: bool) {
        let runs = self.beyond.len();
        match self.beyond.last_mut() {
            Some(run) if follows && run.to + 1 == number => run.to = number,
            _ if runs < MOST_RUNS => self.beyond.push(AuditRun { from: number, to: number }),
            _ => {}
        }
    }

    /// Only the first counts.
    fn note(&mut self, fault: AuditFault) {
        self.fault.get_or_insert(fault);
    }
}

/// The rows of so many numbers from this one on; none when the file does not give them.
async fn some(file: &Look, number: u64, size: u64) -> Result<Option<Rows>> {
    let key = number.to_be_bytes().to_vec();
    if size == 1 {
        let row = had(file.get(AuditRecord::LOG, &key).await)?;
        return Ok(row.map(|row| row.map(|row| (key, row)).into_iter().collect()));
    }
    let end = Some(number.saturating_add(size).to_be_bytes().to_vec());
    had(file.scan(AuditRecord::LOG, KeyRange { start: key, end }, Order::Ascending, PAGE).await)
}

fn had<T>(read: keyward_store::Result<T>) -> Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(StoreError::Closed) => Err(StoreError::Closed.into()),
        // Whatever else it is, the records cannot be had.
        Err(_) => Ok(None),
    }
}

/// The first number after `bad` that can be read, by halving: what is damaged lies together.
async fn first_readable(file: &Look, mut bad: u64) -> Result<Option<u64>> {
    let mut step = 1_u64;
    let mut good = loop {
        let Some(next) = bad.checked_add(step) else { return Ok(None) };
        if some(file, next, 1).await?.is_some() {
            break next;
        }
        (bad, step) = (next, step.saturating_mul(2));
    };
    while good - bad > 1 {
        let middle = bad + (good - bad) / 2;
        match some(file, middle, 1).await? {
            Some(_) => good = middle,
            None => bad = middle,
        }
    }
    Ok(Some(good))
}
