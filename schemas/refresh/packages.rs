//! The two packages everything comes from, at pinned versions, fetched by the clients of their registries.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A package of a registry.
#[derive(Debug)]
pub(crate) struct Package {
    pub registry: &'static str,
    pub name: &'static str,
    pub version: &'static str,
    /// As its own metadata names it.
    pub licence: &'static str,
    /// The file the client leaves behind, and what must be in it.
    file: &'static str,
    pub sha256: &'static str,
}

/// Schemas corrected with what the service models and the maintainers know; regions; two tables.
pub(crate) const CFN_LINT: Package = Package {
    registry: "PyPI",
    name: "cfn-lint",
    version: "1.58.0",
    licence: "MIT-0",
    file: "cfn_lint-1.58.0-py3-none-any.whl",
    sha256: "9d9f06043160756a6158f5c3f92a44ce38254b1c578127461608305bc8262987",
};

/// What the CDK knows of resource types beyond their schemas.
pub(crate) const SERVICE_SPEC: Package = Package {
    registry: "npm",
    name: "@aws-cdk/aws-service-spec",
    version: "0.1.216",
    licence: "Apache-2.0",
    file: "aws-cdk-aws-service-spec-0.1.216.tgz",
    sha256: "2305b840c961bf7ab982a3e67a44cd2fe1f8fad78d8f2598c0fd36fbf17c9af8",
};

impl Package {
    /// Returns the package's file, asking the registry's client for it unless it is in the folder already.
    fn fetch(&self, folder: &Path) -> Result<PathBuf, String> {
        let path = folder.join(self.file);
        if !path.exists() {
            let mut client = match self.registry {
                "PyPI" => {
                    let wanted = format!("{}=={}", self.name, self.version);
                    let mut pip = Command::new("pip");
                    pip.args(["download", "--quiet", "--no-deps", "--only-binary=:all:", &wanted, "--dest"]);
                    pip
                }
                _ => {
                    let wanted = format!("{}@{}", self.name, self.version);
                    let mut npm = Command::new("npm");
                    npm.args(["pack", "--silent", &wanted, "--pack-destination"]);
                    npm
                }
            };
            let program = client.get_program().to_string_lossy().into_owned();
            let output =
                client.arg(folder).output().map_err(|it| format!("`{program}` does not run: {it}"))?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                return Err(format!("`{program}` did not fetch `{}`\n{}", self.name, said.trim_end()));
            }
        }
        let bytes = read(File::open(&path), &path)?;
        let found = hash(&bytes);
        if found != self.sha256 {
            return Err(format!(
                "`{}` has the SHA-256 {found} instead of {}: delete it and try again",
                path.display(),
                self.sha256
            ));
        }
        Ok(path)
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, it| text + &format!("{it:02x}"))
}

/// The files of a package, by path.
#[derive(Debug)]
pub(crate) struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Fetches a package into the folder and unpacks it in memory.
    pub(crate) fn of(package: &Package, folder: &Path) -> Result<Files, String> {
        fs::create_dir_all(folder).map_err(|it| format!("`{}` cannot be made: {it}", folder.display()))?;
        let path = package.fetch(folder)?;
        let file = File::open(&path).map_err(|it| format!("`{}`: {it}", path.display()))?;
        let files = if path.extension().is_some_and(|it| it == "whl") { unzip(file) } else { untar(file) };
        files.map(Files).map_err(|it| format!("`{}` cannot be unpacked: {it}", path.display()))
    }

    /// The bytes of a file.
    pub(crate) fn bytes(&self, path: &str) -> Result<&[u8], String> {
        self.0.get(path).map(Vec::as_slice).ok_or_else(|| format!("the package has no `{path}`"))
    }

    /// A text file.
    pub(crate) fn text(&self, path: &str) -> Result<&str, String> {
        str::from_utf8(self.bytes(path)?).map_err(|it| format!("`{path}` is not UTF-8: {it}"))
    }

    /// A JSON file, which may be compressed.
    pub(crate) fn json(&self, path: &str) -> Result<Value, String> {
        let bytes = self.bytes(path)?;
        let value = if path.to_ascii_lowercase().ends_with(".gz") {
            serde_json::from_slice(&read(Ok(GzDecoder::new(bytes)), Path::new(path))?)
        } else {
            serde_json::from_slice(bytes)
        };
        value.map_err(|it| format!("`{path}` is not JSON: {it}"))
    }

    /// The paths of all files at any depth of a folder that have one ending.
    pub(crate) fn under(&self, folder: &str, ending: &str) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(move |it| it.starts_with(folder) && it.ends_with(ending))
    }

    /// The files directly in a folder whose names end in `.json`: their names without that, and their paths.
    pub(crate) fn json_in(&self, folder: &str) -> impl Iterator<Item = (&str, &str)> {
        self.0.keys().filter_map(move |path| {
            let name = path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".json")?;
            (!name.contains('/')).then_some((name, path.as_str()))
        })
    }
}

fn unzip(file: File) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut archive = zip::ZipArchive::new(file).map_err(|it| it.to_string())?;
    let mut files = BTreeMap::new();
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(|it| it.to_string())?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|it| it.to_string())?;
        let name = entry.name().map_err(|it| it.to_string())?.into_owned();
        files.insert(name, bytes);
    }
    Ok(files)
}

fn untar(file: File) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(GzDecoder::new(file)).entries().map_err(|it| it.to_string())? {
        let mut entry = entry.map_err(|it| it.to_string())?;
        let path = entry.path().map_err(|it| it.to_string())?.to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|it| it.to_string())?;
        files.insert(path, bytes);
    }
    Ok(files)
}

fn read(source: std::io::Result<impl Read>, path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    source
        .and_then(|mut it| it.read_to_end(&mut bytes))
        .map_err(|it| format!("`{}` cannot be read: {it}", path.display()))?;
    Ok(bytes)
}
