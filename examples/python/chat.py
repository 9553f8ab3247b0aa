#!/usr/bin/env python3
"""A Stonechat client, written from docs/protocol/native.md alone: Python 3.11, no other packages.

    chat.py --url http://127.0.0.1:8080 --token T --device one --store one.db listen --seconds 60
    chat.py --url http://127.0.0.1:8080 --token T --device two --store two.db send bob "hi"

Begin with `Client.step`, the life of a client. Two processes at once need two devices and stores.
Left out: groups, typing, focus, unread, new tokens, TLS, several sends at once, filling a jump's
gap, marking as read anew after a cut, 200 ms of patience with a hole, `go_away`, `pull`.
"""
import argparse, base64, http.client, json, os, random, re, select, sqlite3, time

# The codes of errors.md that no retry mends. All others, also those that we do not know, may pass.
FINAL = set("""malformed too_large invalid_argument unsupported_version hello_expected
    too_many_calls unauthenticated token_expired revoked replaced forbidden not_a_member not_found
    already_exists recipient_unavailable too_many_members last_owner conflict corrupt""".split())

# `state`: `position`, `history_id`, and by conversation the seq up to which nothing is missing.
SCHEMA = """CREATE TABLE IF NOT EXISTS state(key TEXT PRIMARY KEY, value);
    CREATE TABLE IF NOT EXISTS event(cid TEXT, seq INT, event TEXT, PRIMARY KEY(cid, seq));
    CREATE TABLE IF NOT EXISTS outbox(n INTEGER PRIMARY KEY AUTOINCREMENT, send TEXT);"""

def num(body, field):  # in protobuf's JSON 64-bit numbers are strings, and a 0 is left out
    return int(body.get(field, 0))

def uuid7():  # 48 bits of milliseconds; around the version, 7, and the variant, 2, it is chance
    value = time.time_ns() // 1_000_000 << 80 | 7 << 76 | random.getrandbits(12) << 64
    return base64.b64encode((value | 2 << 62 | random.getrandbits(62)).to_bytes(16)).decode()

def text_body(text):  # TextBody { string text = 1 }: "field 1", the length as a varint, the bytes
    varint = lambda n: bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)
    return base64.b64encode(b"\x0a" + varint(len(text.encode())) + text.encode()).decode()

def text_of(body):
    return re.sub(rb"^\x0a[\x80-\xff]*[\x00-\x7f]", b"", base64.b64decode(body)).decode()

class Refused(Exception):
    """A call was answered by `error`: its code and all of it."""

