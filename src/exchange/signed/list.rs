//! What a signed list comes to, whatever its form, and what one is made of.
//!
//! Refuses nothing; the forms do.

use crate::exchange::Row;
use crate::model::{Country, UnixTime};
use crate::trust::Purposes;

/// A list whose signature holds.
#[derive(Debug)]
pub struct SignedList {
    /// Its entries, in order.
    pub entries: Vec<Row>,
    /// SHA-256 over the certificate that signed it, or over the public key where there is no certificate.
    pub signer: [u8; 32],
    /// When it was made, where it says so.
    pub issued_at: Option<UnixTime>,
    /// The last second in which it may be used, where it says so.
    pub expires_at: Option<UnixTime>,
}

macro_rules! forms {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal;)*) => {
        /// A form of signed list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ListForm {
            $($(#[doc = $doc])* $variant,)*
        }

        impl ListForm {
            /// Every form.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The machine name, as in `feeds.toml`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

forms! {
    /// CBOR beside a COSE message with its hash and times.
    Austria     "austria";
    /// A line with a signature over the JSON that follows.
    Germany     "germany";
    /// Our own: one COSE message.
    Lintas      "lintas";
    /// JSON in Base64 beside a CMS message.
    Netherlands "netherlands";
    /// One JWS.
    Sweden      "sweden";
    /// A JWS with the key identifiers in force, and others with the keys.
    Switzerland "switzerland";
}

impl ListForm {
    /// The form with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|form| form.name() == name)
    }
}

/// A signer to publish.
#[derive(Clone, Debug)]
pub struct PublishedSigner {
    /// The country it signs for.
    pub country: Country,
    /// Its certificate, X.509 in DER.
    pub certificate: Vec<u8>,
    /// What it may sign.
    pub purposes: Purposes,
    /// When it was admitted.
    pub admitted_at: UnixTime,
    /// The CMS message by which its country uploaded it, where there is one.
    pub upload: Option<Vec<u8>>,
}
