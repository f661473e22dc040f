"""Installs requirements inside a container that is committed as an environment image.

Everything that must not end up in the image (addresses of indexes, credentials, certificates) lies in the folder of this
file, which is a volume; nothing of it is in the container's environment or command.
"""
import json
import os
import subprocess
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))


def main():
    with open(os.path.join(FOLDER, "install.json"), encoding="utf-8") as file:
        spec = json.load(file)
    environment = dict(os.environ, **spec["environment"])
    environment["HOME"] = FOLDER
    environment["PYTHONDONTWRITEBYTECODE"] = ""
    command = [sys.executable, "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    for name in spec["files"]:
        command += ["-r", name]
    try:
        # Paths in requirement files are relative to the package.
        return subprocess.call(command, cwd=os.path.join(FOLDER, "package"), env=environment)
    finally:
        forget()


def forget():
    """Should nobody be left to remove the volume, no credentials stay on it."""
    for name in ["install.json", "pip.conf", ".netrc", "client.pem"]:
        try:
            os.unlink(os.path.join(FOLDER, name))
        except OSError:
            pass


if __name__ == "__main__":
    sys.exit(main())
