//! In which form a certificate is issued, and for how long: the choice, as versioned data.
//!
//! Refuses a form that cannot say what happened: an EU certificate of a product without an EU code, a WHO certificate of a
//! recovery or of a dose whose lot nobody knows. Nothing is issued in another form than the one that was asked for by name.
//!
//! Source: EU DCC schema 1.3.3; WHO DDCC core data set RC2; Regulation (EU) 2021/953; the data in `products/profiles.toml`.

use super::event::{Event, Happening, Profile, Wanted};
use super::products::{Products, TestKind, Vaccine};
use crate::failure::{Code, Failure, printable};
use crate::model::{Country, Date, Entry, HealthCertificate, UnixTime};
use crate::trust::Dsc;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Which form a destination reads, and how long certificates are stated for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profiles {
    /// The version of the data: a date.
    pub version: String,
    eu_dcc: BTreeSet<Country>,
    validity: Validity,
}

/// Periods of certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Validity {
    vaccination_days: u32,
    recovery_from_days: u32,
    recovery_until_days: u32,
    amplification_hours: u32,
    immunoassay_hours: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    destinations: Destinations,
    validity: Validity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Destinations {
    eu_dcc: Vec<String>,
}

impl Profiles {
    /// The data that this program was built with.
    ///
    /// # Errors
    /// `configuration_invalid`, never in a released program: a test reads it.
    pub fn embedded() -> Result<Self, Failure> {
        Self::parse(include_str!("../../products/profiles.toml"))
    }

    /// The data in `text`, TOML 1.0.
    ///
    /// # Errors
    /// `configuration_invalid`, naming the member: a version that is no date, a country twice or in none of the forms, a
    /// period of no length or over ten years, a recovery that ends before it begins.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let invalid =
            |what: String| Code::ConfigurationInvalid.because(format!("profiles: {what}"));
        let file: File =
            toml::from_str(text).map_err(|error| invalid(error.message().to_owned()))?;
        if Date::parse(&file.version).is_none() {
            return Err(invalid("version is no date".to_owned()));
        }
        let mut eu_dcc = BTreeSet::new();
        for name in &file.destinations.eu_dcc {
            let country = Country::parse(name).filter(|country| country.as_str() == name);
            if !country.is_some_and(|country| eu_dcc.insert(country)) {
                let name = printable(name);
                return Err(invalid(format!(
                    "eu_dcc: {name} is no country, or there twice"
                )));
            }
        }
        let validity = file.validity;
        let periods = [
            ("vaccination_days", validity.vaccination_days),
            ("recovery_until_days", validity.recovery_until_days),
            ("amplification_hours", validity.amplification_hours),
            ("immunoassay_hours", validity.immunoassay_hours),
        ];
        if let Some((name, _)) = periods
            .iter()
            .find(|(_, length)| !(1..=LONGEST).contains(length))
        {
            return Err(invalid(format!("{name} is not 1 to {LONGEST}")));
        }
        if validity.recovery_from_days >= validity.recovery_until_days {
            return Err(invalid(
                "recovery_until_days is before recovery_from_days".to_owned(),
            ));
        }
        Ok(Self {
            version: file.version,
            eu_dcc,
            validity,
        })
    }

    /// The forms in which certificates of `event` are issued, each once, and what its holder has to be told before a journey.
    ///
    /// Where nothing or a destination was asked for and the product has no EU code, it is the WHO's form, with the warning
    /// `product_has_no_eu_code`. The WHO has no form for recoveries, so those are the EU's for every destination.
    ///
    /// # Errors
    /// `product_unknown`; `dose_invalid`; `product_has_no_eu_code` where the EU's form was asked for by name; `claim_invalid`
    /// where the WHO's was, of a recovery; `event_invalid` where the WHO's form lacks a lot. The member is named.
    pub fn chosen(
        &self,
        event: &Event,
        products: &Products,
    ) -> Result<(Vec<Profile>, Vec<Code>), Failure> {
        let no_eu_code = match &event.happening {
            Happening::Vaccination { product, dose, .. } => {
                let vaccine = vaccine(products, product)?;
                vaccine.check_dose(*dose)?;
                vaccine.eu.is_none()
            }
            Happening::Test { test, .. } => {
                test_kind(products, test)?;
                false
            }
            Happening::Recovery { .. } => false,
        };
        let (profiles, warnings) = match &event.wanted {
            Wanted::These(profiles) => {
                if profiles.is_empty() {
                    return Err(Code::EventInvalid
                        .because("profiles is empty")
                        .about("profiles"));
                }
                if no_eu_code && profiles.contains(&Profile::EuDcc) {
                    let reason = "the product has no EU code";
                    return Err(Code::ProductHasNoEuCode.because(reason).about("profiles"));
                }
                (profiles.clone(), Vec::new())
            }
            Wanted::Usual | Wanted::For(_) => match self.suits(event) {
                Profile::EuDcc if no_eu_code => {
                    (vec![Profile::WhoDdcc], vec![Code::ProductHasNoEuCode])
                }
                profile => (vec![profile], Vec::new()),
            },
        };
        if profiles.contains(&Profile::WhoDdcc) {
            stated_by_who(event)?;
        }
        Ok((profiles, warnings))
    }

    /// The form that suits the destination, whatever the product.
    fn suits(&self, event: &Event) -> Profile {
        match (&event.wanted, &event.happening) {
            (Wanted::For(country), Happening::Vaccination { .. } | Happening::Test { .. })
                if !self.eu_dcc.contains(country) =>
            {
                Profile::WhoDdcc
            }
            (Wanted::Usual | Wanted::For(_) | Wanted::These(_), _) => Profile::EuDcc,
        }
    }

    /// The last second of `certificate`, issued at `at` by `signer`: never after the signer's own.
    ///
    /// A test's period begins with its sample, so it may have ended already.
    pub fn valid_until(
        &self,
        certificate: &HealthCertificate,
        at: UnixTime,
        signer: &Dsc,
    ) -> UnixTime {
        let hours = |test_type: &str| match test_type {
            IMMUNOASSAY => self.validity.immunoassay_hours,
            _ => self.validity.amplification_hours,
        };
        let sampled = |at: UnixTime, test_type: &str| at.plus(i64::from(hours(test_type)) * HOUR_S);
        let until = match &certificate.entry {
            Entry::Vaccination(_) | Entry::WhoVaccination(_) => {
                at.plus(i64::from(self.validity.vaccination_days) * DAY_S)
            }
            Entry::Test(it) => sampled(it.sampled_at, &it.test_type.0),
            Entry::WhoTest(it) => sampled(it.sampled_at, it.test_type.as_str()),
            Entry::Recovery(it) => it.valid_until.start().plus(DAY_S - 1),
        };
        until.min(signer.validity.not_after)
    }

    /// The first and the last day of a recovery.
    pub(super) fn recovery(&self, first_positive: Date) -> (Date, Date) {
        let after = |days: u32| first_positive.start().plus(i64::from(days) * DAY_S).date();
        let validity = &self.validity;
        (
            after(validity.recovery_from_days),
            after(validity.recovery_until_days),
        )
    }
}

