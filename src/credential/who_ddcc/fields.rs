//! The fields of either form: texts, codings, identifiers, numbers, dates.
//!
//! Refuses texts over the ceiling and shapes that neither form has; each tolerance is a named quirk.
//!
//! Source: FHIR R4 for the shape of codings, identifiers, references and dates; the WHO's published samples.

use super::super::spelled;
use crate::codec::item::{Entries, Item, Kind};
use crate::failure::{Code, Failure};
use crate::model::{Coding, Date, PartialDate, UnixTime, Uvci};
use crate::quirk::{Quirk, Quirks};
use smol_str::SmolStr;

/// What the two forms call the same.
pub(super) struct Form {
    pub(super) holder: &'static str,
    pub(super) valid_from: &'static str,
    pub(super) doses: &'static str,
    pub(super) next_dose: &'static str,
    /// Whether some of what is required may be missing.
    lenient: bool,
}

/// The current form.
pub(super) const CURRENT: Form = Form {
    holder: "maholder",
    valid_from: "validFrom",
    doses: "totalDoses",
    next_dose: "nextDose",
    lenient: false,
};

/// The older form, which stands alone.
pub(super) const ALONE: Form = Form {
    holder: "ma_holder",
    valid_from: "vaccine_valid",
    doses: "total_doses",
    next_dose: "due_date",
    lenient: true,
};

/// Which second of a day a bare date means.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    Start,
    End,
}

/// Reads one certificate, field by field.
pub(super) struct Reader<'q> {
    pub(super) form: &'static Form,
    pub(super) quirks: &'q mut Quirks,
}

