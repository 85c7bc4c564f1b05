# SPDX-License-Identifier: Apache-2.0
#
# A thin face for Meson. Everything is built in $(BUILD); a second build under clang with the
# address and undefined-behaviour sanitizers and the fuzz targets is in $(ASAN).
#
#   make                build
#   make check          build twice and run every suite; installs what it needs (Debian, root)
#   make check-quick    unit, sim and cli only: under two minutes
#   make check-kernel   the kernel's own ESP, in a kernel booted for it (user-mode-linux)
#   make unit | sim | cli | interop      one suite (MATCH=part-of-a-name for fewer)
#   make demo           two hosts, one command, a tunnel
#   make bench          figures, beside strongSwan's where it is installed
#   make bench-plane    how fast tunnels move packets, beside others' (QUICK=1: one round)
#   make fuzz           fuzz each target for SECONDS (60); FUZZ=name for one
#   make rooms          check and print which room uses which
#   make install        PREFIX (/usr/local) and DESTDIR; configuration stays in /etc
#   make uninstall      with the same PREFIX and DESTDIR
#   make format | tidy  clang-format in place | clang-tidy
#   make clean          remove both builds
#   make help           this list

BUILD ?= build
ASAN ?= build-asan
PREFIX ?= /usr/local
SECONDS ?= 60
FUZZ_CHECK_SECONDS ?= 6
MATCH ?=
FUZZ ?=
WERROR = $(if $(CI),true,false)
# In a log only what fails is worth reading; on a terminal progress is one line.
NINJA = ninja $$([ -t 1 ] || echo --quiet)
# What a command says is shown only when it fails.
quietly = said=$$($(1) 2>&1) || { echo "$$said"; exit 1; }
comma = ,
RUN = tests/run --build $(BUILD) --asan $(ASAN)

.PHONY: all tests asan check check-quick check-kernel tools unit sim cli interop kernel demo bench bench-plane fuzz rooms \
	install uninstall format format-check tidy clean help

all: $(BUILD)/build.ninja
	@$(NINJA) -C $(BUILD)

# Meson sees a listed file that changed, but not that a folder's meson.build has come to be.
LISTS = $(wildcard tests/unit/*/meson.build sim/meson.build bench/meson.build)

$(BUILD)/build.ninja: $(LISTS)
	@scripts/deps build
	@$(call quietly,meson setup $(if $(wildcard $@),--reconfigure,-Dtests=false) $(BUILD) \
		--prefix=$(PREFIX) -Dwerror=$(WERROR))

# A plain build needs fewer packages than the tests do; they join it when the first is to be run.
tests: $(BUILD)/.tests
	@$(NINJA) -C $(BUILD)

$(BUILD)/.tests: | $(BUILD)/build.ninja
	@scripts/deps build check
	@$(call quietly,meson setup --reconfigure $(BUILD) -Dtests=true)
	@touch $@

# One build serves the sanitizers and libFuzzer: both are clang's.
asan: $(ASAN)/build.ninja
	@$(NINJA) -C $(ASAN)

$(ASAN)/build.ninja: $(LISTS)
	@scripts/deps build check
	@CC=clang; export CC; $(call quietly,meson setup $(if $(wildcard $@),--reconfigure) \
		$(ASAN) -Dwerror=$(WERROR) -Dfuzz=true -Db_sanitize=address$(comma)undefined)

check:
	@scripts/deps build check
	@$(MAKE) --no-print-directory tests asan
	@$(RUN) --fuzz-seconds $(FUZZ_CHECK_SECONDS) \
		rooms tools unit sim cli fuzz asan fuzz-run interop kernel

check-quick:
	@scripts/deps build check
	@$(MAKE) --no-print-directory tests
	@$(RUN) rooms tools unit sim cli

# Without its packages there is no kernel to boot, and each test says so.
check-kernel:
	@scripts/deps build check
	@scripts/deps kernel || true
	@$(MAKE) --no-print-directory tests
	@$(RUN) --none-may-pass booted

tools unit sim cli interop kernel: tests
	@$(RUN) --match '$(MATCH)' $@

rooms:
	@scripts/rooms

demo:
	@scripts/deps build demo
	@$(MAKE) --no-print-directory all
	@scripts/demo

bench:
	@scripts/deps build bench
	@$(MAKE) --no-print-directory all
	@bench/run

bench-plane:
	@scripts/deps build bench
	@$(MAKE) --no-print-directory tests
	@bench/plane $(if $(QUICK),--quick)
	@bench/tunnels $(if $(QUICK),--seconds 1 --rounds 1)
	@scripts/deps kernel || true
	@CYGNET_BUILD=$(BUILD) tests/booted/boot $(BUILD)/bench/xfrm_bench $(if $(QUICK),500,10000)

fuzz: asan
	@$(RUN) --fuzz-seconds $(SECONDS) --match '$(FUZZ)' fuzz-run

install: all
	@scripts/install add $(BUILD) '$(PREFIX)' '$(DESTDIR)'

uninstall:
	@scripts/install remove '$(PREFIX)' '$(DESTDIR)'

SOURCES = $(shell git ls-files '*.c' '*.h')

format:
	@scripts/deps tidy
	@clang-format -i $(SOURCES)

format-check:
	@scripts/deps tidy
	@clang-format --dry-run -Werror $(SOURCES)

tidy: all
	@scripts/deps tidy
	@clang-tidy --quiet -p $(BUILD) $(filter src/%.c sim/%.c,$(SOURCES))

clean:
	@rm -rf $(BUILD) $(ASAN)

# The list at the head of this file.
help:
	@sed -n 's/^#   make/make/p' $(firstword $(MAKEFILE_LIST))
