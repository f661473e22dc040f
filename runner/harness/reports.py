"""What the user's process tells on its pipe: the steps it takes, where its modules come from, and what ended it."""
import ast
import sys
import time

WAITING_SECONDS = 10.0
# Of a line that is not whole yet.
LONGEST_REST = 1024 * 1024
CRASH_LINES = 1000


class Reports:
    """`exit_by`, `tell_at`: when the process has to be gone after its last word, and when the user hears what is waited for.

    `begun`, `begun_wall`: when the user's code began, by the monotonic clock and by the wall's.
    """

    def __init__(self, ending, log, leave_seconds):
        self.ending = ending
        self.log = log
        self.leave_seconds = leave_seconds
        self.rest = b""
        self.path = None
        self.python = ".".join(str(part) for part in sys.version_info[:3])
        self.found = []
        self.begun = None
        self.begun_wall = None
        self.exit_by = None
        self.tell_at = None

    def take(self, data):
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()[-LONGEST_REST:]
        for line in lines:
            if line.startswith(b"{"):
                self._take_line(line)
            elif len(self.ending.crash) < CRASH_LINES:
                self.ending.crash.append(line.decode("utf-8", "replace"))

    def _take_line(self, line):
        try:
            value = ast.literal_eval(line.decode("ascii", "replace"))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return
        if "step" in value:
            self._take_step(value)
        elif "path" in value:
            self.path, self.python = value["path"], value["python"]
        elif "failed" in value:
            self.ending.not_started = value["failed"]
        elif self.ending.report is None:
            self.ending.report = value
            self.exit_by = time.monotonic() + self.leave_seconds

    def _take_step(self, value):
        if "at" in value:
            self.begun, self.begun_wall = value["at"], value["wall"]
        self.ending.step = value["step"]
        if value["step"] == "done":
            self.tell_at = time.monotonic() + WAITING_SECONDS
        else:
            self.log.event({"event": "step", "step": value["step"]})

    def distributions(self):
        """What the user's process can import. Listed once, and while the files are surely there."""
        if self.path is not None and not self.found:
            import distributions

            self.found = distributions.installed(self.path)
        return self.found
