"""Processes: starting the user's, finding what descends from it, ending all of it."""
import os
import signal
import time

LINUX_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper():
    """Orphans of the run become our children (Linux), so that none escapes by a double fork."""
    try:
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(LINUX_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except Exception:  # no Linux, or a Python without ctypes: the process group has to do
        pass


def _children_by_file(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), "rb") as file:
        return [int(word) for word in file.read().split()]


def _children_of_all_threads(pid):
    found = []
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/children" % (pid, task), "rb") as file:
            found += [int(word) for word in file.read().split()]
    return found


def _children_table():
    table = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name, "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if fields[0] not in (b"Z", b"X"):
            table.setdefault(int(fields[1]), []).append(int(name))
    return table


def descendants(pid, exclude=()):
    """Living descendants of a process, nearest first. Empty where the system does not tell."""
    try:
        _children_by_file(pid)
        children = _children_of_all_threads
    except OSError:
        try:
            table = _children_table()
        except OSError:
            return []

        def children(parent):
            return table.get(parent, [])

    found, waiting = [], [pid]
    while waiting:
        try:
            below = children(waiting.pop(0))
        except OSError:
            continue
        for child in below:
            if child not in exclude and is_alive(child):
                found.append(child)
                waiting.append(child)
    return found


def everyone():
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and is_alive(int(name))]
    except OSError:
        return []


def is_alive(pid):
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def is_replaced(pid, mark):
    """True where a process that was started with `mark` among its arguments now runs another program."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            text = file.read()
    except OSError:
        return False
    return is_alive(pid) and text != b"" and mark.encode("ascii") not in text


def send(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass


def send_group(leader, number):
    try:
        os.killpg(leader, number)
    except OSError:
        pass


class Family:
    """The run's processes: the main child, its process group, and whatever came from it."""

    def __init__(self, owns_all):
        self.main = None
        self.helpers = set()
        # Only as the container's first process, or its init's only child, are all other processes the run's.
        self.owns_all = owns_all and (os.getpid() == 1 or os.getppid() == 1)

    def others(self):
        """What runs of the run besides its main process. Orphans go to the container's init, so there all are asked for."""
        found = everyone() if self.owns_all else descendants(os.getpid(), self.helpers)
        known = self.helpers | {self.main, os.getpid(), 1}
        return [pid for pid in found if pid not in known]

    def terminate(self):
        send_group(self.main, signal.SIGTERM)
        # A stopped process would never see it.
        send_group(self.main, signal.SIGCONT)

    def kill(self):
        """One round of killing everything; repeat until nothing is left, since forks race with it."""
        send_group(self.main, signal.SIGKILL)
        found = descendants(os.getpid(), self.helpers)
        if self.owns_all:
            for helper in self.helpers:
                send(helper, signal.SIGKILL)
            send(-1, signal.SIGKILL)
        elif len(found) > 64:
            for pid in found:
                send(pid, signal.SIGSTOP)
            found = descendants(os.getpid(), self.helpers)
        for pid in found:
            send(pid, signal.SIGKILL)


def start(argv, environment, folder, descriptors, keep, before_exec=None):
    """Forks and executes; `descriptors` become 0, 1 and 2, `keep` stays open. Returns the pid.

    An error before the program is there goes to `keep` as a literal {"failed": text}.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if before_exec is not None:
            before_exec()
        for target, descriptor in enumerate(descriptors):
            os.dup2(descriptor, target)
        close_others(keep)
        os.set_inheritable(keep, True)
        os.chdir(folder)
        _no_core_files()
        os.execve(argv[0], argv, environment)
    except BaseException as error:  # noqa: B036 - whatever it is, this copy must end here
        try:
            os.write(keep, ascii({"failed": str(error)}).encode("ascii") + b"\n")
        finally:
            os._exit(127)


def close_others(keep):
    """What this process inherited is not for the training code."""
    try:
        found = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        found = range(3, 256)
    for descriptor in found:
        if descriptor > 2 and descriptor != keep:
            try:
                os.close(descriptor)
            except OSError:
                pass


def _no_core_files():
    """A crash would leave a core file, as large as its memory, in the package."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    except (ImportError, OSError, ValueError):
        pass


def reap(main):
    """Collects ended children: (status, resources) of the main one if it is among them, else None."""
    ended = None
    while True:
        try:
            pid, status, resources = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        if pid == main:
            ended = status, resources


def wait_gone(family, seconds, main_gone):
    """Kills until nothing of the run is left or the time is up."""
    end = time.monotonic() + seconds
    pause = 0.002
    while True:
        ended = reap(family.main)
        main_gone = main_gone or ended is not None
        if not family.others() and main_gone:
            return ended
        if time.monotonic() > end:
            return ended
        family.kill()
        time.sleep(pause)
        pause = min(pause * 2, 0.1)
