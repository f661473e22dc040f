"""Keeps datasets on the machine of an engine: every content once by its SHA-256, and for each dataset a tree of hard links.

Runs in a helper container with the volume of one installation at /store, as root without network. It is told what to do by
/request/request.json and answers with JSON lines on stdout. A tree that is there is complete and was verified: it is
moved into place last.

    blobs/ab/ab12…   content; with an `x` at the end where its owner may execute it
    trees/HASH       a dataset          manifests/HASH.gz   what it consists of, one JSON array a line
    incoming/NAME    what is being sent  partial/           what was cut off, to be continued
    locks/           one holder each; a dead holder's lock is free
"""
import base64
import errno
import fcntl
import gzip
import hashlib
import json
import os
import shutil
import stat
import sys
import time
import zlib

STORE = b"/store"
REQUEST = "/request"
BLOCK = 1024 * 1024
IDLE_SECONDS = 180
HOLDER_SILENT_SECONDS = 20
LEFTOVER_SECONDS = 7 * 24 * 3600
YOUNG_SECONDS = 60
WORTH_CONTINUING = 4 * 1024 * 1024


class Refused(Exception):
    """Ends the work with words for the other side."""


def say(**value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def place(*parts):
    return os.path.join(STORE, *(part.encode() if isinstance(part, str) else part for part in parts))


def blob_of(key):
    return place("blobs", key[:2], key)


def lock(name, how):
    file = os.open(place("locks", name), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(file, how)
    return file


def try_lock(name, how):
    try:
        return lock(name, how | fcntl.LOCK_NB)
    except OSError:
        return None


# What a dataset consists of: path (bytes) -> (mode, sha256, bytes, link's target)


def parse_lines(file, entries):
    for line in file:
        fields = json.loads(line)
        path = fields[3].encode("utf-8")
        if fields[0] == "-":
            entries.pop(path, None)
            continue
        if path.startswith(b"/") or b".." in path.split(b"/") or b"\0" in path or not path:
            raise Refused("a path leads outside")
        entries[path] = (fields[0], fields[1], fields[2], fields[4] if fields[0] == "link" else "")


def read_entries(request):
    entries = {}
    if request.get("base"):
        with gzip.open(place("manifests", request["base"] + ".gz"), "rt", encoding="utf-8") as file:
            parse_lines(file, entries)
    with gzip.open(REQUEST + "/manifest.gz", "rt", encoding="utf-8") as file:
        parse_lines(file, entries)
    return {path: entries[path] for path in sorted(entries)}


def tree_hash(entries):
    digest = hashlib.sha256()
    for path, (mode, sha256, length, _) in entries.items():
        if mode == "dir":
            digest.update(b"dir - 0 " + path + b"/\n")
        else:
            digest.update(b"%s %s %d " % (mode.encode(), sha256.encode(), length) + path + b"\n")
    return digest.hexdigest()


def write_manifest(path, entries):
    temporary = path + b".%d" % os.getpid()
    with gzip.open(temporary, "wt", compresslevel=1, encoding="utf-8") as file:
        for name, (mode, sha256, length, target) in entries.items():
            fields = [mode, sha256, length, name.decode("utf-8")] + ([target] if mode == "link" else [])
            file.write(json.dumps(fields) + "\n")
    os.rename(temporary, path)


def key_of(entry):
    return entry[1] + ("x" if entry[0] == "755" else "")


def contents_of(entries):
    """key -> length, in the order in which both sides count them."""
    needed = {}
    for entry in entries.values():
        if entry[0] in ("644", "755"):
            needed.setdefault(key_of(entry), entry[2])
    return needed


# Contents


def is_there(key, length):
    try:
        found = os.lstat(blob_of(key))
    except OSError:
        return False
    return found.st_size == length


def keep(source, key, owner):
    """The content was verified."""
    target = blob_of(key)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.chmod(source, 0o755 if key.endswith("x") else 0o644)
    os.chown(source, *owner)
    os.rename(source, target)


def copy_from_twin(key, length, owner):
    """The same content with the other mode is there already."""
    twin = key[:-1] if key.endswith("x") else key + "x"
    if not is_there(twin, length):
        return False
    copy = place("incoming", "twin-%d" % os.getpid())
    shutil.copyfile(blob_of(twin), copy)
    keep(copy, key, owner)
    return True


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def split_name(name):
    """`00000012-KEY` or `00000012-KEY+OFFSET` -> (number, key, offset)."""
    number, _, rest = name.decode().partition("-")
    key, _, offset = rest.partition("+")
    return int(number), key, int(offset or 0)


def salvage(needed, owner):
    """What senders that were cut off have left: whole contents are kept, the beginning of a big one can be continued."""
    for folder in os.listdir(place("incoming")):
        own = place("incoming", folder)
        if not os.path.isdir(own):
            continue
        holder = try_lock(b"sender-" + folder, fcntl.LOCK_EX)
        if holder is None:
            continue
        for name in sorted(os.listdir(own)):
            if name != b"done":
                salvage_file(os.path.join(own, name), name, needed, owner)
        shutil.rmtree(own, ignore_errors=True)
        os.unlink(place("locks", b"sender-" + folder))
        os.close(holder)


def salvage_file(path, name, needed, owner):
    try:
        _, key, offset = split_name(name)
    except ValueError:
        return
    partial = place("partial", key)
    if offset > 0:
        if os.path.exists(partial) and os.stat(partial).st_size == offset:
            append(partial, path)
        path = partial
    if not os.path.exists(path):
        return
    size = os.lstat(path).st_size
    if size == needed.get(key, size) and digest_of(path) == key[:64]:
        keep(path, key, owner)
    elif WORTH_CONTINUING <= size < needed.get(key, 0):
        os.rename(path, partial)


def append(target, source):
    with open(target, "ab") as end, open(source, "rb") as file:
        shutil.copyfileobj(file, end, BLOCK)


def partial_lengths(missing, needed):
    found = []
    for number, key in enumerate(missing):
        try:
            size = os.lstat(place("partial", key)).st_size
        except OSError:
            continue
        if size < needed[key]:
            found.append([number, size])
    return found


class Growing:
    """A content that is still being written: what is there of it is hashed meanwhile."""

    def __init__(self, folder, name, needed):
        self.path = os.path.join(folder, name)
        self.number, self.key, self.offset = split_name(name)
        self.length = needed[self.key]
        self.digest = hashlib.sha256()
        self.file = open(self.path, "rb", buffering=0)
        if self.offset:
            with open(place("partial", self.key), "rb", buffering=0) as begin:
                for block in iter(lambda: begin.read(BLOCK), b""):
                    self.digest.update(block)
        self.read = self.offset

    def advance(self):
        """Bytes that were new."""
        before = self.read
        for block in iter(lambda: self.file.read(BLOCK), b""):
            self.digest.update(block)
            self.read += len(block)
        return self.read - before

    def finish(self, owner):
        self.advance()
        self.file.close()
        if self.read != self.length or self.digest.hexdigest() != self.key[:64]:
            if self.offset:
                os.unlink(place("partial", self.key))
            os.unlink(self.path)
            raise Refused("changed %s" % self.key[:64])
        if self.offset:
            append(place("partial", self.key), self.path)
            os.unlink(self.path)
            self.path = place("partial", self.key)
        keep(self.path, self.key, owner)


def take(folder, missing, needed, owner, beat):
    """Moves contents to their places as they arrive. One is whole as soon as the next has begun."""
    got = 0
    growing = None
    quiet_since = time.monotonic()
    pause = 0.005
    while got < len(missing):
        names = sorted(os.listdir(folder))
        is_over = names[-1:] == [b"done"]
        whole = [name for name in names if name != b"done"]
        last = None if is_over or not whole else whole.pop()
        news = 0
        for name in whole:
            item = growing if growing is not None and growing.path.endswith(name) else Growing(folder, name, needed)
            growing = None
            item.finish(owner)
            got += 1
            news += 1
            beat()
        if last is not None:
            if growing is None:
                growing = Growing(folder, last, needed)
            news += growing.advance()
        if news:
            quiet_since, pause = time.monotonic(), 0.005
            beat()
            continue
        if is_over and got < len(missing):
            raise Refused("incomplete")
        if time.monotonic() - quiet_since > IDLE_SECONDS:
            raise Refused("silent")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


# Trees


def link_blob(key, target):
    blob = blob_of(key)
    try:
        os.link(blob, target)
    except OSError as error:
        if error.errno != errno.EMLINK:
            raise
        # File systems limit the links of one file; another copy takes the next ones.
        found = os.lstat(blob)
        copy = blob + b".%d" % os.getpid()
        shutil.copyfile(blob, copy)
        os.chmod(copy, stat.S_IMODE(found.st_mode))
        os.chown(copy, found.st_uid, found.st_gid)
        os.rename(copy, blob)
        os.link(blob, target)


def build(tree, entries, owner):
    root = place("trees", ".%s.%s" % (tree, os.uname().nodename))
    shutil.rmtree(root, ignore_errors=True)
    made = set()

    def folder(path):
        if path in made:
            return
        if path:
            folder(os.path.dirname(path))
        full = os.path.join(root, path) if path else root
        os.mkdir(full, 0o755)
        os.chmod(full, 0o755)
        os.chown(full, *owner)
        made.add(path)

    folder(b"")
    for path, entry in entries.items():
        if entry[0] == "dir":
            folder(path)
            continue
        folder(os.path.dirname(path))
        full = os.path.join(root, path)
        if entry[0] == "link":
            target = entry[3].encode("utf-8")
            if hashlib.sha256(target).hexdigest() != entry[1]:
                raise Refused("changed %s" % entry[1])
            os.symlink(target, full)
            os.lchown(full, *owner)
        else:
            link_blob(key_of(entry), full)
    write_manifest(place("manifests", tree + ".gz"), entries)
    sync()
    os.rename(root, place("trees", tree))


def sync():
    """All of the volume is on its disk before the tree is said to be there."""
    try:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        folder = os.open(STORE, os.O_RDONLY)
        try:
            if libc.syncfs(folder) == 0:
                return
        finally:
            os.close(folder)
    except Exception:
        pass
    os.sync()


def wait_for_turn(tree):
    """Others that send the same are waited for, as long as they get on."""
    name = "tree-" + tree
    told = False
    while True:
        held = try_lock(name, fcntl.LOCK_EX)
        if held is not None:
            return held
        if not told:
            say(waiting=True)
            told = True
        if time.time() - os.stat(place("locks", name)).st_mtime > HOLDER_SILENT_SECONDS:
            return None
        time.sleep(0.2)


def receive(request):
    for folder in ("blobs", "trees", "manifests", "incoming", "partial", "locks"):
        os.makedirs(place(folder), exist_ok=True)
    tree = request["tree"]
    owner = (request["uid"], request["gid"])
    clearing = lock("store", fcntl.LOCK_SH)
    turn = wait_for_turn(tree)
    if os.path.isdir(place("trees", tree)):
        say(sealed=True)
        return
    try:
        entries = read_entries(request)
    except FileNotFoundError:
        raise Refused("no-base")
    if tree_hash(entries) != tree:
        raise Refused("no-base" if request.get("base") else "the list is not that of the dataset")
    needed = contents_of(entries)
    name = request["name"]
    held = lock("sender-" + name, fcntl.LOCK_EX)
    salvage(needed, owner)
    wanted = [is_there(key, n) or copy_from_twin(key, n, owner) for key, n in needed.items()]
    missing = [key for key, there in zip(needed, wanted) if not there]
    bits = bytearray((len(wanted) + 7) // 8)
    for number, there in enumerate(wanted):
        if not there:
            bits[number // 8] |= 1 << (number % 8)
    own = place("incoming", name)
    os.mkdir(own, 0o700)
    room = os.statvfs(STORE)
    say(
        missing=base64.b64encode(zlib.compress(bytes(bits))).decode(),
        partial=partial_lengths(missing, needed),
        free=room.f_bavail * room.f_frsize,
    )
    beat = heartbeat(tree)
    if missing:
        take(own, missing, needed, owner, beat)
    shutil.rmtree(own)
    os.unlink(place("locks", "sender-" + name))
    build(tree, entries, owner)
    say(sealed=True)
    for descriptor in (held, turn, clearing):
        if descriptor is not None:
            os.close(descriptor)


def heartbeat(tree):
    path = place("locks", "tree-" + tree)
    last = [0.0]

    def beat():
        now = time.monotonic()
        if now - last[0] > 1:
            last[0] = now
            os.utime(path)

    beat()
    return beat


# Clearing


def clear(request):
    """Removes all trees but those to keep, and the contents that no other tree has."""
    if not os.path.isdir(place("locks")):
        say(freed=0)
        return
    held = try_lock("store", fcntl.LOCK_EX)
    if held is None:
        say(busy=True)
        return
    freed = 0
    keys = set()
    gone = {tree.encode() for tree in request["gone"]}
    kept = {tree.encode() for tree in request["keep"]}
    for tree in os.listdir(place("trees")):
        # One that was built just now may be about to be sealed.
        young = time.time() - os.lstat(place("trees", tree)).st_ctime < YOUNG_SECONDS
        if tree in kept or (young and tree not in gone):
            continue
        manifest = place("manifests", tree + b".gz")
        entries = {}
        try:
            with gzip.open(manifest, "rt", encoding="utf-8") as file:
                parse_lines(file, entries)
        except (OSError, ValueError, EOFError):
            pass
        keys.update(contents_of(entries))
        shutil.rmtree(place("trees", tree), ignore_errors=True)
        if os.path.exists(manifest):
            os.unlink(manifest)
    for key in keys:
        freed += drop(blob_of(key))
    freed += drop_leftovers(request.get("leftovers", LEFTOVER_SECONDS))
    say(freed=freed)
    os.close(held)


def drop(blob, least_age=0):
    try:
        found = os.lstat(blob)
    except OSError:
        return 0
    if found.st_nlink > 1 or time.time() - found.st_ctime < least_age:
        return 0
    os.unlink(blob)
    return found.st_size


def drop_leftovers(age):
    """What was sent once and never became part of a dataset."""
    freed = 0
    for name in os.listdir(place("partial")):
        freed += drop(place("partial", name), age)
    for folder in os.listdir(place("blobs")):
        for name in os.listdir(place("blobs", folder)):
            freed += drop(place("blobs", folder, name), age)
    for folder in os.listdir(place("incoming")):
        if time.time() - os.lstat(place("incoming", folder)).st_ctime >= age:
            shutil.rmtree(place("incoming", folder), ignore_errors=True)
    return freed


def main():
    with open(REQUEST + "/request.json", encoding="utf-8") as file:
        request = json.load(file)
    os.umask(0o022)
    try:
        {"receive": receive, "clear": clear}[request["command"]](request)
    except Refused as error:
        say(refused=str(error))
        return 1
    except OSError as error:
        say(refused="full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
