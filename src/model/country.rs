//! The country a certificate, a signer or a rule belongs to: one ISO 3166-1 alpha-2 code.
//!
//! Refuses lower case, names, numbers, withdrawn codes and surrounding space: what is not a code in
//! the table or one left to its users is no country.
//!
//! Source: ISO 3166-1 (alpha-2, alpha-3, codes left to users); EU interinstitutional style guide,
//! annex A5 (EL, UK); WHO TNG participant codes (XXA for XA).

use std::fmt;

/// A country, or a party that stands for one, as an upper-case ISO 3166-1 alpha-2 code.
///
/// Equal countries are equal codes: `EL` and `GRC` both parse to `GR`. Codes that ISO leaves to
/// users (`AA`, `QM` to `QZ`, `XA` to `XZ`, `ZZ`) are countries too, for Kosovo (`XK`), WHO's
/// virtual participants and the demo environment; so are `EU` and `UN`, which ISO reserves and
/// gateways list as parties, and `DX`, which the EU gateway's acceptance tests have for a country.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// The country of the demo environment, `ZZ`: no state will ever be given it.
    pub const DEMO: Self = Self(*b"ZZ");

    /// The country `text` names: exactly an alpha-2 or alpha-3 code in upper case, else `None`.
    ///
    /// `EL` is Greece and `UK` the United Kingdom, as EU gateways write them. `XXA` to `XXZ` are
    /// WHO's alpha-3 forms of `XA` to `XZ`; `XK` is `XKX` as well, so `XXK` and `XKX` are one
    /// country here.
    pub fn parse(text: &str) -> Option<Self> {
        let alpha2 = match text {
            "EL" => "GR",
            "UK" => "GB",
            "XXK" => "XK",
            _ if text.len() == 3 => alpha2_of(text)?,
            _ if is_alpha2(text) => text,
            _ => return None,
        };
        alpha2.as_bytes().try_into().ok().map(Self)
    }

    /// The alpha-2 code, two upper-case ASCII letters.
    pub fn as_str(&self) -> &str {
        // `parse` and `DEMO` admit ASCII only, so the empty default is never taken.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether it is one of the codes under which networks file participants that exist for tests: `DX`, and `XA` to `XZ`,
    /// but for Kosovo's.
    pub fn is_for_tests(&self) -> bool {
        matches!(self.0, [b'X', second] if second != b'K') || self.0 == *b"DX"
    }

    /// The alpha-3 code, `XXA` to `XXZ` for `XA` to `XZ` (`XKX` for `XK`); `None` for the other
    /// codes left to users.
    pub fn alpha3(&self) -> Option<&'static str> {
        let alpha2 = self.as_str();
        rows().find(|row| row.0 == alpha2).map(|row| row.1)
    }
}

impl fmt::Display for Country {
    /// The alpha-2 code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn is_alpha2(text: &str) -> bool {
    let [first, second] = text.as_bytes() else {
        return false;
    };
    matches!(text, "AA" | "DX" | "EU" | "UN" | "ZZ")
        || ("QM"..="QZ").contains(&text)
        || seconds_of(*first) & bit(*second) != 0
}

/// The second letters that codes with the letter `first` have, a bit each.
fn seconds_of(first: u8) -> u32 {
    let row = first.checked_sub(b'A').map(usize::from);
    let seconds = row.and_then(|row| ALPHA2.get(row));
    seconds.copied().unwrap_or_default()
}

const fn bit(letter: u8) -> u32 {
    match letter {
        b'A'..=b'Z' => 1 << (letter - b'A'),
        _ => 0,
    }
}

fn alpha2_of(alpha3: &str) -> Option<&'static str> {
    rows().find(|row| row.1 == alpha3).map(|row| row.0)
}

fn rows() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    ISO_3166.iter().chain(USER_ASSIGNED_X)
}

/// The codes of both tables below, found without a search: issuers are looked up in every verdict.
const ALPHA2: [u32; 26] = alpha2();

#[allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "run by the compiler, which refuses what is out of range"
)]
const fn alpha2() -> [u32; 26] {
    let mut seconds = [0; 26];
    let tables = [ISO_3166, USER_ASSIGNED_X];
    let mut table = 0;
    while table < tables.len() {
        let mut row = 0;
        while row < tables[table].len() {
            let code = tables[table][row].0.as_bytes();
            seconds[(code[0] - b'A') as usize] |= bit(code[1]);
            row += 1;
        }
        table += 1;
    }
    seconds
}

