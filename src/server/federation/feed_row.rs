//! One row of `feeds.toml`, member by member.
//!
//! Refuses members that nobody asked for, values of another type or outside their range, and paths that leave the data
//! folder. Every refusal names the feed and the member.

use crate::failure::{Code, Failure, printable};
use crate::model::{Country, Environment, Thumbprint};
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use toml::{Table, Value};

/// A row whose members are taken one by one.
pub(super) struct Row {
    id: String,
    members: Table,
}

impl Row {
    /// The row in `members`, which has an id.
    ///
    /// # Errors
    /// `configuration_invalid`, as with every function here.
    pub(super) fn new(mut members: Table) -> Result<Self, Failure> {
        match members.remove("id") {
            Some(Value::String(id)) => Ok(Self { id, members }),
            _ => Err(Code::ConfigurationInvalid.because("feeds.toml: a feed without an id")),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Whether the row says anything of `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Failure> {
        match self.members.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.odd(name)),
        }
    }

    pub(super) fn required(&mut self, name: &str) -> Result<String, Failure> {
        let text = self.text(name)?;
        text.ok_or_else(|| self.invalid(&format!("has no {name}")))
    }

    /// A required member, as whatever `parse` makes of it.
    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Failure> {
        let text = self.required(name)?;
        parse(&text).ok_or_else(|| self.odd(name))
    }

    /// A member, as whatever `parse` makes of it.
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let text = self.text(name)?;
        text.map(|text| parse(&text).ok_or_else(|| self.odd(name)))
            .transpose()
    }

    /// A list without repetitions, each item as whatever `parse` makes of it.
    pub(super) fn list<T: PartialEq>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Vec<T>>, Failure> {
        let Some(value) = self.members.remove(name) else {
            return Ok(None);
        };
        let Value::Array(items) = value else {
            return Err(self.odd(name));
        };
        let mut list = Vec::new();
        for item in &items {
            let item = item.as_str().and_then(&parse);
            match item.filter(|item| !list.contains(item)) {
                Some(item) => list.push(item),
                None => return Err(self.odd(name)),
            }
        }
        Ok(Some(list))
    }

    pub(super) fn flag(&mut self, name: &str, otherwise: bool) -> Result<bool, Failure> {
        match self.members.remove(name) {
            None => Ok(otherwise),
            Some(Value::Boolean(flag)) => Ok(flag),
            Some(_) => Err(self.odd(name)),
        }
    }

    pub(super) fn number<T>(
        &mut self,
        name: &str,
        range: RangeInclusive<T>,
    ) -> Result<Option<T>, Failure>
    where
        T: TryFrom<i64> + PartialOrd,
    {
        let Some(value) = self.members.remove(name) else {
            return Ok(None);
        };
        let number = value.as_integer().and_then(|it| T::try_from(it).ok());
        let number = number.filter(|it| range.contains(it));
        number.map(Some).ok_or_else(|| self.odd(name))
    }

    /// A path that stays below the data folder.
    pub(super) fn path(&mut self, name: &str) -> Result<Option<PathBuf>, Failure> {
        let Some(path) = self.text(name)?.map(PathBuf::from) else {
            return Ok(None);
        };
        if !stays_below(&path) {
            let what = format!("has a {name} that leaves the data folder");
            return Err(self.invalid(&what));
        }
        Ok(Some(path))
    }

    pub(super) fn required_path(&mut self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.path(name)?;
        path.ok_or_else(|| self.invalid(&format!("has no {name}")))
    }

    /// SHA-256 fingerprints in hexadecimal.
    pub(super) fn fingerprints(&mut self, name: &str) -> Result<Option<Vec<Thumbprint>>, Failure> {
        self.list(name, Thumbprint::parse)
    }

    pub(super) fn environment(&mut self) -> Result<Environment, Failure> {
        self.parsed("environment", Environment::parse)
    }

    pub(super) fn countries(&mut self) -> Result<Option<Vec<Country>>, Failure> {
        self.list("countries", Country::parse)
    }

    /// Ends the row.
    pub(super) fn finish(mut self) -> Result<String, Failure> {
        let left = self.members.keys().next().map(|name| printable(name));
        match left {
            None => Ok(std::mem::take(&mut self.id)),
            Some(name) => Err(self.invalid(&format!("has a member that does not belong: {name}"))),
        }
    }

    pub(super) fn invalid(&self, what: &str) -> Failure {
        let id = printable(&self.id);
        Code::ConfigurationInvalid.because(format!("feeds.toml: feed {id} {what}"))
    }

    pub(super) fn odd(&self, name: &str) -> Failure {
        self.invalid(&format!("has an unusable {name}"))
    }
}

fn stays_below(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, Component::Normal(_)))
}
