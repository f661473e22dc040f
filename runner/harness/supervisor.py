"""One run: starts the user's Python, takes its output, ends it when told to, and leaves nothing of it running."""
import os
import select
import signal
import sys
import time

import harness
import processes

READ = 65536
DRAIN_SECONDS = 1.0
UNKILLABLE_SECONDS = 30.0
LOG_END_SECONDS = 60.0
WAITING = b"training-pipelines: train() and save() have returned; the run goes on until its threads and processes end.\n"
# Stands for the descriptor of the report's writing end among the arguments.
REPORT = "-1"


class Supervisor:
    def __init__(self, spec, control, secrets, signals):
        self.spec = spec
        self.control = control
        self.secrets = secrets
        self.base = spec["base"]
        self.root = os.path.join(self.base, spec["package"])
        self.family = processes.Family(spec["ownsAllProcesses"])
        self.signals = signals
        self.signals_seen = 0
        self.kill_at = None
        self.streams = {}
        self.report_end = None
        self.over = False
        self.child_peak = None
        self.peak = None
        self.gpu_meter = None
        self.user_seconds = 0.0

    # Start

    def run(self):
        self.started_at = self.ended_at = time.time()
        self.gpus, self.gpu_problem = harness.missing_gpu(self.spec["gpu"])
        pipes = None
        if not self.gpu_problem and not self.signals.count:
            pipes = self._start()
        # From here on the user's Python starts beside us.
        self._load()
        if pipes is not None:
            self._watch(pipes)
            self._finish_processes()
            self.log.event({"event": "ended"})
        import completion

        return completion.complete(self)

    def _start(self):
        """The output pipes' and the report's reading ends, with the user's process at the other ends."""
        plan = self._plan()
        if plan is None:
            return None
        argv, environment, before = plan
        out_read, out_write = os.pipe()
        error_read, error_write = os.pipe()
        report_read, report_write = os.pipe()
        empty = os.open(os.devnull, os.O_RDONLY)
        argv = [str(report_write) if part is REPORT else part for part in argv]
        self.family.main = processes.start(
            argv, environment, self.root, (empty, out_write, error_write), report_write, before
        )
        self._remember_child()
        for descriptor in (empty, out_write, error_write, report_write):
            os.close(descriptor)
        return out_read, error_read, report_read

    def _plan(self):
        """(arguments, environment, what the process does before its program), or None where it is to end already."""
        import handover

        handover.prepare(self.base, self.spec["package"], self.spec["artifacts"])
        try:
            dataset = self._place_dataset()
        except InterruptedError:
            return None
        environment = harness.user_environment(self.spec, self.secrets, self.base)
        child = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child.py")
        self.report_file = os.path.join(self.control, "report")
        data = dataset.argument if dataset else os.path.join(self.root, self.spec["data"])
        argv = [sys.executable, "-c", harness.CHILD_CODE, child, REPORT, self.report_file, self.root, data]
        return argv, environment, dataset.enter if dataset else None

    def _remember_child(self):
        harness.write_json(os.path.join(self.control, "child"), harness.identity(self.family.main))

    def _place_dataset(self):
        wanted = self.spec["dataset"]
        if wanted["kind"] == "mount":
            return None
        import dataset

        target = os.path.join(self.root, self.spec["data"])
        work = os.path.join(self.base, "overlay")
        return dataset.LocalDataset(wanted["path"], wanted["access"], target, work, lambda: self.signals.count).make()

    def _load(self):
        """Everything that is not needed before the user's Python starts."""
        import completion  # noqa: F401 - the files may be gone later, if the training code removes them
        import distributions  # noqa: F401
        import framedlog
        import outcome
        import reports
        import usage

        if not self.spec["ownsAllProcesses"]:
            processes.become_subreaper()
        masker = framedlog.Masker(self.secrets.values())
        if self.spec["log"] == "stdout":
            sink = framedlog.Sink(1, framedlog.Tail(self.control))
        else:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            sink = framedlog.FileSink(os.open(self.spec["log"], flags, 0o600))
        self.log = framedlog.FramedLog(sink, masker)
        self.make_stream = framedlog.Stream
        self.ending = outcome.Ending()
        self.reports = reports.Reports(self.ending, self.log, max(self.spec["graceSeconds"], 1))
        self.groups = usage.Groups()
        self.ending.own_group = self.spec["ownsAllProcesses"]
        self.kills_before = usage.out_of_memory_kills(self.groups)
        self.meter = usage.Meter(self.family, self.groups, self.spec["ownsAllProcesses"])

    # While it runs

    def _watch(self, pipes):
        from record import reserve

        out, error, report = pipes
        self.log.event({"event": "started"})
        self.streams = {out: self.make_stream(self.log, b"o"), error: self.make_stream(self.log, b"e")}
        self.report_end = report
        reserve(self.control)
        started = time.monotonic()
        limit = self.spec["timeoutSeconds"]
        self.time_up = None if limit is None else started + limit
        self.next_usage = started + 1.0
        if self.gpus:
            self._start_gpu_meter()
        while not self.over:
            self._turn()

    def _turn(self):
        self._poll(self._patience())
        self.log.sink.save()
        self._reap()
        now = time.monotonic()
        if self.over:
            self._stop_clock(now)
            return
        self._obey_signals(now)
        self._obey_limits(now)
        if self.reports.tell_at is not None and now >= self.reports.tell_at:
            self.reports.tell_at = None
            self.log.event({"event": "waiting"})
            self.log.write(b"e", WAITING)
        if now >= self.next_usage:
            self.next_usage = now + 1.0
            self._report_usage(now)

    def _reap(self):
        ended = processes.reap(self.family.main)
        if ended is not None:
            self._note_end(*ended)

    def _note_end(self, status, resources):
        self.over = True
        if os.WIFSIGNALED(status):
            self.ending.set_signal(os.WTERMSIG(status))
        else:
            self.ending.exit_code = os.WEXITSTATUS(status)
        self.child_peak = resources.ru_maxrss * (1 if sys.platform == "darwin" else 1024)

    def _patience(self):
        times = [self.next_usage, self.time_up, self.kill_at, self.reports.exit_by]
        times += [stream.due for stream in self.streams.values()]
        return max(0.0, min(at for at in times if at is not None) - time.monotonic())

    def _poll(self, patience):
        sink = self.log.sink
        poller = select.poll()
        poller.register(self.signals.wake, select.POLLIN)
        if not sink.holds_up():
            for descriptor in self.streams:
                poller.register(descriptor, select.POLLIN)
        for descriptor in (self.report_end, self._gpu_descriptor()):
            if descriptor is not None:
                poller.register(descriptor, select.POLLIN)
        if sink.size and not sink.problem:
            poller.register(sink.descriptor, select.POLLOUT)
        if sink.problem:
            patience = min(patience, 0.25)
        ready = dict(poller.poll(patience * 1000 + 1))
        now = time.monotonic()
        self._read_rest(ready)
        for descriptor in [found for found in self.streams if found in ready]:
            self._read_output(descriptor, now)
        for stream in self.streams.values():
            if stream.due is not None and now >= stream.due:
                stream.flush_partial()
        while sink.size and self._writable(sink):
            sink.flush()
            if sink.problem:
                break

    def _writable(self, sink):
        poller = select.poll()
        poller.register(sink.descriptor, select.POLLOUT)
        return bool(poller.poll(0))

    def _read_output(self, descriptor, now):
        data = os.read(descriptor, READ)
        stream = self.streams[descriptor]
        for other in self.streams.values():
            if other is not stream and other.partial:
                other.flush_partial()
        if data:
            stream.feed(data, now)
        else:
            stream.close()
            os.close(descriptor)
            del self.streams[descriptor]

    def _read_rest(self, ready):
        if self.signals.wake in ready:
            try:
                os.read(self.signals.wake, READ)
            except BlockingIOError:
                pass
        if self.report_end in ready:
            self._read_report()
        if self._gpu_descriptor() in ready:
            self.gpu_meter.read()

    def _obey_signals(self, now):
        count = self.signals.count - self.signals_seen
        if count == 0:
            return
        first = self.kill_at is None
        self.signals_seen += count
        if first:
            self._end("interrupted", now)
            count -= 1
        if count > 0:
            self.kill_at = now

    def _obey_limits(self, now):
        if self.time_up is not None and now >= self.time_up:
            self.time_up = None
            if self.kill_at is None:
                self._end("timed-out", now)
        if self.reports.exit_by is not None and now >= self.reports.exit_by:
            # The exception is known; what still runs (a thread, a child that is waited for) ends with it.
            self.reports.exit_by = None
            if self.kill_at is None:
                self.ending.hurried = True
                self._end(None, now)
        if self.kill_at is not None and now >= self.kill_at:
            self.family.kill()
            self.kill_at = now + 0.1

    def _end(self, reason, now):
        self.ending.reason = reason
        self.kill_at = now + self.spec["graceSeconds"]
        self.family.terminate()

    # What the user's process reports

    def _read_report(self):
        data = os.read(self.report_end, READ)
        if not data:
            os.close(self.report_end)
            self.report_end = None
            self.ending.replaced = not self.over and processes.is_replaced(self.family.main, harness.MARK)
            return
        self.reports.take(data)

    def _stop_clock(self, now):
        self.stopped = now
        self.ended_at = time.time()

    # Usage

    def _report_usage(self, now):
        self.reports.distributions()
        cpu, memory = self.meter.look(now)
        value = {"event": "usage", "cpu": cpu, "memory": memory}
        if self.gpu_meter is not None and self.gpu_meter.last:
            value["gpu"] = self.gpu_meter.values()
        self.log.event(value)

    def _start_gpu_meter(self):
        import gpu

        self.gpu_meter = gpu.start_meter()
        if self.gpu_meter is not None:
            self.family.helpers.add(self.gpu_meter.pid)

    def _gpu_descriptor(self):
        return None if self.gpu_meter is None else self.gpu_meter.descriptor

    # End

    def _finish_processes(self):
        """Takes what is left in the pipes; what still runs by then belonged to the run, and goes."""
        self.next_usage = self.time_up = self.reports.exit_by = self.kill_at = None
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline:
            leftovers = bool(self.family.others())
            if not self.streams and self.report_end is None and not leftovers:
                break
            self.next_usage = min(deadline, time.monotonic() + (0.02 if leftovers else 0.5))
            self._poll(self._patience())
            self._reap()
        for helper in self.family.helpers:
            processes.send(helper, signal.SIGKILL)
        processes.wait_gone(self.family, UNKILLABLE_SECONDS, True)
        deadline = time.monotonic() + DRAIN_SECONDS
        while (self.streams or self.report_end is not None) and (time.monotonic() < deadline or self.log.sink.holds_up()):
            self.next_usage = time.monotonic() + 0.05
            self._poll(self._patience())
        for stream in self.streams.values():
            stream.close()
        self._read_report_file()
        self._finish_ending()

    def _read_report_file(self):
        try:
            with open(self.report_file, "rb") as file:
                self.reports.rest = b""
                self.reports.take(file.read(4 * 1024 * 1024))
        except OSError:
            pass

    def _finish_ending(self):
        import usage

        if self.reports.begun is not None:
            self.started_at = self.reports.begun_wall
            self.user_seconds = max(0.0, self.stopped - self.reports.begun)
        if self.ending.hurried:
            # Python would have ended with 1, had something of the user's not kept it from ending.
            self.ending.exit_code, self.ending.signal = 1, None
        after = usage.out_of_memory_kills(self.groups)
        self.ending.memory_kills = tuple(
            None if old is None or new is None else new - old for old, new in zip(self.kills_before, after)
        )
        self.meter.peak = max(self.meter.peak or 0, self.child_peak or 0) or None
        if self.ending.crash:
            self.log.write(b"e", self.log.masker.apply("\n".join(self.ending.crash + [""]).encode("utf-8")))

    def end_log(self):
        """Writes out what waits; gives up where nobody has taken anything for a long time."""
        sink = self.log.sink
        sink.save()
        deadline, size = time.monotonic() + LOG_END_SECONDS, sink.size
        while sink.size and time.monotonic() < deadline:
            poller = select.poll()
            poller.register(sink.descriptor, select.POLLOUT)
            if poller.poll(500):
                sink.flush()
            if sink.problem:
                deadline = min(deadline, time.monotonic() + 5)
                time.sleep(0.2)
            if sink.size < size:
                deadline, size = time.monotonic() + LOG_END_SECONDS, sink.size
