#!/usr/bin/env python3
"""A Stonechat client, written from docs/protocol/native.md alone: Python 3.11, standard library only.

    chat.py --url http://127.0.0.1:8080 --token T --device laptop-1 --store one.db listen --seconds 60
    chat.py --url http://127.0.0.1:8080 --token T --device laptop-2 --store two.db send bob "hi"

A device has one connection: two processes at the same time need a --device and a --store each. Read `Client.step`
first: it is the life of a client. It raises `Failure` when there is no use in going on and mends all else by itself.
"""
import argparse, collections, contextlib, json, random, re, time
from store import Store
from wire import WebSocket, num, text_body, text_of, uuid7

# The codes of docs/protocol/errors.md that no retry mends. Any other code, also one that we do not know, may pass.
FINAL = set("""malformed too_large invalid_argument unsupported_version hello_expected too_many_calls unauthenticated
    token_expired revoked replaced forbidden not_a_member not_found already_exists recipient_unavailable conflict
    too_many_members last_owner position_reset corrupt""".split())


class Failure(Exception):
    def __init__(self, code, message="", retry_after_ms=0, **_):
        super().__init__(f"{code}: {message}")
        self.code, self.delay = code, retry_after_ms / 1000

class Refused(Failure):
    """A call was answered by `error`."""

class Ended(Failure):
    """The server ends the connection, by `closing` or `go_away`."""


