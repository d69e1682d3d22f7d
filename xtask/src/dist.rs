//! `cargo xtask dist`: what is given to people who have no Rust. An archive with the stripped program, its completions and manual pages, and the
//! licences of everything in it; the same as a Debian package, by Debian's own `dpkg-deb`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::dependencies::{Graph, Package, host};
use crate::process;
use crate::workspace::{Metadata, root, size};

const PROGRAM: &str = "train-head";
const MAINTAINER: &str = "The train-head authors <train-head@example.org>";
/// Shells, and where Debian looks for their completions.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/train-head"),
    ("zsh", "usr/share/zsh/vendor-completions/_train-head"),
    ("fish", "usr/share/fish/vendor_completions.d/train-head.fish"),
];
/// Beginnings of the names of files with a licence.
const LICENCES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"];

/// Builds both into `target/dist/`.
///
/// # Errors
/// A build failed, or a tool is missing; a dependency without a licence's text; a failed write.
pub(crate) fn run() -> Result<()> {
    let metadata = Metadata::read()?;
    let build = ["build", "--release", "--locked", "--workspace", "--bin", PROGRAM];
    process::step("build", process::cargo(build).current_dir(root()))?;
    let graph = Graph::read()?;
    let program = graph.package(PROGRAM).with_context(|| format!("{PROGRAM} is not in the workspace"))?;
    let folder = metadata.target_directory.join("dist");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let tree = folder.join("tree");
    fill(&tree, &metadata.train_head(), &graph, program)?;
    for path in [archive(&folder, &tree, program)?, debian(&folder, &tree, program)?] {
        println!("{} ({} kB)", path.display(), fs::metadata(&path)?.len() / 1000);
    }
    fs::remove_dir_all(tree)?;
    Ok(())
}

/// Lays out everything as it lies on a system.
fn fill(tree: &Path, built: &Path, graph: &Graph, program: &Package) -> Result<()> {
    let (bin, docs) = (tree.join("usr/bin"), tree.join("usr/share/doc/train-head"));
    for folder in [&bin, &docs] {
        fs::create_dir_all(folder)?;
    }
    let stripped = bin.join(PROGRAM);
    process::step("strip", Command::new("strip").arg("--strip-all").arg("-o").arg(&stripped).arg(built))?;
    for (shell, place) in SHELLS {
        let path = tree.join(place);
        fs::create_dir_all(path.parent().unwrap_or(tree))?;
        fs::write(path, process::output(Command::new(&stripped).args(["completions", shell]))?)?;
    }
    let man = tree.join("usr/share/man/man1");
    fs::create_dir_all(&man)?;
    process::output(Command::new(&stripped).arg("man").arg(&man))?;
    for page in fs::read_dir(&man)? {
        // as Debian wants them; without a time, the same bytes each time
        process::output(Command::new("gzip").args(["--best", "--no-name"]).arg(page?.path()))?;
    }
    for name in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(root().join(name), docs.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    fs::write(docs.join("copyright"), copyright())?;
    let lacking = licences(&docs.join("licences"), graph, program)?;
    let known = |name: &str| format!("the licence is named in its manifest: {name}");
    println!("==> licences: {} without a text of their own", lacking.len());
    lacking.iter().for_each(|name| println!("    {}", known(name)));
    Ok(())
}

/// Copies the texts of licences of everything in the program, and lists it. Returns the packages that bring none: their manifests name a licence
/// whose text is that of another.
fn licences(folder: &Path, graph: &Graph, program: &Package) -> Result<Vec<String>> {
    fs::create_dir_all(folder)?;
    let reached = graph.reached(program);
    let mut list = String::from("package,version,licence\n");
    let mut lacking = Vec::new();
    for package in graph.packages.iter().filter(|package| reached.contains(package.id.as_str())) {
        let licence = package.license.as_deref().unwrap_or("see its files");
        list.push_str(&format!("{},{},{licence}\n", package.name, package.version));
        let source = package.manifest_path.parent().unwrap_or(Path::new("/"));
        // ours have those of the workspace
        if source.starts_with(root()) {
            continue;
        }
        let to = folder.join(format!("{}-{}", package.name, package.version));
        let mut found = 0;
        for entry in fs::read_dir(source).with_context(|| format!("cannot read {}", source.display()))? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let is_licence = LICENCES.iter().any(|start| name.to_uppercase().starts_with(start));
            if is_licence && path.is_file() {
                fs::create_dir_all(&to)?;
                fs::copy(&path, to.join(name))?;
                found += 1;
            }
        }
        if found == 0 {
            ensure!(
                package.license.is_some(),
                "{} {} says nothing of its licence",
                package.name,
                package.version
            );
            lacking.push(format!("{} {} ({licence})", package.name, package.version));
        }
    }
    fs::write(folder.join("packages.csv"), list)?;
    Ok(lacking)
}

/// An archive that unpacks anywhere.
fn archive(folder: &Path, tree: &Path, program: &Package) -> Result<PathBuf> {
    let name = format!("{PROGRAM}-{}-{}", program.version, host()?);
    let path = folder.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.args([
        "--sort=name",
        "--mtime=@0",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--create",
        "--gzip",
    ]);
    tar.arg(format!("--transform=s,^usr,{name},")).arg("--file").arg(&path).arg("--directory").arg(tree);
    process::step("archive", tar.arg("usr"))?;
    Ok(path)
}

/// A Debian package.
fn debian(folder: &Path, tree: &Path, program: &Package) -> Result<PathBuf> {
    let architecture = process::output(Command::new("dpkg").arg("--print-architecture"))?.trim().to_owned();
    let libc = needed_libc(&tree.join("usr/bin").join(PROGRAM))?;
    let kilobytes = size(&tree.join("usr"))?.div_ceil(1024);
    let control = format!(
        "Package: {PROGRAM}\nVersion: {}\nArchitecture: {architecture}\nMaintainer: {MAINTAINER}\nInstalled-Size: {kilobytes}\n\
         Depends: libc6 (>= {libc}), libgcc-s1\nSection: science\nPriority: optional\n\
         Description: {}\n Transfer learning on encrypted text: embeddings stay encrypted with the homomorphic\n scheme CKKS while a head is trained on them.\n",
        program.version,
        program.description.as_deref().unwrap_or(PROGRAM),
    );
    let package = tree.join("DEBIAN");
    fs::create_dir_all(&package)?;
    fs::write(package.join("control"), control)?;
    let path = folder.join(format!("{PROGRAM}_{}_{architecture}.deb", program.version));
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "--build"]).arg(tree).arg(&path).env("SOURCE_DATE_EPOCH", "0");
    process::step("Debian package", &mut build)?;
    Ok(path)
}

/// The oldest version of the C library that has every symbol that the program needs.
fn needed_libc(program: &Path) -> Result<String> {
    let symbols = process::output(Command::new("objdump").arg("--dynamic-syms").arg(program))?;
    let version = |word: &str| -> Option<Vec<u32>> {
        word.trim_matches(['(', ')'])
            .strip_prefix("GLIBC_")?
            .split('.')
            .map(|part| part.parse().ok())
            .collect()
    };
    let newest =
        symbols.split_whitespace().filter_map(version).max().context("the program needs no C library")?;
    Ok(newest.iter().map(u32::to_string).collect::<Vec<_>>().join("."))
}

/// In Debian's form.
fn copyright() -> String {
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: the train-head authors\nLicense: MIT or Apache-2.0\n \
     LICENSE-MIT and LICENSE-APACHE beside this file. licences/ has those of everything that is compiled in.\n"
        .to_owned()
}
