"""The completion record: all or nothing, last of all, and also on a full disk."""
import errno
import json
import os
import time

RESERVE = 256 * 1024


def reserve(folder):
    """Room on the disk for the record, taken while there is some."""
    try:
        with open(os.path.join(folder, "reserve"), "wb") as file:
            file.write(b"\0" * RESERVE)
    except OSError:
        pass


def release(folder):
    try:
        os.unlink(os.path.join(folder, "reserve"))
    except OSError:
        pass


def write(folder, record, patience=60.0):
    """By temp, fsync and rename. A full disk gets the short form, and then time until there is room."""
    release(folder)
    end = time.monotonic() + patience
    while True:
        try:
            _write_once(folder, record)
            return True
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EINTR, errno.EMFILE, errno.ENFILE):
                raise
            record = shortened(record)
            if time.monotonic() > end:
                return False
            time.sleep(0.5)


def _write_once(folder, record):
    # Training code may have removed it: it is the same user's.
    os.makedirs(folder, exist_ok=True)
    temporary, final = os.path.join(folder, "record.json.tmp"), os.path.join(folder, "record.json")
    data = json.dumps(record).encode("utf-8", "replace")
    with open(temporary, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, final)
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def show(folder, out):
    """The record beside the output too, so that both can be fetched in one piece. Not needed for the truth: False without."""
    final = os.path.join(out, "record.json")
    try:
        os.makedirs(out, exist_ok=True)
        if os.path.lexists(final):
            os.unlink(final)
        os.link(os.path.join(folder, "record.json"), final)
        return True
    except (OSError, AttributeError):
        return False


def shortened(record):
    """What decides the run, without the long lists."""
    short = dict(record, distributions=[], skipped=record["skipped"][:10])
    exception = short["exception"]
    if exception is not None:
        short["exception"] = dict(exception, traceback=exception["traceback"][-10:], chain=exception["chain"][:1])
    return short
