#!/usr/bin/env python3
"""Tests chat.py against the real server: STONECHAT_BIN=target/debug/stonechat python3 examples/python/test_chat.py

One thread steps all clients; what is waited for has a deadline, and nothing sleeps for luck.
"""
import base64
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from chat import Client, Failure, Refused
from wire import num, text_body, text_of, uuid7

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
        self.shown, self.frames, self.lose, self.cut_after = [], [], lambda event: False, None
        store = store or os.path.join(server.folder.name, f"{user}-{device}.db")
        super().__init__(server.url, server.token(user), device, store, self.shown.append)

    def on_frame(self, frame):
        self.frames.append(frame)
        if not ("event" in frame and self.lose(frame["event"])):
            super().on_frame(frame)

    def call(self, name, **body):
        if name == "send" and self.cut_after:  # the send is written, its answer is not waited for
            cut, self.cut_after = self.cut_after, None
            send = self.ws.send

            def send_and_cut(payload, kind=1):
                send(payload, kind)
                cut()
            self.ws.send = send_and_cut
        return super().call(name, **body)

    def cut(self):
        if self.ws:
            self.ws.sock.shutdown(socket.SHUT_RDWR)

    def texts(self):
        return [text_of(event.get("body", "")) for event in self.shown if event["kind"] == "message"]


