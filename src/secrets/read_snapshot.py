"""Opens the sealed file of a snapshot as docs/record-format.md §9 describes it, without any of Keyward's code.

Reads one JSON object on standard input (its names are those of the example there; the file as hex) and prints what the file
holds, in hex. Prints "refused" and exits with 1 where anything is not as it was sealed.
"""
import hmac, json, struct, sys
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PIECE = 256 * 1024


def derive(key, salt, info):
    return HKDF(SHA512(), 32, salt, info).derive(key)


def context_of(*fields):
    return b"".join(struct.pack(">I", len(field.encode())) + field.encode() for field in fields)


def open_record(key, term, context, record):
    header, body = record[:82], record[82:]
    if len(record) < 98 or header[:2] != b"\x01\x01" or struct.unpack(">I", header[2:6])[0] != term:
        raise ValueError("header")
    salt, commitment, iv = header[6:38], header[38:70], header[70:82]
    if not hmac.compare_digest(derive(key, salt, b"keyward/v1/commit" + header[1:6]), commitment):
        raise ValueError("commitment")
    return AESGCM(derive(key, salt, b"keyward/v1/enc" + header[1:6])).decrypt(iv, body, header + context)


def open_file(version_key, sealed):
    header, body = sealed[:74], sealed[74:]
    begin, salt, commitment = header[:10], header[10:42], header[42:]
    if begin != b"KWSF\x01\x01" + struct.pack(">I", PIECE) or not body:
        raise ValueError("header")
    if not hmac.compare_digest(derive(version_key, salt, b"keyward/file/v1/commit" + begin), commitment):
        raise ValueError("commitment")
    pieces = AESGCM(derive(version_key, salt, b"keyward/file/v1/enc" + begin))
    plain = b""
    for number, at in enumerate(range(0, len(body), PIECE + 16)):
        is_last = at + PIECE + 16 >= len(body)
        iv = bytes(7) + struct.pack(">IB", number, is_last)
        plain += pieces.decrypt(iv, body[at : at + PIECE + 16], header)
    return plain


def read(given):
    ids = [given[name] for name in ("deployment", "organization", "dataset")]
    term_key, sealed_key, file = [bytes.fromhex(given[name]) for name in ("termKey", "datasetKey", "file")]
    dataset_key = open_record(term_key, given["term"], context_of("keyward/dataset/v1", *ids, "snapshots"), sealed_key)
    info = context_of("keyward/snapshot/v1", *ids, given["snapshot"])
    return open_file(derive(dataset_key, None, info), file)


try:
    print(read(json.load(sys.stdin)).hex())
except (ValueError, InvalidTag):
    sys.exit("refused")
