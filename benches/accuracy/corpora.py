"""The templates that `benches/accuracy/run` compares tools on, and how they come to be.

good, bad   written by us, in tests/templates; a bad one has one fault, named by its first line and its file's name
cdk         one template for each construct of benches/accuracy/cdk/app.js, made by aws-cdk-lib of its lockfile
fixtures    what cfn-lint tests itself with: test/fixtures/templates of its source distribution on PyPI, pinned by hash;
            downloaded below target/, never committed
mutants     templates of cdk and good with one schema fault each, made by mutate.py from a fixed seed

A corpus is a folder and the files in it, sorted; a file is known by its path in that folder.
"""

import hashlib
import pathlib
import shutil
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "target" / "accuracy"
PYTHON = WORK / "python" / "bin" / "python"
NAMES = ["good", "bad", "cdk", "fixtures", "mutants"]
FOLDERS = {
    "good": ROOT / "tests" / "templates" / "good",
    "bad": ROOT / "tests" / "templates" / "bad",
    "cdk": WORK / "templates" / "cdk",
    "fixtures": WORK / "templates" / "fixtures",
    "mutants": WORK / "templates" / "mutants",
}
CFN_LINT = "1.58.0"
CFN_LINT_SHA256 = "ba02cd7f7e06c8bc160936051a03ec931af52943fcc9cc72ad2748caa0f2a103"


def files(name):
    """The templates of a corpus, as paths in its folder."""
    folder = FOLDERS[name]
    return sorted(
        str(it.relative_to(folder)) for it in folder.rglob("[!.]*")
        if it.suffix in (".yaml", ".yml", ".json") and it.is_file()
    )


def prepare(names):
    """Makes what is missing of the corpora, with network for `cdk` and `fixtures` the first time."""
    WORK.mkdir(parents=True, exist_ok=True)
    if {"cdk", "mutants"} & set(names):
        once(WORK / "cdk", [HERE / "cdk" / "package-lock.json", HERE / "cdk" / "app.js"], synthesize)
    if "fixtures" in names:
        once(FOLDERS["fixtures"], [], fetch_fixtures, pin=CFN_LINT_SHA256)
    if "mutants" in names:
        install_peers()
        inputs = [HERE / "mutate.py", HERE / "cdk" / "package-lock.json", HERE / "cdk" / "app.js"]
        once(FOLDERS["mutants"], inputs + [FOLDERS["good"] / it for it in files("good")], mutate)


def install_peers():
    once(WORK / "python", [HERE / "requirements.txt"], install_python)


def once(folder, inputs, make, pin=""):
    """Makes `folder`, emptied, once for each content of the files it depends on."""
    content = hashlib.sha256(pin.encode() + b"".join(it.read_bytes() for it in inputs)).hexdigest()[:16]
    stamp = folder / f".made-{content}"
    if stamp.exists():
        return
    print(f"making {folder.relative_to(ROOT)}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make(folder)
    stamp.touch()


def install_python(folder):
    command(sys.executable, "-m", "venv", folder)
    command(folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt")


def fetch_fixtures(folder):
    downloads = WORK / "downloads"
    shutil.rmtree(downloads, ignore_errors=True)
    command(
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--no-binary", "cfn-lint", "--dest", downloads, f"cfn-lint=={CFN_LINT}",
    )
    [archive] = downloads.glob("*.tar.gz")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != CFN_LINT_SHA256:
        sys.exit(f"{archive.name} is not the file whose hash is pinned")
    within = f"cfn_lint-{CFN_LINT}/test/fixtures/templates/"
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            if member.isfile() and member.name.startswith(within):
                target = folder / member.name[len(within):]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(tar.extractfile(member).read())


def synthesize(folder):
    for it in ("package.json", "package-lock.json", "app.js"):
        shutil.copy(HERE / "cdk" / it, folder)
    command("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=folder)
    output = FOLDERS["cdk"]
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    command("node", "app.js", output, cwd=folder)


def mutate(folder):
    command(PYTHON, HERE / "mutate.py", folder)


def command(*arguments, **options):
    subprocess.run([str(it) for it in arguments], check=True, stdout=subprocess.DEVNULL, **options)
