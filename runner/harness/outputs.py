"""Small outputs travel with the log, so that nobody has to fetch them: a short cut, never needed for the truth.

They come as events after the record is written: one text in base64, compressed, cut into parts.
"""
import base64
import json
import os
import stat
import zlib

MOST_BYTES = 48 * 1024
MOST_ENTRIES = 100
PART = 6000


class TooMuch(Exception):
    pass


def tell(log, out):
    """True where everything below `out` is in the log now."""
    try:
        entries = [entry for entry in walk(out)]
        text = json.dumps(entries).encode("utf-8")
    except (TooMuch, OSError, UnicodeError):
        return False
    data = base64.b64encode(zlib.compress(text)).decode("ascii")
    parts = [data[start : start + PART] for start in range(0, len(data), PART)]
    for number, part in enumerate(parts, 1):
        log.event({"event": "outputs", "part": number, "parts": len(parts), "data": part})
    return True


def walk(top):
    """Folders before what is in them. Nothing but plain files and folders with names that are text."""
    waiting, entries, size = [("", os.lstat(top).st_mode)], 0, 0
    while waiting:
        path, mode = waiting.pop()
        full = os.path.join(top, path) if path else top
        entries += 1
        path.encode("utf-8")
        if stat.S_ISDIR(mode):
            with os.scandir(full) as found:
                waiting += [(path + "/" + entry.name if path else entry.name, entry.stat(follow_symlinks=False).st_mode) for entry in found]
            yield {"path": path, "mode": stat.S_IMODE(mode), "data": None}
        elif stat.S_ISREG(mode):
            content = read(full, MOST_BYTES - size)
            size += len(content)
            yield {"path": path, "mode": stat.S_IMODE(mode), "data": base64.b64encode(content).decode("ascii")}
        else:
            raise TooMuch
        if entries + len(waiting) > MOST_ENTRIES:
            raise TooMuch


def read(path, room):
    with open(path, "rb") as file:
        content = file.read(room + 1)
    if len(content) > room:
        raise TooMuch
    return content
