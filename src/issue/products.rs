//! What can be certified: vaccines and tests with their codes in every system, as versioned data.
//!
//! Refuses inconsistent tables: see [`Products::parse`].
//!
//! Source: EU value sets 2.12.0 (medicinal products, holders, prophylaxis, test types), WHO DDCC code systems (ICD-11),
//! CDC CVX, SNOMED CT; KFA codes where SATUSEHAT publishes them. Dose numbers: European Commission, IP/21/6837.

mod table;

use crate::failure::{Code, Failure};
use std::collections::BTreeMap;

/// The table of vaccines and tests.
#[derive(Clone, Debug, Default)]
pub struct Products {
    /// The table's version: the later date of its two files.
    pub version: String,
    /// Vaccines by id.
    pub vaccines: BTreeMap<String, Vaccine>,
    /// Tests by id.
    pub tests: BTreeMap<String, TestKind>,
}

/// A vaccine product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vaccine {
    /// Its name for people.
    pub name: String,
    /// Its codes in the EU's value sets, where it has any.
    pub eu: Option<EuVaccine>,
    /// ICD-11 code of its class, such as `XM1NL1`.
    pub icd11_class: String,
    /// ICD-11 code of the product, where it has one.
    pub icd11_brand: Option<String>,
    /// SNOMED CT code of its class, which WHO certificates may carry.
    pub snomed: Option<String>,
    /// SNOMED CT code of the product, where it has one.
    pub snomed_brand: Option<String>,
    /// CVX codes that mean it alone.
    pub cvx: Vec<String>,
    /// KFA codes that mean it.
    pub kfa: Vec<String>,
    /// The manufacturer's name for people.
    pub manufacturer: String,
    /// Doses of the primary series.
    pub primary_doses: u32,
    /// How many doses may follow the primary series.
    pub boosters: u32,
}

/// The codes of a product in the EU's value sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EuVaccine {
    /// `vp`: SNOMED CT or ATC.
    pub prophylaxis: String,
    /// `mp`.
    pub product: String,
    /// `ma`.
    pub holder: String,
}

/// A kind of test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestKind {
    /// Its name for people; for nucleic-acid tests also `nm`.
    pub name: String,
    /// LOINC code of its type: `LP6464-4` or `LP217198-3`.
    pub loinc: String,
    /// The identifier of a rapid test's device in the EU's list.
    pub device: Option<String>,
    /// LOINC codes of observations that mean it.
    pub observations: Vec<String>,
}

impl Products {
    /// The table that this program was built with.
    ///
    /// # Errors
    /// `configuration_invalid`, never in a released program: a test reads it.
    pub fn embedded() -> Result<Self, Failure> {
        Self::parse(
            include_str!("../../products/vaccines.toml"),
            include_str!("../../products/tests.toml"),
        )
    }

    /// The id of the one vaccine that `code` of the code system `system` means.
    ///
    /// A code of a whole class means none. `system` is a URI as in FHIR: [`KFA`], [`CVX`], [`SNOMED`], [`ICD11`], or
    /// [`PRODUCT_ID`] for the ids of this table.
    pub fn by_code(&self, system: &str, code: &str) -> Option<&str> {
        let means = |id: &str, vaccine: &Vaccine| match system {
            KFA => vaccine.kfa.iter().any(|kfa| kfa == code),
            CVX => vaccine.cvx.iter().any(|cvx| cvx == code),
            SNOMED => vaccine.snomed_brand.as_deref() == Some(code),
            ICD11 => vaccine.icd11_brand.as_deref() == Some(code),
            PRODUCT_ID => id == code,
            _ => false,
        };
        let mut rows = self.vaccines.iter();
        rows.find(|(id, vaccine)| means(id, vaccine))
            .map(|(id, _)| id.as_str())
    }

    /// The id of the one test that `code` of the code system `system`, made with `device`, means.
    ///
    /// `system` is [`LOINC`], or [`TEST_ID`] for the ids of this table, which need no device. `device` is a rapid test's
    /// number in the EU's list.
    pub fn test_by_code(&self, system: &str, code: &str, device: Option<&str>) -> Option<&str> {
        let means = |id: &str, test: &TestKind| match system {
            LOINC => {
                let observed = test.observations.iter().any(|loinc| loinc == code);
                observed && (test.device.is_none() || test.device.as_deref() == device)
            }
            TEST_ID => id == code,
            _ => false,
        };
        let mut rows = self.tests.iter();
        rows.find(|(id, test)| means(id, test))
            .map(|(id, _)| id.as_str())
    }
}

