"""The framed log: one record a line, in order, with secrets masked, in bounded memory.

    SEQUENCE SP MILLISECONDS SP STREAM SP TEXT LF

STREAM is o (stdout), e (stderr) or m (an event of the harness, one JSON object). TEXT is at most 8 KiB of payload, with
backslash, LF and CR as two characters and other control characters and bytes that are no UTF-8 as \\xHH.
"""
import errno
import hashlib
import json
import os
import re
import time

LIMIT = 8192
MASK = b"***"
_OTHERS = re.compile(rb"[\x00-\x1f\x7f]")
# A byte that is no UTF-8 decodes to 0xDC00 plus itself.
_HEXADECIMAL = {code + (0xDC00 if code > 127 else 0): "\\x%02x" % code for code in [*range(32), *range(127, 256)]}


def escape(payload):
    """Payload bytes as the text of a record."""
    text = payload.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    if text.isascii() and not _OTHERS.search(text):
        return text
    return text.decode("utf-8", "surrogateescape").translate(_HEXADECIMAL).encode("utf-8")


def incomplete_tail(data):
    """How many bytes at the end begin a character whose rest is yet to come."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        need = 2 if 0xC2 <= byte <= 0xDF else 3 if 0xE0 <= byte <= 0xEF else 4 if 0xF0 <= byte <= 0xF4 else 1
        return back if need > back else 0
    return 0


class Masker:
    """Replaces secret values. A value may arrive in pieces, so what could be its beginning waits for the rest."""

    def __init__(self, secrets):
        values = set()
        for secret in secrets:
            values.update(_spellings(secret))
        self.values = sorted((value for value in values if value), key=lambda value: (-len(value), value))
        self.pattern = re.compile(b"|".join(re.escape(value) for value in self.values)) if self.values else None

    def apply(self, data):
        return data if self.pattern is None else self.pattern.sub(MASK, data)

    def text(self, text):
        if self.pattern is None or not isinstance(text, str):
            return text
        return self.apply(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def split(self, data):
        """(masked, rest): `rest` may be the beginning of a secret and is to be put before what comes next."""
        if self.pattern is None:
            return data, b""
        out, position = [], 0
        while True:
            start = self._undecided(data, position)
            match = self.pattern.search(data, position)
            if match is None or match.start() >= start:
                break
            out += [data[position : match.start()], MASK]
            position = match.end()
        out.append(data[position:start])
        return b"".join(out), data[start:]

    def _undecided(self, data, position):
        """Where the longest end of the data begins that is the beginning of a secret."""
        best = len(data)
        for value in self.values:
            start = max(position, len(data) - len(value) + 1)
            while start < best:
                start = data.find(value[:1], start, best)
                if start < 0:
                    break
                if value.startswith(data[start:]):
                    best = start
                    break
                start += 1
        return best


def _spellings(secret):
    """The value itself, as JSON and repr() would show it, and the long lines of a value of several lines."""
    raw = secret.encode("utf-8", "surrogateescape")
    quoted = json.dumps(secret)[1:-1]
    found = [raw, quoted.encode("ascii"), json.dumps(secret, ensure_ascii=False)[1:-1].encode("utf-8", "replace")]
    found.append(repr(secret)[1:-1].encode("utf-8", "replace"))
    found += [line.strip() for line in raw.splitlines() if len(line.strip()) >= 8]
    return found


class Tail:
    """
    The end of the log in two files, for an engine that is killed takes along what it had read and not yet written, and
    what it was to read. That is bounded by pipes, so the last 16 MiB of records are far more than it can lose.
    """

    LIMIT = 16 * 1024 * 1024

    def __init__(self, folder):
        self.path = os.path.join(folder, "log.tail")
        self.before = os.path.join(folder, "log.before")
        self.descriptor = None
        self.size = 0
        self.broken = False

    def write(self, data):
        """Whole records. Where the disk takes no more, the engine's own log is all there is."""
        if self.broken:
            return
        try:
            if self.descriptor is None or self.size >= self.LIMIT:
                self._begin()
            self.broken = os.write(self.descriptor, data) != len(data)
            self.size += len(data)
        except OSError:
            self.broken = True

    def _begin(self):
        if self.descriptor is not None:
            os.close(self.descriptor)
            os.replace(self.path, self.before)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        self.descriptor, self.size = os.open(self.path, flags, 0o600), 0


