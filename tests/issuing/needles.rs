//! Looking for what must be nowhere: texts and bytes in every encoding in which they might lie about, in much that was written.

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use std::collections::{BTreeMap, BTreeSet};

/// What is looked for.
pub(crate) struct Needles {
    /// Each encoded form, by its first bytes, with its name.
    forms: BTreeMap<[u8; START], BTreeMap<Vec<u8>, String>>,
    /// Which three bytes a form begins with.
    begins: Vec<bool>,
}

impl Needles {
    pub(crate) fn new() -> Self {
        Self {
            forms: BTreeMap::new(),
            begins: vec![false; 1 << 24],
        }
    }

    /// Looks for `text`, too: as it is, in capitals and in small letters, as UTF-16, as base64 and in hexadecimal.
    pub(crate) fn add_text(&mut self, what: &str, text: &str) {
        for text in BTreeSet::from([text.to_owned(), text.to_uppercase(), text.to_lowercase()]) {
            self.add_bytes(what, text.as_bytes());
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            self.add(format!("{what} in UTF-16, little end first"), little);
            self.add(format!("{what} in UTF-16, big end first"), big);
        }
    }

    /// Looks for `bytes`, too: as they are, as base64 wherever they stand in it, and in hexadecimal.
    pub(crate) fn add_bytes(&mut self, what: &str, bytes: &[u8]) {
        self.add(what.to_owned(), bytes.to_vec());
        for offset in 0..3 {
            let mut shifted = vec![0; offset];
            shifted.extend(bytes);
            let text = BASE64_STANDARD_NO_PAD.encode(&shifted);
            // Letters of whose bits all are of `bytes`.
            let whole = &text[(offset * 8).div_ceil(6)..shifted.len() * 8 / 6];
            self.add(format!("{what} in base64"), whole.as_bytes().to_vec());
            let safe = whole.replace('+', "-").replace('/', "_");
            self.add(format!("{what} in base64 for URLs"), safe.into_bytes());
        }
        let hex = base16ct::lower::encode_string(bytes);
        self.add(
            format!("{what} in capital hexadecimal"),
            hex.to_uppercase().into_bytes(),
        );
        self.add(format!("{what} in hexadecimal"), hex.into_bytes());
    }

    fn add(&mut self, what: String, bytes: Vec<u8>) {
        let start = *bytes.first_chunk::<START>().unwrap();
        self.begins[number(&bytes)] = true;
        let forms = self.forms.entry(start).or_default();
        forms.entry(bytes).or_insert(what);
    }

    /// How many forms are looked for.
    pub(crate) fn len(&self) -> usize {
        self.forms.values().map(BTreeMap::len).sum()
    }

    /// What of it is in `bytes`.
    pub(crate) fn in_bytes(&self, bytes: &[u8]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (position, window) in bytes.windows(START).enumerate() {
            if !self.begins[number(window)] {
                continue;
            }
            let Some(forms) = self.forms.get(window) else {
                continue;
            };
            let rest = &bytes[position..];
            let here = forms.iter().filter(|(form, _)| rest.starts_with(form));
            found.extend(here.map(|(_, what)| what.clone()));
        }
        found
    }
}

/// The first three bytes as one number.
fn number(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2])
}

/// Bytes by which forms are told apart first: none is shorter.
const START: usize = 5;

#[test]
fn what_is_planted_is_found_in_every_form() {
    let mut needles = Needles::new();
    needles.add_text("a name", "Þórsdóttir");
    needles.add_bytes("a claim", &[7, 200, 3, 250, 9, 17, 80, 44]);
    let noise: Vec<u8> = (0..4000_u32)
        .flat_map(|it| it.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    assert_eq!(needles.in_bytes(&noise), BTreeSet::new());
    let forms = needles.forms.values().flatten();
    for (bytes, _) in forms {
        let planted = [&noise[..777], bytes, &noise].concat();
        assert!(!needles.in_bytes(&planted).is_empty());
    }
    for before in ["", "x", "xx"] {
        let text = BASE64_STANDARD_NO_PAD.encode(format!("{before}Þórsdóttir und mehr"));
        let found = needles.in_bytes(text.as_bytes());
        assert!(found.contains("a name in base64"), "{before} {found:?}");
    }
}
