"""Installs peers at pinned versions, once."""

import hashlib
import shutil
import subprocess


def command(*arguments, **options):
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, **options)


def install_once(folder, pins, into):
    """Installs into `folder`, emptied, once for each content of the files that pin the versions."""
    content = hashlib.sha256(b"".join(it.read_bytes() for it in pins)).hexdigest()
    stamp = folder / f"installed-{content[:16]}"
    if not stamp.exists():
        shutil.rmtree(folder, ignore_errors=True)
        into(folder)
        stamp.touch()


def install_npm(folder, pins):
    """Installs into `folder` a program of Node with its `package-lock.json`, all that is in `pins`."""

    def into(folder):
        shutil.copytree(pins, folder)
        command("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=folder)

    install_once(folder, sorted(it for it in pins.iterdir() if it.is_file()), into)
