"""The supervisor of a run: `python3 -I -S control/harness.py control/spec.json`.

It starts the user's code in a process of its own, writes the framed log, ends the run when told to or when its time is
up, and writes the completion record last of all. Standard library only, Python 3.8 or newer.
"""
import json
import os
import signal
import sys

HARNESS_VERSION = "1.0.0"
MARK = "<training-pipelines>"
CHILD_CODE = (
    "exec(compile((lambda file:(file.read(),file.close()))(open(__import__('sys').argv[1],'rb'))[0],"
    "'<training-pipelines>','exec'),"
    "{'__name__':'<training-pipelines>'})"
)


def read_spec(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_secrets(control):
    """Read once and gone, so that the user's code finds no file with them."""
    path = os.path.join(control, "secrets.json")
    try:
        with open(path, encoding="utf-8") as file:
            secrets = json.load(file)
    except FileNotFoundError:
        return {}
    os.unlink(path)
    return secrets


def identity(pid):
    """A process, told from a later one of the same number: the engine's words for it (`processIdentity.ts`)."""
    start = boot = ""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            start = file.read().rpartition(b")")[2].split()[19].decode("ascii")
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
    except (OSError, IndexError):
        start = start_by_ps(pid)
    return {"pid": pid, "start": start, "boot": boot}


def start_by_ps(pid):
    if sys.platform != "darwin":
        return ""
    import subprocess

    environment = dict(os.environ, LC_ALL="C", TZ="UTC")
    try:
        done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], stdout=subprocess.PIPE, env=environment, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("ascii", "replace").strip()


def claim(control):
    """Makes this process the run: False where another one is or was, for what that left may not be mixed with."""
    path = os.path.join(control, "started")
    temporary = "%s.%d" % (path, os.getpid())
    write_json(temporary, identity(os.getpid()))
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except (OSError, AttributeError):
        return claim_without_link(path)
    finally:
        os.unlink(temporary)
    return True


def claim_without_link(path):
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return False
    os.write(descriptor, json.dumps(identity(os.getpid())).encode("ascii"))
    os.close(descriptor)
    return True


def write_json(path, value):
    with open(path, "w", encoding="ascii") as file:
        json.dump(value, file)


def user_environment(spec, secrets, base):
    environment = dict(os.environ)
    environment.setdefault("PYTHONUNBUFFERED", "1")
    if os.name == "nt":
        # A pipe's encoding is the code page there, which has no word for most characters.
        environment.setdefault("PYTHONIOENCODING", "utf-8")
    environment.update(spec["parameters"])
    environment.update(secrets)
    home = environment.get("HOME", "")
    if os.name == "posix" and not (home and os.path.isdir(home) and os.access(home, os.W_OK | os.X_OK)):
        environment["HOME"] = writable_folder(base)
    if os.name == "posix" and not any(environment.get(name) for name in ("LOGNAME", "USER")):
        name_user(environment)
    return environment


def writable_folder(base):
    for folder in (os.path.join(base, "home"), os.path.join(base, "control", "home")):
        try:
            os.makedirs(folder, exist_ok=True)
            return folder
        except OSError:
            continue
    return "/tmp"


def name_user(environment):
    """A uid without a passwd entry breaks getpass.getuser(), which PyTorch and others call."""
    import pwd

    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        environment["USER"] = environment["LOGNAME"] = "user"


def missing_gpu(wanted):
    """(GPUs, problem): found out before the user's code starts."""
    if not wanted["requested"]:
        return [], ""
    import gpu

    found, problem = gpu.look_up()
    count = wanted["count"] or 1
    if not problem and len(found) < count:
        problem = "%d GPUs were asked for, and %d are there." % (count, len(found))
    return found, problem


class Signals:
    """Counts the wishes to end; caught before the run is claimed, so that none is lost after it."""

    def __init__(self):
        self.count = 0
        if os.name == "posix":
            self.wake, write = os.pipe()
            os.set_blocking(self.wake, False)
            os.set_blocking(write, False)
            signal.set_wakeup_fd(write, warn_on_full_buffer=False)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.signal(signal.SIGTERM, self.take)
        signal.signal(signal.SIGINT, self.take)

    def take(self, _number, _frame):
        self.count += 1


def main():
    sys.dont_write_bytecode = True
    path = os.path.abspath(sys.argv[1])
    control = os.path.dirname(path)
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    spec = read_spec(path)
    signals = Signals()
    if not claim(control):
        sys.stderr.write("training-pipelines: this run was started before; it is not started again.\n")
        return 70
    if os.name == "posix":
        from supervisor import Supervisor
    else:
        from portable import PortableSupervisor as Supervisor
    return Supervisor(spec, control, read_secrets(control), signals).run()


if __name__ == "__main__":
    code = main()
    # Nothing is left to clean up, and finalizing the interpreter takes time.
    os._exit(code)
