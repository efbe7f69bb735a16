//! Reading records page by page.
//!
//! Refuses a page behind which, before which or in which something is missing.

use super::chain::Chain;
use super::contract::{Head, MAX_BODY, Row, Wholeness};
use super::sql::Sql;
use super::{rows, trouble};
use crate::failure::Failure;
use futures_util::TryStreamExt;

impl Sql {
    /// See `Store::records`.
    pub(super) async fn page(&self, after: u64, limit: u32) -> Result<Vec<Row>, Failure> {
        self.check_whole()?;
        let Chain { tip, accepted } = self.known();
        let tip = tip.sequence;
        let limit = u64::from(limit.max(1));
        let mut connection = self.connection().await?;
        let mut page = Vec::new();
        let mut ended = true;
        {
            let mut bytes = 0;
            let mut stream = rows::records(&mut connection, after, limit);
            while let Some(stored) = stream.try_next().await.map_err(trouble::failure)? {
                bytes += stored.content.as_ref().map_or(0, |(it, _)| it.body.len());
                page.push(stored);
                if bytes >= PAGE_BYTES {
                    ended = false;
                    break;
                }
            }
        }
        ended &= u64::try_from(page.len()).unwrap_or(u64::MAX) < limit;
        let first = page.iter().find_map(|stored| {
            let (sealed, seal) = stored.content.as_ref()?;
            self.key.holds(sealed, seal).then_some((sealed, *seal))
        });
        let mut chain = Chain::at(Head::EMPTY, accepted);
        if let Some((sealed, seal)) = first {
            let head = Head {
                sequence: sealed.sequence,
                seal,
            };
            let before = Head {
                sequence: sealed.previous,
                seal: sealed.previous_seal,
            };
            // What the page begins behind must be there as it was, and not be a row that the page should have held.
            let seals = rows::seals(&mut connection, before.sequence, 1).await;
            let stands = before == Head::EMPTY
                || seals.map_err(trouble::failure)? == [(before.sequence, Some(before.seal))];
            if !chain.accepted.contains(&head) && (before.sequence > after || !stands) {
                return Err(self.broken(Wholeness::Gap {
                    after,
                    found: head.sequence,
                }));
            }
            chain.tip = before;
        }
        let mut answer = Vec::with_capacity(page.len());
        for stored in page {
            match chain.take(&self.key, stored) {
                Ok(row) => answer.push(row),
                Err(gap) => return Err(self.broken(gap)),
            }
        }
        if ended && after < tip && chain.tip.sequence < tip {
            return Err(self.cut(tip, chain.tip.sequence.max(after)));
        }
        Ok(answer)
    }
}

/// Bytes of bodies after which a page ends.
const PAGE_BYTES: usize = 4 * MAX_BODY;
