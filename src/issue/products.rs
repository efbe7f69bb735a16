//! What can be certified: vaccines and tests with their codes in every system, as versioned data.
//!
//! Refuses inconsistent tables: see [`Products::parse`].
//!
//! Source: EU value sets 2.12.0 (medicinal products, holders, prophylaxis, test types), WHO DDCC code systems (ICD-11),
//! CDC CVX, SNOMED CT; KFA codes where SATUSEHAT publishes them.

use std::collections::BTreeMap;

/// The table of vaccines and tests.
#[derive(Clone, Debug, Default)]
pub struct Products {
    /// The table's version: a date, as the file says it.
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
