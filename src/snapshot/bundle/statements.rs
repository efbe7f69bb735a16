//! All that a root states, on its way from the node that drafts it past the root's custodians and back: its predecessors, the key of
//! bundles and the epoch, each with the messages of those who have signed so far.
//!
//! Refuses signatures of strangers and over other bytes, roots of several environments, and to put together what is of several
//! drafts.
//!
//! `["lintas-statements", [[root, [message, ...]], ...], [key, [message, ...]], [epoch, [message, ...]]]`, where `key` and `epoch` are
//! payloads; the last is `[]` in the first epoch.

use super::file::{Bundle, MAX_ROOTS, bytes_of, items, messages_of};
use super::root::{BundleKey, EPOCH, KEY, ROOT, Root, epoch_payload, stated_epoch, statement};
use super::{array, invalid, whole};
use crate::codec::cbor::{self, Value};
use crate::codec::item::Item;
use crate::codec::typed::{Kind, Typed};
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint, Validity};
use std::collections::{BTreeMap, BTreeSet};

/// What a root states, signed or not.
#[derive(Clone, Debug)]
pub struct Statements {
    roots: Vec<Root>,
    /// The key that the last root names.
    pub key: BundleKey,
    /// The epoch that it states.
    pub epoch: u64,
    /// Who follows whom, the key, the epoch.
    stated: Vec<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    kind: Kind,
    payload: Vec<u8>,
    /// Whose keys sign it.
    by: Vec<Root>,
    /// What they signed, by their keys.
    messages: BTreeMap<Thumbprint, Vec<u8>>,
}

/// How a statement stands with one of the roots that have to sign it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What is stated: `bundle-root`, `bundle-key` or `bundle-epoch`.
    pub what: &'static str,
    /// The fingerprint of the root that has to sign.
    pub root: Thumbprint,
    /// How many of its keys have signed.
    pub signed: usize,
    /// How many have to.
    pub needed: usize,
}

impl Statements {
    /// What is to be signed where the root in force, or `next` after it, names the public key `spki` (DER) for this time; `before`
    /// is what is in force. Nothing new but the key is stated without `next` and `epoch`.
    ///
    /// Of over sixteen roots the oldest goes: scanners that still pin it have to be enrolled again.
    ///
    /// # Errors
    /// `request_invalid` without any root, or with one that is in force already; `bundle_rolled_back` for an epoch that is not after
    /// the one in force; `environment_mismatch`; `bundle_invalid` for a time over 30 days.
    pub fn draft(
        before: Option<&Self>,
        next: Option<Root>,
        spki: &[u8],
        validity: Validity,
        epoch: Option<u64>,
    ) -> Result<Self, Failure> {
        let mut roots = before.map_or_else(Vec::new, |it| it.roots.clone());
        if let Some(next) = next {
            let name = next.fingerprint();
            if roots.iter().any(|it| it.fingerprint() == name) {
                return Err(Code::RequestInvalid.because("a root that was in force already"));
            }
            roots.push(next);
        }
        let surplus = roots.len().saturating_sub(MAX_ROOTS);
        roots.drain(..surplus);
        let none = || Code::RequestInvalid.because("no root is in force, and none was named");
        let root = roots.last().ok_or_else(none)?;
        let known = before.map_or(0, |it| it.epoch);
        if epoch.is_some_and(|it| it <= known) {
            let reason = format!("the epoch in force is {known}");
            return Err(Code::BundleRolledBack.because(reason));
        }
        let key = BundleKey::payload(root, spki, validity)?;
        let epoch = match epoch.unwrap_or(known) {
            0 => None,
            epoch => Some(epoch_payload(root, epoch)?),
        };
        let mut draft = Self::of(roots, key, epoch)?;
        let known = before.map(|it| it.stated.as_slice()).unwrap_or_default();
        for statement in &mut draft.stated {
            let same = |it: &&Statement| it.is(statement);
            if let Some(known) = known.iter().find(same) {
                statement.messages.clone_from(&known.messages);
            }
        }
        Ok(draft)
    }