def wait(condition, *clients, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not after {seconds} s; shown: {[client.texts()[-3:] for client in clients]}")
        for client in clients:
            client.step(0.005)


class WireTest(unittest.TestCase):
    def test_a_text_body_is_protobuf(self):
        self.assertEqual(text_body("hi"), "CgJoaQ==")  # of the documentation
        for text in ("", "x", "ü" * 63, "x" * 127, "x" * 128, "x" * 300, "\n\n", "x" * 65000):
            self.assertEqual(text_of(text_body(text)), text)

    def test_a_uuid7_says_when_it_was_made(self):
        raw = base64.b64decode(uuid7())
        self.assertEqual((len(raw), raw[6] >> 4, raw[8] >> 6), (16, 7, 2))
        self.assertLess(abs(int.from_bytes(raw[:6]) / 1000 - time.time()), 5)


class ChatTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(lambda: cls.server.close())
        cls.people = 0

    def client(self, user, device="one", store=None):
        client = Recorder(self.server, user, device, store)
        self.addCleanup(client.store.db.close)
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
            self.assertEqual([num(event, "seq") for event in client.store.events(cid)], seqs)
            self.assertEqual(client.store.last(cid), seqs[-1])

    def test_alice_sends_and_bob_receives(self):
        alice, bob, a, b = self.pair()
        wait(lambda: alice.ws and bob.ws, alice, bob)
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
        wait(lambda: bob.texts() == ["first"] and bob.store.meta("position"), bob)
        bob.close()
        bob.store.db.close()
        texts = [f"offline {i}" for i in range(30)]
        for text in texts:
            alice.send(b, text)
        again = self.client(b)  # a new process with the same store
        wait(lambda: len(again.texts()) >= 30, again)
        alice.send(b, "live")
        wait(lambda: "live" in again.texts(), again)
        self.assertEqual(again.texts(), texts + ["live"])
        cid = again.shown[0]["conversation_id"]
        self.assertEqual([num(event, "seq") for event in again.store.events(cid)], list(range(1, 34)))

    def test_a_position_tells_what_is_new(self):
        alice, bob, a, b = self.pair()
        alice.send(b, "old")
        wait(lambda: bob.texts() and bob.ws and bob.store.meta("position") and not bob.position, bob)
        bob.close()
        welcomes, on_welcome = [], bob.on_welcome
        bob.on_welcome = lambda welcome: (welcomes.append(welcome), on_welcome(welcome))
        wait(lambda: welcomes, bob)
        self.assertEqual(welcomes[0].get("conversations", []), [])
        self.assertFalse(welcomes[0].get("reset"))

    def test_the_same_id_is_stored_once(self):
        alice, bob, a, b = self.pair()
        wait(lambda: alice.ws and bob.ws, alice, bob)
        send = {"user_id": b, "client_msg_id": uuid7(), "body_type": "text", "body": text_body("once")}
        first, second = alice.call("send", **send), alice.call("send", **send)
        self.assertFalse(first.get("deduplicated"))
        self.assertTrue(second["deduplicated"])
        self.assertEqual({**second, "deduplicated": None}, {**first, "deduplicated": None})
        with self.assertRaises(Refused) as refused:
            alice.call("send", **{**send, "body": text_body("another")})
        self.assertEqual(refused.exception.code, "conflict")
        alice.send(b, "end")
        wait(lambda: "end" in bob.texts(), bob)
        self.assertEqual(bob.texts(), ["once", "end"])

    def test_an_acknowledgement_is_lost(self):
        alice, bob, a, b = self.pair()
        wait(lambda: alice.ws and bob.ws, alice, bob)
        alice.cut_after = alice.cut
        alice.send(b, "once")
        self.assertGreaterEqual(alice.attempt, 0)  # the connection was lost meanwhile
        alice.send(b, "end")
        wait(lambda: "end" in bob.texts() and "end" in alice.texts(), alice, bob)
        self.assertEqual(bob.texts(), ["once", "end"])
        self.check_log(alice)
        self.check_log(bob)

    def test_the_connection_is_cut(self):
        alice, bob, a, b = self.pair()
        texts = [f"cut {i}" for i in range(30)]
        for i, text in enumerate(texts):
            alice.send(b, text)
            wait(lambda: not bob.ws or len(bob.texts()) >= i, bob)
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
        wait(lambda: bob.texts() == ["m0"] and not bob.position, bob)
        cid = bob.shown[0]["conversation_id"]
        bob.lose = lambda event: text_of(event.get("body", "")) in ("m1", "m2")
        for i in range(1, 5):
            alice.send(b, f"m{i}")
        wait(lambda: cid in bob.holes, bob)
        # While there is a hole nothing moves past it: neither the log nor the position.
        bob.holes[cid], position = float("inf"), bob.store.meta("position")
        wait(lambda: bob.position, bob)
        self.assertEqual((bob.texts(), bob.store.last(cid), bob.store.meta("position")), (["m0"], 2, position))
        bob.holes[cid] = 0
        wait(lambda: len(bob.texts()) >= 5, bob)
        self.assertEqual(bob.texts(), [f"m{i}" for i in range(5)])
        wait(lambda: bob.store.meta("position") != position, bob)
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
                alice.number += 1
                alice.ws.send(('{"id":"%d","send":%s}' % (alice.number, json.dumps(send))).encode())
                waiting.add(alice.number)
                before, sends = send["client_msg_id"], sends - 1
            frame = alice.receive(10)
            self.assertNotIn("error", frame)
            if num(frame, "id") in waiting:
                waiting.remove(num(frame, "id"))
                answered += 1
            elif "event" in frame:
                alice.on_frame(frame)
        bob.shown.clear()
        wait(lambda: bob.texts()[-1:] == ["n1"], bob)
        self.assertEqual(bob.texts(), [f"n{i}" for i in range(50, 0, -1)])
        self.assertEqual(bob.store.gaps(), [(cid, 1, 1052)])
        self.assertEqual(bob.store.last(cid), 1102)
        alice.send(b, "live again")
        wait(lambda: bob.texts()[-1] == "live again", bob)

    def test_reading_is_seen_by_the_other(self):
        alice, bob, a, b = self.pair()
        cid = alice.send(b, "read me")["conversation_id"]
        wait(lambda: bob.texts(), bob)
        self.assertEqual(num(bob.call("get_conversation", conversation_id=cid), "unread"), 1)
        bob.mark_read(cid, bob.store.last(cid))
        moved = lambda: [frame["read_moved"] for frame in alice.frames if "read_moved" in frame]
        wait(lambda: any(read["user_id"] == b and num(read, "upto_seq") == 2 for read in moved()), alice, bob)
        wait(lambda: num(bob.call("get_conversation", conversation_id=cid), "unread") == 0, bob)

    def test_a_member_is_removed_and_comes_back(self):
        alice, bob, a, b = self.pair()
        c = f"carol{self.people}"
        carol = self.client(c)
        wait(lambda: alice.ws and bob.ws and carol.ws, alice, bob, carol)

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
            wait(lambda: client.store.last(group) >= removed, client)
            self.assertEqual(client.texts(), ["hello", "still here"])
            self.assertEqual(client.shown[-1]["kind"], "member_removed")
            client.mark_read(group, removed)  # is refused, and that ends nothing
        change(add_members={"user_ids": [b, c]})  # seq 7; what was before it stays hidden
        alice.send(group, "welcome back")
        for client in bob, carol:
            wait(lambda: "welcome back" in client.texts(), client)
            self.assertEqual(client.texts(), ["hello", "still here", "welcome back"])
            self.assertEqual(client.store.last(group), 8)

    def test_a_welcome_has_pages(self):
        alice, bob, a, b = self.pair()
        wait(lambda: alice.ws, alice)
        groups = [alice.call("create_group", command_id=uuid7(), title=f"Group {i}", members=[b])["conversation_id"]
                  for i in range(45)]
        wait(lambda: len(bob.shown) >= 45, bob)
        self.assertEqual(sorted(event["conversation_id"] for event in bob.shown), sorted(groups))

    def test_a_quiet_connection_is_kept(self):
        alice, bob, a, b = self.pair()
        wait(lambda: alice.ws, alice)
        self.assertLess(abs(num(alice.call("ping"), "server_time") / 1000 - time.time()), 5)
        alice.heartbeat, number = 0, alice.number
        wait(lambda: alice.number > number + 1, alice)

    def test_one_device_has_one_connection(self):
        alice, bob, a, b = self.pair()
        wait(lambda: alice.ws, alice)
        other = self.client(a, store=os.path.join(self.server.folder.name, f"{a}-other.db"))
        with self.assertRaises(Failure) as ended:
            wait(lambda: False, other, alice)
        self.assertEqual(ended.exception.code, "replaced")

    def test_a_wrong_token_is_refused(self):
        client = self.client("mallory")
        client.token = client.token[:-4] + "AAAA"
        with self.assertRaises(Refused) as refused:
            wait(lambda: client.ws, client)
        self.assertEqual(refused.exception.code, "unauthenticated")

    def test_an_unknown_user_is_refused(self):
        alice = self.pair()[0]
        with self.assertRaises(Refused):
            alice.send("no such user!", "hi")

    def test_the_command_line(self):
        alice, bob, a, b = self.pair()

        def run(user, *words):
            store = os.path.join(self.server.folder.name, f"{user}-cli.db")
            line = [sys.executable, CHAT, "--url", self.server.url, "--token", self.server.token(user),
                    "--device", "cli", "--store", store, *words]
            return subprocess.run(line, check=True, stdout=subprocess.PIPE, timeout=20).stdout.decode().splitlines()
        self.assertRegex(run(a, "send", b, "from a shell\nin two lines")[-1], r"^sent d_\w{26}\.2$")
        self.assertRegex(run(b, "listen", "--seconds", "1")[-1], rf"^d_\w{{26}} 2 {a} 'from a shell\\nin two lines'$")
        self.assertEqual(run(b, "listen", "--seconds", "0.3"), [])


class CrashTest(unittest.TestCase):
    def test_nothing_acknowledged_is_missing(self):
        server = Server()
        self.addCleanup(server.close)
        alice, bob = Recorder(server, "alice", "one"), Recorder(server, "bob", "one")
        wait(lambda: alice.ws and bob.ws, alice, bob)
        acknowledged = {}
        for i in range(40):
            if i in (10, 25):
                alice.cut_after = server.kill  # between a send and its answer
            message = alice.queue("bob", f"crash {i}")
            if i in (10, 25):
                wait(lambda: server.process.returncode is not None, alice)
                server.start()
            wait(lambda: message in alice.answers, alice, bob)
            acknowledged[num(alice.answers[message], "seq")] = f"crash {i}"
        wait(lambda: len(bob.texts()) >= 40 and len(alice.texts()) >= 40, alice, bob)
        fresh = Recorder(server, "bob", "two")
        wait(lambda: len(fresh.texts()) >= 40, fresh)
        for client in (alice, bob, fresh):
            self.assertEqual(client.texts(), [f"crash {i}" for i in range(40)])
            seqs = [num(event, "seq") for event in client.shown if event["kind"] == "message"]
            self.assertEqual(dict(zip(seqs, client.texts())), acknowledged)
            client.close()
            client.store.db.close()


if __name__ == "__main__":
    unittest.main()