class Sink:
    """Writes lines to a descriptor without ever waiting on it for long; what does not fit yet waits here."""

    HIGH = 1024 * 1024
    HOPE_SECONDS = 30.0

    def __init__(self, descriptor, tail=None):
        self.descriptor = descriptor
        self.tail = tail
        self.unsaved = []
        self.queue = []
        self.current = memoryview(b"")
        self.size = 0
        self.problem = ""
        self.problem_since = None

    def put(self, line):
        self.queue.append(line)
        self.size += len(line)
        if self.tail is not None:
            self.unsaved.append(line)

    def save(self):
        """Into the tail, before it is given to the engine."""
        if self.unsaved:
            self.tail.write(b"".join(self.unsaved))
            self.unsaved = []

    @property
    def full(self):
        return self.size >= self.HIGH

    def holds_up(self):
        """Whether the run has to wait for room: for a while, but not for ever where a disk stays full."""
        hopeless = self.problem_since is not None and time.monotonic() - self.problem_since > self.HOPE_SECONDS
        return self.full and not hopeless

    def flush(self):
        """Writes once; call it when the descriptor polled ready: a pipe then takes 4096 bytes without blocking."""
        self.save()
        if not self.current:
            self.current = memoryview(b"".join(self.queue))
            self.queue = []
        try:
            done = os.write(self.descriptor, self.current[: self.chunk])
            self.problem, self.problem_since = "", None
        except BlockingIOError:
            done = 0
        except OSError as error:
            done = self._failed(error)
        self.size -= done
        self.current = self.current[done:]

    chunk = 4096

    def _failed(self, error):
        self.problem = error.strerror or str(error)
        if self.problem_since is None:
            self.problem_since = time.monotonic()
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
            return 0
        # Nobody reads any more (the engine's log is gone): the run goes on without.
        return len(self.current)


class FileSink(Sink):
    chunk = 1 << 30


class FramedLog:
    def __init__(self, sink, masker, clock=time.time):
        self.sink = sink
        self.masker = masker
        self.clock = clock
        self.sequence = 0
        self.bytes = 0
        self.lost = 0
        self.digest = hashlib.sha256()

    def write(self, stream, payload):
        """One or more records for a payload that is masked already."""
        if self.sink.full and stream == b"m":
            return
        if self.sink.full and not self.sink.holds_up():
            # Only a disk that stays full brings it here: reading stops before, and what was read by then is kept.
            self.lost += len(payload)
            return
        if self.lost:
            lost, self.lost = self.lost, 0
            self.event({"event": "lost", "bytes": lost})
        stamp = int(self.clock() * 1000)
        for piece in pieces(payload):
            self.sequence += 1
            self.sink.put(b"%d %d %s %s\n" % (self.sequence, stamp, stream, escape(piece)))
        if stream != b"m":
            self.bytes += len(payload)
            self.digest.update(payload)

    def event(self, value):
        self.write(b"m", json.dumps(value, separators=(",", ":")).encode("ascii"))


def pieces(payload):
    start = 0
    while len(payload) - start > LIMIT:
        end = start + LIMIT
        end -= incomplete_tail(payload[start:end])
        yield payload[start:end]
        start = end
    if start < len(payload):
        yield payload[start:] if start else payload


class Stream:
    """One output of the user's code on its way into the log."""

    # A line often comes in several writes; so long a record waits for its end.
    PATIENCE = 0.03

    def __init__(self, log, letter):
        self.log = log
        self.letter = letter
        self.rest = b""  # may begin a secret
        self.partial = b""  # masked, waits for the end of its line
        self.due = None

    def feed(self, data, now):
        masked, self.rest = self.log.masker.split(self.rest + data)
        self.partial += masked
        complete = max(self.partial.rfind(b"\n"), self.partial.rfind(b"\r")) + 1
        if len(self.partial) - complete > LIMIT:
            complete = len(self.partial) - incomplete_tail(self.partial)
        if complete:
            self.log.write(self.letter, self.partial[:complete])
            self.partial = self.partial[complete:]
            self.due = None
        if self.partial and self.due is None:
            self.due = now + self.PATIENCE

    def flush_partial(self):
        end = len(self.partial) - incomplete_tail(self.partial)
        if end:
            self.log.write(self.letter, self.partial[:end])
        self.partial = self.partial[end:]
        self.due = None

    def close(self):
        if self.partial or self.rest:
            self.log.write(self.letter, self.partial + self.log.masker.apply(self.rest))
        self.partial = self.rest = b""
        self.due = None
