"""What lies under chat.py: as much of WebSocket (RFC 6455), UUIDv7 (RFC 9562) and protobuf JSON as it needs.

In protobuf JSON bytes are base64. An app of yours has libraries for all of this.
"""
import base64
import hashlib
import http.client
import os
import random
import re
import select
import struct
import time
import urllib.parse


def uuid7():
    """48 bits of milliseconds; around the version 7 and the variant 2 it is chance."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 7 << 76 | 2 << 62 | random.getrandbits(12) << 64 | random.getrandbits(62)
    return base64.b64encode(value.to_bytes(16)).decode()


def num(body, field):
    """A number of protobuf JSON: one of 64 bits is a string there, and a 0 is left out."""
    return int(body.get(field, 0))


def varint(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)


def text_body(text):
    """TextBody { string text = 1 }: 0x0a says "field 1, bytes follow", then how many as a varint, then the bytes."""
    utf8 = text.encode()
    return base64.b64encode(b"\x0a" + varint(len(utf8)) + utf8).decode()


def text_of(body):
    """The other way; there is no field but the first in version 1."""
    tag_and_length = rb"^\x0a[\x80-\xff]*[\x00-\x7f]"
    return re.sub(tag_and_length, b"", base64.b64decode(body), count=1).decode(errors="replace")


class WebSocket:
    def __init__(self, url, subprotocol, timeout=10):
        parts, key = urllib.parse.urlsplit(url), base64.b64encode(os.urandom(16)).decode()
        self.tls = parts.scheme == "https"
        http_class = http.client.HTTPSConnection if self.tls else http.client.HTTPConnection
        self.http = http_class(parts.netloc, timeout=timeout)
        try:
            self.http.request("GET", parts.path, headers={
                "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key,
                "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": subprotocol})
            self.sock, answer = self.http.sock, self.http.getresponse()
            if answer.status != 101:
                raise ConnectionError(f"HTTP {answer.status} {answer.reason}")
            proof = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
            if answer.headers["Sec-WebSocket-Accept"] != base64.b64encode(proof).decode():
                raise ConnectionError("the other side does not speak WebSocket")
            if answer.headers["Sec-WebSocket-Protocol"] != subprotocol:
                raise ConnectionError(f"the server does not speak {subprotocol}")
        except http.client.HTTPException as error:
            raise ConnectionError(f"no HTTP answer: {error!r}") from error
        except BaseException:
            self.http.close()
            raise

    def send(self, payload, kind=1):
        """One text message; a client masks what it sends."""
        size, mask = len(payload), os.urandom(4)
        if size < 126:
            length = struct.pack(">B", 128 | size)
        elif size < 65536:
            length = struct.pack(">BH", 128 | 126, size)
        else:
            length = struct.pack(">BQ", 128 | 127, size)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.sock.sendall(bytes([128 | kind]) + length + mask + masked)

    def receive(self, timeout):
        """The next message, or None when none began in time."""
        message, end = b"", time.monotonic() + timeout
        while message or self._ready(end - time.monotonic()):
            first, size = self._exactly(2)
            if size > 125:
                size = int.from_bytes(self._exactly(2 if size == 126 else 8))
            payload, kind = self._exactly(size), first & 15
            if kind == 8:
                raise ConnectionError("the server closed the connection")
            if kind == 9:
                self.send(payload, 10)  # a ping wants a pong
            elif kind < 3:
                message += payload
                if first & 128:  # the last part of a message
                    return message
        return None

    def close(self):
        self.sock.close()
        self.http.close()

    def _ready(self, timeout):
        return (self.tls and self.sock.pending()) or select.select([self.sock], [], [], max(0, timeout))[0]

    def _exactly(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.sock.recv(size - len(data))
            if not part:
                raise ConnectionError("the server hung up")
            data += part
        return bytes(data)