/// Every officially assigned code of ISO 3166-1: alpha-2, alpha-3; sorted by alpha-2.
#[rustfmt::skip]
const ISO_3166: &[(&str, &str)] = &[
    ("AD", "AND"), ("AE", "ARE"), ("AF", "AFG"), ("AG", "ATG"), ("AI", "AIA"), ("AL", "ALB"),
    ("AM", "ARM"), ("AO", "AGO"), ("AQ", "ATA"), ("AR", "ARG"), ("AS", "ASM"), ("AT", "AUT"),
    ("AU", "AUS"), ("AW", "ABW"), ("AX", "ALA"), ("AZ", "AZE"), ("BA", "BIH"), ("BB", "BRB"),
    ("BD", "BGD"), ("BE", "BEL"), ("BF", "BFA"), ("BG", "BGR"), ("BH", "BHR"), ("BI", "BDI"),
    ("BJ", "BEN"), ("BL", "BLM"), ("BM", "BMU"), ("BN", "BRN"), ("BO", "BOL"), ("BQ", "BES"),
    ("BR", "BRA"), ("BS", "BHS"), ("BT", "BTN"), ("BV", "BVT"), ("BW", "BWA"), ("BY", "BLR"),
    ("BZ", "BLZ"), ("CA", "CAN"), ("CC", "CCK"), ("CD", "COD"), ("CF", "CAF"), ("CG", "COG"),
    ("CH", "CHE"), ("CI", "CIV"), ("CK", "COK"), ("CL", "CHL"), ("CM", "CMR"), ("CN", "CHN"),
    ("CO", "COL"), ("CR", "CRI"), ("CU", "CUB"), ("CV", "CPV"), ("CW", "CUW"), ("CX", "CXR"),
    ("CY", "CYP"), ("CZ", "CZE"), ("DE", "DEU"), ("DJ", "DJI"), ("DK", "DNK"), ("DM", "DMA"),
    ("DO", "DOM"), ("DZ", "DZA"), ("EC", "ECU"), ("EE", "EST"), ("EG", "EGY"), ("EH", "ESH"),
    ("ER", "ERI"), ("ES", "ESP"), ("ET", "ETH"), ("FI", "FIN"), ("FJ", "FJI"), ("FK", "FLK"),
    ("FM", "FSM"), ("FO", "FRO"), ("FR", "FRA"), ("GA", "GAB"), ("GB", "GBR"), ("GD", "GRD"),
    ("GE", "GEO"), ("GF", "GUF"), ("GG", "GGY"), ("GH", "GHA"), ("GI", "GIB"), ("GL", "GRL"),
    ("GM", "GMB"), ("GN", "GIN"), ("GP", "GLP"), ("GQ", "GNQ"), ("GR", "GRC"), ("GS", "SGS"),
    ("GT", "GTM"), ("GU", "GUM"), ("GW", "GNB"), ("GY", "GUY"), ("HK", "HKG"), ("HM", "HMD"),
    ("HN", "HND"), ("HR", "HRV"), ("HT", "HTI"), ("HU", "HUN"), ("ID", "IDN"), ("IE", "IRL"),
    ("IL", "ISR"), ("IM", "IMN"), ("IN", "IND"), ("IO", "IOT"), ("IQ", "IRQ"), ("IR", "IRN"),
    ("IS", "ISL"), ("IT", "ITA"), ("JE", "JEY"), ("JM", "JAM"), ("JO", "JOR"), ("JP", "JPN"),
    ("KE", "KEN"), ("KG", "KGZ"), ("KH", "KHM"), ("KI", "KIR"), ("KM", "COM"), ("KN", "KNA"),
    ("KP", "PRK"), ("KR", "KOR"), ("KW", "KWT"), ("KY", "CYM"), ("KZ", "KAZ"), ("LA", "LAO"),
    ("LB", "LBN"), ("LC", "LCA"), ("LI", "LIE"), ("LK", "LKA"), ("LR", "LBR"), ("LS", "LSO"),
    ("LT", "LTU"), ("LU", "LUX"), ("LV", "LVA"), ("LY", "LBY"), ("MA", "MAR"), ("MC", "MCO"),
    ("MD", "MDA"), ("ME", "MNE"), ("MF", "MAF"), ("MG", "MDG"), ("MH", "MHL"), ("MK", "MKD"),
    ("ML", "MLI"), ("MM", "MMR"), ("MN", "MNG"), ("MO", "MAC"), ("MP", "MNP"), ("MQ", "MTQ"),
    ("MR", "MRT"), ("MS", "MSR"), ("MT", "MLT"), ("MU", "MUS"), ("MV", "MDV"), ("MW", "MWI"),
    ("MX", "MEX"), ("MY", "MYS"), ("MZ", "MOZ"), ("NA", "NAM"), ("NC", "NCL"), ("NE", "NER"),
    ("NF", "NFK"), ("NG", "NGA"), ("NI", "NIC"), ("NL", "NLD"), ("NO", "NOR"), ("NP", "NPL"),
    ("NR", "NRU"), ("NU", "NIU"), ("NZ", "NZL"), ("OM", "OMN"), ("PA", "PAN"), ("PE", "PER"),
    ("PF", "PYF"), ("PG", "PNG"), ("PH", "PHL"), ("PK", "PAK"), ("PL", "POL"), ("PM", "SPM"),
    ("PN", "PCN"), ("PR", "PRI"), ("PS", "PSE"), ("PT", "PRT"), ("PW", "PLW"), ("PY", "PRY"),
    ("QA", "QAT"), ("RE", "REU"), ("RO", "ROU"), ("RS", "SRB"), ("RU", "RUS"), ("RW", "RWA"),
    ("SA", "SAU"), ("SB", "SLB"), ("SC", "SYC"), ("SD", "SDN"), ("SE", "SWE"), ("SG", "SGP"),
    ("SH", "SHN"), ("SI", "SVN"), ("SJ", "SJM"), ("SK", "SVK"), ("SL", "SLE"), ("SM", "SMR"),
    ("SN", "SEN"), ("SO", "SOM"), ("SR", "SUR"), ("SS", "SSD"), ("ST", "STP"), ("SV", "SLV"),
    ("SX", "SXM"), ("SY", "SYR"), ("SZ", "SWZ"), ("TC", "TCA"), ("TD", "TCD"), ("TF", "ATF"),
    ("TG", "TGO"), ("TH", "THA"), ("TJ", "TJK"), ("TK", "TKL"), ("TL", "TLS"), ("TM", "TKM"),
    ("TN", "TUN"), ("TO", "TON"), ("TR", "TUR"), ("TT", "TTO"), ("TV", "TUV"), ("TW", "TWN"),
    ("TZ", "TZA"), ("UA", "UKR"), ("UG", "UGA"), ("UM", "UMI"), ("US", "USA"), ("UY", "URY"),
    ("UZ", "UZB"), ("VA", "VAT"), ("VC", "VCT"), ("VE", "VEN"), ("VG", "VGB"), ("VI", "VIR"),
    ("VN", "VNM"), ("VU", "VUT"), ("WF", "WLF"), ("WS", "WSM"), ("YE", "YEM"), ("YT", "MYT"),
    ("ZA", "ZAF"), ("ZM", "ZMB"), ("ZW", "ZWE"),
];

