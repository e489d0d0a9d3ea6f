//! Assets as the CDK has them: the same fingerprints, the same archives.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{peer::peer, read, root, run, world};
use asi::{
    assets::{Follow, Mode, Options, archive, fingerprint, of_fields},
    world::SystemFiles,
};
use serde_json::Value;

/// A new folder for a test of this name.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("assets").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder.canonicalize().unwrap()
}

fn trees() -> Value {
    serde_json::from_str(&read("tests/assets/trees.json")).unwrap()
}

/// What an entry of `trees.json` holds.
fn bytes(entry: &Value) -> Vec<u8> {
    let Some(entry) = entry.as_object() else { return entry.as_str().unwrap().into() };
    let parts = entry.iter().map(|(key, it)| match key.as_str() {
        "text" => it.as_str().unwrap().into(),
        "hex" => hex::decode(it.as_str().unwrap()).unwrap(),
        "repeat" => it.as_str().unwrap().repeat(entry["count"].as_u64().unwrap().try_into().unwrap()).into(),
        _ => Vec::new(),
    });
    parts.collect::<Vec<_>>().concat()
}

/// Makes the trees of `trees.json`.
fn make(trees: &Value, folder: &Path) {
    for (name, entries) in trees["trees"].as_object().unwrap() {
        let root = folder.join(name);
        for (key, entry) in entries.as_object().unwrap() {
            let at = root.join(key);
            if entry["folder"] == true {
                fs::create_dir_all(&at).unwrap();
                continue;
            }
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            if let Some(target) = entry["link"].as_str() {
                symlink(target.replace("{root}", root.to_str().unwrap()), &at).unwrap();
                continue;
            }
            fs::write(&at, bytes(entry)).unwrap();
            if let Some(mode) = entry["mode"].as_str() {
                let mode = u32::from_str_radix(mode, 8).unwrap();
                fs::set_permissions(&at, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
    }
}

/// What we say of the trees, named as in `vectors.js`.
fn ours(trees: &Value, folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut add = |name: String, at: &str, options: &Options| {
        let fields = fingerprint(&SystemFiles, &folder.join(at), options);
        let value = fields.map_or("refused".to_owned(), |it| of_fields(&it));
        found.insert(name, value);
    };
    for (name, entries) in trees["trees"].as_object().unwrap() {
        for (word, follow) in [
            ("never", Follow::Never),
            ("always", Follow::Always),
            ("external", Follow::External),
            ("internal-only", Follow::BlockExternal),
        ] {
            add(format!("{name}, {word}"), name, &Options { follow, ..Options::default() });
        }
        for (key, entry) in entries.as_object().unwrap() {
            if entry["link"].is_null() && entry["folder"].is_null() {
                add(format!("{name}/{key}"), &format!("{name}/{key}"), &Options::default());
            }
        }
    }
    let extra = r#"{"version":"1.21.0"}"#.to_owned();
    add("plain, extra".to_owned(), "plain", &Options { extra, ..Options::default() });
    for patterns in trees["patterns"].as_array().unwrap() {
        for (word, mode) in [("glob", Mode::Glob), ("git", Mode::Git), ("docker", Mode::Docker)] {
            let exclude = patterns.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned());
            let options = Options { mode, exclude: exclude.collect(), ..Options::default() };
            add(format!("{word} {patterns}"), "project", &options);
        }
    }
    found.extend(images(folder));
    found
}

/// The tags of images that are built of the folder `web`, as their stack has them.
fn images(folder: &Path) -> [(String, String); 2] {
    let said = "{build: ./web, file: Dockerfile.prod, target: app, arguments: {A: b c, D: e}, platform: linux/arm64}";
    [("image", "./web"), ("image, as said", said)].map(|(name, image)| {
        let text = format!(
            "app: shop\nconstructs:\n  net: {{type: Network}}\n  job: {{type: ScheduledTask, network: net, \
             schedule: rate(1 hour), image: {image}}}\n"
        );
        let file = folder.join("asi.yaml");
        fs::write(&file, text).unwrap();
        let run = run(&["synth", "--format", "json", "-f", file.to_str().unwrap()], &world(SystemFiles));
        let (_, tag) = run.out.split_once("-${AWS::Region}:").unwrap_or_else(|| panic!("{}", run.err));
        (name.to_owned(), tag.split('"').next().unwrap().to_owned())
    })
}

/// What the CDK says of them, as `vectors.js` printed it with aws-cdk-lib 2.276.0.
fn vectors() -> BTreeMap<String, String> {
    serde_json::from_str(&read("tests/assets/vectors.json")).unwrap()
}

#[test]
fn fingerprints_are_those_of_the_cdk() {
    let (trees, folder) = (trees(), folder("fingerprints"));
    make(&trees, &folder);
    let theirs = vectors();
    let ours = ours(&trees, &folder);
    let names = |all: &BTreeMap<String, String>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&theirs));
    let other: Vec<&String> = ours.iter().filter(|(name, it)| theirs[*name] != **it).map(|it| it.0).collect();
    assert!(other.is_empty(), "{} of {} are others: {other:#?}", other.len(), ours.len());
}

