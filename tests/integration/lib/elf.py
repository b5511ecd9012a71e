"""What an ELF file of 64 bits says of how it was linked (elf(5))."""
import struct

EXECUTABLE_POSITION_INDEPENDENT = 3  # ET_DYN
SEGMENT_DYNAMIC, SEGMENT_STACK, SEGMENT_RELRO, SEGMENT_PROPERTY = 2, 0x6474e551, 0x6474e552, 0x6474e553
FLAG_EXECUTE = 1
PROPERTY_X86_FEATURES, FEATURE_SHADOW_STACK = 0xc0000002, 2
TAG_NEEDED, TAG_FLAGS, TAG_FLAGS_1, TAG_STRINGS, TAG_STRINGS_SIZE = 1, 30, 0x6ffffffb, 5, 10
FLAGS_BIND_NOW, FLAGS_1_NOW, FLAGS_1_PIE = 8, 1, 0x08000000


class Elf:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("not an ELF file of 64 bits, little-endian: " + path)
        self.type, self.machine = struct.unpack_from("<HH", self.data, 16)
        self.segments = self.read_segments()
        self.dynamic = self.read_dynamic()

    def read_segments(self):
        """{type: (flags, offset, address, size in the file)}; the last of each type but for the loaded ones."""
        start, = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        self.loaded, found = [], {}
        for index in range(count):
            kind, flags, offset, address, _, length = struct.unpack_from("<IIQQQQ", self.data, start + index * size)
            found[kind] = (flags, offset, address, length)
            if kind == 1:
                self.loaded.append((offset, address, length, flags))
        return found

    def read_dynamic(self):
        _, offset, _, length = self.segments[SEGMENT_DYNAMIC]
        return list(struct.iter_unpack("<QQ", self.data[offset:offset + length // 16 * 16]))

    def values(self, tag):
        return [value for key, value in self.dynamic if key == tag]

    def offset_of(self, address):
        for offset, start, length, _ in self.loaded:
            if start <= address < start + length:
                return offset + address - start
        raise ValueError("no segment has address %#x" % address)

    def strings(self):
        """The names of the dynamic symbols, libraries and versions."""
        start = self.offset_of(self.values(TAG_STRINGS)[0])
        return self.data[start:start + self.values(TAG_STRINGS_SIZE)[0]].split(b"\0")

    def x86_features(self):
        """The bits of GNU_PROPERTY_X86_FEATURE_1_AND: what every part of the file is made for; None without them."""
        _, offset, _, length = self.segments.get(SEGMENT_PROPERTY, (0, 0, 0, 0))
        at, end = offset + 16, offset + length  # behind the note's head and its name, "GNU"
        while at < end:
            kind, size = struct.unpack_from("<II", self.data, at)
            if kind == PROPERTY_X86_FEATURES:
                return struct.unpack_from("<I", self.data, at + 8)[0]
            at += 8 + (size + 7) // 8 * 8
        return None
