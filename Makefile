# fm: the whole build. All output goes below $(B); see README.md.
#
#   make          programs and backends        make test    set up, build, test
#   make setup    install what is missing      make demo    set up, build, sweep
#   make install  DESTDIR= PREFIX=             make bench   measure fm itself
#   make lint     all static checks            make SAN=1 … with sanitizers
#   make memcheck tests under valgrind         make clean
#   make test-long make fuzz

PREFIX = /usr/local
B = build

CC = cc
CFLAGS = -O2 -g
PROTOC_C = protoc-c
PKG_CONFIG = pkg-config

# Ours, apart from the packager's CFLAGS, CPPFLAGS and LDFLAGS.
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
       -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
       -Wwrite-strings -Wcast-qual -Wvla -Wformat=2 -Wundef \
       -Wdouble-promotion -Wimplicit-fallthrough
OURS = -std=c11 -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -iquote lib \
       -ffile-prefix-map=$(CURDIR)=. $(WARN) -MMD -MP
LIBS = -Wl,--as-needed -ljansson -lyaml -lcsv -lprotobuf-c -lxxhash -lm -ldl \
       -lpthread

ifdef SAN
B = build/san
CFLAGS = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
         -fno-omit-frame-pointer
endif
ifdef WERROR
OURS += -Werror
endif

LIB_SRC = $(wildcard lib/*.c lib/model/*.c)
LIB_OBJ = $(LIB_SRC:%.c=$(B)/obj/%.o)
PROGS = $(notdir $(patsubst %/,%,$(wildcard bin/*/)))
# A backend with C sources is compiled; one with a main.py is installed.
BACKENDS = $(notdir $(patsubst %/,%,$(sort $(dir $(wildcard backends/*/*.c)))))
PROG_EXE = $(PROGS:%=$(B)/bin/%)
BACKEND_EXE = $(BACKENDS:%=$(B)/libexec/fm/fm-backend-%)
TEST_EXE = $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/*.c))

.PHONY: all setup demo test install clean
all: $(PROG_EXE) $(BACKEND_EXE) $(B)/share/fm

setup:
	@share/setup/setup.sh --build $(B) all

# --- compile -----------------------------------------------------------------

ONNX_PROTO = $(firstword $(wildcard /usr/include/onnx/onnx.proto \
             /usr/local/include/onnx/onnx.proto))

$(B)/gen/onnx.pb-c.c: $(ONNX_PROTO)
	@mkdir -p $(@D)
	$(PROTOC_C) -I$(dir $(ONNX_PROTO)) --c_out=$(@D) $(ONNX_PROTO)
$(B)/gen/onnx.pb-c.h: $(B)/gen/onnx.pb-c.c ;

$(B)/obj/gen/onnx.pb-c.o: $(B)/gen/onnx.pb-c.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -I$(B)/gen $(CPPFLAGS) $(CFLAGS) \
	    -ffile-prefix-map=$(CURDIR)=. -w -c -o $@ $<

$(B)/obj/lib/model/%.o: OURS += -isystem $(B)/gen
$(LIB_OBJ): | $(B)/gen/onnx.pb-c.h

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/libfm.a: $(LIB_OBJ) $(B)/obj/gen/onnx.pb-c.o
	@rm -f $@
	$(AR) rcD $@ $^

# $(call program,executable,folder of its sources)
define program
$(1): $$(patsubst %.c,$$(B)/obj/%.o,$$(wildcard $(2)/*.c)) $$(B)/libfm.a
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach p,$(PROGS),$(eval $(call program,$(B)/bin/$(p),bin/$(p))))
$(foreach b,$(BACKENDS),$(eval \
    $(call program,$(B)/libexec/fm/fm-backend-$(b),backends/$(b))))

# A unit test is one file, linked with the library: tests/unit/NAME.c
$(TEST_EXE): $(B)/tests/%: $(B)/obj/tests/unit/%.o $(B)/libfm.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/share/fm:
	@mkdir -p $(@D)
	ln -sfn $(CURDIR)/share $@

clean:
	rm -rf $(B)

-include $(shell test -d $(B)/obj && find $(B)/obj -name '*.d')
