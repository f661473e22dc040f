"""Which GPUs are really there: what was asked for proves nothing."""
import os

QUERY = ["--query-gpu=name,uuid,driver_version", "--format=csv,noheader"]
# A line for each GPU, again and again.
USAGE = ["--query-gpu=index,utilization.gpu,memory.used", "--format=csv,noheader,nounits", "--loop=2"]
PLACES = ["/usr/bin/nvidia-smi", "/usr/local/nvidia/bin/nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi"]


def find_tool(environment=os.environ):
    for folder in environment.get("PATH", os.defpath).split(os.pathsep):
        for name in ("nvidia-smi", "nvidia-smi.exe"):
            path = os.path.join(folder, name)
            if folder and os.access(path, os.X_OK) and os.path.isfile(path):
                return path
    for path in PLACES:
        if os.access(path, os.X_OK):
            return path
    return None


def look_up(environment=os.environ):
    """(GPUs as {model, uuid, driver}, problem)."""
    tool = find_tool(environment)
    if tool is None:
        found = from_driver_files()
        return found, "" if found else "No GPU was found: there is no nvidia-smi and no NVIDIA device."
    import subprocess

    try:
        done = subprocess.run(
            [tool] + QUERY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60
        )
    except (OSError, subprocess.SubprocessError) as error:
        return [], "nvidia-smi did not answer: %s" % error
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        first = next((line.strip() for line in text.splitlines() if line.strip()), "no word why")
        return [], "nvidia-smi ended with %d: %s" % (done.returncode, first)
    found = parse(text)
    return found, "" if found else "nvidia-smi lists no GPU."


def parse(text):
    found = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) >= 3 and fields[0]:
            # A model's name may hold a comma, a uuid and a driver's version do not.
            found.append({"model": ", ".join(fields[:-2]), "uuid": fields[-2], "driver": fields[-1]})
    return found


def from_driver_files(root="/proc/driver/nvidia", devices="/dev"):
    """Containers may have the device and not the tool."""
    try:
        present = sorted(name for name in os.listdir(devices) if name[:6] == "nvidia" and name[6:].isdigit())
    except OSError:
        present = []
    if not present:
        return []
    driver = ""
    try:
        with open(root + "/version", encoding="utf-8", errors="replace") as file:
            words = file.readline().split()
        driver = next((word for word in words if word[:1].isdigit() and "." in word), "")
    except OSError:
        pass
    found = []
    try:
        folders = sorted(os.listdir(root + "/gpus"))
    except OSError:
        folders = []
    for folder in folders:
        facts = {}
        try:
            with open("%s/gpus/%s/information" % (root, folder), encoding="utf-8", errors="replace") as file:
                for line in file:
                    key, _, value = line.partition(":")
                    facts[key.strip()] = value.strip()
        except OSError:
            continue
        if "nvidia" + facts.get("Device Minor", "") in present:
            found.append({"model": facts.get("Model", ""), "uuid": facts.get("GPU UUID", ""), "driver": driver})
    return found or [{"model": "", "uuid": "", "driver": driver} for _ in present]


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def parse_usage(line):
    """One line of the usage query: {id, utilization (0 to 1), memory (bytes)}; null where the machine does not tell."""
    fields = [field.strip() for field in line.split(",")]
    if len(fields) != 3:
        return None
    share, memory = number(fields[1]), number(fields[2])
    return {
        "id": fields[0],
        "utilization": None if share is None else share / 100,
        "memory": None if memory is None else int(memory * 1024 * 1024),
    }


class Meter:
    """The tool that reports usage, running beside the user's code; `last` is its latest word on each GPU."""

    def __init__(self, pid, descriptor):
        self.pid = pid
        self.descriptor = descriptor
        self.rest = b""
        self.last = {}

    def read(self):
        data = os.read(self.descriptor, 65536)
        if not data:
            os.close(self.descriptor)
            self.descriptor = None
            return
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()[-4096:]
        for line in lines:
            value = parse_usage(line.decode("utf-8", "replace"))
            if value is not None:
                self.last[value["id"]] = value

    def values(self):
        return [self.last[key] for key in sorted(self.last)]


def start_meter():
    """A meter, or None where there is no tool."""
    import processes

    tool = find_tool()
    if tool is None:
        return None
    read, write = os.pipe()
    empty = os.open(os.devnull, os.O_RDWR)
    pid = processes.start([tool] + USAGE, dict(os.environ), "/", (empty, write, empty), empty)
    os.close(write)
    os.close(empty)
    return Meter(pid, read)