    /// The statements of these payloads, signed by nobody.
    fn of(roots: Vec<Root>, key: Vec<u8>, epoch: Option<Vec<u8>>) -> Result<Self, Failure> {
        let root = roots.last().ok_or_else(|| invalid("no root"))?;
        let environment = root.environment;
        if roots.iter().any(|it| it.environment != environment) {
            return Err(Code::EnvironmentMismatch.because("roots of several environments"));
        }
        let named = BundleKey::stated(root, &key)?;
        let number = epoch.as_ref().map(|it| stated_epoch(root, it));
        let number = number.transpose()?.unwrap_or_default();
        let statement = |kind, payload, by: &[Root]| Statement {
            kind,
            payload,
            by: by.to_vec(),
            messages: BTreeMap::new(),
        };
        let pairs = roots.windows(2);
        let mut stated: Vec<_> = pairs
            .filter_map(|pair| Some(statement(ROOT, pair.last()?.to_bytes().to_vec(), pair)))
            .collect();
        let by = std::slice::from_ref(root);
        stated.push(statement(KEY, key, by));
        stated.extend(epoch.map(|epoch| statement(EPOCH, epoch, by)));
        Ok(Self {
            stated,
            key: named,
            epoch: number,
            roots,
        })
    }

    /// The statements in `bytes`. Each of their signatures is good; there may be too few.
    ///
    /// # Errors
    /// `bundle_invalid`, `proof_invalid`, `environment_mismatch`; `input_too_large` over 2 MiB.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let document = whole(bytes, MAX_STATEMENTS)?;
        let [magic, roots, key, epoch] = array(document.root())?;
        if magic.as_text() != Some(MAGIC) {
            return Err(invalid("no statements of a root"));
        }
        let mut messages = Vec::new();
        let mut chain = Vec::new();
        for (place, root) in items(roots, MAX_ROOTS)?.into_iter().enumerate() {
            let (bytes, signed) = pair(root)?;
            chain.push(Root::read(&bytes)?);
            match place {
                0 if signed.is_empty() => {}
                0 => return Err(invalid("the first root follows nobody")),
                _ => messages.push(signed),
            }
        }
        let (key, signed) = pair(key)?;
        messages.push(signed);
        let epoch = match items(epoch, 2)?.is_empty() {
            true => None,
            false => {
                let (epoch, signed) = pair(epoch)?;
                messages.push(signed);
                Some(epoch)
            }
        };
        let mut read = Self::of(chain, key, epoch)?;
        for (statement, messages) in read.stated.iter_mut().zip(messages) {
            for message in messages {
                statement.take(message)?;
            }
        }
        Ok(read)
    }

    /// Their bytes.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn write(&self) -> Result<Vec<u8>, Failure> {
        self.written(true)
    }

    /// By what a draft is known whoever has signed it: SHA-256 over its bytes without messages.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn hash(&self) -> Result<Thumbprint, Failure> {
        Ok(Thumbprint(sha256(&self.written(false)?)))
    }

    fn written(&self, signed: bool) -> Result<Vec<u8>, Failure> {
        let row = |payload: &[u8], statement: Option<&Statement>| {
            let messages = statement.into_iter().flat_map(|it| it.messages.values());
            let messages = messages.filter(|_| signed).cloned().map(Value::Bytes);
            let payload = Value::Bytes(payload.to_vec());
            Value::Array(vec![payload, Value::Array(messages.collect())])
        };
        let followers = self.of_kind(ROOT).map(Some);
        let followers = std::iter::once(None).chain(followers);
        let roots = self.roots.iter().zip(followers);
        let roots = roots.map(|(root, statement)| row(root.to_bytes(), statement));
        let one = |kind| {
            let one = self.of_kind(kind).next();
            one.map_or_else(|| Value::Array(Vec::new()), |it| row(&it.payload, Some(it)))
        };
        cbor::write(&Value::Array(vec![
            Value::Text(MAGIC.to_owned()),
            Value::Array(roots.collect()),
            one(KEY),
            one(EPOCH),
        ]))
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Statement> {
        self.stated.iter().filter(move |it| it.kind == kind)
    }

    /// The roots, each followed by the next.
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// Whether these are the roots `known`, and perhaps more after them; of too many the oldest may have gone. None stands twice.
    pub fn continues(&self, known: &[Root]) -> bool {
        let names: Vec<_> = self.roots.iter().map(Root::fingerprint).collect();
        let known: Vec<_> = known.iter().map(Root::fingerprint).collect();
        let gone = match self.roots.len() == MAX_ROOTS {
            true => known.len(),
            false => 0,
        };
        let once = names.iter().collect::<BTreeSet<_>>().len() == names.len();
        let begins = |from: usize| known.get(from..).is_some_and(|it| names.starts_with(it));
        once && (known.is_empty() || (0..=gone).any(|from| from < known.len() && begins(from)))
    }

    /// How each statement stands with each root that has to sign it.
    pub fn standing(&self) -> impl Iterator<Item = Standing> {
        self.stated.iter().flat_map(|statement| {
            statement.by.iter().map(|root| Standing {
                what: statement.kind.name(),
                root: root.fingerprint(),
                signed: statement.signed_by(root),
                needed: root.threshold,
            })
        })
    }

    /// Adds what the key whose SHA-256 is `kid` signs with `sign`; how many statements that were. It signs nothing twice, and
    /// nothing that has enough signatures.
    ///
    /// # Errors
    /// `proof_invalid` where the key is in none of the roots that sign, or `sign` is of another; those of `sign`.
    pub fn sign(
        &mut self,
        kid: Thumbprint,
        sign: impl Fn(&[u8]) -> Result<Vec<u8>, Failure>,
    ) -> Result<usize, Failure> {
        let (mut asked, mut signed) = (false, 0);
        for it in &mut self.stated {
            if !it.by.iter().any(|root| root.keys().any(|key| key == kid)) {
                continue;
            }
            asked = true;
            if it.messages.contains_key(&kid) || it.suffices().is_ok() {
                continue;
            }
            let message = statement(it.kind, kid, &it.payload)?;
            let signature = sign(message.signed_bytes())?;
            it.take(message.complete(signature)?)?;
            signed += 1;
        }
        if !asked {
            return Err(Code::ProofInvalid.because("none of these roots has that key"));
        }
        Ok(signed)
    }

    /// Adds the signatures of `other`, which is the same draft.
    ///
    /// # Errors
    /// `environment_mismatch`; `bundle_invalid` for another draft.
    pub fn join(&mut self, other: Self) -> Result<(), Failure> {
        if self.environment() != other.environment() {
            return Err(Code::EnvironmentMismatch.because("a draft of another environment"));
        }
        if self.hash()? != other.hash()? {
            return Err(invalid("signatures over another draft"));
        }
        for (statement, other) in self.stated.iter_mut().zip(other.stated) {
            for (key, message) in other.messages {
                statement.messages.entry(key).or_insert(message);
            }
        }
        Ok(())
    }

    fn environment(&self) -> Option<Environment> {
        self.roots.last().map(|it| it.environment)
    }

    /// That enough keys have signed everything.
    ///
    /// # Errors
    /// `proof_invalid`.
    pub fn complete(&self) -> Result<(), Failure> {
        self.stated.iter().try_for_each(Statement::suffices)
    }

    /// The same as every bundle carries it; nothing else of a bundle.
    pub fn frame(&self) -> Bundle {
        let messages = |it: &Statement| it.messages.values().cloned().collect::<Vec<_>>();
        let one = |kind| self.of_kind(kind).next().map(messages).unwrap_or_default();
        let followers = self.of_kind(ROOT).map(messages);
        let followers = std::iter::once(Vec::new()).chain(followers);
        let roots = self.roots.iter().map(|it| it.to_bytes().to_vec());
        Bundle {
            roots: roots.zip(followers).collect(),
            key: one(KEY),
            epoch: one(EPOCH),
            ..Bundle::default()
        }
    }
}

