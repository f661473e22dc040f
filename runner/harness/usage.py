"""What the run uses and what the system allows, from cgroups (version 1 and 2) or, where it shares one, from /proc."""
import os

import processes


def read_text(path):
    try:
        with open(path, "rb") as file:
            return file.read(65536).decode("ascii", "replace")
    except OSError:
        return None


def read_number(path):
    text = read_text(path)
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def keyed(text, key):
    """The number behind a word at the start of a line."""
    for line in (text or "").splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == key and words[1].isdigit():
            return int(words[1])
    return None


class Groups:
    """Where the files of this process's control group are."""

    def __init__(self, root="/sys/fs/cgroup", membership="/proc/self/cgroup"):
        self.root = root
        self.paths = {}
        for line in (read_text(membership) or "").splitlines():
            number, controllers, path = (line.split(":", 2) + ["", ""])[:3]
            for controller in controllers.split(",") if controllers else [""]:
                self.paths[controller] = path

    def find(self, controller, name):
        """The file in this group, or in the mounted root: in a container that is its own group."""
        base = self.root if controller == "" else self.root + "/" + controller
        own = self.paths.get(controller)
        for folder in ([base + own] if own not in (None, "/") else []) + [base]:
            path = folder.rstrip("/") + "/" + name
            if os.path.exists(path):
                return path
        return None

    def text(self, controller, name):
        path = self.find(controller, name)
        return read_text(path) if path else None

    def number(self, controller, name):
        path = self.find(controller, name)
        return read_number(path) if path else None


def out_of_memory_kills(groups):
    """Counters of processes that the kernel killed for want of memory: (this group's, the machine's); None is unknown."""
    own = keyed(groups.text("", "memory.events"), "oom_kill")
    if own is None:
        own = keyed(groups.text("memory", "memory.oom_control"), "oom_kill")
    return own, keyed(read_text("/proc/vmstat"), "oom_kill")


def memory_limit(groups):
    values = [groups.number("", "memory.max"), groups.number("memory", "memory.limit_in_bytes"), machine_memory()]
    known = [value for value in values if value is not None and value < 1 << 60]
    return min(known) if known else None


def machine_memory():
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def cpu_limit(groups):
    quota = period = None
    words = (groups.text("", "cpu.max") or "").split()
    if len(words) == 2 and words[0].isdigit():
        quota, period = int(words[0]), int(words[1])
    else:
        quota, period = groups.number("cpu", "cpu.cfs_quota_us"), groups.number("cpu", "cpu.cfs_period_us")
    if quota and quota > 0 and period:
        return round(quota / period, 2)
    try:
        return float(len(os.sched_getaffinity(0)))
    except (AttributeError, OSError):
        return float(os.cpu_count() or 1)


class Meter:
    """Usage since the last look: CPU as a number of busy CPUs, memory in bytes."""

    def __init__(self, family, groups, own_group):
        self.family = family
        self.groups = groups
        self.own_group = own_group
        self.last = None
        self.peak = None

    def look(self, now):
        seconds, memory = self._of_group() if self.own_group else self._of_processes()
        cpu = None
        if self.last is not None and seconds is not None and now > self.last[0]:
            cpu = round(max(0.0, seconds - self.last[1]) / (now - self.last[0]), 2)
        if seconds is not None:
            self.last = now, seconds
        if memory is not None:
            self.peak = max(self.peak or 0, memory)
        return cpu, memory

    def _of_group(self):
        micro = keyed(self.groups.text("", "cpu.stat"), "usage_usec")
        if micro is None:
            nano = self.groups.number("cpuacct", "cpuacct.usage")
            micro = None if nano is None else nano / 1000
        memory = self.groups.number("", "memory.current")
        inactive = keyed(self.groups.text("", "memory.stat"), "inactive_file")
        if memory is None:
            memory = self.groups.number("memory", "memory.usage_in_bytes")
            inactive = keyed(self.groups.text("memory", "memory.stat"), "total_inactive_file")
        if micro is None and memory is None:
            return self._of_processes()
        # What the page cache holds of files can be had back at any time.
        used = None if memory is None else max(0, memory - (inactive or 0))
        return None if micro is None else micro / 1e6, used

    def _of_processes(self):
        try:
            ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError):
            return None, None
        total = memory = 0
        for pid in processes.descendants(os.getpid(), self.family.helpers)[:512]:
            fields = (read_text("/proc/%d/stat" % pid) or "").rpartition(")")[2].split()
            if len(fields) > 21:
                # Ended children's time is in their parent's counters.
                total += sum(int(field) for field in fields[11:15])
                memory += int(fields[21]) * page
        return total / ticks, memory
