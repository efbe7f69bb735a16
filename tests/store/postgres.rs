//! A PostgreSQL of the test program's own: in a temporary folder, on a socket and on a loopback port, gone with the
//! program.

use crate::ground::write_private;
use crate::support::skipped;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A running server.
pub(crate) struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    /// Holds the pipe whose end stops the server.
    _keeper: Child,
    databases: AtomicU32,
}

/// The server, started once; `None`, and a word why, where there is none to start.
pub(crate) fn server() -> Option<&'static Postgres> {
    static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

impl Postgres {
    /// A URL for `login` in `database`.
    pub(crate) fn url(&self, login: &str, database: &str) -> String {
        let folder = self.folder.display();
        let port = self.port;
        format!("postgres:///{database}?host={folder}&port={port}&user={login}")
    }

    /// A URL for `login` in `database` over TLS, to a server of the name `host`, believing the CA in the file `ca`.
    pub(crate) fn tls_url(&self, login: &str, database: &str, host: &str, ca: &Path) -> String {
        let (port, ca) = (self.port, ca.display());
        format!("postgres://{login}@{host}:{port}/{database}?sslmode=verify-full&sslrootcert={ca}")
    }

    /// The certificate of the CA that vouches for the server, as `localhost`.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The folder of its files, keys and log.
    #[allow(dead_code, reason = "not every test program searches its files")]
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A program that came with it.
    #[allow(dead_code, reason = "not every test program searches its files")]
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// What the server has written to its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }

    /// A name that no database has yet.
    pub(crate) fn fresh_name(&self) -> String {
        format!("lintas_{}", self.databases.fetch_add(1, Ordering::SeqCst))
    }
}

fn start() -> Option<Postgres> {
    let Some(programs) = programs() else {
        skipped("there is no PostgreSQL (initdb)");
        return None;
    };
    let folder = tempfile::Builder::new()
        .prefix("lintas-pg-")
        .tempdir_in("/tmp")
        .unwrap()
        .keep();
    let owner = (fs::metadata("/proc/self").unwrap().uid() == 0).then(unprivileged);
    if let Some((user, group)) = owner {
        chown(&folder, Some(user), Some(group)).unwrap();
    }
    let as_owner = |command: &mut Command| {
        command.current_dir(&folder).env_remove("LC_ALL");
        if let Some((user, group)) = owner {
            command.uid(user).gid(group);
        }
    };
    let data = folder.join("data");
    let mut made = Command::new(programs.join("initdb"));
    made.args([
        "--no-sync",
        "--no-locale",
        "--encoding=UTF8",
        "--auth=trust",
    ])
    .args(["--username=postgres", "--pgdata"])
    .arg(&data);
    as_owner(&mut made);
    let made = made.output().unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    for file in certify(&folder) {
        if let Some((user, group)) = owner {
            chown(file, Some(user), Some(group)).unwrap();
        }
    }
    let port = free_port();
    // The shell reads its input until this program is gone, however it ended, and takes the server with it.
    let mut keeper = Command::new("sh");
    keeper
        .arg("-c")
        .arg(
            r#""$1/postgres" -D "$2/data" -k "$2" -p "$3" -c listen_addresses=127.0.0.1 -c fsync="$4" \
                 -c max_connections=200 -c ssl=on -c ssl_cert_file="$2/server.pem" -c ssl_key_file="$2/server.key" \
                 >"$2/log" 2>&1 & server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf "$2""#,
        )
        .arg("keeper")
        .arg(&programs)
        .arg(&folder)
        .arg(port.to_string())
        .arg(fsync())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    as_owner(&mut keeper);
    let mut keeper = keeper.spawn().unwrap();
    let ready = || {
        let mut asked = Command::new(programs.join("pg_isready"));
        asked.args(["--quiet", "--username=postgres"]);
        asked.arg(format!("--port={port}")).arg("--host");
        asked.arg(&folder).status().unwrap().success()
    };
    for _ in 0..600 {
        if ready() {
            return Some(Postgres {
                folder,
                programs,
                port,
                _keeper: keeper,
                databases: AtomicU32::new(1),
            });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    drop(keeper.stdin.take());
    keeper.wait().unwrap();
    panic!("PostgreSQL did not start: {log}");
}

/// Makes a CA and a certificate for `localhost` in `folder`.
fn certify(folder: &Path) -> [PathBuf; 2] {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&key, &ca).unwrap();
    fs::write(folder.join("ca.pem"), ca.as_ref().pem()).unwrap();
    let files = [folder.join("server.pem"), folder.join("server.key")];
    fs::write(&files[0], server.pem()).unwrap();
    write_private(&files[1], &key.serialize_pem());
    files
}

/// Nothing here outlives a crash of the machine, but what is measured shall wait for the disk: `LINTAS_STORE_FSYNC=on`.
fn fsync() -> String {
    #[allow(clippy::disallowed_methods, reason = "how a test is run")]
    let wanted = std::env::var("LINTAS_STORE_FSYNC").ok();
    wanted.unwrap_or_else(|| "off".to_owned())
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The folder of the programs of the newest PostgreSQL here.
fn programs() -> Option<PathBuf> {
    let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut folders: Vec<_> = packaged.map(|it| it.unwrap().path().join("bin")).collect();
    folders.sort();
    folders.push(PathBuf::from("/usr/local/bin"));
    folders.push(PathBuf::from("/usr/bin"));
    let complete = |it: &PathBuf| {
        ["initdb", "postgres", "pg_isready"]
            .iter()
            .all(|program| it.join(program).exists())
    };
    folders.into_iter().find(complete)
}

/// The server refuses to run as root: it runs as `postgres`, or as nobody.
fn unprivileged() -> (u32, u32) {
    let users = fs::read_to_string(Path::new("/etc/passwd")).unwrap();
    let of = |name: &str| {
        let line = users.lines().find(|it| it.starts_with(&format!("{name}:")));
        let fields: Vec<_> = line?.split(':').collect();
        Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
    };
    of("postgres").or_else(|| of("nobody")).unwrap()
}