class Client:
    def __init__(self, url, token, device, store, show=lambda event: None):
        self.url, self.token, self.device, self.store = url, token, device, Store(store, show)
        self.ws, self.connect_at, self.attempt, self.since, self.send_at = None, 0, -1, 0, 0
        self.answers, self.reads = {}, {}  # client_msg_id → Sent or Refused; conversation → seq still to be marked

    def step(self, timeout=0.1):
        """Connects if it must, sends what waits, and handles one frame if one comes within `timeout`."""
        try:
            if not self.ws:
                if (pause := self.connect_at - time.monotonic()) > 0:
                    return time.sleep(min(pause, timeout))
                self.connect()
            self.flush_outbox()
            while self.reads:
                cid, seq = self.reads.popitem()
                with contextlib.suppress(Refused):  # when we are no longer a member there is nothing to mark
                    self.call("mark_read", conversation_id=cid, upto_seq=str(seq))
            if time.monotonic() > self.spoke + self.heartbeat:
                self.call("ping")
            for cid in [cid for cid, at in self.holes.items() if at <= time.monotonic()]:
                self.catch_up(cid)
                del self.holes[cid]
            if frame := self.live.popleft() if self.live else self.receive(timeout):
                self.on_frame(frame)
            if self.position and not self.holes:  # a position is stored only when all before it is
                self.store.set_meta(position=self.position)
                self.position = None
        except (OSError, Failure) as error:
            self.close()
            if getattr(error, "code", None) in FINAL:
                raise  # (for unauthenticated and token_expired an app gets a new token and tries once more)
            self.attempt = 0 if time.monotonic() > self.since + 60 else self.attempt + 1
            jitter = random.uniform(0.25, min(30, 0.5 * 2 ** min(self.attempt, 6)))
            self.connect_at = time.monotonic() + max(jitter, getattr(error, "delay", 0))

    # What an app calls. Only `send` waits for the network.
    def queue(self, to, text):
        """Stores a message to be sent; its id and its body stay the same however often it is written to a socket."""
        key = "conversation_id" if re.fullmatch("[dg]_[A-Za-z0-9]{26}", to) else "user_id"
        message = uuid7()
        self.store.enqueue({key: to, "client_msg_id": message, "body_type": "text", "body": text_body(text)})
        return message

    def send(self, to, text):
        """Returns when the message is durable; raises Refused when it never will be."""
        message = self.queue(to, text)
        while message not in self.answers:
            self.step()
        if isinstance(answer := self.answers.pop(message), Refused):
            raise answer
        return answer

    def mark_read(self, cid, seq):
        self.reads[cid] = max(seq, self.reads.get(cid, 0))

    def close(self):
        self.ws = self.ws and self.ws.close()

    def connect(self):
        self.since = time.monotonic()
        self.ws, self.number, self.position = WebSocket(self.url + "/v1/ws", "stonechat.v1+json"), 0, None
        self.live, self.holes = collections.deque(), {}  # frames that wait; conversation → when to fill its hole
        welcome = self.call("hello", version_min=1, version_max=1, token=self.token, device_id=self.device,
                            client="chat.py", position=self.store.meta("position"))
        self.heartbeat = welcome["limits"]["heartbeat_ms"] / 1000
        self.on_welcome(welcome)

    def call(self, name, **body):
        """Sends a call and returns its answer; what comes between waits in `live` until the caller is done."""
        self.number, self.spoke = self.number + 1, time.monotonic()
        self.ws.send(json.dumps({"id": str(self.number), name: body}).encode())
        while frame := self.receive(self.spoke + 10 - time.monotonic()):
            if num(frame, "id") == self.number:
                if "error" in frame:
                    raise Refused(**frame["error"])
                return next(body for name, body in frame.items() if name != "id")
            self.live.append(frame)
        raise ConnectionError("no answer in 10 s")

    def receive(self, timeout):  # the next frame, or {} when none came in time
        frame = json.loads(self.ws.receive(timeout) or "{}")
        if "closing" in frame:
            raise Ended(**frame["closing"])
        if away := frame.get("go_away"):
            raise Ended("go_away", "", away.get("after_ms", 0) + random.uniform(0, away.get("spread_ms", 0)))
        return frame

    def flush_outbox(self):  # one after the other, so that no send needs `after`
        for send in self.store.outbox() if time.monotonic() > self.send_at else ():
            try:
                answer = self.call("send", **send)
            except Refused as refused:
                if refused.code not in FINAL:  # later, with the same id (an app gives up after 24 hours)
                    self.send_at = time.monotonic() + max(random.uniform(0.25, 2), refused.delay)
                    return
                answer = refused
            self.store.dequeue(send["client_msg_id"])
            self.answers[send["client_msg_id"]] = answer

    def on_welcome(self, welcome):  # of a hello or a pull: fetches all that was missed, before the position is stored
        self.store.enter(welcome["history_id"])
        page, personal = welcome, welcome.get("personal")
        while page:
            for conversation in page.get("conversations", []):
                if num(conversation, "head_seq") > self.store.last(conversation["conversation_id"]):
                    self.catch_up(conversation["conversation_id"])
            page = page.get("next_page") and self.call("list_conversations", page=page["next_page"])
        while personal:  # where we were removed meanwhile is not listed above; the other changes we do not show
            for gone in [change["membership"] for change in personal.get("changes", []) if "membership" in change]:
                if num(gone, "visible_upto_seq") > self.store.last(gone["conversation_id"]):
                    self.catch_up(gone["conversation_id"])
            personal = personal.get("more") and self.call("fetch_personal", after=personal["upto"])
        self.position = welcome["position"]

    def catch_up(self, cid):
        more = True
        while more:
            last = self.store.last(cid)
            answer = self.call("fetch_events", conversation_id=cid, after_seq=str(last))
            more = answer.get("more") or answer.get("jump")
            if answer.get("jump"):  # too much was missed: only the newest page, and what is before it is a gap
                page = self.call("fetch_messages", conversation_id=cid, before_ordinal="0")
                events = [message["event"] for message in page.get("messages", [])]
                self.store.settle(cid, events, num(page, "as_of_seq"), jumped_to=num(page, "from_ordinal"))
            elif num(answer, "upto_seq") > last:  # all from last + 1 on: each seq is in the events, or hidden from us
                self.store.settle(cid, answer.get("events", []), num(answer, "upto_seq"))

    def on_frame(self, frame):
        if event := frame.get("event"):
            cid, seq = event["conversation_id"], num(event, "seq")
            if seq == self.store.last(cid) + 1:
                self.store.settle(cid, [event], seq)
            elif seq > self.store.last(cid):  # a hole: wait a little, then fetch what is missing, this event included
                self.holes.setdefault(cid, time.monotonic() + 0.2)
        elif head := frame.get("head"):  # of a large group: fetch what happened
            self.holes.setdefault(head["conversation_id"], 0)
        elif "position" in frame:
            self.position = frame["position"]["token"]
        elif "poke" in frame:  # we were too slow for the live stream
            self.on_welcome(self.call("pull", position=self.store.meta("position")))


def main():
    parser = argparse.ArgumentParser(description="Chats over the JSON mirror of Stonechat.")
    for name in ("--url", "--token", "--device", "--store"):
        parser.add_argument(name, required=True)
    commands = parser.add_subparsers(dest="command", required=True)
    (send := commands.add_parser("send")).add_argument("to", help="a user, or a conversation id")
    send.add_argument("text")
    commands.add_parser("listen").add_argument("--seconds", type=float, default=float("inf"))
    args = parser.parse_args()

    def show(event):  # one line an event; `repr` keeps control characters from the terminal
        what = repr(text_of(event.get("body", ""))) if event.get("body_type") == "text" else event["kind"]
        print(event["conversation_id"], event["seq"], event.get("sender_id"), what, flush=True)
        if args.command == "listen":
            client.mark_read(event["conversation_id"], num(event, "seq"))

    client, start = Client(args.url, args.token, args.device, args.store, show), time.monotonic()
    if args.command == "send":
        print("sent", client.send(args.to, args.text)["message_id"])
    while args.command == "listen" and time.monotonic() < start + args.seconds:
        client.step()


if __name__ == "__main__":
    main()
