"""The supervisor where there is no fork, no poll and no signal between processes (Windows): with threads instead."""
import os
import queue
import subprocess
import threading
import time

import processes
import supervisor

WAITING_CHUNKS = 64
LOOK_SECONDS = 0.1
NEW_PROCESS_GROUP, NO_WINDOW = 0x200, 0x8000000
JOB_LIMITS, KILL_ON_CLOSE = 9, 0x2000


class Job:
    """A Windows job object: whatever the user's process starts is in it, and goes with it."""

    def __init__(self, process):
        self.process = process
        self.handle = None
        if os.name == "nt":
            try:
                self._make(int(process._handle))
            except Exception:  # an old Windows, or a job that forbids nesting: the process alone has to do
                self.handle = None

    def _make(self, process):
        import ctypes
        from ctypes import wintypes

        class Basic(ctypes.Structure):
            _fields_ = [
                ("user_time", ctypes.c_int64), ("job_time", ctypes.c_int64), ("flags", wintypes.DWORD),
                ("least", ctypes.c_size_t), ("most", ctypes.c_size_t), ("processes", wintypes.DWORD),
                ("affinity", ctypes.c_size_t), ("priority", wintypes.DWORD), ("scheduling", wintypes.DWORD),
            ]

        class Extended(ctypes.Structure):
            _fields_ = [("basic", Basic), ("counters", ctypes.c_uint64 * 6), ("memory", ctypes.c_size_t * 4)]

        self.kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        self.kernel.CreateJobObjectW.restype = wintypes.HANDLE
        for name in ("SetInformationJobObject", "AssignProcessToJobObject", "TerminateJobObject"):
            getattr(self.kernel, name).argtypes = None
        handle = wintypes.HANDLE(self.kernel.CreateJobObjectW(None, None))
        limits = Extended()
        limits.basic.flags = KILL_ON_CLOSE
        self.kernel.SetInformationJobObject(handle, JOB_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
        if self.kernel.AssignProcessToJobObject(handle, wintypes.HANDLE(process)):
            self.handle = handle

    def terminate(self):
        """The nearest thing to SIGTERM; where that cannot be had (no console), the end at once."""
        import signal

        try:
            if os.name == "nt":
                self.process.send_signal(signal.CTRL_BREAK_EVENT)
            else:
                processes.send_group(self.process.pid, signal.SIGTERM)
        except OSError:
            self.kill()

    def kill(self):
        import signal

        if self.handle is not None:
            self.kernel.TerminateJobObject(self.handle, 1)
        elif os.name == "posix":
            processes.send_group(self.process.pid, signal.SIGKILL)
        try:
            self.process.kill()
        except OSError:
            pass


class PortableSupervisor(supervisor.Supervisor):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.chunks = queue.Queue(WAITING_CHUNKS)
        self.report_offset = 0
        self.stop_file = os.path.join(self.control, "stop")
        self.killed = False

    def _start(self):
        plan = self._plan()
        if plan is None:
            return None
        argv, environment, _ = plan
        how = {"creationflags": NEW_PROCESS_GROUP | NO_WINDOW} if os.name == "nt" else {"start_new_session": True}
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=self.root, env=environment, **how
        )
        self.job = Job(self.process)
        self.family.main = self.process.pid
        self.family.terminate = self.job.terminate
        self.family.kill = self._kill
        self._remember_child()
        return self.process.stdout, self.process.stderr, None

    def _kill(self):
        self.killed = True
        self.job.kill()

    def _watch(self, pipes):
        self.readers = [
            threading.Thread(target=self._read_pipe, args=(pipe,), daemon=True) for pipe in pipes if pipe is not None
        ]
        for reader in self.readers:
            reader.start()
        super()._watch(pipes)

    def _read_pipe(self, pipe):
        while True:
            try:
                data = os.read(pipe.fileno(), supervisor.READ)
            except OSError:
                data = b""
            self.chunks.put((pipe, data))
            if not data:
                return

    def _poll(self, patience):
        self._take_chunk(max(0.0, min(patience, LOOK_SECONDS)))
        while not self.chunks.empty():
            self._take_chunk(0)
        now = time.monotonic()
        for stream in self.streams.values():
            if stream.due is not None and now >= stream.due:
                stream.flush_partial()
        self._read_report_file()
        self._look_for_stop()
        sink = self.log.sink
        while sink.size:
            sink.flush()
            if sink.problem:
                time.sleep(0.05)
                break

    def _take_chunk(self, patience):
        if self.log.sink.holds_up():
            time.sleep(patience)
            return
        try:
            pipe, data = self.chunks.get(timeout=patience) if patience > 0 else self.chunks.get_nowait()
        except queue.Empty:
            return
        stream = self.streams.get(pipe)
        if stream is None:
            return
        for other in self.streams.values():
            if other is not stream and other.partial:
                other.flush_partial()
        if data:
            stream.feed(data, time.monotonic())
        else:
            stream.close()
            del self.streams[pipe]

    def _read_report_file(self):
        try:
            with open(self.report_file, "rb") as file:
                file.seek(self.report_offset)
                data = file.read(4 * 1024 * 1024)
        except OSError:
            return
        self.report_offset += len(data)
        if data:
            self.reports.take(data)

    def _look_for_stop(self):
        """The engine cannot send a signal here, so it leaves a word; two wishes kill at once."""
        try:
            with open(self.stop_file, encoding="ascii") as file:
                word = file.read().strip()
        except OSError:
            return
        self.signals.count = max(self.signals.count, 2 if word == "kill" else 1)

    def _reap(self):
        code = self.process.poll()
        if code is None:
            return
        self.over = True
        if code < 0:
            self.ending.set_signal(-code)
        elif os.name == "nt" and code in CRASH_CODES:
            self.ending.signal = CRASH_CODES[code]
        elif os.name == "nt" and self.killed:
            self.ending.signal = "SIGKILL"
        else:
            self.ending.exit_code = code

    def _finish_processes(self):
        self.next_usage = self.time_up = self.reports.exit_by = self.kill_at = None
        for last in (False, True):
            deadline = time.monotonic() + supervisor.DRAIN_SECONDS
            while self.streams and time.monotonic() < deadline:
                self.next_usage = time.monotonic() + 0.05
                self._poll(self._patience())
            if not last:
                self.job.kill()
        for stream in self.streams.values():
            stream.close()
        self._read_report_file()
        self._finish_ending()

    def end_log(self):
        sink = self.log.sink
        deadline = time.monotonic() + 5
        while sink.size and time.monotonic() < deadline:
            sink.flush()
            if sink.problem:
                time.sleep(0.2)


CRASH_CODES = {
    0xC0000005: "SIGSEGV", 0xC00000FD: "SIGSEGV", 0xC000001D: "SIGILL", 0xC0000094: "SIGFPE", 0xC0000409: "SIGABRT",
}