impl Vaccine {
    /// How certificates count the dose `dose`, which is counted from 1: its number, and the doses of its series.
    ///
    /// A dose of the primary series is n of the series. A booster is told apart from a completed series: after a series of
    /// one it is 2 of 1, after a longer one 3 of 3.
    ///
    /// # Errors
    /// `dose_invalid`: 0, or beyond the boosters.
    pub fn check_dose(&self, dose: u32) -> Result<(u32, u32), Failure> {
        if dose == 0 || dose > self.primary_doses.saturating_add(self.boosters) {
            let reason = "dose is beyond the product's schedule";
            return Err(Code::DoseInvalid.because(reason).about("dose"));
        }
        Ok(match (dose > self.primary_doses, self.primary_doses) {
            (false, series) => (dose, series),
            (true, 1) => (dose, 1),
            (true, _) => (dose, dose),
        })
    }
}

impl TestKind {
    /// Whether it amplifies nucleic acid, such as a PCR; else it is a rapid immunoassay.
    pub fn amplifies(&self) -> bool {
        self.loinc == AMPLIFICATION
    }
}

/// SATUSEHAT's dictionary of drugs (Kamus Farmasi dan Alat Kesehatan).
pub const KFA: &str = "http://sys-ids.kemkes.go.id/kfa";
/// The vaccine codes of the United States' CDC.
pub const CVX: &str = "http://hl7.org/fhir/sid/cvx";
/// SNOMED CT.
pub const SNOMED: &str = "http://snomed.info/sct";
/// ICD-11, mortality and morbidity statistics.
pub const ICD11: &str = "http://id.who.int/icd11/mms";
/// LOINC.
pub const LOINC: &str = "http://loinc.org";
/// The ids of this table's vaccines.
pub const PRODUCT_ID: &str = "urn:lintas:product";
/// The ids of this table's tests.
pub const TEST_ID: &str = "urn:lintas:test";

const AMPLIFICATION: &str = "LP6464-4";
const IMMUNOASSAY: &str = "LP217198-3";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_booster_is_told_apart_from_a_completed_series() {
        let products = Products::embedded().unwrap();
        let doses = |id: &str| -> Vec<Option<(u32, u32)>> {
            let vaccine = &products.vaccines[id];
            (0..=6).map(|dose| vaccine.check_dose(dose).ok()).collect()
        };
        let (none, some) = (None, |dose, doses| Some((dose, doses)));
        assert_eq!(
            doses("coronavac"),
            [
                none,
                some(1, 2),
                some(2, 2),
                some(3, 3),
                some(4, 4),
                none,
                none
            ]
        );
        assert_eq!(
            doses("janssen"),
            [none, some(1, 1), some(2, 1), some(3, 1), none, none, none]
        );
        assert_eq!(
            doses("zifivax"),
            [
                none,
                some(1, 3),
                some(2, 3),
                some(3, 3),
                some(4, 4),
                some(5, 5),
                none
            ]
        );
        let failure = products.vaccines["coronavac"].check_dose(5).unwrap_err();
        assert_eq!(
            (failure.code(), failure.member()),
            (Code::DoseInvalid, Some("dose"))
        );
    }

    #[test]
    fn a_code_means_one_product_or_none() {
        let products = Products::embedded().unwrap();
        for (system, code, meant) in [
            (CVX, "511", Some("coronavac")),
            (CVX, "507", Some("zifivax")),
            (CVX, "513", Some("zifivax")),
            (CVX, "500", None),
            (CVX, "211", None),
            (ICD11, "XM7HT3", Some("coronavac")),
            (ICD11, "XM1NL1", None),
            (SNOMED, "33471000087102", Some("zifivax")),
            (SNOMED, "1162643001", None),
            (PRODUCT_ID, "indovac", Some("indovac")),
            (KFA, "93005208", None),
            ("http://example.org", "511", None),
        ] {
            assert_eq!(products.by_code(system, code), meant, "{system} {code}");
        }
    }

    #[test]
    fn rapid_tests_are_told_apart_by_their_device() {
        let products = Products::embedded().unwrap();
        let test = |code, device| products.test_by_code(LOINC, code, device);
        assert_eq!(test("94500-6", None), Some("pcr"));
        assert_eq!(test("94558-4", Some("1232")), Some("antigen_panbio"));
        assert_eq!(test("94558-4", None), None);
        assert_eq!(test("94558-4", Some("1")), None);
        assert_eq!(products.test_by_code(TEST_ID, "tcm", None), Some("tcm"));
        assert!(products.tests["tcm"].amplifies());
        assert!(!products.tests["antigen_panbio"].amplifies());
    }
}
