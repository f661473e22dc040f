"""Hands over what the run left: renames it out of the working directory, so that nothing is copied."""
import errno
import os
import stat

# As the domain's packageContent.ts has them; none of it is a result.
LEFT_OUT = frozenset(
    ["__pycache__", ".git", ".hg", ".svn", ".bzr", "CVS", "_darcs", ".jj", ".sl", ".fossil"]
)


def shown(path):
    """A path as text, whatever its bytes are."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


class Handover:
    def __init__(self, base, package, artifacts, data):
        self.package = os.path.join(base, package)
        self.artifacts = artifacts
        self.data = data
        self.out = os.path.join(base, "out")
        self.skipped = []

    def skip(self, path, reason):
        if len(self.skipped) < 1000:
            self.skipped.append({"path": shown(path), "reason": reason})

    def run(self):
        """Returns whether there are artifacts."""
        make_accessible(os.path.dirname(self.package))
        make_accessible(self.package)
        os.makedirs(self.out, exist_ok=True)
        found = self._move_artifacts()
        self._move_package()
        return found

    def _move_artifacts(self):
        source = os.path.join(self.package, *self.artifacts.split("/"))
        target = os.path.join(self.out, "artifacts")
        try:
            for depth in range(1, self.artifacts.count("/") + 1):
                make_accessible(os.path.join(self.package, *self.artifacts.split("/")[:depth]))
            kind = os.lstat(source).st_mode
        except OSError:
            return False
        if stat.S_ISLNK(kind):
            self.skip(self.artifacts, "the artifacts directory was replaced by a link")
            return False
        try:
            if stat.S_ISDIR(kind):
                make_accessible(source)
                move(source, target)
            else:
                os.makedirs(target, exist_ok=True)
                move(source, os.path.join(target, os.path.basename(source)))
        except OSError as error:
            self.skip(self.artifacts, error.strerror or str(error))
            return False
        self._remove_empty_parents()
        open_up(target)
        return has_files(target)

    def _remove_empty_parents(self):
        """`a/b/artifacts` leaves `a/b` behind, which the package did not have."""
        parts = self.artifacts.split("/")[:-1]
        while parts:
            try:
                os.rmdir(os.path.join(self.package, *parts))
            except OSError:
                return
            parts.pop()

    def _move_package(self):
        target = os.path.join(self.out, "package")
        os.makedirs(target, exist_ok=True)
        for name in sorted(os.listdir(os.fsencode(self.package))):
            if os.fsdecode(name) == self.data or os.fsdecode(name) in LEFT_OUT:
                continue
            source = os.path.join(os.fsencode(self.package), name)
            try:
                if not os.path.islink(source) and os.path.isdir(source):
                    make_accessible(source)
                move(source, os.path.join(os.fsencode(target), name))
            except OSError as error:
                self.skip(name, error.strerror or str(error))
        open_up(target)


def make_accessible(path):
    """Renaming a folder writes into it (its `..`), so its owner needs all rights on it."""
    try:
        mode = stat.S_IMODE(os.lstat(path).st_mode)
        if mode & 0o700 != 0o700:
            os.chmod(path, mode | 0o700)
    except OSError:
        pass


def open_up(top):
    """Makes readable what training code has locked, so that collecting it does not fail."""
    waiting = [os.fsencode(top)]
    while waiting:
        try:
            entries = os.scandir(waiting.pop())
        except OSError:
            continue
        with entries:
            for entry in entries:
                try:
                    if entry.is_symlink():
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        make_accessible(entry.path)
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        mode = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
                        if not mode & 0o400:
                            os.chmod(entry.path, mode | 0o600)
                except OSError:
                    continue


def has_files(top):
    """Nothing but empty folders counts as none."""
    waiting = [os.fsencode(top)]
    while waiting:
        try:
            entries = os.scandir(waiting.pop())
        except OSError:
            continue
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    return True
    return False


def move(source, target):
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # The training code mounted something, or the layer below is another file system.
        import shutil

        if os.path.isdir(source) and not os.path.islink(source):
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target, follow_symlinks=False)


def prepare(base, package, artifacts):
    """The artifacts directory as the run finds it: there, and empty."""
    folder = os.path.join(base, package, *artifacts.split("/"))
    if os.path.lexists(folder):
        os.rename(folder, os.path.join(base, "control", "shipped-artifacts"))
    os.makedirs(folder)
