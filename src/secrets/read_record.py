"""Opens a credential as docs/record-format.md describes it, without any of Keyward's code.

Reads one JSON object on standard input (its names are those of the example in that document) and prints the fields of the
credential as JSON, each value in hex. Prints "refused" and exits with 1 where anything is not as it was sealed.
"""
import hashlib, hmac, json, struct, sys
from base64 import urlsafe_b64decode
from zlib import crc32
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def key_of(text):
    prefix, encoded, checksum = text.strip().split("_", 1)[0], text.strip()[7:50], text.strip()[51:]
    if prefix != "kwkek1" or "%08x" % crc32(encoded.encode()) != checksum:
        raise ValueError("key text")
    return urlsafe_b64decode(encoded + "=")


def context_of(*fields):
    encoded = [field if isinstance(field, bytes) else str(field).encode() for field in fields]
    return b"".join(struct.pack(">I", len(field)) + field for field in encoded)


def open_record(key, term, context, record):
    header, body = record[:82], record[82:]
    if len(record) < 98 or header[:2] != b"\x01\x01" or struct.unpack(">I", header[2:6])[0] != term:
        raise ValueError("header")
    salt, commitment, iv = header[6:38], header[38:70], header[70:82]
    derive = lambda label: HKDF(SHA512(), 32, salt, label + header[1:6]).derive(key)
    if not hmac.compare_digest(derive(b"keyward/v1/commit"), commitment):
        raise ValueError("commitment")
    return AESGCM(derive(b"keyward/v1/enc")).decrypt(iv, body, header + context)


def fields_of(payload):
    version, count = struct.unpack(">BH", payload[:3])
    at, texts = 3, []
    for _ in range(2 * count):
        (length,) = struct.unpack(">I", payload[at : at + 4])
        texts.append(payload[at + 4 : at + 4 + length])
        at += 4 + length
    if version != 1 or len(payload) % 64 or len(payload) - at >= 64 or any(payload[at:]):
        raise ValueError("payload")
    return {name.decode(): value.hex() for name, value in zip(texts[::2], texts[1::2])}


def read(given):
    raw = lambda name: bytes.fromhex(given[name])
    deployment, term = given["deployment"], given["term"]
    wrap_context = context_of("keyward/wrap/v1", deployment, "records", term)
    term_key = open_record(key_of(given["kek"]), 0, wrap_context, raw("wrap"))
    of_version = ("keyward/record/v1", deployment, given["organization"], given["credential"], given["version"])
    destination = hashlib.sha256(given["destination"].encode()).digest()
    connection_context = context_of(*of_version, "connection", given["connection"], destination)
    dek = open_record(term_key, term, connection_context, raw("connectionGrant"))
    if dek != open_record(term_key, term, context_of(*of_version, "owner"), raw("ownerGrant")):
        raise ValueError("grants")
    return fields_of(open_record(dek, 0, context_of(*of_version, "payload"), raw("payload")))


try:
    print(json.dumps(read(json.load(sys.stdin))))
except (ValueError, InvalidTag):
    sys.exit("refused")
