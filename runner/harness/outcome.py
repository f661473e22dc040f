"""The true cause of an ending, from what the user's process reported and how it ended. Pure."""
import os
import re
import signal

WHERE = {
    "start": "while Python was starting",
    "import": "while importing train.py",
    "init": "in Main()",
    "train": "in train()",
    "save": "in save()",
    "done": "while Python was shutting down, after save()",
}
CRASHES = {
    "SIGSEGV": "a segmentation fault",
    "SIGABRT": "an abort",
    "SIGBUS": "a bus error",
    "SIGFPE": "an arithmetic fault",
    "SIGILL": "an illegal instruction",
}
CRASH_FRAME = re.compile(r'^\s+File "(.*)", line (\d+) in (.*)$')
REMOTE_FRAME = re.compile(r'^\s+File "(.*)", line (\d+), in (.*)$')


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "SIG%d" % number


class Ending:
    """What is known at the end; `reason` is `interrupted` or `timed-out` where the supervisor ended it."""

    def __init__(self):
        self.step = "start"
        self.reason = None
        self.exit_code = None
        self.signal = None
        self.report = None
        self.not_started = ""
        self.crash = []
        self.replaced = False
        self.hurried = False
        # Processes killed for want of memory meanwhile: (in the run's own group, on the machine), None where unknown.
        self.memory_kills = (None, None)
        self.own_group = False

    def set_signal(self, number):
        self.signal = signal_name(number)


def decide(ending):
    """The fields outcome, kind, message, hint of the record."""
    if ending.reason == "timed-out":
        return result("timed-out", None, "The run reached its time limit %s." % WHERE[ending.step])
    if ending.reason == "interrupted":
        return result("interrupted", None, "The run was stopped %s." % WHERE[ending.step])
    # 120: all is done, but Python could not flush a standard stream that the user's code had closed.
    if ending.step == "done" and ending.exit_code in (0, 120):
        return result("completed", None, "")
    return failed(ending)


def result(outcome, kind, message, hint=""):
    return {"outcome": outcome, "kind": kind, "message": message, "hint": hint}


def failed(ending):
    report = ending.report or {}
    if ending.not_started:
        return result("failed", "engine", "Python could not be started: %s." % ending.not_started, start_hint(ending.not_started))
    if report.get("memory"):
        return result("failed", "out-of-memory", out_of_memory(ending, title(report)))
    if killed_for_memory(ending, report):
        what = title(report) if "exception" in report else "the run was killed for it"
        return result("failed", "out-of-memory", out_of_memory(ending, what))
    if "contract" in report:
        return result("failed", "contract", report["contract"], "Training calls Main(), train(data_directory) and save().")
    if "exit" in report:
        return result("failed", "code", exited(report["exit"], ending.step), exit_hint(ending))
    if "exception" in report:
        return result("failed", "code", title(report), exception_hint(report))
    return ended_without_word(ending)


def start_hint(problem):
    if "Argument list too long" in problem:
        return "The parameters and the environment of the run are too long together."
    return ""


def out_of_memory(ending, what):
    return "Out of memory %s: %s." % (WHERE[ending.step], what.rstrip("."))


def killed_for_memory(ending, report):
    own, machine = ending.memory_kills
    if ending.own_group and own:
        return True
    if ending.signal != "SIGKILL" or "exception" in report or ending.hurried:
        return False
    # On Linux these counters are nearly always readable; without them a SIGKILL is most often the kernel's.
    return bool(machine) or (own is None and machine is None and os.path.isdir("/proc/1"))


def title(report):
    exception = report["exception"]
    return headline(exception)


def headline(exception):
    return "%s: %s" % (exception["type"], exception["message"]) if exception["message"] else exception["type"]


def exited(code, step):
    if isinstance(code, str):
        return "train.py ended itself with sys.exit(%s) %s." % (ascii(code) if len(code) < 200 else "text", WHERE[step])
    return "train.py ended itself with sys.exit(%s) %s." % ("" if code is None else code, WHERE[step])


def exit_hint(ending):
    return "" if ending.step == "done" else "A run succeeds when train() and save() return."