class Client:
    def __init__(self, url, token, device, store):
        (_, self.host), self.token, self.device = url.split("http://"), token, device  # no TLS
        self.sock, self.since, self.attempt, self.answers = None, 0, 0, {}  # answers: by outbox row
        self.db = sqlite3.connect(store, isolation_level=None)  # each statement is a transaction
        self.db.executescript(SCHEMA)
        self.state = dict(self.db.execute("SELECT key, value FROM state"))

    def step(self, timeout=0.1):
        """Connects if it must, sends what waits, and handles one frame if one comes in time."""
        try:
            if not self.sock:
                self.connect()
            self.flush_outbox()
            if time.monotonic() > self.spoke + self.heartbeat:
                self.call("ping", wait=10)
            self.on_frame(self.waiting.pop(0) if self.waiting else self.read(timeout))
        except (OSError, ValueError, http.client.HTTPException, Refused) as error:
            self.sock = self.reader = self.sock and self.sock.close()  # that is None
            if error.args[0] in FINAL:
                raise
            self.attempt = 0 if time.monotonic() > self.since + 60 else self.attempt + 1
            hint = num(error.args[1], "retry_after_ms") / 1000 if isinstance(error, Refused) else 0
            time.sleep(max(hint, random.uniform(0.25, min(30, 0.5 * 2 ** min(self.attempt, 6)))))

    def connect(self):  # as much of WebSocket (RFC 6455) as we need; your app has a library for it
        self.since, self.number, self.waiting = time.monotonic(), 0, []  # frames that wait for step
        upgrade = http.client.HTTPConnection(self.host, timeout=30)
        upgrade.request("GET", "/v1/ws", headers={
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Protocol": "stonechat.v1+json"})
        self.sock, self.reader = upgrade.sock, upgrade.sock.makefile("rb", 1)  # 1: reads not ahead
        if (status := upgrade.getresponse().status) != 101:
            raise ConnectionError(f"no WebSocket: HTTP {status}")
        welcome = self.call("hello", version_min=1, version_max=1, token=self.token,
                            device_id=self.device, position=self.state.get("position", ""))
        self.heartbeat = welcome["limits"]["heartbeat_ms"] / 1000
        self.on_welcome(welcome)

    def write(self, name, **body):  # a call as one text (0x81), masked like all that a client sends
        self.number, self.spoke = self.number + 1, time.monotonic()
        data, mask = json.dumps({"id": str(self.number), name: body}).encode(), os.urandom(4)
        n = len(data)
        size = [n] if n < 126 else [126, *n.to_bytes(2)] if n < 65536 else [127, *n.to_bytes(8)]
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self.sock.sendall(bytes([0x81, 128 | size[0], *size[1:]]) + mask + masked)

    def read(self, timeout):  # the next frame, or {} when none began in time
        if not select.select([self.sock], [], [], max(0, timeout))[0]:
            return {}
        first, message = 0, b""
        while first < 128:  # the last part of a message has the highest bit
            first, size = self.reader.read(2)
            size = size if size < 126 else int.from_bytes(self.reader.read(2 if size == 126 else 8))
            message += self.reader.read(size)
        frame = {"closing": {}} if first == 0x88 else json.loads(message)
        for end in {"closing", "poke"} & frame.keys():  # poked for being slow, we connect again
            raise ConnectionError(frame[end].get("code", end))
        return frame

    def call(self, name, wait=30, **body):  # the answer; what comes before it waits for `step`
        self.write(name, **body)
        while num(frame := self.read(self.spoke + wait - time.monotonic()), "id") != self.number:
            if not frame:
                raise ConnectionError(f"no answer to {name}")
            self.waiting.append(frame)
        if "error" in frame:
            raise Refused(frame["error"]["code"], frame["error"])
        return next(answer for key, answer in frame.items() if key != "id")

    def queue(self, to, text):  # stored until it is answered: the same id and body in all retries
        key = "conversation_id" if re.fullmatch("[dg]_[a-z2-7]{26}", to) else "user_id"
        send = {key: to, "client_msg_id": uuid7(), "body_type": "text", "body": text_body(text)}
        return self.db.execute("INSERT INTO outbox(send) VALUES(?)", [json.dumps(send)]).lastrowid

    def flush_outbox(self):
        for n, send in self.db.execute("SELECT n, send FROM outbox ORDER BY n").fetchall():
            try:
                self.answers[n] = self.call("send", **json.loads(send))
            except Refused as refused:
                code, error = refused.args
                if code not in FINAL:  # again, in the next step
                    return time.sleep(random.uniform(0.25, 2) + num(error, "retry_after_ms") / 1000)
                self.answers[n] = error.get("first", error)  # a conflict was sent before: it counts
            self.db.execute("DELETE FROM outbox WHERE n = ?", [n])

    def on_welcome(self, welcome):  # fetches all that was missed before it stores the position
        if welcome["history_id"] != self.state.get("history_id"):  # restored from a backup
            self.db.executescript("DELETE FROM state; DELETE FROM event")  # the outbox stays
            self.state = {}
            self.put("history_id", welcome["history_id"])
        page, personal = welcome, welcome.get("personal")
        while page:
            for listed in page.get("conversations", []):
                self.catch_up(listed["conversation_id"], num(listed, "head_seq"))
            page = page.get("next_page") and self.call("list_conversations", page=page["next_page"])
        while personal:  # where we were removed while away is listed only here
            for gone in [change.get("membership", {}) for change in personal.get("changes", [])]:
                self.catch_up(gone.get("conversation_id"), num(gone, "visible_upto_seq"))
            personal = personal.get("more") and self.call("fetch_personal", after=personal["upto"])
        self.put("position", welcome["position"])

    def catch_up(self, cid, head):
        while (last := self.state.get(cid, 0)) < head:
            answer = self.call("fetch_events", conversation_id=cid, after_seq=str(last))
            if answer.get("jump"):  # too much: take the newest page; the ordinals show the gap
                page = self.call("fetch_messages", conversation_id=cid, before_ordinal="0")
                events = [message["event"] for message in page.get("messages", [])]
                self.settle(cid, events, num(page, "as_of_seq"))
            else:  # all of it up to `upto_seq` is in `events` or hidden from us
                self.settle(cid, answer.get("events", []), num(answer, "upto_seq"))

    def settle(self, cid, events, upto):  # stores all or nothing, then shows what is new
        new = [event for event in events if num(event, "seq") > self.state.get(cid, 0)]
        rows = [(cid, num(event, "seq"), json.dumps(event)) for event in new]
        self.db.execute("BEGIN")
        self.db.executemany("INSERT INTO event VALUES(?, ?, ?)", rows)
        self.put(cid, upto)
        self.db.execute("COMMIT")
        for event in new:
            self.on_event(event)
        self.write("mark_read", conversation_id=cid, upto_seq=str(upto))  # no need to wait

    def put(self, key, value):
        self.state[key] = value
        self.db.execute("INSERT OR REPLACE INTO state VALUES(?, ?)", [key, value])

    def on_frame(self, frame):
        log = frame.get("event") or frame.get("head") or {}
        cid, seq = log.get("conversation_id"), num(log, "seq") or num(log, "head_seq")
        if "event" in frame and seq == self.state.get(cid, 0) + 1:
            self.settle(cid, [log], seq)
        elif log:  # never past a hole: fetch it and this event with it; of a head, all events
            self.catch_up(cid, seq)
        elif "position" in frame:  # all that was sent before it is stored
            self.put("position", frame["position"]["token"])

    def on_event(self, event):  # one line an event; `repr` keeps control characters away
        is_text = event.get("body_type") == "text"
        what = repr(text_of(event.get("body", ""))) if is_text else event["kind"]
        print(event["conversation_id"], event["seq"], event.get("sender_id"), what, flush=True)

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Chats with a Stonechat server.")
    for option in "--url", "--token", "--device", "--store":
        parser.add_argument(option, required=True)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="of listen")
    parser.add_argument("command", choices=["send", "listen"])
    parser.add_argument("words", nargs="*", help="of send: a user or a conversation, and the text")
    args = parser.parse_args()
    client, start = Client(args.url, args.token, args.device, args.store), time.monotonic()
    if args.command == "send":
        n = client.queue(*args.words)
        while n not in client.answers:
            client.step()
        if "code" in client.answers[n]:
            raise SystemExit(f"refused: {client.answers[n]}")
        print("sent", client.answers[n]["message_id"])
    while args.command == "listen" and time.monotonic() < start + args.seconds:
        client.step()
