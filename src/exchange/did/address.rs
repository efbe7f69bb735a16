//! DIDs of the method `web`, and what the path of one says about a key.
//!
//! Refuses any letter that a line of N-Quads could not hold as it is, and paths of another layout.
//!
//! Source: did:web, section 2.5; WHO smart-trust, trust list v2 (`v2:trustlist:<domain>:<participant>:<usage>`) and v1
//! (`trustlist:<participant>`).

/// Whether `text` is a DID in the alphabet that is read here.
pub(super) fn is_did(text: &str) -> bool {
    let rest = text.strip_prefix(PREFIX);
    rest.is_some_and(|rest| {
        let letters = rest
            .bytes()
            .all(|letter| letter.is_ascii_alphanumeric() || b".:_%-".contains(&letter));
        letters && text.len() <= MAX_DID && !rest.split(':').any(str::is_empty)
    })
}

/// A DID and what follows its `#`, if `text` is both, each in its alphabet.
pub(super) fn split(text: &str) -> Option<(&str, &str)> {
    let (did, fragment) = text.split_once('#')?;
    let letters = fragment
        .bytes()
        .all(|letter| letter.is_ascii_alphanumeric() || b"+/=_-".contains(&letter));
    (is_did(did) && letters && (1..=MAX_FRAGMENT).contains(&fragment.len()))
        .then_some((did, fragment))
}

/// Where in a trust list a document or a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    pub(super) host: &'a str,
    /// The first version knows participants alone.
    pub(super) first_version: bool,
    pub(super) domain: Option<&'a str>,
    pub(super) participant: Option<&'a str>,
    pub(super) usage: Option<&'a str>,
}

impl<'a> Address<'a> {
    /// The address that `did` spells, if it is one of a trust list.
    pub(super) fn of(did: &'a str) -> Option<Self> {
        let mut steps = did.strip_prefix(PREFIX).filter(|_| is_did(did))?.split(':');
        let host = steps.next()?;
        let first_version = match steps.next()? {
            "trustlist" => true,
            "v2" => {
                steps.next().filter(|it| LISTS.contains(it))?;
                false
            }
            _ => return None,
        };
        let domain = if first_version { None } else { steps.next() };
        let (participant, usage) = (steps.next(), steps.next());
        let further = steps.next().is_some() || (first_version && usage.is_some());
        (!further).then_some(Self {
            host,
            first_version,
            domain,
            participant,
            usage,
        })
    }

    /// Whether what stands at `other` may stand in a document at this address.
    pub(super) fn holds(&self, other: &Self) -> bool {
        let steps = [
            (self.domain, other.domain),
            (self.participant, other.participant),
            (self.usage, other.usage),
        ];
        let same = (self.host, self.first_version) == (other.host, other.first_version);
        same && steps
            .into_iter()
            .all(|(ours, its)| matches!(ours, None | Some(ANY)) || ours == its)
    }
}

const PREFIX: &str = "did:web:";
const LISTS: [&str; 2] = ["trustlist", "trustlist-ref"];
/// Stands for every domain or participant.
pub(super) const ANY: &str = "-";
const MAX_DID: usize = 512;
const MAX_FRAGMENT: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_alphabet_is_a_did() {
        for good in [
            "did:web:a",
            "did:web:a.int:v2:trustlist:-",
            "did:web:h%3A8080:x",
        ] {
            assert!(is_did(good), "{good}");
        }
        for bad in [
            "",
            "did:web:",
            "did:web::a",
            "did:key:z6Mk",
            "did:web:a> <b",
            "did:web:a#b",
            "did:web:a\n",
            "did:web:é",
            "did:web:a/b",
        ] {
            assert!(!is_did(bad), "{bad}");
        }
        assert_eq!(split("did:web:a#+/0=").unwrap(), ("did:web:a", "+/0="));
        assert!(split("did:web:a#").is_none() && split("did:web:a#b#c").is_none());
    }

    #[test]
    fn a_document_holds_what_stands_under_it() {
        let address = |path: &'static str| Address::of(path).unwrap();
        let key = address("did:web:h:v2:trustlist:DCC:IDN:DSC");
        for (document, holds) in [
            ("did:web:h:v2:trustlist", true),
            ("did:web:h:v2:trustlist:DCC", true),
            ("did:web:h:v2:trustlist:-:IDN", true),
            ("did:web:h:v2:trustlist:-:-:DSC", true),
            ("did:web:h:v2:trustlist:DCC:IDN:SCA", false),
            ("did:web:h:v2:trustlist:PH4H", false),
            ("did:web:other:v2:trustlist", false),
            ("did:web:h:trustlist", false),
        ] {
            assert_eq!(address(document).holds(&key), holds, "{document}");
        }
        assert!(Address::of("did:web:h:v2:trustlist:DCC:IDN:DSC:x").is_none());
        assert!(Address::of("did:web:h:trustlist:idn:x").is_none());
    }
}
