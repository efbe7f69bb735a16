//! Making a layer.
//!
//! Refuses nothing: whatever is withdrawn of what was issued has a layer. The same certificates make other bytes each time, which
//! say the same.

use super::{Layer, MAX_BLOCK_BITS, Row, WIDTH, block};
use crate::model::UnixTime;
use crate::revocation::Leading;
use clubcard::builder::{ApproximateRibbon, ClubcardBuilder, ExactRibbon};
use clubcard::{AsQuery, Clubcard, ClubcardIndex, Equation, Filterable};

/// A certificate that is put in.
struct Issued {
    row: Row,
    is_withdrawn: bool,
}

impl AsQuery<WIDTH> for Issued {
    fn as_query(&self, m: usize) -> Equation<WIDTH> {
        self.row.as_query(m)
    }

    fn block(&self) -> &[u8] {
        self.row.block()
    }

    fn discriminant(&self) -> &[u8] {
        self.row.discriminant()
    }
}

impl Filterable<WIDTH> for Issued {
    fn included(&self) -> bool {
        self.is_withdrawn
    }
}

impl Layer {
    /// The layer of those of `certificates` that are withdrawn, as the second part of each says, of all that were issued
    /// before the instant. Each stands in it once.
    pub fn of(issued_before: UnixTime, certificates: &mut [(Leading, bool)]) -> Self {
        certificates.sort_unstable();
        let withdrawn = certificates.iter().filter(|(_, it)| *it).count();
        if withdrawn == 0 {
            return Self {
                issued_before,
                bits: 0,
                card: Clubcard {
                    universe: (),
                    partition: (),
                    index: ClubcardIndex::new(),
                    approx_filter: Vec::new(),
                    exact_filter: Vec::new(),
                },
            };
        }
        let blocks = withdrawn.div_ceil(BLOCK).next_power_of_two();
        let bits = u8::try_from(blocks.ilog2()).unwrap_or(MAX_BLOCK_BITS);
        let bits = bits.min(MAX_BLOCK_BITS);
        let row = |(hash, is_withdrawn): &(Leading, bool)| Issued {
            row: Row::of(*hash, bits),
            is_withdrawn: *is_withdrawn,
        };
        let of = |(hash, _): &(Leading, bool)| block(*hash, bits);
        let blocks = || certificates.chunk_by(|one, two| of(one) == of(two));
        let name = |rows: &[(Leading, bool)]| rows.first().map(of).map_or_else(Vec::new, Vec::from);
        let mut builder = ClubcardBuilder::new();
        let ribbons = blocks().map(|rows| {
            let mut ribbon = builder.new_approx_builder(&name(rows));
            ribbon.set_universe_size(rows.len());
            let withdrawn = rows.iter().filter(|(_, it)| *it).map(row);
            withdrawn.for_each(|row| ribbon.insert(row));
            ApproximateRibbon::from(ribbon)
        });
        let ribbons = ribbons.collect();
        builder.collect_approx_ribbons(ribbons);
        let ribbons = blocks().map(|rows| {
            let mut ribbon = builder.new_exact_builder(&name(rows));
            rows.iter().map(row).for_each(|row| ribbon.insert(row));
            ExactRibbon::from(ribbon)
        });
        let ribbons = ribbons.collect();
        builder.collect_exact_ribbons(ribbons);
        Self {
            issued_before,
            bits,
            card: builder.build::<Row>((), ()),
        }
    }
}

/// Withdrawn certificates of a block at most: with many more some stand in no equation and are looked for one by one.
const BLOCK: usize = 250_000;
