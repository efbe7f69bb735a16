//! A signer as it stands in a list, taken out and put back: for whoever keeps lists for later.
//!
//! Refuses to judge anew: admission was judged when the list was made. So whoever puts one together from what was kept
//! compares its hash with that of the list it is to be.

use super::dsc::{Assurance, Dsc, Purposes};
use super::entry::{KeyMaterial, Place, TrustEntry};
use super::list::TrustList;
use crate::failure::Failure;
use crate::model::{Country, Kid, Validity};

/// A listed signer, and everything that its certificate or key does not say itself.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its certificate or public key.
    pub key: KeyMaterial,
    /// The key identifier that credentials name.
    pub kid: Kid,
    /// The countries it signs for; `None` where nothing states any.
    pub countries: Option<Vec<Country>>,
    /// What it may sign.
    pub purposes: Purposes,
    /// How it came to be trusted.
    pub assurance: Assurance,
    /// The ids of the sources that name it, in order.
    pub sources: Vec<String>,
    /// Its period, where a certificate that stated it is not kept.
    pub validity: Option<Validity>,
}

impl Dsc {
    /// This signer, to be kept.
    pub fn listed(&self) -> Listed {
        let der = self.der.clone();
        Listed {
            key: if self.has_certificate {
                KeyMaterial::Certificate(der)
            } else {
                KeyMaterial::PublicKey(der)
            },
            kid: self.kid.clone(),
            countries: self.country_stated.then(|| self.countries.clone()),
            purposes: self.purposes.clone(),
            assurance: self.assurance,
            sources: self.sources.clone(),
            validity: None,
        }
    }
}

impl TrustList {
    /// The list of the signers that were kept as `listed`, in their order.
    ///
    /// # Errors
    /// Those of an entry whose certificate or key cannot be read, or has another key identifier.
    pub fn of_listed(listed: impl IntoIterator<Item = Listed>) -> Result<Self, Failure> {
        let mut list = Self::default();
        for row in listed {
            let entry = TrustEntry {
                place: Place {
                    document: String::new(),
                    position: 0,
                },
                key: row.key,
                kid: Some(row.kid),
                country: None,
                purposes: Purposes::ALL,
            };
            let mut dsc = Dsc::from_entry(&entry, row.assurance, "")?;
            dsc.country_stated = row.countries.is_some();
            dsc.countries = row.countries.unwrap_or_default();
            dsc.purposes = row.purposes;
            dsc.sources = row.sources;
            dsc.validity = row.validity.unwrap_or(dsc.validity);
            list.append(dsc);
        }
        Ok(list)
    }
}
