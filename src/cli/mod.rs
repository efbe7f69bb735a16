//! The command line: arguments in, an exit code out.
//!
//! Refuses to decide anything: each command asks the library or a gateway and prints the answer.

mod approvals;
mod audit;
mod batch;
mod bundle;
mod bundle_key;
mod bundle_root;
mod conformance;
mod documents;
mod door;
mod dry_run;
mod events;
mod feeds;
mod hand_in;
mod handed_in;
mod init;
mod input;
mod keys;
mod lines;
mod neighbours;
mod offline;
mod operate;
mod operators;
mod party;
mod purpose;
mod receipt;
mod replay;
mod revoke;
mod rules;
mod scan;
mod show;
mod store;
mod tally;
mod trust;

use crate::failure::{Class, Failure};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// What a command came to, as an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; a verification accepts.
    Success,
    /// A verification rejects, or a grading disagrees.
    Reject,
    /// A verification is indeterminate.
    Indeterminate,
    /// The arguments are off (`EX_USAGE`).
    Usage,
    /// A fault of the program itself (`EX_SOFTWARE`).
    Internal,
    /// A file or a connection failed (`EX_IOERR`).
    InputOutput,
    /// The user interrupted it.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Reject => 1,
            Exit::Indeterminate => 2,
            Exit::Usage => 64,
            Exit::Internal => 70,
            Exit::InputOutput => 74,
            Exit::Interrupted => lines::INTERRUPTED,
        })
    }
}

impl Exit {
    fn of(failure: &Failure) -> Self {
        match failure.code().class() {
            Class::Internal => Self::Internal,
            Class::Unavailable | Class::Timeout => Self::InputOutput,
            Class::Malformed
            | Class::TooLarge
            | Class::Rejected
            | Class::Indeterminate
            | Class::Unauthenticated
            | Class::Forbidden
            | Class::NotFound
            | Class::MethodNotAllowed
            | Class::UnsupportedMedia => Self::Usage,
        }
    }
}

/// A health-certificate gateway.
#[derive(Parser)]
#[command(name = "lintas", version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the whole thing on this machine: make keys, issue, serve, verify over HTTPS.
    Demo(operate::Demo),
    /// Enrol the first two operators of a gateway.
    Init(init::Init),
    /// Run a gateway until a signal ends it.
    Serve(operate::Serve),
    /// Issue a demo credential for claims.
    Issue(operate::Issue),
    /// Verify a credential, or many, offline: exit code 0 accept, 1 reject, 2 indeterminate.
    Verify(offline::Verify),
    /// Scan codes at a gate, offline, and show a colour: exit code 0 green, 1 red or black, 2 yellow.
    Scan(scan::Scan),
    /// Bundles for scanners: fetch the newest, look into one; the root that vouches for them, and the key that signs them.
    #[command(subcommand)]
    Bundle(bundle::Bundle),
    /// Show what is inside a credential, without verifying anything.
    Inspect(offline::Inspect),
    /// Show what a receipt says, if it proves itself: exit code 1 where it does not, or is about another text.
    Receipt(receipt::Receipt),
    /// Reach the verdicts of receipts once more: exit code 0 where all are the same, 1 where one is not, 2 where one cannot
    /// be reached.
    Replay(replay::Replay),
    /// Whom this gateway believes, and why not somebody else.
    Trust(trust::Trust),
    /// How foreign sources stand, and asking one now.
    Feeds(feeds::Feeds),
    /// Hand in signers, revocations and rules of this country at a foreign gateway.
    HandIn(hand_in::HandIn),
    /// Hand in events, of which certificates are made.
    #[command(subcommand)]
    Events(events::Events),
    /// Who operates the gateway; what is asked for waits for another operator's approval.
    #[command(subcommand)]
    Operators(operators::Operators),
    /// Who may use the gateway with a token.
    #[command(subcommand)]
    Clients(operators::Clients),
    /// What other operators ask for: look, approve, refuse.
    #[command(subcommand)]
    Approvals(approvals::Approvals),
    /// The national CA, and the gateway's signing keys.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Which countries' backends use the gateway.
    #[command(subcommand)]
    Party(party::Party),
    /// Withdraw certificates that were issued here, or take a withdrawal back.
    Revoke(Box<revoke::Revoke>),
    /// Policy sets: check, compare, try, sign, activate.
    #[command(subcommand)]
    Rules(Box<rules::Rules>),
    /// Bring the database of the store up to date, by the login that may.
    Migrate(store::Migrate),
    /// Work on the store as a whole.
    #[command(subcommand)]
    Store(store::Store),
    /// Look at the audit: verify exits with 0 where it is whole and 1 where it is not.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Grade this program against a folder of published cases.
    Conformance {
        /// The folder with the manifests.
        dir: PathBuf,
        /// Print the counts as JSON.
        #[arg(long)]
        json: bool,
        /// A TOML file of disagreements that stand, each with its reason.
        #[arg(long)]
        deviations: Option<PathBuf>,
    },
}

/// Runs the command that `arguments` (the program's name first) ask for.
pub fn run(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let asked_for_help = !error.use_stderr();
            // Nothing is left to tell if even this cannot be printed.
            let _ = error.print();
            return if asked_for_help {
                Exit::Success
            } else {
                Exit::Usage
            };
        }
    };
    let done = match arguments.command {
        Command::Demo(command) => command.run(),
        Command::Init(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Issue(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Scan(command) => command.run(),
        Command::Bundle(command) => command.run(),
        Command::Inspect(command) => command.run(),
        Command::Receipt(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Trust(command) => command.run(),
        Command::Feeds(command) => command.run(),
        Command::HandIn(command) => command.run(),
        Command::Events(command) => command.run(),
        Command::Operators(command) => command.run(),
        Command::Clients(command) => command.run(),
        Command::Approvals(command) => command.run(),
        Command::Keys(command) => command.run(),
        Command::Party(command) => command.run(),
        Command::Revoke(command) => command.run(),
        Command::Rules(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::Store(command) => command.run(),
        Command::Audit(command) => command.run(),
        Command::Conformance {
            dir,
            json,
            deviations,
        } => grade(&dir, json, deviations.as_deref()),
    };
    done.unwrap_or_else(|failure| {
        show::failure(&failure);
        Exit::of(&failure)
    })
}

fn grade(
    dir: &std::path::Path,
    json: bool,
    deviations: Option<&std::path::Path>,
) -> Result<Exit, Failure> {
    let grades = conformance::run(dir, deviations)?;
    if json {
        show::json(&grades.to_json())?;
    } else {
        for line in grades.lines() {
            show::line(&line)?;
        }
    }
    grades.disagreements().for_each(|line| show::note(&line));
    if !grades.any() {
        show::note("nothing was graded: the folder holds no known manifest, or one without cases");
    }
    Ok(if grades.passed() {
        Exit::Success
    } else {
        Exit::Reject
    })
}
