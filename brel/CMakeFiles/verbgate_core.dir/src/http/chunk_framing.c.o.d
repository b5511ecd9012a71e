CMakeFiles/verbgate_core.dir/src/http/chunk_framing.c.o: \
 /work/main/src/http/chunk_framing.c /usr/include/stdc-predef.h \
 /work/main/include/verbgate/http/chunk_framing.h \
 /work/main/include/verbgate/base/attributes.h \
 /work/main/include/verbgate/http/fault.h \
 /usr/lib/gcc/x86_64-linux-gnu/12/include/stdbool.h \
 /usr/lib/gcc/x86_64-linux-gnu/12/include/stddef.h
