"""The dataset of a local run at its place in the package: mounted read-only where the system lets a user do so.

Mounts live in a mount namespace of the user's process alone. They are tried in a throw-away process first, because a
process that has entered a namespace and then fails cannot leave it again.
"""
import os
import sys

CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_SLAVE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 19
MS_NOATIME, MS_NODIRATIME, MS_RELATIME = 1024, 2048, 1 << 21
# What a mount had must stay when an unprivileged user remounts it.
LOCKED = [(os.__dict__.get("ST_" + name, 0), flag) for name, flag in [
    ("NOSUID", MS_NOSUID), ("NODEV", MS_NODEV), ("NOEXEC", MS_NOEXEC),
    ("NOATIME", MS_NOATIME), ("NODIRATIME", MS_NODIRATIME), ("RELATIME", MS_RELATIME),
]]


class System:
    """The few system calls, through ctypes."""

    def __init__(self):
        import ctypes

        self.ctypes = ctypes
        self.library = ctypes.CDLL(None, use_errno=True)

    def check(self, result):
        if result != 0:
            number = self.ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def unshare(self, flags):
        self.check(self.library.unshare(flags))

    def mount(self, source, target, kind, flags, options=b""):
        source, target = os.fsencode(source), os.fsencode(target)
        self.check(self.library.mount(source, target, kind, self.ctypes.c_ulong(flags), options or None))


def enter_namespace(system):
    """A mount namespace of our own; without root in a user namespace that maps us to ourselves."""
    user, group = os.geteuid(), os.getegid()
    try:
        if user != 0:
            raise PermissionError
        system.unshare(CLONE_NEWNS)
    except OSError:
        system.unshare(CLONE_NEWUSER | CLONE_NEWNS)
        for name, text in [
            ("setgroups", "deny"), ("uid_map", "%d %d 1" % (user, user)), ("gid_map", "%d %d 1" % (group, group))
        ]:
            with open("/proc/self/" + name, "w") as file:
                file.write(text)
    system.mount("none", "/", b"", MS_REC | MS_SLAVE)


def mount_read_only(system, source, target):
    # With what is mounted below, or the dataset would have holes.
    system.mount(source, target, b"", MS_BIND | MS_REC)
    for point in mount_points(target):
        flags = os.statvfs(point).f_flag
        keep = 0
        for seen, flag in LOCKED:
            if flags & seen:
                keep |= flag
        system.mount("none", point, b"", MS_REMOUNT | MS_BIND | MS_RDONLY | keep)


def mount_points(top):
    """The mount at a folder and those below it."""
    top = os.path.realpath(top)
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            point = line.split(" ")[4]
            for code, char in (("040", " "), ("011", "\t"), ("012", "\n"), ("134", "\\")):
                point = point.replace("\\" + code, char)
            if point == top or point.startswith(top.rstrip("/") + "/"):
                found.append(point)
    return found


def mounted_below(top):
    try:
        return any(point != os.path.realpath(top) for point in mount_points(top))
    except OSError:
        return False


def mount_overlay(system, source, target, work):
    if any(char in source + work for char in ",:\\\""):
        raise OSError(22, "these characters have a meaning in the mount options")
    options = "lowerdir=%s,upperdir=%s/upper,workdir=%s/work" % (source, work, work)
    system.mount("overlay", target, b"overlay", 0, os.fsencode(options))


def succeeds_apart(action):
    """Whether it works, found out in a process of its own."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


def write_apart(path):
    """A probe of an overlay: reading and writing below it."""
    os.listdir(path)
    probe = os.path.join(path, ".training-pipelines-probe")
    os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    os.unlink(probe)


class LocalDataset:
    """`before_exec` goes into the user's process; `how` tells what was done: mount, overlay, link, copy or path."""

    def __init__(self, path, access, target, work, stopped=lambda: False):
        self.path = path
        self.access = access
        self.target = target
        self.work = work
        self.stopped = stopped
        self.how = ""
        self.argument = target
        self.before_exec = None

    def make(self):
        if self.access == "copy":
            # An overlay shows the files' own modes, so it is no writable view where those forbid writing.
            # And it does not show what is mounted below.
            plain = may_write_all(self.path) and not mounted_below(self.path)
            if not (plain and self._try_mount("overlay", self._overlay)):
                os.makedirs(self.target, exist_ok=True)
                os.rmdir(self.target)
                copy(self.path, self.target, self.stopped)
                self.how = "copy"
        elif not self._try_mount("mount", self._read_only):
            self._link()
        return self

    def enter(self):
        """In the user's process, before its program."""
        if self.before_exec is not None:
            self.before_exec()
        die_with_parent()

    def _try_mount(self, how, action):
        os.makedirs(self.target, exist_ok=True)
        if not sys.platform.startswith("linux"):
            return False
        try:
            system = System()
        except Exception:  # a Python without ctypes
            return False
        if not succeeds_apart(lambda: action(system, True)):
            return False
        self.how = how
        self.before_exec = lambda: action(system, False)
        return True

    def _read_only(self, system, _probing):
        enter_namespace(system)
        mount_read_only(system, self.path, self.target)

    def _overlay(self, system, probing):
        work = self.work + ("-probe" if probing else "")
        os.makedirs(work + "/upper", exist_ok=True)
        os.makedirs(work + "/work", exist_ok=True)
        enter_namespace(system)
        mount_overlay(system, self.path, self.target, work)
        if probing:
            write_apart(self.target)

    def _link(self):
        """In place: a link, so that the folder's name inside the package is the same everywhere."""
        os.rmdir(self.target)
        try:
            os.symlink(self.path, self.target, target_is_directory=True)
            self.how = "link"
        except (OSError, NotImplementedError):
            self.how = "path"
            self.argument = self.path


def may_write_all(top):
    user = os.geteuid()
    if user == 0:
        return True
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            if not owned_and_writable(os.stat(folder), user):
                return False
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif not entry.is_symlink() and not owned_and_writable(entry.stat(), user):
                        return False
        except OSError:
            return False
    return True


def owned_and_writable(status, user):
    return status.st_uid == user and status.st_mode & 0o200 != 0


def die_with_parent():
    """A supervisor that is killed takes the training process with it (Linux)."""
    if sys.platform.startswith("linux"):
        try:
            System().library.prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL
        except Exception:  # a Python without ctypes
            pass


def copy(source, target, stopped):
    """Raises InterruptedError where the run is to end meanwhile."""
    import shutil

    def copy_unless_stopped(reading, writing, **_options):
        if stopped():
            raise InterruptedError
        return copy_file(reading, writing)

    try:
        shutil.copytree(source, target, symlinks=True, copy_function=copy_unless_stopped)
    except shutil.Error as error:
        # Several at once; the first one says why.
        if stopped():
            raise InterruptedError from None
        raise OSError("the dataset could not be copied: %s" % (error.args[0][0][2],)) from None
    for folder, names, files in os.walk(target):
        for name in names + files:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode | (0o700 if name in names else 0o600))
    os.chmod(target, os.stat(target).st_mode | 0o700)


def copy_file(source, target):
    """Shares the blocks where the file system can."""
    import shutil

    with open(source, "rb") as reading, open(target, "wb") as writing:
        try:
            import fcntl

            fcntl.ioctl(writing.fileno(), 0x40049409, reading.fileno())  # FICLONE
        except (ImportError, OSError):
            shutil.copyfileobj(reading, writing, 1024 * 1024)
    shutil.copystat(source, target)
    return target
