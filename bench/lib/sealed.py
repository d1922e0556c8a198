"""QUIC Initials as a client seals them (RFC 9001 5): with the keys that anybody can derive from the packet itself."""
import ctypes
import ctypes.util
import hashlib
import hmac
import struct

SALTS = {1: bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
         0xff00001d: bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")}
GET_TAG = 0x10  # EVP_CTRL_AEAD_GET_TAG
_crypto = None


def crypto():
    """OpenSSL's library: Python itself has no AES. None where there is none."""
    global _crypto
    if _crypto is None:
        found = ctypes.util.find_library("crypto")
        if found is None:
            return None
        _crypto = ctypes.CDLL(found)
        for name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_gcm", "EVP_aes_128_ecb"):
            getattr(_crypto, name).restype = ctypes.c_void_p
    return _crypto


def encrypt(cipher, key, nonce, pieces, tag_bytes):
    """The last of pieces encrypted, those before it authenticated; with tag_bytes of the tag behind."""
    lib = crypto()
    context = ctypes.c_void_p(lib.EVP_CIPHER_CTX_new())
    out = ctypes.create_string_buffer(len(pieces[-1]) + 32)
    done = ctypes.c_int(0)
    lib.EVP_EncryptInit_ex(context, ctypes.c_void_p(cipher), None, key, nonce)
    for piece in pieces[:-1]:
        lib.EVP_EncryptUpdate(context, None, ctypes.byref(done), piece, len(piece))
    lib.EVP_EncryptUpdate(context, out, ctypes.byref(done), pieces[-1], len(pieces[-1]))
    sealed = out.raw[:len(pieces[-1])]
    if tag_bytes:
        lib.EVP_EncryptFinal_ex(context, out, ctypes.byref(done))
        tag = ctypes.create_string_buffer(tag_bytes)
        lib.EVP_CIPHER_CTX_ctrl(context, GET_TAG, tag_bytes, tag)
        sealed += tag.raw
    lib.EVP_CIPHER_CTX_free(context)
    return sealed


def expand(secret, label, size):
    info = struct.pack("!HB", size, 6 + len(label)) + b"tls13 " + label + b"\0\x01"
    return hmac.new(secret, info, hashlib.sha256).digest()[:size]


def initial(identifier, frames, number=0, size=1200, version=1, salt=1, broken=False):
    """A datagram of one Initial that holds frames, padded to size; broken: all is right but the tag."""
    lib = crypto()
    secret = expand(hmac.new(SALTS[salt], identifier, hashlib.sha256).digest(), b"client in", 32)
    key, iv, mask_key = expand(secret, b"quic key", 16), expand(secret, b"quic iv", 12), expand(secret, b"quic hp", 16)
    head = struct.pack("!BIB", 0xc3, version, len(identifier)) + identifier + b"\0\0"
    plain = frames.ljust(size - len(head) - 2 - 4 - 16, b"\0")
    head += struct.pack("!HI", 0x4000 | 4 + len(plain) + 16, number)
    nonce = iv[:8] + bytes(a ^ b for a, b in zip(iv[8:], struct.pack("!I", number)))
    body = encrypt(lib.EVP_aes_128_gcm(), key, nonce, [head, plain], 16)
    if broken:
        body = body[:-1] + bytes([body[-1] ^ 1])
    mask = encrypt(lib.EVP_aes_128_ecb(), mask_key, None, [body[:16]], 0)
    hidden = bytes(a ^ b for a, b in zip(head[-4:], mask[1:5]))
    return bytes([head[0] ^ mask[0] & 0x0f]) + head[1:-4] + hidden + body


def crypto_frame(offset, data):
    return b"\x06" + struct.pack("!HH", 0x4000 | offset, 0x4000 | len(data)) + data
