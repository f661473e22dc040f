"""What is installed, read off the names of the metadata folders: importlib.metadata would cost more than a whole no-op run."""
import os


def installed(path):
    """`name==version` of every distribution on a `sys.path`; the first one of a name counts, as for an import."""
    found = {}
    for folder in path:
        try:
            names = sorted(os.listdir(folder or "."))
        except OSError:
            continue
        for entry in names:
            if entry.endswith((".dist-info", ".egg-info")):
                add(found, folder, entry)
    return sorted(found.values(), key=str.lower)


def add(found, folder, entry):
    name, version = facts(folder, entry)
    key = name.lower().replace("_", "-").replace(".", "-")
    if name and version:
        found.setdefault(key, "%s==%s" % (name, version))


def facts(folder, entry):
    """Name and version from the metadata's head, else from the folder's name."""
    path = os.path.join(folder, entry)
    for inner in ("METADATA", "PKG-INFO", ""):
        try:
            with open(os.path.join(path, inner) if inner else path, "rb") as file:
                head = file.read(2048).decode("utf-8", "replace")
        except OSError:
            continue
        name = header(head, "Name")
        version = header(head, "Version")
        if name and version:
            return name, version
    stem = entry.rsplit(".", 1)[0].split("-")
    return stem[0], stem[1] if len(stem) > 1 else ""


def header(text, key):
    for line in text.splitlines():
        if line.startswith(key + ":"):
            return line[len(key) + 1 :].strip()
        if not line:
            break
    return ""
