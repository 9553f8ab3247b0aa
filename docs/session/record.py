#!/usr/bin/env python3
"""Records two people who chat in the terminal: `alice.cast` (asciicast 2, for `asciinema play`) and a picture of each scene.

    pip install pyte && docs/session/record.py [target/release/stonechat]

It starts a server of its own with people of its own, in a folder that it removes again. What is typed is below; each step
waits for what it shows, so the same happens on a slow machine, later.
"""

import fcntl
import json
import os
import pty
import selectors
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import urllib.request
from pathlib import Path
from xml.sax.saxutils import escape

import pyte

COLUMNS, ROWS = 96, 27
PATIENCE_S = 20
# A recording is for people: no pause in it is longer, and keys come as fast as these.
PAUSE_S, KEY_S = 1.6, 0.045
HERE = Path(__file__).resolve().parent

# What may stand before a title in the list.
MARKS = " ▌●○◐"

ENTER, TAB, ESCAPE, UP = "\r", "\t", "\x1b", "k"
CTRL_F, CTRL_P, CTRL_C = "\x06", "\x10", "\x03"


class Person:
    """Somebody at a terminal."""

    def __init__(self, name, command, home):
        self.name = name
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.output = []
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "", "LANG": "C.UTF-8", "TZ": "UTC", "HOME": home}
        environment.pop("NO_COLOR", None)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.fd, selectors.EVENT_READ)

    def read(self, seconds):
        """Takes what comes within a time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not self.selector.select(left):
                return
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return
            if not data:
                return
            self.output.append((time.monotonic(), data))
            self.stream.feed(data)

    def lines(self):
        return ["".join(row[column].data for column in range(COLUMNS)) for row in (self.screen.buffer[at] for at in range(ROWS))]

    def shows(self, text):
        return any(text in line for line in self.lines())

    def until(self, text, shown=True):
        """Waits until the screen shows a text, or shows it no more."""
        end = time.monotonic() + PATIENCE_S
        while self.shows(text) != shown:
            if time.monotonic() > end:
                for person in PEOPLE:
                    print(*person.lines(), sep="\n", file=sys.stderr)
                sys.exit(f"{self.name} waits in vain for {text!r} ({shown=})")
            self.read(0.05)

    def keys(self, *keys):
        for key in keys:
            os.write(self.fd, key.encode())
            self.read(KEY_S)

    def types(self, text):
        self.keys(*text)

    def quit(self):
        self.keys(CTRL_C)
        end = time.monotonic() + PATIENCE_S
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
            self.read(0.05)


COLOURS = {
    "default": "#d7dae0", "black": "#5c6370", "red": "#e06c75", "green": "#98c379", "brown": "#e5c07b",
    "yellow": "#e5c07b", "blue": "#61afef", "magenta": "#c678dd", "cyan": "#56b6c2", "white": "#d7dae0",
}


def colour(name):
    plain = name.removeprefix("bright")
    return COLOURS.get(plain) or (f"#{name}" if len(name) == 6 else COLOURS["default"])


def words_of(row):
    """Words of one look, with their cells and their column, so that each stands where it is, whatever the font."""
    words = []
    for column in range(COLUMNS):
        char = row[column]
        if char.data == "":
            words and words[-1].__setitem__(2, words[-1][2] + 1)
            continue
        look, is_space = (char.fg, char.bg, char.bold, char.reverse), char.data == " "
        if words and words[-1][0] == look and words[-1][1].isspace() == is_space:
            words[-1][1] += char.data
            words[-1][2] += 1
        else:
            words.append([look, char.data, 1, column])
    return words


def picture(screen, title):
    """The screen as SVG. Characters that take two cells are followed by an empty one."""
    cell, line, left, top = 8.4, 18, 14, 46
    width, height = COLUMNS * cell + 2 * left, ROWS * line + top + 14
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}" role="img" aria-label="{escape(title)}">',
        '<rect width="100%" height="100%" rx="9" fill="#1b1e24"/>',
    ]
    for at, fill in enumerate(["#e0625b", "#e0b25b", "#6bb35c"]):
        out.append(f'<circle cx="{20 + 20 * at}" cy="18" r="5.5" fill="{fill}"/>')
    out.append(
        "<g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\">"
    )
    for row in range(ROWS):
        for look, text, cells, column in words_of(screen.buffer[row]):
            fg, bg, bold, reverse = look
            x, y = left + column * cell, top + row * line
            ink, paper = colour(fg), colour(bg) if bg != "default" else None
            if reverse:
                ink, paper = paper or "#1b1e24", ink
            if paper:
                out.append(f'<rect x="{x:.1f}" y="{y - 13.5:.1f}" width="{cells * cell:.1f}" height="{line}" fill="{paper}"/>')
            if text.strip():
                weight = ' font-weight="bold"' if bold else ""
                out.append(
                    f'<text x="{x:.1f}" y="{y}" textLength="{cells * cell:.1f}" lengthAdjust="spacingAndGlyphs" '
                    f'fill="{ink}"{weight}>{escape(text)}</text>'
                )
    return "\n".join([*out, "</g>", "</svg>", ""])


def scene(person, name, title):
    person.read(0.3)
    (HERE / f"{name}.svg").write_text(picture(person.screen, title))
    person.read(PAUSE_S)


PEOPLE = []


def play(alice, bob):
    """What happens. Whatever is said of the keys stands in the client under F1."""
    alice.until("online")
    alice.until("Bob Okafor")
    bob.until("online")
    scene(alice, "1-list", "The conversations, with what is unread")

    bob.until("Alice Moreau  alice")
    bob.types("Shall we launch at noon? 🚀")
    bob.keys(ENTER)
    alice.until("Bob: Shall we launch" if alice.shows("Bob: ") else "Shall we launch")
    opens(alice, "Bob Okafor")
    alice.until("Bob Okafor  bob")

    # She answers his message: Tab to the messages, the last one is selected, r.
    alice.keys(TAB)
    alice.types("r")
    alice.until("answer", True)
    alice.types("Yes. Who has the kays?")
    alice.keys(ENTER)
    bob.until("Who has the kays?")
    scene(alice, "2-reply", "An answer with its quote")

    # She mends the slip, and he adds an emoji.
    alice.keys(TAB)
    alice.types("e")
    alice.until("editing", True)
    alice.keys("\x7f" * 5)
    alice.types("keys?")
    alice.keys(ENTER)
    bob.until("Who has the keys?")
    bob.keys(TAB)
    bob.types("1")
    alice.until("👍")
    scene(alice, "3-edit-reaction", "An edited message with a reaction")

    # What was meant for somebody else is taken back: d, and d again.
    alice.types("The cake for Bob is in the fridge")
    alice.keys(ENTER)
    bob.until("The cake for Bob")
    alice.keys(TAB)
    alice.types("dd")
    bob.until("The cake for Bob", False)
    alice.until("recalled")
    scene(alice, "4-recall", "A message that was recalled")

    # In the group he calls her by name while she is elsewhere.
    opens(bob, "Launch")
    bob.until("Welcome, all")
    bob.types("@alice Mei has the keys. See you at noon!")
    bob.keys(ENTER)
    alice.keys(ESCAPE)
    alice.until("@alice Mei")
    scene(alice, "5-mention", "She is called in a group")
    opens(alice, "Launch")
    alice.until("Welcome, all")
    alice.keys(CTRL_P)
    alice.until("Carol Jensen")
    scene(alice, "6-members", "The people of the group")

    # From there g leads to the group: she tells everybody something, and looks who has read it.
    alice.types("g")
    alice.until("Announce something")
    alice.keys("j", "j", "j", "j", ENTER)
    alice.until("Tell everybody")
    alice.types("We launch at noon. Bring cake.")
    alice.keys(ENTER)
    bob.until("Bring cake.")
    bob.read(1.5)
    alice.until("Bring cake.")
    alice.keys(CTRL_P)
    alice.until("Carol Jensen")
    alice.types("g")
    alice.until("read by 2")
    scene(alice, "7-group", "The group, what was announced in it, and who has read that")
    alice.keys(ESCAPE)

    # What was said is found again, in Chinese as well.
    alice.keys(CTRL_F)
    alice.until("Find what was said")
    alice.types("会议")
    alice.keys(ENTER)
    alice.until("Found")
    scene(alice, "8-found", "Messages that were found on this device")
    alice.keys(ESCAPE)


def opens(person, title):
    """Goes to a conversation of the list, where the one that is chosen stands out."""
    while not person.shows("Enter open"):
        person.keys(ESCAPE)
        person.read(0.3)
    for key in ["k"] * 8 + ["j"] * 16:
        person.read(0.15)
        chosen = [row for row in range(ROWS) if stands_out(person.screen.buffer[row][1])]
        if any(person.lines()[row].lstrip(MARKS).startswith(title) for row in chosen):
            return person.keys(ENTER)
        person.keys(key)
    sys.exit(f"{person.name} does not find {title}:\n" + "\n".join(person.lines()))


def stands_out(char):
    return char.reverse or char.bg != "default"


def cast(person):
    """The output with its times, no pause longer than PAUSE_S."""
    header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "Stonechat in the terminal", "env": {"TERM": "xterm-256color"}}
    lines, at, before, left = [json.dumps(header)], 0.0, person.output[0][0], b""
    for when, data in person.output:
        at += min(when - before, PAUSE_S)
        before = when
        data = left + data
        # A character is whole in its line.
        end = len(data)
        while end > 0 and (data[end - 1] & 0xC0) == 0x80:
            end -= 1
        whole = data if end == 0 or data[end - 1] < 0x80 else None
        if whole is None:
            need = {0xC0: 2, 0xE0: 3, 0xF0: 4}.get(data[end - 1] & (0xF0 if data[end - 1] >= 0xE0 else 0xE0), 1)
            whole = data if len(data) - (end - 1) >= need else data[: end - 1]
        left = data[len(whole):]
        lines.append(json.dumps([round(at, 3), "o", whole.decode()], ensure_ascii=False))
    return "\n".join(lines) + "\n"


USERS = {
    "alice": "Alice Moreau",
    "bob": "Bob Okafor",
    "carol": "Carol Jensen",
    "dave": "Dave Kim",
    "mei": "梅 林",
    "omar": "عمر حداد",
}
SAID = [
    ("bob", "alice", "Morning! Did the nightly build go through?"),
    ("alice", "bob", "It did, all green. I am writing the release notes now."),
    ("mei", "alice", "你好！周五的会议还是三点吗？"),
    ("omar", "bob", "صباح الخير، هل وصلك الملف؟"),
    ("carol", "dave", "Lunch at half past twelve?"),
]


def prepare(url, data):
    """Makes the people, and what they said before, as a backend does."""
    secret = Path(data, "keys/api-secret.default").read_text().strip()

    def call(method, path, body):
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        request = urllib.request.Request(
            f"{url}/v1/apps/default/{path}", json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    for user, name in USERS.items():
        call("PUT", f"users/{user}", {"display_name": name})
    for sender, to, text in SAID:
        call("POST", "messages", {"sender": sender, "to_user": to, "text": text})
    members = [user for user in USERS if user != "alice"]
    made = call("POST", "conversations", {"creator": "alice", "title": "Launch", "members": members})
    for sender, text in [("alice", "Welcome, all. This is where we plan the launch."), ("dave", "🎉")]:
        call("POST", "messages", {"sender": sender, "conversation": made["conversation"], "text": text})


def main():
    binary = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/stonechat")
    home = tempfile.mkdtemp(prefix="stonechat-session-")
    data = os.path.join(home, "data")
    config = os.path.join(home, "stonechat.toml")
    Path(config).write_text('[listen]\nhttp = "127.0.0.1:0"\n')
    serve = [binary, "serve", "--data", data, "--config", config]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    people = []
    try:
        url = server.stdout.readline().split()[1]
        prepare(url, data)
        for name, more in [("alice", []), ("bob", ["--to", "alice"])]:
            chat = [binary, "chat", "--as", name, "--data", data, "--server", url, *more]
            people.append(Person(name, chat, home))
            PEOPLE.append(people[-1])
        play(*people)
        for person in people:
            person.quit()
        (HERE / "alice.cast").write_text(cast(people[0]))
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
