//! `bundle key`: on the gateway's machine, the key that signs bundles: drafted for the root, and put in force once the root has
//! signed.
//!
//! Refuses to make a key anywhere but where it will sign, and to change anything before all is proven.
//!
//! Source: docs/SCANNER.md.

use super::bundle_root::{of_draft, statements, told};
use super::keys::{Sealed, token};
use super::operate::Source;
use super::{Exit, show};
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint, Validity};
use crate::server::config::Config;
use crate::server::files::{self, PUBLIC};
use crate::server::gateway::Clock;
use crate::server::keys::{
    BundleKeys, BundleOpeners, KeyPlace, Token, has_bundle_key, make_bundle_key, stated_for_bundles,
};
use crate::server::scanner::bounded;
use crate::snapshot::bundle::{MAX_KEY_S, Root, Statements};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What `bundle key` can do.
#[derive(Subcommand)]
pub(super) enum Key {
    /// Make a key of bundles, and draft what the root is to state of it.
    Draft(Draft),
    /// Put in force what the root has signed.
    Install {
        /// What was put together.
        statements: PathBuf,
        /// The hash of the draft, as it was written down here; another is not put in force.
        #[arg(long, value_name = "SHA256")]
        hash: String,
        /// The fingerprint of the root, as it stands on paper; needed where none is in force yet.
        #[arg(long, value_name = "SHA256")]
        pin: Option<String>,
        #[command(flatten)]
        sealed: Sealed,
        #[command(flatten)]
        source: Source,
    },
}

/// Arguments of `bundle key draft`.
#[derive(Args)]
pub(super) struct Draft {
    /// The root: the first, or the one that is to follow. Without it, the one in force.
    #[arg(long)]
    root: Option<PathBuf>,
    /// Begin a new epoch, a number above that of any bundle which scanners have seen.
    #[arg(long, value_name = "NUMBER")]
    epoch: Option<u64>,
    /// For how many days the key may sign, 30 at most.
    #[arg(long, default_value_t = MAX_DAYS)]
    days: u32,
    /// Make the key in the configured token, not in a sealed file.
    #[arg(long)]
    token: bool,
    /// Where the draft goes.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    sealed: Sealed,
    #[command(flatten)]
    source: Source,
}

impl Key {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Draft(draft) => draft.run()?,
            Self::Install {
                statements: path,
                hash,
                pin,
                sealed,
                source,
            } => {
                let statements = of_draft(statements(&path)?, &hash)?;
                install(&source.config()?, &statements, pin.as_deref(), &sealed)?;
            }
        }
        Ok(Exit::Success)
    }
}

impl Draft {
    fn run(&self) -> Result<(), Failure> {
        let config = self.source.config()?;
        not_demo(&config)?;
        if !(1..=MAX_DAYS).contains(&self.days) {
            let reason = format!("a key of bundles is good for 1 to {MAX_DAYS} days");
            return Err(Code::BundleInvalid.because(reason));
        }
        let before = stated_for_bundles(&config.data)?;
        let next = self.root.as_deref().map(|path| Root::read(&bounded(path)?));
        let next = next.transpose()?;
        if let Some(next) = &next
            && next.environment != config.environment
        {
            return Err(Code::EnvironmentMismatch.because("a root of another environment"));
        }
        // Scanners' clocks may be behind.
        let from = Clock::System.now().plus(-HOUR_S);
        let validity = Validity {
            not_before: from,
            not_after: from.plus(i64::from(self.days) * DAY_S),
        };
        let key = self.make(&config)?;
        let draft = Statements::draft(before.as_ref(), next, &key, validity, self.epoch)?;
        files::write_durably(&self.out, &draft.write()?, PUBLIC)?;
        told(&draft)?;
        show::note("take it to the custodians: lintas bundle root sign DRAFT --key KEY --out FILE");
        Ok(())
    }

    fn make(&self, config: &Config) -> Result<Vec<u8>, Failure> {
        if self.token {
            return make_bundle_key(&config.data, &KeyPlace::Token(&token(config)?));
        }
        let passphrase = self.sealed.read(config.keys.passphrase.as_ref())?;
        make_bundle_key(&config.data, &KeyPlace::Sealed(&passphrase))
    }
}

fn install(
    config: &Config,
    statements: &Statements,
    pin: Option<&str>,
    sealed: &Sealed,
) -> Result<(), Failure> {
    not_demo(config)?;
    let pinned = pin.map(|pin| {
        let none = || Code::RequestInvalid.because("--pin is no SHA-256");
        Thumbprint::parse(pin).ok_or_else(none)
    });
    let pinned = pinned.transpose()?;
    let passphrase = sealed.read_any(config.keys.passphrase.as_ref())?;
    let token = config.keys.token.as_ref().map(Token::open).transpose()?;
    let openers = BundleOpeners {
        environment: config.environment,
        passphrase: passphrase.as_ref(),
        token: token.as_ref(),
    };
    let is_first = !has_bundle_key(&config.data);
    let now = Clock::System.now();
    let keys = BundleKeys::install(&config.data, statements, pinned, openers, now)?;
    let (kid, until) = (keys.key.kid, keys.key.validity.not_after);
    show::line(&format!("root {}", keys.root.fingerprint()))?;
    show::line(&format!("key {kid} until {until}"))?;
    show::line(&format!("epoch {}", keys.epoch))?;
    show::note(if is_first {
        "start the gateway anew; later ones it takes up by itself"
    } else {
        "a gateway that presses bundles takes it up within seconds"
    });
    Ok(())
}

fn not_demo(config: &Config) -> Result<(), Failure> {
    match config.environment {
        Environment::Demo => {
            let reason = "the demo environment makes a throw-away root and key by itself";
            Err(Code::RequestInvalid.because(reason))
        }
        Environment::Test | Environment::Production => Ok(()),
    }
}

const MAX_DAYS: u32 = 30;
const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;
const _: () = assert!(MAX_KEY_S == 30 * DAY_S);
