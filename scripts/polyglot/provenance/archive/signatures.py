"""Detached signatures of archives in ssh's form, checked by OpenSSH's own `ssh-keygen -Y verify`: well kept, nothing to install.

Sign with `ssh-keygen -Y sign -f ~/.ssh/id_ed25519 -n polyglot-score archive.zip`, which writes archive.zip.sig beside it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from polyglot.provenance.archive.errors import ArchiveError

NAMESPACE = "polyglot-score"
SUFFIX = ".sig"


def check_signature(archive: Path, signature: Path, signers: Path | None) -> str:
    """Check that a signature is one of this archive, and by whom.

    Args:
        signers: a file of allowed signers (ssh-keygen(1)): a name and a public key a line; None checks the signature alone.

    Returns:
        By which key, and of whom, in a few words.

    Raises:
        ArchiveError: if the signature is not one of this archive, or by nobody in `signers`; or ssh-keygen is missing.
    """
    program = shutil.which("ssh-keygen")
    if program is None:
        raise ArchiveError(f"{signature}: ssh-keygen, which checks signatures, is not installed (package openssh-client)")
    for path in filter(None, (signature, signers)):
        if not path.is_file():
            raise ArchiveError(f"{path}: no such file")
    if not archive.is_file():
        raise ArchiveError(f"{archive}: a signature is one of the zip file, not of a folder")
    common = ["-n", NAMESPACE, "-s", str(signature)]
    if signers is None:
        said = _run([program, "-Y", "check-novalidate", *common], archive, signature)
        return f"signed with the key {_key(said)}; compare it with the signer's, or name a file of allowed signers with --signers"
    found = subprocess.run(
        [program, "-Y", "find-principals", "-s", str(signature), "-f", str(signers)], capture_output=True, text=True, check=False
    )
    name = next(iter(found.stdout.split()), "")
    if not name:
        raise ArchiveError(f"{signature}: the key that signed is of nobody in {signers}")
    said = _run([program, "-Y", "verify", "-f", str(signers), "-I", name, *common], archive, signature)
    return f"signed by {name} with the key {_key(said)}"


def _run(command: list[str], archive: Path, signature: Path) -> str:
    with archive.open("rb") as content:
        done = subprocess.run(command, stdin=content, capture_output=True, text=True, check=False)
    if done.returncode:
        why = (done.stderr or done.stdout).strip().splitlines()
        raise ArchiveError(f"{signature}: not a signature of {archive.name} ({why[-1] if why else 'ssh-keygen says no more'})")
    return done.stdout + done.stderr


def _key(said: str) -> str:
    found = re.search(r"SHA256:\S+", said)
    return found[0] if found else "(unknown)"
