//! Makes the certificate that a form states of an event.
//!
//! Refuses to make up a code: where a product has none of its own, its name stands, or there is no certificate.
//!
//! Source: EU value sets 2.12.0 (disease, results); WHO DDCC code systems (ICD-11 MMS: disease RA01, pathogen XN109, results
//! RA01.0 and QA02); FHIR R4 for the names of systems.

use super::Issuer;
use super::event::{Event, Happening, Profile};
use super::products::{CVX, ICD11, LOINC, Products, SNOMED, TestKind, Vaccine};
use super::profile::{self, Profiles};
use crate::credential::{eu_dcc, who_ddcc};
use crate::failure::{Code, Failure};
use crate::model::{
    AsWritten, Coded, Coding, Country, Entry, HealthCertificate, Person, PersonName, Recovery,
    Test, Uvci, Vaccination, WhoTest, WhoVaccination,
};
use smol_str::{SmolStr, format_smolstr};

impl Profiles {
    /// The certificate that `profile` states of `event`, vouched for by `issuer` and identified by `uvci`.
    ///
    /// # Errors
    /// As [`Profiles::chosen`]; `product_has_no_eu_code` also here.
    pub fn certificate(
        &self,
        event: &Event,
        products: &Products,
        profile: Profile,
        issuer: &Issuer,
        uvci: Uvci,
    ) -> Result<HealthCertificate, Failure> {
        match profile {
            Profile::EuDcc => Ok(HealthCertificate {
                schema_version: eu_dcc::VERSION.into(),
                person: event.person.clone(),
                entry: self.eu(event, products, issuer, uvci)?,
                as_written: AsWritten::default(),
            }),
            Profile::WhoDdcc => {
                profile::stated_by_who(event)?;
                Ok(HealthCertificate {
                    schema_version: who_ddcc::VERSION.into(),
                    person: Person {
                        name: whole(&event.person.name),
                        birth_date: event.person.birth_date,
                    },
                    entry: who(event, products, issuer, uvci)?,
                    as_written: AsWritten::default(),
                })
            }
        }
    }

    fn eu(
        &self,
        event: &Event,
        products: &Products,
        issuer: &Issuer,
        uvci: Uvci,
    ) -> Result<Entry, Failure> {
        let disease = Coded(EU_COVID_19.into());
        let country = SmolStr::from(issuer.country.as_str());
        let issuer = SmolStr::from(&issuer.name);
        Ok(match &event.happening {
            Happening::Vaccination {
                product,
                dose,
                date,
                lot: _,
            } => {
                let vaccine = profile::vaccine(products, product)?;
                let (dose, doses) = vaccine.check_dose(*dose)?;
                let codes = vaccine.eu.as_ref().ok_or_else(|| {
                    Code::ProductHasNoEuCode
                        .because("the product has no EU code")
                        .about("product")
                })?;
                Entry::Vaccination(Vaccination {
                    disease,
                    vaccine: Coded(codes.prophylaxis.as_str().into()),
                    product: Coded(codes.product.as_str().into()),
                    manufacturer: Coded(codes.holder.as_str().into()),
                    dose,
                    doses,
                    date: *date,
                    country,
                    issuer,
                    uvci,
                })
            }
            Happening::Test {
                test,
                sampled_at,
                detected,
                centre,
            } => {
                let kind = profile::test_kind(products, test)?;
                let result = if *detected {
                    EU_DETECTED
                } else {
                    EU_NOT_DETECTED
                };
                Entry::Test(Test {
                    disease,
                    test_type: Coded(kind.loinc.as_str().into()),
                    name: kind.amplifies().then(|| kind.name.as_str().into()),
                    device: kind.device.as_deref().map(|device| Coded(device.into())),
                    sampled_at: *sampled_at,
                    result: Coded(result.into()),
                    centre: centre.as_deref().map(SmolStr::from),
                    country,
                    issuer,
                    uvci,
                })
            }
            Happening::Recovery { first_positive } => {
                let (valid_from, valid_until) = self.recovery(*first_positive);
                Entry::Recovery(Recovery {
                    disease,
                    first_positive: *first_positive,
                    valid_from,
                    valid_until,
                    country,
                    issuer,
                    uvci,
                })
            }
        })
    }
}