/// The vaccine with the id `id`.
pub(super) fn vaccine<'p>(products: &'p Products, id: &str) -> Result<&'p Vaccine, Failure> {
    products.vaccines.get(id).ok_or_else(|| unknown("product"))
}

/// The test with the id `id`.
pub(super) fn test_kind<'p>(products: &'p Products, id: &str) -> Result<&'p TestKind, Failure> {
    products.tests.get(id).ok_or_else(|| unknown("test"))
}

fn unknown(member: &str) -> Failure {
    let reason = format!("{member} is not in the table of products");
    Code::ProductUnknown.because(reason).about(member)
}

/// Whether the WHO's form can state what happened: it knows no recoveries, and demands a lot.
pub(super) fn stated_by_who(event: &Event) -> Result<(), Failure> {
    match &event.happening {
        Happening::Recovery { .. } => {
            let reason = "profiles: the WHO's form states no recovery";
            Err(Code::ClaimInvalid.because(reason).about("profiles"))
        }
        Happening::Vaccination { lot: None, .. } => {
            let reason = "lot is missing, which the WHO's form demands";
            Err(Code::EventInvalid.because(reason).about("lot"))
        }
        Happening::Vaccination { lot: Some(_), .. } | Happening::Test { .. } => Ok(()),
    }
}

/// The form that `certificate` is of.
pub fn profile_of(certificate: &HealthCertificate) -> Profile {
    match certificate.entry {
        Entry::Vaccination(_) | Entry::Test(_) | Entry::Recovery(_) => Profile::EuDcc,
        Entry::WhoVaccination(_) | Entry::WhoTest(_) => Profile::WhoDdcc,
    }
}

/// LOINC's code for a rapid immunoassay.
pub(super) const IMMUNOASSAY: &str = "LP217198-3";
const HOUR_S: i64 = 60 * 60;
const DAY_S: i64 = 24 * HOUR_S;
/// The longest period, in days or hours.
const LONGEST: u32 = 3650;