/// The block `XA` to `XZ`, left to users: WHO's virtual participants, and Kosovo as `XKX`.
#[rustfmt::skip]
const USER_ASSIGNED_X: &[(&str, &str)] = &[
    ("XA", "XXA"), ("XB", "XXB"), ("XC", "XXC"), ("XD", "XXD"), ("XE", "XXE"), ("XF", "XXF"),
    ("XG", "XXG"), ("XH", "XXH"), ("XI", "XXI"), ("XJ", "XXJ"), ("XK", "XKX"), ("XL", "XXL"),
    ("XM", "XXM"), ("XN", "XXN"), ("XO", "XXO"), ("XP", "XXP"), ("XQ", "XXQ"), ("XR", "XXR"),
    ("XS", "XXS"), ("XT", "XXT"), ("XU", "XXU"), ("XV", "XXV"), ("XW", "XXW"), ("XX", "XXX"),
    ("XY", "XXY"), ("XZ", "XXZ"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<String> {
        Country::parse(text).map(|country| country.to_string())
    }

    #[test]
    fn the_table_has_249_rows_sorted_and_unique() {
        assert_eq!(ISO_3166.len(), 249);
        assert!(ISO_3166.is_sorted_by(|a, b| a.0 < b.0));
        assert!(USER_ASSIGNED_X.is_sorted_by(|a, b| a.0 < b.0));
        let alpha2: std::collections::BTreeSet<_> = rows().map(|row| row.0).collect();
        let alpha3: std::collections::BTreeSet<_> = rows().map(|row| row.1).collect();
        assert_eq!((alpha2.len(), alpha3.len()), (249 + 26, 249 + 26));
    }

    #[test]
    fn the_table_of_letters_says_what_the_rows_say() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let Ok(text) = String::from_utf8(vec![first, second]) else {
                    continue;
                };
                let listed = rows().any(|row| row.0 == text);
                assert_eq!(seconds_of(first) & bit(second) != 0, listed, "{text:?}");
            }
        }
    }

    #[test]
    fn every_row_is_upper_case_and_parses_both_ways() {
        for &(alpha2, alpha3) in rows() {
            assert!(
                format!("{alpha2}{alpha3}")
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase())
            );
            assert_eq!((alpha2.len(), alpha3.len()), (2, 3));
            let country = Country::parse(alpha2).expect(alpha2);
            assert_eq!(Country::parse(alpha3), Some(country));
            assert_eq!((country.as_str(), country.alpha3()), (alpha2, Some(alpha3)));
        }
    }

    #[test]
    fn greece_and_the_united_kingdom_have_their_eu_names_too() {
        assert_eq!(Country::parse("EL"), Country::parse("GR"));
        assert_eq!(Country::parse("UK"), Country::parse("GB"));
        assert_eq!(code("EL").as_deref(), Some("GR"));
        assert_eq!(code("UK").as_deref(), Some("GB"));
    }

    #[test]
    fn alpha_3_names_the_same_country() {
        assert_eq!(code("IDN").as_deref(), Some("ID"));
        assert_eq!(code("GRC").as_deref(), Some("GR"));
        assert_eq!(code("DEU").as_deref(), Some("DE"));
    }

    #[test]
    fn kosovo_is_xk_by_every_name() {
        for name in ["XK", "XKX", "XXK"] {
            assert_eq!(code(name).as_deref(), Some("XK"), "{name}");
        }
        assert_eq!(
            Country::parse("XK").and_then(|country| country.alpha3()),
            Some("XKX")
        );
    }

    #[test]
    fn test_participants_are_told_from_kosovo() {
        let is_for_tests = |name| Country::parse(name).unwrap().is_for_tests();
        assert!(is_for_tests("XA") && is_for_tests("XXH") && is_for_tests("XZ"));
        assert!(is_for_tests("DX"));
        assert!(!is_for_tests("XK") && !is_for_tests("ZZ") && !is_for_tests("ID"));
    }

    #[test]
    fn codes_left_to_users_stand_for_themselves() {
        for name in ["AA", "QM", "QS", "QZ", "XA", "XO", "XZ", "ZZ"] {
            assert_eq!(code(name).as_deref(), Some(name));
        }
        assert_eq!(code("XXA").as_deref(), Some("XA"));
        assert_eq!(Country::parse("ZZ"), Some(Country::DEMO));
        assert_eq!(Country::DEMO.alpha3(), None);
    }

    #[test]
    fn neighbours_of_the_codes_left_to_users_are_refused() {
        for name in [
            "AB", "QL", "QMA", "YA", "ZY", "ZZZ", "AAA", "X", "XX1", "Q[", "XXa",
        ] {
            assert_eq!(code(name), None, "{name}");
        }
    }

    #[test]
    fn lower_case_is_refused() {
        for name in ["id", "Id", "idn", "el", "zz", "xk", "qm", "qM", "Qm", "xxa"] {
            assert_eq!(code(name), None, "{name}");
        }
    }

    #[test]
    fn sentences_numbers_and_padding_are_refused() {
        for name in [
            "",
            "I",
            "Republik Indonesia",
            "360",
            "ID ",
            " ID",
            "ID\n",
            "IDNX",
            "I\u{0}",
            "é",
            "€",
            "XCL",
        ] {
            assert_eq!(code(name), None, "{name}");
        }
    }

    #[test]
    fn a_country_is_shown_as_its_code() {
        let indonesia = Country::parse("IDN").expect("a row of the table");
        assert_eq!(
            format!("{indonesia} {indonesia:?} {indonesia:>4}"),
            "ID ID   ID"
        );
    }
}