def exception_hint(report):
    exception = report["exception"]
    missing = report.get("missing")
    if missing:
        return "Is it in requirements.txt? The missing module is %s." % missing
    if report.get("readOnly"):
        return 'The dataset is read-only. With datasetAccess "copy" training gets a private copy that it may write to.'
    if exception["type"] == "EOFError" and "EOF when reading a line" in exception["message"]:
        return "A run has no standard input; use parameters instead of input()."
    if "OutOfMemoryError" in exception["type"] or "CUDA out of memory" in exception["message"]:
        return "The GPU's memory is full: make the batch or the model smaller."
    return ""


def ended_without_word(ending):
    where = WHERE[ending.step]
    if ending.signal is not None:
        what = CRASHES.get(ending.signal)
        if what is not None:
            return result("failed", "code", "Python crashed with %s (%s) %s." % (what, ending.signal, where))
        return result("failed", "code", "The training process was ended by %s %s." % (ending.signal, where))
    if ending.replaced:
        message = "The training process was replaced by another program (exec) %s, which ended with exit code %s."
        return result("failed", "code", message % (where, ending.exit_code), exit_hint(ending))
    message = "The training process ended at once with exit code %s %s, without an exception (os._exit, exec or the like)."
    return result("failed", "code", message % (ending.exit_code, where), exit_hint(ending))


def crash_frames(lines):
    """The frames of the crashed thread, outermost first, from what faulthandler wrote."""
    frames, inside = [], False
    for line in lines:
        if line.startswith(("Current thread", "Stack (most recent")):
            inside = True
            continue
        match = CRASH_FRAME.match(line)
        if inside and match:
            frames.append((match.group(1), int(match.group(2)), match.group(3)))
        elif inside:
            break
    frames = [frame for frame in frames if not frame[0].startswith("<")]
    return frames[::-1]


class Frames:
    """Turns reported frames into the record's: files relative to the package, and the text of the line."""

    def __init__(self, root, mask):
        self.roots = {root, os.path.realpath(root)}
        self.mask = mask
        self.sources = {}
        self.place = root

    def moved(self, place):
        """Where the package's files are now."""
        self.place = place

    def make(self, frames):
        return [self.frame(*frame) for frame in frames]

    def frame(self, file, line, function, text=None):
        if text is None:
            text = self.line(file, line)
        return {
            "file": self.mask(self.relative(clean(file))),
            "line": max(0, line),
            "function": self.mask(clean(function)),
            "text": self.mask(clean(text))[:1000],
        }

    def relative(self, file):
        for root in self.roots:
            if file.startswith(root + os.sep):
                return file[len(root) + 1 :].replace(os.sep, "/")
        return file

    def line(self, file, number):
        if file not in self.sources:
            relative = self.relative(file)
            self.sources[file] = read_lines(os.path.join(self.place, relative))
        lines = self.sources[file]
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def read_lines(file):
    try:
        if not os.path.isfile(file):
            return []
        with open(file, "rb") as reading:
            return reading.read(4 * 1024 * 1024).decode("utf-8-sig", "replace").splitlines()
    except (OSError, ValueError):
        return []


def clean(text):
    """Without halves of surrogate pairs, which JSON readers refuse."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def record_exception(report, frames, mask):
    """The record's `exception`, or None."""
    if not report or "exception" not in report:
        return None
    exception = report["exception"]
    traceback = frames.make(exception["frames"])
    place = report.get("place")
    if place and not traceback:
        traceback = frames.make([place])
    chain = [link(origin, frames, mask) for origin in report.get("chain", [])]
    return {
        "type": clean(exception["type"]),
        "message": mask(clean(exception["message"])),
        "traceback": traceback,
        "chain": chain,
    }


def link(origin, frames, mask):
    if not origin["type"].endswith("RemoteTraceback"):
        return {"message": mask(clean(headline(origin))), "traceback": frames.make(origin["frames"])}
    # A worker process's traceback travels as text.
    lines = [line for line in origin["message"].splitlines() if line.strip(' "')]
    found = [REMOTE_FRAME.match(line) for line in lines]
    remote = [(match.group(1), int(match.group(2)), match.group(3)) for match in found if match]
    last = lines[-1].strip() if lines else origin["type"]
    return {"message": mask(clean("in a worker process: " + last)), "traceback": frames.make(remote)}


def record_crash(ending, frames):
    found = crash_frames(ending.crash)
    if not found or ending.signal is None:
        return None
    what = CRASHES.get(ending.signal, "a signal")
    return {"type": ending.signal, "message": what, "traceback": frames.make(found), "chain": []}
