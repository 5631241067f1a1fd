"""make_hostile.py FOLDER: small files in the formats of other tools, and around traces, that declare or unpack to much."""
import gzip
import lzma
import pathlib
import struct
import sys
import zlib

folder = pathlib.Path(sys.argv[1])


def zip_of(name, data, declared):
    """A zip of one deflated file that says it is `declared` bytes long."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    sizes = struct.pack("<III", zlib.crc32(data), len(packed), declared)
    local = b"PK\3\4" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + sizes + struct.pack("<HH", len(name), 0) + name
    central = (b"PK\1\2" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0) + sizes
               + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name)
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(packed), 0)
    return local + packed + central + end


def zstd_frame(descriptor, rest):
    return struct.pack("<I", 0xFD2FB528) + bytes([descriptor]) + rest


def zstd_run(byte, blocks):
    """A frame of `blocks` times 128 KiB of one byte: 4 bytes each."""
    header = zstd_frame(0, bytes([(17 - 10) << 3]))
    size = 128 << 10
    return header + b"".join(
        struct.pack("<I", size << 3 | 2 | (i == blocks - 1))[:3] + byte for i in range(blocks))


rep_start = b"18446744073709551615\n18446744073709551615\n18446744073709551615\n18446744073709551615\n"
FILES = {
    "rep-huge-counts": rep_start + b"a 0 8\nf 0\n",
    "rep-huge-ids": b"1\n1\n2\n1\na 4294967295 8\na 4294967296 8\n",
    "rep-huge-size": b"1\n2\n2\n1\na 0 18446744073709551616\nf 0\n",
    "rep-long-line.xz": lzma.compress(b"1\n1\n1\n1\na 0 " + b"1" * 4_000_000, preset=9),
    "rep-long-line.gz": gzip.compress(b"1\n1\n1\n1\na 0 " + b"1" * 500_000, 9, mtime=0),
    "rep-long-line.zst": zstd_run(b"1", 200),
    "rep-declares-a-window-of-2-gib.zst": zstd_frame(0, bytes([(31 - 10) << 3])) + struct.pack("<I", 8 << 3 | 1)[:3] + b"1\n1\n1\n1\n",
    "rep-declares-2-to-62-bytes.zst": zstd_frame(0xE0, struct.pack("<Q", 1 << 62)) + struct.pack("<I", 8 << 3 | 1)[:3] + b"1\n1\n1\n1\n",
    "rep-dictionary-of-4-gib.xz": None,
    "android-huge-thread": b"18446744073709551615: malloc 0x1 8\n4294967296: free 0x1\n",
    "android-long-line": b"1: malloc 0x1 " + b"9" * 900 + b"\n",
    "whole-android-declares-4-gib.zip": zip_of(b"a.txt", b"1: malloc 0x1 8\n", 0xFFFFFFF0),
    "android-bomb.zip": zip_of(b"a.txt", b"1: malloc 0x1 8\n" + b"1" * 400_000, 400_016),
    "wee-alloc-huge": b"Alloc(18446744073709551616),\nFree(18446744073709551615),\n",
    "mtrace-huge": b"= Start\n@ a:[0x1] + 0x10 0xffffffffffffffffff\n= End\n",
}


def xz_dictionary():
    """An xz file whose LZMA2 filter asks for a dictionary of 4 GiB: the size's code is 40 (.xz file format 1.0.4, 5.3.1)."""
    whole = bytearray(lzma.compress(b"1\n1\n1\n1\na 0 8\n", preset=0))
    size = (whole[12] + 1) * 4
    header = whole[12:12 + size]
    header[header.index(0x21) + 2] = 40
    header[-4:] = struct.pack("<I", zlib.crc32(bytes(header[:-4])))
    whole[12:12 + size] = header
    return bytes(whole)


FILES["rep-dictionary-of-4-gib.xz"] = xz_dictionary()
for name, data in FILES.items():
    (folder / name).write_bytes(data)
    print(len(data), name)
