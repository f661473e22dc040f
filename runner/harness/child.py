"""Runs in the user's process, around the user's code; nothing of it is visible from there.

Executed by `python -c` in a namespace of its own, so `__main__` stays empty and `multiprocessing` never imports it again.
It imports nothing but what the interpreter has built in: a package may well have its own `json.py`.
What happens is reported as one Python literal a line, over a pipe that the user's programs do not inherit.
"""
import os
import sys
import time

MAX_TEXT = 8192
MAX_FRAMES = 100
MAX_CHAIN = 20

# Taken now, since the user's code may replace any of them.
_ascii, _str, _isinstance, _issubclass, _type, _getattr = ascii, str, isinstance, issubclass, type, getattr
_open, _write, _close, _fstat, _getpid, _exit = os.open, os.write, os.close, os.fstat, os.getpid, os._exit
_abspath, _access, _fsdecode, _exists = os.path.abspath, os.access, os.fsdecode, os.path.lexists
_monotonic, _time = time.monotonic, time.time
_namespace = globals()


class Report:
    """The way to the supervisor: an inherited pipe or, where the user's code closed that, a file."""

    def __init__(self, descriptor, path):
        self.descriptor = descriptor
        self.path = path
        self.pid = _getpid()
        self.identity = None
        if descriptor >= 0:
            os.set_inheritable(descriptor, False)
            self.identity = self.identify()

    def identify(self):
        status = _fstat(self.descriptor)
        return status.st_dev, status.st_ino

    def send(self, value):
        # A forked copy of this process has nothing to say.
        if _getpid() != self.pid:
            return
        line = (_ascii(value) + "\n").encode("ascii")
        try:
            if self.identity is None or self.identify() != self.identity:
                raise OSError
            write_all(self.descriptor, line)
        except OSError:
            file = _open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                write_all(file, line)
            finally:
                _close(file)


def write_all(descriptor, data):
    while data:
        data = data[_write(descriptor, data) :]


class ContractError(Exception):
    """The package is not what a run needs; `place` is a code object that shows where, `error` what Python said."""

    def __init__(self, message, error=None, place=None):
        super().__init__(message)
        self.message = message
        self.error = error
        self.place = place


def own_traceback(error):
    """The traceback without the harness's frames."""
    step = error.__traceback__
    while step is not None and step.tb_frame.f_globals is _namespace:
        step = step.tb_next
    return step


def safe_text(make):
    try:
        text = make()
        if not _isinstance(text, _str):
            return ""
    except BaseException as problem:  # noqa: B036 - whatever the user's __str__ does
        return "<no text: %s>" % _type(problem).__name__
    text = _str.__getitem__(text, slice(0, MAX_TEXT + 1))
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def frames_of(traceback):
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if traceback.tb_frame.f_globals is not _namespace:
            frames.append((code.co_filename, traceback.tb_lineno or 0, code.co_name))
        traceback = traceback.tb_next
    if len(frames) > MAX_FRAMES:
        left_out = len(frames) - MAX_FRAMES + 1
        frames[10 : 10 + left_out] = [("", 0, "… %d more frames …" % left_out)]
    return frames


def syntax_frame(error):
    """A SyntaxError's own line is its last frame."""
    line = _getattr(error, "lineno", None)
    name = _getattr(error, "filename", None)
    if not _isinstance(line, int) or not _isinstance(name, _str):
        return []
    text = _getattr(error, "text", None)
    return [(name, line, "<module>", text.strip() if _isinstance(text, _str) else "")]


def describe(error):
    message = safe_text(lambda: error.msg) if _isinstance(error, SyntaxError) else safe_text(lambda: _str(error))
    frames = frames_of(own_traceback(error))
    if _isinstance(error, SyntaxError):
        frames += syntax_frame(error)
    kind = _type(error)
    return {"type": _str(kind.__qualname__), "module": _str(kind.__module__), "message": message, "frames": frames}


def origins_of(error):
    """What an exception came from, nearest first, as Python's own traceback would show it; then a group's members."""
    seen, found, groups = {id(error)}, [], [error]
    step = error
    while step is not None and len(found) < MAX_CHAIN:
        origin = step.__cause__
        if origin is None and not step.__suppress_context__:
            origin = step.__context__
        if origin is None or id(origin) in seen:
            break
        seen.add(id(origin))
        found.append(origin)
        groups.append(origin)
        step = origin
    while groups and len(found) < MAX_CHAIN:
        members = _getattr(groups.pop(0), "exceptions", ())
        for member in members if _isinstance(members, tuple) else ():
            if _isinstance(member, BaseException) and id(member) not in seen and len(found) < MAX_CHAIN:
                seen.add(id(member))
                found.append(member)
                groups.append(member)
    return found


def wrote_into_dataset(errors, data):
    """Whether one of them comes from writing into the dataset although it is read-only."""
    for error in errors:
        if _isinstance(error, OSError):
            if error.errno == 30:  # EROFS
                return True
            name = error.filename
            if error.errno in (1, 13) and _isinstance(name, (_str, bytes)):
                path = _abspath(_fsdecode(name))
                inside = path == data or path.startswith(data + os.sep)
                if inside and (not _exists(path) or _access(path, os.R_OK)):
                    return True
        if "Read-only file system" in safe_text(lambda error=error: _str(error)):
            return True
    return False


def is_memory_error(error):
    return _isinstance(error, MemoryError)


