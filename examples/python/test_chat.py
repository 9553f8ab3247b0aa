#!/usr/bin/env python3
"""Tests chat.py against the real server: STONECHAT_BIN=target/debug/stonechat python3 examples/python/test_chat.py

One thread steps all clients; what is waited for has a deadline, and nothing sleeps for luck.
"""
import base64
import contextlib
import json
import os
import pathlib
import re
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from chat import FINAL, Client, Refused, num, text_body, text_of, uuid7

BIN = os.environ.get("STONECHAT_BIN", "stonechat")
CHAT = pathlib.Path(__file__).with_name("chat.py")


class Server:
    """A server of its own in a folder of its own; ended by its process id."""
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.data, self.address, self.process = os.path.join(self.folder.name, "data"), "127.0.0.1:0", None
        self.log = open(os.path.join(self.folder.name, "log"), "ab")
        self.start()

    def start(self):
        self.process = subprocess.Popen([BIN, "serve", "--data", self.data, "--listen", self.address],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        deadline, line = time.monotonic() + 20, b""
        while not line.endswith(b"\n"):
            if not select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError("the server is not ready after 20 s")
            if not (data := os.read(self.process.stdout.fileno(), 4096)):
                raise RuntimeError("the server ended: " + pathlib.Path(self.log.name).read_text(errors="replace"))
            line += data
        self.url = line.split()[1].decode()
        self.address = self.url.removeprefix("http://")  # after a restart it is found where it was

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def close(self):
        self.kill()
        self.log.close()
        self.folder.cleanup()

    def token(self, user):
        return subprocess.run([BIN, "token", "mint", "--user", user, "--data", self.data], check=True,
                              stdout=subprocess.PIPE, timeout=20).stdout.decode().strip()


class Recorder(Client):
    """A client that keeps what it showed and every frame that came, and can lose some of them."""
    def __init__(self, server, user, device, store=None):
        self.shown, self.frames, self.lost, self.connects = [], [], [], 0
        self.lose, self.after_send, self.before_fetch = lambda event: False, None, None
        self.store = store or os.path.join(server.folder.name, f"{user}-{device}.db")
        super().__init__(server.url, server.token(user), device, self.store)

    def connect(self):
        self.connects += 1
        super().connect()

    def on_event(self, event):
        self.shown.append(event)

    def on_frame(self, frame):
        self.frames.append(frame)
        if "event" in frame and self.lose(frame["event"]):
            self.lost.append(frame["event"])
        else:
            super().on_frame(frame)

    def write(self, name, **body):
        if name == "fetch_events" and self.before_fetch:
            fail, self.before_fetch = self.before_fetch, None
            fail()
        super().write(name, **body)
        if name == "send" and self.after_send:  # the send is written, its answer is not waited for
            fail, self.after_send = self.after_send, None
            fail()

    def cut(self):
        if self.sock:
            self.sock.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.sock = self.reader = self.sock and self.sock.close()

    def send(self, to, text):
        """Returns when the message is durable; raises Refused when it never will be."""
        n = self.queue(to, text)
        while n not in self.answers:
            self.step(0.005)
        if "code" in self.answers[n]:
            raise Refused(self.answers[n]["code"], self.answers[n])
        return self.answers[n]

    def last(self, cid):
        return self.state.get(cid, 0)

    def events(self, cid):
        rows = self.db.execute("SELECT event FROM event WHERE cid = ? ORDER BY seq", [cid])
        return [json.loads(event) for (event,) in rows]

    def texts(self):
        return [text_of(event.get("body", "")) for event in self.shown if event["kind"] == "message"]


def wait(condition, *clients, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not after {seconds} s; shown: {[client.texts()[-3:] for client in clients]}")
        for client in clients:
            client.step(0.005)


class FileTest(unittest.TestCase):
    def test_it_is_one_short_file(self):
        self.assertEqual(sorted(path.name for path in CHAT.parent.glob("*.py")), ["chat.py", "test_chat.py"])
        lines = CHAT.read_text().splitlines()
        self.assertLessEqual(len(lines), 200)
        self.assertEqual([line for line in lines if len(line) > 100], [])

    def test_it_needs_the_standard_library_only(self):
        modules = re.findall(r"^\s*(?:import|from) ([\w., ]+)", CHAT.read_text(), re.MULTILINE)
        names = {name.strip().split(".")[0] for line in modules for name in line.split(" import ")[0].split(",")}
        self.assertLessEqual(names, sys.stdlib_module_names)

    def test_it_gives_up_only_on_codes_that_are_documented_so(self):
        page = CHAT.parents[2] / "docs/protocol/errors.md"
        rows = re.findall(r"^\| `(\w+)` \| \d+ \| ([^|]+) \|", page.read_text(), re.MULTILINE)
        self.assertGreater(len(rows), 20)
        self.assertLessEqual(FINAL, {code for code, again in rows if again in ("no", "with a new token")})


def command_line(server, user, store, *words):
    return [sys.executable, CHAT, "--url", server.url, "--token", server.token(user), "--device", "cli",
            "--store", store, *words]


class WireTest(unittest.TestCase):
    def test_an_address_with_tls_is_refused_at_once(self):
        with self.assertRaises(ValueError):
            Client("https://127.0.0.1:1", "", "", ":memory:")

    def test_a_text_body_is_protobuf(self):
        self.assertEqual(text_body("hi"), "CgJoaQ==")  # of the documentation
        for text in ("", "x", "ü" * 63, "x" * 127, "x" * 128, "x" * 300, "\n\n", "x" * 65000):
            self.assertEqual(text_of(text_body(text)), text)

    def test_a_uuid7_says_when_it_was_made(self):
        raw = base64.b64decode(uuid7())
        self.assertEqual((len(raw), raw[6] >> 4, raw[8] >> 6), (16, 7, 2))
        self.assertLess(abs(int.from_bytes(raw[:6]) / 1000 - time.time()), 5)


    def socket_pair(self):
        client, (client.sock, other) = Client("http://", "", "", ":memory:"), socket.socketpair()
        client.reader, client.number = client.sock.makefile("rb", 1), 0
        for used in client.db, client.reader, client.sock, other:
            self.addCleanup(used.close)
        return client, other

    def test_frames_come_in_all_sizes_and_in_parts(self):
        client, other = self.socket_pair()
        frames = [{"x": "y" * size} for size in (0, 117, 118, 200, 65527, 65528, 100_000)]
        sent = b""
        for frame in frames:
            data = json.dumps(frame).encode()
            n = len(data)
            size = bytes([n]) if n < 126 else b"\x7e" + n.to_bytes(2) if n < 65536 else b"\x7f" + n.to_bytes(8)
            sent += b"\x81" + size + data
        sent += b'\x01\x05{"id"\x00\x01:\x80\x04"7"}'  # one message in three parts
        thread = threading.Thread(target=other.sendall, args=[sent])
        thread.start()
        self.assertEqual([client.read(10) for _ in frames], frames)
        self.assertEqual(client.read(10), {"id": "7"})
        thread.join()
        self.assertEqual(client.read(0), {})

    def test_the_end_of_a_connection_is_noticed(self):
        for last in b"", b"\x81", b"\x81\x7e\x01", b'\x81\x05{"i', b"\x88\x02\x03\xe8", b"\x88\x00":
            client, other = self.socket_pair()
            other.sendall(last)
            other.close()
            with self.assertRaises((OSError, ValueError)):
                client.read(10)

    def test_what_is_written_is_masked_and_has_the_shortest_length(self):
        for size in 10, 100, 1000, 65535, 70_000:
            client, other = self.socket_pair()
            thread = threading.Thread(target=client.write, args=["send"], kwargs={"body": "x" * size})
            thread.start()
            expected = json.dumps({"id": "1", "send": {"body": "x" * size}}).encode()
            n, stream = len(expected), other.makefile("rb")
            first, length = stream.read(2)
            self.assertEqual((first, length & 128), (0x81, 128))
            self.assertEqual(length & 127, n if n < 126 else 126 if n < 65536 else 127)
            if n > 125:
                self.assertEqual(int.from_bytes(stream.read(2 if n < 65536 else 8)), n)
            mask = stream.read(4)
            self.assertEqual(bytes(byte ^ mask[i % 4] for i, byte in enumerate(stream.read(n))), expected)
            stream.close()
            thread.join()


class ChatTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(lambda: cls.server.close())
        cls.people = 0

    def client(self, user, device="one", store=None):
        client = Recorder(self.server, user, device, store)
        self.addCleanup(client.db.close)
        self.addCleanup(client.close)
        return client

    def pair(self):
        """Two people who never met, so that the tests do not hear each other."""
        ChatTest.people += 1
        names = f"alice{self.people}", f"bob{self.people}"
        return *(self.client(name) for name in names), *names

    def check_log(self, client):
        """All was shown once, in order, and the store holds the log without a hole."""
        by_conversation = {}
        for event in client.shown:
            by_conversation.setdefault(event["conversation_id"], []).append(num(event, "seq"))
        for cid, seqs in by_conversation.items():
            self.assertEqual(seqs, list(range(1, len(seqs) + 1)))
            self.assertEqual([num(event, "seq") for event in client.events(cid)], seqs)
            self.assertEqual(client.last(cid), seqs[-1])

    def test_alice_sends_and_bob_receives(self):
        alice, bob, a, b = self.pair()
        wait(lambda: alice.sock and bob.sock, alice, bob)
        sent = alice.send(b, "hi ♥\tthere")
        wait(lambda: bob.texts() and alice.texts(), alice, bob)
        self.assertEqual(bob.texts(), ["hi ♥\tthere"])
        self.assertEqual(sent["message_id"], f"{sent['conversation_id']}.{sent['seq']}")
        self.assertEqual(bob.shown[-1]["message_id"], sent["message_id"])
        self.assertEqual(bob.shown[-1]["sender_id"], a)
        bob.send(sent["conversation_id"], "by the conversation's id")
        wait(lambda: len(alice.texts()) == 2 and len(bob.texts()) == 2, alice, bob)
        self.check_log(alice)
        self.check_log(bob)

    def test_bob_was_offline(self):
        alice, bob, a, b = self.pair()
        alice.send(b, "first")
        wait(lambda: bob.texts() == ["first"] and bob.state.get("position"), bob)
        bob.close()
        bob.db.close()
        texts = [f"offline {i}" for i in range(30)]
        for text in texts:
            alice.send(b, text)
        again = self.client(b)  # a new process with the same store
        wait(lambda: len(again.texts()) >= 30, again)
        alice.send(b, "live")
        wait(lambda: "live" in again.texts(), again)
        self.assertEqual(again.texts(), texts + ["live"])
        cid = again.shown[0]["conversation_id"]
        self.assertEqual([num(event, "seq") for event in again.events(cid)], list(range(1, 34)))

    def test_a_position_tells_what_is_new(self):
        alice, bob, a, b = self.pair()
        wait(lambda: bob.state.get("position"), bob)
        first = bob.state["position"]
        alice.send(b, "old")
        wait(lambda: bob.texts() and bob.state.get("position") not in (None, first), bob)
        bob.close()
        welcomes, on_welcome = [], bob.on_welcome
        bob.on_welcome = lambda welcome: (welcomes.append(welcome), on_welcome(welcome))
        wait(lambda: welcomes, bob)
        self.assertEqual(welcomes[0].get("conversations", []), [])
        self.assertFalse(welcomes[0].get("reset"))

    def test_the_same_id_is_stored_once(self):
        alice, bob, a, b = self.pair()
        wait(lambda: alice.sock and bob.sock, alice, bob)
        send = {"user_id": b, "client_msg_id": uuid7(), "body_type": "text", "body": text_body("once")}
        first, second = alice.call("send", **send), alice.call("send", **send)
        self.assertFalse(first.get("deduplicated"))
        self.assertTrue(second["deduplicated"])
        self.assertEqual({**second, "deduplicated": None}, {**first, "deduplicated": None})
        with self.assertRaises(Refused) as refused:
            alice.call("send", **{**send, "body": text_body("another")})
        self.assertEqual(refused.exception.args[0], "conflict")
        alice.send(b, "end")
        wait(lambda: "end" in bob.texts(), bob)
        self.assertEqual(bob.texts(), ["once", "end"])

    def test_an_acknowledgement_is_lost(self):
        alice, bob, a, b = self.pair()
        wait(lambda: alice.sock and bob.sock, alice, bob)
        alice.after_send = alice.cut
        self.assertTrue(alice.send(b, "once")["deduplicated"])
        self.assertEqual(alice.connects, 2)
        alice.send(b, "end")
        wait(lambda: "end" in bob.texts() and "end" in alice.texts(), alice, bob)
        self.assertEqual(bob.texts(), ["once", "end"])
        self.check_log(alice)
        self.check_log(bob)

    def test_the_process_ends_before_the_answer(self):
        alice, bob, a, b = self.pair()

        def die():
            raise SystemExit
        alice.after_send = die
        n = alice.queue(b, "once")
        with self.assertRaises(SystemExit):
            wait(lambda: False, alice)
        alice.close()
        again = self.client(a)  # the same store
        wait(lambda: n in again.answers, again)
        self.assertTrue(again.answers[n]["deduplicated"])
        again.send(b, "end")
        wait(lambda: "end" in bob.texts(), bob)
        self.assertEqual(bob.texts(), ["once", "end"])

    def test_what_a_refusal_does_to_the_outbox(self):
        alice, bob, a, b = self.pair()
        wait(lambda: alice.sock, alice)
        call, errors = alice.call, ["overloaded", "a_code_of_tomorrow", "conflict", "forbidden"]

        def refusing(name, wait=30, **body):
            if name != "send" or not errors:
                return call(name, wait, **body)
            sends.append(body)
            code = errors.pop(0)
            more = {"first": {"message_id": "d_x.7"}} if code == "conflict" else {"retry_after_ms": 100}
            raise Refused(code, {"code": code, **more})
        alice.call, sends = refusing, []
        self.assertEqual(alice.send(b, "conflict")["message_id"], "d_x.7")  # after two that pass
        self.assertEqual(sends, [sends[0]] * 3)
        with self.assertRaises(Refused):
            alice.send(b, "forbidden")
        alice.send(b, "well")
        wait(lambda: bob.texts(), bob)
        self.assertEqual((bob.texts(), alice.connects), (["well"], 1))

    def test_the_connection_is_cut(self):
        alice, bob, a, b = self.pair()
        texts = [f"cut {i}" for i in range(30)]
        for i, text in enumerate(texts):
            alice.send(b, text)
            wait(lambda: not bob.sock or len(bob.texts()) >= i, bob)
            if i in (8, 20):
                bob.cut()
            if i == 14:
                alice.cut()
        wait(lambda: len(bob.texts()) >= 30 and len(alice.texts()) >= 30, alice, bob)
        self.assertEqual(bob.texts(), texts)
        self.check_log(alice)
        self.check_log(bob)

    def test_a_lost_event_is_fetched(self):
        alice, bob, a, b = self.pair()
        alice.send(b, "m0")
        wait(lambda: bob.texts() == ["m0"], bob)
        cid = bob.shown[0]["conversation_id"]
        bob.lose = lambda event: text_of(event.get("body", "")) in ("m1", "m2")
        for text in ("m1", "m2"):
            alice.send(b, text)
        wait(lambda: len(bob.lost) == 2, bob)
        bob.before_fetch = bob.cut
        for text in ("m3", "m4"):
            alice.send(b, text)
        wait(lambda: not bob.sock, bob)  # in the middle of a fetch
        self.assertEqual((bob.texts(), bob.last(cid)), (["m0"], 2))  # nothing moved past the hole
        wait(lambda: len(bob.texts()) >= 5, bob)
        self.assertEqual(bob.texts(), [f"m{i}" for i in range(5)])
        bob.lose = lambda event: text_of(event.get("body", "")) == "m5"
        alice.send(b, "m5")
        alice.send(b, "m6")
        wait(lambda: "m6" in bob.texts(), bob)  # this time on the same connection
        self.assertEqual((bob.texts()[5:], len(bob.lost), bob.connects), (["m5", "m6"], 3, 2))
        self.check_log(bob)

    def test_too_much_was_missed(self):
        alice, bob, a, b = self.pair()
        cid = alice.send(b, "first")["conversation_id"]
        wait(lambda: bob.texts() == ["first"], bob)
        bob.close()
        # 1,100 messages, 32 in flight, each naming the one before it.
        before, sends, waiting, answered = "", 1100, set(), 0
        while answered < 1100:
            while sends and len(waiting) < 32:
                send = {"conversation_id": cid, "client_msg_id": uuid7(), "body_type": "text",
                        "body": text_body(f"n{sends}"), "after": before}
                alice.write("send", **send)
                waiting.add(alice.number)
                before, sends = send["client_msg_id"], sends - 1
            frame = alice.read(10)
            self.assertTrue(frame)
            self.assertNotIn("error", frame)
            if num(frame, "id") in waiting:
                waiting.remove(num(frame, "id"))
                answered += 1
            else:
                alice.waiting.append(frame)
        bob.shown.clear()
        wait(lambda: bob.texts()[-1:] == ["n1"], bob)
        self.assertEqual(bob.texts(), [f"n{i}" for i in range(50, 0, -1)])
        self.assertEqual([num(event, "ordinal") for event in bob.events(cid)], [0, 1, *range(1052, 1102)])
        self.assertEqual(bob.last(cid), 1102)
        alice.send(b, "live again")
        wait(lambda: bob.texts()[-1] == "live again", bob)

    def test_reading_is_seen_by_the_other(self):
        alice, bob, a, b = self.pair()
        cid = alice.send(b, "read me")["conversation_id"]
        wait(lambda: bob.texts(), bob)
        moved = lambda: [frame["read_moved"] for frame in alice.frames if "read_moved" in frame]
        wait(lambda: any(read["user_id"] == b and num(read, "upto_seq") == 2 for read in moved()), alice, bob)
        wait(lambda: num(bob.call("get_conversation", conversation_id=cid), "unread") == 0, bob)

    def test_a_member_is_removed_and_comes_back(self):
        alice, bob, a, b = self.pair()
        c = f"carol{self.people}"
        carol = self.client(c)
        wait(lambda: alice.sock and bob.sock and carol.sock, alice, bob, carol)

        def change(**change):
            alice.call("change_conversation", command_id=uuid7(), conversation_id=group, **change)
        group = alice.call("create_group", command_id=uuid7(), title="Three", members=[b, c])["conversation_id"]
        alice.send(group, "hello")
        wait(lambda: bob.texts() and carol.texts(), bob, carol)
        bob.close()
        alice.send(group, "still here")  # seq 3
        change(remove_member={"user_id": b})
        change(remove_member={"user_id": c})
        alice.send(group, "not for you")  # seq 6
        for client, removed in (bob, 4), (carol, 5):  # one was offline, one was there
            wait(lambda: client.last(group) >= removed, client)
            self.assertEqual(client.texts(), ["hello", "still here"])
            self.assertEqual(client.shown[-1]["kind"], "member_removed")
            client.write("mark_read", conversation_id=group, upto_seq=str(removed))  # is refused: no harm
        change(add_members={"user_ids": [b, c]})  # seq 7; what was before it stays hidden
        alice.send(group, "welcome back")
        for client in bob, carol:
            wait(lambda: "welcome back" in client.texts(), client)
            self.assertEqual(client.texts(), ["hello", "still here", "welcome back"])
            self.assertEqual(client.last(group), 8)

    def test_a_welcome_has_pages(self):
        alice, bob, a, b = self.pair()
        wait(lambda: alice.sock and bob.sock, alice, bob)
        bob.close()
        groups = [alice.call("create_group", command_id=uuid7(), title=f"Group {i}", members=[b])["conversation_id"]
                  for i in range(45)]
        wait(lambda: len(bob.shown) >= 45, bob)
        self.assertEqual(sorted(event["conversation_id"] for event in bob.shown), sorted(groups))

    def test_a_quiet_connection_is_kept(self):
        alice, bob, a, b = self.pair()
        wait(lambda: alice.sock, alice)
        self.assertLess(abs(num(alice.call("ping"), "server_time") / 1000 - time.time()), 5)
        alice.heartbeat, number = 0, alice.number
        wait(lambda: alice.number > number + 1, alice)

    def test_one_device_has_one_connection(self):
        alice, bob, a, b = self.pair()
        wait(lambda: alice.sock, alice)
        other = self.client(a, store=os.path.join(self.server.folder.name, f"{a}-other.db"))
        with self.assertRaises(ConnectionError) as ended:
            wait(lambda: False, other, alice)
        self.assertEqual(ended.exception.args[0], "replaced")

    def test_a_wrong_token_is_refused(self):
        client = self.client("mallory")
        client.token = client.token[:-4] + "AAAA"
        with self.assertRaises(Refused) as refused:
            wait(lambda: client.sock, client)
        self.assertEqual(refused.exception.args[0], "unauthenticated")

    def test_an_unknown_user_is_refused(self):
        alice = self.pair()[0]
        with self.assertRaises(Refused):
            alice.send("no such user!", "hi")

    def test_the_command_line(self):
        alice, bob, a, b = self.pair()

        def run(user, *words):
            store = os.path.join(self.server.folder.name, f"{user}-cli.db")
            line = command_line(self.server, user, store, *words)
            return subprocess.run(line, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  timeout=20).stdout.decode().splitlines()
        self.assertRegex(run(a, "send", b, "from a shell\nin two lines")[-1], r"^sent d_\w{26}\.2$")
        self.assertRegex(run(b, "listen", "--seconds", "1")[-1], rf"^d_\w{{26}} 2 {a} 'from a shell\\nin two lines'$")
        self.assertEqual(run(b, "listen", "--seconds", "0.3"), [])
        with self.assertRaises(subprocess.CalledProcessError):
            run(a, "send", "no such user!", "hi")


class CrashTest(unittest.TestCase):
    def test_the_outbox_survives_a_kill(self):
        server = Server()
        self.addCleanup(server.close)
        alice, bob = (os.path.join(server.folder.name, f"{name}.db") for name in ("alice", "bob"))
        send = command_line(server, "alice", alice, "send", "bob", "survives")
        listen = command_line(server, "alice", alice, "listen", "--seconds", "1")
        read = command_line(server, "bob", bob, "listen", "--seconds", "1")
        server.kill()
        process, deadline, rows = subprocess.Popen(send), time.monotonic() + 20, []
        while not rows and time.monotonic() < deadline:
            time.sleep(0.01)
            with contextlib.suppress(sqlite3.OperationalError):  # there is no such table yet
                with contextlib.closing(sqlite3.connect(alice)) as db:
                    rows = db.execute("SELECT send FROM outbox").fetchall()
        process.kill()
        process.wait()
        self.assertEqual(len(rows), 1)
        server.start()
        for line in listen, listen:
            subprocess.run(line, check=True, stdout=subprocess.PIPE, timeout=20)
        output = subprocess.run(read, check=True, stdout=subprocess.PIPE, timeout=20).stdout.decode()
        self.assertEqual(output.count("'survives'"), 1)

    def test_the_server_stops_and_comes_back(self):
        server = Server()
        self.addCleanup(server.close)
        alice, bob = Recorder(server, "alice", "one"), Recorder(server, "bob", "one")
        alice.send("bob", "before")
        wait(lambda: bob.texts(), alice, bob)
        server.process.terminate()  # go_away, then closing
        wait(lambda: server.process.poll() is not None, alice, bob, seconds=60)
        server.process.stdout.close()
        server.start()
        alice.send("bob", "after")
        wait(lambda: len(bob.texts()) >= 2, alice, bob, seconds=20)
        self.assertEqual(bob.texts(), ["before", "after"])
        for client in (alice, bob):
            client.close()
            client.db.close()

    def test_nothing_acknowledged_is_missing(self):
        server = Server()
        self.addCleanup(server.close)
        alice, bob = Recorder(server, "alice", "one"), Recorder(server, "bob", "one")
        wait(lambda: alice.sock and bob.sock, alice, bob)
        acknowledged = {}
        for i in range(40):
            if i in (10, 25):
                alice.after_send = server.kill  # between a send and its answer
            n = alice.queue("bob", f"crash {i}")
            if i in (10, 25):
                wait(lambda: server.process.returncode is not None, alice)
                server.start()
            wait(lambda: n in alice.answers, alice, bob)
            acknowledged[num(alice.answers[n], "seq")] = f"crash {i}"
        wait(lambda: len(bob.texts()) >= 40 and len(alice.texts()) >= 40, alice, bob)
        fresh = Recorder(server, "bob", "two")
        wait(lambda: len(fresh.texts()) >= 40, fresh)
        for client in (alice, bob, fresh):
            self.assertEqual(client.texts(), [f"crash {i}" for i in range(40)])
            seqs = [num(event, "seq") for event in client.shown if event["kind"] == "message"]
            self.assertEqual(dict(zip(seqs, client.texts())), acknowledged)
            client.close()
            client.db.close()


if __name__ == "__main__":
    unittest.main()
