//! The explicit table of oddities that good certificates in circulation show and Lintas tolerates, each by name.
//!
//! What is not in this table is refused with a code of its own. A policy may refuse any quirk
//! (`verify::Policy::refused_quirks`). No quirk ever touches the signature: signed bytes are judged as received.
//!
//! Source: observed in the public test certificates of the member states (dgc-testdata, dcc-quality-assurance);
//! SpecialCaseHandling.md of the latter; the WHO's published samples of its legacy form.

use std::fmt;

macro_rules! quirks {
    ($($variant:ident $name:literal $concerns:ident $sentence:literal;)*) => {
        /// A named, harmless deviation from the letter of a format.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Quirk {
            $(#[doc = $sentence] $variant,)*
        }

        impl Quirk {
            /// Every quirk, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The machine name, stable for ever.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One English sentence.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }

            /// Which part of the certificate is odd.
            pub fn concerns(self) -> Concern {
                match self { $(Self::$variant => Concern::$concerns,)* }
            }
        }
    };
}

/// Which part of a credential a quirk is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Concern {
    /// How the text was handed over.
    Text,
    /// The signed envelope and its claims.
    Envelope,
    /// The health certificate: the published schema of its declared version would refuse it.
    Schema,
    /// A value that is well-formed and needs translation.
    Value,
    /// The relation of the credential to its signer.
    Signer,
}

quirks! {
    WhitespaceTrimmed     "whitespace_trimmed"       Text     "White space around the text was ignored.";
    LowerCased            "lower_cased"              Text     "The text came in lower case and was read in upper case.";
    CoseUntagged          "cose_untagged"            Envelope "The COSE_Sign1 message lacks its tag 18.";
    CwtTagged             "cwt_tagged"               Envelope "The message wears the CWT tag 61 around tag 18.";
    UnprotectedKid        "unprotected_kid"          Envelope "The key identifier stands only in the unprotected header.";
    UnprotectedKidIgnored "unprotected_kid_ignored"  Envelope "A second, different key identifier in the unprotected header was ignored.";
    UnprotectedAlgorithm  "unprotected_algorithm"    Envelope "The algorithm stands only in the unprotected header.";
    CborNotPreferred      "cbor_not_preferred"       Envelope "Indefinite or over-long CBOR lengths are used.";
    FloatTime             "float_time"               Envelope "A time is a floating-point number and was truncated to the second.";
    FloatNumber           "float_number"             Value    "A whole number is written as a floating-point number.";
    TaggedDatetime        "tagged_datetime"          Value    "A date or time wears a CBOR date tag.";
    LegacySpelling        "legacy_spelling"          Value    "A code is misspelt in a known way and was read as the right one.";
    NullField             "null_field"               Schema   "An absent field is written as null.";
    DatetimeInDate        "datetime_in_date"         Schema   "A date carries a time of day, which was ignored.";
    ImpossibleDate        "impossible_date"          Schema   "The birth date does not exist in the calendar and was read as far as it does.";
    OutsideVersion        "outside_declared_version" Schema   "A field follows the rules of a later version than the certificate declares.";
    IssuerNotACountry     "issuer_not_a_country"     Signer   "The issuer is named by something other than a country code.";
    SignerCountryUnknown  "signer_country_unknown"   Signer   "Neither the signer's certificate nor its source names a country, so the issuer was not compared.";
    ExceedsSigner         "exceeds_signer"           Signer   "The credential ends after its signer's certificate.";
    IssuedBeforeSigner    "issued_before_signer"     Signer   "The credential was issued before its signer's certificate began.";
    NoClaims              "no_claims"                Envelope "The health certificate stands alone, without issuer and period around it.";
    FieldMissing          "field_missing"            Schema   "A field that the format requires is missing.";
    TextForCode           "text_for_code"            Value    "Plain text stands where a code should.";
    IdentifierElsewhere   "identifier_elsewhere"     Schema   "The certificate's identifier stands where the person's should.";
    DateWithoutTime       "date_without_time"        Value    "An instant lacks its time of day and was read as the start of the day.";
}

impl Quirk {
    /// The quirk with this machine name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|quirk| quirk.name() == name)
    }
}

impl fmt::Display for Quirk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The quirks seen in one credential: each once, in the order of the table; a bit each.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Quirks(u32);

impl Quirks {
    /// Notes that `quirk` was seen.
    pub fn note(&mut self, quirk: Quirk) {
        self.0 |= bit(quirk);
    }

    /// Notes all of `others`.
    pub fn extend(&mut self, others: &Self) {
        self.0 |= others.0;
    }

    /// Whether `quirk` was seen.
    pub fn contains(&self, quirk: Quirk) -> bool {
        self.0 & bit(quirk) != 0
    }

    /// Whether none was seen.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// The quirks seen, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = Quirk> + '_ {
        let seen = if self.is_empty() { &[] } else { Quirk::ALL };
        seen.iter().copied().filter(|quirk| self.contains(*quirk))
    }
}

impl fmt::Debug for Quirks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[allow(
    clippy::as_conversions,
    reason = "the number of a variant, which has no other way to be told"
)]
const fn bit(quirk: Quirk) -> u32 {
    1 << quirk as u32
}

const _: () = assert!(Quirk::ALL.len() <= 32, "a bit for each");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quirks_are_kept_once_and_in_order() {
        let mut quirks = Quirks::default();
        for quirk in [Quirk::FloatTime, Quirk::LowerCased, Quirk::FloatTime] {
            quirks.note(quirk);
        }
        assert_eq!(
            quirks.iter().collect::<Vec<_>>(),
            [Quirk::LowerCased, Quirk::FloatTime]
        );
    }

    #[test]
    fn machine_names_are_unique() {
        for (index, quirk) in Quirk::ALL.iter().enumerate() {
            assert!(
                Quirk::ALL
                    .iter()
                    .skip(index + 1)
                    .all(|other| other.name() != quirk.name())
            );
            assert_eq!(Quirk::named(quirk.name()), Some(*quirk));
        }
    }
}
