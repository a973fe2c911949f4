# fm: the whole build. All output goes below $(B); see README.md.
#
#   make            programs and backends
#   make setup      install what is missing
#   make demo       set up, build, sweep a model on this CPU
#   make test       set up, build, run the tests      make test-long
#   make lint       static checks                     make memcheck
#   make bench      measure fm itself                 make fuzz
#   make install    DESTDIR= PREFIX=                  make clean
#   make generated  what is made from option tables: man pages, completion
#   make SAN=1 ...  with address and undefined-behaviour sanitizers
#   make WERROR=1 ...

PREFIX = /usr/local
DESTDIR =
B = build

CC = cc
CFLAGS = -O2 -g
PROTOC_C = protoc-c
PROVE = prove

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

# A backend in C is a folder with sources, any other one a main.py.
PY_EXE = $(patsubst backends/%/main.py,$(B)/libexec/fm/fm-backend-%, \
         $(wildcard backends/*/main.py))
PY_SRC = $(wildcard backends/*/fm_*/*.py)
py_mod = $(word 3,$(subst /, ,$(1)))/$(notdir $(1))
PY_MOD = $(foreach f,$(PY_SRC),$(B)/libexec/fm/$(call py_mod,$(f)))
TEST_SO = $(patsubst tests/preload/%.c,$(B)/tests/preload/%.so, \
          $(wildcard tests/preload/*.c))
FUZZ = $(filter-out replay,$(patsubst tests/fuzz/%.c,%, \
       $(wildcard tests/fuzz/*.c)))
FUZZ_REPLAY = $(FUZZ:%=$(B)/fuzz-replay/%)
BENCH_EXE = $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))

.DELETE_ON_ERROR:
.PHONY: all programs setup demo test check test-long lint memcheck \
        memcheck-unit bench fuzz install generated clean help
all: $(PROG_EXE) $(BACKEND_EXE) $(PY_EXE) $(PY_MOD) $(B)/share/fm

help:
	@sed -n '/^#   make/s/^#   //p' Makefile

# --- set up, run -------------------------------------------------------------

# What was downloaded lies in build/, whatever $(B) is.
SETUP = share/setup/setup.sh --build build
# Once more, now that the set-up has run; quietly, on all processors unless told.
AGAIN = $(MAKE) -s --no-print-directory \
        $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

setup:
	@$(SETUP) all

DEMO = --platform cpu --model_root examples/models \
       --model_name granite-embedding-125m-english \
       --model_class RobertaModel --load_format dummy \
       --input_sizes 64,128 --batch_sizes 1,2 --reps 20 \
       --cache_dir $(B)/demo/cache

demo:
	@$(SETUP) demo
	+@$(AGAIN) all
	@mkdir -p $(B)/demo
	$(B)/bin/fm-driver $(DEMO) | tee $(B)/demo/run.log | \
	    $(B)/bin/fm-process --metadata_id demo >$(B)/demo/records.json
	@sh examples/table.sh $(B)/demo/records.json
	@echo 'log and records: $(B)/demo/run.log $(B)/demo/records.json'

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

$(PY_EXE): $(B)/libexec/fm/fm-backend-%: backends/%/main.py
	@mkdir -p $(@D)
	install -m 755 $< $@

# Its modules are a package beside it.
$(PY_MOD): $(B)/libexec/fm/fm_%.py:
	@mkdir -p $(@D)
	install -m 644 $< $@
$(foreach f,$(PY_SRC),$(eval $(B)/libexec/fm/$(call py_mod,$(f)): $(f)))

$(B)/share/fm:
	@mkdir -p $(@D)
	ln -sfn $(CURDIR)/share $@

# A build of another kind shares the downloads of the plain one.
ifneq ($(B),build)
RUNTIME = libexec/fm/libonnxruntime.so.1
all: $(B)/models $(if $(wildcard build/$(RUNTIME)),$(B)/$(RUNTIME))
$(B)/models $(B)/$(RUNTIME): $(B)/%:
	@mkdir -p $(@D)
	ln -sfn $(CURDIR)/build/$* $@
endif

# --- test --------------------------------------------------------------------

# prove runs each test as a program, and none for ever.
PROVE_ALL = B='$(abspath $(B))' CC='$(CC)' $(PROVE) $(PROVE_FLAGS) \
            -e 'timeout $(TIMEOUT)'
TIMEOUT = 300
PROVE_FLAGS = -j2
CHECKS = $(sort $(wildcard tests/check/*.t))

test:
	@$(SETUP) test
	+@$(AGAIN) check

programs: all $(TEST_EXE) $(TEST_SO) $(FUZZ_REPLAY) $(BENCH_EXE)
check: programs
	$(PROVE_ALL) $(TEST_EXE) $(sort $(wildcard tests/*.t)) \
	    $(CHECKS)

test-long: check
	B='$(abspath $(B))' $(PROVE) -e '' $(sort $(wildcard tests/long/*.t))

lint: TIMEOUT = 1200
lint:
	@$(SETUP) lint
	+@$(AGAIN) programs
	$(PROVE_ALL) $(CHECKS) $(sort $(wildcard tests/lint/*.t))

VALGRIND = valgrind -q --error-exitcode=99 --leak-check=full
memcheck-unit: programs
	$(PROVE) $(PROVE_FLAGS) -e '$(VALGRIND)' $(TEST_EXE)

# Programs are run through a shell script of the same name.
memcheck: memcheck-unit
	@mkdir -p $(B)/memcheck
	@for p in $(PROGS); do \
	    printf '#!/bin/sh\nexec $(VALGRIND) %s "$$@"\n' \
	        '$(abspath $(B))/bin/'$$p >$(B)/memcheck/$$p; \
	    chmod +x $(B)/memcheck/$$p; done
	B='$(abspath $(B))' FM_TEST_BIN='$(abspath $(B))/memcheck' \
	    $(PROVE) $(PROVE_FLAGS) -e 'timeout 900' $(sort $(wildcard tests/*.t))

# A preload library makes calls fail for the test of an error path.
$(TEST_SO): $(B)/tests/preload/%.so: tests/preload/%.c
	@mkdir -p $(@D)
	$(CC) $(OURS) $(CPPFLAGS) -O2 -g -fPIC -shared $(LDFLAGS) -o $@ $<

# A fuzz harness is linked with a main that feeds it its corpus, for the
# normal run, or with the fuzzer.
$(FUZZ_REPLAY): $(B)/fuzz-replay/%: $(B)/obj/tests/fuzz/%.o \
    $(B)/obj/tests/fuzz/replay.o $(B)/libfm.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

FUZZ_SECONDS = 60
FUZZ_CFLAGS = -O1 -g -fsanitize=address,undefined \
              -fno-sanitize-recover=undefined
# Whole logs need the parts of fm-process behind its main().
PROCESS_OBJ = $(patsubst %.c,$(B)/obj/%.o,$(filter-out %/main.c, \
              $(wildcard bin/fm-process/*.c)))
$(B)/fuzz-replay/record-log $(B)/fuzz/record-log: $(PROCESS_OBJ)
$(B)/fuzz-replay/record-log $(B)/fuzz/record-log: LIBS := $(B)/libfm.a $(LIBS)

fuzz:
	+@$(AGAIN) B=build/fuzz CC=clang \
	    CFLAGS='$(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link' \
	    $(FUZZ:%=build/fuzz/run-%)
$(FUZZ:%=$(B)/run-%): $(B)/run-%: $(B)/fuzz/%
	@mkdir -p $(B)/corpus/$*
	$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	    -print_final_stats=0 -verbosity=0 -artifact_prefix=$(B)/ \
	    $(B)/corpus/$* $(wildcard tests/fuzz/corpus/$*)
$(FUZZ:%=$(B)/fuzz/%): $(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(B)/libfm.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIBS)

bench: all $(BENCH_EXE)
	B='$(abspath $(B))' tests/bench/bench.sh

$(B)/bench/ort-loop: $(B)/obj/backends/ort/api.o
$(BENCH_EXE): $(B)/bench/%: $(B)/obj/tests/bench/%.o $(B)/libfm.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)

# --- install -----------------------------------------------------------------

generated: all
	B='$(abspath $(B))' tests/check/generated.sh --write

DEST = $(DESTDIR)$(PREFIX)
install: all
	install -d $(DEST)/bin $(DEST)/libexec/fm $(DEST)/share/fm \
	    $(DEST)/share/bash-completion/completions
	install $(PROG_EXE) $(DEST)/bin
	install $(BACKEND_EXE) $(PY_EXE) $(DEST)/libexec/fm
	for f in $(PY_MOD:$(B)/libexec/fm/%=%); do \
	    install -D -m 644 $(B)/libexec/fm/$$f \
	        $(DEST)/libexec/fm/$$f; done
	for f in $(wildcard build/libexec/fm/libonnxruntime.*); do \
	    install -m 644 $$f $(DEST)/libexec/fm; done
	install -D share/setup/torch.sh $(DEST)/share/fm/setup/torch.sh
	for f in $$(find share -type f ! -path 'share/setup/*' \
	    ! -path 'share/completion/*'); do \
	    install -D -m 644 $$f $(DEST)/share/fm/$${f#share/}; done
	install -m 644 $(wildcard share/completion/*) \
	    $(DEST)/share/bash-completion/completions
	for f in $(notdir $(wildcard man/*.[1-9])); do \
	    install -D -m 644 man/$$f $(DEST)/share/man/man$${f##*.}/$$f; done

clean:
	rm -rf $(B)

-include $(shell test -d $(B)/obj && find $(B)/obj -name '*.d')
