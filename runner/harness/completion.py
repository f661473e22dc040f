"""The end of a run: what it leaves is handed over, and the completion record is written, last of all."""
import os
import sys

import handover
import harness
import outcome
import outputs
import record
import usage

EXIT_CODES = {"completed": 0, "failed": 1, "timed-out": 124, "interrupted": 143, "gpu-missing": 69}
NOT_WRITTEN = 74
MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "ARM64": "arm64", "armv7l": "arm/v7", "i686": "386"}


def complete(run):
    """The harness's own exit code. `run` is the supervisor, whose processes are gone."""
    artifacts, skipped = hand_over(run) if run.family.main is not None else (False, [])
    run.end_log()
    value = record_of(run, artifacts, skipped)
    if not record.write(run.control, value):
        return NOT_WRITTEN
    out = os.path.join(run.base, "out")
    if record.show(run.control, out) and run.spec["log"] == "stdout" and outputs.tell(run.log, out):
        run.end_log()
    return EXIT_CODES[value["outcome"]]


def hand_over(run):
    work = handover.Handover(run.base, run.spec["package"], run.spec["artifacts"], run.spec["data"])
    try:
        return work.run(), work.skipped
    except OSError as error:
        work.skip("", error.strerror or str(error))
        return False, work.skipped


def decide(run):
    if run.family.main is not None:
        return outcome.decide(run.ending)
    if run.gpu_problem:
        return outcome.result("gpu-missing", None, run.gpu_problem)
    return outcome.result("interrupted", None, "The run was stopped before training began.")


def exception_of(run, mask):
    frames = outcome.Frames(run.root, mask)
    frames.moved(os.path.join(run.base, "out", "package"))
    return outcome.record_exception(run.ending.report, frames, mask) or outcome.record_crash(run.ending, frames)


def record_of(run, artifacts, skipped):
    mask = run.log.masker.text
    ending, reports = run.ending, run.reports
    decided = decide(run)
    return {
        "schema": 1,
        "nonce": run.spec["nonce"],
        "run": run.spec["run"],
        "harness": harness.HARNESS_VERSION,
        "outcome": decided["outcome"],
        "step": ending.step,
        "kind": decided["kind"],
        "message": mask(outcome.clean(decided["message"])),
        "hint": mask(outcome.clean(decided["hint"])),
        "exitCode": None if ending.signal else ending.exit_code,
        "signal": ending.signal,
        "exception": exception_of(run, mask) if decided["outcome"] == "failed" else None,
        "startedAt": run.started_at,
        "endedAt": max(run.ended_at, run.started_at + run.user_seconds),
        "seconds": run.user_seconds,
        "log": {"records": run.log.sequence, "bytes": run.log.bytes, "sha256": run.log.digest.hexdigest()},
        "python": reports.python,
        "platform": platform_name(),
        "distributions": reports.distributions(),
        "gpu": {"got": run.gpus, "problem": run.gpu_problem},
        "resources": {
            "cpus": usage.cpu_limit(run.groups),
            "memory": usage.memory_limit(run.groups),
            "peakMemory": run.meter.peak,
        },
        "datasetReadOnlyError": bool((ending.report or {}).get("readOnly")),
        "artifacts": artifacts,
        "skipped": [dict(entry, path=mask(entry["path"])) for entry in skipped],
    }


def platform_name():
    system = {"win32": "windows", "darwin": "darwin"}.get(sys.platform, "linux")
    machine = os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")
    return "%s/%s" % (system, MACHINES.get(machine, machine))
