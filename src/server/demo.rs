//! The one client that a demo gateway knows: its token is made on this machine.
//!
//! Refuses to touch a `clients.toml` that is already there.

use crate::crypto;
use crate::failure::{Code, Failure};
use crate::server::files::{self, PRIVATE};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use std::path::{Path, PathBuf};

/// The demo client.
#[derive(Clone, Debug)]
pub struct DemoClient {
    /// The file that holds its token.
    pub token_file: PathBuf,
}

impl DemoClient {
    /// The token.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`.
    pub fn token(&self) -> Result<String, Failure> {
        let bytes = files::read_private(&self.token_file)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }
}

/// The demo client below `data`, made if there is no `clients.toml` yet. It may see whole certificates, choose the
/// instant, and issue.
///
/// # Errors
/// `input_output`, `internal`.
pub fn demo_client(data: &Path) -> Result<DemoClient, Failure> {
    let (clients, token_file) = (data.join("clients.toml"), data.join("demo-token"));
    let _making = files::lock(data)?;
    if !clients.exists() {
        let mut random = [0; 32];
        let drawn = SystemRandom::new().fill(&mut random);
        drawn.map_err(|_| Code::Internal.because("no random numbers"))?;
        let token = BASE64_URL_SAFE_NO_PAD.encode(random);
        let hash = base16ct::lower::encode_string(&crypto::sha256(token.as_bytes()));
        files::write(&token_file, token.as_bytes(), PRIVATE)?;
        files::write(&clients, table(&hash).as_bytes(), PRIVATE)?;
    }
    Ok(DemoClient { token_file })
}

fn table(hash: &str) -> String {
    format!(
        "# Clients and what they may. `token_sha256` is SHA-256 over the token, in hex.\n\n[[client]]\nid = \"demo\"\n\
         token_sha256 = \"{hash}\"\nscopes = [\"verify:full\", \"verify:simulate\", \"issue\"]\n"
    )
}