impl Statement {
    fn is(&self, other: &Self) -> bool {
        let by = |it: &Self| it.by.iter().map(Root::fingerprint).collect::<Vec<_>>();
        self.kind == other.kind && self.payload == other.payload && by(self) == by(other)
    }

    fn signed_by(&self, root: &Root) -> usize {
        let signed = root.keys().filter(|key| self.messages.contains_key(key));
        signed.count()
    }

    fn suffices(&self) -> Result<(), Failure> {
        let mut roots = self.by.iter();
        roots.try_for_each(|root| root.suffices(self.signed_by(root)))
    }

    /// Takes `message`; of two of one key the first stays.
    fn take(&mut self, message: Vec<u8>) -> Result<(), Failure> {
        let read = Typed::read(&message, self.kind).map_err(|it| invalid(it.detail()))?;
        if read.payload != self.payload {
            return Err(invalid("a signature over something else"));
        }
        let signer = self.by.iter().find_map(|root| root.signer(&read));
        let stranger = || Code::ProofInvalid.because("a signature of no key of the root");
        let signer = signer.ok_or_else(stranger)?;
        self.messages.entry(signer).or_insert(message);
        Ok(())
    }
}

fn pair(item: Item<'_>) -> Result<(Vec<u8>, Vec<Vec<u8>>), Failure> {
    let [payload, messages] = array(item)?;
    Ok((bytes_of(payload)?, messages_of(messages)?))
}

const MAGIC: &str = "lintas-statements";
/// The ceiling of statements, in bytes: 2 MiB.
const MAX_STATEMENTS: usize = 2 * 1024 * 1024;
