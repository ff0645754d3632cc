#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The keeper with a controller that obeys this test: start, restart, hang, hand-over of descriptors, workers,
systemd's messages, the second instance, and violent death. The workers are test-netd-sandbox in its other part."""
import array
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

BUILD = os.environ.get("NETD_BUILD", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build"))
PROGRAMS = {
    "netd": "netd/netd",
    "netd-controller": "tests/live/fake-controller",
    "netd-worker": "tests/unit/test-netd-sandbox",
}


def wait_for(what, condition, seconds=5.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError("not within %.1f s: %s" % (seconds, what))


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def status_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


@unittest.skipIf(os.geteuid() != 0, "needs root")
class Keeper(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="netd-keeper-", dir="/tmp")
        self.programs = tempfile.mkdtemp(prefix="netd-programs-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.root)
        self.addCleanup(shutil.rmtree, self.programs)
        os.chmod(self.root, 0o755)
        for name, built in PROGRAMS.items():
            shutil.copy(os.path.join(BUILD, built), os.path.join(self.programs, name))
        self.netd = os.path.join(self.programs, "netd")
        self.processes = []
        self.notify = None

    def tearDown(self):
        for p in self.processes:
            if p.poll() is None:
                p.kill()
            p.wait()
            if p.stderr:
                p.stderr.close()
        for pid in self.pids("hello pid=") + self.pids("spawned \\d+ pid="):
            wait_for("process %d to end" % pid, lambda: not alive(pid), 2)
        if self.notify:
            self.notify.close()

    def start(self, *options, pass_fds=(), env=None, preexec=None, ready=True):
        before = len(self.hellos())
        p = subprocess.Popen([self.netd, "--root", self.root, *options], stderr=subprocess.PIPE, pass_fds=pass_fds,
                             env=dict(os.environ, **(env or {})), preexec_fn=preexec, text=True)
        self.processes.append(p)
        os.set_blocking(p.stderr.fileno(), False)
        if ready:
            wait_for("hello", lambda: len(self.hellos()) > before)
            wait_for("control socket", lambda: self.try_command("store ready yes"))
        return p

    def events(self):
        try:
            with open(os.path.join(self.root, "events")) as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def hellos(self):
        return [e for e in self.events() if e.startswith("hello")]

    def pids(self, pattern):
        return [int(m.group(1)) for e in self.events() for m in [re.match(pattern + r"(\d+)", e)] if m]

    def controller(self):
        return self.pids("hello pid=")[-1]

    def try_command(self, text):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            try:
                s.sendto(text.encode(), os.path.join(self.root, "control"))
            except OSError:
                return False
        return True

    def command(self, text):
        self.assertTrue(self.try_command(text))
        if text != "hang":
            wait_for("did " + text, lambda: "did " + text in self.events())

    def event(self, pattern, seconds=5.0):
        return wait_for(pattern, lambda: next((m for e in self.events() for m in [re.fullmatch(pattern, e)] if m), None),
                        seconds)

    def stop(self, p):
        p.terminate()
        self.assertEqual(p.wait(5), 0)
        self.event("stop")

    # --- life ---

    def test_stop_and_reload(self):
        p = self.start("--foreground")
        p.send_signal(signal.SIGHUP)
        self.event("reload")
        controller = self.controller()
        self.stop(p)
        self.assertFalse(alive(controller))

    def test_restart_at_once_then_backoff(self):
        """At once while there is credit (netd/process/restart-pace.h: 20 in a row), then after waits that double."""
        p = self.start("--foreground")
        gaps = []
        for n in range(24):
            killed = time.monotonic()
            os.kill(self.controller(), signal.SIGKILL)
            wait_for("restart", lambda: len(self.hellos()) == n + 2)
            gaps.append(time.monotonic() - killed)
            self.assertIn("starts=%d" % (n + 1), self.hellos()[-1])
        self.assertLess(sorted(gaps[:20])[10], 0.1)
        waited = [gap for gap in gaps[20:] if gap > 0.09]
        self.assertGreaterEqual(len(waited), 2)
        self.assertGreater(waited[1], waited[0] * 1.5)
        self.stop(p)

    def test_hang(self):
        self.start("--foreground")
        self.command("hang")
        hung = time.monotonic()
        wait_for("restart", lambda: len(self.hellos()) == 2)
        self.assertLess(time.monotonic() - hung, 3.5)
        os.kill(self.controller(), signal.SIGSTOP)
        wait_for("restart", lambda: len(self.hellos()) == 3)

    def test_garbage_ends_the_controller(self):
        self.start("--foreground")
        self.assertTrue(self.try_command("garbage"))
        wait_for("restart", lambda: len(self.hellos()) == 2)

    def test_violent_death_of_the_keeper(self):
        p = self.start("--foreground")
        self.command("spawn 1 packets")
        worker = int(self.event(r"spawned 1 pid=(\d+) serving=0").group(1))
        controller = self.controller()
        p.kill()
        p.wait()
        wait_for("end of controller and worker", lambda: not alive(controller) and not alive(worker), 1)
        self.start("--foreground")  # the lock is free again

    def test_second_instance(self):
        p = self.start("--foreground")
        second = self.start("--foreground", ready=False)
        self.assertEqual(second.wait(5), 1)
        os.set_blocking(second.stderr.fileno(), True)
        said = second.stderr.read()
        self.assertIn("already serves the root folder %s" % self.root, said)
        self.assertIn("process %d" % p.pid, said)
        self.assertEqual(len(self.hellos()), 1)

    # --- starting ---

    def test_background(self):
        done = subprocess.run([self.netd, "--root", self.root], stderr=subprocess.PIPE, text=True, timeout=10)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.event("hello .*")
        with open(os.path.join(self.root, "run/netd/lock")) as f:
            keeper = int(f.read())
        try:
            self.assertEqual(os.getsid(keeper), keeper)
            self.assertEqual(os.readlink("/proc/%d/fd/2" % keeper), os.path.join(self.root, "var/log/netd.log"))
            self.assertEqual(os.readlink("/proc/%d/fd/0" % keeper), "/dev/null")
        finally:
            os.kill(keeper, signal.SIGTERM)
        wait_for("end", lambda: not alive(keeper))
        with open(os.path.join(self.root, "var/log/netd.log")) as f:
            self.assertRegex(f.read(), r"\d{4}-\d\d-\d\dT.*netd: stopping on signal 15")

    def test_failure_is_told(self):
        open(os.path.join(self.root, "fail"), "w").close()
        for option in ([], ["--foreground"]):
            done = subprocess.run([self.netd, "--root", self.root, *option], stderr=subprocess.PIPE, text=True,
                                  timeout=10)
            self.assertEqual(done.returncode, 1)
            self.assertIn("the test wants it so", done.stderr)

    def test_no_controller(self):
        os.remove(os.path.join(self.programs, "netd-controller"))
        done = subprocess.run([self.netd, "--root", self.root], stderr=subprocess.PIPE, text=True, timeout=10)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot find the program netd-controller", done.stderr)

    def test_crash_at_every_start(self):
        open(os.path.join(self.root, "crash"), "w").close()
        done = subprocess.run([self.netd, "--root", self.root], stderr=subprocess.PIPE, text=True, timeout=10)
        self.assertEqual(done.returncode, 1)
        self.assertIn("the controller cannot start: signal 6", done.stderr)
        self.assertEqual(len(self.hellos()), 6)

    def test_options(self):
        for options, status, said in ((["--version"], 0, "netd 0."), (["--help"], 0, "Usage:"),
                                      (["--nonsense"], 2, "nonsense"), (["word"], 2, "word"),
                                      (["--root", "/" + "r" * 80], 1, "longer than")):
            done = subprocess.run([self.netd, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=10)
            self.assertEqual(done.returncode, status, options)
            self.assertIn(said, done.stdout)

    # --- privileges ---

    def test_privileges(self):
        p = self.start("--foreground")
        self.command("spawn 1 packets")
        worker = int(self.event(r"spawned 1 pid=(\d+) .*").group(1))
        time.sleep(0.3)
        keeper, controller, worker = (status_of(i) for i in (p.pid, self.controller(), worker))
        kill, controller_caps = 1 << 5, 1 << 12 | 1 << 13 | 1 << 10
        self.assertEqual([int(keeper[c], 16) for c in ("CapEff", "CapPrm", "CapInh")], [kill, kill, 0])
        self.assertEqual(int(controller["CapEff"], 16), controller_caps)
        self.assertEqual(int(controller["CapBnd"], 16), controller_caps)
        self.assertEqual(controller["NoNewPrivs"], "1")
        self.assertEqual([int(worker[c], 16) for c in ("CapEff", "CapPrm", "CapBnd")], [0, 0, 0])
        self.assertNotIn("0", worker["Uid"].split())
        self.assertNotIn("0", worker["Gid"].split())
        self.assertEqual(worker["Groups"].strip(), "")
        self.assertEqual(worker["NoNewPrivs"], "1")
        with open(self.netd, "rb") as f:
            if b"__asan_init" not in f.read():  # a sanitizer makes calls of its own
                self.assertEqual(worker["Seccomp"], "2")

    # --- workers ---

    def test_workers(self):
        self.start("--foreground")
        self.command("spawn 1 packets")
        self.command("spawn 2 packets")
        first = int(self.event(r"spawned 1 pid=(\d+) serving=0").group(1))
        second = int(self.event(r"spawned 2 pid=(\d+) serving=0").group(1))
        with open("/proc/%d/cmdline" % first, "rb") as f:
            self.assertEqual(f.read().split(b"\0")[1], b"packets")
        self.command("kill 1")
        self.event("died 1 status=9", 1)
        os.kill(second, signal.SIGABRT)
        self.event("died 2 status=(6|134)", 1)
        self.command("spawn 3 nonsense")
        self.event("died 3 status=512")
        self.command("spawn 2 packets")  # a number may be used again
        wait_for("third", lambda: len(self.pids("spawned 2 pid=")) == 2)
        worker = self.pids("spawned 2 pid=")[-1]
        os.kill(self.controller(), signal.SIGKILL)
        wait_for("end of the dead controller's worker", lambda: not alive(worker), 1)

    def test_too_many_workers(self):
        """Refusing one is an answer, not the controller's end."""
        self.start("--foreground")
        controller = self.controller()
        for i in range(1, 1026):
            self.command("spawn %d packets" % i)
        self.event("died 1025 status=32512", 60)
        self.command("kill 1")
        self.event("died 1 status=9", 10)
        self.command("spawn 1026 packets")
        self.event(r"spawned 1026 pid=\d+ serving=0", 10)
        self.assertEqual(self.controller(), controller)

    # --- descriptors ---

    def test_descriptors_survive(self):
        self.start("--foreground")
        self.command("store a one")
        self.command("store b two")
        self.command("store a three")
        self.command("store c four")
        self.command("drop c")
        os.kill(self.controller(), signal.SIGKILL)
        wait_for("restart", lambda: len(self.hellos()) == 2)
        held = self.hellos()[-1].split("held=")[1].split()
        self.assertEqual(sorted(held), ["a=three", "b=two", "ready=yes"])

    def test_many_descriptors(self):
        self.start("--foreground")
        for n in range(1500):
            self.assertTrue(self.try_command("store many/%d x" % n))
        self.event("did store many/1499 x", 20)
        os.kill(self.controller(), signal.SIGKILL)
        wait_for("restart", lambda: len(self.hellos()) == 2, 10)

    # --- systemd ---

    def listen_notify(self):
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(os.path.join(self.root, "notify"))
        self.notify.settimeout(5)
        return {"NOTIFY_SOCKET": os.path.join(self.root, "notify")}

    def next_notice(self, pattern):
        """The first message that matches, and how many descriptors came with it."""
        while True:
            text, control, _, _ = self.notify.recvmsg(4096, 1024)
            fds = array.array("i")
            for level, kind, data in control:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
            for fd in fds:
                os.close(fd)
            if re.search(pattern, text.decode()):
                return text.decode(), len(fds)

    def test_notify(self):
        p = self.start(env=self.listen_notify())  # without --foreground: systemd's services stay
        text, _ = self.next_notice("READY=1")
        self.assertEqual(text, "READY=1\nSTATUS=ready for the test")
        text, n = self.next_notice("FDNAME=ready")
        self.assertEqual((text, n), ("FDSTORE=1\nFDPOLL=0\nFDNAME=ready", 1))
        self.command("drop ready")
        self.next_notice("FDSTOREREMOVE=1\nFDNAME=ready")
        os.kill(self.controller(), signal.SIGKILL)
        self.next_notice("STATUS=The controller has ended")
        self.next_notice("READY=1")
        p.terminate()
        self.next_notice("STOPPING=1")
        self.assertEqual(p.wait(5), 0)

    def test_watchdog(self):
        self.start(env=dict(self.listen_notify(), WATCHDOG_USEC="400000"))
        for _ in range(3):
            self.next_notice("WATCHDOG=1")

    def test_passed_descriptors(self):
        fds = []
        for content in (b"rw", b"ro"):
            fds.append(os.memfd_create("passed"))
            os.write(fds[-1], content)
        high = [os.dup2(fd, 50 + n) for n, fd in enumerate(fds)]
        script = 'exec 3<&50 4<&51 50<&- 51<&-; export LISTEN_PID=$$; exec "$0" "$@"'
        p = subprocess.Popen(["bash", "-c", script, self.netd, "--root", self.root, "--foreground"],
                             pass_fds=high, stderr=subprocess.DEVNULL,
                             env=dict(os.environ, LISTEN_FDS="2", LISTEN_FDNAMES="door-rw:door-ro"))
        self.processes.append(p)
        for fd in fds + high:
            os.close(fd)
        held = self.event("hello pid=.* held=(.*)").group(1).split()
        self.assertEqual(held, ["door-rw=rw", "door-ro=ro"])


if __name__ == "__main__":
    unittest.main()