fn who(event: &Event, products: &Products, issuer: &Issuer, uvci: Uvci) -> Result<Entry, Failure> {
    let country = Some(country(issuer.country));
    let issuer = Some(SmolStr::from(&issuer.name));
    Ok(match &event.happening {
        Happening::Vaccination {
            product,
            dose,
            date,
            lot,
        } => {
            let vaccine = profile::vaccine(products, product)?;
            let (dose, doses) = vaccine.check_dose(*dose)?;
            let codes = WhoVaccine::of(vaccine);
            Entry::WhoVaccination(Box::new(WhoVaccination {
                disease: Some(Coding::of(COVID_19, ICD11)),
                vaccine: codes.class,
                brand: Some(codes.brand),
                manufacturer: codes.manufacturer,
                holder: codes.holder,
                lot: lot.as_deref().map(SmolStr::from),
                date: Some(*date),
                valid_from: None,
                dose,
                doses: Some(doses),
                next_dose: None,
                country,
                centre: None,
                issuer,
                uvci,
            }))
        }
        Happening::Test {
            test,
            sampled_at,
            detected,
            centre,
        } => {
            let kind = profile::test_kind(products, test)?;
            let result = if *detected { DETECTED } else { NOT_DETECTED };
            Entry::WhoTest(Box::new(WhoTest {
                pathogen: Coding::of(SARS_COV_2, ICD11),
                test_type: Coding::of(&kind.loinc, LOINC),
                brand: Some(device(kind)),
                manufacturer: None,
                origin: None,
                sampled_at: *sampled_at,
                result: Some(Coding::of(result, ICD11)),
                centre: centre.as_deref().map(SmolStr::from),
                country,
                issuer,
                uvci,
            }))
        }
        // Refused before, with its reason.
        Happening::Recovery { .. } => {
            return Err(Code::ClaimInvalid.because("the WHO's form states no recovery"));
        }
    })
}

/// How the WHO's form names a vaccine.
#[derive(PartialEq, Eq)]
pub(super) struct WhoVaccine {
    pub(super) class: Coding,
    pub(super) brand: Coding,
    pub(super) manufacturer: Option<Coding>,
    pub(super) holder: Option<Coding>,
}

impl WhoVaccine {
    /// The product's own code of ICD-11, else SNOMED CT, else CVX, else its name; the EU's code of who holds the
    /// authorisation, else the maker's name.
    pub(super) fn of(vaccine: &Vaccine) -> Self {
        let brand = [
            (vaccine.icd11_brand.as_ref(), ICD11),
            (vaccine.snomed_brand.as_ref(), SNOMED),
            (vaccine.cvx.first(), CVX),
        ];
        let brand = brand
            .into_iter()
            .find_map(|(code, system)| Some(Coding::of(code?, system)));
        let holder = vaccine.eu.as_ref().map(|codes| {
            let organisation = codes.holder.starts_with("ORG-");
            let system = if organisation { SPOR } else { EU_MANUFACTURERS };
            Coding::of(&codes.holder, system)
        });
        let manufacturer = holder
            .is_none()
            .then(|| Coding::words(&vaccine.manufacturer));
        Self {
            class: Coding::of(&vaccine.icd11_class, ICD11),
            brand: brand.unwrap_or_else(|| Coding::words(&vaccine.name)),
            manufacturer,
            holder,
        }
    }
}

/// How the WHO's form names a test: by its device in the EU's list, else by its name.
pub(super) fn device(kind: &TestKind) -> Coding {
    match &kind.device {
        Some(device) => Coding::of(device, DEVICES),
        None => Coding::words(&kind.name),
    }
}

/// Alpha-3 where there is such a code.
pub(super) fn country(country: Country) -> Coding {
    Coding::of(country.alpha3().unwrap_or(country.as_str()), ISO_3166)
}

/// `name` as one text: given names first, as written; as transliterated where it was not written otherwise.
fn whole(name: &PersonName) -> PersonName {
    let joined = |given: &Option<SmolStr>, family: &Option<SmolStr>| match (given, family) {
        (Some(given), Some(family)) => Some(format_smolstr!("{given} {family}")),
        (given, family) => given.clone().or_else(|| family.clone()),
    };
    let written = joined(&name.given, &name.family);
    let written = written.or_else(|| {
        let icao = joined(&name.given_icao, &name.family_icao);
        icao.map(|icao| icao.replace('<', " ").into())
    });
    PersonName {
        family: None,
        given: None,
        family_icao: None,
        given_icao: None,
        full: written.or_else(|| name.full.clone()),
    }
}

/// COVID-19 in the EU's value set, SNOMED CT.
pub(super) const EU_COVID_19: &str = "840539006";
/// Results in the EU's value set, SNOMED CT.
pub(super) const EU_DETECTED: &str = "260373001";
pub(super) const EU_NOT_DETECTED: &str = "260415000";
/// COVID-19 and what causes it in ICD-11.
pub(super) const COVID_19: &str = "RA01";
pub(super) const SARS_COV_2: &str = "XN109";
/// Results in ICD-11.
pub(super) const DETECTED: &str = "RA01.0";
pub(super) const NOT_DETECTED: &str = "QA02";

/// The systems of the EU's codes for holders and devices, as its value sets name them.
const SPOR: &str = "https://spor.ema.europa.eu/v1/organisations";
const EU_MANUFACTURERS: &str = "http://ec.europa.eu/temp/vaccinemanufacturer";
const DEVICES: &str = "https://covid-19-diagnostics.jrc.ec.europa.eu/devices";
const ISO_3166: &str = "urn:iso:std:iso:3166";
