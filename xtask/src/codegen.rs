//! Rust code from the definitions in `proto/`, without a protobuf compiler on the machine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use prost::Message as _;
use tempfile::TempDir;

use crate::made::{self, Made, Options};

/// Where the definitions are, and where the code goes, in the workspace.
const DEFINITIONS: &str = "proto";
const GENERATED: &str = "crates/admin/src/gen";

/// The files that are made.
const CODE: &str = "slotmesh.admin.v1.rs";
const DESCRIPTORS: &str = "descriptors.bin";

/// The task that makes them.
const TASK: &str = "codegen";

/// Makes the code of the admin API from its definitions.
///
/// # Errors
/// The definitions are wrong, or the code is stale and was only to be checked.
pub fn run(options: Options) -> Result<()> {
    made::settle(TASK, &generate()?, options)
}

/// Fails when the committed code is not what the definitions give.
pub(crate) fn check() -> Result<()> {
    made::check(TASK, &generate()?)
}

fn generate() -> Result<[Made; 2]> {
    let folder = TempDir::with_prefix("slotmesh-codegen-")?;
    let definitions = made::workspace()?.join(DEFINITIONS);
    let files = definition_files(&definitions)?;
    let descriptors = protox::compile(&files, [&definitions]).context("the definitions are wrong")?;
    let bare = without_comments(descriptors.clone()).encode_to_vec();
    tonic_prost_build::configure()
        .build_transport(false)
        .out_dir(folder.path())
        .compile_fds(descriptors)
        .context("can't make code from the definitions")?;
    let code = fs::read(folder.path().join(CODE))?;
    let made = |name: &str, wanted| Made { path: format!("{GENERATED}/{name}"), wanted };
    Ok([made(CODE, code), made(DESCRIPTORS, bare)])
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