def report_exception(report, error, data):
    try:
        origins = origins_of(error)
        value = {
            "exception": describe(error),
            "chain": [describe(origin) for origin in origins],
            "memory": is_memory_error(error),
            "readOnly": wrote_into_dataset([error] + origins, data),
            "missing": safe_text(lambda: error.name or "") if _isinstance(error, ModuleNotFoundError) else "",
        }
        if _isinstance(error, SystemExit):
            value["exit"] = error.code if _isinstance(error.code, (int, type(None))) else safe_text(lambda: _str(error.code))
        report.send(value)
    except BaseException:  # noqa: B036 - out of memory, most likely
        name = _type(error).__name__
        report.send({"exception": {"type": name, "module": "", "message": "", "frames": []}, "memory": name == "MemoryError"})


def code_of(function):
    function = _getattr(function, "__func__", function)
    return _getattr(function, "__code__", None)


def call(what, function, *arguments):
    """Calls the user's function; a TypeError of the call itself is a matter of the contract, one from inside is not."""
    flags = _getattr(code_of(function), "co_flags", 0)
    if flags & 0x280:
        raise ContractError("%s is async: it would never be awaited." % what, None, code_of(function))
    if flags & 0x20:
        raise ContractError("%s is a generator: its body would never run." % what, None, code_of(function))
    try:
        return function(*arguments)
    except TypeError as error:
        if own_traceback(error) is not None:
            raise
        raise ContractError("%s can't be called like that: %s." % (what, safe_text(lambda: _str(error)).rstrip(".")), error, code_of(function)) from None


def load_main(root):
    try:
        from train import Main
    except ImportError as error:
        if own_traceback(error) is not None:
            raise
        if _isinstance(error, ModuleNotFoundError) and error.name == "train":
            raise ContractError("There is no train.py in the package.", error) from None
        if sys.modules.get("train") is None:
            raise
        raise ContractError("train.py defines no Main.", error) from None
    if not callable(Main):
        raise ContractError("Main in train.py is no class but %s." % safe_text(lambda: _ascii(_type(Main).__name__)))
    return Main


def build_main(main_class):
    try:
        return main_class()
    except TypeError as error:
        if own_traceback(error) is not None:
            raise
        place = code_of(_getattr(main_class, "__init__", None)) if _isinstance(main_class, type) else code_of(main_class)
        message = "Main() can't be built without arguments: %s." % safe_text(lambda: _str(error)).rstrip(".")
        raise ContractError(message, error, place) from None


def method_of(instance, name):
    try:
        method = _getattr(instance, name)
    except AttributeError as error:
        if own_traceback(error) is not None and hasattr(_type(instance), name):
            raise
        raise ContractError("Main has no %s()." % name, error) from None
    if not callable(method):
        raise ContractError("Main.%s can't be called: it is %s." % (name, safe_text(lambda: _ascii(_type(method).__name__))))
    return method


def surely_missing(instance, name):
    """True where nothing but an assignment during train() could still bring the method."""
    kind = _type(instance)
    dynamic = hasattr(kind, "__getattr__") or kind.__getattribute__ is not object.__getattribute__
    return not dynamic and not hasattr(kind, name) and name not in _getattr(instance, "__dict__", {})


def steps(report, root, data):
    report.send({"step": "import", "wall": _time(), "at": _monotonic()})
    main_class = load_main(root)
    report.send({"step": "init"})
    instance = build_main(main_class)
    # Hours of training would be lost if this came out afterwards.
    train = method_of(instance, "train")
    if surely_missing(instance, "save"):
        raise ContractError("Main has no save().")
    report.send({"step": "train"})
    call("Main.train(data_directory)", train, data)
    end_if_forked(report)
    report.send({"step": "save"})
    call("Main.save()", method_of(instance, "save"))
    end_if_forked(report)
    report.send({"step": "done"})


def end_if_forked(report):
    """A process that the user's code forked, and that came back out of it, must not do the rest a second time."""
    if _getpid() != report.pid:
        say("A forked process came back from the training code; it ends here.")
        flush()
        _exit(0)


def say(text):
    try:
        sys.stderr.write("training-pipelines: %s\n" % text)
    except BaseException:  # noqa: B036 - the user may have closed or replaced it
        pass


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # noqa: B036
            pass


def show(error):
    """As the interpreter shows an exception that nobody caught."""
    error.__traceback__ = traceback = own_traceback(error)
    try:
        sys.excepthook(_type(error), error, traceback)
    except BaseException:  # noqa: B036 - a broken hook of the user's
        sys.__excepthook__(_type(error), error, traceback)


def clean_up_names(root):
    sys.argv[:] = ["train.py"]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = [sys.executable, "train.py"]
    if sys.path and sys.path[0] in ("", root):
        sys.path[0] = root
    else:
        sys.path.insert(0, root)


def catch_crashes(report):
    """A crash of native code leaves the Python stack with the supervisor."""
    try:
        import faulthandler

        faulthandler.enable(sys.stderr if report.identity is None else report.descriptor)
    except Exception:  # a Python without it
        pass


def main():
    _, _, descriptor, path, root, data = sys.argv
    report = Report(int(descriptor), path)
    catch_crashes(report)
    report.send({"path": [entry for entry in sys.path if _isinstance(entry, _str)], "python": sys.version.split()[0]})
    clean_up_names(root)
    try:
        steps(report, root, data)
    except ContractError as error:
        place = error.place
        value = {"contract": error.message, "place": place and (place.co_filename, place.co_firstlineno, place.co_name)}
        if error.error is not None:
            value["exception"] = describe(error.error)
        report.send(value)
        say(error.message)
        code = 1
    except SystemExit as error:
        report_exception(report, error, data)
        error.__traceback__ = None
        code = error.code
    except BaseException as error:  # noqa: B036 - KeyboardInterrupt and the user's own too
        report_exception(report, error, data)
        show(error)
        code = 130 if _isinstance(error, KeyboardInterrupt) else 1
    else:
        return
    if _getpid() != report.pid:
        flush()
        _exit(code if _isinstance(code, int) else 1)
    raise SystemExit(code)


main()
