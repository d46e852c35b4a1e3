//! Rust code from the definitions in `proto/`, without a protobuf compiler on the machine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use prost::Message as _;
use tempfile::TempDir;

/// Where the definitions are, and where the code goes, in the workspace.
const DEFINITIONS: &str = "proto";
const GENERATED: &str = "crates/admin/src/gen";

/// The files that are made.
const CODE: &str = "slotmesh.admin.v1.rs";
const DESCRIPTORS: &str = "descriptors.bin";

/// Whether to write or only to look.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Options {
    /// Write nothing; fail when the committed code is not what the definitions give.
    #[arg(long)]
    check: bool,
}

/// Makes the code of the admin API from its definitions.
///
/// # Errors
/// The definitions are wrong, or the code is stale and was only to be checked.
pub fn run(options: Options) -> Result<()> {
    if options.check { check() } else { write() }
}

/// Fails when the committed code is not what the definitions give.
pub(crate) fn check() -> Result<()> {
    let fresh = generate()?;
    let root = root()?.join(GENERATED);
    for name in [CODE, DESCRIPTORS] {
        let committed = fs::read(root.join(name)).unwrap_or_default();
        if committed != fs::read(fresh.path().join(name))? {
            bail!("{GENERATED}/{name} is not what {DEFINITIONS} gives; run: cargo xtask codegen");
        }
    }
    eprintln!("the generated code of the admin API is fresh");
    Ok(())
}

fn write() -> Result<()> {
    let fresh = generate()?;
    let root = root()?.join(GENERATED);
    fs::create_dir_all(&root)?;
    for name in [CODE, DESCRIPTORS] {
        fs::copy(fresh.path().join(name), root.join(name)).with_context(|| format!("can't write {name}"))?;
    }
    Ok(())
}

fn generate() -> Result<TempDir> {
    let folder = TempDir::with_prefix("slotmesh-codegen-")?;
    let definitions = root()?.join(DEFINITIONS);
    let files = definition_files(&definitions)?;
    let descriptors = protox::compile(&files, [&definitions]).context("the definitions are wrong")?;
    fs::write(folder.path().join(DESCRIPTORS), without_comments(descriptors.clone()).encode_to_vec())?;
    tonic_prost_build::configure()
        .build_transport(false)
        .out_dir(folder.path())
        .compile_fds(descriptors)
        .context("can't make code from the definitions")?;
    Ok(folder)
}

/// For reflection: names and types. Comments and positions in the source are of no use there and as big as the rest.
fn without_comments(mut set: prost_types::FileDescriptorSet) -> prost_types::FileDescriptorSet {
    for file in &mut set.file {
        file.source_code_info = None;
    }
    set
}

fn definition_files(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.join("slotmesh/admin/v1");
    let entries = fs::read_dir(&folder).with_context(|| format!("can't read {}", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "proto"));
    files.sort();
    Ok(files)
}

fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?;
    Ok(root.to_owned())
}