impl Reader<'_> {
    /// A map that must be there.
    pub(super) fn group<'d>(
        &mut self,
        fields: Entries<'d>,
        key: &str,
    ) -> Result<Entries<'d>, Failure> {
        self.optional_group(fields, key)?
            .ok_or_else(|| invalid(key, "is missing"))
    }

    pub(super) fn optional_group<'d>(
        &mut self,
        fields: Entries<'d>,
        key: &str,
    ) -> Result<Option<Entries<'d>>, Failure> {
        match self.present(fields, key).map(Item::kind) {
            None => Ok(None),
            Some(Kind::Map(group)) => Ok(Some(group)),
            Some(_) => Err(invalid(key, "is no map")),
        }
    }

    /// What stands under `key`; null and undefined are nothing.
    fn present<'d>(&mut self, fields: Entries<'d>, key: &str) -> Option<Item<'d>> {
        let item = fields.get_text(key)?;
        if matches!(item.kind(), Kind::Null) {
            self.quirks.note(Quirk::NullField);
            return None;
        }
        Some(item)
    }

    pub(super) fn text<'d>(
        &mut self,
        fields: Entries<'d>,
        key: &str,
    ) -> Result<Option<&'d str>, Failure> {
        match self.present(fields, key).map(Item::kind) {
            None => Ok(None),
            Some(Kind::Text(text)) => bounded(text, key).map(Some),
            Some(_) => Err(invalid(key, "is no text")),
        }
    }

    pub(super) fn required<'d>(
        &mut self,
        fields: Entries<'d>,
        key: &str,
    ) -> Result<&'d str, Failure> {
        self.text(fields, key)?
            .ok_or_else(|| invalid(key, "is missing"))
    }

    /// A value that the core data set requires, and that the older form sometimes lacks.
    pub(super) fn expected<T>(
        &mut self,
        value: Option<T>,
        key: &str,
    ) -> Result<Option<T>, Failure> {
        if value.is_none() {
            self.missing(key)?;
        }
        Ok(value)
    }

    pub(super) fn missing(&mut self, key: &str) -> Result<(), Failure> {
        if !self.form.lenient {
            return Err(invalid(key, "is missing"));
        }
        self.quirks.note(Quirk::FieldMissing);
        Ok(())
    }

    pub(super) fn coding(
        &mut self,
        fields: Entries<'_>,
        key: &str,
    ) -> Result<Option<Coding>, Failure> {
        let parts = match self.present(fields, key).map(Item::kind) {
            None => return Ok(None),
            Some(Kind::Text(words)) => {
                self.quirks.note(Quirk::TextForCode);
                return Ok(Some(Coding::words(bounded(words, key)?)));
            }
            Some(Kind::Map(parts)) => parts,
            Some(_) => return Err(invalid(key, "is no coding")),
        };
        let mut part = |name| {
            let text = self
                .text(parts, name)
                .map_err(|_| invalid(key, "is no coding"))?;
            Ok(text.map(SmolStr::from))
        };
        let coding = Coding {
            code: part("code")?,
            system: part("system")?,
            display: part("display")?,
        };
        if coding.code.is_none() && coding.display.is_none() {
            return Err(invalid(key, "has neither code nor display"));
        }
        Ok(Some(coding))
    }

    pub(super) fn required_coding(
        &mut self,
        fields: Entries<'_>,
        key: &str,
    ) -> Result<Coding, Failure> {
        self.coding(fields, key)?
            .ok_or_else(|| invalid(key, "is missing"))
    }

    /// A place, which the core data set has as a coding of a test and everybody writes as text.
    pub(super) fn place(
        &mut self,
        fields: Entries<'_>,
        key: &str,
    ) -> Result<Option<SmolStr>, Failure> {
        let item = fields.get_text(key);
        if item.and_then(Item::as_text).is_some() {
            return Ok(self.text(fields, key)?.map(SmolStr::from));
        }
        let coding = self.coding(fields, key)?;
        Ok(coding.and_then(|coding| coding.display.or(coding.code)))
    }

    /// An organisation: text, or a reference with an identifier or words.
    pub(super) fn issuer(&mut self, fields: Entries<'_>) -> Result<SmolStr, Failure> {
        let item = self.present(fields, "issuer");
        let item = item.ok_or_else(|| invalid("issuer", "is missing"))?;
        if let Some(text) = item.as_text() {
            return bounded(text, "issuer").map(SmolStr::from);
        }
        let parts = item.as_map();
        let parts = parts.ok_or_else(|| invalid("issuer", "is no reference"))?;
        let named = match self.optional_group(parts, "identifier")? {
            Some(identifier) => self.text(identifier, "value")?,
            None => None,
        };
        let named = match named {
            Some(named) => Some(named),
            None => self.text(parts, "display")?,
        };
        let named = named.ok_or_else(|| invalid("issuer", "has neither identifier nor display"))?;
        Ok(named.into())
    }

    pub(super) fn identifier(&mut self, fields: Entries<'_>, key: &str) -> Result<Uvci, Failure> {
        let item = self.present(fields, key);
        let item = item.ok_or_else(|| invalid(key, "is missing"))?;
        let text = match item.as_map() {
            Some(parts) => self.text(parts, "value")?,
            None => item.as_text(),
        };
        text.and_then(Uvci::parse)
            .ok_or_else(|| invalid(key, "is no identifier of 1 to 80 characters"))
    }

    /// `hcid`; where there is none, the person's identifier if it is plainly a certificate's.
    pub(super) fn identifier_alone(&mut self, root: Entries<'_>) -> Result<Uvci, Failure> {
        if self.present(root, "hcid").is_some() {
            return self.identifier(root, "hcid");
        }
        let elsewhere = root.get_text("identifier").and_then(Item::as_text);
        let prefixed = |text: &&str| {
            text.get(..UVCI.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(UVCI))
        };
        let uvci = elsewhere.filter(prefixed).and_then(Uvci::parse);
        let uvci = uvci.ok_or_else(|| invalid("hcid", "is missing"))?;
        self.quirks.note(Quirk::IdentifierElsewhere);
        Ok(uvci)
    }

    pub(super) fn number(
        &mut self,
        fields: Entries<'_>,
        key: &str,
    ) -> Result<Option<u32>, Failure> {
        let Some(item) = self.present(fields, key) else {
            return Ok(None);
        };
        let number = spelled::counted(item, self.quirks);
        let number = number.ok_or_else(|| invalid(key, "is no whole number from 1"))?;
        Ok(Some(number))
    }

    fn dated<'d>(&mut self, fields: Entries<'d>, key: &str) -> Result<Option<&'d str>, Failure> {
        let Some(item) = self.present(fields, key) else {
            return Ok(None);
        };
        let text = spelled::dated(Some(item), self.quirks);
        text.map(Some).ok_or_else(|| invalid(key, "is no text"))
    }

    /// A day; the core data set lets a time follow.
    pub(super) fn date(&mut self, fields: Entries<'_>, key: &str) -> Result<Option<Date>, Failure> {
        let Some(text) = self.dated(fields, key)? else {
            return Ok(None);
        };
        let date = Date::parse_with_time(text).map(|(date, _)| date);
        date.map(Some).ok_or_else(|| invalid(key, "is no date"))
    }

    pub(super) fn birth_date(&mut self, fields: Entries<'_>) -> Result<PartialDate, Failure> {
        let text = self.dated(fields, "birthDate")?.unwrap_or_default();
        let day = match text.split_once('T') {
            Some((day, _)) if Date::parse_with_time(text).is_some() => {
                self.quirks.note(Quirk::DatetimeInDate);
                day
            }
            _ => text,
        };
        let (date, dropped) =
            PartialDate::parse(day).ok_or_else(|| invalid("birthDate", "is no date"))?;
        if dropped {
            self.quirks.note(Quirk::ImpossibleDate);
        }
        Ok(date)
    }

    pub(super) fn instant(&mut self, fields: Entries<'_>, key: &str) -> Result<UnixTime, Failure> {
        let text = self.dated(fields, key)?;
        let text = text.ok_or_else(|| invalid(key, "is missing"))?;
        if let Some(day) = Date::parse(text) {
            self.quirks.note(Quirk::DateWithoutTime);
            return Ok(day.start());
        }
        UnixTime::parse(text).ok_or_else(|| invalid(key, "is no date and time with a zone"))
    }

    /// An end of a period, an instant or a whole day.
    pub(super) fn bound(
        &mut self,
        fields: Entries<'_>,
        key: &str,
        bound: Bound,
    ) -> Result<Option<UnixTime>, Failure> {
        let Some(text) = self.dated(fields, key)? else {
            return Ok(None);
        };
        let instant = match Date::parse(text) {
            None => UnixTime::parse(text),
            Some(day) => Some(match bound {
                Bound::Start => day.start(),
                Bound::End => day.start().plus(LAST_SECOND_OF_DAY),
            }),
        };
        let instant = instant.ok_or_else(|| invalid(key, "is no date"))?;
        Ok(Some(instant))
    }
}

fn bounded<'d>(text: &'d str, key: &str) -> Result<&'d str, Failure> {
    // As many bytes are no more characters.
    if text.len() > MAX_TEXT && text.chars().count() > MAX_TEXT {
        return Err(invalid(key, "is over 200 characters"));
    }
    if text.is_empty() {
        return Err(invalid(key, "is empty"));
    }
    Ok(text)
}

/// That a field breaks the rules.
pub(super) fn invalid(field: &str, what: &str) -> Failure {
    Code::PayloadInvalid.because(format!("{field} {what}"))
}

const UVCI: &str = "URN:UVCI:";
const MAX_TEXT: usize = 200;
const LAST_SECOND_OF_DAY: i64 = 24 * 60 * 60 - 1;
