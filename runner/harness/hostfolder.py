"""Lists and hashes a folder of the engine's own machine that is to be a dataset, mounted read-only at /dataset.

Answers with JSON lines: where the folder really is, its entries in batches, and what was passed over.
"""
import hashlib
import json
import os
import stat
import sys

ROOT = b"/dataset"
BLOCK = 1024 * 1024
BATCH = 500


def say(**value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def real_place():
    """The kernel resolved links when it mounted the folder: its path below its file system, and whether that is /."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            fields = line.split(" ")
            if fields[4] == ROOT.decode():
                return fields[3].replace("\\040", " ")
    return ""


def digest_of(path):
    digest = hashlib.sha256()
    length = 0
    with open(path, "rb", buffering=0) as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
            length += len(block)
    return digest.hexdigest(), length


def entries(skipped):
    open_folders = [b""]
    while open_folders:
        folder = open_folders.pop()
        names = os.listdir(os.path.join(ROOT, folder) if folder else ROOT)
        if not names and folder:
            yield ["dir", "", 0, folder.decode("utf-8")]
        for name in names:
            path = folder + b"/" + name if folder else name
            try:
                shown = path.decode("utf-8")
            except UnicodeDecodeError:
                skipped.append([path.decode("utf-8", "replace"), "has a name that is not UTF-8"])
                continue
            full = os.path.join(ROOT, path)
            found = os.lstat(full)
            if stat.S_ISDIR(found.st_mode):
                open_folders.append(path)
            elif stat.S_ISLNK(found.st_mode):
                target = os.readlink(full)
                yield ["link", hashlib.sha256(target).hexdigest(), len(target), shown]
            elif stat.S_ISREG(found.st_mode):
                sha256, length = digest_of(full)
                yield ["755" if found.st_mode & 0o100 else "644", sha256, length, shown]
            else:
                skipped.append([shown, "is no file, folder or link"])


def main():
    say(place=real_place())
    skipped = []
    batch = []
    for entry in entries(skipped):
        batch.append(entry)
        if len(batch) == BATCH:
            say(entries=batch)
            batch = []
    say(entries=batch)
    say(skipped=skipped[:1000])


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        say(refused="%s: %s" % (error.strerror, os.fsdecode(error.filename or b"")))
        sys.exit(1)
