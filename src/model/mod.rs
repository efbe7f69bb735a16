//! What a health certificate says, in no wire format: parsed values that are trusted once they exist.
//!
//! Refuses to know any encoding: no field name of a foreign format appears here.

mod calendar;
mod certificate;
mod country;
mod environment;
mod ids;
mod person;
mod spelling;
mod time;
mod who;

pub(crate) use calendar::{day_of, days_to};
pub use certificate::{
    AsWritten, Coded, Dated, Entry, HealthCertificate, Purpose, Recovery, Test, Vaccination,
};
pub use country::Country;
pub use environment::Environment;
pub use ids::{Kid, SnapshotId, Thumbprint, Uvci};
pub use person::{Person, PersonName, transliterate, transliterate_otherwise};
pub use spelling::known_spelling;
pub use time::{Date, PartialDate, UnixTime, Validity};
pub use who::{Coding, WhoTest, WhoVaccination};