#[test]
fn the_fingerprints_on_file_are_those_of_the_cdk() {
    let Some(cdk) = peer("ASI_TEST_CDK", "fingerprints") else { return };
    let modules = cdk.ancestors().nth(2).unwrap();
    let mut node = Command::new("node");
    node.arg(root().join("tests/assets/vectors.js")).arg(folder("theirs")).env("NODE_PATH", modules);
    let output = node.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: BTreeMap<String, String> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(found == vectors(), "write what it prints into tests/assets/vectors.json");
}

/// A file in an archive.
#[derive(Debug, PartialEq, Eq)]
struct Packed {
    name: String,
    mode: u32,
    /// Time and day, as the format writes them.
    moment: [u16; 2],
    contents: Vec<u8>,
}

/// What is in an archive, by the list at its end, checked against what stands before each file.
fn unpacked(archive: &[u8]) -> Vec<Packed> {
    let short = |at: usize| u16::from_le_bytes(archive[at..at + 2].try_into().unwrap());
    let long = |at: usize| u32::from_le_bytes(archive[at..at + 4].try_into().unwrap());
    let size = |at: usize| usize::try_from(long(at)).unwrap();
    let end = archive.len() - 22;
    assert_eq!(&archive[end..end + 4], b"PK\x05\x06");
    let mut at = size(end + 16);
    let packed = |_| {
        assert_eq!(&archive[at..at + 4], b"PK\x01\x02");
        let (start, length) = (size(at + 42), usize::from(short(at + 28)));
        assert_eq!(&archive[at + 6..at + 30], &archive[start + 4..start + 28], "both say the same");
        let data = start + 30 + length;
        let mut contents = Vec::new();
        let from = &archive[data..data + size(at + 20)];
        flate2::read::DeflateDecoder::new(from).read_to_end(&mut contents).unwrap();
        assert_eq!(contents.len(), size(at + 24));
        let mut sum = flate2::Crc::new();
        sum.update(&contents);
        assert_eq!(sum.sum(), long(at + 16));
        let name = String::from_utf8(archive[at + 46..at + 46 + length].to_vec()).unwrap();
        let packed =
            Packed { name, mode: long(at + 38) >> 16, moment: [short(at + 12), short(at + 14)], contents };
        at += 46 + length;
        packed
    };
    (0..short(end + 10)).map(packed).collect()
}

#[test]
fn an_archive_holds_all_files_with_their_permissions_and_no_time() {
    let (trees, folder) = (trees(), folder("archives"));
    make(&trees, &folder);
    let listed = |tree: &str| {
        let packed = unpacked(&archive(&SystemFiles, &folder.join(tree)).unwrap());
        assert!(packed.iter().all(|it| it.moment == [0, 0x21]), "the first of January 1980");
        packed.into_iter().map(|it| format!("{} {:o}", it.name, it.mode)).collect::<Vec<_>>()
    };
    assert_eq!(listed("modes"), ["plain 100644", "run.sh 100755", "own/secret 100600"]);
    let linked = listed("links");
    for name in ["file", "to file", "to folder/inner", "out", "out folder/deep", "out folder/back"] {
        assert!(linked.contains(&format!("{name} 100644")), "{name} is not in {linked:?}");
    }
    assert!(!linked.iter().any(|it| it.starts_with("broken")), "a link to nothing is none");
    let large = unpacked(&archive(&SystemFiles, &folder.join("ends")).unwrap());
    let contents = |name: &str| &large.iter().find(|it| it.name == name).unwrap().contents;
    assert_eq!(contents("large"), &bytes(&trees["trees"]["ends"]["large"]));
    assert_eq!(
        archive(&SystemFiles, &folder.join("ends")).unwrap(),
        archive(&SystemFiles, &folder.join("ends")).unwrap()
    );
    let empty = folder.join("empty folders/empty");
    assert_eq!(archive(&SystemFiles, &empty).unwrap().len(), 22);
}
